"""What one decision asks of the store, read live inside one read transaction.

This is the hot path: a handful of statements through indexes, no cache, so that a change by
another process holds for the next decision and 100,000 users cost what 100 do.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from esl_router.errors import StoreError
from esl_router.model.codes import USUAL, Code
from esl_router.model.executive import Executive
from esl_router.model.feature import Tone
from esl_router.model.labels import LABELS
from esl_router.model.numbers import is_extension
from esl_router.model.people import (
    CallerRule,
    DeclineScope,
    Device,
    DeviceKind,
    FollowMeRow,
    Greetings,
    Origin,
    Settings,
    TollPolicy,
    User,
)
from esl_router.model.presence import CallForward, Presence
from esl_router.model.rules import Problem
from esl_router.model.team import Team
from esl_router.store import executives, hooks, personal, teams
from esl_router.store.connection import Connection
from esl_router.store.rules import values

_E164 = re.compile(r"\+[1-9][0-9]{2,14}")

_NOTHING_ALLOWED = TollPolicy(allow=("unreadable",))
"""Stands for a toll policy that cannot be read: no number begins like that, none is dialled."""

_SETTINGS = """
    SELECT domain, country, timezone, ring_cycle, trunk, caller_id_out, toll_allow, toll_deny,
           max_redirects, live_changes, alert_silent, codes, max_parallel_forwards,
           code_sounds, remote, push, forward_ring, dnd_over_cfu, language
    FROM domains ORDER BY domain
"""

_USER = """
    SELECT users.name, users.voicemail, users.decline, users.busy_on_busy,
           users.bob_cancel_pending, users.bob_count_outgoing_early,
           users.voicemail_greeting, users.forward_ring, users.fax_numbers,
           (SELECT json_group_array(number) FROM
               (SELECT number FROM numbers
                WHERE numbers.domain = users.domain AND numbers.extension = users.extension
                ORDER BY position)),
           EXISTS (SELECT 1 FROM callers
                   WHERE callers.domain = users.domain AND callers.extension = users.extension),
           EXISTS (SELECT 1 FROM call_forwards AS forwards
                   WHERE forwards.domain = users.domain AND forwards.extension = users.extension),
           EXISTS (SELECT 1 FROM profiles
                   WHERE profiles.domain = users.domain AND profiles.extension = users.extension),
           EXISTS (SELECT 1 FROM executives AS his
                   WHERE his.domain = users.domain AND his.extension = users.extension),
           EXISTS (SELECT 1 FROM presence AS own
                   WHERE own.domain = users.domain AND own.extension = users.extension
                   AND (own.status <> 'available' OR own.afterwards <> 'available'
                        OR coalesce(own.until, own.message, own.hours_schedule,
                                    own.hours_status, own.hours_forward) IS NOT NULL))
           OR EXISTS (SELECT 1 FROM calendars
                   WHERE calendars.domain = users.domain
                   AND calendars.extension = users.extension)
           OR EXISTS (SELECT 1 FROM messengers
                   WHERE messengers.domain = users.domain
                   AND messengers.extension = users.extension)
    FROM users
    WHERE users.domain = ? AND users.extension = ?
"""

_DEVICE_USER = """
    SELECT coalesce(devices.extension, workplace_logins.extension)
    FROM devices LEFT JOIN workplace_logins
        ON workplace_logins.domain = devices.domain
        AND workplace_logins.workplace = devices.workplace
    WHERE devices.domain = ? AND devices.name = ?
"""

# Its own contacts before those of a directory, in the order of the file.
_CONTACT_NAME = """
    SELECT contacts.name
    FROM contact_numbers JOIN contacts
        ON contacts.domain = contact_numbers.domain
        AND contacts.source = contact_numbers.source
        AND contacts.position = contact_numbers.contact
    WHERE contact_numbers.domain = ? AND contact_numbers.number = ?
    ORDER BY contacts.source, contacts.position LIMIT 1
