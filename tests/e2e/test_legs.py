"""What a ring says of each of its legs, on a running FreeSWITCH."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from esl_router.model.actions import Action, Leg, Registered, Ring
from esl_router.model.call import LegResult, Outcome
from esl_router.model.people import User
from esl_router.store.directory import Account, directory_xml
from tests.e2e.endpoint import Caller
from tests.e2e.lines import Line, Lines
from tests.e2e.planned import Planned
from tests.e2e.sip import TOLERANCE, wait_until
from tests.e2e.switch import FreeSwitch

DOMAIN = "pbx.test"
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
USERS = tuple(User(DOMAIN, str(number), f"User {number}") for number in range(5401, 5410))
ACCOUNTS = tuple(
    Account(f"{user.extension}-{device}", "secret", user.extension)
    for user in USERS
    for device in "ab"
)
CALLER = "5409-a"
QUICK = 0.4
"""Seconds by which something that the router does itself may be late."""


def leg(account: str, **changes: object) -> Leg:
    target = Registered(account, DOMAIN)
    return Leg(account, target, owner=account.partition("-")[0], **changes)  # type: ignore[arg-type]


def ring(*legs: Leg, **changes: object) -> Ring:
    return Ring(DOMAIN, "5400", legs, **changes)  # type: ignore[arg-type]


NOTICE = ring(leg("5401-a", splash=True), leg("5402-a", splash=True, delay=1))
STEPS = ring(
    leg("5401-a", ring=30),
    leg("5402-a", delay=1, ring=20),
    leg("5403-a", delay=20),
    leg("5404-a", delay=25),
    steps=True,
)
PLAN: dict[str, tuple[Action, ...]] = {
    "5400": (NOTICE, ring(leg("5403-a", ring=3))),
    "5410": (ring(leg("5401-a", splash=True), leg("5402-a", ring=4)),),
    "5411": (ring(leg("5401-a", splash=True)),),
    "5420": (STEPS, ring(leg("5403-a"))),
}


@pytest.fixture(scope="module")
def planned(freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    freeswitch.write_directory(directory_xml(DOMAIN, USERS, ACCOUNTS))
    router = Planned(freeswitch, tmp_path_factory.mktemp("legs"), PLAN)
    yield router
    router.stop()


@pytest.fixture
def line(planned: Planned, switch: FreeSwitch, closing: ExitStack) -> Callable[..., Line]:
    lines = Lines(switch)
    closing.callback(lines.close)
    return lines.register


def results(planned: Planned, *, before: int, count: int = 1) -> list[tuple[LegResult, ...]]:
    """What became of the legs in the actions that came after the first ``before``."""
    return [
        tuple(each.result for each in outcome.legs) for outcome in outcomes(planned, before, count)
    ]


def outcomes(planned: Planned, before: int, count: int) -> list[Outcome]:
    wait_until(lambda: len(planned.told.outcomes) >= before + count, 5, "the action has ended")
    return planned.told.outcomes[before:][:count]


# -- a moment's ringing ---------------------------------------------------------------------------


def test_a_splash_rings_a_moment_and_the_session_goes_on_at_once(
    planned: Planned, line: Callable[..., Line], inside: Callable[..., Caller]
) -> None:
    first, second, third = line("5401-a"), line("5402-a"), line("5403-a", answer=0.5)
    before = len(planned.told.outcomes)
    call = inside(CALLER).call("5400")
    for each in (first, second):
        ended = each.wait_cancelled()
        assert ended.rang == pytest.approx(0.7, abs=0.25)
        assert ended.reason == ELSEWHERE
    assert third.wait_ringing().at - second.wait_cancelled().cancelled < QUICK
    assert call.wait() == 200
    call.hang_up()
    assert results(planned, before=before) == [(LegResult.NO_ANSWER, LegResult.NO_ANSWER)]
    (noticed,) = outcomes(planned, before, 1)
    assert noticed.lasted == pytest.approx(second.ringings[0].cancelled - call.started, abs=QUICK)


def test_a_splash_beside_others_leaves_them_ringing(
    planned: Planned, line: Callable[..., Line], inside: Callable[..., Caller]
) -> None:
    noticed, ringing = line("5401-a"), line("5402-a", answer=2)
    before = len(planned.told.outcomes)
    call = inside(CALLER).call("5410")
    assert noticed.wait_cancelled().rang == pytest.approx(0.7, abs=0.25)
    assert call.wait() == 200
    assert ringing.ringings[0].answered
    time.sleep(0.5)
    call.hang_up()
    assert results(planned, before=before) == [(LegResult.NO_ANSWER, LegResult.ANSWERED)]


def test_whoever_is_quick_has_the_call(
    planned: Planned, line: Callable[..., Line], inside: Callable[..., Caller]
) -> None:
    line("5401-a", answer=0.4)
    before = len(planned.told.outcomes)
    call = inside(CALLER).call("5411")
    assert call.wait() == 200
    time.sleep(1.5)
    assert call.ended is None
    call.hang_up()
    assert results(planned, before=before) == [(LegResult.ANSWERED,)]


def test_a_splashed_phone_that_is_switched_off_costs_two_seconds_at_most(
    planned: Planned, line: Callable[..., Line], inside: Callable[..., Caller]
) -> None:
    line("5401-a", silent=True)
    before = len(planned.told.outcomes)
    call = inside(CALLER).call("5411")
    assert call.wait() == 480
    assert call.at < 2 + QUICK
    assert results(planned, before=before) == [(LegResult.UNREACHABLE,)]


# -- one after another ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "result"),
    [(486, LegResult.BUSY), (603, LegResult.DECLINED), (503, LegResult.UNREACHABLE)],
)
def test_whoever_refuses_in_his_turn_is_followed_by_the_next_at_once(
    code: int,
    result: LegResult,
    planned: Planned,
    line: Callable[..., Line],
    inside: Callable[..., Caller],
) -> None:
    first, second = line("5401-a"), line("5402-a", reject=code, after=1)
    third, fourth = line("5403-a", answer=0.3), line("5404-a")
    before = len(planned.told.outcomes)
    call = inside(CALLER).call("5420")
    refused = second.wait_ringing(5).at + 1
    assert third.wait_ringing(3).at - refused < QUICK
    assert first.wait_cancelled(1).reason == ELSEWHERE
    assert call.wait() == 200
    call.hang_up()
    assert not fourth.invited
    elsewhere = LegResult.ELSEWHERE
    assert results(planned, before=before) == [(elsewhere, result, elsewhere, elsewhere)]
    assert first.wait_cancelled().rang < 1 + TOLERANCE + 1 + QUICK
