"""Call forward unconditional: a user's own forward of every call, whatever his status (D1, D5)."""

from __future__ import annotations

from esl_router.engine.presence import effective, is_himself, sent_away
from esl_router.engine.situation import Situation
from esl_router.model.people import Origin, User
from esl_router.model.presence import CallForward, Status, Target, TargetKind

STAGE = "cfu"


def forward(user: User, situation: Situation) -> CallForward | None:
    """The forward that takes the call; None: there is none, his status decides."""
    trace, origin = situation.trace, situation.parties.origin
    found = situation.rules.call_forward(user.domain, user.extension).get(origin)
    if found is None:
        return None
    if why := _idle(found, user, origin, situation):
        trace.passed(STAGE, f"{user.extension} does not forward to {found.to}: {why}.")
        return None
    trace.fired(STAGE, f"{user.extension} forwards every {origin.value} call to {found.to}.")
    return found


def holds(user: User, situation: Situation) -> bool:
    """Whether he forwards every call of this origin, were he not on do not disturb."""
    forwards = situation.rules.call_forward(user.domain, user.extension)
    found = forwards.get(situation.parties.origin)
    return found is not None and not _without_effect(found, user)


def of_any(user: User, situation: Situation) -> Target | None:
    """Where he forwards the calls of one origin at least; None: nowhere."""
    forwards = situation.rules.call_forward(user.domain, user.extension)
    for origin in (Origin.INTERNAL, Origin.EXTERNAL):
        found = forwards.get(origin)
        if found is not None and not _idle(found, user, origin, situation):
            return found.to
    return None


def _idle(forward: CallForward, user: User, origin: Origin, situation: Situation) -> str:
    """Why a forward sends no call away, in words; empty: it does."""
    if why := _without_effect(forward, user):
        return why
    if situation.settings.dnd_over_cfu and _dnd_sends_away(user, origin, situation):
        return "he is dnd, and that comes first here"
    return ""


def _without_effect(forward: CallForward, user: User) -> str:
    """Why a forward sends no call away whatever his status, in words; empty: it does."""
    to = forward.to
    if not forward.enabled:
        return "the forward is switched off"
    if to.kind is TargetKind.RING:
        return "that sends no call away"
    if is_himself(to, user):
        return "that is he himself"  # X28
    return ""


def _dnd_sends_away(user: User, origin: Origin, situation: Situation) -> bool:
    presence = situation.rules.presence(user.domain, user.extension)
    current = effective(presence, situation.now)
    if current.status is not Status.DND:
        return False
    return sent_away(user, current, presence.profile(current.status), origin) is not None
