"""One call on the simulated switch: it dials into the router, does what it is told, and ends.

As with FreeSWITCH's ``socket`` in sync mode: an application runs to its end before the next command
is read, its reply comes after that, and whatever ends the caller's leg ends the connection with a
notice. What the router had sent beyond that is thrown away.
"""

from __future__ import annotations

import heapq
import itertools
import math
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import gevent
from gevent import socket
from gevent.queue import Empty, Queue

from esl_router.switch import channel as channels
from esl_router.switch import encoding
from esl_router.switch.bridge import Bridge, CallerGone
from esl_router.switch.dialplan import variables
from esl_router.switch.encoding import Order, OrderReader
from esl_router.switch.placed import Note, Placed, Shown

if TYPE_CHECKING:
    from esl_router.switch.server import SimulatedSwitch

FIRST_COMMAND = 25.0
"""Seconds FreeSWITCH waits for a router's first command."""

TYPING = 2.0
"""Seconds a caller takes to enter something by his keys."""

_OF_THE_ROUTER = frozenset({"data", "closed"})
"""What the router does. It thinks no faster than life, so its time is not compressed."""

MESSAGE = 4.0
"""Seconds a caller speaks to a mailbox, unless his script says otherwise."""


class Call:
    """Plays one :class:`CallScript`. :meth:`run` returns when it is over."""

    def __init__(self, switch: SimulatedSwitch, placed: Placed) -> None:
        self.switch = switch
        self.placed = placed
        self.script = placed.script
        self._started = self._at = switch.clock.now()
        self._reached = time.monotonic()
        self.leg = channels.incoming(placed.script, switch.domain, self._started)
        placed.uuid = self.leg.uuid
        self._inbox: Queue = Queue()
        self._timers: list[tuple[float, int, tuple[str, str, str]]] = []
        self._order = itertools.count()
        self._reader = OrderReader()
        self._entered = iter(placed.script.enters)
        self._closed = False
        self._socket: socket.socket | None = None
        self._receiver: gevent.Greenlet | None = None
        self._bridge = Bridge(self)
        self._refused_with = 0
        self._app: Mapping[str, Callable[[str], None]] = {
            "set": self._set,
            "multiset": self._multiset,
            "export": self._export,
            "set_profile_var": self._set_profile,
            "unset": lambda name: self.leg.set(name, ""),
            "answer": lambda _: self.answer(),
            "pre_answer": lambda _: None,
            "ring_ready": lambda _: None,
            "sleep": lambda ms: self._pause(float(ms or 0) / 1000),
            "playback": lambda _: self._pause(2.0),
            "read": self._read,
            "voicemail": self._voicemail,
            "bridge": self._bridge.run,
            "hangup": lambda cause: self.end(cause or "NORMAL_CLEARING"),
            "transfer": self._transfer,
            "log": lambda _: None,
        }

    # -- the way of the call ----------------------------------------------------------------------

    def run(self) -> None:
        leg = self.leg
        self.switch.add(leg, self)
        if self.script.give_up is not None:
            self.after(self.script.give_up, "caller", "gives up")
        try:
            try:
                self._visit_router()
                self._go_on()
            except CallerGone:
                self._close(notice=True)
        finally:
            self._close(notice=False)
            self._bridge.close()
            if leg.alive:
                self._hang_up_caller("NORMAL_CLEARING")
            self.placed.code = leg.code if not self._refused_with else self._refused_with
            self.note("over", cause=leg.cause)
            self.placed.done.set()

    def _visit_router(self) -> None:
        """The ``socket`` application, until the router is done with the call or is gone."""
        host, port = self.switch.router
        self.leg.application, self.leg.argument = "socket", f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port))
        except OSError:
            return
        self._receiver = gevent.spawn(self._receive, self._socket)
        first: float | None = FIRST_COMMAND
        while True:
            order = self._reader.next_order()
            if order is None:
                if self._closed or self.wait(first)[0] == "nothing":
                    break
                continue
            first = None
            if not self._obey(order):
                self._close(notice=True)
                break
        self._close(notice=False)

    def _go_on(self) -> None:
        """What the shipped dialplan does after ``socket``."""
        leg = self.leg
        if not leg.true("eslr_routed"):
            self.placed.fallback = True
            self.note("fallback")
            self.end("NO_ANSWER")
        if leg.variables.get("originate_disposition") == "SUCCESS":
            self.end("NORMAL_CLEARING")
        mailbox = leg.variables.get("eslr_mailbox", "")
        if not re.fullmatch(r"[0-9]{2,8}", mailbox):
            self.end("NO_ANSWER")
        self.answer()
        self._voicemail(f"default {self.switch.domain} {mailbox}")
        self.end("NORMAL_CLEARING")

    # -- waiting ----------------------------------------------------------------------------------

    def now(self) -> float:
        """The instant of what happened last, in simulated seconds since the epoch.

        That is when it was due, however late this process came to do it: on a busy machine the
        call goes as on an idle one. What follows is due by the clock, so nothing adds up.
        """
        return self._at

    def _reach(self, instant: float) -> None:
        self._at = max(self._at, instant)
        self._reached = time.monotonic()

    def after(self, seconds: float, kind: str, what: str, leg: str = "") -> None:
        heapq.heappush(self._timers, (self.now() + seconds, next(self._order), (kind, what, leg)))

    def post(self, kind: str, what: str, leg: str = "") -> None:
        """Something happened outside of the call: an order to hang a leg up."""
        self._inbox.put((kind, what, leg))

    def _receive(self, sock: socket.socket) -> None:
        while True:
            try:
                data = sock.recv(65536)
            except OSError:
                data = b""
            if not data:
                self._closed = True
                self._inbox.put(("closed", "", ""))
                return
            self._reader.feed(data)
            self._inbox.put(("data", "", ""))

    def wait(self, seconds: float | None = None) -> tuple[str, str, str]:
        """The next thing that happens; ("nothing", …) when ``seconds`` have passed before.

        Raises CallerGone when the caller gives up or hangs up.
        """
        until = math.inf if seconds is None else self.now() + seconds
        due = min(until, self._timers[0][0] if self._timers else math.inf)
        clock = self.switch.clock
        timeout = None if due == math.inf else clock.real(due - clock.now())
        try:
            happened: tuple[str, str, str] = self._inbox.get(timeout=timeout)
        except Empty:
            self._reach(due)
            if not self._timers or self._timers[0][0] > until:
                return "nothing", "", ""
            _, _, happened = heapq.heappop(self._timers)
        else:
            if happened[0] in _OF_THE_ROUTER:
                self._reach(self._at + time.monotonic() - self._reached)
            else:
                self._reach(min(clock.now(), due))
        kind, what, _ = happened
        if kind == "caller":
            if what == "gives up" and self.leg.answered:
                return self.wait(None if until == math.inf else until - self.now())
            self.end("NORMAL_CLEARING" if self.leg.answered else "ORIGINATOR_CANCEL")
        if kind == "kill" and happened[2] == self.leg.uuid:
            self.end(what)
        return happened

    def _pause(self, seconds: float) -> None:
        until = self.now() + seconds
        while self.now() < until:
            self.wait(until - self.now())

    # -- commands ---------------------------------------------------------------------------------

    def _send(self, data: bytes) -> None:
        if self._socket is not None:
            try:
                self._socket.sendall(data)
            except OSError:
                self._socket = None

    def _close(self, *, notice: bool) -> None:
        if notice:
            self._send(encoding.goodbye(self.leg.uuid))
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._receiver is not None:
            self._receiver.kill(block=False)
            self._receiver = None

    def _obey(self, order: Order) -> bool:
        """Carry out one command; False: the router says that it is done."""
        if order.verb == "connect":
            headers = [*self.switch.common("CHANNEL_DATA"), *self.leg.snapshot()]
            self._send(encoding.snapshot(headers, mode="static", control="single-channel"))
        elif order.verb in ("exit", "..."):
            self._send(encoding.reply("+OK bye"))
            return False
        elif order.verb == "sendmsg":
            self._message(order)
        elif order.verb == "getvar":
            name = order.line.partition(" ")[2]
            self._send(encoding.reply(self.leg.variables.get(name, "")))
        elif order.verb in ("resume", "filter", "myevents", "divert_events"):
            self._send(encoding.reply("+OK"))
        else:
            self._send(encoding.reply("-ERR command not found"))
        return True

    def _message(self, order: Order) -> None:
        call = order.headers.get("call-command", "")
        if call == "hangup":
            self._hang_up_caller(order.headers.get("hangup-cause", "NORMAL_CLEARING"))
        elif call == "execute":
            name = order.headers.get("execute-app-name", "")
            argument = order.body or order.headers.get("execute-app-arg", "")
            app = self._app.get(name)
            try:
                if app is None:
                    self.end("DESTINATION_OUT_OF_ORDER")
                else:
                    if name not in ("set", "multiset", "export", "set_profile_var", "unset"):
                        self.leg.application, self.leg.argument = name, argument
                    app(argument)
            except CallerGone:
                self._send(encoding.reply("+OK"))
                raise
        else:
            self._send(encoding.reply("-ERR invalid command"))
            return
        self._send(encoding.reply("+OK"))
        if not self.leg.alive:
            raise CallerGone

    # -- applications -----------------------------------------------------------------------------

    def _set(self, argument: str) -> None:
        name, _, value = argument.partition("=")
        self.leg.set(name.strip(), value)

    def _multiset(self, argument: str) -> None:
        if argument.startswith("^^"):
            for name, value in variables(argument).items():
                self.leg.set(name, value)
        else:
            for pair in argument.split(" "):
                self._set(pair)

    def _export(self, argument: str) -> None:
        # With `nolocal:` it is kept on the leg under that very name.
        name, _, value = argument.partition("=")
        self.leg.set(name, value)
        if value:
            names = [n for n in self.leg.variables.get("export_vars", "").split(",") if n]
            self.leg.set("export_vars", ",".join([*names, name]))

    def _set_profile(self, argument: str) -> None:
        name, _, value = argument.partition("=")
        if name == "caller_id_name":
            self.leg.display = value

    def answer(self) -> None:
        leg = self.leg
        if leg.answered:
            return
        leg.answered = self.now()
        leg.variables["endpoint_disposition"] = "ANSWER"
        for state in ("EARLY", "ACTIVE"):
            leg.state = state
            self.switch.tell(leg)
        if self.script.hang_up is not None:
            self.after(self.script.hang_up, "caller", "hangs up")

    def _transfer(self, argument: str) -> None:
        self.leg.destination = argument.split(" ")[0]
        self.end("NORMAL_CLEARING")

    def _voicemail(self, argument: str) -> None:
        words = argument.split()
        self.answer()
        self.placed.mailbox = words[-1] if words else ""
        self.note("mailbox", self.placed.mailbox)
        begun = self.now()
        try:
            self._pause(MESSAGE if self.script.hang_up is not None else 4 * MESSAGE)
        finally:
            if words[:1] == ["default"] and self.now() - begun >= 1:
                self.switch.tell_message(self.leg, self.placed.mailbox, int(self.now() - begun))

    def _read(self, argument: str) -> None:
        self._pause(TYPING)
        entered = next(self._entered, "")
        self.leg.set(argument.split(" ")[3], entered)
        self.leg.set("read_result", "success" if entered else "timeout")

    def end(self, cause: str) -> None:
        """End the caller's leg, and with it whatever runs on it."""
        self._hang_up_caller(cause)
        raise CallerGone

    def _hang_up_caller(self, cause: str) -> None:
        leg = self.leg
        if not leg.alive:
            return
        ignored = leg.true("sip_ignore_remote_cause")
        remote = leg.variables.get("last_bridge_proto_specific_hangup_cause", "")
        if not ignored and not leg.answered and re.fullmatch(r"sip:[4-6][0-9]{2}", remote):
            # The far end's own code goes to the caller, whatever the cause says.
            self._refused_with = int(remote[4:])
        self.switch.end(leg, cause, self.now())

    def note(self, kind: str, party: str = "", cause: str = "", shown: Shown | None = None) -> None:
        note = Note(self.now() - self._started, kind, party, cause, shown)
        self.placed.notes.append(note)
        self.switch.look(self.placed, note)
