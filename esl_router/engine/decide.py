"""What to do next with a call: the one question the router asks, again and again.

The order of the stages:

====  ===========  ========================================================================
 0    identify     who calls, from where, whom; nobody there: 404
 1    guard        a call that was attempted too often ends; redirections are counted
 1    trail        a call that left through the trunk and comes back is refused: the first goes on
 2    codes        feature codes: a setting changed by phone, a call handed to an executive, a
                  call in his name
 3    callers      the callee's list: who always gets through, who is refused
 5    executive    the filter of an executive, and what follows his assistants
 5    pool         who of them rings, and whether the executive rings along
 6    cfu          call forward unconditional: the callee's own, whatever his status (but for
                  ``dnd``, where the domain says so)
 6    presence     the status, and where it sends every call
 7    prelude      before it does, or that forward: his phones for a moment, an announcement
 8    busy         busy on busy
 9    followme     the devices that ring for this origin
 9    team         the members of a team, each on his own team rows
10    aggregate    what became of the ring
11    deflection   a phone answered with another address: on, if it may
11    forwarding   busy, no answer, not registered: on to somebody else, back to stage 3
12    fallback     voicemail of whom the caller wanted, or the explicit final code
====  ===========  ========================================================================

``user.py`` and ``team.py`` walk stages 3 to 10 for one callee, ``route.py`` goes from one to the
next. The numbers leave room.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from esl_router.engine import (
    caller,
    feature,
    hot_desk,
    missed,
    on_behalf,
    push,
    retrieve,
    route,
    trail,
)
from esl_router.engine.fallback import Condition
from esl_router.engine.identify import Parties, identify
from esl_router.engine.situation import Situation
from esl_router.engine.way import Way
from esl_router.model.actions import (
    BUSY,
    NOT_FOUND,
    OVER,
    UNAVAILABLE,
    Action,
    Announce,
    Authenticate,
    HandBack,
    Intercept,
    Perform,
    Reject,
    Ring,
    Voicemail,
)
from esl_router.model.call import Call
from esl_router.model.codes import Code
from esl_router.model.live import Live
from esl_router.model.people import User
from esl_router.model.rules import Rules
from esl_router.model.trace import Decision, Trace

MAX_ATTEMPTS = 16
"""Actions tried for one call before it ends, whatever the rules say. The rounds of a team are one,
and a ring that was cut off to decide anew is none."""


_ENDED: dict[type[Action], str] = {
    Voicemail: "The voicemail",
    Announce: "The announcement",
    Intercept: "The conversation",
}


_GOES_ON = (Ring, Authenticate, Perform)


def decide(call: Call, rules: Rules, live: Live, now: datetime) -> Decision:
    """The next action for ``call``, with the reasons for it.

    Pure: the same arguments give the same decision. ``now`` is an aware datetime. Raises
    :class:`esl_router.errors.StoreError` when ``rules`` cannot be read; see
    :func:`without_rules` for what happens to the call then.
    """
    trace = Trace()
    parties: Parties | Reject = identify(call, rules, trace)
    if isinstance(parties, Parties) and parties.code is Code.ON_BEHALF:
        resolved = on_behalf.resolve(call, parties, rules, trace)
        call, parties = (call, resolved) if isinstance(resolved, Reject) else resolved
    if isinstance(parties, Reject):
        return Decision(parties, tuple(trace.entries))
    guest = hot_desk.guest(call, parties, rules)
    if guest is not None:
        call = hot_desk.named(call, guest)
    name = caller.known_name(call, parties, rules, trace)
    call = caller.named(call, name)
    way = Way(Situation(call, parties, rules, live, now, trace))
    action = trail.marked(_signed(_next(way), way, guest), way)
    for problem in rules.problems:
        trace.passed("rules", f"Skipped a broken rule at {problem.path}: {problem.text}")
    called = parties.callee or way.wanted
    callee = called.extension if called else parties.outside or ""
    return Decision(
        action,
        tuple(trace.entries),
        origin=parties.origin,
        caller=parties.number,
        caller_name=name,
        callee=callee,
        domain=parties.settings.domain,
        on_behalf=parties.on_behalf.extension if parties.on_behalf else "",
        effects=way.effects,
        busy=frozenset(way.situation.busy),
        missed=missed.reason(action, way),
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
    if isinstance(last, Authenticate | Perform):
        return Decision(feature.confirm(call.attempts[-1], None, trace), tuple(trace.entries))
    action: Action = UNAVAILABLE
    if isinstance(last, Ring | Announce) and last.mailbox:
        action = Voicemail(last.domain, last.mailbox)
    return Decision(action, tuple(trace.entries))


def _next(way: Way) -> Action:
    situation = way.situation
    call, parties, trace = situation.call, situation.parties, situation.trace
    last = call.attempts[-1].action if call.attempts else None
    on = isinstance(last, _GOES_ON) or (isinstance(last, Announce) and last.before_forward)
    if last is not None and not on:
        trace.fired("fallback", f"{_ENDED[type(last)]} has ended, and so does the call.")
        return OVER
    tried = _tried(call)
    if tried >= MAX_ATTEMPTS:
        trace.fired("guard", f"{tried} attempts were made already: the call ends.")
        way.wanted = parties.callee
        return way.end(Condition.LIMIT)
    if parties.code is Code.RETRIEVE:
        return retrieve.step(situation)
    if parties.code is Code.PUSH:
        return route.settle(push.step(parties.argument, way), way)
    if parties.remote:
        return feature.step_outside(situation)
    if parties.code is not None:
        return feature.step(situation)
    if parties.outside is not None:
        return route.outside(parties.outside, way)
    if parties.callee is None:
        return NOT_FOUND
    if trail.comes_back(parties.callee, situation):
        return BUSY
    return route.inside(parties.callee, way)


def _tried(call: Call) -> int:
    """How many attempts count. The rounds of a team are one: it has a time of its own."""
    teams: set[str] = set()
    count = 0
    for attempt in call.attempts:
        action = attempt.action
        if isinstance(action, Ring) and not action.pool and any(leg.owner for leg in action.legs):
            teams.add(action.callee)
        elif not attempt.cut_off:
            count += 1
    return count + len(teams)


def _signed(action: Action, way: Way, guest: User | None) -> Action:
    """A ring says who calls, where that is a user of ours, and in whose name."""
    parties, calling = way.situation.parties, way.situation.call.caller
    if not isinstance(action, Ring):
        return action
    if way.situation.call.came:
        action = replace(action, came=way.situation.call.came)
    if calling.anonymous:
        action = replace(action, anonymous=way.situation.settings.labels.anonymous)
    if parties.caller is None:
        return action
    if calling.own_leg:
        action = caller.himself(action, parties.caller, calling.name)
    if parties.on_behalf is not None:
        action = on_behalf.present(action, parties.on_behalf)
    elif guest is not None:
        action = hot_desk.present(action, guest)
    return replace(action, caller_device=f"{calling.account}@{calling.domain}")
