"""What the router does over the event link while phones ring.

The call's own socket is silent until ``bridge`` has ended. Some things cannot wait for that, and
the switch does none of them by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import gevent

from esl_router.call.outcome import leg_result
from esl_router.esl import dialstring
from esl_router.live.state import Watch
from esl_router.model.actions import Leg, Outside, Ring
from esl_router.model.call import LegResult

TOO_LATE = "tone_stream://%(150,100,620);%(150,100,480);%(400,200,330);loops=2"
"""What somebody hears who was asked to press 1 when another phone answered: tones that fall."""

SPLASH: Final = 0.7
"""Seconds a phone rings that is only to give notice of a call."""

_EARLY = frozenset(
    {
        LegResult.BUSY,
        LegResult.DECLINED,
        LegResult.REDIRECTED,
        LegResult.UNREACHABLE,
        LegResult.LOOP,
        LegResult.UNREGISTERED,
    }
)
"""What ends a leg before its time is over."""


class Switch(Protocol):
    """The switch that a call is on, as far as it can be seen and told what to do."""

    def watch(self, uuids: Iterable[str]) -> Watch: ...

    def catch_up(self) -> None:
        """Hear what has happened already, without waiting."""
        ...

    def kill(self, uuids: Iterable[str]) -> None:
        """End ringing legs; their phones are told that the call was completed elsewhere."""
        ...

    def command(self, orders: Iterable[str]) -> None:
        """Run API commands, in their order, without waiting."""
        ...


class Timer(Protocol):
    """Something that will happen later."""

    def kill(self) -> object:
        """It is not to happen any more."""
        ...


class Vigil:
    """Follows the legs of one ring.

    *One of a user's own phones refuses the call for all of his* (P4). With a leg through the trunk
    among them, or with other people's phones, the switch cannot end just these (see
    ``esl/dialstring.py``): we do, some 20 ms later.

    *Somebody outside is being asked to press 1, and another phone answers* (P2). The switch would
    hang up on him without a word. So each other leg is told to send him, at its own answer, to a
    short notice. A leg that goes there is the ring's no longer, and is not hung up with the losers.

    *A phone rings for a moment only, as a notice.* The switch counts whole seconds.

    *People are rung one after another, and the one whose turn it is refuses while an earlier one's
    phones still ring.* The switch calls the next one early only when nobody rings at all. So the
    ring is ended, and the engine plans what is left of it.
    """

    def __init__(
        self,
        action: Ring,
        dial: dialstring.Dial,
        switch: Switch,
        on_answer: Callable[[str], object],
        *,
        later: Callable[[float, Callable[[], object]], Timer] = gevent.spawn_later,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._action = action
        self._dial = dial
        self._switch = switch
        self._on_answer = on_answer
        self._later = later
        self._clock = clock
        self._begun = clock()
        self._timers: dict[str, Timer] = {}
        self._declined: set[str] = set()
        self.splashed: set[str] = set()
        """The legs that were ended because a moment was all they were to ring."""

    @contextmanager
    def keep(self, watch: Watch) -> Iterator[Vigil]:
        """Do so while the block runs."""
        self._watch = watch
        self._begun = self._clock()
        if self._acts:
            watch.attend()
        watch.on_end = self._ended
        watch.on_answer = self._answered
        watch.on_ring = self._ringing
        try:
            yield self
        finally:
            watch.on_end = watch.on_answer = watch.on_ring = None
            for uuid in list(self._timers):
                self._leave(uuid)

    @property
    def _acts(self) -> bool:
        """Whether anything that happens to a leg has to have consequences for phones."""
        return len(self._dial.legs) > 1 or any(
            leg.splash or leg.confirm for leg in self._action.legs
        )

    def _ringing(self, uuid: str) -> None:
        if uuid in self._dial.places:
            self._tell_late(uuid)
        if uuid in self._dial.legs and self._leg(uuid).splash:
            self._timers[uuid] = self._later(SPLASH, lambda: self._splash(uuid))

    def _splash(self, uuid: str) -> None:
        del self._timers[uuid]
        self.splashed.add(uuid)
        self._switch.kill([uuid])

    def _leave(self, uuid: str) -> None:
        """This leg has no moment to wait for any more."""
        timer = self._timers.pop(uuid, None)
        if timer is not None:
            timer.kill()

    def _answered(self, uuid: str) -> None:
        self._leave(uuid)
        self._on_answer(uuid)
        if self._asked(uuid):
            self._tell_others(uuid, f"uuid_transfer {uuid} m:^:{_NOTICE} inline")

    def _ended(self, uuid: str, cause: str) -> None:
        if uuid not in self._dial.legs:
            return
        self._leave(uuid)
        leg = self._leg(uuid)
        if self._asked(uuid):
            self._tell_others(uuid, "")
        scope = leg.decline or self._action.decline
        if (
            not self._dial.enforced
            and cause in dialstring.REJECTS[scope]
            and not isinstance(leg.target, Outside)
        ):
            his = [other for other in self._of(leg.owner) if other != uuid]
            self._declined.update(his)
            self._switch.kill(his)
        if self._action.steps:
            self._step(leg.owner)

    def _step(self, owner: str) -> None:
        """End the ring where ``owner`` has refused, and somebody waits for his turn."""
        legs = self._watch.legs
        if not self._refused(owner) or any(
            legs[each].answered is not None and legs[each].ended is None for each in self._dial.legs
        ):
            return
        others = [
            each
            for each in self._dial.legs
            if self._leg(each).owner != owner and legs[each].ended is None
        ]
        waiting = [each for each in others if not self._started(each)]
        started = [each for each in others if self._started(each)]
        # When nobody rings any more the switch calls the next one early by itself.
        if waiting and not all(self._leg(each).splash for each in started):
            # The waiting ones first, or the switch would do so now.
            self._switch.kill([*waiting, *started])

    def _refused(self, owner: str) -> bool:
        """Whether all legs of ``owner`` have ended before their time was over."""
        his = [each for each in self._of(owner) if not self._leg(each).splash]
        return bool(his) and all(self._refused_on(each) for each in his)

    def _refused_on(self, uuid: str) -> bool:
        heard = self._watch.legs[uuid]
        if heard.ended is None:
            return uuid in self._declined
        if heard.answered is not None or not heard.cause:
            return False
        result = leg_result(heard.cause, self._leg(uuid), self._action)
        return result in _EARLY or uuid in self._declined

    def _started(self, uuid: str) -> bool:
        delay, heard = self._leg(uuid).delay, self._watch.legs[uuid]
        # The switch starts a delayed leg within a second after its delay.
        return not delay or heard.ringing is not None or self._clock() > self._begun + delay + 1

    def _leg(self, uuid: str) -> Leg:
        return self._action.legs[self._dial.legs[uuid]]

    def _of(self, owner: str) -> list[str]:
        """The dialled legs of one person."""
        return [each for each in self._dial.legs if self._leg(each).owner == owner]

    def _asked(self, uuid: str) -> bool:
        """Whether whoever answers this leg has to press 1."""
        return uuid in self._dial.legs and self._leg(uuid).confirm

    def _tell_late(self, uuid: str) -> None:
        """An app that is called while others ring already is told of everybody who is asked."""
        for number, asked in enumerate(self._dial.legs):
            heard = self._watch.legs[asked]
            if self._asked(asked) and heard.answered is not None and heard.ended is None:
                order = f"uuid_transfer {asked} m:^:{_NOTICE} inline"
                self._switch.command([f"uuid_setvar {uuid} api_on_answer_{number} {order}"])

    def _tell_others(self, uuid: str, order: str) -> None:
        """What each leg that wins by its answer does then; "" takes it back."""
        # Another leg that has to press 1 has not won by its answer.
        others = [other for other in self._dial.legs if not self._asked(other)]
        # A leg may have to tell several who are being asked: each has a variable of its own.
        name = f"api_on_answer_{list(self._dial.legs).index(uuid)}"
        self._switch.command(f"uuid_setvar {other} {name} {order}".rstrip() for other in others)


_NOTICE = f"sleep:200^playback:{TOO_LATE}^hangup:LOSE_RACE"
