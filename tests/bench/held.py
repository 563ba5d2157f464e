"""What a held call costs: memory, and whether anybody is woken for it while nothing happens.

Stock greenswitch holds as many, for the processor time that each of them takes.

This file plays the switch: it connects as `socket` does, sends a snapshot recorded from a real
one, takes the router's orders and never ends the `bridge`, as in a conversation that goes on. The
event link tells of both legs of every call.
"""

from __future__ import annotations

import json
import random
import resource
import socket
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench import company
from tests.bench.processes import Process, cpu, resident, serve, serving, wakeups
from tests.e2e.sip import wait_until
from tests.e2e.switch import HOST, ROOT, free_port

USERS = 1000
TALK = 180
"""Seconds of conversation of a usual call."""

_CORE = "6e7f3b1c-0000-4000-8000-000000000000"
_SNAPSHOT = (ROOT / "fixtures" / "wire" / "trunk.wire").read_bytes().partition(b"\n\n")[0]
_REGISTRATIONS = json.dumps(
    {
        "row_count": USERS,
        "rows": [
            {
                "reg_user": company.account(index),
                "realm": company.DOMAIN,
                "token": f"{index}@192.0.2.7",
                "url": f"sofia/internal/sip:{company.account(index)}@192.0.2.7:5060",
                "expires": str(int(time.time()) + 86_400),
            }
            for index in range(USERS)
        ],
    }
)


@dataclass
class Held:
    calls: int
    bytes_per_call: float
    wakeups_empty: int
    """Voluntary context switches of all the router's processes in ``seconds`` without a call."""

    wakeups_held: int
    seconds: int
    cpu: float
    """Seconds of the router's processor time for each second of one held call."""

    stock_cpu: dict[int, float]
    """Of stock greenswitch's, by how many calls come in a second: the more it holds, the less it
    sleeps between two of them."""


def measure(place: Path, calls: int, seconds: int, rates: Iterable[int]) -> Held:
    """``calls`` held by the router, and by stock greenswitch as many as there are when so many come
    in a second as ``rates`` says, watched for ``seconds``."""
    place.mkdir()
    link = _EventLink()
    port = free_port()
    store = company.build(place / "rules.db", USERS)
    log = place / "log"
    with ExitStack() as stack:
        router = serve(store, port, link.port, log)
        stack.callback(router.stop)
        wait_until(lambda: serving(log), 15, "the router serves")
        pids = router.pids
        first = [_hold(port, link, index) for index in range(50)]  # everything is loaded then
        _settle()
        before = resident(pids)
        held = [_hold(port, link, 50 + index) for index in range(calls)]
        _settle()
        used = resident(pids) - before
        woken, busy = _idle(pids, seconds)
        for call in first + held:
            call.close()
        _settle()
        empty, idle = _idle(pids, seconds)
    each = (busy - idle) / (calls * seconds)
    stock = {rate: _stock(place, rate, seconds) for rate in rates}
    return Held(calls, used / calls, empty, woken, seconds, each, stock)


