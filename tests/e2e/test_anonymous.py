"""A caller who withholds his number, and a carrier that wants one: on a running FreeSWITCH."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from tests.e2e.diverted import AT_ONCE, direct, mailbox, somebody
from tests.e2e.endpoint import Behaviour, Placed
from tests.e2e.lines import to
from tests.e2e.sip import Message, Ringing, wait_until
from tests.e2e.stage import Programme, Stage, company, person

SECRET = "+4930998877"
USED = ("403", "433", "603", "404", "rang", "twice", "along", "dialled")
OUT = {name: f"+4917130003{number}" for number, name in enumerate(USED, 10)}


def leaves(name: str) -> dict[str, Any]:
    return {"external": {"to": f"external:{OUT[name]}"}}


PEOPLE: dict[str, dict[str, Any]] = {
    "u1900": person("1900", "a", number=direct(1900)),
    **somebody(1750, forward=leaves("403")),
    **somebody(1751, forward=leaves("433")),
    **somebody(1752, forward=leaves("603")),
    **somebody(1753, forward=leaves("404")),
    **somebody(1754, forward=leaves("rang")),
    **somebody(1755, forward=leaves("twice")),
    **somebody(1756, external={"a": (0, 3), "mobile": (0, 20)}, mobile=OUT["along"], confirm=False),
}  # fmt: skip
RULES = company(**PEOPLE)
TRUNK = Behaviour(answer=0.3)
play = Programme()

WITHHELD = (f'P-Asserted-Identity: "Max" <sip:{SECRET}@pbx.test>', "Privacy: id")


def hidden(stage: Stage, extension: int) -> Placed:
    sender = '"Anonymous" <sip:anonymous@anonymous.invalid>'
    return stage.outside().call(direct(extension), sender=sender, headers=WITHHELD)


def refuses(stage: Stage, name: str, code: int, *, ring: bool = False) -> None:
    """The trunk refuses the next call to that number half a second after its INVITE."""
    stage.trunk.by_number[OUT[name]] = Behaviour(ring=ring, reject=code, after=0.5)


def then_answers(stage: Stage, name: str) -> None:
    """It has got the call, and answers the next one."""
    wait_until(lambda: to(OUT[name], stage.trunk.ringings), 3, "it leaves")
    stage.trunk.by_number[OUT[name]] = TRUNK


def ringings(stage: Stage, name: str) -> list[Ringing]:
    return to(OUT[name], stage.trunk.ringings)


def says_nothing_of_the_caller(invite: Message, own: str, *, told: bool) -> None:
    """Nobody but the carrier learns whose call it is, and he learns nothing of who calls."""
    assert (invite.display, invite.from_user) == ("Anonymous", "anonymous")
    assert "id" in invite.get("privacy").split(";")
    assert "privacy=full" in invite.get("diversion")
    identity = invite.get("p-asserted-identity")
    assert identity == f"<sip:{own}@pbx.test>" if told else own not in identity
    assert not invite.get("remote-party-id")
    written = "\n".join(f"{name}: {value}" for name, value in invite.headers) + invite.body
    assert SECRET.lstrip("+") not in written
    assert "Max" not in written
    told_to_the_carrier = ("diversion", "history-info", "p-asserted-identity")
    others = [value for name, value in invite.headers if name.lower() not in told_to_the_carrier]
    assert own.lstrip("+") not in "\n".join(others)


def is_tried_again(stage: Stage, extension: int, name: str, code: int) -> None:
    refuses(stage, name, code)
    call = hidden(stage, extension)
    then_answers(stage, name)
    assert call.wait(5) == 200
    first, second = ringings(stage, name)
    says_nothing_of_the_caller(first.invite, direct(extension), told=False)
    says_nothing_of_the_caller(second.invite, direct(extension), told=True)
    assert second.at - first.at < 0.5 + AT_ONCE
    call.hang_up()


def is_not_tried_again(
    stage: Stage, extension: int, name: str, code: int, *, ring: bool = False
) -> None:
    refuses(stage, name, code, ring=ring)
    call = hidden(stage, extension)
    then_answers(stage, name)
    assert call.wait(5) == 200
    assert mailbox(stage, direct(extension)) == str(extension)
    assert len(ringings(stage, name)) == 1
    call.hang_up()


@play
def a_call_that_is_forbidden_is_tried_again_with_the_user_s_number_for_the_carrier(
    stage: Stage,
) -> None:
    is_tried_again(stage, 1750, "403", 403)


@play
def so_is_one_whose_anonymity_is_disallowed(stage: Stage) -> None:
    is_tried_again(stage, 1751, "433", 433)


@play
def a_person_who_declines_is_not_asked_twice(stage: Stage) -> None:
    is_not_tried_again(stage, 1752, "603", 603)


@play
def a_number_that_there_is_not_is_not_dialled_twice(stage: Stage) -> None:
    is_not_tried_again(stage, 1753, "404", 404)


@play
def what_has_rung_was_no_refusal_of_the_carrier_s(stage: Stage) -> None:
    is_not_tried_again(stage, 1754, "rang", 403, ring=True)


@play
def it_is_tried_once_and_not_twice(stage: Stage) -> None:
    refuses(stage, "twice", 403)
    call = hidden(stage, 1755)
    assert call.wait(5) == 200
    assert mailbox(stage, direct(1755)) == "1755"
    assert len(ringings(stage, "twice")) == 2
    call.hang_up()


@play
def a_mobile_that_rings_along_is_tried_again_when_the_desk_phone_has_rung(stage: Stage) -> None:
    desk = stage.line("1756-a")
    refuses(stage, "along", 403)
    call = hidden(stage, 1756)
    then_answers(stage, "along")
    desk.wait_cancelled()
    assert call.wait(5) == 200
    first, second = ringings(stage, "along")
    says_nothing_of_the_caller(first.invite, direct(1756), told=False)
    says_nothing_of_the_caller(second.invite, direct(1756), told=True)
    assert second.at >= (desk.ringings[0].cancelled or 0)
    assert len(desk.ringings) == 1
    call.hang_up()


@play
def a_colleague_who_withholds_his_number_gets_out_by_it_too(stage: Stage) -> None:
    refuses(stage, "dialled", 403)
    call = stage.inside("1900-a").call(OUT["dialled"], headers=("Privacy: id",))
    then_answers(stage, "dialled")
    assert call.wait(5) == 200
    first, second = (each.invite for each in ringings(stage, "dialled"))
    for invite, told in ((first, ""), (second, f"<sip:{direct(1900)}@pbx.test>")):
        assert invite.from_user == "anonymous"
        assert "id" in invite.get("privacy").split(";")
        assert direct(1900) in invite.get("p-asserted-identity") if told else True
    assert second.get("p-asserted-identity") == f"<sip:{direct(1900)}@pbx.test>"
    assert direct(1900) not in first.get("p-asserted-identity")
    call.hang_up()


@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()
