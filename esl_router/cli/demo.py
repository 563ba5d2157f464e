"""``demo``: the router, a simulated switch and the sample company, in one process."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import terminal
from esl_router.cli.options import Command, common, of_listener, printable
from esl_router.errors import RouterError
from esl_router.settings import DEFAULT_PASSWORD, DEFAULT_SWITCH, Address, Settings

if TYPE_CHECKING:
    from esl_router.cli.timeline import Glyphs
    from esl_router.server import Server
    from esl_router.store.call_log import Entry
    from esl_router.store.layout import Document
    from esl_router.switch.placed import Placed
    from esl_router.switch.scenario import Scenario
    from esl_router.switch.server import SimulatedSwitch

PACKAGE = Path(__file__).resolve().parent.parent
SCENARIO = PACKAGE / "switch" / "demo.yaml"
RULES = PACKAGE.parent / "fixtures" / "rules" / "company.yaml"

PAUSE = 0.3
"""Seconds between two sample calls."""

FRAMES = 12
"""Pictures a second while a call rings, in a terminal."""


@click.command("demo", cls=Command, prints=False)
@click.option("--once", is_flag=True, help="End after the sample calls.")
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 100),
    default=6.0,
    show_default=True,
    help="How much faster than life the sample calls go.",
)
@of_listener("Where the router listens.")
@click.option(
    "--rules",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Another company's rules; else the sample company's.",
)
@click.option(
    "--scenario",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Other calls to show; else the sample calls.",
)
def demo_command(
    once: bool, speed: float, listen: Address, rules: Path | None, scenario: Path | None
) -> None:
    """Watch calls being routed: nothing else is needed, no switch and no phone.

    The router itself takes the calls, over TCP; the switch and the telephones are simulated. Your
    rule store is not touched. Afterwards the router goes on listening, and a FreeSWITCH on this
    machine may hand it real calls. Ctrl-C ends it.

    \b
    Example:
      esl-router demo
      esl-router demo --once --speed 20
    """
    if not common().debug:
        logging.getLogger("esl_router").addHandler(logging.NullHandler())
    Demo(listen, rules or RULES, scenario or SCENARIO, speed).run(once)


class Demo:
    """One run of the demo."""

    def __init__(self, listen: Address, rules: Path, scenario: Path, speed: float) -> None:
        from esl_router.store import rules_file
        from esl_router.switch import scenario as scenarios

        if not rules.is_file():
            raise RouterError(
                f"{rules}: no such file. The sample company comes with the source checkout: "
                "run the demo from there, or give --rules FILE."
            )
        self._document: Document = rules_file.load(rules.read_text(encoding="utf-8"))
        self._scenario: Scenario = scenarios.load(scenario)
        self._listen = listen
        self._speed = speed
        self._entries: dict[str, Entry] = {}
        self._on_real: Callable[[Entry], None] | None = None
        self._names = _device_names(self._document)
        self._glyphs = _glyphs()

    def run(self, once: bool) -> None:
        from esl_router.supervisor import serve

        with (
            tempfile.TemporaryDirectory(prefix="esl-router-demo-") as place,
            self._router(Path(place) / "demo.db") as (server, switch, linked),
        ):
            self._print([self._welcome(server)])
            for number, script in enumerate(self._scenario.calls, start=1):
                self._show(switch, number, script)
            switch.stop()
            if once:
                server.stop()
                return
            self._on_real = self._show_real
            self._print(self._farewell(server, linked()))
            serve(server)

    # -- the router -------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _router(self, path: Path) -> Iterator[tuple[Server, SimulatedSwitch, Callable[[], bool]]]:
        """The router as `serve` runs it, and the simulated switch that calls it."""
        from esl_router.call.redecide import Redecider
        from esl_router.call.session import Services
        from esl_router.live import feed as live
        from esl_router.server import Server, bind
        from esl_router.store.by_phone import ByPhone
        from esl_router.store.database import open_store
        from esl_router.store.journal import Journal
        from esl_router.store.pins import Pins
        from esl_router.store.reader import Store
        from esl_router.store.rules_import import import_rules
        from esl_router.store.turns import Turns
        from esl_router.switch.clock import Clock
        from esl_router.switch.server import SimulatedSwitch

        demo = self

        class Watched(Journal):
            """The journal, and somebody who reads along."""

            def record(self, entry: Entry) -> None:
                super().record(entry)
                demo._recorded(entry)

        listener = bind(self._listen)
        db = open_store(path, create=True)
        import_rules(db, self._document)
        db.close()
        switch = SimulatedSwitch(
            (self._listen.host, listener.getsockname()[1]),
            self._scenario.phones,
            clock=Clock(self._speed),
            domain=self._document["domain"],
        )
        host, port = switch.listen()
        real = Address.parse(DEFAULT_SWITCH)
        feed = live.Feed(
            [
                live.Address(host, port, switch.password),
                live.Address(real.host, real.port, DEFAULT_PASSWORD),
            ],
            internal_contexts=("internal",),
        )
        settings = Settings(db=path, listen=self._listen)
        store, journal = Store(path), Watched(path)
        services = Services(
            settings,
            store,
            feed,
            journal,
            Turns(settings.db),
            ByPhone(settings.db),
            Pins(settings.db),
            Redecider(),
            lambda: datetime.now(UTC),
        )
        server = Server(settings, services, listener)
        feed.start()
        feed.wait(5)
        server.start()
        try:
            yield server, switch, lambda: feed.links[1].linked
        finally:
            feed.stop()
            journal.close()
            store.close()

    def _recorded(self, entry: Entry) -> None:
        self._entries[entry.uuid] = entry
        if self._on_real is not None:
            self._on_real(entry)

    # -- what is shown ----------------------------------------------------------------------------

    def _show(self, switch: SimulatedSwitch, number: int, script: Any) -> None:
        """Play one call and show it: in a terminal while it rings, elsewhere when it has ended."""
        from esl_router.cli import demo_picture as picture

        heading = picture.heading(number, script.title, self._caller(script), script.number)
        self._print([[], *heading])
        placed = switch.place(script)
        begun = switch.clock.now()
        self._watch(placed, lambda: switch.clock.now() - begun)
        trace = self._trace(placed, switch)
        lines = [
            *picture.ringing(placed, _end(placed), self._names, terminal.width(), self._glyphs),
            picture.result(placed, self._names),
            *picture.reasons(trace, terminal.width()),
        ]
        self._print(lines)
        switch.clock.sleep(PAUSE * self._speed)

    def _watch(self, placed: Placed, now: Callable[[], float]) -> None:
        from esl_router.cli import demo_picture as picture

        if not terminal.is_terminal():
            placed.done.wait()
            return
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        console = Console(markup=False, highlight=False, emoji=False)
        with Live(
            console=console, refresh_per_second=FRAMES, transient=True, auto_refresh=False
        ) as live:
            while not placed.done.wait(1 / FRAMES):
                lines = picture.ringing(placed, now(), self._names, terminal.width(), self._glyphs)
                text = Text(no_wrap=True)
                for line in lines:
                    for span in line:
                        text.append(printable(span.text), style=span.style)
                    text.append("\n")
                live.update(text, refresh=True)

    def _trace(self, placed: Placed, switch: SimulatedSwitch) -> Any:
        """The reasons, once the router has made its record of the call."""
        limit = time.monotonic() + 2
        while placed.uuid not in self._entries and time.monotonic() < limit:
            switch.clock.sleep(0.01)
        entry = self._entries.get(placed.uuid)
        return entry.trace if entry else ()

    def _caller(self, script: Any) -> str:
        from esl_router.esl import untrusted

        user = self._document["users"].get(script.caller.partition("-")[0])
        if user and not script.trunk:
            return f"{user['name']} ({script.caller})"
        where = "from outside" if script.trunk else "inside"
        name = f" “{untrusted.display_name(script.name)}”" if script.name else ""
        return f"{script.caller}{name}, {where},"

    def _welcome(self, server: Server) -> list[Any]:
        from esl_router.cli.terminal import Span

        users = len(self._document["users"])
        return [
            Span("esl-router", "bold"),
            Span(f" listens on {server.address}. A simulated switch calls a company of {users}, "),
            Span(f"{self._speed:g} times as fast as life."),
        ]

    def _farewell(self, server: Server, linked: bool) -> list[list[Any]]:
        from esl_router.cli.terminal import Span

        here = (
            "A FreeSWITCH on this machine is linked: its calls show up below when they end."
            if linked
            else "For real calls: freeswitch-conf/start, register a phone at 127.0.0.1:5060 as "
            "1002-desk with the password secret, dial 1001."
        )
        return [
            [],
            [Span(f"The router goes on listening on {server.address}. ", "bold"), Span(here)],
            [Span("Ctrl-C ends it.", "dim")],
        ]

    def _show_real(self, entry: Entry) -> None:
        from esl_router.cli import demo_picture as picture

        self._print([[], *picture.recorded(entry, terminal.width(), self._glyphs)])

    @staticmethod
    def _print(lines: Any) -> None:
        import sys

        terminal.print_lines(lines)
        sys.stdout.flush()


def _end(placed: Placed) -> float:
    return placed.notes[-1].at if placed.notes else 0.0


def _device_names(document: Document) -> dict[str, str]:
    """The names of the devices outside, by their numbers."""
    return {
        device["number"]: name
        for user in document["users"].values()
        for name, device in (user.get("devices") or {}).items()
        if device.get("number")
    }


def _glyphs() -> Glyphs:
    from esl_router.cli.timeline import ASCII, BLOCKS

    return BLOCKS if terminal.speaks_unicode() else ASCII
