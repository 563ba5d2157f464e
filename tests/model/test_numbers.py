from __future__ import annotations

import pytest

from esl_router.model import numbers


@pytest.mark.parametrize("text", ["0171 1234567", "+49 171 1234567", "0049171/1234567"])
def test_every_way_to_write_a_number_is_one_number(text):
    assert numbers.e164(text, "DE") == "+491711234567"


@pytest.mark.parametrize("text", ["", "anonymous", "12345678901234567890", "+1", "1001\n"])
def test_what_is_no_number_is_none(text):
    assert numbers.e164(text, "US") is None


@pytest.mark.parametrize("text", ["+490900", "00490900", "+4900900123456", "004900900123456"])
def test_a_zero_behind_the_country_code_is_no_way_past_the_toll_policy(text):
    assert numbers.e164(text, "DE") is None
    assert numbers.outside(text, "DE") is None


@pytest.mark.parametrize("text", ["+493012345101", "493012345101", "03012345101"])
def test_what_was_dialled_is_itself_and_the_number_that_it_is(text):
    assert numbers.dialled(text, "DE") == {text, "+493012345101"}


def test_what_is_no_number_was_dialled_as_it_is():
    assert numbers.dialled("*63", "DE") == {"*63"}


def test_where_a_zero_belongs_to_the_number_it_stays():
    assert numbers.e164("06 698 12345", "IT") == "+390669812345"


def test_the_country_decides_how_a_national_number_is_read():
    assert numbers.e164("0512 123456", "AT") == "+43512123456"


@pytest.mark.parametrize("text", ["1099", "2000", "112"])
def test_a_short_number_is_nothing_outside(text):
    assert numbers.outside(text, "DE") is None


@pytest.mark.parametrize(
    ("pattern", "number", "hit"),
    [
        ("+4930111*", "+49301112233", True),
        ("+4930111*", "+4930112", False),
        ("+4917112345??", "+491711234567", True),
        ("+4917112345??", "+49171123456", False),
        ("10??", "1001", True),
        ("*", "anything", True),
        ("+49*", "49", False),
    ],
)
def test_patterns(pattern, number, hit):
    assert numbers.is_pattern(pattern)
    assert numbers.matches(pattern, number) is hit


@pytest.mark.parametrize("text", ["", "abc", "+49(0)30", "1001;", "[0-9]", "+49*x"])
def test_what_is_no_pattern_is_refused(text):
    assert not numbers.is_pattern(text)
