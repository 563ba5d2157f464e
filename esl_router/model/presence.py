"""A user's presence status, and what it does with his calls (C, D)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from esl_router.model.people import Origin
from esl_router.model.schedule import Schedule


class Status(StrEnum):
    """The built-in statuses; a domain may give each another name for display."""

    AVAILABLE = "available"
    AWAY = "away"
    DND = "dnd"
    LUNCH = "lunch"
    BUSINESS_TRIP = "business_trip"
    MEETING = "meeting"


class TargetKind(StrEnum):
    VOICEMAIL = "voicemail"
    EXTENSION = "extension"
    EXTERNAL = "external"
    BUSY = "busy"
    RING = "ring"
    ANNOUNCEMENT = "announcement"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes."""

    kind: TargetKind
    value: str = ""
    """The extension, number (E.164) or sound file; empty where the kind says it all. For
    ``voicemail`` empty means the box of whom the caller wanted."""

    @classmethod
    def parse(cls, text: str) -> Target:
        """A target as the rules file writes it; raises ValueError."""
        kind, _, value = text.partition(":")
        target = cls(TargetKind(kind), value)
        needed = target.kind in (
            TargetKind.EXTENSION,
            TargetKind.EXTERNAL,
            TargetKind.ANNOUNCEMENT,
        )
        refused = target.kind in (TargetKind.BUSY, TargetKind.RING)
        if (needed and not value) or (refused and value):
            raise ValueError(f"{text!r} is no target")
        return target

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.value}" if self.value else self.kind.value


@dataclass(frozen=True, slots=True)
class CallForward:
    """A forward of every call of one origin, switched by hand: whatever the status is (D1)."""

    to: Target
    enabled: bool = True
    """Switched off it keeps its target (D8)."""

    ring_splash: bool = False
    """Whether his phones ring for a moment before it sends a call away."""

    announce: str = ""
    """The sound that a caller hears before it sends his call away (D7); empty: none."""


class Forward(StrEnum):
    """When a forward applies."""

    ALWAYS = "always"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREGISTERED = "unregistered"


SPLASH: Final = "splash"
"""Instead of a number of seconds: his phones ring for a moment, as a reminder."""

