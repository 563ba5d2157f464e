"""The page of ``executive show``: which calls are filtered, and which assistant rings when.

Values in, lines and JSON out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from esl_router.cli.assumed import call_to
from esl_router.cli.executive_words import criterion_record, criterion_words, setting_words
from esl_router.cli.terminal import Span
from esl_router.cli.timeline import BLOCKS, Bar, Glyphs, colours, draw
from esl_router.cli.words import leg_label, leg_note, leg_record
from esl_router.engine import pool
from esl_router.engine.identify import Parties
from esl_router.engine.presence import effective
from esl_router.engine.situation import Situation
from esl_router.errors import NotFound
from esl_router.model.actions import Leg
from esl_router.model.executive import Alerting, Assistant, Executive, Filter
from esl_router.model.live import Live
from esl_router.model.people import Origin, Settings, User
from esl_router.model.presence import Status
from esl_router.model.rules import Problem, Rules
from esl_router.model.trace import Trace

_PASSED = "has his turn only after the call has rolled over"


@dataclass(frozen=True, slots=True)
class Place:
    """One assistant at this instant."""

    assistant: Assistant
    name: str
    """His name; empty for one who is no user any more."""

    status: Status
    takes_part: bool
    rings: int | None
    """Seconds until the first phone rings for him; None: none does."""

    turn: int | None
    """Seconds until the next one's turn; None: all ring together."""

    why: str = ""
    """Why none does, in words."""


@dataclass(frozen=True, slots=True)
class Page:
    """One executive at one instant."""

    executive: Executive
    user: User
    settings: Settings
    at: datetime
    """In the domain's zone."""

    origin: Origin
    """Of the call that is drawn."""

    places: tuple[Place, ...]
    legs: tuple[Leg, ...]
    """The ringing of a call that is filtered."""

    known: bool
    """Whether it is known which phones are registered and who talks."""

    names: Mapping[str, str]
    """What the domain calls its statuses."""

    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def lines(self, width: int, glyphs: Glyphs = BLOCKS) -> Iterator[list[Span]]:
        """The page, styled, to be printed in ``width`` columns."""
        marks = ("▸", "·") if glyphs is BLOCKS else (">", "-")
        yield [
            Span(self.user.extension, "bold"),
            Span(f" {self.user.name}".rstrip()),
            Span(f"  {', '.join(self.user.numbers)}".rstrip(), "dim"),
            Span(f"  {self.at:%a %Y-%m-%d %H:%M %Z}", "dim"),
        ]
        yield []
        for label, text in setting_words(self.executive, self.settings):
            yield [Span(f"  {label:<17}", "dim"), Span(text)]
        if self.executive.criteria or self.executive.filter is Filter.CUSTOM:
            yield []
            unused = "" if self.executive.filter is Filter.CUSTOM else "  not asked by this filter"
            yield [Span("Criteria", "bold underline"), Span(unused, "dim")]
            yield from self._criteria(*marks)
        yield []
        yield [Span("Assistants", "bold underline")]
        yield from self._assistants(*marks)
        if self.legs:
            yield []
            what = f"  {self.origin.value}; if nobody answers"
            yield [Span("A filtered call", "bold underline"), Span(what, "dim")]
        colour = colours(leg.owner for leg in self.legs)
        bars = [
            Bar(leg_label(leg), leg.delay, leg.ends, leg_note(leg), colour=colour[leg.owner])
            for leg in self.legs
        ]
        yield from draw(bars, width=width, glyphs=glyphs)
        for note in self.notes:
            yield [Span(note, "yellow")]
        if not self.known:
            yield []
            yield [Span("Every phone is drawn as if it were registered; --live asks.", "dim")]
        for problem in self.problems:
            yield [Span(f"Skipped a broken rule at {problem.path}: {problem.text}", "red")]

    def _criteria(self, active: str, off: str) -> Iterator[list[Span]]:
        criteria = self.executive.criteria
        size = max((len(each.name) for each in criteria), default=0)
        for each in criteria:
            mark, style = (active, "") if each.active else (off, "dim")
            what = "filters" if each.filter else "lets through"
            text = f"{each.name.ljust(size)}  {what:<12}  {criterion_words(each)}"
            yield [Span(f"  {mark} {text}{'' if each.active else '  (off)'}", style)]
        if not criteria:
            yield [Span("  none: esl-router executive criterion add", "dim")]

    def _assistants(self, rings: str, passed: str) -> Iterator[list[Span]]:
        rows = [
            (
                f"{place.assistant.extension} {place.name}".rstrip(),
                "in" if place.assistant.opted_in else "out",
                self.names.get(place.status.value, place.status.value),
            )
            for place in self.places
        ]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
        for place, row in zip(self.places, rows, strict=True):
            cells = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))
            mark, style = (rings, "") if place.rings is not None else (passed, "dim")
            does = place.why if place.rings is None else f"rings from {place.rings} s"
            if place.assistant.rings is not None and place.turn is not None:
                does += f", his turn is {place.turn} s"
            yield [Span(f"  {mark} {cells}  {does}", style), Span(_divert(place), "dim")]
        if not rows:
            yield [Span("  nobody: esl-router executive assistant add", "dim")]

    def record(self) -> dict[str, Any]:
        """The page as JSON knows it."""
        executive = self.executive
        rollover = executive.rollover
        action = rollover.action.value if rollover.action else None
        return {
            "domain": executive.domain,
            "executive": executive.extension,
            "name": self.user.name,
            "numbers": list(self.user.numbers),
            "enabled": executive.enabled,
            "filter": executive.filter.value,
            "before_forwarding": executive.before_forwarding,
            "allow_opt_out": executive.allow_opt_out,
            "alerting": executive.alerting.value,
            "rings": executive.rings,
            "assistant_devices": executive.assistant_devices.value,
            "executive_first": executive.executive_first,
            "alert_executive": executive.alert_executive.value,
            "parallel": {"mobile": executive.parallel_mobile, "other": executive.parallel_other},
            "caller_name": executive.caller_name.value,
            "caller_number": executive.caller_number.value,
            "custom_name": executive.custom_name or None,
            "custom_number": executive.custom_number or None,
            "caller_prefix": executive.caller_prefix,
            "connected_line": executive.connected_line.value,
            "rollover": {
                "after": rollover.after,
                "action": str(rollover.target) if rollover.target else action,
            },
            "no_assistant": executive.no_assistant.value,
            "push_recall": executive.push_recall,
            "push_ignores_bob": executive.push_ignores_bob,
            "push_follows_forward": executive.push_follows_forward,
            "assistant_breaks_dnd": executive.assistant_breaks_dnd,
            "assistant_respects_dnd": executive.assistant_respects_dnd,
            "at": self.at.isoformat(),
            "origin": self.origin.value,
            "registrations_known": self.known,
            "criteria": [criterion_record(each) for each in executive.criteria],
            "assistants": [
                {
                    "user": place.assistant.extension,
                    "name": place.name or None,
                    "opted_in": place.assistant.opted_in,
                    "takes_part": place.takes_part,
                    "divert": place.assistant.divert.value if place.assistant.divert else None,
                    "status": place.status.value,
                    "rings": place.rings,
                    "turn": place.turn,
                    "why": place.why or None,
                }
                for place in self.places
            ],
            "legs": [leg_record(leg) for leg in self.legs],
            "notes": list(self.notes),
            "problems": [{"path": each.path, "text": each.text} for each in self.problems],
        }


