from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.model.actions import Diversion, Outside, Voicemail
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.executive import (
    Alerting,
    Assistant,
    AssistantDevices,
    CallerNumber,
    Rollover,
    RolloverAction,
)
from esl_router.model.live import CallState, Channel
from esl_router.model.people import DeclineScope, FollowMeRow, Settings, TollPolicy, User
from esl_router.model.presence import Presence, Status, Target
from tests.company import DOMAIN, internal_call, mobile, registered, sip, trunk_call
from tests.engine.board import (
    BUSY,
    LIVE,
    PEOPLE,
    ROWS,
    SILENT,
    appointment,
    away,
    bars,
    board,
    cut_off,
    play,
    said,
    who,
)

CALL = trunk_call("1001")
SEQUENTIAL = Alerting.SEQUENTIAL
ELSEWHERE = "+493055555"
IN_A_MEETING = appointment(None, "voicemail")


def ring(rules=None, call=CALL, live=LIVE, **executive):
    return play(call, rules or board(**executive), live=live)[0]


def diverting(target, **more):
    return (Assistant("1002", divert=Target.parse(target), **more), Assistant("1003"))


def test_all_assistants_ring_together_by_their_own_rows():
    assert bars(ring()) == [("1002", 0, 25), ("1003", 0, 25)]


def test_with_a_timed_rollover_they_ring_until_then():
    assert bars(ring(rollover=Rollover(40))) == [("1002", 0, 40), ("1003", 0, 40)]


def test_one_after_the_other_each_for_so_many_rings():
    first = ring(alerting=SEQUENTIAL, rings=3)
    assert bars(first) == [("1002", 0, 15), ("1003", 15, 15)]
    assert first.steps
    config = Settings(DOMAIN, ring_cycle=6)
    slow = replace(board(alerting=SEQUENTIAL, rings=10), config=config)
    assert bars(ring(slow)) == [("1002", 0, 60), ("1003", 60, 60)]


def test_the_rollover_cuts_the_sequence():
    first = ring(alerting=SEQUENTIAL, rollover=Rollover(20))
    assert bars(first) == [("1002", 0, 15), ("1003", 15, 5)]


def test_one_assistant_rings_longer_than_the_others():
    patient = (Assistant("1002", rings=5), Assistant("1003"), Assistant("1004", rings=1))
    each = {"assistants": patient, "alerting": SEQUENTIAL, "rings": 3}
    assert bars(ring(**each)) == [("1002", 0, 25), ("1003", 25, 15), ("1004", 40, 5)]
    assert bars(ring(**each, rollover=Rollover(30))) == [("1002", 0, 25), ("1003", 25, 5)]


def test_who_takes_his_part_has_his_turn():
    each = (Assistant("1002", divert=Target.parse("extension:1004"), rings=5), Assistant("1003"))
    first = ring(assistants=each, alerting=SEQUENTIAL, rings=3)
    assert [(leg.device, leg.delay, leg.ring) for leg in first.legs] == [
        ("1004-desk", 0, 25),
        ("1003-desk", 25, 15),
    ]


def test_a_turn_of_his_own_is_for_a_sequence():
    assert bars(ring(assistants=(Assistant("1002", rings=1),))) == [("1002", 0, 25)]


def test_the_first_telephone_of_each_alone():
    rows = {
        "1002": [
            FollowMeRow(mobile("1002-cell", "+49171222", owner="1002")),
            FollowMeRow(sip("1002-home", "1002"), delay=9),
            *ROWS["1002"],
        ],
        "1003": [FollowMeRow(mobile("1003-cell", "+49171223", owner="1003"))],
    }
    live = registered("1002-home", "1002-desk")
    pool = {"rows": rows, "assistant_devices": AssistantDevices.PRIMARY}
    assert [(leg.device, leg.delay) for leg in ring(live=live, **pool).legs] == [("1002-home", 0)]
    live = registered("1002-desk")
    assert [(leg.device, leg.delay) for leg in ring(live=live, **pool).legs] == [("1002-desk", 0)]
    assert "1003 is passed over: none of his phones rings." in said(CALL, board(**pool))


def test_who_has_had_his_turn_is_not_rung_again():
    rules = board(alerting=SEQUENTIAL, rollover=Rollover(60))
    ends = {"1002-desk": BUSY, "1003-desk": LegResult.ELSEWHERE}
    assert bars(play(CALL, rules, (ends, 0.5))[1]) == [("1003", 0, 15)]


