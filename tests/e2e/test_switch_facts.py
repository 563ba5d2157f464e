"""What the router takes for granted of FreeSWITCH, asked of the one that runs here."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from esl_router.model.people import User
from esl_router.store.directory import Account, directory_xml
from tests.e2e.endpoint import Answering, Behaviour, Caller
from tests.e2e.sip import TOLERANCE, wait_until
from tests.e2e.sipp import Phone
from tests.e2e.stub import StubRouter, routed
from tests.e2e.switch import HOST, FreeSwitch

Stub = Callable[[bytes | None], StubRouter]
USERS = (User("pbx.test", "1001", "Anna Adler", ("+493012345101",)),)
ACCOUNTS = (Account("1001-desk", "secret", "1001"), Account("1001-soft", "secret", "1001"))


@pytest.fixture(autouse=True)
def directory(switch: FreeSwitch) -> None:
    switch.write_directory(directory_xml("pbx.test", USERS, ACCOUNTS))


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        ("USER_BUSY", 486),
        ("NO_ANSWER", 480),
        ("UNALLOCATED_NUMBER", 404),
        ("OUTGOING_CALL_BARRED", 403),
        ("NORMAL_TEMPORARY_FAILURE", 503),
        ("CALL_REJECTED", 603),
        ("NO_USER_RESPONSE", 408),
    ],
)
def test_a_hangup_cause_gives_the_caller_its_code_whatever_the_phone_said(
    cause: str, code: int, phone: Callable[..., Phone], stub_router: Stub, outside: Caller
) -> None:
    desk = phone("1001-desk", reject=600)
    stub_router(
        routed(("bridge", f"sofia/internal/sip:1001-desk@{HOST}:{desk.port}"), ("hangup", cause))
    )
    assert outside.call("1001").wait() == code
    assert desk.ringings[0].rejected == 600


def confirmed(number: str) -> str:
    options = (
        "group_confirm_key=1,group_confirm_file=tone_stream://%(200\\,800\\,440)\\;loops=3,"
        "group_confirm_timeout=4,leg_timeout=8"
    )
    return f"[{options}]sofia/gateway/trunk/{number}"


def test_an_unconfirmed_leg_does_not_take_the_call_from_the_others(
    phone: Callable[..., Phone], trunk: Answering, stub_router: Stub, inside: Callable[..., Caller]
) -> None:
    desk = phone("1001-desk", answer=3)
    trunk.behaviour = Behaviour(answer=0)
    stub_router(
        routed(
            ("set", "ignore_early_media=true"),
            (
                "bridge",
                f"{confirmed('+491711234567')},sofia/internal/sip:1001-desk@{HOST}:{desk.port}",
            ),
        )
    )
    call = inside("1001-soft").call("1001")
    assert call.wait() == 200
    assert call.at == pytest.approx(3.0, abs=TOLERANCE)
    assert desk.ringings[0].answered
    mobile = trunk.ringings[0]
    wait_until(lambda: trunk.ringings[0].ended, 3, "the mobile is hung up")
    assert mobile.answered
    call.hang_up()


def test_a_leg_that_presses_the_key_has_the_call(
    phone: Callable[..., Phone], trunk: Answering, stub_router: Stub, inside: Callable[..., Caller]
) -> None:
    desk = phone("1001-desk")
    trunk.behaviour = Behaviour(answer=0, press="1")
    stub_router(
        routed(
            ("set", "ignore_early_media=true"),
            (
                "bridge",
                f"{confirmed('+491711234567')},sofia/internal/sip:1001-desk@{HOST}:{desk.port}",
            ),
        )
    )
    call = inside("1001-soft").call("1001")
    assert call.wait() == 200
    assert call.at == pytest.approx(1.2, abs=TOLERANCE)
    assert desk.wait_cancelled().answered is None
    assert trunk.ringings[0].ended is None
    call.hang_up()


def test_an_owner_is_let_in_to_his_mailbox_without_a_pin(
    switch: FreeSwitch, stub_router: Stub, inside: Callable[..., Caller]
) -> None:
    stub_router(routed(("answer", ""), ("voicemail", "check auth default pbx.test 1001")))
    call = inside("1001-soft").call("1001")
    assert call.wait() == 200

    def let_in() -> bool:
        return any(
            "variable_voicemail_current_folder: inbox" in switch.socket.api(f"uuid_dump {leg}")
            for leg in switch.calls()
        )

    wait_until(let_in, 5, "the owner is let in")
    call.hang_up()


def test_phones_that_only_stay_registered_do_not_block_the_profiles_database(
    switch: FreeSwitch, inside: Callable[..., Caller]
) -> None:
    """What meets the profile's own transactions sleeps for 0.1 s, and every other call with it."""
    caller = inside("1001-desk")
    contacts = [f"sip:1001-desk@{HOST}:{port}" for port in range(20_000, 20_020)]
    for contact in contacts:
        assert caller.register(contact) == 200
    time.sleep(1)  # the registrations themselves are written
    switch.socket.api("fsctl debug_sql on")
    try:
        before = switch.log_text().count("sofia:internal RUN QUEUE")
        time.sleep(6)
        transactions = switch.log_text().count("sofia:internal RUN QUEUE") - before
    finally:
        switch.socket.api("fsctl debug_sql off")
        for contact in contacts:
            caller.register(contact, expires=0)
    assert transactions <= 1, "at most the look for registrations that have run out"
