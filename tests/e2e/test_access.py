"""Who may register and call, and as whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from esl_router.model.people import User
from esl_router.store.directory import Account, directory_xml
from tests.e2e.endpoint import Caller
from tests.e2e.sip import wait_until
from tests.e2e.sipp import Phone
from tests.e2e.switch import FreeSwitch

USERS = (
    User("pbx.test", "1001", "Anna Adler", ("+493012345101",)),
    User("pbx.test", "1002", 'Bernd "B" <Böhm>', ("+493012345102",)),
)
ACCOUNTS = (
    Account("1001-desk", "secret", "1001"),
    Account("1002-desk", "se<c&r\"e't$${domain}", "1002"),
    Account("lobby", "secret"),
)
PASSWORDS = {account.name: account.password for account in ACCOUNTS}
CONTACT = "sip:x@127.0.0.1:9"


@pytest.fixture(autouse=True)
def directory(switch: FreeSwitch) -> None:
    switch.write_directory(directory_xml("pbx.test", USERS, ACCOUNTS))


@pytest.mark.parametrize("account", ["1001", "1002", "+493012345101", "nobody", "", "1001-desk"])
@pytest.mark.parametrize("password", ["", "1001", "wrong"])
def test_without_the_right_password_nobody_registers_or_calls(
    account: str, password: str, switch: FreeSwitch, inside: Callable[..., Caller]
) -> None:
    caller = inside(account, password)
    assert caller.register(CONTACT) in (401, 403)
    assert caller.call("1001").wait() in (401, 403, 407)
    assert switch.registrations(account) == 0


def test_an_account_registers_with_its_password_whatever_is_in_it(
    switch: FreeSwitch, inside: Callable[..., Caller]
) -> None:
    for account, password in PASSWORDS.items():
        assert inside(account, password).register(CONTACT) == 200
        wait_until(lambda name=account: switch.registrations(name) == 1, 2)
        assert inside(account, password).register(CONTACT, expires=0) == 200


def test_an_account_registers_under_its_own_name_alone(
    switch: FreeSwitch, inside: Callable[..., Caller]
) -> None:
    caller = inside("1001-desk")
    assert caller.register(CONTACT, account="1002-desk") == 403
    assert caller.register(CONTACT, account="1001") == 403
    assert switch.registrations("1002-desk") == 0


def test_a_call_without_a_password_is_refused_inside(
    switch: FreeSwitch, inside: Callable[..., Caller]
) -> None:
    caller = inside("")
    call = caller.call("1001", user="1001-desk")
    assert call.wait() == 407


def test_nobody_registers_through_the_trunk(switch: FreeSwitch, outside: Caller) -> None:
    outside.account, outside.password = "1001-desk", "secret"
    assert outside.register(CONTACT) == 405
    assert switch.registrations("1001-desk") == 0


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ('P-Asserted-Identity: "Boss" <sip:1@pbx.test>',),
        ('P-Preferred-Identity: "Boss" <sip:1@pbx.test>',),
        ('Remote-Party-ID: "Boss" <sip:1@pbx.test>;party=calling;screen=yes',),
    ],
)
def test_an_inside_caller_shows_his_own_name_and_number(
    headers: tuple[str, ...], phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk = phone("1001-desk")
    caller = inside("1002-desk", PASSWORDS["1002-desk"])
    caller.call("1001", display="Boss", user="1", headers=headers)
    ringing = desk.wait_ringing()
    assert ringing.number == "1002"
    assert ringing.display == "Bernd B Böhm"
    assert "Boss" not in "".join(value for _, value in ringing.invite.headers)


def test_a_callers_own_headers_do_not_reach_the_phone(
    phone: Callable[..., Phone], outside: Caller
) -> None:
    desk = phone("1001-desk")
    outside.call(
        "+493012345101", headers=("X-Answer: now", "P-Charge-Info: sip:1@x", "Diversion: <sip:1@x>")
    )
    names = [name for name, _ in desk.wait_ringing().invite.headers]
    assert "x-answer" not in names
    assert "p-charge-info" not in names
    assert "diversion" not in names
