"""One user: his caller list, his assistants, his status, busy on busy, and his phones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from esl_router.engine import (
    alert,
    busy,
    callers,
    deflection,
    executive,
    fallback,
    followme,
    prelude,
    trunk,
    unconditional,
)
from esl_router.engine.fallback import Condition
from esl_router.engine.presence import Effective, effective, is_himself, sent_away
from esl_router.engine.way import Redirect, Step, Way
from esl_router.model.actions import OVER, Ring, Voicemail
from esl_router.model.call import Attempt, RingResult
from esl_router.model.people import CallerAction, User
from esl_router.model.presence import Forward, Profile, Status, TargetKind

# Why nobody has the call -> the forward that takes it. What came round in a circle goes nowhere.
_FORWARD = {
    Condition.BUSY: Forward.BUSY,
    Condition.TALKING: Forward.BUSY,
    Condition.DECLINED: Forward.BUSY,
    Condition.NO_ANSWER: Forward.NO_ANSWER,
    Condition.UNREACHABLE: Forward.UNREGISTERED,
    Condition.DND: Forward.ALWAYS,
    Condition.NOBODY: Forward.UNREGISTERED,
    Condition.STATUS: Forward.ALWAYS,
    Condition.NOT_DISTURBED: Forward.ALWAYS,
}


def step(user: User, way: Way) -> Step:
    """What ``user`` makes of the call."""
    situation = way.situation
    way.visited.add(user.extension)
    verdict = callers.verdict(user, situation)
    if verdict is CallerAction.BLOCK:
        return way.end(Condition.REFUSED)
    if user.extension == situation.parties.caller and not way.hops:
        verdict = CallerAction.RING  # his own status and calls do not keep him from himself
    presence = situation.rules.presence(user.domain, user.extension)
    current = effective(presence, situation.now)
    profile = presence.profile(current.status)
    attempt = way.attempt(user.extension)
    if attempt is not None and not prelude.alerted(attempt):
        return _rang(user, current, profile, attempt, way, always=verdict is not None)
    if attempt is not None and way.result(attempt) is None:
        return OVER
    if presence.calendar is not None and presence.calendar.unread_since is not None:
        since = presence.calendar.unread_since.isoformat(timespec="seconds")
        why = f"The calendar of {user.extension} cannot be read since {since}"
        situation.trace.passed("presence", f"{why}: what was known of it holds.")
    for stage in _BEFORE_HIS_PHONES if verdict is None else ():
        taken = stage(user, current, profile, way)
        if taken is not None:
            return taken
    return _phones(user, profile, presence.profile(Status.DND), way)


def _rang(
    user: User, current: Effective, profile: Profile, attempt: Attempt, way: Way, *, always: bool
) -> Step:
    """``always``: the caller gets through whatever the status."""
    result = way.result(attempt)
    if result is None:
        return OVER
    executive.remember(user, way)
    deflected = None
    if result is not RingResult.DECLINED:  # then he has refused the call on another phone
        ring = _ring_again(
            user, attempt, way, lambda: always or not _keeps_away(user, current, profile, way)
        )
        if ring is not None:
            return ring
        deflected = deflection.redirect(user, attempt, way)
    if deflected is not None:
        return deflected
    if result is RingResult.NO_ANSWER:
        return _silent(user, profile, way)
    return _unanswered(user, profile, fallback.CONDITION[result], way)


def _silent(user: User, profile: Profile, way: Way) -> Step:
    if way.rang_out(user, way.rung(user.extension)):
        return way.end(Condition.NO_ANSWER)  # it is the forward that gives up, and not he
    return _unanswered(user, profile, Condition.NO_ANSWER, way)


def _keeps_away(user: User, current: Effective, profile: Profile, way: Way) -> bool:
    """Whether what holds by now would not let his phones begin to ring."""
    situation = way.situation
    if unconditional.forward(user, situation) is not None or busy.is_busy(user, situation):
        return True
    away = sent_away(user, current, profile, situation.parties.origin)
    if away is None or executive.gets_through(user, current, situation):
        return False
    situation.trace.fired("presence", f"{user.extension} {current.reason} by now.")
    return True


# -- what takes a call before his phones ring; None: it does not --------------------------------


def _assistants(user: User, current: Effective, profile: Profile, way: Way) -> Step | None:
    return executive.step(user, way, before_forwarding=True)


def _forward(user: User, current: Effective, profile: Profile, way: Way) -> Step | None:
    forward = unconditional.forward(user, way.situation)
    if forward is None:
        return None
    redirect = Redirect(user, forward.to, Condition.FORWARD)
    return prelude.before_forward(redirect, forward, way) or redirect


def _status(user: User, current: Effective, profile: Profile, way: Way) -> Step | None:
    trace = way.situation.trace
    target = sent_away(user, current, profile, way.situation.parties.origin)
    if target is not None and executive.gets_through(user, current, way.situation):
        return None
    if target is not None:
        trace.fired("presence", f"{user.extension} {current.reason}: calls go to {target}.")
        redirect = Redirect(user, target, fallback.sent_away(current.status))
        way.by_clock = way.by_clock or (not way.left and current.by_clock)
        first = prelude.before(redirect, profile, way)
        if first is not None:
            way.left.append(redirect.condition)
        return first or redirect
    if current.status is not Status.AVAILABLE:
        why = f"{user.extension} {current.reason}"
        trace.passed("presence", f"{why}, and calls ring all the same.")
    return None


def _assistants_after(user: User, current: Effective, profile: Profile, way: Way) -> Step | None:
    return executive.step(user, way, before_forwarding=False)


def _busy(user: User, current: Effective, profile: Profile, way: Way) -> Step | None:
    if busy.is_busy(user, way.situation):
        return _unanswered(user, profile, Condition.TALKING, way)
    return None


_BEFORE_HIS_PHONES = (_assistants, _forward, _status, _assistants_after, _busy)
"""In the order of the decision. A caller who always gets through passes all of them."""


# -- his phones ---------------------------------------------------------------------------------


def _phones(user: User, profile: Profile, dnd: Profile, way: Way) -> Step:
    situation = way.situation
    trace, origin = situation.trace, situation.parties.origin
    limit, rung = way.ring_time(profile.ringing_ends(origin)), way.rung(user.extension)
    if limit is not None and rung and limit <= rung:
        trace.fired(followme.STAGE, f"{user.extension} was rung for {rung} s before.")
        return _silent(user, profile, way)
    rows = situation.rules.follow_me(user.domain, user.extension, origin)
    if rung:  # it was decided anew meanwhile, and goes on from there
        rows = tuple(replace(row, delay=max(0, row.delay - rung)) for row in rows)
    refused = alert.refused(user, rows, situation)
    rows = tuple(row for row in rows if row.device.name not in refused)
    if refused and not rows:
        return _unanswered(user, profile, Condition.DECLINED, way)
    plan = followme.plan(
        user,
        origin,
        situation,
        way.redirection,
        rows=rows,
        limit=None if limit is None else limit - rung,
        wake=True,
    )
    if plan.legs:
        return Ring(
            user.domain,
            user.extension,
            plan.legs,
            user.decline,
            way.mailbox,
            redecide=way.redecide(user),
        )
    if situation.parties.caller == user.extension and user.voicemail and not way.hops:
        trace.fired(followme.STAGE, f"{user.extension} calls himself: he hears his voicemail.")
        return Voicemail(user.domain, user.extension, login=True)
    if plan.skipped and plan.all_skipped_for(followme.Skip.DISABLED, followme.Skip.DND):
        trace.fired(followme.STAGE, "No phone wants this call.")
        return _unanswered(user, dnd, Condition.DND, way)
    trace.fired(followme.STAGE, "There is no phone to ring.")
    return _unanswered(user, profile, Condition.UNREACHABLE, way)


def _ring_again(
    user: User, attempt: Attempt, way: Way, may_ring: Callable[[], bool]
) -> Ring | None:
    """His numbers outside that the trunk has refused because the caller is anonymous (X73). By now
    his other phones have rung; ``may_ring`` says whether he takes calls still."""
    own = user.numbers[0] if user.numbers else None
    permits = way.situation.settings.toll.permits
    again = trunk.again(attempt, own, way.situation)
    legs = followme.without_gaps(leg for leg in again if permits(followme.rings(leg)))
    if way.ring_limit is not None:
        legs = followme.within(legs, way.ring_limit - way.rung(user.extension))
    if not legs or not may_ring():
        return None
    for leg in legs:
        way.situation.trace.fired(followme.STAGE, f"{leg.device} {followme.in_words(leg)}.")
    return Ring(
        user.domain,
        user.extension,
        tuple(legs),
        user.decline,
        way.mailbox,
        redecide=way.redecide(user),
    )


def _unanswered(user: User, profile: Profile, condition: Condition, way: Way) -> Step:
    forward, origin = _FORWARD.get(condition), way.situation.parties.origin
    target = None if forward is None else profile.target(origin, forward)
    if target is None or target.kind is TargetKind.RING:
        return way.end(condition)
    if forward is Forward.ALWAYS and is_himself(target, user):
        return way.end(condition)
    way.situation.trace.fired(
        "forwarding", f"{user.extension} forwards to {target} because {condition.value}."
    )
    return Redirect(user, target, condition)
