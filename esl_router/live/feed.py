"""The event links that keep the picture of each FreeSWITCH up to date.

One greenlet a switch: connect, subscribe, then read the tables (in this order, so that nothing
falls between), reconcile now and then, and when the link ends or falls silent begin again. A
switch costs two timers at most, however many calls it has.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import gevent
from gevent.event import Event as Flag

from esl_router.errors import ProtocolError, RouterError, SwitchError
from esl_router.esl import untrusted
from esl_router.esl.client import EventLink, NotConnectedError
from esl_router.esl.untrusted import log as printable
from esl_router.esl.wire import Frame
from esl_router.live import messages
from esl_router.live.state import SETTLE, SwitchState, Watch
from esl_router.model.live import UNKNOWN, Live

logger = logging.getLogger(__name__)

EVENTS = ("CHANNEL_CALLSTATE", "HEARTBEAT")
CUSTOM = ("sofia::register", "sofia::unregister", "sofia::expire", messages.SUBCLASS)

TABLE_TIMEOUT = 15.0
"""Seconds that the switch may take to print one of its tables."""


@dataclass(frozen=True, slots=True)
class Address:
    """A FreeSWITCH's inbound event socket."""

    host: str
    port: int
    password: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Address({self})"  # never with the password: reprs end in logs


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient a link is; all in seconds."""

    resync: float = 60.0
    """Between two reconciliations, give or take a tenth."""

    silence: float = 65.0
    """After which a link without an event is dead; the switch's heartbeat comes every 20 s."""

    retry: float = 0.5
    """Before the first new attempt; each later one waits twice as long."""

    retry_limit: float = 10.0
    refused: float = 30.0
    """Between attempts at a switch that refuses us: a wrong password, an address not allowed.
    The switch keeps some memory for every one it refuses."""


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How one link is, for a person to read. Instants are seconds since the epoch."""

    address: str
    linked: bool
    """Whether the link is up and the picture complete."""

    since: float | None
    """Since when it is up or down; None: never tried."""

    heard: float | None
    core_uuid: str | None
    channels: int
    registrations: int
    watched: int
    events: int
    odd: int
    """Events and table rows that made no sense."""

    resyncs: int
    error: str
    """Why it is down, or what went wrong last; empty: nothing."""


class Listener(Protocol):
    """Somebody who hears more than the picture of a switch, on every link.

    What is called here runs in a link's own greenlet: it must be quick, and must not wait.
    """

    events: tuple[str, ...]
    """The events that are his alone."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def take(self, link: Link, event: Frame) -> None:
        """One of his events."""

    def moved(self, link: Link) -> None:
        """A leg or a registration has changed."""

    def joined(self, link: Link) -> None:
        """The link is up, for the first time or again: events were missed before."""


class Movement:
    """A :class:`Listener` who only wants to know that something has changed."""

    events: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._moved = Flag()

    def start(self) -> None:
        """Nothing of his own runs."""

    def stop(self) -> None:
        """Nothing of his own runs."""

    def take(self, link: Link, event: Frame) -> None:
        """There are no events that are his alone."""

    def moved(self, link: Link) -> None:
        self._moved.set()

    def joined(self, link: Link) -> None:
        self._moved.set()

    def wait(self, timeout: float, gather: float = 0.1) -> bool:
        """Wait for a change, at most so many seconds; whether there was one since the last. What
        comes within ``gather`` seconds of the first is one change with it."""
        found = self._moved.wait(timeout)
        if found:
            gevent.sleep(gather)
        self._moved.clear()
        return bool(found)


def _jitter(seconds: float, share: float) -> float:
    return seconds * random.uniform(1 - share, 1 + share)


