"""The simulated switch: its phones, its channels, its calls and its event socket."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import gevent
from gevent import socket
from gevent.queue import Queue
from gevent.server import StreamServer

from esl_router.switch import encoding
from esl_router.switch.call import Call
from esl_router.switch.channel import Channel, dates, new_uuid
from esl_router.switch.clock import Clock
from esl_router.switch.encoding import OrderReader
from esl_router.switch.phones import Behaviour, CallScript, Phone
from esl_router.switch.placed import Note, Placed

EXPIRES = 3600
"""Seconds for which a simulated phone is registered."""

FIRST_PORT = 5070

_CONTACT = re.compile(r"sofia/[^/]+/sips?:([^@;]+)@[^:;]+:([0-9]+)")
_LOOKUP = re.compile(r"sofia/[^/]+/([^%@/]+)%.+")
_GATEWAY = re.compile(r"sofia/gateway/[^/]+/(.+)")
_TO_A_PLACE = re.compile(r"'([^']+)' &pickup\(([^)]+)\)")
_ANSWERS_NOBODY = Behaviour(refuse=404)


@dataclass(slots=True)
class _Listener:
    """One connection to the event socket."""

    outgoing: Queue
    names: set[str] = field(default_factory=set)


class SimulatedSwitch:
    """A FreeSWITCH with scripted telephones, as a router sees it.

    ``router`` is where calls are handed over. ``phones`` are all accounts and the outside numbers
    with a behaviour of their own; any other number outside answers 404. ``on_note`` is told what
    happens, while it happens.
    """

    def __init__(
        self,
        router: tuple[str, int],
        phones: Mapping[str, Phone] | Iterable[Phone] = (),
        *,
        clock: Clock | None = None,
        domain: str = "pbx.test",
        password: str = "ClueCon",
        on_note: Callable[[Placed, Note], object] | None = None,
        heartbeat: float = 20.0,
    ) -> None:
        self.router = router
        self.clock = clock or Clock()
        self.domain = domain
        self.password = password
        self.core_uuid = new_uuid()
        self._on_note = on_note
        self._heartbeat = heartbeat
        self._sequence = itertools.count(1)
        self._ports = itertools.count(FIRST_PORT)
        self._phones: dict[str, Phone] = {}
        self._urls: dict[str, tuple[str, ...]] = {}
        self._tokens: dict[str, str] = {}
        self._channels: dict[str, tuple[Channel, Call]] = {}
        self._listeners: list[_Listener] = []
        self._server: StreamServer | None = None
        self._beating: gevent.Greenlet | None = None
        for phone in phones.values() if isinstance(phones, Mapping) else phones:
            self.register(phone)

    # -- phones -----------------------------------------------------------------------------------

    def register(self, phone: Phone) -> None:
        """Put a phone there, or let it behave otherwise from now on; it registers or signs off."""
        old = self._urls.get(phone.name, ())
        self._phones[phone.name] = phone
        if phone.outside:
            return
        urls = list(old[: len(phone.contacts)])
        while len(urls) < len(phone.contacts):
            urls.append(f"sofia/internal/sip:{phone.name}@127.0.0.1:{next(self._ports)}")
        self._urls[phone.name] = tuple(urls)
        for url in old:
            if url not in urls:
                self._registration("sofia::unregister", phone.name, url)
        for url in urls:
            if url not in old:
                self._tokens[url] = f"{new_uuid()}@127.0.0.1"
                self._registration("sofia::register", phone.name, url)

    def find(self, address: str, script: CallScript) -> tuple[str, Behaviour] | None:
        """The phone behind a dialled address, and what it does; None: nobody is registered."""
        if address.startswith("pickup/"):
            return "", Behaviour(dead=True)  # it keeps a place, and rings nobody
        phones = {**self._phones, **(script.registered or {})}
        if found := _GATEWAY.fullmatch(address):
            phone = phones.get(found[1])
            return found[1], phone.contacts[0] if phone and phone.contacts else _ANSWERS_NOBODY
        if found := _CONTACT.match(address):
            phone = phones.get(found[1])
            if phone is None or not phone.contacts:
                # Its address is known from before: the INVITE goes out, and nobody answers it.
                return found[1], Behaviour(dead=True)
            for url, behaviour in zip(self._urls.get(found[1], ()), phone.contacts, strict=False):
                if address.startswith(url):
                    return found[1], behaviour
            return found[1], phone.contacts[0]
        if (found := _LOOKUP.fullmatch(address)) and (phone := phones.get(found[1])):
            return (found[1], phone.contacts[0]) if phone.contacts else None
        return None

    # -- calls ------------------------------------------------------------------------------------

    def place(self, script: CallScript) -> Placed:
        """Let somebody call; returns at once."""
        placed = Placed(script)
        call = Call(self, placed)
        gevent.spawn(call.run)
        return placed

    def add(self, channel: Channel, call: Call) -> None:
        """A channel comes into being."""
        self._channels[channel.uuid] = channel, call
        if channel.inbound:
            self.tell(channel)

    def end(self, channel: Channel, cause: str, now: float) -> None:
        """A channel ends."""
        if channel.uuid in self._channels:
            channel.cause, channel.state, channel.ended = cause, "HANGUP", now
            self.tell(channel)
            del self._channels[channel.uuid]

    @property
    def channels(self) -> int:
        """How many legs there are."""
        return len(self._channels)

    def look(self, placed: Placed, note: Note) -> None:
        """Tell who looks on."""
        if self._on_note is not None:
            self._on_note(placed, note)

    # -- events -----------------------------------------------------------------------------------

    def common(self, name: str, subclass: str = "") -> Iterator[tuple[str, str]]:
        """The headers that every event begins with."""
        if subclass:
            yield "Event-Subclass", subclass
        yield "Event-Name", name
        yield "Core-UUID", self.core_uuid
        yield "FreeSWITCH-Hostname", "switch"
        yield "FreeSWITCH-Switchname", "switch"
        yield "FreeSWITCH-IPv4", "127.0.0.1"
        yield "FreeSWITCH-IPv6", "::1"
        yield from dates(self.clock.now())
        yield "Event-Calling-File", "simulated"
        yield "Event-Calling-Function", "simulated"
        yield "Event-Calling-Line-Number", "1"
        yield "Event-Sequence", str(next(self._sequence))

    def tell(self, channel: Channel) -> None:
        """CHANNEL_CALLSTATE of a channel as it is now."""
        self._publish("CHANNEL_CALLSTATE", "", channel.call_state())

    def tell_message(self, channel: Channel, mailbox: str, seconds: int) -> None:
        """vm::maintenance: a caller has left a message."""
        more = (
            ("VM-Action", "leave-message"),
            ("VM-User", mailbox),
            ("VM-Domain", self.domain),
            ("VM-UUID", channel.uuid),
            ("VM-Message-Len", str(seconds)),
            ("Unique-ID", channel.uuid),
        )
        self._publish("CUSTOM", "vm::maintenance", more)

    def _publish(self, name: str, subclass: str, more: Iterable[tuple[str, str]]) -> None:
        wanted = subclass or name
        hearers = [each for each in self._listeners if {wanted, "ALL"} & each.names]
        if hearers:
            data = encoding.event([*self.common(name, subclass), *more])
            for hearer in hearers:
                hearer.outgoing.put(data)

    def _registration(self, subclass: str, account: str, url: str) -> None:
        contact = url.partition("/")[2].partition("/")[2]
        self._publish(
            "CUSTOM",
            subclass,
            (
                ("profile-name", "internal"),
                ("from-user", account),
                ("from-host", self.domain),
                ("contact", f'"" <{contact}>'),
                ("call-id", self._tokens[url]),
                ("rpid", "unknown"),
                ("status", "Registered(UDP)"),
                ("expires", str(EXPIRES)),
                ("to-user", account),
                ("to-host", self.domain),
                ("network-ip", "127.0.0.1"),
                ("username", account),
                ("realm", self.domain),
            ),
        )

    # -- the event socket -------------------------------------------------------------------------

    def listen(self, address: tuple[str, int] = ("127.0.0.1", 0)) -> tuple[str, int]:
        """Open the event socket; returns its address."""
        self._server = StreamServer(address, self._serve)
        self._server.start()
        self._beating = gevent.spawn(self._beat)
        host, port = self._server.socket.getsockname()[:2]
        return host, port

    def stop(self) -> None:
        """Close the event socket. Calls go on."""
        if self._beating is not None:
            self._beating.kill()
        if self._server is not None:
            self._server.stop(timeout=0.1)

    def _beat(self) -> None:
        while True:
            gevent.sleep(self._heartbeat)
            self._publish("HEARTBEAT", "", (("Event-Info", "System Ready"),))

    def _serve(self, sock: socket.socket, _: object) -> None:
        listener = _Listener(Queue())
        writer = gevent.spawn(self._write, sock, listener.outgoing)
        say = listener.outgoing.put
        say(b"Content-Type: auth/request\n\n")
        reader, known = OrderReader(), False
        try:
            while data := sock.recv(65536):
                reader.feed(data)
                while (order := reader.next_order()) is not None:
                    verb, _, rest = order.line.partition(" ")
                    if verb == "exit":
                        say(encoding.reply("+OK bye") + encoding.goodbye())
                        return
                    if verb == "auth":
                        known = rest == self.password
                        say(encoding.reply("+OK accepted" if known else "-ERR invalid"))
                        if not known:
                            say(encoding.goodbye())
                            return
                        self._listeners.append(listener)
                    elif not known:
                        say(encoding.reply("-ERR command not found"))
                    elif verb == "event":
                        listener.names |= set(rest.split()[1:])
                        say(encoding.reply("+OK event listener enabled plain"))
                    elif verb == "api":
                        say(encoding.api_response(self.api(rest)))
                    elif verb == "bgapi":
                        job = order.headers.get("job-uuid", new_uuid())
                        self.api(rest)
                        say(encoding.reply(f"+OK Job-UUID: {job}"))
                    else:
                        say(encoding.reply("-ERR command not found"))
        except OSError:
            pass
        finally:
            if listener in self._listeners:
                self._listeners.remove(listener)
            listener.outgoing.put(None)
            writer.join()
            sock.close()

    @staticmethod
    def _write(sock: socket.socket, outgoing: Queue) -> None:
        while (data := outgoing.get()) is not None:
            try:
                sock.sendall(data)
            except OSError:
                return

    def api(self, command: str) -> str:
        """The output of one of the API commands that a router uses."""
        name, _, argument = command.strip().partition(" ")
        if name == "global_getvar":
            return self.core_uuid if argument == "core_uuid" else ""
        if name == "strepoch":
            return str(int(self.clock.now()))
        if name == "show":
            rows = {"channels as json": self._channel_rows, "registrations as json": self._rows}
            if argument in rows:
                lines = list(rows[argument]())
                if not lines:
                    return '{"row_count": 0}\n'  # the space is FreeSWITCH's
                table = {"row_count": len(lines), "rows": lines}
                return json.dumps(table, ensure_ascii=False, separators=(",", ":"))
        if name == "uuid_kill":
            uuid, _, cause = argument.partition(" ")
            if uuid not in self._channels:
                return "-ERR No such channel!\n"
            self._channels[uuid][1].post("kill", cause or "NORMAL_CLEARING", uuid)
            return "+OK\n"
        if name == "uuid_setvar":
            uuid, variable, *value = argument.split(" ", 2)
            if uuid not in self._channels:
                return "-ERR No such channel!\n"
            self._channels[uuid][0].set(variable, "".join(value))
            return "+OK\n"
        if name == "uuid_setvar_multi":
            uuid, _, pairs = argument.partition(" ")
            if uuid not in self._channels:
                return "-ERR No such channel!\n"
            for variable, _, text in (pair.partition("=") for pair in pairs.split(";")):
                self._channels[uuid][0].set(variable, text)
            return "+OK\n"
        if name == "bgapi":
            return f"+OK Job-UUID: {new_uuid()}\n{self.api(argument)}"
        if name == "originate" and (found := _TO_A_PLACE.fullmatch(argument)):
            dialled, place = found.groups()
            if place not in self._channels:
                return "-ERR NO_PICKUP\n"
            self._channels[place][1].post("join", dialled, place)
            return "+OK\n"
        return f"-ERR {name} Command not found!\n"

    def _channel_rows(self) -> Iterator[dict[str, str]]:
        for channel, _ in self._channels.values():
            if channel.state != "DOWN":
                yield channel.row()

    def _rows(self) -> Iterator[dict[str, str]]:
        expires = str(int(self.clock.now()) + EXPIRES)
        for account, urls in self._urls.items():
            for url in urls:
                yield {
                    "reg_user": account,
                    "realm": self.domain,
                    "token": self._tokens[url],
                    "url": url,
                    "expires": expires,
                    "network_ip": "127.0.0.1",
                    "network_port": url.rpartition(":")[2],
                    "network_proto": "udp",
                    "hostname": "switch",
                    "metadata": "",
                }
