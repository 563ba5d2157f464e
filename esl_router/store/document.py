"""A document in the tables, and back: what is written is what is read again.

Reading takes whole tables, so that 100,000 users cost a handful of
statements; a single user is read by the same functions with a narrower condition.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import sqlite_utils

from esl_router.store.rows import (
    TABLES,
    Rows,
    executive_rows,
    rules_rows,
    schedule_rows,
    team_rows,
    user_rows,
    workplace_rows,
)
from esl_router.store.rules.forms import usual
from esl_router.store.rules.layout import (
    CALENDAR,
    CALL_ORIGINS,
    CODE_SOUNDS,
    CODES,
    FOLLOW_ME,
    OVERFLOWS,
    PRESENCE,
    PROFILE,
    Document,
)

_OWN_TABLES = (
    "numbers",
    "workplace_logins",
    "devices",
    "presence",
    "profiles",
    "call_forwards",
    "callers",
    "calendars",
    "messengers",
)
"""What belongs to one user alone, beside his row in ``users``."""


# -- writing ----------------------------------------------------------------------------------
def write_rules(db: sqlite_utils.Database, rules: Document) -> None:
    """Put a document in the place of everything its domain has. Needs a write transaction.

    The document must be checked: it is not checked here.
    """
    domain = rules["domain"]
    db.conn.execute("DELETE FROM domains WHERE domain = ?", (domain,))
    db.conn.execute("DELETE FROM contacts WHERE domain = ? AND source = ''", (domain,))
    insert(db, rules_rows(domain, rules))


def write_user(
    db: sqlite_utils.Database, domain: str, extension: str, user: Mapping[str, Any]
) -> None:
    """Put a new user into the store, or in the place of the one he was.

    His places in teams, as an executive and as an assistant stay. Needs a write transaction.
    """
    key = (domain, extension)
    position = db.conn.execute(
        "SELECT coalesce((SELECT position FROM users WHERE domain = ? AND extension = ?),"
        " (SELECT max(position) + 1 FROM users WHERE domain = ?), 0)",
        (*key, domain),
    ).fetchone()[0]
    for table in _OWN_TABLES:
        db.table(table).delete_where("domain = ? AND extension = ?", key)
    for table, row in user_rows(domain, extension, user, position):
        if table in ("extensions", "users"):
            db.table(table).upsert(row, pk=("domain", "extension"))
        else:
            db.table(table).insert(row)


def write_team(
    db: sqlite_utils.Database, domain: str, extension: str, team: Mapping[str, Any]
) -> None:
    """Put a new team into the store, or in the place of the one there was; whose turn it is
    stays. Needs a write transaction.
    """
    key = (domain, extension)
    position = db.conn.execute(
        "SELECT coalesce((SELECT position FROM teams WHERE domain = ? AND extension = ?),"
        " (SELECT max(position) + 1 FROM teams WHERE domain = ?), 0)",
        (*key, domain),
    ).fetchone()[0]
    db.table("numbers").delete_where("domain = ? AND extension = ?", key)
    db.table("team_members").delete_where("domain = ? AND team = ?", key)
    for table, row in team_rows(domain, extension, team, position):
        if table in ("extensions", "teams"):
            db.table(table).upsert(row, pk=("domain", "extension"))
        else:
            db.table(table).insert(row)


def write_executive(
    db: sqlite_utils.Database, domain: str, extension: str, executive: Mapping[str, Any]
) -> None:
    """Make a user an executive, or put this in the place of what he was. Needs a write
    transaction.
    """
    key = (domain, extension)
    position = db.conn.execute(
        "SELECT coalesce((SELECT position FROM executives WHERE domain = ? AND extension = ?),"
        " (SELECT max(position) + 1 FROM executives WHERE domain = ?), 0)",
        (*key, domain),
    ).fetchone()[0]
    for table in ("criteria", "assistants"):
        db.table(table).delete_where("domain = ? AND executive = ?", key)
    for table, row in executive_rows(domain, extension, executive, position):
        if table == "executives":
            db.table(table).upsert(row, pk=("domain", "extension"))
        else:
            db.table(table).insert(row)


def write_workplace(
    db: sqlite_utils.Database, domain: str, name: str, place: Mapping[str, Any]
) -> None:
    """Put a new workplace into the store, or in the place of the one there was; who is logged in
    there stays. Needs a write transaction.
    """
    position = db.conn.execute(
        "SELECT coalesce((SELECT position FROM workplaces WHERE domain = ? AND name = ?),"
        " (SELECT max(position) + 1 FROM workplaces WHERE domain = ?), 0)",
        (domain, name, domain),
    ).fetchone()[0]
    db.table("devices").delete_where("domain = ? AND workplace = ?", (domain, name))
    for table, row in workplace_rows(domain, name, place, position):
        if table == "workplaces":
            db.table(table).upsert(row, pk=("domain", "name"))
        else:
            db.table(table).insert(row)


def write_schedule(
    db: sqlite_utils.Database, domain: str, name: str, schedule: Mapping[str, Any]
) -> None:
    """Put a new schedule into the store, or in the place of the one there was. Needs a write
    transaction."""
    key = (domain, name)
    position = db.conn.execute(
        "SELECT coalesce((SELECT position FROM schedules WHERE domain = ? AND name = ?),"
        " (SELECT max(position) + 1 FROM schedules WHERE domain = ?), 0)",
        (*key, domain),
    ).fetchone()[0]
    for table in ("schedule_hours", "schedule_closed"):
        db.table(table).delete_where("domain = ? AND schedule = ?", key)
    for table, row in schedule_rows(domain, name, schedule, position):
        if table == "schedules":
            db.table(table).upsert(row, pk=("domain", "name"))
        else:
            db.table(table).insert(row)


def insert(db: sqlite_utils.Database, rows: Rows) -> None:
    """Insert rows in the order that their references need."""
    by_table: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    for table, row in rows:
        by_table[table].append(row)
    for table, found in by_table.items():
        if not found:
            continue
        columns = list(found[0])
        marks = ", ".join(f":{column}" for column in columns)
        db.conn.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our own
            found,
        )


# -- reading ----------------------------------------------------------------------------------
def read_rules(db: sqlite_utils.Database, domain: str) -> Document | None:
    """The document of a domain; None when the store has no such domain."""
    read = _Tables(db, domain)
    if not read.rows("domains", order="domain"):
        return None
    return {"domain": domain, **{name: section(read) for name, section in _SECTIONS.items()}}


def read_section(db: sqlite_utils.Database, domain: str, section: str) -> Any:
    """One part of a domain's document, by its key in the rules file."""
    return _SECTIONS[section](_Tables(db, domain))


