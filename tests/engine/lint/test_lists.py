from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.engine.lint.lists import covers, meets, overlap
from esl_router.model.numbers import is_pattern, matches
from esl_router.model.people import CallerAction, CallerRule
from esl_router.model.schedule import Hours, Schedule
from tests.engine.lint.offices import found, office, whole

NIGHT = Schedule("night", "Europe/Berlin", (Hours.parse("mon-sun", "22:00", "06:00"),))


def listed(*entries):
    return office(
        lists={
            "1001": tuple(
                CallerRule((number,), CallerAction(action), *more)
                for action, number, *more in entries
            )
        }
    )


@pytest.mark.parametrize(
    ("through", "blocked", "words"),
    [
        ("+4930111*", "+4930111*", "+4930111* is not refused"),
        ("+4930*", "+49301112222", "+49301112222 is not refused"),
        ("*", "1002", "1002 is not refused"),
        ("+49301?1", "+4930?11", "some of +4930?11 is not refused"),
    ],
)
def test_a_number_on_both_sides(through, blocked, words):
    (finding,) = overlap(whole(listed(("ring", through), ("block", blocked))))
    assert finding.path == "users.1001.callers[1].numbers[0]"
    assert finding.text.startswith(words)


@pytest.mark.parametrize(
    "entries",
    [
        [("ring", "+4930111*"), ("block", "+49800???????")],
        [("ring", "+49301112222"), ("block", "+4930*")],
        [("ring", "+4930*", NIGHT), ("block", "+4930*")],
        [("block", "+4930*"), ("block", "+49301*")],
    ],
    ids=["apart", "an exception", "other hours", "one side"],
)
def test_lists_that_do_not_contradict_each_other(entries):
    assert found(overlap, listed(*entries)) == []


def test_a_number_on_both_sides_in_the_same_hours():
    entries = [("ring", "+4930*", NIGHT), ("block", "+4930*", NIGHT)]
    assert found(overlap, listed(*entries)) == ["warning users.1001.callers[1].numbers[0]"]


PATTERNS = st.from_regex(r"(\+?[01?*]{1,5}|\*)", fullmatch=True).filter(is_pattern)
NUMBERS = st.from_regex(r"\+?[0-2]{1,6}", fullmatch=True)


@given(PATTERNS, PATTERNS, NUMBERS)
def test_what_is_said_of_two_patterns_holds_for_each_number(one, other, number):
    first, second = matches(one, number), matches(other, number)
    assert not (first and second) or meets(one, other)
    assert not (second and not first) or not covers(one, other)


def test_patterns_that_cover_and_meet():
    assert covers("+49*", "+4930?")
    assert not covers("+4930?", "+49*")
    assert covers("*", "+49*")
    assert not covers("0*", "+49*")
    assert meets("1*2", "12?2")
    assert not meets("1?", "1??")
