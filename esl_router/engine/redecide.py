"""Whether what has changed since concerns a call that is still ringing (live changes)."""

from __future__ import annotations

from esl_router.engine import busy
from esl_router.model.actions import Ring
from esl_router.model.people import Redecide
from esl_router.model.trace import Decision


def concerns(ringing: Ring, decision: Decision) -> str:
    """Why the call is to be decided anew, in words; empty: it rings on.

    ``decision`` is what would be decided for the same call now. The order in which phones ring is
    no change: a team's turn has moved on by this very call.
    """
    if ringing.redecide is Redecide.NEVER:
        return ""
    if any(entry.stage == busy.STAGE and entry.fired for entry in decision.trace):
        return "the callee talks now"
    if ringing.redecide is Redecide.BUSY:
        return ""
    action = decision.action
    if not isinstance(action, Ring) or action.callee != ringing.callee:
        return "another rule holds now"
    if action.alert_first is not ringing.alert_first:
        return "another rule holds now"
    if {leg.device for leg in action.legs} != {leg.device for leg in ringing.legs}:
        return "other phones would ring now"
    return ""
