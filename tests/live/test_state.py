from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esl_router.live.state import GRACE, SETTLE, SwitchState
from esl_router.model.live import CallState
from tests.live import samples

EMPTY = '{"row_count": 0}'
PHONE = "<sip:1001@192.0.2.7:5060>"
URL = "sofia/internal/sip:1001@192.0.2.7:5060"


def test_a_session_of_the_switch():
    """Recorded events and tables, in their order."""
    state = SwitchState()
    events = samples.events()
    assert state.view(1.0, linked=False).known is False
    assert state.view(1.0, linked=False).age is None
    for name in ("register", "register-behind-nat", "heartbeat", "caller-ringing", "leg-active"):
        assert state.apply(events[name], 10.0), name
    live = state.view(12.5, linked=True)
    assert live.known
    assert live.age == 2.5
    (desk,) = live.contacts("pbx.test", "1001")
    assert desk.url == "sofia/internal/sip:1001@127.0.0.1:7001;transport=udp;ob"
    assert live.contacts("pbx.test", "1003") == ()
    (leg,) = live.calls_of("pbx.test", ["1002"])
    assert leg.state.talking
    assert state.counts == {"channels": 2, "registrations": 2, "watched": 0}
    assert state.apply(events["expire"], 13.0)
    assert live.contacts("pbx.test", "1002") == ()
    assert state.core_uuid == "d865976e-273f-4387-9b58-5c312cd04e4c"


def test_the_view_is_no_copy_and_cannot_be_written():
    state = SwitchState()
    live = state.view(1.0, linked=True)
    state.apply(samples.callstate("u", "RINGING"), 1.0)
    assert list(live.channels) == ["u"]
    with pytest.raises(TypeError):
        live.channels["v"] = live.channels["u"]  # type: ignore[index]
    with pytest.raises(TypeError):
        live.registrations["v"] = ()  # type: ignore[index]


def test_the_first_picture_comes_from_the_tables():
    state = SwitchState()
    tables = (samples.table("show-channels-talking"), samples.table("show-registrations"))
    done = state.resync(*tables, 100.0, asked=99.0)
    assert (done.fault, done.odd_rows) == ("", 0)
    live = state.view(100.0, linked=True)
    assert [(c.device, c.inbound, c.state) for c in live.channels.values()] == [
        ("1001@pbx.test", True, CallState.ACTIVE),
        ("1002@pbx.test", False, CallState.ACTIVE),
    ]
    assert len(live.contacts("pbx.test", "1001")) == 2
    assert len(live.contacts("pbx.test", "1002")) == 2


def test_the_clocks_need_not_agree():
    """The switch's clock is an hour fast or slow: its phones are registered all the same."""
    for skew in (-3600.0, 3600.0):
        rows = [{"reg_user": "1001", "realm": "pbx.test", "token": "a", "url": URL}]
        rows[0]["expires"] = str(int(9000 + skew + 120))
        table = json.dumps({"row_count": 1, "rows": rows})
        state = SwitchState()
        state.resync(EMPTY, table, 9000.0, asked=9000.0, clock=9000.0 + skew)
        assert state.view(9120.0 + GRACE, linked=True).contacts("pbx.test", "1001")
        assert not state.view(9121.0 + GRACE, linked=True).contacts("pbx.test", "1001")


def test_only_the_contexts_that_were_named_are_believed():
    for contexts, device in ((["office"], "1001@pbx.test"), (["internal"], None)):
        state = SwitchState(contexts)
        event = samples.callstate("u", "RINGING", Call_Direction="inbound", Caller_Context="office")
        state.apply(event, 1.0)
        assert state.view(1.0, linked=True).channels["u"].device == device


def test_a_restarted_switch_remembers_nothing():
    state = SwitchState()
    state.identify("one", 0.0)
    state.apply(samples.callstate("u", "ACTIVE", Event_Sequence="900", Core_UUID="one"), 1.0)
    state.apply(samples.register("1001", "a", PHONE) | {"Core-UUID": "one"}, 1.0)
    with state.watch(["u"]) as watch:
        state.identify("one", 2.0)
        assert state.counts["channels"] == state.counts["registrations"] == 1
        state.apply({"Event-Name": "HEARTBEAT", "Core-UUID": "two"}, 3.0)
        assert watch.legs["u"].ended == 3.0
    assert state.counts == {"channels": 0, "registrations": 0, "watched": 0}
    # Its numbering begins again.
    state.apply(samples.callstate("u", "RINGING", Event_Sequence="1", Core_UUID="two"), 4.0)
    assert state.counts["channels"] == 1


