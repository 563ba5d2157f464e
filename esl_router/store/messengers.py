"""What messengers say of people, for how long it counts, and the switches of it (M7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound
from esl_router.model.actor import Actor
from esl_router.model.presence import MESSENGER
from esl_router.store.changes import Changes, change_user
from esl_router.store.database import write, write_state
from esl_router.store.presence import own
from esl_router.store.rules.values import one_of, said

TTL = 300
"""Seconds that a line counts which does not say for how long."""

LONGEST = 86400
"""The most seconds that one line may count."""

LONGEST_LINE = 10_000
"""Characters."""

_KEYS = ("user", "status", "ttl", "domain")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a presence feed."""

    user: str
    status: str
    """A key of :data:`esl_router.model.presence.MESSENGER`."""

    ttl: int
    """Seconds that it counts; 0: no longer at all."""

    domain: str | None = None

    @classmethod
    def parse(cls, text: str, ttl: int = TTL) -> Line:
        """``{"user": "1001", "status": "busy", "ttl": 300}``; raises ValueError."""
        if len(text) > LONGEST_LINE:
            raise ValueError(f"is longer than {LONGEST_LINE} characters")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("is no JSON") from None
        if not isinstance(found, dict):
            raise ValueError("is no JSON object")
        for key in found:
            if key not in _KEYS:
                raise ValueError(f"unknown key {said(key)}: it may have {one_of(_KEYS)}")
        user, status = found.get("user"), found.get("status")
        if not isinstance(user, str) or not user:
            raise ValueError(f"user must be an extension in quotes, not {said(user)}")
        if not isinstance(status, str) or status not in MESSENGER:
            raise ValueError(f"status must be {one_of(tuple(MESSENGER))}, not {said(status)}")
        length = found.get("ttl", ttl)
        if isinstance(length, bool) or not isinstance(length, int) or not 0 <= length <= LONGEST:
            raise ValueError(f"ttl must be 0 to {LONGEST} seconds, not {said(length)}")
        domain = found.get("domain")
        if domain is not None and not isinstance(domain, str):
            raise ValueError(f"domain must be text, not {said(domain)}")
        return cls(user, status, length, domain)


def hear(db: sqlite_utils.Database, domain: str, line: Line, now: datetime) -> bool:
    """Take what a line says of somebody, in the place of what was said before.

    Returns whether it counts for him at all. Raises NotFound when he is no user.
    """
    with write_state(db):
        row = db.conn.execute(
            "SELECT (SELECT 1 FROM messengers WHERE messengers.domain = users.domain"
            " AND messengers.extension = users.extension)"
            " FROM users WHERE domain = ? AND extension = ?",
            (domain, line.user),
        ).fetchone()
        if row is None:
            raise NotFound(f"there is no user {said(line.user)}")
        seconds = int(now.timestamp())
        db.conn.execute("DELETE FROM messenger_feed WHERE until <= ?", (seconds,))
        db.table("messenger_feed").upsert(
            {
                "domain": domain,
                "extension": line.user,
                "says": line.status,
                "until": seconds + line.ttl,
            },
            pk=("domain", "extension"),
        )
    return row[0] is not None


def set_messenger(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    settings: Mapping[str, Any] | None,
    *,
    by: Actor | None = None,
) -> Changes:
    """Set whether and how a messenger counts for a user, to what a rules file would say.

    ``settings`` None: it does not count. Keys that are not named stay.
    """
    with write(db, by):
        old = own(db, domain, extension, by, ("messenger",))
        if settings is None:
            return change_user(db, domain, extension, old, {"messenger": None})
        kept = old["messenger"] or {"status": True, "forward": None}
        return change_user(db, domain, extension, old, {"messenger": {**kept, **settings}})
