"""What the end-to-end tests share: the switch, its phones, callers and the trunk, the router."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.endpoint import Answering, Behaviour, Caller
from tests.e2e.sipp import Phone, SippCaller
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
    yield running
    running.stop()


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
