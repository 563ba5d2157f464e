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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import gevent
from gevent import socket
from gevent.event import Event
from gevent.queue import Empty, Queue

from esl_router.switch import channel as channels
from esl_router.switch import encoding
from esl_router.switch.channel import Channel
from esl_router.switch.dialplan import BadDialString, DialledLeg, parse, variables
from esl_router.switch.encoding import Order, OrderReader
from esl_router.switch.originate import Does, Group, LegState
from esl_router.switch.phones import Behaviour, CallScript

if TYPE_CHECKING:
    from esl_router.switch.server import SimulatedSwitch

FIRST_COMMAND = 25.0
"""Seconds FreeSWITCH waits for a router's first command."""

MESSAGE = 4.0
"""Seconds a caller speaks to a mailbox, unless his script says otherwise."""

_GOES_ON = {"NO_ANSWER", "NO_USER_RESPONSE", "ORIGINATOR_CANCEL"}
"""Causes after which the caller's leg lives on without ``continue_on_fail``."""

_DIAL_STATUS = {
    "ORIGINATOR_CANCEL": "CANCEL",
    "USER_BUSY": "BUSY",
    "NO_ANSWER": "NOANSWER",
    "DESTINATION_OUT_OF_ORDER": "INVALIDARGS",
    "CALL_REJECTED": "DONTCALL",
}


@dataclass(frozen=True, slots=True)
class Note:
    """Something that somebody who looks on would see."""

    at: float
    """Seconds since the call came in."""

    kind: str
    """``ring``, ``answer``, ``end``, ``confirmed``, ``through``, ``mailbox``, ``fallback``,
    ``unregistered``, ``over``."""

    party: str = ""
    """The phone, the number or the mailbox."""

    cause: str = ""


@dataclass(slots=True)
class Placed:
    """One call: what became of it. Wait for :attr:`done`."""

    script: CallScript
    uuid: str = ""
    code: int = 0
    """The SIP status the caller got."""

    answered: str | None = None
    """The phone or number that he was put through to."""

    mailbox: str | None = None
    fallback: bool = False
    """Whether the call went back to the dialplan unrouted."""

    notes: list[Note] = field(default_factory=list)
    done: Event = field(default_factory=Event)

    @property
    def rang(self) -> tuple[str, ...]:
        """Every phone that was called, sorted."""
        return tuple(sorted({note.party for note in self.notes if note.kind == "ring"}))


@dataclass(slots=True)
class _Leg:
    party: str
    channel: Channel
    behaviour: Behaviour
    code: int = 0


class _CallerGone(Exception):
    """The caller's leg has ended; the cause is on its channel."""


