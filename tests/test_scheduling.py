"""Real time, where the system allows it. It does not wear off: each test has its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from esl_router import scheduling
from esl_router.errors import RouterError
from tests.bench.processes import family
from tests.e2e.switch import free_port

REFUSED = """
import os

def refuse(*_):
    raise PermissionError

os.sched_setscheduler = refuse
"""


def python(code, *arguments, **more):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, **more
    )


def threads(pid):
    """The policy and priority of each thread."""
    tasks = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    return {(os.sched_getscheduler(t), os.sched_getparam(t).sched_priority) for t in tasks}


@pytest.fixture
def serve(tmp_path):
    """``serve()``: the command line of a router on an empty store, without a switch."""
    db = str(tmp_path / "rules.db")
    assert (
        python("from esl_router.cli.main import main; main()", "--db", db, "init").returncode == 0
    )
    switch, ours = (f"127.0.0.1:{free_port()}" for _ in range(2))
    return ["--db", db, "serve", "--realtime", "--freeswitch", switch, "--listen", ours]


def test_workers_decide_in_real_time_and_what_watches_them_does_not(real_time, serve, tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as stream:
        router = subprocess.Popen([sys.executable, "-m", "esl_router", *serve], stderr=stream)
    try:
        deadline = time.monotonic() + 20
        while "listening" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        supervisor, worker, beside = family(router.pid)
        assert threads(worker) == {(os.SCHED_RR, scheduling.PRIORITY)}
        assert threads(supervisor) == threads(beside) == {(os.SCHED_OTHER, 0)}
    finally:
        router.send_signal(signal.SIGTERM)
        assert router.wait(15) == 0


def test_a_program_that_it_calls_runs_as_others_do(real_time, tmp_path):
    told = tmp_path / "told"
    shown = (
        "import os, sys; sys.stdin.read();"
        "open(sys.argv[1], 'w').write(str(os.sched_getscheduler(0)))"
    )
    result = python(
        "import sys; from esl_router import hook, scheduling; from esl_router.model.people import "
        "Hook; scheduling.realtime(); "
        "print(hook.run(Hook(command=(sys.executable, '-c', *sys.argv[1:])), b'{}'))",
        shown,
        str(told),
    )
    assert (result.stdout, result.stderr) == ("\n", "")
    assert told.read_text() == str(os.SCHED_OTHER)


def test_a_router_that_may_not_says_so_and_does_not_start(serve):
    result = python(f"{REFUSED}\nfrom esl_router.cli.main import main\nmain()", *serve, timeout=30)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("esl-router: --realtime is not allowed here: start the router as root")


def test_a_system_that_does_not_know_it(monkeypatch):
    monkeypatch.delattr(os, "sched_setscheduler")
    with pytest.raises(RouterError, match="this system does not know it"):
        scheduling.realtime()
    scheduling.usual(os.getpid())
