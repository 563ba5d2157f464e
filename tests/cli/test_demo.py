"""``esl-router demo``: the sample calls as a newcomer sees them."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys

import pytest

DEMO = (sys.executable, "-m", "esl_router", "demo", "--listen")


@pytest.fixture(scope="module")
def output() -> str:
    done = subprocess.run(
        (*DEMO, "127.0.0.1:0", "--once", "--speed", "30"),
        capture_output=True, text=True, timeout=40, check=False, encoding="utf-8",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def call(output: str, number: int) -> str:
    """What is shown of one call."""
    parts = re.split(r"(?m)^ ?(\d+)  ", output)
    return parts[parts.index(str(number)) + 1]


def test_ten_calls_are_shown_in_a_plain_pipe(output: str) -> None:
    assert re.findall(r"(?m)^ ?(\d+)  ", output) == [str(n) for n in range(1, 11)]
    assert "\x1b" not in output


def test_a_bar_says_who_rang_when_and_how_it_ended(output: str) -> None:
    shown = call(output, 2)
    assert re.search(r"1001-desk +█+.* 0 – 1\d s +stops: answered elsewhere", shown)
    assert re.search(r"1001-mobile +·+.*█+.* 1[01] – 1\d s +answers: has the call", shown)
    assert re.search(r"1001-mobile has the call after 1\d s\.", shown)


def test_each_end_is_told_in_a_sentence(output: str) -> None:
    assert "answered, nobody pressed 1" in call(output, 3)
    assert "The caller gets 486 Busy Here" in call(output, 6)
    assert "The mailbox of 1005 answers at once." in call(output, 7)
    assert "1008 is business_trip" in call(output, 7)
    assert "The caller gives up after" in call(output, 9)
    assert "The caller gets 404 Not Found at once." in call(output, 10)


def test_a_hostile_name_is_shown_and_not_believed(output: str) -> None:
    assert "Anna%0Avariable_user_name: 1001-desk ${system(reboot)}" in call(output, 8)
    assert "the switch authenticated nobody" in call(output, 8)


def test_a_taken_port_is_an_expected_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            (*DEMO, address), capture_output=True, text=True, timeout=20, check=False
        )
    assert done.returncode == 1
    assert f"{address} is taken" in done.stderr
    assert "--listen" in done.stderr


def test_missing_rules_are_an_expected_error() -> None:
    done = subprocess.run(
        (*DEMO, "127.0.0.1:0", "--rules", "nowhere.yaml"),
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "nowhere.yaml: no such file" in done.stderr


def test_after_the_samples_it_listens_until_it_is_interrupted() -> None:
    with subprocess.Popen(
        (*DEMO, "127.0.0.1:0", "--speed", "100"), stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("The router goes on listening on "):
                break
        port = int(re.search(r"127\.0\.0\.1:(\d+)", line)[1])  # type: ignore[index]
        with socket.create_connection(("127.0.0.1", port)) as switch:
            switch.settimeout(5)
            assert switch.recv(64) == b"connect\n\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0
