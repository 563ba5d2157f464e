"""Performing an action on FreeSWITCH: one write, its replies, and what they mean."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gevent
from gevent.event import Event as Flag

from esl_router import variables
from esl_router.call.outcome import parse_causes, ring_outcomes
from esl_router.call.vigil import Vigil
from esl_router.call.wake import Hook, Wake, Wakeful
from esl_router.errors import Untrusted
from esl_router.esl import commands, dialstring, untrusted
from esl_router.esl.client import CallSocket, OutboundSessionHasGoneAway
from esl_router.esl.wire import Frame
from esl_router.live.state import LegTimes, Watch
from esl_router.model.actions import (
    BUSY,
    Announce,
    Asleep,
    Confirm,
    Greeting,
    Intercept,
    Leg,
    Outside,
    Reject,
    Ring,
    Voicemail,
)
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.feature import Tone
from esl_router.model.trace import Entry
from esl_router.model.trail import Trail

logger = logging.getLogger(__name__)

_BASICS = {
    # First of all: nothing that follows is expanded, whoever wrote it.
    variables.DISABLE_EXPANSION: "true",
    variables.CONTINUE_ON_FAIL: "true",
    variables.HANGUP_AFTER_BRIDGE: "true",
    variables.IGNORE_REMOTE_CAUSE: "true",
    variables.PRESERVE_ORIGINATED: "false",
}

_OF_A_RING = (variables.ROUTED, variables.MAILBOX, variables.POOL)

_STATIC = {**_BASICS, variables.ROUTED: "true"}
"""What is set before anything else is done."""

_EXECUTING = "4"  # CS_EXECUTE; a transferred leg has CS_ROUTING behind a Channel-State of before

_REDIRECTED = "REQUESTED_CHAN_UNAVAIL"
"""How a leg ends that answered with another address; see ``esl/dialstring.py``."""

_EVENT_LAG = 1.0
"""Seconds by which an event may come after the reply that it belongs to."""

_RINGBACK = "%(1000,4000,425)"
"""What a caller hears who is connected already, as after a transfer, or has early media: nobody
sends him a 180."""

_BUSY_TONE = "tone_stream://%(480,480,425);loops=5"
_CONGESTION_TONE = "tone_stream://%(240,240,425);loops=10"
"""The tones of ITU-T E.180 for somebody who is connected and cannot be put through."""

_BEFORE_GREETING = "300"
"""Milliseconds between the answer and the mailbox's greeting: the first word is lost otherwise."""

_GREETINGS: Mapping[Greeting, Mapping[str, str]] = {
    # The recording of its owner's with that number, as his mailbox's menu counts them.
    Greeting.UNAVAILABLE: {variables.GREETING_NUMBER: "1", variables.GREETING: "unavailable"},
    Greeting.BUSY: {variables.GREETING_NUMBER: "2", variables.GREETING: "busy"},
    Greeting.NONE: {variables.SKIP_GREETING: "true", variables.SKIP_INSTRUCTIONS: "true"},
}

_NO_GREETING = {variables.GREETING_NUMBER: "", variables.GREETING: ""}
"""A transferred caller may have been in another mailbox before."""

_TONES: Mapping[Tone, str] = {
    # Up, down, and three times deep: nobody mixes them up, and no language is needed.
    Tone.ON: "tone_stream://%(150,50,523);%(150,50,659);%(300,100,784)",
    Tone.OFF: "tone_stream://%(150,50,784);%(150,50,659);%(300,100,523)",
    Tone.REFUSED: "tone_stream://%(400,150,200);%(400,150,200);%(400,150,200)",
}


def new_uuid() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Rung:
    """A ring that has ended."""

    outcome: Outcome
    heard: Mapping[int, LegTimes]
    """What the event link said of each leg, by its index: of several phones registered with one
    device, what it said of the one that went furthest."""

    notes: tuple[Entry, ...] = ()
    """What became of apps that were asleep."""


def is_prepared(snapshot: Frame) -> bool:
    """Whether the dialplan has set everything that :func:`ring` needs, and nothing is left of an
    earlier action."""
    basics = all(snapshot.get(f"variable_{name}") == value for name, value in _BASICS.items())
    return basics and not any(snapshot.get(f"variable_{name}") for name in _OF_A_RING)


