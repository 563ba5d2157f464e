"""The real router with the simulated switch in front of it, in compressed time."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from esl_router.cli.simulation import Simulation, simulation
from esl_router.store import rules_file
from esl_router.switch.clock import Clock
from esl_router.switch.scenario import Scenario

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
COMPANY = FIXTURES / "rules" / "company.yaml"


def routed(
    scenario: Scenario, *, rules: Path = COMPANY, speed: float = 40
) -> AbstractContextManager[Simulation]:
    """A running router with ``rules``, and the scenario's phones registered at the switch."""
    document = rules_file.load(rules.read_text())
    return simulation(document, scenario.phones, Clock(speed))
