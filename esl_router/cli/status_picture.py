"""One user on the page of ``status``: his line and his status. Values in, lines and JSON out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from esl_router.cli.terminal import Span
from esl_router.engine.line import line
from esl_router.engine.presence import Effective, effective
from esl_router.model.live import UNKNOWN, Channel, Contact, Line, Live
from esl_router.model.people import DeviceKind, Origin, User
from esl_router.model.rules import Rules

_COLOURS = {
    Line.OFFLINE: "dim",
    Line.AVAILABLE: "green",
    Line.RINGING: "yellow",
    Line.CALLING: "yellow",
    Line.TALKING: "red",
    None: "dim",
}


@dataclass(frozen=True, slots=True)
class Phone:
    """One device of his."""

    device: str
    kind: DeviceKind
    registrations: int | None
    """How often it is registered; None: not known, or it is a number outside."""

    legs: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class Person:
    user: User
    at: datetime
    line: Line | None
    """None: no link to FreeSWITCH."""

    effective: Effective
    display: str
    """The status under the name that the domain gave it."""

    phones: tuple[Phone, ...]

    @property
    def state(self) -> tuple[object, ...]:
        """What makes a difference to somebody who watches."""
        legs = {(leg.uuid, leg.state) for phone in self.phones for leg in phone.legs}
        registered = tuple(phone.registrations for phone in self.phones)
        return self.line, self.effective.status, self.why, frozenset(legs), registered

    @property
    def line_words(self) -> str:
        return self.line.value if self.line else "unknown"

    @property
    def status(self) -> str:
        status = self.effective.status.value
        return status if self.display == status else f"{self.display} ({status})"

    @property
    def why(self) -> str:
        """Why that status counts; empty where nothing is set."""
        winner = self.effective.winner
        return "" if winner is self.effective.axes[-1] else winner.why

    @property
    def sentence(self) -> str:
        who = f"{self.user.extension} {self.user.name}".strip()
        why = f" ({self.why})" if self.why else ""
        return f"{who}: line {self.line_words}, status {self.status}{why}"

    def record(self) -> dict[str, Any]:
        return {
            "at": self.at.astimezone().isoformat(timespec="milliseconds"),
            "domain": self.user.domain,
            "user": self.user.extension,
            "name": self.user.name,
            "line": self.line.value if self.line else None,
            "status": self.effective.status.value,
            "display": self.display,
            "why": self.why,
            "devices": [
                {
                    "device": phone.device,
                    "kind": phone.kind.value,
                    "registrations": phone.registrations,
                    "legs": [
                        {"state": leg.state.value, "inbound": leg.inbound, "other": leg.other}
                        for leg in phone.legs
                    ],
                }
                for phone in self.phones
            ],
        }

    def lines(self, unicode: bool) -> Iterator[list[Span]]:
        name = f" {self.user.name}" if self.user.name else ""
        yield [Span(f"{self.user.extension}{name}", "bold")]
        yield [Span("  line    "), Span(self.line_words, _COLOURS[self.line])]
        why = [Span(f"  {self.why}", "dim")] if self.why else []
        yield [Span("  status  "), Span(self.status, "bold"), *why]
        dash = "–" if unicode else "-"
        for phone in self.phones:
            words = [_registered(phone), *(_leg(leg) for leg in phone.legs)]
            yield [Span(f"    {phone.device} {dash} "), Span(", ".join(filter(None, words)))]


def _registered(phone: Phone) -> str:
    if phone.kind is not DeviceKind.SIP:
        return "a number outside"
    if phone.registrations is None:
        return "nobody knows whether it is registered"
    if not phone.registrations:
        return "not registered"
    return "registered" if phone.registrations == 1 else f"registered {phone.registrations} times"


def _leg(leg: Channel) -> str:
    who = f" {leg.other}" if leg.other else ""
    if leg.state.talking:
        return f"talks to{who}" if who else "talks"
    return f"calls{who}" if leg.inbound else f"rings for{who}" if who else "rings"


def merged(pictures: Iterable[Live]) -> Live:
    """One picture of several switches: a phone may be registered at any. Unknown unless all are."""
    several = tuple(pictures)
    if not several or not all(live.known for live in several):
        return UNKNOWN
    registrations: dict[str, tuple[Contact, ...]] = {}
    channels: dict[str, Channel] = {}
    for live in several:
        channels.update(live.channels)
        for account, contacts in live.registrations.items():
            registrations[account] = registrations.get(account, ()) + contacts
    return Live(True, max(live.age or 0.0 for live in several), registrations, channels)


def person(user: User, rules: Rules, live: Live, now: datetime, names: Mapping[str, str]) -> Person:
    """A user as ``live`` and the store have him at ``now``."""
    rows = rules.follow_me(user.domain, user.extension, Origin.INTERNAL)
    current = effective(rules.presence(user.domain, user.extension), now)
    phones = []
    for row in rows:
        device = row.device
        contacts = live.contacts(user.domain, device.name)
        known = device.kind is DeviceKind.SIP and contacts is not None
        phones.append(
            Phone(
                device.name,
                device.kind,
                len(contacts or ()) if known else None,
                live.calls_of(user.domain, [device.name]) if live.known else (),
            )
        )
    status = current.status.value
    display = names.get(status, status)
    return Person(user, now, line(user, rules, live), current, display, tuple(phones))
