"""Who may change which setting (Q1, B5): one table, for the command line, phones and all the rest.

The administrator may change everything; what stands in :data:`RIGHTS` somebody else may change
too. A writer asks beforehand with :func:`require`; what a write transaction has changed in the end
is asked once more by :func:`check`, so that no way round a writer is a way round the rights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

import sqlite_utils

from esl_router.errors import NotPermitted
from esl_router.model.actor import Actor
from esl_router.store.objects import Edit, Path, called
from esl_router.store.rules.forms import Form, Many, Maybe, Named, Record
from esl_router.store.rules.layout import RULES


class Who(Enum):
    """Who may change a setting, beside the administrator."""

    USER = "user"
    """Whose it is: the user himself, the member, the assistant."""

    OCCUPANT = "occupant"
    """Who is logged in at the workplace."""

    EXECUTIVE = "executive"
    ASSISTANT = "assistant"
    """Each assistant of the executive, logged in or not."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold beside, for a right to be one."""

    setting: str
    query: str
    """Selects whether it holds, by the names in the path."""


@dataclass(frozen=True, slots=True)
class Right:
    """Somebody's right to change a setting and what lies below it."""

    setting: str
    """Its path in the rules file; a name in braces stands for any."""

    who: tuple[Who, ...]
    called: str
    """The setting, in a refusal."""

    only_if: Condition | None = None

    def names(self, path: Path) -> dict[str, str] | None:
        """What the names in braces are in ``path``; None when it is not what this is about."""
        parts = self.setting.split(".")
        if len(path) < len(parts):
            return None
        found = {}
        for part, name in zip(parts, path, strict=False):
            if part.startswith("{"):
                found[part[1:-1]] = name
            elif part != name:
                return None
        return found


_CONFIGURABLE = Condition(
    "user_configurable",
    "SELECT user_configurable FROM devices WHERE domain = :domain AND name = :device",
)
_OPT_OUT = Condition(
    "allow_opt_out",
    "SELECT allow_opt_out FROM executives WHERE domain = :domain AND extension = :executive",
)
_OF_POOL = (Who.EXECUTIVE, Who.ASSISTANT)
_FILTERED = "how the calls of {executive} are filtered"

RIGHTS = (
    *(
        Right(f"users.{{user}}.presence.{key}", (Who.USER,), "the status of {user}")
        for key in ("status", "message", "until", "afterwards", "revert")
    ),
    *(
        Right(
            f"users.{{user}}.presence.profiles.{{status}}.{origin}",
            (Who.USER,),
            "the forwards of {user}",
        )
        for origin in ("internal", "external")
    ),
    *(
        Right(
            f"users.{{user}}.presence.profiles.{{status}}.{key}",
            (Who.USER,),
            "the status profiles of {user}",
        )
        for key in (
            "alert_first",
            "announce",
            "push",
            "queue_login",
            "ring_group_calls",
            "no_answer_after",
        )
    ),
    Right("users.{user}.forward", (Who.USER,), "the call forward of {user}"),
    Right("users.{user}.forward_ring", (Who.USER,), "the ring time of forwards of {user}"),
    # Where a calendar is, and with whose password it is read, is not among them.
    *(
        Right(f"users.{{user}}.calendar.{key}", (Who.USER,), "the calendar of {user}")
        for key in ("status", "forward")
    ),
    Right("users.{user}.messenger", (Who.USER,), "the messenger of {user}"),
    *(
        Right(f"users.{{user}}.{key}", (Who.USER,), "the click to call of {user}")
        for key in ("controlled_device", "auto_answer")
    ),
    Right("users.{user}.busy_on_busy", (Who.USER,), "the busy on busy of {user}"),
    Right("users.{user}.voicemail_greeting", (Who.USER,), "how the voicemail of {user} greets"),
    Right("users.{user}.pin", (Who.USER,), "the PIN of {user}"),
    *(
        Right(
            f"users.{{user}}.follow_me.{{device}}.{origin}",
            (Who.USER,),
            "the follow-me of {user} at {device}",
            _CONFIGURABLE,
        )
        for origin in ("internal", "external", "team")
    ),
    Right("users.{user}.workplace", (Who.USER,), "the workplace of {user}"),
    Right("users.{user}.devices.{device}.dnd", (Who.USER,), "do not disturb of {device}"),
    Right(
        "workplaces.{workplace}.devices.{device}.dnd", (Who.OCCUPANT,), "do not disturb of {device}"
    ),
    Right(
        "teams.{team}.members.{user}.logged_in", (Who.USER,), "the login of {user} in team {team}"
    ),
    Right(
        "executives.{executive}.assistants.{user}.opted_in",
        (Who.USER,),
        "the login of {user} as an assistant of {executive}",
        _OPT_OUT,
    ),
    Right(
        "executives.{executive}.assistants.{user}.divert",
        (Who.USER,),
        "the divert of {user} as an assistant of {executive}",
    ),
    Right("executives.{executive}.assistants.{user}.rings", _OF_POOL, _FILTERED),
    *(
        Right(f"executives.{{executive}}.{key}", _OF_POOL, _FILTERED)
        for key in (
            "enabled",
            "filter",
            "criteria",
            "alerting",
            "rings",
            "assistant_devices",
            "executive_first",
            "alert_executive",
            "parallel",
            "caller_name",
            "caller_number",
            "custom_name",
            "custom_number",
            "caller_prefix",
            "connected_line",
            "rollover",
            "no_assistant",
            "push_recall",
            "push_follows_forward",
        )
    ),
    # No assistant gives himself, or another one, the right to disturb somebody.
    *(
        Right(
            f"executives.{{executive}}.{key}",
            (Who.EXECUTIVE,),
            f"{key} of executive {{executive}}",
        )
        for key in ("push_ignores_bob", "assistant_breaks_dnd", "assistant_respects_dnd")
    ),
)
"""What others than the administrator may change. What is not here is the administrator's: who the
assistants are, whether they may opt out, whether the filter comes before the forwards (G8)."""


