from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.model.actions import FORBIDDEN, UNAVAILABLE, Intercept
from esl_router.model.live import CallState, Channel
from tests.company import DOMAIN, internal_call, trunk_call
from tests.engine.board import LIVE, board, play

HERS = internal_call("*65", "1001-desk", "1001")


def talking(assistant="1003", dialled="+493012345101", state=CallState.ACTIVE):
    caller = Channel("t", None, True, CallState.ACTIVE, other=dialled, call="t")
    his = Channel("b", f"{assistant}-desk@{DOMAIN}", False, state, call="t")
    return replace(LIVE, channels={"t": caller, "b": his})


@pytest.mark.parametrize("dialled", ["+493012345101", "1001"])
@pytest.mark.parametrize("state", [CallState.ACTIVE, CallState.HELD])
def test_she_gets_the_caller_with_whom_an_assistant_talks(dialled, state):
    assert play(HERS, board(), live=talking(dialled=dialled, state=state)) == [Intercept("t")]


@pytest.mark.parametrize(
    "live",
    [
        LIVE,
        talking(dialled="1003"),
        talking(dialled="+493012345102"),
        talking(assistant="1004"),
        talking(state=CallState.RINGING),
    ],
)
def test_only_a_call_that_was_for_her_and_is_an_assistant_s(live):
    assert play(HERS, board(), live=live) == [UNAVAILABLE]


def test_nobody_else_takes_it_nor_sends_her_there():
    sent = replace(HERS, sent_by=f"1004-desk@{DOMAIN}")
    assert play(sent, board(), live=talking()) == [FORBIDDEN]
    assert play(internal_call("*65"), board(), live=talking()) == [FORBIDDEN]
    assert play(trunk_call("*65"), board(), live=talking())[0].code == 404
