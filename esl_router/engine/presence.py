"""Which status counts: temporary, set by hand, by the hours of the day, or available (C7-C13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from esl_router.model.people import Origin
from esl_router.model.presence import Forward, Presence, Profile, Status, Target, TargetKind

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
    def words(self) -> str:
        """The status with what the user says of it."""
        return f'{self.status.value} "{self.message}"' if self.message else self.status.value


def effective(presence: Presence, now: datetime) -> Effective:
    """The status at ``now``. Computed, never stored: nothing has to happen when it changes.

    A status with an end is temporary and beats everything, *available* too: "reachable for an
    hour". Without one, *available* says nothing, so that what comes below it can speak.
    """
    axes = (_temporary(presence, now), _manual(presence), _hours(presence, now), _DEFAULT)
    chosen, winner = next((axis.status, axis) for axis in axes if axis.status is not None)
    return Effective(chosen, axes, presence.message if _by_hand(presence, winner) else "")


def sent_away(status: Status, profile: Profile, origin: Origin) -> Target | None:
    """Where a status sends every call of an origin, before any phone rings; None: they ring."""
    target = profile.target(origin, Forward.ALWAYS) or _USUAL.get(status)
    return None if target is None or target.kind is TargetKind.RING else target


_DEFAULT = Axis("default", Status.AVAILABLE, "nothing else says otherwise")


def _by_hand(presence: Presence, winner: Axis) -> bool:
    """Whether the status that counts is the one that was set by hand last: *available* too."""
    if presence.until is not None:
        return winner.name == "temporary"
    return winner.name == "manual" or winner is _DEFAULT


def _temporary(presence: Presence, now: datetime) -> Axis:
    if presence.until is None:
        return Axis("temporary", None, "no temporary status is set")
    until = presence.until.isoformat(timespec="seconds")
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


def _hours(presence: Presence, now: datetime) -> Axis:
    if presence.outside_hours is None:
        return Axis("schedule", None, "no schedule is set")
    schedule, status = presence.outside_hours
    if schedule.is_open(now):
        return Axis("schedule", None, f"it is within the hours of {schedule.name}")
    return Axis("schedule", status, f"{status.value} outside the hours of {schedule.name}")
