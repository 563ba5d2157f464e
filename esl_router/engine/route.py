"""The way of one call through the rules: from whom the caller wanted to who gets it.

Nothing is remembered between two decisions but the attempts that the call carries. Each decision
walks the whole way again, with the rules of this moment: whoever has rung already is not rung
again, what came of it counts instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from esl_router.engine import busy, callers, fallback, followme
from esl_router.engine import team as members
from esl_router.engine.aggregate import aggregate
from esl_router.engine.fallback import Condition
from esl_router.engine.identify import Parties
from esl_router.engine.presence import effective
from esl_router.model import numbers
from esl_router.model.actions import (
    UNAVAILABLE,
    Action,
    Announce,
    Diversion,
    Leg,
    Outside,
    Ring,
    Voicemail,
)
from esl_router.model.call import Attempt, Call, LegResult, RingResult
from esl_router.model.live import Live
from esl_router.model.people import CallerAction, Redecide, User
from esl_router.model.presence import Forward, Profile, Status, Target, TargetKind
from esl_router.model.rules import Rules
from esl_router.model.team import Overflow, Strategy, Team, Turn
from esl_router.model.trace import Trace

STAGE = "forwarding"

OUTSIDE_RING = 120
"""Seconds a number outside rings when a user dials it; the far network ends most calls sooner."""

FORWARD_RING = 30
"""Seconds a number outside rings when a call is forwarded to it (D11)."""

# What a status without a profile of its own does with every call. A meeting is for display:
# whether it forwards is a switch of its own.
_USUAL = {
    Status.DND: Target(TargetKind.BUSY),
    Status.AWAY: Target(TargetKind.VOICEMAIL),
    Status.LUNCH: Target(TargetKind.VOICEMAIL),
    Status.BUSINESS_TRIP: Target(TargetKind.VOICEMAIL),
}

# Condition -> (the forward that takes it, the reason in the Diversion header).
_FORWARD = {
    Condition.BUSY: (Forward.BUSY, "user-busy"),
    Condition.TALKING: (Forward.BUSY, "user-busy"),
    Condition.DECLINED: (Forward.BUSY, "user-busy"),
    Condition.NO_ANSWER: (Forward.NO_ANSWER, "no-answer"),
    Condition.UNREACHABLE: (Forward.UNREGISTERED, "unavailable"),
    Condition.DND: (Forward.ALWAYS, "do-not-disturb"),
    Condition.NOBODY: (Forward.UNREGISTERED, "unavailable"),
    Condition.STATUS: (Forward.ALWAYS, "unconditional"),
}


_OVERFLOW = {
    Condition.BUSY: Overflow.BUSY,
    Condition.TALKING: Overflow.BUSY,
    Condition.DECLINED: Overflow.BUSY,
    Condition.NO_ANSWER: Overflow.NO_ANSWER,
    Condition.UNREACHABLE: Overflow.NOBODY,
    Condition.NOBODY: Overflow.NOBODY,
}


@dataclass(frozen=True, slots=True)
class Redirect:
    """The call goes from one user to a target."""

    by: User | Team
    target: Target
    condition: Condition


class Route:
    """One walk. :meth:`next` is the action it leads to."""

    def __init__(
        self, call: Call, parties: Parties, rules: Rules, live: Live, now: datetime, trace: Trace
    ) -> None:
        self._call = call
        self._parties = parties
        self._rules = rules
        self._live = live
        self._now = now
        self._trace = trace
        self.effects: tuple[Turn, ...] = ()
        """What the store is to remember when the action is performed."""

        self._visited: set[str] = set()
        self._hops = 0
        self._diversion: Diversion | None = None
        self._rung = {
            attempt.action.callee: attempt
            for attempt in call.attempts
            if isinstance(attempt.action, Ring)
        }

    def next(self, wanted: User | Team) -> Action:
        """What comes next for a call to ``wanted``."""
        self._wanted = wanted
        step = self._team(wanted) if isinstance(wanted, Team) else self._user(wanted)
        while isinstance(step, Redirect):
            step = self._follow(step)
        return step

    def dialled_outside(self, number: str) -> Action:
        """What comes next for a user's own call to a number outside."""
        parties, settings = self._parties, self._parties.settings
        attempt = self._rung.get(number)
        if attempt is not None:
            result = self._result(attempt)
            if result in (RingResult.ANSWERED, RingResult.CANCELLED):
                return UNAVAILABLE
            return fallback.finish_outside(attempt, result, self._trace)
        user = self._rules.user(settings.domain, parties.caller) if parties.caller else None
        own = user.numbers[0] if user and user.numbers else None
        shown = self._shown(own)
        if shown is None and numbers.emergency(number, settings.country):
            shown = own  # whoever answers an emergency call must be able to call back
        self._trace.fired("outside", f"{number} is dialled through the trunk.")
        leg = Leg(number, Outside(number, settings.trunk, shown), ring=OUTSIDE_RING)
        return Ring(settings.domain, number, (leg,), early_media=True)

    # -- one user -------------------------------------------------------------------------------

    def _user(self, user: User) -> Action | Redirect:
        self._visited.add(user.extension)
        verdict = callers.verdict(user, self._parties.number, self._rules, self._trace)
        if verdict is CallerAction.BLOCK:
            return self._end(Condition.REFUSED)
        if user.extension == self._parties.caller and not self._hops:
            verdict = CallerAction.RING  # his own status and calls do not keep him from himself
        presence = self._rules.presence(user.domain, user.extension)
        current = effective(presence, self._now)
        profile = presence.profile(current.status)
        attempt = self._rung.get(user.extension)
        if attempt is not None:
            return self._rang(user, profile, attempt)
        if verdict is None:
            target = profile.target(self._parties.origin, Forward.ALWAYS)
            target = target or _USUAL.get(current.status)
            if target is not None and target.kind is not TargetKind.RING:
                why = f"{user.extension} is {current.status.value} ({current.winner.why})"
                self._trace.fired("presence", f"{why}: calls go to {target}.")
                return Redirect(user, target, Condition.STATUS)
            if current.status is not Status.AVAILABLE:
                why = f"{user.extension} is {current.status.value} ({current.winner.why})"
                self._trace.passed("presence", f"{why}, and calls ring all the same.")
            if busy.is_busy(user, self._call, self._rules, self._live, self._trace):
                return self._unanswered(user, profile, Condition.TALKING)
        return self._ring(user, profile, presence.profile(Status.DND))

    def _ring(self, user: User, profile: Profile, dnd: Profile) -> Action | Redirect:
        plan = followme.plan(
            user,
            self._parties.origin,
            call=self._call,
            number=self._parties.number,
            settings=self._parties.settings,
            rules=self._rules,
            live=self._live,
            trace=self._trace,
            limit=profile.no_answer_after,
            redirects=self._redirects,
            diversion=self._diversion,
        )
        if plan.legs:
            return Ring(
                user.domain,
                user.extension,
                plan.legs,
                user.decline,
                self._mailbox,
                redecide=self._redecide(user),
            )
        if self._parties.caller == user.extension and user.voicemail and not self._hops:
            self._trace.fired(
                followme.STAGE, f"{user.extension} calls himself: he hears his voicemail."
            )
            return Voicemail(user.domain, user.extension, login=True)
        if plan.skipped and plan.all_skipped_for(followme.Skip.DISABLED, followme.Skip.DND):
            self._trace.fired(followme.STAGE, "No phone wants this call.")
            return self._unanswered(user, dnd, Condition.DND)
        self._trace.fired(followme.STAGE, "There is no phone to ring.")
        return self._unanswered(user, profile, Condition.UNREACHABLE)

    def _rang(self, user: User, profile: Profile, attempt: Attempt) -> Action | Redirect:
        result = self._result(attempt)
        if result in (RingResult.ANSWERED, RingResult.CANCELLED):
            return UNAVAILABLE
        return self._unanswered(user, profile, fallback.CONDITION[result])

    def _result(self, attempt: Attempt, *, of_team: bool = False) -> RingResult:
        result = aggregate(attempt.outcome, of_team=of_team)
        for leg in attempt.outcome.legs:
            if leg.result is not LegResult.ELSEWHERE:
                words = leg.result.value.replace("_", " ")
                self._trace.passed("ring", f"{leg.leg.device}: {words}.")
        if result in (RingResult.ANSWERED, RingResult.CANCELLED):
            self._trace.fired("ring", f"The call was {result.value}.")
        return result

    def _unanswered(self, user: User, profile: Profile, condition: Condition) -> Action | Redirect:
        forward, _ = _FORWARD[condition]
        target = profile.target(self._parties.origin, forward)
        if target is None or target.kind is TargetKind.RING:
            return self._end(condition)
        self._trace.fired(
            STAGE, f"{user.extension} forwards to {target} because {condition.value}."
        )
        return Redirect(user, target, condition)

    # -- a team ---------------------------------------------------------------------------------

    def _team(self, team: Team) -> Action | Redirect:
        self._visited.add(team.extension)
        rounds = [
            attempt
            for attempt in self._call.attempts
            if isinstance(attempt.action, Ring) and attempt.action.callee == team.extension
        ]
        left = team.max_wait - sum(
            attempt.action.length for attempt in rounds if isinstance(attempt.action, Ring)
        )
        if rounds:
            result = self._result(rounds[-1], of_team=True)
            if result in (RingResult.ANSWERED, RingResult.CANCELLED):
                return UNAVAILABLE
            if result is not RingResult.NO_ANSWER or left < 1:
                return self._overflow(team, fallback.CONDITION[result])
        elif members.is_busy(team, self._call, self._rules, self._live, self._now, self._trace):
            return self._overflow(team, Condition.TALKING)
        lineup = members.line_up(
            team,
            call=self._call,
            number=self._parties.number,
            settings=self._parties.settings,
            rules=self._rules,
            live=self._live,
            now=self._now,
            trace=self._trace,
            seconds=left,
            caller=self._parties.caller,
            redirects=self._redirects,
            diversion=self._diversion,
        )
        if not lineup.legs:
            nobody = Condition.TALKING if lineup.talks else Condition.NOBODY
            return self._overflow(team, Condition.NO_ANSWER if rounds else nobody)
        if lineup.first and team.strategy is Strategy.ROUND_ROBIN:
            last = max(member.began for member in team.members)
            self.effects = (Turn(team.domain, team.extension, lineup.first, last),)
        name = self._call.caller.name or self._parties.number
        return Ring(
            team.domain,
            team.extension,
            lineup.legs,
            caller_name=f"{team.caller_prefix}{name}" if team.caller_prefix else "",
            redecide=self._redecide(team),
        )

    def _overflow(self, team: Team, condition: Condition) -> Action | Redirect:
        target = team.overflow.get(_OVERFLOW[condition])
        if target is None:
            return self._end(condition)
        self._trace.fired(
            members.STAGE, f"{team.extension} hands on to {target} because {condition.value}."
        )
        return Redirect(team, target, condition)

    # -- from one to the next -------------------------------------------------------------------

    def _follow(self, redirect: Redirect) -> Action | Redirect:
        target, condition = redirect.target, redirect.condition
        match target.kind:
            case TargetKind.BUSY:
                return self._end(Condition.REFUSED)
            case TargetKind.ANNOUNCEMENT:
                return Announce(target.value)
            case TargetKind.VOICEMAIL:
                domain = redirect.by.domain
                owner = self._rules.user(domain, target.value) if target.value else None
                owner = owner or (self._wanted if isinstance(self._wanted, User) else None)
                if owner is None:
                    return self._end(condition)
                return fallback.voicemail(owner, condition, self._trace)
            case TargetKind.EXTENSION:
                return self._to_extension(redirect, target.value)
            case TargetKind.EXTERNAL:
                owner_here = self._rules.owner_of(target.value)
                if owner_here is not None and owner_here[0] == redirect.by.domain:
                    return self._to_extension(redirect, owner_here[1])
                return self._to_outside(redirect, target.value)
            case TargetKind.RING:
                return self._end(condition)

    def _to_extension(self, redirect: Redirect, extension: str) -> Action | Redirect:
        domain = redirect.by.domain
        user = self._rules.user(domain, extension) or self._rules.team(domain, extension)
        if user is None:
            self._trace.fired(STAGE, f"{extension} is nobody: the forward leads nowhere.")
            return self._end(redirect.condition)
        if (
            isinstance(user, User)
            and user == redirect.by
            and redirect.condition is Condition.STATUS
        ):
            self._trace.fired(STAGE, f"{extension} forwards to himself: his phones ring.")
            presence = self._rules.presence(user.domain, extension)
            return self._ring(user, presence.profile(Status.AVAILABLE), Profile())
        if extension in self._visited:
            self._trace.fired(STAGE, f"The call has been at {extension} already.")
            return self._end(Condition.LOOP)
        if extension == self._parties.caller:
            self._trace.fired(STAGE, f"{extension} is the caller himself.")
            return self._end(redirect.condition)
        if not self._redirected(redirect):
            return self._end(Condition.LIMIT)
        if isinstance(user, Team):
            return self._team(user)
        if isinstance(self._wanted, Team):
            # A team has no mailbox: whom it hands a caller to is whom he gets.
            self._wanted = user
        return self._user(user)

    def _to_outside(self, redirect: Redirect, number: str) -> Action:
        settings = self._parties.settings
        if number == self._parties.number:
            self._trace.fired(STAGE, f"{number} is the caller himself.")
            return self._end(redirect.condition)
        if not settings.toll.permits(number):
            self._trace.fired(STAGE, f"The toll policy forbids {number}.")
            return self._end(redirect.condition)
        if not self._redirected(redirect):
            return self._end(Condition.LIMIT)
        attempt = self._rung.get(number)
        if attempt is not None:
            result = self._result(attempt)
            if result in (RingResult.ANSWERED, RingResult.CANCELLED):
                return UNAVAILABLE
            return self._end(fallback.CONDITION[result])
        own = redirect.by.numbers[0] if redirect.by.numbers else None
        target = Outside(number, settings.trunk, self._shown(own))
        leg = Leg(number, target, ring=FORWARD_RING, diversion=self._diversion)
        return Ring(settings.domain, number, (leg,), mailbox=self._mailbox)

    def _redirected(self, redirect: Redirect) -> bool:
        """Count one more redirection; False where there may be no more."""
        if self._redirects >= self._parties.settings.max_redirects:
            self._trace.fired(STAGE, f"The call was redirected {self._redirects} times already.")
            return False
        self._hops += 1
        _, reason = _FORWARD[redirect.condition]
        self._diversion = Diversion(followme.identity(redirect.by), reason, self._redirects)
        return True

    def _end(self, condition: Condition) -> Action:
        if isinstance(self._wanted, Team):
            return fallback.code(condition, self._trace)
        return fallback.finish(self._wanted, condition, self._trace, redirected=self._hops > 0)

    @property
    def _redirects(self) -> int:
        return self._call.redirects + self._hops

    @property
    def _mailbox(self) -> str | None:
        wanted = self._wanted
        return wanted.extension if isinstance(wanted, User) and wanted.voicemail else None

    def _redecide(self, callee: User | Team) -> Redecide:
        if self._parties.settings.redecide:
            return Redecide.ALWAYS
        busy_too = isinstance(callee, User) and callee.max_calls and callee.bob_cancel_pending
        return Redecide.BUSY if busy_too else Redecide.NEVER

    def _shown(self, own: str | None) -> str | None:
        return followme.shown_number(
            self._parties.settings,
            self._parties.number,
            own,
            anonymous=self._call.caller.anonymous,
        )