AlertFirst = int | Literal["splash"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What one status does with calls."""

    no_answer_after: int | None = None
    """Seconds after which ringing ends, whatever the follow-me rows say (B4)."""

    queue_login: bool | None = None
    """Whether he counts as logged in to his teams in this status; None: as he has logged in or out
    himself, which holds again when the status ends (C6)."""

    ring_group_calls: bool | None = None
    """Whether calls of teams ring him; None: unless the status sends his calls away."""

    push: bool = True
    """Whether his apps that are not registered are woken in it (B12)."""

    no_answer_after_by_origin: Mapping[Origin, int] = field(default_factory=dict)
    """As ``no_answer_after``, for the calls of one origin alone (D2)."""

    forwards: Mapping[tuple[Origin, Forward], Target] = field(default_factory=dict)

    off: Mapping[tuple[Origin, Forward], Target] = field(default_factory=dict)
    """Forwards that are switched off: they send no call anywhere, and keep their targets (D8)."""

    alert_first: AlertFirst | None = None
    """Seconds that his phones ring before the status sends a call away, or :data:`SPLASH` (C7a)."""

    announce: str = ""
    """The sound that a caller hears before the status sends his call away (D7); empty: none."""

    def target(self, origin: Origin, condition: Forward) -> Target | None:
        return self.forwards.get((origin, condition))

    def ringing_ends(self, origin: Origin) -> int | None:
        """Seconds after which the ringing for calls of an origin ends; None: as the rows say."""
        return self.no_answer_after_by_origin.get(origin, self.no_answer_after)

    @property
    def after_ringing(self) -> dict[tuple[Origin, Forward], Target]:
        """The forwards that phones have to ring for, or to be called in vain."""
        return {
            key: target for key, target in self.forwards.items() if key[1] is not Forward.ALWAYS
        }


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a user's appointments do: two switches that know nothing of each other (S3)."""

    status: Status | None = Status.MEETING
    """His status during an appointment; None: appointments leave it alone."""

    forward: Target | None = None
    """Where every call goes during one, whatever the status; None: where the status sends it."""

    edges: tuple[int, ...] = ()
    """When he is busy: begin and end by turns, ascending, in seconds since the epoch."""

    unread_since: datetime | None = None
    """Since when the calendar cannot be read (X85); None: it can."""

    def ends(self, now: datetime) -> datetime | None:
        """When the appointment of ``now`` ends, in its zone; None: there is none."""
        place = bisect_right(self.edges, now.timestamp())
        return self._edge(place, now) if place % 2 else None

    def next_change(self, now: datetime) -> datetime | None:
        """When the next appointment after ``now`` begins or ends; None: there is none."""
        place = bisect_right(self.edges, now.timestamp())
        return self._edge(place, now)

    def _edge(self, place: int, now: datetime) -> datetime | None:
        if place >= len(self.edges):
            return None
        return datetime.fromtimestamp(self.edges[place], now.tzinfo)


MESSENGER: Mapping[str, Status | None] = {
    "available": None,
    "online": None,
    "offline": None,
    "unknown": None,
    "away": Status.AWAY,
    "busy": Status.MEETING,
    "dnd": Status.DND,
    "lunch": Status.LUNCH,
    "business_trip": Status.BUSINESS_TRIP,
    "meeting": Status.MEETING,
}
"""What a messenger may say of somebody -> his status; None: none in particular."""

_BUSY = frozenset({"busy", "dnd", "meeting"})
"""What of it says that he is busy."""


@dataclass(frozen=True, slots=True)
class Messenger:
    """What a user's messenger said of him last, and what that does (M7)."""

    status: bool = True
    """Whether it becomes his status."""

    forward: Target | None = None
    """Where every call goes while it says that he is busy; None: where the status sends it."""

    says: str = ""
    """A key of :data:`MESSENGER`; empty: nothing yet."""

    until: datetime | None = None
    """When that is too old to count."""

    @property
    def busy(self) -> bool:
        return self.says in _BUSY


@dataclass(frozen=True, slots=True)
class OutsideHours:
    """What holds outside a schedule's hours (C10, M4)."""

    schedule: Schedule
    status: Status
    forward: Target | None = None
    """Where every call goes then, whatever the status; None: where the status sends it."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Everything that may settle a user's status. Which of it wins is computed, never stored."""

    status: Status = Status.AVAILABLE
    """Set by hand."""

    until: datetime | None = None
    """When ``status`` ends by itself: it is temporary then."""

    afterwards: Status = Status.AVAILABLE
    """What holds when a temporary status has ended."""

    outside_hours: OutsideHours | None = None

    calendar: Calendar | None = None
    """None: he has none."""

    messenger: Messenger | None = None
    """None: what a messenger says of him does not count."""

    profiles: Mapping[Status, Profile] = field(default_factory=dict)

    message: str = ""
    """What he says of the status that he set by hand, in his own words (C11)."""

    def profile(self, status: Status) -> Profile:
        """What ``status`` does with calls.

        What he says of his phones when they ring unheard holds in every status in which they ring:
        where a status has no forward of its own for busy, no answer or not registered, and no time
        after which ringing ends, that of ``available`` holds. A forward that is switched off is
        none.
        """
        own = self.profiles.get(status, Profile())
        usual = self.profiles.get(Status.AVAILABLE)
        if status is Status.AVAILABLE or usual is None:
            return own
        found = replace(own, forwards={**usual.after_ringing, **own.forwards})
        if own.no_answer_after is not None:
            return found
        return replace(
            found,
            no_answer_after=usual.no_answer_after,
            no_answer_after_by_origin={
                **usual.no_answer_after_by_origin,
                **own.no_answer_after_by_origin,
            },
        )
