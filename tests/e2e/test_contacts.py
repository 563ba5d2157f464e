"""Names for numbers, and click to call, on a running FreeSWITCH."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.diverted import STRANGER, direct, mailbox, somebody
from tests.e2e.endpoint import Answering, Behaviour, Speaking
from tests.e2e.lines import to
from tests.e2e.pools import pool
from tests.e2e.router import Router
from tests.e2e.sip import Ringing, wait_until
from tests.e2e.stage import Programme, Stage, company
from tests.e2e.switch import HOST, FreeSwitch

MUSTER = "Müller & Söhne: Muster/GmbH"
SHOWN = "Müller & Söhne∶ Muster∕GmbH"
"""A : and a / would be taken for an address's."""

CUSTOMER, FORBIDDEN, NAMESAKE = "+4930765001", "+4990012345", "+4930765002"

HUNTED, BOSS = 7020, 7030


def rules() -> dict[str, Any]:
    people: dict[str, Any] = {}
    for extension in (*range(7000, 7017), HUNTED + 1, BOSS, BOSS + 1):
        people |= somebody(extension)
    people |= somebody(7012, "a", "b", controlled_device="7012-b", auto_answer=True)
    people["u7006"]["presence"] = {"status": "away", "profiles": {
        "away": {"external": {"always": "voicemail"}}}}  # fmt: skip
    people["u7010"]["name"] = "Anna Ärmel"
    made = company(**people)
    made["settings"]["toll"] = {"deny": ["+49900"]}
    made["contacts"] = [
        {"name": MUSTER, "numbers": [STRANGER]},
        {"name": "Küster", "numbers": [CUSTOMER]},
        {"name": "Verboten", "numbers": [FORBIDDEN]},
        {"name": "Küster", "numbers": [NAMESAKE]},
    ]
    made["teams"] = {
        str(HUNTED): {
            "name": "Hotline",
            "numbers": [direct(HUNTED)],
            "caller_prefix": "Hotline ",
            "members": [{"user": str(HUNTED + 1)}],
        }
    }
    made["executives"] = pool(
        BOSS, BOSS + 1, caller_name="caller_executive", alert_executive="ring"
    )
    return made


play = Programme()


