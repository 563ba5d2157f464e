"""Which phones are registered, from FreeSWITCH's events and from its table. Pure.

FreeSWITCH keeps one row for each account and Call-ID of the REGISTER (its ``token``). A new row
replaces the one with the same Call-ID or the same dial URL. So does this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import unquote

from esl_router.model.live import Contact

GRACE = 60.0
"""Seconds that a registration outlives its expiry. FreeSWITCH itself dials a phone that is late
for as long (``sip-expires-late-margin``), and then takes up to half a minute to say so."""

_SCHEME = re.compile(r"(sips?):(.+)", re.IGNORECASE | re.DOTALL)
_NO_URI = re.compile(r'[\x00-\x20\x7f<>"{}|^\\`]')
_PATH = ";fs_path="
# What FreeSWITCH's own encoder escapes; an escape that is already there it leaves alone.
_ESCAPED = re.compile(r"(%[0-9A-Fa-f]{2})|([^ -~]|[\r\n #%&+:;<=>?@\[\\\]^`{|}\"])")


class Event(Protocol):
    """The headers of an event, values decoded."""

    def get(self, name: str, /) -> str | None: ...


def account_key(user: str, host: str) -> str:
    """``account@domain``, as :class:`~esl_router.model.live.Live` keys registrations."""
    return f"{user}@{host.lower()}"


def _agree(contact: Contact, url: str, expires: float | None) -> bool:
    """Whether a row says what is known already; the switch counts in whole seconds."""
    if expires is None or contact.expires is None:
        return contact.url == url and expires == contact.expires
    return contact.url == url and abs(expires - contact.expires) < 2.0


def _escape(match: re.Match[str]) -> str:
    known, char = match.groups()
    return known or "".join(f"%{byte:02X}" for byte in char.encode())


def dial_url(profile: str, contact: str) -> str | None:
    """How the switch dials the ``contact`` of a ``sofia::register`` event; None: it is no URI.

    The event has the contact decoded once too often: its ``fs_path`` parameter (the way back to
    a phone behind NAT or a proxy), always the last one, is escaped here again. A phone writes
    its contact itself; one with characters that no URI can hold is not believed.
    """
    text = contact.strip()
    if text.startswith('"'):
        text = text[text.find('"', 1) + 1 :].lstrip()
    opened, closed = text.find("<"), text.rfind(">")
    if opened >= 0:
        if closed < opened:
            return None
        text = text[opened + 1 : closed]
    uri = _SCHEME.fullmatch(text)
    if uri is None or not profile or _NO_URI.search(profile):
        return None
    scheme, rest = uri.groups()
    rest, path, way = rest.partition(_PATH)
    if path:
        rest += path + _ESCAPED.sub(_escape, way)
    if _NO_URI.search(rest):
        return None
    return f"sofia/{profile}/{scheme.lower()}:{rest}"


@dataclass(slots=True)
class _Row:
    contact: Contact
    heard: float
    """When an event last spoke of it; 0: known from the table alone."""

    sequence: int


@dataclass(slots=True)
class _Gone:
    heard: float
    sequence: int
    sticky: bool
    """The switch's table keeps the row although the phone has signed off, as it does when the
    phone signs off under another Call-ID: the table is not believed in this."""


class Registrations:
    """The contacts of every account. Its methods are its only transitions."""

    def __init__(self) -> None:
        self.contacts: dict[str, tuple[Contact, ...]] = {}
        """What counts: oldest first, none of them past its expiry and :data:`GRACE`."""

        self._waiting: dict[str, list[Callable[[], object]]] = {}
        self._rows: dict[str, dict[str, _Row]] = {}
        self._gone: dict[tuple[str, str], _Gone] = {}
        # Account and unescaped URL -> when which token last registered it, by event. A table from
        # before that may still have the row that this one replaced.
        self._claims: dict[tuple[str, str], tuple[float, str]] = {}
        self._first_expiry = float("inf")

    def __len__(self) -> int:
        return sum(len(rows) for rows in self._rows.values())

    def clear(self) -> None:
        self.contacts.clear()
        self._rows.clear()
        self._gone.clear()
        self._claims.clear()
        self._first_expiry = float("inf")

    def on_registration(self, account: str, heard: Callable[[], object]) -> Callable[[], object]:
        """Calls ``heard`` whenever something new is known of the account's registrations, and it
        has any; until what is returned is called. It must be quick, and must not wait."""
        waiting = self._waiting.setdefault(account, [])
        waiting.append(heard)

        def forget() -> None:
            if heard in waiting:
                waiting.remove(heard)
            if not waiting:
                self._waiting.pop(account, None)

        return forget

    def register(self, event: Event, sequence: int, now: float) -> bool:
        """``sofia::register``. False: the event is not what it should be."""
        user, host, token = event.get("from-user"), event.get("from-host"), event.get("call-id")
        url = dial_url(event.get("profile-name") or "", event.get("contact") or "")
        lasts = event.get("expires") or ""
        # A number of more digits is no time that a phone is registered for.
        if not (user and host and token and url and re.fullmatch(r"[0-9]{1,9}", lasts)):
            return False
        account = account_key(user, host)
        if self._is_late(account, token, sequence):
            return True
        rows = self._rows.setdefault(account, {})
        old = rows.get(token)
        if old is not None and unquote(old.contact.url) == unquote(url):
            # The same phone again. What the table said has its escapes where they belong.
            url = old.contact.url
        for other in [key for key, row in rows.items() if row.contact.url == url and key != token]:
            del rows[other]
            self._gone[account, other] = _Gone(now, sequence, sticky=False)
        self._gone.pop((account, token), None)
        self._claims[account, unquote(url)] = now, token
        registered = now if old is None else old.contact.registered
        rows[token] = _Row(Contact(url, registered, now + int(lasts)), now, sequence)
        self._publish(account)
        return True

    def unregister(self, event: Event, sequence: int, now: float) -> bool:
        """``sofia::unregister`` (the phone signed off, or its connection is lost)."""
        return self._remove(event.get("from-user"), event.get("from-host"), event, sequence, now)

    def expire(self, event: Event, sequence: int, now: float) -> bool:
        """``sofia::expire`` (the phone came too late)."""
        return self._remove(event.get("user"), event.get("host"), event, sequence, now)

    def _remove(
        self, user: str | None, host: str | None, event: Event, sequence: int, now: float
    ) -> bool:
        token = event.get("call-id")
        if not (user and host and token):
            return False
        account = account_key(user, host)
        if self._is_late(account, token, sequence):
            return True
        rows = self._rows.get(account, {})
        url = dial_url(event.get("profile-name") or "", event.get("contact") or "")
        same = {key for key, row in rows.items() if unquote(row.contact.url) == unquote(url or "")}
        for key in same | {token}:
            rows.pop(key, None)
            self._gone[account, key] = _Gone(now, sequence, sticky=key != token)
        self._publish(account)
        return True

    def _is_late(self, account: str, token: str, sequence: int) -> bool:
        """Whether a later event has already spoken of this registration."""
        row = self._rows.get(account, {}).get(token)
        gone = self._gone.get((account, token))
        return any(known and sequence < known.sequence for known in (row, gone))

    def reconcile(
        self, table: Iterable[Mapping[str, object]], horizon: float, now: float, skew: float
    ) -> int:
        """Agree with the switch's ``registrations`` table, read after ``horizon``.

        What an event said since ``horizon`` is newer than the table and stands. ``skew`` is what
        the switch's clock is ahead of ours, in seconds. Returns how many rows made no sense.
        """
        listed: set[tuple[str, str]] = set()
        changed: set[str] = set()
        odd = 0
        for line in table:
            key = self._take(line, horizon, now, skew, changed)
            if key is None:
                odd += 1
            else:
                listed.add(key)
        for account, rows in self._rows.items():
            for token in [token for token in rows if (account, token) not in listed]:
                if rows[token].heard < horizon:
                    del rows[token]
                    changed.add(account)
        for key in [
            key
            for key, gone in self._gone.items()
            if gone.heard < horizon and not (gone.sticky and key in listed)
        ]:
            del self._gone[key]
        for key in [key for key, (heard, _) in self._claims.items() if heard < horizon]:
            del self._claims[key]
        for account in changed:
            self._publish(account)
        self.sweep(now, force=True)
        return odd

    def _take(
        self,
        line: Mapping[str, object],
        horizon: float,
        now: float,
        skew: float,
        changed: set[str],
    ) -> tuple[str, str] | None:
        user, realm, token, url = (line.get(k) for k in ("reg_user", "realm", "token", "url"))
        ends = line.get("expires")
        if not (
            isinstance(user, str)
            and isinstance(realm, str)
            and isinstance(token, str)
            and isinstance(url, str)
            and isinstance(ends, str)
            and user
            and realm
            and url
            and not _NO_URI.search(url)
            and re.fullmatch(r"[0-9]{1,15}", ends)
        ):
            return None
        account = account_key(user, realm)
        gone = self._gone.get((account, token))
        if gone is not None and (gone.sticky or gone.heard >= horizon):
            return account, token
        heard, owner = self._claims.get((account, unquote(url)), (0.0, token))
        if owner != token and heard >= horizon:
            return account, token
        rows = self._rows.setdefault(account, {})
        old = rows.get(token)
        # FreeSWITCH writes 0 for what never ends.
        expires = float(ends) - skew if int(ends) else None
        if old is None:
            rows[token] = _Row(Contact(url, now, expires), 0.0, -1)
        elif old.heard < horizon:
            if _agree(old.contact, url, expires):
                return account, token
            old.contact = replace(old.contact, url=url, expires=expires)
        elif unquote(old.contact.url) == unquote(url):
            old.contact = replace(old.contact, url=url)
        else:
            return account, token
        changed.add(account)
        return account, token

    def sweep(self, now: float, *, force: bool = False) -> None:
        """Drop what is past its expiry and :data:`GRACE`; cheap when there is nothing to drop."""
        if not force and now <= self._first_expiry + GRACE:
            return
        self._first_expiry = float("inf")
        for account in list(self._rows):
            rows = self._rows[account]
            dead = [
                token
                for token, row in rows.items()
                if row.contact.expires is not None and now > row.contact.expires + GRACE
            ]
            for token in dead:
                del rows[token]
            if dead:
                self._publish(account)
            for row in rows.values():
                self._note_expiry(row)

    def _note_expiry(self, row: _Row) -> None:
        if row.contact.expires is not None:
            self._first_expiry = min(self._first_expiry, row.contact.expires)

    def _publish(self, account: str) -> None:
        rows = self._rows.get(account)
        if not rows:
            self._rows.pop(account, None)
            self.contacts.pop(account, None)
            return
        unique: dict[str, Contact] = {}
        for row in rows.values():
            unique.setdefault(row.contact.url, row.contact)
            self._note_expiry(row)
        self.contacts[account] = tuple(sorted(unique.values(), key=lambda c: c.registered))
        for heard in tuple(self._waiting.get(account, ())):
            heard()
