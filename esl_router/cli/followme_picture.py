"""The page of ``followme show``: a picture for each origin, drawn from the plan that routes.

Values in, lines and JSON out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from esl_router.cli.assumed import call_to
from esl_router.cli.terminal import Span
from esl_router.cli.timeline import BLOCKS, Bar, Glyphs, colours, draw
from esl_router.cli.words import action_record, action_words, leg_note, leg_record, lower
from esl_router.engine import followme, unconditional
from esl_router.engine.explain import explain
from esl_router.engine.followme import Plan, Skip
from esl_router.engine.identify import Parties
from esl_router.engine.presence import effective
from esl_router.engine.situation import Situation
from esl_router.errors import NotFound
from esl_router.model.actions import Action, Ring
from esl_router.model.live import Live
from esl_router.model.people import Origin, User
from esl_router.model.rules import Problem, Rules
from esl_router.model.trace import Decision, Trace

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
    Skip.TALKING: "in a conversation",
    Skip.FULL: "as many calls as may be are forwarded to its number",
    Skip.TOO_LATE: "would ring only after the ringing has ended",
    Skip.TOO_MANY: "one device too many",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One origin."""

    origin: Origin
    plan: Plan
    names: tuple[str, ...]
    """Every device, in the order of the rules file."""

    then: Action | None
    """What follows when nobody answers; None for a team's calls, where the team decides, and
    while the calls go elsewhere."""

    elsewhere: str | None = None
    """Why the calls do not reach the phones at present; None while they do."""

    first: Ring | None = None
    """What rings all the same before they go elsewhere."""


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
            if section.elsewhere:
                yield [Span(f"  {_at_present(section.first)} {section.elsewhere}", "yellow")]
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


def page(rules: Rules, domain: str, extension: str, live: Live, now: datetime) -> Page:
    """The plans of a user for each origin at ``now``, by the code that routes; raises NotFound.

    It is the plan of his phones, also where his status sends calls elsewhere.
    """
    user = rules.user(domain, extension)
    settings = rules.settings(domain)
    if user is None or settings is None:
        raise NotFound(f"there is no user {extension!r}: see `esl-router user list`")
    presence = rules.presence(domain, extension)
    profile = presence.profile(effective(presence, now).status)
    sections = []
    for origin in Origin:
        call = call_to(user, origin)
        situation = Situation(
            call, Parties(settings, origin, None, "", user), rules, live, now, Trace()
        )
        plan = followme.plan(user, origin, situation, limit=profile.ringing_ends(origin), wake=True)
        names = tuple(row.device.name for row in rules.follow_me(domain, extension, origin))
        then = elsewhere = before = None
        if origin is not Origin.TEAM:
            first, *rest = explain(call, rules, live, now)
            elsewhere = _elsewhere(first.decision)
            if elsewhere is None:
                after = rest[0] if rest and plan.legs else first
                then = after.decision.action
            elif isinstance(first.decision.action, Ring) and first.decision.action.alert_first:
                before = first.decision.action
        sections.append(Section(origin, plan, names, then, elsewhere, before))
    return Page(user, tuple(sections), live.known, rules.problems)


# What comes before the callee's own forward and his status when a call is decided.
_BEFORE = ("identify", "guard", "rules", "callers", "executive")
_AWAY = (unconditional.STAGE, "presence")


def _elsewhere(decision: Decision) -> str | None:
    """The sentence with which the callee's own forward or status sends the call elsewhere."""
    for entry in decision.trace:
        if entry.fired and entry.stage in _AWAY:
            return entry.text
        if entry.stage not in (*_BEFORE, unconditional.STAGE):
            return None
    return None


def _at_present(first: Ring | None) -> str:
    if first is None:
        return "At present none of these phones rings."
    names = ", ".join(leg.device for leg in first.legs)
    if any(leg.splash for leg in first.legs):
        return f"At present what rings is {names}, for a moment."
    return f"At present what rings is {names}, for {first.length} s."


def _summary(section: Section) -> str:
    length = max((leg.ends for leg in section.plan.legs), default=0)
    if section.then is None:
        return (f"  {length} s" if section.elsewhere else "") if length else "  no phone rings"
    words = lower(action_words(section.then))
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
        "elsewhere": section.elsewhere,
        "first": None if section.first is None else action_record(section.first),
    }
