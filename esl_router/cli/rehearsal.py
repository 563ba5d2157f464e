"""A router with a simulated switch in front: a scenario played with somebody's rules."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from esl_router.call.redecide import Redecider
from esl_router.call.session import Services
from esl_router.errors import RouterError
from esl_router.live import feed as live
from esl_router.server import Server, bind
from esl_router.settings import Address, Settings
from esl_router.store.by_phone import ByPhone
from esl_router.store.call_log import Entry
from esl_router.store.database import open_store
from esl_router.store.journal import Journal
from esl_router.store.layout import Document
from esl_router.store.pins import Pins
from esl_router.store.reader import Store
from esl_router.store.rules_import import import_rules
from esl_router.store.turns import Turns
from esl_router.switch.clock import Clock
from esl_router.switch.phones import CallScript, Phone
from esl_router.switch.placed import Placed
from esl_router.switch.play import play
from esl_router.switch.scenario import Expected, Scenario, check
from esl_router.switch.server import SimulatedSwitch

LINK = 5.0
"""Seconds the event link gets to come up."""

RECORD = 2.0
"""Seconds the router gets to record a call that has ended."""


@dataclass(frozen=True, slots=True)
class Result:
    """One call of a scenario, and what was wrong with it."""

    placed: Placed
    expected: Expected
    trace: tuple[str, ...]
    """The sentences of the router's decisions."""

    wrong: tuple[str, ...]
    """What was not as expected, a sentence each."""


class _Kept(Journal):
    """A journal that nobody reads but we: nothing is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.entries: dict[str, Entry] = {}

    def record(self, entry: Entry) -> None:
        self.entries[entry.uuid] = entry


class _Calendar:
    """The router's clock: as a scenario says, or the real one. It goes as fast as the phones'."""

    def __init__(self, clock: Clock, zone: str) -> None:
        self._clock = clock
        self._zone = ZoneInfo(zone)
        self._instant: datetime | None = None
        self._set = 0.0

    def begins(self, script: CallScript) -> None:
        """A call begins at the instant that it names."""
        self._set, self._instant = self._clock.now(), script.now
        if self._instant is not None and self._instant.tzinfo is None:
            self._instant = self._instant.replace(tzinfo=self._zone)

    def __call__(self) -> datetime:
        if self._instant is None:
            return datetime.now(UTC)
        return self._instant + timedelta(seconds=self._clock.now() - self._set)


def rehearse(scenario: Scenario, rules: Document, speed: float) -> Iterator[Result]:
    """Play a scenario with checked rules, ``speed`` times as fast as life; each call when it has
    ended. Nobody else's store, phones or calls are touched."""
    clock = Clock(speed)
    calendar = _Calendar(clock, rules["settings"]["timezone"])
    with _router(rules, scenario.phones, clock, calendar) as (switch, journal):
        calls = play(switch, scenario.calls, calendar.begins)
        for placed, expected in zip(calls, scenario.expected, strict=True):
            trace = _trace(placed, journal, clock)
            wrong = check(placed, expected, trace)
            if not placed.done.is_set():
                wrong = ["the call does not end"]
            yield Result(placed, expected, trace, tuple(wrong))


@contextmanager
def _router(
    rules: Document, phones: Mapping[str, Phone], clock: Clock, calendar: _Calendar
) -> Iterator[tuple[SimulatedSwitch, _Kept]]:
    with tempfile.TemporaryDirectory(prefix="esl-router-test-") as place:
        path = Path(place) / "router.db"
        db = open_store(path, create=True)
        try:
            import_rules(db, rules)
        finally:
            db.close()
        settings = Settings(db=path, listen=Address("127.0.0.1", 0))
        listener = bind(settings.listen)
        switch = SimulatedSwitch(
            ("127.0.0.1", listener.getsockname()[1]),
            phones,
            clock=clock,
            domain=rules["domain"],
        )
        host, port = switch.listen()
        feed = live.Feed(
            [live.Address(host, port, switch.password)],
            internal_contexts=settings.internal_contexts,
        )
        store, journal = Store(path), _Kept(path)
        services = Services(
            settings,
            store,
            feed,
            journal,
            Turns(path),
            ByPhone(path),
            Pins(path),
            Redecider(),
            clock=calendar,
            monotonic=clock.now,
        )
        server = Server(settings, services, listener)
        feed.start()
        try:
            if not feed.wait(LINK):
                raise RouterError("the simulated switch cannot be reached on this machine")
            server.start()
            yield switch, journal
        finally:
            server.stop()
            feed.stop()
            switch.stop()
            store.close()


def _trace(placed: Placed, journal: _Kept, clock: Clock) -> tuple[str, ...]:
    """The reasons, once the router has made its record of the call."""
    limit = time.monotonic() + RECORD
    while placed.uuid not in journal.entries and time.monotonic() < limit:
        clock.sleep(0.005 * clock.speed)
    entry = journal.entries.get(placed.uuid)
    return () if entry is None else tuple(each.text for each in entry.trace)
