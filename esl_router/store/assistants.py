"""The assistants of an executive: who they are, who is logged in, who diverts.

The list is the administrator's; how long each rings is everybody's in the pool. An assistant logs
himself in and out where ``allow_opt_out`` permits it, and diverts his part himself. What is raised
is as for executives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound, RulesFileError
from esl_router.model.actor import Actor
from esl_router.store import rights
from esl_router.store.changes import Changes, country_of, user
from esl_router.store.database import write
from esl_router.store.executive_admin import change, executive
from esl_router.store.rules.forms import near
from esl_router.store.rules.layout import Document
from esl_router.store.rules.values import divert as valid_divert
from esl_router.store.rules.values import optional


@dataclass(frozen=True, slots=True)
class Part:
    """A user's part as an assistant of one executive."""

    assistant: str
    executive: str
    name: str
    """The executive's."""

    place: int
    """In the order in which the assistants ring; 1 is the first."""

    opted_in: bool
    """As he has set it."""

    may_opt_out: bool
    divert: str | None
    enabled: bool
    """Whether the executive's calls are filtered at all."""

    @property
    def takes_part(self) -> bool:
        """Whether he is rung: where nobody may opt out, everybody counts as in (H9)."""
        return self.opted_in or not self.may_opt_out

    @property
    def diverts(self) -> bool:
        """Whether somebody else is rung in his place (J10)."""
        return self.divert is not None and self.takes_part


def parts(
    db: sqlite_utils.Database,
    domain: str,
    assistant: str | None = None,
    *,
    by: Actor | None = None,
) -> tuple[Part, ...]:
    """The parts of one assistant, or of all of them, by assistant; for a user those in the pools
    that concern him."""
    if assistant is not None:
        user(db, domain, assistant)
    rows = db.conn.execute(
        """
        SELECT assistants.extension, executive, users.name,
               (SELECT count(*) FROM assistants AS before
                WHERE before.domain = assistants.domain
                AND before.executive = assistants.executive
                AND before.position <= assistants.position),
               opted_in, allow_opt_out, divert, enabled
        FROM assistants
        JOIN executives ON executives.domain = assistants.domain
            AND executives.extension = assistants.executive
        JOIN users ON users.domain = assistants.domain AND users.extension = assistants.executive
        WHERE assistants.domain = :domain
            AND (:assistant IS NULL OR assistants.extension = :assistant)
            AND (:user IS NULL OR :user = executive OR EXISTS (
                SELECT 1 FROM assistants AS own WHERE own.domain = assistants.domain
                AND own.executive = assistants.executive AND own.extension = :user))
        ORDER BY assistants.extension, executives.position, executive
        """,
        {"domain": domain, "assistant": assistant, "user": None if by is None else by.extension},
    )
    return tuple(
        Part(who, whose, name, place, bool(opted_in), bool(may), divert, bool(enabled))
        for who, whose, name, place, opted_in, may, divert, enabled in rows
    )


def part(
    db: sqlite_utils.Database,
    domain: str,
    assistant: str,
    extension: str,
    *,
    by: Actor | None = None,
) -> Part:
    """One part; raises NotFound where there is none."""
    _assistant(extension, executive(db, domain, extension, by=by), assistant)
    return next(each for each in parts(db, domain, assistant) if each.executive == extension)


# -- the list, for administrators -------------------------------------------------------------
def add_assistant(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    assistant: str,
    *,
    place: int | None = None,
    rings: int | None = None,
) -> Changes:
    """A new assistant, logged in: the last one, or at ``place`` (1 is the first); ``rings`` until
    the next one's turn, None: as the executive has it."""
    with write(db):
        old = executive(db, domain, extension)
        people = list(old["assistants"])
        if any(each["user"] == assistant for each in people):
            raise RulesFileError(
                [
                    f"executives.{extension}.assistants: {assistant} is an assistant of "
                    f"{extension} already"
                ]
            )
        new = {"user": assistant, "rings": rings}
        people.insert(_index(extension, place, len(people) + 1), new)
        return change(db, domain, extension, old, {"assistants": people})


