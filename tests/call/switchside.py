"""The switch's side of one call's socket, in the hands of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
from gevent import socket

from esl_router.call.redecide import Redecider
from esl_router.call.session import Services, Session
from esl_router.errors import StoreError
from esl_router.esl.client import CallSocket
from esl_router.esl.wire import Frame, Reader
from esl_router.live.feed import Feed
from esl_router.live.state import Watch
from esl_router.model.rules import Rules
from esl_router.model.team import Turn
from esl_router.settings import Address, Settings
from tests.company import Company

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CALLER = "c0ffee00-0000-4000-8000-000000000001"
"""The caller's own leg in every snapshot."""

OK = b"Content-Type: command/reply\nReply-Text: +OK\n\n"


def snapshot(*, reply: bool = True, **headers: str) -> bytes:
    """What `connect` answers; `_` in a name stands for `-`, variables are written as they are."""
    names = {
        "Unique-ID": CALLER,
        "Call-Direction": "inbound",
        "Caller-Destination-Number": "1001",
        "Caller-Caller-ID-Number": "1002",
        "Caller-Caller-ID-Name": "Ben%20Berg",
        "Caller-Context": "internal",
        "Answer-State": "ringing",
        "variable_sip_authorized": "true",
        "variable_user_name": "1002-desk",
        "variable_domain_name": "pbx.test",
        "Socket-Mode": "static",
        "Control": "single-channel",
    }
    for name, value in headers.items():
        names[name if name.startswith("variable_") else name.replace("_", "-")] = value
    head = "Content-Type: command/reply\nReply-Text: +OK\n" if reply else ""
    lines = "".join(f"{name}: {value}\n" for name, value in names.items())
    return f"{head}{lines}\n".encode()


@dataclass
class Order:
    """One command the router sent."""

    line: str
    app: str = ""
    arg: str = ""
    cause: str = ""

    @classmethod
    def of(cls, frame: Frame) -> Order:
        line = frame._block.strip().split(b"\n")[0].decode()
        return cls(
            line,
            frame.get("execute-app-name", ""),
            frame.body.decode(),
            frame.get("hangup-cause", ""),
        )


@dataclass
class Begun:
    """A transaction that has begun ahead."""

    company: Rules
    left: bool = False

    def __enter__(self) -> Rules:
        assert not self.left
        return self.company

    def __exit__(self, *_: object) -> None:
        self.left = True

    def close(self) -> None:
        self.left = True


@dataclass
class Rulebook:
    """A store whose rules are a Company, and which a test can break."""

    company: Rules = field(default_factory=Company)
    broken: bool = False
    begun: list[Begun] = field(default_factory=list)

    def ahead(self) -> Begun | None:
        if self.broken:
            return None
        self.begun.append(Begun(self.company))
        return self.begun[-1]

    @contextmanager
    def read(self) -> Iterator[Rules]:
        if self.broken:
            raise StoreError("the disk is gone")
        yield self.company


class Notebook(list[Any]):
    """A journal that keeps its entries."""

    def record(self, entry: Any) -> None:
        self.append(entry)


@dataclass
class Ledger:
    """Keeps whose turn it was."""

    first: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)

    refuse: int = 0
    """How many turns another call was quicker to take."""

    def began(self, turn: Turn, now: float) -> bool:
        self.first.append(turn.extension)
        self.refuse -= 1
        return self.refuse < 0

    def talked(self, turn: Turn, now: float) -> None:
        self.last.append(turn.extension)


@dataclass
class Desk:
    """Notes what was to be changed by phone."""

    performed: list[Any] = field(default_factory=list)
    refuse: str = ""
    """Why it is refused; empty: it is done."""

    def perform(self, action: Any, now: datetime) -> str:
        self.performed.append(action)
        return self.refuse


@dataclass
class Keys:
    """Knows some PINs."""

    known: dict[str, str] = field(default_factory=dict)
    tried: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, domain: str, extension: str, pin: str, now: float) -> str:
        self.tried.append((extension, pin))
        return "" if self.known.get(extension) == pin else f"A wrong PIN for {extension}."


class HeardFeed(Feed):
    """A feed whose events a test makes up."""

    def __init__(self) -> None:
        super().__init__(())
        self.watches: list[Watch] = []
        self.killed: list[str] = []
        self.commands: list[str] = []

    def watch(self, uuids: Iterable[str], core_uuid: str | None = None) -> Watch:
        watch = Watch(uuids, {}, complete=True)
        self.watches.append(watch)
        return watch

    def kill(self, uuids: Iterable[str], core_uuid: str | None = None) -> None:
        self.killed += uuids

    def command(self, orders: Iterable[str], core_uuid: str | None = None) -> None:
        self.commands += orders


class Switchside:
    """One call on a router: the test reads what the router sends, and answers as the switch."""

    def __init__(
        self,
        company: Rules | None = None,
        feed: Any = None,
        monotonic: Callable[[], float] = lambda: 0.0,
        redecider: Redecider | None = None,
    ) -> None:
        ours, theirs = socket.socketpair()
        ours.settimeout(5)
        self._socket, self._reader = ours, _Commands()
        self.rules = Rulebook(company or Company())
        self.journal = Notebook()
        self.turns = Ledger()
        self.desk = Desk()
        self.pins = Keys()
        self.redecider = redecider or Redecider()
        settings = Settings(Path("unused.db"), Address("127.0.0.1", 0))
        services = Services(
            settings,
            self.rules,
            feed or Feed(()),
            self.journal,
            self.turns,
            self.desk,
            self.pins,
            self.redecider,
            lambda: NOW,  # type: ignore[arg-type]
            monotonic,
        )
        self.session = Session(CallSocket(None, theirs), services)
        self._greenlet = gevent.spawn(self.session.run)

    def order(self) -> Order | None:
        """The router's next command; None when it has closed the socket."""
        while True:
            frame = self._reader.next_frame()
            if isinstance(frame, Frame):
                return Order.of(frame)
            data = self._socket.recv(65536)
            if not data:
                self.close()
                return None
            self._reader.feed(data)

    def orders(self, count: int) -> list[Order]:
        return [order for order in (self.order() for _ in range(count)) if order]

    def say(self, *frames: bytes) -> None:
        self._socket.sendall(b"".join(frames))

    def close(self) -> None:
        """The switch closes: the caller is gone."""
        self._socket.close()

    def wait(self) -> None:
        """Until the session has ended; a fault in it fails the test."""
        self._greenlet.get(timeout=5)


class _Commands(Reader):
    """Reads commands as the wire's reader reads frames: a block, and a body by content-length."""

    def feed(self, data: bytes) -> None:
        super().feed(data.replace(b"content-length:", b"Content-Length:"))
