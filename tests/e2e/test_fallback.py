"""What becomes of a call when the router is not there, or goes away."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from esl_router.model.people import User
from esl_router.store.directory import Account, directory_xml
from tests.e2e.endpoint import Answering, Behaviour, Caller, Placed, Registered, Speaking
from tests.e2e.lines import Lines
from tests.e2e.router import Router
from tests.e2e.sip import TOLERANCE, wait_until
from tests.e2e.sipp import Phone, SippCaller
from tests.e2e.stage import company, person
from tests.e2e.stub import StubRouter, routed
from tests.e2e.switch import HOST, FreeSwitch

USERS = (
    User("pbx.test", "1001", "Anna Adler", ("+493012345101",)),
    User("pbx.test", "1002", "Bernd Böhm", ("+493012345102",)),
    User("pbx.test", "1003", "Carla Conti", ("+493012345103",), voicemail=False),
    User("pbx.test", "1004", "Dora Damm"),
)
ACCOUNTS = (
    Account("1001-desk", "secret", "1001"),
    Account("1001-soft", "secret", "1001"),
    Account("1002-desk", "secret", "1002"),
    Account("1003-desk", "secret", "1003"),
)


@pytest.fixture(autouse=True)
def directory(switch: FreeSwitch) -> None:
    switch.write_directory(directory_xml("pbx.test", USERS, ACCOUNTS))


def leave_message(switch: FreeSwitch, mailbox: str, call: Placed, before: list[Path]) -> None:
    """Speaks until the box has recorded a little, hangs up, and waits for the message."""

    def new() -> list[Path]:
        return [path for path in switch.messages(mailbox) if path not in before]

    speaking = Speaking(call)
    try:
        wait_until(new, 10, f"the box {mailbox} records")
        time.sleep(1.5)  # a message that is shorter than a second is none
    finally:
        call.hang_up()
        speaking.close()
    switch.wait_idle()
    assert len(new()) == 1
    assert switch.socket.api(f"vm_boxcount {mailbox}@pbx.test").strip() == str(len(before) + 1)


def test_without_a_router_every_phone_of_the_dialled_user_rings(
    phone: Callable[..., Phone], sipp_call: Callable[..., SippCaller]
) -> None:
    desk, soft = phone("1001-desk", answer=1), phone("1001-soft")
    call = sipp_call("1001", account="1002-desk")
    assert call.wait() == 200
    assert desk.wait_ringing().answered
    assert soft.wait_cancelled().reason == 'SIP;cause=200;text="Call completed elsewhere"'


def test_without_a_router_a_phone_that_is_registered_twice_rings_twice(
    phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    first, second = phone("1001-desk"), phone("1001-desk")
    call = inside("1002-desk").call("1001")
    first.wait_ringing()
    second.wait_ringing()
    call.cancel()
    assert call.wait() == 487
    assert first.wait_cancelled()
    assert second.wait_cancelled()


def test_without_a_router_a_phone_that_redirects_sends_the_caller_nowhere(
    switch: FreeSwitch, own_phone: Callable[..., Registered], inside: Callable[..., Caller]
) -> None:
    target = own_phone("1001-soft", answer=0.2)
    stranger = Answering(0, Behaviour(answer=0.2))
    redirecting = own_phone("1003-desk")
    ours, theirs = f"sip:1001@{HOST}:{switch.internal}", f"sip:+1900@{HOST}:{stranger.port}"
    try:
        for contact in (ours, theirs):
            redirecting.behaviour = Behaviour(reject=302, contact=contact)
            assert inside("1002-desk").call("1003").wait() == 480
        assert len(redirecting.ringings) == 2
        assert (target.ringings, stranger.log.records) == ([], [])
    finally:
        stranger.close()


def test_without_a_router_nobody_answers_and_the_voicemail_takes_the_message(
    switch: FreeSwitch, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk, before = phone("1001-desk"), switch.messages("1001")
    call = inside("1002-desk").call("1001")
    assert call.wait() == 200
    assert call.at == pytest.approx(2.5, abs=TOLERANCE)
    assert desk.wait_cancelled().rang == pytest.approx(2.5, abs=TOLERANCE)
    leave_message(switch, "1001", call, before)


@pytest.mark.parametrize(
    "number", ["+493012345101", "00493012345101", "03012345101", "493012345101", "1001"]
)
def test_without_a_router_a_trunk_call_rings_the_owner_of_the_direct_number(
    number: str, phone: Callable[..., Phone], sipp_call: Callable[..., SippCaller]
) -> None:
    desk = phone("1001-desk", answer=0.2)
    call = sipp_call(number, trunk_number="+4930765432")
    assert call.wait() == 200
    assert desk.wait_ringing().number == "+4930765432"


def test_without_a_router_a_busy_user_has_his_voicemail_answer_a_trunk_call(
    switch: FreeSwitch, phone: Callable[..., Phone], outside: Caller
) -> None:
    phone("1001-desk", reject=486)
    before = switch.messages("1001")
    call = outside.call("+493012345101")
    assert call.wait(5) == 200
    assert call.at is not None
    assert call.at < 1
    leave_message(switch, "1001", call, before)


def test_without_a_router_a_user_without_voicemail_is_unavailable(
    phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    phone("1003-desk", reject=603)
    assert inside("1002-desk").call("1003").wait() == 480


def test_without_a_router_an_unregistered_user_has_his_voicemail_at_once(
    inside: Callable[..., Caller],
) -> None:
    caller = inside("1002-desk")
    for number in ("1001", "1004"):
        call = caller.call(number)
        assert call.wait(5) == 200
        assert call.at is not None
        assert call.at < 1
        call.hang_up()


@pytest.mark.parametrize("number", ["1999", "+493099999", "0", "1001-desk", "nobody", "112"])
def test_without_a_router_an_unknown_number_is_not_found(number: str, outside: Caller) -> None:
    assert outside.call(number).wait() == 404


@pytest.mark.parametrize(
    "user", ["1001%0a1002", "${system(id)}", "1001%0d%0aX", "1001'", "1001}", "9" * 300]
)
def test_a_number_that_is_not_one_is_not_found(user: str, outside: Caller) -> None:
    call = outside.call("", uri=f"sip:{user}@pbx.test")
    assert call.wait() in (400, 404)


def test_without_a_router_an_emergency_call_leaves_through_the_trunk(
    trunk: Answering, inside: Callable[..., Caller]
) -> None:
    trunk.behaviour = Behaviour(answer=0)
    call = inside("1001-desk").call("112")
    assert call.wait() == 200
    assert trunk.ringings[0].invite.uri.startswith("sip:112@")
    call.hang_up()


def test_without_a_router_nobody_calls_out(trunk: Answering, inside: Callable[..., Caller]) -> None:
    assert inside("1001-desk").call("+491711234567").wait() == 404
    assert trunk.ringings == []


def test_a_router_that_closes_at_once_hands_the_call_back_at_once(
    stub_router: Callable[[bytes | None], StubRouter],
    phone: Callable[..., Phone],
    inside: Callable[..., Caller],
) -> None:
    desk = phone("1001-desk", answer=0)
    listening = stub_router(b"")
    call = inside("1002-desk").call("1001")
    assert call.wait(5) == 200
    assert len(listening.connections) == 1
    assert desk.wait_ringing().at - call.started < 0.5


@pytest.mark.timeout(90)
def test_a_router_that_never_speaks_costs_the_caller_25_seconds_and_no_more(
    stub_router: Callable[[bytes | None], StubRouter],
    phone: Callable[..., Phone],
    inside: Callable[..., Caller],
) -> None:
    desk = phone("1001-desk", answer=0)
    stub_router(None)
    call = inside("1002-desk").call("1001")
    assert call.wait(40) == 200
    assert desk.wait_ringing().at - call.started == pytest.approx(24.5, abs=TOLERANCE)


def test_a_router_that_dies_while_phones_ring_leaves_them_ringing_and_nobody_rings_twice(
    switch: FreeSwitch,
    stub_router: Callable[[bytes | None], StubRouter],
    phone: Callable[..., Phone],
    inside: Callable[..., Caller],
) -> None:
    desk, soft, before = phone("1001-desk"), phone("1001-soft"), switch.messages("1001")
    dying = stub_router(
        routed(
            ("bridge", f"[leg_timeout=4]sofia/internal/sip:1001-desk@{HOST}:{desk.port}"),
            mailbox="1001",
        )
    )
    call = inside("1002-desk").call("1001")
    desk.wait_ringing()
    dying.die()
    assert call.wait() == 200
    assert call.at == pytest.approx(4.5, abs=TOLERANCE)
    assert len(desk.ringings) == 1
    assert not soft.invited
    leave_message(switch, "1001", call, before)


def test_a_routed_call_without_a_mailbox_ends_as_unavailable(
    stub_router: Callable[[bytes | None], StubRouter],
    phone: Callable[..., Phone],
    inside: Callable[..., Caller],
) -> None:
    desk = phone("1001-desk")
    dying = stub_router(routed() + b"exit\n\n")
    assert inside("1002-desk").call("1001").wait() == 480
    assert dying.connections
    assert not desk.invited


def test_a_router_that_dies_during_the_conversation_leaves_it_alone(
    switch: FreeSwitch,
    stub_router: Callable[[bytes | None], StubRouter],
    phone: Callable[..., Phone],
    inside: Callable[..., Caller],
) -> None:
    desk, before = phone("1001-desk", answer=0), switch.messages("1001")
    dying = stub_router(
        routed(
            ("bridge", f"sofia/internal/sip:1001-desk@{HOST}:{desk.port}"),
            mailbox="1001",
        )
    )
    call = inside("1002-desk").call("1001")
    assert call.wait() == 200
    dying.die()
    assert switch.channels() == 2
    assert call.ended is None
    call.hang_up()
    switch.wait_idle()
    assert desk.ringings[0].ended
    assert switch.messages("1001") == before


def test_who_is_sent_to_a_feature_code_without_a_router_goes_back_to_whose_phone_sent_him(
    switch: FreeSwitch,
    tmp_path: Path,
    outside: Caller,
) -> None:
    router = Router(switch, tmp_path, company(u1001=person("1001", "desk")))
    router.start()
    lines = Lines(switch)
    try:
        desk = lines.register("1001-desk")
        call = outside.call("1001")
        lines.answer(desk.wait_ringing())
        assert call.wait() == 200
        time.sleep(1)
        router.kill()
        lines.transfer(desk.ringings[0], "*63")
        lines.answer(desk.wait_ringing(calls=2))
        time.sleep(1)
        assert call.ended is None
        call.hang_up()
    finally:
        lines.close()
        router.kill()
