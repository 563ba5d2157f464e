from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.model.actions import Voicemail
from esl_router.model.call import LegResult
from esl_router.model.executive import (
    AlertExecutive,
    Alerting,
    Assistant,
    NoAssistant,
    Rollover,
    RolloverAction,
)
from esl_router.model.live import CallState, Channel
from esl_router.model.people import DeclineScope, FollowMeRow, Settings
from esl_router.model.presence import Presence, Status
from tests.company import DOMAIN, mobile, registered, sip, trunk_call
from tests.engine.board import (
    BUSY,
    CELL,
    DECLINED,
    LIVE,
    PEOPLE,
    ROWS,
    SILENT,
    appointment,
    away,
    bars,
    board,
    play,
    said,
    who,
)

CALL = trunk_call("1001")
SEQUENTIAL = Alerting.SEQUENTIAL
IN_A_MEETING = appointment(None, "voicemail")


def ring(rules=None, call=CALL, live=LIVE, **executive):
    return play(call, rules or board(**executive), live=live)[0]


def alerted(**executive):
    return {leg.device: leg for leg in ring(**executive).legs if leg.owner == "1001"}


@pytest.mark.parametrize(
    ("kind", "splash", "silent"),
    [
        (AlertExecutive.RING, False, False),
        (AlertExecutive.SILENT, False, True),
        (AlertExecutive.SPLASH, True, False),
    ],
)
def test_her_own_phones_tell_her_of_the_call(kind, splash, silent):
    legs = alerted(alert_executive=kind, rollover=Rollover(40))
    assert list(legs) == ["1001-desk"]
    leg = legs["1001-desk"]
    assert (leg.delay, leg.ring, leg.splash, leg.original_name) == (0, 40, splash, True)
    assert leg.alert_info == (Settings(DOMAIN).alert_silent if silent else "")


def test_without_an_alert_her_phones_stay_quiet():
    assert alerted() == {}


@pytest.mark.parametrize(
    ("location", "mobile_too", "other_too", "rings"),
    [
        ("mobile", True, False, True),
        ("mobile", False, True, False),
        ("other", False, True, True),
        ("other", True, False, False),
    ],
)
def test_her_numbers_outside_ring_along_by_their_location(location, mobile_too, other_too, rings):
    row = FollowMeRow(mobile("1001-cell", CELL, location=location), enabled=False)
    legs = alerted(rows={"1001": [row]}, parallel_mobile=mobile_too, parallel_other=other_too)
    assert list(legs) == (["1001-cell"] if rings else [])
    if rings:
        assert legs["1001-cell"].confirm
        assert legs["1001-cell"].target.caller_number == "+493099887766"


def test_she_is_not_disturbed_where_an_appointment_sends_calls_away():
    more = {"alert_executive": AlertExecutive.RING, "parallel_mobile": True}
    assert alerted(statuses={"1001": Presence(calendar=appointment())}, **more)
    assert alerted(statuses={"1001": Presence(calendar=IN_A_MEETING)}, **more) == {}


@pytest.mark.parametrize("status", [Status.DND, Status.AWAY])
def test_she_is_not_disturbed_where_her_status_sends_calls_away(status):
    more = {"alert_executive": AlertExecutive.RING, "parallel_mobile": True}
    assert alerted(statuses={"1001": away(status)}, **more) == {}


def test_she_is_not_alerted_without_an_assistant_who_rings():
    out = (Assistant("1002", opted_in=False),)
    first = ring(assistants=out, alert_executive=AlertExecutive.SILENT)
    assert not first.to_assistants


def test_her_alert_does_not_lengthen_the_ring():
    first = ring(alerting=SEQUENTIAL, alert_executive=AlertExecutive.RING)
    assert bars(first) == [("1002", 0, 15), ("1003", 15, 15), ("1001", 0, 30)]


def test_who_has_declined_is_not_alerted_again():
    rules = board(alerting=SEQUENTIAL, alert_executive=AlertExecutive.RING, rollover=Rollover(60))
    ends = {"1001-desk": DECLINED, "1002-desk": BUSY, "1003-desk": LegResult.ELSEWHERE}
    assert who(play(CALL, rules, (ends, 0.5))[1]) == ["1003"]
    ends["1001-desk"] = LegResult.ELSEWHERE
    assert who(play(CALL, rules, (ends, 0.5))[1]) == ["1003", "1001"]
    ends["1001-desk"] = BUSY
    assert who(play(CALL, rules, (ends, 0.5))[1]) == ["1003"]


def test_how_far_a_decline_of_hers_reaches_is_her_own_setting():
    people = (replace(PEOPLE[0], decline=DeclineScope.USER), *PEOPLE[1:])
    [own] = alerted(people=people, alert_executive=AlertExecutive.RING).values()
    assert own.decline is DeclineScope.USER


# -- she rings first ----------------------------------------------------------------------------

FIRST = {"executive_first": 8, "rollover": Rollover(30, RolloverAction.VOICEMAIL)}


