"""What the router does to the legs of a ring, by what it hears of them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field

from esl_router.call.vigil import SPLASH, Vigil
from esl_router.esl import dialstring
from esl_router.live.state import SwitchState
from esl_router.model.actions import Leg, Ring
from tests.call.switchside import CALLER
from tests.company import DOMAIN, target


def uuid(number):
    return f"00000000-0000-4000-8000-{number:012x}"


@dataclass
class Timer:
    seconds: float
    fire: object
    killed: bool = False

    def kill(self):
        self.killed = True


@dataclass
class Kept:
    """A ring that somebody follows, what he did, and the clock in the test's hand."""

    state: SwitchState = field(default_factory=SwitchState)
    killed: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    now: float = 100.0
    sequence: int = 0
    vigil: Vigil | None = None

    def watch(self, uuids):
        return self.state.watch(uuids)

    def kill(self, uuids):
        self.killed += [int(each[-12:], 16) - 1 for each in uuids]

    def command(self, orders):
        self.commands += orders

    def later(self, seconds, fire):
        self.timers.append(Timer(seconds, fire))
        return self.timers[-1]

    def hear(self, leg, state, cause=""):
        """CHANNEL_CALLSTATE of a leg."""
        self.sequence += 1
        event = {
            "Event-Name": "CHANNEL_CALLSTATE",
            "Event-Sequence": str(self.sequence),
            "Unique-ID": uuid(leg + 1),
            "Call-Direction": "outbound",
            "Channel-Call-State": state,
            "Hangup-Cause": cause,
        }
        assert self.state.apply(event, self.now)

    def rings(self, *legs):
        for leg in legs:
            self.hear(leg, "RINGING")


@contextmanager
def kept(*legs, **changes):
    action = Ring(DOMAIN, "1001", legs, **changes)
    numbers = iter(range(1, 100))
    dial = dialstring.build(action, lambda: uuid(next(numbers)))
    side = Kept()
    vigil = Vigil(action, dial, side, lambda _: None, later=side.later, clock=lambda: side.now)
    with side.watch([*dial.legs, CALLER]) as watch, vigil.keep(watch):
        side.vigil = vigil
        yield side


def leg(device, **changes):
    return Leg(device, target(device), owner=device.partition("-")[0], **changes)


def test_events_may_gather_where_nothing_follows_from_them():
    with kept(leg("1001-desk")) as side:
        assert not side.state.attended
    for legs in (
        [leg("1001-desk"), leg("1001-mobile")],
        [leg("1001-desk", confirm=True)],
        [leg("1001-desk", splash=True)],
    ):
        with kept(*legs) as side:
            assert side.state.attended
        assert not side.state.attended


# -- a moment's ringing --------------------------------------------------------------------------

NOTICE = leg("1002-desk", splash=True)


def test_a_splashed_phone_rings_a_moment_from_when_it_began_to_ring():
    with kept(leg("1001-desk"), NOTICE) as side:
        side.rings(0)
        assert side.timers == []
        side.rings(1)
        (timer,) = side.timers
        assert timer.seconds == SPLASH
        timer.fire()
    assert side.killed == [1]
    assert side.vigil.splashed == {uuid(2)}


def test_whoever_answers_a_splash_keeps_the_call():
    with kept(NOTICE) as side:
        side.rings(0)
        side.hear(0, "ACTIVE")
        assert side.timers[0].killed


def test_a_splash_leaves_nothing_behind_when_its_leg_or_the_whole_ring_ends_first():
    with kept(NOTICE, leg("1003-desk", splash=True)) as side:
        side.rings(0, 1)
        side.hear(0, "HANGUP", "USER_BUSY")
        assert [timer.killed for timer in side.timers] == [True, False]
    assert [timer.killed for timer in side.timers] == [True, True]
    assert side.killed == []
    assert side.vigil.splashed == set()


# -- one after another ---------------------------------------------------------------------------

FIRST, SECOND = leg("1001-desk", ring=60), leg("1002-desk", delay=10)
THIRD, FOURTH = leg("1003-desk", delay=20), leg("1004-desk", delay=30)


def in_turn(*legs, steps=True):
    return kept(*(legs or (FIRST, SECOND, THIRD, FOURTH)), steps=steps)


def test_a_refusal_ends_the_ring_while_another_rings_and_a_third_waits():
    for cause in ("USER_BUSY", "CALL_REJECTED", "NO_USER_RESPONSE", "NORMAL_TEMPORARY_FAILURE"):
        with in_turn() as side:
            side.rings(0)
            side.now += 10.5
            side.rings(1)
            side.hear(1, "HANGUP", cause)
        # Those who wait first: the switch would call them.
        assert side.killed == [2, 3, 0], cause


def test_without_steps_nothing_is_ended():
    with in_turn(steps=False) as side:
        side.rings(0, 1)
        side.hear(1, "HANGUP", "USER_BUSY")
    assert side.killed == []


def test_the_switch_calls_the_next_by_itself_when_nobody_rings():
    with in_turn() as side:
        side.rings(0)
        side.hear(0, "HANGUP", "USER_BUSY")
    assert side.killed == []


def test_a_notice_is_no_ringing_to_wait_for():
    with in_turn(FIRST, NOTICE, SECOND, THIRD) as side:
        side.rings(0, 1)
        side.hear(0, "HANGUP", "USER_BUSY")
    assert side.killed == []


def test_whoever_rang_his_time_has_not_refused():
    with in_turn() as side:
        side.rings(0, 1)
        side.hear(1, "HANGUP", "ALLOTTED_TIMEOUT")
        side.hear(1, "HANGUP", "ALLOTTED_TIMEOUT")
    assert side.killed == []


def test_with_nobody_waiting_the_others_ring_on():
    with in_turn(FIRST, SECOND) as side:
        side.rings(0, 1)
        side.hear(1, "HANGUP", "USER_BUSY")
    assert side.killed == []


def test_one_busy_phone_of_two_is_no_refusal_until_both_have_ended():
    with in_turn(FIRST, SECOND, leg("1002-soft", delay=10), THIRD) as side:
        side.rings(0, 1, 2)
        side.hear(1, "HANGUP", "USER_BUSY")
        assert side.killed == []
        side.hear(2, "HANGUP", "USER_BUSY")
    assert side.killed == [3, 0]


def test_a_decline_ends_his_other_phones_and_then_the_ring():
    with in_turn(FIRST, SECOND, leg("1002-soft", delay=12), THIRD) as side:
        side.rings(0, 1)
        side.hear(1, "HANGUP", "CALL_REJECTED")
    assert side.killed == [2, 3, 0]


def test_nothing_is_ended_while_somebody_is_asked_to_press_1():
    asked = leg("1001-desk", ring=60, confirm=True)
    with in_turn(asked, SECOND, THIRD) as side:
        side.rings(0)
        side.hear(0, "ACTIVE")
        side.rings(1)
        side.hear(1, "HANGUP", "USER_BUSY")
    assert side.killed == []


def test_a_silent_phone_whose_turn_has_come_does_not_wait_any_more():
    with in_turn(FIRST, SECOND, THIRD) as side:
        side.rings(0, 1)
        side.now += 22
        side.hear(1, "HANGUP", "USER_BUSY")
    assert side.killed == []
