"""Post-dial delay and processor time of a call: the router, a plain `bridge`, stock greenswitch.

One FreeSWITCH, one phone and three ways to it, all up for the whole run; the dialled number's
first digit chooses the way. Rounds alternate between the three, so that whatever else the machine
does meets all of them.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import realtime
from tests.bench import company, sipp
from tests.bench.processes import Process, cpu, serve, serving, stolen
from tests.e2e.endpoint import Caller
from tests.e2e.sip import wait_until
from tests.e2e.switch import HOST, FreeSwitch, free_port

PLAIN, ROUTER, STOCK = "plain bridge", "router", "stock greenswitch"
WAYS = {PLAIN: "8", ROUTER: "", STOCK: "9"}
"""What is dialled in front of the extension."""

SERVERS = (ROUTER, STOCK)
"""The ways that have a server."""

STOLEN = 0.01
"""Of the processors' time: what the host of a virtual machine may have taken from a round."""

WARM = 20
"""Seconds of calls that are not counted: everything is loaded and connected after them, and a
FreeSWITCH just started takes memory for the queues of `socket` with each of its first calls."""

FEWEST = 60
"""Calls of a round that are answered."""

USERS = 10_000
REGISTERED = 200
"""Users, spread over the whole company, who are registered and are called."""

_DIALPLAN = """
    <extension name="plain">
      <condition field="destination_number" expression="^8(1[0-9]{{5}})\\z">
        <action application="bridge" data="sofia/internal/sip:$1-desk@{phone}"/>
      </condition>
    </extension>
    <extension name="stock">
      <condition field="destination_number" expression="^9(1[0-9]{{5}})\\z">
        <action application="socket" data="{stock} async full"/>
      </condition>
    </extension>
"""


@dataclass
class Round:
    """Some seconds of calls on one way."""

    way: str
    rate: int
    delays: list[float]
    """Milliseconds from INVITE to 180."""

    placed: int
    cpu: float | None
    """Seconds of processor time the way's server used; None: it has no server."""

    talked: float = 0.0
    """Seconds of conversation in every call; 0: the caller gave up."""

    stolen: float | None = None
    """The share of the processors' time that the host of this virtual machine took for others;
    None: nobody looked."""


@dataclass
class Calls:
    ways: tuple[str, ...] = tuple(WAYS)
    rounds: list[Round] = field(default_factory=list)
    switch: str = ""
    """What kind of switch it was."""

    realtime: bool = False
    """Whether both servers ran in real time, as the switch does."""

    repeated: int = 0
    """How often all ways were played once more, because the host had taken too much of a round."""

    def of(self, way: str, rate: int, *, talks: bool = False) -> list[Round]:
        """The rounds of callers who give up, or of those who talk."""
        return [r for r in self.rounds if (r.way, r.rate, r.talked > 0) == (way, rate, talks)]


