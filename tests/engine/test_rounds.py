from __future__ import annotations

import pytest

from esl_router.engine import rounds
from esl_router.engine.fallback import Condition
from esl_router.model.actions import Leg, Registered, Ring
from esl_router.model.call import Call, LegOutcome, LegResult, Outcome
from esl_router.model.team import Team
from tests.company import DOMAIN

SILENT, BUSY, DECLINED = LegResult.NO_ANSWER, LegResult.BUSY, LegResult.DECLINED
GONE, CANCELLED = LegResult.UNREACHABLE, LegResult.CANCELLED
TEAM = Team(DOMAIN, "2000")


def had(*played, cut_off=False, lasted=20.0):
    """Rounds, each with what became of its members' phones: ``("1001", BUSY), …``."""
    call = Call("c-1", "2000")
    for ends in played:
        legs = tuple(
            Leg(f"{owner}-{number}", Registered(owner, DOMAIN), ring=20, owner=owner)
            for number, (owner, _) in enumerate(ends)
        )
        ring = Ring(DOMAIN, "2000", legs)
        outcomes = tuple(
            LegOutcome(leg, result) for leg, (_, result) in zip(legs, ends, strict=True)
        )
        call = call.after(ring, Outcome(outcomes, transferred=cut_off, lasted=lasted))
    call = call.after(Ring(DOMAIN, "1009", ()), Outcome())
    return rounds.of(TEAM, call)


@pytest.mark.parametrize(
    ("played", "condition"),
    [
        ((), None),
        (([("1001", SILENT)], [("1001", BUSY)]), Condition.NO_ANSWER),
        (([("1001", BUSY)], [("1002", GONE)]), Condition.BUSY),
        (([("1001", GONE)], [("1002", DECLINED)]), Condition.BUSY),
        (([("1001", LegResult.UNREGISTERED)],), Condition.UNREACHABLE),
        (([("1001", CANCELLED)],), None),
    ],
)
def test_all_rounds_together_say_why_nobody_has_the_call(played, condition):
    assert rounds.amount_to(had(*played)) == condition


@pytest.mark.parametrize(
    ("ends", "out"),
    [
        ([("1001", DECLINED), ("1002", SILENT)], {"1001": "he has declined this call"}),
        ([("1001", BUSY), ("1002", SILENT)], {"1001": "he has refused this call"}),
        ([("1001", BUSY), ("1001", GONE), ("1002", SILENT)], {"1001": "he has refused this call"}),
        ([("1001", BUSY), ("1001", SILENT)], {}),
        ([("1001", GONE), ("1002", SILENT)], {}),
        ([("1001", GONE)], {"1001": "none of his phones could be rung for this call"}),
    ],
)
def test_who_has_refused_is_not_rung_again_and_who_was_not_reached_may_be(ends, out):
    assert rounds.out(had(ends)) == out


def test_a_phone_that_is_silent_at_once_has_not_rung_its_time():
    assert rounds.out(had([("1001", SILENT)], lasted=18)) == {"1001": rounds.out(
        had([("1001", GONE)]))["1001"]}  # fmt: skip
    assert rounds.out(had([("1001", SILENT)], lasted=19)) == {}


def test_of_a_round_that_was_cut_off_only_who_refused_is_out():
    ends = [("1001", DECLINED), ("1002", BUSY), ("1003", CANCELLED), ("1004", BUSY),
            ("1004", CANCELLED)]  # fmt: skip
    assert sorted(rounds.out(had(ends, cut_off=True, lasted=2))) == ["1001", "1002"]
