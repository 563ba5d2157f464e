"""A contact's name at the phones of the simulated switch: as tests/e2e/test_contacts.py on a real
one."""

from __future__ import annotations

from pathlib import Path

import pytest

from esl_router.switch.phones import Behaviour, CallScript, Phone
from esl_router.switch.scenario import Scenario
from tests.switch.routed import routed

MUSTER = "+49307654321"
"""Muster GmbH in the sample company."""


@pytest.mark.parametrize(("name", "shown"), [(None, "Muster GmbH"), ("Max", "Max")])
def test_a_phone_shows_the_contact_where_no_name_came(
    name: str | None, shown: str, tmp_path: Path
) -> None:
    scenario = Scenario(phones={"1005-desk": Phone("1005-desk", (Behaviour(answer=1),))})
    with routed(scenario) as running:
        placed = running.switch.place(
            CallScript(MUSTER, "+493012345105", name=name, trunk=True, hang_up=0.2)
        )
        assert placed.done.wait(10)
    rings = {note.party: note.shown for note in placed.notes if note.kind == "ring"}
    assert [each and each.name for each in rings.values()] == [shown]
