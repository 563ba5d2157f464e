"""A phone that answers 302: where its call goes, as decide() walks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.decide import decide
from esl_router.model.actions import BUSY, Diversion, Outside, Ring, Voicemail
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.people import FollowMeRow, Origin, Settings, TollPolicy, User
from esl_router.model.presence import Forward, Presence, Profile, Status, Target
from tests.company import DOMAIN, NOW, Company, internal_call, registered, sip, trunk_call

NAMES = ("1001", "1002", "1003")
LIVE = registered("1001-desk", "1001-home", "1002-desk", "1003-desk")
REDIRECTED, SILENT = LegResult.REDIRECTED, LegResult.NO_ANSWER
STRANGER = "+493099887766"


def company(may=True, **settings):
    users = tuple(User(DOMAIN, ext, numbers=(f"+4930123451{ext[-2:]}",)) for ext in NAMES)
    rows = {ext: [FollowMeRow(sip(f"{ext}-desk", ext, redirect=may), ring=20)] for ext in NAMES}
    rows["1001"].append(FollowMeRow(sip("1001-home", redirect=may), ring=20))
    config = Settings(DOMAIN, toll=TollPolicy(deny=("+49900",)), **settings)
    by_busy = Profile(forwards={(Origin.EXTERNAL, Forward.BUSY): Target.parse("extension:1003")})
    statuses = {"1002": Presence(profiles={Status.AVAILABLE: by_busy})}
    return Company(users, rows, config=config, statuses=statuses)


def play(*rings, call=None, rules=None):
    """The action after rings whose legs end as said: (result, number of a redirection)."""
    call = call or trunk_call("1001")
    rules = rules or company()
    for ends in rings:
        action = decide(call, rules, LIVE, NOW).action
        assert isinstance(action, Ring)
        assert len(action.legs) == len(ends)
        legs = [LegOutcome(leg, *end) for leg, end in zip(action.legs, ends, strict=True)]
        call = call.after(action, Outcome(tuple(legs)))
    return decide(call, rules, LIVE, NOW)


def to(number, other=SILENT):
    return ((REDIRECTED, "REQUESTED_CHAN_UNAVAIL", number), (other,))


def test_to_a_colleague():
    action = play(to("1002")).action
    assert (action.callee, action.legs[0].device) == ("1002", "1002-desk")
    assert action.legs[0].diversion == Diversion("+493012345101", "deflection", 1)


def test_to_his_direct_number_which_is_his_extension():
    assert play(to("+493012345102")).action.callee == "1002"
    assert play(to("03012345102")).action.callee == "1002"


def test_to_a_number_outside():
    action = play(to("01711234567")).action
    [leg] = action.legs
    assert isinstance(leg.target, Outside)
    assert leg.target.number == "+491711234567"
    assert leg.diversion == Diversion("+493012345101", "deflection", 1)


def test_the_first_that_may_go_where_it_sends_the_call():
    ends = ((REDIRECTED, "", "1001"), (REDIRECTED, "", "1003"))
    assert play(ends).action.callee == "1003"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("1001", "the call has been there already"),
        ("+493012345101", "the call has been there already"),
        (STRANGER, "that is the caller himself"),
        ("+49900123456", "the toll policy forbids it"),
        ("112", "that is no number"),
        ("1099", "that is no number"),
        ("*63", "that is no number"),
    ],
)
def test_where_a_call_may_not_go_it_does_not_and_the_phone_was_busy(number, why):
    decision = play(to(number, LegResult.BUSY))
    assert decision.action == BUSY
    assert any(
        each.text.endswith(f" sends the call to {number}: {why}.") for each in decision.trace
    )


def test_an_address_without_a_number_leads_nowhere():
    decision = play(to("", LegResult.BUSY))
    assert decision.action == BUSY
    assert "1001-desk answered with another address, without a number." in [
        each.text for each in decision.trace
    ]


def test_to_a_colleague_who_calls():
    decision = play(to("1002", LegResult.BUSY), call=internal_call("1001"))
    assert decision.action == BUSY


def test_a_refused_redirection_leaves_his_busy_forward():
    ends = ((REDIRECTED, "", "+49900123456"),)
    assert play(ends, call=trunk_call("1002")).action.callee == "1003"


def test_a_phone_that_may_not_was_busy():
    decision = play(to("1002", LegResult.BUSY), rules=company(may=False))
    assert decision.action == BUSY
    assert "1001-desk answered with another address: it may not redirect." in [
        each.text for each in decision.trace
    ]


def test_who_rang_unanswered_outweighs_it():
    action = play(to("1099")).action
    assert action == Voicemail(DOMAIN, "1001")


def test_who_declines_the_call_on_another_phone_sends_it_nowhere():
    assert play(to("1002", LegResult.DECLINED)).action == BUSY


def test_phones_that_redirect_to_each_other_come_to_an_end():
    decision = play(to("1002"), ((REDIRECTED, "", "1001"),), call=trunk_call("1001"))
    assert decision.action.callee == "1003", "the second one's busy forward"


def test_it_counts_as_a_redirection():
    call = replace(trunk_call("1001"), redirects=5)
    decision = play(to("1002", LegResult.BUSY), call=call)
    assert decision.action == BUSY
    assert any("redirected 5 times already" in each.text for each in decision.trace)
