"""Changes that reach a call while it rings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.endpoint import Answering, Caller, Placed
from tests.e2e.lines import Line, Lines
from tests.e2e.router import Router
from tests.e2e.sip import Ringing, wait_until
from tests.e2e.sipp import EVENT_LAG, Phone
from tests.e2e.stage import company, person
from tests.e2e.switch import FreeSwitch

# The router looks twice a second, and the switch then takes the call through once more.
WITHIN = 1.0

MOBILE = "+491711070001"

RULES = {
    **company(
        u1900=person("1900", "a"),
        u1901=person("1901", "a"),
        u1902=person("1902", "a"),
        u1070=person(
            "1070",
            "a",
            internal={"a": (0, 20)},
            voicemail=False,
            presence={"profiles": {"away": {"internal": {"always": "extension:1072"}}}},
        ),
        u1071=person("1071", "a", "b", internal={"a": (0, 20), "b": (0, 20)}, voicemail=False),
        u1072=person("1072", "a", voicemail=False),
        # Who talks forwards to whom else is called.
        u1073=person(
            "1073",
            "a",
            busy_on_busy=True,
            presence={"profiles": {"available": {"internal": {"busy": "extension:1074"}}}},
        ),
        u1074=person("1074", "a", busy_on_busy=True, bob_cancel_pending=True),
        u1075=person(
            "1075",
            "a",
            voicemail=False,
            presence={
                "status": "away",
                "profiles": {"away": {"internal": {"always": f"external:{MOBILE}"}}},
            },
        ),
        u1076=person("1076", "a", busy_on_busy=True, bob_cancel_pending=True),
        u1077=person("1077", "a"),
        u1078=person("1078", "a"),
        # Who lets it ring forwards to whom else is called.
        u1079=person(
            "1079",
            "a",
            internal={"a": (0, 3)},
            presence={"profiles": {"available": {"internal": {"no_answer": "extension:1080"}}}},
        ),
        u1080=person("1080", "a", "b", busy_on_busy=True, bob_cancel_pending=True, voicemail=False),
        u1081=person("1081", "a"),
        u1082=person("1082", "a", "b", busy_on_busy=True, bob_cancel_pending=True),
        u1083=person("1083", "a"),
        # An assistant hands callers to her.
        u1084=person(
            "1084",
            "a",
            presence={"profiles": {"away": {"internal": {"always": "extension:1086"}}}},
        ),
        u1085=person("1085", "a"),
        u1086=person("1086", "a"),
    ),
    "executives": {
        "1081": {"filter": "all", "assistants": [{"user": "1082"}, {"user": "1083"}]},
        "1084": {"assistants": [{"user": "1085"}], "push_recall": 20, "push_follows_forward": True},
    },
    "teams": {
        "2070": {
            "name": "Hotline",
            "max_wait": 20,
            "members": [{"user": "1070"}, {"user": "1072", "logged_in": False}],
        },
        "2071": {
            "name": "Sales",
            "members": [{"user": "1076"}, {"user": "1077"}, {"user": "1078", "logged_in": False}],
        },
        # Whoever begins, there is no time for the other one.
        "2072": {
            "name": "Turns",
            "strategy": "round_robin",
            "ring": 12,
            "max_wait": 12,
            "members": [{"user": "1901"}, {"user": "1902"}],
        },
    },
}
RULES["settings"]["live_changes"] = "redecide"


@pytest.fixture(scope="module")
def one_router(
    freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Router]:
    router = Router(freeswitch, tmp_path_factory.mktemp("live"), RULES)
    router.start()
    yield router
    router.kill()


@pytest.fixture
def router(one_router: Router, switch: FreeSwitch) -> Router:
    return one_router


def test_do_not_disturb_set_while_the_phone_rings_ends_the_ringing(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk = phone("1070-a")
    call = inside("1900-a").call("1070")
    desk.wait_ringing()
    router.run("presence", "set", "1070", "dnd")
    changed = time.time()
    try:
        assert call.wait(5) == 486
        assert desk.wait_cancelled(2).cancelled - changed < WITHIN
        assert len(desk.ringings) == 1
        # One ringing tone, from the first phone to the end: nothing was answered in between.
        assert [code for _, code in call.provisional] in ([100, 180], [180, 100])
    finally:
        router.run("presence", "set", "1070", "available")


def test_away_set_while_the_phone_rings_sends_the_call_on(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk, target = phone("1070-a"), phone("1072-a", answer=1)
    call = inside("1900-a").call("1070")
    desk.wait_ringing()
    router.run("presence", "set", "1070", "away")
    changed = time.time()
    try:
        assert target.wait_ringing(5).at - changed < WITHIN
        assert desk.wait_cancelled(2).cancelled - changed < WITHIN
        assert call.wait(5) == 200
        call.hang_up()
    finally:
        router.run("presence", "set", "1070", "available")


def test_a_call_that_rings_outside_comes_back_when_the_callee_does(
    router: Router,
    phone: Callable[..., Phone],
    inside: Callable[..., Caller],
    trunk: Answering,
) -> None:
    desk = phone("1075-a", answer=1)
    call = inside("1900-a").call("1075")
    wait_until(lambda: trunk.ringings, 5, "it rings outside")
    router.run("presence", "set", "1075", "available")
    changed = time.time()
    try:
        assert desk.wait_ringing(5).at - changed < WITHIN
        assert call.wait(5) == 200
        assert len(trunk.ringings) == 1
        assert trunk.ringings[0].cancelled
        call.hang_up()
    finally:
        router.run("presence", "set", "1075", "away")


def live_changes(router: Router, setting: str) -> None:
    router.change("UPDATE domains SET live_changes = ?", setting)


def rings_undisturbed(line: Phone, call: Placed) -> None:
    """One INVITE, however often the router looks."""
    line.wait_ringing()
    time.sleep(4)
    assert [ringing.cancelled for ringing in line.ringings] == [None]
    call.cancel()


@pytest.mark.parametrize("setting", ["redecide", "ring_on"])
def test_a_call_that_came_because_somebody_talks_rings_on(
    router: Router,
    phone: Callable[..., Phone],
    inside: Callable[..., Caller],
    setting: str,
) -> None:
    live_changes(router, setting)
    try:
        phone("1073-a", answer=0.2)
        target = phone("1074-a")
        first = inside("1900-a").call("1073")
        assert first.wait(5) == 200
        time.sleep(EVENT_LAG)
        rings_undisturbed(target, inside("1901-a").call("1073"))
        first.hang_up()
    finally:
        live_changes(router, "redecide")


def test_a_team_rings_on_while_a_member_talks(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    phone("1076-a", answer=0.2)
    there = phone("1077-a")
    first = inside("1900-a").call("1076")
    assert first.wait(5) == 200
    time.sleep(EVENT_LAG)
    rings_undisturbed(there, inside("1901-a").call("2071"))
    first.hang_up()


def test_a_team_s_turn_that_moves_on_by_the_call_itself_does_not_end_the_ringing(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    first, second = phone("1901-a"), phone("1902-a")
    rings_undisturbed(first, inside("1900-a").call("2072"))
    assert not second.ringings
    rings_undisturbed(second, inside("1900-a").call("2072"))
    assert len(first.ringings) == 1


def test_a_member_who_answers_another_call_is_taken_from_the_team_s(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    live_changes(router, "ring_on")
    try:
        talks, other = phone("1076-a", answer=3), phone("1077-a")
        first = inside("1900-a").call("1076")
        talks.wait_ringing()
        time.sleep(1)
        call = inside("1901-a").call("2071")
        wait_until(lambda: len(talks.ringings) == 2, 5, "both calls ring")
        assert first.wait(5) == 200
        answered = time.time()
        wait_until(lambda: talks.ringings[1].cancelled, 3, "the team's call leaves him")
        assert talks.ringings[1].cancelled - answered < WITHIN
        time.sleep(1)
        assert len(talks.ringings) == 2
        assert other.ringings[-1].cancelled is None
        call.cancel()
        first.hang_up()
    finally:
        live_changes(router, "redecide")


def test_a_member_who_has_declined_is_not_rung_again_when_another_one_comes(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    declines, there, coming = phone("1076-a", reject=603), phone("1077-a"), phone("1078-a")
    call = inside("1900-a").call("2071")
    there.wait_ringing()
    time.sleep(1)
    router.run("team", "login", "1078", "2071")
    changed = time.time()
    try:
        assert coming.wait_ringing(5).at - changed < WITHIN
        time.sleep(1)
        assert len(declines.ringings) == 1
        call.cancel()
    finally:
        router.run("team", "logout", "1078", "2071")


def test_who_has_let_it_ring_is_not_rung_again_when_the_next_one_talks(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    first, second = phone("1079-a"), phone("1080-a")
    phone("1072-a", answer=0.2)
    call = inside("1900-a").call("1079")
    first.wait_cancelled(6)
    second.wait_ringing()
    other = inside("1080-b").call("1072")
    assert other.wait(5) == 200
    answered = time.time()
    assert call.wait(5) == 200, "the mailbox of whom he wanted"
    assert time.time() - answered < WITHIN
    assert second.wait_cancelled(1).cancelled - answered < WITHIN
    assert len(first.ringings) == 1
    call.hang_up()
    other.hang_up()


def test_a_member_who_logs_in_joins_the_call_that_rings(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    there, coming = phone("1070-a"), phone("1072-a", answer=1)
    call = inside("1900-a").call("2070")
    there.wait_ringing()
    assert not coming.invited
    router.run("team", "login", "1072", "2070")
    changed = time.time()
    try:
        assert coming.wait_ringing(5).at - changed < WITHIN
        assert call.wait(5) == 200
        call.hang_up()
    finally:
        router.run("team", "logout", "1072", "2070")


def test_a_forward_switched_on_while_the_phone_rings_takes_the_call_on(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    router.run("forward", "set", "1070", "extension:1072", "--disabled", "--as", "1070")
    desk, target = phone("1070-a"), phone("1072-a", answer=1)
    call = inside("1900-a").call("1070")
    desk.wait_ringing()
    router.run("forward", "on", "1070", "--as", "1070")
    changed = time.time()
    try:
        assert target.wait_ringing(5).at - changed < WITHIN
        assert desk.wait_cancelled(2).cancelled - changed < WITHIN
        assert call.wait(5) == 200
        call.hang_up()
    finally:
        router.run("forward", "clear", "1070")


def test_a_change_that_concerns_somebody_else_leaves_the_call_ringing(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk = phone("1070-a")
    call = inside("1900-a").call("1070")
    desk.wait_ringing()
    router.run("presence", "set", "1072", "dnd")
    time.sleep(WITHIN)
    router.run("presence", "set", "1072", "available")
    assert len(desk.ringings) == 1
    assert not desk.ringings[0].cancelled
    call.cancel()


def test_a_pool_s_call_leaves_the_assistant_who_answers_another(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    live_changes(router, "ring_on")
    try:
        boss, other = phone("1081-a"), phone("1083-a")
        quick, slow = phone("1082-a", answer=3), phone("1082-b")
        first = inside("1900-a").call("1082")
        quick.wait_ringing()
        time.sleep(1)
        second = inside("1901-a").call("1081")
        wait_until(lambda: len(slow.ringings) == 2, 5, "both calls ring")
        assert first.wait(5) == 200
        answered = time.time()
        wait_until(lambda: slow.ringings[1].cancelled, 3, "the pool's call leaves him")
        assert slow.ringings[1].cancelled - answered < WITHIN
        time.sleep(1)
        assert len(slow.ringings) == 2
        assert other.ringings[-1].cancelled is None
        assert not boss.ringings
        second.cancel()
        first.hang_up()
    finally:
        live_changes(router, "redecide")


@pytest.fixture
def line(switch: FreeSwitch, closing: ExitStack) -> Callable[..., Line]:
    """``line("1084-a")``: a telephone that hands callers over; see Lines."""
    lines = Lines(switch)
    closing.callback(lines.close)
    return lines.register


def handed_over(call: Placed, one: Line, boss: Line) -> Ringing:
    """The caller talks to the assistant, who sends him on to her; her phone rings."""
    ringing = one.wait_ringing(5)
    one.lines.answer(ringing)
    assert call.wait(5) == 200
    time.sleep(1)
    one.lines.transfer(ringing, "*63")
    return boss.wait_ringing(5)


def test_a_caller_who_is_handed_over_goes_where_she_forwards_from_now_on(
    router: Router, line: Callable[..., Line], inside: Callable[..., Caller]
) -> None:
    boss, one, deputy = line("1084-a"), line("1085-a"), line("1086-a")
    call = inside("1900-a").call("1084")
    handed_over(call, one, boss)
    time.sleep(1)
    assert not deputy.invited
    router.run("presence", "set", "1084", "away")
    changed = time.time()
    try:
        ringing = deputy.wait_ringing(5)
        assert ringing.at - changed < WITHIN
        cancelled = boss.wait_cancelled(2).cancelled
        assert cancelled is not None
        assert cancelled - changed < WITHIN
        assert ringing.number == "1900"
        deputy.lines.answer(ringing)
        time.sleep(1)
        assert call.ended is None
        assert [len(each.ringings) for each in (boss, one, deputy)] == [1, 1, 1]
        call.hang_up()
        wait_until(lambda: deputy.ringings[0].ended, 5, "the caller talks to the deputy")
    finally:
        router.run("presence", "set", "1084", "available")


def test_a_caller_who_is_handed_over_comes_back_when_she_wants_no_calls(
    router: Router, line: Callable[..., Line], inside: Callable[..., Caller]
) -> None:
    boss, one = line("1084-a"), line("1085-a")
    call = inside("1900-a").call("1084")
    handed_over(call, one, boss)
    time.sleep(1)
    router.run("presence", "set", "1084", "dnd")
    changed = time.time()
    try:
        ringing = one.wait_ringing(5, calls=2)
        assert ringing.at - changed < WITHIN
        assert ringing.display.startswith("Recall")
        boss.wait_cancelled(2)
        one.lines.answer(ringing)
        time.sleep(1)
        assert call.ended is None
        assert [len(each.ringings) for each in (boss, one)] == [1, 2]
        call.hang_up()
        wait_until(lambda: one.ringings[1].ended, 5, "the caller talks to the assistant")
    finally:
        router.run("presence", "set", "1084", "available")


def test_a_second_call_turns_to_busy_when_the_user_answers_the_first(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    router.run("user", "set", "1071", "busy_on_busy=1", "bob_cancel_pending=true")
    quick, slow = phone("1071-a", answer=3), phone("1071-b")
    first = inside("1900-a").call("1071")
    quick.wait_ringing()
    time.sleep(1)
    second = inside("1901-a").call("1071")
    wait_until(lambda: len(slow.ringings) == 2, 5, "both calls ring")
    assert first.wait(5) == 200
    answered = time.time()
    assert second.wait(5) == 486
    assert time.time() - answered < WITHIN
    first.hang_up()
