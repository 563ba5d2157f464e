"""The simulated switch sends what a real one sent for the same call."""

from __future__ import annotations

import re

import pytest

from esl_router import variables as v
from esl_router.esl.wire import Frame
from tests.switch.captures import CALLS, MEASURED, capture, frames, play

SYNC = [name for name, spec in CALLS.items() if "socket" not in spec]

# What the router reads of a snapshot.
HEADERS = (
    v.UNIQUE_ID,
    v.CORE_UUID,
    v.DESTINATION,
    v.CALLER_NAME,
    v.CALLER_NUMBER,
    v.CONTEXT,
    v.DIRECTION,
    v.ANSWER_STATE,
    v.PRIVACY_NUMBER,
    v.SOCKET_MODE,
    v.CONTROL,
)
VARIABLES = (
    v.SIP_AUTHORIZED,
    v.USER_NAME,
    v.DOMAIN_NAME,
    v.DIVERSION,
    v.HISTORY_INFO,
    v.SIP_FROM_USER,
    v.ORIGINATE_CAUSES,
    v.ORIGINATE_DISPOSITION,
    v.BRIDGE_HANGUP_CAUSE,
    v.ROUTED,
    v.HANGUP_AFTER_BRIDGE,
    "DIALSTATUS",
    "originate_failed_cause",
    "last_bridge_hangup_cause",
    "last_bridge_to",
    "endpoint_disposition",
    "Channel-State",
    "Channel-Call-State",
)
OWN = (v.UNIQUE_ID, v.CORE_UUID)
"""Different in every run."""


def shape(frame: Frame) -> tuple[object, ...]:
    """What a router can tell of a frame but for its own ids."""
    body = re.sub(rb"[0-9a-f-]{36}", b"", frame.body)
    headers = HEADERS if frame.get("Event-Name") else ()
    values = {name: frame.get(name) for name in headers if name not in OWN}
    known = {name: frame.get(f"variable_{name}") for name in VARIABLES if headers}
    return (
        frame.content_type,
        frame.raw("Reply-Text") if "Reply-Text" in frame else None,
        frame.get("Content-Disposition"),
        tuple(name in frame for name in OWN),
        body,
        values,
        known,
    )


@pytest.mark.parametrize("name", SYNC)
def test_the_same_call_gives_the_same_frames_and_the_same_end(name: str) -> None:
    sent, placed = play(name)
    assert [shape(frame) for frame in frames(sent)] == [
        shape(frame) for frame in frames(capture(name))
    ]
    assert placed.code == MEASURED[name]["caller"]


# A router that closes sees nothing of what comes after; the rest ends within a moment anyway.
TIMED = [name for name in SYNC if name != "router-closes" and MEASURED[name]["closed"] >= 0.9]


@pytest.mark.parametrize("name", TIMED)
def test_a_call_lasts_as_long_as_it_did(name: str) -> None:
    _, placed = play(name, speed=10)
    over = next(note.at for note in placed.notes if note.kind == "over")
    # FreeSWITCH counts whole seconds, so the same call lasts up to one more or less.
    assert over == pytest.approx(MEASURED[name]["closed"], abs=1.6)
