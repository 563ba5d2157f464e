"""How legs ring together: timers in whole seconds, and causes, without a clock."""

from __future__ import annotations

from esl_router.switch.dialplan import parse
from esl_router.switch.originate import Does, Group, Order

START = 1000.25


def group(text: str) -> Group:
    dial = parse(text)
    return Group(dial.groups[0], dial.variables, START)


def invited(orders: list[Order]) -> list[int]:
    return [order.leg for order in orders if order.does is Does.INVITE]


def cancelled(orders: list[Order]) -> dict[int, str]:
    return {order.leg: order.cause for order in orders if order.does is Does.CANCEL}


def test_a_delay_runs_out_between_its_seconds_and_one_more() -> None:
    ring = group("[leg_timeout=20]a/1,[leg_delay_start=3,leg_timeout=4]b/2")
    assert invited(ring.begin()) == [0]
    assert ring.deadline(START) == 1004.0
    assert invited(ring.advance(1003.99)) == []
    assert invited(ring.advance(1004.0)) == [1]
    # Its timeout counts from its own start: 3 + 4 s from the group's.
    assert ring.deadline(1004.0) == 1008.0
    assert cancelled(ring.advance(1007.99)) == {}
    assert cancelled(ring.advance(1008.0)) == {1: "ALLOTTED_TIMEOUT"}
    assert not ring.finished


def test_when_nobody_rings_any_more_the_next_one_starts_at_once() -> None:
    ring = group("[leg_timeout=9]a/1,[leg_delay_start=10,leg_timeout=9]b/2,[leg_delay_start=20]c/3")
    assert invited(ring.begin()) == [0]
    assert invited(ring.heard(0, "CALL_REJECTED", 1002.5)) == [1]
    # The third keeps its distance to the second, counted from the group's start.
    assert ring.deadline(1002.5) == 1011.0
    # The second has its nine seconds from now on: 10 + 9 - 8 saved.
    assert ring.legs[1].limit == 11
    assert invited(ring.advance(1011.0)) == [2]


def test_all_delayed_is_none_delayed() -> None:
    ring = group("[leg_delay_start=5]a/1,[leg_delay_start=8]b/2")
    assert invited(ring.begin()) == [0]
    assert invited(ring.advance(1004.0)) == [1]


def test_the_first_answer_wins_and_the_others_lose_the_race() -> None:
    ring = group("a/1,b/2,[leg_delay_start=5]c/3")
    ring.begin()
    orders = ring.heard(1, "answered", 1001.0)
    assert Order(Does.WIN, 1) in orders
    assert cancelled(orders) == {0: "LOSE_RACE", 2: "LOSE_RACE"}
    assert [cause for _, cause in ring.causes()] == ["LOSE_RACE", "NONE", "LOSE_RACE"]
    assert ring.finished
    assert ring.winner == 1


def test_a_refusal_leaves_the_others_ringing() -> None:
    ring = group("a/1,b/2")
    ring.begin()
    assert ring.heard(0, "CALL_REJECTED", 1001.0) == []
    ring.heard(1, "USER_BUSY", 1002.0)
    assert (ring.finished, ring.winner, ring.cause) == (True, None, "CALL_REJECTED")


def test_fail_on_single_reject_ends_the_group_at_the_causes_it_names() -> None:
    for cause, ends in (("CALL_REJECTED", True), ("USER_BUSY", True), ("NO_ANSWER", False)):
        ring = group("{fail_on_single_reject=CALL_REJECTED:USER_BUSY}a/1,b/2")
        ring.begin()
        orders = ring.heard(0, cause, 1001.0)
        assert cancelled(orders) == ({1: "NO_ANSWER"} if ends else {})
        assert ring.finished is ends


def test_the_groups_own_limit_ends_it_with_no_answer() -> None:
    ring = group("{originate_timeout=7}a/1,[leg_timeout=60]b/2")
    ring.begin()
    assert ring.deadline(START) == 1007.0
    assert cancelled(ring.advance(1007.0)) == {0: "NO_ANSWER", 1: "NO_ANSWER"}
    assert (ring.cause, ring.timed_out) == ("NO_ANSWER", True)


def test_while_causes_are_named_the_groups_limit_ends_nothing() -> None:
    ring = group("{originate_timeout=7,fail_on_single_reject=CALL_REJECTED}a/1")
    ring.begin()
    assert ring.deadline(START) is None
    assert ring.advance(1100.0) == []
    assert not ring.finished


def test_an_unconfirmed_answer_wins_nothing_and_has_more_time() -> None:
    ring = group("a/1,[leg_timeout=5,group_confirm_key=1,group_confirm_timeout=4]b/2")
    ring.begin()
    assert ring.heard(1, "answered", 1002.0) == []
    assert cancelled(ring.advance(1006.5)) == {}
    assert cancelled(ring.advance(1010.0)) == {1: "ALLOTTED_TIMEOUT"}
    assert not ring.finished


def test_a_confirmed_answer_wins() -> None:
    ring = group("a/1,[group_confirm_key=1]b/2")
    ring.begin()
    ring.heard(1, "answered", 1002.0)
    assert Order(Does.WIN, 1) in ring.heard(1, "confirmed", 1003.0)
    assert ring.winner == 1


def test_the_caller_ends_everything() -> None:
    ring = group("a/1,[leg_delay_start=5]b/2")
    ring.begin()
    assert cancelled(ring.cancel()) == {0: "ORIGINATOR_CANCEL", 1: "ORIGINATOR_CANCEL"}
    assert ring.cancel() == []
    assert ring.heard(0, "answered", 1001.0) == []
