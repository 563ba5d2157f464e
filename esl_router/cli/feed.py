"""The lines of ``presence feed``, one after the other."""

from __future__ import annotations

from datetime import datetime

import sqlite_utils

from esl_router.errors import NotFound
from esl_router.store.changes import pick_domain
from esl_router.store.messengers import LONGEST_LINE, Line, hear


class Intake:
    """Takes lines into a store, and counts them."""

    def __init__(self, db: sqlite_utils.Database, domain: str | None, ttl: int) -> None:
        self._db = db
        self._domain = domain
        self._ttl = ttl
        self.taken = 0
        self.refused = 0
        self.uncounted: dict[str, None] = {}
        """Of whom something was said whose messenger is off."""

    def take(self, line: bytes, now: datetime) -> str:
        """Take one line; what is wrong with it, in words, empty when nothing is."""
        if not line.strip():
            return ""
        try:
            said = Line.parse(line[: LONGEST_LINE + 1].decode(), self._ttl)
            domain = pick_domain(self._db, said.domain or self._domain)
            counts = hear(self._db, domain, said, now)
        except UnicodeDecodeError:
            self.refused += 1
            return "is no UTF-8"
        except (ValueError, NotFound) as error:
            self.refused += 1
            return str(error)
        self.taken += 1
        if counts:
            self.uncounted.pop(said.user, None)
        else:
            self.uncounted[said.user] = None
        return ""

    def summary(self) -> str:
        """What was done, in a sentence or two."""
        lines = "line" if self.taken == 1 else "lines"
        text = f"{self.taken} {lines} taken, {self.refused} refused."
        if self.uncounted:
            who = ", ".join(self.uncounted)
            text += f" For {who} it does not count: esl-router presence messenger … on"
        return text