"""

_FOLLOW_ME = """
    SELECT 0 AS place, coalesce(devices.follow_me_position, 1000000) AS listed,
           devices.position AS position,
           devices.name, devices.kind, devices.extension AS owner, devices.number,
           devices.confirm, devices.location, devices.dnd, devices.redirect, devices.push,
           follow_me.enabled, follow_me.delay, follow_me.ring, follow_me.skip_if_busy,
           follow_me.ring_given
    FROM devices LEFT JOIN follow_me
        ON follow_me.domain = devices.domain AND follow_me.device = devices.name
        AND follow_me.origin = :origin
    WHERE devices.domain = :domain AND devices.extension = :extension
    UNION ALL
    SELECT 1, coalesce(devices.follow_me_position, 1000000), devices.position,
           devices.name, devices.kind, devices.workplace, devices.number,
           devices.confirm, devices.location, devices.dnd, devices.redirect, devices.push,
           follow_me.enabled, follow_me.delay, follow_me.ring, follow_me.skip_if_busy,
           follow_me.ring_given
    FROM workplace_logins JOIN devices
        ON devices.domain = workplace_logins.domain
        AND devices.workplace = workplace_logins.workplace
    LEFT JOIN follow_me
        ON follow_me.domain = devices.domain AND follow_me.device = devices.name
        AND follow_me.origin = :origin
    WHERE workplace_logins.domain = :domain AND workplace_logins.extension = :extension
    ORDER BY place, listed, position
"""


class Store:
    """The store at ``path``, kept open for reading by one process.

    Not for use by several threads at once. Greenlets may read at the same time: each block of
    :meth:`read` has a connection of its own, and ended blocks leave theirs for the next.
    """

    def __init__(self, path: str | Path) -> None:
        """Opens the store to see that it can be read; raises as :func:`open_store` does."""
        self._path = Path(path)
        self._idle: list[Connection] = []
        self._idle.append(self._open())

    def read(self) -> Reading:
        """One read transaction: everything read in the block is of the same instant.

        Raises StoreError, also out of the block, when the store cannot be read. A file that was
        put in the place of the old one is noticed and opened.
        """
        return Reading(self)

    def ahead(self) -> Reading | None:
        """A transaction that has begun already, with the settings read, for somebody who knows
        that he will need one and waits for something else; None: it would cost a connection more,
        or the store cannot be read. The block has to be entered, or :meth:`Reading.close` called.
        """
        if not self._idle:
            return None
        reading = Reading(self)
        try:
            reading.begin()
        except StoreError:
            return None  # whoever needs the rules then finds the same, and says so
        return reading

    def close(self) -> None:
        """Close every connection that no block uses."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection:
        while self._idle:
            if self._idle[-1].current():
                return self._idle.pop()
            self._idle.pop().close()
        return self._open()

    def _open(self) -> Connection:
        return Connection(self._path, readonly=True)


class Reading:
    """A block of :meth:`Store.read`."""

    __slots__ = ("_connection", "_reader", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reader: Reader | None = None

    def begin(self) -> None:
        """Begin before the block does, and read what every decision reads. Raises StoreError."""
        reader = self.__enter__()
        try:
            reader.domains()
        except sqlite3.Error as error:
            self.__exit__(type(error), error, None)

    def close(self) -> None:
        """Leave a block that has begun and was never entered."""
        with suppress(StoreError):
            self.__exit__(None, None, None)

    def __enter__(self) -> Reader:
        if self._reader is None:
            self._connection = connection = self._store._take()
            self._reader = Reader(connection.db.conn)
            try:
                connection.db.conn.execute("BEGIN")
            except sqlite3.Error as error:
                self.__exit__(type(error), error, None)
        return self._reader

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: object
    ) -> None:
        connection, store = self._connection, self._store
        if not isinstance(error, sqlite3.Error):
            try:
                connection.db.conn.execute("ROLLBACK")
            except sqlite3.Error as failed:
                error = failed
        if isinstance(error, sqlite3.Error):
            connection.close()
            raise StoreError(f"{store._path} cannot be read: {error}") from error
        store._idle.append(connection)


