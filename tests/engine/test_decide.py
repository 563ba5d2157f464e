from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.engine.decide import MAX_ATTEMPTS, decide, without_rules
from esl_router.model.actions import (
    BUSY,
    NOT_FOUND,
    OVER,
    UNAVAILABLE,
    HandBack,
    Leg,
    Outside,
    Reject,
    Ring,
    Voicemail,
)
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.live import UNKNOWN
from esl_router.model.people import FollowMeRow, Origin, Settings, User
from esl_router.model.rules import Problem
from esl_router.model.team import Team
from tests.company import (
    DOMAIN,
    Company,
    internal_call,
    mobile,
    registered,
    sip,
    target,
    trunk_call,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANNA = User(DOMAIN, "1001", "Anna Adler", ("+493012345101",))
BEN = User(DOMAIN, "1002", "Ben Berg", ("+493012345102",), voicemail=False)
COMPANY = Company(
    (ANNA, BEN),
    {
        "1001": [FollowMeRow(sip("1001-desk"), ring=20), FollowMeRow(sip("1001-home"), ring=20)],
        "1002": [FollowMeRow(sip("1002-desk", "1002"))],
    },
    (Team(DOMAIN, "2000", "Hotline"),),
)
LIVE = registered("1001-desk", "1001-home", "1002-desk")


def ended(call, *results, company=COMPANY, live=LIVE):
    """The decision after the first ring ended with ``results``."""
    ring = decide(call, company, live, NOW).action
    assert isinstance(ring, Ring)
    outcome = Outcome(
        tuple(LegOutcome(leg, result) for leg, result in zip(ring.legs, results, strict=True))
    )
    return decide(call.after(ring, outcome), company, live, NOW).action


def test_the_callee_s_registered_phones_ring_and_the_ring_names_his_mailbox():
    decision = decide(trunk_call("1001"), COMPANY, LIVE, NOW)
    assert decision.action == Ring(
        DOMAIN,
        "1001",
        (
            Leg("1001-desk", target("1001-desk"), 0, 20),
            Leg("1001-home", target("1001-home"), 0, 20),
        ),
        mailbox="1001",
    )
    assert (decision.origin, decision.callee) == (Origin.EXTERNAL, "1001")


@pytest.mark.parametrize(
    ("results", "action"),
    [
        ([LegResult.NO_ANSWER, LegResult.NO_ANSWER], Voicemail(DOMAIN, "1001")),
        ([LegResult.BUSY, LegResult.NO_ANSWER], Voicemail(DOMAIN, "1001")),
        ([LegResult.UNREACHABLE, LegResult.UNREGISTERED], Voicemail(DOMAIN, "1001")),
        ([LegResult.BUSY, LegResult.BUSY], BUSY),
        ([LegResult.DECLINED, LegResult.ELSEWHERE], BUSY),
    ],
)
def test_what_the_caller_gets_after_the_ringing(results, action):
    assert ended(trunk_call("1001"), *results) == action


def test_without_voicemail_the_caller_gets_480():
    assert ended(trunk_call("1002"), LegResult.NO_ANSWER) == UNAVAILABLE


def test_nobody_registered_means_voicemail_at_once():
    assert decide(trunk_call("1001"), COMPANY, registered(), NOW).action == Voicemail(
        DOMAIN, "1001"
    )
    assert decide(trunk_call("1002"), COMPANY, registered(), NOW).action == UNAVAILABLE


def test_every_row_switched_off_is_do_not_disturb():
    off = Company((BEN,), {"1002": [FollowMeRow(sip("1002-desk", "1002"), enabled=False)]})
    assert decide(trunk_call("1002"), off, LIVE, NOW).action == BUSY


def test_a_user_without_any_device_is_not_reachable():
    assert decide(trunk_call("1002"), Company((BEN,)), LIVE, NOW).action == UNAVAILABLE


def test_who_calls_himself_rings_his_other_phones_or_hears_his_voicemail():
    call = internal_call("1001", account="1001-desk", number="1001")
    ring = decide(call, COMPANY, LIVE, NOW).action
    assert [leg.device for leg in ring.legs] == ["1001-home"]
    alone = registered("1001-desk")
    assert decide(call, COMPANY, alone, NOW).action == Voicemail(DOMAIN, "1001", login=True)


def test_an_unknown_number_is_404():
    assert decide(trunk_call("1099"), COMPANY, LIVE, NOW).action == NOT_FOUND


def test_a_user_dials_out_with_early_media_and_his_own_number():
    ring = decide(internal_call("0171 1234567"), COMPANY, LIVE, NOW).action
    trunk = "sofia/gateway/trunk/{number}"
    leg = Leg("+491711234567", Outside("+491711234567", trunk, "+493012345102"), 0, 120)
    assert ring == Ring(
        DOMAIN,
        "+491711234567",
        (leg,),
        early_media=True,
        caller_device="1002-desk@pbx.test",
    )


@pytest.mark.parametrize(
    ("result", "cause", "code"),
    [
        (LegResult.BUSY, "USER_BUSY", 486),
        (LegResult.DECLINED, "CALL_REJECTED", 486),
        (LegResult.UNREACHABLE, "UNALLOCATED_NUMBER", 404),
        (LegResult.UNREACHABLE, "NORMAL_TEMPORARY_FAILURE", 480),
        (LegResult.NO_ANSWER, "NO_ANSWER", 480),
    ],
)
def test_what_a_user_gets_whose_call_outside_fails(result, cause, code):
    call = internal_call("0171 1234567")
    ring = decide(call, COMPANY, LIVE, NOW).action
    call = call.after(ring, Outcome((LegOutcome(ring.legs[0], result, cause),)))
    assert decide(call, COMPANY, LIVE, NOW).action.code == code


def test_an_emergency_call_never_withholds_the_number_to_call_back():
    company = Company(COMPANY.users, COMPANY.rows)
    call = internal_call("112")
    hidden = type(call.caller)("", "", "1002-desk", DOMAIN, anonymous=True)
    ring = decide(type(call)(call.uuid, "112", hidden, "internal", True), company, LIVE, NOW).action
    assert ring.legs[0].target.number == "112"
    assert ring.legs[0].target.caller_number == "+493012345102"


def test_a_broken_rule_is_reported_and_the_rest_is_rung():
    problem = Problem("users.1001.devices.1001-mobile.number", "is not a number")
    broken = Company(COMPANY.users, COMPANY.rows, problems=(problem,))
    decision = decide(trunk_call("1001"), broken, LIVE, NOW)
    assert len(decision.action.legs) == 2
    assert any(problem.path in entry.text for entry in decision.trace)


def test_without_rules_a_new_call_goes_back_to_the_dialplan():
    assert without_rules(trunk_call("1001"), "disk I/O error").action == HandBack()


def test_without_rules_a_call_that_has_rung_goes_to_the_mailbox_its_ring_named():
    call = trunk_call("1001")
    ring = decide(call, COMPANY, LIVE, NOW).action
    rung = call.after(ring, Outcome())
    assert without_rules(rung, "disk I/O error").action == Voicemail(DOMAIN, "1001")
    ring = decide(trunk_call("1002"), COMPANY, LIVE, NOW).action
    assert without_rules(call.after(ring, Outcome()), "gone").action == UNAVAILABLE


def rows(owner):
    device = st.one_of(
        st.sampled_from(["a", "b", "c"]).map(lambda name: sip(name, owner)),
        st.sampled_from(["+491711234567", "+49900123456", "+4930", "+493099887766"]).map(
            lambda number: mobile(f"m{number}", number, owner)
        ),
    )
    return st.lists(
        st.builds(FollowMeRow, device, st.booleans(), st.integers(0, 40), st.integers(1, 40)),
        max_size=5,
    )


@given(
    rows=rows("1001"),
    here=st.sets(st.sampled_from(["a", "b", "c"])),
    linked=st.booleans(),
    account=st.sampled_from(["a", "b", None]),
    results=st.lists(st.sampled_from(LegResult), min_size=5, max_size=5),
)
def test_every_call_ends_and_rings_neither_the_caller_nor_a_forbidden_number(
    rows, here, linked, account, results
):
    from esl_router.model.people import TollPolicy

    company = Company(
        (ANNA,), {"1001": rows}, config=Settings(DOMAIN, toll=TollPolicy(deny=("+49900",)))
    )
    live = registered(*here) if linked else UNKNOWN
    call = internal_call("1001", account=account) if account else trunk_call("1001")
    for _ in range(MAX_ATTEMPTS + 1):
        action = decide(call, company, live, NOW).action
        if isinstance(action, Reject):
            assert action.code in (404, 480, 486)
            return
        legs = action.legs if isinstance(action, Ring) else ()
        names = [leg.device for leg in legs]
        assert len(set(names)) == len(names)
        assert account not in names
        for leg in legs:
            assert not (isinstance(leg.target, Outside) and leg.target.number.startswith("+49900"))
            assert not linked or isinstance(leg.target, Outside) or leg.device in here
        outcome = Outcome(
            tuple(LegOutcome(leg, result) for leg, result in zip(legs, results, strict=False))
        )
        call = call.after(action, outcome)
    pytest.fail("the call never ended")


def test_a_call_that_was_attempted_too_often_ends_in_the_mailbox_of_whom_he_wanted():
    company, call = Company((ANNA,)), trunk_call("1001")
    for number in range(MAX_ATTEMPTS):
        call = call.after(Ring(DOMAIN, str(number), ()), Outcome())
    action = decide(call, company, UNKNOWN, NOW).action
    assert action == Voicemail(DOMAIN, "1001")
    assert decide(call.after(action, Outcome()), company, UNKNOWN, NOW).action == OVER
    none = Company((replace(ANNA, voicemail=False),))
    assert decide(call, none, UNKNOWN, NOW).action == UNAVAILABLE
