"""The page of ``team show``: who of a team would ring, when, and why the others would not.

Values in, lines and JSON out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from esl_router.cli.assumed import call_to
from esl_router.cli.terminal import Span
from esl_router.cli.timeline import BLOCKS, Bar, Glyphs, colours, draw
from esl_router.cli.words import (
    action_record,
    action_words,
    leg_label,
    leg_note,
    leg_record,
    lower,
)
from esl_router.engine import team as engine
from esl_router.engine.explain import Step, explain
from esl_router.engine.identify import Parties
from esl_router.engine.presence import effective
from esl_router.engine.situation import Situation
from esl_router.errors import NotFound
from esl_router.model.actions import Leg, Ring
from esl_router.model.live import Live
from esl_router.model.people import Origin
from esl_router.model.presence import Status
from esl_router.model.rules import Problem, Rules
from esl_router.model.team import Member, Overflow, Strategy, Team
from esl_router.model.trace import Trace

ORDER = {
    Strategy.PARALLEL: "all together",
    Strategy.SEQUENTIAL: "one after the other",
    Strategy.ROUND_ROBIN: "one after the other, each call begins with the next",
    Strategy.LONGEST_IDLE: "one after the other, who has not talked for longest first",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One member of the team at this instant."""

    member: Member
    name: str
    """His name; empty for one who is no user any more."""

    status: Status
    rings: int | None
    """Seconds from the call's arrival until his first phone rings; None: none does."""

    why: str = ""
    """Why none does, in words."""


