"""docs/command-line.md is what the commands say of themselves."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from esl_router.cli.main import COMMANDS, main
from esl_router.cli.reference import JSON, reference, walk

PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
EVERY = dict(walk(main))


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == reference(), "run `make docs`"


@pytest.mark.parametrize("name", EVERY)
def test_a_command_stands_in_the_page(name):
    assert f"\n{'###' if ' ' in name else '##'} {name}\n" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EVERY)
def test_a_command_has_help_with_an_example(name):
    text = EVERY[name].help or ""
    assert text.strip().splitlines()[0].endswith("."), "the first line is a sentence"
    assert f"esl-router {name}" in text.partition("Example:")[2].replace(
        "esl-router --db /var/lib/esl_router/router.db", "esl-router"
    )


@pytest.mark.parametrize("name", EVERY)
def test_an_example_uses_what_there_is(name):
    """Every option in an example belongs to the command."""
    example = (EVERY[name].help or "").partition("Example:")[2]
    for line in example.splitlines():
        words = line.split("esl-router ", 1)[-1].split("|")[0].split()
        found = [full for full in EVERY if words[: len(full.split())] == full.split()]
        if not found:
            continue
        command = EVERY[max(found, key=len)]
        known = {opt for param in command.params for opt in (*param.opts, *param.secondary_opts)}
        used = {word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word)}
        assert used <= known, line


@pytest.mark.parametrize("name", EVERY)
def test_every_option_has_help(name):
    for param in EVERY[name].params:
        if isinstance(param, click.Option):
            shown = param.help or param.show_default
            assert shown, f"{name} {param.opts[0]}"


def test_everything_that_prints_knows_json():
    silent = {"export", "serve", "demo"}
    for name, command in EVERY.items():
        if isinstance(command, click.Group):
            continue
        knows = any("--json" in param.opts for param in command.params)
        assert knows == (name not in silent), name
        assert (name in JSON) == knows, name


@pytest.mark.parametrize("name", EVERY)
def test_a_group_knows_as_where_one_of_its_commands_does(name):
    def knows(command):
        return any("--as" in param.opts for param in command.params)

    if isinstance(EVERY[name], click.Group):
        below = [each for other, each in EVERY.items() if other.startswith(f"{name} ")]
        assert knows(EVERY[name]) == any(knows(each) for each in below)


def keys(text):
    return set(re.findall(r"[a-z_]+", text))


def top(text):
    """The keys that stand in no inner object."""
    inner = text.removeprefix("[").removesuffix("]") if text.startswith("[") else text
    while (less := re.sub(r"[\[{][^\[\]{}]*[\]}]", "", inner)) != inner:
        inner = less
    return keys(inner.partition(" (")[0])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("init", []),
        ("lint", []),
        ("user list", []),
        ("device list", []),
        ("followme list", []),
        ("explain", ["--from", "1002", "--to", "1001"]),
        ("presence show", ["1001"]),
        ("presence show", []),
        ("busy-on-busy", ["1001", "on"]),
        ("team list", []),
        ("team show", ["2000"]),
        ("team login", ["1001", "2000"]),
        ("executive list", []),
        ("executive show", ["1003"]),
        ("executive on", ["1003"]),
        ("assistant list", []),
        ("assistant logout", ["1001", "1003"]),
        ("dnd", ["1001-desk", "on"]),
        ("device add", ["1003-desk", "--user", "1003"]),
        ("doctor", ["--no-switch"]),
        ("history list", []),
        ("history show", ["2"]),
        ("history purge", ["--older-than", "9"]),
        ("undo", []),
        ("rights", ["--all"]),
        ("calls purge", ["--older-than", "9"]),
        ("directory write", ["/dev/null"]),
    ],
)
def test_the_documented_keys_are_the_printed_ones(run, name, words):
    if name == "directory write":
        words = [run.store.with_name("default.xml")]
    run.ok("executive", "add", "1003", "--assistant", "1001")
    found = run.json(*name.split(), *words)
    documented = keys(JSON[name])
    for each in found if isinstance(found, list) else [found]:
        assert each.keys() <= documented
        assert top(JSON[name]) <= each.keys() | {"password"}


def test_every_command_of_the_table_is_there():
    assert [name for name in EVERY if " " not in name] == list(COMMANDS)
