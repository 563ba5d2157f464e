"""Errors become exit codes in one place; options may stand anywhere; --help is fast."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from esl_router.cli import main as entry
from esl_router.cli.main import main
from esl_router.errors import RulesFileError

PYTHON = [sys.executable, "-m", "esl_router"]


def failing(monkeypatch, error):
    """A command line whose ``init`` raises ``error``."""

    @click.command(cls=entry.options.Command)
    def init():
        raise error

    monkeypatch.setattr("esl_router.cli.init.init_command", init)
    return CliRunner().invoke(main, ["init"])


def test_the_real_store_is_out_of_reach():
    result = CliRunner().invoke(main, ["user", "list"])
    assert result.exit_code == 1
    assert "no-test-may-open-this" in result.stderr


def test_an_expected_error_is_one_line_and_1(monkeypatch):
    result = failing(monkeypatch, RulesFileError(["users.1001: wrong", "users.1002: wrong too"]))
    assert result.exit_code == 1
    assert result.stderr == "esl-router: users.1001: wrong\nesl-router: users.1002: wrong too\n"


def test_a_fault_is_3_with_a_hint(monkeypatch):
    result = failing(monkeypatch, ZeroDivisionError("no"))
    assert result.exit_code == 3
    assert result.stderr.splitlines() == [
        "esl-router: a fault in the program: ZeroDivisionError: no (--debug shows where)"
    ]


def test_debug_shows_the_traceback(monkeypatch):
    failing(monkeypatch, ZeroDivisionError("no"))
    result = CliRunner().invoke(main, ["init", "--debug"])
    assert result.exit_code == 3
    assert "Traceback" in result.stderr


def test_an_interrupt_is_130(monkeypatch):
    assert failing(monkeypatch, KeyboardInterrupt()).exit_code == 130


def test_an_error_of_the_system_names_the_file(monkeypatch):
    result = failing(monkeypatch, PermissionError(13, "Permission denied", "/x"))
    assert (result.exit_code, result.stderr) == (1, "esl-router: /x: Permission denied\n")


def test_control_characters_of_an_error_stay_on_paper(monkeypatch):
    result = failing(monkeypatch, RulesFileError(["\x1b[31mred\x07"]))
    assert result.stderr == "esl-router: \\x1b[31mred\\x07\n"


@pytest.mark.parametrize("words", [["nope"], ["init", "--nope"], ["user", "show"], ["--nope"]])
def test_wrong_usage_is_2(words):
    assert CliRunner().invoke(main, words).exit_code == 2


def test_a_closed_pipe_is_quiet(run):
    command = subprocess.Popen(
        [*PYTHON, "--db", str(run.store), "user", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    command.stdout.close()
    assert command.stderr.read() == b""
    assert command.wait(10) == entry.BROKEN_PIPE
    command.stderr.close()


def test_db_may_stand_on_either_side(run):
    after = CliRunner().invoke(main, ["user", "list", "--db", str(run.store)])
    assert after.exit_code == 0
    assert after.stdout == run.ok("user", "list")


def test_the_last_db_counts(run):
    result = CliRunner().invoke(
        main, ["--db", "/proc/not-this-one", "user", "list", "--db", str(run.store)]
    )
    assert result.exit_code == 0


def test_the_environment_names_the_store(run, monkeypatch):
    monkeypatch.setenv("ESL_ROUTER_DB", str(run.store))
    assert CliRunner().invoke(main, ["user", "list"]).stdout == run.ok("user", "list")


def test_json_may_stand_before_the_command(run):
    assert run.ok("--json", "user", "list") == run.ok("user", "list", "--json")


def test_acting_as_a_user_is_refused_where_it_would_be_ignored(run):
    for words in (["--as", "1001", "user", "remove", "1002"], ["user", "remove", "--as", "1", "2"]):
        assert run(*words).exit_code == 2
    assert "1002" in run.ok("user", "list")


def test_help_loads_nothing_heavy():
    heavy = ["gevent", "yaml", "rich", "phonenumbers", "sqlite_utils", "esl_router.store"]
    code = (
        "import sys\n"
        "from esl_router.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "Commands:" in done.stdout


def test_the_package_runs_as_a_module():
    done = subprocess.run([*PYTHON, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("esl-router, version ")


def test_ascii_where_nothing_else_can_be_printed(run):
    done = subprocess.run(
        [*PYTHON, "--db", str(run.store), "followme", "show", "1001"],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert b"#####" in done.stdout
    assert done.stdout.isascii()