def _divert(place: Place) -> str:
    divert = place.assistant.divert
    if divert is None:
        return ""
    return f"  (diverts to {divert.value}{'' if place.takes_part else ', not while logged out'})"


def page(
    rules: Rules,
    domain: str,
    extension: str,
    origin: Origin,
    live: Live,
    now: datetime,
    names: Mapping[str, str],
    notes: tuple[str, ...] = (),
) -> Page:
    """An executive at ``now``, and a filtered call of ``origin``, by the code that routes; raises
    NotFound."""
    executive = rules.executive(domain, extension)
    user = rules.user(domain, extension)
    settings = rules.settings(domain)
    if executive is None or user is None or settings is None:
        raise NotFound(f"{extension!r} is no executive: see `esl-router executive list`")
    parties = Parties(settings, origin, None, "", user)
    situation = Situation(call_to(user, origin), parties, rules, live, now, Trace())
    lineup = pool.line_up(
        executive,
        user,
        situation,
        seconds=executive.rollover.after,
        first=executive.executive_first,
    )
    sequential = executive.alerting is Alerting.SEQUENTIAL
    places = []
    for assistant in executive.assistants:
        starts = [leg.delay for leg in lineup.legs if leg.owner == assistant.extension]
        person = rules.user(domain, assistant.extension)
        status = effective(rules.presence(domain, assistant.extension), now).status
        places.append(
            Place(
                assistant,
                person.name if person else "",
                status,
                executive.takes_part(assistant),
                min(starts, default=None),
                executive.turn(assistant, settings.ring_cycle) if sequential else None,
                "" if starts else lineup.passed.get(assistant.extension, _PASSED),
            )
        )
    return Page(
        executive,
        user,
        settings,
        now.astimezone(ZoneInfo(settings.timezone)),
        origin,
        tuple(places),
        lineup.legs,
        live.known,
        names,
        notes,
        rules.problems,
    )
