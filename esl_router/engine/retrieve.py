"""An executive takes over the caller with whom one of his assistants talks (J7)."""

from __future__ import annotations

from esl_router.engine import busy
from esl_router.engine.situation import Situation
from esl_router.model.actions import FORBIDDEN, UNAVAILABLE, Action, Intercept
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
    for assistant in executive.assistants:
        person = rules.user(domain, assistant.extension)
        caller = _caller(person, extension, situation) if person else None
        if caller is not None:
            trace.fired(STAGE, f"{extension} takes over the caller of {assistant.extension}.")
            return Intercept(caller)
    trace.fired(STAGE, f"No assistant of {extension} talks to a caller of his.")
    return UNAVAILABLE


def _caller(person: User, extension: str, situation: Situation) -> str | None:
    """The leg of whom an assistant talks to, if the call was for the executive."""
    for leg in busy.conversations(person, situation):
        other = situation.live.channels.get(leg.call)
        if other is not None and dialled(other.other, person.domain, situation) == extension:
            return other.uuid
    return None


def dialled(number: str, domain: str, situation: Situation) -> str:
    """The extension of whom a caller dialled, where he has that number here."""
    owner = situation.rules.owner_of(number) if number.startswith("+") else None
    return owner[1] if owner is not None and owner[0] == domain else number