def read_user(db: sqlite_utils.Database, domain: str, extension: str) -> Document | None:
    """One user as in a document; None when there is none."""
    return _users(_Tables(db, domain, extension)).get(extension)


def read_team(db: sqlite_utils.Database, domain: str, extension: str) -> Document | None:
    """One team as in a document; None when there is none."""
    return _teams(_Tables(db, domain, extension)).get(extension)


def read_executive(db: sqlite_utils.Database, domain: str, extension: str) -> Document | None:
    """One executive as in a document; None when there is none."""
    return _executives(_Tables(db, domain, extension)).get(extension)


def read_schedule(db: sqlite_utils.Database, domain: str, name: str) -> Document | None:
    """One schedule as in a document; None when there is none."""
    return _schedules(_Tables(db, domain)).get(name)


def read_workplace(db: sqlite_utils.Database, domain: str, name: str) -> Document | None:
    """One workplace as in a document; None when there is none."""
    return _workplaces(_Tables(db, domain)).get(name)


_OWNER = {"team_members": "team", "criteria": "executive", "assistants": "executive"}
"""The column that names whose a row is, where it is not ``extension``."""


class _Tables:
    """The rows of one domain, or of one user, team or executive in it, in the order of the file."""

    def __init__(self, db: sqlite_utils.Database, domain: str, extension: str | None = None):
        self._db = db
        self._domain = domain
        self._extension = extension

    def rows(self, table: str, order: str = "position") -> list[dict[str, Any]]:
        where, values = "domain = ?", [self._domain]
        if table in ("contacts", "contact_numbers"):
            where += " AND source = ''"  # what a directory said is not configuration
        if self._extension is not None and table == "follow_me":
            where += " AND device IN (SELECT name FROM devices WHERE domain = ? AND extension = ?)"
            values += [self._domain, self._extension]
        elif self._extension is not None:
            where += f" AND {_OWNER.get(table, 'extension')} = ?"
            values.append(self._extension)
        return list(self._db.table(table).rows_where(where, values, order_by=order))

    def groups(
        self, table: str, *by: str, order: str = "position"
    ) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
        found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in self.rows(table, order):
            found.setdefault(tuple(row[name] for name in by), []).append(row)
        return found


