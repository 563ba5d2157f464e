"""Deciding a call anew while it rings, where a setting asks for it (live changes).

The call's own socket is silent until the ringing ends. So it is ended from outside: the event
link transfers the caller to the number he dialled, FreeSWITCH comes back with him as a new call,
and that one is decided by what holds now. He hears the ringing tone all the while.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import gevent

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


@dataclass(frozen=True, slots=True, eq=False)
class _Ringing:
    call: Call
    action: Ring
    watch: Watch
    switch: Switch
    decide: Callable[[], Decision]


class Redecider:
    """Looks at the ringing calls that ask for it. While there are none it costs nothing."""

    def __init__(self) -> None:
        self._ringing: set[_Ringing] = set()
        self._greenlet: gevent.Greenlet | None = None

    @contextmanager
    def follow(
        self,
        call: Call,
        action: Ring,
        watch: Watch,
        switch: Switch,
        decide: Callable[[], Decision],
    ) -> Iterator[None]:
        """Look at this call while the block runs; ``decide`` decides it by what holds then."""
        if action.redecide is Redecide.NEVER:
            yield
            return
        ringing = _Ringing(call, action, watch, switch, decide)
        self._ringing.add(ringing)
        if self._greenlet is None or self._greenlet.dead:
            self._greenlet = gevent.spawn(self._look)
        try:
            yield
        finally:
            self._ringing.discard(ringing)

    def _look(self) -> None:
        while self._ringing:
            gevent.sleep(EVERY)
            for ringing in tuple(self._ringing):
                if ringing in self._ringing and not self._connected(ringing):
                    self._consider(ringing)

    @staticmethod
    def _connected(ringing: _Ringing) -> bool:
        # The caller's own leg is up already after a transfer.
        return any(
            leg.answered is not None
            for uuid, leg in ringing.watch.legs.items()
            if uuid != ringing.call.uuid
        )

    def _consider(self, ringing: _Ringing) -> None:
        try:
            why = concerns(ringing.action, ringing.decide())
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
            ringing.switch.command([f"uuid_transfer {uuid} {number} XML {context}"])
