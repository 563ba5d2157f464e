from __future__ import annotations

from datetime import UTC, datetime

import pytest

from esl_router.engine.explain import MOST, explain
from esl_router.model.actions import BUSY, Confirm, Perform, Ring, Voicemail
from esl_router.model.call import LegResult
from esl_router.model.feature import SetBusyOnBusy, Tone
from esl_router.model.people import FollowMeRow, User
from esl_router.model.team import Member, Team
from tests.company import DOMAIN, Company, internal_call, registered, sip, trunk_call

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


def test_of_a_call_that_rings_for_hours_the_first_decisions_are_shown():
    member = Member("1001")
    team = Team(DOMAIN, "2000", members=(member,), ring=15, max_wait=86400)
    company = Company(COMPANY.users, COMPANY.rows, teams=(team,))
    steps = explain(trunk_call("2000"), company, registered("a", "b"), NOW)
    assert len(steps) == MOST
    assert all(isinstance(step.decision.action, Ring) for step in steps)
    assert steps[1].at > 0


@pytest.mark.parametrize(("why", "tone"), [("", Tone.ON), ("Not his to change.", Tone.REFUSED)])
def test_whoever_knows_is_asked_whether_a_change_is_refused(why, tone):
    asked = []

    def refusal(action, at):
        asked.append((action, at))
        return why

    code = internal_call("*36", "a", "1001")
    steps = explain(code, COMPANY, registered("a"), NOW, refusal=refusal)
    assert asked == [(Perform(DOMAIN, "1001", SetBusyOnBusy(1)), NOW)]
    assert [step.decision.action for step in steps] == [asked[0][0], Confirm(tone)]
    assert steps[-1].decision.trace[-1].text.endswith(why or "It is done.")
