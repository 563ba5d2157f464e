"""Who sent a call here: whom the caller talked to, as the switch knows it, on real transfers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from esl_router.model.actions import Action, Leg, Ring
from esl_router.model.call import Call
from esl_router.model.people import User
from esl_router.store.directory import Account, directory_xml
from tests.e2e.endpoint import Caller, Placed
from tests.e2e.lines import Line, Lines
from tests.e2e.planned import Planned
from tests.e2e.sip import wait_until
from tests.e2e.switch import FreeSwitch
from tests.e2e.test_legs import DOMAIN, leg

USERS = tuple(User(DOMAIN, str(number), f"User {number}") for number in range(5501, 5510))
ACCOUNTS = tuple(Account(f"{user.extension}-a", "secret", user.extension) for user in USERS)
CALLER = "5509-a"
BOSS = "sip:5503-a@pbx.test"
FORGED = f"Referred-By: <{BOSS}>"
HEARD = 0.5


def ring(*legs: Leg, **changes: object) -> Ring:
    return Ring(DOMAIN, "5500", legs, **changes)  # type: ignore[arg-type]


PLAN: dict[str, tuple[Action, ...]] = {
    "5540": (ring(leg("5501-a"), pool="5500", caller_device=f"{CALLER}@{DOMAIN}"),),
    "5541": (ring(leg("5502-a")),),
    "5542": (ring(leg("5503-a")),),
    "5543": (ring(leg("5501-a", confirm=True)),),
}


@pytest.fixture(scope="module")
def planned(freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    freeswitch.write_directory(directory_xml(DOMAIN, USERS, ACCOUNTS))
    router = Planned(freeswitch, tmp_path_factory.mktemp("sent-on"), PLAN)
    yield router
    router.stop()


@pytest.fixture
def line(planned: Planned, switch: FreeSwitch, closing: ExitStack) -> Callable[..., Line]:
    lines = Lines(switch)
    closing.callback(lines.close)
    return lines.register


@pytest.fixture
def arrival(planned: Planned) -> Callable[[str], Call]:
    """``arrival("5541")``: the call to that number which comes after the test has begun."""
    before = len(planned.told.calls)

    def wait(dialled: str) -> Call:
        return wait_until(
            lambda: [call for call in planned.told.calls[before:] if call.dialled == dialled],
            5,
            f"a call to {dialled}",
        )[0]

    return wait


def connected(call: Placed) -> Placed:
    assert call.wait() == 200
    time.sleep(HEARD)
    return call


def test_a_caller_who_is_sent_on_by_the_phone_that_answered(
    line: Callable[..., Line],
    inside: Callable[..., Caller],
    arrival: Callable[[str], Call],
) -> None:
    desk, other = line("5501-a", answer=0.2), line("5502-a", answer=0.2)
    connected(inside(CALLER).call("5540"))
    assert arrival("5540").sent_by is None
    desk.lines.transfer(desk.ringings[0], "5541", by=BOSS)
    call = arrival("5541")
    assert (call.sent_by, call.pool) == ("5501-a@pbx.test", "5500")
    assert (call.caller.account, call.caller.own_leg) == (CALLER, False)
    # The next one has no part in the pool, and it is he who sends the caller on now.
    other.wait_answered()
    time.sleep(HEARD)
    other.lines.transfer(other.ringings[0], "5542")
    call = arrival("5542")
    assert (call.sent_by, call.pool) == ("5502-a@pbx.test", "")


def test_a_stranger_who_is_sent_on_by_the_phone_that_answered(
    line: Callable[..., Line], outside: Caller, arrival: Callable[[str], Call]
) -> None:
    desk = line("5501-a", answer=0.2)
    connected(outside.call("5540"))
    desk.lines.transfer(desk.ringings[0], "5541", by=BOSS)
    call = arrival("5541")
    assert (call.sent_by, call.pool) == ("5501-a@pbx.test", "5500")
    assert call.caller.account is None


def test_a_colleague_who_is_sent_on_by_the_caller(
    line: Callable[..., Line], inside: Callable[..., Caller], arrival: Callable[[str], Call]
) -> None:
    line("5501-a", answer=0.2)
    caller = inside(CALLER)
    caller.transfer(connected(caller.call("5540")), "5541", FORGED)
    call = arrival("5541")
    assert (call.sent_by, call.pool) == (f"{CALLER}@pbx.test", "5500")
    assert (call.caller.account, call.caller.own_leg) == ("5501-a", True)


def test_a_caller_of_whom_nothing_is_said_sends_nobody_on(
    line: Callable[..., Line], inside: Callable[..., Caller], arrival: Callable[[str], Call]
) -> None:
    line("5502-a", answer=0.2)
    caller = inside(CALLER)
    caller.transfer(connected(caller.call("5541")), "5542", FORGED)
    call = arrival("5542")
    assert (call.sent_by, call.pool) == (None, "")


def connects_the_last_two(switch: FreeSwitch) -> bool:
    legs = switch.calls()
    return len(legs) == 2 and all(
        f"variable_last_bridge_to: {other}\n" in switch.socket.api(f"uuid_dump {leg}")
        for leg, other in (legs, legs[::-1])
    )


@pytest.mark.parametrize("rings", [False, True])
def test_whoever_got_the_caller_after_being_asked_is_not_taken_for_who_asked(
    rings: bool,
    line: Callable[..., Line],
    inside: Callable[..., Caller],
    switch: FreeSwitch,
    arrival: Callable[[str], Call],
) -> None:
    """An attended transfer, to a phone that has answered or that rings still, connects two legs
    past the router: nobody's name stands for the third."""
    desk = line("5501-a", answer=0.2)
    third = line("5502-a", answer=None if rings else 0.2)
    connected(inside(CALLER).call("5540"))
    question = inside("5501-a").call("5541")
    if rings:
        question.wait_for(180)
        time.sleep(HEARD)
        answers = (record.message for record in list(question.caller.log.records))
        question.final = next(each for each in answers if each.status == 180)
    else:
        connected(question)
    desk.lines.transfer(desk.ringings[0], "5541", replacing=question)
    if rings:
        assert question.wait() == 486
        third.lines.answer(third.ringings[0])
    wait_until(lambda: connects_the_last_two(switch), 5, "the two talk")
    third.lines.transfer(third.ringings[0], "5542", by=BOSS)
    call = arrival("5542")
    assert (call.caller.account, call.sent_by, call.pool) == (CALLER, None, "")
