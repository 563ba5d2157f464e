from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPANY = ROOT / "fixtures" / "rules" / "company.yaml"
PAGE = ROOT / "docs" / "lint.md"


@pytest.fixture
def faulty(tmp_path):
    """The sample company with two faults."""
    text = COMPANY.read_text(encoding="utf-8")
    for right, wrong in (
        ("external: {delay: 10, ring: 25}", "external: {delay: 10, ring: 10}"),
        ('"external:+491712223334"}', '"extension:2001"}'),
    ):
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    path = tmp_path / "company.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_sample_company_is_clean(empty):
    assert empty.ok("lint", COMPANY, "--strict") == "pbx.test: 0 errors, 0 warnings.\n"


@pytest.mark.parametrize("at", ["2026-12-24T03:00", "2027-06-01T12:00", "2031-01-01T12:00"])
def test_the_sample_company_is_clean_at_any_time(empty, at):
    empty.ok("lint", COMPANY, "--strict", "--at", at)


def test_the_page_shows_what_is_printed(empty, faulty):
    result = empty("lint", faulty)
    assert result.exit_code == 1
    assert f"```\n{result.stdout}```\n" in PAGE.read_text(encoding="utf-8")


def test_a_file_is_looked_at_and_not_imported(empty, faulty):
    assert empty("lint", faulty).exit_code == 1
    assert empty.json("import", faulty, "--dry-run")["new"] is True


def test_the_store_is_looked_at(run):
    run.ok("team", "add", "2001", "--name", "Nobody")
    result = run("lint", "--json")
    assert result.exit_code == 1
    run.ok("team", "remove", "2001")
    assert "teams.2001.members" in result.stdout
    found = run.json("lint")
    assert (found["errors"], found["domain"]) == (0, "pbx.test")


def test_a_warning_alone_is_no_failure_unless_it_is_asked_for(run):
    assert run.json("lint")["warnings"] == 2
    assert run("lint").exit_code == 0
    assert run("lint", "--strict").exit_code == 1


def test_a_finding_names_its_check_and_what_to_do(run):
    first = run.json("lint")["findings"][0]
    assert first == {
        "level": "warning",
        "path": "teams.2000.overflow.nobody",
        "text": "no member rings now, and each call ends with 480 "
        "(1001: none of his phones rings).",
        "todo": "say where calls go when nobody is there",
        "check": "nobody_there",
    }


def test_statuses_count_as_they_are_then(empty, tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(
        "domain: pbx.test\n"
        'users: {"1001": {name: A, devices: {d: {kind: sip, password: secret}}, presence: '
        '{status: away, until: "2030-01-01T00:00:00+01:00"}}}\n'
        'teams: {"2000": {name: T, members: [{user: "1001"}]}}\n',
        encoding="utf-8",
    )
    assert "he is away" in empty.ok("lint", path, "--at", "2029-12-31")
    assert empty.ok("lint", path, "--at", "2030-01-02") == "pbx.test: 0 errors, 0 warnings.\n"


def test_a_rule_that_was_forced_into_the_store(run):
    from esl_router.store.database import open_store

    db = open_store(run.store)
    db.conn.execute("PRAGMA ignore_check_constraints = ON")
    db.conn.execute("UPDATE domains SET ring_cycle = 0")
    db.conn.commit()
    db.close()
    result = run("lint")
    assert result.exit_code == 1
    assert "error   settings.ring_cycle: 0 is no number of seconds." in result.stdout


def test_a_file_that_is_wrong_by_itself(run, tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text('domain: pbx.test\nusers: {"1001": {nmae: A}}\n', encoding="utf-8")
    assert "users.1001" in run("lint", path).stderr
    assert run("lint", path).exit_code == 1
    run.fails("lint", COMPANY, "--domain", "pbx.test", code=2)