def _pick(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _flags(row: Mapping[str, Any], *names: str) -> dict[str, bool]:
    return {name: bool(row[name]) for name in names}


def _settings(read: _Tables) -> Document:
    settings = read.rows("domains", order="domain")[0]
    del settings["domain"]
    settings["toll"] = {
        "allow": json.loads(settings.pop("toll_allow")),
        "deny": json.loads(settings.pop("toll_deny")),
    }
    settings["alert_info"] = {"silent": settings.pop("alert_silent")}
    settings["codes"] = {**usual(CODES), **json.loads(settings["codes"])}
    settings["code_sounds"] = {**usual(CODE_SOUNDS), **json.loads(settings["code_sounds"])}
    settings["remote"] = {"number": settings["remote"]}
    settings |= _flags(settings, "dnd_over_cfu")
    if settings["push"] is not None:
        settings["push"] = json.loads(settings["push"])
    if settings["notify"] is not None:
        settings["notify"] = json.loads(settings["notify"])
    if settings["ldap"] is not None:
        settings["ldap"] = json.loads(settings["ldap"])
    return settings


def _statuses(read: _Tables) -> Document:
    return {row["status"]: row["name"] for row in read.rows("status_names")}


def _schedules(read: _Tables) -> Document:
    hours = read.groups("schedule_hours", "schedule")
    closed = read.groups("schedule_closed", "schedule")
    return {
        row["name"]: {
            "timezone": row["timezone"],
            "open": [
                {"days": each["days"], "from": each["opens"], "to": each["closes"]}
                for each in hours.get((row["name"],), ())
            ],
            "closed": [each["day"] for each in closed.get((row["name"],), ())],
            "holidays": row["holidays"],
        }
        for row in read.rows("schedules")
    }


def _contacts(read: _Tables) -> list[Document]:
    numbers = read.groups("contact_numbers", "contact")
    return [
        {
            "name": row["name"],
            "numbers": [each["number"] for each in numbers.get((row["position"],), ())],
        }
        for row in read.rows("contacts")
    ]


def _workplaces(read: _Tables) -> Document:
    devices = read.groups("devices", "workplace")
    rows = read.groups("follow_me", "device", order="device")
    found = {}
    for row in read.rows("workplaces"):
        there = devices.get((row["name"],), [])
        follow_me = _follow_me(there, rows)
        for entry in follow_me.values():
            del entry["user_configurable"]
        found[row["name"]] = {
            **_pick(row, "number"),
            "devices": {each["name"]: _device(each) for each in there},
            "follow_me": follow_me,
        }
    return found


def _device(row: Mapping[str, Any]) -> Document:
    return {
        "kind": row["kind"] if row["push"] is None else "app",
        **_pick(row, "password", "number"),
        **_flags(row, "confirm"),
        **_pick(row, "location"),
        **_flags(row, "dnd", "redirect"),
        "push": {} if row["push"] is None else json.loads(row["push"]),
    }


def _users(read: _Tables) -> Document:
    numbers = read.groups("numbers", "extension")
    logins = read.groups("workplace_logins", "extension", order="workplace")
    devices = read.groups("devices", "extension")
    rows = read.groups("follow_me", "device", order="device")
    presence = read.groups("presence", "extension", order="extension")
    profiles = read.groups("profiles", "extension")
    forwards = read.groups("forwards", "extension", "status", order="extension")
    every_call = read.groups("call_forwards", "extension", order="origin")
    callers = read.groups("callers", "extension")
    calendars = read.groups("calendars", "extension", order="extension")
    messengers = read.groups("messengers", "extension", order="extension")
    found = {}
    for row in read.rows("users"):
        key = (row["extension"],)
        own = devices.get(key, [])
        found[row["extension"]] = {
            "name": row["name"],
            "numbers": [each["number"] for each in numbers.get(key, ())],
            "fax_numbers": json.loads(row["fax_numbers"]),
            "timezone": row["timezone"],
            **_flags(row, "voicemail", "bob_cancel_pending", "bob_count_outgoing_early"),
            **_pick(row, "voicemail_greeting", "forward_ring"),
            **_pick(row, "busy_on_busy", "decline", "pin", "controlled_device"),
            **_flags(row, "auto_answer"),
            "workplace": logins[key][0]["workplace"] if key in logins else None,
            "devices": {each["name"]: _device(each) for each in own},
            "follow_me": _follow_me(own, rows),
            "presence": {
                **(_presence(presence[key][0]) if key in presence else usual(PRESENCE)),
                "profiles": {
                    each["status"]: _profile(each, forwards.get((*key, each["status"]), []))
                    for each in profiles.get(key, ())
                },
            },
            "forward": {
                **dict.fromkeys(CALL_ORIGINS),
                **{
                    each["origin"]: {
                        "to": each["target"],
                        **_flags(each, "enabled", "ring_splash"),
                        **_pick(each, "announce"),
                    }
                    for each in every_call.get(key, ())
                },
            },
            "callers": [
                {"numbers": json.loads(each["numbers"]), **_pick(each, "action", "schedule")}
                for each in callers.get(key, ())
            ],
            "calendar": _pick(calendars[key][0], *CALENDAR.keys) if key in calendars else None,
            "messenger": _messenger(messengers[key][0]) if key in messengers else None,
        }
    return found


def _messenger(row: Mapping[str, Any]) -> Document:
    return {**_flags(row, "status"), **_pick(row, "forward")}


def _presence(row: Mapping[str, Any]) -> Document:
    found = _pick(row, "status", "message", "until", "afterwards", "revert")
    hours = {name: row[f"hours_{name}"] for name in ("schedule", "status", "forward")}
    return {**found, "outside_hours": hours if row["hours_schedule"] else None}


def _follow_me(
    devices: list[dict[str, Any]], rows: Mapping[tuple[Any, ...], list[dict[str, Any]]]
) -> Document:
    listed = [device for device in devices if device["follow_me_position"] is not None]
    listed.sort(key=lambda device: device["follow_me_position"])
    found = {}
    for device in listed:
        entry = usual(FOLLOW_ME)
        entry["user_configurable"] = bool(device["user_configurable"])
        for row in rows.get((device["name"],), ()):
            entry[row["origin"]] = {
                **_flags(row, "enabled"),
                **_pick(row, "delay"),
                "ring": row["ring"] if row["ring_given"] else None,
                **_flags(row, "skip_if_busy"),
            }
            if row["user_set"]:
                entry[row["origin"]]["user_set"] = True
        found[device["name"]] = entry
    return found


def _profile(row: Mapping[str, Any], forwards: list[dict[str, Any]]) -> Document:
    found: Document = {
        **usual(PROFILE),
        **_pick(row, "no_answer_after", "queue_login", "alert_first", "announce"),
    }
    found |= _flags(row, "push")
    if row["ring_group_calls"] is not None:
        found["ring_group_calls"] = bool(row["ring_group_calls"])
    for origin in CALL_ORIGINS:
        found[origin]["no_answer_after"] = row[f"{origin}_no_answer_after"]
    for forward in forwards:
        found[forward["origin"]][forward["condition"]] = {
            "to": forward["target"],
            **_flags(forward, "enabled"),
        }
    return found


def _teams(read: _Tables) -> Document:
    numbers = read.groups("numbers", "extension")
    members = read.groups("team_members", "team")
    return {
        row["extension"]: {
            "name": row["name"],
            "numbers": [each["number"] for each in numbers.get((row["extension"],), ())],
            **_pick(row, "strategy", "ring", "max_wait"),
            "busy_on_busy": "auto" if row["busy_on_busy"] is None else row["busy_on_busy"],
            **_flags(row, "skip_if_busy"),
            **_pick(row, "caller_prefix"),
            "members": [
                {"user": each["extension"], "delay": each["delay"], **_flags(each, "logged_in")}
                for each in members.get((row["extension"],), ())
            ],
            "overflow": {name: row[f"overflow_{name}"] for name in OVERFLOWS},
        }
        for row in read.rows("teams")
    }


def _executives(read: _Tables) -> Document:
    criteria = read.groups("criteria", "executive")
    assistants = read.groups("assistants", "executive")
    return {
        row["extension"]: {
            **_flags(row, "enabled"),
            **_pick(row, "filter"),
            **_flags(row, "before_forwarding"),
            "criteria": [
                {
                    **_pick(each, "name"),
                    **_flags(each, "active", "filter"),
                    "callers": {
                        **_pick(each, "origin"),
                        "numbers": json.loads(each["numbers"]),
                        **_flags(each, "anonymous", "unavailable"),
                        **_pick(each, "contact"),
                    },
                    "dialled": json.loads(each["dialled"]),
                    **_pick(each, "schedule", "holidays"),
                }
                for each in criteria.get((row["extension"],), ())
            ],
            "assistants": [
                {
                    "user": each["extension"],
                    **_flags(each, "opted_in"),
                    **_pick(each, "divert", "rings"),
                }
                for each in assistants.get((row["extension"],), ())
            ],
            **_flags(row, "allow_opt_out"),
            **_pick(row, "alerting", "rings", "assistant_devices", "executive_first"),
            **_pick(row, "alert_executive"),
            "parallel": {
                "mobile": bool(row["parallel_mobile"]),
                "other": bool(row["parallel_other"]),
            },
            **_pick(row, "caller_name", "caller_number", "custom_name", "custom_number"),
            **_pick(row, "caller_prefix", "connected_line"),
            "rollover": {"after": row["rollover_after"], "action": row["rollover_action"]},
            **_pick(row, "no_assistant", "push_recall"),
            **_flags(row, "push_ignores_bob", "push_follows_forward"),
            **_flags(row, "assistant_breaks_dnd", "assistant_respects_dnd"),
        }
        for row in read.rows("executives")
    }


_SECTIONS: Mapping[str, Callable[[_Tables], Any]] = {
    "settings": _settings,
    "statuses": _statuses,
    "schedules": _schedules,
    "contacts": _contacts,
    "workplaces": _workplaces,
    "users": _users,
    "teams": _teams,
    "executives": _executives,
}
