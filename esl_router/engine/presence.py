"""Which status counts, and what sends calls away (C7-C13, M5-M8).

A temporary status, one set by hand, an appointment, what a messenger says, the hours of the day:
the first that says something.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from esl_router.model.people import Origin, User
from esl_router.model.presence import (
    MESSENGER,
    Calendar,
    Forward,
    Messenger,
    OutsideHours,
    Presence,
    Profile,
    Status,
    Target,
    TargetKind,
)

# What a status without a profile of its own does with every call. A meeting is for display:
# whether it forwards is a switch of its own.
_USUAL = {
    Status.DND: Target(TargetKind.BUSY),
    Status.AWAY: Target(TargetKind.VOICEMAIL),
    Status.LUNCH: Target(TargetKind.VOICEMAIL),
    Status.BUSINESS_TRIP: Target(TargetKind.VOICEMAIL),
}


@dataclass(frozen=True, slots=True)
class Axis:
    """One of the things that may settle the status."""

    name: str
    status: Status | None
    """What it says; None: nothing."""

    why: str
    """In words that go on after "he is away", or say why it says nothing."""

    forward: Target | None = None
    """Where it sends every call itself; None: where the status sends them."""


@dataclass(frozen=True, slots=True)
class Effective:
    """The status that counts, and everything it was chosen from, strongest first."""

    status: Status
    axes: tuple[Axis, ...]
    message: str = ""
    """What the user says of it; empty where he set another one, or nothing."""

    @property
    def winner(self) -> Axis:
        """The first axis that says anything; the last one always does."""
        return next(axis for axis in self.axes if axis.status is not None)

    @property
    def decider(self) -> Axis:
        """The first axis that says anything of his status or of his calls."""
        return next(axis for axis in self.axes if axis.status is not None or axis.forward)

    @property
    def by_clock(self) -> bool:
        """Whether it is the hour that settles it."""
        return self.decider.name in _CLOCK

    @property
    def forward(self) -> Target | None:
        """Where every call goes, whatever the status; None: where the status sends it."""
        return self.decider.forward

    @property
    def reason(self) -> str:
        """Status and reason as they stand in a trace, after his extension."""
        said = f"is {self.words} ({self.winner.why})"
        return said if self.decider is self.winner else f"{said}, and {self.decider.why}"

    @property
    def words(self) -> str:
        """The status with what the user says of it."""
        return f'{self.status.value} "{self.message}"' if self.message else self.status.value


def effective(presence: Presence, now: datetime) -> Effective:
    """The status at ``now``. Computed, never stored: nothing has to happen when it changes.

    A status with an end is temporary and beats everything, *available* too: "reachable for an
    hour" (X83). Without one, *available* says nothing, so that what comes below it can speak.
    """
    axes = (
        _temporary(presence, now),
        _manual(presence),
        _calendar(presence.calendar, now),
        _messenger(presence.messenger, now),
        _hours(presence.outside_hours, now),
        _DEFAULT,
    )
    chosen, winner = next((axis.status, axis) for axis in axes if axis.status is not None)
    return Effective(chosen, axes, presence.message if _by_hand(presence, winner) else "")


def next_change(presence: Presence, now: datetime) -> datetime | None:
    """The first instant after ``now`` at which time alone may change what :func:`effective` says.

    Looking again then, and when something is written, misses no change. None: there is none.
    """
    calendar, messenger, hours = presence.calendar, presence.messenger, presence.outside_hours
    instants = (
        presence.until,
        calendar.next_change(now) if calendar else None,
        messenger.until if messenger else None,
        hours.schedule.next_change(now) if hours else None,
    )
    return min((each for each in instants if each is not None and each > now), default=None)


def sent_away(user: User, current: Effective, profile: Profile, origin: Origin) -> Target | None:
    """Where every call of an origin goes, before any phone rings; None: they ring, also where it
    says that they go to ``user`` himself (X28).

    ``profile`` is that of the status that counts.
    """
    target = current.forward or profile.target(origin, Forward.ALWAYS)
    target = target or _USUAL.get(current.status)
    rings = target is None or target.kind is TargetKind.RING or is_himself(target, user)
    return None if rings else target


def is_himself(target: Target, user: User) -> bool:
    """Whether a target of his is the user himself."""
    if target.kind is TargetKind.EXTERNAL:
        return target.value in user.numbers
    return target.kind is TargetKind.EXTENSION and target.value == user.extension


_CLOCK = ("calendar", "schedule")
"""What settles a status by the hour."""

_DEFAULT = Axis("default", Status.AVAILABLE, "nothing else says otherwise")


def _by_hand(presence: Presence, winner: Axis) -> bool:
    """Whether the status that counts is the one that was set by hand last: *available* too."""
    if presence.until is not None:
        return winner.name == "temporary"
    return winner.name == "manual" or winner is _DEFAULT


def _temporary(presence: Presence, now: datetime) -> Axis:
    if presence.until is None:
        return Axis("temporary", None, "no temporary status is set")
    until = _at(presence.until)
    if now >= presence.until:
        return Axis("temporary", None, f"{presence.status.value} has ended at {until}")
    return Axis("temporary", presence.status, f"{presence.status.value} until {until}")


def _manual(presence: Presence) -> Axis:
    status = presence.status
    how = "set by hand"
    if presence.until is not None:
        status, how = presence.afterwards, "what holds after the temporary status"
    if status is Status.AVAILABLE:
        return Axis("manual", None, f"available, {how}, leaves it to the rest")
    return Axis("manual", status, f"{status.value}, {how}")


def _calendar(calendar: Calendar | None, now: datetime) -> Axis:
    if calendar is None:
        return Axis("calendar", None, "he has no calendar")
    ends = calendar.ends(now)
    unread = ""
    if calendar.unread_since is not None:
        since = _at(calendar.unread_since.astimezone(now.tzinfo))
        unread = f"; the calendar cannot be read since {since}"
    if ends is None:
        return Axis("calendar", None, f"there is no appointment{unread}")
    why = f"an appointment lasts until {_at(ends)}{unread}"
    return Axis("calendar", calendar.status, why, calendar.forward)


def _messenger(messenger: Messenger | None, now: datetime) -> Axis:
    if messenger is None:
        return Axis("messenger", None, "his messenger does not count")
    if messenger.until is None:
        return Axis("messenger", None, "his messenger has said nothing")
    until = _at(messenger.until.astimezone(now.tzinfo))
    if now >= messenger.until:
        return Axis("messenger", None, f"what his messenger said, {messenger.says}, ended {until}")
    why = f"his messenger says {messenger.says}, until {until}"
    status = MESSENGER.get(messenger.says) if messenger.status else None
    return Axis("messenger", status, why, messenger.forward if messenger.busy else None)


def _hours(hours: OutsideHours | None, now: datetime) -> Axis:
    if hours is None:
        return Axis("schedule", None, "no schedule is set")
    if hours.schedule.is_open(now):
        return Axis("schedule", None, f"it is within the hours of {hours.schedule.name}")
    why = f"{hours.status.value} outside the hours of {hours.schedule.name}"
    return Axis("schedule", hours.status, why, hours.forward)


def _at(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
