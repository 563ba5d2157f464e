"""Performing an action on FreeSWITCH: one write, its replies, and what they mean."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from esl_router import variables
from esl_router.call.outcome import parse_causes, ring_outcomes
from esl_router.errors import Untrusted
from esl_router.esl import commands, dialstring
from esl_router.esl.client import CallSocket, OutboundSessionHasGoneAway
from esl_router.esl.wire import Frame
from esl_router.live.state import LegTimes, Watch
from esl_router.model.actions import Outside, Reject, Ring, Voicemail
from esl_router.model.call import LegOutcome, LegResult, Outcome

logger = logging.getLogger(__name__)

_STATIC = {
    # First of all: nothing that follows is expanded, whoever wrote it.
    variables.DISABLE_EXPANSION: "true",
    variables.CONTINUE_ON_FAIL: "true",
    variables.HANGUP_AFTER_BRIDGE: "true",
    variables.IGNORE_REMOTE_CAUSE: "true",
    variables.PRESERVE_ORIGINATED: "false",
    variables.ROUTED: "true",
}

_RINGBACK = "%(1000,4000,425)"
"""What a caller hears who is connected already, as after a transfer: nobody sends him a 180."""

_BEFORE_GREETING = "300"
"""Milliseconds between the answer and the mailbox's greeting: the first word is lost otherwise."""


class Switch(Protocol):
    """What performing an action needs of the live state of the call's switch."""

    def watch(self, uuids: Iterable[str]) -> Watch: ...

    def kill(self, uuids: Iterable[str]) -> None:
        """End ringing legs; the losers' phones are told that the call was completed elsewhere."""
        ...


def new_uuid() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Rung:
    """A ring that has ended."""

    outcome: Outcome
    heard: Mapping[int, LegTimes]
    """What the event link said of each leg, by its index: of several phones registered with one
    device, what it said of the one that went furthest."""


def ring(
    socket: CallSocket,
    action: Ring,
    switch: Switch,
    *,
    answered: bool,
    confirm_prompt: str,
    make_uuid: Callable[[], str] = new_uuid,
) -> Rung:
    """Ring until one leg answers or all have ended; returns when the conversation is over too.

    ``answered``: the caller's own leg is up already. Raises nothing for what phones, callers and
    trunks do; legs whose values may not be dialled come out as unreachable.
    """
    dial, unfit = _dial(action, confirm_prompt, make_uuid)
    if dial is None:
        return Rung(Outcome(_unfit(action, {}, unfit)), {})
    orders = [commands.set_many({**_STATIC, variables.MAILBOX: action.mailbox or ""})]
    if answered:
        orders.append(commands.execute("set", f"transfer_ringback={_RINGBACK}"))
    orders += [commands.execute("bridge", dial.text), commands.connect()]
    with switch.watch(dial.legs) as watch:
        if dial.rejects and not dial.enforced:
            watch.on_end = _Rejection(action, dial, switch)
        gone, snapshot = _run(socket, orders)
    if gone:
        causes = _causes_heard(watch)
    else:
        causes = parse_causes(snapshot.array(f"variable_{variables.ORIGINATE_CAUSES}"))
    legs = ring_outcomes(action, causes, dial.legs, watch.rang)
    # A conversation that has ended and a caller who gave up look the same on his socket.
    certain = not gone or watch.complete or "NONE" in causes.values()
    outcome = Outcome(_unfit(action, dict(enumerate(legs)), unfit), gone, certain)
    return Rung(outcome, _furthest(watch, dial))


def voicemail(socket: CallSocket, action: Voicemail) -> Outcome:
    """Put the caller through to a mailbox, until he hangs up or it has ended."""
    verb = "check" if action.login else "default"
    gone, _ = _run(
        socket,
        [
            commands.set_many({**_STATIC, variables.MAILBOX: ""}),
            commands.execute("answer"),
            commands.execute("sleep", _BEFORE_GREETING),
            commands.execute("voicemail", f"{verb} {action.domain} {action.mailbox}"),
        ],
    )
    return Outcome(caller_gone=gone)


def reject(socket: CallSocket, action: Reject, *, answered: bool) -> None:
    """End the call with the action's code; a caller who is connected already just hears it end."""
    cause = "NORMAL_CLEARING" if answered else action.cause
    _run(
        socket,
        [
            commands.set_many({variables.ROUTED: "true", variables.IGNORE_REMOTE_CAUSE: "true"}),
            commands.hangup(cause),
        ],
    )


def _run(socket: CallSocket, orders: list[bytes]) -> tuple[bool, Frame]:
    """Send ``orders`` in one write; whether the caller went meanwhile, and the last reply."""
    reply = Frame(b"")
    try:
        for each in socket.exchange(*orders):
            reply = each
    except OutboundSessionHasGoneAway:
        return True, reply
    return False, reply


def _dial(
    action: Ring, confirm_prompt: str, make_uuid: Callable[[], str]
) -> tuple[dialstring.Dial | None, frozenset[int]]:
    """The dial string of all legs that may be dialled, and the indexes of the others."""

    def build(legs: Ring) -> dialstring.Dial:
        return dialstring.build(legs, make_uuid, confirm_prompt=confirm_prompt)

    try:
        return build(action), frozenset()
    except Untrusted:
        pass
    fit: list[int] = []
    for index, leg in enumerate(action.legs):
        try:
            build(replace(action, legs=(leg,)))
        except Untrusted as error:
            logger.error("%s is not rung: %s", leg.device, error)
        else:
            fit.append(index)
    unfit = frozenset(range(len(action.legs))) - set(fit)
    if not fit:
        return None, unfit
    dial = build(replace(action, legs=tuple(action.legs[index] for index in fit)))
    legs = {name: fit[index] for name, index in dial.legs.items()}
    return replace(dial, legs=legs), unfit


def _unfit(
    action: Ring, outcomes: Mapping[int, LegOutcome], unfit: frozenset[int]
) -> tuple[LegOutcome, ...]:
    return tuple(
        LegOutcome(leg, LegResult.UNREACHABLE, "INVALID")
        if index in unfit or index not in outcomes
        else outcomes[index]
        for index, leg in enumerate(action.legs)
    )


def _causes_heard(watch: Watch) -> dict[str, str]:
    """The legs' causes where the caller's leg is gone, and no snapshot can be had."""
    return {
        name: "NONE" if times.answered is not None else times.cause or "ORIGINATOR_CANCEL"
        for name, times in watch.legs.items()
    }


def _furthest(watch: Watch, dial: dialstring.Dial) -> dict[int, LegTimes]:
    def progress(times: LegTimes) -> int:
        return 2 * (times.answered is not None) + (times.ringing is not None)

    heard: dict[int, LegTimes] = {}
    for name, times in watch.legs.items():
        index = dial.legs[name]
        if index not in heard or progress(times) > progress(heard[index]):
            heard[index] = times
    return heard


@dataclass(frozen=True, slots=True)
class _Rejection:
    """Ends a ring when one of the user's own phones refuses it for all of them.

    With a leg through the trunk among them the switch cannot do it (see ``esl/dialstring.py``);
    the event link tells us, within some 20 ms, and we end the other legs.
    """

    action: Ring
    dial: dialstring.Dial
    switch: Switch

    def __call__(self, uuid: str, cause: str) -> None:
        leg = self.action.legs[self.dial.legs[uuid]]
        if cause in self.dial.rejects and not isinstance(leg.target, Outside):
            self.switch.kill([other for other in self.dial.legs if other != uuid])