def test_a_lost_link_blinds_the_watches():
    state = SwitchState()
    watch = state.watch(["u"])
    assert watch.rang("u") is False
    state.lose()
    assert watch.rang("u") is None
    state.unwatch(watch)
    assert state.counts["watched"] == 0


def test_the_order_of_events_is_the_one_of_the_switch():
    state = SwitchState()
    state.apply(samples.callstate("u", "HANGUP", Event_Sequence="11"), 1.0)
    state.apply(samples.callstate("u", "RINGING", Event_Sequence="9"), 1.0)
    assert state.counts["channels"] == 0


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Event-Name": "CHANNEL_CALLSTATE"},
        {"Event-Name": "CUSTOM"},
        {"Event-Name": "CUSTOM", "Event-Subclass": "sofia::gateway_state"},
        {"Event-Name": "CUSTOM", "Event-Subclass": "sofia::register"},
        {"Event-Name": "CUSTOM", "Event-Subclass": "sofia::expire"},
        {"Event-Name": "BACKGROUND_JOB"},
    ],
)
def test_events_that_make_no_sense(event):
    state = SwitchState()
    assert not state.apply(event, 1.0)
    assert state.counts == {"channels": 0, "registrations": 0, "watched": 0}


@pytest.mark.parametrize("number", ["", "x", "-1", "²", "9" * 5000])
def test_a_sequence_that_is_no_number(number):
    state = SwitchState()
    assert state.apply(samples.callstate("u", "RINGING", Event_Sequence=number), 1.0)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"-ERR SQL error [locked]",
        b"[]",
        b"null",
        b'{"row_count": 1}',
        b'{"row_count": 2, "rows": [{}]}',
        b'{"row_count": 1, "rows": ["x"]}',
        b'{"row_count": 1, "rows": {"a": {}}}',
        b'{"rows": []}',
        b"[" * 100_000,
        samples.table("show-registrations")[:-30],
    ],
)
def test_a_table_that_cannot_be_read_changes_nothing(broken):
    state = SwitchState()
    state.apply(samples.callstate("u", "RINGING"), 1.0)
    state.apply(samples.register("1001", "a", PHONE), 1.0)
    assert state.resync(broken, EMPTY, 100.0, asked=100.0).fault.startswith("show channels: ")
    assert state.resync(EMPTY, broken, 100.0, asked=100.0).fault.startswith("show registrations: ")
    assert state.counts == {"channels": 1, "registrations": 1, "watched": 0}


def test_a_caller_whose_name_is_no_utf8_does_not_spoil_the_table():
    table = samples.table("show-channels-talking").replace(
        b'"cid_name":"1001"', b'"cid_name":"\xff\n"'
    )
    assert b"\xff" in table
    state = SwitchState()
    assert state.resync(table, EMPTY, 100.0, asked=99.0).fault == ""
    assert state.counts["channels"] == 2


def test_rows_that_make_no_sense_are_counted():
    state = SwitchState()
    done = state.resync(
        '{"row_count":1,"rows":[{}]}', '{"row_count":1,"rows":[{}]}', 9.0, asked=9.0
    )
    assert (done.fault, done.odd_rows) == ("", 2)


# -- any interleaving ---------------------------------------------------------------------------


class Switch:
    """A switch as it really is: legs, registrations, and what its tables were at each instant."""

    def __init__(self):
        self.now = 1000.0
        self.legs: dict[str, str] = {}
        self.phones: dict[tuple[str, str], str] = {}
        self.sequence = 0
        self.past: list[tuple[float, dict, dict]] = []
        self.note()

    def note(self):
        self.past.append((self.now, dict(self.legs), dict(self.phones)))

    def leg(self, uuid, state):
        """The leg's next state; a new leg where it has ended. Returns the event."""
        if state == "HANGUP":
            if self.legs.pop(uuid, None) is None:
                return None
        else:
            if self.legs.get(uuid) == state:
                return None
            self.legs[uuid] = state
        return samples.callstate(uuid, state)

    def sign(self, user, token, host, kind):
        contact = f"<sip:{user}@{host}>"
        if kind == "register":
            for key in [k for k, h in self.phones.items() if k[0] == user and h == host]:
                del self.phones[key]
            self.phones[user, token] = host
            return samples.register(user, token, contact, "3600")
        host = self.phones.pop((user, token), None)
        if host is None:
            return None
        end = samples.unregister if kind == "unregister" else samples.expire
        return end(user, token, f"<sip:{user}@{host}>")

    def do(self, operation):
        what, *arguments = operation
        event = (self.leg if what == "leg" else self.sign)(*arguments)
        self.note()
        if event is None:
            return None
        self.sequence += 1
        return event | {"Event-Sequence": str(self.sequence)}

    def tables(self, instant):
        """What ``show`` would have printed at that instant."""
        _, legs, phones = [past for past in self.past if past[0] <= max(instant, 1000.0)][-1]
        channels = [
            {
                "uuid": uuid,
                "direction": "outbound",
                "callstate": state,
                "state": "CS_EXCHANGE_MEDIA",
                "presence_id": "1001@pbx.test",
            }
            for uuid, state in legs.items()
        ]
        registrations = [
            {
                "reg_user": user,
                "realm": "pbx.test",
                "token": token,
                "url": f"sofia/internal/sip:{user}@{host}",
                "expires": str(int(self.now) + 3660),
            }
            for (user, token), host in phones.items()
        ]
        return tuple(
            json.dumps({"row_count": len(rows)} | ({"rows": rows} if rows else {}))
            for rows in (channels, registrations)
        )

    def truth(self):
        contacts: dict[str, set[str]] = {}
        for (user, _), host in self.phones.items():
            contacts.setdefault(f"{user}@pbx.test", set()).add(f"sofia/internal/sip:{user}@{host}")
        return self.legs, contacts


