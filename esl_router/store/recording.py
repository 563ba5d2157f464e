"""What a write transaction changes of the rules, found out by looking.

No writer says what he changes, so none can forget to. Temporary triggers on the tables of the
rules note which objects a transaction touches, whatever statement does it; before it commits, each
of them is read twice, as this connection sees it and as the last commit left it (which stays the
same meanwhile: nobody else can write), and what is different becomes the entry in the history. The
same differences are what the rights of an acting user are asked for.
"""

from __future__ import annotations

import getpass
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import sqlite_utils

from esl_router.model.actor import Actor, Source
from esl_router.store.document import (
    read_executive,
    read_section,
    read_team,
    read_user,
)
from esl_router.store.objects import NAMED_SECTIONS, SECTIONS, Edit, edits, masked, tree

Touched = set[tuple[str, str, str | None]]
"""(domain, section, object's name)."""

_DOMAIN = "domain"
"""Touched as a whole: each of its objects may be another one."""

_ONE_OF_BOTH = {"extensions": ("users", "teams"), "devices": ("users", "workplaces")}

RECORDED: Mapping[str, tuple[tuple[str, str | None], ...]] = {
    "domains": (),
    "status_names": (("statuses", None),),
    "schedules": (("schedules", "name"),),
    "schedule_hours": (("schedules", "schedule"),),
    "schedule_closed": (("schedules", "schedule"),),
    "contacts": (("contacts", None),),
    "contact_numbers": (("contacts", None),),
    "extensions": (("extensions", "extension"),),
    "numbers": (("extensions", "extension"),),
    "users": (("users", "extension"),),
    "workplaces": (("workplaces", "name"),),
    "workplace_logins": (("users", "extension"),),
    "devices": (("users", "extension"), ("workplaces", "workplace")),
    "follow_me": (("devices", "device"),),
    "presence": (("users", "extension"),),
    "profiles": (("users", "extension"),),
    "forwards": (("users", "extension"),),
    "call_forwards": (("users", "extension"),),
    "callers": (("users", "extension"),),
    "calendars": (("users", "extension"),),
    "messengers": (("users", "extension"),),
    "teams": (("teams", "extension"),),
    "team_members": (("teams", "team"),),
    "executives": (("executives", "extension"),),
    "criteria": (("executives", "executive"),),
    "assistants": (("executives", "executive"),),
}
"""The tables of the rules: which objects a row of each is part of, by section and column."""

STATE = frozenset(
    {
        "team_turns",
        "calendar_feeds",
        "messenger_feed",
        "wrong_pins",
        "secrets",
        "subscriptions",
        "journal_calls",
        "journal_attempts",
        "journal_legs",
        "notices",
        "history",
        "history_changes",
        "contact_words",
        "contact_sources",
    }
)
"""The tables of what the router writes for itself: no rules, or what follows from them."""


def administrator(source: Source = Source.CLI) -> Actor:
    """Whoever runs this process."""
    try:
        login = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        login = str(os.getuid())
    return Actor.administrator(login, source)


def watch(conn: sqlite3.Connection) -> Touched:
    """The objects that statements on this connection touch from now on."""
    touched: Touched = set()
    conn.create_function("touched", 3, lambda *which: touched.add(which))
    if conn.execute(_WATCHED).fetchone() is None:
        for table, objects in RECORDED.items():
            for event in ("INSERT", "UPDATE", "DELETE"):
                conn.execute(_trigger(table, objects, event))
    return touched


_WATCHED = "SELECT 1 FROM temp.sqlite_master WHERE name = 'touched_domains_INSERT'"

_NO_NAME = "''"


def _trigger(table: str, objects: tuple[tuple[str, str | None], ...], event: str) -> str:
    if table == "domains":
        objects = (("settings" if event == "UPDATE" else _DOMAIN, None),)
    rows = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}[event]
    calls = "".join(
        f"SELECT touched({row}.domain, '{section}', {f'{row}.{column}' if column else _NO_NAME});"
        for row in rows
        for section, column in objects
    )
    return f"CREATE TEMP TRIGGER touched_{table}_{event} AFTER {event} ON {table} BEGIN {calls} END"


def changes(
    touched: Touched, before: sqlite_utils.Database, after: sqlite_utils.Database
) -> dict[str, tuple[Edit, ...]]:
    """What is different in the objects that were touched, by domain."""
    found = {}
    for domain in sorted({each[0] for each in touched}):
        those = {(section, name) for place, section, name in touched if place == domain}
        if different := tuple(_of_domain(domain, those, before, after)):
            found[domain] = different
    return found


def keep(
    conn: sqlite3.Connection,
    at: float,
    domain: str,
    by: Actor,
    edits: Iterable[Edit],
    undoes: int | None,
) -> None:
    """Add an entry to the history. Needs a write transaction."""
    number = conn.execute(
        "INSERT INTO history (at, domain, kind, name, source, undoes) VALUES (?, ?, ?, ?, ?, ?)",
        (at, domain, by.kind.value, by.name, by.source.value, undoes),
    ).lastrowid
    conn.executemany(
        "INSERT INTO history_changes VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                number,
                position,
                json_text(edit.full_path),
                *(
                    None if value is None else json_text(value)
                    for value in (edit.before, edit.after)
                ),
                edit.place,
                edit.reordered,
            )
            for position, edit in enumerate(edits)
        ),
    )


def json_text(value: object) -> str:
    """A value as the history keeps it."""
    return json.dumps(value, ensure_ascii=False)


