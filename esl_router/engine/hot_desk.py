"""Calls from the phone of a workplace: they are of whoever is logged in there.

The switch's directory says whose phone it was when it was written, and the phone itself may bear
the name of the place. Neither is believed.
"""

from __future__ import annotations

from dataclasses import replace

from esl_router.engine.identify import Parties
from esl_router.model.actions import Registered, Ring
from esl_router.model.call import Call
from esl_router.model.people import Origin, User
from esl_router.model.rules import Rules


def guest(call: Call, parties: Parties, rules: Rules) -> User | None:
    """The user who calls from the phone of a place where he is logged in, and may be seen; None:
    nobody does."""
    domain, extension = parties.settings.domain, parties.caller
    if extension is None or call.caller.anonymous:
        return None
    rows = rules.follow_me(domain, extension, Origin.INTERNAL)
    there = any(
        row.device.name == call.caller.account and row.device.owner != extension for row in rows
    )
    return rules.user(domain, extension) if there else None


def named(call: Call, user: User) -> Call:
    """The call with its caller's own name."""
    return replace(call, caller=replace(call.caller, name=user.name))


def present(ring: Ring, user: User) -> Ring:
    """The ring, showing phones of ours who calls, where nothing else is shown."""
    legs = tuple(
        replace(leg, caller_number=leg.caller_number or user.extension)
        if isinstance(leg.target, Registered)
        else leg
        for leg in ring.legs
    )
    return replace(ring, legs=legs, caller_name=ring.caller_name or user.name)
