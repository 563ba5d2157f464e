from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from esl_router.engine.decide import decide
from esl_router.model.actions import Reject, Ring, Voicemail
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.live import CallState, Channel
from esl_router.model.people import DeclineScope, FollowMeRow, Origin, User
from esl_router.model.presence import Forward, Presence, Profile, Status, Target
from esl_router.model.team import Member, Overflow, Strategy, Team, Turn
from tests.company import DOMAIN, Company, internal_call, mobile, registered, sip, trunk_call
from tests.engine.board import appointment

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAMES = ("1001", "1002", "1003")
LIVE = registered(*(f"{ext}-desk" for ext in NAMES))
SILENT, BUSY, DECLINED = LegResult.NO_ANSWER, LegResult.BUSY, LegResult.DECLINED


def company(statuses=None, rows=None, users=(), **team):
    people = tuple(User(DOMAIN, ext, ext, max_calls=0) for ext in NAMES)
    changed = {user.extension: user for user in users}
    people = tuple(changed.get(user.extension, user) for user in people)
    plain = {ext: [FollowMeRow(sip(f"{ext}-desk", ext), ring=30)] for ext in NAMES}
    team = {"members": tuple(Member(ext) for ext in NAMES), "max_wait": 60, **team}
    hotline = Team(DOMAIN, "2000", "Hotline", **team)
    return Company(people, {**plain, **(rows or {})}, (hotline,), statuses=statuses or {})


def play(rules, *results, live=LIVE):
    """Every action of a call to the team; each ring's legs end as said, by device or all alike. A
    tuple says how long it lasted, too."""
    call, actions = trunk_call("2000"), []
    for result in (*results, None):
        action = decide(call, rules, live, NOW).action
        actions.append(action)
        if not isinstance(action, Ring) or result is None:
            break
        result, lasted = result if isinstance(result, tuple) else (result, action.length)
        ends = result if isinstance(result, dict) else {}
        legs = tuple(
            LegOutcome(leg, ends.get(leg.device, SILENT) if ends else result) for leg in action.legs
        )
        call = call.after(action, Outcome(legs, lasted=lasted))
    return actions


def bars(ring):
    return [(leg.owner, leg.delay, leg.ring) for leg in ring.legs]


def who(ring):
    return [leg.owner for leg in ring.legs]


def test_all_ring_together():
    assert bars(play(company())[0]) == [("1001", 0, 30), ("1002", 0, 30), ("1003", 0, 30)]


def test_a_member_s_delay_is_added_to_that_of_his_own_rows():
    late = FollowMeRow(sip("1002-desk", "1002"), delay=3, ring=10)
    rules = company(
        rows={"1002": [FollowMeRow(sip("1002-home", "1002"), ring=10), late]},
        members=(Member("1001"), Member("1002", delay=5)),
    )
    live = registered("1001-desk", "1002-desk", "1002-home")
    assert bars(play(rules, live=live)[0]) == [("1001", 0, 30), ("1002", 5, 10), ("1002", 8, 10)]


def test_a_delay_holds_while_another_member_rings():
    late = FollowMeRow(sip("1002-desk", "1002"), delay=2, ring=10)
    members = (Member("1001"), Member("1002", delay=2))
    rules = company(rows={"1002": [late]}, members=members)
    assert bars(play(rules)[0]) == [("1001", 0, 30), ("1002", 4, 10)]


def test_one_after_the_other_each_for_the_team_s_time():
    ring = play(company(strategy=Strategy.SEQUENTIAL, ring=15))[0]
    assert bars(ring) == [("1001", 0, 15), ("1002", 15, 15), ("1003", 30, 15)]


@pytest.mark.parametrize(
    ("began", "order"),
    [
        ((0, 0, 0), ["1001", "1002", "1003"]),
        ((5, 0, 0), ["1002", "1003", "1001"]),
        ((5, 9, 7), ["1003", "1001", "1002"]),
        ((5, 6, 9), ["1001", "1002", "1003"]),
    ],
)
def test_round_robin_begins_after_whom_the_last_call_began_with(began, order):
    members = tuple(Member(ext, began=at) for ext, at in zip(NAMES, began, strict=True))
    rules = company(strategy=Strategy.ROUND_ROBIN, members=members)
    assert who(play(rules)[0]) == order
    decision = decide(trunk_call("2000"), rules, LIVE, NOW)
    assert decision.effects == (Turn(DOMAIN, "2000", order[0], max(began)),)


def test_round_robin_remembers_whom_it_could_begin_with_not_whom_it_should_have():
    members = (Member("1001", began=5), Member("1002", logged_in=False), Member("1003"))
    rules = company(strategy=Strategy.ROUND_ROBIN, members=members)
    assert decide(trunk_call("2000"), rules, LIVE, NOW).effects[0].extension == "1003"


