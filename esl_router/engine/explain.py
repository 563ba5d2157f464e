"""What would happen to a call: the decision loop against assumed outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from esl_router.engine.decide import decide
from esl_router.model.actions import Announce, Perform, Ring
from esl_router.model.call import Call, LegOutcome, LegResult, Outcome
from esl_router.model.live import Live
from esl_router.model.rules import Rules
from esl_router.model.trace import Decision

# How long a phone takes, in seconds, to come to such an end; the rest ring their time.
_AT_ONCE = {LegResult.BUSY: 0, LegResult.DECLINED: 2, LegResult.UNREACHABLE: 0}

_CAUSE = {
    LegResult.NO_ANSWER: "ALLOTTED_TIMEOUT",
    LegResult.BUSY: "USER_BUSY",
    LegResult.DECLINED: "CALL_REJECTED",
    LegResult.UNREACHABLE: "NORMAL_TEMPORARY_FAILURE",
}


MOST = 100
"""Decisions shown of one call; a team may ring round after round for hours."""


@dataclass(frozen=True, slots=True)
class Step:
    """One decision, and when it is made."""

    at: int
    """Seconds from the arrival of the call."""

    decision: Decision
    assumed: LegResult | None = None
    """What every leg of a Ring was then assumed to do."""


def explain(
    call: Call,
    rules: Rules,
    live: Live,
    now: datetime,
    assumed: LegResult = LegResult.NO_ANSWER,
    refusal: Callable[[Perform, datetime], str] = lambda action, at: "",
) -> tuple[Step, ...]:
    """Every decision the router would make for ``call``, if each phone did ``assumed``.

    Of more than :data:`MOST` it is the first ones: the last is a Ring then.

    ``refusal`` says why the store would refuse a change, or "": without it, none is refused.
    """
    steps: list[Step] = []
    seconds = 0
    while len(steps) < MOST:
        at = now + timedelta(seconds=seconds)
        decision = decide(call, rules, live, at)
        action = decision.action
        if isinstance(action, Perform):
            steps.append(Step(seconds, decision))
            call = call.after(action, Outcome(refused=refusal(action, at)))
            continue
        if isinstance(action, Announce) and action.before_forward:
            # Nobody knows here how long the sound is.
            steps.append(Step(seconds, decision))
            call = call.after(action, Outcome())
            continue
        if not isinstance(action, Ring):
            return (*steps, Step(seconds, decision))
        steps.append(Step(seconds, decision, assumed))
        legs = tuple(LegOutcome(leg, assumed, _CAUSE[assumed]) for leg in action.legs)
        length = _AT_ONCE.get(assumed, action.length)
        call = call.after(action, Outcome(legs, lasted=length))
        seconds += length
    return tuple(steps)
