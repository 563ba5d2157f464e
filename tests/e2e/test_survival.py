"""The router is killed at every moment of a call, and no call is lost."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.endpoint import Caller
from tests.e2e.router import Router
from tests.e2e.sip import TIMER, TOLERANCE, wait_until
from tests.e2e.sipp import Phone, SippCaller
from tests.e2e.stage import company, person
from tests.e2e.switch import FreeSwitch

RULES = company(
    u1900=person("1900", "a"),
    u1040=person("1040", "a", "b", internal={"a": (0, 6)}),
    u1041=person("1041", "a", "b", internal={"a": (0, 3)}),
    u1042=person("1042", "a", "b", internal={"a": (0, 3)}, voicemail=False),
    u1043=person("1043", "a"),
    u1044=person("1044", "a", "b", internal={"a": (0, 6)}),
)


@pytest.fixture(scope="module")
def one_router(
    freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Router]:
    router = Router(freeswitch, tmp_path_factory.mktemp("survival"), RULES)
    yield router
    router.kill()


@pytest.fixture
def router(one_router: Router, switch: FreeSwitch) -> Router:
    if not one_router.running:
        one_router.start()
    return one_router


def answered_after_the_router_is_killed(
    extension: int, router: Router, phone: Callable[..., Phone], call: Callable[..., SippCaller]
) -> None:
    desk, other = phone(f"{extension}-a", answer=3), phone(f"{extension}-b")
    placed = call(str(extension), account="1900-a")
    desk.wait_ringing()
    router.kill()
    assert placed.wait() == 200
    assert desk.ringings[0].answered
    assert not other.invited


def test_killed_while_phones_ring_an_answer_still_comes_through(
    router: Router, phone: Callable[..., Phone], sipp_call: Callable[..., SippCaller]
) -> None:
    answered_after_the_router_is_killed(1040, router, phone, sipp_call)


def test_killed_while_phones_ring_and_nobody_answers_the_voicemail_does(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk, other = phone("1041-a"), phone("1041-b")
    call = inside("1900-a").call("1041")
    desk.wait_ringing()
    router.kill()
    assert call.wait() == 200
    assert call.at == pytest.approx(3 + TIMER, abs=TOLERANCE)
    time.sleep(1)
    assert call.ended is None
    assert len(desk.ringings) == 1
    assert not other.invited
    call.hang_up()


def test_while_phones_ring_the_switch_knows_whose_mailbox_it_is(
    router: Router,
    switch: FreeSwitch,
    phone: Callable[..., Phone],
    inside: Callable[..., Caller],
) -> None:
    desk = phone("1043-a")
    call = inside("1900-a").call("1043")
    desk.wait_ringing()
    api = switch.socket.api

    def channels() -> list[dict[str, str]]:
        rows: list[dict[str, str]] = json.loads(api("show channels as json")).get("rows", [])
        return rows

    wait_until(lambda: len(channels()) == 2, 5, "the switch's table has both legs")
    rows = channels()
    [caller] = [row["uuid"] for row in rows if row["direction"] == "inbound"]
    [leg] = [row["uuid"] for row in rows if row["direction"] == "outbound"]
    assert api(f"uuid_getvar {caller} eslr_routed").strip() == "true"
    assert api(f"uuid_getvar {caller} eslr_mailbox").strip() == "1043"
    # The dialplan had set the rest: it is the leg that has told the caller's own.
    told = api(f"uuid_getvar {leg} api_on_originate_caller").strip()
    assert told == f"uuid_setvar_multi {caller} eslr_routed=true;eslr_mailbox=1043"
    call.cancel()


def test_killed_while_phones_ring_a_user_without_voicemail_is_unavailable(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk = phone("1042-a")
    call = inside("1900-a").call("1042")
    desk.wait_ringing()
    router.kill()
    assert call.wait() == 480
    assert len(desk.ringings) == 1


def test_killed_during_the_conversation_it_goes_on(
    router: Router, switch: FreeSwitch, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk, before = phone("1040-a", answer=0), switch.messages("1040")
    call = inside("1900-a").call("1040")
    assert call.wait() == 200
    router.kill()
    time.sleep(1)
    assert call.ended is None
    assert switch.channels() == 2
    call.hang_up()
    switch.wait_idle()
    assert desk.ringings[0].ended
    assert switch.messages("1040") == before


def test_killed_before_it_has_decided_every_phone_of_the_user_rings(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk, other = phone("1040-a", answer=1), phone("1040-b")
    router.signal(signal.SIGSTOP)
    call = inside("1900-a").call("1040")
    time.sleep(1)
    assert not desk.invited
    router.kill()
    assert call.wait(5) == 200
    assert desk.ringings[0].answered
    assert other.invited


def test_not_running_every_phone_of_the_user_rings(
    router: Router, phone: Callable[..., Phone], sipp_call: Callable[..., SippCaller]
) -> None:
    router.kill()
    desk, other = phone("1040-a", answer=0.5), phone("1040-b")
    assert sipp_call("1040", account="1900-a").wait() == 200
    assert desk.ringings[0].answered
    assert other.wait_cancelled()


def test_stopped_politely_it_leaves_the_ringing_and_the_conversations_alone(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk = phone("1040-a", answer=2)
    call = inside("1900-a").call("1040")
    desk.wait_ringing()
    router.stop()
    assert call.wait() == 200
    assert desk.ringings[0].answered
    time.sleep(1)
    assert call.ended is None
    call.hang_up()


def test_restarted_it_knows_who_is_registered(
    router: Router, phone: Callable[..., Phone], inside: Callable[..., Caller]
) -> None:
    desk = phone("1040-a", answer=0)
    router.restart()
    call = inside("1900-a").call("1040")
    assert call.wait() == 200
    assert desk.invited
    call.hang_up()
    call = inside("1900-a").call("1041")
    assert call.wait(5) == 200
    assert call.at is not None
    assert call.at < 1, "nothing is registered: the voicemail, at once"
    call.hang_up()


def test_in_real_time_it_routes_and_is_as_little_missed(
    real_time: None,
    router: Router,
    phone: Callable[..., Phone],
    sipp_call: Callable[..., SippCaller],
) -> None:
    router.stop()
    router.start("--realtime")
    assert [os.sched_getscheduler(pid) for pid in router.workers()].count(os.SCHED_RR) == 1
    answered_after_the_router_is_killed(1044, router, phone, sipp_call)
