"""The event socket on gevent: greenswitch's classes, with the parts replaced that fail in service.

This is the only importer of greenswitch. The interface and the exceptions are greenswitch's; what
differs is how bytes are read (:mod:`esl_router.esl.wire`), that a write is whole, that an end of
the connection wakes whoever waits, and that an idle call costs no greenlet and no timer. Each
difference has a test that shows the stock behaviour beside this one.
"""

from __future__ import annotations

import fcntl
import logging
import termios
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import gevent
from gevent import socket
from gevent.event import AsyncResult
from gevent.event import Event as Flag
from gevent.lock import BoundedSemaphore
from greenswitch.esl import (
    InboundESL,
    NotConnectedError,
    OutboundSession,
    OutboundSessionHasGoneAway,
)

from esl_router.errors import ProtocolError, SwitchError, WrongPassword
from esl_router.esl import commands
from esl_router.esl.untrusted import log as printable
from esl_router.esl.wire import MAX_LINK_BODY, End, Frame, Reader

__all__ = [
    "CallSocket",
    "EventLink",
    "NotConnectedError",
    "OutboundSessionHasGoneAway",
]

logger = logging.getLogger(__name__)

_CHUNK = 65536

_MANY = 1024
"""Bytes: less than any snapshot, and more than the acknowledgements of the orders before it."""

_NOTHING = bytes(4)
"""An int of the system's, as it counts the bytes that have arrived."""

GATHER = 0.2
"""Seconds that events may wait in an event link's socket while nobody asks for them."""

_REPLIES = frozenset({"command/reply", "api/response"})
_EVENT = "text/event-plain"
_DISCONNECT = "text/disconnect-notice"
_REJECTION = "text/rude-rejection"
_COMPLETE = "CHANNEL_EXECUTE_COMPLETE"

# What the stock properties and log lines read of a snapshot, kept after `release`.
_KEPT = (
    "Unique-ID",
    "variable_uuid",
    "variable_call_uuid",
    "Caller-Caller-ID-Number",
)


# Seconds, but TCP_USER_TIMEOUT in milliseconds; each only where the system knows it.
_KEEPALIVE = {
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 25_000,
}


