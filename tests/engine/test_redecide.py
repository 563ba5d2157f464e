from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import pytest

from esl_router.engine.decide import decide
from esl_router.engine.redecide import concerns
from esl_router.engine.way import MAX_CUT_OFF
from esl_router.model.actions import Announce, Reject, Voicemail
from esl_router.model.call import LegOutcome, Outcome
from esl_router.model.executive import (
    Alerting,
    Assistant,
    Executive,
    NoAssistant,
    Rollover,
    RolloverAction,
)
from esl_router.model.live import CallState, Channel
from esl_router.model.missed import Reason
from esl_router.model.people import FollowMeRow, Origin, Redecide, Settings, User
from esl_router.model.presence import CallForward, Forward, Presence, Profile, Status, Target
from esl_router.model.team import Member, Overflow, Strategy, Team
from tests.company import DOMAIN, Company, registered, sip, trunk_call
from tests.engine.board import BUSY, DECLINED, PEOPLE, SILENT, board, cut_off, sent_by, who
from tests.engine.board import LIVE as BOARD

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LIVE = registered("1001-desk", "1002-desk")
CALL = trunk_call("1001")
TALKS = Channel("x", f"1001-desk@{DOMAIN}", True, CallState.ACTIVE, call="x")
TALKING = replace(LIVE, channels={"x": TALKS})


def company(redecide=False, pending=False, statuses=None, **team):
    users = tuple(
        User(DOMAIN, ext, ext, max_calls=1, bob_cancel_pending=pending) for ext in ("1001", "1002")
    )
    rows = {ext: [FollowMeRow(sip(f"{ext}-desk", ext))] for ext in ("1001", "1002")}
    members = team.pop("members", (Member("1001"), Member("1002")))
    hotline = Team(DOMAIN, "2000", members=members, **team)
    config = Settings(DOMAIN, redecide=redecide)
    return Company(users, rows, (hotline,), config, statuses=statuses or {})


def why(before, after=None, live=LIVE, call=CALL):
    ringing = decide(call, before, LIVE, NOW)
    return concerns(ringing, decide(call, after or before, live, NOW))


def test_nothing_changed_and_it_rings_on():
    assert why(company(redecide=True)) == ""


def test_without_the_setting_no_change_reaches_a_ringing_call():
    assert why(company(), company(statuses={"1001": Presence(Status.DND)}), TALKING) == ""


@pytest.mark.parametrize(
    ("after", "live"),
    [
        (company(redecide=True, statuses={"1001": Presence(Status.DND)}), LIVE),
        (company(redecide=True, statuses={"1001": Presence(Status.AWAY)}), LIVE),
        (company(redecide=True), TALKING),
        (company(redecide=True), registered()),
    ],
)
def test_with_it_every_change_that_concerns_the_callee_does(after, live):
    assert why(company(redecide=True), after, live)


def test_a_status_of_somebody_else_concerns_nobody():
    assert not why(
        company(redecide=True), company(redecide=True, statuses={"1002": Presence(Status.DND)})
    )


def test_answering_another_call_turns_a_pending_one_busy_where_the_user_wants_it():
    assert why(company(pending=True), live=TALKING) == "the callee talks now"
    assert not why(company(), live=TALKING)


def test_such_a_user_s_other_changes_do_not_reach_it():
    after = company(pending=True, statuses={"1001": Presence(Status.DND)})
    assert not why(company(pending=True), after)


def test_a_member_who_logs_in_joins_a_team_that_rings():
    alone = (Member("1001"), Member("1002", logged_in=False))
    call = trunk_call("2000")
    before = company(redecide=True, members=alone)
    assert why(before, company(redecide=True), call=call) == "other phones would ring now"


def test_a_team_s_own_turn_is_no_change():
    call = trunk_call("2000")
    moved = (Member("1001", began=5.0), Member("1002"))
    before = company(redecide=True, strategy=Strategy.ROUND_ROBIN)
    after = company(redecide=True, strategy=Strategy.ROUND_ROBIN, members=moved)
    assert not why(before, after, call=call)


