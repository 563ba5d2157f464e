"""``schedule``: the hours in which something is open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, of_domain
from esl_router.cli.pairs import PAIRS, given
from esl_router.errors import RulesFileError


@click.group("schedule", cls=Group)
def schedule_command() -> None:
    """The hours in which something is open, by the clock on the wall.

    A user's status outside the hours (presence.outside_hours), an entry of a caller list and an
    executive's criterion name one. An interval is open from its first minute up to its last, which
    is closed; it may go on past midnight. A closed day, and a public holiday of the region, opens
    nothing. In the nights in which the clock changes it opens and closes once.

    \b
    Example:
      esl-router schedule show office
    """


@schedule_command.command("list")
@of_domain
def list_schedules(domain: str | None) -> None:
    """Every schedule, with its hours.

    \b
    Example:
      esl-router schedule list
    """
    from esl_router.store import schedule_admin

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = schedule_admin.schedules(db, name)
    terminal.show(
        found,
        lambda: terminal.print_table(
            ("schedule", "open", "closed", "holidays", "time zone"),
            [
                (
                    each["name"],
                    [_hours(hours) for hours in each["open"]],
                    each["closed"],
                    each["holidays"],
                    each["timezone"] or "the domain's",
                )
                for each in found
            ],
            "There is no schedule yet: esl-router schedule add, or import",
        ),
    )


def _hours(hours: dict[str, str]) -> str:
    return f"{hours['days']} {hours['from']}-{hours['to']}"


@schedule_command.command("show")
@click.argument("schedule")
@click.option(
    "--at",
    metavar="ISO",
    help="When (2026-12-24T15:00, in the schedule's zone unless it names one). Default: now.",
)
@of_domain
def show_schedule(schedule: str, at: str | None, domain: str | None) -> None:
    """Whether a schedule is open, and when that changes next.

    \b
    Example:
      esl-router schedule show office
      esl-router schedule show office --at 2026-12-24T15:00
    """
    from zoneinfo import ZoneInfo

    from esl_router.cli.instants import instant
    from esl_router.store import schedule_admin
    from esl_router.store.schedules import schedule as routed

    with rules.of_domain(domain, readonly=True) as (db, name):
        settings = schedule_admin.schedule(db, name, schedule)
        try:
            found = routed(db.conn, name, schedule)
        except ValueError as error:
            raise RulesFileError([f"schedules.{schedule}: {error}"]) from None
    now = instant(at, found.timezone, "--at") if at else datetime.now(UTC)
    now = now.astimezone(ZoneInfo(found.timezone))
    is_open, change = found.is_open(now), found.next_change(now)
    closed_day = found.is_closed_day(now)
    record = {
        "domain": name,
        "schedule": schedule,
        **settings,
        "timezone": found.timezone,
        "at": now.isoformat(),
        "is_open": is_open,
        "closed_day": closed_day,
        "next_change": change.isoformat() if change else None,
    }

    def text() -> None:
        terminal.print_lines(
            [
                [
                    terminal.Span(schedule, "bold"),
                    terminal.Span(f"  {'open' if is_open else 'closed'}", "bold"),
                    terminal.Span(f"  {now:%a %Y-%m-%d %H:%M %Z}", "dim"),
                ],
                [],
                *([terminal.Span(f"  {_hours(hours)}")] for hours in settings["open"]),
                *([terminal.Span(f"  closed on {day}")] for day in settings["closed"]),
            ]
        )
        if settings["holidays"]:
            terminal.say(f"  closed on public holidays of {settings['holidays']}")
        terminal.say("")
        if closed_day:
            terminal.say(f"{now:%Y-%m-%d} is a closed day, or a holiday: nothing opens on it.")
        if change is None:
            terminal.say(f"It is always {'open' if is_open else 'closed'}.")
        else:
            terminal.say(f"It {'closes' if is_open else 'opens'} {change:%a %Y-%m-%d %H:%M %Z}.")

    terminal.show(record, text)


def _interval(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> Any:
    found = []
    for word in words:
        days, _, hours = word.rpartition(" ")
        opens, dash, closes = hours.partition("-")
        if not days or not dash:
            raise click.BadParameter(f"{word!r} is no interval: write it as 'mon-fri 08:00-17:00'")
        found.append({"days": days.strip(), "from": opens, "to": closes})
    return found or None


def _days(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> Any:
    return list(words) or None


def _of_schedule(command: Any) -> Any:
    for option in (
        click.option(
            "--timezone", metavar="ZONE", help="Whose clock it goes by; else the domain's."
        ),
        click.option(
            "--holidays", metavar="REGION", help="Closed on the public holidays of DE, DE-BE, …"
        ),
        click.option(
            "--closed",
            multiple=True,
            metavar="DATE",
            callback=_days,
            help="Closed on that day (2026-12-24); repeated for several, which take the place of "
            "what is set.",
        ),
        click.option(
            "--open",
            "open_",
            multiple=True,
            metavar="INTERVAL",
            callback=_interval,
            help="Open 'mon-fri 08:00-17:00'; repeated for several, which take the place of what "
            "is set.",
        ),
    ):
        command = option(command)
    return command


@schedule_command.command("add", acts=True)
@click.argument("schedule")
@PAIRS
@_of_schedule
@of_domain
def add_schedule(schedule: str, pairs: dict[str, Any], domain: str | None, **options: Any) -> None:
    """A new schedule.

    Besides the options any key of the rules file may be given as KEY=VALUE.

    \b
    Example:
      esl-router schedule add office --open "mon-fri 08:00-17:00" --holidays DE-BE
      esl-router schedule add night --open "mon-sun 22:00-06:00"
    """
    from esl_router.store import schedule_admin

    with rules.of_domain(domain) as (db, name):
        changes = schedule_admin.add_schedule(
            db, name, schedule, {**_settings(options), **pairs}, by=rules.actor()
        )
    rules.show_changes(changes)


@schedule_command.command("set", acts=True)
@click.argument("schedule")
@PAIRS
@_of_schedule
@of_domain
def set_schedule(schedule: str, pairs: dict[str, Any], domain: str | None, **options: Any) -> None:
    """Change a schedule; it holds from the next call on.

    Besides the options any key of the rules file may be given as KEY=VALUE, and KEY= takes it away.

    \b
    Example:
      esl-router schedule set office --open "mon-thu 08:00-17:00" --open "fri 08:00-13:00"
      esl-router schedule set office holidays=
    """
    from esl_router.store import schedule_admin

    settings = given({**_settings(options), **pairs})
    with rules.of_domain(domain) as (db, name):
        changes = schedule_admin.set_schedule(db, name, schedule, settings, by=rules.actor())
    rules.show_changes(changes)


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    return {key.rstrip("_"): value for key, value in options.items() if value is not None}


@schedule_command.command("remove", acts=True)
@click.argument("schedule")
@of_domain
def remove_schedule(schedule: str, domain: str | None) -> None:
    """Remove a schedule. Refused while a rule still names it.

    \b
    Example:
      esl-router schedule remove night
    """
    from esl_router.store import schedule_admin

    with rules.of_domain(domain) as (db, name):
        changes = schedule_admin.remove_schedule(db, name, schedule, by=rules.actor())
    rules.show_changes(changes)
