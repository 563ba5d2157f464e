"""How one router process runs: where it listens, which switches it watches, its limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from esl_router.errors import RouterError
from esl_router.esl.dialstring import CONFIRM_PROMPT

DEFAULT_LISTEN = "127.0.0.1:8040"
DEFAULT_SWITCH = "127.0.0.1:8021"
DEFAULT_PASSWORD = "ClueCon"
"""FreeSWITCH's own default, for a switch whose event socket is bound to loopback."""


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str, default_port: int = 0) -> Address:
        """``host:port``, ``host`` or ``[v6]:port``; raises RouterError."""
        host, separator, port = text.rpartition(":")
        if not separator or (":" in host and not host.startswith("[")):
            host, port = text, str(default_port)
        host = host.strip("[]")
        if not host or not port.isascii() or not port.isdigit() or not 0 <= int(port) < 65536:
            raise RouterError(f"{text!r} is no address: write it as 127.0.0.1:8040")
        return cls(host, int(port))


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything `esl-router serve` is told."""

    db: Path
    listen: Address
    switches: tuple[Address, ...] = ()
    password: str = DEFAULT_PASSWORD
    internal_contexts: frozenset[str] = frozenset({"internal"})
    """Dialplan contexts in which the company's own phones call."""

    max_calls: int = 2000
    """Calls handled at once; one more is closed at once, so that the dialplan's fallback runs."""

    confirm_prompt: str = CONFIRM_PROMPT
    """What FreeSWITCH plays to an outside leg that has to press 1: a file, or tones."""

    calendars: bool = True
    """Whether the users' calendars are read, in a process beside the workers."""

    contacts: bool = True
    """Whether the directories of the domains are copied, there too."""

    notices: bool = True
    """Whether the hooks of the domains are told of missed calls and messages, there too."""

    realtime: bool = False
    """Whether the workers run in real time, as FreeSWITCH does."""

    grace: float = 5.0
    """Seconds that calls still being decided get to finish when the router stops."""
