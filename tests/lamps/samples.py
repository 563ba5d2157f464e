"""A PRESENCE_PROBE, as a FreeSWITCH 1.10.12 sent it for a SUBSCRIBE to ``*30``."""

from __future__ import annotations

from pathlib import Path

from esl_router.esl.wire import Frame, Reader

WIRE = Path(__file__).parents[2] / "fixtures" / "wire" / "lamps.wire"


def _frames() -> list[Frame]:
    reader = Reader()
    reader.feed(WIRE.read_bytes())
    found = []
    while isinstance(frame := reader.next_frame(), Frame):
        if frame.content_type == "text/event-plain":
            found.append(frame.event())
    return found


PROBES = _frames()
PROBE = PROBES[0]


def probe(**headers: str | None) -> dict[str, str]:
    """The probe with other headers; None: without it. ``from`` is a keyword: pass a mapping."""
    names = ("proto", "to", "from", "sub-call-id", "expires", "proto-specific-event-name")
    sent = {name: PROBE.get(name) for name in names} | headers
    return {name: value for name, value in sent.items() if value is not None}
