"""The executive's own phones, before and while his assistants ring (H10-H12, H14)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from esl_router.engine import busy, followme, unconditional
from esl_router.engine.presence import effective, sent_away
from esl_router.engine.situation import Redirection, Situation
from esl_router.model.actions import Leg, Outside, Ring
from esl_router.model.call import LegResult
from esl_router.model.executive import AlertExecutive, Executive
from esl_router.model.people import DeclineScope, Device, DeviceKind, FollowMeRow, User

STAGE = "pool"

_REFUSED = (LegResult.DECLINED, LegResult.BUSY)


def phones(
    executive: Executive,
    user: User,
    situation: Situation,
    redirection: Redirection,
    *,
    first: bool,
) -> tuple[Leg, ...]:
    """His phones and numbers outside that take part, as if he alone rang; empty: he is not to be
    disturbed, or none can be rung. ``first``: they ring before the assistants do."""
    trace, whose = situation.trace, user.extension
    if unconditional.forward(user, situation) is not None:
        trace.passed(STAGE, f"{whose} forwards his calls: he is not alerted.")
        return ()
    presence = situation.rules.presence(user.domain, whose)
    current = effective(presence, situation.now)
    profile = presence.profile(current.status)
    if sent_away(user, current, profile, situation.parties.origin) is not None:
        trace.passed(STAGE, f"{whose} {current.reason}: he is not alerted.")
        return ()
    if busy.is_busy(user, situation):
        return ()
    rows = _rows(executive, user, situation, first=first)
    no_more = refused(user, rows, situation)
    rows = [row for row in rows if row.device.name not in no_more]
    origin = situation.parties.origin
    # No app is woken for a notice without a sound, and nobody waits for his before they ring.
    wake = executive.alert_executive is AlertExecutive.RING and not first
    plan = followme.plan(
        user, origin, situation, redirection, rows=rows, close_gaps=False, wake=wake
    )
    return tuple(followme.without_gaps(plan.legs)) if first else plan.legs


def legs(
    executive: Executive,
    user: User,
    situation: Situation,
    own: Iterable[Leg],
    *,
    head: int,
    end: int,
) -> list[Leg]:
    """What ``own`` do in a ring of the pool: until its second ``head`` he rings alone, at ``end``
    it is over. His numbers outside ring through; his phones ring, and then do as is set."""
    found: list[Leg] = []
    alert, silent = executive.alert_executive, situation.settings.alert_silent
    for leg in own:
        leg = replace(
            leg,
            owner=user.extension,
            decline=user.decline,
            redirect=False,
            original_name=True,
        )
        length = end - leg.delay
        if length < 1:
            continue
        if isinstance(leg.target, Outside):
            found.append(replace(leg, ring=length, confirm=True))
        elif alert is AlertExecutive.RING:
            found.append(replace(leg, ring=length))
        elif leg.delay < head:
            found.append(replace(leg, ring=head - leg.delay))
            # A second later: when he declines the switch begins with the assistants, and the router
            # takes this one back before its turn.
            if alert is AlertExecutive.SILENT and (rest := end - head - 1) > 0:
                found.append(replace(leg, delay=head + 1, ring=rest, alert_info=silent))
        elif alert is AlertExecutive.SILENT:
            found.append(replace(leg, ring=length, alert_info=silent))
        elif alert is AlertExecutive.SPLASH:
            found.append(replace(leg, ring=length, splash=True))
    return found


def refused(user: User, rows: Iterable[FollowMeRow], situation: Situation) -> frozenset[str]:
    """His devices that do not ring for a call of which he was told while his assistants rang, or
    that was decided anew while they did: he has refused it there.

    Who declined has declined for all his phones, where that is how he declines.
    """
    trace, whose = situation.trace, user.extension
    legs = [
        leg
        for attempt in situation.call.attempts
        if isinstance(attempt.action, Ring)
        for leg in attempt.outcome.legs
        if leg.result in _REFUSED
        and (
            (attempt.action.pool == whose == leg.leg.owner)
            or (attempt.cut_off and attempt.action.callee == whose and not leg.leg.owner)
        )
    ]
    everywhere = user.decline is not DeclineScope.DEVICE
    if everywhere and any(leg.result is LegResult.DECLINED for leg in legs):
        trace.fired(STAGE, f"{whose} has declined the call already.")
        return frozenset(row.device.name for row in rows)
    for leg in legs:
        trace.passed(STAGE, f"{leg.leg.device} has refused the call already.")
    return frozenset(leg.leg.device for leg in legs)


def _rows(
    executive: Executive, user: User, situation: Situation, *, first: bool
) -> list[FollowMeRow]:
    rows = situation.rules.follow_me(user.domain, user.extension, situation.parties.origin)
    alerted = []
    for row in rows:
        if row.device.kind is DeviceKind.SIP:
            if first or executive.alert_executive is not AlertExecutive.NONE:
                alerted.append(row)
        elif _rings_along(executive, row.device):
            # A switch of its own: his follow-me rows say when they ring for him.
            alerted.append(FollowMeRow(row.device))
    return alerted


def _rings_along(executive: Executive, device: Device) -> bool:
    mobile = device.location == "mobile"
    return executive.parallel_mobile if mobile else executive.parallel_other
