"""Telling the hooks of the domains what has happened: missed calls and new messages (N4, Q3).

It runs beside the processes that route calls: however long a hook takes, no call waits for it. One
process does so, whichever had the call, and what a hook has not taken waits in the store.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlite_utils

from esl_router import hook
from esl_router.errors import StoreError
from esl_router.model.people import Hook
from esl_router.store import notices
from esl_router.store.connection import opened

logger = logging.getLogger(__name__)

TICK: Final = 0.5
"""Seconds between two looks."""

BATCH: Final = 50
"""How many a domain tells before it is the next one's turn."""

PAUSE: Final = 5.0
"""Seconds before a hook that has failed is called again; each later pause is twice as long."""

LONGEST_PAUSE: Final = 300.0

TRIES: Final = 8
"""How often a hook may refuse one event."""

KEPT: Final = 86400.0
"""Seconds for which an event waits for a hook that is dead."""

RETRY: Final = 10.0
"""Seconds before a store that cannot be read is opened again."""

Call = Callable[[Hook, bytes], str]


@dataclass(slots=True)
class _Dead:
    """A hook that has failed."""

    until: float
    pause: float


class Delivery:
    """Tells what waits in one store. ``call`` calls a hook and says what went wrong."""

    def __init__(self, db: sqlite_utils.Database, call: Call = hook.run) -> None:
        self._db = db
        self._call = call
        self._dead: dict[str, _Dead] = {}

    def round(self, now: float) -> None:
        """Tell what is due at ``now`` (seconds since the epoch). Raises StoreError."""
        for domain in notices.waiting(self._db):
            dead = self._dead.get(domain)
            if dead is None or dead.until <= now:
                self._tell(domain, now)

    def _tell(self, domain: str, now: float) -> None:
        try:
            told = notices.hook_of(self._db, domain)
        except ValueError as error:
            self._failed(domain, now, f"{error}.")
            return
        if told is None:
            notices.drop(self._db, domain)
            self._dead.pop(domain, None)
            return
        for _ in range(BATCH):
            notice = notices.first(self._db, domain)
            if notice is None:
                return
            wrong = self._call(told, notice.body.encode())
            if not wrong:
                notices.told(self._db, notice)
                if self._dead.pop(domain, None):
                    logger.warning("the hook of %s is told of calls again", domain)
                continue
            if notice.tried + 1 >= TRIES or now - notice.at > KEPT:
                logger.warning("the hook of %s is never told of one call: %s", domain, wrong)
                notices.told(self._db, notice)
            else:
                notices.refused(self._db, notice)
            self._failed(domain, now, wrong)
            return

    def _failed(self, domain: str, now: float, wrong: str) -> None:
        dead = self._dead.get(domain)
        if dead is None:
            logger.warning("the hook of %s is told of calls later: %s", domain, wrong)
        pause = PAUSE if dead is None else min(dead.pause * 2, LONGEST_PAUSE)
        self._dead[domain] = _Dead(now + pause, pause)


def watch(path: Path) -> None:
    """Tell what there is to tell, until the process ends."""
    while True:
        try:
            with opened(path) as store:
                delivery = Delivery(store.db)
                while store.current():
                    delivery.round(time.time())
                    time.sleep(TICK)
        except StoreError as error:
            logger.error("nobody is told of missed calls: %s", error)
            time.sleep(RETRY)