def test_an_assistant_who_declines_speaks_for_himself_alone():
    first = ring()
    assert first.decline is DeclineScope.AUTO
    assert [leg.owner for leg in first.legs] == ["1002", "1003"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"assistants": (Assistant("1002", opted_in=False), Assistant("1003"))}, "logged out"),
        ({"statuses": {"1002": away(Status.LUNCH)}}, "he is lunch"),
        ({"statuses": {"1002": away(Status.DND)}}, "he is dnd"),
        ({"statuses": {"1002": Presence(calendar=IN_A_MEETING)}}, "an appointment lasts until"),
        ({"assistants": (Assistant("1099"), Assistant("1003"))}, "no user"),
    ],
)
def test_an_assistant_who_cannot_take_the_call_is_passed_over_at_once(changed, why):
    rules = board(alerting=SEQUENTIAL, **changed)
    assert bars(ring(rules)) == [("1003", 0, 15)]
    assert why in said(CALL, rules)


@pytest.mark.parametrize(
    "away_he_is",
    [away(Status.LUNCH), away(Status.DND), Presence(calendar=IN_A_MEETING)],
)
def test_where_his_status_is_not_respected_an_assistant_rings_all_the_same(away_he_is):
    anyway = {"assistant_respects_dnd": False, "statuses": {"1002": away_he_is}}
    assert who(ring(**anyway)) == ["1002", "1003"]
    # What his phones are set to, that he is busy and what others want is respected.
    row = ROWS["1002"][0]
    silent = {"1002": [replace(row, device=replace(row.device, dnd=True))]}
    assert who(ring(rows=silent, **anyway)) == ["1003"]
    people = (PEOPLE[0], replace(PEOPLE[1], max_calls=1), *PEOPLE[2:])
    channel = Channel("a", f"1002-desk@{DOMAIN}", True, CallState.ACTIVE, call="a")
    live = replace(LIVE, channels={"a": channel})
    assert who(ring(live=live, people=people, **anyway)) == ["1003"]
    statuses = {"1004": away_he_is}
    to_dora = diverting("extension:1004")
    assert who(ring(assistants=to_dora, statuses=statuses, assistant_respects_dnd=False)) == [
        "1003"
    ]


def test_an_assistant_without_a_registered_phone_is_passed_over():
    assert who(ring(live=registered("1003-desk"))) == ["1003"]


def test_an_assistant_who_is_busy_on_busy_is_passed_over_and_one_who_talks_is_not():
    channel = Channel("a", f"1002-desk@{DOMAIN}", True, CallState.ACTIVE, call="a")
    live = replace(LIVE, channels={"a": channel})
    assert who(ring(live=live)) == ["1002", "1003"]
    people = (PEOPLE[0], replace(PEOPLE[1], max_calls=1), *PEOPLE[2:])
    assert who(ring(live=live, people=people)) == ["1003"]


def test_forwards_of_an_assistant_are_not_his_executive_s():
    always = away(Status.AVAILABLE, "extension:1004")
    assert who(ring(statuses={"1002": always})) == ["1002", "1003"]


def test_an_assistant_in_a_status_in_which_calls_ring_rings():
    assert who(ring(statuses={"1002": away(Status.AWAY, "ring")})) == ["1002", "1003"]


def test_an_executive_of_others_rings_without_his_assistants():
    rules = board()
    boss = replace(rules.executives[0], extension="1002", assistants=(Assistant("1004"),))
    rules.executives = (*rules.executives, boss)
    assert who(ring(rules)) == ["1002", "1003"]


def test_the_caller_s_own_leg_does_not_ring_as_an_assistant():
    rules = board(assistants=(Assistant("1002", divert=Target.parse("extension:1004")),))
    call = internal_call("1001", "1004-desk", "1004")
    assert who(ring(rules, call)) == ["1001"]


def delayed(extension, **devices):
    return {
        extension: [
            FollowMeRow(sip(f"{extension}-{name}", extension), delay=delay)
            for name, delay in devices.items()
        ]
    }


@pytest.mark.parametrize("delay", [5, 15, 40])
def test_one_phone_of_an_assistant_rings_from_the_beginning_of_his_turn(delay):
    rows = delayed("1003", home=delay)
    live = registered("1002-desk", "1003-home")
    turns = [("1002", 0, 15), ("1003", 15, 15)]
    assert bars(ring(rows=rows, live=live, alerting=SEQUENTIAL)) == turns
    alone = registered("1003-home")
    assert bars(ring(rows=rows, live=alone, alerting=SEQUENTIAL)) == [("1003", 0, 15)]
    assert bars(ring(rows=rows, live=live)) == [("1002", 0, 25), ("1003", 0, 30)]


def test_a_phone_that_another_assistant_has_taken_leaves_no_gap():
    shared = FollowMeRow(sip("desk", "1002"))
    rows = {"1002": [shared], "1003": [shared, FollowMeRow(sip("1003-home", "1003"), delay=15)]}
    live = registered("desk", "1003-home")
    first = ring(rows=rows, live=live, alerting=SEQUENTIAL)
    assert bars(first) == [("1002", 0, 15), ("1003", 15, 15)]


