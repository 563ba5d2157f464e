"""Whether a call may go where somebody sends it (D10, O7)."""

from __future__ import annotations

from dataclasses import dataclass

from esl_router.engine.fallback import Condition
from esl_router.engine.situation import Situation
from esl_router.engine.way import Redirect, Way
from esl_router.model.people import Origin, User
from esl_router.model.presence import TargetKind
from esl_router.model.team import Team


@dataclass(frozen=True, slots=True)
class Barred:
    """Why a call does not go there, in a sentence, and as what it counts."""

    why: str
    condition: Condition


def extension(redirect: Redirect, way: Way) -> str:
    """The extension to which it leads, by itself or by a direct number of ours; empty: to none."""
    target = redirect.target
    if target.kind is TargetKind.EXTENSION:
        return target.value
    if target.kind is not TargetKind.EXTERNAL:
        return ""
    owner = way.situation.rules.owner_of(target.value)
    return owner[1] if owner is not None and owner[0] == redirect.by.domain else ""


def somebody(redirect: Redirect, extension: str, way: Way) -> User | Team | None:
    rules, domain = way.situation.rules, redirect.by.domain
    return rules.user(domain, extension) or rules.team(domain, extension)


def barred(redirect: Redirect, way: Way) -> Barred | None:
    """Why the call does not go on to a person, a team or a number outside; None: it may."""
    situation, target, because = way.situation, redirect.target, redirect.condition
    if inside := extension(redirect, way):
        if somebody(redirect, inside, way) is None:
            return Barred(f"{inside} is nobody: the forward leads nowhere.", because)
        if inside in way.visited:
            return Barred(f"The call has been at {inside} already.", Condition.LOOP)
        if inside == situation.parties.caller:
            return Barred(f"{inside} is the caller himself.", because)
    elif target.kind is TargetKind.EXTERNAL:
        if target.value == situation.number or target.value in _phones_outside(situation):
            return Barred(f"{target.value} is the caller himself.", because)
        if not situation.settings.toll.permits(target.value):
            return Barred(f"The toll policy forbids {target.value}.", because)
    else:
        return None
    count = way.redirection.count
    if count >= situation.settings.max_redirects:
        return Barred(f"The call was redirected {count} times already.", Condition.LIMIT)
    return None


def _phones_outside(situation: Situation) -> set[str | None]:
    """The numbers outside that are a calling user's own."""
    caller, domain = situation.parties.caller, situation.settings.domain
    if caller is None:
        return set()
    rows = situation.rules.follow_me(domain, caller, Origin.INTERNAL)
    return {row.device.number for row in rows}
