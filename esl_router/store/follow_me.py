"""Follow-me rows as administrators and users change them.

A user may change the rows of his own devices where ``user_configurable`` is true; ``as_user`` is
his extension, None the administrator. An import keeps what a user changed.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound, NotPermitted, RulesFileError
from esl_router.store.changes import Changes, change_user, user
from esl_router.store.database import write
from esl_router.store.forms import near, usual
from esl_router.store.layout import FOLLOW_ME, ORIGINS, USUAL_RING, Document
from esl_router.store.values import one_of

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
    as_user: str | None = None,
) -> Changes:
    """Change the rows of one device: ``enabled``, ``delay``, ``ring``, ``skip_if_busy`` for these
    origins, and ``user_configurable`` (administrators) for all of it."""
    with write(db):
        old = user(db, domain, extension)
        if device_name not in old["devices"]:
            raise NotFound(
                f"user {extension} has no device {device_name!r}{near(device_name, old['devices'])}"
            )
        _permit_rows(old, extension, [device_name], as_user)
        if as_user is not None and "user_configurable" in settings:
            raise NotPermitted(
                f"user {as_user} may not change user_configurable: this is the administrator's"
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
        return change_user(db, domain, extension, old, steps, by_user=as_user is not None)


def generate(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    strategy: str,
    *,
    origins: Iterable[str] = ORIGINS,
    ring: int | None = None,
    as_user: str | None = None,
) -> Changes:
    """Compute the delays of all enabled rows, in their order.

    ``parallel``: all at once; ``sequential``: each when the one before has rung to its end.
    ``ring`` (seconds) is given to every row; None leaves each as it is.
    """
    if strategy not in STRATEGIES:
        raise RulesFileError([f"strategy: must be {one_of(STRATEGIES)}, not {strategy!r}"])
    with write(db):
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
        _permit_rows(old, extension, {step[1] for step in steps}, as_user)
        return change_user(db, domain, extension, old, steps, by_user=as_user is not None)


def _every_row(found: Document) -> Document:
    every: Document = copy.deepcopy(found["follow_me"])
    for name in found["devices"]:
        every.setdefault(name, usual(FOLLOW_ME))
    for entry in every.values():
        for origin in ORIGINS:
            entry[origin].pop("user_set", None)
    return every


def _permit_rows(
    found: Document, extension: str, names: Collection[str], as_user: str | None
) -> None:
    if as_user is None:
        return
    if as_user != extension:
        raise NotPermitted(
            f"user {as_user} may not change the follow-me of {extension}: it is not his own"
        )
    locked = [
        name
        for name in found["devices"]
        if name in names and not found["follow_me"].get(name, {}).get("user_configurable")
    ]
    if locked:
        raise NotPermitted(
            f"user {as_user} may not change the follow-me of {', '.join(locked)}: "
            "user_configurable is false there"
        )
