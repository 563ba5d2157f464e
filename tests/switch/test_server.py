"""The simulated switch's event socket: the router's own event link works against it."""

from __future__ import annotations

from collections.abc import Iterator

import gevent
import pytest

from esl_router.errors import SwitchError
from esl_router.esl.client import EventLink
from esl_router.esl.wire import Frame
from esl_router.live.feed import Address, Feed
from esl_router.switch.clock import Clock
from esl_router.switch.phones import Behaviour, CallScript, Phone
from esl_router.switch.server import SimulatedSwitch
from tests.switch.captures import capture, frames

DESK = Phone("1001-desk", (Behaviour(), Behaviour()))
AWAY = Phone("1002-desk")


@pytest.fixture
def switch() -> Iterator[SimulatedSwitch]:
    made = SimulatedSwitch(("127.0.0.1", 1), [DESK, AWAY], clock=Clock(20))
    yield made
    made.stop()


@pytest.fixture
def feed(switch: SimulatedSwitch) -> Iterator[Feed]:
    host, port = switch.listen()
    made = Feed([Address(host, port, switch.password)])
    made.start()
    assert made.wait(5)
    yield made
    made.stop()


def until(condition: object, seconds: float = 2.0) -> None:
    with gevent.Timeout(seconds):
        while not condition():  # type: ignore[operator]
            gevent.sleep(0.005)


def test_every_registration_of_an_account_is_known(switch: SimulatedSwitch, feed: Feed) -> None:
    live = feed.view(switch.core_uuid, switch.clock.now())
    contacts = live.contacts("pbx.test", "1001-desk")
    assert contacts is not None
    assert [contact.url for contact in contacts] == [
        "sofia/internal/sip:1001-desk@127.0.0.1:5070",
        "sofia/internal/sip:1001-desk@127.0.0.1:5071",
    ]
    assert live.contacts("pbx.test", "1002-desk") == ()


def test_a_phone_registers_and_signs_off(switch: SimulatedSwitch, feed: Feed) -> None:
    def contacts() -> tuple[object, ...] | None:
        return feed.view(switch.core_uuid, switch.clock.now()).contacts("pbx.test", "1002-desk")

    switch.register(Phone("1002-desk", (Behaviour(),)))
    until(lambda: contacts() != ())
    switch.register(AWAY)
    until(lambda: contacts() == ())


def test_a_wrong_password_is_refused(switch: SimulatedSwitch) -> None:
    host, port = switch.listen()
    with pytest.raises(SwitchError, match="does not accept the password"):
        EventLink(host, port, "wrong").connect()


def test_events_and_tables_have_what_a_real_switch_has(switch: SimulatedSwitch) -> None:
    """Each header or column that FreeSWITCH's have and the router reads."""
    real = [
        f.event() for f in frames(capture("event-link")) if f.content_type == "text/event-plain"
    ]
    host, port = switch.listen()
    heard: list[Frame] = []
    link = EventLink(host, port, switch.password, on_event=heard.append)
    link.connect()
    link.subscribe("CHANNEL_CALLSTATE", custom=("sofia::register", "sofia::unregister"))
    placed = switch.place(CallScript("1002-desk", "1001"))
    switch.register(Phone("1002-desk", (Behaviour(),)))
    assert placed.done.wait(5)
    until(lambda: len(heard) >= 3)
    link.stop()
    wanted = {
        "CHANNEL_CALLSTATE": (
            "Core-UUID", "Event-Sequence", "Channel-Call-State", "Unique-ID", "Call-Direction",
            "Channel-Presence-ID", "Channel-Call-UUID", "Answer-State", "Caller-Context",
            "Caller-Destination-Number", "Caller-Caller-ID-Number",
        ),
        "CUSTOM": (
            "Event-Subclass", "profile-name", "from-user", "from-host", "contact", "call-id",
            "expires",
        ),
    }  # fmt: skip
    for name, headers in wanted.items():
        theirs = next(event for event in real if event["Event-Name"] == name)
        ours = next(event for event in heard if event["Event-Name"] == name)
        for header in headers:
            assert header in theirs, header
            assert header in ours, header


def test_an_unknown_command_is_answered_as_freeswitch_does(switch: SimulatedSwitch) -> None:
    assert switch.api("uuid_kill nobody") == "-ERR No such channel!\n"
    assert switch.api("system reboot").startswith("-ERR")
    # With no row there is no list of rows either.
    assert switch.api("show channels as json").encode() in [
        frame.body for frame in frames(capture("event-link"))
    ]


def test_without_a_router_the_call_goes_back_to_the_dialplan(switch: SimulatedSwitch) -> None:
    placed = switch.place(CallScript("1002-desk", "1001"))
    assert placed.done.wait(5)
    assert (placed.fallback, placed.code) == (True, 480)
