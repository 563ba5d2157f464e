"""What became of a call on the simulated switch, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field

from gevent.event import Event

from esl_router.switch.phones import CallScript


@dataclass(frozen=True, slots=True)
class Shown:
    """What a phone is told of the other side: in an INVITE, or in the answer to one."""

    name: str

    number: str
    alert_info: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that somebody who looks on would see."""

    at: float
    """Seconds since the call came in."""

    kind: str
    """``ring``, ``answer``, ``end``, ``confirmed``, ``through``, ``mailbox``, ``fallback``,
    ``unregistered``, ``over``."""

    party: str = ""
    """The phone, the number or the mailbox."""

    cause: str = ""
    shown: Shown | None = None
    """Of a ``ring``."""


@dataclass(slots=True)
class Placed:
    """One call: what became of it. Wait for :attr:`done`."""

    script: CallScript
    uuid: str = ""
    code: int = 0
    """The SIP status the caller got."""

    answered: str | None = None
    """The phone or number that he was put through to."""

    connected: Shown | None = None
    """Whom his phone shows then."""

    mailbox: str | None = None
    fallback: bool = False
    """Whether the call went back to the dialplan unrouted."""

    notes: list[Note] = field(default_factory=list)
    done: Event = field(default_factory=Event)

    @property
    def rang(self) -> tuple[str, ...]:
        """Every phone that was called, sorted."""
        return tuple(sorted({note.party for note in self.notes if note.kind == "ring"}))
