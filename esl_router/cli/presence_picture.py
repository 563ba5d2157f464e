"""The page of ``presence show``: a user's status, why it is that one, and what calls do then.

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
from esl_router.cli.words import action_record, action_words, lower, steps_words
from esl_router.engine.explain import Step, explain
from esl_router.engine.presence import Effective, effective, sent_away
from esl_router.errors import NotFound
from esl_router.model.live import UNKNOWN
from esl_router.model.people import Origin, User
from esl_router.model.presence import CallForward, Forward, Presence, Profile, Status, Target
from esl_router.model.rules import Problem, Rules

_WHEN = {
    Forward.ALWAYS: "for every call",
    Forward.BUSY: "when busy",
    Forward.NO_ANSWER: "without an answer",
    Forward.UNREGISTERED: "when not registered",
}
TITLES = {Origin.INTERNAL: "Internal calls", Origin.EXTERNAL: "External calls"}


@dataclass(frozen=True, slots=True)
class Page:
    """One user's presence at one instant."""

    user: User
    at: datetime
    presence: Presence
    effective: Effective
    forwards: Mapping[Origin, CallForward]
    """His own forwards of every call, whatever the status; those switched off too."""

    calls: Mapping[Origin, tuple[Step, ...]]
    """What becomes of a call of each origin that nobody answers."""

    names: Mapping[str, str]
    """What the domain calls its statuses."""

    problems: tuple[Problem, ...] = ()

    @property
    def profile(self) -> Profile:
        """What the status that counts does with calls."""
        return self.presence.profile(self.effective.status)

    @property
    def off(self) -> dict[tuple[Origin, Forward], Target]:
        """The forwards that would hold now, were they not switched off: those of the status, and
        those of *available* where the phones ring (D8)."""
        usual = self.presence.profile(Status.AVAILABLE).off
        rung = {
            key: target
            for key, target in usual.items()
            if key[1] is not Forward.ALWAYS
            and key not in self.profile.forwards
            and sent_away(self.user, self.effective, self.profile, key[0]) is None
        }
        return {**rung, **self.profile.off}

    def display(self, status: Status) -> str:
        """A status under the name that the domain gave it."""
        return self.names.get(status.value, status.value)

    def status(self) -> str:
        """The status that counts, in words."""
        status = self.effective.status
        name = self.display(status)
        return status.value if name == status.value else f"{name} ({status.value})"

    def why(self) -> str:
        """What he says of that status, and why it counts; empty where nothing is set."""
        winner, message = self.effective.winner, self.effective.message
        why = "" if winner is self.effective.axes[-1] else winner.why
        return ", ".join(filter(None, (f'"{message}"' if message else "", why)))

    def first_actions(self) -> list[str]:
        """What a call of each origin does first, in a few words."""
        return [lower(action_words(steps[0].decision.action)) for steps in self.calls.values()]

    def forward(self, origin: Origin) -> str:
        """His own forward of one origin's calls, in words; empty where there is none."""
        forward = self.forwards.get(origin)
        if forward is None:
            return ""
        switch = "on" if forward.enabled else "off"
        return f"forward to {forward.to} is {switch}: "

    def lines(self, unicode: bool = True) -> Iterator[list[Span]]:
        """The page, styled."""
        yield [
            Span(self.user.extension, "bold"),
            Span(f" {self.user.name}".rstrip()),
            Span("  "),
            Span(self.status(), "bold"),
            Span(f"  {self.at:%a %Y-%m-%d %H:%M %Z}", "dim"),
        ]
        if self.effective.message:
            yield [Span(f'  "{self.effective.message}"')]
        yield []
        for axis in self.effective.axes:
            wins = axis is self.effective.winner
            mark = ("▸" if unicode else ">") if wins else ("·" if unicode else "-")
            yield [Span(f"  {mark} {axis.name:<10} {axis.why}", "" if wins else "dim")]
        yield []
        for origin, steps in self.calls.items():
            words = f"  {self.forward(origin)}{steps_words(steps)}"
            yield [Span(TITLES[origin], "bold"), Span(words)]
        for (origin, condition), target in self.off.items():
            words = f"  forward to {target} is off: {_WHEN[condition]}"
            yield [Span(TITLES[origin], "dim"), Span(words, "dim")]
        for problem in self.problems:
            yield [Span(f"Skipped a broken rule at {problem.path}: {problem.text}", "red")]

    def record(self) -> dict[str, Any]:
        """The page as JSON knows it."""
        running = self.effective.winner.name == "temporary"
        until = self.presence.until if running else None
        return {
            "domain": self.user.domain,
            "user": self.user.extension,
            "name": self.user.name,
            "at": self.at.isoformat(),
            "status": self.effective.status.value,
            "display": self.display(self.effective.status),
            "message": self.effective.message or None,
            "until": until.isoformat() if until else None,
            "afterwards": self.presence.afterwards.value if running else None,
            "axes": [
                {
                    "axis": axis.name,
                    "status": axis.status.value if axis.status else None,
                    "wins": axis is self.effective.winner,
                    "why": axis.why,
                }
                for axis in self.effective.axes
            ],
            "alert_first": self.profile.alert_first,
            "announce": self.profile.announce or None,
            "calls": {origin.value: self._calls(origin) for origin in self.calls},
            "problems": [{"path": each.path, "text": each.text} for each in self.problems],
        }

    def _calls(self, origin: Origin) -> dict[str, Any]:
        targets = {each.value: self.profile.target(origin, each) for each in Forward}
        forward = self.forwards.get(origin)
        return {
            "forward": _record(forward) if forward else None,
            "forwards": {name: str(to) if to else None for name, to in targets.items()},
            "off": {
                condition.value: str(to) for (of, condition), to in self.off.items() if of is origin
            },
            "steps": [
                {"second": step.at, **action_record(step.decision.action)}
                for step in self.calls[origin]
            ],
        }


def _record(forward: CallForward) -> dict[str, Any]:
    return {
        "to": str(forward.to),
        "enabled": forward.enabled,
        "ring_splash": forward.ring_splash,
        "announce": forward.announce or None,
    }


def page(
    rules: Rules, domain: str, extension: str, now: datetime, zone: str, names: Mapping[str, str]
) -> Page:
    """A user's presence at ``now``, its instants in ``zone``; raises NotFound."""
    user = rules.user(domain, extension)
    if user is None:
        raise NotFound(f"there is no user {extension!r}: see `esl-router user list`")
    presence = rules.presence(domain, extension)
    if presence.until is not None:
        presence = replace(presence, until=presence.until.astimezone(ZoneInfo(zone)))
    calls = {
        origin: explain(call_to(user, origin), rules, UNKNOWN, now)
        for origin in (Origin.INTERNAL, Origin.EXTERNAL)
    }
    at = now.astimezone(ZoneInfo(zone))
    forwards = rules.call_forward(domain, extension)
    status = effective(presence, at)
    return Page(user, at, presence, status, forwards, calls, names, rules.problems)
