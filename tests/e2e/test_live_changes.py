"""Changes that reach a call while it rings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.endpoint import Caller
from tests.e2e.router import Router
from tests.e2e.sip import wait_until
from tests.e2e.sipp import Phone
from tests.e2e.stage import company, person
from tests.e2e.switch import FreeSwitch

# The router looks twice a second, and the switch then takes the call through once more.
WITHIN = 1.5

RULES = {
    **company(
        u1900=person("1900", "a"),
        u1901=person("1901", "a"),
        u1070=person("1070", "a", internal={"a": (0, 20)}, voicemail=False),
        u1071=person("1071", "a", "b", internal={"a": (0, 20), "b": (0, 20)}, voicemail=False),
        u1072=person("1072", "a", voicemail=False),
    ),
    "teams": {
        "2070": {
            "name": "Hotline",
            "max_wait": 20,
            "members": [{"user": "1070"}, {"user": "1072", "logged_in": False}],
        }
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
