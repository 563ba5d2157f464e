"""Contacts: whose a number is. Their own ones as the rules file has them, and copies of others'.

What stands in the rules file (and what the command line adds) has the source "". What came from a
directory has a source of its own: no export writes it, no import of rules replaces it, and it is
changed by :func:`replace_source` alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import phonenumbers
import sqlite_utils

from esl_router.errors import NotFound, RulesFileError
from esl_router.model import names
from esl_router.store.changes import Changes, country_of, read
from esl_router.store.database import write, write_state
from esl_router.store.difference import Change
from esl_router.store.document import insert
from esl_router.store.rows import contact_rows
from esl_router.store.rules.forms import Place
from esl_router.store.rules.layout import CONTACT

LDAP = "ldap"

MOST_FOUND = 20
"""Contacts that a search shows, unless somebody asks for more."""

_LAST = "\U0010ffff"
_SEPARATORS = re.compile(r"[\s().\-/]+")
_DIGITS = re.compile(r"\+?[0-9]+")


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact, as the store has it."""

    position: int
    name: str
    numbers: tuple[str, ...]
    source: str = ""
    """Empty: the rules file."""

    def record(self) -> dict[str, Any]:
        """The contact as JSON knows it."""
        return {"name": self.name, "numbers": list(self.numbers), "source": self.source or "rules"}

    def written(self) -> dict[str, Any]:
        """The contact as a rules file says it."""
        return {"name": self.name, "numbers": list(self.numbers)}


@dataclass(frozen=True, slots=True)
class Merged:
    """What an import of contacts does."""

    changes: Changes
    added: int
    changed: int
    unchanged: int


class _DryRun(Exception):
    """Ends the transaction of an import that is to change nothing."""


# -- finding ----------------------------------------------------------------------------------
_CONTACTS = """
    SELECT position, name, source,
        (SELECT group_concat(number, ' ') FROM
            (SELECT number FROM contact_numbers AS n WHERE n.domain = contacts.domain
             AND n.source = contacts.source AND n.contact = contacts.position
             ORDER BY n.position))
    FROM contacts WHERE domain = :domain
"""


def contacts(db: sqlite_utils.Database, domain: str) -> list[Contact]:
    """Every contact: those of the rules file in its order, then those of directories."""
    return _found(db, "ORDER BY source, position", domain=domain)


def named(db: sqlite_utils.Database, domain: str, name: str) -> list[Contact]:
    """The contacts of that name: as it is written, else whatever its case and umlauts."""
    exact = _found(db, "AND name = :name ORDER BY source, position", domain=domain, name=name)
    if exact:
        return exact
    clause = "AND folded = :folded ORDER BY source, position"
    return _found(db, clause, domain=domain, folded=names.fold(name))


def with_number(db: sqlite_utils.Database, domain: str, number: str) -> list[Contact]:
    """The contacts that have a number (E.164): first the one whose name is shown."""
    clause = (
        "AND (source, position) IN (SELECT source, contact FROM contact_numbers"
        " WHERE domain = :domain AND number = :number) ORDER BY source, position"
    )
    return _found(db, clause, domain=domain, number=number)


def exists(db: sqlite_utils.Database, domain: str, name: str) -> bool:
    """Whether a contact is called exactly so, in the rules or in a directory."""
    query = "SELECT 1 FROM contacts WHERE domain = ? AND name = ? LIMIT 1"
    return db.conn.execute(query, (domain, name)).fetchone() is not None


def find(db: sqlite_utils.Database, domain: str, who: str) -> Contact:
    """The one contact that ``who`` means: its name, or one of its numbers.

    NotFound when there is none, and when there are several, with their numbers.
    """
    number = _whole_number(db, domain, who)
    found = with_number(db, domain, number) if number else named(db, domain, who)
    if len(found) == 1:
        return found[0]
    if found:
        several = "; ".join(f"{each.name} ({', '.join(each.numbers)})" for each in found)
        raise NotFound(f"{who!r} is not one contact but {len(found)}, name a number: {several}")
    hits = [] if number else search(db, domain, who, 1)
    close = f", did you mean {hits[0].name!r}?" if hits else ""
    raise NotFound(f"there is no contact {who!r}{close}")


