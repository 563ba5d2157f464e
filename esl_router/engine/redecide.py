"""Whether what has changed since concerns a call that is still ringing (live changes)."""

from __future__ import annotations

from esl_router.engine import followme
from esl_router.model.actions import Action, Ring
from esl_router.model.people import Redecide
from esl_router.model.trace import Decision


def concerns(ringing: Decision, decision: Decision) -> str:
    """Why the call is to be decided anew, in words; empty: it rings on.

    ``ringing`` is what was decided when the ring began, ``decision`` what would be decided for the
    same call now: only what differs is a change. The order in which phones ring is none, for a
    team's turn has moved on by this very call.
    """
    before = ringing.action
    if not isinstance(before, Ring) or before.redecide is Redecide.NEVER:
        return ""
    if _ringing(before) & (decision.busy - ringing.busy):
        return "the callee talks now"
    if before.redecide is Redecide.BUSY:
        return ""
    return _differs(before, decision.action)


def _differs(before: Ring, now: Action) -> str:
    if not isinstance(now, Ring) or now.callee != before.callee:
        return "another rule holds now"
    if (now.alert_first, now.to_assistants) != (before.alert_first, before.to_assistants):
        return "another rule holds now"
    gone, new = _phones(before) - _reachable(now), _reachable(now) - _reachable(before)
    if (gone or new) and not before.alert_first:
        return "other phones would ring now"
    return ""


def _ringing(ring: Ring) -> set[str]:
    """Whose phones ring: those of the callee, or of the people behind his number."""
    return {leg.owner or ring.callee for leg in ring.legs}


def _phones(ring: Ring) -> set[str]:
    return {followme.rings(leg) for leg in ring.legs}


def _reachable(ring: Ring) -> set[str]:
    """Those that ring, and those that would if it lasted longer: whose turn comes first says which
    of them do."""
    return _phones(ring) | ring.late