@pytest.mark.parametrize("strategy", [Strategy.ROUND_ROBIN, Strategy.LONGEST_IDLE])
def test_nor_is_it_where_the_time_is_too_short_for_all_of_them(strategy):
    rules = partial(company, redecide=True, strategy=strategy, ring=20, max_wait=20)
    first = rules(members=(Member("1001", talked=1.0), Member("1002", talked=2.0)))
    moved = rules(members=(Member("1001", talked=3.0, began=5.0), Member("1002", talked=2.0)))
    ringing, now = (decide(TEAM_CALL, each, LIVE, NOW) for each in (first, moved))
    assert (who(ringing.action), who(now.action)) == (["1001"], ["1002"])
    assert concerns(ringing, now) == ""
    gone = decide(TEAM_CALL, first, registered("1002-desk"), NOW)
    assert concerns(ringing, gone) == "other phones would ring now"
    joined = rules(members=(Member("1001", talked=1.0),))
    assert concerns(decide(TEAM_CALL, joined, LIVE, NOW), ringing), "who may ring next is new"
    assert not concerns(ringing, decide(TEAM_CALL, joined, LIVE, NOW)), "he does not ring yet"


def test_the_ring_says_which_changes_it_waits_for():
    assert decide(CALL, company(), LIVE, NOW).action.redecide is Redecide.NEVER
    assert decide(CALL, company(pending=True), LIVE, NOW).action.redecide is Redecide.BUSY
    assert decide(CALL, company(redecide=True), LIVE, NOW).action.redecide is Redecide.ALWAYS


# -- somebody was busy before it rang --------------------------------------------------------------

TEAM_CALL = trunk_call("2000")
BUSY_TO_BEN = Presence(
    profiles={
        Status.AVAILABLE: Profile(
            forwards={(Origin.EXTERNAL, Forward.BUSY): Target.parse("extension:1002")}
        )
    }
)


def talks(*extensions, known=LIVE):
    legs = {
        each: Channel(each, f"{each}-desk@{DOMAIN}", True, CallState.ACTIVE, call=each)
        for each in extensions
    }
    return replace(known, channels=legs)


def assisted(**executive):
    boss = Executive(
        DOMAIN,
        "1003",
        assistants=(Assistant("1001"), Assistant("1002")),
        rollover=Rollover(30, RolloverAction.VOICEMAIL),
        **executive,
    )
    rules = company(redecide=True)
    users = (*rules.users, User(DOMAIN, "1003"))
    return replace(
        rules,
        users=users,
        executives=(boss,),
        rows={**rules.rows, "1003": [FollowMeRow(sip("1003-desk", "1003"))]},
    )


HERE = registered("1001-desk", "1002-desk", "1003-desk")
SITUATIONS = {
    "who forwards when he is busy": (
        CALL, company(redecide=True, statuses={"1001": BUSY_TO_BEN}), LIVE),
    "who forwards when he is busy, to whose pending calls turn": (
        CALL, company(pending=True, statuses={"1001": BUSY_TO_BEN}), LIVE),
    "a team": (TEAM_CALL, company(redecide=True), LIVE),
    "a team whose members' pending calls turn": (TEAM_CALL, company(pending=True), LIVE),
    "assistants": (trunk_call("1003"), assisted(), HERE),
}  # fmt: skip


@pytest.mark.parametrize(("call", "rules", "live"), SITUATIONS.values(), ids=SITUATIONS)
def test_who_was_busy_when_it_began_to_ring_is_no_change(call, rules, live):
    ringing = decide(call, rules, talks("1001", known=live), NOW)
    assert [leg.device for leg in ringing.action.legs] == ["1002-desk"]
    assert ringing.action.redecide is not Redecide.NEVER
    assert concerns(ringing, decide(call, rules, talks("1001", known=live), NOW)) == ""


@pytest.mark.parametrize(("call", "rules", "live"), SITUATIONS.values(), ids=SITUATIONS)
def test_who_becomes_busy_since_is(call, rules, live):
    ringing = decide(call, rules, talks("1001", known=live), NOW)
    assert concerns(ringing, decide(call, rules, talks("1001", "1002", known=live), NOW))


@pytest.mark.parametrize("name", ["who forwards when he is busy", "a team", "assistants"])
def test_and_so_is_who_hangs_up(name):
    call, rules, live = SITUATIONS[name]
    ringing = decide(call, rules, talks("1001", known=live), NOW)
    assert concerns(ringing, decide(call, rules, live, NOW))


