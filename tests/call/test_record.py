"""What one call leaves in the journal."""

from __future__ import annotations

import pytest

from esl_router.call.record import Record
from esl_router.engine.decide import decide
from esl_router.model.call import LegOutcome, LegResult, Outcome
from tests.company import NOW, trunk_call
from tests.engine.board import LIVE, board

FIRST = 10


@pytest.mark.parametrize(
    ("lasted", "reason"), [(3.0, "gave_up"), (FIRST - 0.1, "gave_up"), (FIRST + 2.0, "filtered")]
)
def test_before_the_assistants_turn_it_is_the_executive_s_own_call(lasted, reason):
    call = trunk_call("1001")
    rules = board(executive_first=FIRST)
    decision = decide(call, rules, LIVE, NOW)
    record = Record(call, NOW)
    record.decided(decision)
    legs = tuple(LegOutcome(leg, LegResult.CANCELLED) for leg in decision.action.legs)
    record.ended(decision.action, NOW, Outcome(legs, caller_gone=True, lasted=lasted), {})
    entry = record.entry(NOW)
    assert (entry.result, entry.missed, entry.callee) == ("cancelled", reason, "1001")