def test_longest_idle_begins_with_whose_last_conversation_is_longest_ago():
    members = (Member("1001", talked=50), Member("1002", talked=20), Member("1003"))
    rules = company(strategy=Strategy.LONGEST_IDLE, members=members)
    assert who(play(rules)[0]) == ["1003", "1002", "1001"]


def test_whoever_talks_is_not_idle():
    members = (Member("1001"), Member("1002", talked=20), Member("1003", talked=50))
    rules = company(strategy=Strategy.LONGEST_IDLE, members=members, skip_if_busy=False)
    assert who(play(rules, live=talking("1001"))[0]) == ["1002", "1003", "1001"]


def test_a_parallel_team_has_no_turns():
    assert decide(trunk_call("2000"), company(), LIVE, NOW).effects == ()


def away(status=Status.AWAY, **profile):
    return Presence(status, profiles={status: Profile(**profile)} if profile else {})


ELSEWHERE = {(Origin.EXTERNAL, Forward.ALWAYS): Target.parse("extension:1003")}


@pytest.mark.parametrize(
    ("presence", "rings"),
    [
        (Presence(), True),
        (away(Status.DND), False),
        (away(), False),
        (away(ring_group_calls=True), True),
        (away(Status.AVAILABLE, queue_login=False), False),
        (away(Status.AVAILABLE, ring_group_calls=False), False),
        (away(Status.AVAILABLE, forwards=ELSEWHERE), False),
        (Presence(Status.MEETING), True),
        (Presence(calendar=appointment()), True),
        (Presence(calendar=appointment(Status.AWAY)), False),
        (Presence(calendar=appointment(None, "voicemail")), False),
        (Presence(calendar=appointment(Status.AWAY, "ring")), True),
    ],
)
def test_a_member_s_status_says_whether_he_takes_calls_of_the_team(presence, rings):
    assert ("1001" in who(play(company({"1001": presence}))[0])) is rings


def test_a_member_who_is_logged_out_or_not_registered_is_passed_over():
    members = (Member("1001", logged_in=False), Member("1002"), Member("1003"))
    assert who(play(company(members=members), live=registered("1003-desk"))[0]) == ["1003"]


def test_a_status_may_log_a_member_in_and_what_he_did_himself_holds_after_it():
    out = (Member("1001", logged_in=False),)
    calls = away(Status.MEETING, queue_login=True)
    assert who(play(company({"1001": calls}, members=out))[0]) == ["1001"]
    assert isinstance(play(company(members=out))[0], Reject)


def talking(*extensions):
    legs = {
        ext: Channel(ext, f"{ext}-desk@{DOMAIN}", True, CallState.ACTIVE, call=ext)
        for ext in extensions
    }
    return replace(LIVE, channels=legs)


def test_a_member_who_talks_is_passed_over():
    assert who(play(company(), live=talking("1001"))[0]) == ["1002", "1003"]
    assert who(play(company(), live=replace(talking("1001"), known=False))[0]) == list(NAMES)


def test_of_a_team_that_rings_who_talks_only_busy_on_busy_is_passed_over():
    rules = company(users=(User(DOMAIN, "1001", max_calls=1),), skip_if_busy=False)
    assert who(play(rules, live=talking("1001", "1002"))[0]) == ["1002", "1003"]


def test_a_member_s_own_forwards_and_mailbox_are_never_used():
    presence = Presence(
        profiles={
            Status.AVAILABLE: Profile(
                forwards={(Origin.EXTERNAL, Forward.NO_ANSWER): Target.parse("extension:1003")}
            )
        }
    )
    rules = company({"1001": presence}, members=(Member("1001"),), max_wait=30)
    ring, end = play(rules, SILENT)
    assert ring.mailbox is None
    assert (type(end), end.code) == (Reject, 480)


def test_a_member_s_mobile_always_has_to_confirm():
    row = FollowMeRow(mobile("1001-mobile", "+491711234567", confirm=False))
    rules = company(rows={"1001": [row]}, members=(Member("1001"),))
    assert play(rules)[0].legs[0].confirm


def test_who_declines_is_out_of_this_call_and_the_others_ring_on():
    rules = company(strategy=Strategy.SEQUENTIAL, ring=10, max_wait=60)
    first, second, *_ = play(rules, {"1002-desk": DECLINED})
    assert who(first) == ["1001", "1002", "1003"]
    assert who(second) == ["1001", "1003"]


def test_rounds_go_on_until_the_caller_has_waited_long_enough():
    rules = company(strategy=Strategy.SEQUENTIAL, ring=10, max_wait=45)
    first, second, end = play(rules, SILENT, SILENT)
    assert bars(second) == [("1001", 0, 10), ("1002", 10, 5)]
    assert first.length + second.length == 45
    assert end.code == 480


