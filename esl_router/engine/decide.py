"""What to do next with a call: the one question the router asks, again and again.

The order of the stages is the order of this file's :func:`decide`:

====  =========  ==========================================================================
 0    identify   who calls, from where, whom; nobody there: 404
 1    guard      a call that was attempted too often ends; one redirected too often stays in
 9    followme   the devices of the callee that ring for this origin
10    aggregate  what became of the ring
12    fallback   voicemail, or the explicit final code
====  =========  ==========================================================================

The numbers leave room for what personal rules add between them.
"""

from __future__ import annotations

from datetime import datetime

from esl_router.engine import fallback, followme
from esl_router.engine.aggregate import aggregate
from esl_router.engine.fallback import Condition
from esl_router.engine.identify import Parties, identify
from esl_router.model import numbers
from esl_router.model.actions import (
    NOT_FOUND,
    UNAVAILABLE,
    Action,
    HandBack,
    Leg,
    Outside,
    Reject,
    Ring,
    Voicemail,
)
from esl_router.model.call import Attempt, Call, LegResult, RingResult
from esl_router.model.live import Live
from esl_router.model.people import Team, User
from esl_router.model.rules import Rules
from esl_router.model.trace import Decision, Trace

MAX_ATTEMPTS = 16
"""Actions tried for one call before it ends, whatever the rules say."""

OUTSIDE_RING = 120
"""Seconds a number outside rings when a user dials it; the far network ends most calls sooner."""


def decide(call: Call, rules: Rules, live: Live, now: datetime) -> Decision:
    """The next action for ``call``, with the reasons for it.

    Pure: the same arguments give the same decision. ``now`` is an aware datetime. Raises
    :class:`esl_router.errors.StoreError` when ``rules`` cannot be read; see
    :func:`without_rules` for what happens to the call then.
    """
    trace = Trace()
    parties = identify(call, rules, trace)
    if isinstance(parties, Reject):
        return Decision(parties, tuple(trace.entries))
    action = _next(call, parties, rules, live, trace)
    for problem in rules.problems:
        trace.passed("rules", f"Skipped a broken rule at {problem.path}: {problem.text}")
    callee = parties.callee.extension if parties.callee else parties.outside or ""
    return Decision(
        action,
        tuple(trace.entries),
        origin=parties.origin,
        caller=parties.number,
        callee=callee,
        domain=parties.settings.domain,
    )


def without_rules(call: Call, problem: str) -> Decision:
    """The next action when the rule store cannot be read: fail open for the caller.

    A call that was not routed yet goes back to the dialplan, which rings the callee's registered
    phones. One whose phones have rung already goes to the mailbox that its ring named.
    """
    trace = Trace()
    trace.fired("rules", f"The rule store cannot be read: {problem}")
    if not call.attempts:
        trace.fired("rules", "The dialplan rings the callee's registered phones instead.")
        return Decision(HandBack(), tuple(trace.entries))
    last = call.attempts[-1].action
    action: Action = UNAVAILABLE
    if isinstance(last, Ring) and last.mailbox:
        action = Voicemail(last.domain, last.mailbox)
    return Decision(action, tuple(trace.entries))


def _next(call: Call, parties: Parties, rules: Rules, live: Live, trace: Trace) -> Action:
    if len(call.attempts) >= MAX_ATTEMPTS:
        trace.fired("guard", f"{len(call.attempts)} attempts were made already: the call ends.")
        return UNAVAILABLE
    if call.attempts:
        return _after(call.attempts[-1], parties, trace)
    if parties.outside is not None:
        return _ring_outside(call, parties, parties.outside, rules, trace)
    if isinstance(parties.callee, User):
        return _ring_user(call, parties, parties.callee, rules, live, trace)
    if isinstance(parties.callee, Team):
        trace.fired("team", f"{parties.callee.extension} is a team, and teams are not rung yet.")
        return UNAVAILABLE
    return NOT_FOUND


def _ring_user(
    call: Call, parties: Parties, user: User, rules: Rules, live: Live, trace: Trace
) -> Action:
    plan = followme.plan(
        user,
        parties.origin,
        call=call,
        number=parties.number,
        settings=parties.settings,
        rules=rules,
        live=live,
        trace=trace,
    )
    if plan.legs:
        mailbox = user.extension if user.voicemail else None
        return Ring(user.domain, user.extension, plan.legs, user.decline, mailbox)
    if parties.caller == user.extension and user.voicemail:
        trace.fired(followme.STAGE, f"{user.extension} calls himself: he hears his voicemail.")
        return Voicemail(user.domain, user.extension, login=True)
    return fallback.finish(user, _empty(plan, trace), trace)


def _empty(plan: followme.Plan, trace: Trace) -> Condition:
    """Why a plan has nobody to ring (B16)."""
    if plan.skipped and plan.all_skipped_for(followme.Skip.DISABLED, followme.Skip.DND):
        trace.fired(followme.STAGE, "No phone wants this call.")
        return Condition.DND
    trace.fired(followme.STAGE, "There is no phone to ring.")
    return Condition.UNREACHABLE


def _ring_outside(call: Call, parties: Parties, number: str, rules: Rules, trace: Trace) -> Ring:
    settings = parties.settings
    user = rules.user(settings.domain, parties.caller) if parties.caller else None
    own = user.numbers[0] if user and user.numbers else None
    shown = followme.shown_number(settings, parties.number, own, anonymous=call.caller.anonymous)
    if shown is None and numbers.emergency(number, settings.country):
        shown = own  # whoever answers an emergency call must be able to call back
    trace.fired("outside", f"{number} is dialled through the trunk.")
    target = Outside(number, settings.trunk, shown)
    leg = Leg(number, target, ring=OUTSIDE_RING)
    return Ring(settings.domain, number, (leg,), early_media=True)


def _after(attempt: Attempt, parties: Parties, trace: Trace) -> Action:
    """What follows an attempt that has ended."""
    if not isinstance(attempt.action, Ring):
        trace.fired(fallback.STAGE, "The voicemail has ended, and so does the call.")
        return UNAVAILABLE
    result = aggregate(attempt.outcome)
    for leg in attempt.outcome.legs:
        if leg.result is not LegResult.ELSEWHERE:
            words = leg.result.value.replace("_", " ")
            trace.passed("ring", f"{leg.leg.device}: {words}.")
    if result in (RingResult.ANSWERED, RingResult.CANCELLED):
        trace.fired("ring", f"The call was {result.value}.")
        return UNAVAILABLE
    if isinstance(parties.callee, User):
        return fallback.finish(parties.callee, fallback.CONDITION[result], trace)
    return fallback.finish_outside(attempt, result, trace)
