"""What the checks look at: one domain's rules, read whole; and what they find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from esl_router.engine.identify import Parties
from esl_router.engine.situation import Situation
from esl_router.model.call import Call
from esl_router.model.executive import Executive
from esl_router.model.live import UNKNOWN
from esl_router.model.people import (
    CallerRule,
    DeviceKind,
    FollowMeRow,
    Origin,
    Settings,
    User,
)
from esl_router.model.presence import CallForward, Presence
from esl_router.model.rules import Rules
from esl_router.model.schedule import Schedule
from esl_router.model.team import Team
from esl_router.model.trace import Trace

CALLS = (Origin.INTERNAL, Origin.EXTERNAL)
"""The origins of calls to a user himself."""

SET_UP = 15
"""Seconds below which a number outside hardly rings: a mobile network takes 3 to 6 of them before
anybody hears anything (X69)."""


class Level(StrEnum):
    ERROR = "error"
    """It cannot work."""

    WARNING = "warning"
    """It probably does not do what it looks like."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    level: Level
    path: str
    """Where it stands, as in the rules file: ``users.1001.follow_me.1001-mobile.external.ring``."""

    text: str
    """What is wrong, in a sentence."""

    todo: str
    """What to do about it."""

    check: str = ""
    """The name of the check that found it."""


def error(path: str, text: str, todo: str) -> Finding:
    """A rule that cannot work."""
    return Finding(Level.ERROR, path, text, todo)


def warning(path: str, text: str, todo: str) -> Finding:
    """A rule that probably does not do what it looks like."""
    return Finding(Level.WARNING, path, text, todo)


@dataclass(frozen=True, slots=True)
class Names:
    """What there is in a domain, in the order of the rules file."""

    users: Iterable[str] = ()
    teams: Iterable[str] = ()
    executives: Iterable[str] = ()
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    workplaces: bool = False
    """Whether there are workplaces, at which people log in."""

    contacts: frozenset[str] = frozenset()
    """The contacts that a criterion names, of the rules or of a directory."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user with everything of his own."""

    user: User
    rows: Mapping[Origin, tuple[FollowMeRow, ...]]
    presence: Presence
    forwards: Mapping[Origin, CallForward]
    callers: tuple[CallerRule, ...]

    @property
    def extension(self) -> str:
        return self.user.extension

    @property
    def path(self) -> str:
        return f"users.{self.extension}"

    @property
    def devices(self) -> tuple[FollowMeRow, ...]:
        """One row for each of his devices, whatever it says."""
        return self.rows[Origin.INTERNAL]


@dataclass(frozen=True, slots=True)
class Company:
    """One domain at one instant."""

    settings: Settings
    rules: Rules
    now: datetime
    """Aware."""

    people: Mapping[str, Person]
    teams: Mapping[str, Team]
    executives: Mapping[str, Executive]
    names: Names

    @property
    def domain(self) -> str:
        return self.settings.domain

    def situation(self, callee: User | Team, origin: Origin = Origin.EXTERNAL) -> Situation:
        """A call by nobody in particular, while nothing is known of the switch."""
        parties = Parties(self.settings, origin, None, "", callee)
        call = Call("lint", callee.extension)
        return Situation(call, parties, self.rules, UNKNOWN, self.now, Trace())

    def owner(self, number: str) -> str | None:
        """The user or team of this domain whose direct number it is."""
        found = self.rules.owner_of(number)
        return found[1] if found is not None and found[0] == self.domain else None

    def dials(self, row: FollowMeRow) -> bool:
        """Whether a row's device can be rung at all; switched off or not."""
        number = row.device.number or ""
        return row.device.kind is DeviceKind.SIP or (
            self.settings.toll.permits(number) and self.rules.owner_of(number) is None
        )

    def ringing(self, person: Person, origin: Origin) -> tuple[FollowMeRow, ...]:
        """His rows that ring for calls of an origin."""
        return tuple(row for row in person.rows[origin] if row.enabled and self.dials(row))


def read(rules: Rules, domain: str, names: Names, now: datetime) -> Company:
    """Everything of a domain. ``now`` is aware; raises as the methods of ``rules`` do."""
    people: dict[str, Person] = {}
    for extension in names.users:
        user = rules.user(domain, extension)
        if user is not None:
            people[extension] = Person(
                user,
                {origin: rules.follow_me(domain, extension, origin) for origin in Origin},
                rules.presence(domain, extension),
                rules.call_forward(domain, extension),
                rules.callers(domain, extension),
            )
    teams = {name: team for name in names.teams if (team := rules.team(domain, name)) is not None}
    executives = {
        name: found
        for name in names.executives
        if (found := rules.executive(domain, name)) is not None
    }
    settings = rules.settings(domain) or Settings(domain)
    return Company(settings, rules, now, people, teams, executives, names)


def row_path(person: Person, row: FollowMeRow, origin: Origin, key: str = "") -> str:
    """Where a row stands in the rules file."""
    whose = f"users.{person.extension}"
    if row.device.owner != person.extension:
        whose = f"workplaces.{row.device.owner}"
    return f"{whose}.follow_me.{row.device.name}.{origin.value}{key and f'.{key}'}"


def device_path(person: Person, row: FollowMeRow, key: str) -> str:
    """Where a device stands in the rules file."""
    whose = "users" if row.device.owner == person.extension else "workplaces"
    return f"{whose}.{row.device.owner}.devices.{row.device.name}.{key}"
