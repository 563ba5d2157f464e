"""Hooks as the store keeps them."""

from __future__ import annotations

import json
from functools import lru_cache

from esl_router.model.people import Hook
from esl_router.store.rules import values


@lru_cache(maxsize=64)
def hook(column: str) -> Hook:
    """A hook from a JSON column; raises what reading a wrong one raises: ValueError, TypeError,
    KeyError."""
    found = json.loads(column)
    command = tuple(values.argument(word, "") for word in found["command"])
    url = found["url"] and values.web_address(found["url"], "")
    if bool(command) == bool(url):
        raise ValueError("neither a command nor a url")
    seconds = values.whole(1, 60)
    wait = seconds(found.get("wait", Hook().wait), "")
    return Hook(command, url or "", wait, seconds(found["timeout"], ""))
