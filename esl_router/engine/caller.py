"""What a caller is called, where he does not say it himself (I4)."""

from __future__ import annotations

from dataclasses import replace

from esl_router.engine.identify import Parties
from esl_router.model import names
from esl_router.model.actions import Outside, Ring
from esl_router.model.call import Call
from esl_router.model.rules import Rules
from esl_router.model.trace import Trace

STAGE = "identify"


def known_name(call: Call, parties: Parties, rules: Rules, trace: Trace) -> str:
    """The caller's name by the rules; empty: the one he gave counts.

    A stranger without a name, or with a number in its place, is the contact whose number he has;
    a withheld number is nobody's. A user whose own phone the router has placed the call to is
    himself: what that leg says of the caller is about somebody else.
    """
    if parties.caller is not None:
        if not call.caller.own_leg:
            return ""
        user = rules.user(parties.settings.domain, parties.caller)
        return (user.name if user else "") or parties.caller
    number = parties.number
    if call.caller.anonymous or not number.startswith("+") or names.is_name(call.caller.name):
        return ""
    name = rules.contact_name(parties.settings.domain, number)
    if name:
        trace.fired(STAGE, f"{number} is the contact {name}.")
    return name


def named(call: Call, name: str) -> Call:
    """The call with the caller's name as it is known."""
    return replace(call, caller=replace(call.caller, name=name)) if name else call


def himself(ring: Ring, extension: str, name: str) -> Ring:
    """A ring by a user whose own phone was called first: every phone of ours shows him."""
    if all(isinstance(leg.target, Outside) for leg in ring.legs):
        return ring
    legs = tuple(
        leg
        if isinstance(leg.target, Outside)
        else replace(leg, caller_number=leg.caller_number or extension, original_name=False)
        for leg in ring.legs
    )
    return replace(ring, legs=legs, caller_name=ring.caller_name or name)
