"""Ringing the members of a team (L1-L8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from esl_router.engine import busy, followme, rounds, unconditional
from esl_router.engine.fallback import Condition
from esl_router.engine.presence import Effective, effective, is_himself
from esl_router.engine.situation import DIRECT, Redirection, Situation
from esl_router.engine.way import Redirect, Step, Way
from esl_router.model.actions import OVER, Leg, Outside, Ring
from esl_router.model.people import Origin, User
from esl_router.model.presence import Forward, Profile, Status, Target, TargetKind
from esl_router.model.team import Member, Overflow, Strategy, Team, Turn

STAGE = "team"

_SENDS_AWAY = (Status.AWAY, Status.DND, Status.LUNCH, Status.BUSINESS_TRIP)
"""Statuses in which nobody takes calls of a team unless his profile says that he does."""


# Why no member has the call -> the overflow that takes it.
_OVERFLOW = {
    Condition.BUSY: Overflow.BUSY,
    Condition.TALKING: Overflow.BUSY,
    Condition.DECLINED: Overflow.BUSY,
    Condition.NO_ANSWER: Overflow.NO_ANSWER,
    Condition.UNREACHABLE: Overflow.NOBODY,
    Condition.LOOP: Overflow.NOBODY,
    Condition.NOBODY: Overflow.NOBODY,
}


def step(team: Team, way: Way) -> Step:
    """What ``team`` makes of the call: one round of its members after the other, or on."""
    situation = way.situation
    call = situation.call
    way.visited.add(team.extension)
    had = rounds.of(team, call)
    ended = [attempt for attempt in had if not attempt.cut_off]
    if ended and way.result(ended[-1], of_team=True) is None:
        return OVER
    if not ended and is_busy(team, situation):
        return _overflow(team, Condition.TALKING, way)
    lasted = round(sum(attempt.outcome.lasted for attempt in had))
    left = (way.ring_time(team.max_wait) or 0) - lasted
    if left < 1:
        condition = rounds.amount_to(had) or Condition.NO_ANSWER
        over = way.rang_out(team, lasted)
        return way.end(condition) if over else _overflow(team, condition, way)
    lineup = line_up(team, situation, way.redirection, seconds=left)
    if not lineup.legs:
        nobody = Condition.TALKING if lineup.talks else Condition.NOBODY
        return _overflow(team, rounds.amount_to(had) or nobody, way)
    if lineup.first and team.strategy is Strategy.ROUND_ROBIN:
        last = max(member.began for member in team.members)
        way.effects = (Turn(team.domain, team.extension, lineup.first, last),)
    name = call.caller.name or situation.number
    return Ring(
        team.domain,
        team.extension,
        lineup.legs,
        caller_name=f"{team.caller_prefix}{name}" if team.caller_prefix else "",
        redecide=way.redecide(*lineup.users),
        late=lineup.late,
    )


def _overflow(team: Team, condition: Condition, way: Way) -> Step:
    target = team.overflow.get(_OVERFLOW[condition])
    if target is None:
        return way.end(condition)
    way.situation.trace.fired(
        STAGE, f"{team.extension} hands on to {target} because {condition.value}."
    )
    return Redirect(team, target, condition)


@dataclass(frozen=True, slots=True)
class Lineup:
    """Who of a team rings for one call."""

    legs: tuple[Leg, ...]
    first: str = ""
    """The member with whom it begins; empty where all ring at once."""

    passed: Mapping[str, str] = field(default_factory=dict)
    """Who does not ring, and why, in words."""

    talks: bool = False
    """Whether somebody was passed over because he talks."""

    users: tuple[User, ...] = ()
    """Whose phones ring."""

    late: frozenset[str] = frozenset()
    """What does not ring only because the time is too short."""


def is_busy(team: Team, situation: Situation) -> bool:
    """Whether as many members talk as the team may have calls (F5)."""
    if team.max_calls == 0 or not situation.live.known:
        return False
    users = [
        user
        for member in team.members
        if (user := situation.rules.user(team.domain, member.extension)) is not None
        and not logged_out(member, *_presence(user, situation))
    ]
    limit = len(users) if team.max_calls is None else team.max_calls
    talking = [user.extension for user in users if busy.calls(user, situation)]
    if talking and len(talking) >= limit:
        who = ", ".join(talking)
        situation.trace.fired(STAGE, f"{team.extension} is busy: {who} talk, and {limit} may.")
        return True
    return False


def line_up(
    team: Team, situation: Situation, redirection: Redirection = DIRECT, *, seconds: int
) -> Lineup:
    """The ringing of one round, ``seconds`` at most.

    A member rings on his own team rows and with nothing else of his: no forward, no mailbox.
    Whoever answers outside always has to press 1: a mailbox must not take a team's call.
    """
    trace = situation.trace
    members = []
    passed: dict[str, str] = {}
    out = rounds.out(rounds.of(team, situation.call))
    talks = False
    had = rounds.turn_over(rounds.of(team, situation.call))
    for member, user in sorted(
        _in_turn(team, situation), key=lambda each: each[0].extension in had
    ):
        reason = _absent(member, user, out, situation)
        if user is not None and not reason:
            if member.extension == situation.parties.caller:
                reason = "he is the caller"
            elif busy.is_busy(user, situation):
                reason, talks = "he is busy on busy", True
            elif team.skip_if_busy and busy.calls(user, situation):
                reason, talks = "he talks", True
        if user is None or reason:
            passed[member.extension] = reason or "no user"
            trace.passed(STAGE, f"{member.extension} is passed over: {reason or 'no user'}.")
        else:
            members.append((member, user))
    legs: list[Leg] = []
    users: list[User] = []
    taken: set[str] = set()
    first = ""
    turns = team.strategy is not Strategy.PARALLEL
    offset = 0
    for member, user in members:
        plan = followme.plan(
            user,
            Origin.TEAM,
            situation,
            redirection,
            close_gaps=False,
            wake=True,
        )
        why = followme.too_short(plan.legs, team.ring) if turns else ""
        his = [] if why else _legs_of(member, user, plan, team, offset, taken)
        if not his:
            passed[member.extension] = why or "none of his phones rings"
            why = passed[member.extension]
            trace.passed(STAGE, f"{member.extension} is passed over: {why}.")
            continue
        legs += his
        users.append(user)
        first = first or member.extension
        if turns:
            offset = max(leg.ends for leg in his)
    planned = followme.without_gaps(legs, turns=turns)
    ringing = followme.within(planned, seconds)[: followme.MAX_LEGS]
    for leg in ringing:
        trace.fired(STAGE, f"{leg.owner}: {leg.device} {followme.in_words(leg)}.")
    late = frozenset(map(followme.rings, planned)) - set(map(followme.rings, ringing))
    return Lineup(tuple(ringing), first if turns else "", passed, talks, tuple(users), late)


def _in_turn(team: Team, situation: Situation) -> list[tuple[Member, User | None]]:
    rules = situation.rules
    members = [(member, rules.user(team.domain, member.extension)) for member in team.members]
    if team.strategy is Strategy.LONGEST_IDLE:
        # Whoever talks is not idle at all, however long ago he began.
        def idle(entry: tuple[Member, User | None]) -> tuple[bool, float]:
            member, user = entry
            talks = user is not None and bool(busy.conversations(user, situation))
            return talks, member.talked

        return sorted(members, key=idle)
    if team.strategy is Strategy.ROUND_ROBIN and members:
        last = max(range(len(members)), key=lambda place: members[place][0].began)
        start = last + 1 if members[last][0].began else 0
        return members[start:] + members[:start]
    return members


def _absent(member: Member, user: User | None, out: Mapping[str, str], situation: Situation) -> str:
    """Why a member takes no part, in words; empty: he does."""
    if user is None:
        return "he is no user any more"
    if why := out.get(member.extension):
        return why
    current, profile = _presence(user, situation)
    if why := logged_out(member, current, profile):
        return why
    if profile.ring_group_calls is False:
        return f"he takes no team calls while {current.status.value}"
    targets = (
        profile.target(origin, Forward.ALWAYS) for origin in (Origin.INTERNAL, Origin.EXTERNAL)
    )
    always = next((each for each in targets if each and not _rings(each, user)), None)
    if profile.ring_group_calls is None:
        if forward := unconditional.of_any(user, situation):
            return f"he forwards every call to {forward}"
        if current.forward is not None:
            sent = not _rings(current.forward, user)
            return f"{current.decider.why}: his calls go to {current.forward}" if sent else ""
        if current.status in _SENDS_AWAY:
            return f"he is {current.status.value}"
        if always is not None:
            return f"he forwards every call to {always}"
    return ""


def _rings(target: Target, user: User) -> bool:
    """Whether calls for a target of his ring at his phones."""
    return target.kind is TargetKind.RING or is_himself(target, user)


def _presence(user: User, situation: Situation) -> tuple[Effective, Profile]:
    presence = situation.rules.presence(user.domain, user.extension)
    current = effective(presence, situation.now)
    return current, presence.profile(current.status)


def logged_out(member: Member, current: Effective, profile: Profile) -> str:
    """Why a member counts as logged out, in words; empty: he is logged in (C6)."""
    if profile.queue_login is False:
        return f"his status {current.status.value} logs him out"
    return "" if member.logged_in or profile.queue_login else "he is logged out"


def _legs_of(
    member: Member, user: User, plan: followme.Plan, team: Team, offset: int, taken: set[str]
) -> list[Leg]:
    """One member's legs, where they stand among the others'; each device and number once.

    One after the other each rings for the team's time, or for its own where that was set (L2). An
    app that is all he has gets the time that it needs to register.
    """
    his = []
    alone = team.strategy is not Strategy.PARALLEL and followme.only_asleep(plan.legs)
    for leg in followme.without_gaps(plan.legs) if alone else plan.legs:
        delay, ring = leg.delay, leg.ring
        if team.strategy is Strategy.PARALLEL:
            delay += member.delay
        else:
            ring = ring if leg.device in plan.own_rings else team.ring - delay
            ring = max(ring, leg.wait) if alone else ring
            delay += offset
        key = followme.rings(leg)
        if ring < 1 or key in taken:
            continue
        taken.add(key)
        outside = isinstance(leg.target, Outside)
        confirm = outside or leg.confirm
        his.append(
            replace(
                leg,
                delay=delay,
                ring=ring,
                turn=offset,
                owner=user.extension,
                decline=user.decline,
                confirm=confirm,
                redirect=False,  # a member's own forwards are not the team's
            )
        )
    return his
