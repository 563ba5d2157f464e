"""How far a call has come on its way through the rules, during one decision."""

from __future__ import annotations

from dataclasses import dataclass

from esl_router.engine import fallback, trunk
from esl_router.engine.aggregate import aggregate
from esl_router.engine.fallback import Condition
from esl_router.engine.situation import Redirection, Situation
from esl_router.model.actions import Action, Announce, Diversion, Reject, Ring
from esl_router.model.call import Attempt, LegResult, RingResult
from esl_router.model.executive import Executive
from esl_router.model.people import Redecide, User
from esl_router.model.presence import Target
from esl_router.model.team import Team, Turn


@dataclass(frozen=True, slots=True)
class Redirect:
    """The call goes from one user or team to a target."""

    by: User | Team
    target: Target
    condition: Condition


MAX_CUT_OFF = 16
"""How often one call is decided anew while it rings: a phone that comes and goes would make others
ring without end."""

Step = Action | Redirect
"""What a user or a team makes of a call."""


class Way:
    """Nothing of it is remembered between two decisions but the attempts that the call carries."""

    def __init__(self, situation: Situation, wanted: User | Team | None = None) -> None:
        self.situation = situation
        self.wanted = wanted
        """Whom the caller gets the mailbox of when nobody has the call."""

        self.visited = _before(situation)
        """The extensions where the call has been, before it came back to us too."""

        self.hops = 0
        """How often it was redirected by us."""

        self.ring_limit: int | None = None
        """Seconds that whoever gets the call by a forward is rung at most (D11); None: his own
        rules say how long."""

        self.diversion: Diversion | None = None
        self.forwarder: str | None = None
        """The extension of who redirected it last, by our own rules; None: nobody did."""

        self.behind: tuple[Executive, User] | None = None
        """Whose pool the call has left for whoever gets it now; None: nobody's, or it is there."""

        self.straight = False
        """Whether nothing comes before a status or a forward sends the call away."""

        self.left: list[Condition] = []
        """Why those whom the call came to did not have it, in their order."""

        self.by_clock = False
        """Whether it was the hour that sent the call away from the first of them."""

        self.effects: tuple[Turn, ...] = ()
        """What the store is to remember when the action is performed."""

        self._rung = trunk.whole(situation.call.attempts)

    @property
    def redirection(self) -> Redirection:
        return Redirection(self.situation.call.redirects + self.hops, self.diversion)

    @property
    def mailbox(self) -> str | None:
        """The box that takes the call when the router is gone."""
        wanted = self.wanted
        return wanted.extension if isinstance(wanted, User) and wanted.voicemail else None

    def attempt(self, callee: str) -> Attempt | None:
        """The last ring of an extension, or of a number outside, that came to its end."""
        return self._rung.get(callee)

    def cut_off(self, callee: str) -> tuple[Attempt, ...]:
        """The rings of an extension that were ended to decide the call anew."""
        return tuple(
            attempt
            for attempt in self.situation.call.attempts
            if attempt.cut_off
            and isinstance(attempt.action, Ring)
            and attempt.action.callee == callee
            and not attempt.action.to_assistants
        )

    def rung(self, callee: str) -> int:
        """Seconds that an extension or a number has been rung in this call, those included after
        which it was decided anew."""
        return sum(
            round(attempt.outcome.lasted) if attempt.cut_off else attempt.action.length
            for attempt in self.situation.call.attempts
            if isinstance(attempt.action, Ring)
            and attempt.action.callee == callee
            and not (attempt.action.to_assistants or attempt.action.alert_first)
        )

    def announced(self, callee: str) -> bool:
        """Whether the caller has heard what ``callee`` has announced before forwards."""
        return any(
            isinstance(attempt.action, Announce) and attempt.action.before_forward == callee
            for attempt in self.situation.call.attempts
        )

    def result(self, attempt: Attempt, *, of_team: bool = False) -> RingResult | None:
        """What a ring amounts to; None: the call was answered or the caller is gone."""
        trace = self.situation.trace
        result = aggregate(attempt.outcome, of_team=of_team)
        for leg in attempt.outcome.legs:
            if leg.result is not LegResult.ELSEWHERE:
                words = leg.result.value.replace("_", " ")
                trace.passed("ring", f"{leg.leg.device}: {words}.")
        if result in (RingResult.ANSWERED, RingResult.CANCELLED):
            trace.fired("ring", f"The call was {result.value}.")
            return None
        return result

    def ring_time(self, own: int | None) -> int | None:
        """Seconds that somebody is rung who by his own rules is rung for ``own``; None: no end."""
        return min((each for each in (own, self.ring_limit) if each is not None), default=None)

    def rang_out(self, callee: User | Team, seconds: int) -> bool:
        """Whether ``callee`` has been rung as long as the forward that led to him lets him."""
        if self.ring_limit is None or seconds < self.ring_limit:
            return False
        text = f"{callee.extension} was rung for the {self.ring_limit} s of the forward to him."
        self.situation.trace.fired("forwarding", text)
        return True

    def redecide(self, *ringing: User) -> Redecide:
        """Which changes are to reach a ring, whose phones are those of ``ringing``."""
        call = self.situation.call
        if sum(attempt.cut_off for attempt in call.attempts) >= MAX_CUT_OFF:
            return Redecide.NEVER
        if self.situation.settings.redecide:
            return Redecide.ALWAYS
        busy_too = any(user.max_calls and user.bob_cancel_pending for user in ringing)
        return Redecide.BUSY if busy_too else Redecide.NEVER

    def end(self, condition: Condition) -> Action:
        """Nobody has the call: the mailbox of whom the caller wanted, or an explicit code."""
        self.left.append(condition)
        trace = self.situation.trace
        if not isinstance(self.wanted, User):
            return self.code(condition)
        return fallback.finish(self.wanted, condition, trace, redirected=self.hops > 0)

    def code(self, condition: Condition) -> Reject:
        return fallback.code(condition, self.situation.trace)


def _before(situation: Situation) -> set[str]:
    trail, domain = situation.call.trail, f"@{situation.settings.domain}"
    visited = trail.visited if trail else ()
    return {each.removesuffix(domain) for each in visited if each.endswith(domain)}
