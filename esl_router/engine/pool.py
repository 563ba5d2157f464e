"""Ringing the assistants of an executive, after him or along with him (H, I, J10-J13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from esl_router.engine import alert, busy, followme, part, presentation, trunk
from esl_router.engine.presence import effective, sent_away
from esl_router.engine.situation import DIRECT, Redirection, Situation
from esl_router.engine.way import Way
from esl_router.model.actions import Asleep, Diversion, Leg, Outside, Ring
from esl_router.model.call import Attempt, Call, LegOutcome, LegResult
from esl_router.model.executive import (
    Alerting,
    Assistant,
    AssistantDevices,
    Executive,
    NoAssistant,
    RolloverAction,
)
from esl_router.model.people import Origin, User
from esl_router.model.presence import Status

STAGE = "pool"


@dataclass(frozen=True, slots=True)
class Lineup:
    """Who of a pool rings for one call."""

    legs: tuple[Leg, ...]
    passed: Mapping[str, str] = field(default_factory=dict)
    """Which assistant does not ring, and why, in words."""


def rounds(executive: Executive, call: Call) -> tuple[tuple[Attempt, Ring], ...]:
    """The rings of his assistants so far."""
    return tuple(
        (attempt, attempt.action)
        for attempt in call.attempts
        if isinstance(attempt.action, Ring)
        and attempt.action.to_assistants
        and attempt.action.callee == executive.extension
    )


def rung(rings: Iterable[tuple[Attempt, Ring]]) -> frozenset[str]:
    """The assistants who have had their turn."""
    return frozenset(leg.leg.owner for leg in _over(rings))


def _over(rings: Iterable[tuple[Attempt, Ring]]) -> tuple[LegOutcome, ...]:
    """The legs that do not ring again."""
    attempts = [attempt for attempt, _ in rings]
    untold = trunk.untold(attempts)
    legs = (leg for attempt in attempts for leg in attempt.outcome.legs)
    return tuple(leg for leg in legs if leg.result not in _AGAIN and leg not in untold)


def _had_it(executive: Executive, rings: Iterable[tuple[Attempt, Ring]]) -> set[str]:
    """The phones and numbers that have rung for an assistant: they ring for no other one (X52)."""
    return {followme.rings(leg.leg) for leg in _over(rings) if leg.leg.owner != executive.extension}


_AGAIN = (LegResult.ELSEWHERE, LegResult.CANCELLED)
"""What ended a leg whose phone is to ring again: he has not had his turn."""


def lasted(rings: Iterable[tuple[Attempt, Ring]]) -> int:
    """Seconds that these rings have taken."""
    return round(sum(attempt.outcome.lasted for attempt, _ in rings))


def left(executive: Executive, user: User, rings: Iterable[tuple[Attempt, Ring]]) -> int | None:
    """Seconds until the rollover; None: no time is set for it."""
    seconds = executive.rollover.after
    if seconds is None:
        return None
    return seconds - round(sum(_waited(attempt, ring, user) for attempt, ring in rings))


def had_time(executive: Executive, user: User, rings: Iterable[tuple[Attempt, Ring]]) -> bool:
    """Whether an assistant has had his turn, or all of them their time."""
    rings = tuple(rings)
    seconds = left(executive, user, rings)
    return bool(rung(rings) - {user.extension}) or (seconds is not None and seconds < 1)


def ring(
    executive: Executive, user: User, way: Way, had: frozenset[str] = frozenset()
) -> Ring | None:
    """The next ring of the pool, up to the rollover; None: it is time for that, or nobody is left.

    ``user`` is the executive. Whoever has had his turn is not rung again, nor are those in ``had``.
    """
    situation = way.situation
    rings = rounds(executive, situation.call)
    ended = any(not attempt.cut_off for attempt, _ in rings)
    first = 0 if ended or had else max(0, executive.executive_first - lasted(rings))
    had |= rung(rings)
    seconds = left(executive, user, rings)
    if way.ring_limit is not None:
        rest = way.ring_limit - lasted(rings)
        first = first if first < rest else 0
        seconds = rest - first if seconds is None else min(seconds, rest - first)
    if seconds is not None and seconds < 1:
        return None
    count = way.redirection.count + 1
    diversion = Diversion(followme.identity(user), "unconditional", count, way.diversion)
    lineup = line_up(
        executive,
        user,
        situation,
        Redirection(count, diversion),
        seconds=seconds,
        had=had,
        first=first,
    )
    if not lineup.legs:
        return None
    owners = dict.fromkeys(leg.owner for leg in lineup.legs)
    people = (situation.rules.user(user.domain, each) for each in owners)
    return Ring(
        user.domain,
        user.extension,
        presentation.connected(lineup.legs, executive, user, situation),
        mailbox=way.mailbox,
        caller_name=presentation.caller_name(executive, user, situation),
        redecide=way.redecide(*filter(None, people)),
        steps=executive.alerting is Alerting.SEQUENTIAL,
        pool=user.extension,
    )


def line_up(
    executive: Executive,
    user: User,
    situation: Situation,
    redirection: Redirection = DIRECT,
    *,
    seconds: int | None = None,
    had: frozenset[str] = frozenset(),
    first: int = 0,
) -> Lineup:
    """Who rings when. ``user`` is the executive; ``seconds`` is the time until the rollover.

    Assistants ring by their rows for internal calls, and with nothing else of theirs: no forward,
    no mailbox, no filter of their own. Each rings until the next one's turn, or until the rollover
    where one is timed. Whoever answers outside has to press 1. For ``first`` seconds the executive
    rings alone, where he can be rung.
    """
    trace = situation.trace
    sequential = executive.alerting is Alerting.SEQUENTIAL
    legs: list[Leg] = []
    passed: dict[str, str] = {}
    own: tuple[Leg, ...] = ()
    if first:
        own = alert.phones(executive, user, situation, redirection, first=True)
    had_it = _had_it(executive, rounds(executive, situation.call))
    taken = {*had_it, *map(followme.rings, own)}
    offset = 0
    for assistant in executive.assistants:
        if assistant.extension in had:
            continue
        slot = executive.turn(assistant, situation.settings.ring_cycle) if sequential else seconds
        found, reason = _legs_of(assistant, executive, situation, redirection)
        if sequential and slot is not None and (short := followme.too_short(found, slot)):
            found, reason = (), short
        his = _placed(found, assistant, executive, slot, offset, taken)
        if not his:
            rung_out = any(followme.rings(leg) in had_it for leg in found)
            why = "he has been rung for another assistant" if rung_out else ""
            passed[assistant.extension] = reason or why or "none of his phones rings"
            why = passed[assistant.extension]
            trace.passed(STAGE, f"{assistant.extension} is passed over: {why}.")
            continue
        legs += his
        if sequential and slot is not None:
            offset += slot
    planned = followme.without_gaps(legs, turns=sequential)
    legs = followme.within(planned, seconds)[: followme.MAX_LEGS]
    head = first if own else 0
    if legs or (head and _rolls_over(executive)):
        legs = [replace(leg, delay=leg.delay + head, turn=leg.turn + head) for leg in legs]
        end = max((leg.ends for leg in legs), default=head)
        if not first:
            along = alert.phones(executive, user, situation, redirection, first=False)
            own = tuple(leg for leg in along if followme.rings(leg) not in taken)
        legs += alert.legs(executive, user, situation, own, head=head, end=end)
        legs = legs[: followme.MAX_LEGS]
        if head:
            trace.fired(STAGE, f"{user.extension} is rung first, for {head} s.")
    for leg in legs:
        trace.fired(STAGE, f"{leg.owner}: {leg.device} {followme.in_words(leg)}.")
    return Lineup(tuple(legs), passed)


def _legs_of(
    assistant: Assistant, executive: Executive, situation: Situation, redirection: Redirection
) -> tuple[tuple[Leg, ...], str]:
    """The legs of an assistant, or of who takes his part, as if nobody else rang; or why not."""
    if not executive.takes_part(assistant):
        return (), "he is logged out"
    extension = part.taken_by(assistant, executive.domain, situation.rules)
    if extension is None:
        number = assistant.divert.value if assistant.divert else ""
        return _outside(number, assistant, situation, redirection)
    who = "" if extension == assistant.extension else f"he diverts to {extension}, and "
    if extension == executive.extension:
        return (), f"{who}that is the executive"
    person = situation.rules.user(executive.domain, extension)
    if person is None:
        return (), f"{who}that is no user"
    if extension == situation.parties.caller:
        return (), f"{who}that is the caller" if who else "he is the caller"
    # Whoever takes his part is none of the assistants whom the executive may have disturbed.
    disturbed = not (executive.assistant_respects_dnd or who)
    away = "" if disturbed else _away(person, situation)
    if not away and busy.is_busy(person, situation):
        away = "he is busy on busy"
    if away:
        return (), f"{who}{away}"
    plan = followme.plan(
        person, Origin.INTERNAL, situation, redirection, close_gaps=False, wake=True
    )
    found = plan.legs
    if executive.assistant_devices is AssistantDevices.PRIMARY:
        telephones = [leg for leg in found if not isinstance(leg.target, Outside)]
        telephones.sort(key=lambda leg: isinstance(leg.target, Asleep))
        found = tuple(replace(leg, delay=0) for leg in telephones[:1])
    return found, f"{who}none of his phones rings" if who else ""


def _rolls_over(executive: Executive) -> bool:
    """Whether a call that no assistant can take is not the executive's own after all."""
    return executive.no_assistant is NoAssistant.ROLLOVER and executive.rollover.action not in (
        None,
        RolloverAction.EXECUTIVE,
    )


