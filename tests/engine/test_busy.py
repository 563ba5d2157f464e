from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.busy import is_busy
from esl_router.model.live import UNKNOWN, CallState, Channel, Live
from esl_router.model.people import FollowMeRow, User
from esl_router.model.trace import Trace
from tests.company import DOMAIN, Company, mobile, sip, situation, trunk_call

ANNA = User(DOMAIN, "1001", "Anna Adler", max_calls=1)
COMPANY = Company(
    (ANNA,),
    {
        "1001": [
            FollowMeRow(sip("desk")),
            FollowMeRow(sip("home"), enabled=False),
            FollowMeRow(mobile("mobile", "+491711234567")),
        ]
    },
)
CALL = trunk_call("1001")


def leg(uuid, device=None, state=CallState.ACTIVE, inbound=False, call="a"):
    owner = f"{device}@{DOMAIN}" if device else None
    return Channel(uuid, owner, inbound, state, call=call)


def talking(*legs):
    return Live(known=True, channels={each.uuid: each for each in legs})


def busy(live, user=ANNA, call=CALL, trace=None):
    return is_busy(user, situation(call, COMPANY, live, trace=trace))


CALLER = leg("a", state=CallState.ACTIVE, inbound=True)


@pytest.mark.parametrize("device", ["desk", "home", "mobile"])
@pytest.mark.parametrize("state", [CallState.ACTIVE, CallState.HELD, CallState.UNHELD])
def test_one_conversation_on_any_device_held_or_not_is_enough(device, state):
    assert busy(talking(CALLER, leg("b", device, state)))


@pytest.mark.parametrize("state", [CallState.RINGING, CallState.EARLY, CallState.DOWN])
def test_what_rings_does_not_count(state):
    assert not busy(
        talking(leg("a", inbound=True, state=CallState.RING_WAIT), leg("b", "desk", state))
    )


def test_a_call_he_has_dialled_counts_once_it_is_answered():
    dialling = leg("a", "desk", CallState.RING_WAIT, inbound=True)
    assert not busy(talking(dialling))
    early = replace(ANNA, bob_count_outgoing_early=True)
    assert busy(talking(dialling), early)
    assert not busy(talking(replace(dialling, state=CallState.DOWN)), early)
    assert not busy(talking(replace(dialling, uuid=CALL.uuid, call=CALL.uuid)), early)
    assert not busy(talking(leg("b", "desk", CallState.RINGING)), early), "he is only called"
    assert busy(talking(replace(dialling, state=CallState.ACTIVE)))


def test_his_mobile_counts_also_where_a_forward_led_to_it():
    assert busy(talking(CALLER, leg("b", "+491711234567")))
    assert not busy(talking(CALLER, leg("b", "+491711234568")))


def test_who_is_only_being_asked_to_press_1_does_not_talk():
    ringing = leg("a", state=CallState.EARLY, inbound=True)
    assert not busy(talking(ringing, leg("b", "mobile")))
    assert busy(talking(CALLER, leg("b", "mobile")))


def test_somebody_else_s_conversation_does_not_count():
    assert not busy(talking(CALLER, leg("b", "1002-desk"), leg("c")))


def test_this_call_itself_does_not_count():
    own = leg(CALL.uuid, "desk", inbound=True, call=CALL.uuid)
    assert not busy(talking(own, leg("b", "desk", call=CALL.uuid)))


def test_two_legs_of_one_call_are_one_call():
    two = replace(ANNA, max_calls=2)
    legs = (CALLER, leg("b", "desk"), leg("c", "mobile"))
    assert not busy(talking(*legs), two)
    assert busy(talking(*legs, leg("d", "home", call="d", inbound=True)), two)


def test_without_busy_on_busy_nobody_is_busy():
    assert not busy(talking(CALLER, leg("b", "desk")), replace(ANNA, max_calls=0))


def test_without_a_link_nobody_knows_and_the_trace_says_so():
    trace = Trace()
    assert not busy(UNKNOWN, trace=trace)
    assert "no link" in trace.entries[0].text


def test_the_reason_names_the_phone():
    trace = Trace()
    busy(talking(CALLER, leg("b", "desk")), trace=trace)
    assert trace.entries[0].text == "1001 is busy: he has one call, on desk."
