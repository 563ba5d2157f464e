"""Why a decision came out as it did, in sentences a help desk can read aloud."""

from __future__ import annotations

from dataclasses import dataclass

from esl_router.model.actions import Action
from esl_router.model.missed import Reason
from esl_router.model.people import Origin
from esl_router.model.team import Turn


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
    origin: Origin | None = None
    caller: str = ""
    """The caller's number as it is believed: a user's extension, else E.164 where it is one."""

    caller_name: str = ""
    """The caller's name by the rules, where he gave none that counts: that of the contact whose
    number he has, or of the user whose phone the router has called first."""

    callee: str = ""
    """The extension of the user or team that is called; empty when nobody was found."""

    domain: str = ""
    on_behalf: str = ""
    """The executive in whose name an assistant calls; empty: the caller calls for himself."""

    effects: tuple[Turn, ...] = ()
    """What the store is to remember when the action is performed."""

    busy: frozenset[str] = frozenset()
    """Who was found busy on busy of those whose pending calls are to turn to busy then (F3)."""

    missed: Reason | None = None
    """Why the callee has missed the call, should it end unanswered with this action; None: nobody
    misses it, or an earlier decision has said it."""


class Trace:
    """Collects entries while a decision is being made."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def fired(self, stage: str, text: str) -> None:
        """A rule that changes what happens."""
        self.entries.append(Entry(stage, True, text))

    def passed(self, stage: str, text: str) -> None:
        """A rule looked at, and passed over."""
        self.entries.append(Entry(stage, False, text))