# -- diverting ----------------------------------------------------------------------------------


def test_who_is_diverted_to_takes_the_part_and_the_place():
    first = ring(assistants=diverting("extension:1004"), alerting=SEQUENTIAL)
    assert [(leg.owner, leg.device, leg.delay) for leg in first.legs] == [
        ("1002", "1004-desk", 0),
        ("1003", "1003-desk", 15),
    ]


def test_a_diversion_counts_only_while_he_is_logged_in():
    out = diverting("extension:1004", opted_in=False)
    assert who(ring(assistants=out)) == ["1003"]
    assert who(ring(assistants=out, allow_opt_out=False)) == ["1002", "1003"]


def test_who_is_diverted_to_is_passed_over_like_an_assistant():
    statuses = {"1004": away(Status.DND)}
    assert who(ring(assistants=diverting("extension:1004"), statuses=statuses)) == ["1003"]
    always = {"1004": away(Status.AVAILABLE, "extension:1001")}
    assert who(ring(assistants=diverting("extension:1004"), statuses=always)) == ["1002", "1003"]


def test_diverting_to_the_executive_is_leaving_the_pool():
    assert who(ring(assistants=diverting("extension:1001"))) == ["1003"]
    assert who(ring(assistants=diverting("external:+493012345101"))) == ["1003"]


def test_a_target_that_rings_already_rings_once():
    assert bars(ring(assistants=diverting("extension:1003"))) == [("1002", 0, 25)]


@pytest.mark.parametrize("target", ["extension:1004", f"external:{ELSEWHERE}"])
@pytest.mark.parametrize("result", [LegResult.DECLINED, SILENT])
@pytest.mark.parametrize("alerting", Alerting)
def test_where_two_assistants_lead_to_it_rings_once_in_a_call(target, result, alerting):
    both = tuple(Assistant(each, divert=Target.parse(target)) for each in ("1002", "1003"))
    rules = board(both, rollover=Rollover(None, RolloverAction.VOICEMAIL), alerting=alerting)
    assert play(CALL, rules, result)[1:] == [Voicemail(DOMAIN, "1001")]
    # A ring that was ended to decide anew is none.
    again = cut_off(CALL, play(CALL, rules)[0])
    assert who(play(again, rules)[0]) == ["1002"]


def test_an_assistant_who_has_declined_for_another_is_asked_no_more():
    rules = board(diverting("extension:1003"), rollover=Rollover(None, RolloverAction.VOICEMAIL))
    ring, end = play(CALL, rules, LegResult.DECLINED)
    assert end == Voicemail(DOMAIN, "1001")
    declined = CALL.after(ring, Outcome((LegOutcome(ring.legs[0], LegResult.DECLINED),)))
    assert "1003 is passed over: he has been rung for another assistant." in said(declined, rules)


def test_a_number_outside_must_press_1_and_sees_the_caller():
    leg = ring(assistants=diverting(f"external:{ELSEWHERE}")).legs[0]
    assert leg.target == Outside(ELSEWHERE, "sofia/gateway/trunk/{number}", "+493099887766")
    assert (leg.owner, leg.confirm, leg.caller_number) == ("1002", True, "")


def test_the_toll_policy_holds_for_a_diversion():
    config = Settings(DOMAIN, toll=TollPolicy(deny=("+4930",)))
    rules = replace(board(assistants=diverting(f"external:{ELSEWHERE}")), config=config)
    assert who(ring(rules)) == ["1003"]


def test_the_diversion_names_her():
    for leg in ring().legs:
        assert leg.diversion == Diversion("+493012345101", "unconditional", 1)


def test_assistants_outside_see_the_caller():
    rows = {"1002": [*ROWS["1002"], FollowMeRow(mobile("1002-cell", "+49171222", owner="1002"))]}
    user = User(DOMAIN, "1002", "Ben Berg", ("+493012345102",))
    first = ring(rows=rows, caller_number=CallerNumber.EXECUTIVE, people=(PEOPLE[0], user))
    outside = next(leg for leg in first.legs if leg.device == "1002-cell")
    assert outside.target.caller_number == "+493099887766"
    assert (outside.caller_number, outside.confirm) == ("", True)


def test_every_phone_of_an_assistant_rings():
    rows = {"1002": [*ROWS["1002"], FollowMeRow(sip("1002-home", "1002"), delay=5)]}
    live = registered("1002-desk", "1002-home", "1003-desk")
    first = ring(rows=rows, live=live, alerting=SEQUENTIAL)
    assert [(leg.device, leg.delay, leg.ring) for leg in first.legs] == [
        ("1002-desk", 0, 15),
        ("1002-home", 5, 10),
        ("1003-desk", 15, 15),
    ]
