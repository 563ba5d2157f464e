"""A router of its own with a simulated switch in front of it, in this process."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from esl_router.call.redecide import Redecider
from esl_router.call.session import Services
from esl_router.errors import RouterError
from esl_router.live import feed as live
from esl_router.server import Server, bind, close_services
from esl_router.settings import Address, Settings
from esl_router.store.by_phone import ByPhone
from esl_router.store.call_log import Entry
from esl_router.store.database import open_store
from esl_router.store.journal import Journal
from esl_router.store.pins import Pins
from esl_router.store.reader import Store
from esl_router.store.rules.layout import Document
from esl_router.store.rules_import import import_rules
from esl_router.store.turns import Turns
from esl_router.switch.clock import Clock
from esl_router.switch.phones import Phone
from esl_router.switch.server import SimulatedSwitch

LINK = 5.0
"""Seconds the event links get to come up."""

RECORD = 2.0
"""Seconds the router gets to record a call that has ended."""

ANYWHERE = Address("127.0.0.1", 0)


class Kept(Journal):
    """A journal that nobody reads but we: nothing is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.entries: dict[str, Entry] = {}
        self.heard: Callable[[Entry], None] | None = None
        """Is told of each entry from now on."""

    def record(self, entry: Entry) -> None:
        self.entries[entry.uuid] = entry
        if self.heard is not None:
            self.heard(entry)


@dataclass(frozen=True, slots=True)
class Simulation:
    """The router that runs, and its switch."""

    server: Server
    switch: SimulatedSwitch
    feed: live.Feed
    journal: Kept

    def entry(self, uuid: str) -> Entry | None:
        """What the router has recorded of a call that has ended; None: nothing in time."""
        clock, limit = self.switch.clock, time.monotonic() + RECORD
        while uuid not in self.journal.entries and time.monotonic() < limit:
            clock.sleep(0.005 * clock.speed)
        return self.journal.entries.get(uuid)


@contextmanager
def simulation(
    rules: Document,
    phones: Mapping[str, Phone],
    clock: Clock,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    monotonic: Callable[[], float] = time.monotonic,
    listen: Address = ANYWHERE,
    switches: Sequence[live.Address] = (),
) -> Iterator[Simulation]:
    """Run a router with checked rules; nobody else's store, phones or calls are touched.

    ``phones`` are registered at the simulated switch, whose time is ``clock``; the router's is
    ``now`` and ``monotonic``. ``switches`` are real ones that it is linked to besides, where they
    can be reached.
    """
    with tempfile.TemporaryDirectory(prefix="esl-router-") as place:
        path = Path(place) / "router.db"
        db = open_store(path, create=True)
        try:
            import_rules(db, rules)
        finally:
            db.close()
        settings = Settings(db=path, listen=listen)
        listener = bind(listen)
        switch = SimulatedSwitch(
            (listen.host, listener.getsockname()[1]),
            phones,
            clock=clock,
            domain=rules["domain"],
        )
        host, port = switch.listen()
        feed = live.Feed(
            [live.Address(host, port, switch.password), *switches],
            internal_contexts=settings.internal_contexts,
        )
        journal = Kept(path)
        services = Services(
            settings,
            Store(path),
            feed,
            journal,
            Turns(path),
            ByPhone(path),
            Pins(path),
            Redecider(),
            clock=now,
            monotonic=monotonic,
        )
        server = Server(settings, services, listener)
        feed.start()
        try:
            feed.wait(LINK)
            if not feed.links[0].linked:
                raise RouterError("the simulated switch cannot be reached on this machine")
            server.start()
            yield Simulation(server, switch, feed, journal)
        finally:
            server.stop()
            switch.stop()
            close_services(services)
