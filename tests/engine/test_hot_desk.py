"""Calls from the phone of a workplace."""

from __future__ import annotations

from dataclasses import replace

from esl_router.engine.decide import decide
from esl_router.model.actions import Outside, Ring
from esl_router.model.people import FollowMeRow, Settings, User
from tests.company import DOMAIN, NOW, Company, internal_call, mobile, registered, sip

ANNA = User(DOMAIN, "1001", "Anna Adler")
BEN = User(DOMAIN, "1002", "Ben Berg", ("+493012345102",))
PLACE = FollowMeRow(sip("desk-reception", "reception"))
DESK = FollowMeRow(sip("1002-desk", "1002"))
COMPANY = Company(
    (ANNA, BEN),
    {
        "1001": [
            FollowMeRow(sip("1001-desk")),
            FollowMeRow(mobile("1001-mobile", "+491711234567")),
        ],
        "1002": [DESK, PLACE],
    },
    config=Settings(DOMAIN, caller_id_out="user"),
)
LIVE = registered("1001-desk", "1002-desk", "desk-reception")


def rung(dialled: str, account: str, company: Company = COMPANY, **caller: object) -> Ring:
    call = internal_call(dialled, account, "reception")
    call = replace(call, caller=replace(call.caller, name="Reception", **caller))  # type: ignore[arg-type]
    action = decide(call, company, LIVE, NOW).action
    assert isinstance(action, Ring)
    return action


def test_a_call_from_the_phone_of_a_place_is_its_users() -> None:
    ring = rung("1001", "desk-reception")
    desk, mobile_ = ring.legs
    assert ring.caller_name == "Ben Berg"
    assert desk.caller_number == "1002"
    assert mobile_.caller_number == ""


def test_his_own_phone_shows_what_the_switch_knows_of_it() -> None:
    ring = rung("1001", "1002-desk")
    assert ring.caller_name == ""
    assert [leg.caller_number for leg in ring.legs] == ["", ""]


def test_who_withholds_his_number_shows_nothing() -> None:
    ring = rung("1001", "desk-reception", anonymous=True)
    assert ring.caller_name == ""
    assert [leg.caller_number for leg in ring.legs] == ["", ""]


def test_outside_the_place_shows_its_users_number() -> None:
    target = rung("+493055555", "desk-reception").legs[0].target
    assert isinstance(target, Outside)
    assert target.caller_number == "+493012345102"


def test_nobody_there_is_nobody() -> None:
    empty = replace(COMPANY, rows={**COMPANY.rows, "1002": [DESK]})
    ring = rung("1001", "desk-reception", empty)
    assert ring.caller_name == ""
    assert ring.caller_device == ""


def test_a_phone_where_nobody_is_calls_in_nobodys_name() -> None:
    """It may write any number into its From."""
    empty = replace(COMPANY, rows={**COMPANY.rows, "1002": [DESK]})
    call = internal_call("1001", "desk-reception", "1002")
    assert decide(call, empty, LIVE, NOW).caller == "desk-reception"


def test_whoever_calls_himself_from_there_does_not_ring_there() -> None:
    assert [leg.device for leg in rung("1002", "desk-reception").legs] == ["1002-desk"]
