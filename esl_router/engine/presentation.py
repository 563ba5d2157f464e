"""What assistants see of a filtered caller, and he of who has answered (I)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from esl_router.engine import part
from esl_router.engine.situation import Situation
from esl_router.model import numbers
from esl_router.model.actions import Connected, Leg, Ring
from esl_router.model.executive import CallerName, CallerNumber, ConnectedLine, Executive
from esl_router.model.people import Origin, User

STAGE = "pool"


def caller_name(executive: Executive, user: User, situation: Situation) -> str:
    """The name on the assistants' phones; empty: what the caller gave himself (I1, I4, I5)."""
    prefix, mode = executive.caller_prefix, executive.caller_name
    if mode is CallerName.CALLER and not prefix:
        return ""
    if mode is CallerName.CUSTOM or prefix:
        what = f'"{prefix}" before the name'
        if mode is CallerName.CUSTOM:
            what = f'"{prefix}{executive.custom_name}"'
        situation.trace.fired(STAGE, f"The assistants see {what}.")
    return prefix + _name(mode, executive, user.name or user.extension, calling_name(situation))


def _name(mode: CallerName, executive: Executive, his: str, caller: str) -> str:
    match mode:
        case CallerName.EXECUTIVE:
            return his
        case CallerName.EXECUTIVE_CALLER:
            return f"{his} - {caller}"
        case CallerName.CALLER_EXECUTIVE:
            return f"{caller} - {his}"
        case CallerName.CUSTOM:
            return executive.custom_name
        case CallerName.CALLER:
            return caller


def calling_name(situation: Situation) -> str:
    """The caller in one word: his name, or his number."""
    caller = situation.call.caller
    if caller.anonymous:
        return situation.settings.labels.anonymous
    extension = situation.parties.caller
    if extension is not None:
        known = situation.rules.user(situation.settings.domain, extension)
        return (known.name if known else "") or extension
    return caller.name or situation.number or situation.settings.labels.anonymous


def caller_number(executive: Executive) -> str:
    """The number on the assistants' phones; empty: the caller's own (I2)."""
    match executive.caller_number:
        case CallerNumber.EXECUTIVE:
            return executive.extension
        case CallerNumber.CUSTOM:
            return executive.custom_number
        case CallerNumber.CALLER:
            return ""


def connected(
    legs: Iterable[Leg],
    executive: Executive,
    user: User,
    situation: Situation,
    assistant: str = "",
) -> tuple[Leg, ...]:
    """The legs with whom the caller is to see when one of them answers (I8).

    ``user`` is the executive. A leg without an owner is ``assistant``'s, or where there is none the
    executive's. A colleague to whom an assistant diverts is seen in his place; a number outside is
    not.
    """
    if executive.connected_line is ConnectedLine.DEVICE:
        return tuple(legs)
    boss = executive.connected_line is ConnectedLine.EXECUTIVE
    whom = user.extension if boss else "the assistant, whatever his phone"
    situation.trace.fired(STAGE, f"When somebody answers the caller sees {whom}.")
    lines: dict[str, Connected] = {}
    found = []
    for leg in legs:
        who = user.extension
        if not boss:
            who = _talks(leg.owner or assistant, executive, situation) or user.extension
        if who not in lines:
            person = user if who == user.extension else situation.rules.user(user.domain, who)
            lines[who] = _line(person or User(user.domain, who), situation)
        found.append(replace(leg, connected=lines[who]))
    return tuple(found)


def behind(ring: Ring, executive: Executive, user: User, situation: Situation) -> Ring:
    """A ring that follows the pool's, with whom the caller is to see: a colleague whose phones ring
    there, and the executive for a number outside."""
    if executive.connected_line is ConnectedLine.DEVICE:
        return ring
    # What an executive further on shows of his own assistants is his affair.
    bare = [leg for leg in ring.legs if leg.connected is None]
    person = situation.rules.user(user.domain, ring.callee)
    shown = iter(connected(bare, executive, user, situation, person.extension if person else ""))
    legs = tuple(next(shown) if leg.connected is None else leg for leg in ring.legs)
    return replace(ring, legs=legs)


def _talks(extension: str, executive: Executive, situation: Situation) -> str:
    """Who talks when a leg of ``extension`` answers."""
    assistant = executive.assistant(extension)
    if assistant is None:
        return extension
    return part.taken_by(assistant, executive.domain, situation.rules) or extension


def _line(person: User, situation: Situation) -> Connected:
    """Inside he is his extension; outside the number that was dialled, or his first one."""
    number = person.extension
    if situation.parties.origin is not Origin.INTERNAL and person.numbers:
        dialled = numbers.dialled(situation.call.dialled, situation.settings.country)
        number = next((each for each in person.numbers if each in dialled), person.numbers[0])
    return Connected(person.name or person.extension, number)
