"""Where a call was to go before it came to us."""

from __future__ import annotations

import pytest

from esl_router.call.history import read
from esl_router.model.actions import Targeted

DIALLED = "+493012345101"
DIVERSION = (
    "<sip:+498992@carrier.example>;reason=user-busy;counter=2,"
    '"Max" <sip:+498991@carrier.example>;reason=no-answer;privacy=off'
)


def test_a_call_that_nobody_redirected():
    assert read("", "", DIALLED) == ()
    assert read(f"<sip:{DIALLED}@pbx.test>;index=1", "", DIALLED) == ()


def test_history_info():
    history = (
        "<sip:+498991@carrier.example>;index=1, "
        "<sip:+498992@carrier.example;cause=486>;index=1.1;mp=1, "
        f"<sip:{DIALLED}@pbx.test;user=phone;cause=302>;index=1.1.1"
    )
    places = (Targeted("+498991"), Targeted("+498992", "486"), Targeted(DIALLED, "302"))
    assert read(history, "", DIALLED) == places
    assert read(history, DIVERSION, DIALLED) == places, "it says more than Diversion"


def test_diversion_stands_the_other_way_round():
    assert read("", DIVERSION, DIALLED) == (
        Targeted("+498991"),
        Targeted("+498992", "408"),
        Targeted(DIALLED, "486"),
    )


@pytest.mark.parametrize(
    "entry",
    [
        "<sip:+498992@carrier.example?Privacy=history>;index=1.1",
        "<sip:+498992@carrier.example;cause=302?Privacy=%22history%22>;index=1.1",
        "<sip:max.mustermann@carrier.example>;index=1.1",
        "<sip:+49${system}@carrier.example>;index=1.1",
        "<sip:99~sip_h_X=1@carrier.example>;index=1.1",
    ],
)
def test_who_is_not_to_be_named_or_has_no_number_is_nobody(entry):
    found = read(f"<sip:+498991@carrier.example>;index=1,{entry}", "", DIALLED)
    assert [each.number for each in found] == ["+498991", ""]


@pytest.mark.parametrize("privacy", ["full", '"full"', "name", "uri"])
def test_a_private_diversion_names_nobody(privacy):
    header = f"<sip:+498992@carrier.example>;privacy={privacy};reason=unconditional"
    assert read("", header, DIALLED) == (Targeted(""), Targeted(DIALLED, "302"))


def test_a_cause_is_three_digits():
    for cause in ("3020", "30", "abc", "%0a1"):
        history = f"<sip:+498991@a>;index=1,<sip:+498992@a;cause={cause}>;index=1.1"
        assert read(history, "", DIALLED)[1].cause == ""


def test_however_much_is_written_little_is_read():
    assert len(read("<sip:+498991@a>;index=1," * 5000, "", DIALLED)) == 20
    assert read("<sip:" * 100_000, "<sip:" * 100_000, DIALLED) == ()
