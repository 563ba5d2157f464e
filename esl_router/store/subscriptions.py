"""What telephones watch, kept for a router that starts anew: the switch does not tell twice."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from esl_router.store.database import open_store, write

PATIENCE = 5.0
"""Seconds a write waits for another process that writes."""

Row = tuple[str, str, str, str, str, float, str]
"""Call-ID, domain, account, watched, protocol, when it expires, the switch."""


class Subscriptions:
    """Keeps them in the store at ``path``. Every method opens it anew, in whatever thread."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def load(self, now: float) -> tuple[Row, ...]:
        """Those that have not expired, the oldest first. Raises StoreError."""
        db = open_store(self._path, readonly=True)
        try:
            return tuple(
                db.conn.execute(
                    """
                    SELECT call_id, domain, account, watched, protocol, expires, switch
                    FROM subscriptions WHERE expires > ? ORDER BY rowid
                    """,
                    (now,),
                )
            )
        finally:
            db.close()

    def save(self, rows: Collection[Row], gone: Collection[str], now: float) -> None:
        """Keep these, and forget those whose Call-ID is ``gone`` or that have expired.

        Raises StoreError.
        """
        db = open_store(self._path, timeout=PATIENCE)
        try:
            with write(db):
                db.conn.execute("DELETE FROM subscriptions WHERE expires <= ?", (now,))
                db.conn.executemany(
                    "DELETE FROM subscriptions WHERE call_id = ?", [(each,) for each in gone]
                )
                db.conn.executemany(
                    """
                    INSERT INTO subscriptions
                        (call_id, domain, account, watched, protocol, expires, switch)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET
                        domain = excluded.domain, account = excluded.account,
                        watched = excluded.watched, protocol = excluded.protocol,
                        expires = excluded.expires, switch = excluded.switch
                    """,
                    list(rows),
                )
        finally:
            db.close()
