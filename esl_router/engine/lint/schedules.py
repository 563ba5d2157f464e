"""Schedules that are always or never open."""

from __future__ import annotations

from collections.abc import Iterator

from esl_router.engine.lint.company import Company, Finding, error, warning
from esl_router.model.schedule import HORIZON, Schedule


def never_changes(company: Company) -> Iterator[Finding]:
    """Hours that somebody goes by, and that never begin or never end."""
    used = {schedule.name for schedule in _hours(company) if schedule is not None}
    for name, schedule in company.names.schedules.items():
        if name not in used or schedule.next_change(company.now) is not None:
            continue
        if schedule.is_open(company.now):
            text = "is always open: what holds outside its hours never does."
            yield warning(f"schedules.{name}.open", f"{name} {text}", "give it closing hours")
        else:
            text = f"does not open within {HORIZON.days} days: what holds in its hours never does."
            yield error(f"schedules.{name}.open", f"{name} {text}", "give it opening hours")


def no_closed_days(company: Company) -> Iterator[Finding]:
    """Schedules whose closed days a criterion asks for, and that have none."""
    asked = {
        criterion.holidays.name
        for boss in company.executives.values()
        for criterion in boss.criteria
        if criterion.holidays is not None
    }
    for name, schedule in company.names.schedules.items():
        if name in asked and not (schedule.closed or schedule.holidays):
            yield error(
                f"schedules.{name}.closed",
                f"a criterion asks for the closed days of {name}, and it has none.",
                "name them: closed or holidays",
            )


def _hours(company: Company) -> Iterator[Schedule | None]:
    """The schedules by whose hours somebody goes."""
    for person in company.people.values():
        hours = person.presence.outside_hours
        yield None if hours is None else hours.schedule
        yield from (rule.schedule for rule in person.callers)
    for boss in company.executives.values():
        yield from (criterion.schedule for criterion in boss.criteria)
