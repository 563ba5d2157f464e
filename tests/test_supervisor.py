"""The supervisor, in a process of its own: it forks, and signals are its business."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest

SCRIPT = """
import logging, os, socket, sys, time
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
from esl_router import supervisor
from esl_router.errors import RouterError
supervisor.BEAT, supervisor.HANGS_AFTER, supervisor.PAUSE = 0.05, 0.4, 0.05
supervisor.BESIDE_HANGS_AFTER, supervisor.BESIDE_PAUSE = 0.4, 0.05

def work(listener, beat, first):
    os.write(1, f"{{os.getpid()}} began\\n".encode())
    {work}

def beside(beat):
    os.write(1, f"{{os.getpid()}} reads\\n".encode())
    {beside}

run = supervisor.Supervisor({count}, socket.socket(), work, {has} and beside).run
sys.exit(run())
"""

BEATING = "while True: beat(); time.sleep(0.05)"


class Running:
    def __init__(self, work, count=1, beside=None):
        script = SCRIPT.format(
            work=textwrap.indent(work, "    ").strip(),
            count=count,
            beside=textwrap.indent(beside or "pass", "    ").strip(),
            has=beside is not None,
        )
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ""

    def wait_for(self, what, times=1):
        deadline = time.monotonic() + 15
        while self.text.count(what) < times:
            assert time.monotonic() < deadline, self.text
            data = self.process.stdout.read() or b""
            self.text += data.decode()
            if not data and self.process.poll() is not None:
                pytest.fail(f"ended without {what!r}: {self.text}")
        return self.text

    def workers(self, count):
        self.wait_for(" began\n", count)
        return [int(pid) for pid in re.findall(r"(\d+) began\n", self.text)]

    def beside(self, count):
        self.wait_for(" reads\n", count)
        return [int(pid) for pid in re.findall(r"(\d+) reads\n", self.text)]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(15)
        self.text += (self.process.stdout.read() or b"").decode()
        return code


@pytest.fixture
def running():
    made = []

    def make(work, count=1, beside=None):
        made.append(Running(work, count, beside))
        return made[-1]

    yield make
    for each in made:
        # What it has forked, too: a worker that hangs does not see that the supervisor is gone.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(each.process.pid, signal.SIGKILL)
        each.process.wait(5)
        each.process.stdout.close()


def test_sigterm_ends_every_worker_and_all_is_well(running):
    supervisor = running(BEATING, count=2)
    workers = supervisor.workers(2)
    assert supervisor.end() == 0
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_worker_that_hangs_is_killed_and_replaced(running):
    supervisor = running("beat()\nwhile True: time.sleep(1)")
    supervisor.wait_for("hangs and is killed")
    assert len(set(supervisor.workers(2))) >= 2


def test_workers_that_turn_in_circles_in_real_time_are_killed_too(real_time, running):
    cores = os.cpu_count()
    supervisor = running(
        "from esl_router import scheduling\nbeat()\nscheduling.realtime()\nwhile True: pass",
        count=cores,
    )
    supervisor.wait_for("hangs and is killed", cores)
    assert len(set(supervisor.workers(cores + 1))) > cores


def test_a_worker_that_dies_is_replaced(running):
    supervisor = running(BEATING)
    os.kill(supervisor.workers(1)[0], signal.SIGKILL)
    assert len(set(supervisor.workers(2))) == 2


def test_one_of_them_is_the_first_and_so_is_whoever_replaces_him(running):
    says = 'os.write(1, f"{os.getpid()} first={first}\\n".encode())'
    supervisor = running(f"{says}\n{BEATING}", 3)
    text = supervisor.wait_for("first=", 3)
    assert sorted(re.findall(r"first=(\w+)", text)) == ["False", "False", "True"]
    os.kill(int(re.search(r"(\d+) first=True", text)[1]), signal.SIGKILL)
    assert re.findall(r"first=(\w+)", supervisor.wait_for("first=", 4))[-1] == "True"


def test_an_expected_error_is_not_tried_again(running):
    supervisor = running("raise RouterError('the password is wrong')")
    supervisor.wait_for("the password is wrong")
    assert supervisor.process.wait(15) == 1
    assert len(supervisor.workers(1)) == 1


def test_a_worker_whose_supervisor_is_gone_ends_too(running):
    supervisor = running(BEATING)
    (pid,) = supervisor.workers(1)
    supervisor.process.kill()
    deadline = time.monotonic() + 10
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        assert time.monotonic() < deadline


def test_the_process_beside_ends_with_the_workers(running):
    supervisor = running(BEATING, beside=BEATING)
    (worker,), (beside,) = supervisor.workers(1), supervisor.beside(1)
    assert supervisor.end() == 0
    for pid in (worker, beside):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ("raise RouterError('the store is gone')", "the store is gone"),
        ("raise ValueError('a fault')", "ValueError: a fault"),
        ("beat()\nwhile True: time.sleep(1)", "hangs and is killed"),
        ("return", "ended with 0"),
    ],
)
def test_however_the_process_beside_ends_the_workers_work_on(running, beside, said):
    supervisor = running(BEATING, beside=beside)
    supervisor.wait_for(said)
    assert len(set(supervisor.beside(2))) >= 2, "it is started again"
    assert len(supervisor.workers(1)) == 1
    assert supervisor.end() == 0
    assert len(supervisor.workers(1)) == 1
