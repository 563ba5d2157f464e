"""Busy on busy: who talks enough to be busy for the next caller (F1-F14)."""

from __future__ import annotations

from esl_router.engine.situation import Situation
from esl_router.model.live import Channel, Live
from esl_router.model.people import Origin, User

STAGE = "busy"


def conversations(user: User, situation: Situation) -> tuple[Channel, ...]:
    """The user's conversations, one leg of each.

    Counted are those of any of his devices, in both directions, held ones and those on numbers
    outside that run through the switch, also where a forward led to such a number. What rings is
    not counted, nor is the call itself.
    """
    return _legs(user.domain, _devices(user, situation), situation)


def calls(user: User, situation: Situation) -> tuple[Channel, ...]:
    """What makes the user busy: his conversations, and what he dials where he wants that (X20)."""
    early = user.bob_count_outgoing_early
    return _legs(user.domain, _devices(user, situation), situation, dialling=early)


def device_talks(domain: str, device: str, situation: Situation) -> bool:
    """Whether one device is in a conversation, of those that :func:`conversations` counts."""
    return bool(_legs(domain, [device], situation))


def _devices(user: User, situation: Situation) -> list[str]:
    rows = situation.rules.follow_me(user.domain, user.extension, Origin.INTERNAL)
    names = [row.device.name for row in rows]
    # The leg of a forward that leads to his mobile is named by its number.
    return names + [row.device.number for row in rows if row.device.number]


def _legs(
    domain: str, devices: list[str], situation: Situation, *, dialling: bool = False
) -> tuple[Channel, ...]:
    call, live = situation.call, situation.live
    if not live.known:
        return ()
    found = {
        channel.call or channel.uuid: channel
        for channel in live.calls_of(domain, devices)
        if channel.uuid != call.uuid
        and channel.call != call.uuid
        and (talks(channel, live) or (dialling and channel.inbound and channel.state.ringing))
    }
    return tuple(found.values())


def is_busy(user: User, situation: Situation) -> bool:
    """Whether ``user`` talks on as many calls as he may have."""
    trace = situation.trace
    if user.max_calls == 0:
        return False
    if not situation.live.known:
        trace.passed(STAGE, f"Nobody knows whether {user.extension} talks: no link to the switch.")
        return False
    talking = calls(user, situation)
    where = ", ".join(sorted({str(each.device).partition("@")[0] for each in talking}))
    count = "one call" if len(talking) == 1 else f"{len(talking)} calls"
    if len(talking) >= user.max_calls:
        if user.bob_cancel_pending:
            situation.busy.add(user.extension)
        trace.fired(STAGE, f"{user.extension} is busy: he has {count}, on {where}.")
        return True
    if talking:
        trace.passed(STAGE, f"{user.extension} has {count}, on {where}, and may have more.")
    return False


def talks(channel: Channel, live: Live) -> bool:
    """Whether a leg is in a conversation."""
    if not channel.state.talking:
        return False
    # Whoever is only being asked to press 1 has answered, but talks to nobody yet.
    caller = live.channels.get(channel.call)
    return channel.inbound or caller is None or caller.uuid == channel.uuid or caller.state.talking
