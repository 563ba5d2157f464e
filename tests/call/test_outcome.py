from __future__ import annotations

import pytest

from esl_router.call.outcome import leg_result, parse_causes, ring_outcomes
from esl_router.model.actions import Leg, Outside, Ring
from esl_router.model.call import LegOutcome, LegResult
from esl_router.model.people import DeclineScope
from tests.company import DOMAIN, target

PHONE = Leg("desk", target("desk"))
OUTSIDE = Leg("mobile", Outside("+491711234567", "sofia/gateway/trunk/{number}"))


def ring(*legs, decline=DeclineScope.AUTO):
    return Ring(DOMAIN, "1001", legs, decline)


@pytest.mark.parametrize(
    ("cause", "scope", "result"),
    [
        ("CALL_REJECTED", DeclineScope.AUTO, LegResult.DECLINED),
        ("CALL_REJECTED", DeclineScope.DEVICE, LegResult.BUSY),
        ("CALL_REJECTED", DeclineScope.USER, LegResult.DECLINED),
        ("USER_BUSY", DeclineScope.AUTO, LegResult.BUSY),
        ("USER_BUSY", DeclineScope.USER, LegResult.DECLINED),
        ("NO_USER_RESPONSE", DeclineScope.AUTO, LegResult.BUSY),
        ("NONE", DeclineScope.AUTO, LegResult.ANSWERED),
        ("LOSE_RACE", DeclineScope.AUTO, LegResult.ELSEWHERE),
        ("ORIGINATOR_CANCEL", DeclineScope.AUTO, LegResult.CANCELLED),
        ("INCOMPATIBLE_DESTINATION", DeclineScope.AUTO, LegResult.UNREACHABLE),
        ("REQUESTED_CHAN_UNAVAIL", DeclineScope.AUTO, LegResult.REDIRECTED),
        ("REQUESTED_CHAN_UNAVAIL", DeclineScope.USER, LegResult.REDIRECTED),
        ("A_CAUSE_FROM_THE_FUTURE", DeclineScope.AUTO, LegResult.UNREACHABLE),
    ],
)
def test_what_a_phone_s_cause_means(cause, scope, result):
    assert leg_result(cause, PHONE, ring(PHONE, decline=scope)) is result


@pytest.mark.parametrize("scope", DeclineScope)
@pytest.mark.parametrize("cause", ["CALL_REJECTED", "NO_USER_RESPONSE", "REQUESTED_CHAN_UNAVAIL"])
def test_a_trunk_s_rejection_is_never_the_callee_s(cause, scope):
    assert leg_result(cause, OUTSIDE, ring(OUTSIDE, decline=scope)) is LegResult.UNREACHABLE


def test_a_busy_mobile_is_busy_and_does_not_decline_for_the_user():
    result = leg_result("USER_BUSY", OUTSIDE, ring(OUTSIDE, decline=DeclineScope.USER))
    assert result is LegResult.BUSY


@pytest.mark.parametrize(
    ("rang", "result"),
    [
        (True, LegResult.NO_ANSWER),
        (None, LegResult.NO_ANSWER),
        (False, LegResult.UNREACHABLE),
    ],
)
def test_only_a_phone_that_rang_was_not_answered(rang, result):
    assert leg_result("ALLOTTED_TIMEOUT", PHONE, ring(PHONE), rang=rang) is result


def test_each_leg_gets_its_outcome_and_one_without_channel_was_not_registered():
    home = Leg("home", target("home"))
    outcomes = ring_outcomes(
        ring(PHONE, home),
        {"u1": "USER_BUSY", "foreign": "NONE"},
        {"u1": 0, "u2": 1},
        lambda _: True,
    )
    assert outcomes == (
        LegOutcome(PHONE, LegResult.BUSY, "USER_BUSY"),
        LegOutcome(home, LegResult.UNREGISTERED, ""),
    )


def test_of_two_registrations_the_one_that_was_answered_counts():
    outcomes = ring_outcomes(
        ring(PHONE), {"u1": "LOSE_RACE", "u2": "NONE"}, {"u1": 0, "u2": 0}, lambda _: True
    )
    assert outcomes == (LegOutcome(PHONE, LegResult.ANSWERED, "NONE"),)


def test_a_splashed_leg_has_rung_its_time_unless_it_ended_by_itself():
    notice = Leg("notice", target("notice"), splash=True)
    legs = {"u1": 0, "u2": 1, "u3": 2}
    causes = {"u1": "LOSE_RACE", "u2": "LOSE_RACE", "u3": "USER_BUSY"}
    outcomes = ring_outcomes(
        ring(notice, notice, notice), causes, legs, lambda _: True, {"u1", "u3"}
    )
    assert [outcome.result for outcome in outcomes] == [
        LegResult.NO_ANSWER,
        LegResult.ELSEWHERE,
        LegResult.BUSY,
    ]


def test_a_leg_that_a_decline_has_ended_did_not_ring_out():
    home = Leg("home", target("home"))
    causes = {"u1": "CALL_REJECTED", "u2": "NO_ANSWER"}
    outcomes = ring_outcomes(ring(PHONE, home), causes, {"u1": 0, "u2": 1}, lambda _: True)
    assert [outcome.result for outcome in outcomes] == [LegResult.DECLINED, LegResult.ELSEWHERE]


def test_in_a_team_each_member_s_own_setting_says_how_far_a_decline_reaches():
    own = Leg("desk", target("desk"), owner="1002", decline=DeclineScope.USER)
    assert leg_result("USER_BUSY", own, ring(own)) is LegResult.DECLINED
    assert leg_result("USER_BUSY", PHONE, ring(PHONE, own)) is LegResult.BUSY


def test_causes_are_pairs():
    assert parse_causes(("u1;NONE", "u2;USER_BUSY", "garbage")) == {
        "u1": "NONE",
        "u2": "USER_BUSY",
    }
