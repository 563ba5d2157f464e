"""What a leg through the trunk shows of the caller, and what once the trunk has refused it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.decide import decide
from esl_router.engine.explain import explain
from esl_router.model.actions import BUSY, UNAVAILABLE, Announce, Outside, Ring, Voicemail
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.executive import Assistant, Executive, Rollover, RolloverAction
from esl_router.model.live import CallState, Channel
from esl_router.model.people import (
    FollowMeRow,
    Origin,
    Redecide,
    Settings,
    TollPolicy,
    User,
)
from esl_router.model.presence import CallForward, Forward, Presence, Profile, Status, Target
from esl_router.model.team import Member, Strategy, Team
from tests.company import DOMAIN, NOW, Company, internal_call, mobile, registered, sip, trunk_call

MOBILE, OWN = "+491711234567", "+493012345101"
LIVE = registered("1001-desk", "1002-desk")
ANNA = User(DOMAIN, "1001", "Anna", (OWN,))
BEN = User(DOMAIN, "1002", "Ben")
ROWS = {
    "1001": [
        FollowMeRow(sip("1001-desk"), ring=20),
        FollowMeRow(mobile("1001-mobile", MOBILE), delay=5, ring=15),
    ],
    "1002": [FollowMeRow(sip("1002-desk", "1002"), ring=20)],
}
REFUSED = (LegResult.UNREACHABLE, "CALL_REJECTED", "", 403)
SILENT, DECLINED, BUSY_PHONE = LegResult.NO_ANSWER, LegResult.DECLINED, LegResult.BUSY


def company(users=(ANNA, BEN), **more):
    return Company(users, ROWS, **more)


def forwarding(users=(ANNA, BEN), **settings):
    forward = {Origin.EXTERNAL: CallForward(Target.parse(f"external:{MOBILE}"))}
    config = Settings(DOMAIN, **settings)
    return company(users, call_forwards={"1001": forward}, config=config)


def anonymous(call):
    return replace(call, caller=replace(call.caller, number="", name="", anonymous=True))


HIDDEN = anonymous(trunk_call("1001"))


def play(rules, *ends, call=HIDDEN):
    """Every action of a call. Each ring's legs end as said: those outside as the first word says,
    the phones as the second."""
    actions = []
    for end in (*ends, None):
        actions.append(decide(call, rules, LIVE, NOW).action)
        if end is None or not isinstance(actions[-1], Ring):
            return actions
        out, phones = end if isinstance(end, list) else (end, SILENT)
        legs = []
        for leg in actions[-1].legs:
            result = out if isinstance(leg.target, Outside) else phones
            legs.append(LegOutcome(leg, *(result if isinstance(result, tuple) else (result,))))
        lasted = 0 if phones is not SILENT else actions[-1].length
        call = call.after(actions[-1], Outcome(tuple(legs), lasted=lasted))
    return actions


def told(action):
    """What each leg outside shows, and whether that is for the carrier alone."""
    targets = [leg.target for leg in action.legs]
    return [(t.caller_number, t.private) for t in targets if isinstance(t, Outside)]


def said(rules, *ends, call=HIDDEN):
    for action, end in zip(play(rules, *ends, call=call), ends, strict=False):
        call = call.after(action, Outcome(tuple(LegOutcome(leg, *end) for leg in action.legs)))
    return [e.text for e in decide(call, rules, LIVE, NOW).trace if e.stage == "trunk"]


@pytest.mark.parametrize("code", [403, 433])
def test_a_forwarded_call_is_tried_once_more_with_the_user_s_number_for_the_carrier_alone(code):
    refused = (*REFUSED[:3], code)
    first, again, end = play(forwarding(redecide=True), refused, refused)
    assert told(first) == [(None, False)]
    assert told(again) == [(OWN, True)]
    assert (again.callee, again.mailbox) == (first.callee, first.mailbox)
    assert again.redecide is first.redecide is Redecide.ALWAYS
    assert again.legs[0].ring == first.legs[0].ring
    assert again.legs[0].diversion == first.legs[0].diversion
    assert end == Voicemail(DOMAIN, "1001", greeting=end.greeting), "and not a third time"
    assert said(forwarding(), refused) == [
        f"The trunk refused {MOBILE} without a number ({code}): "
        f"it is told {OWN}, to be shown to nobody."
    ]


@pytest.mark.parametrize("code", [0, 401, 404, 480, 486, 488, 503, 600, 603, 608])
def test_what_may_be_anything_else_is_not_tried_again(code):
    ring, end = play(forwarding(), (*REFUSED[:3], code))
    assert isinstance(ring, Ring)
    assert isinstance(end, Voicemail)


def test_a_caller_who_shows_his_number_is_not_given_another():
    ring, end = play(forwarding(), REFUSED, call=trunk_call("1001"))
    assert told(ring) == [("+49301234567", False)] or told(ring)[0][1] is False
    assert isinstance(end, Voicemail)


@pytest.mark.parametrize(
    ("mode", "number"), [("caller", OWN), ("user", OWN), ("fixed:+4930123450", "+4930123450")]
)
def test_it_is_the_number_that_the_company_shows_otherwise(mode, number):
    assert told(play(forwarding(caller_id_out=mode), REFUSED)[1]) == [(number, True)]


def test_who_has_no_number_of_his_own_has_none_to_tell():
    rules = forwarding(users=(replace(ANNA, numbers=()), BEN))
    _, end = play(rules, REFUSED)
    assert isinstance(end, Voicemail)
    assert said(rules, REFUSED) == [
        f"The trunk refused {MOBILE} without a number (403), and there is none to tell it."
    ]


# -- beside other phones: when they have rung ------------------------------------------------------


def test_a_mobile_that_rings_along_is_tried_when_the_others_have_rung():
    first, again, end = play(company(), [REFUSED, SILENT], SILENT)
    assert [leg.device for leg in first.legs] == ["1001-desk", "1001-mobile"]
    assert [(leg.device, leg.delay, leg.ring) for leg in again.legs] == [("1001-mobile", 0, 15)]
    assert again.legs[0].confirm
    assert told(again) == [(OWN, True)]
    assert isinstance(end, Voicemail)


def test_who_declines_is_asked_no_more():
    assert play(company(), [REFUSED, DECLINED])[1] == BUSY


def test_both_rings_together_say_why_nobody_has_the_call():
    forwards = {
        (Origin.EXTERNAL, Forward.NO_ANSWER): Target.parse("extension:1002"),
        (Origin.EXTERNAL, Forward.BUSY): Target.parse("busy"),
        (Origin.EXTERNAL, Forward.UNREGISTERED): Target.parse("voicemail"),
    }
    presence = Presence(profiles={Status.AVAILABLE: Profile(forwards=forwards)})
    rules = company(statuses={"1001": presence})
    # The desk phone rang, whatever becomes of the mobile.
    for then in (REFUSED, LegResult.BUSY, SILENT):
        assert play(rules, [REFUSED, SILENT], then)[-1].callee == "1002"
    # It was busy: so is he, unless the mobile rings.
    assert play(rules, [REFUSED, BUSY_PHONE], REFUSED)[-1] == BUSY
    assert play(rules, [REFUSED, BUSY_PHONE], SILENT)[-1].callee == "1002"


def after_the_first(rules):
    """The call when the trunk has refused the mobile and the desk phone has rung."""
    ring = decide(HIDDEN, rules, LIVE, NOW).action
    ends = {"1001-mobile": REFUSED}
    legs = tuple(LegOutcome(leg, *ends.get(leg.device, (SILENT,))) for leg in ring.legs)
    return HIDDEN.after(ring, Outcome(legs, lasted=ring.length))


AGAIN = (("1001-mobile", 15),)
TALKS = replace(LIVE, channels={"x": Channel("x", f"1001-desk@{DOMAIN}", True, CallState.ACTIVE,
                                            call="x")})  # fmt: skip


@pytest.mark.parametrize(
    ("by_now", "live", "legs"),
    [
        ({}, LIVE, AGAIN),
        ({"statuses": {"1001": Presence(Status.DND)}}, LIVE, ()),
        ({"call_forwards": {"1001": {Origin.EXTERNAL: CallForward(Target.parse("voicemail"))}}},
         LIVE, ()),
        ({}, TALKS, ()),
        ({"config": Settings(DOMAIN, toll=TollPolicy(deny=("+4917",)))}, LIVE, ()),
    ],
)  # fmt: skip
def test_what_holds_by_now_may_keep_the_mobile_from_ringing(by_now, live, legs):
    rules = company((replace(ANNA, max_calls=1), BEN), **by_now)
    action = decide(after_the_first(company()), rules, live, NOW).action
    found = action.legs if isinstance(action, Ring) else ()
    assert tuple((leg.device, leg.ring) for leg in found) == legs


@pytest.mark.parametrize(("seconds", "lengths"), [(20, [20]), (25, [20, 5]), (60, [20, 15])])
def test_both_rings_take_no_longer_than_the_forward_to_him_lets_him(seconds, lengths):
    forward = {Origin.EXTERNAL: CallForward(Target.parse("extension:1001"))}
    onwards = {(Origin.EXTERNAL, Forward.NO_ANSWER): Target.parse("announcement:x.wav")}
    presence = Presence(profiles={Status.AVAILABLE: Profile(forwards=onwards)})
    rules = company(
        config=Settings(DOMAIN, forward_ring=seconds),
        call_forwards={"1002": forward},
        statuses={"1001": presence},
    )
    *rings, end = play(rules, *[[REFUSED, SILENT], SILENT][: len(lengths)],
                       call=anonymous(trunk_call("1002")))  # fmt: skip
    assert [ring.length for ring in rings] == lengths
    assert isinstance(end, Announce) is (seconds == 60), "whether it is he who gives up"


def test_a_team_s_next_round_tells_it():
    team = Team(DOMAIN, "2000", members=(Member("1001"),), max_wait=60)
    rules = replace(company(), teams=(team,))
    call = anonymous(trunk_call("2000"))
    first, second, *_ = play(rules, [REFUSED, SILENT], SILENT, call=call)
    assert told(first) == [(None, False)]
    assert told(second) == [(OWN, True)]


ALONE = {**ROWS, "1001": [FollowMeRow(mobile("1001-mobile", MOBILE), ring=15)]}


@pytest.mark.parametrize("strategy", Strategy)
def test_also_where_nothing_else_of_the_team_could_ring(strategy):
    team = Team(DOMAIN, "2000", members=(Member("1001"),), strategy=strategy, max_wait=60)
    call = anonymous(trunk_call("2000"))
    rules = replace(company(), rows=ALONE, teams=(team,))
    first, second, *end = play(rules, REFUSED, REFUSED, call=call)
    assert told(first) == [(None, False)]
    assert told(second) == [(OWN, True)]
    assert end == [UNAVAILABLE], "it is tried once"
    nobody_s = replace(ANNA, numbers=())
    rules = replace(company((nobody_s, BEN)), rows=ALONE, teams=(team,))
    assert play(rules, REFUSED, REFUSED, call=call)[2:] == [UNAVAILABLE]


def test_an_assistant_outside_has_not_had_his_turn_by_it():
    boss = Executive(
        DOMAIN,
        "1002",
        assistants=(Assistant("1001"),),
        enabled=True,
        rollover=Rollover(60, RolloverAction.VOICEMAIL),
    )
    rules = replace(company(), rows=ALONE, executives=(boss,))
    at_once = [REFUSED, BUSY_PHONE]
    first, second, end = play(rules, at_once, at_once, call=anonymous(trunk_call("1002")))
    assert told(first) == [(None, False)]
    assert told(second) == [(OWN, True)]
    assert isinstance(end, Voicemail)


# -- calls of one's own ---------------------------------------------------------------------------


def test_a_user_who_withholds_his_number_is_put_through_by_it():
    rules = company(config=Settings(DOMAIN))
    call = anonymous(internal_call(MOBILE, account="1001-desk", number="1001"))
    first, again, end = play(rules, REFUSED, REFUSED, call=call)
    assert (told(first), told(again)) == ([(None, False)], [(OWN, True)])
    assert again.early_media
    assert end == UNAVAILABLE


def test_an_emergency_call_shows_the_number_at_once():
    call = anonymous(internal_call("112", account="1001-desk", number="1001"))
    assert told(play(company(), call=call)[0]) == [(OWN, False)]


def test_nothing_of_it_is_in_an_explanation_without_a_refusal():
    steps = explain(HIDDEN, company(), LIVE, NOW)
    assert [type(step.decision.action) for step in steps] == [Ring, Voicemail]