class Link:
    """The link to one FreeSWITCH and the picture that it keeps."""

    def __init__(
        self,
        address: Address,
        internal_contexts: Collection[str],
        timing: Timing,
        clock: Callable[[], float],
    ) -> None:
        self.address = address
        self.state = SwitchState(internal_contexts, self._hurry)
        self.linked = False
        self.listener: Listener | None = None
        self._timing = timing
        self._clock = clock
        self._connected: EventLink | None = None
        self._greenlet: gevent.Greenlet | None = None
        self._tried = Flag()
        self._since: float | None = None
        self._error = ""
        self._events = self._odd = self._resyncs = 0
        self._last_event = 0.0

    def start(self) -> None:
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None

    def wait(self, timeout: float) -> None:
        """Wait until the first attempt has succeeded or failed."""
        self._tried.wait(timeout)

    def _hurry(self) -> None:
        if self._connected is not None:
            self._connected.hurry()

    def catch_up(self) -> None:
        """Take in the events that have come already."""
        if self._connected is not None:
            self._connected.catch_up()

    def view(self, now: float) -> Live:
        """What is known of the switch."""
        self.catch_up()
        return self.state.view(now, self.linked)

    def kill(self, uuids: tuple[str, ...]) -> None:
        """End these legs, as when another phone had answered: theirs show no missed call.

        A leg that talks is left alone: somebody has answered it in the meantime.
        """
        channels = self.view(self._clock()).channels
        self.command(
            *(
                f"uuid_kill {untrusted.uuid(uuid)} LOSE_RACE"
                for uuid in uuids
                if uuid not in channels or not channels[uuid].state.talking
            )
        )

    def send(self, order: bytes) -> bool:
        """Send one order and wait for its reply; False: the link is down, or has ended."""
        if self._connected is None:
            return False
        try:
            self._connected.request(order)
        except (NotConnectedError, SwitchError) as error:
            logger.warning("%s: an order was lost: %s", self.address, error)
            return False
        return True

    def command(self, *orders: str) -> None:
        """Run API commands one after another, in the background; their output is not looked at."""
        if self._connected is not None:
            gevent.spawn(self._command, self._connected, orders)

    def _command(self, link: EventLink, orders: Iterable[str]) -> None:
        try:
            for order in orders:
                link.api(order)
        except (NotConnectedError, SwitchError) as error:
            logger.warning("%s: an order about a call was lost: %s", self.address, error)

    def status(self) -> LinkStatus:
        counts = self.state.counts
        return LinkStatus(
            address=str(self.address),
            linked=self.linked,
            since=self._since,
            heard=self.state.heard,
            core_uuid=self.state.core_uuid,
            channels=counts["channels"],
            registrations=counts["registrations"],
            watched=counts["watched"],
            events=self._events,
            odd=self._odd,
            resyncs=self._resyncs,
            error=self._error,
        )

    def _run(self) -> None:
        pause = self._timing.retry
        refusals = 0
        while True:
            try:
                with self._connection() as link:
                    pause, refusals = self._timing.retry, 0
                    self._follow(link)
            except (NotConnectedError, ProtocolError) as error:
                self._report(f"the event link to {self.address} has ended: {error}")
                refusals = 0
            except RouterError as error:
                self._report(str(error))
                # It answered and said no: there is no fault of the network behind it. The first
                # time that may be a switch that is just starting.
                refusals = refusals + 1 if error.__cause__ is None else 0
            except Exception as error:
                # A fault of ours must not leave the router without a link for good.
                logger.exception("event link to %s", self.address)
                self._report(f"fault in the event link to {self.address}: {error!r}")
            self._tried.set()
            gevent.sleep(_jitter(self._timing.refused if refusals > 1 else pause, 0.25))
            pause = min(pause * 2, self._timing.retry_limit)

    @contextmanager
    def _connection(self) -> Iterator[EventLink]:
        """A link that is subscribed and whose picture is complete."""
        link = EventLink(
            self.address.host,
            self.address.port,
            self.address.password,
            on_event=self._take,
            patient=lambda: not self.state.attended,
        )
        try:
            link.connect()
            self._last_event = time.monotonic()
            core = link.api("global_getvar core_uuid").decode("ascii", "replace").strip()
            if core and not core.startswith("-ERR"):
                self.state.identify(core, self._clock())
            more = self.listener.events if self.listener is not None else ()
            link.subscribe(*EVENTS, *more, custom=CUSTOM)
            self._resync(link)
            self._connected = link
            self.linked, self._since, self._error = True, self._clock(), ""
            self._tried.set()
            if self.listener is not None:
                self.listener.joined(self)
            logger.info("event link to %s is up", self.address)
            yield link
        finally:
            self._connected = None
            if self.linked or self._since is None:
                self.linked, self._since = False, self._clock()
            self.state.lose()
            link.stop()

    def _follow(self, link: EventLink) -> None:
        """Stay until the link ends or is dead; raises what says so."""
        # The tables lag behind: what ended just before we subscribed may still have been there.
        due = time.monotonic() + 2 * SETTLE
        while True:
            now = time.monotonic()
            deadline = self._last_event + self._timing.silence
            if now >= deadline:
                raise NotConnectedError(f"silent for {now - self._last_event:.0f} s")
            if now >= due:
                self._resync(link)
                due = time.monotonic() + _jitter(self._timing.resync, 0.1)
            elif link.wait_closed(min(due, deadline) - now):
                raise NotConnectedError("closed by the other side")

    def _resync(self, link: EventLink) -> None:
        """Read both tables. Raises SwitchError where they cannot be had or read."""
        asked = self._clock()
        try:
            clock: float | None = int(link.api("strepoch"))
        except ValueError:
            clock = None  # no such command: the clocks are taken to agree
        channels = link.api("show channels as json", TABLE_TIMEOUT)
        registrations = link.api("show registrations as json", TABLE_TIMEOUT)
        done = self.state.resync(channels, registrations, self._clock(), asked=asked, clock=clock)
        if done.fault:
            raise SwitchError(f"FreeSWITCH at {self.address}: {printable(done.fault)}")
        self._resyncs += 1
        if done.odd_rows:
            self._odd += done.odd_rows
            logger.warning("%s: %d table rows make no sense", self.address, done.odd_rows)

    def _take(self, event: Frame) -> None:
        self._last_event = time.monotonic()
        self._events += 1
        listener = self.listener
        if self.state.apply(event, self._clock()):
            if listener is not None:
                listener.moved(self)
        elif listener is not None and event.get("Event-Name") in listener.events:
            listener.take(self, event)
        else:
            self._odd += 1
            logger.debug("%s: an event makes no sense: %r", self.address, event)

    def _report(self, error: str) -> None:
        """Keep the error, and log it unless it is the one of the attempt before."""
        if error != self._error:
            logger.warning("%s", error)
        self._error = error


