from __future__ import annotations

import json

import pytest

from esl_router.live.channels import FORGET, Channels
from esl_router.live.state import SwitchState
from esl_router.model.live import CallState
from tests.live import samples
from tests.live.samples import callstate


def fresh(*events):
    """What is known after these events, one a second from 1.0 on."""
    known = Channels({"internal"})
    for number, event in enumerate(events, 1):
        assert known.callstate(event, number, float(number))
    return known


def row(uuid, state="ACTIVE", **more):
    return {
        "uuid": uuid,
        "direction": "outbound",
        "callstate": state,
        "state": "CS_EXCHANGE_MEDIA",
        "presence_id": "1001@pbx.test",
        "initial_context": "internal",
        "cid_num": "1002",
        "dest": "1001",
        "call_uuid": "call-1",
    } | more


def test_a_call_of_the_switch_from_ringing_to_its_end():
    events = samples.events()
    known = Channels({"internal"})
    for number, name in enumerate(("caller-ringing", "leg-ringing", "leg-active", "caller-active")):
        assert known.callstate(events[name], number, float(number))
    caller, leg = known.channels.values()
    assert (caller.device, caller.inbound, caller.state, caller.other, caller.since) == (
        "1001@pbx.test",
        True,
        CallState.ACTIVE,
        "1002",
        3.0,
    )
    assert (leg.device, leg.inbound, leg.state, leg.other, leg.since) == (
        "1002@pbx.test",
        False,
        CallState.ACTIVE,
        "1001",
        2.0,
    )
    assert caller.call == leg.call == caller.uuid
    assert known.callstate(events["leg-hangup"], 10, 10.0)
    assert known.callstate(events["caller-hangup"], 11, 10.0)
    assert known.channels == {}


@pytest.mark.parametrize("state", [s for s in CallState if s is not CallState.HANGUP])
def test_every_state(state):
    assert fresh(callstate("u", state.value)).channels["u"].state is state


def test_since_is_when_the_state_began():
    known = fresh(callstate("u", "RINGING"), callstate("u", "RINGING"), callstate("u", "ACTIVE"))
    assert known.channels["u"].since == 3.0
    assert fresh(callstate("u", "HELD"), callstate("u", "HELD")).channels["u"].since == 1.0


def test_a_trunk_caller_cannot_claim_to_be_a_device():
    """Its From header became the Presence-ID; the dialplan then moved it to the inner context."""
    events = samples.events()
    known = Channels({"internal"})
    forged = events["trunk-caller-with-forged-from-ringing"]
    assert forged.get("Channel-Presence-ID") == "1002@pbx.test"
    known.callstate(forged, 1, 1.0)
    moved = events["trunk-caller-after-transfer-active"]
    assert moved.get("Caller-Context") == "internal"
    known.callstate(moved, 2, 2.0)
    (leg,) = known.channels.values()
    assert leg.device is None
    # The same where the first event was lost, and where all of them were.
    late = Channels({"internal"})
    late.callstate(moved, 1, 1.0)
    read = Channels({"internal"})
    rows = json.loads(samples.table("show-channels-forged"))["rows"]
    assert read.reconcile(rows, 0.0, 1.0) == 0
    for picture in (late, read):
        assert [c.device for c in picture.channels.values() if c.inbound] == [None]


def test_a_table_tells_whose_leg_it_is_when_events_could_not():
    event = callstate("u", "ACTIVE", Call_Direction="inbound", Caller_Profile_Index="2")
    known = fresh(event)
    assert known.channels["u"].device is None
    known.reconcile([row("u", direction="inbound")], 0.0, 2.0)
    assert known.channels["u"].device == "1001@pbx.test"


@pytest.mark.parametrize("presence", ["", "1001", "@pbx.test", "1001@"])
def test_a_leg_of_no_device(presence):
    event = callstate("u", "RINGING", Channel_Presence_ID=presence)
    assert fresh(event).channels["u"].device is None


