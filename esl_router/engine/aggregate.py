"""What a whole ring amounts to, from what became of its legs (P6, X5-X15)."""

from __future__ import annotations

from esl_router.model.call import LegResult, Outcome, RingResult

# The first line of which a leg is found decides. One phone that rang unanswered outweighs any
# number that were busy; one that was busy shows that a person is there (X14, X15).
_PRECEDENCE = (
    (LegResult.ANSWERED, RingResult.ANSWERED),
    (LegResult.CANCELLED, RingResult.CANCELLED),
    (LegResult.DECLINED, RingResult.DECLINED),
    (LegResult.NO_ANSWER, RingResult.NO_ANSWER),
    (LegResult.BUSY, RingResult.BUSY),
    (LegResult.REDIRECTED, RingResult.BUSY),
    (LegResult.LOOP, RingResult.LOOP),
)


def aggregate(outcome: Outcome, *, of_team: bool = False) -> RingResult:
    """The result of a ring: answered, cancelled, declined, no answer, busy, a loop, or unreachable.

    ``of_team``: several people rang. One who declined speaks for himself: he was busy.
    """
    results = {leg.result for leg in outcome.legs}
    if of_team and LegResult.DECLINED in results:
        results = (results - {LegResult.DECLINED}) | {LegResult.BUSY}
    if LegResult.ANSWERED not in results and outcome.caller_gone:
        return RingResult.CANCELLED
    for leg_result, ring_result in _PRECEDENCE:
        if leg_result in results:
            return ring_result
    return RingResult.UNREACHABLE