class Feed:
    """The live state of every FreeSWITCH that calls the router.

    ``internal_contexts``: the dialplan contexts where the company's own phones call in.
    """

    def __init__(
        self,
        switches: Iterable[Address],
        *,
        internal_contexts: Collection[str] = ("internal", "default"),
        timing: Timing | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        timing = timing or Timing()
        self.links = tuple(Link(address, internal_contexts, timing, clock) for address in switches)

        self._listener: Listener | None = None

    def listen(self, listener: Listener) -> None:
        """Have somebody listen on every link; before :meth:`start`."""
        self._listener = listener
        for link in self.links:
            link.listener = listener

    def start(self) -> None:
        """Begin to connect; returns at once."""
        if self._listener is not None:
            self._listener.start()
        for link in self.links:
            link.start()

    def stop(self) -> None:
        """End every link."""
        for link in self.links:
            link.stop()
        if self._listener is not None:
            self._listener.stop()

    def wait(self, timeout: float) -> bool:
        """Wait until every link was tried once, at most ``timeout`` seconds in all; whether all
        of them are up."""
        deadline = time.monotonic() + timeout
        for link in self.links:
            link.wait(max(0.0, deadline - time.monotonic()))
        return all(link.linked for link in self.links)

    def _find(self, core_uuid: str | None) -> Link | None:
        """The link to the switch that says it is ``core_uuid``.

        A single link is also taken for a switch that does not say who it is, and while its own
        switch has not said so. But a picture is never used for another switch than its own.
        """
        for link in self.links:
            if core_uuid and link.state.core_uuid == core_uuid:
                return link
        if len(self.links) == 1 and not (core_uuid and self.links[0].state.core_uuid):
            return self.links[0]
        return None

    def catch_up(self) -> None:
        """Take in the events that have come already, of every switch."""
        for link in self.links:
            link.catch_up()

    def view(self, core_uuid: str | None, now: float) -> Live:
        """What is known of the switch that ``core_uuid`` (of a call's snapshot) names."""
        link = self._find(core_uuid)
        return UNKNOWN if link is None else link.view(now)

    def watch(self, uuids: Iterable[str], core_uuid: str | None = None) -> Watch:
        """Collect what happens to these legs, until the watch is closed (a context manager)."""
        link = self._find(core_uuid)
        if link is None:
            return Watch(uuids, {}, complete=False)
        return link.state.watch(uuids, link.linked)

    def on_registration(
        self, account: str, heard: Callable[[], object], core_uuid: str | None = None
    ) -> Callable[[], object]:
        """Calls ``heard`` whenever ``account@domain`` registers with this switch, until what is
        returned is called. Without a link to it nothing is heard."""
        link = self._find(core_uuid)
        return (lambda: None) if link is None else link.state.on_registration(account, heard)

    def on_message(
        self, uuid: str, heard: messages.Heard, core_uuid: str | None = None
    ) -> Callable[[], object] | None:
        """Calls ``heard`` with the seconds of a message that this leg leaves in a mailbox, until
        what is returned is called. None: without a link to its switch nothing is heard."""
        link = self._find(core_uuid)
        if link is None or not link.linked:
            return None
        return link.state.on_message(uuid, heard)

    def kill(self, uuids: Iterable[str], core_uuid: str | None = None) -> None:
        """End these legs unless they talk; returns at once. Without a link to their switch nothing
        happens. Raises Untrusted for what is no uuid."""
        link = self._find(core_uuid)
        if link is not None:
            link.kill(tuple(uuids))

    def command(self, orders: Iterable[str], core_uuid: str | None = None) -> None:
        """Run API commands on this switch, in their order; returns at once. Without a link to it
        nothing happens. Nothing a caller wrote may be in them."""
        link = self._find(core_uuid)
        if link is not None:
            link.command(*orders)

    def status(self) -> tuple[LinkStatus, ...]:
        """How each link is."""
        return tuple(link.status() for link in self.links)