def ring(
    socket: CallSocket,
    action: Ring,
    switch: Wakeful,
    *,
    caller: str,
    answered: bool,
    early: bool = False,
    prepared: bool = False,
    withheld: bool = False,
    name: str = "",
    confirm_prompt: str,
    follow: Callable[[Watch], AbstractContextManager[None]],
    connected: Callable[[Leg], object] = lambda leg: None,
    hook: Hook = lambda target, call: "",
    seal: Callable[[Trail], str] | None = None,
    make_uuid: Callable[[], str] = new_uuid,
) -> Rung:
    """Ring until one leg answers or all have ended; returns when the conversation is over too.

    ``follow`` is a block around the ringing, given what is heard of its legs; ``connected`` is
    told who has the call as soon as that is heard, and must not wait; ``hook`` wakes an app.

    ``caller`` is the uuid of the caller's own leg; ``withheld``: he wants nobody to see who he is;
    ``answered``: his leg is up already; ``early``: he has heard something before the answer, and a
    180 would not reach his ear any more; ``prepared``: as :func:`is_prepared` says; ``name``: whose
    his number is, where he gave no name himself. Raises nothing for what phones, callers and trunks
    do; legs whose values may not be dialled come out as unreachable.
    """
    # The switch reads the lines of an order byte by byte, and runs its body in one go: with one
    # order less phones ring earlier.
    tell = {}
    if prepared and not action.pool:
        tell = {variables.ROUTED: "true", variables.MAILBOX: action.mailbox or ""}
    build = partial(_build, caller, withheld, confirm_prompt, make_uuid, seal, tell)
    dial, unfit = _dial(action, build)
    if dial is None:
        return Rung(Outcome(_unfit(action, {}, unfit)), {})
    orders = _introduced(name)
    if not dial.tells:
        own = {variables.MAILBOX: action.mailbox or "", variables.POOL: action.pool}
        orders.insert(0, commands.set_many({**_STATIC, **own}))
    if answered:
        orders.append(commands.execute("set", f"transfer_ringback={_RINGBACK}"))
    elif early:
        orders.append(commands.execute("set", f"ringback={_RINGBACK}"))
    elif all(isinstance(leg.target, Asleep) for leg in action.legs if not leg.delay):
        # Nobody rings yet who would tell the caller so.
        orders.append(commands.execute("ring_ready"))
    bridge = commands.execute("bridge", dial.text)
    if dial.exports:
        name = untrusted.caller_name(action.caller_name)
        export, clear = (commands.export(dial.exports, text) for text in (name, ""))
        orders += [export, bridge, clear]
    else:
        orders.append(bridge)
    orders.append(commands.connect())
    wake = Wake(action, dial, switch, hook, caller)
    with switch.watch([*dial.legs, *dial.places.values(), caller]) as watch, follow(watch):

        def heard(uuid: str) -> None:
            winner = _winner(action, dial, watch, caller) if uuid == caller else None
            if winner is not None:
                connected(action.legs[dial.legs[winner]])

        with Vigil(action, dial, wake, heard).keep(watch) as vigil, wake.keep(watch):
            gone, snapshot = _run(socket, orders)
            switch.catch_up()
            wake.over(gone=gone)
        causes = wake.causes(parse_causes(snapshot.array(f"variable_{variables.ORIGINATE_CAUSES}")))
        if not gone:
            _wait_for_ends(action, dial, causes, watch)
    if gone:
        winner = _winner(action, dial, watch, None if answered else caller)
        causes = _causes_heard(dial, watch, winner)
        # A conversation that has ended and a caller who gave up look the same on his socket.
        certain = watch.complete or winner is not None
    else:
        certain = True
    legs = ring_outcomes(action, causes, dial.legs, watch.rang, vigil.splashed)
    outcomes = dict(enumerate(legs))
    for index, details in () if gone else _details(action, dial, causes, watch):
        outcomes[index] = replace(outcomes[index], **details)
    outcome = Outcome(
        _unfit(action, outcomes, unfit),
        caller_gone=gone,
        transferred=_transferred(snapshot),
        certain=certain,
    )
    return Rung(outcome, _furthest(watch, dial), tuple(wake.notes))


def voicemail(socket: CallSocket, action: Voicemail, *, name: str = "") -> Outcome:
    """Put the caller through to a mailbox, until he hangs up or it has ended.

    ``name`` as in :func:`ring`.
    """
    # `auth`: the switch has authenticated his phone already, and asks for no PIN.
    verb = "check auth default" if action.login else "default"
    greeting = {**_NO_GREETING, **_GREETINGS.get(action.greeting, {})}
    gone, snapshot = _run(
        socket,
        [
            commands.set_many({**_STATIC, variables.MAILBOX: "", **greeting}),
            *_introduced(name),
            commands.execute("answer"),
            commands.execute("sleep", _BEFORE_GREETING),
            commands.execute("voicemail", f"{verb} {action.domain} {action.mailbox}"),
            commands.connect(),
        ],
    )
    return Outcome(caller_gone=gone, transferred=_transferred(snapshot))


