"""The import rules: who may know whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "esl_router"

COMMON = {"errors", "variables"}
"""Modules without imports of their own, which everybody may use."""

# Part of the package -> the parts it may import. A file named by itself goes before its folder.
MAY_IMPORT = {
    "model": {"model"},
    "engine": {"model", "engine"},
    "esl": {"model", "esl"},
    "live/registrations": {"model"},
    "live/channels": {"model", "live/registrations"},
    "live/messages": set(),
    "live/state": {"model", "live/registrations", "live/channels", "live/messages"},
    "live": {"model", "esl", "live"},
    "store": {"model", "engine", "live/state", "store"},
    "calendars": {"model", "store", "calendars"},
    "calendars/ics": {"model"},
    "calendars/fetch": {"model"},
    "contacts": {"model", "store", "contacts"},
    "scheduling": set(),
    "hook": {"model", "esl", "scheduling"},
    "notices": {"model", "store", "hook", "notices"},
    "call": {"model", "engine", "esl", "live", "store", "call", "hook", "settings"},
    "lamps/subscription": {"model", "esl"},
    "lamps/board": {"model", "lamps/subscription"},
    "lamps": {"model", "engine", "esl", "live", "store", "lamps"},
    "switch": {"model", "esl", "switch"},
    "settings": {"model", "esl"},
    "server": {"model", "engine", "esl", "live", "store", "call", "lamps", "settings"},
    "beside": {"settings", "calendars", "contacts", "notices"},
    "supervisor": {"settings", "server", "beside", "scheduling"},
}

GEVENT = {"server", "supervisor", "call", "live/feed", "esl/client", "lamps/keeper", "switch"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def name(path):
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def part(module, table):
    """The longest entry of ``table`` that ``module`` lies in."""
    hits = [entry for entry in table if module == entry or module.startswith(f"{entry}/")]
    return max(hits, key=len, default=None)


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(path):
    """The modules of this package that ``path`` imports."""
    for imported in imports(path):
        if imported.startswith("esl_router."):
            module = imported.removeprefix("esl_router.").replace(".", "/")
            if (PACKAGE / f"{module}.py").exists() or (PACKAGE / module).is_dir():
                yield module


@pytest.mark.parametrize("path", modules(), ids=name)
def test_a_module_imports_only_what_it_may_know(path):
    rule = part(name(path), MAY_IMPORT)
    if rule is None:
        return  # the command line and the package itself may know everything
    allowed = MAY_IMPORT[rule] | COMMON
    for module in inside(path):
        assert part(module, allowed), f"{name(path)} imports {module}"


@pytest.mark.parametrize("path", modules(), ids=name)
def test_only_those_who_wait_import_gevent(path):
    waits = any(module.split(".")[0] == "gevent" for module in imports(path))
    assert not waits or part(name(path), GEVENT), f"{name(path)} imports gevent"


@pytest.mark.parametrize("path", modules(), ids=name)
def test_greenswitch_is_imported_at_one_seam(path):
    known = any(module.split(".")[0] == "greenswitch" for module in imports(path))
    assert not known or name(path) == "esl/client"


@pytest.mark.parametrize("path", modules(), ids=name)
def test_nothing_is_monkey_patched(path):
    assert not any("monkey" in module for module in imports(path))


def test_the_rules_would_notice():
    """The walk sees imports at all: the engine's own are found."""
    assert "model/call" in set(inside(PACKAGE / "engine" / "decide.py"))
    assert part("esl/wire", MAY_IMPORT) == "esl"
