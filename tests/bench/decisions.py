"""Decisions a second on one core: the engine alone, and with what it reads from the store."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from esl_router.engine.decide import decide
from esl_router.model.actions import Ring
from esl_router.model.call import Call, Caller
from esl_router.model.live import Contact, Live
from esl_router.model.people import FollowMeRow, User
from esl_router.model.rules import Rules
from esl_router.store.reader import Store
from tests.bench import company
from tests.company import Company, mobile, sip

_NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
_BATCH = 500


@dataclass
class Decisions:
    engine: float
    """A second, with rules that are in memory already."""

    store: dict[int, float]
    """Users in the store -> a second, each reading its rules in a transaction of its own."""


def measure(place: Path, sizes: tuple[int, ...], rounds: int) -> Decisions:
    place.mkdir()
    live = Live(True, 0.0, {f"{company.account(i)}@{company.DOMAIN}": _CONTACT for i in range(100)})
    runs: dict[int, Callable[[], float]] = {
        0: lambda: _rate(lambda: nullcontext(_in_memory()), 1, live)
    }
    stores = []
    for size in sizes:
        store = Store(company.build(place / f"{size}.db", size))
        stores.append(store)
        everybody = Live(
            True, 0.0, {f"{company.account(i)}@{company.DOMAIN}": _CONTACT for i in range(size)}
        )
        runs[size] = partial(_rate, store.read, size, everybody)
    measured: dict[int, list[float]] = {size: [] for size in runs}
    for _ in range(rounds):
        for size, run in runs.items():
            measured[size].append(run())
    for store in stores:
        store.close()
    rates = {size: median(of) for size, of in measured.items()}
    return Decisions(rates.pop(0), rates)


_CONTACT = (Contact("sofia/internal/sip:phone@192.0.2.7:5060", 0.0),)


def _rate(rules: Callable[[], AbstractContextManager[Rules]], users: int, live: Live) -> float:
    """Decisions a second of processor time: others may be using the core too."""
    calls = [_call(random.randrange(users)) for _ in range(_BATCH)]
    started = time.process_time()
    for call in calls:
        with rules() as read:
            decision = decide(call, read, live, _NOW)
        assert isinstance(decision.action, Ring)
    return _BATCH / (time.process_time() - started)


def _call(index: int) -> Call:
    caller = Caller("+493099887766", "Muster GmbH")
    return Call("c", company.extension(index), caller, context="public")


def _in_memory(rules: list[Company] = []) -> Company:  # noqa: B006 - made once
    if not rules:
        extension = company.extension(0)
        user = User(company.DOMAIN, extension, "User", (company.direct_number(0),))
        desk = FollowMeRow(sip(company.account(0), extension))
        away = FollowMeRow(mobile("mobile", "+49170100000", extension), enabled=False)
        rules.append(Company([user], {extension: [desk, away]}))
    return rules[0]
