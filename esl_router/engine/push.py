"""Handing a caller of the pool to the executive, and taking him back (J1-J6).

An assistant sends the caller on to the feature code, or dials it himself to ask first. Only the
caller who was sent on comes back: whoever was dialled for a question is still on the assistant's
own phone, and so is the caller.
"""

from __future__ import annotations

from dataclasses import replace

from esl_router.engine import (
    busy,
    executive,
    fallback,
    followme,
    part,
    pool,
    presentation,
    route,
    unconditional,
)
from esl_router.engine.fallback import Condition
from esl_router.engine.presence import effective, sent_away
from esl_router.engine.retrieve import callers
from esl_router.engine.way import Redirect, Step, Way
from esl_router.model.actions import FORBIDDEN, OVER, Ring
from esl_router.model.call import Attempt, Call
from esl_router.model.executive import AlertExecutive, Executive, RolloverAction
from esl_router.model.people import DeclineScope, Origin, Redecide, User

STAGE = "push"


def step(argument: str, way: Way) -> Step:
    """What comes next for a caller who was sent to the code, or an assistant who dialled it.

    ``argument`` is what was dialled behind the code: the executive, where an assistant has several.
    """
    situation = way.situation
    sender = situation.sender
    by = sender or situation.parties.caller
    person = situation.rules.user(situation.settings.domain, by) if by else None
    if person is None:
        situation.trace.fired(STAGE, "Only an assistant can hand a call over.")
        return FORBIDDEN
    found = _executive(person, argument, way)
    if sender is None:
        if found is None:
            return FORBIDDEN
        way.visited |= {person.extension, found[1].extension}
        return _ask(*found, person, way)
    way.wanted = person if found is None else found[1]
    if found is None:
        return _back(person, None, way)
    way.visited |= {person.extension, found[1].extension}
    return _hand(*found, person, way)


def _executive(person: User, argument: str, way: Way) -> tuple[Executive, User] | None:
    """Whose caller it is, by what was dialled, by the call itself, or because there is one only."""
    situation = way.situation
    rules, domain, trace = situation.rules, person.domain, situation.trace
    held = _held(person, way)
    extension = argument or next(iter(held), None) or _only(person, way)
    if extension is None:
        return None
    found = rules.executive(domain, extension)
    role = part.takes(person.extension, found, rules) if found else ""
    if not role and extension in held:
        # Who is logged out in mid-call, or diverts no more, still has the caller.
        role = f"{person.extension} has a caller of {extension}'s"
    user = rules.user(domain, extension) if role else None
    if found is None or user is None:
        whom = f"{extension} is no executive of his"
        trace.fired(STAGE, f"{person.extension} hands over to an executive, but {whom}.")
        return None
    trace.passed(STAGE, f"{role}.")
    return found, user


def _held(person: User, way: Way) -> tuple[str, ...]:
    """The executives through whose pool his caller, or who waits on his phone, came to him."""
    situation = way.situation
    rules = situation.rules
    pools = (situation.call.pool, *(whose for _, whose in callers(person, situation)))
    return tuple(
        each
        for each in pools
        if each and each != person.extension and rules.executive(person.domain, each) is not None
    )


def _only(person: User, way: Way) -> str | None:
    """The one executive of an assistant whose caller is a private one: he may send him past the
    filter all the same, and so he may here."""
    situation, whose = way.situation, person.extension
    bosses = situation.rules.executives_of(person.domain, whose)
    if len(bosses) == 1:
        words = f"The caller is {whose}'s own: he hands him over as he might send him there"
        situation.trace.passed(STAGE, f"{words}.")
        return bosses[0]
    why = f"{whose} is nobody's assistant"
    if bosses:
        why = f"{whose} hands over to an executive, but which one is not said"
    situation.trace.fired(STAGE, f"{why}.")
    return None


def _ring(boss: Executive, user: User, person: User, way: Way) -> Ring | None:
    """The executive's phones, past his filter, or where he forwards every call; None: nobody can
    be reached. ``person`` is the assistant."""
    situation = way.situation
    trace = situation.trace
    away = _sends_away(user, way)
    if away is not None:
        way.left.append(away.condition)
        return _elsewhere(boss, user, away, person, way) if boss.push_follows_forward else None
    if busy.is_busy(user, situation):
        if not boss.push_ignores_bob:
            way.left.append(Condition.TALKING)
            return None
        trace.fired(STAGE, f"{user.extension} is rung all the same: an assistant hands over.")
    seconds = boss.push_recall - way.rung(user.extension)  # before it was decided anew
    if seconds < 1:
        way.left.append(Condition.NO_ANSWER)
        return None
    plan = followme.plan(
        user,
        situation.parties.origin,
        situation,
        way.redirection,
        limit=seconds,
        fill=True,
        wake=True,
    )
    if not plan.legs:
        trace.fired(STAGE, f"No phone of {user.extension} can be rung.")
        way.left.append(Condition.UNREACHABLE)
        return None
    legs = presentation.connected(followme.confirmed(plan.legs), boss, user, situation)
    redecide = Redecide.NEVER if boss.push_ignores_bob else way.redecide(user)
    return Ring(user.domain, user.extension, legs, user.decline, way.mailbox, redecide=redecide)