@pytest.mark.parametrize(
    ("kind", "hers"),
    [
        (AlertExecutive.NONE, [(0, 8, "")]),
        (AlertExecutive.SPLASH, [(0, 8, "")]),
        (AlertExecutive.RING, [(0, 38, "")]),
        (AlertExecutive.SILENT, [(0, 8, ""), (9, 29, Settings(DOMAIN).alert_silent)]),
    ],
)
def test_her_phones_ring_first_and_then_as_is_set(kind, hers):
    first = ring(alert_executive=kind, **FIRST)
    assert bars(first)[:2] == [("1002", 8, 30), ("1003", 8, 30)]
    own = [leg for leg in first.legs if leg.owner == "1001"]
    assert [(leg.delay, leg.ring, leg.alert_info) for leg in own] == hers
    assert not any(leg.splash for leg in own)
    assert all(leg.original_name for leg in own)


def test_assistants_follow_one_after_the_other():
    first = ring(alerting=SEQUENTIAL, rings=2, **FIRST)
    assert bars(first) == [("1002", 8, 10), ("1003", 18, 10), ("1001", 0, 8)]
    assert "1001 is rung first, for 8 s." in said(CALL, board(**FIRST))


def test_a_phone_of_hers_that_comes_later_joins():
    rows = {"1001": [*ROWS["1001"], FollowMeRow(sip("1001-soft"), delay=12)]}
    live = registered("1001-desk", "1001-soft", "1002-desk", "1003-desk")

    def hers(**more):
        legs = ring(live=live, rows=rows, **FIRST, **more).legs
        return [(leg.device, leg.delay, leg.ring) for leg in legs if leg.owner == "1001"]

    assert hers() == [("1001-desk", 0, 8)]
    ringing = [("1001-desk", 0, 38), ("1001-soft", 12, 26)]
    assert hers(alert_executive=AlertExecutive.RING) == ringing


def test_the_first_of_her_phones_rings_at_once():
    rows = {"1001": [FollowMeRow(sip("1001-desk"), delay=20)]}
    assert bars(ring(rows=rows, **FIRST))[-1] == ("1001", 0, 8)


def test_her_numbers_outside_ring_first_where_they_ring_along():
    live = registered("1002-desk", "1003-desk")
    first = ring(live=live, parallel_mobile=True, **FIRST)
    assert bars(first) == [("1002", 8, 30), ("1003", 8, 30), ("1001", 0, 38)]
    assert first.legs[2].confirm
    assert bars(ring(live=live, **FIRST)) == [("1002", 0, 30), ("1003", 0, 30)]


@pytest.mark.parametrize(
    ("changed", "live"),
    [
        ({"statuses": {"1001": away(Status.DND)}}, LIVE),
        ({"statuses": {"1001": away()}}, LIVE),
        ({}, registered("1002-desk", "1003-desk")),
        (
            {"people": (replace(PEOPLE[0], max_calls=1), *PEOPLE[1:])},
            replace(
                LIVE,
                channels={
                    "a": Channel("a", f"1001-desk@{DOMAIN}", True, CallState.ACTIVE, call="a")
                },
            ),
        ),
    ],
    ids=["dnd", "away", "unreachable", "busy on busy"],
)
def test_assistants_ring_at_once_where_she_cannot_be_rung(changed, live):
    assert bars(ring(live=live, **changed, **FIRST)) == [("1002", 0, 30), ("1003", 0, 30)]


def test_it_rolls_over_as_long_after_the_first_assistant_as_without():
    rules = board(alerting=SEQUENTIAL, rings=6, **FIRST)
    stepped = {"1001-desk": SILENT, "1002-desk": BUSY, "1003-desk": LegResult.ELSEWHERE}
    actions = play(CALL, rules, (stepped, 18.0), SILENT)
    assert bars(actions[1]) == [("1003", 0, 20)]
    assert actions[2] == Voicemail(DOMAIN, "1001")


def test_she_declines_while_she_rings_alone():
    """The switch brings the assistants at once; if it did not, they would be what is left."""
    rules = board(**FIRST)
    ends = {
        "1001-desk": DECLINED,
        "1002-desk": LegResult.ELSEWHERE,
        "1003-desk": LegResult.ELSEWHERE,
    }
    assert bars(play(CALL, rules, (ends, 2.0))[1]) == [("1002", 0, 30), ("1003", 0, 30)]


def test_she_rings_first_where_no_assistant_can_be_rung():
    out = {"assistants": (Assistant("1002", opted_in=False),)}
    alone, end = play(CALL, board(**out, **FIRST), SILENT)
    assert (bars(alone), alone.to_assistants) == ([("1001", 0, 8)], True)
    assert end == Voicemail(DOMAIN, "1001")
    for mine in ({"no_assistant": NoAssistant.EXECUTIVE}, {"rollover": Rollover(30)}):
        assert not ring(**{**out, **FIRST, **mine}).to_assistants