def _stock(place: Path, rate: int, seconds: int) -> float:
    """Seconds of processor time that stock greenswitch takes for each second of one held call, when
    ``rate`` calls a second come and talk for :data:`TALK` seconds."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # its own is as ours
    port = free_port()
    server = Process(
        "tests.bench.stock", port, "sofia/internal/sip:1@192.0.2.7", log=place / f"stock-{rate}"
    )
    try:
        wait_until(lambda: _listens(port), 15, "stock greenswitch listens")
        # As calls come, so that they are not all woken in the same instants.
        with ThreadPoolExecutor(50) as callers:
            placed = []
            for index in range(rate * TALK):
                time.sleep(random.expovariate(rate))
                placed.append(callers.submit(_hold_stock, port, index))
        held = [each.result() for each in placed]
        _settle()
        _, used = _idle(server.pids, seconds)
        for call in held:
            call.close()
    finally:
        server.stop()
    return used / len(held) / seconds


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _settle() -> None:
    time.sleep(1.5)


def _idle(pids: list[int], seconds: int) -> tuple[int, float]:
    """Wake-ups and processor time of the next ``seconds``."""
    woken, used = wakeups(pids), cpu(pids)
    time.sleep(seconds)
    return wakeups(pids) - woken, cpu(pids) - used


def _hold(port: int, link: _EventLink, index: int) -> socket.socket:
    """One call that has been answered and goes on; the connection on which the router waits."""
    call = socket.create_connection((HOST, port), timeout=10)
    _read_until(call, b"connect\n\n")
    call.sendall(_snapshot(index))
    orders = _read_until(call, b"connect\n\n")
    call.sendall(b"Content-Type: command/reply\nReply-Text: +OK\n\n")  # to the first, the `set`s
    leg = orders.partition(b"origination_uuid=")[2][:36].decode()
    account = f"{company.account(index % USERS)}@{company.DOMAIN}"
    for state in ("RINGING", "ACTIVE"):
        link.tell(_uuid(index), state, "inbound", "")
        link.tell(leg, state, "outbound", account)
    return call


def _hold_stock(port: int, index: int) -> socket.socket:
    """The same, as `socket` does it with `async full`: every order is taken at once."""
    call = socket.create_connection((HOST, port), timeout=10)
    _read_until(call, b"connect\n\n")
    call.sendall(b"Content-Type: command/reply\nReply-Text: +OK\n" + _snapshot(index))
    for _ in ("myevents", "linger", "bridge"):
        _read_until(call, b"\n\n")
        call.sendall(b"Content-Type: command/reply\nReply-Text: +OK\n\n")
    return call


def _snapshot(index: int) -> bytes:
    values = {
        b"Unique-ID": _uuid(index),
        b"Core-UUID": _CORE,
        b"Caller-Destination-Number": company.extension(index % USERS),
    }
    lines = []
    for line in _SNAPSHOT.split(b"\n"):
        name = line.partition(b": ")[0]
        lines.append(b"%b: %b" % (name, values[name].encode()) if name in values else line)
    return b"\n".join(lines) + b"\n\n"


def _uuid(index: int) -> str:
    return f"6e7f3b1c-0000-4000-8000-{index:012}"


def _read_until(call: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        chunk = call.recv(65536)
        assert chunk, "the router closed a call that was to be held"
        data += chunk
    return data


class _EventLink:
    """The switch's inbound event socket; every user's phone is registered."""

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._subscribed: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def tell(self, uuid: str, state: str, direction: str, account: str) -> None:
        event = (
            f"Event-Name: CHANNEL_CALLSTATE\nCore-UUID: {_CORE}\nUnique-ID: {uuid}\n"
            f"Channel-Call-State: {state}\nCall-Direction: {direction}\n"
            f"Channel-Presence-ID: {account}\nChannel-Call-UUID: {uuid}\n"
            f"Event-Date-Timestamp: {time.time_ns() // 1000}\n\n"
        ).encode()
        head = f"Content-Length: {len(event)}\nContent-Type: text/event-plain\n\n".encode()
        for link in self._subscribed:
            link.sendall(head + event)

    def _accept(self) -> None:
        while True:
            link, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        link.sendall(b"Content-Type: auth/request\n\n")
        with link.makefile("rb") as lines:
            while command := lines.readline():
                while lines.readline().strip():
                    pass
                self._answer(link, command.decode().strip())

    def _answer(self, link: socket.socket, command: str) -> None:
        if not command.startswith("api "):
            link.sendall(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
            if command.startswith("event "):
                self._subscribed.append(link)
            return
        answers = {
            "api global_getvar core_uuid": _CORE,
            "api strepoch": str(int(time.time())),
            "api show registrations as json": _REGISTRATIONS,
        }
        body = answers.get(command, '{"row_count":0}').encode()
        link.sendall(b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(body), body))
