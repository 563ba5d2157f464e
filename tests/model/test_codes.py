"""Feature codes."""

from __future__ import annotations

import pytest

from esl_router.model.codes import USUAL, Code, clashes, read


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


def test_of_two_codes_the_longer_one_is_meant():
    codes = {Code.VOICEMAIL: "*9", Code.STATUS_AWAY: "*98"}
    assert read("*9", codes) == (Code.VOICEMAIL, "")
    assert read("*98", codes) == (Code.STATUS_AWAY, "")
    assert read("*982", codes) == (Code.STATUS_AWAY, "2")
    assert read("*97", codes) is None


def test_what_cannot_stand_behind_a_code_makes_it_none():
    assert read("*98#", USUAL) is None
    assert read("*31#", USUAL) is None
    assert read("*21*01711234567#", USUAL) == (Code.FORWARD, "*01711234567#")
    assert read("*391001*1002", USUAL) == (Code.ASSISTANT_DIVERT, "1001*1002")


@pytest.mark.parametrize(
    ("codes", "clash"),
    [
        ({Code.VOICEMAIL: "*9", Code.STATUS_AWAY: "*98"}, []),
        ({Code.STATUS_AWAY: "*3", Code.VOICEMAIL: "*3*"}, []),
        ({Code.STATUS_AWAY: "*3", Code.VOICEMAIL: "*31"}, [(Code.STATUS_AWAY, Code.VOICEMAIL)]),
        ({Code.FORWARD: "*2", Code.VOICEMAIL: "*2*"}, [(Code.FORWARD, Code.VOICEMAIL)]),
        ({Code.VOICEMAIL: "*2", Code.RETRIEVE: "*2"}, 2),
    ],
)
def test_a_code_may_begin_another_where_what_follows_tells_them_apart(codes, clash):
    found = list(clashes(codes))
    assert len(found) == clash if isinstance(clash, int) else found == clash


def test_the_usual_codes_do_not_clash():
    assert list(clashes(USUAL)) == []
