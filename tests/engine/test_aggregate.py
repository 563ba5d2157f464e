from __future__ import annotations

import pytest

from esl_router.engine.aggregate import aggregate
from esl_router.model.actions import Leg
from esl_router.model.call import LegOutcome, LegResult, Outcome, RingResult
from tests.company import target

R = LegResult


@pytest.mark.parametrize(
    ("legs", "result"),
    [
        ([R.ANSWERED, R.ELSEWHERE], RingResult.ANSWERED),
        ([R.DECLINED, R.ELSEWHERE], RingResult.DECLINED),
        ([R.DECLINED, R.NO_ANSWER], RingResult.DECLINED),
        ([R.NO_ANSWER, R.NO_ANSWER], RingResult.NO_ANSWER),
        ([R.NO_ANSWER, R.BUSY], RingResult.NO_ANSWER),
        ([R.BUSY, R.BUSY], RingResult.BUSY),
        ([R.BUSY, R.UNREACHABLE], RingResult.BUSY),
        ([R.UNREACHABLE, R.UNREGISTERED], RingResult.UNREACHABLE),
        ([R.UNREACHABLE, R.NO_ANSWER], RingResult.NO_ANSWER),
        ([R.CANCELLED, R.BUSY], RingResult.CANCELLED),
        ([], RingResult.UNREACHABLE),
    ],
)
def test_precedence_of_leg_results(legs, result):
    outcome = Outcome(tuple(LegOutcome(Leg("d", target("d")), leg) for leg in legs))
    assert aggregate(outcome) is result


def test_a_caller_who_gave_up_cancels_whatever_the_legs_did():
    assert aggregate(Outcome((), caller_gone=True)) is RingResult.CANCELLED
