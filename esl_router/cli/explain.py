"""``explain``: what would happen to a call, without a switch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import (
    Command,
    as_if_talking,
    as_if_unregistered,
    at_instant,
    common,
    of_domain,
)

if TYPE_CHECKING:
    from esl_router.cli.terminal import Span
    from esl_router.engine.explain import Step
    from esl_router.model.call import Call
    from esl_router.model.rules import Rules

_ASSUMED = {
    "no_answer": "nobody answers",
    "busy": "every phone is busy",
    "declined": "the call is declined",
}


@click.command("explain", cls=Command)
@click.option(
    "--from", "caller", required=True, metavar="X", help="An extension, a device, or a number."
)
@click.option(
    "--to", "dialled", required=True, metavar="Y", help="What is dialled: extension or number."
)
@click.option(
    "--origin",
    type=click.Choice(["internal", "external"]),
    help="external: through the trunk, even if --from is an extension.",
)
@click.option(
    "--sent-by", metavar="USER", help="Whose phone has sent the caller on: a transfer by that user."
)
@click.option(
    "--pool",
    metavar="EXECUTIVE",
    help="With --sent-by: through whose assistants the two had come to talk.",
)
@at_instant
@as_if_talking
@as_if_unregistered
@click.option(
    "--outcome",
    type=click.Choice(list(_ASSUMED)),
    default="no_answer",
    show_default=True,
    help="What every phone that rings is supposed to do.",
)
@of_domain
def explain_command(
    caller: str,
    dialled: str,
    origin: str | None,
    sent_by: str | None,
    pool: str | None,
    at: str | None,
    talking: tuple[str, ...],
    unregistered: tuple[str, ...],
    outcome: str,
    domain: str | None,
) -> None:
    """Say what would happen to a call, and why. No switch is needed.

    An extension or a device in --from is an internal call: that user's first SIP device calls,
    as if FreeSWITCH had authenticated it. Any other number calls through the trunk; "anonymous"
    is a withheld one. Without --unregistered every phone counts as registered. Where a call is
    forwarded, each step shows whom it rings next. What a feature code changes is tried on a copy of
    the store, so that a refusal is shown, and nothing is changed.

    \b
    Example:
      esl-router explain --from 1002 --to 1001
      esl-router explain --from +493099887766 --to +493012345101 --outcome busy
      esl-router explain --from 1002 --to 1001 --unregistered 1001-desk
      esl-router explain --from 1002 --to 1001 --talking 1001-desk --at 2026-12-24T15:00
      esl-router explain --from 1002 --to '*211005'
      esl-router explain --from +493099887766 --to '*63' --sent-by 1002 --pool 1001
    """
    from dataclasses import replace

    from esl_router.cli import assumed
    from esl_router.engine.explain import explain
    from esl_router.errors import NotFound
    from esl_router.model.call import LegResult
    from esl_router.store.by_phone import ByPhone

    if pool is not None and sent_by is None:
        raise click.UsageError("--pool goes with --sent-by")
    by_phone = ByPhone(common().path)
    with rules.of_domain(domain, readonly=True) as (db, name):
        live = assumed.live(db, name, unregistered=unregistered, talking=talking)
    with rules.routing() as reader:
        now = _instant(at, reader, name)
        call = _call(caller, dialled, origin, reader, name)
        if pool is not None and reader.executive(name, pool) is None:
            raise NotFound(f"{pool!r} is no executive: see `esl-router executive list`")
        if sent_by is not None:
            phone = f"{_phone(sent_by, reader, name)}@{name}"
            call = replace(call, sent_by=phone, pool=pool or "", answered=True)
        steps = explain(call, reader, live, now, LegResult(outcome), by_phone.refusal)
    terminal.show(
        _record(call, now, outcome, steps),
        lambda: terminal.print_lines(_lines(call, now, outcome, steps)),
    )


def _instant(text: str | None, reader: Rules, domain: str) -> datetime:
    from zoneinfo import ZoneInfo

    from esl_router.cli.instants import instant

    settings = reader.settings(domain)
    assert settings is not None
    if text is None:
        return datetime.now(ZoneInfo(settings.timezone))
    return instant(text, settings.timezone, "--at")


def _call(caller: str, dialled: str, origin: str | None, reader: Rules, domain: str) -> Call:
    from esl_router.errors import NotFound
    from esl_router.esl import untrusted
    from esl_router.model.call import Call, Caller
    from esl_router.model.numbers import is_extension

    number = untrusted.number(dialled)
    if not number:
        raise NotFound(f"{dialled!r} is nothing that can be dialled")
    account = None if origin == "external" else _account(caller, reader, domain)
    if account is not None:
        user = reader.device_user(domain, account) or ""
        calling = Caller(user, account=account, domain=domain)
        return Call("explain", number, calling, context="internal", internal_context=True)
    if origin == "internal" or (origin is None and is_extension(caller)):
        raise NotFound(
            f"there is no user and no SIP device {caller!r} who could call: see "
            "`esl-router device list`, or say --origin external"
        )
    if caller == "anonymous":
        return Call("explain", number, Caller(anonymous=True), context="public")
    shown = untrusted.number(caller)
    if not shown:
        raise NotFound(
            f"{caller!r} is no extension, no device and no number: see `esl-router device list`"
        )
    return Call("explain", number, Caller(shown), context="public")


def _phone(sender: str, reader: Rules, domain: str) -> str:
    """The SIP account whose user has sent the caller on."""
    from esl_router.errors import NotFound

    account = _account(sender, reader, domain)
    if account is None:
        raise NotFound(f"there is no user and no SIP device {sender!r} who could send callers on")
    return account


def _account(caller: str, reader: Rules, domain: str) -> str | None:
    """The SIP account that calls: ``caller`` itself, or the user's first one."""
    from esl_router.errors import NotFound
    from esl_router.model.people import DeviceKind, Origin

    def accounts(extension: str) -> list[str]:
        rows = reader.follow_me(domain, extension, Origin.INTERNAL)
        return [row.device.name for row in rows if row.device.kind is DeviceKind.SIP]

    owner = reader.device_user(domain, caller)
    if owner is not None and caller in accounts(owner):
        return caller
    if reader.user(domain, caller) is None:
        return None
    own = accounts(caller)
    if not own:
        raise NotFound(f"user {caller} has no SIP device to call from: say --origin external")
    return own[0]


