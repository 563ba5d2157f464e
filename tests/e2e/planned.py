"""A router in front of FreeSWITCH whose decisions the test has made: see tests/planned.py."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

from tests.e2e.switch import HOST, ROOT, FreeSwitch
from tests.planned import Plan, Told

_RUN = "import pathlib, sys; from tests import planned; planned.main(pathlib.Path(sys.argv[1]))"


class Planned:
    """One such router, in a process of its own: the tests' threads and gevent do not mix."""

    def __init__(self, switch: FreeSwitch, place: Path, plan: Plan) -> None:
        path = place / "plan.pickle"
        self._told = path.with_suffix(".told")
        path.write_bytes(pickle.dumps((plan, (HOST, switch.events), (HOST, switch.router))))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _RUN, str(path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        with self._process.stdout as said:
            assert said.readline() == b"ready\n"

    @property
    def told(self) -> Told:
        """What it was asked so far."""
        answer = pickle.loads(self._told.read_bytes())
        assert isinstance(answer, Told)
        return answer

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(5)
