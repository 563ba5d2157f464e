"""The last stage: voicemail of whom the caller wanted, or an explicit final code (N, X10-X12)."""

from __future__ import annotations

from enum import StrEnum

from esl_router.model.actions import (
    BUSY,
    NOT_FOUND,
    UNAVAILABLE,
    Action,
    Greeting,
    Reject,
    Voicemail,
)
from esl_router.model.call import Attempt, RingResult
from esl_router.model.people import Greetings, User
from esl_router.model.presence import Status
from esl_router.model.trace import Trace

STAGE = "fallback"


class Condition(StrEnum):
    """Why nobody of the callee's has the call, in words."""

    BUSY = "every phone was busy"
    TALKING = "the callee is busy on busy"
    DECLINED = "the call was declined"
    NO_ANSWER = "nobody answered"
    UNREACHABLE = "no phone could be reached"
    DND = "every phone is switched off or does not want to be disturbed"
    REFUSED = "the callee's rules send a busy tone"
    NOBODY = "no member is there"
    FORWARD = "every call is forwarded"
    STATUS = "the status sends calls away"
    NOT_DISTURBED = "the status is do not disturb"
    NO_ASSISTANT = "no assistant answered"
    DEFLECTED = "a phone sent the call on"
    LOOP = "the forwarding came round in a circle"
    LIMIT = "the call was redirected too often"


CONDITION = {
    RingResult.DECLINED: Condition.DECLINED,
    RingResult.BUSY: Condition.BUSY,
    RingResult.NO_ANSWER: Condition.NO_ANSWER,
    RingResult.LOOP: Condition.LOOP,
    RingResult.UNREACHABLE: Condition.UNREACHABLE,
}


def sent_away(status: Status) -> Condition:
    """Why a status that sends calls away does."""
    return Condition.NOT_DISTURBED if status is Status.DND else Condition.STATUS


# Condition -> (does the mailbox take it, the code where it does not).
# A call refused by hand or by a busy phone gets the busy tone: 603 would stop the hunting of
# every switch before us, and tell the caller that somebody pressed the key.
_TREATMENT = {
    Condition.BUSY: (False, BUSY),
    Condition.TALKING: (False, BUSY),
    Condition.DECLINED: (False, BUSY),
    Condition.REFUSED: (False, BUSY),
    Condition.NO_ANSWER: (True, UNAVAILABLE),
    Condition.UNREACHABLE: (True, UNAVAILABLE),
    Condition.DND: (True, BUSY),
    Condition.NOBODY: (True, UNAVAILABLE),
    Condition.FORWARD: (True, UNAVAILABLE),
    Condition.STATUS: (True, UNAVAILABLE),
    Condition.NOT_DISTURBED: (True, BUSY),
    Condition.NO_ASSISTANT: (True, UNAVAILABLE),
    Condition.DEFLECTED: (False, BUSY),
    Condition.LOOP: (True, BUSY),
    Condition.LIMIT: (True, UNAVAILABLE),
}

_BUSY = frozenset(
    {
        Condition.BUSY,
        Condition.TALKING,
        Condition.DECLINED,
        Condition.REFUSED,
        Condition.DND,
        Condition.NOT_DISTURBED,
    }
)
"""Why a mailbox that greets by reason says that its owner is busy (N2)."""


def finish(wanted: User, condition: Condition, trace: Trace, *, redirected: bool = False) -> Action:
    """What a caller who wanted ``wanted`` gets when nobody has the call.

    ``redirected``: it went elsewhere before. Then the mailbox takes it whatever the condition:
    the busy tone of somebody else's phone would tell the caller nothing (D12).
    """
    mailbox, code = _TREATMENT[condition]
    if (mailbox or redirected) and wanted.voicemail:
        return voicemail(wanted, condition, trace)
    why_not = f" and {wanted.extension} has no voicemail" if mailbox or redirected else ""
    trace.fired(STAGE, f"The caller gets {code.code}: {condition.value}{why_not}.")
    return code


def voicemail(owner: User, condition: Condition, trace: Trace) -> Action:
    """The mailbox of ``owner``, or the code that stands for it where he has none (N3)."""
    if owner.voicemail:
        greeting = _greeting(owner, condition)
        how = f" {_GREETS[greeting]}" if greeting in _GREETS else ""
        trace.fired(STAGE, f"Voicemail of {owner.extension}: {condition.value}.{how}")
        return Voicemail(owner.domain, owner.extension, greeting=greeting)
    _, code = _TREATMENT[condition]
    trace.fired(STAGE, f"The caller gets {code.code}: {owner.extension} has no voicemail.")
    return code


_GREETS = {
    Greeting.UNAVAILABLE: "It greets as unavailable.",
    Greeting.BUSY: "It greets as busy.",
    Greeting.NONE: "It does not greet.",
}


def _greeting(owner: User, condition: Condition) -> Greeting:
    if owner.greetings is Greetings.BY_REASON:
        return Greeting.BUSY if condition in _BUSY else Greeting.UNAVAILABLE
    return Greeting.NONE if owner.greetings is Greetings.NONE else Greeting.STANDARD


def code(condition: Condition, trace: Trace) -> Reject:
    """The code of a callee who has no mailbox at all: a team."""
    _, reject = _TREATMENT[condition]
    trace.fired(STAGE, f"The caller gets {reject.code}: {condition.value}.")
    return reject


_OUTSIDE = {
    RingResult.BUSY: (BUSY, "the number outside is busy"),
    RingResult.DECLINED: (BUSY, "the call was declined outside"),
    RingResult.NO_ANSWER: (UNAVAILABLE, "nobody answered outside"),
    RingResult.LOOP: (UNAVAILABLE, "the number outside leads back to where the call has been"),
    RingResult.UNREACHABLE: (UNAVAILABLE, "the number outside could not be reached"),
}


def finish_outside(attempt: Attempt, result: RingResult, trace: Trace) -> Reject:
    """What a user gets whose call to a number outside was not answered."""
    code, reason = _OUTSIDE[result]
    if any(leg.cause == "UNALLOCATED_NUMBER" for leg in attempt.outcome.legs):
        code, reason = NOT_FOUND, "the number outside does not exist"
    trace.fired(STAGE, f"The caller gets {code.code}: {reason}.")
    return code
