"""Apps that are asleep while others ring: they are woken, and join when they have registered (B12).

The ring keeps a place for each (see ``esl/dialstring.py``). When its phone has registered, an
``originate`` of its own calls it, and its answer takes the place. What the switch does not do by
itself is done here: a place is given up when nobody comes in time, or when whoever came refuses;
and a phone that rings stops when its place is gone, because another one answered or the caller
gave up.

Where people ring one after the other, a place is there from the beginning of its owner's turn. When
everybody before him has refused that is earlier than planned, and so is all that follows from it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from functools import partial
from typing import Protocol

import gevent

from esl_router.call.starts import Starts
from esl_router.call.vigil import Switch, Timer
from esl_router.errors import Untrusted
from esl_router.esl import dialstring, untrusted
from esl_router.live.state import Watch
from esl_router.model.actions import Asleep, Leg, Ring
from esl_router.model.live import Contact
from esl_router.model.trace import Entry

logger = logging.getLogger(__name__)

STAGE = "push"

_SETTLED = 0.1
"""Seconds after which the switch has begun to ring, and knows the places."""

_TAKEN = "PICKED_OFF"
"""How a place ends that its phone has taken."""

_GONE = "ORIGINATOR_CANCEL"
"""How a place ends when the caller gives up."""


class Wakeful(Switch, Protocol):
    """A switch that also says who has registered."""

    def contacts(self, domain: str, account: str) -> tuple[Contact, ...] | None: ...

    def on_registration(
        self, domain: str, account: str, heard: Callable[[], object]
    ) -> Callable[[], object]:
        """Calls ``heard`` whenever the account registers, until what is returned is called."""
        ...


class Now(Enum):
    """How far an app has come."""

    ASLEEP = "asleep"
    WOKEN = "woken"
    REGISTERED = "registered"
    CALLED = "called"
    OVER = "over"


Hook = Callable[[Asleep, str], str]
"""Wakes an app for the call of this uuid, and waits; what went wrong, in a sentence, or ""."""


class Wake:
    """The apps of one ring. It stands before the switch: who is ended is given up too."""

    def __init__(
        self,
        action: Ring,
        dial: dialstring.Dial,
        switch: Wakeful,
        hook: Hook,
        caller: str,
        *,
        later: Callable[[float, Callable[[], object]], Timer] = gevent.spawn_later,
        beside: Callable[..., object] = gevent.spawn,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._action, self._dial, self._switch = action, dial, switch
        self._hook, self._caller = hook, caller
        self._later, self._beside, self._clock = later, beside, clock
        self._begun = clock()
        self._phones = {place: uuid for uuid, place in dial.places.items()}
        self._now = dict.fromkeys(dial.places, Now.ASLEEP)
        self._starts = Starts(
            {
                dial.places.get(uuid, uuid): leg.turn if uuid in dial.places else leg.delay
                for uuid, index in dial.legs.items()
                for leg in (action.legs[index],)
            }
        )
        self._early = dict.fromkeys(dial.places, 0.0)
        """The seconds by which its owner's turn came earlier than planned."""

        self._reached: set[str] = set()
        """Those for whom the time to be woken came."""
        self._timers: dict[str, list[Timer]] = {uuid: [] for uuid in dial.places}
        self._deaf: dict[str, Callable[[], object]] = {}
        self.notes: list[Entry] = []
        """What became of each, for the journal."""

    # -- the switch, as whoever follows the ring sees it ------------------------------------------
    def watch(self, uuids: Iterable[str]) -> Watch:
        return self._switch.watch(uuids)

    def catch_up(self) -> None:
        self._switch.catch_up()

    def kill(self, uuids: Iterable[str]) -> None:
        """End ringing legs. The place of an app that is among them goes first: nobody is to be
        called for it any more."""
        named = list(uuids)
        for uuid in named:
            self._settle(uuid)
        self._switch.kill([*(self._dial.places[u] for u in named if u in self._now), *named])

    def command(self, orders: Iterable[str]) -> None:
        self._switch.command(orders)

    # -- while the ring lasts -----------------------------------------------------------------
    @contextmanager
    def keep(self, watch: Watch) -> Iterator[Wake]:
        """Do so while the block runs. Whoever else follows the ring has to listen already."""
        ended = watch.on_end

        def heard(uuid: str, cause: str) -> None:
            self._ended(uuid, cause)
            if ended is not None:
                ended(uuid, cause)

        self._watch = watch
        self._begun = self._clock()
        if self._now:
            watch.attend()
            watch.on_end = heard
        for uuid in self._now:
            self._sleep(uuid)
        try:
            yield self
        finally:
            self.over(gone=False)

    def over(self, *, gone: bool) -> None:
        """The ring is; ``gone``: and so is the caller. What rings for it still is ended."""
        for uuid, now in list(self._now.items()):
            self._settle(uuid)
            heard = self._watch.legs[uuid]
            if now is Now.CALLED and heard.answered is None and heard.ended is None:
                self._end(uuid, gone=gone)

    def causes(self, causes: Mapping[str, str]) -> dict[str, str]:
        """How each leg ended, where the switch has counted the places."""
        found = {uuid: cause for uuid, cause in causes.items() if uuid not in self._phones}
        for uuid in self._dial.places:
            heard = self._watch.legs[uuid]
            if uuid not in found and heard.ended is not None:
                # Who answered when his place was gone has not had the call.
                found[uuid] = "LOSE_RACE" if heard.answered is not None else heard.cause
            elif uuid not in found and uuid not in self._reached:
                found[uuid] = "LOSE_RACE"  # somebody else ended the ring before it came to him
        return found

    # -- what happens -------------------------------------------------------------------------
    def _sleep(self, uuid: str) -> None:
        """Wake it in time, as it stands now."""
        self._quiet(uuid)
        second = max(_SETTLED, self._second(uuid, self._leg(uuid).woken))
        self._after(uuid, second, partial(self._wake, uuid))

    def _wake(self, uuid: str) -> None:
        target = self._target(uuid)
        if self._now[uuid] is not Now.ASLEEP:
            return
        self._now[uuid] = Now.WOKEN
        self._reached.add(uuid)
        self._deaf[uuid] = self._switch.on_registration(
            target.domain, target.account, partial(self._registered, uuid)
        )
        if self._switch.contacts(target.domain, target.account):
            self._registered(uuid)
            return
        self._after(uuid, self._elapsed() + target.hook.wait, partial(self._too_late, uuid))
        self._beside(self._push, uuid)

    def _push(self, uuid: str) -> None:
        target = self._target(uuid)
        wrong = self._hook(target, self._caller)
        if wrong:
            logger.warning("%s is not woken: %s", target.account, wrong)
            self._note(uuid, False, f"was not woken: {wrong}")
        else:
            self._note(uuid, True, "was woken.")

    def _registered(self, uuid: str) -> None:
        if self._now[uuid] is not Now.WOKEN:
            return
        self._quiet(uuid)
        self._now[uuid] = Now.REGISTERED
        leg = self._leg(uuid)
        seconds = self._elapsed() - self._second(uuid, leg.turn)
        self._note(uuid, True, f"registered after {seconds:.1f} s.")
        self._after(uuid, self._second(uuid, leg.delay), partial(self._call, uuid))

    def _call(self, uuid: str) -> None:
        if self._now[uuid] is not Now.REGISTERED:
            return
        target = self._target(uuid)
        seconds = round(self._second(uuid, self._leg(uuid).ends) - self._elapsed())
        contacts = self._switch.contacts(target.domain, target.account)
        if seconds < 1 or not contacts:
            self._give_up(uuid)
            return
        try:
            order = dialstring.joining(
                self._action,
                self._dial,
                uuid,
                contacts[-1].url,
                seconds=seconds,
                caller=self._known_caller(),
            )
        except Untrusted as error:
            logger.warning("%s cannot be called: %s", target.account, error)
            self._note(uuid, False, "cannot be called at its address.")
            self._give_up(uuid)
            return
        self._now[uuid] = Now.CALLED
        self._switch.command([f"bgapi originate {order}"])

    def _too_late(self, uuid: str) -> None:
        if self._now[uuid] is Now.WOKEN:
            wait = self._target(uuid).hook.wait
            self._note(uuid, False, f"did not register within {wait} s.")
            self._give_up(uuid)

    def _give_up(self, uuid: str) -> None:
        self._settle(uuid)
        self._switch.kill([self._dial.places[uuid]])

    def _ended(self, uuid: str, cause: str) -> None:
        if cause not in (_TAKEN, _GONE):
            self._come_forward(self._starts.ended(uuid, self._elapsed()))
        if uuid in self._phones and cause != _TAKEN:
            phone = self._phones[uuid]
            called = self._now[phone] is Now.CALLED
            self._settle(phone)
            if called:
                self._end(phone, gone=cause == _GONE)
        elif self._now.get(uuid) is Now.CALLED:
            self._give_up(uuid)

    def _come_forward(self, starts: Mapping[str, float]) -> None:
        for uuid, place in self._dial.places.items():
            if place in starts and self._now[uuid] is Now.ASLEEP:
                self._early[uuid] = self._leg(uuid).turn - starts[place]
                self._sleep(uuid)

    def _end(self, uuid: str, *, gone: bool) -> None:
        """End a phone's ringing; ``gone``: the caller is, and it is a missed call."""
        if gone:
            self._switch.command([f"uuid_kill {uuid} {_GONE}"])
        else:
            self._switch.kill([uuid])

    # -- the rest -----------------------------------------------------------------------------
    def _settle(self, uuid: str) -> None:
        """Nothing more is to happen with this app."""
        if uuid in self._now:
            self._quiet(uuid)
            self._now[uuid] = Now.OVER

    def _quiet(self, uuid: str) -> None:
        for timer in self._timers[uuid]:
            timer.kill()
        self._timers[uuid] = []
        if (deaf := self._deaf.pop(uuid, None)) is not None:
            deaf()

    def _after(self, uuid: str, second: float, act: Callable[[], object]) -> None:
        """Do it at this second of the ring, or now."""
        left = second - self._elapsed()
        if left <= 0:
            act()
            return

        def fire() -> None:
            self._timers[uuid].remove(timer)
            act()

        timer = self._later(left, fire)
        self._timers[uuid].append(timer)

    def _second(self, uuid: str, planned: int) -> float:
        """The second of the ring at which that happens which was planned for this one."""
        return planned - self._early[uuid]

    def _elapsed(self) -> float:
        return self._clock() - self._begun

    def _leg(self, uuid: str) -> Leg:
        return self._action.legs[self._dial.legs[uuid]]

    def _target(self, uuid: str) -> Asleep:
        target = self._leg(uuid).target
        assert isinstance(target, Asleep)
        return target

    def _note(self, uuid: str, fired: bool, words: str) -> None:
        self.notes.append(Entry(STAGE, fired, f"{self._leg(uuid).device} {words}"))

    def _known_caller(self) -> str | None:
        try:
            return untrusted.uuid(self._caller)
        except Untrusted:
            return None
