"""Calls that left through the trunk and come back, as decide() sees them."""

from __future__ import annotations

from dataclasses import replace

from esl_router.engine.decide import decide
from esl_router.model.actions import BUSY, Outside, Ring, Voicemail
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.people import FollowMeRow, Origin
from esl_router.model.presence import CallForward, Status, Target
from esl_router.model.team import Member, Team
from esl_router.model.trail import Trail
from tests.company import DOMAIN, internal_call, mobile, sip, trunk_call
from tests.engine.board import board, sent_by
from tests.engine.test_route import ANYWHERE, LIVE, NOW, company, forwards, way

OUT = Target.parse(f"external:{ANYWHERE}")


def forwarding(*extensions, to=OUT):
    every = {Origin.EXTERNAL: CallForward(to), Origin.INTERNAL: CallForward(to)}
    return replace(company(), call_forwards=dict.fromkeys(extensions, every))


def trails(action):
    return [leg.target.trail for leg in action.legs if isinstance(leg.target, Outside)]


def came(dialled, *visited, hops=1, domain=DOMAIN):
    """A call from outside that has been at these users of ours already."""
    trail = Trail(tuple(f"{each}@{domain}" for each in visited), hops)
    return replace(trunk_call(dialled), trail=trail, redirects=hops)


def said(call, rules):
    return [(e.fired, e.text) for e in decide(call, rules, LIVE, NOW).trace if e.stage == "trail"]


def test_what_leaves_says_where_it_has_been_and_how_often_it_was_redirected():
    action = decide(trunk_call("1001"), forwarding("1001"), LIVE, NOW).action
    assert trails(action) == [Trail(("1001@pbx.test",), 1)]
    chain = forwarding("1002")
    chain = replace(
        chain,
        call_forwards={
            **chain.call_forwards,
            "1001": {Origin.EXTERNAL: CallForward(Target.parse("extension:1002"))},
        },
    )
    action = decide(trunk_call("1001"), chain, LIVE, NOW).action
    assert trails(action) == [Trail(("1001@pbx.test", "1002@pbx.test"), 2)]


def test_a_mobile_that_rings_along_says_so_too_and_a_phone_inside_does_not():
    rows = {"1001": [FollowMeRow(sip("1001-desk")), FollowMeRow(mobile("m", ANYWHERE))]}
    action = decide(trunk_call("1001"), replace(company(), rows=rows), LIVE, NOW).action
    assert len(action.legs) == 2
    assert trails(action) == [Trail(("1001@pbx.test",), 1)]


def test_each_member_s_mobile_has_the_call_from_the_team_and_from_him_alone():
    rows = {
        "1001": [FollowMeRow(mobile("m", ANYWHERE))],
        "1002": [FollowMeRow(mobile("n", "+491799999999", "1002"))],
    }
    team = Team(DOMAIN, "2000", members=(Member("1001"), Member("1002")))
    rules = replace(company(), rows=rows, teams=(team,))
    action = decide(trunk_call("2000"), rules, LIVE, NOW).action
    assert trails(action) == [
        Trail(("1001@pbx.test", "2000@pbx.test"), 1),
        Trail(("1002@pbx.test", "2000@pbx.test"), 1),
    ]


def pushed(**executive):
    rows = {
        each: [
            FollowMeRow(sip(f"{each}-desk", each)),
            FollowMeRow(mobile(f"{each}-m", f"+4917200{each}", each)),
        ]
        for each in ("1001", "1002", "1003")
    }
    return trunk_call("*631001"), board(rows=rows, **executive)


def test_assistants_and_an_executive_to_whom_a_caller_is_handed_are_marked_too():
    _, rules = pushed()
    action = decide(trunk_call("1001"), rules, LIVE, NOW).action
    assert trails(action) == [
        Trail(("1001@pbx.test", "1002@pbx.test"), 2),
        Trail(("1001@pbx.test", "1003@pbx.test"), 2),
    ]
    call, rules = pushed()
    call = sent_by(call, "1002", pool="1001", answered=True)
    both = ("1001@pbx.test", "1002@pbx.test")
    ring = decide(call, rules, LIVE, NOW).action
    assert [trail.visited for trail in trails(ring)] == [both]
    silent = Outcome(tuple(LegOutcome(leg, LegResult.NO_ANSWER) for leg in ring.legs))
    back = decide(call.after(ring, silent), rules, LIVE, NOW).action
    assert [trail.visited for trail in trails(back)] == [both]


