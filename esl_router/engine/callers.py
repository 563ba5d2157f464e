"""A user's caller list: who always gets through, and who never does (C12)."""

from __future__ import annotations

from esl_router.model import numbers
from esl_router.model.people import CallerAction, User
from esl_router.model.rules import Rules
from esl_router.model.trace import Trace

STAGE = "callers"


def verdict(user: User, number: str, rules: Rules, trace: Trace) -> CallerAction | None:
    """What the list says of a caller; None: nothing.

    ``number`` is the caller's, E.164 or an extension; a withheld one (empty) matches no list.
    Where a number stands on both sides, getting through wins.
    """
    if not number:
        return None
    hits = [
        (rule.action, pattern)
        for rule in rules.callers(user.domain, user.extension)
        for pattern in rule.numbers
        if numbers.matches(pattern, number)
    ]
    for action, words in ((CallerAction.RING, "gets through"), (CallerAction.BLOCK, "is refused")):
        pattern = next((pattern for hit, pattern in hits if hit is action), None)
        if pattern is not None:
            trace.fired(
                STAGE, f"{number} {words}: it is {pattern} in the caller list of {user.extension}."
            )
            return action
    return None
