"""The router as its users start it: a process of its own, told what to do by command line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.sip import wait_until
from tests.e2e.switch import HOST, ROOT, FreeSwitch


class Router:
    """A store with one rules file, and `esl-router serve` on it."""

    def __init__(self, switch: FreeSwitch, place: Path, rules: dict[str, Any]) -> None:
        self.switch, self.place = switch, place
        self.log = place / "router.log"
        self._environment = {**os.environ, "ESL_ROUTER_DB": str(place / "rules.db")}
        self._process: subprocess.Popen[bytes] | None = None
        self.run("init")
        self.load(rules)

    def run(self, *arguments: str, code: int = 0, text: str | None = None) -> str:
        """One `esl-router` command; its output. Fails the test when it does not exit with ``code``;
        of a command that is to fail, the output is what it complains about. ``text``: its input."""
        done = subprocess.run(
            [sys.executable, "-m", "esl_router", *arguments],
            cwd=ROOT,
            env=self._environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = f"esl-router {' '.join(arguments)}: {done.stdout}{done.stderr}"
        assert done.returncode == code, said
        return done.stderr if code else done.stdout

    def follow(self, *arguments: str) -> Following:
        """One `esl-router` command that goes on, and prints JSON lines."""
        return Following(arguments, self._environment, self.place / "followed")

    def load(self, rules: dict[str, Any]) -> None:
        """Imports the rules, and gives the switch the directory that belongs to them."""
        path = self.place / "rules.yaml"
        path.write_text(yaml.safe_dump(rules, allow_unicode=True, sort_keys=False))
        self.run("import", str(path), "--state")
        directory = self.switch.configuration / "directory" / "default.xml"
        self.run("directory", "write", str(directory))
        self.switch.reload()

    def change(self, sql: str, *values: object) -> None:
        """Writes to the store behind the back of everything that checks rules."""
        with contextlib.closing(sqlite3.connect(self.place / "rules.db", timeout=10)) as store:
            store.execute("PRAGMA foreign_keys = ON")
            store.execute(sql, values)
            store.commit()

    def start(self, *options: str, at: str | None = None) -> None:
        """``options`` are further ones of `serve`; ``at``: by its clock it is this time."""
        program = ["esl_router"] if at is None else ["tests.e2e.at", at]
        before = self.log.read_bytes().count(b"\n") if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", *program, "serve",
                    "--listen", f"{HOST}:{self.switch.router}",
                    "--freeswitch", f"{HOST}:{self.switch.events}", *options,
                ],
                cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: self._ready(before), 15, f"the router runs, see {self.log}")

    def _ready(self, before: int) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        lines = self.log.read_text().splitlines()[before:]
        if not any(line.endswith("is up") for line in lines):
            return False
        try:
            socket.create_connection((HOST, self.switch.router), timeout=1).close()
        except OSError:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        """To the router and everything it has started."""
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def workers(self) -> list[int]:
        """The processes that it has started."""
        assert self._process is not None
        pid = self._process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill(self) -> None:
        """As a crash does: no chance to say goodbye."""
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGKILL)
            self._process.wait(5)

    def stop(self) -> None:
        """As an administrator does."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(15)

    def restart(self) -> None:
        self.kill()
        self.start()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None


class Following:
    """A command that prints a line of JSON whenever something changes."""

    def __init__(
        self, arguments: tuple[str, ...], environment: dict[str, str], output: Path
    ) -> None:
        self._output = output
        with output.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "esl_router", *arguments],
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=file,
            )  # fmt: skip

    def of(self, user: str = "") -> list[dict[str, Any]]:
        """Every line so far about a user, or at all."""
        lines = self._output.read_text().splitlines(True)
        found = [json.loads(line) for line in lines if line.endswith("\n")]
        return [each for each in found if not user or each["user"] == user]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(5)
