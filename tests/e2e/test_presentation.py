"""What the phones show when assistants take the calls of an executive."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

import pytest

from tests.e2e.diverted import STRANGER, direct
from tests.e2e.lines import to
from tests.e2e.pools import CALLERS, people, pool, rules
from tests.e2e.sip import Message, wait_until
from tests.e2e.stage import Programme, Scenario, Stage, person

NAMES = {
    "executive": "Anna Adler",
    "executive_caller": "Anna Adler - Muster",
    "caller_executive": "Muster - Anna Adler",
    "caller": "Muster",
}
MODES = [
    (6500 + 10 * place, name, number)
    for place, (name, number) in enumerate(
        (name, number) for name in NAMES for number in ("executive", "caller")
    )
]
HIDDEN, INSIDE, RECALLED = 6580, 6590, 6600
FOR_ASSISTANT = {boss: f"+49171556{boss}" for boss, *_ in MODES}
FOR_EXECUTIVE = {boss: f"+49171557{boss}" for boss, *_ in MODES}


def users() -> dict[str, Any]:
    made = people(*(boss for boss, *_ in MODES), HIDDEN, INSIDE, RECALLED, **CALLERS)
    for boss, *_ in MODES:
        made[f"u{boss}"] = person(str(boss), "a", number=direct(boss), mobile=FOR_EXECUTIVE[boss])
        made[f"u{boss}"]["devices"][f"{boss}-mobile"]["location"] = "mobile"
        made[f"u{boss + 1}"] = person(str(boss + 1), "a", mobile=FOR_ASSISTANT[boss])
    for boss in (*(boss for boss, *_ in MODES), HIDDEN, INSIDE):
        made[f"u{boss}"]["name"] = "Anna Adler"
    made["u1900"]["name"] = "Otto Ott"
    return made


RULES = rules(
    users(),
    [
        pool(
            boss,
            boss + 1,
            caller_name=name,
            caller_number=number,
            alert_executive="ring",
            parallel={"mobile": True},
        )
        for boss, name, number in MODES
    ]
    + [
        pool(HIDDEN, HIDDEN + 1, caller_name="caller_executive", alert_executive="silent"),
        pool(INSIDE, INSIDE + 1, caller_number="executive", alert_executive="ring"),
        pool(RECALLED, RECALLED + 1, push_recall=1),
    ],
)
RULES["settings"] |= {"language": "de"}
play = Programme()


def shown(invite: Message) -> tuple[str, str]:
    """The name and the number on the phone, wherever it looks for them."""
    found = (invite.display, invite.from_user)
    for header in ("remote-party-id", "p-asserted-identity"):
        value = invite.get(header)
        assert not value or found[1] in value, (found, value)
        assert not value or found[0] in value, (found, value)
    return found


def everywhere(invite: Message) -> str:
    """All that a phone is told, its own address left out."""
    return "\n".join(f"{name}: {value}" for name, value in invite.headers) + invite.body


def mode(boss: int, name: str, number: str) -> Scenario:
    def scenario(stage: Stage) -> None:
        her, assistant = stage.line(f"{boss}-a"), stage.line(f"{boss + 1}-a")
        call = stage.outside().call(direct(boss), user=STRANGER, display="Muster")
        invite = assistant.wait_ringing(5).invite
        assert shown(invite) == (NAMES[name], str(boss) if number == "executive" else STRANGER)
        if name == "executive" and number == "executive":
            assert STRANGER not in invite.get("from") + invite.get("remote-party-id")
        assert shown(her.wait_ringing(5).invite) == ("Muster", STRANGER)
        for mobile in (FOR_ASSISTANT[boss], FOR_EXECUTIVE[boss]):
            ringing = wait_until(lambda m=mobile: to(m, stage.trunk.ringings), 5, "it leaves")[0]
            assert ringing.invite.from_user == STRANGER
        call.cancel()
        assert call.wait(5) == 487

    scenario.__name__ = f"name_{name}_and_number_{number}"
    return scenario


for each in MODES:
    play(mode(*each))


@play
def a_withheld_number_reaches_nobody(stage: Stage) -> None:
    her, assistant = stage.line(f"{HIDDEN}-a"), stage.line(f"{HIDDEN + 1}-a")
    call = stage.outside().call(
        direct(HIDDEN),
        sender='"Anonymous" <sip:anonymous@anonymous.invalid>',
        headers=(f"P-Asserted-Identity: <sip:{STRANGER}@pbx.test>", "Privacy: id"),
    )
    for line in (her, assistant):
        told = everywhere(line.wait_ringing(5).invite)
        assert STRANGER not in told, told
    assert assistant.ringings[0].invite.display == "Anonym - Anna Adler"
    assert her.ringings[0].invite.display == "Anonym"
    call.cancel()
    assert call.wait(5) == 487


@play
def who_comes_back_does_so_in_the_language_of_the_company(stage: Stage) -> None:
    her, assistant = stage.line(f"{RECALLED}-a"), stage.line(f"{RECALLED + 1}-a")
    call = stage.outside().call(direct(RECALLED), user=STRANGER, display="Muster")
    ringing = assistant.wait_ringing(5)
    assistant.lines.answer(ringing)
    assert call.wait(5) == 200
    time.sleep(1)
    assistant.lines.transfer(ringing, "*63")
    her.wait_cancelled(6)
    assert assistant.wait_ringing(5, calls=2).invite.display == "Rückruf∶ Muster"
    call.hang_up()


@play
def a_colleague_is_shown_by_his_name_in_the_company(stage: Stage) -> None:
    her, assistant = stage.line(f"{INSIDE}-a"), stage.line(f"{INSIDE + 1}-a")
    call = stage.inside("1900-a").call(str(INSIDE), display="The President")
    invite = assistant.wait_ringing(5).invite
    assert shown(invite) == ("Anna Adler - Otto Ott", str(INSIDE))
    her.wait_ringing(5)
    call.cancel()
    assert call.wait(5) == 487


@pytest.mark.parametrize("scenario", list(play))
def test_the_phones_show(played: dict[str, Future[None]], scenario: str) -> None:
    played[scenario].result()
