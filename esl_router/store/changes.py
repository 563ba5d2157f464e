"""What every change to a user or a device goes through: read, change, check, write.

A change is made in what a rules file would say, so that the same forms check it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound, RulesFileError
from esl_router.model.people import TollPolicy
from esl_router.store.difference import Change, compare_parts
from esl_router.store.document import read_user, read_workplace, write_user, write_workplace
from esl_router.store.rules import references
from esl_router.store.rules.forms import Form, Place, near, usual
from esl_router.store.rules.layout import FOLLOW_ME, ORIGINS, USER, WORKPLACE, Document
from esl_router.store.rules.values import one_of

Changes = tuple[Change, ...]


def domains(db: sqlite_utils.Database) -> tuple[str, ...]:
    """The domains in the store, sorted."""
    return tuple(row[0] for row in db.conn.execute("SELECT domain FROM domains ORDER BY domain"))


def pick_domain(db: sqlite_utils.Database, domain: str | None = None) -> str:
    """``domain`` if the store has it; the only one there is when it is None."""
    known = domains(db)
    if domain is None and len(known) == 1:
        return known[0]
    if not known:
        raise NotFound("the store is empty: fill it with `esl-router import FILE`")
    if domain is None:
        raise NotFound(f"the store has several domains, name one: {one_of(known)}")
    if domain not in known:
        raise NotFound(f"there is no domain {domain!r}{near(domain, known)}")
    return domain


def users(db: sqlite_utils.Database, domain: str) -> list[Document]:
    """Every user with ``extension``, ``name``, ``numbers``, ``voicemail``, ``devices`` (names)."""
    rows = db.conn.execute(
        """
        SELECT extension, name, voicemail,
            (SELECT group_concat(number, ' ') FROM
                (SELECT number FROM numbers WHERE numbers.domain = users.domain
                 AND numbers.extension = users.extension ORDER BY position)),
            (SELECT group_concat(name, ' ') FROM
                (SELECT name FROM devices WHERE devices.domain = users.domain
                 AND devices.extension = users.extension ORDER BY position))
        FROM users WHERE domain = ? ORDER BY position, extension
        """,
        (domain,),
    )
    return [
        {
            "extension": extension,
            "name": name,
            "numbers": (numbers or "").split(),
            "voicemail": bool(voicemail),
            "devices": (devices or "").split(),
        }
        for extension, name, voicemail, numbers, devices in rows
    ]


def user(db: sqlite_utils.Database, domain: str, extension: str) -> Document:
    """One user, with every key that the rules file knows for him."""
    found = read_user(db, domain, extension)
    if found is None:
        known = [row["extension"] for row in users(db, domain)]
        raise NotFound(f"there is no user {extension!r}{near(extension, known)}")
    return found


def change_user(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    old: Document,
    settings: Mapping[Any, Any],
    *,
    by_user: bool = False,
) -> Changes:
    place = Place(f"users.{extension}", country_of(db, domain), [])
    new = read(USER, put(USER.write(old), settings), place)
    _mark_rows(old, new, by_user)
    return store_user(db, domain, extension, old, new)


def _mark_rows(old: Document, new: Document, by_user: bool) -> None:
    """Keep the marks of rows that their user set, and set those of rows that he sets now."""
    for name, rows in new["follow_me"].items():
        before = old["follow_me"].get(name, usual(FOLLOW_ME))
        for origin in ORIGINS:
            was = {key: value for key, value in before[origin].items() if key != "user_set"}
            if by_user if was != rows[origin] else before[origin].get("user_set"):
                rows[origin]["user_set"] = True


def store_user(
    db: sqlite_utils.Database, domain: str, extension: str, old: Document | None, new: Document
) -> Changes:
    path = f"users.{extension}"
    problems = references.check_user(extension, new, known_in_store(db, domain, extension))
    problems += numbers_taken(db, domain, extension, path, new["numbers"])
    if (login := new["workplace"]) is not None:
        row = db.conn.execute(
            "SELECT extension FROM workplace_logins WHERE domain = ? AND workplace = ?",
            (domain, login),
        ).fetchone()
        if row is not None and row[0] != extension:
            problems.append(f"{path}.workplace: {row[0]} is logged in at {login!r} already")
    if problems:
        raise RulesFileError(problems)
    if old != new:
        write_user(db, domain, extension, new)
    if old is None:
        return (Change(path, after=USER.write(new)),)
    return tuple(compare_parts(path, USER.write(old), USER.write(new)))


def numbers_taken(
    db: sqlite_utils.Database, domain: str, extension: str, path: str, numbers: list[str]
) -> list[str]:
    """Which direct numbers of a user or a team at ``path`` are somebody's already."""
    problems = []
    for index, number in enumerate(numbers):
        row = db.conn.execute(
            "SELECT domain, extension FROM numbers WHERE number = ?", (number,)
        ).fetchone()
        remote = db.conn.execute("SELECT 1 FROM domains WHERE remote = ?", (number,)).fetchone()
        if remote is not None:
            problems.append(f"{path}.numbers[{index}]: {number} is settings.remote already")
        elif (row is not None and tuple(row) != (domain, extension)) or number in numbers[:index]:
            whose = extension if row is None else row[1]
            problems.append(f"{path}.numbers[{index}]: {number} is {whose}'s number already")
    return problems


