"""What a check says of a call, the engine does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.explain import explain
from esl_router.engine.lint.table import lint
from esl_router.model.actions import Reject, Ring, Voicemail
from esl_router.model.call import LegResult
from esl_router.model.executive import Alerting
from esl_router.model.live import UNKNOWN
from esl_router.model.people import Origin
from esl_router.model.presence import Presence, Profile, Status
from esl_router.model.team import Strategy
from tests.company import NOW, trunk_call
from tests.engine.lint.offices import (
    ANNA,
    BEN,
    boss,
    cell,
    desk,
    forwards,
    office,
    on_call,
    team,
    whole,
)


def said(rules):
    return {finding.check for finding in lint(whole(rules))}


def actions(rules, dialled="1001"):
    steps = explain(trunk_call(dialled), rules, UNKNOWN, NOW, LegResult.NO_ANSWER)
    return [step.decision.action for step in steps]


def rung(rules, dialled="1001"):
    return {
        leg.device
        for action in actions(rules, dialled)
        if isinstance(action, Ring)
        for leg in action.legs
    }


def test_nothing_takes_the_call():
    rules = office({"1001": ()}, users=(replace(ANNA, voicemail=False),))
    assert "unreachable" in said(rules)
    assert [type(action) for action in actions(rules)] == [Reject]


def test_no_phone_rings_where_every_call_goes_round():
    statuses = {
        **forwards("1001", "external.always extension:1002"),
        **forwards("1002", "external.always extension:1001"),
    }
    rules = office(statuses=statuses)
    assert "circle" in said(rules)
    assert rung(rules) == set()


def test_nobody_rings_twice_where_calls_go_round_after_ringing():
    statuses = {
        **forwards("1001", "external.no_answer extension:1002"),
        **forwards("1002", "external.no_answer extension:1001"),
    }
    rules = office(statuses=statuses)
    assert "circle" in said(rules)
    first, second, last = actions(rules)
    assert (first.callee, second.callee) == ("1001", "1002")
    assert last == Voicemail(ANNA.domain, "1001")


@pytest.mark.parametrize(
    ("check", "row", "limit"),
    [
        ("late_row", cell(delay=30), 25),
        ("comes_back", cell(number=BEN.numbers[0]), None),
    ],
)
def test_a_row_that_never_rings(check, row, limit):
    statuses = {"1001": Presence(profiles={Status.AVAILABLE: Profile(no_answer_after=limit)})}
    rules = office({"1001": (desk(ring=40), row)}, statuses=statuses)
    assert check in said(rules)
    assert rung(rules) == {"1001-desk"}


def test_a_gap_is_closed():
    rules = office({"1001": (desk(ring=20), cell(delay=40))})
    assert "gap" in said(rules)
    (ring, _) = actions(rules)
    assert [(leg.device, leg.delay) for leg in ring.legs] == [("1001-desk", 0), ("1001-cell", 20)]


def test_members_and_devices_whose_turn_never_comes():
    last = office(teams=(team("1001", "1002", strategy=Strategy.SEQUENTIAL, ring=20, max_wait=20),))
    assert "never_a_turn" in said(last)
    assert rung(last, "2000") == {"1001-desk"}
    rows = on_call(Origin.TEAM, {"1001": (desk(), cell(delay=20))})
    late = office(teams=(team("1001", strategy=Strategy.SEQUENTIAL, ring=20),), by_origin=rows)
    assert "late_device" in said(late)
    assert rung(late, "2000") == {"1001-desk"}


def test_an_assistant_whose_turn_never_comes():
    bosses = (boss("1002", "1003", rings=6, alerting=Alerting.SEQUENTIAL),)
    assert "late_assistant" in said(office(executives=bosses))
    assert rung(office(executives=bosses)) == {"1002-desk"}
