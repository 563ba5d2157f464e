from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPANY = ROOT / "fixtures" / "rules" / "company.yaml"
PAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")

FAST = ("--speed", "40")


@pytest.fixture
def example(tmp_path):
    """The scenario of the documentation, beside the sample company."""
    for folder in ("scenarios", "rules"):
        (tmp_path / folder).mkdir()
    shutil.copy(COMPANY, tmp_path / "rules")
    path = Path("scenarios", "adler.yaml")
    path.write_text(PAGE.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")
    return path


def test_the_example_of_the_documentation_passes(empty, example):
    printed = empty.ok("test", example)
    assert f"```\n{printed}```\n" in PAGE


def test_a_call_that_does_not_end_as_expected(empty, example):
    example.write_text(example.read_text().replace("hang_up: 30", "hang_up: 2"))
    result = empty("test", example)
    assert result.exit_code == 1
    shown = PAGE.partition("  fail ")[2].partition("         …")[0]
    assert f"  fail {shown}" in result.stdout
    assert result.stdout.endswith("4 calls, 1 not as expected.\n")


def scenario(path, *calls, **more):
    path.write_text(json.dumps({"calls": list(calls), **more}), encoding="utf-8")
    return path


def test_without_rules_it_is_played_with_the_store(run, tmp_path):
    call = {"from": "1002.desk", "to": "1001", "expect": {"code": 200, "mailbox": "1001"}}
    path = scenario(tmp_path / "one.yaml", call)
    found = json.loads(run.ok("test", path, "--json", *FAST))
    assert (found["passed"], found["failed"]) == (1, 0)
    (called,) = found["files"][0]["calls"]
    assert called["rang"] == []
    assert called["trace"][-1] == "Voicemail of 1001: no phone could be reached."
    run.ok("user", "set", "1001", "--no-voicemail")
    result = run("test", path, *FAST)
    assert result.exit_code == 1
    assert "       mailbox: nobody instead of 1001\n" in result.stdout
    assert run.json("calls", "list") == []


def test_rules_of_the_command_line_win(empty, tmp_path):
    call = {"from": "+4930555123", "to": "+493012345110", "expect": {"mailbox": "1010"}}
    path = scenario(tmp_path / "one.yaml", call, rules="missing.yaml")
    empty.ok("test", path, "--rules", COMPANY, *FAST)
    assert "missing.yaml" in empty.fails("test", path, *FAST)


def test_nothing_is_played_while_a_file_is_wrong(run, tmp_path):
    good = scenario(tmp_path / "good.yaml", {"from": "1002.desk", "to": "1001"})
    bad = scenario(tmp_path / "bad.yaml", {"from": "1002.desk"})
    assert "bad.yaml: calls[0]: from and to are needed" in run.fails("test", good, bad)


def test_a_fault_in_the_rules_names_their_file(empty, tmp_path):
    (tmp_path / "rules.yaml").write_text("domain: 7\n", encoding="utf-8")
    path = scenario(tmp_path / "one.yaml", {"from": "1", "to": "2"}, rules="rules.yaml")
    assert "rules.yaml: domain" in empty.fails("test", path)
