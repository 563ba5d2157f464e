"""What a decision reads of an executive and his assistants.

A filter that cannot be read filters nothing, so that the executive's phones ring; whatever else
makes no sense is as where nothing is set. Both are reported.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from esl_router.model.executive import (
    AlertExecutive,
    Alerting,
    Assistant,
    CallerName,
    CallerNumber,
    Criterion,
    Executive,
    Filter,
    NoAssistant,
    Rollover,
    RolloverAction,
)
from esl_router.model.numbers import is_extension, is_pattern
from esl_router.model.people import Origin
from esl_router.model.presence import Target, TargetKind
from esl_router.model.schedule import Schedule
from esl_router.store.schedules import schedule

Report = Callable[[str, str], None]
"""Takes the path of a broken rule and what is wrong with it."""

_EXECUTIVE = """
    SELECT enabled, filter, before_forwarding, allow_opt_out, alerting, rings, alert_executive,
           parallel_mobile, parallel_other, caller_name, caller_number,
           rollover_after, rollover_action, no_assistant, push_recall,
           assistant_devices, executive_first,
           custom_name, custom_number, caller_prefix, connected_line,
           push_ignores_bob, push_follows_forward, assistant_breaks_dnd, assistant_respects_dnd
    FROM executives WHERE domain = ? AND extension = ?
"""

_CRITERIA = """
    SELECT position, name, active, filter, origin, numbers, anonymous, unavailable, contact,
           dialled, schedule, holidays
    FROM criteria WHERE domain = ? AND executive = ? ORDER BY position
"""

_ASSISTANTS = """
    SELECT extension, opted_in, divert, rings FROM assistants WHERE domain = ? AND executive = ?
    ORDER BY position
"""

_EXECUTIVES_OF = """
    SELECT executive FROM assistants WHERE domain = ? AND extension = ? ORDER BY executive
