"""Teams as administrators change them, and members who log in and out.

Values are given by the keys of the rules file and checked by the same forms. Every change is one
transaction and returns the differences it made; it raises NotFound for a name that is not there,
RulesFileError for a wrong value, and NotPermitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlite_utils

from esl_router.engine.presence import effective
from esl_router.errors import NotFound, NotPermitted, RulesFileError
from esl_router.model.actor import Actor
from esl_router.store import rights
from esl_router.store.changes import (
    Changes,
    country_of,
    known_in_store,
    naming,
    numbers_taken,
    put,
    read,
)
from esl_router.store.database import write
from esl_router.store.difference import Change, compare_parts
from esl_router.store.document import read_team, write_team
from esl_router.store.reader import Reader
from esl_router.store.rules import references
from esl_router.store.rules.forms import Place, near
from esl_router.store.rules.layout import TEAM, Document
from esl_router.store.rules.values import extension as valid_extension


def teams(db: sqlite_utils.Database, domain: str) -> list[Document]:
    """Every team with ``extension`` and its keys of the rules file, in the order of the file."""
    rows = db.conn.execute(
        "SELECT extension FROM teams WHERE domain = ? ORDER BY position, extension", (domain,)
    )
    return [{"extension": row[0], **team(db, domain, row[0])} for row in rows.fetchall()]


def team(db: sqlite_utils.Database, domain: str, extension: str) -> Document:
    """One team, with every key that the rules file knows for it."""
    found = read_team(db, domain, extension)
    if found is None:
        known = known_in_store(db, domain).teams
        raise NotFound(f"there is no team {extension!r}{near(extension, known)}")
    return found


def add_team(
    db: sqlite_utils.Database, domain: str, extension: str, settings: Mapping[str, Any]
) -> Changes:
    """A new team, at the end of the file; ``settings`` as :func:`set_team` takes them."""
    with write(db):
        taken = db.conn.execute(
            "SELECT kind FROM extensions WHERE domain = ? AND extension = ?", (domain, extension)
        ).fetchone()
        if taken is not None:
            raise RulesFileError([f"teams.{extension}: there is a {taken[0]} {extension} already"])
        place = Place(f"teams.{extension}", country_of(db, domain), [])
        try:
            valid_extension(extension, "")
        except ValueError as error:
            place.report(error)
        return store_team(db, domain, extension, None, read(TEAM, put({}, settings), place))


def set_team(
    db: sqlite_utils.Database, domain: str, extension: str, settings: Mapping[str, Any]
) -> Changes:
    """Change a team. Keys are those of the rules file, dotted for what lies deeper
    (``overflow.nobody``); None takes a key out of the file."""
    with write(db):
        return _change(db, domain, extension, settings)


def remove_team(db: sqlite_utils.Database, domain: str, extension: str) -> Changes:
    """Remove a team; its members stay users.

    Refused (RulesFileError) while a forward or another team's overflow still names it.
    """
    with write(db):
        old = team(db, domain, extension)
        own = f"teams.{extension}."
        if named := [
            f"{path} still names {extension}: change that first"
            for path in naming(db, domain, extension)
            if not path.startswith(own)
        ]:
            raise RulesFileError(named)
        key = (domain, extension)
        db.conn.execute("DELETE FROM extensions WHERE domain = ? AND extension = ?", key)
        db.conn.execute("DELETE FROM team_turns WHERE domain = ? AND team = ?", key)
        return (Change(f"teams.{extension}", before=TEAM.write(old)),)


# -- members ----------------------------------------------------------------------------------
def add_member(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    member: str,
    *,
    delay: int = 0,
    place: int | None = None,
) -> Changes:
    """A new member, logged in: the last one, or at ``place`` (1 is the first)."""
    with write(db):
        people = _members(db, domain, extension)
        if any(each["user"] == member for each in people):
            raise RulesFileError(
                [f"teams.{extension}.members: {member} is a member of {extension} already"]
            )
        people.insert(_index(extension, place, len(people) + 1), {"user": member, "delay": delay})
        return _change(db, domain, extension, {"members": people})


def set_member(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    member: str,
    *,
    delay: int | None = None,
    place: int | None = None,
) -> Changes:
    """Change a member's delay, or his place in the order (1 is the first); None leaves it."""
    with write(db):
        people = _members(db, domain, extension)
        found = _member(extension, people, member)
        if delay is not None:
            found["delay"] = delay
        if place is not None:
            people.remove(found)
            people.insert(_index(extension, place, len(people) + 1), found)
        return _change(db, domain, extension, {"members": people})


