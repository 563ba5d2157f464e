"""Taking back one entry of the history.

Only where everything that it changed still is as it left it: a setting that somebody changed again
is his now. Nothing is written past the checks: the rules must be right without the change too, and
it must be that of who asks. The undo is an entry of its own, which can be taken back in turn.
"""

from __future__ import annotations

import copy
import json
import secrets
from typing import Any

import sqlite_utils

from esl_router.errors import ChangedSince, NotFound, RulesFileError
from esl_router.model.actor import Actor, Kind
from esl_router.store import rights
from esl_router.store.changes import country_of, store_user
from esl_router.store.database import write
from esl_router.store.document import read_executive, read_rules, read_team, read_user, write_rules
from esl_router.store.executive_admin import store_executive
from esl_router.store.history import Entry, entries, entry
from esl_router.store.objects import (
    NAMED_SECTIONS,
    Edit,
    form_of,
    full_path,
    mark,
    masked,
    secrets_in,
    written,
)
from esl_router.store.recording import UNREADABLE, administrator, tree_of
from esl_router.store.rules import references
from esl_router.store.rules.forms import Place
from esl_router.store.rules_import import refuse_foreign
from esl_router.store.team_admin import store_team

Object = tuple[str, str]
"""(section, name)."""


def undo(
    db: sqlite_utils.Database, domain: str, number: int | None = None, by: Actor | None = None
) -> tuple[Entry, tuple[str, ...]]:
    """Take back an entry; None: the last one that ``by`` made and that still stands.

    Returns the entry that this makes, and the accounts that have another password since, because
    the one they had is not kept. Raises NotFound, NotPermitted; ChangedSince when something is not
    as the entry left it, or cannot be brought back; RulesFileError when the rules would be wrong
    without it. Nothing is changed then.
    """
    actor = by or administrator()
    if number is None:
        number = _last_of(db, domain, actor)
    with write(db, actor, undoes=number):
        found = entry(db, number)
        if found.domain != domain:
            raise NotFound(f"entry {number} is of the domain {found.domain}, not of {domain}")
        rights.check(db, domain, actor, found.edits)
        if (by_entry := _taken_back(db, found)) is not None:
            raise ChangedSince(f"entry {number} was taken back already, by entry {by_entry}")
        renewed = _take_back(db, found)
    row = db.conn.execute("SELECT max(id) FROM history WHERE undoes = ?", (number,)).fetchone()
    return entry(db, row[0]), renewed


def _last_of(db: sqlite_utils.Database, domain: str, by: Actor) -> int:
    rows = db.conn.execute(
        "SELECT id FROM history WHERE domain = ? AND kind = ? AND name = ? AND undoes IS NULL"
        " ORDER BY id DESC",
        (domain, by.kind.value, by.name),
    )
    for (number,) in rows.fetchall():
        if _taken_back(db, entry(db, number)) is None:
            return int(number)
    who = f"user {by.name}" if by.kind is Kind.USER else f"{by.kind.value} {by.name}"
    raise NotFound(f"there is nothing to take back that {who} has changed: name an entry")


def _taken_back(db: sqlite_utils.Database, found: Entry) -> int | None:
    """The entry that takes this one back and was not taken back itself."""
    if found.undone_by is None:
        return None
    return None if _taken_back(db, entry(db, found.undone_by)) is not None else found.undone_by


def _take_back(db: sqlite_utils.Database, found: Entry) -> tuple[str, ...]:
    _refuse_what_is_not_kept(found)
    trees: dict[Object, Any] = {}
    for edit in found.edits:
        key = (edit.section, edit.object)
        if key not in trees and not _is_order(edit):
            trees[key] = tree_of(db, found.domain, *key)
            if trees[key] == UNREADABLE:
                name = ".".join(full_path(*key))
                raise ChangedSince(f"entry {found.number}: {name} makes no sense as it is now")
    edits = [edit for edit in found.edits if not _is_order(edit)]
    problems = []
    for edit in edits:
        now = _different(edit, trees[edit.section, edit.object])
        if now is not _AS_LEFT or _secrets_since(db, found, edit):
            problems.append(_problem(db, found, edit, now))
    if problems:
        raise ChangedSince("\n".join(problems))
    renewed: list[str] = []
    for edit in reversed(edits):
        key = (edit.section, edit.object)
        trees[key] = _without(edit, trees[key], renewed)
    _store(db, found, trees)
    return tuple(renewed)


