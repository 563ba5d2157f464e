"""What is believed of a snapshot."""

from __future__ import annotations

import pytest

from esl_router.call import facts
from esl_router.call.seal import Seal
from esl_router.esl.wire import Reader
from esl_router.model.trail import Trail
from tests.call.switchside import snapshot

PEER = "00000000-0000-4000-8000-000000000002"
OTHER = "00000000-0000-4000-8000-000000000003"


def read(**headers):
    reader = Reader()
    reader.feed(snapshot(**headers))
    return facts.read(reader.next_frame(), {"internal"})


def test_a_leg_says_whose_phone_it_was_connected_with():
    mark = f"{PEER}%3A1002-desk%40pbx.test"
    assert read(variable_eslr_sent_by=mark, variable_last_bridge_to=PEER).sent_by == (
        "1002-desk@pbx.test"
    )


def test_the_mark_of_an_earlier_conversation_is_not_believed():
    mark = f"{PEER}%3A1002-desk%40pbx.test"
    assert read(variable_eslr_sent_by=mark, variable_last_bridge_to=OTHER).sent_by is None
    assert read(variable_eslr_sent_by=mark).sent_by is None


@pytest.mark.parametrize(
    "mark",
    [
        "",
        PEER,
        "1002-desk%40pbx.test",
        f"{PEER}%3A1002-desk",
        f"{PEER}%3A%40pbx.test",
        f"{PEER}%3A1002 desk%40pbx.test",
        f"{PEER}%3A1002-desk%40pbx.test%0A",
        "%3A1002-desk%40pbx.test",
    ],
)
def test_a_mark_of_another_form_is_not_believed(mark):
    assert read(variable_eslr_sent_by=mark, variable_last_bridge_to=PEER).sent_by is None


def test_a_header_of_the_caller_s_says_nothing_of_who_sent_him():
    call = read(
        variable_sip_referred_by="%3Csip%3A1001-desk%40pbx.test%3E", variable_last_bridge_to=PEER
    )
    assert call.sent_by is None


@pytest.mark.parametrize(("pool", "believed"), [("1001", "1001"), ("10 01", ""), ("", "")])
def test_the_executive_of_a_pool_is_an_extension(pool, believed):
    mark = {
        "variable_eslr_sent_by": f"{PEER}%3A1002-desk%40pbx.test",
        "variable_eslr_pool": pool,
    }
    assert read(**mark, variable_last_bridge_to=PEER).pool == believed
    # Of an earlier conversation it says nothing either.
    assert read(**mark, variable_last_bridge_to=OTHER).pool == ""


# -- where a call has been before it came back to us -----------------------------------------------

SEAL = Seal(b"s" * 32)
TRAIL = Trail(("1001@pbx.test",), 2)
FROM_OUTSIDE = {"variable_sip_authorized": "", "Caller_Context": "public"}


def came_back(text, name="variable_sip_h_X-ESLR-Trace", **headers):
    reader = Reader()
    reader.feed(snapshot(**{**FROM_OUTSIDE, name: text, **headers}))
    frame = reader.next_frame()
    return facts.read(frame, {"internal"}, lambda found: SEAL.open(found, 5.0))


@pytest.mark.parametrize("name", ["variable_sip_h_X-ESLR-Trace", "variable_sip_h_x-eslr-trace"])
def test_a_call_that_left_with_a_trail_comes_back_with_it(name):
    call = came_back(SEAL.close(TRAIL, 0), name)
    assert (call.trail, call.redirects, call.trail_fault) == (TRAIL, 2, "")


def test_so_does_one_of_a_carrier_that_has_an_account_with_us():
    assert came_back(SEAL.close(TRAIL, 0), variable_sip_authorized="true").trail == TRAIL


def test_of_both_counts_of_redirections_the_larger_holds():
    more = "%3Csip%3A1%40x%3E%3Bcounter%3D4"
    assert came_back(SEAL.close(TRAIL, 0), variable_sip_h_Diversion=more).redirects == 4


@pytest.mark.parametrize(
    "text", ["1001", "A" * 60, "%0Avariable_x%3A 1", Seal(b"x" * 32).close(TRAIL, 0)]
)
def test_a_trail_that_is_not_ours_is_none(text):
    call = came_back(text)
    assert (call.trail, call.redirects) == (None, 0)
    assert call.trail_fault in ("it has not the form of ours", "it was not made here")


@pytest.mark.parametrize(
    "headers",
    [
        {"Call_Direction": "outbound"},
        {"Answer_State": "answered"},
        {"variable_sip_authorized": "true", "Caller_Context": "internal"},
    ],
)
def test_our_own_legs_and_phones_and_whoever_is_connected_have_not_come_round(headers):
    call = came_back(SEAL.close(TRAIL, 0), **headers)
    assert (call.trail, call.trail_fault) == (None, "")


# -- who withholds his number, and of whom none came ----------------------------------------------

PRIVATE = "Caller_Privacy_Hide_Number"


def calling(shown, wrote, **headers):
    words = {"Caller_Caller_ID_Number": shown, "variable_sip_from_user": wrote}
    return read(**{**FROM_OUTSIDE, **words, **headers}).caller


@pytest.mark.parametrize("shown", ["unavailable", "Unavailable", ""])
def test_of_an_unavailable_caller_no_number_came_and_he_withholds_none(shown):
    caller = calling(shown, "unavailable")
    assert (caller.number, caller.name, caller.anonymous) == ("", "Ben Berg", False)


@pytest.mark.parametrize(
    ("shown", "wrote", "headers"),
    [
        ("anonymous", "anonymous", {}),
        ("restricted", "restricted", {}),
        ("unavailable", "anonymous", {}),
        ("unavailable", "unavailable", {PRIVATE: "true"}),
        ("+4930765432", "unavailable", {}),
        ("unavailable", "+4930765432", {}),
        ("unavailable", "unavailable", {"variable_sip_authorized": "true"}),
    ],
)
def test_whoever_hides_a_number_is_shown_by_nothing(shown, wrote, headers):
    caller = calling(shown, wrote, **headers)
    assert (caller.number, caller.name, caller.anonymous) == ("", "", True)
