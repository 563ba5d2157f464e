"""What a decision reads of one user's own rules: presence, its profiles, the caller list."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from esl_router.model.numbers import is_pattern
from esl_router.model.people import CallerAction, CallerRule, Origin
from esl_router.model.presence import (
    Calendar,
    CallForward,
    Forward,
    Messenger,
    OutsideHours,
    Presence,
    Profile,
    Status,
    Target,
)
from esl_router.store.rules import values
from esl_router.store.schedules import schedule

Report = Callable[[str, str], None]
"""Takes the path of a broken rule and what is wrong with it."""

# Everything that has no more than one row a user: one statement, each table by its key.
_STATUS = """
    SELECT presence.status, presence.until, presence.afterwards, presence.message,
           hours_schedule, hours_status, hours_forward,
           calendars.source, calendars.status, calendars.forward, edges, failing,
           messengers.status, messengers.forward, messenger_feed.says, messenger_feed.until
    FROM users
    LEFT JOIN presence USING (domain, extension)
    LEFT JOIN calendars USING (domain, extension)
    LEFT JOIN calendar_feeds ON calendar_feeds.domain = users.domain
        AND calendar_feeds.extension = users.extension
        AND calendar_feeds.source = calendars.source
    LEFT JOIN messengers USING (domain, extension)
    LEFT JOIN messenger_feed USING (domain, extension)
    WHERE users.domain = ? AND users.extension = ?
"""

_NOTHING = (None,) * 16

_PROFILES = """
    SELECT profiles.status, no_answer_after, queue_login, ring_group_calls,
           alert_first, announce, push, internal_no_answer_after, external_no_answer_after,
           origin, condition, target, enabled
    FROM profiles LEFT JOIN forwards USING (domain, extension, status)
    WHERE domain = ? AND extension = ?
"""

_LOGIN = {"true": True, "false": False}
"""``keep`` and NULL: as he has logged in or out himself."""

_CALL_FORWARD = """
    SELECT origin, target, enabled, ring_splash, announce FROM call_forwards
    WHERE domain = ? AND extension = ?
"""

_CALLERS = """
    SELECT position, numbers, action, schedule FROM callers WHERE domain = ? AND extension = ?
    ORDER BY position
"""


def presence(
    conn: sqlite3.Connection, domain: str, extension: str, report: Report, profiled: bool = True
) -> Presence:
    """The user's status and profiles; a forward that makes no sense is left out and reported.

    ``profiled``: False: he is known to have no profile.
    """
    row = conn.execute(_STATUS, (domain, extension)).fetchone()
    user = f"users.{extension}"
    path = f"{user}.presence"
    profiles = _profiles(conn, domain, extension, f"{path}.profiles", report) if profiled else {}
    if row is None or row == _NOTHING:
        return Presence(profiles=profiles)
    status, until, afterwards, message, *rest = row
    hours, calendar, messenger = rest[:3], rest[3:8], rest[8:]
    return Presence(
        status=_status(status or "available", f"{path}.status", report),
        until=_instant(until, f"{path}.until", report),
        afterwards=_status(afterwards or "available", f"{path}.afterwards", report),
        outside_hours=_outside_hours(conn, domain, hours, f"{path}.outside_hours", report),
        calendar=_calendar(calendar, f"{user}.calendar", report),
        messenger=_messenger(messenger, f"{user}.messenger", report),
        profiles=profiles,
        message=_checked(values.message, message, f"{path}.message", report) or "",
    )


def call_forward(
    conn: sqlite3.Connection, domain: str, extension: str, report: Report
) -> dict[Origin, CallForward]:
    """The user's own forwards; one that makes no sense is left out and reported."""
    found: dict[Origin, CallForward] = {}
    rows = conn.execute(_CALL_FORWARD, (domain, extension))
    for origin, text, enabled, splash, announce in rows:
        path = f"users.{extension}.forward.{origin}"
        try:
            forward = CallForward(Target.parse(text), enabled != 0, splash != 0)
            sound = _checked(values.sound, announce, f"{path}.announce", report) or ""
            found[Origin(origin)] = replace(forward, announce=sound)
        except ValueError:
            report(f"{path}.to", f"{text!r} is no target")
    return found


def callers(
    conn: sqlite3.Connection, domain: str, extension: str, report: Report
) -> tuple[CallerRule, ...]:
    """The user's caller list; an entry that makes no sense is left out and reported."""
    rules: list[CallerRule] = []
    for position, texts, action, hours in conn.execute(_CALLERS, (domain, extension)):
        path = f"users.{extension}.callers[{position}]"
        try:
            patterns = tuple(json.loads(texts))
            if not all(isinstance(each, str) and is_pattern(each) for each in patterns):
                raise ValueError("not all of its numbers are patterns")
            within = None if hours is None else schedule(conn, domain, hours)
            rules.append(CallerRule(patterns, CallerAction(action), within))
        except (ValueError, TypeError) as error:
            report(path, str(error))
    return tuple(rules)


