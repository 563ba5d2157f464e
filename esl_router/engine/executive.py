"""The filter of an executive: which calls go to his assistants, and what follows them (G, K)."""

from __future__ import annotations

from esl_router.engine import fallback, part, pool, unconditional
from esl_router.engine.fallback import Condition
from esl_router.engine.presence import Effective, effective
from esl_router.engine.situation import Situation
from esl_router.engine.way import Redirect, Step, Way
from esl_router.model import numbers
from esl_router.model.actions import OVER, Ring
from esl_router.model.executive import (
    Criterion,
    Executive,
    Filter,
    NoAssistant,
    RolloverAction,
)
from esl_router.model.people import Origin, User
from esl_router.model.presence import Forward, Status, TargetKind

STAGE = "executive"

_ORIGINS = {
    Filter.ALL: tuple(Origin),
    Filter.INTERNAL: (Origin.INTERNAL,),
    Filter.EXTERNAL: (Origin.EXTERNAL,),
}


def step(user: User, way: Way, *, before_forwarding: bool) -> Step | None:
    """What the filter of ``user`` makes of the call; None: nothing, his own rules take it.

    Asked twice, before his own forwarding and after it: it answers where its setting says.
    """
    situation = way.situation
    executive = situation.rules.executive(user.domain, user.extension)
    if executive is None or executive.before_forwarding is not before_forwarding:
        return None
    rounds = pool.rounds(executive, situation.call)
    ended = [attempt for attempt, _ in rounds if not attempt.cut_off]
    if ended:
        # Whether it is filtered was decided when the assistants began to ring.
        if way.result(ended[-1], of_team=True) is None:
            return OVER
    elif not _filters(executive, user, way):
        return None
    ring = pool.ring(executive, user, way)
    if ring is not None:
        return ring
    if rounds and way.rang_out(user, pool.lasted(rounds)):
        return way.end(Condition.NO_ANSWER)
    if not ended and not pool.had_time(executive, user, rounds):
        words = "No assistant can be rung"
        if executive.no_assistant is NoAssistant.EXECUTIVE:
            situation.trace.fired(STAGE, f"{words}: it is {user.extension}'s own call.")
            return None
        situation.trace.fired(STAGE, f"{words}: the call rolls over at once.")
    return roll_over(executive, user, way)


def remember(user: User, way: Way) -> None:
    """Where the phones of ``user`` have rung after his assistants', what he set for whom the caller
    sees holds wherever the call goes from there (I8)."""
    rings = (each.action for each in way.situation.call.attempts)
    if not any(isinstance(ring, Ring) and ring.pool == user.extension for ring in rings):
        return
    executive = way.situation.rules.executive(user.domain, user.extension)
    if executive is not None:
        way.behind = (executive, user)


def gets_through(user: User, current: Effective, situation: Situation) -> bool:
    """Whether the caller rings the phones of ``user`` although he is on do not disturb: as his
    assistant, where he lets them (X41). Whoever an assistant sends on does not."""
    caller = situation.parties.caller
    # Where something else of his sends every call, do not disturb is not what keeps it away.
    if caller is None or current.status is not Status.DND or current.forward is not None:
        return False
    executive = situation.rules.executive(user.domain, user.extension)
    if executive is None or not executive.assistant_breaks_dnd:
        return False
    if executive.assistant(caller) is None or unconditional.holds(user, situation):
        return False
    text = f"{user.extension} {current.reason}: {caller}, his assistant, gets through."
    situation.trace.fired(STAGE, text)
    return True


def _filters(executive: Executive, user: User, way: Way) -> bool:
    """Whether the call goes to the assistants. The trace says why, criterion by criterion."""
    situation, whose = way.situation, executive.extension
    trace = situation.trace
    if not executive.enabled:
        trace.passed(STAGE, f"The filter of {whose} is off.")
        return False
    if not executive.assistants:
        trace.passed(STAGE, f"{whose} has no assistants: the filter does nothing.")
        return False
    bypass = _bypass(executive, user, way)
    if bypass:
        trace.fired(STAGE, f"The filter of {whose} is passed: {bypass}.")
        return False
    if executive.filter is Filter.CUSTOM:
        return _custom(executive, situation)
    origin = situation.parties.origin
    filtered = origin in _ORIGINS[executive.filter]
    words = "filtered" if filtered else "not filtered"
    text = f"{whose} filters {executive.filter.value} calls: this {origin.value} one is {words}."
    if filtered:
        trace.fired(STAGE, text)
    else:
        trace.passed(STAGE, text)
    return filtered