@dataclass(frozen=True, slots=True)
class Page:
    """One team at one instant."""

    team: Team
    at: datetime
    """In the domain's zone."""

    places: tuple[Place, ...]
    legs: tuple[Leg, ...]
    """The ringing of a first round, also where the team is busy at present."""

    busy: str
    """Why the team takes no call at present, in a sentence; empty: it does."""

    steps: tuple[Step, ...]
    """What becomes of a call that nobody answers."""

    known: bool
    """Whether it is known which phones are registered and who talks."""

    names: Mapping[str, str]
    """What the domain calls its statuses."""

    problems: tuple[Problem, ...] = ()

    def lines(self, width: int, glyphs: Glyphs = BLOCKS) -> Iterator[list[Span]]:
        """The page, styled, to be printed in ``width`` columns."""
        team = self.team
        yield [
            Span(team.extension, "bold"),
            Span(f" {team.name}".rstrip()),
            Span(f"  {', '.join(team.numbers)}".rstrip(), "dim"),
            Span(f"  {self.at:%a %Y-%m-%d %H:%M %Z}", "dim"),
        ]
        yield []
        for label, text in self._settings():
            yield [Span(f"  {label:<15}", "dim"), Span(text)]
        yield []
        yield [Span("Members", "bold underline")]
        yield from self._members("▸" if glyphs is BLOCKS else ">", "·" if glyphs is BLOCKS else "-")
        yield []
        yield [Span("A call", "bold underline"), Span(f"  {self._course()}", "dim")]
        colour = colours(leg.owner for leg in self.legs)
        bars = [
            Bar(leg_label(leg), leg.delay, leg.ends, leg_note(leg), colour=colour[leg.owner])
            for leg in self.legs
        ]
        yield from draw(bars, width=width, glyphs=glyphs)
        if self.busy:
            yield [Span(f"  At present no phone rings. {self.busy}", "yellow")]
        if not self.known:
            yield []
            yield [Span("Every phone is drawn as if it were registered; --live asks.", "dim")]
        for problem in self.problems:
            yield [Span(f"Skipped a broken rule at {problem.path}: {problem.text}", "red")]

    def _settings(self) -> Iterator[tuple[str, str]]:
        team = self.team
        each = "" if team.strategy is Strategy.PARALLEL else f", each for {team.ring} s"
        yield "strategy", f"{team.strategy.value}: {ORDER[team.strategy]}{each}"
        yield "max wait", f"{team.max_wait} s"
        if team.max_calls != 0:
            limit = "as many as are logged in" if team.max_calls is None else str(team.max_calls)
            yield "busy on busy", f"when {limit} talk"
        if not team.skip_if_busy:
            yield "skip if busy", "no: members who talk are rung, too"
        if team.caller_prefix:
            yield "caller prefix", f'"{team.caller_prefix}"'
        for why, target in team.overflow.items():
            yield "overflow", f"{why.value}: {target}"

    def _members(self, rings: str, passed: str) -> Iterator[list[Span]]:
        rows = [
            (
                f"{place.member.extension} {place.name}".rstrip(),
                "in" if place.member.logged_in else "out",
                self.names.get(place.status.value, place.status.value),
                f"rings from {place.rings} s" if place.rings is not None else place.why,
            )
            for place in self.places
        ]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
        for place, row in zip(self.places, rows, strict=True):
            cells = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=False))
            mark, style = (rings, "") if place.rings is not None else (passed, "dim")
            turn = self._turn(place.member)
            yield [Span(f"  {mark} {cells}  {row[3]}", style), Span(turn, "dim")]
        if not rows:
            yield [Span("  nobody: esl-router team member add", "dim")]

    def _turn(self, member: Member) -> str:
        if self.team.strategy is Strategy.ROUND_ROBIN and member.began:
            return f"  (a call began with him {self._instant(member.began):%Y-%m-%d %H:%M})"
        if self.team.strategy is Strategy.LONGEST_IDLE and member.talked:
            return f"  (last conversation {self._instant(member.talked):%Y-%m-%d %H:%M})"
        return ""

    def _instant(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, self.at.tzinfo)

    def _course(self) -> str:
        words = []
        for index, step in enumerate(self.steps):
            action = step.decision.action
            if index and isinstance(action, Ring) and action.callee == self.team.extension:
                continue  # another round
            words.append(f"{f'after {step.at} s ' if step.at else ''}{lower(action_words(action))}")
        return ", ".join(words)

    def record(self) -> dict[str, Any]:
        """The page as JSON knows it."""
        team = self.team
        targets = {why.value: team.overflow.get(why) for why in Overflow}
        return {
            "domain": team.domain,
            "team": team.extension,
            "name": team.name,
            "numbers": list(team.numbers),
            "strategy": team.strategy.value,
            "ring": team.ring,
            "max_wait": team.max_wait,
            "busy_on_busy": "auto" if team.max_calls is None else team.max_calls,
            "skip_if_busy": team.skip_if_busy,
            "caller_prefix": team.caller_prefix,
            "overflow": {why: str(to) if to else None for why, to in targets.items()},
            "at": self.at.isoformat(),
            "registrations_known": self.known,
            "busy": self.busy or None,
            "members": [self._record(place) for place in self.places],
            "legs": [leg_record(leg) for leg in self.legs],
            "steps": [
                {"second": step.at, **action_record(step.decision.action)} for step in self.steps
            ],
            "problems": [{"path": each.path, "text": each.text} for each in self.problems],
        }

    def _record(self, place: Place) -> dict[str, Any]:
        member = place.member
        return {
            "user": member.extension,
            "name": place.name or None,
            "delay": member.delay,
            "logged_in": member.logged_in,
            "status": place.status.value,
            "rings": place.rings,
            "why": place.why or None,
            "began": self._instant(member.began).isoformat() if member.began else None,
            "talked": self._instant(member.talked).isoformat() if member.talked else None,
        }


def page(
    rules: Rules,
    domain: str,
    extension: str,
    live: Live,
    now: datetime,
    names: Mapping[str, str],
) -> Page:
    """A team at ``now``, by the code that routes; raises NotFound."""
    team = rules.team(domain, extension)
    settings = rules.settings(domain)
    if team is None or settings is None:
        raise NotFound(f"there is no team {extension!r}: see `esl-router team list`")
    call = call_to(team, Origin.INTERNAL)
    said = Trace()
    parties = Parties(settings, Origin.INTERNAL, None, "", team)
    situation = Situation(call, parties, rules, live, now, said)
    busy = engine.is_busy(team, situation)
    lineup = engine.line_up(team, replace(situation, trace=Trace()), seconds=team.max_wait)
    places = []
    for member in team.members:
        starts = [leg.delay for leg in lineup.legs if leg.owner == member.extension]
        user = rules.user(domain, member.extension)
        why = lineup.passed.get(member.extension, "")
        if not starts and not why:
            why = "would ring only after the caller has waited long enough"
        status = effective(rules.presence(domain, member.extension), now).status
        name = user.name if user else ""
        places.append(Place(member, name, status, min(starts, default=None), why))
    return Page(
        team,
        now.astimezone(ZoneInfo(settings.timezone)),
        tuple(places),
        lineup.legs,
        said.entries[-1].text if busy else "",
        explain(call, rules, live, now),
        live.known,
        names,
        rules.problems,
    )
