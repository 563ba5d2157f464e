"""Which legs ring and talk, from FreeSWITCH's events and from its table. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from esl_router import variables
from esl_router.live.registrations import Event, account_key
from esl_router.model.live import CallState, Channel

FORGET = 600.0
"""Seconds after which an ended leg is forgotten even when the switch's table still lists it."""

_ENDING = {"CS_NONE", "CS_HANGUP", "CS_REPORTING", "CS_DESTROY"}
"""Channel states of a leg that has ended, although the table still has it as it last was."""

_REDIRECT = f"variable_{variables.REDIRECT_USER}"
_REFUSAL = f"variable_{variables.FAILURE_STATUS}"
_STATUS = re.compile(r"[3-6][0-9]{2}")

_POOL = re.compile(rf"{variables.POOL}:([0-9]{{1,20}})")

_UUID = re.compile(r"[!-~]{1,256}")

_STATES: Mapping[str, CallState] = {state.value: state for state in CallState}


@dataclass(slots=True)
class LegTimes:
    """What was heard of one watched leg; instants in seconds since the epoch."""

    ringing: float | None = None
    """First 180 or 183: the phone is alive. None: it never rang, as far as was heard."""

    answered: float | None = None
    ended: float | None = None
    cause: str = ""
    """FreeSWITCH's hangup cause; empty before the end, and when the end was not heard."""

    refusal: int = 0
    """The SIP status with which it was refused before it rang; 0: none was heard."""

    redirect: str = ""
    """Whom the phone named when it answered with another address, as it wrote it."""


class Attention:
    """How many want to hear of an event when it comes, and not a moment later."""

    __slots__ = ("_hurry", "count")

    def __init__(self, hurry: Callable[[], object] = lambda: None) -> None:
        """``hurry`` is called when there is one more."""
        self._hurry = hurry
        self.count = 0

    def begin(self) -> None:
        self.count += 1
        self._hurry()

    def end(self) -> None:
        self.count -= 1


