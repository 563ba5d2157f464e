"""``demo``: the router, a simulated switch and the sample company, in one process."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import terminal
from esl_router.cli.options import Command, common, of_listener, printable
from esl_router.errors import RouterError
from esl_router.settings import DEFAULT_PASSWORD, DEFAULT_SWITCH, Address

if TYPE_CHECKING:
    from esl_router.cli.simulation import Simulation
    from esl_router.cli.timeline import Glyphs
    from esl_router.server import Server
    from esl_router.store.call_log import Entry
    from esl_router.store.rules.layout import Document
    from esl_router.switch.placed import Placed
    from esl_router.switch.scenario import Scenario

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
        self._names = _device_names(self._document)
        self._glyphs = _glyphs()

    def run(self, once: bool) -> None:
        from esl_router.supervisor import serve

        with self._simulation() as running:
            self._print([self._welcome(running.server)])
            for number, script in enumerate(self._scenario.calls, start=1):
                self._show(running, number, script)
            running.switch.stop()
            if once:
                return
            running.journal.heard = self._show_real
            self._print(self._farewell(running.server, running.feed.links[1].linked))
            serve(running.server)

    def _simulation(self) -> AbstractContextManager[Simulation]:
        """The router as `serve` runs it, with the simulated switch that calls it, and linked to a
        FreeSWITCH on this machine."""
        from esl_router.cli.simulation import simulation
        from esl_router.live import feed as live
        from esl_router.switch.clock import Clock

        real = Address.parse(DEFAULT_SWITCH)
        return simulation(
            self._document,
            self._scenario.phones,
            Clock(self._speed),
            listen=self._listen,
            switches=[live.Address(real.host, real.port, DEFAULT_PASSWORD)],
        )

    # -- what is shown ----------------------------------------------------------------------------

    def _show(self, running: Simulation, number: int, script: Any) -> None:
        """Play one call and show it: in a terminal while it rings, elsewhere when it has ended."""
        from esl_router.cli import demo_picture as picture

        heading = picture.heading(number, script.title, self._caller(script), script.number)
        self._print([[], *heading])
        clock, placed = running.switch.clock, running.switch.place(script)
        begun = clock.now()
        self._watch(placed, lambda: clock.now() - begun)
        entry = running.entry(placed.uuid)
        lines = [
            *picture.ringing(placed, _end(placed), self._names, terminal.width(), self._glyphs),
            picture.result(placed, self._names),
            *picture.reasons(entry.trace if entry else (), terminal.width()),
        ]
        self._print(lines)
        clock.sleep(PAUSE * self._speed)

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
