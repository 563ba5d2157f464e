"""``calendar``: where a user's appointments are, and what they do with his calls."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, common, of_domain
from esl_router.cli.pairs import PAIRS, given
from esl_router.model.presence import Status

if TYPE_CHECKING:
    from esl_router.store.calendars import Feed

_SHOWN = 10
"""Appointments that are listed."""


@click.group("calendar", cls=Group)
def calendar_command() -> None:
    """A user's calendar: his status during appointments, and where his calls go then.

    These are two switches that know nothing of each other. Of an appointment the router keeps when
    it begins and when it ends, and nothing else. A running router reads calendars by itself.

    \b
    Example:
      esl-router calendar set 1001 --source https://cloud.example.com/anna.ics --status meeting
      esl-router calendar set 1001 --forward voicemail
      esl-router calendar show 1001
    """


@calendar_command.command("list")
@of_domain
def list_calendars(domain: str | None) -> None:
    """Every calendar, and whether it can be read.

    \b
    Example:
      esl-router calendar list
    """
    from esl_router.store import calendars
    from esl_router.store.changes import user

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = [
            _record(feed, user(db, name, feed.extension)["calendar"])
            for feed in calendars.feeds(db, name)
        ]
    terminal.show(
        found,
        lambda: terminal.print_table(
            ("user", "calendar", "status", "forward", "read", "problem"),
            [
                (
                    each["user"],
                    each["source"],
                    each["status"],
                    each["forward"],
                    each["read"] or "never",
                    each["problem"],
                )
                for each in found
            ],
            "There is no calendar yet: esl-router calendar set",
        ),
    )


def _record(feed: Feed, settings: dict[str, Any]) -> dict[str, Any]:
    from esl_router.store.calendars import shown

    return {
        "user": feed.extension,
        **settings,
        "source": shown(feed.settings.source),
        "read": _instant(feed.read.at),
        "failing": _instant(feed.read.failing),
        "problem": feed.read.problem or None,
    }


def _instant(seconds: int | None, zone: str = "UTC") -> str | None:
    from zoneinfo import ZoneInfo

    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(zone)).isoformat()


@calendar_command.command("show")
@click.argument("user")
@of_domain
def show_calendar(user: str, domain: str | None) -> None:
    """A user's calendar, and the times at which he is busy.

    \b
    Example:
      esl-router calendar show 1001
    """
    from esl_router.errors import NotFound
    from esl_router.store import calendars, changes

    with rules.of_domain(domain, readonly=True) as (db, name):
        settings = changes.user(db, name, user)["calendar"]
        if settings is None:
            raise NotFound(f"{user} has no calendar: `esl-router calendar set {user} --source …`")
        (feed,) = calendars.feeds(db, name, user)
    zone = feed.settings.timezone
    busy = [
        {"from": _instant(begin, zone), "to": _instant(end, zone)}
        for begin, end in calendars.next_edges(feed.read.edges, datetime.now(UTC))
    ]
    record = {"domain": name, **_record(feed, settings), "busy": busy}

    def text() -> None:
        for key in ("source", "login", "address", "status", "forward", "all_day", "tentative"):
            terminal.say(f"{key:<16} {record[key] or '-'}")
        for key in ("merge_gap", "padding"):
            terminal.say(f"{key:<16} {record[key]} min")
        terminal.say(f"{'read':<16} {record['read'] or 'never'}")
        if record["problem"]:
            terminal.say(f"{'problem':<16} since {record['failing']}: {record['problem']}")
        terminal.say("")
        for each in busy[:_SHOWN]:
            terminal.say(f"busy  {each['from']}  to  {each['to']}")
        if len(busy) > _SHOWN:
            terminal.say(f"and {len(busy) - _SHOWN} more times")
        if not busy:
            terminal.say("No appointment is known.")

    terminal.show(record, text)


_STATUS = click.Choice([*(status.value for status in Status), "none"])


@calendar_command.command("set", acts=True)
@click.argument("user")
@PAIRS
@click.option("--source", metavar="SOURCE", help="file:PATH, https://… or caldav:https://…")
@click.option("--login", metavar="PLACE", help="Where its user:password is: env:NAME or file:PATH.")
@click.option("--address", metavar="MAIL", help="His own: what he has declined does not count.")
@click.option("--status", type=_STATUS, help="His status during an appointment.")
@click.option(
    "--forward",
    metavar="TARGET",
    help="Where every call goes during one; none: where the status sends it.",
)
@click.option(
    "--all-day",
    type=click.Choice(["ignore", "free", "busy"]),
    help="Whether whole days count; free: nor does anything else on such a day.",
)
@click.option(
    "--tentative",
    type=click.Choice(["free", "busy"]),
    help="Whether what he has not accepted does.",
)
@click.option(
    "--merge-gap",
    type=click.IntRange(0, 120),
    metavar="MINUTES",
    help="A gap between two appointments that is shorter counts as busy.",
)
@click.option(
    "--padding",
    type=click.IntRange(0, 120),
    metavar="MINUTES",
    help="Appointments begin so much earlier and end so much later.",
)
@of_domain
def set_calendar(user: str, pairs: dict[str, Any], domain: str | None, **options: Any) -> None:
    """Set where a user's calendar is, and what it does.

    A running router reads it within seconds. The user himself may change --status and --forward.
    Any key of the rules file may be given as KEY=VALUE, and KEY= takes it away.

    \b
    Example:
      esl-router calendar set 1001 --source caldav:https://dav.example.com/anna/calendar/ \\
        --login file:/etc/esl_router/anna.login --address anna@example.com
      esl-router calendar set 1001 --status meeting --forward voicemail --as 1001
      esl-router calendar set 1001 --status none --forward none
    """
    from esl_router.store import calendars

    settings = {key: value for key, value in options.items() if value is not None}
    if settings.get("forward") == "none":
        settings["forward"] = None
    settings = {**given({**settings, **pairs})}
    with rules.of_domain(domain) as (db, name):
        changes = calendars.set_calendar(db, name, user, settings, by=rules.actor())
    rules.show_changes(changes)


@calendar_command.command("remove", acts=True)
@click.argument("user")
@of_domain
def remove_calendar(user: str, domain: str | None) -> None:
    """Take a user's calendar away, and what was read of it.

    \b
    Example:
      esl-router calendar remove 1001
    """
    from esl_router.store import calendars

    with rules.of_domain(domain) as (db, name):
        changes = calendars.remove_calendar(db, name, user, by=rules.actor())
    rules.show_changes(changes)


@calendar_command.command("sync")
@click.argument("user", required=False)
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C, and read what is due.")
@click.option(
    "--every",
    type=click.IntRange(10, 86400),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: how often a server is asked. A file is read when it has changed.",
)
@of_domain
@click.pass_context
def sync_calendars(
    ctx: click.Context, user: str | None, watch: bool, every: int, domain: str | None
) -> None:
    """Read the calendar of one USER, or of everybody, now.

    Nobody needs it where `esl-router serve` runs: that does it by itself. Exit code 1 if one of
    them cannot be read; what was known of it holds on.

    \b
    Example:
      esl-router calendar sync 1001
      esl-router calendar sync --watch
    """
    from esl_router.calendars import sync
    from esl_router.store import calendars, changes

    if watch:
        if user is not None or domain is not None:
            raise click.UsageError("--watch is for every calendar of the store")
        logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        sync.watch(common(ctx).path, every=every)
    with rules.of_domain(domain) as (db, name):
        if user is not None:
            changes.user(db, name, user)
        found = sync.once(db, calendars.feeds(db, name, user), datetime.now(UTC))
    records = [
        {
            "user": feed.extension,
            "source": calendars.shown(feed.settings.source),
            "appointments": len(calendars.next_edges(feed.read.edges, datetime.now(UTC))),
            "problem": feed.read.problem or None,
        }
        for feed in found
    ]
    terminal.show(
        records,
        lambda: terminal.print_table(
            ("user", "calendar", "appointments", "problem"),
            [tuple(each.values()) for each in records],
            "There is no calendar to read: esl-router calendar set",
        ),
    )
    ctx.exit(1 if any(each["problem"] for each in records) else 0)
