"""Every check, and asking them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from esl_router.engine.lint import executives, lists, phones, schedules, targets, teams
from esl_router.engine.lint.company import Company, Finding, Level, error

Check = Callable[[Company], Iterator[Finding]]


def unreadable(company: Company) -> Iterator[Finding]:
    """Rules that make no sense: a decision skips them."""
    for problem in company.rules.problems:
        todo = "correct it; until then the rule is skipped"
        yield error(problem.path, f"{problem.text}.", todo)


CHECKS: Final[tuple[Check, ...]] = (
    unreadable,
    phones.emergency_extension,
    phones.unreachable,
    phones.own_phones_silent,
    phones.comes_back,
    phones.forbidden_number,
    phones.shared_number,
    phones.unconfirmed,
    phones.late_row,
    phones.gap,
    phones.short_ring,
    phones.ends_sooner,
    lists.overlap,
    targets.leads_to_himself,
    targets.leads_nowhere,
    targets.no_mailbox,
    targets.forbidden_target,
    targets.no_redirects,
    targets.circle,
    teams.no_members,
    teams.nobody_there,
    teams.silent_member,
    teams.never_a_turn,
    teams.late_device,
    teams.short_turn,
    teams.all_executives,
    executives.no_assistants,
    executives.no_active_criterion,
    executives.idle_criteria,
    executives.shadowed_criterion,
    executives.unknown_contact,
    executives.too_many,
    executives.diverted,
    executives.all_logged_out,
    executives.opt_out_ignored,
    executives.no_rollover,
    executives.late_assistant,
    executives.short_slot,
    executives.silent_assistant,
    executives.short_recall,
    executives.nothing_along,
    executives.nobody_first,
    schedules.never_changes,
    schedules.no_closed_days,
)


def lint(company: Company) -> tuple[Finding, ...]:
    """Everything that is wrong: errors first, in the order of the checks."""
    found = [
        replace(finding, check=check.__name__) for check in CHECKS for finding in check(company)
    ]
    return tuple(sorted(found, key=lambda finding: finding.level is not Level.ERROR))
