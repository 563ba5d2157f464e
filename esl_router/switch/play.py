"""Playing a scenario: its calls one after the other, or while another one goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from esl_router.switch.phones import CallScript
from esl_router.switch.placed import Placed
from esl_router.switch.server import SimulatedSwitch

LONGEST = 900.0
"""Seconds of the simulated world after which nobody waits for a call any more."""


def play(
    switch: SimulatedSwitch,
    calls: Sequence[CallScript],
    begins: Callable[[CallScript], object] = lambda script: None,
) -> Iterator[Placed]:
    """Place every call and give it when it has ended, in their order.

    ``begins`` is told of each call that does not begin beside another. One that has not ended by
    then is given all the same: its :attr:`Placed.done` says so.
    """
    for together in _groups(calls):
        begins(together[0])
        started = switch.clock.now()
        placed: dict[int, Placed] = {}
        for place, script in sorted(enumerate(together), key=lambda entry: entry[1].at):
            switch.clock.sleep(started + script.at - switch.clock.now())
            placed[place] = switch.place(script)
        for _, each in sorted(placed.items()):
            each.done.wait(switch.clock.real(LONGEST))
            yield each


def _groups(calls: Iterable[CallScript]) -> list[list[CallScript]]:
    """The calls that go on at the same time: the first of them has no ``at``."""
    groups: list[list[CallScript]] = []
    for script in calls:
        if script.at and groups:
            groups[-1].append(script)
        else:
            groups.append([script])
    return groups
