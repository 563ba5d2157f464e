"""Apps that are asleep, on the simulated switch: as in tests/e2e/test_push_wake_up.py."""

from __future__ import annotations

import gevent
import pytest

from esl_router.model.actions import Asleep, Leg, Ring
from esl_router.model.call import LegResult
from esl_router.model.people import Hook
from esl_router.switch.phones import Behaviour, CallScript, Phone
from tests.planned import PlannedRouter
from tests.switch.test_legs import ANSWERS, CALLER, RINGS, leg, planned, seconds

HOOK = Hook(command=("true",), wait=2)


def app(**changes: object) -> Leg:
    asleep = Asleep("5401-a", "pbx.test", "5401", HOOK, caller_number="5409")
    return Leg("5401-a", asleep, **{"ring": 10, **changes})  # type: ignore[arg-type]


def ring(*legs: Leg) -> Ring:
    return Ring("pbx.test", "5401", legs)


def results(router: PlannedRouter) -> tuple[LegResult, ...]:
    """What became of the legs of the first ring: the router hears it after the caller."""
    with gevent.Timeout(5):
        while not router.told.outcomes:
            gevent.sleep(0.005)
    return tuple(each.result for each in router.told.outcomes[0].legs)


def test_it_joins_a_ring_and_answers() -> None:
    with planned({"5401": (ring(leg("5403-a"), app()),)}, x5403=RINGS) as (switch, router):
        switch.register(Phone("5401-a"))
        placed = switch.place(CallScript(CALLER, "5401", hang_up=0.2))
        gevent.spawn_later(0.8, switch.register, Phone("5401-a", (ANSWERS,)))
        assert placed.done.wait(10)
        assert placed.answered == "5401-a"
        assert seconds(placed, "ring", "5403-a") < 0.3
        assert seconds(placed, "ring", "5401-a") == pytest.approx(0.9, abs=0.3)
        assert results(router) == (LegResult.ELSEWHERE, LegResult.ANSWERED)


def test_nobody_comes() -> None:
    plan = {"5401": (ring(app()), Ring("pbx.test", "5403", (leg("5403-a"),)))}
    with planned(plan, x5403=ANSWERS) as (switch, router):
        switch.register(Phone("5401-a"))
        placed = switch.place(CallScript(CALLER, "5401", hang_up=0.2))
        assert placed.done.wait(10)
        assert placed.answered == "5403-a"
        assert seconds(placed, "ring", "5403-a") == pytest.approx(2.1, abs=0.4)
        assert placed.rang == ("5403-a",)
        assert results(router) == (LegResult.UNREGISTERED,)


def test_it_refuses() -> None:
    with planned({"5401": (ring(app()),)}) as (switch, router):
        switch.register(Phone("5401-a"))
        placed = switch.place(CallScript(CALLER, "5401", hang_up=0.2))
        gevent.spawn_later(
            0.5, switch.register, Phone("5401-a", (Behaviour(refuse=486, after=0.2),))
        )
        assert placed.done.wait(10)
        assert results(router) == (LegResult.BUSY,)


def test_another_phone_answers_first() -> None:
    plan = {"5401": (ring(leg("5403-a"), app()),)}
    with planned(plan, x5403=Behaviour(answer=1.5)) as (switch, router):
        switch.register(Phone("5401-a"))
        placed = switch.place(CallScript(CALLER, "5401", hang_up=0.2))
        gevent.spawn_later(0.5, switch.register, Phone("5401-a", (RINGS,)))
        assert placed.done.wait(10)
        assert placed.answered == "5403-a"
        assert results(router) == (LegResult.ANSWERED, LegResult.ELSEWHERE)
        assert switch.channels == 0


def test_in_a_turn_it_is_called_early_when_the_one_before_it_refuses() -> None:
    hunt = ring(
        leg("5403-a", ring=10),
        app(delay=10, turn=10, owner="5401"),
        leg("5404-a", delay=20, ring=10),
    )
    refuses = Behaviour(refuse=486, after=0.3)
    with planned({"5401": (hunt,)}, x5403=refuses, x5404=ANSWERS) as (switch, _):
        switch.register(Phone("5401-a"))
        placed = switch.place(CallScript(CALLER, "5401", hang_up=0.2))
        assert placed.done.wait(10)
        # It was woken at once, had its two seconds, and the next one rings early as well.
        assert placed.answered == "5404-a"
        assert seconds(placed, "ring", "5404-a") == pytest.approx(2.4, abs=0.5)
        assert placed.rang == ("5403-a", "5404-a")