def measure(
    place: Path, rates: Sequence[int], answered: Iterable[int], rounds: int, seconds: int
) -> Calls:
    """``rounds`` rounds of ``seconds`` each, for every rate (calls a second) and way; and of calls
    that are answered, at rates of their own, for the ways that have a server.

    Where the host takes more than :data:`STOLEN` of a round, nothing is learnt of the ways: all of
    them are played again, at most as often as there are rounds. The delays decide nothing.
    """
    result = Calls()
    with _stage(place) as stage:
        result.switch, result.realtime = stage.version, stage.realtime
        for way in WAYS:
            stage.play(way, max(rates), WARM)
        for rate in rates:
            _play(result, stage, WAYS, rate, rounds, seconds)
        for rate in answered:
            _play(result, stage, SERVERS, rate, rounds, max(seconds, FEWEST // rate), talk=True)
    return result


def _play(
    result: Calls,
    stage: _Stage,
    ways: Iterable[str],
    rate: int,
    rounds: int,
    seconds: int,
    *,
    talk: bool = False,
) -> None:
    """Play the ways by turns, until there are as many rounds of each as are wanted and count."""
    missing = again = rounds
    while missing:
        played = [stage.play(way, rate, seconds, talk=talk) for way in ways]
        if again and max(each.stolen or 0.0 for each in played) > STOLEN:
            again, result.repeated = again - 1, result.repeated + 1
            continue
        result.rounds += played
        missing -= 1


@contextmanager
def _stage(place: Path) -> Iterator[_Stage]:
    with ExitStack() as stack:
        stage = _Stage(place, stack)
        yield stage


class _Stage:
    """FreeSWITCH, the phone behind every registration, the router and the stock server."""

    def __init__(self, place: Path, stack: ExitStack) -> None:
        self._place = place
        place.mkdir()
        self._callees = random.Random(1).sample(range(USERS), REGISTERED)
        self._switch = switch = FreeSwitch(place / "switch")
        phone, stock = free_port(socket.SOCK_DGRAM), free_port()
        self._write_dialplan(f"{HOST}:{phone}", f"{HOST}:{stock}")
        (switch.configuration / "directory" / "default.xml").write_text(self._directory())
        switch.start()
        stack.callback(switch.stop)
        answering = sipp.start(place / "phone", sipp.PHONE, "-p", phone)
        stack.callback(answering.wait)
        stack.callback(answering.kill)
        self._register(phone)
        store = company.build(place / "rules.db", USERS)
        self.realtime = realtime.allowed()
        options = ["--realtime"] if self.realtime else []
        self._servers = {
            ROUTER: serve(store, switch.router, switch.events, place / "router.log", *options),
            STOCK: Process(
                "tests.bench.stock", stock,
                f"sofia/internal/sip:{company.account(self._callees[0])}@{HOST}:{phone}",
                log=place / "stock.log", realtime=self.realtime,
            ),
        }  # fmt: skip
        for server in self._servers.values():
            stack.callback(server.stop)
        wait_until(lambda: serving(place / "router.log"), 15, "the router serves")

    @property
    def version(self) -> str:
        return self._switch.socket.api("version").partition("-")[0].strip()

    def _write_dialplan(self, phone: str, stock: str) -> None:
        path = self._switch.place / "dialplans" / "public.xml"
        head, context, rest = path.read_text().partition('<context name="public">')
        path.write_text(head + context + _DIALPLAN.format(phone=phone, stock=stock) + rest)

    def _directory(self) -> str:
        users = "".join(
            f'<user id="{company.account(index)}"><params>'
            f'<param name="password" value="{company.PASSWORD}"/></params></user>\n'
            for index in self._callees
        )
        domain = f'<domain name="{company.DOMAIN}"><users>\n{users}</users></domain>'
        return f"<include>\n{domain}\n</include>\n"  # a line with `include` counts for nothing else

    def _register(self, phone: int) -> None:
        for index in self._callees:
            name = company.account(index)
            registering = Caller(self._switch.internal, name, company.PASSWORD)
            assert registering.register(f"sip:{name}@{HOST}:{phone}", expires=3600) == 200
            registering.close()
        wait_until(lambda: self._switch.registered(name, phone), 5, "all are registered")

    def play(self, way: str, rate: int, seconds: int, *, talk: bool = False) -> Round:
        calls = rate * seconds
        number, scenario = (sipp.TALKER, sipp.TALKING) if talk else (sipp.GIVES_UP, sipp.CALLER)
        place = self._place / f"{way.split()[0]}-{rate}-{time.monotonic_ns()}"
        fields = sipp.write_fields(
            place.with_suffix(".csv"),
            "RANDOM",
            ((WAYS[way] + company.extension(i), f"{number}{i:05}") for i in self._callees),
        )
        pids = self._servers[way].pids if way in self._servers else []
        before, taken, started = cpu(pids), stolen(), time.monotonic()
        calling = sipp.start(
            place, scenario, "-inf", fields, "-p", free_port(socket.SOCK_DGRAM), "-r", rate,
            "-m", calls, "-trace_shortmsg", to=self._switch.external,
        )  # fmt: skip
        calling.wait(seconds + 60)
        self._switch.wait_idle()
        time.sleep(0.5)  # the journal is written in batches, and that counts too
        used = cpu(pids) - before if pids else None
        share = (stolen() - taken) / (time.monotonic() - started)
        talked = sipp.TALKS / 1000 if talk else 0.0
        return Round(way, rate, sipp.post_dial_delays(place), calls, used, talked, share)