class _Stream:
    """A socket as a stream of frames."""

    __slots__ = ("_patient", "_reader", "_sock")

    def __init__(self, sock: Any, reader: Reader) -> None:
        self._sock = sock
        self._reader = reader
        self._patient = False

    def be_patient(self) -> None:
        """Not to be woken for the next bytes before there are many, or the end."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, _MANY)
        self._patient = True

    def next_frame(self) -> Frame | End:
        """Wait for a frame. Raises OSError as the socket does, and ProtocolError."""
        while True:
            frame = self.at_hand()
            if frame is not None:
                return frame
            self.receive()
            if self._patient:
                # What is left of a frame may be less.
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
                self._patient = False

    def at_hand(self) -> Frame | End | None:
        """The next frame of what was received; None: there is no whole one."""
        return self._reader.next_frame()

    def receive(self) -> bool:
        """Wait for bytes; whether there may be more already."""
        data = self._sock.recv(_CHUNK)
        if data:
            self._reader.feed(data)
        else:
            self._reader.eof()
        return len(data) == _CHUNK

    def arrived(self) -> bool:
        """Whether there are bytes to receive without waiting. An end does not count."""
        return fcntl.ioctl(self._sock.fileno(), termios.FIONREAD, _NOTHING) != _NOTHING


def _dispatch(handlers: Mapping[str, list[Callable[[Any], object]]], event: Frame) -> None:
    """Call the handlers registered for an event, by greenswitch's rules; a failing one is logged
    and the others are called."""
    if event.content_type == _DISCONNECT:
        name = "DISCONNECT"
    elif event.content_type == "log/data":
        name = "log"
    else:
        name = event.get("Event-Name", "")
        if name == "CUSTOM":
            name = event.get("Event-Subclass", "")
    for handler in tuple(handlers.get(name) or handlers.get("*") or ()):
        try:
            handler(event)
        except Exception:
            logger.exception("a handler of %s failed", printable(name, 60))


class CallSocket(OutboundSession):
    """One call's socket, for the sync mode of FreeSWITCH's ``socket`` application.

    In that mode the switch says nothing that was not asked for: whoever asks reads the replies, in
    his own greenlet. Only one greenlet may use a CallSocket at a time; :meth:`close` may be called
    from any, and ends the others' waiting with OutboundSessionHasGoneAway.
    """

    # The base's initialiser starts two greenlets and a queue; none of that is needed.
    def __init__(self, client_address: object, sock: Any) -> None:
        self.client_address = client_address
        self.sock = sock
        self.connected = True
        self.session_data: Frame | dict[str, str] | None = None
        self.event_handlers: dict[str, list[Callable[[Any], object]]] = {}
        self.expected_events: dict[str, list[tuple[str, str, Any]]] = {}
        self._stream = _Stream(sock, Reader())
        self._outbound_connected = False
        self._lingering = False
        self._unread = 0

    def request(self, *orders: bytes, timeout: float | None = None) -> list[Frame]:
        """Send commands in one write and return their replies, in order.

        ``timeout`` bounds the wait for each reply in seconds; None waits as long as it takes.
        Raises NotConnectedError when the socket is closed already, OutboundSessionHasGoneAway
        when it ends before the last reply, SwitchError when a reply takes too long (the next
        request then reads what is left of it first), ProtocolError when the switch breaks the
        protocol.
        """
        return list(self.exchange(*orders, timeout=timeout))

    def exchange(self, *orders: bytes, timeout: float | None = None) -> Iterator[Frame]:
        """As :meth:`request`, but each reply as it comes: replies before an end are not lost."""
        for _ in range(self._unread):
            self._reply(timeout)
        self._write(commands.join(*orders))
        if len(orders) > 1 and orders[-1] == commands.connect():
            # The switch acknowledges the first orders at once. It is the snapshot that counts.
            self._stream.be_patient()
        self._unread += len(orders)
        return self._replies(len(orders), timeout)

    def _replies(self, count: int, timeout: float | None) -> Iterator[Frame]:
        for _ in range(count):
            yield self._reply(timeout)

    def _write(self, data: bytes) -> None:
        if not self.connected:
            raise NotConnectedError
        try:
            self.sock.sendall(data)
        except OSError:
            self._end()
            raise OutboundSessionHasGoneAway from None

    def _reply(self, timeout: float | None) -> Frame:
        if timeout is None:
            return self._next_reply()
        with gevent.Timeout(timeout, False):
            return self._next_reply()
        raise SwitchError(f"FreeSWITCH sent no reply within {timeout:g} s")

    def _next_reply(self) -> Frame:
        while True:
            if not self.connected:
                raise OutboundSessionHasGoneAway
            try:
                frame = self._stream.next_frame()
            except OSError:
                self._end()
                raise OutboundSessionHasGoneAway from None
            except ProtocolError:
                self._end()
                raise
            if isinstance(frame, End):
                self._end()
                raise OutboundSessionHasGoneAway
            kind = frame.content_type
            if kind in _REPLIES:
                self._unread -= 1
                return frame
            if kind == _DISCONNECT:
                self._lingering = frame.get("Content-Disposition") == "linger"
                _dispatch(self.event_handlers, frame)
                if not self._lingering:
                    self._end()
                    raise OutboundSessionHasGoneAway
            elif kind == _REJECTION:
                self._end()
                raise OutboundSessionHasGoneAway
            elif kind == _EVENT:
                _dispatch(self.event_handlers, frame.event())

    def _end(self) -> None:
        self.connected = self._outbound_connected = False
        self._unread = 0
        for waiting in self.expected_events.values():
            for _, _, result in waiting:
                result.set_exception(OutboundSessionHasGoneAway())
        self.expected_events = {}
        self.sock.close()

    # -- greenswitch's interface ----------------------------------------------------------------

    @property
    def uuid(self) -> str | None:
        """The call's own channel; None before :meth:`connect`."""
        data = self.session_data or {}
        return data.get("variable_uuid") or data.get("Unique-ID")

    def connect(
        self, timeout: float | None = None, meanwhile: Callable[[], object] = lambda: None
    ) -> Frame:
        """Take the call and return its snapshot, which :attr:`session_data` keeps until
        :meth:`release`. Sent again, it asks for a fresh one. ``meanwhile`` is called while the
        switch writes it."""
        replies = self.exchange(commands.connect(), timeout=timeout)
        meanwhile()
        (snapshot,) = replies
        self.session_data = snapshot
        self._outbound_connected = True
        return snapshot

    def release(self) -> None:
        """Drop the snapshot, some ten kilobytes, but for the few headers the properties read."""
        data = self.session_data
        if data is not None:
            kept = ((name, data.get(name)) for name in _KEPT)
            self.session_data = {name: value for name, value in kept if value is not None}

    def send(self, data: str) -> Frame:
        """Send one command as it is, and wait for its reply. Header lines are read byte by byte
        and searched by the switch: arguments belong in a body (:mod:`esl_router.esl.commands`)."""
        (reply,) = self.request(f"{data}\n\n".encode())
        return reply

    def call_command(
        self,
        app_name: str,
        app_args: str | None = None,
        block: bool = False,
        response_timeout: float | None = None,
    ) -> Frame:
        """Run an application. In sync mode the reply comes when it has ended, so ``block`` makes
        no difference."""
        if self._lingering:
            raise OutboundSessionHasGoneAway
        order = commands.execute(app_name, app_args)
        (reply,) = self.request(order, timeout=response_timeout)
        # Stock methods wait for an event that sync mode does not send: a snapshot has its answer.
        waiting = self.expected_events.pop(_COMPLETE, ())
        if waiting:
            (snapshot,) = self.request(commands.connect(), timeout=response_timeout)
            for _, _, result in waiting:
                result.set(snapshot)
        return reply

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        self.request(commands.hangup(cause))

    def stop(self) -> None:
        """Say ``exit`` and close: the dialplan goes on."""
        if self.connected:
            try:
                self.sock.sendall(commands.exit())
            except OSError:
                logger.debug("the switch was gone before exit")
        self.close()

    def close(self) -> None:
        """Close at once: the call goes back to the dialplan when its running command has ended."""
        self._end()


