"""``presence`` and ``busy-on-busy``: a user's status, his forwards, how many calls he takes."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Command, Group, of_domain, printable
from esl_router.model.presence import Forward, Status

_STATUS = click.Choice([status.value for status in Status])
_SWITCH = {"on": True, "off": False}


@click.group("presence", cls=Group)
def presence_command() -> None:
    """A user's status, and where it sends his calls.

    The statuses are available, away, dnd, lunch, business_trip and meeting. Each has a profile: for
    every origin of calls a target for all of them, and one each for when he is busy, does not
    answer, or no phone of his is registered.

    \b
    Example:
      esl-router presence set 1001 lunch --for 45m
      esl-router presence show 1001
    """


@presence_command.command("show")
@click.argument("user", required=False)
@click.option(
    "--at",
    metavar="ISO",
    help="When (2026-12-24T15:00, in the user's zone unless it names one). Default: now.",
)
@of_domain
def show_presence(user: str | None, at: str | None, domain: str | None) -> None:
    """Show the status of one USER, or of everybody, and what calls do then.

    For one user every axis is listed that may settle his status, with the reason why one of them
    wins. Every phone counts as registered, and nobody answers.

    \b
    Example:
      esl-router presence show
      esl-router presence show 1001 --at 2026-12-24T15:00
    """
    from esl_router.cli.instants import instant
    from esl_router.cli.presence_picture import page
    from esl_router.store import admin, presence

    with rules.of_domain(domain, readonly=True) as (db, name):
        names = presence.display_names(db, name)
        users = [user] if user else [each["extension"] for each in admin.users(db, name)]
        zones = {each: presence.zone_of(db, name, each) for each in users}
    now = datetime.now(UTC)
    pages = []
    for each, zone in zones.items():
        # A view for each: the broken rules that it meets are that user's.
        with rules.routing() as reader:
            when = instant(at, zone, "--at") if at else now
            pages.append(page(reader, name, each, when, zone, names))
    if user:
        terminal.show(
            pages[0].record(),
            lambda: terminal.print_lines(pages[0].lines(terminal.speaks_unicode())),
        )
        return
    terminal.show(
        [each.record() for each in pages],
        lambda: terminal.print_table(
            ("user", "name", "status", "why", "internal calls", "external calls"),
            [
                (p.user.extension, p.user.name, p.status(), p.why(), *p.first_actions())
                for p in pages
            ],
            "There is no user yet: esl-router user add, or import",
        ),
    )


@presence_command.command("set", acts=True)
@click.argument("user")
@click.argument("status", metavar="STATUS", type=_STATUS)
@click.option("--for", "length", metavar="TIME", help="For so long: 90m, 2h30m, 1d (24 hours).")
@click.option(
    "--until",
    metavar="ISO",
    help="Until then (2026-12-24T15:00, in the user's zone unless it names one).",
)
@click.option("--message", metavar="TEXT", help="What he says of it; kept until the next change.")
@of_domain
def set_presence(
    user: str,
    status: str,
    length: str | None,
    until: str | None,
    message: str | None,
    domain: str | None,
) -> None:
    """Set a user's status: available, away, dnd, lunch, business_trip or meeting.

    With --for or --until it is temporary. What comes back is available, or where the user's
    presence.revert is `previous` the status that was set without an end before. A status without
    an end ends a temporary one. A message is of this status alone.

    \b
    Example:
      esl-router presence set 1001 away
      esl-router presence set 1001 lunch --for 45m --message "Back at half past one"
      esl-router presence set 1001 business_trip --until 2030-08-19T08:00 --as 1001
    """
    from esl_router.cli.instants import duration, instant
    from esl_router.store import presence

    if length is not None and until is not None:
        raise click.UsageError("--for or --until, not both")
    now = datetime.now(UTC)
    with rules.of_domain(domain) as (db, name):
        end = None
        if length is not None:
            end = now + duration(length, "--for")
        elif until is not None:
            end = instant(until, presence.zone_of(db, name, user), "--until")
        changes = presence.set_presence(
            db,
            name,
            user,
            status,
            until=end,
            message=message or None,
            now=now,
            by=rules.actor(),
        )
    rules.show_changes(changes)


@presence_command.command("profile", acts=True)
@click.argument("user")
@click.argument("status", metavar="STATUS", type=_STATUS)
@click.argument("target")
@click.option(
    "--when",
    "condition",
    required=True,
    type=click.Choice([each.value for each in Forward]),
    help="always: before any phone rings; the others: when it comes to that.",
)
@click.option(
    "--origin",
    type=click.Choice(["internal", "external", "both"]),
    default="both",
    show_default=True,
    help="Which calls: a colleague's, or those through the trunk.",
)
@of_domain
def set_forward(
    user: str, status: str, target: str, condition: str, origin: str, domain: str | None
) -> None:
    """Set where calls go while a user is in STATUS.

    TARGET is voicemail (of whom the caller wanted), voicemail:1002, extension:1002,
    external:+49…, busy, announcement:SOUND, with --when always also ring. A number that the toll
    policy forbids is refused. off switches the forward off and keeps its target, on switches it on
    again; none takes it away.

    \b
    Example:
      esl-router presence profile 1001 away extension:1002 --when always --origin external
      esl-router presence profile 1001 available voicemail --when no_answer
      esl-router presence profile 1001 available off --when busy --as 1001
    """
    from esl_router.store import presence

    origins = presence.ORIGINS if origin == "both" else (origin,)
    with rules.of_domain(domain) as (db, name):
        which = (db, name, user, status, origins, condition)
        if target in _SWITCH:
            changes = presence.switch_forward(*which, _SWITCH[target], by=rules.actor())
        else:
            to = None if target == "none" else target
            changes = presence.set_forward(*which, to, by=rules.actor())
    rules.show_changes(changes)


@presence_command.command("deputy", acts=True)
@click.argument("user")
@click.argument("target")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=_STATUS,
    default=["away", "dnd", "lunch", "business_trip"],
    show_default=True,
    help="In which statuses; may be repeated.",
)
@of_domain
def set_deputy(user: str, target: str, statuses: tuple[str, ...], domain: str | None) -> None:
    """Have a deputy take a user's calls from outside; colleagues hear that he is busy.

    It sets what `presence profile` sets one by one, in every status that sends calls away; TARGET
    is as there.

    \b
    Example:
      esl-router presence deputy 1001 extension:1002
      esl-router presence deputy 1001 external:+491711234567 --status business_trip --as 1001
    """
    from esl_router.store import presence

    with rules.of_domain(domain) as (db, name):
        changes = presence.set_deputy(db, name, user, statuses, target, by=rules.actor())
    rules.show_changes(changes)


@presence_command.command("alert-first", acts=True)
@click.argument("user")
@click.argument("status", metavar="STATUS", type=_STATUS)
@click.argument("seconds", metavar="SECONDS|splash|off")
@of_domain
def set_alert_first(user: str, status: str, seconds: str, domain: str | None) -> None:
    """Ring a user's phones before STATUS sends a call away.

    For so many seconds (1 to 60) as FollowMe says, or with splash his registered phones for a
    moment, as a reminder. Whoever is quick has the call.

    \b
    Example:
      esl-router presence alert-first 1001 away 6
      esl-router presence alert-first 1001 dnd splash
      esl-router presence alert-first 1001 dnd off --as 1001
    """
    value = (
        int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 9 else seconds
    )
    _set_profile(user, status, "alert_first", None if seconds == "off" else value, domain)


@presence_command.command("announce", acts=True)
@click.argument("user")
@click.argument("status", metavar="STATUS", type=_STATUS)
@click.argument("sound", metavar="SOUND|none")
@of_domain
def set_announce(user: str, status: str, sound: str, domain: str | None) -> None:
    """Play a sound to callers before STATUS sends their calls away.

    SOUND is a file as FreeSWITCH names it. They hear it before the answer: it costs them nothing.

    \b
    Example:
      esl-router presence announce 1001 away ivr/ivr-please_hold_while_party_contacted.wav
      esl-router presence announce 1001 away none
    """
    _set_profile(user, status, "announce", None if sound == "none" else sound, domain)


@presence_command.command("push", acts=True)
@click.argument("user")
@click.argument("status", metavar="STATUS", type=_STATUS)
@click.argument("switch", metavar="on|off", type=click.Choice(["on", "off"]))
@of_domain
def set_push(user: str, status: str, switch: str, domain: str | None) -> None:
    """Whether STATUS lets a user's apps be woken that are not registered.

    
    Example:
      esl-router presence push 1001 dnd off
      esl-router presence push 1001 dnd on --as 1001
    """
    _set_profile(user, status, "push", None if switch == "on" else False, domain)


def _set_profile(user: str, status: str, key: str, value: Any, domain: str | None) -> None:
    from esl_router.store import presence

    with rules.of_domain(domain) as (db, name):
        changes = presence.set_profile(db, name, user, status, {key: value}, by=rules.actor())
    rules.show_changes(changes)


@presence_command.command("messenger", acts=True)
@click.argument("user")
@click.argument("switch", metavar="on|off", type=click.Choice(["on", "off"]))
@click.option(
    "--status/--no-status",
    default=None,
    help="Whether what the messenger says becomes his status. On for whom nothing is set.",
)
@click.option(
    "--forward",
    metavar="TARGET",
    help="Where every call goes while it says busy, dnd or meeting; none: where the status does.",
)
@of_domain
def set_messenger(
    user: str, switch: str, status: bool | None, forward: str | None, domain: str | None
) -> None:
    """Whether what a messenger says of a user counts, and what it does.

    What it says comes from `presence feed`. Status and forward are two switches that know nothing
    of each other; what is not named stays.

    \b
    Example:
      esl-router presence messenger 1001 on --forward voicemail
      esl-router presence messenger 1001 off --as 1001
    """
    from esl_router.store import messengers

    settings: dict[str, object] | None = {}
    if switch == "off":
        if status is not None or forward is not None:
            raise click.UsageError("off, or what it does: not both")
        settings = None
    else:
        settings = {} if status is None else {"status": status}
        if forward is not None:
            settings["forward"] = None if forward == "none" else forward
    with rules.of_domain(domain) as (db, name):
        changes = messengers.set_messenger(db, name, user, settings, by=rules.actor())
    rules.show_changes(changes)


@presence_command.command("feed")
@click.option(
    "--ttl",
    type=click.IntRange(1, 86400),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long a line counts that does not say so itself.",
)
@of_domain
@click.pass_context
def feed_presence(ctx: click.Context, ttl: int, domain: str | None) -> None:
    """Take what messengers say of people from standard input: JSON, a line each.

    {"user": "1001", "status": "busy", "ttl": 300}, at once and for so many seconds. The statuses
    are available, online, offline, unknown, away, busy, dnd, lunch, business_trip and meeting; a
    ttl of 0 takes back what was said. It counts for those whose messenger is on. A wrong line is
    reported with its number and changes nothing; the exit code is then 1.

    \b
    Example:
      echo '{"user": "1001", "status": "busy", "ttl": 300}' | esl-router presence feed
      my-messenger-bridge | esl-router presence feed --ttl 120
    """
    from esl_router.cli.feed import Intake

    with rules.opened() as db:
        intake = Intake(db, domain, ttl)
        for number, line in enumerate(sys.stdin.buffer, 1):
            problem = intake.take(line, datetime.now(UTC))
            if problem:
                click.echo(f"esl-router: line {number}: {printable(problem)}", err=True)
    terminal.show(
        {"taken": intake.taken, "refused": intake.refused, "uncounted": list(intake.uncounted)},
        lambda: terminal.say(intake.summary()),
    )
    ctx.exit(1 if intake.refused else 0)


@click.command("busy-on-busy", cls=Command, acts=True)
@click.argument("user")
@click.argument("calls", metavar="on|off|N")
@of_domain
def busy_on_busy_command(user: str, calls: str, domain: str | None) -> None:
    """Set from how many calls on a user is busy: on is from the first, N from the Nth.

    While he is busy none of his phones rings: further callers get his busy forward, or 486.

    \b
    Example:
      esl-router busy-on-busy 1001 on
      esl-router busy-on-busy 1006 2 --as 1006
    """
    from esl_router.store import presence

    value = int(calls) if calls.isascii() and calls.isdigit() and len(calls) < 9 else calls
    with rules.of_domain(domain) as (db, name):
        changes = presence.set_busy_on_busy(db, name, user, value, by=rules.actor())
    rules.show_changes(changes)
