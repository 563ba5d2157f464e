"""An assistant calls somebody in the name of his executive (J9)."""

from __future__ import annotations

from dataclasses import replace

from esl_router.engine.identify import Parties, identify
from esl_router.model.actions import FORBIDDEN, Outside, Reject, Ring
from esl_router.model.call import Call
from esl_router.model.people import User
from esl_router.model.rules import Rules
from esl_router.model.trace import Trace

STAGE = "on behalf"


def resolve(
    call: Call, parties: Parties, rules: Rules, trace: Trace
) -> tuple[Call, Parties] | Reject:
    """The call that is meant: to whom, and in whose name.

    What was dialled behind the code is the number, or the executive, ``*`` and the number, where
    an assistant has several.
    """
    domain, assistant = parties.settings.domain, parties.caller
    before, star, after = parties.argument.partition("*")
    extension, number = (before, after) if star else ("", before)
    bosses = rules.executives_of(domain, assistant) if assistant else ()
    if not star and len(bosses) == 1:
        extension = bosses[0]
    boss = rules.executive(domain, extension) if extension in bosses else None
    user = rules.user(domain, extension) if boss else None
    assigned = boss.assistant(assistant) if boss and assistant else None
    if boss is None or user is None or assigned is None:
        trace.fired(STAGE, _refusal(assistant, extension, bosses))
        return FORBIDDEN
    if not boss.takes_part(assigned):
        trace.fired(STAGE, f"{assistant} is logged out of the pool of {extension}.")
        return FORBIDDEN
    meant = replace(call, dialled=number)
    found = identify(meant, rules, trace)
    if isinstance(found, Reject):
        return found
    trace.fired(STAGE, f"{assistant} calls in the name of {extension}.")
    return meant, replace(found, on_behalf=user)


def _refusal(assistant: str | None, extension: str, bosses: tuple[str, ...]) -> str:
    if assistant is None:
        return "Only an assistant can call on behalf of somebody."
    if not bosses:
        return f"{assistant} is nobody's assistant."
    if extension:
        return f"{assistant} is no assistant of {extension}."
    return f"{assistant} has several executives, and did not say which: code, executive, *, number."


def present(ring: Ring, boss: User) -> Ring:
    """The ring as the executive's: his name and number at every phone of ours; outside, his name
    where the call is one of his own to there."""
    legs = tuple(
        leg if isinstance(leg.target, Outside) else replace(leg, caller_number=boss.extension)
        for leg in ring.legs
    )
    name = boss.name or boss.extension
    return replace(ring, legs=legs, caller_name=name, pool=boss.extension)