def _profiles(
    conn: sqlite3.Connection, domain: str, extension: str, path: str, report: Report
) -> dict[Status, Profile]:
    plain: dict[Status, Profile] = {}
    forwards: dict[Status, dict[tuple[Origin, Forward], Target]] = {}
    off: dict[Status, dict[tuple[Origin, Forward], Target]] = {}
    for row in conn.execute(_PROFILES, (domain, extension)):
        name, after, login, ring_group_calls, alert, announce, push, *rest = row
        inside, outside, origin, condition, text, enabled = rest
        try:
            status = Status(name)
        except ValueError:
            report(f"{path}.{name}", "is no status")
            continue
        group = None if ring_group_calls is None else ring_group_calls != 0
        inner = f"{path}.{name}"
        times = {
            of: seconds
            for of, column in ((Origin.INTERNAL, inside), (Origin.EXTERNAL, outside))
            if (seconds := _seconds(column, f"{inner}.{of.value}.no_answer_after", report))
        }
        plain[status] = Profile(
            _seconds(after, f"{inner}.no_answer_after", report),
            _LOGIN.get(login),
            group,
            alert_first=_checked(values.alert_first, alert, f"{inner}.alert_first", report),
            announce=_checked(values.sound, announce, f"{inner}.announce", report) or "",
            push=push != 0,
            no_answer_after_by_origin=times,
        )
        if text is None:
            continue
        try:
            key = (Origin(origin), Forward(condition))
            (forwards if enabled else off).setdefault(status, {})[key] = Target.parse(text)
        except ValueError:
            report(f"{path}.{name}.{origin}.{condition}", f"{text!r} is no target")
    return {
        status: replace(profile, forwards=forwards.get(status, {}), off=off.get(status, {}))
        for status, profile in plain.items()
    }


def _checked(check: values.Value, value: Any, path: str, report: Report) -> Any:
    """What a column holds, in its one form; None, reported, where that cannot be right."""
    try:
        return None if value is None else check(value, "")
    except ValueError as error:
        report(path, str(error))
        return None


def _seconds(value: int | None, path: str, report: Report) -> int | None:
    if value is not None and value < 1:
        report(path, f"{value} is no number of seconds")
        return None
    return value


def _instant(seconds: int | None, path: str, report: Report) -> datetime | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        report(path, f"{seconds} is no instant: the status counts as one without an end")
        return None


def _outside_hours(
    conn: sqlite3.Connection, domain: str, columns: Sequence[Any], path: str, report: Report
) -> OutsideHours | None:
    name, status, forward = columns
    if name is None:
        return None
    try:
        hours = schedule(conn, domain, name)
        return OutsideHours(hours, Status(str(status)), _target(forward, f"{path}.forward", report))
    except ValueError as error:
        report(path, str(error))
        return None


def _calendar(columns: Sequence[Any], path: str, report: Report) -> Calendar | None:
    source, status, forward, text, failing = columns
    if source is None:
        return None
    try:
        edges = _edges(text or "[]")
    except ValueError:
        report(path, "what was read of it is unreadable, so there is no appointment")
        edges = ()
    return Calendar(
        None if status is None else _status(status, f"{path}.status", report),
        _target(forward, f"{path}.forward", report),
        edges,
        _instant(failing, path, report),
    )


@lru_cache(maxsize=1024)
def _edges(text: str) -> tuple[int, ...]:
    """The instants in a column; ValueError when it holds anything else. The same column is met
    with each call, until the calendar changes."""
    found = json.loads(text)
    if not isinstance(found, list) or not all(type(edge) is int for edge in found):
        raise ValueError("not a list of instants")
    if found != sorted(found):
        raise ValueError("not in their order")
    return tuple(found)


def _messenger(columns: Sequence[Any], path: str, report: Report) -> Messenger | None:
    status, forward, says, until = columns
    if status is None:
        return None
    return Messenger(
        status != 0,
        _target(forward, f"{path}.forward", report),
        says or "",
        _instant(until, path, report),
    )


def _target(text: str | None, path: str, report: Report) -> Target | None:
    try:
        return None if text is None else Target.parse(text)
    except ValueError:
        report(path, f"{text!r} is no target")
        return None


def _status(text: str, path: str, report: Report) -> Status:
    try:
        return Status(text)
    except ValueError:
        report(path, f"{text!r} is no status, taken as available")
        return Status.AVAILABLE
