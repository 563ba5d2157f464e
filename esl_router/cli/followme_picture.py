"""The page of ``followme show``: a picture for each origin, drawn from the plan that routes.

Values in, lines and JSON out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from esl_router.cli.terminal import Span
from esl_router.cli.timeline import BLOCKS, Bar, Glyphs, colours, draw
from esl_router.cli.words import action_record, action_words, leg_note, leg_record
from esl_router.engine import followme
from esl_router.engine.explain import explain
from esl_router.engine.followme import Plan, Skip
from esl_router.errors import NotFound
from esl_router.model.actions import Action
from esl_router.model.call import Call, Caller
from esl_router.model.live import Live
from esl_router.model.people import Origin, User
from esl_router.model.rules import Problem, Rules
from esl_router.model.trace import Trace

TITLES = {
    Origin.INTERNAL: "Internal calls",
    Origin.EXTERNAL: "External calls",
    Origin.TEAM: "Team calls",
}

REASONS = {
    Skip.DISABLED: "switched off",
    Skip.DND: "do not disturb",
    Skip.UNREGISTERED: "not registered",
    Skip.OWN_DEVICE: "the phone that calls",
    Skip.DUPLICATE: "rings already under another name",
    Skip.FORBIDDEN: "the toll policy forbids its number",
    Skip.LOOP: "its number belongs to somebody here",
    Skip.REDIRECTED: "the call was redirected too often",
    Skip.TOO_LATE: "would ring only after the ringing has ended",
    Skip.TOO_MANY: "one device too many",
}

# A time is needed to ask the engine, and no rule of the plan looks at it.
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Section:
    """One origin."""

    origin: Origin
    plan: Plan
    names: tuple[str, ...]
    """Every device, in the order of the rules file."""

    then: Action | None
    """What follows when nobody answers; None for a team's calls, where the team decides."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one user's calls do."""

    user: User
    sections: tuple[Section, ...]
    known: bool
    """Whether it is known which phones are registered."""

    problems: tuple[Problem, ...] = ()

    def lines(self, width: int, glyphs: Glyphs = BLOCKS) -> Iterator[list[Span]]:
        """The page, styled, to be printed in ``width`` columns."""
        names = [name for section in self.sections for name in section.names]
        labels = max(map(len, names), default=0)
        colour = colours(names)
        yield [Span(self.user.extension, "bold"), Span(f" {self.user.name}".rstrip())]
        for section in self.sections:
            yield []
            yield [Span(TITLES[section.origin], "bold underline"), Span(_summary(section), "dim")]
            yield from draw(list(_bars(section, colour)), width=width, glyphs=glyphs, labels=labels)
        if not self.known:
            yield []
            yield [Span("Every phone is drawn as if it were registered; --live asks.", "dim")]
        for problem in self.problems:
            yield [Span(f"Skipped a broken rule at {problem.path}: {problem.text}", "red")]

    def record(self) -> dict[str, Any]:
        """The page as JSON knows it."""
        return {
            "domain": self.user.domain,
            "user": self.user.extension,
            "name": self.user.name,
            "registrations_known": self.known,
            "origins": {section.origin.value: _record(section) for section in self.sections},
            "problems": [{"path": each.path, "text": each.text} for each in self.problems],
        }


def page(rules: Rules, domain: str, extension: str, live: Live) -> Page:
    """The plans of a user for each origin, by the code that routes; raises NotFound."""
    user = rules.user(domain, extension)
    settings = rules.settings(domain)
    if user is None or settings is None:
        raise NotFound(f"there is no user {extension!r}: see `esl-router user list`")
    sections = []
    for origin in Origin:
        call = _call(user, origin)
        plan = followme.plan(
            user,
            origin,
            call=call,
            number="",
            settings=settings,
            rules=rules,
            live=live,
            trace=Trace(),
        )
        names = tuple(row.device.name for row in rules.follow_me(domain, extension, origin))
        then = None
        if origin is not Origin.TEAM:
            then = explain(call, rules, live, _ANY_TIME)[-1].decision.action
        sections.append(Section(origin, plan, names, then))
    return Page(user, tuple(sections), live.known, rules.problems)


def _call(user: User, origin: Origin) -> Call:
    if origin is Origin.INTERNAL:
        # Some colleague's phone, none of the user's own.
        caller = Caller(account="a colleague", domain=user.domain)
        return Call("", user.extension, caller, internal_context=True)
    # An extension is not enough from outside where the store has several domains.
    return Call("", user.numbers[0] if user.numbers else user.extension)


def _summary(section: Section) -> str:
    length = max((leg.ends for leg in section.plan.legs), default=0)
    if section.then is None:
        return "" if length else "  no phone rings"
    words = action_words(section.then)
    words = words[0].lower() + words[1:]
    return f"  {length} s, then {words}" if length else f"  no phone rings: {words}"


def _bars(section: Section, colour: dict[str, str]) -> Iterator[Bar]:
    ringing = {leg.device: leg for leg in section.plan.legs}
    skipped = {entry.row.device.name: entry.reason for entry in section.plan.skipped}
    for name in section.names:
        if name in ringing:
            leg = ringing[name]
            yield Bar(name, leg.delay, leg.ends, leg_note(leg), colour=colour[name])
        else:
            yield Bar(name, skipped=REASONS[skipped[name]])


def _record(section: Section) -> dict[str, Any]:
    return {
        "legs": [leg_record(leg) for leg in section.plan.legs],
        "skipped": [
            {
                "device": entry.row.device.name,
                "reason": entry.reason.value.replace(" ", "_"),
                "text": REASONS[entry.reason],
            }
            for entry in section.plan.skipped
        ],
        "then": None if section.then is None else action_record(section.then),
    }
