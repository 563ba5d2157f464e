"""The headers of a leg that is not where the caller dialled."""

from __future__ import annotations

import pytest

from esl_router.errors import Untrusted
from esl_router.esl import untrusted
from esl_router.esl.redirection import MAX_LENGTH, diversion, history_info
from esl_router.model.actions import Diversion, Targeted

DOMAIN, MOBILE = "pbx.test", "+491711234567"
ANNA = Diversion("+493012345101", "no-answer", 1)
BEN = Diversion("1002@pbx.test", "user-busy", 2, ANNA)


def entries(last, target=MOBILE, before=(), withheld=False):
    found = history_info(last, DOMAIN, target, before, withheld)
    assert untrusted.dial_value(found) == found
    return found.split(",")


def test_who_was_called_and_where_it_goes():
    assert entries(ANNA) == [
        "<sip:+493012345101@pbx.test>;index=1",
        "<sip:+491711234567@pbx.test;cause=408>;index=1.1;mp=1",
    ]
    assert diversion(ANNA, DOMAIN, False) == (
        "<sip:+493012345101@pbx.test>;reason=no-answer;privacy=off;counter=1"
    )


def test_everybody_who_sent_it_on_stands_in_it():
    assert entries(BEN, "1003") == [
        "<sip:+493012345101@pbx.test>;index=1",
        "<sip:1002@pbx.test;cause=408>;index=1.1;mp=1",
        "<sip:1003@pbx.test;cause=486>;index=1.1.1;mp=1.1",
    ]


def test_ours_follow_what_came():
    before = (Targeted("+498999"), Targeted("", "486"), Targeted("+493012345101", "302"))
    assert entries(ANNA, before=before) == [
        "<sip:+498999@pbx.test>;index=1",
        "<sip:anonymous@anonymous.invalid;cause=486>;index=1.1;mp=1",
        "<sip:+493012345101@pbx.test;cause=302>;index=1.1.1;mp=1.1",
        "<sip:+491711234567@pbx.test;cause=408>;index=1.1.1.1;mp=1.1.1",
    ]


def test_for_a_caller_who_withholds_his_number_nobody_is_to_be_told():
    found = entries(BEN, withheld=True)
    assert [entry.partition("?")[2].partition(">")[0] for entry in found] == ["Privacy=history"] * 3
    assert "<sip:1002@pbx.test;cause=408?Privacy=history>;index=1.1;mp=1" in found
    assert "privacy=full" in diversion(BEN, DOMAIN, True)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("unconditional", 302), ("user-busy", 486), ("no-answer", 408), ("deflection", 480),
        ("unavailable", 503), ("follow-me", 404), ("do-not-disturb", 404),
    ],
)  # fmt: skip
def test_a_reason_has_its_cause(reason, cause):
    last = entries(Diversion("1001@pbx.test", reason))[-1]
    assert f";cause={cause}>" in last


def test_of_many_the_first_and_the_last_are_told():
    before = tuple(Targeted(f"+4989990{number}") for number in range(10, 30))
    found = entries(ANNA, before=before)
    assert len(found) == 8
    assert "+498999010@" in found[0]
    assert "+498999024@" in found[1]


def test_what_is_too_long_is_left_out():
    assert history_info(BEN, f"{'a' * 240}.test", MOBILE, (), False) == ""
    assert len(history_info(BEN, DOMAIN, MOBILE, (), False)) <= MAX_LENGTH


@pytest.mark.parametrize("by", ["1001>@pbx.test", "10 01", "1001@pbx.test~x=y", "1001@${domain}"])
def test_what_may_not_stand_there(by):
    for write in (
        lambda: diversion(Diversion(by, "no-answer"), DOMAIN, False),
        lambda: history_info(Diversion(by, "no-answer"), DOMAIN, MOBILE, (), False),
        lambda: history_info(ANNA, DOMAIN, by, (), False),
    ):
        with pytest.raises(Untrusted):
            write()
