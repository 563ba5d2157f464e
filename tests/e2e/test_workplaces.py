"""Hot desks, on a running FreeSWITCH: whose phone rings, and whose call it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.diverted import direct, somebody
from tests.e2e.endpoint import Answering, Behaviour
from tests.e2e.lines import to
from tests.e2e.router import Router
from tests.e2e.sip import TOLERANCE
from tests.e2e.stage import Programme, Stage, company, person
from tests.e2e.switch import FreeSwitch

OUTSIDE = "+493099887766"


def place(*phones: str, **more: Any) -> dict[str, Any]:
    return {"devices": {name: {"kind": "sip", "password": "secret"} for name in phones}, **more}


PEOPLE: dict[str, dict[str, Any]] = {
    "u2900": person("2900", "a", number=direct(2900)),
    **somebody(2901),
    **somebody(2902), **somebody(2903),
    **somebody(2904),
    **somebody(2905, busy_on_busy=True),
    **somebody(2906), **somebody(2907),
}  # fmt: skip
PLACES = {
    "one": place("place-one"),
    "two": place("place-two"),
    "three": place("place-three"),
    "four": place("place-four", follow_me={"place-four": {"internal": {"delay": 2, "ring": 3}}}),
    "five": place("place-five"),
    "six": place("place-six"),
}
RULES = {**company(**PEOPLE), "workplaces": PLACES}
RULES["settings"] |= {"caller_id_out": "user"}
play = Programme()


@pytest.fixture(scope="module")
def stage(freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    where = tmp_path_factory.mktemp("workplaces")
    with ExitStack() as stack:
        trunk = Answering(freeswitch.trunk, Behaviour(answer=0.3))
        stack.callback(trunk.close)
        stack.callback(freeswitch.hang_up_everything)
        router = Router(freeswitch, where, RULES)
        router.start()
        stack.callback(router.kill)
        yield Stage(freeswitch, router, trunk, where, stack)


@pytest.fixture(scope="module")
def played(stage: Stage) -> dict[str, Future[None]]:
    return play.play(stage)


@play
def the_next_call_rings_the_phone_of_the_place_beside_his_own(stage: Stage) -> None:
    own, there = stage.line("2901-a"), stage.line("place-one", answer=1)
    caller = stage.inside("2900-a")
    before = caller.call("2901")
    own.wait_ringing()
    before.cancel()
    assert not there.invited
    stage.router.run("workplace", "login", "2901", "one")
    call = caller.call("2901")
    own.wait_ringing(calls=2)
    assert call.wait() == 200
    assert there.ringings[0].answered
    call.hang_up()
    stage.router.run("workplace", "logout", "2901")
    after = caller.call("2901")
    own.wait_ringing(calls=3)
    time.sleep(0.5)
    after.cancel()
    assert len(there.ringings) == 1


@play
def the_second_login_wins(stage: Stage) -> None:
    there, first, second = (stage.line(name) for name in ("place-two", "2902-a", "2903-a"))
    stage.router.run("workplace", "login", "2902", "two")
    said = stage.router.run("workplace", "login", "2903", "two")
    assert "2902 was logged out of two: 2903 is there now." in said
    caller = stage.inside("2900-a")
    call = caller.call("2902")
    first.wait_ringing()
    time.sleep(0.5)
    call.cancel()
    assert not there.invited
    call = caller.call("2903")
    second.wait_ringing()
    there.wait_ringing()
    call.cancel()


@play
def a_call_from_the_phone_of_the_place_is_his(stage: Stage) -> None:
    """The switch's directory was written when nobody was there."""
    colleague = stage.line("2900-a", answer=0.3)
    stage.router.run("workplace", "login", "2904", "three", "--as", "2904")
    caller = stage.inside("place-three")
    call = caller.call("2900", display="Phone three")
    assert call.wait() == 200
    shown = [each for each in colleague.ringings if each.number == "2904"]
    assert [each.display for each in shown] == ["User 2904"]
    call.hang_up()
    out = caller.call(OUTSIDE, display="Phone three")
    assert out.wait() == 200
    assert [each.number for each in to(OUTSIDE, stage.trunk.ringings)] == [direct(2904)]
    out.hang_up()


@play
def from_a_place_where_nobody_is_nobody_calls_outside(stage: Stage) -> None:
    assert stage.inside("place-six").call("+493099887767").wait() == 403


@play
def a_place_has_rows_of_its_own(stage: Stage) -> None:
    own, there = stage.line("2906-a"), stage.line("place-four")
    stage.router.run("workplace", "login", "2906", "four")
    call = stage.inside("2900-a").call("2906")
    rings = own.wait_ringing()
    late = there.wait_ringing()
    assert late.at - rings.at == pytest.approx(2.5, abs=TOLERANCE)
    ended = there.wait_cancelled()
    assert ended.cancelled is not None
    assert ended.cancelled - late.at == pytest.approx(3.5, abs=TOLERANCE)
    call.cancel()


@play
def who_talks_at_the_place_is_busy(stage: Stage) -> None:
    own = stage.line("2905-a")
    stage.router.run("workplace", "login", "2905", "five")
    talking = stage.inside("place-five").call("+493099887768")
    assert talking.wait() == 200
    time.sleep(0.5)
    assert stage.inside("2900-a").call("2905").wait() == 486
    assert not own.invited
    talking.hang_up()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()
