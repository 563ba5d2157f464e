"""Apps that are asleep while others ring."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from esl_router.call.vigil import Vigil
from esl_router.call.wake import Wake
from esl_router.esl import dialstring
from esl_router.live.state import SwitchState, Watch
from esl_router.model.actions import Asleep, Leg, Outside, Ring
from esl_router.model.live import Contact
from esl_router.model.people import Hook
from tests.call.switchside import CALLER
from tests.company import DOMAIN, target

HOOK = Hook(command=("wake",), wait=10)
URL = "sofia/internal/sip:1001-app@192.0.2.7:5060"
DESK, APP, PLACE = 1, 2, 3
"""The numbers at the end of the uuids, in the order in which they are given."""


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


@dataclass
class Timer:
    at: float
    fire: Callable[[], object]

    def kill(self) -> None:
        self.at = float("inf")


@dataclass
class Side:
    """The switch, the hook and the clock in the hands of a test."""

    wrong: str = ""
    state: SwitchState = field(default_factory=SwitchState)
    ended: list[int] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    woken: list[tuple[float, str]] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    registered: tuple[Contact, ...] = ()
    listening: list[Callable[[], object]] = field(default_factory=list)
    now: float = 0.0
    sequence: int = 0

    def watch(self, uuids: list[str]) -> Watch:
        return self.state.watch(uuids)

    def kill(self, uuids: list[str]) -> None:
        self.ended += [int(each[-12:], 16) for each in uuids]

    def command(self, orders: list[str]) -> None:
        self.orders += orders

    def contacts(self, domain: str, account: str) -> tuple[Contact, ...]:
        assert (domain, account) == (DOMAIN, "1001-app")
        return self.registered

    def on_registration(
        self, domain: str, account: str, heard: Callable[[], object]
    ) -> Callable[[], object]:
        self.listening.append(heard)
        return lambda: self.listening.remove(heard)

    def later(self, seconds: float, fire: Callable[[], object]) -> Timer:
        self.timers.append(Timer(self.now + seconds, fire))
        return self.timers[-1]

    def hook(self, asleep: Asleep, call: str) -> str:
        assert call == CALLER
        self.woken.append((self.now, asleep.account))
        return self.wrong

    def until(self, second: float) -> None:
        """Let the time pass."""
        while due := [timer for timer in self.timers if timer.at <= second]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = max(self.now, first.at)
            first.fire()
        self.now = second

    def register(self) -> None:
        self.registered = (Contact(URL, self.now),)
        for heard in tuple(self.listening):
            heard()

    def hear(self, number: int, state: str, cause: str = "") -> None:
        """CHANNEL_CALLSTATE of a leg."""
        self.sequence += 1
        event = {
            "Event-Name": "CHANNEL_CALLSTATE",
            "Event-Sequence": str(self.sequence),
            "Unique-ID": uuid(number),
            "Call-Direction": "outbound",
            "Channel-Call-State": state,
            "Hangup-Cause": cause,
        }
        assert self.state.apply(event, 1000 + self.now)

    @property
    def called(self) -> str:
        """The one originate that was ordered."""
        [order] = [each for each in self.orders if each.startswith("bgapi originate ")]
        return order


def app(**changes: object) -> Leg:
    asleep = Asleep("1001-app", DOMAIN, "1001", HOOK, caller_number="1002", caller_name="Jörg Groß")
    return Leg("1001-app", asleep, **changes)  # type: ignore[arg-type]


@contextmanager
def kept(*legs: Leg, wrong: str = "") -> Iterator[tuple[Side, Wake]]:
    """A ring of a desk phone and the app, where no other legs are named."""
    action = Ring(DOMAIN, "1001", legs or (Leg("1001-desk", target("1001-desk")), app(ring=20)))
    numbers = iter(range(1, 100))
    dial = dialstring.build(action, lambda: uuid(next(numbers)))
    side = Side(wrong)
    wake = Wake(
        action, dial, side, side.hook, CALLER,
        later=side.later, beside=lambda act, *given: act(*given), clock=lambda: side.now,
    )  # fmt: skip
    vigil = Vigil(action, dial, wake, lambda _: None, later=side.later, clock=lambda: side.now)
    with (
        side.watch([*dial.legs, *dial.places.values(), CALLER]) as watch,
        vigil.keep(watch),
        wake.keep(watch),
    ):
        yield side, wake


def texts(wake: Wake) -> list[str]:
    return [entry.text for entry in wake.notes]


def test_it_is_woken_and_called_when_it_has_registered() -> None:
    with kept() as (side, wake):
        side.until(3)
        assert side.woken == [(0.1, "1001-app")]
        assert side.orders == []
        side.register()
        assert side.called.endswith(f"{URL}' &pickup({uuid(PLACE)})")
        assert f"origination_uuid={uuid(APP)}~leg_timeout=17~" in side.called
        assert "origination_caller_id_number=1002" in side.called
        assert "origination_caller_id_name=Joerg Gross" in side.called
        assert side.ended == []
        side.register()  # again: it is called once
        assert len(side.orders) == 1
    assert texts(wake) == ["1001-app was woken.", "1001-app registered after 3.0 s."]


def test_who_does_not_come_in_time_loses_his_place() -> None:
    with kept() as (side, wake):
        side.until(10)
        assert side.ended == []
        side.until(10.2)
        assert side.ended == [PLACE]
        side.register()
        assert side.orders == []
    assert texts(wake)[-1] == "1001-app did not register within 10 s."
    assert not wake.notes[-1].fired


def test_it_is_woken_so_early_that_it_can_ring_in_its_turn() -> None:
    legs = (Leg("1001-desk", target("1001-desk"), ring=60), app(delay=25, ring=10))
    with kept(*legs) as (side, _):
        side.until(14.9)
        assert side.woken == []
        side.until(15)
        assert side.woken == [(15, "1001-app")]
        side.register()
        side.until(24.9)
        assert side.orders == []
        side.until(25)
        assert "leg_timeout=10~" in side.called


# Somebody who has only an app, after the desk phone of another and before that of a third.
OTHER = 4
HUNT = (
    Leg("1002-desk", target("1002-desk"), ring=20, owner="1002"),
    app(delay=20, ring=20, turn=20, owner="1001"),
    Leg("1003-desk", target("1003-desk"), delay=40, ring=20, owner="1003"),
)


def test_it_is_woken_when_its_owners_turn_comes() -> None:
    with kept(*HUNT) as (side, wake):
        side.until(19.9)
        assert side.woken == []
        side.until(20)
        assert side.woken == [(20, "1001-app")]
        side.until(23)
        side.register()
        assert "leg_timeout=17~" in side.called
        assert texts(wake)[-1] == "1001-app registered after 3.0 s."


def test_its_owners_turn_comes_at_once_when_the_one_before_him_refuses() -> None:
    with kept(*HUNT) as (side, _):
        side.until(2)
        side.hear(DESK, "HANGUP", "USER_BUSY")
        assert side.woken == [(2, "1001-app")]
        side.until(5)
        side.register()
        assert "leg_timeout=17~" in side.called
        assert side.ended == []
    with kept(*HUNT) as (side, _):
        side.until(2)
        side.hear(DESK, "HANGUP", "USER_BUSY")
        side.until(12)
        assert side.ended == [PLACE], "it had its time"


def test_a_caller_who_gives_up_brings_nobody_forward() -> None:
    for cause in ("ORIGINATOR_CANCEL", "PICKED_OFF"):
        with kept(*HUNT) as (side, _):
            side.until(2)
            side.hear(DESK, "HANGUP", cause)
            assert side.woken == []


def test_whose_turn_never_came_was_not_asked() -> None:
    with kept(*HUNT) as (side, wake):
        side.until(2)
        assert wake.causes({uuid(DESK): "NONE"})[uuid(APP)] == "LOSE_RACE"
        side.until(20)
        assert uuid(APP) not in wake.causes({uuid(DESK): "ALLOTTED_TIMEOUT"})


def test_who_has_registered_meanwhile_is_not_woken() -> None:
    with kept() as (side, _):
        side.register()
        side.until(0.2)
        assert side.woken == []
        assert side.called


def test_a_hook_that_fails_says_so_and_the_phone_may_come_all_the_same() -> None:
    with kept(wrong="wake ended with 3.") as (side, wake):
        side.until(1)
        assert texts(wake) == ["1001-app was not woken: wake ended with 3."]
        assert side.ended == []
        side.register()
        assert side.called


def test_another_phone_answers() -> None:
    with kept() as (side, wake):
        side.until(1)
        side.register()
        side.hear(APP, "RINGING")
        side.hear(PLACE, "HANGUP", "LOSE_RACE")
        assert side.ended == [APP]
        side.hear(APP, "HANGUP", "LOSE_RACE")
        found = wake.causes({uuid(DESK): "NONE", uuid(PLACE): "LOSE_RACE"})
        assert found == {uuid(DESK): "NONE", uuid(APP): "LOSE_RACE"}


def test_it_answers_and_takes_its_place() -> None:
    with kept() as (side, wake):
        side.until(1)
        side.register()
        side.hear(APP, "ACTIVE")
        side.hear(PLACE, "HANGUP", "PICKED_OFF")
        assert side.ended == []
        found = wake.causes({uuid(DESK): "LOSE_RACE", uuid(APP): "NONE"})
        assert found == {uuid(DESK): "LOSE_RACE", uuid(APP): "NONE"}
    assert side.ended == []


def test_it_answers_when_its_place_is_gone() -> None:
    with kept() as (side, wake):
        side.until(1)
        side.register()
        side.hear(APP, "ACTIVE")
        side.hear(PLACE, "HANGUP", "LOSE_RACE")
        side.hear(APP, "HANGUP", "NORMAL_CLEARING")
        found = wake.causes({uuid(DESK): "NONE", uuid(PLACE): "LOSE_RACE"})
        assert found[uuid(APP)] == "LOSE_RACE"


def test_the_caller_gives_up() -> None:
    with kept() as (side, _):
        side.until(1)
        side.register()
        side.orders.clear()
        side.hear(PLACE, "HANGUP", "ORIGINATOR_CANCEL")
        assert side.orders == [f"uuid_kill {uuid(APP)} ORIGINATOR_CANCEL"]
        assert side.ended == []


def test_the_caller_is_gone_before_that_is_heard() -> None:
    with kept() as (side, wake):
        side.until(1)
        side.register()
        side.orders.clear()
        wake.over(gone=True)
        assert side.orders == [f"uuid_kill {uuid(APP)} ORIGINATOR_CANCEL"]
    assert side.ended == []


def test_a_ring_that_ends_leaves_no_phone_ringing_and_calls_none() -> None:
    with kept() as (side, _):
        side.until(1)
        side.register()
    assert side.ended == [APP]
    with kept() as (side, _):
        side.until(1)
    side.register()
    side.until(60)
    assert side.orders == []
    assert side.ended == []


def test_a_phone_that_refuses_gives_its_place_up() -> None:
    with kept() as (side, _):
        side.until(1)
        side.register()
        side.hear(APP, "RINGING")
        side.hear(APP, "HANGUP", "USER_BUSY")
        assert side.ended == [PLACE]


def test_a_phone_that_declines_declines_for_all_of_his() -> None:
    with kept() as (side, _):
        side.until(1)
        side.register()
        side.hear(APP, "HANGUP", "CALL_REJECTED")
        assert side.ended == [PLACE, DESK]


def test_a_decline_reaches_the_app_that_is_still_asleep() -> None:
    with kept() as (side, _):
        side.until(1)
        side.hear(DESK, "HANGUP", "CALL_REJECTED")
        assert side.ended == [PLACE, APP]
        side.register()
        assert side.orders == []


def test_an_address_that_may_not_be_dialled_is_not() -> None:
    with kept() as (side, wake):
        side.until(1)
        side.registered = (Contact("sofia/internal/sip:x@h' &hangup()", 0.0),)
        for heard in tuple(side.listening):
            heard()
        assert side.orders == []
        assert side.ended == [PLACE]
    assert texts(wake)[-1] == "1001-app cannot be called at its address."


def test_it_tells_who_is_asked_to_press_1_that_he_is_too_late() -> None:
    outside = Outside("+491711234567", "sofia/gateway/trunk/{number}", "+4930123")
    mobile = Leg("1001-mobile", outside, confirm=True)
    with kept(mobile, app()) as (side, _):
        asleep, _, asked = 1, 2, 3  # legs with a number of their own are dialled last
        side.hear(asked, "ACTIVE")
        side.until(1)
        side.register()
        side.orders.clear()
        side.hear(asleep, "RINGING")
        [order] = side.orders
        told = rf"uuid_setvar {uuid(asleep)} api_on_answer_\d+ uuid_transfer {uuid(asked)} m:"
        assert re.match(told, order)
