"""A running FreeSWITCH still sends what the captures of fixtures/wire have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.record import Recorder
from tests.switch.captures import CALLS, MEASURED, capture, frames
from tests.switch.test_captures import shape


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    made = Recorder(tmp_path_factory.mktemp("freeswitch"))
    yield made
    made.close()


@pytest.mark.parametrize(
    "name",
    [
        "internal",
        "trunk",
        "hostile",
        "refused",
        "redirected",
        "unregistered",
        "caller-gives-up",
        "exit",
        "async",
    ],
)
def test_a_call_recorded_again_has_the_same_frames(name: str, recorder: Recorder) -> None:
    tape, code = recorder.record(CALLS[name])
    assert code == MEASURED[name]["caller"]
    assert [shape(frame) for frame in tape.frames] == [
        shape(frame) for frame in frames(capture(name))
    ]


def test_no_capture_names_the_machine_it_was_made_on() -> None:
    for path in (Path(__file__).resolve().parents[2] / "fixtures" / "wire").iterdir():
        data = path.read_bytes()
        for line in data.split(b"\n"):
            if b"FreeSWITCH-Hostname:" in line or b"FreeSWITCH-Switchname:" in line:
                assert line.endswith(b": switch"), (path.name, line)