class Watch:
    """The legs that somebody wants to hear about, also after they are gone.

    A context manager: leaving it ends the watch. What is heard may be a moment old (see
    :class:`esl_router.esl.client.EventLink`) unless somebody has called :meth:`attend`.
    """

    __slots__ = (
        "_attends",
        "_attention",
        "_watched",
        "complete",
        "legs",
        "on_answer",
        "on_end",
        "on_ring",
    )

    def __init__(
        self,
        uuids: Iterable[str],
        watched: dict[str, list[Watch]],
        complete: bool,
        attention: Attention | None = None,
    ) -> None:
        self.legs: Mapping[str, LegTimes] = {uuid: LegTimes() for uuid in uuids}
        self.complete = complete
        """Whether the event link was up all the time. If not, silence means nothing."""

        self.on_end: Callable[[str, str], object] | None = None
        """Called with the uuid and the hangup cause of each leg whose end is heard, once. It must
        be quick, and must not wait."""

        self.on_answer: Callable[[str], object] | None = None
        """Called with the uuid of each leg whose answer is heard, once; likewise."""

        self.on_ring: Callable[[str], object] | None = None
        """Called with the uuid of each leg that is heard to ring, once; likewise."""

        self._attention, self._attends = attention, False
        self._watched = watched
        for uuid in self.legs:
            watched.setdefault(uuid, []).append(self)

    def rang(self, uuid: str) -> bool | None:
        """Whether the leg rang or was answered; None: nothing was heard, and might have been."""
        leg = self.legs.get(uuid)
        if leg is not None and (leg.ringing is not None or leg.answered is not None):
            return True
        return False if self.complete and leg is not None else None

    def attend(self) -> None:
        """What is heard from now on has to be acted on at once."""
        if self._attention is not None and not self._attends:
            self._attends = True
            self._attention.begin()

    def close(self) -> None:
        if self._attention is not None and self._attends:
            self._attends = False
            self._attention.end()
        for uuid in self.legs:
            watches = self._watched.get(uuid, [])
            if self in watches:
                watches.remove(self)
            if not watches:
                self._watched.pop(uuid, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(slots=True)
class _Mark:
    heard: float
    """When an event last spoke of it; 0: known from the table alone."""

    sequence: int


class Channels:
    """Every leg of the switch. Its methods are its only transitions.

    ``internal_contexts`` are the dialplan contexts where the company's own phones call in. The
    switch fills ``Channel-Presence-ID`` of a leg that came in from the caller's own From header
    when nothing else sets it, so only legs that first appeared in one of these contexts are
    believed to belong to the device it names.
    """

    def __init__(
        self, internal_contexts: Collection[str], attention: Attention | None = None
    ) -> None:
        self._attention = attention
        self.channels: dict[str, Channel] = {}
        self._marks: dict[str, _Mark] = {}
        self._ended: dict[str, _Mark] = {}
        self._internal = frozenset(internal_contexts)
        self._watched: dict[str, list[Watch]] = {}

    def clear(self, now: float) -> None:
        """Forget every leg: it was another switch's, or one of before its restart."""
        for uuid in list(self.channels):
            self._drop(uuid, now)
        self._ended.clear()

    def watch(self, uuids: Iterable[str], complete: bool) -> Watch:
        watch = Watch(uuids, self._watched, complete, self._attention)
        for uuid, leg in watch.legs.items():
            channel = self.channels.get(uuid)
            if channel is not None:
                _note(leg, channel.state, channel.since, "")
        return watch

    @property
    def watched(self) -> int:
        """How many legs are watched."""
        return len(self._watched)

    def blind(self) -> None:
        """The link is down: no watch that is open now hears everything."""
        for watches in self._watched.values():
            for watch in watches:
                watch.complete = False

    def callstate(self, event: Event, sequence: int, now: float) -> bool:
        """``CHANNEL_CALLSTATE``. False: the event is not what it should be."""
        uuid = event.get("Unique-ID") or ""
        state = _state(event.get("Channel-Call-State"))
        direction = event.get("Call-Direction")
        if not _UUID.fullmatch(uuid) or state is None or direction not in ("inbound", "outbound"):
            return False
        told = []
        cause = ""
        if state is CallState.HANGUP:
            cause = event.get("Hangup-Cause") or ""
        for watch in self._watched.get(uuid, ()):
            leg = watch.legs[uuid]
            if state is CallState.HANGUP and leg.answered is None:
                _refused(leg, event)
            if _note(leg, state, now, cause):
                told.append(watch)
        mark = self._ended.get(uuid) or self._marks.get(uuid)
        if mark is not None and sequence < mark.sequence:
            return True
        if state is CallState.HANGUP:
            self.channels.pop(uuid, None)
            self._marks.pop(uuid, None)
            self._ended[uuid] = _Mark(now, sequence)
            for watch in told:
                if watch.on_end is not None:
                    watch.on_end(uuid, cause)
            return True
        self._ended.pop(uuid, None)
        old = self.channels.get(uuid)
        inbound = direction == "inbound"
        if inbound and old is not None:
            device = old.device
        elif inbound and event.get("Caller-Profile-Index") not in (None, "1"):
            # It was transferred before we heard of it: the context says nothing of its origin.
            device = None
        else:
            device = self._device(
                inbound, event.get("Caller-Context"), event.get("Channel-Presence-ID")
            )
        other = "Caller-Destination-Number" if inbound else "Caller-Caller-ID-Number"
        self.channels[uuid] = Channel(
            uuid=uuid,
            device=device,
            inbound=inbound,
            state=state,
            other=event.get(other) or "",
            number="" if inbound else event.get("Caller-Destination-Number") or "",
            call=event.get("Channel-Call-UUID") or "",
            since=old.since if old is not None and old.state is state else now,
            pool="" if inbound else _pool(event.get("Channel-Presence-Data")),
        )
        self._marks[uuid] = _Mark(now, sequence)
        for watch in told:
            tell = watch.on_answer if state.talking else watch.on_ring
            if tell is not None:
                tell(uuid)
        return True

    def _device(self, inbound: bool, context: object, presence: object) -> str | None:
        if inbound and context not in self._internal:
            return None
        user, at, host = presence.rpartition("@") if isinstance(presence, str) else ("", "", "")
        return account_key(user, host) if at and user and host else None

    def reconcile(self, table: Iterable[Mapping[str, object]], horizon: float, now: float) -> int:
        """Agree with the switch's ``channels`` table, read after ``horizon``.

        What an event said since ``horizon`` is newer than the table and stands; a leg whose end
        was heard stays ended. Returns how many rows made no sense.
        """
        listed: set[str] = set()
        odd = 0
        for line in table:
            uuid, state = line.get("uuid"), _state(line.get("callstate"))
            direction = line.get("direction")
            if (
                not isinstance(uuid, str)
                or not _UUID.fullmatch(uuid)
                or state is None
                or direction not in ("inbound", "outbound")
            ):
                odd += 1
                continue
            if uuid in self._ended:
                listed.add(uuid)
            elif line.get("state") not in _ENDING and state is not CallState.HANGUP:
                listed.add(uuid)
                self._take(uuid, state, direction == "inbound", line, horizon, now)
        for uuid in [uuid for uuid in self.channels if uuid not in listed]:
            if self._marks[uuid].heard < horizon:
                self._drop(uuid, now)
        for uuid in [
            uuid
            for uuid, mark in self._ended.items()
            if mark.heard < horizon and uuid not in listed
        ]:
            del self._ended[uuid]
        return odd

    def _take(
        self,
        uuid: str,
        state: CallState,
        inbound: bool,
        line: Mapping[str, object],
        horizon: float,
        now: float,
    ) -> None:
        # The table knows where the leg first appeared, whatever became of it since.
        device = self._device(inbound, line.get("initial_context"), line.get("presence_id"))
        old = self.channels.get(uuid)
        if old is None:
            other, call = line.get("dest" if inbound else "cid_num"), line.get("call_uuid")
            self.channels[uuid] = Channel(
                uuid=uuid,
                device=device,
                inbound=inbound,
                state=state,
                other=other if isinstance(other, str) else "",
                number="" if inbound else str(line.get("dest") or ""),
                call=call if isinstance(call, str) and call else uuid,
                since=now,
                pool="" if inbound else _pool(line.get("presence_data")),
            )
            self._marks[uuid] = _Mark(0.0, -1)
        elif self._marks[uuid].heard < horizon:
            since = old.since if old.state is state else now
            self.channels[uuid] = replace(old, device=device, state=state, since=since)
        elif inbound and old.device != device:
            self.channels[uuid] = replace(old, device=device)
        else:
            return
        for watch in self._watched.get(uuid, ()):
            _note(watch.legs[uuid], state, now, "")

    def _drop(self, uuid: str, now: float) -> None:
        """The switch knows the leg no longer, and we did not hear it end."""
        del self.channels[uuid]
        del self._marks[uuid]
        for watch in self._watched.get(uuid, ()):
            _note(watch.legs[uuid], CallState.HANGUP, now, "")

    def forget(self, now: float) -> None:
        """Forget legs that ended long ago, where no table came to say that they are gone."""
        for uuid in [uuid for uuid, mark in self._ended.items() if now - mark.heard > FORGET]:
            del self._ended[uuid]


def _pool(data: object) -> str:
    """The executive of whom the router marked a leg that it placed."""
    found = _POOL.fullmatch(data) if isinstance(data, str) else None
    return found[1] if found else ""


def _state(value: object) -> CallState | None:
    return _STATES.get(value) if isinstance(value, str) else None


def _refused(leg: LegTimes, event: Event) -> None:
    """Note what a leg says that ends unanswered."""
    leg.redirect = event.get(_REDIRECT) or leg.redirect
    status = event.get(_REFUSAL) or ""
    if leg.ringing is None and _STATUS.fullmatch(status):
        leg.refusal = int(status)


def _note(leg: LegTimes, state: CallState, now: float, cause: str) -> bool:
    """Note what a leg does; whether it rings, is answered or ends for the first time."""
    if state is CallState.HANGUP:
        leg.cause = leg.cause or cause
        if leg.ended is None:
            leg.ended = now
            return True
    elif state.talking:
        if leg.answered is None:
            leg.answered = now
            return True
    elif state.ringing and leg.ringing is None:
        leg.ringing = now
        return True
    return False
