"""For what reason a call is missed, should it end now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine import missed
from esl_router.engine.decide import decide
from esl_router.engine.fallback import Condition
from esl_router.model.actions import Ring
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.executive import Assistant, Executive, Filter, Rollover, RolloverAction
from esl_router.model.missed import Reason
from esl_router.model.people import (
    CallerAction,
    CallerRule,
    FollowMeRow,
    Origin,
    Settings,
    User,
)
from esl_router.model.presence import (
    CallForward,
    Forward,
    Presence,
    Profile,
    Status,
    Target,
    TargetKind,
)
from esl_router.model.team import Member, Team
from tests.company import DOMAIN, NOW, Company, internal_call, registered, sip, trunk_call

ANNA, BEN, CARLA = (
    User(DOMAIN, extension, name, voicemail=False)
    for extension, name in (("1001", "Anna"), ("1002", "Ben"), ("1003", "Carla"))
)
PHONES = {each: [FollowMeRow(sip(f"{each}-a", each))] for each in ("1001", "1002", "1003")}
LIVE = registered("1001-a", "1002-a", "1003-a")
STRANGER = trunk_call("1001")


def rules(**more):
    return Company((ANNA, BEN, CARLA), PHONES, **more)


def to(extension):
    return Target(TargetKind.EXTENSION, extension)


def away(target, status=Status.AWAY):
    profile = Profile(forwards={(origin, Forward.ALWAYS): target for origin in Origin})
    return Presence(status=status, profiles={status: profile})


def play(company, *results, call=STRANGER, live=LIVE):
    """The reasons of the decisions one after the other, whoever rings ending with ``results``."""
    found = []
    for result in (*results, None):
        decision = decide(call, company, live, NOW)
        found.append(decision.missed)
        if result is None:
            break
        assert isinstance(decision.action, Ring)
        legs = tuple(LegOutcome(leg, result) for leg in decision.action.legs)
        call = call.after(decision.action, Outcome(legs))
    return found


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (LegResult.NO_ANSWER, Reason.NO_ANSWER),
        (LegResult.BUSY, Reason.BUSY),
        (LegResult.DECLINED, Reason.DECLINED),
        (LegResult.UNREACHABLE, Reason.NOT_REACHABLE),
    ],
)
def test_his_phones_ring_and_what_comes_of_it(result, reason):
    assert play(rules(), result) == [Reason.GAVE_UP, reason]
    boxed = replace(ANNA, voicemail=True)
    assert play(Company((boxed,), PHONES), result) == [Reason.GAVE_UP, reason]


def test_no_phone_is_there():
    assert play(rules(), live=registered()) == [Reason.NOT_REACHABLE]


def test_a_forward_stays_the_reason_whatever_becomes_of_it():
    forwards = {"1001": {Origin.EXTERNAL: CallForward(to("1002"))}}
    assert play(rules(call_forwards=forwards), LegResult.NO_ANSWER) == [Reason.FORWARD] * 2


def test_a_status_that_sends_calls_away():
    assert play(rules(statuses={"1001": away(to("1002"))})) == [Reason.FORWARD]
    dnd = away(Target(TargetKind.VOICEMAIL), Status.DND)
    assert play(rules(statuses={"1001": dnd})) == [Reason.DND]


def test_who_rings_all_the_same_is_rung():
    himself = {"1001": away(to("1001"))}
    assert play(rules(statuses=himself), LegResult.NO_ANSWER) == [
        Reason.GAVE_UP,
        Reason.NO_ANSWER,
    ]


def test_before_his_status_sends_it_away_his_phones_may_ring():
    presence = away(to("1002"))
    profile = replace(presence.profiles[Status.AWAY], alert_first=5)
    first = replace(presence, profiles={Status.AWAY: profile})
    assert play(rules(statuses={"1001": first}), LegResult.NO_ANSWER) == [Reason.FORWARD] * 2
    dnd = replace(presence, status=Status.DND, profiles={Status.DND: profile})
    assert play(rules(statuses={"1001": dnd}), LegResult.NO_ANSWER) == [Reason.DND] * 2


def test_a_circle_and_too_many_redirections():
    circle = {"1001": away(to("1002")), "1002": away(to("1001"))}
    assert play(rules(statuses=circle)) == [Reason.LOOP]
    often = rules(statuses={"1001": away(to("1002"))}, config=Settings(DOMAIN, max_redirects=0))
    assert play(often) == [Reason.LOOP]


def test_a_circle_behind_somebody_who_was_rung_is_not_why_he_missed_it():
    profile = Profile(forwards={(Origin.EXTERNAL, Forward.NO_ANSWER): to("1002")})
    back = {"1001": Presence(profiles={Status.AVAILABLE: profile}), "1002": away(to("1001"))}
    assert play(rules(statuses=back), LegResult.NO_ANSWER) == [Reason.GAVE_UP, Reason.NO_ANSWER]


def test_a_caller_who_is_refused():
    refused = (CallerRule((STRANGER.caller.number,), CallerAction.BLOCK),)
    assert play(rules(lists={"1001": refused})) == [Reason.BLOCKED]


@pytest.mark.parametrize("action", [RolloverAction.VOICEMAIL, RolloverAction.BUSY])
def test_a_filtered_call_is_the_executive_s(action):
    boss = Executive(
        DOMAIN,
        "1001",
        filter=Filter.ALL,
        assistants=(Assistant("1002"), Assistant("1003")),
        rollover=Rollover(10, action),
    )
    company = rules(executives=(boss,))
    assert play(company, LegResult.NO_ANSWER) == [Reason.FILTERED] * 2
    assert play(company, live=registered()) == [Reason.FILTERED]


def test_a_filtered_call_that_comes_to_himself_is_his():
    rollover = Rollover(10, RolloverAction.EXECUTIVE)
    assistants = (Assistant("1002"),)
    boss = Executive(DOMAIN, "1001", filter=Filter.ALL, assistants=assistants, rollover=rollover)
    found = play(rules(executives=(boss,)), LegResult.NO_ANSWER, LegResult.NO_ANSWER)
    assert found == [Reason.FILTERED, Reason.GAVE_UP, Reason.NO_ANSWER]


def test_a_team_s_call_is_the_team_s():
    team = Team(DOMAIN, "2000", "Hotline", members=(Member("1002"), Member("1003")), max_wait=30)
    company = rules(teams=(team,))
    call = trunk_call("2000")
    assert play(company, LegResult.NO_ANSWER, call=call)[0] is Reason.GAVE_UP
    assert play(company, call=call, live=registered()) == [Reason.NOT_REACHABLE]


def test_whoever_is_busy_behind_the_forward():
    forwards = {"1001": {Origin.EXTERNAL: CallForward(to("1002"))}}
    assert play(rules(call_forwards=forwards), LegResult.BUSY) == [Reason.FORWARD] * 2


def test_what_comes_after_the_mailbox_is_no_reason_of_its_own():
    company = Company((replace(ANNA, voicemail=True),), PHONES)
    box = decide(STRANGER, company, registered(), NOW)
    assert box.missed is Reason.NOT_REACHABLE
    assert decide(STRANGER.after(box.action, Outcome()), company, LIVE, NOW).missed is None


def handed_over(company, *results, live=LIVE, call=None):
    """A caller of the pool, whom Ben has sent on to the executive Anna by code."""
    sent = replace(trunk_call("*63"), sent_by=f"1002-a@{DOMAIN}", pool="1001")
    return play(company, *results, call=call or sent, live=live)


def pool(**more):
    return Executive(DOMAIN, "1001", assistants=(Assistant("1002"), Assistant("1003")), **more)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (LegResult.NO_ANSWER, Reason.NO_ANSWER),
        (LegResult.BUSY, Reason.BUSY),
        (LegResult.DECLINED, Reason.DECLINED),
    ],
)
def test_a_caller_who_is_handed_to_the_executive_is_hers_whatever_follows(result, reason):
    company = rules(executives=(pool(),))
    silent = (LegResult.NO_ANSWER,) * 2
    assert handed_over(company, result, *silent) == [Reason.GAVE_UP, *(reason,) * 3]


def test_an_executive_who_cannot_be_reached_by_a_push_has_missed_it():
    gone_home = rules(executives=(pool(),), statuses={"1001": away(to("1003"))})
    assert handed_over(gone_home, LegResult.NO_ANSWER) == [Reason.FORWARD, None]
    dnd = rules(executives=(pool(),), statuses={"1001": Presence(Status.DND)})
    assert handed_over(dnd, LegResult.NO_ANSWER, LegResult.NO_ANSWER) == [Reason.DND, None, None]
    gone = registered("1002-a", "1003-a")
    assert handed_over(rules(executives=(pool(),)), LegResult.NO_ANSWER, live=gone) == [
        Reason.NOT_REACHABLE,
        None,
    ]
    forwards = {"1001": {Origin.EXTERNAL: CallForward(to("1003"))}}
    follows = rules(executives=(pool(push_follows_forward=True),), call_forwards=forwards)
    assert handed_over(follows, LegResult.NO_ANSWER) == [Reason.FORWARD, None]


def test_a_caller_whom_nobody_can_be_handed_comes_back_to_the_assistant_and_is_his():
    assert handed_over(rules(), LegResult.NO_ANSWER) == [Reason.GAVE_UP, Reason.NO_ANSWER]


def test_an_assistant_who_asks_first_and_her_own_handing_over_are_missed_by_nobody():
    company = rules(executives=(pool(),))
    asked = internal_call("*63", account="1002-a", number="1002")
    assert handed_over(company, LegResult.NO_ANSWER, call=asked) == [None, None]
    herself = internal_call("*63", account="1001-a", number="1001")
    sent = replace(herself, sent_by=f"1002-a@{DOMAIN}", pool="1001")
    assert handed_over(company, LegResult.NO_ANSWER, call=sent) == [None, None]


def test_every_condition_is_a_reason():
    assert set(missed._REASON) == set(Condition)


@pytest.mark.parametrize(
    "call",
    [
        internal_call("*98"),
        internal_call("*31"),
        internal_call("0171 1234567"),
        internal_call("1002", account="1002-a", number="1002"),
        trunk_call("1099"),
    ],
)
def test_what_nobody_misses(call):
    assert decide(call, rules(), LIVE, NOW).missed is None
