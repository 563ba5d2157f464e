"""A user's caller list: who always gets through, and who never does (C12)."""

from __future__ import annotations

from esl_router.engine.situation import Situation
from esl_router.model import numbers
from esl_router.model.people import CallerAction, User

STAGE = "callers"


def verdict(user: User, situation: Situation) -> CallerAction | None:
    """What the list says of the caller; None: nothing.

    A withheld number matches no list. Where a number stands on both sides, getting through wins.
    """
    number = situation.number
    if not number:
        return None
    hits = [
        (rule.action, pattern)
        for rule in situation.rules.callers(user.domain, user.extension)
        for pattern in rule.numbers
        if numbers.matches(pattern, number)
    ]
    for action, words in ((CallerAction.RING, "gets through"), (CallerAction.BLOCK, "is refused")):
        pattern = next((pattern for hit, pattern in hits if hit is action), None)
        if pattern is not None:
            situation.trace.fired(
                STAGE, f"{number} {words}: it is {pattern} in the caller list of {user.extension}."
            )
            return action
    return None
