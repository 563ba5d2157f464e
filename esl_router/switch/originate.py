"""How FreeSWITCH rings the legs of one group: its timers and its causes, without a clock.

What it does, as read in its source and measured:

* All timers count whole seconds from the start of the group, and run out when the count is
  *over* the limit: 10 s last between 10 and 11. The group's own limit runs out when it is reached.
* ``leg_delay_start`` and ``leg_timeout``: the timeout counts from the leg's own start.
* When no started leg is left, the next delayed one starts at once. Later ones keep their distance
  to the start of the group, less the delay of the one that was brought forward.
* ``fail_on_single_reject`` ends the group at a cause that it names: the other legs end with
  NO_ANSWER, and so does the group.
* ``group_confirm_key``: an answered leg that has not pressed the key yet is no winner. Answering
  extends its time by ``group_confirm_timeout``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from esl_router.switch.dialplan import DialledLeg, whole

GROUP_TIMEOUT = 60


class LegState(StrEnum):
    DELAYED = "delayed"
    CALLED = "called"
    RINGING = "ringing"
    CONFIRMING = "confirming"
    ANSWERED = "answered"
    ENDED = "ended"


class Does(StrEnum):
    """What the machine wants done to a leg."""

    INVITE = "invite"
    CANCEL = "cancel"
    WIN = "win"


@dataclass(frozen=True, slots=True)
class Order:
    does: Does
    leg: int
    cause: str = ""


@dataclass(slots=True)
class Ringing:
    """One leg while it rings."""

    dialled: DialledLeg
    delay: int
    limit: int
    """Whole seconds after which it gives up; 0: never."""

    state: LegState = LegState.DELAYED
    cause: str = "NONE"

    @property
    def alive(self) -> bool:
        return self.state is not LegState.ENDED


@dataclass(slots=True)
class Group:
    """The legs that ring together. Each method returns what is to be done."""

    dialled: Sequence[DialledLeg]
    variables: Mapping[str, str]
    begun: float
    """Seconds since the epoch."""

    legs: list[Ringing] = field(default_factory=list)
    winner: int | None = None
    finished: bool = False
    cause: str = "NONE"
    """Why nobody answered, once it is finished without a winner."""

    rejected: bool = False
    """Whether ``fail_on_single_reject`` ended it."""

    timed_out: bool = False

    def begin(self) -> list[Order]:
        for leg in self.dialled:
            delay, limit = leg.seconds("leg_delay_start"), leg.seconds("leg_timeout")
            self.legs.append(Ringing(leg, delay, limit + delay if limit else 0))
        if not self.legs:
            self._finish("DESTINATION_OUT_OF_ORDER")
        return self.advance(self.begun)

    def advance(self, now: float) -> list[Order]:
        """What the timers say at ``now``."""
        orders: list[Order] = []
        if self.finished:
            return orders
        elapsed = self._elapsed(now)
        self._start(elapsed, orders)
        for index, leg in enumerate(self.legs):
            if leg.alive and leg.limit and elapsed > leg.limit and leg.state != LegState.DELAYED:
                orders.append(self._end(index, "ALLOTTED_TIMEOUT"))
        self._start(elapsed, orders)
        limit = whole(self.variables.get("originate_timeout")) or GROUP_TIMEOUT
        if not self._names_causes() and elapsed >= limit:
            self.timed_out = True
            self._stop("NO_ANSWER", orders)
        elif not any(leg.alive for leg in self.legs):
            self._finish(next(leg.cause for leg in self.legs))
        return orders

    def heard(self, index: int, what: str, now: float) -> list[Order]:
        """A phone did something: ``ringing``, ``answered``, ``confirmed``, or its end's cause."""
        leg = self.legs[index]
        if self.finished or not leg.alive:
            return []
        if what == "ringing":
            leg.state = LegState.RINGING
            return []
        if what == "answered" and "group_confirm_key" in leg.dialled.variables:
            leg.state = LegState.CONFIRMING
            if leg.limit:
                leg.limit += leg.dialled.seconds("group_confirm_timeout")
            return []
        if what in ("answered", "confirmed"):
            return self._win(index)
        leg.state, leg.cause = LegState.ENDED, what
        if self._rejects(what):
            orders: list[Order] = []
            self.rejected = True
            self._stop("NO_ANSWER", orders)
            return orders
        return self.advance(now)

    def cancel(self, cause: str = "ORIGINATOR_CANCEL") -> list[Order]:
        """The caller's side ends it."""
        orders: list[Order] = []
        if not self.finished:
            self._stop(cause, orders)
        return orders

    def deadline(self, now: float) -> float | None:
        """When :meth:`advance` is due next, seconds since the epoch."""
        if self.finished:
            return None
        counts = [
            count + 1
            for leg in self.legs
            if leg.alive
            for count in (
                (leg.delay,) if leg.state is LegState.DELAYED else (leg.limit,) if leg.limit else ()
            )
        ]
        if not self._names_causes():
            counts.append(whole(self.variables.get("originate_timeout")) or GROUP_TIMEOUT)
        later = [count for count in counts if count > self._elapsed(now)]
        return math.floor(self.begun) + min(later) if later else None

    def causes(self) -> list[tuple[str, str]]:
        """(uuid, cause) of each leg."""
        return [(leg.dialled.variables.get("origination_uuid", ""), leg.cause) for leg in self.legs]

    def _elapsed(self, now: float) -> int:
        return math.floor(now) - math.floor(self.begun)

    def _names_causes(self) -> bool:
        # While it names causes, the group's own limit ends nothing.
        return self.variables.get("fail_on_single_reject", "true") != "true"

    def _rejects(self, cause: str) -> bool:
        """Whether this cause of one leg ends the group."""
        named = self.variables.get("fail_on_single_reject", "")
        if named in ("", "true", "false"):
            return named == "true"
        return (cause.lower() in named.lower()) != named.startswith("!")

    def _start(self, elapsed: int, orders: list[Order]) -> None:
        """Start the delayed legs that are due, or the next ones when nobody rings."""
        waiting = [leg for leg in self.legs if leg.state is LegState.DELAYED]
        active = any(leg.alive and leg.state is not LegState.DELAYED for leg in self.legs)
        if not waiting:
            return
        if not active and all(leg.delay for leg in waiting):
            soonest = min(leg.delay for leg in waiting)
            saved = soonest - elapsed
            for leg in waiting:
                leg.delay -= soonest
                if leg.limit:
                    leg.limit = leg.limit - saved if leg.limit > saved else 1
        for index, leg in enumerate(self.legs):
            due = leg.delay == 0 or elapsed > leg.delay
            if leg.state is LegState.DELAYED and due:
                leg.state = LegState.CALLED
                orders.append(Order(Does.INVITE, index))

    def _end(self, index: int, cause: str) -> Order:
        leg = self.legs[index]
        leg.state, leg.cause = LegState.ENDED, cause
        return Order(Does.CANCEL, index, cause)

    def _win(self, winner: int) -> list[Order]:
        orders = [Order(Does.WIN, winner)]
        for index, leg in enumerate(self.legs):
            if index != winner and leg.alive:
                orders.append(self._end(index, "LOSE_RACE"))
        self.legs[winner].state = LegState.ANSWERED
        self.winner, self.finished, self.cause = winner, True, "SUCCESS"
        return orders

    def _stop(self, cause: str, orders: list[Order]) -> None:
        for index, leg in enumerate(self.legs):
            if leg.alive:
                orders.append(self._end(index, cause))
        self._finish(cause)

    def _finish(self, cause: str) -> None:
        self.finished, self.cause = True, cause
