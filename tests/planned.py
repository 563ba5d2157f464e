"""A router whose decisions a test has made beforehand: the real session, without an engine.

For what an action does on the switch, whatever rule it came from. Run as a process of its own
(``tests/e2e/planned.py``) it is a router in front of a real FreeSWITCH.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer

from esl_router.call import session
from esl_router.call.record import Record
from esl_router.call.redecide import Redecider
from esl_router.esl.client import CallSocket
from esl_router.live.feed import Address, Feed
from esl_router.model.actions import UNAVAILABLE, Action
from esl_router.model.call import Call, Outcome
from esl_router.model.trace import Decision
from esl_router.settings import Address as Listen
from esl_router.settings import Settings
from tests.call.switchside import Desk, Keys, Ledger, Notebook, Rulebook

Plan = Mapping[str, Sequence[Action]]
"""The number dialled -> what is done, one action after the other; then the call is refused."""


@dataclass
class Told:
    """What the session asked and what came of it."""

    calls: list[Call] = field(default_factory=list)
    """The call at each decision."""

    outcomes: list[Outcome] = field(default_factory=list)
    """What came of each action."""

    turns: list[str] = field(default_factory=list)
    """Whose conversation was taken for one of a team."""


class PlannedRouter:
    """Serves calls by ``plan`` in this process, until :meth:`stop`."""

    def __init__(
        self,
        plan: Plan,
        switch: tuple[str, int],
        listen: tuple[str, int] = ("127.0.0.1", 0),
        password: str = "ClueCon",
        log: Path | None = None,
    ) -> None:
        self.plan, self.told, self._log = plan, Told(), log
        ledger = Ledger()
        self.told.turns = ledger.last
        self.feed = Feed([Address(*switch, password)], internal_contexts=("internal",))
        self.services = session.Services(
            Settings(Path("unused.db"), Listen(*listen)),
            Rulebook(),  # type: ignore[arg-type]
            self.feed,
            Notebook(),  # type: ignore[arg-type]
            ledger,  # type: ignore[arg-type]
            Desk(),  # type: ignore[arg-type]
            Keys(),  # type: ignore[arg-type]
            Redecider(),
            lambda: datetime.now(UTC),
        )
        self._stream = StreamServer(listen, self._serve, spawn=Pool())
        self._patches = ExitStack()

    def start(self) -> None:
        self._patches.enter_context(patch.object(session, "decide", self._decide))
        ended = Record.ended

        def listening(
            record: Record, action: Action, started: datetime, outcome: Outcome | None, heard: Any
        ) -> None:
            if outcome is not None:
                self.told.outcomes.append(outcome)
                self._write()
            ended(record, action, started, outcome, heard)

        self._patches.enter_context(patch.object(Record, "ended", listening))
        self.feed.start()
        assert self.feed.wait(5)
        self._stream.start()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._stream.socket.getsockname()[:2]
        return host, port

    def stop(self) -> None:
        self._stream.stop(timeout=2)
        self.feed.stop()
        self._patches.close()

    def _serve(self, socket: Any, address: Any) -> None:
        session.Session(CallSocket(address, socket), self.services).run()

    def _decide(self, call: Call, *_: object) -> Decision:
        actions = self.plan.get(call.dialled, ())
        self.told.calls.append(call)
        self._write()
        done = len(call.attempts)
        return Decision(actions[done] if done < len(actions) else UNAVAILABLE)

    def _write(self) -> None:
        if self._log is not None:
            new = self._log.with_suffix(".new")
            new.write_bytes(pickle.dumps(self.told))
            new.replace(self._log)


def main(path: Path) -> None:
    plan, switch, listen = pickle.loads(path.read_bytes())
    router = PlannedRouter(plan, switch, listen, log=path.with_suffix(".told"))
    router.start()
    router._write()
    print("ready", flush=True)
    gevent.get_hub().join()
