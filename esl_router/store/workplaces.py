"""Workplaces as administrators change them, and users who log in there and out.

A place has at most one user, and a user at most one place: the last login wins. Values are given
by the keys of the rules file and checked by the same forms. Every change is one transaction and
returns the differences it made; it raises NotFound for a name that is not there, RulesFileError
for a wrong value, and NotPermitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound, RulesFileError
from esl_router.model.actor import Actor
from esl_router.store import rights
from esl_router.store.changes import Changes, change_workplace, user
from esl_router.store.database import write
from esl_router.store.difference import Change
from esl_router.store.document import read_workplace
from esl_router.store.rules.forms import near
from esl_router.store.rules.layout import WORKPLACE, Document
from esl_router.store.rules.values import place_name


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody has logged in at a workplace, or out."""

    changes: Changes
    place: str | None
    """Where he is now; None: nowhere."""

    left: str | None = None
    """The place where he was before; None: nowhere, or the same."""

    logged_out: str | None = None
    """The extension of who was there before; None: nobody, or himself."""


def workplaces(db: sqlite_utils.Database, domain: str) -> list[Document]:
    """Every workplace with ``name``, ``user`` (who is logged in there, or None) and its keys of
    the rules file, in the order of the file. Passwords are in clear."""
    rows = db.conn.execute(
        """
        SELECT workplaces.name, workplace_logins.extension FROM workplaces
        LEFT JOIN workplace_logins ON workplace_logins.domain = workplaces.domain
            AND workplace_logins.workplace = workplaces.name
        WHERE workplaces.domain = ? ORDER BY workplaces.position, workplaces.name
        """,
        (domain,),
    ).fetchall()
    return [
        {"name": name, "user": extension, **(read_workplace(db, domain, name) or {})}
        for name, extension in rows
    ]


def workplace(db: sqlite_utils.Database, domain: str, name: str) -> Document:
    """One workplace as :func:`workplaces` lists it."""
    _known(db, domain, name)
    return next(each for each in workplaces(db, domain) if each["name"] == name)


def by_number(db: sqlite_utils.Database, domain: str, number: str) -> str | None:
    """The name of the workplace that has this number; None where none has."""
    row = db.conn.execute(
        "SELECT name FROM workplaces WHERE domain = ? AND number = ?", (domain, number)
    ).fetchone()
    return None if row is None else str(row[0])


def of_device(db: sqlite_utils.Database, domain: str, device: str) -> str | None:
    """The name of the workplace to which a device belongs; None: it belongs to a user, or is not
    there."""
    row = db.conn.execute(
        "SELECT workplace FROM devices WHERE domain = ? AND name = ?", (domain, device)
    ).fetchone()
    return None if row is None else row[0]


# -- the places -------------------------------------------------------------------------------
def add_workplace(
    db: sqlite_utils.Database, domain: str, name: str, settings: Mapping[str, Any]
) -> Changes:
    """A new workplace, at the end of the file; ``settings`` as :func:`set_workplace` takes them."""
    with write(db):
        try:
            place_name(name, "")
        except ValueError as error:
            raise RulesFileError([f"workplaces.{name}: {error}"]) from None
        if name in _names(db, domain):
            raise RulesFileError([f"workplaces.{name}: there is a workplace {name!r} already"])
        return change_workplace(db, domain, name, None, settings)


def set_workplace(
    db: sqlite_utils.Database, domain: str, name: str, settings: Mapping[str, Any]
) -> Changes:
    """Change a workplace. Keys are those of the rules file, dotted for what lies deeper
    (``follow_me.desk-reception.external.delay``); None takes a key out of the file."""
    with write(db):
        _known(db, domain, name)
        return change_workplace(db, domain, name, read_workplace(db, domain, name), settings)


