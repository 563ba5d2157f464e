"""What a user's phones do right now: the axis beside his status (C13)."""

from __future__ import annotations

from esl_router.engine import busy
from esl_router.model.live import Channel, Lamp, Line, Live
from esl_router.model.people import DeviceKind, Origin, User
from esl_router.model.rules import Rules

STRONGEST = (Line.RINGING, Line.CALLING, Line.TALKING)
"""Of several calls the first of these counts."""

LAMPS = {Line.RINGING: Lamp.BLINKING, Line.CALLING: Lamp.LIT, Line.TALKING: Lamp.LIT}
"""What a lamp shows of a line; dark for everything else."""


def line(user: User, rules: Rules, live: Live) -> Line | None:
    """The state of the user's line; None: no event link is up.

    Only legs of his own devices count. A call to him that was forwarded has none: whoever takes
    it talks (X78). A user without any SIP device is never offline.
    """
    if not live.known:
        return None
    rows = rules.follow_me(user.domain, user.extension, Origin.INTERNAL)
    legs = live.calls_of(user.domain, [row.device.name for row in rows])
    states = {_state(leg, live) for leg in legs}
    for state in STRONGEST:
        if state in states:
            return state
    phones = [row.device.name for row in rows if row.device.kind is DeviceKind.SIP]
    if phones and not any(live.contacts(user.domain, phone) for phone in phones):
        return Line.OFFLINE
    return Line.AVAILABLE


def _state(leg: Channel, live: Live) -> Line | None:
    if busy.talks(leg, live):
        return Line.TALKING
    if leg.inbound:
        return Line.CALLING
    # Who has answered and is being asked to press 1 has not taken the call yet.
    return Line.RINGING if leg.state.ringing or leg.state.talking else None