def _sends_away(user: User, way: Way) -> Redirect | None:
    """Where he forwards every call of this origin; None: nowhere."""
    situation = way.situation
    forward = unconditional.forward(user, situation)
    if forward is not None:
        return Redirect(user, forward.to, Condition.FORWARD)
    presence = situation.rules.presence(user.domain, user.extension)
    current = effective(presence, situation.now)
    target = sent_away(user, current, presence.profile(current.status), situation.parties.origin)
    if target is None or executive.gets_through(user, current, situation):
        return None
    situation.trace.fired(STAGE, f"{user.extension} {current.reason}: his calls go to {target}.")
    way.by_clock = current.by_clock
    return Redirect(user, target, fallback.sent_away(current.status))


def _elsewhere(
    boss: Executive, user: User, redirect: Redirect, person: User, way: Way
) -> Ring | None:
    """The ringing where he forwards his calls, for as long as his own phones would ring; None:
    nobody is rung there. A caller in a mailbox would not come back (J3)."""
    situation, target = way.situation, redirect.target
    # What the call meets there must not cling to it when it comes back.
    aside = Way(situation, redirect.by)
    aside.visited.add(boss.extension)
    aside.behind, aside.straight = (boss, user), True
    situation.trace.fired(STAGE, f"The call goes where {boss.extension} forwards his: {target}.")
    found = route.settle(redirect, aside)
    if not isinstance(found, Ring) or found.callee == person.extension:
        situation.trace.fired(STAGE, f"Nobody rings at {target}.")
        return None
    way.effects = aside.effects
    way.visited |= aside.visited
    legs = followme.confirmed(followme.within(list(found.legs), boss.push_recall))
    return replace(found, legs=legs, redecide=Redecide.NEVER)


def _ended(boss: Executive, call: Call) -> list[Attempt]:
    """What was tried, but for rings at the executive's that were cut off to decide anew."""
    return [
        attempt
        for attempt in call.attempts
        if not attempt.cut_off
        or not isinstance(attempt.action, Ring)
        or attempt.action.pool
        or attempt.action.callee != boss.extension
    ]


def _pushed(boss: Executive, call: Call, person: User) -> Attempt | None:
    """The ring at the executive's, or where he forwards his calls; None: there was none."""
    attempt = next(iter(_ended(boss, call)), None)
    if attempt is None or not isinstance(attempt.action, Ring):
        return None
    ring = attempt.action
    back = ring.callee == person.extension or ring.pool == boss.extension
    return None if back else attempt


def _ask(boss: Executive, user: User, person: User, way: Way) -> Step:
    """The assistant calls to ask first; his caller waits on his own phone."""
    trace = way.situation.trace
    attempt = _pushed(boss, way.situation.call, person)
    if attempt is not None:
        result = way.result(attempt)
        if result is None:
            return OVER
        return fallback.code(fallback.CONDITION[result], trace)
    trace.fired(STAGE, f"{person.extension} asks {user.extension} to take a call.")
    return _ring(boss, user, person, way) or fallback.code(Condition.UNREACHABLE, trace)


def _hand(boss: Executive, user: User, person: User, way: Way) -> Step:
    trace = way.situation.trace
    attempt = _pushed(boss, way.situation.call, person)
    if attempt is None:
        trace.fired(STAGE, f"{person.extension} hands the caller to {user.extension}.")
        ring = None if _ended(boss, way.situation.call) else _ring(boss, user, person, way)
        return ring or _back(person, (boss, user), way)
    if way.result(attempt) is None:
        return OVER
    return _back(person, (boss, user), way)


def _back(person: User, to: tuple[Executive, User] | None, way: Way) -> Step:
    """The caller comes back to the assistant who had him; then to the others; then on (J2-J5)."""
    situation = way.situation
    attempt = way.attempt(person.extension)
    if attempt is not None:
        if way.result(attempt) is None:
            return OVER
        return _others(person, *to, way) if to else way.end(Condition.NO_ANSWER)
    situation.trace.fired(STAGE, f"The caller comes back to {person.extension}.")
    # Neither his status nor another call keeps a caller from him to whom he has spoken (X62).
    plan = followme.plan(person, Origin.INTERNAL, situation, way.redirection, wake=True)
    if not plan.legs:
        return _others(person, *to, way) if to else way.end(Condition.UNREACHABLE)
    legs = followme.confirmed(plan.legs)
    if to is not None:
        legs = presentation.connected(legs, *to, situation, person.extension)
    return Ring(
        person.domain,
        person.extension,
        legs,
        DeclineScope.DEVICE,
        way.mailbox,
        caller_name=f"{situation.settings.labels.recall}{presentation.calling_name(situation)}",
        pool=to[1].extension if to else "",
    )


def _others(person: User, boss: Executive, user: User, way: Way) -> Step:
    """The other assistants, as for any call of the pool, and then the rollover."""
    rings = pool.rounds(boss, way.situation.call)
    ended = [attempt for attempt, _ in rings if not attempt.cut_off]
    if ended and way.result(ended[-1], of_team=True) is None:
        return OVER
    # The executive has been asked already.
    others = replace(
        boss, alert_executive=AlertExecutive.NONE, parallel_mobile=False, parallel_other=False
    )
    had = {person.extension, *part.parts(person.extension, boss, way.situation.rules)}
    ring = pool.ring(others, user, way, had=frozenset(had))
    if ring is not None:
        return ring
    if boss.rollover.action in _TO_HIS_MAILBOX:
        return fallback.voicemail(user, Condition.NO_ASSISTANT, way.situation.trace)
    return executive.roll_over(boss, user, way) or way.end(Condition.NO_ASSISTANT)


# A caller who has been spoken to hears no busy tone, and the executive has not answered before.
_TO_HIS_MAILBOX = (None, RolloverAction.BUSY, RolloverAction.EXECUTIVE)
