"""When things happen in a call in compressed time, on a machine that is busy with other things."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
import pytest
from gevent.server import StreamServer

from esl_router.esl import commands
from esl_router.switch.clock import Clock
from esl_router.switch.phones import Behaviour, CallScript, Phone
from esl_router.switch.placed import Placed
from esl_router.switch.server import SimulatedSwitch

SPEED = 20
LONG = 0.15
"""Real seconds: three of a call."""


def occupy_the_processor() -> None:
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        pass


@contextmanager
def called(obey: Callable[[Any], object]) -> Iterator[Placed]:
    """A call from outside to a router that takes it and then does as ``obey`` with its socket."""

    def serve(sock: Any, address: object) -> None:
        sock.sendall(commands.connect())
        sock.recv(65536)
        obey(sock)
        while sock.recv(65536):
            pass

    router = StreamServer(("127.0.0.1", 0), serve)
    router.start()
    phone = Phone("1001-desk", (Behaviour(answer=2),))
    there = ("127.0.0.1", router.server_port)
    switch = SimulatedSwitch(there, [phone], clock=Clock(SPEED))
    try:
        placed = switch.place(CallScript("+4930555123", "1001", trunk=True, hang_up=1))
        assert placed.done.wait(10)
        yield placed
    finally:
        switch.stop()
        router.stop(timeout=1)


def at(placed: Placed, kind: str) -> float:
    return next(note.at for note in placed.notes if note.kind == kind)


def test_a_router_thinks_no_faster_than_life() -> None:
    def refuse(sock: Any) -> None:
        occupy_the_processor()
        sock.sendall(commands.hangup("USER_BUSY"))

    with called(refuse) as placed:
        assert LONG <= at(placed, "over") < SPEED * LONG / 2


def test_a_phone_answers_when_it_was_to_however_late_that_is_done() -> None:
    def ring(sock: Any) -> None:
        sock.sendall(commands.execute("bridge", "sofia/internal/1001-desk%pbx.test"))
        gevent.spawn_later(0.001, occupy_the_processor)

    with called(ring) as placed:
        rang, answered, over = (at(placed, kind) for kind in ("ring", "answer", "over"))
        assert answered - rang == pytest.approx(2, abs=0.01)
        assert over - answered == pytest.approx(1, abs=0.01)
