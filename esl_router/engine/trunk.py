"""What a leg through the trunk shows of the caller (I6, X73)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from esl_router.engine.situation import Situation
from esl_router.model.actions import Leg, Outside, Ring
from esl_router.model.call import Attempt, Call, LegOutcome

STAGE = "trunk"

_ANONYMITY = frozenset({403, 433})
"""Forbidden, and Anonymity Disallowed (RFC 5079): with these a carrier refuses a call that does not
say who pays for it. No person does: he would be asked before."""


def target(number: str, own: str | None, situation: Situation, *, named: bool = False) -> Outside:
    """A number outside as the target of a leg.

    ``own`` is the direct number of the user on whose behalf the call leaves. A caller who withholds
    his number is anonymous there. Only where the trunk has refused this call because of that, the
    carrier is told ``own``, and that nobody is to see it: never the caller's.
    """
    settings = situation.settings
    shown = _shown(situation, own)
    private = shown is None and any(
        _is_to(number, each) and _refused(each) for each in _ended(situation.call)
    )
    if private:
        shown = _ours(situation, own)
    return Outside(number, settings.trunk, shown, named, private=private and shown is not None)


def again(attempt: Attempt, own: str | None, situation: Situation) -> tuple[Leg, ...]:
    """The legs of a ring that the trunk has refused because they are anonymous, as they may be
    tried once more; empty: none of them."""
    legs = []
    for each in attempt.outcome.legs:
        dialled = each.leg.target
        if not isinstance(dialled, Outside) or not _refused(each):
            continue
        told = target(dialled.number, own, situation, named=dialled.named)
        if not told.private:
            situation.trace.passed(STAGE, f"{_words(each)}, and there is none to tell it.")
            continue
        text = f"{_words(each)}: it is told {told.caller_number}, to be shown to nobody."
        situation.trace.fired(STAGE, text)
        legs.append(replace(each.leg, target=told))
    return tuple(legs)


def untold(attempts: Iterable[Attempt]) -> tuple[LegOutcome, ...]:
    """Among several rings of more than one person: the legs that the trunk has refused because they
    are anonymous, and that the next ring may try once more. Nobody's turn is over by that."""
    every = [each for attempt in attempts for each in attempt.outcome.legs]
    tried = Counter(
        each.leg.target.number
        for each in every
        if isinstance(each.leg.target, Outside) and (_refused(each) or each.leg.target.private)
    )
    return tuple(
        each
        for each in every
        if _refused(each)
        and isinstance(each.leg.target, Outside)
        and tried[each.leg.target.number] == 1
    )


def whole(attempts: Iterable[Attempt]) -> dict[str, Attempt]:
    """The last ring of each extension or number outside; of one whose refused legs were tried once
    more both parts as one."""
    rings: dict[str, Attempt] = {}
    for attempt in attempts:
        if not isinstance(attempt.action, Ring) or attempt.action.to_assistants or attempt.cut_off:
            continue
        callee = attempt.action.callee
        before = rings.get(callee)
        if before is not None and _is_rest(before, attempt):
            done = tuple(each for each in before.outcome.legs if not _refused(each))
            outcome = replace(attempt.outcome, legs=(*done, *attempt.outcome.legs))
            attempt = replace(before, outcome=outcome)
        rings[callee] = attempt
    return rings


def _words(outcome: LegOutcome) -> str:
    return f"The trunk refused {outcome.leg.device} without a number ({outcome.refusal})"


def _is_rest(before: Attempt, attempt: Attempt) -> bool:
    """Whether ``attempt`` is no ring of its own, but the refused legs of ``before``."""
    if isinstance(before.action, Ring) and before.action.alert_first:
        return False
    refused = {each.leg.device for each in before.outcome.legs if _refused(each)}
    tried = attempt.outcome.legs
    return bool(tried) and all(_is_private(e) and e.leg.device in refused for e in tried)


def _refused(outcome: LegOutcome) -> bool:
    dialled = outcome.leg.target
    anonymous = isinstance(dialled, Outside) and dialled.caller_number is None
    return anonymous and outcome.refusal in _ANONYMITY


def _is_private(outcome: LegOutcome) -> bool:
    return isinstance(outcome.leg.target, Outside) and outcome.leg.target.private


def _is_to(number: str, outcome: LegOutcome) -> bool:
    return isinstance(outcome.leg.target, Outside) and outcome.leg.target.number == number


def _ended(call: Call) -> Iterable[LegOutcome]:
    for attempt in call.attempts:
        yield from attempt.outcome.legs


def _shown(situation: Situation, own: str | None) -> str | None:
    """The caller's number there; None withholds it. Where the caller is to be shown, a colleague is
    by his direct number; who has none by that of the user on whose behalf the call leaves."""
    settings, number, parties = situation.settings, situation.number, situation.parties
    if situation.call.caller.anonymous:
        return None
    if settings.caller_id_out != "caller":
        return _ours(situation, own)
    if number.startswith("+"):
        return number
    extension = None if parties.on_behalf else parties.caller
    colleague = situation.rules.user(settings.domain, extension) if extension else None
    return colleague.numbers[0] if colleague and colleague.numbers else own


def _ours(situation: Situation, own: str | None) -> str | None:
    """The number that leaves in the place of the caller's."""
    mode = situation.settings.caller_id_out
    return mode.removeprefix("fixed:") if mode.startswith("fixed:") else own
