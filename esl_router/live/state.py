"""What one FreeSWITCH is doing: a picture kept by events and set right by the switch's tables.

Pure: no socket, no clock. Events can be lost (the switch drops them under load), so no picture
rests on events alone: :meth:`SwitchState.resync` makes it agree with what ``show channels`` and
``show registrations`` say. These tables in turn lag behind the events by the switch's database
queue, so what an event said within the last :data:`SETTLE` seconds stands against them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from esl_router.live.channels import Attention, Channels, LegTimes, Watch
from esl_router.live.messages import SUBCLASS, Heard, Messages
from esl_router.live.registrations import GRACE, Event, Registrations
from esl_router.model.live import Live

__all__ = ["GRACE", "SETTLE", "Event", "LegTimes", "Resync", "SwitchState", "Watch"]

SETTLE = 5.0
"""Seconds by which the switch's tables may lag behind its events."""


@dataclass(frozen=True, slots=True)
class Resync:
    """What a reconciliation did. ``fault`` is empty when both tables could be read."""

    fault: str = ""
    odd_rows: int = 0
    """Rows that made no sense and were passed over."""


class SwitchState:
    """Legs and registrations of one FreeSWITCH. Its methods are its only transitions.

    ``now`` is always seconds since the epoch on the router's clock. ``hurry`` is called when
    somebody begins to wait for an event.
    """

    def __init__(
        self,
        internal_contexts: Collection[str] = ("internal", "default"),
        hurry: Callable[[], object] = lambda: None,
    ) -> None:
        self.core_uuid: str | None = None
        """Which run of the switch this is the picture of; None: not known yet."""

        self.heard: float | None = None
        """When the switch was last heard."""

        self._attention = Attention(hurry)
        self._channels = Channels(internal_contexts, self._attention)
        self._registrations = Registrations()
        self._messages = Messages()
        self._channels_view = MappingProxyType(self._channels.channels)
        self._registrations_view = MappingProxyType(self._registrations.contacts)
        self._on_custom: Mapping[str, Callable[[Event, int, float], bool]] = {
            "sofia::register": self._registrations.register,
            "sofia::unregister": self._registrations.unregister,
            "sofia::expire": self._registrations.expire,
            SUBCLASS: self._messages.maintenance,
        }

    @property
    def attended(self) -> bool:
        """Whether anybody waits for an event."""
        return self._attention.count > 0

    @property
    def counts(self) -> Mapping[str, int]:
        """How much is known: channels, registrations, watched legs."""
        return {
            "channels": len(self._channels.channels),
            "registrations": len(self._registrations),
            "watched": self._channels.watched,
        }

    def identify(self, core_uuid: str, now: float) -> None:
        """The switch says which run of itself this is. A new run remembers nothing."""
        if self.core_uuid not in (None, core_uuid):
            self._channels.clear(now)
            self._registrations.clear()
        self.core_uuid = core_uuid

    def apply(self, event: Event, now: float) -> bool:
        """Take one event in. False: it is none of ours, or not what it should be.

        Events may arrive in another order than the switch sent them (it delivers with several
        threads); ``Event-Sequence`` decides.
        """
        core = event.get("Core-UUID")
        if core:
            self.identify(core, now)
        self.heard = now
        number = event.get("Event-Sequence") or ""
        sequence = int(number) if number.isascii() and number.isdigit() and len(number) < 20 else 0
        match event.get("Event-Name"):
            case "CHANNEL_CALLSTATE":
                return self._channels.callstate(event, sequence, now)
            case "CUSTOM":
                apply = self._on_custom.get(event.get("Event-Subclass") or "")
                return apply is not None and apply(event, sequence, now)
            case "HEARTBEAT":
                self._channels.forget(now)
                return True
        return False

    def resync(
        self,
        channels_json: bytes | str,
        registrations_json: bytes | str,
        now: float,
        *,
        asked: float,
        clock: float | None = None,
    ) -> Resync:
        """Agree with ``show channels as json`` and ``show registrations as json``.

        ``asked`` is when the first of them was requested; ``clock`` what the switch's own clock
        (``strepoch``) then said: its expiries are by that. If either text cannot be read,
        nothing changes and the answer says why.
        """
        self.heard = now
        channels = _rows(channels_json)
        if isinstance(channels, str):
            return Resync(f"show channels: {channels}")
        registrations = _rows(registrations_json)
        if isinstance(registrations, str):
            return Resync(f"show registrations: {registrations}")
        skew = 0.0 if clock is None else clock - asked
        horizon = asked - SETTLE
        odd = self._channels.reconcile(channels, horizon, now)
        odd += self._registrations.reconcile(registrations, horizon, now, skew)
        return Resync(odd_rows=odd)

    def view(self, now: float, linked: bool) -> Live:
        """The picture for one decision, without a copy: it goes on following the switch.

        ``linked`` says whether the event link is up and has resynced; without it nothing is known.
        """
        self._registrations.sweep(now)
        return Live(
            known=linked,
            age=None if self.heard is None else max(0.0, now - self.heard),
            registrations=self._registrations_view,
            channels=self._channels_view,
        )

    def watch(self, uuids: Iterable[str], linked: bool = True) -> Watch:
        """Collect what happens to these legs, until the watch is closed."""
        return self._channels.watch(uuids, linked)

    def on_registration(self, account: str, heard: Callable[[], object]) -> Callable[[], object]:
        """As :meth:`Registrations.on_registration`; ``account`` is ``account@domain``."""
        return self._registrations.on_registration(account, heard)

    def on_message(self, uuid: str, heard: Heard) -> Callable[[], object]:
        """As :meth:`Messages.on_message`."""
        return self._messages.on_message(uuid, heard)

    def unwatch(self, watch: Watch) -> None:
        """The same as ``watch.close()``."""
        watch.close()

    def lose(self) -> None:
        """The link is down: what happens from now on is not heard."""
        self._channels.blind()


def _rows(text: bytes | str) -> list[Mapping[str, object]] | str:
    """The rows of a ``show … as json``, or what is wrong with it.

    Callers write names and numbers into the table: bytes that are no UTF-8 are no fault.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    try:
        answer = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        return f"no JSON ({error}): {text[:60]!r}"
    if not isinstance(answer, dict):
        return "no JSON object"
    rows, count = answer.get("rows", []), answer.get("row_count")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return "its rows are no list of rows"
    if count != len(rows):
        # A cut-off table read as whole would sign every phone off.
        return f"{len(rows)} rows, but row_count {count!r}"
    return rows
