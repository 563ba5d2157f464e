"""FreeSWITCH's hangup causes as outcomes of legs: a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from esl_router.model.actions import Leg, Outside, Ring
from esl_router.model.call import LegOutcome, LegResult
from esl_router.model.people import DeclineScope

_R = LegResult

# What a phone of ours means by its cause. FreeSWITCH folds SIP codes into causes: 486 and 600 are
# USER_BUSY; 403, 603 and 607 are CALL_REJECTED; 480 is NO_USER_RESPONSE; 408 and 504 are
# RECOVERY_ON_TIMER_EXPIRE; 483 is EXCHANGE_ROUTING_ERROR. Whatever is not here never rang for a
# reason of its own.
_PHONE: Mapping[str, LegResult] = {
    "NONE": _R.ANSWERED,
    "SUCCESS": _R.ANSWERED,
    "NORMAL_CLEARING": _R.ANSWERED,
    "USER_BUSY": _R.BUSY,
    "NO_USER_RESPONSE": _R.BUSY,
    "CALL_REJECTED": _R.DECLINED,
    "REQUESTED_CHAN_UNAVAIL": _R.REDIRECTED,
    "ALLOTTED_TIMEOUT": _R.NO_ANSWER,
    "NO_ANSWER": _R.NO_ANSWER,
    "PROGRESS_TIMEOUT": _R.NO_ANSWER,
    "LOSE_RACE": _R.ELSEWHERE,
    "PICKED_OFF": _R.ELSEWHERE,
    "ORIGINATOR_CANCEL": _R.CANCELLED,
    "EXCHANGE_ROUTING_ERROR": _R.LOOP,
    "USER_NOT_REGISTERED": _R.UNREGISTERED,
    "SUBSCRIBER_ABSENT": _R.UNREGISTERED,
}

# A trunk rejects for reasons of its own (credit, codec, screening) with the codes that a phone
# sends when somebody presses a key, so its rejection is never the callee's.
_TRUNK: Mapping[str, LegResult] = {
    **_PHONE,
    "CALL_REJECTED": _R.UNREACHABLE,
    "NO_USER_RESPONSE": _R.UNREACHABLE,
    "REQUESTED_CHAN_UNAVAIL": _R.UNREACHABLE,
}

# How far a refusal by hand reaches (P4): what the table above says, as the user's scope reads it.
_SCOPE: Mapping[DeclineScope, Mapping[LegResult, LegResult]] = {
    DeclineScope.AUTO: {},
    DeclineScope.DEVICE: {_R.DECLINED: _R.BUSY},
    DeclineScope.USER: {_R.BUSY: _R.DECLINED},
}

# Of several phones registered with one device, the first of these counts for the device.
_STRONGEST = (
    _R.ANSWERED,
    _R.DECLINED,
    _R.CANCELLED,
    _R.NO_ANSWER,
    _R.REDIRECTED,
    _R.BUSY,
    _R.ELSEWHERE,
    _R.LOOP,
    _R.UNREACHABLE,
    _R.UNREGISTERED,
)


def leg_result(cause: str, leg: Leg, ring: Ring, *, rang: bool | None = None) -> LegResult:
    """What ``cause`` means for ``leg``.

    ``rang``: whether the phone was heard to ring; None when nobody knows. A leg that timed out
    without having rung was never reached: a phone that is switched off answers nothing.
    """
    outside = isinstance(leg.target, Outside)
    result = (_TRUNK if outside else _PHONE).get(cause, _R.UNREACHABLE)
    if result is _R.NO_ANSWER and rang is False:
        return _R.UNREACHABLE
    return result if outside else _SCOPE[leg.decline or ring.decline].get(result, result)


def ring_outcomes(
    ring: Ring,
    causes: Mapping[str, str],
    legs: Mapping[str, int],
    rang: Callable[[str], bool | None],
    splashed: Collection[str] = (),
) -> tuple[LegOutcome, ...]:
    """One outcome for each leg of ``ring``, in its order.

    ``causes`` maps the uuids of channels to their hangup causes; ``legs`` maps each uuid we gave
    to the index of its leg; ``rang`` tells of a uuid whether it rang; ``splashed`` are those that
    the router ended because a moment was all they were to ring: these have rung their time. A leg
    without any channel was not registered.
    """
    ended: list[list[tuple[LegResult, str]]] = [[] for _ in ring.legs]
    for uuid, index in legs.items():
        if uuid in causes:
            leg = ring.legs[index]
            result = leg_result(causes[uuid], leg, ring, rang=rang(uuid))
            if result is _R.ELSEWHERE and uuid in splashed:
                result = _R.NO_ANSWER
            ended[index].append((result, causes[uuid]))
    outcomes = tuple(
        LegOutcome(leg, *_strongest(ends)) for leg, ends in zip(ring.legs, ended, strict=True)
    )
    declined = {outcome.leg.owner for outcome in outcomes if outcome.result is _R.DECLINED}
    return tuple(_cut_off(outcome, declined) for outcome in outcomes)


def _cut_off(outcome: LegOutcome, declined: set[str]) -> LegOutcome:
    # A leg that rang its time has ALLOTTED_TIMEOUT: this one the decline of another has ended.
    if outcome.cause == "NO_ANSWER" and outcome.leg.owner in declined:
        return replace(outcome, result=_R.ELSEWHERE)
    return outcome


def _strongest(ends: list[tuple[LegResult, str]]) -> tuple[LegResult, str]:
    return min(ends, key=lambda end: _STRONGEST.index(end[0]), default=(_R.UNREGISTERED, ""))


def parse_causes(elements: Iterable[str]) -> dict[str, str]:
    """The elements ``uuid;CAUSE`` of ``originate_causes`` as a mapping."""
    causes: dict[str, str] = {}
    for element in elements:
        uuid, separator, cause = element.partition(";")
        if separator:
            causes[uuid] = cause
    return causes
