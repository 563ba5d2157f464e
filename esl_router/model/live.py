"""What the switch is doing right now, as far as it is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CallState(StrEnum):
    """A channel's call state, in FreeSWITCH's own words (``Channel-Call-State``)."""

    DOWN = "DOWN"
    DIALING = "DIALING"
    RINGING = "RINGING"
    EARLY = "EARLY"
    ACTIVE = "ACTIVE"
    HELD = "HELD"
    RING_WAIT = "RING_WAIT"
    HANGUP = "HANGUP"
    UNHELD = "UNHELD"

    @property
    def talking(self) -> bool:
        """Whether a conversation exists, held or not (features.md F2)."""
        return self in (CallState.ACTIVE, CallState.HELD, CallState.UNHELD)

    @property
    def ringing(self) -> bool:
        return self in (CallState.RINGING, CallState.EARLY, CallState.RING_WAIT)


class Line(StrEnum):
    """What a user's phones do, all together. Nothing of it is his status (C13)."""

    OFFLINE = "offline"
    """None of his SIP devices is registered."""

    AVAILABLE = "available"
    RINGING = "ringing"
    CALLING = "calling"
    """He has dialled, and nobody has answered yet."""

    TALKING = "talking"


class Lamp(StrEnum):
    """What a key's lamp shows."""

    DARK = "dark"
    BLINKING = "blinking"
    LIT = "lit"


@dataclass(frozen=True, slots=True)
class Contact:
    """One registration of a SIP device."""

    url: str
    """How the switch dials it: ``sofia/internal/sip:1001-desk@192.0.2.7:5060``."""

    registered: float
    """When this was learned, seconds since the epoch."""

    expires: float | None = None
    """When the registration ends unless it is refreshed, seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One leg that the switch knows."""

    uuid: str
    device: str | None
    """``account@domain`` where the leg belongs to a device of ours."""

    inbound: bool
    """Whether the switch received the call on this leg (False: it placed it)."""

    state: CallState
    other: str = ""
    """The other party's number, as the switch shows it."""

    number: str = ""
    """What the switch dialled on a leg that it placed, as it dialled it."""

    call: str = ""
    """The switch's id of the whole call (``Channel-Call-UUID``)."""

    since: float = 0.0
    """When it came into this state, seconds since the epoch."""

    pool: str = ""
    """On a leg that the router placed: the executive whose pool rang, or in whose name somebody
    called; empty: nobody's."""


@dataclass(frozen=True, slots=True)
class Live:
    """The picture a decision is made on.

    ``registrations`` and ``channels`` mean nothing while ``known`` is False: no event link is up.
    Keys of ``registrations`` are ``account@domain``.
    """

    known: bool = False
    age: float | None = None
    """Seconds since the switch was last heard; None when it never was."""

    registrations: Mapping[str, tuple[Contact, ...]] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)

    def contacts(self, domain: str, device: str) -> tuple[Contact, ...] | None:
        """The device's registrations, oldest first; None when nothing is known."""
        if not self.known:
            return None
        return self.registrations.get(f"{device}@{domain}", ())

    def calls_of(self, domain: str, devices: Iterable[str]) -> tuple[Channel, ...]:
        """Every leg of these devices, in any state."""
        names = {f"{device}@{domain}" for device in devices}
        return tuple(channel for channel in self.channels.values() if channel.device in names)


UNKNOWN = Live()
"""No event link: nothing is known of the switch."""
