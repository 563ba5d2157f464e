"""The real router with the simulated switch in front of it, in compressed time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from esl_router.call.redecide import Redecider
from esl_router.call.session import Services
from esl_router.live import feed as live
from esl_router.server import Server, bind
from esl_router.settings import Address, Settings
from esl_router.store import rules_file
from esl_router.store.by_phone import ByPhone
from esl_router.store.call_log import Entry
from esl_router.store.database import open_store
from esl_router.store.journal import Journal
from esl_router.store.pins import Pins
from esl_router.store.reader import Store
from esl_router.store.rules_import import import_rules
from esl_router.store.turns import Turns
from esl_router.switch.clock import Clock
from esl_router.switch.scenario import Scenario
from esl_router.switch.server import SimulatedSwitch

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
COMPANY = FIXTURES / "rules" / "company.yaml"


class KeptJournal(Journal):
    """Keeps the entries, and writes them too."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.entries: dict[str, Entry] = {}

    def record(self, entry: Entry) -> None:
        super().record(entry)
        self.entries[entry.uuid] = entry


@dataclass
class Routed:
    switch: SimulatedSwitch
    server: Server
    journal: KeptJournal
    feed: live.Feed
    address: Address = field(init=False)


@contextmanager
def routed(
    place: Path, scenario: Scenario, *, rules: Path = COMPANY, speed: float = 40, link: bool = True
) -> Iterator[Routed]:
    """A running router with ``rules``, and the scenario's phones registered at the switch."""
    path = place / "router.db"
    db = open_store(path, create=True)
    import_rules(db, rules_file.load(rules.read_text()))
    db.close()
    listen = Address("127.0.0.1", 0)
    listener = bind(listen)
    switch = SimulatedSwitch(
        ("127.0.0.1", listener.getsockname()[1]), scenario.phones, clock=Clock(speed)
    )
    host, port = switch.listen()
    addresses = [live.Address(host, port, switch.password)] if link else []
    feed = live.Feed(addresses, internal_contexts=("internal",))
    settings = Settings(db=path, listen=listen)
    store, journal = Store(path), KeptJournal(path)
    server = Server(
        settings,
        Services(
            settings,
            store,
            feed,
            journal,
            Turns(settings.db),
            ByPhone(settings.db),
            Pins(settings.db),
            Redecider(),
            lambda: datetime.now(UTC),
        ),
        listener,
    )
    feed.start()
    assert feed.wait(5)
    server.start()
    try:
        yield Routed(switch, server, journal, feed)
    finally:
        server.stop()
        feed.stop()
        switch.stop()
        journal.close()
        store.close()
