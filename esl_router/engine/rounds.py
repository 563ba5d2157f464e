"""What has become of a team's call so far: round after round of its members (L1, L7)."""

from __future__ import annotations

from collections.abc import Sequence

from esl_router.engine import trunk
from esl_router.engine.aggregate import aggregate
from esl_router.engine.fallback import CONDITION, Condition
from esl_router.model.actions import Ring
from esl_router.model.call import Attempt, Call, LegOutcome, LegResult, Outcome
from esl_router.model.team import Team

MOMENT = 0.5
"""Seconds in which no phone rings its time."""

_REFUSED = {LegResult.BUSY, LegResult.REDIRECTED}
_NOT_REACHED = {LegResult.UNREACHABLE, LegResult.UNREGISTERED}


def of(team: Team, call: Call) -> tuple[Attempt, ...]:
    """The rings of the team, those that were cut off among them."""
    return tuple(
        attempt
        for attempt in call.attempts
        if isinstance(attempt.action, Ring) and attempt.action.callee == team.extension
    )


def amount_to(rounds: Sequence[Attempt]) -> Condition | None:
    """What all rounds together amount to; None: nothing has come of any phone yet."""
    counts = {LegResult.NO_ANSWER, LegResult.DECLINED} | _REFUSED | _NOT_REACHED
    legs = tuple(leg for each in rounds for leg in each.outcome.legs if leg.result in counts)
    return CONDITION[aggregate(Outcome(legs), of_team=True)] if legs else None


def out(rounds: Sequence[Attempt]) -> dict[str, str]:
    """The members who are not rung for this call any more, and why, in words.

    Nobody is rung again who refused on every phone that rang, nor anybody whose phones ended at
    once when nobody else's rang: round would follow round in a moment. A number that the trunk has
    refused only because it was not told who calls is tried once more (X73).
    """
    out: dict[str, str] = {}
    untold = trunk.untold(rounds)
    for attempt in rounds:
        ends: dict[str, list[LegOutcome]] = {}
        for leg in attempt.outcome.legs:
            ends.setdefault(leg.leg.owner, []).append(leg)
        in_vain = not attempt.cut_off and not any(
            _rang_its_time(leg, attempt) for leg in attempt.outcome.legs
        )
        for member, legs in ends.items():
            results = {leg.result for leg in legs}
            if LegResult.DECLINED in results:
                out[member] = "he has declined this call"
            elif any(leg in untold for leg in legs):
                continue
            elif results & _REFUSED and results <= _REFUSED | _NOT_REACHED | {LegResult.ELSEWHERE}:
                out[member] = "he has refused this call"
            elif in_vain:
                out.setdefault(member, "none of his phones could be rung for this call")
    return out


def turn_over(rounds: Sequence[Attempt]) -> frozenset[str]:
    """The members who have rung their time in a round that has not come to its end: it was cut off
    to decide the call anew."""
    over: set[str] = set()
    for attempt in rounds:
        if not attempt.cut_off:
            over.clear()
            continue
        ends: dict[str, set[LegResult]] = {}
        for leg in attempt.outcome.legs:
            ends.setdefault(leg.leg.owner, set()).add(leg.result)
        over |= {
            member
            for member, results in ends.items()
            if LegResult.NO_ANSWER in results and LegResult.CANCELLED not in results
        }
    return frozenset(over)


def _rang_its_time(leg: LegOutcome, attempt: Attempt) -> bool:
    # A network outside may say at once that nobody answers.
    lasted = max(leg.leg.ring - 1, MOMENT)
    return leg.result is LegResult.NO_ANSWER and attempt.outcome.lasted >= lasted
