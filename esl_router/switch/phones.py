"""Scripted telephones and callers, and FreeSWITCH's tables between SIP codes and causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

CAUSE: Mapping[int, str] = {
    # As the router asks for it: with ``outbound_redirect_fatal``.
    300: "REQUESTED_CHAN_UNAVAIL",
    301: "REQUESTED_CHAN_UNAVAIL",
    302: "REQUESTED_CHAN_UNAVAIL",
    305: "REQUESTED_CHAN_UNAVAIL",
    401: "CALL_REJECTED",
    402: "CALL_REJECTED",
    403: "CALL_REJECTED",
    404: "UNALLOCATED_NUMBER",
    407: "CALL_REJECTED",
    408: "RECOVERY_ON_TIMER_EXPIRE",
    410: "NUMBER_CHANGED",
    480: "NO_USER_RESPONSE",
    484: "INVALID_NUMBER_FORMAT",
    486: "USER_BUSY",
    487: "ORIGINATOR_CANCEL",
    488: "INCOMPATIBLE_DESTINATION",
    500: "NORMAL_TEMPORARY_FAILURE",
    502: "NETWORK_OUT_OF_ORDER",
    503: "NORMAL_TEMPORARY_FAILURE",
    504: "RECOVERY_ON_TIMER_EXPIRE",
    600: "USER_BUSY",
    603: "CALL_REJECTED",
    604: "NO_ROUTE_DESTINATION",
    606: "INCOMPATIBLE_DESTINATION",
    607: "CALL_REJECTED",
    608: "CALL_REJECTED",
}
"""What FreeSWITCH makes of a phone's or a trunk's final answer."""

CODE: Mapping[str, int] = {
    "UNALLOCATED_NUMBER": 404,
    "NO_ROUTE_DESTINATION": 404,
    "USER_BUSY": 486,
    "NO_USER_RESPONSE": 408,
    "NO_ANSWER": 480,
    "SUBSCRIBER_ABSENT": 480,
    "CALL_REJECTED": 603,
    "NUMBER_CHANGED": 410,
    "DESTINATION_OUT_OF_ORDER": 502,
    "NETWORK_OUT_OF_ORDER": 503,
    "NORMAL_TEMPORARY_FAILURE": 503,
    "SWITCH_CONGESTION": 503,
    "OUTGOING_CALL_BARRED": 403,
    "INCOMING_CALL_BARRED": 403,
    "BEARERCAPABILITY_NOTAUTH": 403,
    "INCOMPATIBLE_DESTINATION": 488,
    "RECOVERY_ON_TIMER_EXPIRE": 504,
    "INVALID_NUMBER_FORMAT": 484,
    "ORIGINATOR_CANCEL": 487,
}
"""What a caller who is not connected yet gets for a hangup cause; 480 for any other."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one telephone does with a call. Times are in seconds."""

    answer: float | None = None
    """From the INVITE to its answer; None: nobody answers."""

    refuse: int | None = None
    """The SIP code it refuses with."""

    redirect: str | None = None
    """Whom it names in its answer's Contact: it refuses with 302."""

    after: float = 0.0
    """From the INVITE to its refusal."""

    dead: bool = False
    """It is registered, but says nothing: switched off, or its network is gone."""

    press: str | None = None
    """The key that whoever answered presses; a mailbox presses none."""

    press_after: float = 1.0
    """From the answer to the key."""

    hang_up: float | None = None
    """From the answer until it hangs up; None: it leaves that to the caller."""

    def script(self) -> tuple[tuple[float, str], ...]:
        """(seconds from the INVITE, what happens), in order. A refusal is its hangup cause."""
        if self.dead:
            return ()
        events = [(0.02, "ringing")]
        if self.refuse is not None:
            cause = CAUSE.get(self.refuse, "NORMAL_UNSPECIFIED")
            events.append((max(0.03, self.after), f"{cause} {self.refuse}"))
        elif self.answer is not None:
            answered = max(0.03, self.answer)
            events.append((answered, "answered"))
            if self.press is not None:
                events.append((answered + self.press_after, f"pressed {self.press}"))
            if self.hang_up is not None:
                events.append((answered + self.hang_up, "hung up"))
        return tuple(sorted(events))


@dataclass(frozen=True, slots=True)
class Phone:
    """An account with its registrations, or a number outside."""

    name: str
    """The account, or the number."""

    contacts: tuple[Behaviour, ...] = ()
    """One a registration; empty: nobody is registered. A number outside has one."""

    @property
    def outside(self) -> bool:
        return self.name.startswith("+")


@dataclass(frozen=True, slots=True)
class CallScript:
    """One call: who dials what, and how patient he is."""

    caller: str
    """An account of the company, or a number outside."""

    number: str
    """What he dials."""

    name: str | None = None
    """His display name, as he writes it."""

    trunk: bool = False
    """He comes in through the trunk, whatever number he shows."""

    now: datetime | None = None
    """When he calls, by the router's clock, in the domain's zone unless it names one; None: now."""

    at: float = 0.0
    """Seconds after the last call without it, which goes on meanwhile; 0: when that has ended."""

    give_up: float | None = None
    """Seconds until he gives up waiting; None: he waits."""

    hang_up: float | None = 3.0
    """Seconds from the answer until he hangs up; None: he leaves that to the other side."""

    enters: tuple[str, ...] = ()
    """What he enters by his keys, each time he is asked; then nothing."""

    title: str = ""
    """What the call shows, for a person who looks on."""

    registered: Mapping[str, Phone] | None = None
    """Phones that behave otherwise during this call."""