def test_a_member_who_answers_another_call_turns_a_team_s_where_he_wants_that():
    pending = company(pending=True)
    ringing = decide(TEAM_CALL, pending, LIVE, NOW)
    now = decide(TEAM_CALL, pending, TALKING, NOW)
    assert concerns(ringing, now) == "the callee talks now"
    assert who(now.action) == ["1002"]
    alone = replace(pending, users=(replace(pending.users[0], bob_cancel_pending=False),
                                    pending.users[1]))  # fmt: skip
    assert decide(TEAM_CALL, alone, LIVE, NOW).action.redecide is Redecide.BUSY
    assert not concerns(
        decide(TEAM_CALL, alone, LIVE, NOW), decide(TEAM_CALL, alone, TALKING, NOW)
    ), "it is the other one whose calls turn"


def test_a_call_that_rings_outside_turns_when_the_callee_is_back():
    mobile = Presence(
        Status.AWAY,
        profiles={
            Status.AWAY: Profile(
                forwards={(Origin.EXTERNAL, Forward.ALWAYS): Target.parse("external:+491711234567")}
            )
        },
    )
    gone, back = company(redecide=True, statuses={"1001": mobile}), company(redecide=True)
    assert decide(CALL, gone, LIVE, NOW).action.callee == "+491711234567"
    assert why(gone, gone) == ""
    assert why(gone, back) == "another rule holds now"
    assert why(company(statuses={"1001": mobile}), company()) == ""
    ring = decide(CALL, gone, LIVE, NOW).action
    assert decide(cut_off(CALL, ring), back, LIVE, NOW).action.callee == "1001"
    assert decide(cut_off(CALL, ring), gone, LIVE, NOW).action.callee == "+491711234567"


PENDING = tuple(replace(each, max_calls=1, bob_cancel_pending=True) for each in PEOPLE)


def test_an_assistant_who_answers_another_call_leaves_the_pool_where_he_wants_that():
    rules, call = board(people=PENDING), trunk_call("1001")
    ringing = decide(call, rules, BOARD, NOW)
    assert ringing.action.redecide is Redecide.BUSY
    now = decide(call, rules, talks("1002", known=BOARD), NOW)
    assert concerns(ringing, now) == "the callee talks now"
    back = cut_off(call, ringing.action)
    assert who(decide(back, rules, talks("1002", known=BOARD), NOW).action) == ["1003"]
    assert decide(call, board(), BOARD, NOW).action.redecide is Redecide.NEVER


def test_an_executive_who_answers_another_call_is_handed_none_where_he_wants_that():
    rules, call = board(people=PENDING), sent_by(
        trunk_call("*631001"), "1002", pool="1001", answered=True)  # fmt: skip
    ringing = decide(call, rules, BOARD, NOW)
    assert (ringing.action.callee, ringing.action.redecide) == ("1001", Redecide.BUSY)
    talking = talks("1001", known=BOARD)
    assert concerns(ringing, decide(call, rules, talking, NOW)) == "the callee talks now"
    back = cut_off(call, ringing.action, lasted=5)
    recall = decide(back, rules, talking, NOW).action
    assert recall.callee == "1002"
    assert decide(back, rules, talking, NOW).missed is Reason.BUSY
    silent = Outcome(tuple(LegOutcome(leg, SILENT) for leg in recall.legs), lasted=25)
    assert decide(back.after(recall, silent), rules, BOARD, NOW).action.to_assistants
    # Nothing is left to chance where he does not talk after all: his time goes on.
    again = decide(back, rules, BOARD, NOW).action
    assert again.length == ringing.action.length - 5
    silent = Outcome(tuple(LegOutcome(leg, SILENT) for leg in again.legs), lasted=again.length)
    assert decide(back.after(again, silent), rules, BOARD, NOW).action.callee == "1002"
    ignoring = board(people=PENDING, push_ignores_bob=True)
    assert decide(call, ignoring, BOARD, NOW).action.redecide is Redecide.NEVER


# -- what is known of the call when it comes back -------------------------------------------------


def test_a_ring_that_was_cut_off_counts_for_nothing():
    rules = company(redecide=True)
    ring = decide(CALL, rules, LIVE, NOW).action
    again = decide(cut_off(CALL, ring), rules, LIVE, NOW).action
    assert again == ring
    gone = company(redecide=True, statuses={"1001": Presence(Status.DND)})
    assert decide(cut_off(CALL, ring), gone, LIVE, NOW).action == Reject(486, "USER_BUSY")