def search(
    db: sqlite_utils.Database, domain: str, text: str, limit: int = MOST_FOUND
) -> list[Contact]:
    """The contacts that somebody who types ``text`` may mean, the likeliest first.

    Each word is the beginning of a word of the name, whatever its case and umlauts; digits are
    the beginning of a number, as written in the domain's country. Empty text finds nobody.
    """
    digits = _SEPARATORS.sub("", text)
    if _DIGITS.fullmatch(digits):
        return _by_number(db, domain, digits, limit)
    terms = [names.spellings(word) for word in names.words(text)]
    if not terms:
        return []
    # The longest word is the rarest: who has that is looked at for the others.
    first, *others = sorted(terms, key=lambda term: len(term[0]), reverse=True)
    values: dict[str, Any] = {"domain": domain, "limit": limit}
    hits = _ranges(_WORDS, "word", first, values)
    also = " AND ".join(f"EXISTS ({_ranges(_OWN_WORDS, 'word', term, values)})" for term in others)
    values["first"], values["behind"] = names.fold(text), names.fold(text) + _LAST
    # Whose name begins with what was typed comes before those where it is in the middle.
    order = "NOT (folded >= :first AND folded < :behind), folded"
    return _picked(db, domain, hits, also or "true", order, values)


_WORDS = "SELECT source, contact FROM contact_words WHERE domain = :domain"

_OWN_WORDS = """
    SELECT 1 FROM contact_words AS w WHERE w.domain = contacts.domain
    AND w.source = contacts.source AND w.contact = contacts.position
"""

_NUMBERS = "SELECT source, contact FROM contact_numbers WHERE domain = :domain"


def _ranges(select: str, column: str, begins: Iterable[str], values: dict[str, Any]) -> str:
    """A query for the rows whose ``column`` begins with one of these; what it is asked with goes
    into ``values``."""
    parts = []
    for begin in begins:
        low, high = f"low_{len(values)}", f"high_{len(values)}"
        values[low], values[high] = begin, begin + _LAST
        parts.append(f"{select} AND {column} >= :{low} AND {column} < :{high}")
    return " UNION ALL ".join(parts)


def _by_number(db: sqlite_utils.Database, domain: str, digits: str, limit: int) -> list[Contact]:
    values: dict[str, Any] = {"domain": domain, "limit": limit}
    hits = _ranges(_NUMBERS, "number", _beginnings(digits, country_of(db, domain)), values)
    return _picked(db, domain, hits, "true", "folded", values)


def _picked(
    db: sqlite_utils.Database,
    domain: str,
    hits: str,
    where: str,
    order: str,
    values: Mapping[str, Any],
) -> list[Contact]:
    # CROSS JOIN: from the few that were hit to the contacts, never the other way round.
    keys = db.conn.execute(
        f"SELECT contacts.source, position FROM (SELECT DISTINCT * FROM ({hits})) AS hits"  # noqa: S608 - names of parameters
        " CROSS JOIN contacts"
        " ON contacts.domain = :domain AND contacts.source = hits.source"
        f" AND contacts.position = hits.contact WHERE {where}"
        f" ORDER BY {order}, contacts.source, position LIMIT :limit",
        values,
    ).fetchall()
    clause = "AND source = :source AND position = :position"
    return [
        contact
        for source, position in keys
        for contact in _found(db, clause, domain=domain, source=source, position=position)
    ]


def _beginnings(digits: str, country: str) -> list[str]:
    """How E.164 numbers may begin that somebody in ``country`` begins to write like this."""
    if digits.startswith("+"):
        return [digits]
    code = phonenumbers.country_code_for_region(country)
    if digits.startswith("00"):
        return [f"+{digits[2:]}"]
    # Some countries keep the 0 behind their code.
    return [f"+{code}{digits}", f"+{code}{digits[1:]}" if digits[0] == "0" else f"+{digits}"]


def _found(db: sqlite_utils.Database, clause: str, **values: Any) -> list[Contact]:
    rows = db.conn.execute(f"{_CONTACTS} {clause}", values)
    return [
        Contact(position, name, tuple((found or "").split()), source)
        for position, name, source, found in rows
    ]


