"""A scenario played with somebody's rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from esl_router.cli.simulation import simulation
from esl_router.store.rules.layout import Document
from esl_router.switch.clock import Clock
from esl_router.switch.phones import CallScript
from esl_router.switch.placed import Placed
from esl_router.switch.play import play
from esl_router.switch.scenario import Expected, Scenario, check


@dataclass(frozen=True, slots=True)
class Result:
    """One call of a scenario, and what was wrong with it."""

    placed: Placed
    expected: Expected
    trace: tuple[str, ...]
    """The sentences of the router's decisions."""

    wrong: tuple[str, ...]
    """What was not as expected, a sentence each."""


class _Calendar:
    """The router's clock: as a scenario says, or the real one. It goes as fast as the phones'."""

    def __init__(self, clock: Clock, zone: str) -> None:
        self._clock = clock
        self._zone = ZoneInfo(zone)
        self._instant: datetime | None = None
        self._set = 0.0

    def begins(self, script: CallScript) -> None:
        """A call begins at the instant that it names."""
        self._set, self._instant = self._clock.now(), script.now
        if self._instant is not None and self._instant.tzinfo is None:
            self._instant = self._instant.replace(tzinfo=self._zone)

    def __call__(self) -> datetime:
        if self._instant is None:
            return datetime.now(UTC)
        return self._instant + timedelta(seconds=self._clock.now() - self._set)


def rehearse(scenario: Scenario, rules: Document, speed: float) -> Iterator[Result]:
    """Play a scenario with checked rules, ``speed`` times as fast as life; each call when it has
    ended. Nobody else's store, phones or calls are touched."""
    clock = Clock(speed)
    calendar = _Calendar(clock, rules["settings"]["timezone"])
    with simulation(rules, scenario.phones, clock, now=calendar, monotonic=clock.now) as running:
        calls = play(running.switch, scenario.calls, calendar.begins)
        for placed, expected in zip(calls, scenario.expected, strict=True):
            entry = running.entry(placed.uuid)
            trace = tuple(each.text for each in entry.trace) if entry is not None else ()
            wrong = check(placed, expected, trace)
            if not placed.done.is_set():
                wrong = ["the call does not end"]
            yield Result(placed, expected, trace, tuple(wrong))
