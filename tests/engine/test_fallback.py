from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.fallback import Condition, finish, voicemail
from esl_router.model.actions import BUSY, UNAVAILABLE, Greeting, Voicemail
from esl_router.model.people import Greetings, User
from esl_router.model.trace import Trace

ANNA = User("pbx.test", "1001", "Anna Adler", greetings=Greetings.BY_REASON)

HIS_DOING = {
    Condition.BUSY,
    Condition.TALKING,
    Condition.DECLINED,
    Condition.REFUSED,
    Condition.DND,
    Condition.NOT_DISTURBED,
}


@pytest.mark.parametrize("condition", Condition)
def test_a_mailbox_that_greets_by_reason(condition):
    trace = Trace()
    greeting = Greeting.BUSY if condition in HIS_DOING else Greeting.UNAVAILABLE
    box = Voicemail("pbx.test", "1001", greeting=greeting)
    assert voicemail(ANNA, condition, trace) == box
    (entry,) = trace.entries
    assert entry.text == f"Voicemail of 1001: {condition.value}. It greets as {greeting}."


@pytest.mark.parametrize(
    ("greetings", "greeting"),
    [(Greetings.STANDARD, Greeting.STANDARD), (Greetings.NONE, Greeting.NONE)],
)
@pytest.mark.parametrize("condition", [Condition.TALKING, Condition.NO_ANSWER])
def test_one_that_does_not(greetings, greeting, condition):
    anna = replace(ANNA, greetings=greetings)
    box = Voicemail("pbx.test", "1001", greeting=greeting)
    assert voicemail(anna, condition, Trace()) == box


@pytest.mark.parametrize("condition", HIS_DOING)
def test_without_a_mailbox_who_is_busy_is_busy(condition):
    anna = replace(ANNA, voicemail=False)
    assert voicemail(anna, condition, Trace()) == BUSY
    assert finish(anna, condition, Trace(), redirected=True) == BUSY


@pytest.mark.parametrize(
    "condition", [Condition.NO_ANSWER, Condition.UNREACHABLE, Condition.FORWARD, Condition.STATUS]
)
def test_without_a_mailbox_who_is_not_there_is_unavailable(condition):
    assert voicemail(replace(ANNA, voicemail=False), condition, Trace()) == UNAVAILABLE