"""

_E164 = re.compile(r"\+[1-9][0-9]{2,14}")

_ROLLOVER = {
    action.value: action for action in RolloverAction if action is not RolloverAction.TARGET
}

Word = TypeVar("Word", bound=StrEnum)


def executive(
    conn: sqlite3.Connection, domain: str, extension: str, report: Report
) -> Executive | None:
    """The user as an executive, with his assistants; None: he has none."""
    row = conn.execute(_EXECUTIVE, (domain, extension)).fetchone()
    if row is None:
        return None
    enabled, filtered, before, opt_out, alerting, rings, alert, mobile, other = row[:9]
    name, number, after, action, no_assistant, recall, devices, first = row[9:17]
    custom_name, custom_number, prefix, connected = row[17:21]
    ignores_bob, follows_forward, breaks_dnd, respects_dnd = row[21:]
    path = f"executives.{extension}"
    usual = Executive(domain, extension)

    def word(key: str, text: str, otherwise: Word) -> Word:
        try:
            return type(otherwise)(text)
        except ValueError:
            report(f"{path}.{key}", f"{text!r} is not known, taken as {otherwise.value}")
            return otherwise

    def count(key: str, value: int, otherwise: int, least: int = 1) -> int:
        if value < least:
            report(f"{path}.{key}", f"{value} is below {least}, taken as {otherwise}")
            return otherwise
        return value

    try:
        kind = Filter(filtered)
    except ValueError:
        report(f"{path}.filter", f"{filtered!r} is not known: no call is filtered")
        kind, enabled = usual.filter, False
    return Executive(
        domain,
        extension,
        enabled=enabled != 0,
        filter=kind,
        before_forwarding=before != 0,
        criteria=_criteria(conn, domain, extension, f"{path}.criteria", report),
        assistants=_assistants(conn, domain, extension, f"{path}.assistants", report),
        allow_opt_out=opt_out != 0,
        alerting=word("alerting", alerting, Alerting.SIMULTANEOUS),
        rings=count("rings", rings, usual.rings),
        assistant_devices=word("assistant_devices", devices, usual.assistant_devices),
        executive_first=count("executive_first", first, usual.executive_first, least=0),
        alert_executive=word("alert_executive", alert, AlertExecutive.NONE),
        parallel_mobile=mobile != 0,
        parallel_other=other != 0,
        caller_name=word("caller_name", _said(name, custom_name), CallerName.EXECUTIVE_CALLER),
        caller_number=word("caller_number", _said(number, custom_number), CallerNumber.CALLER),
        custom_name=custom_name or "",
        custom_number=custom_number or "",
        caller_prefix=prefix,
        connected_line=word("connected_line", connected, usual.connected_line),
        rollover=_rollover(after, action, f"{path}.rollover", report),
        no_assistant=word("no_assistant", no_assistant, NoAssistant.ROLLOVER),
        push_recall=count("push_recall", recall, usual.push_recall),
        push_ignores_bob=ignores_bob != 0,
        push_follows_forward=follows_forward != 0,
        assistant_breaks_dnd=breaks_dnd != 0,
        assistant_respects_dnd=respects_dnd != 0,
    )


def _said(mode: str, custom: str | None) -> str:
    """How something is shown; a mode that wants a text of its own is none without it."""
    return "custom without a text" if mode == "custom" and not custom else mode


def executives_of(conn: sqlite3.Connection, domain: str, assistant: str) -> tuple[str, ...]:
    """The extensions of those whose assistant a user is, sorted."""
    return tuple(extension for (extension,) in conn.execute(_EXECUTIVES_OF, (domain, assistant)))


def _criteria(
    conn: sqlite3.Connection, domain: str, extension: str, path: str, report: Report
) -> tuple[Criterion, ...]:
    found = []
    schedules: dict[str, Schedule] = {}

    def named(name: str | None) -> Schedule | None:
        if name is not None and name not in schedules:
            schedules[name] = schedule(conn, domain, name)
        return None if name is None else schedules[name]

    for position, name, active, filtered, origin, *rest in conn.execute(
        _CRITERIA, (domain, extension)
    ):
        numbers, anonymous, unavailable, contact, dialled, hours, holidays = rest
        try:
            found.append(
                Criterion(
                    name,
                    active != 0,
                    filtered != 0,
                    None if origin is None else Origin(origin),
                    _patterns(numbers),
                    anonymous != 0,
                    unavailable != 0,
                    contact or "",
                    _patterns(dialled),
                    named(hours),
                    named(holidays),
                )
            )
        except (ValueError, TypeError) as error:
            report(f"{path}[{position}]", str(error))
    return tuple(found)


def _patterns(text: str) -> tuple[str, ...]:
    patterns = json.loads(text)
    if not isinstance(patterns, list) or not all(
        isinstance(each, str) and is_pattern(each) for each in patterns
    ):
        raise ValueError("not all of its numbers are patterns")
    return tuple(patterns)


def _assistants(
    conn: sqlite3.Connection, domain: str, extension: str, path: str, report: Report
) -> tuple[Assistant, ...]:
    found = []
    for index, (assistant, opted_in, text, rings) in enumerate(
        conn.execute(_ASSISTANTS, (domain, extension))
    ):
        divert = None if text is None else _divert(text)
        if text is not None and divert is None:
            report(f"{path}[{index}].divert", f"{text!r} is no number: he takes his part himself")
        if rings is not None and rings < 1:
            report(f"{path}[{index}].rings", f"{rings} is below 1, taken as the executive's")
            rings = None
        found.append(Assistant(assistant, opted_in != 0, divert, rings))
    return tuple(found)


def _divert(text: str) -> Target | None:
    if is_extension(text):
        return Target(TargetKind.EXTENSION, text)
    return Target(TargetKind.EXTERNAL, text) if _E164.fullmatch(text) else None


def _rollover(after: int | None, text: str | None, path: str, report: Report) -> Rollover:
    if after is not None and after < 1:
        report(f"{path}.after", f"{after} is no number of seconds")
        after = None
    if text is None or text in _ROLLOVER:
        return Rollover(after, None if text is None else _ROLLOVER[text])
    try:
        return Rollover(after, RolloverAction.TARGET, Target.parse(text))
    except ValueError:
        report(f"{path}.action", f"{text!r} is no target: the executive's phones ring")
        return Rollover(after)
