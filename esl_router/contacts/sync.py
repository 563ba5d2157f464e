"""Copying the contacts of LDAP directories into the store, now and then; no call waits for it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlite_utils

from esl_router.contacts.entries import Checked, check
from esl_router.errors import SourceError, StoreError
from esl_router.store import contacts
from esl_router.store.changes import country_of
from esl_router.store.connection import opened

logger = logging.getLogger(__name__)

EVERY: Final = 900
"""Seconds between two copies."""

TICK: Final = 1.0
"""Seconds between two looks at whether something is due."""

RETRY: Final = 10.0
"""Seconds before a store that cannot be read is opened again."""


def copy(db: sqlite_utils.Database, domain: str, settings: dict[str, Any], now: float) -> Checked:
    """Copy a domain's directory; ``now`` in seconds since the epoch.

    Raises SourceError where it cannot be read: what was copied before stays.
    """
    from esl_router.contacts import ldap  # not loaded where nobody has a directory

    try:
        found = check(ldap.read(settings), country_of(db, domain))
    except SourceError as error:
        contacts.remember_failure(db, domain, contacts.LDAP, str(error), now)
        kept = contacts.copy_of(db, domain, contacts.LDAP)
        raise SourceError(f"{error}; {_stays(kept.contacts, kept.synced)}") from error
    contacts.replace_source(db, domain, contacts.LDAP, found.contacts, now)
    return found


def _stays(count: int, synced: float | None) -> str:
    if synced is None:
        return "nothing has been copied from it yet"
    at = datetime.fromtimestamp(synced, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    return f"the {count} contacts copied at {at} stay"


@dataclass(slots=True)
class _Copied:
    settings: dict[str, Any]
    due: float
    failing: bool = False


class Sync:
    """Copies the directory of every domain of a store when it is due."""

    def __init__(self, db: sqlite_utils.Database, every: float = EVERY) -> None:
        self._db = db
        self._every = every
        self._copied: dict[str, _Copied] = {}

    def round(self, now: float) -> None:
        """Copy what is due at ``now``: what is new or set otherwise at once. Raises StoreError."""
        found = contacts.directories(self._db)
        self._copied = {domain: each for domain, each in self._copied.items() if domain in found}
        for domain, settings in found.items():
            known = self._copied.get(domain)
            if known is None or known.settings != settings:
                known = self._copied[domain] = _Copied(settings, now)
            if known.due <= now:
                known.due = now + self._every
                self._copy(domain, known, now)

    def _copy(self, domain: str, known: _Copied, now: float) -> None:
        try:
            found = copy(self._db, domain, known.settings, now)
        except SourceError as error:
            if not known.failing:
                logger.warning("the contacts of %s: %s", domain, error)
            known.failing = True
            return
        if known.failing:
            logger.warning("the contacts of %s are copied again", domain)
        known.failing = False
        logger.info("%d contacts of %s were copied", len(found.contacts), domain)


def watch(path: Path, *, every: float = EVERY) -> None:
    """Copy the directories of the store at ``path`` when they are due, until the process ends."""
    while True:
        try:
            with opened(path) as store:
                sync = Sync(store.db, every)
                while store.current():
                    sync.round(time.time())
                    time.sleep(TICK)
        except StoreError as error:
            logger.error("contacts are not copied: %s", error)
            time.sleep(RETRY)
