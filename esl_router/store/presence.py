"""Presence and busy on busy as administrators and users change them.

``by`` is who does so; None is the administrator who runs this process. Every change is one
transaction and returns the differences it made; it raises NotFound for a user who is not there,
RulesFileError for a wrong value, and NotPermitted.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlite_utils

from esl_router.errors import RulesFileError
from esl_router.model.actor import Actor
from esl_router.store import rights
from esl_router.store.changes import Changes, change_user, country_of, user
from esl_router.store.database import write
from esl_router.store.objects import Path
from esl_router.store.rules.forms import usual
from esl_router.store.rules.layout import PROFILE, Document
from esl_router.store.rules.values import instant_text, number

ORIGINS = ("internal", "external")
"""Whose calls have forwards; a team's calls have none."""


def set_presence(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    status: str,
    *,
    until: datetime | None = None,
    message: str | None = None,
    now: datetime,
    by: Actor | None = None,
) -> Changes:
    """Set a user's status: for good, or until an instant, with what he says of it.

    What comes back after a temporary status is settled now: available, or where the user's
    ``revert`` is ``previous`` what was set for good before. Another temporary status on top of it
    leaves that alone; one without an end ends it. A message is of one status alone: without a new
    one there is none. ``until`` must be later than ``now``, both aware.
    """
    with write(db, by):
        old = own(db, domain, extension, by, ("presence", "status"))
        afterwards = "available"
        if until is not None:
            if until.timestamp() <= now.timestamp():
                raise RulesFileError(
                    [f"users.{extension}.presence.until: {until.isoformat()} is past already"]
                )
            if old["presence"]["revert"] == "previous":
                afterwards = _base(old["presence"])
        # Never before `now`, which whole seconds of a moment ahead could be.
        end = None if until is None else instant_text(math.ceil(until.timestamp()))
        settings = {"status": status, "message": message, "until": end, "afterwards": afterwards}
        return change_user(
            db,
            domain,
            extension,
            old,
            {f"presence.{key}": value for key, value in settings.items()},
        )


def _base(presence: Document) -> str:
    """The status that holds without a temporary one, whether that has ended or not."""
    base: str = presence["status"] if presence["until"] is None else presence["afterwards"]
    return base


def set_busy_on_busy(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    value: Any,
    *,
    by: Actor | None = None,
) -> Changes:
    """Set from how many calls on a user is busy; false: never, true: from the first."""
    with write(db, by):
        old = own(db, domain, extension, by, ("busy_on_busy",))
        return change_user(db, domain, extension, old, {"busy_on_busy": value})


def set_forward(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    status: str,
    origins: Iterable[str],
    condition: str,
    target: str | None,
    *,
    by: Actor | None = None,
) -> Changes:
    """Set where calls of these origins go in a status on one condition; None: nowhere. It is
    switched on with it.

    Refused as in a rules file, a number that the toll policy forbids too; and where it would
    lead back to the user himself.
    """
    with write(db, by):
        paths = [("presence", "profiles", status, origin, condition) for origin in origins]
        old = own(db, domain, extension, by, *paths)
        if target is not None and leads_to(db, domain, extension, target, old):
            problem = f"{extension} cannot forward to himself: take `ring` to let his phones ring"
            if condition != "always":
                problem = f"{extension} cannot forward to himself: his phones have rung then"
            raise RulesFileError([f"users.{extension}.{'.'.join(paths[0])}: {problem}"])
        with once():
            return change_user(db, domain, extension, old, dict.fromkeys(paths, target))


def switch_forward(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    status: str,
    origins: Collection[str],
    condition: str,
    on: bool,
    *,
    by: Actor | None = None,
) -> Changes:
    """Switch the forwards of these origins on or off, in a status on one condition; each keeps its
    target (D8).

    An origin without one is passed over, unless that leaves nothing to switch.
    """
    with write(db, by):
        paths = [("presence", "profiles", status, origin, condition) for origin in origins]
        old = own(db, domain, extension, by, *paths)
        profile = old["presence"]["profiles"].get(status, usual(PROFILE))
        found = {
            path: {**forward, "enabled": on}
            for path, origin in zip(paths, origins, strict=True)
            if (forward := profile[origin][condition]) is not None
        }
        if not found:
            which = f"{next(iter(origins))} " if len(origins) == 1 else ""
            raise RulesFileError(
                [
                    f"users.{extension}.presence.profiles.{status}: there is no {which}forward to "
                    f"switch: `esl-router presence profile {extension} {status} TARGET --when "
                    f"{condition}`"
                ]
            )
        with once():
            return change_user(db, domain, extension, old, found)


def set_deputy(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    statuses: Iterable[str],
    target: str,
    *,
    by: Actor | None = None,
) -> Changes:
    """Have a deputy take calls from outside in these statuses, and colleagues hear a busy tone
    (X87). Refused as :func:`set_forward` refuses."""
    with write(db, by):
        targets = {
            ("presence", "profiles", status, origin, "always"): to
            for status in statuses
            for origin, to in (("internal", "busy"), ("external", target))
        }
        old = own(db, domain, extension, by, *targets)
        if leads_to(db, domain, extension, target, old):
            raise RulesFileError([f"users.{extension}: nobody is his own deputy"])
        with once():
            return change_user(db, domain, extension, old, targets)


def set_profile(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    status: str,
    settings: Mapping[str, Any],
    *,
    by: Actor | None = None,
) -> Changes:
    """Set keys of a status' profile (``alert_first``, ``announce``, ``push``) to what a rules file
    would say; None takes a key out."""
    with write(db, by):
        path = ("presence", "profiles", status)
        old = own(db, domain, extension, by, *((*path, key) for key in settings))
        return change_user(
            db, domain, extension, old, {(*path, key): value for key, value in settings.items()}
        )


@contextmanager
def once() -> Iterator[None]:
    """What is wrong for one origin is for the other too: it is said once."""
    try:
        yield
    except RulesFileError as error:
        texts = {problem.partition(": ")[2]: problem for problem in reversed(error.problems)}
        raise RulesFileError([*reversed(texts.values())]) from None


def leads_to(
    db: sqlite_utils.Database, domain: str, extension: str, target: str, found: Document
) -> bool:
    """Whether a target, as written, is the user himself."""
    kind, _, rest = target.partition(":")
    if kind == "external":
        try:
            return number(rest, country_of(db, domain)) in found["numbers"]
        except ValueError:
            return False  # no number at all, as the form will say
    return kind == "extension" and rest == extension


def own(
    db: sqlite_utils.Database, domain: str, extension: str, by: Actor | None, *paths: Path
) -> Document:
    """The user, where ``by`` may change these of his settings."""
    found = user(db, domain, extension)
    rights.require(db, domain, by, *(("users", extension, *path) for path in paths))
    return found


def display_names(db: sqlite_utils.Database, domain: str) -> dict[str, str]:
    """What the domain calls its statuses, where it has names of its own."""
    rows = db.conn.execute(
        "SELECT status, name FROM status_names WHERE domain = ? ORDER BY position", (domain,)
    )
    return dict(rows)


def zone_of(db: sqlite_utils.Database, domain: str, extension: str) -> str:
    """The time zone that the user's instants are read and shown in; NotFound."""
    own = user(db, domain, extension)["timezone"]
    row = db.conn.execute("SELECT timezone FROM domains WHERE domain = ?", (domain,)).fetchone()
    return str(own or row[0])