def test_but_who_has_let_it_ring_before_is_not_rung_again():
    forward = {(Origin.EXTERNAL, Forward.NO_ANSWER): Target.parse("extension:1002")}
    anna = Presence(profiles={Status.AVAILABLE: Profile(forwards=forward)})
    rules = company(redecide=True, statuses={"1001": anna})
    first = decide(CALL, rules, LIVE, NOW).action
    call = CALL.after(first, Outcome((LegOutcome(first.legs[0], SILENT),), lasted=20))
    second = decide(call, rules, LIVE, NOW).action
    assert (first.callee, second.callee) == ("1001", "1002")
    ben = Presence(Status.DND)
    rules = company(redecide=True, statuses={"1001": anna, "1002": ben})
    assert decide(cut_off(call, second), rules, LIVE, NOW).action == Voicemail(DOMAIN, "1001")


def test_a_phone_on_which_he_refused_is_not_rung_again():
    rules = company(redecide=True)
    two = [FollowMeRow(sip(name)) for name in ("1001-desk", "1001-soft")]
    rules = replace(rules, rows={**rules.rows, "1001": two})
    live = registered("1001-desk", "1001-soft")
    ring = decide(CALL, rules, live, NOW).action
    call = cut_off(CALL, ring, **{"1001_desk": BUSY})
    assert [leg.device for leg in decide(call, rules, live, NOW).action.legs] == ["1001-soft"]


def test_a_member_who_declined_is_not_rung_again_and_the_caller_s_wait_goes_on():
    rules = company(redecide=True, max_wait=40)
    ring = decide(TEAM_CALL, rules, LIVE, NOW).action
    assert ring.length == 30
    call = cut_off(TEAM_CALL, ring, lasted=15, **{"1001_desk": DECLINED})
    again = decide(call, rules, LIVE, NOW).action
    assert [(leg.owner, leg.ring) for leg in again.legs] == [("1002", 25)]


def test_a_member_who_only_rang_is_rung_again():
    rules = company(redecide=True)
    ring = decide(TEAM_CALL, rules, LIVE, NOW).action
    assert who(decide(cut_off(TEAM_CALL, ring), rules, LIVE, NOW).action) == ["1001", "1002"]


def test_of_members_one_after_the_other_it_goes_on_with_whose_turn_it_was():
    rules = company(redecide=True, strategy=Strategy.SEQUENTIAL, ring=20, max_wait=60)
    ring = decide(TEAM_CALL, rules, LIVE, NOW).action
    assert who(ring) == ["1001", "1002"]
    call = cut_off(TEAM_CALL, ring, lasted=25, **{"1001_desk": SILENT})
    again = decide(call, rules, LIVE, NOW).action
    assert [(leg.owner, leg.delay, leg.ring) for leg in again.legs] == [
        ("1002", 0, 20), ("1001", 20, 15)]  # fmt: skip
    whole = Outcome(tuple(LegOutcome(leg, SILENT) for leg in again.legs), lasted=20)
    assert who(decide(call.after(again, whole), rules, LIVE, NOW).action)[0] == "1001"
    assert who(decide(cut_off(TEAM_CALL, ring), rules, LIVE, NOW).action)[0] == "1001"


def test_who_was_rung_before_is_rung_no_longer_than_his_time_by_it():
    forward = {(Origin.EXTERNAL, Forward.NO_ANSWER): Target.parse("extension:1002")}
    anna = Presence(profiles={Status.AVAILABLE: Profile(no_answer_after=25, forwards=forward)})
    rules = company(redecide=True, statuses={"1001": anna})
    two = [FollowMeRow(sip("1001-desk")), FollowMeRow(sip("1001-soft"), delay=10)]
    rules = replace(rules, rows={**rules.rows, "1001": two})
    live = registered("1001-desk", "1001-soft", "1002-desk")
    ring = decide(CALL, rules, live, NOW).action
    again = decide(cut_off(CALL, ring, lasted=20), rules, live, NOW).action
    assert [(leg.device, leg.delay, leg.ring) for leg in again.legs] == [
        ("1001-desk", 0, 5), ("1001-soft", 0, 5)]  # fmt: skip
    assert decide(cut_off(CALL, ring, lasted=25), rules, live, NOW).action.callee == "1002"
    call = cut_off(cut_off(CALL, ring, lasted=20), again, lasted=5)
    assert decide(call, rules, live, NOW).action.callee == "1002"


