"""Every scenario file, played against the real router."""

from __future__ import annotations

from pathlib import Path

import gevent
import pytest

from esl_router import switch
from esl_router.cli.simulation import Simulation
from esl_router.switch.scenario import check, load
from tests.switch.routed import COMPANY, FIXTURES, routed

FILES = [
    Path(switch.__file__).parent / "demo.yaml",
    *sorted((FIXTURES / "scenarios").glob("*.yaml")),
]


def wait_idle(running: Simulation) -> None:
    """Until the router has forgotten its calls: the record comes after the switch's end."""
    with gevent.Timeout(2):
        while running.server.calls:
            gevent.sleep(0.005)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_call_ends_as_its_scenario_says(path: Path) -> None:
    scenario = load(path)
    rules = path.parent / scenario.rules if scenario.rules else COMPANY
    assert scenario.calls
    with routed(scenario, rules=rules) as running:
        for script, expected in zip(scenario.calls, scenario.expected, strict=True):
            placed = running.switch.place(script)
            assert placed.done.wait(20), f"{script.title}: {placed.notes}"
            wait_idle(running)
            trace = [entry.text for entry in running.journal.entries[placed.uuid].trace]
            wrong = check(placed, expected, trace)
            assert not wrong, f"{script.title}: {wrong}\n{placed.notes}\n{trace}"
            assert running.switch.channels == 0


def test_a_wrong_expectation_is_noticed() -> None:
    scenario = load(FILES[0])
    script, expected = scenario.calls[-1], scenario.expected[0]
    with routed(scenario) as running:
        placed = running.switch.place(script)
        assert placed.done.wait(20)
        wrong = check(placed, expected)
    assert [line.partition(":")[0] for line in wrong] == ["code", "answered", "rang"]
