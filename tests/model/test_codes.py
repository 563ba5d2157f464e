"""Feature codes."""

from __future__ import annotations

import pytest

from esl_router.model.codes import USUAL, Code, read


def test_what_is_dialled_behind_a_code_is_its_argument():
    assert read("*372000", USUAL) == (Code.TEAM_LOGIN, "2000")
    assert read("*30", USUAL) == (Code.STATUS_AVAILABLE, "")
    assert read("*9", USUAL) is None
    assert read("30", USUAL) is None
    assert read("#1", {Code.PUSH: "#1"}) == (Code.PUSH, "")


@pytest.mark.parametrize("code", Code)
def test_every_code_has_digits_and_no_other_begins_with_them(code):
    others = [digits for other, digits in USUAL.items() if other is not code]
    assert not any(digits.startswith(USUAL[code]) for digits in others)