@pytest.mark.parametrize("target", ["extension:1002", "external:+491711234567"])
def test_nor_longer_than_the_forward_to_him_lets_him(target):
    rules = company(redecide=True)
    forward = {Origin.EXTERNAL: CallForward(Target.parse(target))}
    config = replace(rules.config, forward_ring=20)
    rules = replace(rules, call_forwards={"1001": forward}, config=config)
    ring = decide(CALL, rules, LIVE, NOW).action
    assert ring.length == 20
    again = decide(cut_off(CALL, ring, lasted=19), rules, LIVE, NOW).action
    assert (again.callee, again.length) == (ring.callee, 1)
    end = decide(cut_off(CALL, ring, lasted=20), rules, LIVE, NOW).action
    assert end == Voicemail(DOMAIN, "1001")


def test_a_team_whose_only_member_talks_now_is_busy():
    overflow = {Overflow.BUSY: Target.parse("busy"), Overflow.NO_ANSWER: Target.parse("voicemail")}
    rules = company(pending=True, members=(Member("1001"),), overflow=overflow)
    ring = decide(TEAM_CALL, rules, LIVE, NOW).action
    assert decide(cut_off(TEAM_CALL, ring), rules, TALKING, NOW).action.code == 486
    limited = company(redecide=True, max_calls=1, skip_if_busy=False, overflow=overflow)
    ring = decide(TEAM_CALL, limited, LIVE, NOW).action
    assert decide(cut_off(TEAM_CALL, ring), limited, TALKING, NOW).action.code == 486


def test_his_phones_ring_first_and_the_announcement_is_heard_once_in_a_call():
    def away(target):
        forwards = {(origin, Forward.ALWAYS): Target.parse(target) for origin in Origin}
        profile = Profile(forwards=forwards, alert_first=6, announce="away.wav")
        return Presence(Status.AWAY, profiles={Status.AWAY: profile})

    rules = company(redecide=True, statuses={"1001": away("extension:1002")})
    first = decide(CALL, rules, LIVE, NOW).action
    assert first.alert_first
    call = CALL.after(first, Outcome((LegOutcome(first.legs[0], SILENT),), lasted=6))
    sound = decide(call, rules, LIVE, NOW).action
    assert isinstance(sound, Announce)
    call = call.after(sound, Outcome())
    ring = decide(call, rules, LIVE, NOW).action
    assert ring.callee == "1002"
    after = company(redecide=True, statuses={"1001": away("voicemail")})
    assert decide(cut_off(call, ring), after, LIVE, NOW).action == Voicemail(DOMAIN, "1001")
    # Whose phones were ringing when he went away has been told of the call.
    usual = decide(CALL, company(redecide=True), LIVE, NOW).action
    assert decide(cut_off(CALL, usual), rules, LIVE, NOW).action == sound


def test_assistants_who_had_their_turn_are_not_rung_again_and_the_rollover_comes_in_time():
    rules = assisted(alerting=Alerting.SEQUENTIAL)
    call = trunk_call("1003")
    ring = decide(call, rules, HERE, NOW).action
    assert who(ring) == ["1001", "1002"]
    later = cut_off(call, ring, lasted=20, **{"1001_desk": SILENT})
    again = decide(later, rules, HERE, NOW).action
    assert [(leg.owner, leg.ring) for leg in again.legs] == [("1002", 10)]
    assert who(decide(cut_off(call, ring), rules, HERE, NOW).action) == ["1001", "1002"]
    late = cut_off(call, ring, lasted=30)
    assert decide(late, rules, HERE, NOW).action == Voicemail(DOMAIN, "1003")


def test_a_filter_that_is_switched_off_meanwhile_filters_nothing():
    call = trunk_call("1003")
    on, off = assisted(), assisted(enabled=False)
    ringing = decide(call, on, HERE, NOW)
    assert concerns(ringing, decide(call, off, HERE, NOW)) == "another rule holds now"
    assert who(decide(cut_off(call, ringing.action), off, HERE, NOW).action) == ["1003"]
    nobody = talks("1001", "1002", known=HERE)
    on = assisted(no_assistant=NoAssistant.EXECUTIVE)
    assert who(decide(cut_off(call, ringing.action), on, nobody, NOW).action) == ["1003"]


def test_a_phone_that_comes_and_goes_does_not_make_others_ring_without_end():
    rules, call = company(redecide=True), TEAM_CALL
    kinds = []
    for one, other in pairwise([LIVE, registered("1001-desk")] * MAX_CUT_OFF):
        ringing = decide(call, rules, one, NOW)
        kinds.append(ringing.action.redecide)
        if not concerns(ringing, decide(call, rules, other, NOW)):
            break
        call = cut_off(call, ringing.action, lasted=1)
    assert kinds == [Redecide.ALWAYS] * MAX_CUT_OFF + [Redecide.NEVER]