# -- what still stands ------------------------------------------------------------------------
_AS_LEFT = object()


def _different(edit: Edit, root: Any) -> Any:
    """What a setting is now, if it is not as the entry left it."""
    now = root
    for name in edit.path:
        now = now.get(name) if isinstance(now, dict) else None
    if edit.reordered:
        names = list(now or ())
        after = [name for name in edit.after if name in names]
        return _AS_LEFT if [name for name in names if name in after] == after else names
    now = masked(now, edit.path)
    if edit.path and edit.after == {}:
        return _AS_LEFT  # what somebody said there since stays
    if edit.path and edit.before == {}:
        return _AS_LEFT if now is None else now
    return _AS_LEFT if _same(now, edit.after) else now


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one) == json.dumps(other)


def _secrets_since(db: sqlite_utils.Database, found: Entry, edit: Edit) -> bool:
    """Whether somebody changed a setting since in which a password is, which shows nowhere else."""
    if not any(secrets_in(edit.after, edit.path)):
        return False
    last = entries(db, 1, domain=found.domain, path=edit.full_path)
    return bool(last) and last[0].number > found.number


def _problem(db: sqlite_utils.Database, found: Entry, edit: Edit, now: Any) -> str:
    path = ".".join(edit.full_path)
    since = entries(db, 1, domain=found.domain, path=edit.full_path)
    by = f" (entry {since[0].number})" if since and since[0].number > found.number else ""
    if now is _AS_LEFT or isinstance(now, dict | list) or isinstance(edit.after, dict | list):
        return f"entry {found.number}: {path} has changed since{by}"
    left, is_now = ("not there" if value is None else value for value in (edit.after, now))
    return f"entry {found.number}: {path} has changed since{by}: it was {left}, and is {is_now} now"


def _refuse_what_is_not_kept(found: Entry) -> None:
    for edit in found.edits:
        path = ".".join(edit.full_path)
        if edit.section == "domain":
            raise ChangedSince(
                f"entry {found.number} is the whole domain {found.domain}: that is not taken back"
            )
        if UNREADABLE in (edit.before, edit.after):
            raise ChangedSince(f"entry {found.number}: {path} made no sense, and is not kept")
        for secret in secrets_in(edit.before, edit.path):
            if secret[-1] != "password" or (edit.path == secret and edit.after is not None):
                name = ".".join(full_path(edit.section, edit.object, secret))
                raise ChangedSince(
                    f"entry {found.number}: what {name} was is not kept, because it is secret"
                )


# -- how it was -------------------------------------------------------------------------------
def _without(edit: Edit, root: Any, renewed: list[str]) -> Any:
    """The tree of an object without a change."""
    if edit.reordered:
        inner = root
        for name in edit.path:
            inner = inner.setdefault(name, {})
        _order(inner, [name for name in edit.before if name in inner])
        return root
    if not edit.path:
        return _restored(edit, renewed)
    *outer, last = edit.path
    inner = root
    for name in outer:
        inner = inner.setdefault(name, {})
    if edit.before is None:
        if edit.after != {} or _is_bare(inner.get(last)):
            inner.pop(last, None)
    elif edit.place is not None:
        value = inner.pop(last, {}) if edit.before == {} else _restored(edit, renewed)
        _put_at(inner, edit.place, last, value)
    else:
        inner[last] = _restored(edit, renewed)
    return root


