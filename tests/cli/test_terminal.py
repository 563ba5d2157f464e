"""What reaches a terminal, a pipe, a program."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from esl_router.cli import terminal
from esl_router.cli.options import Command
from esl_router.cli.terminal import Span

HOSTILE = "[red]Eve[/red] \x1b[2J\x07 :boom: \u202egnihton \ud800"


def printed(action, *words):
    """What ``action`` prints when it runs as a command."""

    @click.command(cls=Command)
    def command():
        action()

    result = CliRunner().invoke(command, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(params=[False, True], ids=["pipe", "terminal"])
def looked_at(request, monkeypatch):
    monkeypatch.setattr(terminal, "is_terminal", lambda: request.param)
    monkeypatch.setenv("COLUMNS", "200")
    return request.param


def test_a_name_in_a_table_is_text(looked_at):
    said = printed(lambda: terminal.print_table(("name",), [(HOSTILE,)], ""))
    assert "[red]Eve[/red] \\x1b[2J\\x07 :boom: \\u202egnihton \\ud800" in said
    assert "\x1b[2J" not in said


def test_a_name_in_a_line_is_text(looked_at):
    said = printed(lambda: terminal.print_lines([[Span(HOSTILE, "bold"), Span("!")]]))
    assert said.rstrip().endswith("[red]Eve[/red] \\x1b[2J\\x07 :boom: \\u202egnihton \\ud800!")


def test_json_is_safe_to_look_at_and_true():
    said = printed(lambda: terminal.print_json({"name": HOSTILE, "city": "Köln"}))
    assert "Köln" in said
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert json.loads(said)["name"] == HOSTILE


def test_plain_tables_are_aligned(monkeypatch):
    rows = [("a", True, None), ("longer", False, ["x", "y"])]
    said = printed(lambda: terminal.print_table(("one", "two", "three"), rows, ""))
    assert said.splitlines() == ["one     two  three", "a       yes", "longer  no   x, y"]


def test_an_empty_table_says_so(looked_at):
    assert printed(lambda: terminal.print_table(("one",), [], "Nothing yet.")) == "Nothing yet.\n"


def test_json_takes_the_place_of_text():
    def action():
        terminal.show({"a": 1}, lambda: terminal.say("text"))
        terminal.say("more text")

    assert printed(action) == "text\nmore text\n"
    assert json.loads(printed(action, "--json")) == {"a": 1}


def test_a_dumb_terminal_gets_ascii(monkeypatch):
    monkeypatch.setattr(terminal, "is_terminal", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert printed(lambda: terminal.say(str(terminal.speaks_unicode()))) == "False\n"
    monkeypatch.setenv("TERM", "xterm")
    assert printed(lambda: terminal.say(str(terminal.speaks_unicode()))) == "True\n"