def remove_member(db: sqlite_utils.Database, domain: str, extension: str, member: str) -> Changes:
    """Take a member out of a team."""
    with write(db):
        people = _members(db, domain, extension)
        people.remove(_member(extension, people, member))
        return _change(db, domain, extension, {"members": people})


def log(
    db: sqlite_utils.Database,
    domain: str,
    member: str,
    extension: str,
    logged_in: bool,
    *,
    now: datetime | None = None,
    by: Actor | None = None,
) -> Changes:
    """Log a member in, or out. ``by`` is who does so; None is the administrator.

    ``now`` (aware): raises NotPermitted where his status of that instant says the opposite, and
    nothing would come of it (C6); None: nobody asks his status.
    """
    with write(db, by):
        path = ("teams", extension, "members", member, "logged_in")
        rights.require(db, domain, by, path)
        people = _members(db, domain, extension)
        found = _member(extension, people, member)
        if now is not None:
            _heed_status(db, domain, member, extension, logged_in, now)
        found["logged_in"] = logged_in
        return _change(db, domain, extension, {"members": people})


def _heed_status(
    db: sqlite_utils.Database,
    domain: str,
    member: str,
    extension: str,
    logged_in: bool,
    now: datetime,
) -> None:
    presence = Reader(db.conn).presence(domain, member)
    status = effective(presence, now).status
    if presence.profile(status).queue_login is (not logged_in):
        here, there = ("out of", "in to") if logged_in else ("in to", "out of")
        raise NotPermitted(
            f"{member} cannot be logged {there} team {extension}: his status {status.value} logs "
            f"him {here} every team (queue_login of its profile); set another status first"
        )


def _members(db: sqlite_utils.Database, domain: str, extension: str) -> list[Document]:
    people: list[Document] = team(db, domain, extension)["members"]
    return people


def _member(extension: str, people: list[Document], member: str) -> Document:
    for each in people:
        if each["user"] == member:
            return each
    known = [each["user"] for each in people]
    raise NotFound(f"{member!r} is no member of team {extension}{near(member, known)}")


def _index(extension: str, place: int | None, most: int) -> int:
    if place is None:
        return most - 1
    if not 1 <= place <= most:
        raise RulesFileError([f"teams.{extension}.members: a place is 1 to {most}, not {place}"])
    return place - 1


def _change(
    db: sqlite_utils.Database, domain: str, extension: str, settings: Mapping[str, Any]
) -> Changes:
    old = team(db, domain, extension)
    place = Place(f"teams.{extension}", country_of(db, domain), [])
    return store_team(db, domain, extension, old, read(TEAM, put(TEAM.write(old), settings), place))


def store_team(
    db: sqlite_utils.Database, domain: str, extension: str, old: Document | None, new: Document
) -> Changes:
    path = f"teams.{extension}"
    problems = [
        *references.check_team(extension, new, known_in_store(db, domain)),
        *numbers_taken(db, domain, extension, path, new["numbers"]),
    ]
    if problems:
        raise RulesFileError(problems)
    if old != new:
        write_team(db, domain, extension, new)
    if old is None:
        return (Change(path, after=TEAM.write(new)),)
    return tuple(compare_parts(path, TEAM.write(old), TEAM.write(new)))
