"""PINs: how a user shows by telephone keys that it is he.

A PIN has few digits. What keeps it from being guessed is that few guesses are allowed: each is
counted before it is looked at, in the store, so that neither several calls at once nor several
processes get more of them.
"""

from __future__ import annotations

import hmac
from contextlib import closing
from pathlib import Path

import sqlite_utils

from esl_router.errors import RouterError
from esl_router.store.database import open_store, write_state
from esl_router.store.rules.values import pin_kept

MOST_WRONG = 5
"""Wrong PINs for one user within an hour; further ones are not looked at."""

MOST_WRONG_OF_ALL = 50
"""The same for all users of a domain together."""

HOUR = 3600.0
PATIENCE = 2.0
"""Seconds an attempt waits for another process that writes: a caller waits behind it."""

_SPENT = """
    SELECT count(*) FILTER (WHERE extension = :extension), count(*)
    FROM wrong_pins WHERE domain = :domain AND at > :since
"""


class Pins:
    """The PINs in the store at ``path``."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def refuse(self, domain: str, extension: str, pin: str, now: float) -> str:
        """Why a user is not let in by this PIN, in a sentence; "" when it is his.

        ``now`` is in seconds since the epoch. Raises nothing: where the attempt cannot be counted
        nobody is let in.
        """
        try:
            with closing(open_store(self._path, timeout=PATIENCE)) as db:
                return _refuse(db, domain, extension, pin, now)
        except RouterError as error:
            return f"The PIN was not looked at: {error}."


def _refuse(db: sqlite_utils.Database, domain: str, extension: str, pin: str, now: float) -> str:
    conn = db.conn
    key = {"domain": domain, "extension": extension}
    with write_state(db):
        conn.execute("DELETE FROM wrong_pins WHERE at <= ?", (now - HOUR,))
        own, all_together = conn.execute(_SPENT, {**key, "since": now - HOUR}).fetchone()
        if own >= MOST_WRONG or all_together >= MOST_WRONG_OF_ALL:
            whose = f"for {extension} " if own >= MOST_WRONG else ""
            return f"Too many wrong PINs {whose}within the hour."
        attempt = conn.execute(
            "INSERT INTO wrong_pins (domain, extension, at) VALUES (?, ?, ?)",
            (domain, extension, now),
        ).lastrowid
    row = conn.execute(
        "SELECT pin FROM users WHERE domain = :domain AND extension = :extension", key
    ).fetchone()
    if row is None or row[0] is None:
        return f"{extension} has no PIN." if row else f"There is no user {extension}."
    if not matches(pin, row[0]):
        return f"A wrong PIN for {extension}."
    with write_state(db):
        conn.execute("DELETE FROM wrong_pins WHERE rowid = ?", (attempt,))
    return ""


def matches(pin: str, stored: str) -> bool:
    """Whether ``stored`` was made of this PIN."""
    salt = stored.split("$")[1]
    return hmac.compare_digest(pin_kept(pin, bytes.fromhex(salt)), stored)
