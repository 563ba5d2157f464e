"""Follow-me rows as administrators and users change them.

``by`` is who does so; None is the administrator who runs this process. An import keeps what a user
changed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound, RulesFileError
from esl_router.model.actor import Actor
from esl_router.store import rights
from esl_router.store.changes import Changes, change_user, user
from esl_router.store.database import write
from esl_router.store.rules.forms import near, usual
from esl_router.store.rules.layout import FOLLOW_ME, ORIGINS, USUAL_RING, Document
from esl_router.store.rules.values import one_of

STRATEGIES = ("parallel", "sequential")


def rows(db: sqlite_utils.Database, domain: str, extension: str) -> Document:
    """The rows of each of the user's own devices, in their order, defaults filled in:
    ``{device: {user_configurable, internal: {enabled, delay, ring, skip_if_busy}, external: …,
    team: …}}``. ``ring`` is None where calls of a team take the team's."""
    return _every_row(user(db, domain, extension))


def set_rows(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    device_name: str,
    settings: Mapping[str, Any],
    *,
    origins: Iterable[str] = ORIGINS,
    by: Actor | None = None,
) -> Changes:
    """Change the rows of one device: ``enabled``, ``delay``, ``ring``, ``skip_if_busy`` for these
    origins, and ``user_configurable`` (administrators) for all of it."""
    with write(db, by):
        old = user(db, domain, extension)
        if device_name not in old["devices"]:
            raise NotFound(
                f"user {extension} has no device {device_name!r}{near(device_name, old['devices'])}"
            )
        steps = {
            (
                "follow_me",
                device_name,
                *((key,) if key == "user_configurable" else (origin, key)),
            ): value
            for key, value in settings.items()
            for origin in origins
        }
        return _change(db, domain, extension, old, steps, by)


def generate(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    strategy: str,
    *,
    origins: Iterable[str] = ORIGINS,
    ring: int | None = None,
    by: Actor | None = None,
) -> Changes:
    """Compute the delays of all enabled rows, in their order.

    ``parallel``: all at once; ``sequential``: each when the one before has rung to its end.
    ``ring`` (seconds) is given to every row; None leaves each as it is.
    """
    if strategy not in STRATEGIES:
        raise RulesFileError([f"strategy: must be {one_of(STRATEGIES)}, not {strategy!r}"])
    with write(db, by):
        old = user(db, domain, extension)
        plan = _every_row(old)
        steps: dict[tuple[str, ...], Any] = {}
        for origin in origins:
            delay = 0
            for name, entry in plan.items():
                if not entry[origin]["enabled"]:
                    continue
                length = entry[origin]["ring"] if ring is None else ring
                steps["follow_me", name, origin, "ring"] = length
                steps["follow_me", name, origin, "delay"] = delay
                delay += (length or USUAL_RING) if strategy == "sequential" else 0
        return _change(db, domain, extension, old, steps, by)


def _every_row(found: Document) -> Document:
    every: Document = copy.deepcopy(found["follow_me"])
    for name in found["devices"]:
        every.setdefault(name, usual(FOLLOW_ME))
    for entry in every.values():
        for origin in ORIGINS:
            entry[origin].pop("user_set", None)
    return every


def _change(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    old: Document,
    steps: Mapping[tuple[str, ...], Any],
    by: Actor | None,
) -> Changes:
    rights.require(db, domain, by, *(("users", extension, *step) for step in steps))
    by_user = by is not None and by.extension is not None
    return change_user(db, domain, extension, old, steps, by_user=by_user)
