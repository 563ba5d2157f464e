"""What the end-to-end tests share: the switch, its phones, callers and the trunk, the router."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

import pytest

from esl_router.store.directory import Account, directory_xml
from tests.e2e.endpoint import Answering, Behaviour, Caller, Registered
from tests.e2e.sip import wait_until
from tests.e2e.sipp import EVENT_LAG, Phone, SippCaller
from tests.e2e.stage import Stage, staged
from tests.e2e.stub import StubRouter
from tests.e2e.switch import FreeSwitch, missing

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = missing()
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def freeswitch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreeSwitch]:
    """A running FreeSWITCH with the shipped configuration on ports of its own."""
    running = FreeSwitch(tmp_path_factory.mktemp("freeswitch"))
    running.start()
    warm_up(running)
    yield running
    running.stop()


def warm_up(switch: FreeSwitch) -> None:
    """One of the first events of a FreeSWITCH comes half a second late, and never again."""
    switch.write_directory(directory_xml(switch.domain, [], [Account("warm-up", "secret")]))
    caller = Caller(switch.internal, "warm-up")
    try:
        for port in (1, 2, 3):
            assert caller.register(f"sip:warm-up@127.0.0.1:{port}", expires=60) == 200
            assert caller.register(f"sip:warm-up@127.0.0.1:{port}", expires=0) == 200
    finally:
        caller.close()
    time.sleep(0.6)


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest,
    freeswitch: FreeSwitch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """The stage of a module of scenarios: by its ``RULES``, its ``TRUNK`` (how the world outside
    behaves) and its ``prepare(router)``, where it has them."""
    module = request.module
    place = tmp_path_factory.mktemp(module.__name__.rpartition(".")[2])
    more = {"prepare": module.prepare} if hasattr(module, "prepare") else {}
    trunk = getattr(module, "TRUNK", None)
    with staged(freeswitch, place, module.RULES, trunk=trunk, **more) as made:
        yield made


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, stage: Stage) -> dict[str, Future[None]]:
    """What became of each scenario of the module's ``play``; they were played at the same time."""
    return request.module.play.play(stage)


@pytest.fixture
def switch(freeswitch: FreeSwitch) -> Iterator[FreeSwitch]:
    """The same FreeSWITCH, without a call left over from another test."""
    freeswitch.wait_idle()
    yield freeswitch
    freeswitch.hang_up_everything()


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def phone(switch: FreeSwitch, tmp_path: Path, closing: ExitStack) -> Callable[..., Phone]:
    """``phone("1001-desk", answer=2)``: a registered SIPp telephone; the rest as in Behaviour."""

    def make(account: str, *, expires: int = 3600, **behaviour: object) -> Phone:
        made = Phone(switch, tmp_path, account, Behaviour(**behaviour), expires=expires)  # type: ignore[arg-type]
        closing.callback(made.close)
        closing.callback(made.register, 0)
        return made

    return make


@pytest.fixture
def own_phone(switch: FreeSwitch, closing: ExitStack) -> Callable[..., Registered]:
    """``own_phone("1001-desk")``: a registered telephone that bears whatever a caller writes."""

    def make(account: str, **behaviour: object) -> Registered:
        made = Registered(switch.internal, account, Behaviour(**behaviour))  # type: ignore[arg-type]
        closing.callback(made.close)
        wait_until(lambda: switch.registered(account, made.port), 5, f"{account} registered")
        time.sleep(EVENT_LAG)
        return made

    return make


@pytest.fixture
def sipp_call(switch: FreeSwitch, tmp_path: Path, closing: ExitStack) -> Callable[..., SippCaller]:
    """``sipp_call("1001", account="1002-desk")``: by SIPp; with no account from the trunk."""

    def make(number: str, **how: object) -> SippCaller:
        made = SippCaller(switch, tmp_path, number, **how)  # type: ignore[arg-type]
        closing.callback(made.close)
        return made

    return make


@pytest.fixture
def inside(switch: FreeSwitch, closing: ExitStack) -> Callable[..., Caller]:
    """``inside("1002-desk")``: a caller with an account and its password."""

    def make(account: str, password: str = "secret") -> Caller:
        made = Caller(switch.internal, account, password)
        closing.callback(made.close)
        return made

    return make


@pytest.fixture
def outside(switch: FreeSwitch, closing: ExitStack) -> Caller:
    """A caller who comes in through the trunk."""
    made = Caller(switch.external)
    closing.callback(made.close)
    return made


@pytest.fixture
def trunk(switch: FreeSwitch, closing: ExitStack) -> Answering:
    """The outside world: set ``behaviour``, or ``by_number[...]``."""
    made = Answering(switch.trunk)
    closing.callback(made.close)
    return made


@pytest.fixture
def stub_router(switch: FreeSwitch, closing: ExitStack) -> Callable[[bytes | None], StubRouter]:
    """``stub_router(b"connect\\n\\n…")``: says that to every call in the router's place."""

    def start(say: bytes | None) -> StubRouter:
        made = StubRouter(switch.router, say)
        closing.callback(made.die)
        return made

    return start
