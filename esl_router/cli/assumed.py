"""What somebody supposes: a picture of the switch, and calls, for commands that need no switch."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from esl_router.errors import NotFound
from esl_router.model.call import Call, Caller
from esl_router.model.live import UNKNOWN, CallState, Channel, Contact, Live
from esl_router.model.people import Origin, User
from esl_router.model.team import Team

if TYPE_CHECKING:
    import sqlite_utils


def call_to(user: User | Team, origin: Origin) -> Call:
    """A call to ``user`` (or a team) by nobody in particular: a colleague, or a withheld number."""
    if origin is Origin.INTERNAL:
        caller = Caller(account="a colleague", domain=user.domain)
        return Call("supposed", user.extension, caller, internal_context=True)
    # An extension is not enough from outside where the store has several domains.
    return Call("supposed", user.numbers[0] if user.numbers else user.extension)


def live(
    db: sqlite_utils.Database,
    domain: str,
    *,
    unregistered: Collection[str] = (),
    talking: Collection[str] = (),
) -> Live:
    """Every SIP device registered once, except ``unregistered``; ``talking`` in a conversation.

    With neither, nothing is known of the switch, and the engine rings everything. Raises NotFound
    for a name that is no device, or (``unregistered``) no SIP device.
    """
    if not unregistered and not talking:
        return UNKNOWN
    from esl_router.store import admin
    from esl_router.store.rules.forms import near

    devices = [each["name"] for each in admin.devices(db, domain)]
    accounts = [each["name"] for each in admin.devices(db, domain) if each["kind"] != "external"]
    for name in unregistered:
        if name not in accounts:
            raise NotFound(f"there is no SIP device {name!r}{near(name, accounts)}")
    for name in talking:
        if name not in devices:
            raise NotFound(f"there is no device {name!r}{near(name, devices)}")
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
