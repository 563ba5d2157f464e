"""A store with a small company, and the command line run on it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from esl_router.cli.main import main

DATA = Path(__file__).parent / "data"


def golden(name: str, text: str) -> None:
    """``text`` must be what data/``name`` holds. UPDATE_GOLDEN=1 writes it anew, to be read."""
    path = DATA / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


class Run:
    """``run("user", "list")``: the command on the test's store."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def __call__(self, *words, text=None):
        return CliRunner().invoke(main, ["--db", str(self.store), *map(str, words)], input=text)

    def ok(self, *words, text=None):
        """The standard output of a command that must succeed."""
        result = self(*words, text=text)
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        return result.stdout

    def json(self, *words):
        return json.loads(self.ok(*words, "--json"))

    def fails(self, *words, text=None, code=1):
        """The only line on standard error of a command that must fail, and changes nothing."""
        before = self.exported()
        result = self(*words, text=text)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        assert self.exported() == before
        if code == 1:
            assert result.stderr.startswith("esl-router: ")
            assert result.stderr.count("\n") == 1, result.stderr
        return result.stderr

    def exported(self):
        return self("export").stdout


@pytest.fixture(scope="session")
def stores(tmp_path_factory) -> dict[str, Path]:
    """An empty store and one with the company, to be copied."""
    place = tmp_path_factory.mktemp("stores")
    made = {}
    for name in ("empty", "company"):
        run = Run(place / f"{name}.db")
        run.ok("init")
        if name == "company":
            run.ok("import", DATA / "company.yaml")
        made[name] = run.store
    return made


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    """No command finds the files of the checkout by chance."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def empty(stores, tmp_path) -> Run:
    """A store without rules."""
    return Run(Path(shutil.copy(stores["empty"], tmp_path / "router.db")))


@pytest.fixture
def run(stores, tmp_path) -> Run:
    """A store with the company of data/company.yaml."""
    return Run(Path(shutil.copy(stores["company"], tmp_path / "router.db")))