def announce(socket: CallSocket, action: Announce) -> Outcome:
    """Play a sound before the answer: it costs the caller nothing (N5).

    A file that is not there is no sound, and the outcome is the same.
    """
    gone, snapshot = _run(
        socket,
        [
            commands.set_many({**_STATIC, variables.MAILBOX: action.mailbox or ""}),
            commands.execute("pre_answer"),
            commands.execute("playback", action.sound),
            commands.connect(),
        ],
    )
    return Outcome(caller_gone=gone, transferred=_transferred(snapshot))


def intercept(socket: CallSocket, action: Intercept) -> Outcome:
    """Connect the caller with somebody who talks, until one of the two hangs up."""
    gone, snapshot = _run(
        socket,
        [
            commands.set_many({**_STATIC, variables.MAILBOX: ""}),
            commands.execute("answer"),
            commands.execute("intercept", untrusted.uuid(action.uuid)),
            commands.connect(),
        ],
    )
    return Outcome(caller_gone=gone, transferred=_transferred(snapshot))


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing that a caller enters by his keys."""

    most: int
    """Keys at most. One more than there may be: the key that ends it is not left for the next."""

    tone: str
    ended_by: str = "#"
    """The key that ends it; ``none``: a pause does."""

    pause: int = 5
    """Seconds without a key that end it."""


_BEEP = "tone_stream://%(120,120,660);loops={}"

EXTENSION = Prompt(9, _BEEP.format(1))
PIN = Prompt(13, _BEEP.format(2))
CODE = Prompt(40, _BEEP.format(3), ended_by="none", pause=3)
"""A code may have the key in it that ends the others."""

_PATIENCE = 10
"""Seconds until the first key."""

_DIGITS = re.compile(r"[0-9*#]{1,40}")


def answer(socket: CallSocket) -> bool:
    """Answer the caller; False: he is gone."""
    gone, _ = _run(
        socket,
        [
            commands.set_many({**_STATIC, variables.MAILBOX: ""}),
            commands.execute("answer"),
            commands.execute("sleep", _BEFORE_GREETING),
        ],
    )
    return not gone


def ask(socket: CallSocket, prompt: Prompt) -> str | None:
    """What the caller enters, "" when he enters nothing; None: he is gone.

    Nothing of it stays on the switch: a PIN is among it.
    """
    name = variables.ENTERED
    patience, pause = _PATIENCE * 1000, prompt.pause * 1000
    words = (1, prompt.most, prompt.tone, name, patience, prompt.ended_by, pause)
    forget = (commands.execute("unset", each) for each in (name, "read_result"))
    gone, snapshot = _run(
        socket,
        [commands.execute("read", " ".join(map(str, words))), commands.connect(), *forget],
        snapshot=1,
    )
    if gone:
        return None
    found = snapshot.get(f"variable_{name}", "")
    return found if _DIGITS.fullmatch(found) else ""


def refuse(socket: CallSocket) -> None:
    """Let a caller hear that what he entered is wrong."""
    _run(socket, [commands.execute("playback", _TONES[Tone.REFUSED])])


def confirm(socket: CallSocket, action: Confirm) -> None:
    """Answer, play what tells the caller what became of his code, and end the call."""
    _run(
        socket,
        [
            commands.set_many({**_STATIC, variables.MAILBOX: ""}),
            commands.execute("answer"),
            commands.execute("sleep", _BEFORE_GREETING),
            commands.execute("playback", action.sound or _TONES[action.tone]),
            commands.hangup(),
        ],
    )


def reject(socket: CallSocket, action: Reject, *, answered: bool) -> None:
    """End the call with the action's code. Who is connected and has not had what he called for
    hears the tone that says so: he would think that he was cut off."""
    orders = [commands.set_many({variables.ROUTED: "true", variables.IGNORE_REMOTE_CAUSE: "true"})]
    if answered and not action.quiet:
        tone = _BUSY_TONE if action.code == BUSY.code else _CONGESTION_TONE
        orders += [commands.execute("playback", tone), commands.hangup("NORMAL_CLEARING")]
    else:
        orders.append(commands.hangup("NORMAL_CLEARING" if answered else action.cause))
    _run(socket, orders)


def _introduced(name: str) -> list[bytes]:
    """The caller's name in his own profile: phones, mailboxes and later calls of his show it."""
    shown = untrusted.caller_name(name)
    return [commands.set_caller_name(shown)] if shown else []


