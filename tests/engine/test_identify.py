from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.identify import Parties, identify
from esl_router.model.actions import FORBIDDEN, NOT_FOUND
from esl_router.model.call import Caller
from esl_router.model.people import FollowMeRow, Origin, Settings, TollPolicy, User
from esl_router.model.team import Team
from esl_router.model.trace import Trace
from tests.company import DOMAIN, Company, internal_call, sip, trunk_call

ANNA = User(DOMAIN, "1001", "Anna Adler", ("+493012345101",))
BEN = User(DOMAIN, "1002", "Ben Berg", ("+493012345102",))
COMPANY = Company(
    users=(ANNA, BEN),
    rows={"1001": [FollowMeRow(sip("1001-desk"))], "1002": [FollowMeRow(sip("1002-desk", "1002"))]},
    teams=(Team(DOMAIN, "2000", "Hotline"),),
    config=Settings(DOMAIN, toll=TollPolicy(("+49",), ("+49900",))),
)


def found(call, company=COMPANY):
    result = identify(call, company, Trace())
    assert isinstance(result, Parties), result
    return result


def test_an_authenticated_phone_in_the_internal_context_is_internal():
    parties = found(internal_call("1001"))
    assert (parties.origin, parties.caller, parties.callee) == (Origin.INTERNAL, "1002", ANNA)


def test_a_trunk_call_that_shows_an_internal_number_stays_external():
    parties = found(trunk_call("+493012345101", number="1002"))
    assert (parties.origin, parties.caller) == (Origin.EXTERNAL, None)


def test_a_caller_in_the_internal_context_without_authentication_is_external():
    call = replace(internal_call("1001"), caller=Caller("1002", "Ben Berg"))
    assert found(call).origin is Origin.EXTERNAL


def test_an_account_authenticated_for_a_foreign_domain_is_external():
    call = replace(internal_call("1001"), caller=Caller("1", "", "1002-desk", "elsewhere.test"))
    assert found(call).origin is Origin.EXTERNAL


def test_an_authenticated_account_in_a_public_context_is_external():
    call = replace(internal_call("1001"), internal_context=False)
    assert found(call).origin is Origin.EXTERNAL


def test_a_transferred_leg_of_our_own_is_the_device_it_was_placed_to():
    caller = Caller("1002", "", "1002-desk", DOMAIN, own_leg=True)
    call = replace(internal_call("1001"), caller=caller, internal_context=False)
    assert (found(call).origin, found(call).caller) == (Origin.INTERNAL, "1002")


@pytest.mark.parametrize(
    "dialled", ["1001", "+493012345101", "00493012345101", "030 12345101", "493012345101"]
)
def test_a_user_is_found_by_extension_and_by_each_way_to_write_his_direct_number(dialled):
    assert found(trunk_call(dialled)).callee == ANNA


def test_a_team_is_found_by_its_extension():
    assert found(internal_call("2000")).callee == Team(DOMAIN, "2000", "Hotline")


@pytest.mark.parametrize("dialled", ["1099", "", "nobody", "*99", "+4930999"])
def test_a_trunk_caller_gets_404_for_every_number_that_is_not_ours(dialled):
    assert identify(trunk_call(dialled), COMPANY, Trace()) == NOT_FOUND


def test_a_trunk_caller_cannot_dial_out_again():
    assert identify(trunk_call("+491711234567"), COMPANY, Trace()) == NOT_FOUND


def test_a_trunk_caller_s_number_is_read_as_e164():
    assert found(trunk_call("1001", number="0171 1234567")).number == "+491711234567"


def test_an_authenticated_phone_cannot_present_a_number_that_is_not_its_user_s():
    assert found(internal_call("1001", number="+493099887766")).number == "1002"


def test_a_user_dials_out():
    parties = found(internal_call("0171 1234567"))
    assert (parties.callee, parties.outside) == (None, "+491711234567")


def test_a_mistyped_extension_does_not_leave():
    assert identify(internal_call("1099"), COMPANY, Trace()) == NOT_FOUND


@pytest.mark.parametrize("dialled", ["+1 415 555 0100", "0900 1234567"])
def test_the_toll_policy_holds_for_users_who_dial_out(dialled):
    assert identify(internal_call(dialled), COMPANY, Trace()) == FORBIDDEN


def test_an_emergency_number_is_dialled_whatever_the_toll_policy_says():
    company = replace_settings(TollPolicy(allow=("+43",)))
    assert found(internal_call("112"), company).outside == "112"


def test_a_phone_that_belongs_to_nobody_calls_inside_only():
    call = internal_call("0171 1234567", account="reception")
    assert identify(call, COMPANY, Trace()) == FORBIDDEN
    assert found(internal_call("1001", account="reception")).callee == ANNA


def replace_settings(toll):
    return Company(COMPANY.users, COMPANY.rows, COMPANY.teams, Settings(DOMAIN, toll=toll))
