"""Calls that come to the router a second time: transferred by a person, or by the switch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.endpoint import Caller, Registered
from tests.e2e.router import Router
from tests.e2e.sip import TOLERANCE, wait_until
from tests.e2e.sipp import Phone
from tests.e2e.stage import company, person
from tests.e2e.switch import FreeSwitch

RULES = company(
    u1900=person("1900", "a"),
    u1050=person("1050", "a", internal={"a": (0, 20)}, external={"a": (0, 20)}),
    # Colleagues ring a, strangers ring b.
    u1051=person("1051", "a", "b", internal={"a": (0, 4)}, external={"b": (0, 4)}),
)


@pytest.fixture(scope="module")
def one_router(
    freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Router]:
    router = Router(freeswitch, tmp_path_factory.mktemp("transfer"), RULES)
    router.start()
    yield router
    router.kill()


@pytest.fixture
def router(one_router: Router, switch: FreeSwitch) -> Router:
    return one_router


def leg_of_caller(switch: FreeSwitch) -> str:
    """The uuid of the leg that came in; the switch's table lags behind."""

    def inbound() -> list[str]:
        return [
            leg
            for leg in switch.calls()
            if "\nCall-Direction: inbound\n" in switch.socket.api(f"uuid_dump {leg}")
        ]

    return wait_until(inbound, 5, "the caller's leg is listed")[0]


def test_a_colleague_who_is_sent_on_while_he_talks_is_still_a_colleague(
    router: Router,
    phone: Callable[..., Phone],
    own_phone: Callable[..., Registered],
    inside: Callable[..., Caller],
) -> None:
    own_phone("1050-a", answer=0.5)
    for_colleagues, for_strangers = phone("1051-a", answer=1), phone("1051-b")
    caller = inside("1900-a")
    call = caller.call("1050")
    assert call.wait() == 200
    # The leg that is sent on is the one the router placed to 1050-a.
    caller.transfer(call, "1051")
    for_colleagues.wait_ringing()
    wait_until(lambda: for_colleagues.ringings[0].answered, 5, "the colleagues talk")
    assert not for_strangers.invited


def test_a_stranger_who_is_sent_on_stays_a_stranger(
    router: Router,
    switch: FreeSwitch,
    phone: Callable[..., Phone],
    own_phone: Callable[..., Registered],
    outside: Caller,
) -> None:
    own_phone("1050-a", answer=0.5)
    for_colleagues, for_strangers = phone("1051-a"), phone("1051-b", answer=1)
    call = outside.call("1050")
    assert call.wait() == 200
    switch.socket.api(f"uuid_transfer {leg_of_caller(switch)} 1051 XML internal")
    for_strangers.wait_ringing()
    wait_until(lambda: for_strangers.ringings[0].answered, 5, "they talk")
    assert not for_colleagues.invited


def test_a_stranger_cannot_be_sent_outside(
    router: Router, switch: FreeSwitch, own_phone: Callable[..., Registered], outside: Caller
) -> None:
    own_phone("1050-a", answer=0.5)
    call = outside.call("1050")
    assert call.wait() == 200
    switch.socket.api(f"uuid_transfer {leg_of_caller(switch)} +491711234567 XML internal")
    call.wait_end(5)


def test_a_call_that_is_sent_on_while_it_rings_rings_there_at_once(
    router: Router, switch: FreeSwitch, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    first, second = phone("1050-a"), phone("1051-a", answer=1)
    call = inside("1900-a").call("1050")
    first.wait_ringing()
    time.sleep(0.5)
    sent = time.time()
    switch.socket.api(f"uuid_transfer {leg_of_caller(switch)} 1051 XML internal")
    assert second.wait_ringing().at - sent < TOLERANCE
    assert first.wait_cancelled(2)
    assert call.wait() == 200
    call.hang_up()


def test_a_connected_caller_who_is_sent_on_and_not_answered_reaches_the_mailbox(
    router: Router,
    switch: FreeSwitch,
    phone: Callable[..., Phone],
    own_phone: Callable[..., Registered],
    inside: Callable[..., Caller],
) -> None:
    own_phone("1050-a", answer=0.5)
    phone("1051-a")
    before = switch.messages("1051")
    call = inside("1900-a").call("1050")
    assert call.wait() == 200
    switch.socket.api(f"uuid_transfer {leg_of_caller(switch)} 1051 XML internal")
    wait_until(lambda: len(switch.messages("1051")) > len(before), 10, "a message is recorded")
    call.hang_up()


def test_the_journal_has_both_visits_of_a_transferred_call(
    router: Router, switch: FreeSwitch, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    phone("1050-a")
    phone("1051-a", reject=486)
    call = inside("1900-a").call("1050")
    call.wait_for(180)
    leg = leg_of_caller(switch)
    switch.socket.api(f"uuid_transfer {leg} 1051 XML internal")
    assert call.wait() == 486

    def visits() -> list[tuple[str, str]]:
        calls = json.loads(router.run("calls", "list", "--json"))
        return [(each["callee"], each["result"]) for each in calls if each["uuid"] == leg]

    wait_until(lambda: len(visits()) == 2, 5, "two visits")
    assert [callee for callee, _ in visits()] == ["1050", "1051"]
    assert visits()[1][1] == "busy"
