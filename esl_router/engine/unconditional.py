"""Call forward unconditional: a user's own forward of every call, whatever his status (D1, D5)."""

from __future__ import annotations

from esl_router.engine.situation import Situation
from esl_router.model.people import Origin, User
from esl_router.model.presence import CallForward, Target, TargetKind

STAGE = "cfu"


def target(user: User, situation: Situation) -> Target | None:
    """Where he forwards the call to; None: nowhere, his status decides."""
    trace, origin = situation.trace, situation.parties.origin
    forward = situation.rules.call_forward(user.domain, user.extension).get(origin)
    if forward is None:
        return None
    if why := _idle(forward, user):
        trace.passed(STAGE, f"{user.extension} does not forward to {forward.to}: {why}.")
        return None
    trace.fired(STAGE, f"{user.extension} forwards every {origin.value} call to {forward.to}.")
    return forward.to


def of_any(user: User, situation: Situation) -> Target | None:
    """Where he forwards the calls of one origin at least; None: nowhere."""
    forwards = situation.rules.call_forward(user.domain, user.extension)
    for origin in (Origin.INTERNAL, Origin.EXTERNAL):
        forward = forwards.get(origin)
        if forward is not None and not _idle(forward, user):
            return forward.to
    return None


def _idle(forward: CallForward, user: User) -> str:
    """Why a forward sends no call away, in words; empty: it does."""
    to = forward.to
    if not forward.enabled:
        return "the forward is switched off"
    if to.kind is TargetKind.RING:
        return "that sends no call away"
    own = to.kind is TargetKind.EXTERNAL and to.value in user.numbers
    if own or (to.kind is TargetKind.EXTENSION and to.value == user.extension):
        return "that is he himself"  # X28
    return ""
