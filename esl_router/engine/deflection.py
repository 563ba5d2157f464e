"""A phone that answers a call with another address: 301, 302 (O5).

The switch follows no such answer: it would pass the toll policy, the loop guard and everything
else that is decided here. Of a device that may redirect, the number in the address is taken for a
call forward of its user's. What a phone writes is believed no more than what a caller writes.
"""

from __future__ import annotations

from esl_router.engine.fallback import Condition
from esl_router.engine.way import Redirect, Way
from esl_router.model import numbers
from esl_router.model.call import Attempt, LegResult
from esl_router.model.people import User
from esl_router.model.presence import Target, TargetKind

STAGE = "deflection"


def redirect(user: User, attempt: Attempt, way: Way) -> Redirect | None:
    """Where a phone of his has sent the call; None: nowhere, or where it may not go."""
    trace = way.situation.trace
    for outcome in attempt.outcome.legs:
        if outcome.result is not LegResult.REDIRECTED:
            continue
        device, number = outcome.leg.device, outcome.redirect
        if not outcome.leg.redirect:
            trace.passed(STAGE, f"{device} answered with another address: it may not redirect.")
            continue
        if not number:
            trace.passed(STAGE, f"{device} answered with another address, without a number.")
            continue
        target = _target(number, user, way)
        why_not = _refused(target, way) if target else "that is no number"
        if target is None or why_not:
            trace.passed(STAGE, f"{device} sends the call to {number}: {why_not}.")
            continue
        trace.fired(STAGE, f"{device} sends the call to {target}.")
        return Redirect(user, target, Condition.DEFLECTED)
    return None


def _target(number: str, user: User, way: Way) -> Target | None:
    rules, settings = way.situation.rules, way.situation.settings
    if numbers.is_extension(number) and (
        rules.user(user.domain, number) or rules.team(user.domain, number)
    ):
        return Target(TargetKind.EXTENSION, number)
    outside = numbers.outside(number, settings.country)
    if outside is None:
        return None
    owner = rules.owner_of(outside)
    if owner is not None and owner[0] == user.domain:
        return Target(TargetKind.EXTENSION, owner[1])
    return Target(TargetKind.EXTERNAL, outside)


def _refused(target: Target, way: Way) -> str:
    """Why the call may not go there, in words; empty: it may."""
    situation, value = way.situation, target.value
    if value in way.visited:
        return "the call has been there already"
    if value in (situation.parties.caller, situation.number):
        return "that is the caller himself"
    if target.kind is TargetKind.EXTERNAL and not situation.settings.toll.permits(value):
        return "the toll policy forbids it"
    if way.redirection.count >= situation.settings.max_redirects:
        return f"the call was redirected {way.redirection.count} times already"
    return ""