def _whole_number(db: sqlite_utils.Database, domain: str, text: str) -> str | None:
    if any(char.isalpha() for char in text):
        return None
    try:
        return str(read_numbers([text], country_of(db, domain))[0])
    except RulesFileError:
        return None


def read_numbers(written: Iterable[str], country: str) -> list[str]:
    """Numbers in their normal form; RulesFileError for what is none."""
    found = read(CONTACT, {"name": "-", "numbers": list(written)}, Place("contact", country, []))
    numbers: list[str] = found["numbers"]
    return numbers


# -- changing ---------------------------------------------------------------------------------
def add_contact(
    db: sqlite_utils.Database, domain: str, name: str, numbers: Iterable[str]
) -> Changes:
    """A new contact, at the end of the file."""
    with write(db):
        new = _checked(db, domain, {"name": name, "numbers": list(numbers)})
        if any(each.source == "" and each.name == new["name"] for each in named(db, domain, name)):
            raise RulesFileError([f"contacts.{name}: there is a contact of this name already"])
        _put(db, domain, new, _behind(db, domain))
        return (Change(f"contacts.{new['name']}", after=new),)


def set_contact(
    db: sqlite_utils.Database,
    domain: str,
    who: str,
    *,
    name: str | None = None,
    numbers: Iterable[str] | None = None,
) -> Changes:
    """Give a contact another name, other numbers, or both. Criteria that name it go along."""
    with write(db):
        old = _own(find(db, domain, who))
        written = old.written()
        if name is not None:
            written["name"] = name
        if numbers is not None:
            written["numbers"] = list(numbers)
        new = _checked(db, domain, written)
        changes = list(_change(db, domain, old, new))
        if new["name"] != old.name and not exists(db, domain, old.name):
            changes += _rename_in_criteria(db, domain, old.name, new["name"])
        return tuple(changes)


_CRITERIA_OF = """
    SELECT 'executives.' || executive || '.criteria[' || position || '].callers.contact'
    FROM criteria WHERE domain = ? AND contact = ? ORDER BY executive, position
"""


def _rename_in_criteria(
    db: sqlite_utils.Database, domain: str, old: str, new: str
) -> Iterable[Change]:
    paths = db.conn.execute(_CRITERIA_OF, (domain, old)).fetchall()
    db.conn.execute(
        "UPDATE criteria SET contact = ? WHERE domain = ? AND contact = ?", (new, domain, old)
    )
    return [Change(path, old, new) for (path,) in paths]


def remove_contact(db: sqlite_utils.Database, domain: str, who: str) -> Changes:
    """Remove a contact. Refused (RulesFileError) while a criterion names it and nobody else is
    called so."""
    with write(db):
        old = _own(find(db, domain, who))
        _delete(db, domain, old.position)
        named = db.conn.execute(_CRITERIA_OF, (domain, old.name)).fetchall()
        if named and not exists(db, domain, old.name):
            raise RulesFileError(
                [f"{path} still names {old.name}: change that first" for (path,) in named]
            )
        return (Change(f"contacts.{old.name}", before=old.written()),)


def merge(
    db: sqlite_utils.Database,
    domain: str,
    entries: Iterable[tuple[str, Iterable[str]]],
    *,
    dry_run: bool = False,
) -> Merged:
    """Add contacts; one whose name is there already gets these numbers in place of its own.

    ``entries`` are names with their numbers, in normal form; a name that comes twice has the
    numbers of both. ``dry_run`` does everything and takes it back.
    """
    wanted: dict[str, list[str]] = {}
    for name, numbers in entries:
        known = wanted.setdefault(name, [])
        known += [number for number in numbers if number not in known]
    merged: Merged | None = None
    try:
        with write(db):
            merged = _merge(db, domain, wanted)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    assert merged is not None
    return merged


def _merge(db: sqlite_utils.Database, domain: str, wanted: Mapping[str, list[str]]) -> Merged:
    before = {each.name: each for each in contacts(db, domain) if each.source == ""}
    position = _behind(db, domain)
    changes: list[Change] = []
    rows: list[tuple[str, dict[str, Any]]] = []
    added = changed = 0
    for name, numbers in wanted.items():
        new = {"name": name, "numbers": numbers}
        old = before.get(name)
        if old is None:
            rows += contact_rows(domain, new, position)
            changes.append(Change(f"contacts.{name}", after=new))
            position, added = position + 1, added + 1
        elif old.written() != new:
            changes += _change(db, domain, old, new)
            changed += 1
    insert(db, iter(rows))
    return Merged(tuple(changes), added, changed, len(wanted) - added - changed)


