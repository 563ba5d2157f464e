"""What may stand at a place of the rules file: single values, lists, mappings, records.

A form reads a value as written into its normal form, reporting everything that is wrong with its
path, and writes the normal form back as a file says it.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from esl_router.store.rules import values


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the file a value stands, and where to report what is wrong with it."""

    path: str
    country: str
    problems: list[str]

    def at(self, key: object) -> Place:
        return Place(f"{self.path}.{key}" if self.path else str(key), self.country, self.problems)

    def item(self, index: int) -> Place:
        return Place(f"{self.path}[{index}]", self.country, self.problems)

    def report(self, what: object) -> None:
        self.problems.append(f"{self.path}: {what}" if self.path else str(what))


class Form(Protocol):
    """What may stand at a place of the file."""

    def read(self, value: Any, place: Place) -> Any:
        """The value in its normal form; ValueError, or reports for what is inside it."""
        ...

    def write(self, value: Any) -> Any:
        """The value as the file says it."""
        ...


@dataclass(frozen=True, slots=True)
class One:
    """A single value."""

    check: values.Value
    shown: Callable[[Any], Any] = lambda value: value

    def read(self, value: Any, place: Place) -> Any:
        return self.check(value, place.country)

    def write(self, value: Any) -> Any:
        return self.shown(value)


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    form: Form

    def read(self, value: Any, place: Place) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise ValueError(f"must be a list, not {values.said(value)}")
        found = []
        for index, item in enumerate(value):
            try:
                found.append(self.form.read(item, place.item(index)))
            except ValueError as error:
                place.item(index).report(error)
        return found

    def write(self, value: Any) -> list[Any]:
        return [self.form.write(item) for item in value]


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping whose keys are names: of users, devices, schedules."""

    name: values.Value
    form: Form

    def read(self, value: Any, place: Place) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise ValueError(f"must be a mapping, not {values.said(value)}")
        found: dict[str, Any] = {}
        for key, item in value.items():
            inner = place.at(key)
            try:
                name = self.name(key, place.country)
                if name in found:
                    raise ValueError("stands here twice")
                found[name] = self.form.read(item, inner)
            except ValueError as error:
                inner.report(error)
        return found

    def write(self, value: Any) -> dict[str, Any]:
        return {name: self.form.write(item) for name, item in value.items()}


_TOO_MANY_TO_COMPARE = 20_000

REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record."""

    form: Form
    usual: Any = REQUIRED
    """What an absent key means; REQUIRED when it may not be absent."""

    kept: bool = False
    """Whether an export writes it even when it is usual."""


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys."""

    keys: Mapping[str, Key]
    whole: Callable[[dict[str, Any], Mapping[str, Any]], None] = field(
        default=lambda found, written: None
    )
    """Looks at the record (and what was written) when each key is right: ValueError."""

    def read(self, value: Any, place: Place) -> dict[str, Any]:
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise ValueError(f"must be a mapping, not {values.said(value)}")
        before = len(place.problems)
        for key in value:
            if key not in self.keys:
                place.at(key).report(f"unknown key{near(str(key), self.keys)}")
        found = {}
        for name, key in self.keys.items():
            found[name] = copy.deepcopy(key.usual)
            if name in value:
                try:
                    found[name] = key.form.read(value[name], place.at(name))
                except ValueError as error:
                    place.at(name).report(error)
            elif key.usual is REQUIRED:
                place.at(name).report("is missing")
        if len(place.problems) == before:
            self.whole(found, value)
        return found

    def write(self, value: Any) -> dict[str, Any]:
        return {
            name: key.form.write(value[name])
            for name, key in self.keys.items()
            if name in value and (key.kept or value[name] != key.usual)
        }


@dataclass(frozen=True, slots=True)
class Maybe:
    """A record that may be absent altogether."""

    form: Form

    def read(self, value: Any, place: Place) -> Any:
        return None if value is None else self.form.read(value, place)

    def write(self, value: Any) -> Any:
        return None if value is None else self.form.write(value)


@dataclass(frozen=True, slots=True)
class Switchable:
    """A value that may be switched off and is kept then: a word, or ``{to: …, enabled: false}``."""

    form: Form

    def read(self, value: Any, place: Place) -> Any:
        if value is None:
            return None
        if isinstance(value, dict):
            return self._record.read(value, place)
        return {"to": self.form.read(value, place), "enabled": True}

    def write(self, value: Any) -> Any:
        if value is None:
            return None
        return self.form.write(value["to"]) if value["enabled"] else self._record.write(value)

    @property
    def _record(self) -> Record:
        enabled = One(values.boolean)
        return Record({"to": Key(self.form), "enabled": Key(enabled, True)})


def near(word: str, words: Collection[str]) -> str:
    """``, did you mean 'x'?`` when one of ``words`` is near, else nothing."""
    if len(words) > _TOO_MANY_TO_COMPARE:
        return ""
    close = difflib.get_close_matches(word, list(words), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def usual(form: Form) -> Any:
    """What an absent record of ``form`` means."""
    return form.read({}, Place("", "DE", []))
