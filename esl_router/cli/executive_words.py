"""What an executive has set, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from esl_router.model.executive import (
    AlertExecutive,
    Alerting,
    AssistantDevices,
    CallerName,
    CallerNumber,
    ConnectedLine,
    Criterion,
    Executive,
    Filter,
    NoAssistant,
    RolloverAction,
)
from esl_router.model.people import Settings

_FILTER = {
    Filter.ALL: "all calls",
    Filter.INTERNAL: "internal calls",
    Filter.EXTERNAL: "external calls",
    Filter.CUSTOM: "calls that a criterion names",
}
_ALERT = {
    AlertExecutive.NONE: "do not ring",
    AlertExecutive.SILENT: "show the call without a sound",
    AlertExecutive.SPLASH: "ring for a moment",
    AlertExecutive.RING: "ring",
}
_NAME = {
    CallerName.EXECUTIVE: "the executive's name",
    CallerName.EXECUTIVE_CALLER: "the executive's name - the caller's",
    CallerName.CALLER_EXECUTIVE: "the caller's name - the executive's",
    CallerName.CALLER: "the caller's name",
    CallerName.CUSTOM: "{custom_name}",
}
_NUMBER = {
    CallerNumber.EXECUTIVE: "the executive's number",
    CallerNumber.CALLER: "the caller's number",
    CallerNumber.CUSTOM: "the number {custom_number}",
}
_CONNECTED = {
    ConnectedLine.ASSISTANT: "the assistant who answers",
    ConnectedLine.EXECUTIVE: "the executive, whoever answers",
}
_ROLLOVER = {
    None: "the executive's own phones",
    RolloverAction.VOICEMAIL: "the executive's voicemail",
    RolloverAction.BUSY: "busy",
    RolloverAction.NO_ANSWER: "the executive's own no-answer forward",
    RolloverAction.EXECUTIVE: "the executive's own phones",
}


def setting_words(executive: Executive, settings: Settings) -> Iterator[tuple[str, str]]:
    """Each setting with its label, in the order in which a call meets them."""
    yield "filter", filter_words(executive)
    if executive.alerting is Alerting.SEQUENTIAL:
        seconds = executive.rings * settings.ring_cycle
        rings = "ring" if executive.rings == 1 else "rings"
        yield "alerting", f"one after the other, each for {executive.rings} {rings} ({seconds} s)"
    else:
        yield "alerting", "all together"
    if executive.assistant_devices is AssistantDevices.PRIMARY:
        yield "their phones", "the first telephone of each"
    if executive.executive_first:
        yield "he rings first", f"for {executive.executive_first} s"
    along = [
        words
        for words, rings_along in (
            ("his mobiles", executive.parallel_mobile),
            ("his other numbers outside", executive.parallel_other),
        )
        if rings_along
    ]
    own = _ALERT[executive.alert_executive]
    yield "his own phones", f"{own}; {' and '.join(along)} ring along" if along else own
    yield "they see", _shown(executive)
    if executive.connected_line in _CONNECTED:
        yield "the caller sees", _CONNECTED[executive.connected_line]
    yield "nobody answers", rollover_words(executive)
    if executive.no_assistant is NoAssistant.EXECUTIVE:
        yield "nobody is there", "as if there were no filter"
    yield "pushed call", _pushed(executive)
    if executive.assistant_breaks_dnd:
        yield "do not disturb", "calls of his assistants ring all the same"
    if not executive.assistant_respects_dnd:
        yield "away", "assistants ring all the same, on do not disturb too"
    if not executive.allow_opt_out:
        yield "logging out", "not allowed: everybody counts as logged in"


def _shown(executive: Executive) -> str:
    name = _NAME[executive.caller_name].format(custom_name=f'"{executive.custom_name}"')
    number = _NUMBER[executive.caller_number].format(custom_number=executive.custom_number)
    prefix = f'"{executive.caller_prefix}" and ' if executive.caller_prefix else ""
    return f"{prefix}{name}, {number}"


def _pushed(executive: Executive) -> str:
    words = f"comes back after {executive.push_recall} s"
    if executive.push_ignores_bob:
        words += ", rings whether he is busy on busy or not"
    if executive.push_follows_forward:
        words += ", goes where he forwards his calls"
    return words


def filter_words(executive: Executive) -> str:
    """Which calls go to the assistants, and when that is asked."""
    if not executive.enabled:
        return f"off (else {_FILTER[executive.filter]})"
    before = "before" if executive.before_forwarding else "after"
    return f"{_FILTER[executive.filter]}, {before} his own status and forwards"


def rollover_words(executive: Executive) -> str:
    """What becomes of a call that no assistant answers."""
    rollover = executive.rollover
    if rollover.action is RolloverAction.TARGET:
        where = str(rollover.target)
    else:
        where = _ROLLOVER[rollover.action]
    when = f"after {rollover.after} s" if rollover.after else "when nobody is left"
    return f"{when}: {where}"


def criterion_record(criterion: Criterion) -> dict[str, Any]:
    """A criterion as JSON knows it."""
    schedule, holidays = criterion.schedule, criterion.holidays
    return {
        "name": criterion.name,
        "active": criterion.active,
        "filter": criterion.filter,
        "callers": {
            "origin": criterion.origin.value if criterion.origin else None,
            "numbers": list(criterion.numbers),
            "anonymous": criterion.anonymous,
            "unavailable": criterion.unavailable,
            "contact": criterion.contact or None,
        },
        "dialled": list(criterion.dialled),
        "schedule": schedule.name if schedule else None,
        "holidays": holidays.name if holidays else None,
    }


def criterion_words(criterion: Criterion) -> str:
    """When a criterion holds."""
    who = list(criterion.numbers)
    who += ["number withheld"] * criterion.anonymous + ["no number"] * criterion.unavailable
    who += [f"the contact {criterion.contact}"] if criterion.contact else []
    origin = f"{criterion.origin.value} " if criterion.origin else ""
    words = [f"{origin}callers {', '.join(who)}" if who else f"any {origin}caller"]
    if criterion.dialled:
        words.append(f"dialled {', '.join(criterion.dialled)}")
    if criterion.schedule is not None:
        words.append(f"in the hours of {criterion.schedule.name}")
    if criterion.holidays is not None:
        words.append(f"on closed days of {criterion.holidays.name}")
    return "; ".join(words)


def notes(extension: str, found: Mapping[str, Any]) -> list[str]:
    """What makes a filter do nothing, or not what it seems to: sentences. ``found`` has the keys
    of the rules file."""
    if not found["enabled"]:
        return [f"The filter of {extension} is off: his calls go to himself."]
    people = found["assistants"]
    said = []
    if not people:
        said.append(f"{extension} has no assistants: the filter does nothing.")
    elif found["allow_opt_out"] and not any(each["opted_in"] for each in people):
        where = "his own phones ring"
        if found["no_assistant"] == "rollover" and found["rollover"]["action"]:
            where = f"filtered calls go to {found['rollover']['action']} at once"
        said.append(f"No assistant of {extension} is logged in: {where}.")
    if found["filter"] == "custom" and not any(
        each["active"] and each["filter"] for each in found["criteria"]
    ):
        said.append(f"No active criterion of {extension} filters: no call is filtered.")
    return said
