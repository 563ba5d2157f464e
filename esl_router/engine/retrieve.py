"""An executive takes over the caller with whom one of his assistants talks (J7)."""

from __future__ import annotations

from collections.abc import Iterator

from esl_router.engine import busy, part
from esl_router.engine.situation import Situation
from esl_router.model.actions import FORBIDDEN, UNAVAILABLE, Action, Intercept
from esl_router.model.executive import Executive
from esl_router.model.people import User

STAGE = "retrieve"


def step(situation: Situation) -> Action:
    """What comes next for an executive who dialled the code. Only calls that were for him count."""
    trace, rules = situation.trace, situation.rules
    domain, extension = situation.settings.domain, situation.parties.caller
    executive = rules.executive(domain, extension) if extension else None
    if executive is None or extension is None or situation.call.sent_by is not None:
        trace.fired(STAGE, "Only an executive can take over a call of his assistants.")
        return FORBIDDEN
    for who in _who_may_have_one(executive, situation):
        person = rules.user(domain, who)
        for caller, whose in callers(person, situation) if person else ():
            if whose == extension:
                trace.fired(STAGE, f"{extension} takes over the caller of {who}.")
                return Intercept(caller)
    trace.fired(STAGE, f"No assistant of {extension} talks to a caller of his.")
    return UNAVAILABLE


def _who_may_have_one(executive: Executive, situation: Situation) -> tuple[str, ...]:
    """His assistants and who takes their part now; then whoever has answered for them before
    somebody logged out in mid-call."""
    rules, domain = situation.rules, executive.domain
    found = dict.fromkeys(part.people(executive, rules))
    for leg in situation.live.channels.values():
        account, _, of = (leg.device or "").partition("@")
        if leg.pool == executive.extension and not leg.inbound and of == domain:
            who = rules.device_user(domain, account)
            if who is not None and who != executive.extension:
                found[who] = None
    return tuple(found)


def callers(person: User, situation: Situation) -> Iterator[tuple[str, str]]:
    """The leg of each whom a user talks to, and the executive through whose pool they came to
    talk; empty: through nobody's.

    The router has marked the legs that it placed; what a caller dialled or wrote says nothing.
    """
    live = situation.live
    for leg in busy.conversations(person, situation):
        for other in live.channels.values():
            same = (other.call or other.uuid) == (leg.call or leg.uuid)
            if same and other.uuid != leg.uuid and busy.talks(other, live):
                yield other.uuid, other.pool if leg.inbound else leg.pool
