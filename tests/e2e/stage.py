"""Scenarios that play at the same time, each with users of its own.

A ring of half a minute is half a minute: a module of such tests plays all of them at once, and its
tests ask afterwards how each went.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.endpoint import Answering, Behaviour, Caller
from tests.e2e.lines import Line, Lines
from tests.e2e.router import Router
from tests.e2e.sipp import Phone, SippCaller
from tests.e2e.switch import FreeSwitch

AT_ONCE = 12


class Stage:
    """What a scenario needs: phones, callers, the trunk, the router."""

    def __init__(
        self, switch: FreeSwitch, router: Router, trunk: Answering, place: Path, stack: ExitStack
    ) -> None:
        self.switch, self.router, self.trunk = switch, router, trunk
        self._place, self._stack = place, stack
        self._lines: Lines | None = None
        self._opening = threading.Lock()

    def phone(self, account: str, *, expires: int = 3600, **behaviour: Any) -> Phone:
        """A registered SIPp telephone; the rest as in Behaviour."""
        made = Phone(self.switch, self._place, account, Behaviour(**behaviour), expires=expires)
        self._stack.callback(made.close)
        time.sleep(0.5)  # with everybody starting at once, events are later than usual
        return made

    def line(self, account: str, **behaviour: Any) -> Line:
        """A registered telephone that shares its socket with the others; see Behaviour."""
        with self._opening:
            if self._lines is None:
                self._lines = Lines(self.switch)
                self._stack.callback(self._lines.close)
        return self._lines.register(account, **behaviour)

    def inside(self, account: str) -> Caller:
        """A caller with an account and its password."""
        made = Caller(self.switch.internal, account)
        self._stack.callback(made.close)
        return made

    def outside(self) -> Caller:
        """A caller who comes in through the trunk."""
        made = Caller(self.switch.external)
        self._stack.callback(made.close)
        return made

    def sipp_call(self, number: str, **how: Any) -> SippCaller:
        made = SippCaller(self.switch, self._place, number, **how)
        self._stack.callback(made.close)
        return made


@contextmanager
def staged(
    switch: FreeSwitch,
    place: Path,
    rules: dict[str, Any],
    *,
    trunk: Behaviour | None = None,
    prepare: Callable[[Router], object] = lambda router: None,
) -> Iterator[Stage]:
    """A stage with a router that runs by ``rules``. ``trunk`` is how the world outside behaves;
    ``prepare`` is given the router before it starts."""
    with ExitStack() as stack:
        outside = Answering(switch.trunk, trunk)
        stack.callback(outside.close)
        stack.callback(switch.hang_up_everything)
        router = Router(switch, place, rules)
        prepare(router)
        router.start()
        stack.callback(router.kill)
        yield Stage(switch, router, outside, place, stack)


Scenario = Callable[[Stage], None]


class Programme:
    """The scenarios of one module, in the order in which they were written down."""

    def __init__(self) -> None:
        self.scenarios: dict[str, Scenario] = {}

    def __call__(self, scenario: Scenario) -> Scenario:
        """Decorator: the scenario's name is the test's."""
        self.scenarios[scenario.__name__] = scenario
        return scenario

    def __iter__(self) -> Iterator[str]:
        return iter(self.scenarios)

    def play(self, stage: Stage) -> dict[str, Future[None]]:
        """Plays all, and waits until all have ended."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return {name: pool.submit(play, stage) for name, play in self.scenarios.items()}


def person(
    extension: str,
    *devices: str,
    internal: dict[str, tuple[int, int]] | None = None,
    external: dict[str, tuple[int, int]] | None = None,
    mobile: str | None = None,
    confirm: bool = True,
    number: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A user of a rules file. ``internal``/``external``: device -> (delay, ring); a device that
    is missing there does not ring for that origin. Without both every device rings 30 s."""
    names = {device: f"{extension}-{device}" for device in devices}
    described: dict[str, Any] = {
        name: {"kind": "sip", "password": "secret"} for name in names.values()
    }
    if mobile:
        names["mobile"] = f"{extension}-mobile"
        described[names["mobile"]] = {"kind": "external", "number": mobile, "confirm": confirm}
    user: dict[str, Any] = {"name": f"User {extension}", "devices": described, **more}
    if number:
        user["numbers"] = [number]
    if internal is not None or external is not None:
        user["follow_me"] = {
            name: {
                "internal": _row(
                    (internal if internal is not None else external or {}).get(device)
                ),
                "external": _row(
                    (external if external is not None else internal or {}).get(device)
                ),
            }
            for device, name in names.items()
        }
    return user


def _row(times: tuple[int, int] | None) -> dict[str, Any]:
    return {"enabled": False} if times is None else {"delay": times[0], "ring": times[1]}


def company(**users: dict[str, Any]) -> dict[str, Any]:
    """A rules file; keywords are u1001=person(…)."""
    return {
        "domain": "pbx.test",
        "settings": {"country": "DE", "trunk": "sofia/gateway/trunk/{number}"},
        "users": {name.removeprefix("u"): user for name, user in users.items()},
    }
