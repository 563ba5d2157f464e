"""Calls one after the other, and beside each other."""

from __future__ import annotations

from esl_router.switch.phones import CallScript
from esl_router.switch.placed import Placed
from esl_router.switch.play import play


class Hours:
    """A clock that goes on when somebody waits."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def real(self, seconds: float) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


class Exchange:
    """A switch on which each call ends as soon as it is placed, but for those to nobody."""

    def __init__(self) -> None:
        self.clock = Hours()
        self.begun: list[tuple[str, float]] = []

    def place(self, script: CallScript) -> Placed:
        self.begun.append((script.number, self.clock.now() - 100))
        placed = Placed(script)
        if script.number != "nobody":
            placed.done.set()
        return placed


def calls(*named: tuple[str, float]) -> list[CallScript]:
    return [CallScript("1002-desk", number, at=at) for number, at in named]


def test_calls_with_at_begin_beside_the_one_before():
    switch, told = Exchange(), []
    scripts = calls(("a", 0), ("b", 5), ("c", 2), ("d", 0))
    played = [placed.script.number for placed in play(switch, scripts, told.append)]
    assert played == ["a", "b", "c", "d"]
    assert switch.begun == [("a", 0), ("c", 2), ("b", 5), ("d", 5)]
    assert [script.number for script in told] == ["a", "d"]


def test_a_call_that_does_not_end_holds_nobody_up():
    switch = Exchange()
    ended = [placed.done.is_set() for placed in play(switch, calls(("nobody", 0), ("b", 0)))]
    assert ended == [False, True]


def test_the_first_call_begins_at_once_or_later():
    switch = Exchange()
    list(play(switch, calls(("a", 3))))
    assert switch.begun == [("a", 3)]