# -- asking -----------------------------------------------------------------------------------
def require(db: sqlite_utils.Database, domain: str, by: Actor | None, *paths: Path) -> None:
    """NotPermitted unless ``by`` may change what stands at each of these paths of the rules file;
    it says which right is missing, and who has it. None is the administrator."""
    user = None if by is None else by.extension
    if user is None:
        return
    for path in paths:
        if (refusal := _refusal(db, domain, user, path)) is not None:
            raise NotPermitted(f"user {user} may not change {refusal}")


def check(db: sqlite_utils.Database, domain: str, by: Actor, edits: Iterable[Edit]) -> None:
    """As :func:`require`, for what a transaction changed; ``db`` is the store before it."""
    if by.extension is not None:
        edits = list(edits)
        place = _taken_by(by.extension, edits)
        # That an entry without a word in it stands there says nothing.
        mine = [each for each in edits if not _is_empty(each) and not _by_login(each, place)]
        require(db, domain, by, *(each.full_path for each in mine))


def right_to(path: Path) -> Right | None:
    """The right to change what stands at a path; None where it is the administrator's alone."""
    return next((right for right in RIGHTS if right.names(path) is not None), None)


def _refusal(db: sqlite_utils.Database, domain: str, user: str, path: Path) -> str | None:
    right = right_to(path)
    if right is None:
        return f"{called(path)}: the administrator may"
    names = right.names(path) or {}
    what = right.called.format_map(names)
    holders = [each for who in right.who for each in _HOLDERS[who](db, domain, names)]
    if user not in holders:
        own = [f"{each} himself" for each in holders] if len(holders) == 1 else holders
        return (
            f"{what}: {', '.join(own)} and the administrator may"
            if own
            else (f"{what}: the administrator may")
        )
    if right.only_if is not None:
        row = db.conn.execute(right.only_if.query, {"domain": domain, **names}).fetchone()
        if row is None or not row[0]:
            return (
                f"{what}: {right.only_if.setting} is false there, which the administrator changes"
            )
    return None


def _is_empty(edit: Edit) -> bool:
    return not edit.reordered and edit.path != () and {} in (edit.before, edit.after)


def _taken_by(user: str, edits: Iterable[Edit]) -> str | None:
    """The workplace where a user has just logged in."""
    own = ("users", user, "workplace")
    return next((each.after for each in edits if each.full_path == own), None)


def _by_login(edit: Edit, place: str | None) -> bool:
    """Whether an edit is what a login at ``place`` brings with it: who was there is logged out,
    and do not disturb of the phones there ends."""
    path = edit.full_path
    if place is None or edit.after is not None:
        return False
    out = path[:1] == ("users",) and path[2:] == ("workplace",) and edit.before == place
    return out or (path[:3] == ("workplaces", place, "devices") and path[4:] == ("dnd",))


def _himself(db: sqlite_utils.Database, domain: str, names: dict[str, str]) -> list[str]:
    return [names["user"]]


def _occupant(db: sqlite_utils.Database, domain: str, names: dict[str, str]) -> list[str]:
    rows = db.conn.execute(
        "SELECT extension FROM workplace_logins WHERE domain = ? AND workplace = ?",
        (domain, names["workplace"]),
    )
    return [row[0] for row in rows]


def _executive(db: sqlite_utils.Database, domain: str, names: dict[str, str]) -> list[str]:
    return [names["executive"]]


def _assistants(db: sqlite_utils.Database, domain: str, names: dict[str, str]) -> list[str]:
    rows = db.conn.execute(
        "SELECT extension FROM assistants WHERE domain = ? AND executive = ? ORDER BY position",
        (domain, names["executive"]),
    )
    return [row[0] for row in rows]


_HOLDERS = {
    Who.USER: _himself,
    Who.OCCUPANT: _occupant,
    Who.EXECUTIVE: _executive,
    Who.ASSISTANT: _assistants,
}


# -- listing ----------------------------------------------------------------------------------
_ENTRIES = {
    "schedules": "schedule",
    "workplaces": "workplace",
    "users": "user",
    "teams": "team",
    "executives": "executive",
    "devices": "device",
    "follow_me": "device",
    "profiles": "status",
    "statuses": "status",
    "members": "user",
    "assistants": "user",
    "criteria": "criterion",
    "contacts": "contact",
}
"""What the entries of a mapping or list are named by."""


def settings() -> tuple[tuple[str, Right | None], ...]:
    """Every setting of the rules file, by its path with names in braces, and the right to it."""
    return tuple((".".join(path), right_to(path)) for path in _leaves(RULES, ()))


def _leaves(form: Form, path: Path) -> Iterator[Path]:
    if isinstance(form, Maybe):
        form = form.form
    named = path != () and path[-1] in _ENTRIES
    if isinstance(form, Record):
        for name, key in form.keys.items():
            if path or name != "domain":
                yield from _leaves(key.form, (*path, name))
    elif isinstance(form, Named | Many) and named:
        yield from _leaves(form.form, (*path, f"{{{_ENTRIES[path[-1]]}}}"))
    else:
        yield path