def _lines(
    call: Call, now: datetime, outcome: str, steps: tuple[Step, ...]
) -> Iterator[list[Span]]:
    from esl_router.cli.terminal import Span
    from esl_router.cli.timeline import ASCII, BLOCKS, Bar, colours, draw
    from esl_router.cli.words import action_words, leg_label, leg_note
    from esl_router.model.actions import Ring

    glyphs = BLOCKS if terminal.speaks_unicode() else ASCII
    bullets = ("▸", "·") if glyphs is BLOCKS else (">", "-")
    who = "A withheld number" if call.caller.anonymous else call.caller.number
    device = f" ({call.caller.account})" if call.caller.account else ""
    sender = (call.sent_by or "").partition("@")[0]
    does = f"is sent to {call.dialled} by {sender}" if sender else f"calls {call.dialled}"
    yield [
        Span(f"{who}{device} {does}", "bold"),
        Span(f"  {now:%a %Y-%m-%d %H:%M %Z}"),
    ]
    told = set()
    for step in steps:
        action = step.decision.action
        yield []
        yield [Span(f"{step.at:>3} s  "), Span(action_words(action), "bold")]
        if isinstance(action, Ring):
            yield []
            colour = colours(leg.device for leg in action.legs)
            bars = [
                Bar(leg_label(leg), leg.delay, leg.ends, leg_note(leg), colour=colour[leg.device])
                for leg in action.legs
            ]
            yield from draw(bars, width=terminal.width(), glyphs=glyphs)
            yield []
        # Each step begins with who calls whom again: that is said once.
        for entry in step.decision.trace:
            if entry in told:
                continue
            told.add(entry)
            mark, style = (bullets[0], "") if entry.fired else (bullets[1], "dim")
            yield [Span(f"    {mark} {entry.stage:<10} ", "dim"), Span(entry.text, style)]
        if step.assumed is not None:
            yield [Span(f"    Supposed: {_ASSUMED[outcome]}.", "italic")]
    if steps[-1].assumed is not None:
        yield []
        yield [Span("And so on: it rings longer than is shown here.")]


def _record(call: Call, now: datetime, outcome: str, steps: tuple[Step, ...]) -> dict[str, Any]:
    from esl_router.cli.words import action_record, trace_record

    first = steps[0].decision
    return {
        "call": {
            "from": call.caller.number,
            "account": call.caller.account,
            "anonymous": call.caller.anonymous,
            "dialled": call.dialled,
            "sent_by": (call.sent_by or "").partition("@")[0] or None,
            "pool": call.pool or None,
            "origin": first.origin.value if first.origin else None,
            "domain": first.domain or None,
            "callee": first.callee or None,
        },
        "at": now.isoformat(),
        "assumed": outcome,
        "steps": [
            {
                "second": step.at,
                **action_record(step.decision.action),
                "trace": trace_record(step.decision.trace),
            }
            for step in steps
        ],
    }
