"""Why a decision came out as it did, in sentences a help desk can read aloud."""

from __future__ import annotations

from dataclasses import dataclass

from esl_router.model.actions import Action


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule looked at."""

    stage: str
    """The engine's stage: identify, guard, followme, ring, fallback …"""

    fired: bool
    """Whether it changed what happens; False: looked at and passed over."""

    text: str
    """The reason, in a sentence."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next, and why."""

    action: Action
    trace: tuple[Entry, ...] = ()
