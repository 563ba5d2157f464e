"""The snapshots of a real switch, as the calls they are."""

from __future__ import annotations

from dataclasses import replace

from esl_router.call import facts
from esl_router.model.call import Call, Caller
from tests.switch.captures import capture, frames


def read(name: str) -> Call:
    return facts.read(frames(capture(name))[0], {"internal"})


def test_a_call_of_an_authenticated_phone() -> None:
    call = read("internal")
    assert call == Call(
        uuid=call.uuid,
        dialled="1001",
        caller=Caller("", "1002-desk", account="1002-desk", domain="pbx.test"),
        context="internal",
        internal_context=True,
    )
    assert len(call.uuid) == 36


def test_a_trunk_call_that_shows_an_internal_number_stays_a_strangers() -> None:
    """FreeSWITCH says sip_authorized=true of it, because an access list let it in."""
    snapshot = frames(capture("trunk"))[0]
    assert snapshot["variable_sip_authorized"] == "true"
    call = facts.read(snapshot, {"internal"})
    assert call == Call(
        uuid=call.uuid,
        dialled="+493012345101",
        caller=Caller("1002", "Boss"),
        context="public",
    )


def test_a_hostile_call_is_cleaned() -> None:
    call = read("hostile")
    assert call.dialled == ""
    assert call.caller == Caller("+4930999", "Boss variable_x_forged: 1 %{system(id)} Jörg, {x}")


def test_a_transferred_callers_answered_leg_is_the_same_call() -> None:
    """The snapshot after a bridge is the same caller's, whatever variables it has gained."""
    found = frames(capture("callee-hangs-up-and-the-call-goes-on"))
    before, after = (frame for frame in found if frame.get("Event-Name") == "CHANNEL_DATA")
    call = facts.read(before, {"internal"})
    assert replace(call, answered=True) == facts.read(after, {"internal"})
