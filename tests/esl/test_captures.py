"""What FreeSWITCH really sends is read the same whole, byte by byte, and in random pieces."""

from __future__ import annotations

import random

import pytest

from esl_router.esl.wire import END, MAX_LINK_BODY, Frame, Reader
from tests.switch.captures import NAMES, capture, frames


def pieces(data: bytes, sizes: object) -> list[tuple[bytes, bytes]]:
    reader, found, start = Reader(max_body=MAX_LINK_BODY), [], 0
    while start < len(data):
        size = sizes()  # type: ignore[operator]
        reader.feed(data[start : start + size])
        start += size
        while (frame := reader.next_frame()) is not None:
            assert isinstance(frame, Frame)
            found.append((frame._block, frame.body))
    reader.eof()
    assert reader.next_frame() is END
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_capture_reads_the_same_in_any_pieces(name: str) -> None:
    data = capture(name)
    whole = [(frame._block, frame.body) for frame in frames(data)]
    assert whole
    assert pieces(data, lambda: 1) == whole
    dice = random.Random(name)
    for _ in range(5):
        assert pieces(data, lambda: dice.randint(1, 700)) == whole


def test_nothing_a_caller_wrote_becomes_a_header() -> None:
    snapshot = frames(capture("hostile"))[0]
    assert "variable_x_forged" not in snapshot
    assert "variable_y_forged" not in snapshot
    assert snapshot["Caller-Caller-ID-Name"].startswith("Boss\nvariable_x_forged: 1 %{system")
    assert snapshot["Caller-Destination-Number"] == "1001\nvariable_y_forged"


def test_the_event_link_has_its_events_and_tables() -> None:
    found = frames(capture("event-link"))
    events = [frame.event() for frame in found if frame.content_type == "text/event-plain"]
    names = {event.get("Event-Subclass") or event["Event-Name"] for event in events}
    assert names == {"CHANNEL_CALLSTATE", "HEARTBEAT", "sofia::register", "sofia::unregister"}
    tables = [frame.body for frame in found if frame.content_type == "api/response"]
    assert sum(b'"row_count"' in table for table in tables) == 4
