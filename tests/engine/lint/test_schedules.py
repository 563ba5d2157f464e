from __future__ import annotations

from datetime import date

import pytest

from esl_router.engine.lint.schedules import never_changes, no_closed_days
from esl_router.model.executive import Criterion, Filter
from esl_router.model.people import CallerAction, CallerRule
from esl_router.model.presence import OutsideHours, Presence, Status
from esl_router.model.schedule import Hours, Schedule
from tests.engine.lint.offices import boss, found, office

ALWAYS = Schedule("open", "Europe/Berlin", (Hours.parse("mon-sun", "00:00", "24:00"),))
NEVER = Schedule("shut", "Europe/Berlin")
HOLIDAYS = Schedule("feasts", "Europe/Berlin", closed=frozenset({date(2026, 12, 24)}))
OFFICE = Schedule("office", "Europe/Berlin", (Hours.parse("mon-fri", "08:00", "17:00"),))


def used(schedule, how="hours"):
    if how == "hours":
        hours = OutsideHours(schedule, Status.AWAY)
        return office(statuses={"1001": Presence(outside_hours=hours)})
    if how == "callers":
        rule = CallerRule(("+4930*",), CallerAction.RING, schedule)
        return office(lists={"1001": (rule,)})
    criterion = Criterion("some", **{how: schedule})
    return office(executives=(boss("1002", filter=Filter.CUSTOM, criteria=(criterion,)),))


@pytest.mark.parametrize("how", ["hours", "callers", "schedule"])
def test_hours_that_never_begin_or_never_end(how):
    schedules = (ALWAYS, NEVER, OFFICE)
    assert found(never_changes, used(NEVER, how), schedules=schedules) == [
        "error schedules.shut.open"
    ]
    assert found(never_changes, used(ALWAYS, how), schedules=schedules) == [
        "warning schedules.open.open"
    ]
    assert found(never_changes, used(OFFICE, how), schedules=schedules) == []


def test_a_schedule_for_closed_days_needs_no_hours():
    assert found(never_changes, used(HOLIDAYS, "holidays"), schedules=(HOLIDAYS,)) == []


def test_a_criterion_for_closed_days_needs_some():
    assert found(no_closed_days, used(OFFICE, "holidays"), schedules=(OFFICE,)) == [
        "error schedules.office.closed"
    ]
    assert found(no_closed_days, used(HOLIDAYS, "holidays"), schedules=(HOLIDAYS,)) == []
    assert found(no_closed_days, used(OFFICE), schedules=(OFFICE,)) == []
