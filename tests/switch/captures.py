"""The captures of ``fixtures/wire``, and the same calls on the simulated switch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gevent
import yaml
from gevent import socket
from gevent.server import StreamServer

from esl_router.esl import commands
from esl_router.esl.wire import END, MAX_LINK_BODY, Frame, Reader
from esl_router.switch.clock import Clock
from esl_router.switch.phones import CallScript
from esl_router.switch.placed import Placed
from esl_router.switch.scenario import phones
from esl_router.switch.server import SimulatedSwitch

WIRE = Path(__file__).resolve().parents[2] / "fixtures" / "wire"
CALLS: Mapping[str, Mapping[str, Any]] = yaml.safe_load((WIRE / "calls.yaml").read_text())
MEASURED: Mapping[str, Any] = yaml.safe_load((WIRE / "measured.yaml").read_text())
NAMES = sorted(path.stem for path in WIRE.glob("*.wire"))

SPEED = 20.0


def capture(name: str) -> bytes:
    return (WIRE / f"{name}.wire").read_bytes()


def frames(data: bytes) -> list[Frame]:
    """Every frame of a capture; it must end between two."""
    reader = Reader(max_body=MAX_LINK_BODY)
    reader.feed(data)
    reader.eof()
    found = []
    while (frame := reader.next_frame()) is not END:
        assert isinstance(frame, Frame)
        found.append(frame)
    return found


def order(entry: Any, urls: Mapping[str, str]) -> bytes:
    """The bytes of one command of calls.yaml."""
    if isinstance(entry, str):
        return f"{entry}\n\n".encode()
    ((verb, value),) = entry.items()
    if verb == "set":
        return commands.set_many(value)
    if verb == "hangup":
        return commands.hangup(value)
    if verb == "send":
        return f"{value}\n\n".encode()
    app, argument = value[0], value[1] if len(value) > 1 else ""
    for name in sorted(urls, key=len, reverse=True):
        argument = argument.replace(f"@{name}", urls[name])
    return commands.execute(app, argument)


class ScriptedRouter:
    """Says what calls.yaml says, and keeps what the switch sent."""

    def __init__(self, clock: Clock, writes: list[list[Any]], urls: Mapping[str, str]) -> None:
        self.sent = b""
        self.over = gevent.event.Event()
        self._clock, self._writes, self._urls = clock, writes, urls
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self._server.start()
        self.address = self._server.socket.getsockname()[:2]

    def stop(self) -> None:
        self._server.stop(timeout=0.1)

    def _serve(self, sock: socket.socket, _: object) -> None:
        reader, got, expected = Reader(), 0, 0
        open_ = True

        def receive() -> bool:
            nonlocal got
            data = sock.recv(65536)
            self.sent += data
            reader.feed(data)
            while isinstance(reader.next_frame(), Frame):
                got += 1
            return bool(data)

        for write in self._writes:
            while open_ and got < expected:
                open_ = receive()
            if not open_:
                break
            orders, closing = [], None
            for entry in write:
                if isinstance(entry, dict) and "pause" in entry:
                    gevent.sleep(self._clock.real(entry["pause"]))
                elif isinstance(entry, dict) and "close" in entry:
                    closing = entry["close"]
                else:
                    orders.append(order(entry, self._urls))
            sock.sendall(b"".join(orders))
            expected += len(orders)
            if closing is not None:
                with gevent.Timeout(self._clock.real(closing), False):
                    while receive():
                        pass
                open_ = False
        while open_:
            open_ = receive()
        sock.close()
        self.over.set()


def play(name: str, speed: float = SPEED) -> tuple[bytes, Placed]:
    """One call of calls.yaml on the simulated switch: what it sent, and what became of it."""
    spec = CALLS[name]
    call = spec["call"]
    clock = Clock(speed)
    there = phones(spec.get("phones", {}), name)
    switch = SimulatedSwitch(("", 0), there, clock=clock)
    urls = {phone: f"sofia/gateway/trunk/{phone}" for phone in there if phone.startswith("+")}
    urls |= {
        row["reg_user"]: row["url"]
        for row in yaml.safe_load(switch.api("show registrations as json")).get("rows", [])
    }
    router = ScriptedRouter(clock, spec["router"], urls)
    switch.router = router.address
    script = CallScript(
        call["from"],
        call["to"],
        name=call.get("name"),
        trunk=call.get("trunk", False),
        give_up=call.get("give_up"),
        hang_up=call.get("hang_up"),
    )
    placed = switch.place(script)
    try:
        assert placed.done.wait(10), f"{name} did not end: {placed.notes}"
        assert router.over.wait(2)
        assert switch.channels == 0
    finally:
        router.stop()
    return router.sent, placed
