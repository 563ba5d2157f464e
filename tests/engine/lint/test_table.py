from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from esl_router.engine.lint.table import CHECKS, lint, unreadable
from esl_router.model.rules import Problem
from tests.engine.lint.offices import OFFICE, boss, found, office, team, whole

PAGE = Path(__file__).resolve().parents[3] / "docs" / "lint.md"


def test_a_sound_company_has_no_findings():
    rules = office(teams=(team("1001", "1002"),), executives=(boss("1002", "1003"),))
    assert lint(whole(rules)) == ()


def test_errors_come_first_and_each_finding_names_its_check():
    rules = office(teams=(team(),), executives=(boss("1002", push_recall=1),))
    rules = replace(rules, config=replace(rules.config, max_redirects=0))
    assert [(each.level.value, each.check) for each in lint(whole(rules))] == [
        ("error", "no_members"),
        ("warning", "short_recall"),
    ]


def test_a_rule_that_cannot_be_read():
    rules = replace(OFFICE, problems=(Problem("teams.2000.strategy", "'x' is not known"),))
    assert found(unreadable, rules) == ["error teams.2000.strategy"]
    assert found(unreadable, OFFICE) == []


def test_no_check_stands_twice():
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_check_says_what_it_finds_and_stands_in_the_page(check):
    assert (check.__doc__ or "").strip()
    assert f"`{check.__name__}`" in PAGE.read_text(encoding="utf-8")
