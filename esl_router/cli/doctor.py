"""``doctor``: looks at everything a call needs, and says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from esl_router.cli import terminal
from esl_router.cli.options import Command, common, of_listener, of_switch
from esl_router.settings import Address

if TYPE_CHECKING:
    from esl_router.cli.checks import Check

SHIPPED = Path("freeswitch-conf/directory/default.xml")

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@click.command("doctor", cls=Command)
@of_listener("Where the router listens.")
@of_switch(several=True)
@click.option(
    "--context",
    "contexts",
    multiple=True,
    default=["internal"],
    show_default=True,
    metavar="NAME",
    help="A dialplan context where the company's own phones call in; may be repeated.",
)
@click.option("--max-calls", type=click.IntRange(1), default=2000, show_default=True)
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help=f"FreeSWITCH's directory file. Default: {SHIPPED}, if it is there.",
)
@click.option("--no-switch", is_flag=True, help="Only what needs no FreeSWITCH and no router.")
@click.pass_context
def doctor_command(
    ctx: click.Context,
    listen: Address,
    freeswitch: tuple[Address, ...],
    password: str,
    contexts: tuple[str, ...],
    max_calls: int,
    directory: Path | None,
    no_switch: bool,
) -> None:
    """Check the store, the router and FreeSWITCH, and say what to do about each fault.

    Give it the same options as serve. Exit code 1 if anything fails; a warning is no failure.
    Nothing is changed anywhere. The router is probed by a connection like FreeSWITCH's, which
    becomes no call.

    \b
    Example:
      esl-router doctor
      esl-router doctor --freeswitch 10.0.0.7 --listen 10.0.0.5:8040
    """
    from esl_router.cli.checks import Level

    path = common(ctx).path
    checks = []
    for check in _every(
        path, listen, freeswitch, password, contexts, max_calls, directory, no_switch
    ):
        checks.append(check)
        if not common(ctx).json:
            _print(check)
    failed = [check for check in checks if check.level is Level.FAIL]
    warned = [check for check in checks if check.level is Level.WARN]

    def summary() -> None:
        terminal.say(f"{len(checks)} checks, {len(failed)} failed, {len(warned)} warnings.")

    terminal.show({"ok": not failed, "checks": [asdict(check) for check in checks]}, summary)
    ctx.exit(1 if failed else 0)


def _every(
    path: Path,
    listen: Address,
    switches: tuple[Address, ...],
    password: str,
    contexts: tuple[str, ...],
    max_calls: int,
    directory: Path | None,
    no_switch: bool,
) -> Iterator[Check]:
    from esl_router.cli import calendar_checks, checks

    yield from checks.store(path)
    yield from calendar_checks.calendars(path, datetime.now(UTC))
    if directory is not None or SHIPPED.exists():
        yield from checks.directory(directory or SHIPPED, path)
    yield from checks.contacts(path)
    yield from checks.files(max_calls)
    if no_switch:
        return
    yield from checks.router(listen)
    from esl_router.cli import switch_checks

    expected = switch_checks.Expected(listen, contexts, _accounts(path))
    for address in switches:
        yield from switch_checks.switch(address, password, expected)


def _accounts(path: Path) -> dict[str, dict[str, str]]:
    """Every SIP account in the store, with its password; none if it cannot be read."""
    from esl_router.errors import RouterError
    from esl_router.store import admin
    from esl_router.store.database import open_store

    try:
        db = open_store(path, readonly=True)
    except RouterError:
        return {}
    try:
        return {
            domain: {
                each["name"]: each["password"]
                for each in admin.devices(db, domain)
                if each["kind"] != "external"
            }
            for domain in admin.domains(db)
        }
    finally:
        db.close()


def _print(check: Check) -> None:
    from esl_router.cli.terminal import Span

    line = [
        Span(f"{check.level.value:<5}", _STYLES[check.level.value]),
        Span(f" {check.area}: ", "bold"),
        Span(check.text),
    ]
    terminal.print_lines([line])
    if check.todo:
        arrow = "→" if terminal.speaks_unicode() else "->"
        terminal.print_lines([[Span(f"        {arrow} {check.todo}", "italic")]])
