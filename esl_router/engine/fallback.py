"""The last stage: voicemail of the called user, or an explicit final code (N, X10-X12)."""

from __future__ import annotations

from enum import StrEnum

from esl_router.model.actions import BUSY, NOT_FOUND, UNAVAILABLE, Action, Reject, Voicemail
from esl_router.model.call import Attempt, RingResult
from esl_router.model.people import User
from esl_router.model.trace import Trace

STAGE = "fallback"


class Condition(StrEnum):
    """Why nobody of the callee's answered."""

    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no answer"
    UNREACHABLE = "not reachable"
    DND = "do not disturb"


CONDITION = {
    RingResult.DECLINED: Condition.DECLINED,
    RingResult.BUSY: Condition.BUSY,
    RingResult.NO_ANSWER: Condition.NO_ANSWER,
    RingResult.UNREACHABLE: Condition.UNREACHABLE,
}

# Condition -> (does the mailbox take it, the code where it does not, the reason in words).
# A call refused by hand or by a busy phone gets the busy tone: 603 would stop the hunting of
# every switch before us, and tell the caller that somebody pressed the key.
_TREATMENT = {
    Condition.BUSY: (False, BUSY, "every phone was busy"),
    Condition.DECLINED: (False, BUSY, "the call was declined"),
    Condition.NO_ANSWER: (True, UNAVAILABLE, "nobody answered"),
    Condition.UNREACHABLE: (True, UNAVAILABLE, "no phone could be reached"),
    Condition.DND: (True, BUSY, "every phone is switched off or does not want to be disturbed"),
}


def finish(user: User, condition: Condition, trace: Trace) -> Action:
    """What the caller of ``user`` gets when nobody answers."""
    mailbox, code, reason = _TREATMENT[condition]
    if mailbox and user.voicemail:
        trace.fired(STAGE, f"Voicemail of {user.extension}: {reason}.")
        return Voicemail(user.domain, user.extension)
    why_not = "" if user.voicemail or not mailbox else f" and {user.extension} has no voicemail"
    trace.fired(STAGE, f"The caller gets {code.code}: {reason}{why_not}.")
    return code


_OUTSIDE = {
    RingResult.BUSY: (BUSY, "the number outside is busy"),
    RingResult.DECLINED: (BUSY, "the call was declined outside"),
    RingResult.NO_ANSWER: (UNAVAILABLE, "nobody answered outside"),
    RingResult.UNREACHABLE: (UNAVAILABLE, "the number outside could not be reached"),
}


def finish_outside(attempt: Attempt, result: RingResult, trace: Trace) -> Reject:
    """What a user gets whose call to a number outside was not answered."""
    code, reason = _OUTSIDE[result]
    if any(leg.cause == "UNALLOCATED_NUMBER" for leg in attempt.outcome.legs):
        code, reason = NOT_FOUND, "the number outside does not exist"
    trace.fired(STAGE, f"The caller gets {code.code}: {reason}.")
    return code
