from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.model.actions import FORBIDDEN, UNAVAILABLE, Intercept
from esl_router.model.executive import Assistant
from esl_router.model.live import CallState, Channel
from esl_router.model.presence import Target
from tests.company import DOMAIN, internal_call, trunk_call
from tests.engine.board import LIVE, board, play

HERS = internal_call("*65", "1001-desk", "1001")


def talking(assistant="1003", pool="1001", state=CallState.ACTIVE, dialled="1001"):
    """An assistant whose phone rang for a pool, with a caller on it."""
    caller = Channel("t", None, True, CallState.ACTIVE, other=dialled, call="t")
    his = Channel("b", f"{assistant}-desk@{DOMAIN}", False, state, call="t", pool=pool)
    return replace(LIVE, channels={"t": caller, "b": his})


@pytest.mark.parametrize("dialled", ["+493012345101", "2000", "*63"])
@pytest.mark.parametrize("state", [CallState.ACTIVE, CallState.HELD])
def test_she_gets_the_caller_with_whom_an_assistant_talks(dialled, state):
    assert play(HERS, board(), live=talking(dialled=dialled, state=state)) == [Intercept("t")]


@pytest.mark.parametrize(
    "live",
    [
        LIVE,
        talking(pool=""),
        talking(pool="1004"),
        talking(assistant="1004", pool=""),
        talking(assistant="1001"),
        talking(state=CallState.RINGING),
    ],
)
def test_only_a_call_of_her_pool_that_is_an_assistant_s(live):
    assert play(HERS, board(), live=live) == [UNAVAILABLE]


def test_she_takes_over_whom_an_assistant_calls_in_her_name():
    his = Channel("a", f"1003-desk@{DOMAIN}", True, CallState.ACTIVE, call="a")
    called = Channel("o", None, False, CallState.ACTIVE, call="a", pool="1001")
    live = replace(LIVE, channels={"a": his, "o": called})
    assert play(HERS, board(), live=live) == [Intercept("o")]


@pytest.mark.parametrize("opted_in", [True, False])
def test_whoever_takes_an_assistant_s_part_has_her_callers_too(opted_in):
    """Where somebody logs out in mid-call, whoever has the caller has him still."""
    assistants = (Assistant("1002", opted_in, Target.parse("extension:1004")),)
    live = talking(assistant="1004")
    assert play(HERS, board(assistants=assistants), live=live) == [Intercept("t")]


def test_nobody_else_takes_it_nor_sends_her_there():
    sent = replace(HERS, sent_by=f"1004-desk@{DOMAIN}")
    assert play(sent, board(), live=talking()) == [FORBIDDEN]
    assert play(internal_call("*65"), board(), live=talking()) == [FORBIDDEN]
    assert play(trunk_call("*65"), board(), live=talking())[0].code == 404
