"""What wakes an app: a hook (B12), called by a thread beside the calls.

Whatever the hook takes, no phone waits for it.
"""

from __future__ import annotations

import json
from typing import Final

import gevent
from gevent.threadpool import ThreadPool

from esl_router import hook
from esl_router.model.actions import Asleep

AT_ONCE: Final = 8
"""Hooks that run at the same time; further ones wait."""


def message(target: Asleep, call: str) -> bytes:
    """What the hook gets; ``call`` is the uuid of the caller's leg."""
    return json.dumps(
        {
            "device": target.account,
            "domain": target.domain,
            "owner": target.owner,
            "call": call,
            "push": dict(target.push),
            "wait": target.hook.wait,
        }
    ).encode()


class Hooks:
    """Calls hooks, a few at a time. It has no thread before the first one."""

    def __init__(self) -> None:
        self._threads: ThreadPool | None = None

    def call(self, target: Asleep, call: str) -> str:
        """Wake ``target``; returns when that is done. Empty, or in a sentence what went wrong."""
        if self._threads is None:
            self._threads = ThreadPool(AT_ONCE, hub=gevent.get_hub())
        wrong: str = self._threads.apply(hook.run, (target.hook, message(target, call)))
        return wrong
