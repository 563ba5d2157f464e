"""One question to a running FreeSWITCH over its event socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from esl_router.errors import SwitchError
from esl_router.settings import Address

if TYPE_CHECKING:
    from esl_router.esl.client import EventLink
    from esl_router.model.live import Live


@contextmanager
def linked(address: Address, password: str, timeout: float = 5.0) -> Iterator[EventLink]:
    """A link that is logged in; raises SwitchError, also when it ends within the block."""
    from esl_router.esl.client import EventLink, NotConnectedError

    link = EventLink(address.host, address.port, password, timeout)
    link.connect()
    try:
        yield link
    except NotConnectedError as error:
        raise SwitchError(f"FreeSWITCH at {address}: {error}") from error
    finally:
        link.stop()


def ask(link: EventLink, command: str) -> str:
    """What the switch answers to an API command, without the white space around it."""
    return link.api(command).decode("utf-8", "replace").strip()


def picture(address: Address, password: str) -> Live:
    """What the switch knows right now of registrations and calls; raises SwitchError."""
    from esl_router.live.state import SwitchState

    state = SwitchState()
    with linked(address, password) as link:
        now = time.time()
        done = state.resync(
            link.api("show channels as json"),
            link.api("show registrations as json"),
            now,
            asked=now,
        )
    if done.fault:
        raise SwitchError(f"FreeSWITCH at {address}: {done.fault}")
    return state.view(now, linked=True)