@pytest.fixture(scope="module")
def stage(freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("contacts")
    with ExitStack() as stack:
        trunk = Answering(freeswitch.trunk, Behaviour(answer=0.3))
        stack.callback(trunk.close)
        stack.callback(freeswitch.hang_up_everything)
        router = Router(freeswitch, place, rules())
        router.start()
        stack.callback(router.kill)
        yield Stage(freeswitch, router, trunk, place, stack)


@pytest.fixture(scope="module")
def played(stage: Stage) -> dict[str, Future[None]]:
    return play.play(stage)


def shown(ringing: Ringing) -> tuple[str, str]:
    return ringing.invite.display, ringing.invite.from_user


def called(stage: Stage, *words: str, code: int = 0) -> str:
    return stage.router.run(
        "call", *words, "--freeswitch", f"{HOST}:{stage.switch.events}", code=code
    )


def journal(stage: Stage, user: str) -> dict[str, Any]:
    """The last call of a user in the journal."""

    def found() -> list[dict[str, Any]]:
        return json.loads(stage.router.run("calls", "list", "--user", user, "--json"))

    return wait_until(found, 5, f"a call of {user} is in the journal")[-1]


def leaves(stage: Stage, number: str, by: str) -> Ringing:
    """The call that reaches ``number`` on the trunk, with the number of ``by``."""
    return wait_until(
        lambda: [
            each for each in to(number, stage.trunk.ringings) if each.invite.from_user == direct(by)
        ],
        5,
        f"{by} reaches {number}",
    )[0]


# -- names for numbers ------------------------------------------------------------------------
@play
def a_contact_is_shown_by_name(stage: Stage) -> None:
    line = stage.line("7000-a")
    call = stage.outside().call(direct(7000), user=STRANGER)
    assert shown(line.wait_ringing(5)) == (SHOWN, STRANGER)
    call.cancel()
    call.wait(5)
    assert journal(stage, "7000")["caller_name"] == MUSTER


@play
def a_number_in_place_of_the_name_is_no_name(stage: Stage) -> None:
    line = stage.line("7001-a")
    call = stage.outside().call(direct(7001), user="030765432", display="030 765432")
    assert line.wait_ringing(5).invite.display == SHOWN
    call.cancel()


@play
def a_name_that_the_caller_gives_stays(stage: Stage) -> None:
    line = stage.line("7002-a")
    call = stage.outside().call(direct(7002), user=STRANGER, display="Max Mustermann")
    assert shown(line.wait_ringing(5)) == ("Max Mustermann", STRANGER)
    call.cancel()
    call.wait(5)
    assert journal(stage, "7002")["caller_name"] == "Max Mustermann"


@play
def a_withheld_number_has_no_name(stage: Stage) -> None:
    line = stage.line("7003-a")
    call = stage.outside().call(
        direct(7003),
        sender='"Anonymous" <sip:anonymous@anonymous.invalid>',
        headers=(f"P-Asserted-Identity: <sip:{STRANGER}@pbx.test>", "Privacy: id"),
    )
    told = line.wait_ringing(5).invite
    assert "Müller" not in str(told.headers)
    call.cancel()


@play
def a_team_puts_its_prefix_before_the_name(stage: Stage) -> None:
    line = stage.line(f"{HUNTED + 1}-a")
    call = stage.outside().call(direct(HUNTED), user=STRANGER)
    assert shown(line.wait_ringing(5)) == (f"Hotline {SHOWN}", STRANGER)
    call.cancel()


@play
def assistants_and_the_executive_see_the_name(stage: Stage) -> None:
    boss, assistant = stage.line(f"{BOSS}-a"), stage.line(f"{BOSS + 1}-a")
    call = stage.outside().call(direct(BOSS), user=STRANGER)
    assert assistant.wait_ringing(5).invite.display == f"{SHOWN} - User {BOSS}"
    assert shown(boss.wait_ringing(5)) == (SHOWN, STRANGER)
    call.cancel()


@play
def a_message_is_called_back(stage: Stage) -> None:
    """The newest message in the box says who it was."""
    line = stage.line("7006-a", answer=0.3)
    call = stage.outside().call(direct(7006), user=CUSTOMER)
    assert mailbox(stage, direct(7006)) == "7006"
    with contextlib.closing(Speaking(call)):
        time.sleep(6)  # greeting, tone, and some words
    call.hang_up()
    wait_until(
        lambda: CUSTOMER in stage.switch.socket.api("vm_list 7006@pbx.test"),
        10,
        "the message is kept",
    )
    assert "Küster" in stage.switch.socket.api("vm_list 7006@pbx.test")
    called(stage, "7006", "--voicemail")
    assert shown(line.wait_ringing(1)) == ("Küster", CUSTOMER)
    leaves(stage, CUSTOMER, "7006")


# -- click to call ----------------------------------------------------------------------------
@play
def a_number_outside_is_called_for_somebody(stage: Stage) -> None:
    line = stage.line("7010-a", answer=0.3)
    called(stage, "7010", "0307", "65432")
    first = line.wait_answered(1)
    assert shown(first) == ("Müller & Söhne Muster GmbH", "030765432")
    assert "answer-after" not in str(first.invite.headers)
    outside = leaves(stage, STRANGER, "7010")
    assert "Müller" not in str(outside.invite.headers)
    wait_until(lambda: leaves(stage, STRANGER, "7010").answered, 5, "he is connected")
    time.sleep(1)  # they talk
    line.lines.hang_up(first)
    entry = journal(stage, "7010")
    assert (entry["caller_account"], entry["dialled"]) == ("7010-a", "030765432")
    assert (entry["result"], entry["origin"]) == ("answered", "internal")


@play
def a_colleague_is_called_by_his_name(stage: Stage) -> None:
    caller, colleague = stage.line("7011-a", answer=0.3), stage.line("7014-a", answer=0.5)
    called(stage, "7011", "user", "7014")
    assert shown(caller.wait_answered(1)) == ("User 7014", "7014")
    ringing = colleague.wait_answered(5)
    assert shown(ringing) == ("User 7011", "7011")
    assert ringing.invite.get("remote-party-id").count("7014") == 0
    colleague.lines.hang_up(ringing)
    entry = journal(stage, "7011")
    assert (entry["caller_number"], entry["caller_name"]) == ("7011", "User 7011")
    assert (entry["callee"], entry["result"]) == ("7014", "answered")


@play
def the_controlled_device_rings_and_may_pick_up_by_itself(stage: Stage) -> None:
    first, second = stage.line("7012-a"), stage.line("7012-b", answer=0.3)
    called(stage, "7012", CUSTOMER)
    assert "answer-after=0" in second.wait_answered(1).invite.get("call-info")
    leaves(stage, CUSTOMER, "7012")
    assert not first.invited
    called(stage, "7012", CUSTOMER, "--device", "7012-c", code=1)


@play
def who_declines_calls_nobody(stage: Stage) -> None:
    line = stage.line("7013-a", reject=603)
    said = called(stage, "7013", CUSTOMER, code=1)
    assert "7013-a declined: nobody was called" in said
    assert line.invited
    assert not [each for each in stage.trunk.ringings if each.invite.from_user == direct(7013)]


@play
def what_may_not_be_dialled_rings_no_phone(stage: Stage) -> None:
    line = stage.line("7015-a", answer=0.3)
    said = called(stage, "7015", "verboten", code=1)
    assert "The toll policy forbids +4990012345." in said
    assert "nobody is called 'xyz'" in called(stage, "7015", "xyz", code=1)
    several = called(stage, "7015", "küst", code=1)
    assert f"Küster: {CUSTOMER}" in several
    assert f"Küster: {NAMESAKE}" in several
    others = called(stage, "7015", CUSTOMER, "--as", "7010", code=1)
    assert "user 7010 may not call from a phone of 7015" in others
    assert not line.invited


@play
def a_phone_that_is_not_registered(stage: Stage) -> None:
    assert "none of his phones (7016-a) is registered" in called(stage, "7016", CUSTOMER, code=1)


@play
def a_call_in_the_journal_is_called_back(stage: Stage) -> None:
    line = stage.line("7005-a", reject=486)
    missed = stage.outside().call(direct(7005), user=NAMESAKE)
    missed.wait(10)
    entry = journal(stage, "7005")
    line.lines.by_number["7005-a"] = Behaviour(answer=0.3)
    called(stage, "7005", "--journal", entry["uuid"][:8], "--as", "7005")
    assert shown(line.wait_ringing(5, calls=2)) == ("Küster", NAMESAKE)
    leaves(stage, NAMESAKE, "7005")


@pytest.mark.parametrize("scenario", list(play))
def test_contacts(played: dict[str, Future[None]], scenario: str) -> None:
    played[scenario].result()
