"""For what reason a call is missed, should it end unanswered (Q3, X64, X77, K7).

It is one reason for each call: why whom the caller wanted did not have it himself, whoever was
rung in his place.
"""

from __future__ import annotations

from collections.abc import Mapping

from esl_router.engine.aggregate import aggregate
from esl_router.engine.fallback import CONDITION, Condition
from esl_router.engine.situation import Situation
from esl_router.engine.way import Way
from esl_router.model.actions import Action, Announce, Ring, Voicemail
from esl_router.model.call import Attempt, Outcome
from esl_router.model.codes import Code
from esl_router.model.missed import Reason
from esl_router.model.people import User
from esl_router.model.team import Team

_REASON: Mapping[Condition, Reason] = {
    Condition.BUSY: Reason.BUSY,
    Condition.TALKING: Reason.BUSY,
    Condition.DECLINED: Reason.DECLINED,
    Condition.NO_ANSWER: Reason.NO_ANSWER,
    Condition.UNREACHABLE: Reason.NOT_REACHABLE,
    Condition.DND: Reason.DND,
    Condition.REFUSED: Reason.BLOCKED,
    Condition.NOBODY: Reason.NOT_REACHABLE,
    Condition.FORWARD: Reason.FORWARD,
    Condition.STATUS: Reason.FORWARD,
    Condition.NOT_DISTURBED: Reason.DND,
    Condition.NO_ASSISTANT: Reason.FILTERED,
    Condition.DEFLECTED: Reason.FORWARD,
    Condition.LOOP: Reason.LOOP,
    Condition.LIMIT: Reason.LOOP,
}

_SENT_AWAY = (Condition.FORWARD, Condition.STATUS, Condition.DEFLECTED)
_CAME_ROUND = (Condition.LOOP, Condition.LIMIT)


def reason(action: Action, way: Way) -> Reason | None:
    """Why the call is missed if it ends unanswered with ``action``; None: nobody misses it, or an
    earlier decision has said it."""
    situation = way.situation
    wanted = _wanted(way)
    if wanted is None or _himself(wanted, action, situation):
        return None
    ended = [attempt for attempt in situation.call.attempts if not attempt.cut_off]
    if situation.parties.code is Code.PUSH and ended:
        return _handed_over(wanted, ended[0])
    if isinstance(action, Ring) and action.callee == wanted.extension and not action.alert_first:
        return Reason.FILTERED if action.to_assistants else Reason.GAVE_UP
    if not way.left:
        return Reason.FORWARD if isinstance(action, Ring | Announce) else None
    first, *later = way.left
    if first in _SENT_AWAY and any(each in _CAME_ROUND for each in later):
        return Reason.LOOP
    return Reason.SCHEDULE if first is Condition.STATUS and way.by_clock else _REASON[first]


def given_up(said: Reason | None, action: Action, outcome: Outcome) -> Reason | None:
    """Why the call is missed once the caller is gone: before the first assistant's turn it was the
    executive himself whom he rang (K7). ``said`` is the reason that the decision has given."""
    if said is not Reason.FILTERED or not outcome.caller_gone:
        return said
    if not isinstance(action, Ring) or not action.to_assistants:
        return said
    turn = min((leg.delay for leg in action.legs if leg.owner != action.callee), default=0)
    return Reason.GAVE_UP if outcome.lasted < turn else said


def _wanted(way: Way) -> User | Team | None:
    """Who misses the call; None: nobody can. By a code it is only whom a caller was handed to."""
    parties = way.situation.parties
    if parties.code is None:
        return parties.callee
    return way.wanted if parties.code is Code.PUSH and way.situation.sender else None


def _handed_over(wanted: User | Team, first: Attempt) -> Reason | None:
    """What came of the push itself (J4): the recall and the rollover are no reasons of theirs."""
    ring = first.action
    if not isinstance(ring, Ring) or ring.callee != wanted.extension or ring.to_assistants:
        return None
    condition = CONDITION.get(aggregate(first.outcome))
    return None if condition is None else _REASON[condition]


def _himself(wanted: User | Team, action: Action, situation: Situation) -> bool:
    """Whether the caller calls himself, or hears his own messages."""
    listens = isinstance(action, Voicemail) and action.login
    return listens or wanted.extension == situation.parties.caller
