"""The rules as their history and the rights know them: objects with settings at paths.

An object is what a rules file has a name for: a user, a team, an executive, a workplace, a
schedule; the settings, the statuses and the contacts of a domain are one each. Its *tree* is what
the file says of it, with two differences: the entries of a list that have a name of their own
stand under that name (``members.1005.logged_in``, which stays right when the order changes), and a
follow-me row keeps the mark that its user set it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from esl_router.store.rules.forms import REQUIRED, Form, Many, Maybe, Named, Record
from esl_router.store.rules.layout import ORIGINS, RULES, Document

Path = tuple[str, ...]

SECTIONS = tuple(name for name in RULES.keys if name != "domain")
"""The parts of a rules file, in its order."""

NAMED_SECTIONS = ("schedules", "workplaces", "users", "teams", "executives")
"""Those whose entries are objects; the others are one object each, whose name is empty."""

_UNDER_NAMES = {
    "teams": {"members": "user"},
    "executives": {"criteria": "name", "assistants": "user"},
}
"""Lists whose entries have a name, and the key that holds it."""

_SECRET = "…"


@dataclass(frozen=True, slots=True)
class Edit:
    """One setting that changed. Values are as a rules file says them, passwords left out."""

    section: str
    object: str
    """Its name; empty for a section that is one object."""

    path: Path
    """Within the object; empty for the object itself."""

    before: Any
    """None where it was not there."""

    after: Any
    """None where it is no longer there."""

    place: int | None = None
    """What was added or removed: its place in the order, from 0."""

    reordered: bool = False
    """``before`` and ``after`` are the names that both have, in their order."""

    @property
    def full_path(self) -> Path:
        return full_path(self.section, self.object, self.path)


def full_path(section: str, name: str, path: Path = ()) -> Path:
    """Where in a rules file a setting stands."""
    return (section, *((name,) if name else ()), *path)


def called(path: Path) -> str:
    """A setting in a sentence, by its path: ``presence.status of user 1001``."""
    section, *inner = path
    if section not in NAMED_SECTIONS or not inner:
        return ".".join(path)
    name, *setting = inner
    thing = f"{section.removesuffix('s')} {name}"
    return f"{'.'.join(setting)} of {thing}" if setting else thing


# -- trees ------------------------------------------------------------------------------------
def form_of(section: str) -> Form:
    """What an object of this section may hold."""
    form = RULES.keys[section].form
    return form.form if section in NAMED_SECTIONS and isinstance(form, Named) else form


def tree(section: str, document: Any) -> Any:
    """The tree of an object, from the document that the store reads."""
    found = form_of(section).write(document)
    if section == "contacts":
        return _by_name(found, "name")
    for entries, key in _UNDER_NAMES.get(section, {}).items():
        found[entries] = _by_name(found.get(entries, []), key)
    if section == "users":
        for device, origin in _marks(document):
            found["follow_me"][device].setdefault(origin, {})["user_set"] = True
    return found


def written(section: str, found: Any) -> Any:
    """What a rules file says of an object, from its tree; marks are left out."""
    result = copy.deepcopy(found)
    if section == "contacts":
        return list(result.values())
    for entries in _UNDER_NAMES.get(section, {}):
        result[entries] = list(result.get(entries, {}).values())
    if section == "users":
        for rows in result.get("follow_me", {}).values():
            for origin in ORIGINS:
                rows.get(origin, {}).pop("user_set", None)
    return result


def mark(document: Document, found: Mapping[str, Any]) -> None:
    """Set in a user's document the marks that his tree has."""
    for device, rows in found.get("follow_me", {}).items():
        for origin in ORIGINS:
            if rows.get(origin, {}).get("user_set"):
                document["follow_me"][device][origin]["user_set"] = True


def _marks(document: Document) -> Iterator[tuple[str, str]]:
    for device, rows in document["follow_me"].items():
        for origin in ORIGINS:
            if rows[origin].get("user_set"):
                yield device, origin


def _by_name(entries: list[Any], key: str) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for entry in entries:
        name, number = entry[key], 1
        while name in named:  # contacts may share a name
            number += 1
            name = f"{entry[key]} ({number})"
        named[name] = entry
    return named


# -- differences ------------------------------------------------------------------------------
def edits(section: str, name: str, old: Any, new: Any, place: int | None = None) -> Iterator[Edit]:
    """What is different between two trees of one object; None where there is none.

    ``place`` is that of the one that is there alone.
    """
    for path, before, after, where, reordered in _compare(form_of(section), (), old, new, place):
        yield Edit(
            section,
            name,
            path,
            masked(before, path),
            masked(after, path),
            where,
            reordered,
        )


_Found = tuple[Path, Any, Any, int | None, bool]


def _compare(
    form: Form | None, path: Path, old: Any, new: Any, place: int | None
) -> Iterator[_Found]:
    if old is None and new is None:
        return
    if not path and (old is None or new is None):
        yield path, old, new, place, False
        return
    if isinstance(form, Named) or (isinstance(form, Record) and _is_soft(form)):
        # What is absent is there all the same, with nothing that is not usual.
        old, new = ({} if each is None else each for each in (old, new))
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield path, old, new, place, False
        return
    # What is gone, the last first, then the order, then the rest: read backwards, each place is
    # right when its turn comes.
    gone = [(place, name) for place, name in enumerate(old) if name not in new]
    for where, name in reversed(gone):
        yield from _of_entry(form, path, old, new, name, where)
    if isinstance(form, Named | Many):
        common = [name for name in old if name in new]
        if common != (order := [name for name in new if name in old]):
            yield path, common, order, None, True
    for where, name in enumerate(new):
        yield from _of_entry(form, path, old, new, name, where)


def _of_entry(
    form: Form | None, path: Path, old: dict[str, Any], new: dict[str, Any], name: str, where: int
) -> Iterator[_Found]:
    """``where`` is the entry's place where it is there alone."""
    inner, place = _form_within(form, name), None
    if isinstance(form, Named | Many) and not (name in old and name in new):
        place = where
        if isinstance(inner, Record) and _is_soft(inner):
            # That it stands there at all, apart from what it says.
            empty: tuple[Any, Any] = ({}, None) if name in old else (None, {})
            yield (*path, name), *empty, place, False
    yield from _compare(inner, (*path, name), old.get(name), new.get(name), place)


def _form_within(form: Form | None, name: str) -> Form | None:
    if isinstance(form, Maybe):
        form = form.form
    if isinstance(form, Record):
        return form.keys[name].form if name in form.keys else None
    return form.form if isinstance(form, Named | Many) else None


def _is_soft(form: Record) -> bool:
    return all(key.usual is not REQUIRED for key in form.keys.values())


# -- secrets ----------------------------------------------------------------------------------
def masked(value: Any, path: Path = ()) -> Any:
    """A value without the passwords in it; ``path`` is where it stands."""
    if isinstance(value, dict):
        return {name: masked(each, (*path, name)) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each, path) for each in value]
    return _SECRET if value is not None and _is_secret(path, value) else value


def secrets_in(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where a password was left out of a value that stands at ``path``."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from secrets_in(each, (*path, name))
    elif value == _SECRET and _is_secret(path, value):
        yield path


def _is_secret(path: Path, value: Any) -> bool:
    # Whoever has the address of a calendar can read it: that is a password too.
    name = path[-1] if path else ""
    if path[-2:] == ("calendar", "source"):
        return not str(value).startswith("file:")
    token = path[-2:-1] == ("push",) and "devices" in path  # whoever has it can wake the app
    return "password" in name or name == "pin" or token
