"""The trail in a header that nobody else can read or make."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.call.seal import LASTS, MAX_VISITED, Seal
from esl_router.esl import untrusted
from esl_router.model.trail import Trail

NOW = 1_800_000_000.0
SEAL = Seal(b"s" * 32)
TRAIL = Trail(("1001@pbx.test", "2000@pbx.test"), 3)

PLACES = st.lists(
    st.from_regex(r"[0-9]{2,8}@[a-z]{1,30}[.]test", fullmatch=True), max_size=30, unique=True
)


@given(PLACES, st.integers(0, 99))
def test_a_trail_is_read_again(places, hops):
    found = SEAL.open(SEAL.close(Trail(tuple(places), hops), NOW), NOW + 5)
    assert found.hops == hops
    assert set(found.visited) <= set(places)
    if len(",".join(places)) <= MAX_VISITED:
        assert found.visited == tuple(places)


def test_however_long_the_way_the_header_is_bounded_and_fit_for_a_dial_string():
    places = tuple(f"{number}@a-long-domain.example" for number in range(10_000, 10_099))
    text = SEAL.close(Trail(places, 500), NOW)
    assert len(text) <= 480
    assert untrusted.dial_value(text) == text
    assert SEAL.open(text, NOW).hops == 99
    assert SEAL.open(text, NOW).visited == places[:8]


def test_nobody_else_reads_it_or_knows_it_again():
    one, two = (SEAL.close(TRAIL, NOW) for _ in range(2))
    assert one != two
    assert len(one) == len(SEAL.close(Trail(("1001@pbx.test",), 1), NOW)), "nor counts in it"
    for text in (one, two):
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        assert b"1001" not in raw
        assert b"pbx" not in raw


def refused(text, now=NOW, seal=SEAL):
    with pytest.raises(ValueError, match=r"^it ") as caught:
        seal.open(text, now)
    assert text not in str(caught.value) or not text
    return str(caught.value)


@given(st.data())
def test_a_single_changed_letter_makes_it_nobody_s(data):
    text = SEAL.close(TRAIL, NOW)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("AQgw-_09az"))
    changed = text[:place] + letter + text[place + 1 :]
    if base64.urlsafe_b64decode(changed + "===") != base64.urlsafe_b64decode(text + "==="):
        assert refused(changed) == "it was not made here"


def test_another_store_s_is_nobody_s():
    assert refused(Seal(b"x" * 32).close(TRAIL, NOW)) == "it was not made here"
    assert refused(Seal().close(TRAIL, NOW), seal=Seal()) == "it was not made here"


@pytest.mark.parametrize(
    "text",
    ["", "A", "A" * 39, "A" * 481, "A" * 60 + "=", "A" * 60 + "\n", "é" * 60, "A" * 60 + "%0a"],
)
def test_what_has_another_form_is_not_looked_at(text):
    assert refused(text) == "it has not the form of ours"


@given(st.text(alphabet="ABCDEFxyz019-_", min_size=40, max_size=480))
def test_whatever_somebody_writes_is_refused_in_words(text):
    assert refused(text) in ("it has not the form of ours", "it was not made here")


@pytest.mark.parametrize("shift", [LASTS, 10 * LASTS, -LASTS])
def test_it_counts_for_some_minutes(shift):
    text = SEAL.close(TRAIL, NOW)
    assert SEAL.open(text, NOW + LASTS - 1) == TRAIL
    assert refused(text, NOW + shift) == "it is too old"