def test_the_caller_waits_as_long_as_he_may_however_quickly_others_refuse():
    rules = company(strategy=Strategy.SEQUENTIAL, ring=10, max_wait=45)
    refused = ({"1001-desk": DECLINED, "1002-desk": BUSY}, 12.2)
    first, second, third, end = play(rules, refused, SILENT, SILENT)
    assert [who(ring) for ring in (first, second, third)] == [list(NAMES), ["1003"], ["1003"]]
    assert [ring.length for ring in (second, third)] == [10, 10]
    assert isinstance(end, Ring), "13 seconds are left"


def test_a_long_wait_lasts_as_long_as_it_may():
    rules = company(members=(Member("1001"),), max_wait=600, overflow=OVERFLOW, skip_if_busy=False)
    *rings, end = play(rules, *[SILENT] * 30)
    assert [ring.length for ring in rings] == [30] * 20
    assert end == Voicemail(DOMAIN, "1001")


@pytest.mark.parametrize("last", [BUSY, DECLINED, LegResult.UNREACHABLE])
def test_whoever_refuses_at_last_has_rung_before_and_the_overflow_is_that_for_no_answer(last):
    rules = company(members=(Member("1001"),), max_wait=90, overflow=OVERFLOW)
    first, second, end = play(rules, SILENT, (last, 2))
    assert (who(first), who(second)) == (["1001"], ["1001"])
    assert end == Voicemail(DOMAIN, "1001")


def test_when_everybody_left_refuses_at_once_the_others_who_have_come_back_ring():
    gone = company(members=(Member("1001"), Member("1002", logged_in=False)))
    ring = play(gone)[0]
    call = trunk_call("2000").after(ring, Outcome((LegOutcome(ring.legs[0], BUSY),), lasted=0.1))
    assert who(decide(call, company(), LIVE, NOW).action) == ["1002", "1003"]
    assert decide(call, gone, LIVE, NOW).action.code == 486


@pytest.mark.parametrize("result", [SILENT, BUSY, LegResult.UNREACHABLE, LegResult.UNREGISTERED])
def test_phones_that_end_at_once_are_not_rung_round_after_round(result):
    rings = play(company(max_wait=86400, overflow=OVERFLOW), *[(result, 0.1)] * 5)
    assert len([each for each in rings if isinstance(each, Ring) and each.callee == "2000"]) == 1


@pytest.mark.parametrize("scope", DeclineScope)
def test_who_refused_on_all_phones_that_rang_is_out_however_he_declines(scope):
    anna = User(DOMAIN, "1001", decline=scope)
    first, second = play(company(users=(anna,)), {"1001-desk": BUSY})
    assert (who(first), who(second)) == (list(NAMES), ["1002", "1003"])


def test_who_refused_on_one_phone_while_another_rang_is_not_out():
    rows = {
        "1001": [FollowMeRow(sip(name, "1001"), ring=20) for name in ("1001-desk", "1001-soft")]
    }
    live = registered("1001-desk", "1001-soft")
    rules = company(rows=rows)
    assert who(play(rules, {"1001-desk": BUSY}, live=live)[1]) == ["1001", "1001"]


def test_the_trace_says_who_is_not_rung_any_more():
    ring = play(company())[0]
    results = (BUSY, DECLINED, SILENT)
    legs = tuple(LegOutcome(leg, each) for leg, each in zip(ring.legs, results, strict=True))
    call = trunk_call("2000").after(ring, Outcome(legs, lasted=30))
    said = [entry.text for entry in decide(call, company(), LIVE, NOW).trace]
    assert "1001 is passed over: he has refused this call." in said
    assert "1002 is passed over: he has declined this call." in said


def test_busy_members_do_not_make_the_caller_go_round_and_round():
    ring, end = play(company(), BUSY)
    assert isinstance(ring, Ring)
    assert end.code == 486


OVERFLOW = {
    Overflow.NO_ANSWER: Target.parse("voicemail:1001"),
    Overflow.BUSY: Target.parse("busy"),
    Overflow.NOBODY: Target.parse("extension:1003"),
}


def test_overflow_when_nobody_answers():
    assert play(company(overflow=OVERFLOW, max_wait=30), SILENT)[-1] == Voicemail(DOMAIN, "1001")


def test_overflow_when_all_are_busy():
    assert play(company(overflow=OVERFLOW), BUSY)[-1].code == 486


def test_overflow_when_nobody_is_there_ends_in_the_box_of_whom_it_leads_to():
    nobody = tuple(Member(ext, logged_in=False) for ext in NAMES)
    ring, end = play(company(members=nobody, overflow=OVERFLOW), SILENT)
    assert ring.callee == "1003"
    assert end == Voicemail(DOMAIN, "1003")


