"""A call that left through the trunk, and comes in again (O3).

Whoever forwards it to us outside may strip the headers that count redirections. The trail that our
own legs carry says where the call has been.
"""

from __future__ import annotations

from dataclasses import replace

from esl_router.engine.situation import Situation
from esl_router.engine.way import Way
from esl_router.model.actions import Action, Leg, Outside, Ring
from esl_router.model.people import User
from esl_router.model.team import Team
from esl_router.model.trail import Trail

STAGE = "trail"


def comes_back(wanted: User | Team, situation: Situation) -> bool:
    """Whether the call has been at whom it is for already, and left from there.

    It is then the far end of a call that is here still: that one gets his mailbox, or rings on.
    """
    call, trace = situation.call, situation.trace
    if call.trail_fault and not call.attempts:
        trace.passed(STAGE, f"The call shows a trail that does not count: {call.trail_fault}.")
    if call.trail is None or f"{wanted.extension}@{wanted.domain}" not in call.trail.visited:
        return False
    text = f"The call has been at {wanted.extension}, left, and comes back: the first call goes on."
    trace.fired(STAGE, text)
    return True


def marked(action: Action, way: Way) -> Action:
    """The action, with what each leg through the trunk is to carry."""
    if not isinstance(action, Ring):
        return action
    if not any(isinstance(leg.target, Outside) for leg in action.legs):
        return action
    domain = way.situation.settings.domain
    before = way.situation.call.trail or Trail()
    visited = {*before.visited, *(f"{each}@{domain}" for each in way.visited)}
    legs = (
        _marked(leg, visited, f"{leg.owner or action.callee}@{domain}", way) for leg in action.legs
    )
    return replace(action, legs=tuple(legs))


def _marked(leg: Leg, visited: set[str], whose: str, way: Way) -> Leg:
    """``whose`` device it is, where it is somebody's here: of several people each has the call on
    his own legs alone."""
    target = leg.target
    if not isinstance(target, Outside):
        return leg
    own = set() if whose.partition("@")[0] == target.number else {whose}
    hops = way.redirection.count if leg.diversion is None else leg.diversion.counter
    trail = Trail(tuple(sorted(visited | own)), hops)
    return replace(leg, target=replace(target, trail=trail))