def picture(state, now):
    live = state.view(now, linked=True)
    return (
        {uuid: channel.state.value for uuid, channel in live.channels.items()},
        {account: {c.url for c in found} for account, found in live.registrations.items()},
    )


# A uuid is used for one leg only, so one that has ended may not come back: 12 of them suffice.
LEG = st.tuples(
    st.just("leg"),
    st.sampled_from([f"u{number}" for number in range(12)]),
    st.sampled_from(["RINGING", "EARLY", "ACTIVE", "HELD", "HANGUP"]),
)
SIGN = st.tuples(
    st.just("sign"),
    st.sampled_from(["1001", "1002"]),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["h1", "h2", "h3"]),
    st.sampled_from(["register", "register", "unregister", "expire"]),
)
STEP = st.tuples(
    st.one_of(LEG, SIGN),
    st.floats(0.0, 4.0),  # seconds that pass before it
    st.integers(0, 4),  # events that arrive after it
    st.booleans(),  # whether its event is lost, where events are lost at all
)
STEPS = st.lists(STEP, max_size=25)


def run(switch, state, steps, flight, ended, lossy=False):
    """Let things happen, and let events arrive late but in order."""
    for operation, pause, arrive, lost in steps:
        switch.now += pause
        if operation[0] == "leg":
            if operation[1] in ended:
                continue
            if operation[2] == "HANGUP":
                ended.add(operation[1])
        event = switch.do(operation)
        if event is not None and not (lossy and lost):
            flight.append(event)
        for _ in range(min(arrive, len(flight))):
            state.apply(flight.pop(0), switch.now)


@settings(deadline=None)
@given(STEPS, STEPS, STEPS, STEPS, st.floats(0.0, 1.0), st.floats(0.0, SETTLE - 0.1))
def test_events_and_one_resync_in_any_order_end_in_the_truth(
    unheard, before, during, after, share, lag
):
    switch, state = Switch(), SwitchState()
    flight: list[dict[str, str]] = []
    ended: set[str] = set()
    run(switch, SwitchState(), unheard, [], ended)
    switch.now += SETTLE  # what happened before anybody listened is in the tables
    run(switch, state, before, flight, ended)
    asked = switch.now
    run(switch, state, during, flight, ended)
    # The switch reads its tables somewhere between question and answer, and they lag behind.
    tables = switch.tables(asked + share * (switch.now - asked) - lag)
    assert state.resync(*tables, switch.now, asked=asked).fault == ""
    run(switch, state, after, flight, ended)
    for event in flight:
        state.apply(event, switch.now)
    assert picture(state, switch.now) == switch.truth()


@settings(deadline=None)
@given(STEPS, STEPS)
def test_whatever_was_lost_a_resync_in_quiet_times_ends_in_the_truth(unheard, heard):
    switch, state = Switch(), SwitchState()
    flight: list[dict[str, str]] = []
    ended: set[str] = set()
    run(switch, SwitchState(), unheard, [], ended)
    run(switch, state, heard, flight, ended, lossy=True)
    for event in flight:
        state.apply(event, switch.now)
    switch.now += SETTLE + 0.1
    assert state.resync(*switch.tables(switch.now), switch.now, asked=switch.now).fault == ""
    assert picture(state, switch.now) == switch.truth()
