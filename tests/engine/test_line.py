"""What a user's phones do, all together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.line import line
from esl_router.model.live import UNKNOWN, CallState, Channel, Line
from esl_router.model.people import FollowMeRow, User
from tests.company import DOMAIN, Company, mobile, registered, sip

ANNA = User(DOMAIN, "1001", "Anna Adler")
ROWS = [
    FollowMeRow(sip("1001-desk")),
    FollowMeRow(sip("1001-soft")),
    FollowMeRow(mobile("1001-cell", "+491711234567")),
]
RULES = Company((ANNA,), {"1001": ROWS})
HOME = registered("1001-soft")


def leg(uuid, state, *, device="1001-desk", inbound=False, call=""):
    return Channel(uuid, f"{device}@{DOMAIN}" if device else None, inbound, state, call=call)


def of(*legs, live=HOME, rules=RULES):
    return line(ANNA, rules, replace(live, channels={each.uuid: each for each in legs}))


def test_one_registered_phone_is_enough():
    assert of() is Line.AVAILABLE
    assert of(live=registered("1002-desk")) is Line.OFFLINE
    assert line(ANNA, RULES, UNKNOWN) is None


def test_who_has_no_phone_that_registers_is_not_offline():
    rules = Company((ANNA,), {"1001": ROWS[2:]})
    assert of(live=registered(), rules=rules) is Line.AVAILABLE


@pytest.mark.parametrize("device", ["1001-desk", "1001-soft", "1001-cell"])
@pytest.mark.parametrize(
    ("state", "inbound", "expected"),
    [
        (CallState.RINGING, False, Line.RINGING),
        (CallState.EARLY, False, Line.RINGING),
        (CallState.RINGING, True, Line.CALLING),
        (CallState.EARLY, True, Line.CALLING),
        (CallState.ACTIVE, False, Line.TALKING),
        (CallState.ACTIVE, True, Line.TALKING),
        (CallState.HELD, True, Line.TALKING),
        (CallState.DIALING, False, Line.AVAILABLE),
    ],
)
def test_what_a_leg_makes_of_the_line(device, state, inbound, expected):
    assert of(leg("a", state, device=device, inbound=inbound)) is expected


def test_of_several_calls_the_one_that_asks_for_him_counts():
    talking, ringing = leg("a", CallState.ACTIVE), leg("b", CallState.RINGING, device="1001-soft")
    assert of(talking, ringing) is Line.RINGING
    assert of(talking, leg("c", CallState.EARLY, inbound=True)) is Line.CALLING


def test_who_is_asked_to_press_1_does_not_talk_yet():
    caller = leg("c", CallState.RINGING, device="", inbound=True, call="c")
    asked = leg("a", CallState.ACTIVE, device="1001-cell", call="c")
    assert of(caller, asked) is Line.RINGING
    assert of(replace(caller, state=CallState.ACTIVE), asked) is Line.TALKING


def test_a_call_that_was_forwarded_is_not_on_his_line():
    """X78: his number was dialled, a colleague's phone and a number outside have the call."""
    caller = replace(leg("c", CallState.ACTIVE, device="1005-desk", inbound=True), other="1001")
    colleague = leg("a", CallState.ACTIVE, device="1006-desk", call="c")
    outside = leg("b", CallState.ACTIVE, device="", call="c")
    assert of(caller, colleague, outside) is Line.AVAILABLE
