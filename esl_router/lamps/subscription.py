"""What a telephone watches, as the switch tells of its SUBSCRIBE, and what it is shown. Pure.

FreeSWITCH raises ``PRESENCE_PROBE`` for every SUBSCRIBE, and sends a NOTIFY for every
``PRESENCE_IN`` that names the Call-ID of one. Everything in a probe was written by a telephone: the
switch has checked the password of some account, and does not say of which. So From is believed to
be the telephone's own account; it decides on what is shown, and on nothing that can be changed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Protocol

from esl_router.errors import Untrusted
from esl_router.esl import commands, untrusted
from esl_router.model.live import Lamp

PROBE = "PRESENCE_PROBE"

SWITCH_ANSWERS = "sip"
"""The protocol of subscriptions that the switch answers too, before us: it knows nothing of what is
watched, and says that nobody talks there."""

_PROTOCOL = re.compile(r"[a-z]{1,16}")
_EXPIRES = re.compile(r"[0-9]{1,9}")

# Lamp -> state of a dialog, activity, note. A dialog is what a lamp of Event: dialog shows, the
# others one of Event: presence.
_SHOWN = {
    Lamp.DARK: ("terminated", "online", "Available"),
    Lamp.BLINKING: ("early", "on-the-phone", "Ringing"),
    Lamp.LIT: ("confirmed", "on-the-phone", "Busy"),
}


class Event(Protocol):
    """The headers of an event, values decoded."""

    def get(self, name: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Subscription:
    """One telephone watches one thing."""

    call_id: str
    """The Call-ID of its SUBSCRIBE: a subscription's name at the switch."""

    domain: str
    account: str
    """Whose telephone it says it is."""

    watched: str
    """A code and what follows it, or an extension."""

    protocol: str
    """As the switch sorts subscriptions: its own, or one of ``presence_map.conf``."""

    expires: float
    """Seconds since the epoch."""

    switch: str = ""
    """The event socket over which it was heard: ``host:port``."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What one SUBSCRIBE says."""

    subscription: Subscription
    ends: bool
    """The telephone watches no longer."""

    darkens_others: bool
    """The switch has said to everybody who watches the same that nobody talks there."""

    host: str
    """The domain in From."""


def read(event: Event, switch: str, now: float) -> Probe | None:
    """The SUBSCRIBE that a ``PRESENCE_PROBE`` tells of; None: it is about nothing of ours."""
    protocol = event.get("proto") or ""
    kind = event.get("proto-specific-event-name") or "presence"
    expires = event.get("expires") or ""
    to, at, domain = (event.get("to") or "").rpartition("@")
    account, _, host = (event.get("from") or "").partition("@")
    if protocol != SWITCH_ANSWERS:
        to = to.removeprefix(f"{protocol}+")
    watched = untrusted.number(to)
    if (
        not at
        or not watched
        or watched != to
        or kind not in ("dialog", "presence")
        or not _PROTOCOL.fullmatch(protocol)
        or not _EXPIRES.fullmatch(expires)
    ):
        return None
    try:
        subscription = Subscription(
            untrusted.call_id(event.get("sub-call-id") or ""),
            untrusted.host(domain).lower(),
            untrusted.account(account),
            watched,
            protocol,
            now + int(expires),
            switch,
        )
    except Untrusted:
        return None
    alone = protocol == SWITCH_ANSWERS and kind == "presence"
    return Probe(subscription, int(expires) == 0, alone, host.lower())


def notice(subscription: Subscription, lamp: Lamp) -> bytes:
    """The order that makes the switch send its NOTIFY. Raises Untrusted."""
    state, activity, note = _SHOWN[lamp]
    # The same dialog every time, so that a telephone sees one come and go. No leg has this id.
    name = f"{subscription.watched}@{subscription.domain}"
    dialog = hashlib.sha256(name.encode()).hexdigest()[:16]
    return commands.send_event(
        "PRESENCE_IN",
        {
            "proto": subscription.protocol,
            "login": "lamp",
            # Nobody's number: the switch shows the calls of whose it is in the place of the lamp.
            "from": f"lamp@{subscription.domain}",
            "event_type": "presence",
            "alt_event_type": "dialog",
            "Presence-Call-Direction": "outbound",
            "unique-id": dialog,
            "answer-state": state,
            "rpid": activity,
            "force-status": note,
            "call-id": subscription.call_id,
        },
    )