def change_device(
    db: sqlite_utils.Database,
    domain: str,
    name: str,
    steps: Mapping[tuple[str, ...], Any],
    extension: str | None,
    workplace: str | None,
) -> Changes:
    settings = {("devices", name, *step): value for step, value in steps.items()}
    if extension is not None:
        if steps == {(): None}:
            settings["follow_me", name] = None
        return change_user(db, domain, extension, user(db, domain, extension), settings)
    if workplace is None:
        raise RulesFileError([f"device {name}: name the user or the workplace it belongs to"])
    old = read_workplace(db, domain, workplace)
    known = known_in_store(db, domain)
    if old is None:
        raise NotFound(f"there is no workplace {workplace!r}{near(workplace, known.workplaces)}")
    if steps == {(): None}:
        settings["follow_me", name] = None
    return change_workplace(db, domain, workplace, old, settings)


def change_workplace(
    db: sqlite_utils.Database,
    domain: str,
    name: str,
    old: Document | None,
    settings: Mapping[Any, Any],
) -> Changes:
    """Change a workplace, or make it where ``old`` is None."""
    path = f"workplaces.{name}"
    written = {} if old is None else WORKPLACE.write(old)
    new = read(WORKPLACE, put(written, settings), Place(path, country_of(db, domain), []))
    problems = references.check_workplace(name, new, known_in_store(db, domain))
    problems += _taken(db, domain, name, new)
    if problems:
        raise RulesFileError(problems)
    if old != new:
        write_workplace(db, domain, name, new)
    if old is None:
        return (Change(path, after=WORKPLACE.write(new)),)
    return tuple(compare_parts(path, WORKPLACE.write(old), WORKPLACE.write(new)))


def _taken(db: sqlite_utils.Database, domain: str, name: str, place: Document) -> list[str]:
    """What of a workplace is somebody else's already: its number, the names of its devices."""
    path = f"workplaces.{name}"
    problems = []
    other = db.conn.execute(
        "SELECT name FROM workplaces WHERE domain = ? AND number = ? AND name <> ?",
        (domain, place["number"], name),
    ).fetchone()
    if other is not None:
        problems.append(f"{path}.number: {place['number']} is the number of {other[0]!r}")
    for device in place["devices"]:
        owner = db.conn.execute(
            "SELECT coalesce(extension, workplace) FROM devices"
            " WHERE domain = ? AND name = ? AND workplace IS NOT ?",
            (domain, device, name),
        ).fetchone()
        if owner is not None:
            problems.append(
                f"{path}.devices.{device}: {owner[0]} has a device of this name already"
            )
    return problems


def parts(key: str | tuple[str, ...]) -> tuple[str, ...]:
    """A key's way in the file: a dotted text, or its parts already."""
    return tuple(key.split(".")) if isinstance(key, str) else key


