"""A picture of the switch as somebody supposes it to be, for commands that need no switch."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from esl_router.errors import NotFound
from esl_router.model.live import UNKNOWN, CallState, Channel, Contact, Live

if TYPE_CHECKING:
    import sqlite_utils


def live(
    db: sqlite_utils.Database,
    domain: str,
    *,
    unregistered: Collection[str] = (),
    talking: Collection[str] = (),
) -> Live:
    """Every SIP device registered once, except ``unregistered``; ``talking`` in a conversation.

    With neither, nothing is known of the switch, and the engine rings everything. Raises NotFound
    for a name that is no SIP device.
    """
    if not unregistered and not talking:
        return UNKNOWN
    from esl_router.store import admin
    from esl_router.store.forms import near

    accounts = [each["name"] for each in admin.devices(db, domain) if each["kind"] == "sip"]
    for name in (*unregistered, *talking):
        if name not in accounts:
            raise NotFound(f"there is no SIP device {name!r}{near(name, accounts)}")
    return Live(
        known=True,
        age=0.0,
        registrations=_registrations(domain, (a for a in accounts if a not in unregistered)),
        channels={
            f"talking-{name}": Channel(
                f"talking-{name}", f"{name}@{domain}", inbound=True, state=CallState.ACTIVE
            )
            for name in talking
        },
    )


def _registrations(domain: str, accounts: Iterable[str]) -> dict[str, tuple[Contact, ...]]:
    return {
        f"{account}@{domain}": (Contact(f"sofia/internal/sip:{account}@{domain}", 0.0),)
        for account in accounts
    }
