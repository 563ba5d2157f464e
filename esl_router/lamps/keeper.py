"""Keeps the lamps of all telephones right: one greenlet of one worker of a router.

It hears of every SUBSCRIBE over the event link, and looks at the store while somebody watches:
whoever writes to it (the command line, a code, a calendar), half a second later the lamps that
changed are told. What changes by itself has a time, and is looked at then. While nobody watches
anything, nothing is asked and nothing wakes up.

One worker does it and not all, or each telephone would get every NOTIFY several times. A second
router on the same switch does no harm: what it says is the same.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import astuple
from datetime import UTC, datetime

import gevent
from gevent.event import Event as Flag

from esl_router.engine import lamps
from esl_router.errors import StoreError, Untrusted
from esl_router.esl.wire import Frame
from esl_router.lamps.board import Board, Phone
from esl_router.lamps.subscription import PROBE, SWITCH_ANSWERS, Probe, Subscription, notice, read
from esl_router.live.feed import Link
from esl_router.model.live import UNKNOWN
from esl_router.store.reader import Store
from esl_router.store.subscriptions import Row, Subscriptions
from esl_router.store.watch import StoreWatch

logger = logging.getLogger(__name__)

EVERY = 0.5
"""Seconds between two looks at the store."""

SHARE = 8
"""A look at all lamps that took a second is followed by so many without one: calls come first, and
each of them is written to the store."""

LINES = 0.2
"""Seconds between two looks at lines, however much is called."""

BEHIND = 0.1
"""Seconds that the switch gets for an answer of its own before ours."""

GATHER = 1.0
"""Seconds until what telephones watch is written down."""

AT_ONCE = 50
"""Telephones looked at in one read transaction."""


class Keeper:
    """A :class:`esl_router.live.feed.Listener` that answers subscriptions."""

    events: tuple[str, ...] = (PROBE,)

    def __init__(
        self,
        store: Store,
        memory: Subscriptions,
        watch: StoreWatch,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._memory, self._watch, self._clock = store, memory, watch, clock
        self._board = Board()
        self._links: dict[str, Link] = {}
        self._probes: list[Probe] = []
        self._until: dict[Phone, datetime] = {}
        self._unsaved: dict[str, Subscription | None] = {}
        self._greenlets: set[gevent.Greenlet] = set()
        self._saving: gevent.Greenlet | None = None
        self._wake = Flag()
        self._all = self._lines = self._failing = False
        self._rest = self._lines_rest = 0.0

    def start(self) -> None:
        """Remember what was watched, and begin. The store has been opened before."""
        now = self._clock().timestamp()
        try:
            for row in self._memory.load(now):
                self._board.add(Subscription(*row))
        except StoreError as error:
            logger.warning("lamps stay dark until telephones subscribe again: %s", error)
        self._spawn(self._run)

    def stop(self) -> None:
        gevent.killall(list(self._greenlets))
        self._watch.close()
        if self._unsaved:
            self._save(self._unsaved)

    def _spawn(self, run: Callable[[], None], after: float = 0.0) -> gevent.Greenlet:
        greenlet = gevent.spawn_later(after, run)
        self._greenlets.add(greenlet)
        greenlet.rawlink(self._greenlets.discard)
        return greenlet

    # -- what a link tells, in its own greenlet ---------------------------------------------------

    def take(self, link: Link, event: Frame) -> None:
        probe = read(event, str(link.address), self._clock().timestamp())
        if probe is None:
            return
        if probe.subscription.protocol == SWITCH_ANSWERS:
            self._spawn(lambda: self._hear(probe), BEHIND)
        else:
            self._hear(probe)

    def _hear(self, probe: Probe) -> None:
        self._probes.append(probe)
        self._wake.set()

    def moved(self, link: Link) -> None:
        if self._board and not self._lines:
            self._lines = True
            self._wake.set()

    def joined(self, link: Link) -> None:
        address = str(link.address)
        self._links[address] = link
        self._board.forget_shown(self._board.all_of(address))
        self._all = True
        self._wake.set()

    # -- the look ---------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._wake.wait(self._pause())
            self._wake.clear()
            try:
                self._turn()
                self._failing = False
            except StoreError as error:
                self._all = True
                self._rest = time.monotonic() + EVERY
                if not self._failing:
                    logger.warning("lamps stay as they are: %s", error)
                self._failing = True
            except Exception:
                # A fault of ours must not leave all lamps as they are for good.
                logger.exception("the lamps")
                self._rest = time.monotonic() + EVERY

    def _pause(self) -> float | None:
        """Seconds until the next look; None: until somebody watches something."""
        if not self._board and not self._probes:
            return None
        now, instant = time.monotonic(), self._clock()
        until = min(((each - instant).total_seconds() for each in self._until.values()), default=1)
        waits = [max(min(EVERY, until), self._rest - now)]
        if self._lines:
            waits.append(self._lines_rest - now)
        return max(min(waits), 0.0)

    def _turn(self) -> None:
        now = self._clock()
        probes, self._probes = self._probes, []
        try:
            asked = self._note(probes)
        except StoreError:
            self._probes[:0] = probes
            raise
        for call_id in self._board.expire(now.timestamp()):
            self._unsaved[call_id] = None
        began = time.monotonic()
        if began >= self._rest and (self._watch.changed() or self._all or self._is_due(now)):
            self._all = self._lines = False
            self._rest = time.monotonic() + SHARE * self._look(self._board.phones())
        else:
            self._look(asked)
            if self._lines and began >= self._lines_rest:
                self._lines, self._lines_rest = False, began + LINES
                self._look(self._watching_lines())
        if self._unsaved and self._saving is None:
            self._saving = self._spawn(self._keep, GATHER)

    def _is_due(self, now: datetime) -> bool:
        return any(instant <= now for instant in self._until.values())

    def _watching_lines(self) -> tuple[Phone, ...]:
        return tuple(
            phone
            for phone in self._board.phones()
            if any(lamps.is_line(each) for each in self._board.watched(phone))
        )

    def _note(self, probes: Iterable[Probe]) -> set[Phone]:
        """Take in what telephones have said; those that are to be told something."""
        asked: set[Phone] = set()
        for probe in probes:
            each = probe.subscription
            known = self._board.remove(each.call_id)
            if not probe.ends and self._is_ours(probe):
                given_up = self._board.add(each)
                if given_up is not None:
                    self._unsaved[given_up] = None
                self._unsaved[each.call_id] = each
                asked.add(Phone(each.switch, each.domain, each.account))
            elif known:
                self._unsaved[each.call_id] = None
            if probe.darkens_others:
                others = self._board.watching(each.switch, each.domain, each.watched)
                self._board.forget_shown(others)
                asked.update(
                    phone for other in others if (phone := self._board.phone_of(other)) is not None
                )
        return asked

    def _is_ours(self, probe: Probe) -> bool:
        domain = probe.subscription.domain
        with self._store.read() as rules:
            # A colleague of another company in the same store is a stranger.
            stranger = probe.host != domain and rules.settings(probe.host) is not None
            return not stranger and lamps.is_lamp(domain, probe.subscription.watched, rules)

    def _look(self, phones: Collection[Phone]) -> float:
        """Tell these telephones what has changed; the seconds that looking took."""
        everyone = tuple(phones)
        took = 0.0
        for first in range(0, len(everyone), AT_ONCE):
            some = everyone[first : first + AT_ONCE]
            shown = {}
            began = time.monotonic()
            with self._store.read() as rules:
                for phone in some:
                    link = self._links.get(phone.switch)
                    now = self._clock()
                    live = UNKNOWN
                    if link is not None:
                        live = link.view(now.timestamp())
                    watched = self._board.watched(phone)
                    shown[phone] = lamps.show(
                        phone.domain, phone.account, watched, rules, live, now
                    )
            took += time.monotonic() - began
            for phone, what in shown.items():
                self._until.pop(phone, None)
                if what.until is not None and self._board.watched(phone):
                    self._until[phone] = what.until
                self._tell(phone, what)
            gevent.sleep(0)
        for gone in self._until.keys() - set(self._board.phones()):
            del self._until[gone]
        return took

    def _tell(self, phone: Phone, what: lamps.Shown) -> None:
        link = self._links.get(phone.switch)
        if link is None:
            return
        for subscription, lamp in self._board.news(phone, what.lamps):
            with suppress(Untrusted):
                if link.send(notice(subscription, lamp)):
                    self._board.show(subscription, lamp)

    # -- what is kept for the next router ---------------------------------------------------------

    def _keep(self) -> None:
        unsaved, self._unsaved = self._unsaved, {}
        try:
            if not gevent.get_hub().threadpool.apply(self._save, (unsaved,)):
                self._unsaved = {**unsaved, **self._unsaved}
        finally:
            self._saving = None

    def _save(self, unsaved: dict[str, Subscription | None]) -> bool:
        rows: list[Row] = [astuple(each) for each in unsaved.values() if each is not None]
        gone = [call_id for call_id, each in unsaved.items() if each is None]
        try:
            self._memory.save(rows, gone, self._clock().timestamp())
        except StoreError as error:
            logger.warning("what telephones watch is not kept for a restart: %s", error)
            return False
        return True