class Call:
    """Plays one :class:`CallScript`. :meth:`run` returns when it is over."""

    def __init__(self, switch: SimulatedSwitch, placed: Placed) -> None:
        self._switch = switch
        self._placed = placed
        self._script = placed.script
        self._started = switch.clock.now()
        self._leg = channels.incoming(placed.script, switch.domain, self._started)
        placed.uuid = self._leg.uuid
        self._inbox: Queue = Queue()
        self._timers: list[tuple[float, int, tuple[str, str, str]]] = []
        self._order = itertools.count()
        self._reader = OrderReader()
        self._closed = False
        self._socket: socket.socket | None = None
        self._receiver: gevent.Greenlet | None = None
        self._legs: dict[str, _Leg] = {}
        self._refused_with = 0
        self._app: Mapping[str, Callable[[str], None]] = {
            "set": self._set,
            "multiset": self._multiset,
            "export": self._export,
            "unset": lambda name: self._leg.set(name, ""),
            "answer": lambda _: self._answer(),
            "pre_answer": lambda _: None,
            "ring_ready": lambda _: None,
            "sleep": lambda ms: self._pause(float(ms or 0) / 1000),
            "playback": lambda _: self._pause(2.0),
            "voicemail": self._voicemail,
            "bridge": self._bridge,
            "hangup": lambda cause: self._end(cause or "NORMAL_CLEARING"),
            "transfer": self._transfer,
            "log": lambda _: None,
        }

    # -- the way of the call ----------------------------------------------------------------------

    def run(self) -> None:
        leg = self._leg
        self._switch.add(leg, self)
        if self._script.give_up is not None:
            self._after(self._script.give_up, "caller", "gives up")
        try:
            try:
                self._visit_router()
                self._go_on()
            except _CallerGone:
                self._close(notice=True)
        finally:
            self._close(notice=False)
            for other in list(self._legs.values()):
                self._end_leg(other, "NORMAL_CLEARING")
            if leg.alive:
                self._hang_up_caller("NORMAL_CLEARING")
            self._placed.code = leg.code if not self._refused_with else self._refused_with
            self._note("over", cause=leg.cause)
            self._placed.done.set()

    def _visit_router(self) -> None:
        """The ``socket`` application, until the router is done with the call or is gone."""
        host, port = self._switch.router
        self._leg.application, self._leg.argument = "socket", f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port))
        except OSError:
            return
        self._receiver = gevent.spawn(self._receive, self._socket)
        first: float | None = FIRST_COMMAND
        while True:
            order = self._reader.next_order()
            if order is None:
                if self._closed or self._wait(first)[0] == "nothing":
                    break
                continue
            first = None
            if not self._obey(order):
                self._close(notice=True)
                break
        self._close(notice=False)

    def _go_on(self) -> None:
        """What the shipped dialplan does after ``socket``."""
        leg = self._leg
        if not leg.true("eslr_routed"):
            self._placed.fallback = True
            self._note("fallback")
            self._end("NO_ANSWER")
        if leg.variables.get("originate_disposition") == "SUCCESS":
            self._end("NORMAL_CLEARING")
        mailbox = leg.variables.get("eslr_mailbox", "")
        if not re.fullmatch(r"[0-9]{2,8}", mailbox):
            self._end("NO_ANSWER")
        self._answer()
        self._voicemail(f"default {self._switch.domain} {mailbox}")
        self._end("NORMAL_CLEARING")

    # -- waiting ----------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._switch.clock.now()

    def _after(self, seconds: float, kind: str, what: str, leg: str = "") -> None:
        heapq.heappush(self._timers, (self._now() + seconds, next(self._order), (kind, what, leg)))

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

    def _wait(self, seconds: float | None = None) -> tuple[str, str, str]:
        """The next thing that happens; ("nothing", …) when ``seconds`` have passed before.

        Raises _CallerGone when the caller gives up or hangs up.
        """
        until = math.inf if seconds is None else self._now() + seconds
        due = min(until, self._timers[0][0] if self._timers else math.inf)
        timeout = None if due == math.inf else self._switch.clock.real(due - self._now())
        try:
            happened: tuple[str, str, str] = self._inbox.get(timeout=timeout)
        except Empty:
            if not self._timers or self._timers[0][0] > until:
                return "nothing", "", ""
            _, _, happened = heapq.heappop(self._timers)
        kind, what, _ = happened
        if kind == "caller":
            if what == "gives up" and self._leg.answered:
                return self._wait(None if until == math.inf else until - self._now())
            self._end("NORMAL_CLEARING" if self._leg.answered else "ORIGINATOR_CANCEL")
        if kind == "kill" and happened[2] == self._leg.uuid:
            self._end(what)
        return happened

    def _pause(self, seconds: float) -> None:
        until = self._now() + seconds
        while self._now() < until:
            self._wait(until - self._now())

    # -- commands ---------------------------------------------------------------------------------

    def _send(self, data: bytes) -> None:
        if self._socket is not None:
            try:
                self._socket.sendall(data)
            except OSError:
                self._socket = None

    def _close(self, *, notice: bool) -> None:
        if notice:
            self._send(encoding.goodbye(self._leg.uuid))
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._receiver is not None:
            self._receiver.kill(block=False)
            self._receiver = None

    def _obey(self, order: Order) -> bool:
        """Carry out one command; False: the router says that it is done."""
        if order.verb == "connect":
            headers = [*self._switch.common("CHANNEL_DATA"), *self._leg.snapshot()]
            self._send(encoding.snapshot(headers, mode="static", control="single-channel"))
        elif order.verb in ("exit", "..."):
            self._send(encoding.reply("+OK bye"))
            return False
        elif order.verb == "sendmsg":
            self._message(order)
        elif order.verb == "getvar":
            name = order.line.partition(" ")[2]
            self._send(encoding.reply(self._leg.variables.get(name, "")))
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
                    self._end("DESTINATION_OUT_OF_ORDER")
                else:
                    if name not in ("set", "multiset", "export", "unset"):
                        self._leg.application, self._leg.argument = name, argument
                    app(argument)
            except _CallerGone:
                self._send(encoding.reply("+OK"))
                raise
        else:
            self._send(encoding.reply("-ERR invalid command"))
            return
        self._send(encoding.reply("+OK"))
        if not self._leg.alive:
            raise _CallerGone

    # -- applications -----------------------------------------------------------------------------

    def _set(self, argument: str) -> None:
        name, _, value = argument.partition("=")
        self._leg.set(name.strip(), value)

    def _multiset(self, argument: str) -> None:
        if argument.startswith("^^"):
            for name, value in variables(argument).items():
                self._leg.set(name, value)
        else:
            for pair in argument.split(" "):
                self._set(pair)

    def _export(self, argument: str) -> None:
        name, _, value = argument.partition("=")
        nolocal = name.startswith("nolocal:")
        name = name.removeprefix("nolocal:")
        if not nolocal:
            self._leg.set(name, value)
        names = [n for n in self._leg.variables.get("export_vars", "").split(",") if n]
        self._leg.set("export_vars", ",".join([*names, name]))

    def _answer(self) -> None:
        leg = self._leg
        if leg.answered:
            return
        leg.answered = self._now()
        leg.variables["endpoint_disposition"] = "ANSWER"
        for state in ("EARLY", "ACTIVE"):
            leg.state = state
            self._switch.tell(leg)
        if self._script.hang_up is not None:
            self._after(self._script.hang_up, "caller", "hangs up")

    def _transfer(self, argument: str) -> None:
        self._leg.destination = argument.split(" ")[0]
        self._end("NORMAL_CLEARING")

    def _voicemail(self, argument: str) -> None:
        words = argument.split()
        self._answer()
        self._placed.mailbox = words[-1] if words else ""
        self._note("mailbox", self._placed.mailbox)
        self._pause(MESSAGE if self._script.hang_up is not None else 4 * MESSAGE)

    def _end(self, cause: str) -> None:
        """End the caller's leg, and with it whatever runs on it."""
        self._hang_up_caller(cause)
        raise _CallerGone

    def _hang_up_caller(self, cause: str) -> None:
        leg = self._leg
        if not leg.alive:
            return
        ignored = leg.true("sip_ignore_remote_cause")
        remote = leg.variables.get("last_bridge_proto_specific_hangup_cause", "")
        if not ignored and not leg.answered and re.fullmatch(r"sip:[4-6][0-9]{2}", remote):
            # The far end's own code goes to the caller, whatever the cause says.
            self._refused_with = int(remote[4:])
        self._switch.end(leg, cause, self._now())

    # -- bridge -----------------------------------------------------------------------------------

    def _bridge(self, argument: str) -> None:
        leg = self._leg
        if not leg.true("preserve_originated_vars") and "preserve_originated_vars" in leg.variables:
            for name in ("originate_causes", "originated_legs"):
                leg.set(name, "")
        try:
            dial = parse(argument)
        except BadDialString:
            self._failed("DESTINATION_OUT_OF_ORDER")
            return
        cause = "DESTINATION_OUT_OF_ORDER"
        for dialled in dial.groups:
            group, missing = self._group(dialled, dial.variables)
            if group is None:
                cause = missing
                continue
            winner = self._ring(group)
            if winner is not None:
                self._talk(winner)
                return
            cause = group.cause
            if group.rejected or group.timed_out:
                break
        self._failed(cause)

    def _group(
        self, dialled: Iterable[DialledLeg], shared: Mapping[str, str]
    ) -> tuple[Group | None, str]:
        """The legs for which a channel comes into being; without any the cause."""
        legs: list[DialledLeg] = []
        for each in dialled:
            found = self._switch.find(each.address, self._script)
            if found is None:
                account = each.address.rpartition("/")[2].partition("%")[0]
                self._note("unregistered", account)
                continue
            party, behaviour = found
            uuid = each.variables.get("origination_uuid") or channels.new_uuid()
            legs.append(DialledLeg(each.address, {**each.variables, "origination_uuid": uuid}))
            leg = Channel(
                uuid=uuid,
                inbound=False,
                name=f"{each.address}",
                number=each.variables.get(
                    "origination_caller_id_number",
                    self._leg.variables.get("effective_caller_id_number", self._leg.number),
                ),
                display=each.variables.get("origination_caller_id_name", self._leg.display),
                destination=party,
                context=self._leg.context,
                created=self._now(),
                username=self._leg.username,
                presence=each.variables.get("presence_id", ""),
                call_uuid=self._leg.uuid,
                variables=dict(each.variables),
                state="DOWN",
                other=self._leg,
            )
            self._legs[uuid] = _Leg(party, leg, behaviour)
            self._switch.add(leg, self)
        if not legs:
            return None, "USER_NOT_REGISTERED"
        return Group(tuple(legs), shared, self._now()), ""

    def _ring(self, group: Group) -> _Leg | None:
        """Ring until one leg has won (returned) or all have ended."""
        uuids = [leg.variables["origination_uuid"] for leg in group.dialled]
        for uuid in uuids:
            self._leg.push("originated_legs", f"{uuid};Outbound Call;{self._legs[uuid].party}")
        self._leg.set("originate_signal_bond", uuids[-1])
        orders = group.begin()
        try:
            while True:
                for order in orders:
                    self._carry_out(order.does, uuids[order.leg], order.cause)
                if group.finished:
                    break
                deadline = group.deadline(self._now())
                left = None if deadline is None else deadline - self._now()
                kind, what, uuid = self._wait(left)
                if kind == "nothing":
                    orders = group.advance(self._now())
                elif uuid in uuids and kind in ("phone", "kill"):
                    orders = self._phone(group, uuids.index(uuid), kind, what)
                else:
                    orders = []
        except _CallerGone:
            for order in group.cancel(self._leg.cause):
                self._carry_out(order.does, uuids[order.leg], order.cause)
            raise
        for uuid, cause in group.causes():
            self._leg.push("originate_causes", f"{uuid};{cause}")
        return None if group.winner is None else self._legs[uuids[group.winner]]

    def _phone(self, group: Group, index: int, kind: str, what: str) -> list:
        """Something happened on a leg."""
        uuid = group.dialled[index].variables["origination_uuid"]
        leg = self._legs.get(uuid)
        if leg is None or not leg.channel.alive:
            return []
        if kind == "kill":
            self._end_leg(leg, what)
            return group.heard(index, what, self._now())
        if what == "ringing":
            leg.channel.state = "RINGING"
            self._switch.tell(leg.channel)
        elif what == "answered":
            leg.channel.answered = self._now()
            leg.channel.state = "ACTIVE"
            self._switch.tell(leg.channel)
            self._note("answer", leg.party)
        elif what.startswith("pressed "):
            key = group.dialled[index].variables.get("group_confirm_key")
            if group.legs[index].state is not LegState.CONFIRMING or key != what[8:]:
                return []
            self._note("confirmed", leg.party)
            what = "confirmed"
        elif what == "hung up":
            self._end_leg(leg, "NORMAL_CLEARING")
            what = "NORMAL_CLEARING"
        else:
            what, _, code = what.partition(" ")
            leg.code = int(code)
            self._leg.set("last_bridge_proto_specific_hangup_cause", f"sip:{code}")
            self._end_leg(leg, what)
        return group.heard(index, what, self._now())

    def _carry_out(self, does: Does, uuid: str, cause: str) -> None:
        leg = self._legs[uuid]
        if does is Does.INVITE:
            self._note("ring", leg.party)
            for delay, what in leg.behaviour.script():
                self._after(delay, "phone", what, uuid)
        elif does is Does.CANCEL:
            self._end_leg(leg, cause)

    def _end_leg(self, leg: _Leg, cause: str) -> None:
        if leg.channel.uuid in self._legs:
            del self._legs[leg.channel.uuid]
            rang = leg.channel.state != "DOWN"
            self._leg.variables["last_bridge_hangup_cause"] = cause
            self._switch.end(leg.channel, cause, self._now())
            self._note("end" if rang else "silent", leg.party, cause)

    def _talk(self, leg: _Leg) -> None:
        """The conversation, to its end."""
        caller, peer = self._leg, leg.channel
        caller.set("originate_signal_bond", "")
        caller.variables |= {"originate_disposition": "SUCCESS", "DIALSTATUS": "SUCCESS"}
        caller.variables["last_bridge_to"] = caller.variables["bridge_uuid"] = peer.uuid
        caller.variables["bridge_channel"] = peer.name
        caller.other = peer
        self._answer()
        self._placed.answered = leg.party
        self._note("through", leg.party)
        try:
            while True:
                kind, what, uuid = self._wait()
                if kind == "phone" and uuid == peer.uuid and what == "hung up":
                    break
                if kind == "kill" and uuid == peer.uuid:
                    break
        finally:
            for name in ("last_bridge_hangup_cause", "bridge_hangup_cause"):
                caller.variables[name] = "NORMAL_CLEARING"
            caller.variables["last_bridge_proto_specific_hangup_cause"] = "sip:200"
            self._end_leg(leg, "NORMAL_CLEARING")
        if caller.true("hangup_after_bridge"):
            self._end("NORMAL_CLEARING")

    def _failed(self, cause: str) -> None:
        leg = self._leg
        leg.variables |= {
            "originate_disposition": cause,
            "originate_failed_cause": cause,
            "DIALSTATUS": _DIAL_STATUS.get(cause, cause),
        }
        goes_on = leg.variables.get("continue_on_fail", "")
        listed = cause in goes_on.split(",")
        if cause not in _GOES_ON and not leg.true("continue_on_fail") and not listed:
            self._end(cause)

    def _note(self, kind: str, party: str = "", cause: str = "") -> None:
        note = Note(self._now() - self._started, kind, party, cause)
        self._placed.notes.append(note)
        self._switch.look(self._placed, note)
