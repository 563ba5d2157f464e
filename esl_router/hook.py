"""Calling a hook: a program that is run, or an address that is called.

It is given one JSON object, on standard input or as the body of a POST; no shell reads anything.
"""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from typing import Any, Final

from esl_router import scheduling
from esl_router.esl import untrusted
from esl_router.model.people import Hook

_SAID: Final = 2000
"""Characters of what a program said that are looked at."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Whoever answers with another address has not done what he was asked to."""


def run(hook: Hook, data: bytes) -> str:
    """Give ``data`` to the hook and wait for it; empty, or in a sentence what went wrong."""
    try:
        return (_execute if hook.command else _post)(hook, data)
    except Exception as error:  # whatever it is, nobody must end of it
        return f"{type(error).__name__}: {untrusted.log(str(error))}."


def _execute(hook: Hook, data: bytes) -> str:
    name = untrusted.log(hook.command[0])
    try:
        program = subprocess.Popen(
            hook.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return f"{name} cannot be run: {error.strerror}."
    with program:
        scheduling.usual(program.pid)
        try:
            _, errors = program.communicate(data, hook.timeout)
        except subprocess.TimeoutExpired:
            program.kill()
            return f"{name} took longer than {hook.timeout} s."
    if program.returncode == 0:
        return ""
    lines = errors[-_SAID:].decode("utf-8", "replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    said = f": {untrusted.log(last)}" if last else ""
    return f"{name} ended with {program.returncode}{said}."


def _post(hook: Hook, data: bytes) -> str:
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
