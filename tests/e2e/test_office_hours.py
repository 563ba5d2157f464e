"""Rules by office hours, on a running FreeSWITCH and at fixed times."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.diverted import STRANGER, direct, somebody
from tests.e2e.stage import Stage, company

OPEN = [{"days": "mon-fri", "from": "08:00", "to": "17:00"}]
RULES: dict[str, Any] = company(**somebody(1810), **somebody(1811))
RULES["schedules"] = {
    "office": {
        "timezone": "Europe/Berlin", "open": OPEN, "closed": ["2026-03-05"], "holidays": "DE-BE",
    }
}  # fmt: skip
RULES["executives"] = {
    "1810": {
        "filter": "custom",
        "criteria": [{"name": "office", "callers": {"origin": "external"}, "schedule": "office"}],
        "assistants": [{"user": "1811"}],
    }
}


@pytest.mark.parametrize(
    ("at", "rings"),
    [
        pytest.param("2026-03-04T16:59:30+01:00", "1811-a", id="a Wednesday before five"),
        pytest.param("2026-03-04T17:00:00+01:00", "1810-a", id="at five"),
        pytest.param("2026-03-05T10:00:00+01:00", "1810-a", id="a closed day"),
        pytest.param("2026-03-07T10:00:00+01:00", "1810-a", id="a Saturday"),
        pytest.param("2026-04-03T10:00:00+02:00", "1810-a", id="Good Friday"),
    ],
)
def test_a_criterion_filters_in_the_hours_of_its_schedule(
    at: str, rings: str, stage: Stage
) -> None:
    lines = {account: stage.line(account) for account in ("1810-a", "1811-a")}
    before = {account: len(line.ringings) for account, line in lines.items()}
    stage.router.stop()
    stage.router.start(at=at)
    call = stage.outside().call(direct(1810), user=STRANGER)
    lines[rings].wait_ringing(calls=before[rings] + 1)
    call.cancel()
    rung = [account for account, line in lines.items() if len(line.ringings) > before[account]]
    assert rung == [rings]
