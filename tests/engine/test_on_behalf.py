from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.decide import decide
from esl_router.model.actions import FORBIDDEN, NOT_FOUND, UNAVAILABLE, Outside
from esl_router.model.executive import Assistant, Executive
from esl_router.model.people import Settings, TollPolicy
from tests.company import DOMAIN, NOW, internal_call, trunk_call
from tests.engine.board import LIVE, SILENT, board, play, said, sent_by, who

TRUNK = "sofia/gateway/trunk/{number}"


def test_a_number_outside_sees_her_number_and_name():
    ring = play(internal_call("*640305555555"), board())[0]
    shown = Outside("+49305555555", TRUNK, "+493012345101", named=True)
    assert [leg.target for leg in ring.legs] == [shown]
    assert (ring.caller_name, ring.pool) == ("Anna Adler", "1001")


def test_it_ends_like_any_call_outside():
    assert play(internal_call("*640305555555"), board(), SILENT)[1] == UNAVAILABLE


def test_a_colleague_sees_her_too():
    ring = play(internal_call("*641004"), board())[0]
    assert (who(ring), ring.caller_name, ring.legs[0].caller_number) == (
        ["1004"],
        "Anna Adler",
        "1001",
    )


def test_who_really_called_is_told():
    decision = decide(internal_call("*641004"), board(), LIVE, NOW)
    assert (decision.caller, decision.callee, decision.on_behalf) == ("1002", "1004", "1001")
    assert decision.action.caller_device == f"1002-desk@{DOMAIN}"


def test_the_toll_policy_holds():
    config = Settings(DOMAIN, toll=TollPolicy(deny=("+49900",)))
    rules = replace(board(), config=config)
    assert play(internal_call("*640900123456"), rules) == [FORBIDDEN]


def test_only_an_assistant_who_is_logged_in_may():
    assert play(internal_call("*641004", "1004-desk", "1004"), board()) == [FORBIDDEN]
    out = (Assistant("1002", opted_in=False),)
    assert play(internal_call("*641004"), board(assistants=out)) == [FORBIDDEN]
    assert "logged out" in said(internal_call("*641004"), board(assistants=out))
    assert play(trunk_call("*641004"), board()) == [NOT_FOUND]
    assert play(sent_by(trunk_call("*640305555555"), "1002"), board()) == [FORBIDDEN]


def test_with_several_executives_the_one_that_is_dialled():
    rules = board()
    dora = Executive(DOMAIN, "1004", assistants=(Assistant("1002"),))
    rules.executives = (*rules.executives, dora)
    assert play(internal_call("*641003"), rules) == [FORBIDDEN]
    assert "did not say which" in said(internal_call("*641003"), rules)
    assert play(internal_call("*641004*1003"), rules)[0].caller_name == "Dora Dorn"
    assert play(internal_call("*641009*1003"), rules) == [FORBIDDEN]


@pytest.mark.parametrize("number", ["", "12", "*"])
def test_a_number_that_is_none_reaches_nobody(number):
    assert play(internal_call(f"*64{number}"), board())[0] in (NOT_FOUND, FORBIDDEN)
