"""Deciding a call anew while it rings, where a setting asks for it (live changes).

The call's own socket is silent until the ringing ends. So it is ended from outside: the event
link transfers the caller to the number he dialled, FreeSWITCH comes back with him as a new call,
and that one is decided by what holds now. He hears the ringing tone all the while. What was tried
before is kept until he is back: who has declined is not rung again, and his wait goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import gevent
from gevent.event import AsyncResult

from esl_router.call.vigil import Switch
from esl_router.engine.redecide import concerns
from esl_router.esl import untrusted
from esl_router.live.state import Watch
from esl_router.model.actions import Ring
from esl_router.model.call import Call
from esl_router.model.people import Redecide
from esl_router.model.trace import Decision

logger = logging.getLogger(__name__)

EVERY = 0.5
"""Seconds between two looks at the calls that ring."""


KEPT = 10.0
"""Seconds within which a caller who was sent through again is back, or is not the same call."""

HANDED_OVER = 1.0
"""Seconds within which what became of the ring is known when he is back."""

_Where = tuple[str | None, str]
"""The switch's core uuid, and the caller's leg there."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ringing:
    call: Call
    decision: Decision
    core_uuid: str | None
    watch: Watch
    switch: Switch
    decide: Callable[[], Decision]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A caller who is on his way through the dialplan again."""

    number: str
    context: str
    at: float
    call: AsyncResult = field(default_factory=AsyncResult)
    """The call with the ring that was cut off."""


class Redecider:
    """Looks at the ringing calls that ask for it. While there are none it costs nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent: dict[_Where, _Sent] = {}
        self._ringing: set[_Ringing] = set()
        self._greenlet: gevent.Greenlet | None = None

    @contextmanager
    def follow(
        self,
        call: Call,
        decision: Decision,
        core_uuid: str | None,
        watch: Watch,
        switch: Switch,
        decide: Callable[[], Decision],
    ) -> Iterator[None]:
        """Look at this call while the block runs. ``decision`` made it ring, on the switch
        ``core_uuid``; ``decide`` decides it by what holds then."""
        if not isinstance(decision.action, Ring) or decision.action.redecide is Redecide.NEVER:
            yield
            return
        ringing = _Ringing(call, decision, core_uuid, watch, switch, decide)
        self._ringing.add(ringing)
        if self._greenlet is None or self._greenlet.dead:
            self._greenlet = gevent.spawn(self._look)
        try:
            yield
        finally:
            self._ringing.discard(ringing)

    def keep(self, call: Call, core_uuid: str | None) -> None:
        """Keep a call whose leg was transferred while it rang, if it was by us."""
        sent = self._sent.get((core_uuid, call.uuid))
        if sent is not None:
            sent.call.set(call)

    def resumed(self, call: Call, core_uuid: str | None) -> Call:
        """The call as it was when we sent this leg through again; ``call`` where we did not."""
        sent = self._sent.pop((core_uuid, call.uuid), None)
        if sent is None or self._clock() > sent.at + KEPT:
            return call
        if (call.dialled, call.context) != (sent.number, sent.context):
            return call  # somebody else has sent it elsewhere since
        try:
            kept: Call = sent.call.get(timeout=HANDED_OVER)
        except gevent.Timeout:
            return call
        return kept

    def _look(self) -> None:
        while self._ringing:
            gevent.sleep(EVERY)
            for ringing in tuple(self._ringing):
                ringing.switch.catch_up()
                if ringing in self._ringing and not self._connected(ringing):
                    self._consider(ringing)

    @staticmethod
    def _connected(ringing: _Ringing) -> bool:
        # A mailbox that is asked to press 1 answers too, and is hung up: nobody was connected. The
        # caller's own leg is up already after a transfer.
        call, legs = ringing.call, ringing.watch.legs
        return any(
            leg.answered is not None and (not call.answered if uuid == call.uuid else not leg.ended)
            for uuid, leg in legs.items()
        )

    def _consider(self, ringing: _Ringing) -> None:
        try:
            why = concerns(ringing.decision, ringing.decide())
            call = ringing.call
            # A switch may be told to take the caller's own Call-ID for the leg's uuid.
            uuid, context = untrusted.uuid(call.uuid), untrusted.account(call.context)
            number = untrusted.number(call.dialled)
        except Exception:
            logger.exception("a ringing call is not decided anew")
            self._ringing.discard(ringing)
            return
        if why and number:
            logger.info("call %s is decided anew: %s", uuid, why)
            self._ringing.discard(ringing)
            self._forget()
            sent = _Sent(number, call.context, self._clock())
            self._sent[ringing.core_uuid, call.uuid] = sent
            ringing.switch.command([f"uuid_transfer {uuid} {number} XML {context}"])

    def _forget(self) -> None:
        """Drop who has not come back."""
        gone = self._clock() - KEPT
        for where in [where for where, sent in self._sent.items() if sent.at < gone]:
            del self._sent[where]