def _of_domain(
    domain: str,
    touched: set[tuple[str, str | None]],
    old: sqlite_utils.Database,
    new: sqlite_utils.Database,
) -> Iterator[Edit]:
    was, stays = (_counts(db, domain) for db in (old, new))
    if was is None or stays is None:
        if was != stays:
            yield Edit(_DOMAIN, "", (), was, stays)
    elif (_DOMAIN, "") in touched:
        for section in SECTIONS:
            yield from _of_section(domain, section, old, new)
    else:
        for section, name in sorted(_objects(domain, touched, old, new), key=_in_order):
            yield from _of_object(domain, section, name, old, new)


def _objects(
    domain: str,
    touched: set[tuple[str, str | None]],
    old: sqlite_utils.Database,
    new: sqlite_utils.Database,
) -> set[tuple[str, str]]:
    """Which objects those are: a row may not say whose it is."""
    found = set()
    for section, name in touched:
        if name is None:
            continue
        if section == "devices":
            for db in (old, new):
                for row in db.conn.execute(_OWNERS, (domain, name)):
                    found |= {
                        (section, owner)
                        for section, owner in zip(("users", "workplaces"), row, strict=True)
                        if owner is not None
                    }
        elif section == "extensions":
            found |= {("users", name), ("teams", name)}
        else:
            found.add((section, name))
    return found


_OWNERS = "SELECT extension, workplace FROM devices WHERE domain = ? AND name = ?"


def _in_order(each: tuple[str, str]) -> tuple[int, str]:
    section, name = each
    return SECTIONS.index(section), name


def _of_object(
    domain: str,
    section: str,
    name: str,
    old: sqlite_utils.Database,
    new: sqlite_utils.Database,
) -> Iterator[Edit]:
    before, after = (tree_of(db, domain, section, name) for db in (old, new))
    if UNREADABLE in (before, after):
        yield Edit(section, name, (), masked(before), masked(after))
        return
    place = None
    if section in NAMED_SECTIONS and (before is None) != (after is None):
        place = _place(old if after is None else new, domain, section, name)
    yield from edits(section, name, before, after, place)


def _of_section(
    domain: str, section: str, old: sqlite_utils.Database, new: sqlite_utils.Database
) -> Iterator[Edit]:
    if section not in NAMED_SECTIONS:
        yield from _of_object(domain, section, "", old, new)
        return
    before, after = (_readable(read_section, db, domain, section) for db in (old, new))
    if UNREADABLE in (before, after):
        yield Edit(section, "", (), UNREADABLE, UNREADABLE)
        return
    places = {name: place for each in (after, before) for place, name in enumerate(each)}
    for name in [*after, *(name for name in before if name not in after)]:
        # Not by ==, which overlooks the order within a mapping.
        if name in before and name in after and repr(before[name]) == repr(after[name]):
            continue
        was, stays = (
            tree(section, each[name]) if name in each else None for each in (before, after)
        )
        place = places[name] if was is None or stays is None else None
        yield from edits(section, name, was, stays, place)
    common = [name for name in before if name in after]
    if common != (order := [name for name in after if name in before]):
        yield Edit(section, "", (), common, order, reordered=True)


UNREADABLE = "unreadable"
"""In the place of an object whose rows make no sense: somebody wrote past the router."""


def _readable(read: Callable[..., Any], *which: Any) -> Any:
    try:
        return read(*which)
    except (ArithmeticError, LookupError, OSError, TypeError, ValueError):
        return UNREADABLE


_READERS = {"users": read_user, "teams": read_team, "executives": read_executive}


def tree_of(db: sqlite_utils.Database, domain: str, section: str, name: str) -> Any:
    """The tree of an object; None where there is none, UNREADABLE when it makes no sense."""
    return _readable(_tree, db, domain, section, name)


def _tree(db: sqlite_utils.Database, domain: str, section: str, name: str) -> Any:
    if (reader := _READERS.get(section)) is not None:
        document = reader(db, domain, name)
    else:
        document = read_section(db, domain, section)
        if section in NAMED_SECTIONS:
            document = document.get(name)
    return None if document is None else tree(section, document)


_NAMES = {
    "schedules": "SELECT name FROM schedules WHERE domain = ? ORDER BY position",
    "workplaces": "SELECT name FROM workplaces WHERE domain = ? ORDER BY position",
    "users": "SELECT extension FROM users WHERE domain = ? ORDER BY position",
    "teams": "SELECT extension FROM teams WHERE domain = ? ORDER BY position",
    "executives": "SELECT extension FROM executives WHERE domain = ? ORDER BY position",
}


def _place(db: sqlite_utils.Database, domain: str, section: str, name: str) -> int:
    """An object's place among those of its section, from 0."""
    return [row[0] for row in db.conn.execute(_NAMES[section], (domain,))].index(name)


_COUNTS = """
    SELECT (SELECT count(*) FROM users WHERE domain = :domain),
        (SELECT count(*) FROM teams WHERE domain = :domain),
        (SELECT count(*) FROM executives WHERE domain = :domain)
    FROM domains WHERE domain = :domain
"""


def _counts(db: sqlite_utils.Database, domain: str) -> dict[str, int] | None:
    """How large a domain is; None when the store does not have it."""
    row = db.conn.execute(_COUNTS, {"domain": domain}).fetchone()
    return None if row is None else dict(zip(("users", "teams", "executives"), row, strict=True))