def put(written: Document, settings: Mapping[Any, Any]) -> Document:
    """Set values in what a file would say, by key; None takes a key out."""
    for key, value in settings.items():
        *outer, last = parts(key)
        inner = written
        for part in outer:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise RulesFileError([f"{'.'.join(outer)}: has no key {last!r}{_instead(outer)}"])
        if value is None:
            inner.pop(last, None)
        else:
            inner[last] = value
    return written


def _instead(outer: Sequence[str]) -> str:
    """How a forward of a status is switched that stands there as a word."""
    if tuple(outer[:2]) != ("presence", "profiles") or len(outer) != 5:
        return ""
    status, origin, condition = outer[2:]
    how = f"{status} off --when {condition} --origin {origin}"
    return f": `esl-router presence profile USER {how}` switches it off"


def read(form: Form, written: Document, place: Place) -> Document:
    try:
        found = form.read(written, place)
    except ValueError as error:
        place.report(error)
    if place.problems:
        raise RulesFileError(place.problems)
    document: Document = found
    return document


def country_of(db: sqlite_utils.Database, domain: str) -> str:
    row = db.conn.execute("SELECT country FROM domains WHERE domain = ?", (domain,)).fetchone()
    if row is None:
        raise NotFound(f"there is no domain {domain!r}{near(domain, domains(db))}")
    return str(row[0])


def known_in_store(
    db: sqlite_utils.Database, domain: str, extension: str | None = None
) -> references.Known:
    kinds: dict[str, set[str]] = {"user": set(), "team": set()}
    for kind, each in db.conn.execute(
        "SELECT kind, extension FROM extensions WHERE domain = ?", (domain,)
    ):
        kinds[kind].add(each)
    if extension is not None:
        kinds["user"].add(extension)
    workplaces, schedules = (
        {row[0] for row in db.conn.execute(sql, (domain,))}
        for sql in (
            "SELECT name FROM workplaces WHERE domain = ?",
            "SELECT name FROM schedules WHERE domain = ?",
        )
    )
    policy = db.conn.execute(
        "SELECT toll_allow, toll_deny FROM domains WHERE domain = ?", (domain,)
    ).fetchone()
    toll = TollPolicy(*(tuple(json.loads(column)) for column in policy))
    return references.Known(kinds["user"], kinds["team"], workplaces, schedules, toll)


_NAMING = """
    SELECT 'users.' || extension || '.presence.profiles.' || status || '.' || origin || '.'
        || condition
    FROM forwards WHERE domain = :domain AND extension <> :extension AND target IN (:call, :box)
    UNION ALL SELECT 'users.' || extension || '.forward.' || origin
    FROM call_forwards
    WHERE domain = :domain AND extension <> :extension AND target IN (:call, :box)
    UNION ALL SELECT 'users.' || extension || '.calendar.forward'
    FROM calendars WHERE domain = :domain AND extension <> :extension AND forward IN (:call, :box)
    UNION ALL SELECT 'users.' || extension || '.messenger.forward'
    FROM messengers WHERE domain = :domain AND extension <> :extension AND forward IN (:call, :box)
    UNION ALL SELECT 'users.' || extension || '.presence.outside_hours.forward'
    FROM presence
    WHERE domain = :domain AND extension <> :extension AND hours_forward IN (:call, :box)
    UNION ALL SELECT 'teams.' || extension || '.overflow'
    FROM teams WHERE domain = :domain AND (overflow_no_answer IN (:call, :box)
        OR overflow_busy IN (:call, :box) OR overflow_nobody IN (:call, :box))
    UNION ALL SELECT 'executives.' || extension || '.rollover.action'
    FROM executives WHERE domain = :domain AND extension <> :extension
        AND rollover_action IN (:call, :box)
    UNION ALL SELECT 'executives.' || executive || '.assistants.' || extension || '.divert'
    FROM assistants WHERE domain = :domain AND divert = :extension
        AND executive <> :extension AND extension <> :extension
"""


def naming(db: sqlite_utils.Database, domain: str, extension: str) -> list[str]:
    """Where others' calls go to this user or to his box."""
    names = {"domain": domain, "extension": extension}
    targets = {"call": f"extension:{extension}", "box": f"voicemail:{extension}"}
    return [row[0] for row in db.conn.execute(_NAMING, {**names, **targets})]
