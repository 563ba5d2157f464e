"""``calls``: the journal of calls, with the reasons of each decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, common

if TYPE_CHECKING:
    import sqlite_utils

    from esl_router.cli.terminal import Span
    from esl_router.store.journal import Attempt, Entry


@click.group("calls", cls=Group)
def calls_command() -> None:
    """The journal: who called whom, what rang, what came of it, and why.

    A call is in it a moment after the router has done its part. --as a user shows the calls that he
    has made or got: of those to him what rang, of none the reasons, which tell of others' rules.

    \b
    Example:
      esl-router calls list --user 1001
    """


def _of_calls(command: Any) -> Any:
    user = click.option("--user", metavar="USER", help="Calls to or from this user alone.")
    domain = click.option("--domain", metavar="NAME", help="Calls of this domain alone.")
    return user(domain(command))


@calls_command.command("list", acts=True)
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=30, show_default=True, help="How many."
)
@_of_calls
def list_calls(limit: int, user: str | None, domain: str | None) -> None:
    """The last calls, the latest at the bottom.

    \b
    Example:
      esl-router calls list
      esl-router calls list -n 100 --user 1001 --json
    """
    from esl_router.store import journal

    with rules.opened(readonly=True) as db:
        domain, user = _whose(db, domain, user)
        entries = journal.calls(db, limit, domain=domain, user=user)
        found = [_seen(entry) for _, entry in entries]
    terminal.show(
        [_record(entry) for entry in found],
        lambda: terminal.print_table(
            ("when", "caller", "dialled", "for", "result", "after", "call"),
            [
                (
                    _when(entry.started),
                    _caller(entry),
                    entry.dialled,
                    entry.callee,
                    _result(entry),
                    f"{entry.ended - entry.started:.0f} s",
                    entry.uuid[:8],
                )
                for entry in found
            ],
            "No call yet.",
        ),
    )


@calls_command.command("show", acts=True)
@click.argument("call")
def show_call(call: str) -> None:
    """One call: every attempt with each phone, and the reasons.

    CALL is its uuid, or the first eight characters of it.

    \b
    Example:
      esl-router calls show 3f2b9c1d
    """
    from esl_router.errors import NotFound
    from esl_router.store import journal

    acting = common().acting
    with rules.opened(readonly=True) as db:
        domain, user = _whose(db, None, None)
        found = [_seen(entry) for entry in journal.call(db, call, domain=domain, user=user)]
    if not found:
        whose = "" if acting is None else f" of user {acting}"
        raise NotFound(
            f"there is no call {call!r}{whose} in the journal: give 8 characters of it at least, "
            f"see `esl-router calls list{'' if acting is None else f' --as {acting}'}`"
        )
    terminal.show(
        [_record(entry) for entry in found],
        lambda: terminal.print_lines(line for entry in found for line in _lines(entry)),
    )


@calls_command.command("tail")
@click.option(
    "-n", "--limit", type=click.IntRange(0), default=10, show_default=True, help="Old ones first."
)
@click.option("--once", is_flag=True, help="Print what there is, and end.")
@_of_calls
def tail_calls(limit: int, once: bool, user: str | None, domain: str | None) -> None:
    """Print each call when it ends, until Ctrl-C. With --json a line for each.

    \b
    Example:
      esl-router calls tail
      esl-router calls tail --json | jq .result
    """
    import time

    with rules.opened(readonly=True) as db:
        for entry in _followed(db, limit, once, lambda: time.sleep(0.5), user, domain):
            if common().json:
                terminal.print_json(_record(entry), indent=None)
            else:
                terminal.say(
                    f"{_when(entry.started)}  {_caller(entry)} → {entry.dialled}"
                    f"{f' ({entry.callee})' if entry.callee not in (None, entry.dialled) else ''}"
                    f"  {_result(entry)}  {entry.uuid[:8]}"
                )


@calls_command.command("missed", acts=True)
@click.option(
    "-n", "--limit", type=click.IntRange(0), default=30, show_default=True, help="How many."
)
@click.option("--follow", is_flag=True, help="Go on, and print each new one.")
@click.option("--user", metavar="USER", help="Calls that this user, or team, has missed.")
@click.option("--domain", metavar="NAME", help="Calls of this domain alone.")
def missed_calls(limit: int, follow: bool, user: str | None, domain: str | None) -> None:
    """Calls that nobody took, and why: one entry a call, whoever was rung.

    With --json as the hook in settings.notify is told of them; with --follow a line for each.

    \b
    Example:
      esl-router calls missed --user 1001
      esl-router calls missed --as 1001
      esl-router calls missed --follow --json
    """
    import time

    from esl_router.store import journal, notices

    with rules.opened(readonly=True) as db:
        domain, user = _whose(db, domain, user)
        if not follow:
            found = [
                entry
                for _, entry in journal.calls(db, limit, domain=domain, user=user, missed=True)
            ]
            terminal.show(
                [notices.missed_call(entry) for entry in found], lambda: _print_missed(found)
            )
            return
        pause = partial(time.sleep, 0.5)
        for entry in _followed(db, limit, False, pause, user, domain, missed=True):
            if common().json:
                terminal.print_json(notices.missed_call(entry), indent=None)
            else:
                reason = (entry.missed or "").replace("_", " ")
                terminal.say(
                    f"{_when(entry.started)}  {_caller(entry)} → {entry.callee}  {reason}"
                    f"{f', message of {entry.message} s' if entry.message else ''}"
                    f"  {entry.uuid[:8]}"
                )


def _whose(
    db: sqlite_utils.Database, domain: str | None, user: str | None
) -> tuple[str | None, str | None]:
    """The domain and the user whose calls are shown: --as a user his own alone."""
    from esl_router.store import admin

    acting = common().acting
    if acting is None:
        return domain, user
    if user not in (None, acting):
        raise click.UsageError("--as a user shows his own calls: leave --user out")
    domain = admin.pick_domain(db, domain)
    admin.user(db, domain, acting)
    return domain, acting


def _seen(entry: Entry) -> Entry:
    """What whoever runs this may see of a call."""
    from esl_router.store import journal

    acting = common().acting
    return entry if acting is None else journal.as_seen(entry, acting)


def _print_missed(found: list[Entry]) -> None:
    from esl_router.store import notices

    terminal.print_table(
        ("when", "caller", "for", "reason", "rung", "message", "call"),
        [
            (
                _when(entry.started),
                _caller(entry),
                entry.callee,
                (entry.missed or "").replace("_", " "),
                notices.missed_call(entry)["rung"],
                "" if entry.message is None else f"{entry.message} s",
                entry.uuid[:8],
            )
            for entry in found
        ],
        "No call was missed.",
    )


@calls_command.command("purge")
@click.option(
    "--older-than",
    type=click.IntRange(1),
    required=True,
    metavar="DAYS",
    help="Calls that ended longer ago.",
)
def purge_calls(older_than: int) -> None:
    """Remove old calls from the journal for good.

    \b
    Example:
      esl-router calls purge --older-than 90
    """
    import time

    from esl_router.store import journal

    with rules.opened() as db:
        count = journal.purge(db, time.time() - older_than * 86400)
    terminal.show({"removed": count}, lambda: terminal.say(f"{count} calls removed."))


def _followed(
    db: Any,
    limit: int,
    once: bool,
    pause: Callable[[], object],
    user: str | None,
    domain: str | None,
    *,
    missed: bool = False,
) -> Iterator[Entry]:
    from esl_router.store import journal

    found = partial(journal.calls, db, domain=domain, user=user, missed=missed)

    # The latest of all calls, so that a filter does not bring back old ones.
    seen = max((number for number, _ in journal.calls(db, 1)), default=0)
    if limit:
        for number, entry in found(limit):
            seen = max(seen, number)
            yield entry
    while not once:
        for number, entry in found(1000, after=seen):
            seen = number
            yield entry
        pause()


def _when(instant: float) -> str:
    return datetime.fromtimestamp(instant).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _iso(instant: float | None) -> str | None:
    if instant is None:
        return None
    return datetime.fromtimestamp(instant).astimezone().isoformat(timespec="milliseconds")


def _caller(entry: Entry) -> str:
    who = entry.caller_number or ("no number" if entry.caller_name else "withheld")
    if entry.caller_name:
        who = f"{who} {entry.caller_name}"
    return f"{who} on behalf of {entry.on_behalf}" if entry.on_behalf else who


def _result(entry: Entry) -> str:
    words = entry.result.replace("_", " ")
    if entry.answered_by:
        return f"{words} by {entry.answered_by}"
    return f"{words} ({entry.code})" if entry.code else words


def _record(entry: Entry) -> dict[str, Any]:
    """A call as JSON knows it: the keys of the journal, instants as ISO 8601."""
    found = asdict(entry)
    for each in (found, *found["attempts"], *(leg for a in found["attempts"] for leg in a["legs"])):
        for key in ("started", "ended", "answered_at"):
            if key in each:
                each[key] = _iso(each[key])
    return found


def _lines(entry: Entry) -> Iterator[list[Span]]:
    from esl_router.cli.terminal import Span

    yield [
        Span(f"{_caller(entry)} calls {entry.dialled}", "bold"),
        Span(f"  {_when(entry.started)}  {entry.uuid}", "dim"),
    ]
    for_whom = f" for {entry.callee}" if entry.callee else ""
    yield [Span(f"  {entry.origin or 'unknown'} call{for_whom}: "), Span(_result(entry), "bold")]
    if entry.missed is not None:
        left = f", a message of {entry.message} s was left" if entry.message is not None else ""
        yield [Span(f"  missed: {entry.missed.replace('_', ' ')}{left}")]
    for attempt in entry.attempts:
        yield []
        at = max(0.0, attempt.started - entry.started)
        yield [Span(f"{at:5.1f} s  "), Span(attempt.action.replace("_", " "), "bold")]
        yield from _legs(attempt)
    yield []
    for reason in entry.trace:
        mark = "▸" if terminal.speaks_unicode() else ">"
        yield [
            Span(f"    {mark if reason.fired else '-'} {reason.stage:<10} ", "dim"),
            Span(reason.text, "" if reason.fired else "dim"),
        ]
    for problem in entry.problems:
        yield [Span(f"    ! {problem}", "red")]
    yield []


def _legs(attempt: Attempt) -> Iterator[list[Span]]:
    from esl_router.cli.timeline import ASCII, BLOCKS, Bar, colours, draw

    colour = colours(leg.device for leg in attempt.legs)
    bars = []
    for leg in attempt.legs:
        words = leg.result.replace("_", " ")
        note = f"{words} ({leg.cause})" if leg.cause else words
        if leg.started is None or leg.ended is None:
            bars.append(Bar(leg.device, skipped=note))
            continue
        start = max(0, round(leg.started - attempt.started))
        end = max(start, round(leg.ended - attempt.started))
        bars.append(Bar(leg.device, start, end, note, colour=colour[leg.device]))
    glyphs = BLOCKS if terminal.speaks_unicode() else ASCII
    yield from draw(bars, width=terminal.width(), glyphs=glyphs)
