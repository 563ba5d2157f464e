"""What a feature code changes: one setting of the user who dialled it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from esl_router.model.people import Origin
from esl_router.model.presence import Forward, Status


@dataclass(frozen=True, slots=True)
class SetStatus:
    """His status; for some hours, or for good."""

    status: Status
    hours: int | None = None

    @property
    def on(self) -> bool:
        return self.status is not Status.AVAILABLE


@dataclass(frozen=True, slots=True)
class SetBusyOnBusy:
    """From how many calls on he is busy; 0: never."""

    calls: int

    @property
    def on(self) -> bool:
        return self.calls > 0


@dataclass(frozen=True, slots=True)
class SetForward:
    """His own forward of every call of these origins, switched on with a target."""

    origins: tuple[Origin, ...]
    target: str
    """As the rules file writes it."""

    @property
    def on(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class SwitchForward:
    """The same, on or off with the target that it has."""

    origins: tuple[Origin, ...]
    on: bool


@dataclass(frozen=True, slots=True)
class SetConditional:
    """Where calls of every origin go on one condition, by the profile of *available*."""

    condition: Forward
    target: str
    """As the rules file writes it."""

    @property
    def on(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class SwitchConditional:
    """The same, on or off with the targets that there are."""

    condition: Forward
    origins: tuple[Origin, ...]
    on: bool


@dataclass(frozen=True, slots=True)
class SetDeviceDnd:
    """Do not disturb of one device."""

    device: str
    on: bool


@dataclass(frozen=True, slots=True)
class SetFollowMe:
    """Whether one device rings, for calls of every origin."""

    device: str
    on: bool


@dataclass(frozen=True, slots=True)
class LogTeam:
    """His login to a team."""

    team: str
    on: bool


@dataclass(frozen=True, slots=True)
class LogAssistant:
    """His login to the pool of an executive."""

    executive: str
    on: bool


@dataclass(frozen=True, slots=True)
class SetDivert:
    """Who takes his part as an assistant: an extension or a number, E.164; None: he himself."""

    executive: str
    target: str | None

    @property
    def on(self) -> bool:
        return self.target is not None


@dataclass(frozen=True, slots=True)
class LogWorkplace:
    """His login at a workplace; None: he leaves the one where he is."""

    place: str | None

    @property
    def on(self) -> bool:
        return self.place is not None


@dataclass(frozen=True, slots=True)
class SwitchFilter:
    """The filter of an executive."""

    executive: str
    on: bool


Feature = (
    SetStatus
    | SetBusyOnBusy
    | SetForward
    | SwitchForward
    | SetConditional
    | SwitchConditional
    | SetDeviceDnd
    | SetFollowMe
    | LogTeam
    | LogAssistant
    | SetDivert
    | LogWorkplace
    | SwitchFilter
)


class Tone(StrEnum):
    """What somebody hears who has dialled a code."""

    ON = "on"
    OFF = "off"
    REFUSED = "refused"
