"""Users and devices as administrators (and users) change them, one thing at a time.

Values are given by the keys of the rules file and checked by the same forms. Every change is one
transaction, sees what other processes wrote until then, and returns the differences it made; it
raises NotFound for a name that is not there, RulesFileError for a wrong value, and NotPermitted.

``by`` is who changes it; None is the administrator who runs this process.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound, RulesFileError
from esl_router.model.actor import Actor
from esl_router.store import rights
from esl_router.store.changes import (
    Changes,
    change_device,
    change_user,
    country_of,
    domains,
    naming,
    parts,
    pick_domain,
    put,
    read,
    store_user,
    user,
    users,
)
from esl_router.store.database import write
from esl_router.store.difference import Change
from esl_router.store.rules.forms import Place, near
from esl_router.store.rules.layout import USER, Document
from esl_router.store.rules.values import extension as valid_extension

__all__ = [
    "Changes",
    "add_device",
    "add_user",
    "device",
    "devices",
    "domains",
    "pick_domain",
    "remove_device",
    "remove_user",
    "set_device",
    "set_user",
    "user",
    "users",
]


# -- users ------------------------------------------------------------------------------------
def add_user(
    db: sqlite_utils.Database, domain: str, extension: str, settings: Mapping[str, Any]
) -> Changes:
    """A new user, at the end of the file; ``settings`` as :func:`set_user` takes them."""
    with write(db):
        taken = db.conn.execute(
            "SELECT kind FROM extensions WHERE domain = ? AND extension = ?", (domain, extension)
        ).fetchone()
        if taken is not None:
            raise RulesFileError([f"users.{extension}: there is a {taken[0]} {extension} already"])
        problems: list[str] = []
        place = Place(f"users.{extension}", country_of(db, domain), problems)
        try:
            valid_extension(extension, "")
        except ValueError as error:
            place.report(error)
        new = read(USER, put({}, settings), place)
        return store_user(db, domain, extension, None, new)


def set_user(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    settings: Mapping[str, Any],
    *,
    by: Actor | None = None,
) -> Changes:
    """Change a user. Keys are those of the rules file, dotted for what lies deeper
    (``presence.profiles.available.no_answer_after``); None takes a key out of the file."""
    with write(db, by):
        old = user(db, domain, extension)
        paths = (("users", extension, *parts(key)) for key in settings)
        rights.require(db, domain, by, *paths)
        by_user = by is not None and by.extension is not None
        return change_user(db, domain, extension, old, settings, by_user=by_user)


def remove_user(db: sqlite_utils.Database, domain: str, extension: str) -> Changes:
    """Remove a user with his devices, and from teams and assistants' lists.

    Refused (RulesFileError) while somebody's forward still names him.
    """
    with write(db):
        old = user(db, domain, extension)
        if named := [
            f"{path} still names {extension}: change that first"
            for path in naming(db, domain, extension)
        ]:
            raise RulesFileError(named)
        db.conn.execute(
            "DELETE FROM extensions WHERE domain = ? AND extension = ?", (domain, extension)
        )
        return (Change(f"users.{extension}", before=USER.write(old)),)


# -- devices ----------------------------------------------------------------------------------
def devices(db: sqlite_utils.Database, domain: str, extension: str | None = None) -> list[Document]:
    """Every device with its keys of the rules file, ``name``, ``user`` and ``workplace`` (None).

    With ``extension`` that user's alone. Passwords are in clear.
    """
    if extension is not None:
        user(db, domain, extension)
    rows = db.conn.execute(
        """
        SELECT devices.name, devices.extension, workplace, devices.kind, password, number, confirm,
            location, dnd, devices.redirect, devices.push
        FROM devices LEFT JOIN users
            ON users.domain = devices.domain AND users.extension = devices.extension
        WHERE devices.domain = :domain
            AND (:extension IS NULL OR devices.extension = :extension)
        ORDER BY workplace, users.position, devices.position
        """,
        {"domain": domain, "extension": extension},
    )
    return [
        {
            "name": name,
            "user": owner,
            "workplace": workplace,
            "kind": kind if push is None else "app",
            "password": password,
            "number": number,
            "confirm": bool(confirm),
            "location": location,
            "dnd": bool(dnd),
            "redirect": bool(redirect),
            **({} if push is None else {"push": json.loads(push)}),
        }
        for (
            name,
            owner,
            workplace,
            kind,
            password,
            number,
            confirm,
            location,
            dnd,
            redirect,
            push,
        ) in rows
    ]


def device(db: sqlite_utils.Database, domain: str, name: str) -> Document:
    """One device as :func:`devices` lists it."""
    every = devices(db, domain)
    for found in every:
        if found["name"] == name:
            return found
    raise NotFound(f"there is no device {name!r}{near(name, [each['name'] for each in every])}")


def add_device(
    db: sqlite_utils.Database,
    domain: str,
    name: str,
    settings: Mapping[str, Any],
    *,
    extension: str | None = None,
    workplace: str | None = None,
) -> Changes:
    """A new device of a user or of a workplace.

    Without ``kind`` it is external if it has a number, an app if it has something that wakes it,
    else SIP; a SIP device without a password is given one.
    """
    settings = dict(settings)
    usual = "app" if settings.get("push") else "sip"
    settings.setdefault("kind", "external" if settings.get("number") else usual)
    if settings["kind"] != "external" and not settings.get("password"):
        settings["password"] = secrets.token_urlsafe(15)
    with write(db):
        owner = db.conn.execute(
            "SELECT coalesce(extension, workplace) FROM devices WHERE domain = ? AND name = ?",
            (domain, name),
        ).fetchone()
        if owner is not None:
            raise RulesFileError([f"device {name}: {owner[0]} has a device of this name already"])
        return change_device(db, domain, name, {(): settings}, extension, workplace)


def set_device(
    db: sqlite_utils.Database,
    domain: str,
    name: str,
    settings: Mapping[str, Any],
    *,
    by: Actor | None = None,
) -> Changes:
    """Change a device, of a user or of a workplace."""
    with write(db, by):
        found = device(db, domain, name)
        owner = ("users", found["user"]) if found["user"] else ("workplaces", found["workplace"])
        paths = ((*owner, "devices", name, key) for key in settings)
        rights.require(db, domain, by, *paths)
        steps: dict[tuple[str, ...], Any] = {(key,): value for key, value in settings.items()}
        return change_device(db, domain, name, steps, found["user"], found["workplace"])


def remove_device(db: sqlite_utils.Database, domain: str, name: str) -> Changes:
    """Remove a device with its follow-me rows."""
    with write(db):
        found = device(db, domain, name)
        return change_device(db, domain, name, {(): None}, found["user"], found["workplace"])