def _waited(attempt: Attempt, ring: Ring, user: User) -> float:
    """Seconds of a ring that count towards the rollover: those since the first assistant's turn."""
    head = min((leg.delay for leg in ring.legs if leg.owner != user.extension), default=ring.length)
    return max(0.0, attempt.outcome.lasted - head)


def _away(person: User, situation: Situation) -> str:
    """Why his status, or his calendar, keeps calls of the pool from him; empty: it does not."""
    presence = situation.rules.presence(person.domain, person.extension)
    current = effective(presence, situation.now)
    target = sent_away(person, current, presence.profile(current.status), Origin.INTERNAL)
    if current.status is not Status.AVAILABLE and target is not None:
        return f"he is {current.status.value}"
    if current.forward is not None and target is not None:
        return current.decider.why
    return ""


def _outside(
    number: str, assistant: Assistant, situation: Situation, redirection: Redirection
) -> tuple[tuple[Leg, ...], str]:
    settings = situation.settings
    if not settings.toll.permits(number):
        return (), f"the toll policy forbids {number}, to which he diverts"
    if number == situation.number:
        return (), f"he diverts to {number}, and that is the caller"
    person = situation.rules.user(settings.domain, assistant.extension)
    own = person.numbers[0] if person and person.numbers else None
    target = trunk.target(number, own, situation)
    return (Leg(number, target, diversion=redirection.diversion),), ""


def _placed(
    legs: Iterable[Leg],
    assistant: Assistant,
    executive: Executive,
    slot: int | None,
    offset: int,
    taken: set[str],
) -> list[Leg]:
    """One assistant's legs, where they stand among the others'; each device and number once.

    One of his rings from the beginning of his turn, whatever delays the others of his have (B7).
    """
    number = presentation.caller_number(executive)
    his = []
    for leg in followme.without_gaps(leg for leg in legs if followme.rings(leg) not in taken):
        outside = isinstance(leg.target, Outside)
        length = leg.ring if slot is None else slot - leg.delay
        if length < 1:
            continue
        taken.add(followme.rings(leg))
        his.append(
            replace(
                leg,
                delay=leg.delay + offset,
                ring=length,
                turn=offset,
                owner=assistant.extension,
                confirm=outside or leg.confirm,
                redirect=False,
                caller_number="" if outside else number,
            )
        )
    return his