def set_assistant(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    assistant: str,
    settings: Mapping[str, Any],
    *,
    place: int | None = None,
    by: Actor | None = None,
) -> Changes:
    """Change what the rules file has of an assistant (``rings``; None takes a key out of it), or
    put him at another ``place`` in the order (1 is the first)."""
    with write(db, by):
        old = executive(db, domain, extension)
        pool = ("executives", extension, "assistants")
        paths = [(*pool, assistant, key) for key in settings]
        rights.require(db, domain, by, *paths, *([pool] if place is not None else []))
        found = _assistant(extension, old, assistant)
        people = [each for each in old["assistants"] if each is not found]
        where = old["assistants"].index(found)
        if place is not None:
            where = _index(extension, place, len(people) + 1)
        people.insert(where, {**found, **settings})
        return change(db, domain, extension, old, {"assistants": people})


def remove_assistant(
    db: sqlite_utils.Database, domain: str, extension: str, assistant: str
) -> Changes:
    """Take an assistant off the list; he stays a user."""
    with write(db):
        old = executive(db, domain, extension)
        gone = _assistant(extension, old, assistant)
        people = [each for each in old["assistants"] if each is not gone]
        return change(db, domain, extension, old, {"assistants": people})


# -- what they switch themselves --------------------------------------------------------------
def log(
    db: sqlite_utils.Database,
    domain: str,
    assistant: str,
    extension: str,
    logged_in: bool,
    *,
    by: Actor | None = None,
) -> Changes:
    """Log an assistant in, or out. He may do so himself where ``allow_opt_out`` is true."""
    with write(db, by):
        old = _own(db, domain, assistant, extension, by, "opted_in")
        return _set(db, domain, assistant, extension, old, {"opted_in": logged_in})


def divert(
    db: sqlite_utils.Database,
    domain: str,
    assistant: str,
    extension: str,
    target: str | None,
    *,
    by: Actor | None = None,
) -> Changes:
    """Let somebody else take an assistant's part: an extension, or a number; None: nobody.

    A colleague's direct number becomes his extension. Refused as in a rules file: a number that
    the toll policy forbids, the executive, the assistant himself.
    """
    with write(db, by):
        old = _own(db, domain, assistant, extension, by, "divert")
        country = country_of(db, domain)
        try:
            found = optional(valid_divert)(target, country)
        except ValueError as error:
            raise RulesFileError([f"divert: {error}"]) from None
        row = db.conn.execute(
            "SELECT extension FROM numbers WHERE domain = ? AND number = ?", (domain, found)
        ).fetchone()
        found = found if row is None else row[0]
        return _set(db, domain, assistant, extension, old, {"divert": found})


def _own(
    db: sqlite_utils.Database,
    domain: str,
    assistant: str,
    extension: str,
    by: Actor | None,
    key: str,
) -> Document:
    """The executive, where ``by`` may change this of the assistant."""
    old = executive(db, domain, extension)
    path = ("executives", extension, "assistants", assistant, key)
    rights.require(db, domain, by, path)
    _assistant(extension, old, assistant)
    return old


def _set(
    db: sqlite_utils.Database,
    domain: str,
    assistant: str,
    extension: str,
    old: Document,
    state: Document,
) -> Changes:
    people = [
        {**each, **state} if each["user"] == assistant else each for each in old["assistants"]
    ]
    return change(db, domain, extension, old, {"assistants": people})


def _assistant(extension: str, found: Document, assistant: str) -> Document:
    for each in found["assistants"]:
        if each["user"] == assistant:
            person: Document = each
            return person
    known = [each["user"] for each in found["assistants"]]
    raise NotFound(f"{assistant!r} is no assistant of {extension}{near(assistant, known)}")


def _index(extension: str, place: int | None, most: int) -> int:
    if place is None:
        return most - 1
    if not 1 <= place <= most:
        raise RulesFileError(
            [f"executives.{extension}.assistants: a place is 1 to {most}, not {place}"]
        )
    return place - 1
