"""Scenario files: phones, calls, and what is expected of them. The format stands in the package."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from esl_router.errors import RouterError
from esl_router.switch.phones import Behaviour, CallScript, Phone
from esl_router.switch.placed import Placed

_PHONE = {field.name for field in fields(Behaviour)} | {"busy", "decline", "registered"}
_CALL = {"from", "to", "name", "trunk", "now", "at", "give_up", "hang_up", "enters", "title"}
_CALL |= {"phones", "expect"}
_EXPECT = {"code", "answered", "mailbox", "fallback", "rang", "because"}
_TOP = {"about", "rules", "now", "phones", "calls"}
_COMPARED = ("code", "answered", "mailbox", "fallback", "rang")
_PARTIES = ("answered", "mailbox")
_NOBODY = "nobody"
_AS_DIALLED = tuple(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp"))


class _Loader(yaml.SafeLoader):
    """Numbers are written as they are dialled: ``+49…`` and ``0171…`` are text without quotes."""


_Loader.yaml_implicit_resolvers = {
    sign: [each for each in found if each[0] not in _AS_DIALLED]
    for sign, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9][0-9]*)$"), list("-0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"-?[0-9]+\.[0-9]+$"), list("-0123456789")
)


class ScenarioError(RouterError):
    """A scenario file is wrong; the text says where."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a call of a scenario should come to; what is None is not looked at."""

    code: int | None = None
    """The SIP status the caller gets; 200 where somebody or something answers."""

    answered: str | None = None
    """The account or number that answered; ``nobody``."""

    mailbox: str | None = None
    fallback: bool | None = None
    """Whether the call went back to the dialplan."""

    rang: tuple[str, ...] | None = None
    """Every phone that rang, sorted."""

    because: tuple[str, ...] = ()
    """Words that the trace of the router's decisions must have."""


@dataclass(frozen=True, slots=True)
class Scenario:
    about: str = ""
    rules: str | None = None
    """The rules file it is played with, relative to the scenario's own place."""

    phones: Mapping[str, Phone] = field(default_factory=dict)
    calls: tuple[CallScript, ...] = ()
    expected: tuple[Expected, ...] = ()
    """One for each call."""


def load(path: Path) -> Scenario:
    """Read a scenario file; raises ScenarioError."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    try:
        return read(document)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from error


def read(document: Any) -> Scenario:
    """A scenario from its parsed YAML; raises ScenarioError."""
    top = _mapping(document, "the file", _TOP)
    calls = top.get("calls", [])
    if not isinstance(calls, list):
        raise ScenarioError("calls: a list is needed")
    now = None if top.get("now") is None else _instant(top["now"], "now")
    pairs = [_call(entry, f"calls[{index}]", now) for index, entry in enumerate(calls)]
    return Scenario(
        about=str(top.get("about", "")),
        rules=None if top.get("rules") is None else str(top["rules"]),
        phones=phones(top.get("phones", {}), "phones"),
        calls=tuple(call for call, _ in pairs),
        expected=tuple(expected for _, expected in pairs),
    )


def check(placed: Placed, expected: Expected, trace: Iterable[str] = ()) -> list[str]:
    """What of an ended call is not as expected, a sentence each.

    ``trace`` are the sentences of the router's decisions.
    """
    wrong = []
    for name in _COMPARED:
        wanted, got = getattr(expected, name), getattr(placed, name)
        if wanted is not None and wanted != (got or _NOBODY if name in _PARTIES else got):
            wrong.append(f"{name}: {_words(got)} instead of {_words(wanted)}")
    said = "\n".join(trace)
    wrong += [f"no reason says: {words}" for words in expected.because if words not in said]
    return wrong


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _NOBODY if value is None else str(value)


def phones(value: Any, path: str) -> dict[str, Phone]:
    """``account: {answer: 2}``, ``account: unregistered``, ``account: [{…}, {…}]``."""
    found: dict[str, Phone] = {}
    for name, spec in _mapping(value, path).items():
        name = str(name)
        if spec == "unregistered":
            found[name] = Phone(name)
        else:
            specs = spec if isinstance(spec, list) else [spec]
            found[name] = Phone(name, tuple(behaviour(each, f"{path}.{name}") for each in specs))
    return found


def behaviour(spec: Any, path: str) -> Behaviour:
    """What one phone does: ``rings``, ``dead``, ``{busy: 1}``, ``{answer: 2, hang_up: 3}``…"""
    if spec in (None, "rings"):
        return Behaviour()
    if spec == "dead":
        return Behaviour(dead=True)
    given = dict(_mapping(spec, path, _PHONE))
    for word, code in (("busy", 486), ("decline", 603)):
        if word in given:
            given["refuse"], given["after"] = code, given.pop(word)
    for name in ("answer", "after", "press_after", "hang_up"):
        if given.get(name) is not None:
            given[name] = _seconds(given[name], f"{path}.{name}")
    if "redirect" in given:
        given |= {"refuse": given.get("refuse", 302), "redirect": str(given["redirect"])}
    if "refuse" in given and not (isinstance(given["refuse"], int) and given["refuse"] >= 300):
        raise ScenarioError(f"{path}.refuse: a SIP code of 300 or more is needed")
    if given.get("press") is not None:
        given["press"] = str(given["press"])
    return Behaviour(**given)


def _call(entry: Any, path: str, now: datetime | None) -> tuple[CallScript, Expected]:
    given = _mapping(entry, path, _CALL)
    if "from" not in given or "to" not in given:
        raise ScenarioError(f"{path}: from and to are needed")
    caller = str(given["from"])
    more: dict[str, Any] = {"now": now}
    if given.get("now") is not None:
        more["now"] = _instant(given["now"], f"{path}.now")
    for name in ("at", "give_up", "hang_up"):
        if name in given:
            value = given[name]
            more[name] = None if value is None else _seconds(value, f"{path}.{name}")
    more["at"] = more.get("at") or 0.0
    call = CallScript(
        caller=caller,
        number=str(given["to"]),
        name=None if given.get("name") is None else str(given["name"]),
        trunk=bool(given.get("trunk", caller.startswith("+") or caller == "anonymous")),
        enters=_texts(given.get("enters") or []),
        title=str(given.get("title", "")),
        registered=phones(given.get("phones", {}), f"{path}.phones"),
        **more,
    )
    wanted = dict(_mapping(given.get("expect", {}), f"{path}.expect", _EXPECT))
    if "rang" in wanted:
        wanted["rang"] = tuple(sorted(_texts(wanted["rang"] or [])))
    if "because" in wanted:
        wanted["because"] = _texts(wanted["because"])
    for name in _PARTIES:
        if name in wanted:
            wanted[name] = _NOBODY if wanted[name] is None else str(wanted[name])
    return call, Expected(**wanted)


def _mapping(value: Any, path: str, known: set[str] | None = None) -> Mapping[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ScenarioError(f"{path}: names with values are needed, not {value!r}")
    known = known if known is not None else set(value)
    unknown = [str(name) for name in value if name not in known]
    if unknown:
        raise ScenarioError(f"{path}.{unknown[0]}: unknown; known are {', '.join(sorted(known))}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    """A list, or what would be the only thing in it."""
    return tuple(map(str, value if isinstance(value, list) else [value]))


def _instant(value: Any, path: str) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise ScenarioError(f"{path}: {value!r} is no instant: 2026-12-24T15:00") from None


def _seconds(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ScenarioError(f"{path}: seconds are needed, not {value!r}")
    return float(value)