@dataclass(frozen=True, slots=True)
class _Has:
    """Of which of his own rules a user has any. Most have few: who has none is not asked for."""

    callers: bool
    forward: bool
    profiles: bool
    assistants: bool
    status: bool
    """Whether anything may give him another status than available: one that was set, and until
    when; office hours; a calendar; a messenger."""


_PERHAPS = _Has(True, True, True, True, True)
"""Of a user who was not read yet."""


class Reader:
    """:class:`esl_router.model.rules.Rules` on an open read transaction.

    A row that cannot be right (forced in past the schema's checks) is left out and listed in
    :attr:`problems`. A follow-me row whose times are wrong counts as missing, so that the phone
    still rings, unless it is disabled; an unreadable toll policy lets no number out.
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._problems: dict[Problem, None] = {}
        self._executives: dict[tuple[str, str], Executive | None] = {}
        self._has: dict[tuple[str, str], _Has] = {}
        self._domains: dict[str, tuple[Any, ...]] | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._problems)

    def domains(self) -> tuple[str, ...]:
        return tuple(self._companies())

    def secret(self, name: str) -> bytes:
        """One of the store's own secrets; empty where it has lost it."""
        row = self._conn.execute("SELECT value FROM secrets WHERE name = ?", (name,)).fetchone()
        return b"" if row is None else bytes(row[0])

    def holiday_regions(self) -> tuple[str, ...]:
        """The regions whose public holidays a schedule closes on, sorted."""
        rows = self._conn.execute(
            "SELECT DISTINCT holidays FROM schedules WHERE holidays > '' ORDER BY holidays"
        )
        return tuple(region for (region,) in rows)

    def settings(self, domain: str) -> Settings | None:
        row = self._companies().get(domain)
        if row is None:
            return None
        settings, problems = _settings(domain, row)
        self._problems.update(dict.fromkeys(problems))
        return settings

    def user(self, domain: str, extension: str) -> User | None:
        row = self._conn.execute(_USER, (domain, extension)).fetchone()
        if row is None:
            return None
        name, voicemail, decline, max_calls, cancel_pending, outgoing_early, *rest = row
        greet, forward_ring, fax, numbers, *has = rest
        self._has[domain, extension] = _Has(*has)
        path = f"users.{extension}"
        if not is_extension(extension):
            self._problem(path, f"{extension!r} is no extension")
            return None
        if decline not in _DECLINE:
            self._problem(f"{path}.decline", f"{decline!r} is not known, taken as 'auto'")
        if greet not in _GREETINGS:
            why = f"{greet!r} is not known, taken as 'standard'"
            self._problem(f"{path}.voicemail_greeting", why)
        if forward_ring is not None and forward_ring < 1:
            self._problem(f"{path}.forward_ring", f"{forward_ring} is no number of seconds")
            forward_ring = None
        return User(
            domain,
            extension,
            name,
            tuple(json.loads(numbers)),
            voicemail != 0,
            _DECLINE.get(decline, DeclineScope.AUTO),
            max(0, max_calls),
            cancel_pending != 0,
            outgoing_early != 0,
            _GREETINGS.get(greet, Greetings.STANDARD),
            forward_ring,
            () if fax == "[]" else tuple(json.loads(fax)),
        )

    def presence(self, domain: str, extension: str) -> Presence:
        has = self._known(domain, extension)
        if not (has.status or has.profiles):
            return Presence()
        return personal.presence(self._conn, domain, extension, self._problem, has.profiles)

    def call_forward(self, domain: str, extension: str) -> dict[Origin, CallForward]:
        if not self._known(domain, extension).forward:
            return {}
        return personal.call_forward(self._conn, domain, extension, self._problem)

    def callers(self, domain: str, extension: str) -> tuple[CallerRule, ...]:
        if not self._known(domain, extension).callers:
            return ()
        return personal.callers(self._conn, domain, extension, self._problem)

    def team(self, domain: str, extension: str) -> Team | None:
        return teams.team(self._conn, domain, extension, self._problem)

    def executive(self, domain: str, extension: str) -> Executive | None:
        if not self._known(domain, extension).assistants:
            return None
        key = domain, extension
        if key not in self._executives:  # each decision asks twice
            found = executives.executive(self._conn, domain, extension, self._problem)
            self._executives[key] = found
        return self._executives[key]

    def executives_of(self, domain: str, assistant: str) -> tuple[str, ...]:
        return executives.executives_of(self._conn, domain, assistant)

    def workplace(self, domain: str, number: str) -> str | None:
        row = self._conn.execute(
            "SELECT name FROM workplaces WHERE domain = ? AND number = ?", (domain, number)
        ).fetchone()
        return None if row is None else row[0]

    def workplace_of(self, domain: str, device: str) -> str | None:
        row = self._conn.execute(
            "SELECT workplace FROM devices WHERE domain = ? AND name = ?", (domain, device)
        ).fetchone()
        return None if row is None else row[0]

    def logged_in_at(self, domain: str, extension: str) -> str | None:
        row = self._conn.execute(
            "SELECT workplace FROM workplace_logins WHERE domain = ? AND extension = ?",
            (domain, extension),
        ).fetchone()
        return None if row is None else row[0]

    def teams_of(self, domain: str, member: str) -> tuple[str, ...]:
        return teams.teams_of(self._conn, domain, member)

    def owner_of(self, number: str) -> tuple[str, str] | None:
        row: tuple[str, str] | None = self._conn.execute(
            "SELECT domain, extension FROM numbers WHERE number = ?", (number,)
        ).fetchone()
        return row

    def device_user(self, domain: str, device: str) -> str | None:
        row = self._conn.execute(_DEVICE_USER, (domain, device)).fetchone()
        return None if row is None else row[0]

    def contact_name(self, domain: str, number: str) -> str:
        row = self._conn.execute(_CONTACT_NAME, (domain, number)).fetchone()
        return "" if row is None else row[0]

    def follow_me(self, domain: str, extension: str, origin: Origin) -> tuple[FollowMeRow, ...]:
        found = self._conn.execute(
            _FOLLOW_ME, {"domain": domain, "extension": extension, "origin": origin.value}
        )
        rows: dict[str, FollowMeRow] = {}
        for place, _, _, *rest in found:
            name, kind, owner, number, confirm, location, dnd, *rest = rest
            redirect, push, enabled, delay, ring, skip, given = rest
            whose = f"workplaces.{owner}" if place else f"users.{owner}"
            path = f"{whose}.devices.{name}"
            if name in rows:
                continue
            if kind not in _KIND:
                self._problem(f"{path}.kind", f"{kind!r} is not known")
                continue
            if kind == DeviceKind.EXTERNAL and (number is None or not _E164.fullmatch(number)):
                self._problem(f"{path}.number", f"{number!r} is no E.164 number")
                continue
            token = None
            if push is not None:
                try:
                    token = _token(push)
                except (ValueError, TypeError, AttributeError):
                    self._problem(f"{path}.push", "is unreadable: the app is not woken")
            device = Device(
                name,
                _KIND[kind],
                owner,
                number,
                confirm != 0,
                location,
                dnd != 0,
                redirect != 0,
                token,
            )
            if enabled is None:
                rows[name] = FollowMeRow(device)
            elif delay < 0 or ring < 1:
                what = f"delay {delay} is negative" if delay < 0 else f"ring {ring} is below 1"
                self._problem(f"{whose}.follow_me.{name}.{origin.value}", what)
                rows[name] = FollowMeRow(device, enabled != 0)
            else:
                own_ring = origin is Origin.TEAM and given != 0
                rows[name] = FollowMeRow(device, enabled != 0, delay, ring, skip != 0, own_ring)
        return tuple(rows.values())

    def _companies(self) -> dict[str, tuple[Any, ...]]:
        """The row of each domain: there are few, and one statement reads them all."""
        if self._domains is None:
            self._domains = {row[0]: row[1:] for row in self._conn.execute(_SETTINGS)}
        return self._domains

    def _known(self, domain: str, extension: str) -> _Has:
        return self._has.get((domain, extension), _PERHAPS)

    def _problem(self, path: str, text: str) -> None:
        self._problems[Problem(path, text)] = None


