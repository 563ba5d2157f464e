from __future__ import annotations

from datetime import UTC, datetime

import pytest

from esl_router.engine.explain import explain
from esl_router.model.actions import BUSY, Ring, Voicemail
from esl_router.model.call import LegResult
from esl_router.model.people import FollowMeRow, User
from tests.company import DOMAIN, Company, registered, sip, trunk_call

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COMPANY = Company(
    (User(DOMAIN, "1001", "Anna Adler"),),
    {"1001": [FollowMeRow(sip("a"), ring=15), FollowMeRow(sip("b"), delay=10, ring=20)]},
)


@pytest.mark.parametrize(
    ("assumed", "at", "last"),
    [
        (LegResult.NO_ANSWER, 30, Voicemail(DOMAIN, "1001")),
        (LegResult.BUSY, 0, BUSY),
        (LegResult.DECLINED, 2, BUSY),
    ],
)
def test_the_loop_runs_to_the_end_of_the_call(assumed, at, last):
    steps = explain(trunk_call("1001"), COMPANY, registered("a", "b"), NOW, assumed)
    assert isinstance(steps[0].decision.action, Ring)
    assert (steps[-1].at, steps[-1].decision.action) == (at, last)
