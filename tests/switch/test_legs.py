"""What a ring says of each of its legs, on the simulated switch: as tests/e2e/test_legs.py on a
real one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gevent
import pytest

from esl_router.model.actions import Connected, Leg, Outside, Registered, Ring
from esl_router.model.call import LegResult
from esl_router.switch.phones import Behaviour, CallScript, Phone
from esl_router.switch.placed import Placed, Shown
from esl_router.switch.server import SimulatedSwitch
from tests.planned import Plan, PlannedRouter

CALLER = "5409-a"


def leg(account: str, **changes: object) -> Leg:
    target = Registered(account, "pbx.test")
    return Leg(account, target, owner=account.partition("-")[0], **changes)  # type: ignore[arg-type]


def ring(*legs: Leg, **changes: object) -> Ring:
    return Ring("pbx.test", "5400", legs, **changes)  # type: ignore[arg-type]


@contextmanager
def planned(plan: Plan, **phones: Behaviour) -> Iterator[tuple[SimulatedSwitch, PlannedRouter]]:
    """The simulated switch with these phones (``x5401=…`` is 5401-a), and a router by ``plan``."""
    there = [Phone(f"{name[1:]}-a", (does,)) for name, does in phones.items()]
    switch = SimulatedSwitch(("127.0.0.1", 1), there)
    router = PlannedRouter(plan, switch.listen())
    try:
        router.start()
        switch.router = router.address
        yield switch, router
    finally:
        router.stop()
        switch.stop()


def played(switch: SimulatedSwitch, number: str, **how: object) -> Placed:
    placed = switch.place(CallScript(CALLER, number, hang_up=0.2, **how))  # type: ignore[arg-type]
    assert placed.done.wait(10)
    return placed


def seconds(placed: Placed, kind: str, party: str) -> float:
    """When that happened."""
    return next(note.at for note in placed.notes if (note.kind, note.party) == (kind, party))


def shown(placed: Placed) -> dict[str, Shown | None]:
    return {note.party: note.shown for note in placed.notes if note.kind == "ring"}


def marks(switch: SimulatedSwitch) -> dict[str, tuple[str, ...]]:
    """What connected legs say of whom they talk to."""
    names = ("eslr_sent_by", "last_bridge_to", "eslr_pool")
    return {
        uuid: tuple(channel.variables.get(name, "") for name in names)
        for uuid, (channel, _) in switch._channels.items()
        if "last_bridge_to" in channel.variables
    }


def results(router: PlannedRouter) -> tuple[LegResult, ...]:
    return tuple(each.result for each in router.told.outcomes[0].legs)


RINGS, ANSWERS = Behaviour(), Behaviour(answer=0.2)


def test_a_splash_rings_a_moment_and_the_session_goes_on_at_once() -> None:
    plan = {"5400": (ring(leg("5401-a", splash=True)), ring(leg("5403-a")))}
    with planned(plan, x5401=RINGS, x5403=ANSWERS) as (switch, router):
        placed = played(switch, "5400")
        assert placed.answered == "5403-a"
        assert seconds(placed, "ring", "5403-a") == pytest.approx(0.75, abs=0.2)
        assert results(router) == (LegResult.NO_ANSWER,)
        assert router.told.outcomes[0].lasted == pytest.approx(0.75, abs=0.2)


def test_a_splashed_phone_that_is_switched_off_costs_two_seconds_at_most() -> None:
    plan = {"5400": (ring(leg("5401-a", splash=True)),)}
    with planned(plan, x5401=Behaviour(dead=True)) as (switch, router):
        placed = played(switch, "5400")
        assert seconds(placed, "over", "") < 2.3
        assert results(router) == (LegResult.UNREACHABLE,)


def test_whoever_refuses_in_his_turn_is_followed_by_the_next_at_once() -> None:
    steps = ring(
        leg("5401-a", ring=30), leg("5402-a", delay=1), leg("5403-a", delay=20), steps=True
    )
    plan = {"5400": (steps, ring(leg("5403-a")))}
    phones = {"x5401": RINGS, "x5402": Behaviour(refuse=486, after=0.3), "x5403": ANSWERS}
    with planned(plan, **phones) as (switch, router):
        placed = played(switch, "5400")
        assert placed.answered == "5403-a"
        refused = seconds(placed, "ring", "5402-a") + 0.3
        assert seconds(placed, "ring", "5403-a") - refused < 0.4
        assert results(router) == (LegResult.ELSEWHERE, LegResult.BUSY, LegResult.ELSEWHERE)


MOBILE, DIRECT, BOSS = "+491711234567", "+493012345101", "+493012345999"


def introduced(*, mixed: bool, name: str = "Boss") -> Ring:
    """The trunk first: what is said of it must not reach the others."""
    return ring(
        Leg("mobile", Outside(MOBILE, "sofia/gateway/trunk/{number}", DIRECT), owner="5405"),
        leg("5401-a", alert_info="<http://localhost>;info=silent"),
        leg("5402-a", caller_number=BOSS),
        leg("5403-a", original_name=mixed),
        caller_name=name,
    )


@pytest.mark.parametrize("mixed", [False, True])
def test_what_each_phone_shows(mixed: bool) -> None:
    plan = {"5400": (introduced(mixed=mixed), ring(leg("5401-a", ring=1)))}
    busy = Behaviour(refuse=486)
    with planned(plan, x5401=busy, x5402=busy, x5403=busy) as (switch, _):
        placed = played(switch, "5400", name="Max")
    first = {note.party: note.shown for note in reversed(placed.notes) if note.kind == "ring"}
    assert first == {
        "5401-a": Shown("Boss", "5409", "<http://localhost>;info=silent"),
        "5402-a": Shown("Boss", BOSS),
        "5403-a": Shown("Max" if mixed else "Boss", "5409"),
        MOBILE: Shown(DIRECT, DIRECT),
    }
    # The second ring has no name of its own.
    assert shown(placed)["5401-a"] == Shown("Max", "5409")


def test_whom_the_caller_sees() -> None:
    hers = Connected("Jörg Groß", "+493012345101")
    plan = {"5400": (ring(leg("5401-a", connected=hers)),), "5410": (ring(leg("5402-a")),)}
    with planned(plan, x5401=ANSWERS, x5402=ANSWERS) as (switch, _):
        assert played(switch, "5400").connected == Shown("Jörg Groß", "+493012345101")
        assert played(switch, "5410").connected == Shown("Outbound Call", "5402-a")


def test_the_two_who_talk_are_marked_with_each_other_s_phone() -> None:
    answered = ring(leg("5401-a"), pool="5400", caller_device=f"{CALLER}@pbx.test")
    with planned({"5400": (answered,)}, x5401=Behaviour(answer=0.1)) as (switch, router):
        placed = switch.place(CallScript(CALLER, "5400", hang_up=1.0))
        with gevent.Timeout(3):
            while len(connected := marks(switch)) < 2:
                gevent.sleep(0.01)
        assert placed.done.wait(5)
        assert router.told.turns == []
    (phone,) = set(connected) - {placed.uuid}
    assert connected == {
        placed.uuid: (f"{phone}:5401-a@pbx.test", phone, "5400"),
        phone: (f"{placed.uuid}:{CALLER}@pbx.test", placed.uuid, "5400"),
    }