def test_a_member_whose_status_logs_him_out_does_not_raise_what_the_team_may_have():
    statuses = {"1003": away(Status.AVAILABLE, queue_login=False)}
    rules = company(statuses, max_calls=None)
    assert play(rules, live=talking("1001", "1002"))[0].code == 486


def test_how_far_a_decline_reaches_is_the_member_s_own_setting():
    emma = User(DOMAIN, "1002", decline=DeclineScope.USER)
    ring = play(company(users=(emma,)))[0]
    assert [leg.decline for leg in ring.legs][1] is DeclineScope.USER


@pytest.mark.parametrize(
    ("limit", "talks", "busy"),
    [
        (0, NAMES, False),
        (1, ("1001",), True),
        (2, ("1001",), False),
        (2, ("1001", "1003"), True),
        (None, ("1001", "1002"), False),
        (None, NAMES, True),
    ],
)
def test_busy_on_busy_of_a_team_counts_its_talking_members(limit, talks, busy):
    actions = play(company(max_calls=limit, skip_if_busy=False), live=talking(*talks))
    assert (actions[0] == Reject(486, "USER_BUSY")) is busy


def test_a_ring_time_of_his_own_rows_wins_over_the_team_s():
    long = FollowMeRow(sip("1001-desk", "1001"), ring=25, own_ring=True)
    short = FollowMeRow(sip("1002-desk", "1002"), ring=5, own_ring=True)
    usual = FollowMeRow(sip("1003-desk", "1003"), ring=30)
    rules = company(
        rows={"1001": [long], "1002": [short], "1003": [usual]},
        strategy=Strategy.SEQUENTIAL,
        ring=15,
        max_wait=40,
    )
    assert bars(play(rules)[0]) == [("1001", 0, 25), ("1002", 25, 5), ("1003", 30, 10)]


def test_a_row_without_a_ring_time_takes_the_team_s_however_long():
    late = FollowMeRow(sip("1001-home", "1001"), delay=10, ring=30)
    rows = {"1001": [FollowMeRow(sip("1001-desk", "1001")), late]}
    rules = company(rows=rows, strategy=Strategy.SEQUENTIAL, ring=40, max_wait=90)
    live = registered("1001-desk", "1001-home", "1002-desk")
    ring = play(rules, live=live)[0]
    assert bars(ring) == [("1001", 0, 40), ("1001", 10, 30), ("1002", 40, 40)]


def test_a_member_s_phone_redirects_nothing():
    row = FollowMeRow(sip("1001-desk", "1001", redirect=True))
    assert not play(company(rows={"1001": [row]}))[0].legs[0].redirect


def test_a_team_of_which_everybody_talks_is_busy_and_not_empty():
    users = tuple(User(DOMAIN, ext, max_calls=1) for ext in NAMES)
    assert play(company(), live=talking(*NAMES))[0].code == 486
    assert play(company(users=users, skip_if_busy=False), live=talking(*NAMES))[0].code == 486
    gone = company(members=(Member("1001", logged_in=False),))
    assert play(gone)[0].code == 480


def test_a_member_who_calls_his_own_team_does_not_ring_himself():
    home = FollowMeRow(sip("1002-home", "1002"))
    rules = company(rows={"1002": [FollowMeRow(sip("1002-desk", "1002")), home]})
    live = registered("1001-desk", "1002-desk", "1002-home")
    call = internal_call("2000", account="1002-desk")
    assert who(decide(call, rules, live, NOW).action) == ["1001"]


def test_the_members_see_whom_the_caller_wanted():
    assert play(company(caller_prefix="Hotline: "))[0].caller_name == "Hotline: Muster GmbH"
    assert play(company())[0].caller_name == ""


def test_two_members_with_one_phone_ring_it_once():
    shared = FollowMeRow(sip("desk", "x"))
    rules = company(rows={"1001": [shared], "1002": [shared]})
    live = registered("desk", "1003-desk")
    assert [leg.device for leg in play(rules, live=live)[0].legs] == ["desk", "1003-desk"]


def test_a_forward_may_lead_to_a_team():
    presence = Presence(
        Status.AWAY,
        profiles={
            Status.AWAY: Profile(
                forwards={(Origin.EXTERNAL, Forward.ALWAYS): Target.parse("extension:2000")}
            )
        },
    )
    rules = company({"1001": presence})
    action = decide(trunk_call("1001"), rules, LIVE, NOW).action
    assert action.callee == "2000"
    assert who(action) == ["1002", "1003"], "who is away does not ring as a member either"
    assert action.legs[0].diversion.reason == "unconditional"
