"""A router of two workers, and the telephones that watch what it knows."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import Any

from tests.e2e.endpoint import HOST, Behaviour, Caller, Registered
from tests.e2e.router import Router
from tests.e2e.sip import wait_until
from tests.e2e.sipp import EVENT_LAG
from tests.e2e.switch import FreeSwitch
from tests.e2e.watcher import Watcher

PROMISED = 1.0
"""Seconds from a change until every telephone has been told."""


class Company:
    """The router, and the telephones of its people."""

    def __init__(self, switch: FreeSwitch, router: Router, stack: ExitStack) -> None:
        self.switch, self.router = switch, router
        self._stack = stack

    def start(self) -> None:
        """The router, with both workers linked: a SUBSCRIBE that none of them hears is told to
        nobody until it is renewed."""
        before = self.links
        self.router.start("--workers", "2")
        self.both_linked(before)

    def both_linked(self, before: int) -> None:
        """Wait until two workers more than ``before`` are linked."""
        wait_until(lambda: self.links >= before + 2, 15, "both workers are linked")
        time.sleep(0.6)  # one of the first events that a worker hears comes half a second late

    @property
    def links(self) -> int:
        """How often any worker has linked itself to the switch."""
        log = self.router.log
        return log.read_text().count(" is up\n") if log.exists() else 0

    def watcher(self, account: str, password: str = "secret") -> Watcher:
        made = Watcher(self.switch.internal, account, password)
        self._stack.callback(made.close)
        return made

    def phone(self, account: str, **behaviour: Any) -> Registered:
        made = Registered(self.switch.internal, account, Behaviour(**behaviour))
        self._stack.callback(made.close)
        wait_until(lambda: self.switch.registered(account, made.port), 5, f"{account} registered")
        # One of the first events that a worker hears comes half a second late.
        time.sleep(EVENT_LAG + 0.6)
        return made

    def status(self, *users: str) -> list[dict[str, Any]]:
        """What `status` says of these users."""
        return [json.loads(self.router.run("status", user, *self.asking)) for user in users]

    @property
    def asking(self) -> tuple[str, ...]:
        return "--json", "--freeswitch", f"{HOST}:{self.switch.events}"

    def caller(self, account: str) -> Caller:
        made = Caller(self.switch.internal, account)
        self._stack.callback(made.close)
        return made
