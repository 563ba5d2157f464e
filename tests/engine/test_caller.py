"""What a caller is called, where he does not say it himself."""

from dataclasses import replace

import pytest

from esl_router.engine.decide import decide
from esl_router.model.actions import Outside, Ring
from esl_router.model.call import Call, Caller
from esl_router.model.executive import (
    AlertExecutive,
    Assistant,
    CallerName,
    Criterion,
    Executive,
    Filter,
)
from esl_router.model.people import FollowMeRow, User
from esl_router.model.team import Member, Team
from tests.company import DOMAIN, NOW, Company, registered, sip, trunk_call

NUMBER = "+493099887766"
ANNA = User(DOMAIN, "1001", "Anna Adler", ("+493012345101",))
BEN = User(DOMAIN, "1002", "Ben Berg", ("+493012345102",))
ROWS = {
    "1001": [FollowMeRow(sip("1001-desk"))],
    "1002": [FollowMeRow(sip("1002-desk", "1002"))],
}
LIVE = registered("1001-desk", "1002-desk")


def company(**more):
    return Company([ANNA, BEN], ROWS, contacts={NUMBER: "Muster GmbH"}, **more)


def called(name="", number=NUMBER, dialled="+493012345101", **caller):
    return Call("c-1", dialled, Caller(number, name, **caller), context="public")


def decided(call, rules=None):
    return decide(call, rules or company(), LIVE, NOW)


@pytest.mark.parametrize("name", ["", NUMBER, "030 99887766", "unknown"])
def test_a_stranger_without_a_name_is_the_contact(name):
    decision = decided(called(name))
    assert decision.caller_name == "Muster GmbH"
    assert f"{NUMBER} is the contact Muster GmbH." in [each.text for each in decision.trace]


def test_a_name_that_the_caller_gives_counts():
    assert decided(called("Max")).caller_name == ""


def test_a_withheld_number_is_nobodys():
    assert decided(called(anonymous=True)).caller_name == ""


def test_nobody_is_asked_where_a_name_came():
    class Asked(Company):
        def contact_name(self, domain, number):
            raise AssertionError("one query more")

    assert decide(trunk_call("+493012345101"), Asked([ANNA], ROWS), LIVE, NOW).action


def test_an_unknown_number_has_no_name():
    assert decided(called(number="+4930111111")).caller_name == ""


def test_a_teams_prefix_stands_before_the_contact():
    team = Team(DOMAIN, "2000", "Hotline", members=(Member("1002"),), caller_prefix="Hotline: ")
    decision = decided(called(dialled="2000"), company(teams=[team]))
    assert decision.action.caller_name == "Hotline: Muster GmbH"


def test_assistants_see_the_contact_beside_the_executive():
    boss = Executive(
        DOMAIN,
        "1001",
        filter=Filter.ALL,
        assistants=(Assistant("1002"),),
        caller_name=CallerName.CALLER_EXECUTIVE,
        alert_executive=AlertExecutive.RING,
    )
    action = decided(called(), company(executives=(boss,))).action
    assert action.caller_name == "Muster GmbH - Anna Adler"
    assert [leg.original_name for leg in action.legs] == [False, True]


@pytest.mark.parametrize(("contact", "hits"), [("Muster GmbH", True), ("Somebody", False)])
def test_a_criterion_names_a_contact(contact, hits):
    boss = Executive(
        DOMAIN,
        "1001",
        filter=Filter.CUSTOM,
        criteria=(Criterion("them", contact=contact),),
        assistants=(Assistant("1002"),),
    )
    action = decided(called("Max"), company(executives=(boss,))).action
    assert action.to_assistants is hits


def test_a_criterion_with_numbers_and_a_contact_means_either():
    boss = Executive(
        DOMAIN,
        "1001",
        filter=Filter.CUSTOM,
        criteria=(Criterion("them", numbers=("+4940*",), contact="Muster GmbH"),),
        assistants=(Assistant("1002"),),
    )
    rules = company(executives=(boss,))
    assert decided(called(), rules).action.to_assistants
    assert decided(called(number="+4940123456"), rules).action.to_assistants
    assert not decided(called(number="+4941123456"), rules).action.to_assistants


# -- a call that the router places for a user -------------------------------------------------
OWN = Caller("+4930111111", "Somebody", "1001-desk", DOMAIN, own_leg=True)


def test_a_user_whose_phone_was_called_first_is_shown_as_himself():
    decision = decided(Call("c-1", "1002", OWN))
    ring = decision.action
    assert isinstance(ring, Ring)
    assert (ring.caller_name, [leg.caller_number for leg in ring.legs]) == ("Anna Adler", ["1001"])
    assert (decision.caller, decision.caller_name) == ("1001", "Anna Adler")


def test_outside_he_shows_his_number_as_ever():
    ring = decided(Call("c-1", "030555777", OWN)).action
    (leg,) = ring.legs
    assert isinstance(leg.target, Outside)
    assert (leg.target.caller_number, ring.caller_name, leg.caller_number) == (
        "+493012345101",
        "",
        "",
    )


def test_a_user_without_a_name_shows_his_extension():
    rules = replace(company(), users=[replace(ANNA, name=""), BEN])
    assert decided(Call("c-1", "1002", OWN), rules).action.caller_name == "1001"


def test_who_dials_himself_is_shown_by_his_phone():
    own = Caller("1001", "Anna", "1001-desk", DOMAIN)
    decision = decided(Call("c-1", "1002", own, internal_context=True))
    assert (decision.caller_name, decision.action.caller_name) == ("", "")
    assert [leg.caller_number for leg in decision.action.legs] == [""]