def test_and_who_has_the_call_by_the_executive_s_forward():
    call, rules = pushed(push_follows_forward=True)
    call = sent_by(call, "1002", pool="1001", answered=True)
    rules = replace(
        rules,
        call_forwards={
            "1001": {Origin.EXTERNAL: CallForward(Target.parse("extension:1004"))},
            "1004": {Origin.EXTERNAL: CallForward(OUT)},
        },
    )
    (trail,) = trails(decide(call, rules, LIVE, NOW).action)
    assert trail.visited == ("1001@pbx.test", "1002@pbx.test", "1004@pbx.test")


def test_what_a_user_dials_has_been_nowhere():
    action = decide(internal_call(ANYWHERE), company(), LIVE, NOW).action
    assert trails(action) == [Trail((), 0)]


def test_it_is_no_part_of_what_a_leg_is():
    leg = decide(trunk_call("1001"), forwarding("1001"), LIVE, NOW).action.legs[0]
    assert leg == replace(leg, target=replace(leg.target, trail=None))


def test_who_is_dialled_again_is_busy_and_the_first_call_goes_on():
    for rules in (forwarding("1001"), company(), company(u1001=forwards(Status.AWAY))):
        assert decide(came("1001", "1001"), rules, LIVE, NOW).action == BUSY
    text = "The call has been at 1001, left, and comes back: the first call goes on."
    assert said(came("1001", "1001"), company()) == [(True, text)]
    team = Team(DOMAIN, "2000", members=(Member("1002"),))
    rules = replace(company(), teams=(team,))
    assert decide(came("2000", "2000"), rules, LIVE, NOW).action == BUSY
    # And what the first call makes of that: the mailbox of whom its caller wanted.
    call = trunk_call("1001")
    ring = decide(call, forwarding("1001"), LIVE, NOW).action
    busy = Outcome((LegOutcome(ring.legs[0], LegResult.BUSY, "USER_BUSY"),))
    after = decide(call.after(ring, busy), forwarding("1001"), LIVE, NOW).action
    assert isinstance(after, Voicemail)


def test_a_colleague_gets_it_and_nobody_is_visited_twice():
    action = decide(came("1002", "1001"), company(), LIVE, NOW).action
    assert way([action]) == ["1002"]
    inside = forwarding("1002", to=Target.parse("extension:1001"))
    assert way([decide(came("1002", "1001"), inside, LIVE, NOW).action]) == ["box 1002"]
    out = decide(came("1002", "1001", hops=3), forwarding("1002"), LIVE, NOW).action
    assert trails(out) == [Trail(("1001@pbx.test", "1002@pbx.test"), 4)]


def test_how_often_it_was_redirected_counts_where_nothing_else_says_so():
    assert way([decide(came("1002", "1001", hops=5), forwarding("1002"), LIVE, NOW).action]) == [
        "box 1002"
    ]


def test_another_company_s_users_are_not_ours_but_go_on_with_the_call():
    call = came("1001", "1001", domain="other.test")
    action = decide(call, forwarding("1001"), LIVE, NOW).action
    assert isinstance(action, Ring)
    assert trails(action) == [Trail(("1001@other.test", "1001@pbx.test"), 2)]


def test_a_trail_that_does_not_count_is_said_once_and_changes_nothing():
    call = replace(trunk_call("1001"), trail_fault="it was not made here")
    assert said(call, company()) == [
        (False, "The call shows a trail that does not count: it was not made here.")
    ]
    ring = decide(call, company(), LIVE, NOW).action
    assert way([ring]) == ["1001"]
    silent = Outcome((LegOutcome(ring.legs[0], LegResult.NO_ANSWER),))
    assert said(call.after(ring, silent), company()) == []