def _run(
    socket: CallSocket, orders: list[bytes], *, snapshot: int | None = None
) -> tuple[bool, Frame]:
    """Send ``orders`` in one write; whether the caller went meanwhile, and the last reply, or the
    one to the order ``snapshot``."""
    reply = Frame(b"")
    try:
        for index, each in enumerate(socket.exchange(*orders)):
            if snapshot is None or index <= snapshot:
                reply = each
    except OutboundSessionHasGoneAway:
        return True, reply
    return False, reply


def _transferred(snapshot: Frame) -> bool:
    """Whether the caller's leg is on its way to another extension of the dialplan.

    A transfer ends the application that runs, and the rest of our orders is still answered. The
    leg is not ours any more: a hangup now would end the call that somebody has just saved.
    """
    return snapshot.get(variables.CHANNEL_STATE, _EXECUTING) != _EXECUTING


def _build(
    caller: str,
    withheld: bool,
    confirm_prompt: str,
    make_uuid: Callable[[], str],
    seal: Callable[[Trail], str] | None,
    tell: Mapping[str, str],
    action: Ring,
) -> dialstring.Dial:
    try:
        known: str | None = untrusted.uuid(caller)
    except Untrusted:
        known = None  # the caller's own Call-ID: the switch may be told to take that
    return dialstring.build(
        action,
        make_uuid,
        confirm_prompt=confirm_prompt,
        caller=known,
        withheld=withheld,
        seal=seal,
        tell=tell,
    )


def _dial(
    action: Ring, build: Callable[[Ring], dialstring.Dial]
) -> tuple[dialstring.Dial | None, frozenset[int]]:
    """The dial string of all legs that may be dialled, and the indexes of the others."""
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


def _tells(leg: Leg, cause: str | None) -> bool:
    """Whether the event of its end says more than its cause: where to a phone has sent the call, or
    with which code the trunk refuses one without a number (see ``esl/dialstring.py``)."""
    if isinstance(leg.target, Outside):
        return leg.target.caller_number is None and cause is not None
    return leg.redirect and cause == _REDIRECTED


def _wait_for_ends(
    action: Ring, dial: dialstring.Dial, causes: Mapping[str, str], watch: Watch
) -> None:
    """The reply to ``bridge`` may overtake the events of those: they are waited for, a moment."""
    telling = [
        name
        for name, index in dial.legs.items()
        if causes.get(name) != "NONE" and _tells(action.legs[index], causes.get(name))
    ]
    heard = Flag()
    watch.attend()
    watch.on_end = lambda uuid, cause: heard.set()
    with gevent.Timeout(_EVENT_LAG, False):
        while watch.complete and any(watch.legs[name].ended is None for name in telling):
            heard.wait()
            heard.clear()


def _details(
    action: Ring, dial: dialstring.Dial, causes: Mapping[str, str], watch: Watch
) -> Iterator[tuple[int, dict[str, Any]]]:
    """By a leg's index: where to it sends the call, or why the trunk refuses it."""
    for name, index in dial.legs.items():
        leg, heard = action.legs[index], watch.legs[name]
        if not _tells(leg, causes.get(name)):
            continue
        if isinstance(leg.target, Outside):
            yield index, {"refusal": heard.refusal}
        elif number := untrusted.number(heard.redirect):
            yield index, {"redirect": number}


def _winner(action: Ring, dial: dialstring.Dial, watch: Watch, caller: str | None) -> str | None:
    """The leg that was connected with the caller, by what the event link said.

    Whoever has to press 1 has answered before that: only the caller's own leg (where it was not
    up already) says that somebody was connected at all.
    """
    if caller is not None and watch.complete and watch.legs[caller].answered is None:
        return None
    answered = [
        name
        for name in dial.legs
        if watch.legs[name].answered is not None and watch.legs[name].cause != "LOSE_RACE"
    ]
    return min(answered, key=lambda name: action.legs[dial.legs[name]].confirm, default=None)


def _causes_heard(dial: dialstring.Dial, watch: Watch, winner: str | None) -> dict[str, str]:
    """The legs' causes where the caller's leg is gone, and no snapshot can be had."""
    others = "ORIGINATOR_CANCEL" if winner is None else "LOSE_RACE"
    return {
        name: "NONE" if name == winner else watch.legs[name].cause or others for name in dial.legs
    }


def _furthest(watch: Watch, dial: dialstring.Dial) -> dict[int, LegTimes]:
    def progress(times: LegTimes) -> int:
        return 2 * (times.answered is not None) + (times.ringing is not None)

    heard: dict[int, LegTimes] = {}
    for name, index in dial.legs.items():
        times = watch.legs[name]
        if index not in heard or progress(times) > progress(heard[index]):
            heard[index] = times
    return heard