_KIND = {kind.value: kind for kind in DeviceKind}
_DECLINE = {scope.value: scope for scope in DeclineScope}
_GREETINGS = {each.value: each for each in Greetings}


# Every decision reads it, and what it says takes longer to read than the row: the same row always
# says the same.
@lru_cache(maxsize=64)
def _settings(domain: str, row: tuple[Any, ...]) -> tuple[Settings, tuple[Problem, ...]]:
    """A domain's settings, and what of its row cannot be right."""
    problems: list[Problem] = []

    def problem(path: str, text: str) -> None:
        problems.append(Problem(path, text))

    country, timezone, ring_cycle, trunk, caller_id_out, allow, deny, redirects = row[:8]
    live, alert_silent, codes, parallel_forwards, code_sounds, remote, push = row[8:15]
    forward_ring, dnd_over_cfu, language = row[15:]
    try:
        toll = TollPolicy(_texts(allow), _texts(deny))
    except ValueError:
        toll = _NOTHING_ALLOWED
        problem("settings.toll", "is unreadable: no number outside may be dialled")
    usual = Settings(domain)
    if ring_cycle < 1:
        problem("settings.ring_cycle", f"{ring_cycle} is no number of seconds")
        ring_cycle = usual.ring_cycle
    if redirects < 0:
        problem("settings.max_redirects", f"{redirects} is negative")
        redirects = usual.max_redirects
    if forward_ring is not None and forward_ring < 1:
        problem("settings.forward_ring", f"{forward_ring} is no number of seconds")
        forward_ring = None
    try:
        values.alert_info(alert_silent, country)
    except ValueError as error:
        problem("settings.alert_info.silent", str(error))
        alert_silent = usual.alert_silent
    try:
        digits = _digits(codes)
    except ValueError:
        problem("settings.codes", "are unreadable: the usual ones hold")
        digits = usual.codes
    try:
        sounds = _sounds(code_sounds)
    except ValueError:
        problem("settings.code_sounds", "are unreadable: tones are played")
        sounds = usual.code_sounds
    try:
        hook = None if push is None else hooks.hook(push)
    except (ValueError, TypeError, KeyError):
        problem("settings.push", "is unreadable: no app is woken")
        hook = None
    if language not in LABELS:
        problem("settings.language", f"{language} is no language: {usual.language} is shown")
        language = usual.language
    settings = Settings(
        domain,
        country,
        timezone,
        language,
        ring_cycle,
        trunk,
        caller_id_out,
        toll,
        redirects,
        parallel_forwards,
        forward_ring,
        dnd_over_cfu != 0,
        redecide=live == "redecide",
        alert_silent=alert_silent,
        codes=digits,
        code_sounds=sounds,
        remote=remote,
        push=hook,
    )
    return settings, tuple(problems)


def _texts(column: str) -> tuple[str, ...]:
    """The list of strings in a JSON column; ValueError when it is anything else."""
    values = json.loads(column)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError("not a list of strings")
    return tuple(values)


@lru_cache(maxsize=1024)
def _token(column: str) -> tuple[tuple[str, str], ...]:
    """What wakes one app, from a JSON column; raises what reading a wrong one raises."""
    return tuple((str(name), str(value)) for name, value in json.loads(column).items())


def _digits(column: str) -> Mapping[Code, str]:
    """The feature codes in a JSON column, with the usual ones for those it does not name;
    ValueError when it is anything else."""
    written = json.loads(column)
    if not isinstance(written, dict):
        raise ValueError("no mapping")
    return MappingProxyType(
        {code: values.code(written.get(code, digits), "") for code, digits in USUAL.items()}
    )


def _sounds(column: str) -> Mapping[str, str]:
    """The sounds of the codes in a JSON column; ValueError when it is anything else."""
    written = json.loads(column)
    if not isinstance(written, dict):
        raise ValueError("no mapping")
    return MappingProxyType(
        {tone: values.sound(written[tone], "") for tone in Tone if written.get(tone) is not None}
    )
