"""A rule store made of dictionaries, for tests of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from esl_router.engine.identify import Parties, identify
from esl_router.engine.situation import Situation
from esl_router.model.actions import Registered
from esl_router.model.call import Call, Caller
from esl_router.model.executive import Executive
from esl_router.model.live import UNKNOWN, Contact, Live
from esl_router.model.people import (
    CallerRule,
    Device,
    DeviceKind,
    FollowMeRow,
    Origin,
    Settings,
    User,
)
from esl_router.model.presence import CallForward, Presence
from esl_router.model.rules import Problem
from esl_router.model.team import Team
from esl_router.model.trace import Trace

DOMAIN = "pbx.test"

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday, ten o'clock in Berlin."""


def sip(name: str, owner: str = "1001", **more: bool) -> Device:
    return Device(name, DeviceKind.SIP, owner, **more)


def mobile(name: str, number: str, owner: str = "1001", **more: bool) -> Device:
    return Device(name, DeviceKind.EXTERNAL, owner, number=number, **more)


@dataclass
class Company:
    """Implements :class:`esl_router.model.rules.Rules`."""

    users: Iterable[User] = ()
    rows: Mapping[str, Iterable[FollowMeRow]] = field(default_factory=dict)
    teams: Iterable[Team] = ()
    config: Settings = Settings(DOMAIN)  # noqa: RUF009 - frozen
    problems: tuple[Problem, ...] = ()
    statuses: Mapping[str, Presence] = field(default_factory=dict)
    lists: Mapping[str, tuple[CallerRule, ...]] = field(default_factory=dict)
    by_origin: Mapping[Origin, Mapping[str, Iterable[FollowMeRow]]] = field(default_factory=dict)
    executives: tuple[Executive, ...] = ()
    workplaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name -> its number, then its devices."""

    logins: Mapping[str, str] = field(default_factory=dict)
    """Extension -> the workplace where the user is logged in."""

    contacts: Mapping[str, str] = field(default_factory=dict)
    call_forwards: Mapping[str, Mapping[Origin, CallForward]] = field(default_factory=dict)

    def domains(self) -> tuple[str, ...]:
        return (self.config.domain,)

    def settings(self, domain: str) -> Settings | None:
        return self.config if domain == self.config.domain else None

    def user(self, domain: str, extension: str) -> User | None:
        return next((u for u in self.users if (u.domain, u.extension) == (domain, extension)), None)

    def team(self, domain: str, extension: str) -> Team | None:
        return next((t for t in self.teams if (t.domain, t.extension) == (domain, extension)), None)

    def executive(self, domain: str, extension: str) -> Executive | None:
        key = (domain, extension)
        return next((e for e in self.executives if (e.domain, e.extension) == key), None)

    def executives_of(self, domain: str, assistant: str) -> tuple[str, ...]:
        return tuple(
            sorted(e.extension for e in self.executives if e.assistant(assistant) is not None)
        )

    def workplace(self, domain: str, number: str) -> str | None:
        return next((n for n, place in self.workplaces.items() if place[0] == number), None)

    def workplace_of(self, domain: str, device: str) -> str | None:
        return next((n for n, place in self.workplaces.items() if device in place[1:]), None)

    def logged_in_at(self, domain: str, extension: str) -> str | None:
        return self.logins.get(extension)

    def teams_of(self, domain: str, member: str) -> tuple[str, ...]:
        return tuple(
            sorted(t.extension for t in self.teams if member in {m.extension for m in t.members})
        )

    def owner_of(self, number: str) -> tuple[str, str] | None:
        return next(((u.domain, u.extension) for u in self.users if number in u.numbers), None)

    def device_user(self, domain: str, device: str) -> str | None:
        for extension, rows in self.rows.items():
            if any(row.device.name == device for row in rows):
                return extension
        return None

    def contact_name(self, domain: str, number: str) -> str:
        return self.contacts.get(number, "")

    def presence(self, domain: str, extension: str) -> Presence:
        return self.statuses.get(extension, Presence())

    def call_forward(self, domain: str, extension: str) -> Mapping[Origin, CallForward]:
        return self.call_forwards.get(extension, {})

    def callers(self, domain: str, extension: str) -> tuple[CallerRule, ...]:
        return self.lists.get(extension, ())

    def follow_me(self, domain: str, extension: str, origin: Origin) -> tuple[FollowMeRow, ...]:
        rows = self.by_origin.get(origin, self.rows)
        return tuple(rows.get(extension, ()))


def registered(*accounts: str, twice: Iterable[str] = ()) -> Live:
    """Live state in which these accounts of the domain, and only these, are registered."""
    return Live(
        known=True,
        age=0.0,
        registrations={
            f"{account}@{DOMAIN}": tuple(
                Contact(f"sofia/internal/sip:{account}@127.0.0.1:{port}", 0.0)
                for port in ((5070, 5071) if account in twice else (5070,))
            )
            for account in accounts
        },
    )


def target(account: str, *ports: int) -> Registered:
    urls = tuple(f"sofia/internal/sip:{account}@127.0.0.1:{port}" for port in ports or (5070,))
    return Registered(account, DOMAIN, urls)


def internal_call(dialled: str, account: str = "1002-desk", number: str = "1002") -> Call:
    caller = Caller(number, "Ben Berg", account, DOMAIN)
    return Call("c-1", dialled, caller, context="internal", internal_context=True)


def trunk_call(dialled: str, number: str = "+493099887766", **more: object) -> Call:
    return Call("c-2", dialled, Caller(number, "Muster GmbH"), context="public", **more)


def situation(
    call: Call,
    company: Company,
    live: Live = UNKNOWN,
    now: datetime = NOW,
    trace: Trace | None = None,
) -> Situation:
    """What the engine decides on once it knows both parties."""
    parties = identify(call, company, Trace())
    assert isinstance(parties, Parties), parties
    return Situation(call, parties, company, live, now, Trace() if trace is None else trace)