@pytest.mark.parametrize(
    "change",
    [
        {"Channel_Call_State": "DANCING"},
        {"Channel_Call_State": ""},
        {"Unique_ID": ""},
        {"Unique_ID": "a b"},
        {"Unique_ID": "u" * 300},
        {"Call_Direction": "sideways"},
    ],
)
def test_a_broken_event_changes_nothing(change):
    known = Channels({"internal"})
    assert not known.callstate(callstate("u", "RINGING", **change), 1, 1.0)
    assert not known.callstate({}, 1, 1.0)
    assert known.channels == {}


@pytest.mark.parametrize(
    "change",
    [{"uuid": 3}, {"uuid": "a b"}, {"callstate": "?"}, {"callstate": None}, {"direction": "up"}],
)
def test_a_broken_row_is_passed_over(change):
    known = Channels({"internal"})
    assert known.reconcile([row("a"), row("b") | change], 0.0, 1.0) == 1
    assert list(known.channels) == ["a"]


@pytest.mark.parametrize("state", ["CS_HANGUP", "CS_REPORTING", "CS_DESTROY"])
def test_a_leg_that_is_ending_is_not_taken_from_the_table(state):
    known = Channels({"internal"})
    known.reconcile([row("u", state=state)], 0.0, 1.0)
    assert known.channels == {}


def test_the_table_drops_adds_and_corrects():
    known = fresh(callstate("lost", "ACTIVE"), callstate("held", "ACTIVE"))
    known.reconcile([row("held", "HELD"), row("new", call_uuid="")], 50.0, 55.0)
    assert {u: (c.state.value, c.since) for u, c in known.channels.items()} == {
        "held": ("HELD", 55.0),
        "new": ("ACTIVE", 55.0),
    }
    new = known.channels["new"]
    assert (new.device, new.other, new.call) == ("1001@pbx.test", "1002", "new")


def test_fresh_events_stand_against_the_table():
    known = fresh(callstate("new", "RINGING"), callstate("up", "ACTIVE"), callstate("x", "HANGUP"))
    known.reconcile([row("up", "RINGING"), row("x")], 0.5, 4.0)
    assert {u: c.state.value for u, c in known.channels.items()} == {
        "new": "RINGING",
        "up": "ACTIVE",
    }


def test_an_ended_leg_stays_ended_as_long_as_the_table_has_it():
    known = fresh(callstate("x", "ACTIVE"), callstate("x", "HANGUP"))
    for now in (100.0, 200.0):
        known.reconcile([row("x")], now, now)
        assert known.channels == {}
    known.reconcile([], 300.0, 300.0)
    assert known._ended == {}


def test_ended_legs_are_forgotten_without_any_table():
    known = fresh(callstate("x", "HANGUP"))
    known.forget(1.0 + FORGET)
    assert known._ended
    known.forget(1.1 + FORGET)
    assert known._ended == {}


def test_overtaken_events_are_passed_over():
    known = Channels({"internal"})
    known.callstate(callstate("u", "HANGUP"), 9, 1.0)
    assert known.callstate(callstate("u", "ACTIVE"), 8, 1.0)
    assert known.channels == {}
    known.callstate(callstate("v", "ACTIVE"), 5, 1.0)
    known.callstate(callstate("v", "RINGING"), 4, 1.1)
    assert known.channels["v"].state is CallState.ACTIVE


def times(leg):
    return leg.ringing, leg.answered, leg.ended, leg.cause


def test_a_watch_tells_what_became_of_each_leg():
    known = Channels({"internal"})
    with known.watch(["rang", "dead", "won"], complete=True) as watch:
        known.callstate(callstate("rang", "RINGING"), 1, 1.0)
        known.callstate(callstate("won", "EARLY"), 2, 2.0)
        known.callstate(callstate("won", "RINGING"), 3, 2.5)
        known.callstate(callstate("other", "RINGING"), 3, 2.5)
        known.callstate(callstate("won", "ACTIVE"), 4, 3.0)
        known.callstate(callstate("won", "HELD"), 5, 3.5)
        known.callstate(callstate("rang", "HANGUP", Hangup_Cause="LOSE_RACE"), 6, 4.0)
        known.callstate(callstate("dead", "HANGUP", Hangup_Cause="NO_USER_RESPONSE"), 7, 5.0)
        assert {uuid: times(leg) for uuid, leg in watch.legs.items()} == {
            "rang": (1.0, None, 4.0, "LOSE_RACE"),
            "dead": (None, None, 5.0, "NO_USER_RESPONSE"),
            "won": (2.0, 3.0, None, ""),
        }
        assert [watch.rang(u) for u in ("rang", "dead", "won")] == [True, False, True]
        assert watch.rang("unheard of") is None
    assert known.watched == 0


