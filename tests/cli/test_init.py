from __future__ import annotations

import json
import stat
from pathlib import Path

from click.testing import CliRunner

from esl_router.cli.main import main


def test_a_new_store_is_its_owners_alone(empty):
    assert stat.S_IMODE(empty.store.stat().st_mode) == 0o600


def test_a_store_that_is_there_keeps_its_rules(run):
    before = run.exported()
    assert run.json("init") == {"store": str(run.store), "created": False}
    assert run.exported() == before


def test_the_usual_place_is_made(monkeypatch, tmp_path):
    monkeypatch.delenv("ESL_ROUTER_DB")
    result = CliRunner().invoke(main, ["init", "--json"])
    path = tmp_path / "state" / "esl_router" / "router.db"
    assert json.loads(result.stdout) == {"store": str(path), "created": True}
    assert path.exists()


def test_a_mistyped_place_is_not_made(tmp_path):
    result = CliRunner().invoke(main, ["--db", str(tmp_path / "typo" / "router.db"), "init"])
    assert result.exit_code == 1
    assert "No such file" in result.stderr
    assert not Path(tmp_path / "typo").exists()


def test_something_else_is_not_overwritten(tmp_path):
    other = tmp_path / "letter.txt"
    other.write_text("Dear Sir")
    result = CliRunner().invoke(main, ["--db", str(other), "init"])
    assert result.exit_code == 1
    assert other.read_text() == "Dear Sir"