def remove_workplace(db: sqlite_utils.Database, domain: str, name: str) -> Changes:
    """Remove a workplace with its devices; who is logged in there is logged out."""
    with write(db):
        _known(db, domain, name)
        old, there = read_workplace(db, domain, name), _user_at(db, domain, name)
        db.conn.execute("DELETE FROM workplaces WHERE domain = ? AND name = ?", (domain, name))
        gone = [] if there is None else [Change(f"users.{there}.workplace", before=name)]
        return (Change(f"workplaces.{name}", before=WORKPLACE.write(old)), *gone)


# -- who is where -----------------------------------------------------------------------------
def log_in(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    name: str,
    *,
    by: Actor | None = None,
) -> Login:
    """Log a user in at a workplace: he leaves the one where he was, and whoever is there leaves it.

    Do not disturb of the place's phones ends with a new user: the last one had switched it on.
    ``by`` is who does so; None is the administrator.
    """
    with write(db, by):
        rights.require(db, domain, by, ("users", extension, "workplace"))
        left = user(db, domain, extension)["workplace"]
        _known(db, domain, name)
        if left == name:
            return Login((), name)
        there = _user_at(db, domain, name)
        changes = [Change(f"users.{extension}.workplace", left, name)]
        if there is not None:
            changes.insert(0, Change(f"users.{there}.workplace", before=name))
        db.conn.execute(
            "DELETE FROM workplace_logins WHERE domain = ? AND (workplace = ? OR extension = ?)",
            (domain, name, extension),
        )
        db.conn.execute(
            "INSERT INTO workplace_logins (domain, workplace, extension) VALUES (?, ?, ?)",
            (domain, name, extension),
        )
        changes += _undisturbed(db, domain, name)
        return Login(tuple(changes), name, left, there)


def log_out(db: sqlite_utils.Database, domain: str, who: str, *, by: Actor | None = None) -> Login:
    """Log a user out of the workplace where he is; ``who`` is his extension, or the place.

    Somebody's extension is meant where it is the name of a place too. Nothing changes where nobody
    is logged in. ``by`` is who does so; None is the administrator.
    """
    with write(db, by):
        if who in _names(db, domain) and not _is_user(db, domain, who):
            extension = _user_at(db, domain, who)
            if extension is None:
                return Login((), None)
        else:
            extension = who
        rights.require(db, domain, by, ("users", extension, "workplace"))
        left = user(db, domain, extension)["workplace"]
        if left is None:
            return Login((), None)
        db.conn.execute(
            "DELETE FROM workplace_logins WHERE domain = ? AND extension = ?", (domain, extension)
        )
        return Login((Change(f"users.{extension}.workplace", before=left),), None, left)


def _undisturbed(db: sqlite_utils.Database, domain: str, name: str) -> list[Change]:
    """Switch do not disturb of the place's phones off."""
    rows = db.conn.execute(
        "SELECT name FROM devices WHERE domain = ? AND workplace = ? AND dnd ORDER BY position",
        (domain, name),
    ).fetchall()
    db.conn.execute(
        "UPDATE devices SET dnd = 0 WHERE domain = ? AND workplace = ? AND dnd", (domain, name)
    )
    return [Change(f"workplaces.{name}.devices.{row[0]}.dnd", before=True) for row in rows]


def _user_at(db: sqlite_utils.Database, domain: str, name: str) -> str | None:
    row = db.conn.execute(
        "SELECT extension FROM workplace_logins WHERE domain = ? AND workplace = ?", (domain, name)
    ).fetchone()
    return None if row is None else str(row[0])


def _is_user(db: sqlite_utils.Database, domain: str, extension: str) -> bool:
    query = "SELECT 1 FROM users WHERE domain = ? AND extension = ?"
    return db.conn.execute(query, (domain, extension)).fetchone() is not None


def _names(db: sqlite_utils.Database, domain: str) -> list[str]:
    query = "SELECT name FROM workplaces WHERE domain = ? ORDER BY position"
    return [row[0] for row in db.conn.execute(query, (domain,))]


def _known(db: sqlite_utils.Database, domain: str, name: str) -> None:
    if name not in (names := _names(db, domain)):
        raise NotFound(f"there is no workplace {name!r}{near(name, names)}")