def _put_at(container: dict[str, Any], place: int, name: str, value: Any) -> None:
    items = list(container.items())
    items.insert(place, (name, value))
    container.clear()
    container.update(items)


def _order(container: dict[str, Any], names: list[str]) -> None:
    """Put those names in that order, where they stand among the others."""
    places = iter(names)
    taken = set(names)
    items = dict(container)
    order = [next(places) if name in taken else name for name in items]
    container.clear()
    container.update((name, items[name]) for name in order)


def _restored(edit: Edit, renewed: list[str]) -> Any:
    """The value as it was, with another password for each that is not kept."""
    value = {"": copy.deepcopy(edit.before)}
    for secret in secrets_in(edit.before, edit.path):
        inner: Any = value
        for name in ("", *secret[len(edit.path) : -1]):
            inner = inner[name]
        password = secrets.token_urlsafe(15)
        if secret == edit.path:
            value[""] = password
        else:
            inner[secret[-1]] = password
        renewed.append(secret[-2])
    return value[""]


def _is_bare(value: Any) -> bool:
    """Whether nothing is said there, however deep."""
    return isinstance(value, dict) and all(_is_bare(each) for each in value.values())


def _is_order(edit: Edit) -> bool:
    """Whether it is the order of the objects of a section."""
    return edit.reordered and edit.full_path == (edit.section,) and edit.section in NAMED_SECTIONS


# -- writing it -------------------------------------------------------------------------------
_READERS = {"users": read_user, "teams": read_team, "executives": read_executive}
_WRITERS = {"users": store_user, "teams": store_team, "executives": store_executive}


def _store(db: sqlite_utils.Database, found: Entry, trees: dict[Object, Any]) -> None:
    orders = [edit for edit in found.edits if _is_order(edit)]
    country = country_of(db, found.domain)
    if "settings" in (section for section, _ in trees):
        country = trees["settings", ""].get("country", country)
    documents = {key: _document(key, each, country) for key, each in trees.items()}
    if len(documents) == 1 and not orders:
        [((section, name), document)] = documents.items()
        if section in _WRITERS and document is not None:
            old = _READERS[section](db, found.domain, name)
            if old is not None:
                _WRITERS[section](db, found.domain, name, old, document)
                return
    _store_all(db, found, documents, orders)


def _document(key: Object, found: Any, country: str) -> Any:
    section, name = key
    if found is None:
        return None
    place = Place(".".join(full_path(section, name)), country, [])
    try:
        document = form_of(section).read(written(section, found), place)
    except ValueError as error:
        place.report(error)
    if place.problems:
        raise RulesFileError(place.problems)
    if section == "users":
        mark(document, found)
    return document


def _store_all(
    db: sqlite_utils.Database, found: Entry, documents: dict[Object, Any], orders: list[Edit]
) -> None:
    """More than one object, or one that comes or goes: the domain as a whole."""
    rules = read_rules(db, found.domain)
    assert rules is not None
    before = set(references.check(rules))
    for (section, name), document in documents.items():
        if section not in NAMED_SECTIONS:
            rules[section] = document
        elif document is None:
            rules[section].pop(name, None)
        elif name in rules[section]:
            rules[section][name] = document
    for edit in orders:
        names = [name for name in edit.before if name in rules[edit.section]]
        if [name for name in rules[edit.section] if name in set(names)] != [
            name for name in edit.after if name in rules[edit.section]
        ]:
            raise ChangedSince(
                f"entry {found.number}: the order of {edit.section} has changed since"
            )
        _order(rules[edit.section], names)
    came = [edit for edit in found.edits if not edit.path and edit.after is None]
    for edit in sorted(came, key=lambda edit: edit.place or 0):
        document = documents[edit.section, edit.object]
        _put_at(rules[edit.section], edit.place or 0, edit.object, document)
    if problems := [each for each in references.check(rules) if each not in before]:
        raise RulesFileError(problems)
    refuse_foreign(db, rules)
    write_rules(db, rules)