class EventLink(InboundESL):
    """An inbound connection to a switch's event socket: events in, API commands out.

    ``on_event`` is called with each event as a Frame, in the order they came: it must be quick and
    must not wait. Any number of greenlets may send.

    ``patient`` says whether nobody waits for an event just now. Then they gather for up to
    :data:`GATHER` seconds, as to be woken for each costs more than to read it. Who needs to know
    what has happened calls :meth:`catch_up`; who begins to wait, :meth:`hurry`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        password: str,
        timeout: float = 5,
        on_event: Callable[[Frame], object] | None = None,
        patient: Callable[[], bool] = lambda: False,
    ) -> None:
        self.host = host
        self.port = port
        self.password = password
        self.timeout = timeout
        self.on_event = on_event
        self._patient = patient
        self.connected = False
        self.event_handlers: dict[str, list[Callable[[Any], object]]] = {}
        self._waiting: deque[Any] = deque()
        self._sending = BoundedSemaphore(1)
        self._greenlet: Any = None
        self._stream: _Stream | None = None
        self._rests_until = 0.0
        self._taking = False
        self._hurry = Flag()
        self.sock: Any = None

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def connect(self) -> None:
        """Connect and log in, within ``timeout`` seconds for each step; raises SwitchError."""
        try:
            self.sock = socket.create_connection((self.host, self.port), self.timeout)
        except OSError as error:
            why = error.strerror or str(error)
            raise SwitchError(f"FreeSWITCH at {self.address} cannot be reached: {why}") from error
        self._waiting.clear()
        stream = _Stream(self.sock, Reader(max_body=MAX_LINK_BODY))
        try:
            self._log_in(stream)
        except BaseException:
            self.sock.close()
            raise
        self.sock.settimeout(None)
        self._detect_death()
        self.connected = True
        self._stream = stream
        self._greenlet = gevent.spawn(self._read, stream)

    def _log_in(self, stream: _Stream) -> None:
        try:
            frame = stream.next_frame()
            if isinstance(frame, Frame) and frame.content_type == _REJECTION:
                raise SwitchError(
                    f"FreeSWITCH at {self.address} refuses this host: "
                    "see apply-inbound-acl in event_socket.conf.xml"
                )
            if not isinstance(frame, Frame) or frame.content_type != "auth/request":
                raise SwitchError(f"no FreeSWITCH event socket answers at {self.address}")
            self.sock.sendall(commands.auth(self.password))
            frame = stream.next_frame()
        except (OSError, ProtocolError) as error:
            raise SwitchError(f"FreeSWITCH at {self.address} did not log us in: {error}") from error
        if not isinstance(frame, Frame) or frame.reply_text != "+OK accepted":
            raise WrongPassword(f"FreeSWITCH at {self.address} does not accept the password")

    def _detect_death(self) -> None:
        """A switch whose host vanished says nothing; about 25 s later the kernel does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            if hasattr(socket, option):
                self.sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def _read(self, stream: _Stream) -> None:
        try:
            while self._take_all(stream):
                self._rest()
                self._receive(stream)
        except (OSError, ProtocolError) as error:
            self._broken(error)
        finally:
            self._end()

    def _receive(self, stream: _Stream) -> bool:
        more = stream.receive()
        self._rests_until = 0.0 if more else time.monotonic() + GATHER
        return more

    def _rest(self) -> None:
        """Let events gather."""
        while self.connected and self._patient() and not self._waiting:
            left = self._rests_until - time.monotonic()
            if left <= 0:
                return
            self._hurry.clear()
            self._hurry.wait(left)

    def hurry(self) -> None:
        """Events are waited for: read on."""
        self._hurry.set()

    def catch_up(self) -> None:
        """Take in what has come already, without waiting. Raises nothing: a broken link ends."""
        stream = self._stream
        # An event's handler may ask for what was before it: that is taken in already.
        if stream is None or self._taking or not self.connected:
            return
        try:
            # Its own greenlet sees the end.
            more = stream.arrived()
            while more:
                full = self._receive(stream)
                self._take_all(stream)
                more = full and self.connected and stream.arrived()
        except (OSError, ProtocolError) as error:
            self._broken(error)
            self._end()

    def _take_all(self, stream: _Stream) -> bool:
        """Take in what was received; False: there will be no more."""
        self._taking = True
        try:
            while (frame := stream.at_hand()) is not None:
                if isinstance(frame, End):
                    return False
                self._take(frame)
        finally:
            self._taking = False
        return True

    def _broken(self, error: Exception) -> None:
        if self.connected:
            logger.warning("event link to %s: %s", self.address, printable(str(error)))

    def _take(self, frame: Frame) -> None:
        kind = frame.content_type
        if kind in _REPLIES:
            if self._waiting:
                self._waiting.popleft().set(frame)
        elif kind == _EVENT:
            event = frame.event()
            if self.on_event is not None:
                try:
                    self.on_event(event)
                except Exception:
                    logger.exception("the handler of %r failed", event)
            if self.event_handlers:
                _dispatch(self.event_handlers, event)
        elif self.event_handlers:
            _dispatch(self.event_handlers, frame)

    def _end(self) -> None:
        self.connected = False
        self._hurry.set()
        while self._waiting:
            self._waiting.popleft().set_exception(NotConnectedError("the event link has ended"))
        self.sock.close()

    def wait_closed(self, timeout: float | None = None) -> bool:
        """Wait until the link has ended; False when ``timeout`` seconds passed before."""
        if self._greenlet is None:
            return True
        self._greenlet.join(timeout)
        return bool(self._greenlet.dead)

    def request(self, order: bytes, timeout: float | None = None) -> Frame:
        """Send one command and wait for its reply, at most ``timeout`` seconds (else the link's).

        Raises NotConnectedError when the link is down or ends meanwhile, SwitchError when the
        reply takes too long; a late reply is then thrown away.
        """
        if not self.connected:
            raise NotConnectedError(f"no event link to {self.address}")
        seconds = self.timeout if timeout is None else timeout
        result = AsyncResult()
        # Replies come in the order of the commands: one writes after the other.
        with self._sending:
            self._waiting.append(result)
            self._hurry.set()
            try:
                self.sock.sendall(order)
            except OSError as error:
                self._end()
                raise NotConnectedError(f"the event link to {self.address} has ended") from error
        reply: Frame
        try:
            reply = result.get(timeout=seconds)
        except gevent.Timeout:
            raise SwitchError(
                f"FreeSWITCH at {self.address} sent no reply within {seconds:g} s"
            ) from None
        return reply

    def send(self, data: str) -> Frame:
        """Send one command as it is, and wait for its reply."""
        return self.request(f"{data}\n\n".encode())

    def api(self, command: str, timeout: float | None = None) -> bytes:
        """Run an API command and return its output."""
        return self.request(commands.api(command), timeout).body

    def subscribe(self, *names: str, custom: Iterable[str] = ()) -> None:
        """Ask for events by name, and for subclasses of CUSTOM; raises SwitchError if refused."""
        reply = self.request(commands.event(*names, custom=custom))
        if not reply.reply_text.startswith("+OK"):
            raise SwitchError(
                f"FreeSWITCH at {self.address} refused the subscription: "
                f"{printable(reply.reply_text)}"
            )

    def stop(self) -> None:
        """Close the link and wait for its greenlet. Whoever waits gets NotConnectedError."""
        if self.sock is None:
            return
        self._end()
        if self._greenlet is not None and self._greenlet is not gevent.getcurrent():
            self._greenlet.join()
