"""The same as `calls`, where there is no FreeSWITCH or no SIPp: on the simulated switch.

Its ringing takes no time of its own and it has no plain `bridge`, so what is left to compare is
the router with stock greenswitch: both in sync mode, the only one that it knows.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import gevent

from esl_router.switch.phones import Behaviour, CallScript, Phone
from esl_router.switch.placed import Placed
from esl_router.switch.server import SimulatedSwitch
from tests.bench import company, sipp
from tests.bench.calls import REGISTERED, ROUTER, STOCK, USERS, Calls, Round
from tests.bench.processes import Process, cpu, serve, serving
from tests.e2e.switch import HOST, free_port

RINGS, TALKS = sipp.WAITS / 1000, sipp.TALKS / 1000
"""Seconds until a caller gives up, and of conversation."""


def measure(
    place: Path, rates: Sequence[int], answered: Iterable[int], rounds: int, seconds: int
) -> Calls:
    place.mkdir()
    callees = random.Random(1).sample(range(USERS), REGISTERED)
    phone = Behaviour(answer=2 * RINGS, hang_up=TALKS)  # when the others have given up
    ports = {ROUTER: free_port(), STOCK: free_port()}
    switch = SimulatedSwitch(
        (HOST, ports[ROUTER]), [Phone(company.account(index), (phone,)) for index in callees]
    )
    _, events = switch.listen()
    result = Calls((ROUTER, STOCK), switch="simulated switch")
    with ExitStack() as stack:
        stack.callback(switch.stop)
        store = company.build(place / "rules.db", USERS)
        log = place / "router.log"
        fixed = f"sofia/internal/{company.account(callees[0])}%{company.DOMAIN}"
        servers = {
            ROUTER: serve(store, ports[ROUTER], events, log),
            STOCK: Process(
                "tests.bench.stock", ports[STOCK], fixed, "sync", log=place / "stock.log"
            ),
        }
        for server in servers.values():
            stack.callback(server.stop)
        while not serving(log):
            gevent.sleep(0.1)
        for way in result.ways:
            switch.router = (HOST, ports[way])
            _play(switch, servers[way], way, callees, 10, 1, False)
        for rate, talk in (*product(rates, (False,)), *product(answered, (True,))):
            for way in result.ways * rounds:
                switch.router = (HOST, ports[way])
                played = _play(switch, servers[way], way, callees, rate, seconds, talk)
                result.rounds.append(played)
    return result


def _play(
    switch: SimulatedSwitch,
    server: Process,
    way: str,
    callees: list[int],
    rate: int,
    seconds: int,
    talk: bool,
) -> Round:
    pids = server.pids
    before, started = cpu(pids), time.monotonic()
    placed: list[Placed] = []
    for number in range(rate * seconds):
        gevent.sleep(max(0.0, started + number / rate - time.monotonic()))
        callee = company.extension(random.choice(callees))
        patience = None if talk else RINGS
        script = CallScript("+493099900000", callee, trunk=True, give_up=patience)
        placed.append(switch.place(script))
    for call in placed:
        call.done.wait(15)
    gevent.sleep(0.5)
    rang = [next((note.at for note in call.notes if note.kind == "ring"), None) for call in placed]
    delays = [at * 1000 for at in rang if at is not None]
    talked = TALKS if talk else 0.0
    return Round(way, rate, delays, len(placed), cpu(pids) - before, talked)