def _checked(db: sqlite_utils.Database, domain: str, written: dict[str, Any]) -> dict[str, Any]:
    place = Place(f"contacts.{written['name']}", country_of(db, domain), [])
    return read(CONTACT, written, place)


def _own(contact: Contact) -> Contact:
    if contact.source:
        raise RulesFileError(
            [f"contacts.{contact.name}: comes from a directory ({contact.source}), change it there"]
        )
    return contact


def _change(
    db: sqlite_utils.Database, domain: str, old: Contact, new: dict[str, Any]
) -> Iterable[Change]:
    if old.written() == new:
        return
    _delete(db, domain, old.position)
    _put(db, domain, new, old.position)
    for key, before in old.written().items():
        if before != new[key]:
            yield Change(f"contacts.{old.name}.{key}", before, new[key])


def _put(db: sqlite_utils.Database, domain: str, contact: Mapping[str, Any], position: int) -> None:
    insert(db, contact_rows(domain, contact, position))


def _delete(db: sqlite_utils.Database, domain: str, position: int) -> None:
    db.conn.execute(
        "DELETE FROM contacts WHERE domain = ? AND source = '' AND position = ?", (domain, position)
    )


def _behind(db: sqlite_utils.Database, domain: str) -> int:
    row = db.conn.execute(
        "SELECT coalesce(max(position) + 1, 0) FROM contacts WHERE domain = ? AND source = ''",
        (domain,),
    ).fetchone()
    return int(row[0])


# -- copies of directories --------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Copy:
    """How a copy of a directory is. Instants are seconds since the epoch."""

    contacts: int
    synced: float | None
    """When it was copied last; None: never."""

    tried: float | None
    error: str
    """Why the last attempt failed; empty: it did not."""


def replace_source(
    db: sqlite_utils.Database,
    domain: str,
    source: str,
    entries: Iterable[tuple[str, Iterable[str]]],
    now: float,
) -> None:
    """Put what a directory says now in the place of what it said before."""
    rows = [
        row
        for position, (name, numbers) in enumerate(entries)
        for row in contact_rows(domain, {"name": name, "numbers": list(numbers)}, position, source)
    ]
    with write_state(db):
        db.conn.execute("DELETE FROM contacts WHERE domain = ? AND source = ?", (domain, source))
        insert(db, iter(rows))
        db.conn.execute(
            "INSERT OR REPLACE INTO contact_sources (domain, source, synced, tried, error)"
            " VALUES (?, ?, ?, ?, '')",
            (domain, source, now, now),
        )


def remember_failure(
    db: sqlite_utils.Database, domain: str, source: str, error: str, now: float
) -> None:
    """A directory could not be read: what is known of it stays."""
    with write_state(db):
        db.conn.execute(
            "INSERT INTO contact_sources (domain, source, tried, error) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (domain, source) DO UPDATE SET tried = excluded.tried,"
            " error = excluded.error",
            (domain, source, now, error),
        )


def directories(db: sqlite_utils.Database) -> dict[str, dict[str, Any]]:
    """Every domain with a directory of its own, and where that is: ``settings.ldap``."""
    rows = db.conn.execute("SELECT domain, ldap FROM domains WHERE ldap IS NOT NULL")
    return {domain: json.loads(ldap) for domain, ldap in rows}


def copy_of(db: sqlite_utils.Database, domain: str, source: str) -> Copy:
    """How the copy of a directory is."""
    (count,) = db.conn.execute(
        "SELECT count(*) FROM contacts WHERE domain = ? AND source = ?", (domain, source)
    ).fetchone()
    row = db.conn.execute(
        "SELECT synced, tried, error FROM contact_sources WHERE domain = ? AND source = ?",
        (domain, source),
    ).fetchone()
    return Copy(count, *(row or (None, None, "")))
