"""What wakes an app: a program that is run, or an address that is called (B12).

A thread does so beside the calls: whatever the hook takes, no phone waits for it. It is given one
JSON object, on standard input or as the body of a POST; no shell reads anything.
"""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from typing import Any, Final

import gevent
from gevent.threadpool import ThreadPool

from esl_router.esl import untrusted
from esl_router.model.actions import Asleep

AT_ONCE: Final = 8
"""Hooks that run at the same time; further ones wait."""

_SAID: Final = 2000
"""Characters of what a program said that are looked at."""


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


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Whoever answers with another address has not done what he was asked to."""


class Hooks:
    """Calls hooks, a few at a time. It has no thread before the first one."""

    def __init__(self) -> None:
        self._threads: ThreadPool | None = None

    def call(self, target: Asleep, call: str) -> str:
        """Wake ``target``; returns when that is done. Empty, or in a sentence what went wrong."""
        if self._threads is None:
            self._threads = ThreadPool(AT_ONCE, hub=gevent.get_hub())
        wrong: str = self._threads.apply(_run, (target, message(target, call)))
        return wrong


def _run(target: Asleep, data: bytes) -> str:
    try:
        return (_execute if target.hook.command else _post)(target, data)
    except Exception as error:  # whatever it is, a call must not end of it
        return f"{type(error).__name__}: {untrusted.log(str(error))}."


def _execute(target: Asleep, data: bytes) -> str:
    hook = target.hook
    name = untrusted.log(hook.command[0])
    try:
        done = subprocess.run(
            hook.command,
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=hook.timeout,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return f"{name} took longer than {hook.timeout} s."
    except OSError as error:
        return f"{name} cannot be run: {error.strerror}."
    if done.returncode == 0:
        return ""
    lines = done.stderr[-_SAID:].decode("utf-8", "replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    said = f": {untrusted.log(last)}" if last else ""
    return f"{name} ended with {done.returncode}{said}."


def _post(target: Asleep, data: bytes) -> str:
    hook = target.hook
    request = urllib.request.Request(
        hook.url, data, {"Content-Type": "application/json"}, method="POST"
    )
    host = untrusted.log(request.host)
    try:
        urllib.request.build_opener(_Stay()).open(request, timeout=hook.timeout).close()
    except urllib.error.HTTPError as error:
        error.close()
        return f"{host} answered {error.code}."
    except TimeoutError:
        return f"{host} took longer than {hook.timeout} s."
    except OSError as error:
        return f"{host} cannot be reached: {untrusted.log(str(getattr(error, 'reason', error)))}."
    return ""