def test_the_switch_answered_with_names_that_a_watch_understands():
    events = samples.events()
    known = Channels({"internal"})
    names = ("leg-without-answer-hangup", "leg-ringing", "leg-active", "leg-hangup")
    uuids = {events[name]["Unique-ID"] for name in names}
    with known.watch(uuids, complete=True) as watch:
        for number, name in enumerate(names):
            known.callstate(events[name], number, float(number))
        dead = watch.legs[events["leg-without-answer-hangup"]["Unique-ID"]]
        won = watch.legs[events["leg-ringing"]["Unique-ID"]]
    assert times(dead) == (None, None, 0.0, "NORMAL_TEMPORARY_FAILURE")
    assert times(won) == (1.0, 2.0, 3.0, "MANAGER_REQUEST")


def test_a_watch_hears_an_event_that_was_overtaken():
    known = Channels({"internal"})
    with known.watch(["u"], complete=True) as watch:
        known.callstate(callstate("u", "HANGUP"), 9, 1.0)
        known.callstate(callstate("u", "RINGING"), 8, 1.1)
        assert watch.rang("u")


def test_a_watch_begins_with_what_is_known():
    known = fresh(callstate("u", "RINGING"))
    with known.watch(["u"], complete=True) as watch:
        assert times(watch.legs["u"]) == (1.0, None, None, "")


def test_a_watch_learns_from_the_table():
    known = fresh(callstate("u", "RINGING"))
    with known.watch(["u", "v"], complete=True) as watch:
        known.reconcile([row("u"), row("v", "RINGING")], 10.0, 15.0)
        known.reconcile([row("v", "RINGING")], 20.0, 25.0)
        assert times(watch.legs["u"]) == (1.0, 15.0, 25.0, "")
        assert times(watch.legs["v"]) == (15.0, None, None, "")


def test_silence_means_nothing_to_a_watch_that_was_blind():
    known = Channels({"internal"})
    with known.watch(["u"], complete=True) as watch, known.watch(["u"], complete=False) as late:
        assert (watch.rang("u"), late.rang("u")) == (False, None)
        known.blind()
        assert watch.rang("u") is None
        known.callstate(callstate("u", "RINGING"), 1, 1.0)
        assert (watch.rang("u"), late.rang("u")) == (True, True)
    assert known.watched == 0


def test_closing_one_watch_leaves_the_other():
    known = Channels({"internal"})
    one, two = known.watch(["u"], complete=True), known.watch(["u", "v"], complete=True)
    one.close()
    one.close()
    known.callstate(callstate("u", "RINGING"), 1, 1.0)
    assert (one.rang("u"), two.rang("u")) == (False, True)
    two.close()
    assert known.watched == 0


def test_a_watch_can_be_told_of_each_end_once():
    known = Channels({"internal"})
    ends = []
    with known.watch(["u", "v"], complete=True) as watch:
        watch.on_end = lambda uuid, cause: ends.append((uuid, cause, uuid in known.channels))
        known.callstate(callstate("u", "RINGING"), 1, 1.0)
        known.callstate(callstate("u", "HANGUP", Hangup_Cause="CALL_REJECTED"), 2, 2.0)
        known.callstate(callstate("u", "HANGUP", Hangup_Cause="CALL_REJECTED"), 2, 2.0)
        known.callstate(callstate("other", "HANGUP"), 3, 3.0)
    known.callstate(callstate("v", "HANGUP"), 4, 4.0)
    assert ends == [("u", "CALL_REJECTED", False)]


