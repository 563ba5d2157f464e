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
    hits = []
    for rule in situation.rules.callers(user.domain, user.extension):
        pattern = next((each for each in rule.numbers if numbers.matches(each, number)), None)
        if pattern is None:
            continue
        if rule.schedule is not None and not rule.schedule.is_open(situation.now):
            why = f"it is outside the hours of {rule.schedule.name}"
            situation.trace.passed(
                STAGE, f"{pattern} in the caller list of {user.extension} does not count: {why}."
            )
            continue
        hits.append((rule.action, pattern))
    for action, words in ((CallerAction.RING, "gets through"), (CallerAction.BLOCK, "is refused")):
        found = next((pattern for hit, pattern in hits if hit is action), None)
        if found is not None:
            situation.trace.fired(
                STAGE, f"{number} {words}: it is {found} in the caller list of {user.extension}."
            )
            return action
    return None