def _bypass(executive: Executive, user: User, way: Way) -> str:
    """Why the caller passes the filter whatever it says; empty: he does not."""
    situation = way.situation
    caller = situation.parties.caller
    if caller == executive.extension:
        return "he calls himself"
    dialled = situation.call.dialled
    if user.fax_numbers and not numbers.dialled(dialled, situation.settings.country).isdisjoint(
        user.fax_numbers
    ):
        return f"{dialled} is his fax number"
    for extension, what in (
        (caller, ""),
        (situation.sender, ", and sent the caller here"),
        (way.forwarder, ", and forwards the call here"),
    ):
        role = part.takes(extension, executive, situation.rules) if extension else ""
        if role:
            return role + what
    return ""


def _custom(executive: Executive, situation: Situation) -> bool:
    """Let-through wins over filter, whatever the order (G4)."""
    trace = situation.trace
    hits: list[Criterion] = []
    for criterion in executive.criteria:
        why_not = "it is not active" if not criterion.active else _fails(criterion, situation)
        what = "filters" if criterion.filter else "lets through"
        if why_not:
            trace.passed(STAGE, f'Criterion "{criterion.name}" ({what}) does not count: {why_not}.')
        else:
            trace.fired(STAGE, f'Criterion "{criterion.name}" {what} the call.')
            hits.append(criterion)
    if not hits:
        trace.passed(STAGE, f"No criterion of {executive.extension} filters the call.")
    return bool(hits) and all(criterion.filter for criterion in hits)


def _fails(criterion: Criterion, situation: Situation) -> str:
    """Why a criterion does not hold, in words; empty: it does. All its parts must (G3)."""
    origin = situation.parties.origin
    if criterion.origin is not None and origin is not criterion.origin:
        return f"the caller is {origin.value}"
    if not _calls(criterion, situation):
        return f"{_who(situation)} is not among its callers"
    if criterion.dialled and not _dialled(criterion, situation):
        return f"{situation.call.dialled} was dialled"
    if criterion.schedule is not None and not criterion.schedule.is_open(situation.now):
        return f"it is outside the hours of {criterion.schedule.name}"
    if criterion.holidays is not None and not criterion.holidays.is_closed_day(situation.now):
        return f"today is no closed day of {criterion.holidays.name}"
    return ""


def _calls(criterion: Criterion, situation: Situation) -> bool:
    who = (criterion.numbers, criterion.anonymous, criterion.unavailable, criterion.contact)
    if not any(who):
        return True
    if situation.call.caller.anonymous:
        return criterion.anonymous
    if not situation.number:
        return criterion.unavailable
    if any(numbers.matches(pattern, situation.number) for pattern in criterion.numbers):
        return True
    if not criterion.contact:
        return False
    domain = situation.settings.domain
    return situation.rules.contact_name(domain, situation.number) == criterion.contact


def _who(situation: Situation) -> str:
    if situation.call.caller.anonymous:
        return "a caller who withholds his number"
    return situation.number or "a caller without a number"


def _dialled(criterion: Criterion, situation: Situation) -> bool:
    spellings = numbers.dialled(situation.call.dialled, situation.settings.country)
    return any(
        numbers.matches(pattern, text) for pattern in criterion.dialled for text in spellings
    )


def roll_over(executive: Executive, user: User, way: Way) -> Step | None:
    """What becomes of a call that no assistant answered; None: his own rules take it (K)."""
    rollover, trace, whose = executive.rollover, way.situation.trace, user.extension
    way.behind = (executive, user)
    if rollover.action is not RolloverAction.EXECUTIVE:
        way.left.append(Condition.NO_ASSISTANT)
    match rollover.action:
        case RolloverAction.VOICEMAIL:
            return fallback.voicemail(user, Condition.NO_ASSISTANT, trace)
        case RolloverAction.BUSY:
            return fallback.code(Condition.REFUSED, trace)
        case RolloverAction.NO_ANSWER:
            return _unanswered(user, way)
        case RolloverAction.TARGET if rollover.target is not None:
            trace.fired(STAGE, f"The call of {whose} rolls over to {rollover.target}.")
            return Redirect(user, rollover.target, Condition.NO_ASSISTANT)
    trace.fired(STAGE, f"The call rolls over to {whose} himself.")
    return None


def _unanswered(user: User, way: Way) -> Step:
    """The executive's own no-answer forward, or his mailbox (K4)."""
    situation = way.situation
    presence = situation.rules.presence(user.domain, user.extension)
    profile = presence.profile(effective(presence, situation.now).status)
    target = profile.target(situation.parties.origin, Forward.NO_ANSWER)
    if target is None or target.kind is TargetKind.RING:
        return fallback.voicemail(user, Condition.NO_ASSISTANT, situation.trace)
    situation.trace.fired(
        STAGE, f"The call rolls over to the no-answer forward of {user.extension}: {target}."
    )
    return Redirect(user, target, Condition.NO_ASSISTANT)