def test_a_watch_can_be_told_of_each_first_ringing_once():
    known = Channels({"internal"})
    ringing = []
    with known.watch(["u", "v", "w"], complete=True) as watch:
        watch.on_ring = ringing.append
        known.callstate(callstate("u", "RINGING"), 1, 1.0)
        known.callstate(callstate("u", "EARLY"), 2, 1.5)
        known.callstate(callstate("v", "ACTIVE"), 3, 2.0)
        known.callstate(callstate("w", "EARLY"), 4, 2.0)
    assert ringing == ["u", "w"]


def test_where_a_phone_has_redirected_to_and_what_was_dialled():
    known = Channels({"internal"})
    told = callstate("leg", "HANGUP", Hangup_Cause="REQUESTED_CHAN_UNAVAIL")
    told["variable_sip_redirect_contact_user_0"] = "1002"
    with known.watch(["leg", "other"], True) as watch:
        known.callstate(callstate("leg", "RINGING"), 1, 1.0)
        assert known.channels["leg"].number == "1001"
        known.callstate(told, 2, 2.0)
        assert (watch.legs["leg"].redirect, watch.legs["other"].redirect) == ("1002", "")


@pytest.mark.parametrize(
    ("told", "known"), [("403", 403), ("433", 433), ("", 0), ("40", 0), ("4O3", 0), ("403 x", 0)]
)
def test_with_which_code_a_leg_was_refused_before_it_rang(told, known):
    channels = Channels({"internal"})
    with channels.watch(["leg", "rang"], True) as watch:
        channels.callstate(callstate("rang", "RINGING"), 1, 1.0)
        for number, uuid in enumerate(watch.legs, 2):
            end = callstate(uuid, "HANGUP", Hangup_Cause="CALL_REJECTED")
            end["variable_sip_invite_failure_status"] = told
            channels.callstate(end, number, 2.0)
        assert (watch.legs["leg"].refusal, watch.legs["rang"].refusal) == (known, 0)


def test_what_was_dialled_on_a_leg_of_the_table():
    known = Channels({"internal"})
    known.reconcile([row("leg", dest="+491711234567"), row("caller", direction="inbound")], 0, 1.0)
    assert known.channels["leg"].number == "+491711234567"
    assert known.channels["caller"].number == ""


@pytest.mark.parametrize(
    ("data", "pool"),
    [
        ("eslr_pool:1001", "1001"),
        ("eslr_pool:1001;1002@pbx.test", ""),
        ("1001@pbx.test", ""),
        ("eslr_pool:", ""),
        (None, ""),
    ],
)
def test_the_pool_of_a_leg_is_what_the_router_marked_it_with(data, pool):
    more = {} if data is None else {"Channel_Presence_Data": data}
    known = fresh(callstate("leg", "ACTIVE", **more))
    assert known.channels["leg"].pool == pool
    read = Channels({"internal"})
    read.reconcile([row("leg", presence_data=data)], 0, 1.0)
    assert read.channels["leg"].pool == pool


def test_what_a_caller_s_own_leg_says_of_a_pool_is_not_believed():
    mark = "eslr_pool:1001"
    known = fresh(callstate("leg", "ACTIVE", Call_Direction="inbound", Channel_Presence_Data=mark))
    assert known.channels["leg"].pool == ""
    read = Channels({"internal"})
    read.reconcile([row("leg", direction="inbound", presence_data=mark)], 0, 1.0)
    assert read.channels["leg"].pool == ""


def test_who_has_to_act_on_what_he_hears_says_so_until_he_leaves():
    hurried = []
    state = SwitchState(hurry=lambda: hurried.append(True))
    with state.watch(["u"]) as calm, state.watch(["u", "v"]) as watch:
        assert not state.attended
        watch.attend()
        watch.attend()
        assert (state.attended, len(hurried)) == (True, 1)
        calm.attend()
    assert (state.attended, len(hurried)) == (False, 2)
    calm.close()
    assert not state.attended
