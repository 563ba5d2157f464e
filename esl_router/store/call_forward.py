"""Call forward unconditional as administrators and users change it (D1, D8).

``by`` is who does so; None is the administrator who runs this process.
Nothing else of the user's is touched: neither his status nor his devices. Every change is one
transaction and returns the differences it made; it raises NotFound for a user who is not there,
RulesFileError for a wrong value, and NotPermitted.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlite_utils

from esl_router.errors import RulesFileError
from esl_router.model.actor import Actor
from esl_router.store.changes import Changes, change_user, user
from esl_router.store.database import write
from esl_router.store.presence import leads_to, once, own
from esl_router.store.rules.layout import CALL_ORIGINS, Document


def set_forward(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    origins: Collection[str],
    target: str,
    *,
    enabled: bool = True,
    ring_splash: bool | None = None,
    by: Actor | None = None,
) -> Changes:
    """Forward every call of these origins to ``target``; not ``enabled``: only note the target.

    ``ring_splash``: whether his phones ring for a moment first; None: as before, as the
    announcement is. Refused as in a
    rules file, a number that the toll policy forbids too; and where it would lead back to the user
    himself.
    """
    with write(db, by):
        old = own(db, domain, extension, by, ("forward",))
        if leads_to(db, domain, extension, target, old):
            path = f"users.{extension}.forward.{next(iter(origins))}.to"
            raise RulesFileError([f"{path}: {extension} cannot forward to himself"])
        found = {}
        for origin in origins:
            before = old["forward"][origin] or {}
            found[origin] = {**before, "to": target, "enabled": enabled}
            if ring_splash is not None:
                found[origin]["ring_splash"] = ring_splash
        return _change(db, domain, extension, old, found)


def switch(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    origins: Collection[str],
    on: bool,
    *,
    by: Actor | None = None,
) -> Changes:
    """Switch the forwards of these origins on or off; each keeps its target.

    An origin without a forward is passed over, unless that leaves nothing to switch.
    """
    return set_key(db, domain, extension, origins, "enabled", on, by=by)


def set_key(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    origins: Collection[str],
    key: str,
    value: Any,
    *,
    by: Actor | None = None,
) -> Changes:
    """Set one key (``enabled``, ``ring_splash``, ``announce``) of the forwards of these origins to
    what a rules file would say. Origins without a forward as in :func:`switch`.
    """
    with write(db, by):
        old = own(db, domain, extension, by, ("forward",))
        found = {
            origin: {**forward, key: value}
            for origin in origins
            if (forward := old["forward"][origin]) is not None
        }
        if not found:
            which = f"{next(iter(origins))} " if len(origins) == 1 else ""
            raise RulesFileError(
                [
                    f"users.{extension}.forward: there is no {which}forward to switch: "
                    f"`esl-router forward set {extension} TARGET`"
                ]
            )
        return _change(db, domain, extension, old, found)


def clear(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    origins: Collection[str],
    *,
    by: Actor | None = None,
) -> Changes:
    """Take the forwards of these origins away, targets and all."""
    with write(db, by):
        old = own(db, domain, extension, by, ("forward",))
        return _change(db, domain, extension, old, dict.fromkeys(origins))


def set_ring_time(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    seconds: int | None,
    *,
    by: Actor | None = None,
) -> Changes:
    """Set how many seconds whoever gets his calls by any forward is rung; None: as in the
    domain (D11)."""
    with write(db, by):
        old = own(db, domain, extension, by, ("forward_ring",))
        return change_user(db, domain, extension, old, {"forward_ring": seconds})


def forwards(
    db: sqlite_utils.Database, domain: str, extension: str | None = None
) -> list[Document]:
    """Every forward: ``user``, ``name``, ``origin``, ``to``, ``enabled``, ``ring_splash``,
    ``announce`` (None: none); with ``extension`` that user's, one for each origin, ``to`` None
    where there is none; NotFound."""
    rows = db.conn.execute(
        """
        SELECT users.extension, users.name, origin, target, enabled, ring_splash, announce
        FROM call_forwards JOIN users USING (domain, extension)
        WHERE users.domain = ? ORDER BY users.position, users.extension, origin DESC
        """,
        (domain,),
    )
    names = ("user", "name", "origin", "to")
    found = [
        {
            **dict(zip(names, row[:4], strict=True)),
            "enabled": bool(row[4]),
            "ring_splash": bool(row[5]),
            "announce": row[6],
        }
        for row in rows
    ]
    if extension is None:
        return found
    name = user(db, domain, extension)["name"]
    by_origin = {each["origin"]: each for each in found if each["user"] == extension}
    none = {
        "user": extension,
        "name": name,
        "to": None,
        "enabled": False,
        "ring_splash": False,
        "announce": None,
    }
    return [by_origin.get(origin, {**none, "origin": origin}) for origin in CALL_ORIGINS]


def _change(
    db: sqlite_utils.Database, domain: str, extension: str, old: Document, found: dict[str, Any]
) -> Changes:
    steps = {("forward", origin): forward for origin, forward in found.items()}
    with once():
        return change_user(db, domain, extension, old, steps)
