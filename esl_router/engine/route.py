"""The way of one call through the rules: from whom the caller wanted to who gets it.

Nothing is remembered between two decisions but the attempts that the call carries. Each decision
walks the whole way again, with the rules of this moment: whoever has rung already is not rung
again, what came of it counts instead.
"""

from __future__ import annotations

from dataclasses import replace

from esl_router.engine import destination, fallback, followme, presentation, team, trunk, user
from esl_router.engine.fallback import Condition
from esl_router.engine.way import Redirect, Step, Way
from esl_router.model import numbers
from esl_router.model.actions import OVER, Action, Announce, Diversion, Leg, Ring
from esl_router.model.people import User
from esl_router.model.presence import TargetKind
from esl_router.model.team import Team

STAGE = "forwarding"

OUTSIDE_RING = 120
"""Seconds a number outside rings when a user dials it; the far network ends most calls sooner."""

FORWARD_RING = 30
"""Seconds a number outside rings when a call is forwarded to it, unless a rule says otherwise
(D11)."""

# Condition -> the reason in the Diversion header (RFC 5806).
_REASON = {
    Condition.BUSY: "user-busy",
    Condition.TALKING: "user-busy",
    Condition.DECLINED: "user-busy",
    Condition.NO_ANSWER: "no-answer",
    Condition.UNREACHABLE: "unavailable",
    Condition.DND: "do-not-disturb",
    Condition.NOBODY: "unavailable",
    Condition.FORWARD: "unconditional",
    Condition.STATUS: "unconditional",
    Condition.NOT_DISTURBED: "do-not-disturb",
    Condition.NO_ASSISTANT: "no-answer",
    Condition.DEFLECTED: "deflection",
}


def inside(wanted: User | Team, way: Way) -> Action:
    """What comes next for a call to ``wanted``."""
    way.wanted = wanted
    return settle(_step(wanted, way), way)


def settle(step: Step, way: Way) -> Action:
    """The action that a step leads to: redirections are followed."""
    while isinstance(step, Redirect):
        step = _follow(step, way)
    if way.behind is not None and isinstance(step, Ring):
        step = presentation.behind(step, *way.behind, way.situation)
    return step


def outside(number: str, way: Way) -> Action:
    """What comes next for a user's own call to a number outside."""
    situation = way.situation
    settings, trace = situation.settings, situation.trace
    caller, boss = situation.parties.caller, situation.parties.on_behalf
    calling = boss or (situation.rules.user(settings.domain, caller) if caller else None)
    own = calling.numbers[0] if calling and calling.numbers else None
    attempt = way.attempt(number)
    if attempt is not None:
        result = way.result(attempt)
        if result is None:
            return OVER
        legs = trunk.again(attempt, own, situation)
        if not legs:
            return fallback.finish_outside(attempt, result, trace)
        return Ring(settings.domain, number, legs, early_media=True)
    trace.fired("outside", f"{number} is dialled through the trunk.")
    target = trunk.target(number, own, situation, named=boss is not None)
    if numbers.emergency(number, settings.country) and target.caller_number is None:
        # Whoever answers an emergency call must be able to call back.
        target = replace(target, caller_number=own)
    leg = Leg(number, target, ring=OUTSIDE_RING)
    return Ring(settings.domain, number, (leg,), early_media=True)


def _step(wanted: User | Team, way: Way) -> Step:
    return team.step(wanted, way) if isinstance(wanted, Team) else user.step(wanted, way)


def _follow(redirect: Redirect, way: Way) -> Step:
    target, condition = redirect.target, redirect.condition
    way.left.append(condition)
    rules = way.situation.rules
    match target.kind:
        case TargetKind.BUSY:
            return way.end(Condition.REFUSED)
        case TargetKind.ANNOUNCEMENT:
            return Announce(target.value)
        case TargetKind.VOICEMAIL:
            owner = rules.user(redirect.by.domain, target.value) if target.value else None
            owner = owner or (way.wanted if isinstance(way.wanted, User) else None)
            if owner is None:
                return way.end(condition)
            return fallback.voicemail(owner, condition, way.situation.trace)
        case TargetKind.EXTENSION | TargetKind.EXTERNAL:
            return _on(redirect, way)
        case TargetKind.RING:
            return way.end(condition)


def _on(redirect: Redirect, way: Way) -> Step:
    """On to a person, a team or a number outside, where it may go there."""
    why_not = destination.barred(redirect, way)
    if why_not is not None:
        way.situation.trace.fired(STAGE, why_not.why)
        return way.end(why_not.condition)
    _redirected(redirect, way)
    extension = destination.extension(redirect, way)
    found = destination.somebody(redirect, extension, way) if extension else None
    if found is None:
        return _to_outside(redirect, redirect.target.value, way)
    if isinstance(found, User) and isinstance(way.wanted, Team):
        # A team has no mailbox: whom it hands a caller to is whom he gets.
        way.wanted = found
    return _step(found, way)


def _to_outside(redirect: Redirect, number: str, way: Way) -> Action:
    situation = way.situation
    settings, trace = situation.settings, situation.trace
    own = redirect.by.numbers[0] if redirect.by.numbers else None
    attempt = way.attempt(number)
    if attempt is not None:
        result = way.result(attempt)
        if result is None:
            return OVER
        legs = trunk.again(attempt, own, situation)
        if not legs:
            return way.end(fallback.CONDITION[result])
        return Ring(settings.domain, number, legs, mailbox=way.mailbox, redecide=way.redecide())
    if followme.forwards_full(number, situation):
        trace.fired(STAGE, f"As many calls are forwarded to {number} already as may be.")
        return way.end(Condition.UNREACHABLE)
    target = trunk.target(number, own, situation)
    seconds = FORWARD_RING if way.ring_limit is None else way.ring_limit
    seconds -= way.rung(number)  # before it was decided anew
    if seconds < 1:
        return way.end(Condition.NO_ANSWER)
    leg = Leg(number, target, ring=seconds, diversion=way.diversion)
    redecide = way.redecide()
    return Ring(settings.domain, number, (leg,), mailbox=way.mailbox, redecide=redecide)


def _redirected(redirect: Redirect, way: Way) -> None:
    """Count one more redirection."""
    count = way.redirection.count
    way.hops += 1
    way.forwarder = redirect.by.extension
    _limit(redirect.by, way)
    reason = _REASON[redirect.condition]
    way.diversion = Diversion(followme.identity(redirect.by), reason, count + 1, way.diversion)


def _limit(by: User | Team, way: Way) -> None:
    """Where his forwards have a ring time, it holds for everybody behind them."""
    settings = way.situation.settings
    own = by.forward_ring if isinstance(by, User) else None
    seconds = settings.forward_ring if own is None else own
    if seconds is not None and (way.ring_limit is None or seconds < way.ring_limit):
        way.ring_limit = seconds
        text = f"Where {by.extension} forwards to is rung for {seconds} s at most."
        way.situation.trace.fired(STAGE, text)
