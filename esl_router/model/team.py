"""Teams: one number, several people (L)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from esl_router.model.presence import Target


class Strategy(StrEnum):
    """Who of a team rings when."""

    PARALLEL = "parallel"
    SEQUENTIAL = "sequential"
    """One after the other, in the order of the team."""

    ROUND_ROBIN = "round_robin"
    """One after the other; each call begins with the member after the one the last began with."""

    LONGEST_IDLE = "longest_idle"
    """One after the other, whose last conversation for the team is longest ago first."""


class Overflow(StrEnum):
    """Why a team cannot take a call."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    NOBODY = "nobody"
    """No member is there: logged out, away, not registered."""


@dataclass(frozen=True, slots=True)
class Member:
    extension: str
    delay: int = 0
    """Seconds added to the delays of his own team rows."""

    logged_in: bool = True
    began: float = 0.0
    """When a call of the team last began with him, seconds since the epoch; 0: never."""

    talked: float = 0.0
    """When his last conversation for the team ended; 0: he had none."""


@dataclass(frozen=True, slots=True)
class Team:
    """A number behind which several users stand."""

    domain: str
    extension: str
    name: str = ""
    numbers: tuple[str, ...] = ()
    strategy: Strategy = Strategy.PARALLEL
    ring: int = 20
    """Seconds a member rings before the next; not for parallel."""

    max_wait: int = 60
    """Seconds a caller waits at most."""

    max_calls: int | None = 0
    """Busy on busy: with this many members talking the team is busy; 0: never; None: as many as
    are logged in (F5)."""

    skip_if_busy: bool = True
    """Whether a member who talks is passed over, busy on busy or not (X39)."""

    caller_prefix: str = ""
    """What is put before the caller's name, so that members know whom he wanted."""

    overflow: Mapping[Overflow, Target] = field(default_factory=dict)
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """A call of a team began with a member: whoever comes next is to know."""

    domain: str
    team: str
    extension: str
    after: float = 0.0
    """The last turn that was known when this one was decided: if there has been another since, in
    another process maybe, it is to be decided anew."""
