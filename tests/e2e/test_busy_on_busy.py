"""Busy on busy on a running FreeSWITCH: what makes a user busy, and what does not.

Whoever is called has two phones, 1234-a and 1234-b; the calls are made by 1900 and his colleagues.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

import pytest

from tests.e2e.conftest import warm_up
from tests.e2e.diverted import mailbox, send_on
from tests.e2e.endpoint import Behaviour, Placed
from tests.e2e.lines import Line, to
from tests.e2e.sip import Ringing, wait_until
from tests.e2e.stage import Programme, Stage, company, person, staged
from tests.e2e.switch import FreeSwitch

HEARD = 0.4
"""Seconds until the router has heard of an answer or a hangup, with everybody playing at once."""

MOBILE, MOBILE_ASKED, FORWARDED = "+491711400001", "+491711400002", "+491711400003"
FAR = "+494012340001"


def busy(extension: int, *devices: str, limit: bool | int = True, **more: Any) -> dict[str, Any]:
    names = devices or ("a", "b")
    return {f"u{extension}": person(str(extension), *names, busy_on_busy=limit, **more)}


def forward(origin: str, target: str, status: str = "available", when: str = "busy") -> Any:
    return {"status": status, "profiles": {status: {origin: {when: target}}}}


PEOPLE: dict[str, Any] = {
    **{f"u{number}": person(str(number), "a") for number in (1900, 1901, 1902, 1903)},
    **busy(1400),
    **busy(1401),
    **busy(1402, presence=forward("internal", "extension:1403")),
    **busy(1403, "a"),
    **busy(1404, presence=forward("internal", "extension:1403", "away", "always")),
    **busy(1405, limit=False),
    **busy(1406, limit=2),
    **busy(1407),
    **busy(1408, "a", mobile=MOBILE),
    **busy(1409, "a", mobile=MOBILE_ASKED),
    **busy(1410, number="+493012341410"),
    **busy(1411, number="+493012341411"),
    **busy(1412),
    **busy(1413),
    **busy(1414),
    **busy(1415),
    **busy(1416),
    **busy(1417),
    **busy(1418),
    **busy(1419, presence=forward("internal", "voicemail")),
    **busy(1420, "a"),
    **busy(1421, bob_count_outgoing_early=True),
    **busy(1422, limit=False),
    **busy(1423, "a"),
    **busy(
        1424,
        "a",
        mobile=FORWARDED,
        presence=forward("external", f"external:{FORWARDED}", when="no_answer"),
    ),
    **busy(1450),
    **busy(1451),
}
PEOPLE["u1422"]["follow_me"] = {
    "1422-a": {origin: {"skip_if_busy": True} for origin in ("internal", "external")}
}
PEOPLE["u1424"] |= {
    "numbers": ["+493012341424"],
    "follow_me": {
        "1424-a": {"external": {"ring": 2}},
        "1424-mobile": {"internal": {"enabled": False}, "external": {"enabled": False}},
    },
}
PEOPLE["u1412"]["devices"]["1412-b"]["dnd"] = True
RULES = company(**PEOPLE)
play = Programme()


def pair(stage: Stage, extension: int) -> tuple[Line, Line]:
    return stage.line(f"{extension}-a"), stage.line(f"{extension}-b")


def pick_up(line: Line, call: Placed, *, calls: int = 1) -> Ringing:
    """The line answers the ``calls``-th call that reaches it, which is ``call``."""
    ringing = line.wait_ringing(calls=calls)
    line.lines.answer(ringing)
    assert call.wait(5) == 200
    time.sleep(HEARD)
    return ringing


def talk(stage: Stage, line: Line, number: int) -> tuple[Placed, Ringing]:
    """1901 calls, and the line answers."""
    call = stage.inside("1901-a").call(str(number))
    return call, pick_up(line, call)


def is_busy(stage: Stage, extension: int, *phones: Line) -> None:
    """The next caller gets 486, at once, and no phone has noticed."""
    before = [len(phone.ringings) for phone in phones]
    call = stage.inside("1902-a").call(str(extension))
    assert call.wait(5) == 486
    assert 180 not in [code for _, code in call.provisional]
    assert call.at is not None
    assert call.at < 1
    time.sleep(0.2)
    assert [len(phone.ringings) for phone in phones] == before


def is_rung(stage: Stage, extension: int, *phones: Line) -> None:
    """The next call rings all these phones."""
    before = [len(phone.ringings) for phone in phones]
    call = stage.inside("1903-a").call(str(extension))
    call.wait_for(180, 5)
    for phone, count in zip(phones, before, strict=True):
        phone.wait_ringing(3, calls=count + 1)
    call.cancel()
    assert call.wait(5) == 487


@play
def who_does_not_talk_is_rung(stage: Stage) -> None:
    is_rung(stage, 1400, *pair(stage, 1400))


@play
def two_calls_at_once_both_ring_and_when_one_is_answered_a_third_is_refused(stage: Stage) -> None:
    one, two = pair(stage, 1401)
    first, second = stage.inside("1900-a").call("1401"), stage.inside("1901-a").call("1401")
    for phone in (one, two):
        phone.wait_ringing(calls=2)
    chosen = next(each for each in one.ringings if each.number == "1900")
    one.lines.answer(chosen)
    assert first.wait(5) == 200
    assert two.wait_cancelled().number == "1900"
    time.sleep(HEARD)
    is_busy(stage, 1401, one, two)
    assert second.code == 0, "it was offered before, and rings on"
    assert [each.number for each in two.ringings if not each.cancelled] == ["1901"]
    second.cancel()
    first.hang_up()
    time.sleep(HEARD)
    is_rung(stage, 1401, one, two)


@play
def who_dials_is_busy_where_he_wants_that(stage: Stage) -> None:
    one, two = pair(stage, 1421)
    called = stage.line("1423-a")
    dialling = stage.inside("1421-a").call("1423")
    called.wait_ringing(3)
    time.sleep(HEARD)
    is_busy(stage, 1421, one, two)
    is_rung(stage, 1423, called)
    dialling.cancel()
    assert dialling.wait(5) == 487
    time.sleep(HEARD)
    is_rung(stage, 1421, one, two)


@play
def a_phone_that_talks_is_left_out_and_the_other_rings(stage: Stage) -> None:
    one, two = pair(stage, 1422)
    call, _ = talk(stage, one, 1422)
    is_rung(stage, 1422, two)
    assert len(one.ringings) == 1
    call.hang_up()
    time.sleep(HEARD)
    is_rung(stage, 1422, one, two)


@play
def the_busy_forward_takes_the_call_of_who_talks(stage: Stage) -> None:
    one, two = pair(stage, 1402)
    colleague = stage.line("1403-a")
    call, _ = talk(stage, one, 1402)
    second = stage.inside("1902-a").call("1402")
    ringing = colleague.wait_ringing(3)
    assert ringing.at - second.started < 1
    assert ringing.invite.get("diversion") == (
        "<sip:1402@pbx.test>;reason=user-busy;privacy=off;counter=1"
    )
    assert (len(one.ringings), len(two.ringings)) == (1, 1)
    second.cancel()
    # The forward is for colleagues alone.
    outside = stage.outside().call("1402")
    assert outside.wait(5) == 486
    assert (len(one.ringings), len(two.ringings)) == (1, 1)
    call.hang_up()


@play
def the_mailbox_can_take_the_call_of_who_talks(stage: Stage) -> None:
    one, two = pair(stage, 1419)
    call, _ = talk(stage, one, 1419)
    second = stage.inside("1902-a").call("1419")
    assert second.wait(5) == 200
    assert second.at is not None
    assert second.at < 1
    assert (len(one.ringings), len(two.ringings)) == (1, 1)
    second.hang_up()
    call.hang_up()


@play
def a_status_that_sends_calls_away_comes_before_busy_on_busy(stage: Stage) -> None:
    colleague = stage.line("1900-a", answer=0.1)
    one, two = pair(stage, 1404)
    call = stage.inside("1404-a").call("1900")
    assert call.wait(5) == 200
    assert colleague.invited
    time.sleep(HEARD)
    second = stage.inside("1902-a").call("1404")
    second.wait_for(180, 5)
    assert not one.invited
    assert not two.invited
    second.cancel()
    call.hang_up()


@play
def without_busy_on_busy_a_call_is_offered_to_who_talks(stage: Stage) -> None:
    one, two = pair(stage, 1405)
    call, _ = talk(stage, one, 1405)
    is_rung(stage, 1405, one, two)
    call.hang_up()


@play
def with_a_limit_of_two_the_third_call_is_refused(stage: Stage) -> None:
    one, two = pair(stage, 1406)
    first, _ = talk(stage, one, 1406)
    second = stage.inside("1900-a").call("1406")
    pick_up(two, second, calls=2)
    is_busy(stage, 1406, one, two)
    first.hang_up()
    time.sleep(HEARD)
    is_rung(stage, 1406, one, two)
    second.hang_up()


@play
def a_call_on_hold_counts(stage: Stage) -> None:
    one, two = pair(stage, 1407)
    call, ringing = talk(stage, one, 1407)
    one.lines.hold(ringing)
    time.sleep(HEARD)
    held = [row for row in stage.switch.socket.api("show channels").splitlines() if ",HELD," in row]
    assert any("1407-a" in row for row in held)
    is_busy(stage, 1407, one, two)
    call.hang_up()
    time.sleep(HEARD)
    is_rung(stage, 1407, one, two)


@play
def a_conversation_on_the_mobile_counts(stage: Stage) -> None:
    stage.trunk.by_number[MOBILE] = Behaviour(answer=0.5, press="1")
    desk = stage.line("1408-a")
    call = stage.inside("1901-a").call("1408")
    assert call.wait(8) == 200
    desk.wait_cancelled()
    time.sleep(HEARD)
    is_busy(stage, 1408, desk)
    assert len(to(MOBILE, stage.trunk.ringings)) == 1
    call.hang_up()
    wait_until(lambda: to(MOBILE, stage.trunk.ringings)[0].ended, 5, "the mobile is hung up")
    time.sleep(HEARD)
    is_rung(stage, 1408, desk)


@play
def a_conversation_that_a_forward_led_to_the_mobile_counts(stage: Stage) -> None:
    stage.trunk.by_number[FORWARDED] = Behaviour(answer=0.2)
    desk = stage.line("1424-a")
    call = stage.outside().call("+493012341424", user=FAR)
    assert call.wait(8) == 200
    assert to(FORWARDED, stage.trunk.ringings)[0].invite.get("diversion")
    time.sleep(HEARD)
    is_busy(stage, 1424, desk)
    call.hang_up()
    time.sleep(HEARD)
    is_rung(stage, 1424, desk)


@play
def a_mobile_that_is_asked_to_press_1_talks_to_nobody_yet(stage: Stage) -> None:
    stage.trunk.by_number[MOBILE_ASKED] = Behaviour(answer=0.2)
    desk = stage.line("1409-a")
    call = stage.inside("1901-a").call("1409")
    wait_until(
        lambda: [each for each in to(MOBILE_ASKED, stage.trunk.ringings) if each.answered],
        5, "the mobile answers",
    )  # fmt: skip
    time.sleep(HEARD)
    is_rung(stage, 1409, desk)
    call.cancel()


@play
def a_call_of_his_own_counts(stage: Stage) -> None:
    stage.trunk.by_number[FAR] = Behaviour(answer=0.2)
    one, two = pair(stage, 1410)
    call = stage.inside("1410-a").call(FAR)
    assert call.wait(5) == 200
    time.sleep(HEARD)
    is_busy(stage, 1410, one, two)
    call.hang_up()
    time.sleep(HEARD)
    is_rung(stage, 1410, one, two)


@play
def a_call_of_his_own_that_still_rings_does_not_count(stage: Stage) -> None:
    one, two = pair(stage, 1411)
    stage.line("1903-a")
    call = stage.inside("1411-a").call("1903")
    call.wait_for(180, 5)
    time.sleep(HEARD)
    is_rung(stage, 1411, one, two)
    call.cancel()


@play
def do_not_disturb_on_one_device_makes_nobody_busy(stage: Stage) -> None:
    one, two = pair(stage, 1412)
    is_rung(stage, 1412, one)
    assert not two.invited


@play
def do_not_disturb_on_one_telephone_makes_nobody_busy(stage: Stage) -> None:
    one, two = stage.line("1413-a"), stage.line("1413-b", reject=486)
    is_rung(stage, 1413, one, two)


@play
def who_has_sent_his_caller_on_is_free(stage: Stage) -> None:
    one, two = pair(stage, 1414)
    other = stage.line("1901-a", answer=0.1)
    call = stage.outside().call("1414", user="+4930141414")
    pick_up(one, call)
    is_busy(stage, 1414, one, two)
    send_on(stage, "+4930141414", 1901)
    other.wait_answered()
    wait_until(lambda: one.ringings[0].ended, 5, "the phone is hung up")
    time.sleep(HEARD)
    is_rung(stage, 1414, one, two)
    assert call.ended is None
    call.hang_up()


@play
def who_has_sent_on_whom_he_called_is_free(stage: Stage) -> None:
    one, two = pair(stage, 1415)
    called, other = stage.line("1416-a", answer=0.1), stage.line("1417-a", answer=0.1)
    caller = stage.inside("1415-a")
    call = caller.call("1416")
    assert call.wait(5) == 200
    time.sleep(HEARD)
    is_busy(stage, 1415, one, two)
    is_busy(stage, 1416, called)
    caller.transfer(call, "1417")
    other.wait_answered()
    wait_until(lambda: call.ended, 5, "his leg is hung up")
    time.sleep(HEARD)
    is_rung(stage, 1415, one, two)
    is_busy(stage, 1416, called)
    is_busy(stage, 1417, other)
    called.lines.hang_up(called.ringings[0])
    time.sleep(HEARD)
    is_rung(stage, 1416, called)
    is_rung(stage, 1417, other)


@play
def the_call_that_is_sent_back_to_him_does_not_make_him_busy(stage: Stage) -> None:
    one, two = pair(stage, 1418)
    call = stage.outside().call("1418", user="+4930141418")
    pick_up(one, call)
    send_on(stage, "+4930141418", 1418)
    one.wait_ringing(3, calls=2)
    two.wait_ringing(3, calls=2)
    call.hang_up()


@play
def who_talks_still_hears_his_own_mailbox(stage: Stage) -> None:
    desk = stage.line("1420-a")
    call, _ = talk(stage, desk, 1420)
    own = stage.inside("1420-a").call("1420")
    assert own.wait(5) == 200
    assert mailbox(stage, 1420, "check auth default pbx.test") == "1420"
    own.hang_up()
    call.hang_up()


@pytest.mark.timeout(150)
@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()


@pytest.mark.timeout(60)
def test_a_router_that_is_started_during_a_conversation_knows_of_it(
    stage: Stage, played: object
) -> None:
    one, two = pair(stage, 1450)
    call, _ = talk(stage, one, 1450)
    stage.router.restart()
    is_busy(stage, 1450, one, two)
    call.hang_up()
    time.sleep(HEARD)
    is_rung(stage, 1450, one, two)


@pytest.mark.timeout(60)
def test_a_conversation_that_ended_while_there_was_no_router_is_over(
    stage: Stage, played: object
) -> None:
    one, two = pair(stage, 1451)
    call, _ = talk(stage, one, 1451)
    is_busy(stage, 1451, one, two)
    stage.router.kill()
    call.hang_up()
    wait_until(lambda: one.ringings[0].ended, 5, "the phone is hung up")
    stage.router.start()
    is_rung(stage, 1451, one, two)


@pytest.mark.timeout(90)
def test_a_switch_that_crashed_during_a_conversation_leaves_nobody_busy(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    switch = FreeSwitch(tmp_path_factory.mktemp("crashing"))
    switch.start()
    try:
        warm_up(switch)
        with staged(switch, tmp_path_factory.mktemp("crashed"), RULES) as stage:
            one, two = pair(stage, 1400)
            talk(stage, one, 1400)
            is_busy(stage, 1400, one, two)
            links = stage.router.log.read_text().count("is up")
            switch.crash()
            switch.start()
            wait_until(
                lambda: stage.router.log.read_text().count("is up") > links, 20, "the link is back"
            )
            one, two = pair(stage, 1400)
            is_rung(stage, 1400, one, two)
    finally:
        switch.stop()
