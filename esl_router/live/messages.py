"""Messages that callers leave in mailboxes, by the calls they were left in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

SUBCLASS = "vm::maintenance"
"""The event in which mod_voicemail tells whatever happens in a mailbox."""

Heard = Callable[[int], object]


class Event(Protocol):
    def get(self, name: str) -> str | None: ...


class Messages:
    """Tells whoever asked of a new message; nothing of one is kept."""

    def __init__(self) -> None:
        self._heard: dict[str, Heard] = {}

    def on_message(self, uuid: str, heard: Heard) -> Callable[[], object]:
        """Calls ``heard`` with the seconds of a message that the channel ``uuid`` leaves, until
        what is returned is called."""
        self._heard[uuid] = heard
        return lambda: self._heard.pop(uuid, None)

    def maintenance(self, event: Event, sequence: int, now: float) -> bool:
        """Something has happened in a mailbox. False: it makes no sense."""
        if event.get("VM-Action") != "leave-message":
            return True
        heard = self._heard.get(event.get("VM-UUID") or "")
        length = event.get("VM-Message-Len") or ""
        if not (length.isascii() and length.isdigit() and len(length) < 7):
            return False
        if heard is not None:
            heard(int(length))
        return True
