"""Dial strings as the simulated switch reads them."""

from __future__ import annotations

import itertools
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.esl import dialstring
from esl_router.model.actions import Leg, Outside, Registered, Ring
from esl_router.switch.dialplan import BadDialString, parse, variables


def test_variables_groups_and_legs() -> None:
    dial = parse(
        "{a=1,b=x y}[leg_timeout=5]sofia/internal/sip:1@h,[^^~c=2,3~d==;]user/2@d|loopback/3"
    )
    assert dial.variables == {"a": "1", "b": "x y"}
    (first, second), (third,) = dial.groups
    assert first.address == "sofia/internal/sip:1@h"
    assert first.seconds("leg_timeout") == 5
    assert second.address == "user/2@d"
    assert {k: second.variables[k] for k in "cd"} == {"c": "2,3", "d": "=;"}
    assert third.address == "loopback/3"
    assert "leg_timeout" not in third.variables


def test_a_leg_has_the_shared_variables_unless_it_says_otherwise() -> None:
    ((leg, other),) = parse("{leg_timeout=9,x=1}[x=2]a/1,b/2").groups
    assert (leg.variables["x"], leg.seconds("leg_timeout")) == ("2", 9)
    assert other.variables["x"] == "1"


def test_escapes_become_line_feeds_inside_a_block() -> None:
    assert parse(r"{sip_h_X=a\nb}a/1").variables["sip_h_X"] == "a\nb"


def test_brackets_are_counted_whatever_quotes_say() -> None:
    assert parse("{a='}'}b/1").groups[0][0].address == "'}b/1"


def test_a_group_ends_at_its_bar_even_inside_a_leg_block() -> None:
    with pytest.raises(BadDialString):
        parse("[a=1|2]x/1")


@pytest.mark.parametrize("text", ["", "{a=1}", "{a=1", "nonsense", "a/1:_:b/2", "x/"])
def test_what_cannot_be_dialled(text: str) -> None:
    with pytest.raises(BadDialString):
        parse(text)


def test_multiset_with_another_separator() -> None:
    assert variables("^^;a=1;b=;c=x,y=z") == {"a": "1", "b": "", "c": "x,y=z"}


LEGS = st.builds(
    Leg,
    device=st.just("device"),
    target=st.one_of(
        st.builds(
            Registered,
            account=st.from_regex(r"[a-z0-9]{1,8}(-[a-z]{1,5})?", fullmatch=True),
            domain=st.just("pbx.test"),
            contacts=st.lists(
                st.sampled_from(
                    [
                        "sofia/internal/sip:1001@192.0.2.7:5060",
                        "sofia/internal/sip:1001@[2001:db8::1]:5060;transport=tcp",
                    ]
                ),
                max_size=2,
            ).map(tuple),
        ),
        st.builds(
            Outside,
            number=st.from_regex(r"\+[1-9][0-9]{6,12}", fullmatch=True),
            trunk=st.just("sofia/gateway/trunk/{number}"),
            caller_number=st.one_of(st.none(), st.just("+493012345101")),
        ),
    ),
    delay=st.integers(0, 60),
    ring=st.integers(1, 120),
    confirm=st.booleans(),
)


@given(st.lists(LEGS, min_size=1, max_size=6))
def test_what_the_router_writes_is_read_as_it_was_meant(legs: list[Leg]) -> None:
    names = (str(uuid.UUID(int=number)) for number in itertools.count(1))
    built = dialstring.build(Ring("pbx.test", "1001", tuple(legs)), lambda: next(names))
    dial = parse(built.text)
    (group,) = dial.groups
    assert [leg.variables["origination_uuid"] for leg in group] == list(built.legs)
    for dialled in group:
        leg = legs[built.legs[dialled.variables["origination_uuid"]]]
        assert dialled.seconds("leg_delay_start") == leg.delay
        assert dialled.seconds("leg_timeout") == leg.ring
        assert dialled.variables.get("group_confirm_key") == ("1" if leg.confirm else None)
        if isinstance(leg.target, Outside):
            assert dialled.address == f"sofia/gateway/trunk/{leg.target.number}"
        elif leg.target.contacts:
            assert dialled.address in leg.target.contacts
        else:
            assert dialled.address == f"sofia/internal/{leg.target.account}%pbx.test"
