"""Executives as administrators, they themselves and their assistants change them.

``by`` is who does so; None is the administrator who runs this process. Values are given by the keys
of the rules file and checked by the same forms. Every change is one transaction and returns the
differences it made; it raises NotFound for a name that is not there, RulesFileError for a wrong
value, and NotPermitted.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound, NotPermitted, RulesFileError
from esl_router.model.actor import Actor
from esl_router.store import contacts, rights
from esl_router.store.changes import Changes, country_of, known_in_store, parts, put, read, user
from esl_router.store.database import write
from esl_router.store.difference import Change, compare_parts
from esl_router.store.document import read_executive, write_executive
from esl_router.store.rules import references
from esl_router.store.rules.forms import Place, near
from esl_router.store.rules.layout import EXECUTIVE, Document


def executives(
    db: sqlite_utils.Database, domain: str, *, by: Actor | None = None
) -> list[Document]:
    """Every executive with ``extension`` and his keys of the rules file, in the order of the file;
    for a user those who concern him."""
    rows = db.conn.execute(
        "SELECT extension FROM executives WHERE domain = ? ORDER BY position, extension", (domain,)
    )
    found = [{"extension": row[0], **_found(db, domain, row[0])} for row in rows.fetchall()]
    user = None if by is None else by.extension
    return [each for each in found if user is None or user in _inner(each["extension"], each)]


def executive(
    db: sqlite_utils.Database, domain: str, extension: str, *, by: Actor | None = None
) -> Document:
    """One executive, with every key that the rules file knows for him."""
    found = _found(db, domain, extension)
    user = None if by is None else by.extension
    if user is not None and user not in (inner := _inner(extension, found)):
        raise NotPermitted(
            f"user {user} may not see how the calls of {extension} are filtered: "
            f"{', '.join(inner)} and the administrator may"
        )
    return found


def add_executive(
    db: sqlite_utils.Database, domain: str, extension: str, settings: Mapping[str, Any]
) -> Changes:
    """Make a user an executive; ``settings`` as :func:`set_executive` takes them."""
    with write(db):
        user(db, domain, extension)
        path = f"executives.{extension}"
        if read_executive(db, domain, extension) is not None:
            raise RulesFileError([f"{path}: {extension} is an executive already"])
        place = Place(path, country_of(db, domain), [])
        return store_executive(
            db, domain, extension, None, read(EXECUTIVE, put({}, settings), place)
        )


def set_executive(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    settings: Mapping[str, Any],
    *,
    by: Actor | None = None,
) -> Changes:
    """Change an executive. Keys are those of the rules file, dotted for what lies deeper
    (``rollover.after``); None takes a key out of the file."""
    with write(db, by):
        old = _own(db, domain, extension, by, settings)
        return change(db, domain, extension, old, settings)


def remove_executive(db: sqlite_utils.Database, domain: str, extension: str) -> Changes:
    """Take the assistants from a user, with his criteria; he stays a user, and so do they."""
    with write(db):
        old = _found(db, domain, extension)
        key = (domain, extension)
        db.conn.execute("DELETE FROM executives WHERE domain = ? AND extension = ?", key)
        return (Change(f"executives.{extension}", before=EXECUTIVE.write(old)),)


# -- criteria ---------------------------------------------------------------------------------
def add_criterion(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    name: str,
    settings: Mapping[str, Any],
    *,
    by: Actor | None = None,
) -> Changes:
    """A new criterion, the last one; keys as :func:`set_criterion` takes them."""
    with write(db, by):
        old = _own(db, domain, extension, by, ("criteria",))
        new = put({"name": name}, settings)
        return change(db, domain, extension, old, {"criteria": [*old["criteria"], new]})


def set_criterion(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    name: str,
    settings: Mapping[str, Any],
    *,
    by: Actor | None = None,
) -> Changes:
    """Change a criterion. Keys are those of the rules file (``callers.numbers``, ``active``);
    None takes a key out of the file."""
    with write(db, by):
        old = _own(db, domain, extension, by, ("criteria",))
        criteria = copy.deepcopy(old["criteria"])
        put(_criterion(extension, {"criteria": criteria}, name), settings)
        return change(db, domain, extension, old, {"criteria": criteria})


def remove_criterion(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    name: str,
    *,
    by: Actor | None = None,
) -> Changes:
    """Remove a criterion."""
    with write(db, by):
        old = _own(db, domain, extension, by, ("criteria",))
        gone = _criterion(extension, old, name)
        criteria = [each for each in old["criteria"] if each is not gone]
        return change(db, domain, extension, old, {"criteria": criteria})


def _criterion(extension: str, found: Document, name: str) -> Document:
    for each in found["criteria"]:
        if each["name"] == name:
            criterion: Document = each
            return criterion
    known = [each["name"] for each in found["criteria"]]
    raise NotFound(f"executive {extension} has no criterion {name!r}{near(name, known)}")


# -- rights -----------------------------------------------------------------------------------
def _own(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    by: Actor | None,
    keys: Iterable[str],
) -> Document:
    """The executive, where ``by`` may change these of his keys."""
    found = _found(db, domain, extension)
    paths = (("executives", extension, *parts(key)) for key in keys)
    rights.require(db, domain, by, *paths)
    return found


def _inner(extension: str, found: Document) -> list[str]:
    return [extension, *(each["user"] for each in found["assistants"])]


# -- every change -----------------------------------------------------------------------------
def change(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    old: Document,
    settings: Mapping[str, Any],
) -> Changes:
    """Change an executive who is ``old``. Needs a write transaction; rights are not asked."""
    place = Place(f"executives.{extension}", country_of(db, domain), [])
    new = read(EXECUTIVE, put(EXECUTIVE.write(old), settings), place)
    _refuse_unknown_contacts(db, domain, place.path, old, new)
    return store_executive(db, domain, extension, old, new)


def _refuse_unknown_contacts(
    db: sqlite_utils.Database, domain: str, path: str, old: Document, new: Document
) -> None:
    """Whom a criterion names for the first time is a contact; a directory's may be gone later."""
    before = {each["callers"]["contact"] for each in old["criteria"]}
    problems = []
    for index, each in enumerate(new["criteria"]):
        name = each["callers"]["contact"]
        if name and name not in before and not contacts.exists(db, domain, name):
            hits = [each.name for each in contacts.search(db, domain, name, 1)]
            close = f", did you mean {hits[0]!r}?" if hits else ""
            where = f"{path}.criteria[{index}].callers.contact"
            problems.append(f"{where}: there is no contact {name!r}{close}")
    if problems:
        raise RulesFileError(problems)


def _found(db: sqlite_utils.Database, domain: str, extension: str) -> Document:
    found = read_executive(db, domain, extension)
    if found is None:
        rows = db.conn.execute("SELECT extension FROM executives WHERE domain = ?", (domain,))
        known = [row[0] for row in rows]
        raise NotFound(f"{extension!r} is no executive{near(extension, known)}")
    return found


def store_executive(
    db: sqlite_utils.Database, domain: str, extension: str, old: Document | None, new: Document
) -> Changes:
    path = f"executives.{extension}"
    known = known_in_store(db, domain)
    problems = list(references.check_executive(extension, new, known))
    if old is not None:
        # What went wrong meanwhile, by a new toll policy, keeps nobody from logging out.
        before = set(references.check_executive(extension, old, known))
        problems = [problem for problem in problems if problem not in before]
    if problems:
        raise RulesFileError(problems)
    if old != new:
        write_executive(db, domain, extension, new)
    if old is None:
        return (Change(path, after=EXECUTIVE.write(new)),)
    return tuple(compare_parts(path, EXECUTIVE.write(old), EXECUTIVE.write(new)))
