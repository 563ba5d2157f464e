"""Mailboxes on a running FreeSWITCH: how they greet, by what the caller hears."""

from __future__ import annotations

import itertools
import math
import struct
import time
import wave
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.diverted import away, reachable, somebody
from tests.e2e.endpoint import Placed, Speaking
from tests.e2e.hearing import pitches
from tests.e2e.lines import Line
from tests.e2e.sip import wait_until
from tests.e2e.stage import Programme, Stage, company, person

RANG = 2
BY_REASON = {"voicemail_greeting": "by_reason"}
NO_BOX = {"voicemail": False}


def to_box() -> dict[str, Any]:
    return reachable(busy="voicemail", no_answer="voicemail", unregistered="voicemail")


def boxed(extension: int, **more: Any) -> dict[str, dict[str, Any]]:
    """Somebody whose unanswered and refused calls go to his mailbox."""
    short = {"a": (0, RANG)}
    return somebody(extension, internal=short, external=short, **({"presence": to_box()} | more))


PEOPLE: dict[str, dict[str, Any]] = {
    "u1900": person("1900", "a"),
    "u1901": person("1901", "a"),
    **boxed(1500, **BY_REASON),
    **boxed(1501, **BY_REASON, busy_on_busy=True),
    **boxed(1502, **BY_REASON),
    **boxed(1503, **BY_REASON, presence=away("voicemail", status="dnd")),
    **boxed(1504, **BY_REASON, busy_on_busy=True),
    **boxed(1505, voicemail_greeting="none"),
    **boxed(1506),
    **boxed(1507, **BY_REASON),
    **boxed(1510, **NO_BOX, busy_on_busy=True),
    **boxed(1511, **NO_BOX),
    **boxed(1512, **NO_BOX),
    **boxed(1513, **NO_BOX, presence=away("voicemail", status="dnd")),
    **boxed(1514, **NO_BOX),
    **boxed(1515, **NO_BOX, presence=away("voicemail")),
}
RULES = company(**PEOPLE)
play = Programme()

FIRST, SECOND, BEEP = 1000, 1400, 800
"""What the users have recorded, and the tone after which a message begins; in Hz."""

NOTE = 523
"""What the shipped phrases play between the greeting and the tone."""

KNOWN = (NOTE, 659, BEEP, FIRST, SECOND)
UNAVAILABLE, BUSY = (523, 659, 800), (800, 659, 523)
"""The shipped greetings."""


def record(stage: Stage, extension: int) -> None:
    """He has recorded both greetings, and chosen none."""
    box = stage.switch.place / "storage/voicemail/default/pbx.test" / str(extension)
    box.mkdir(parents=True, exist_ok=True)
    for number, pitch in ((1, FIRST), (2, SECOND)):
        tone(box / f"greeting_{number}.wav", pitch)


def tone(path: Path, pitch: int) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        samples = (int(9000 * math.sin(math.tau * pitch * n / 8000)) for n in range(4000))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


def greeted(stage: Stage, number: int, within: float = 5) -> tuple[int, ...]:
    """What a colleague hears who calls there, until a message would begin."""
    caller = stage.inside("1900-a")
    call = caller.call(str(number))
    assert call.wait(within) == 200
    heard: tuple[int, ...] = ()

    def all_of_it() -> bool:
        nonlocal heard
        heard += pitches(caller, KNOWN)
        return time.time() > until

    until = time.time() + 3.5
    with closing(Speaking(call)):
        wait_until(all_of_it, 10, "the greeting is over")
    call.hang_up()
    # A pitch that goes on from one look to the next is one.
    return tuple(pitch for pitch, _ in itertools.groupby(heard))


def talks(stage: Stage, line: Line, number: int) -> Placed:
    call = stage.inside("1901-a").call(str(number))
    line.lines.answer(line.wait_ringing(5))
    assert call.wait(5) == 200
    time.sleep(0.5)
    return call


@play
def who_does_not_answer_is_unavailable(stage: Stage) -> None:
    record(stage, 1500)
    stage.line("1500-a")
    assert greeted(stage, 1500, 6) == (FIRST, NOTE, BEEP)


@play
def who_talks_is_busy(stage: Stage) -> None:
    record(stage, 1501)
    call = talks(stage, stage.line("1501-a"), 1501)
    assert greeted(stage, 1501) == (SECOND, NOTE, BEEP)
    call.hang_up()


@play
def who_declines_is_busy(stage: Stage) -> None:
    record(stage, 1502)
    stage.line("1502-a", reject=603, after=0.3)
    assert greeted(stage, 1502) == (SECOND, NOTE, BEEP)


@play
def who_is_not_to_be_disturbed_is_busy(stage: Stage) -> None:
    record(stage, 1503)
    stage.line("1503-a")
    assert greeted(stage, 1503) == (SECOND, NOTE, BEEP)


@play
def without_recordings_the_switch_greets_by_reason(stage: Stage) -> None:
    assert greeted(stage, 1504) == (*UNAVAILABLE, NOTE, BEEP)
    call = talks(stage, stage.line("1504-a"), 1504)
    # The greeting's last note goes over into the next one.
    assert greeted(stage, 1504) == (*BUSY, BEEP)
    call.hang_up()


@play
def who_wants_no_greeting_has_the_tone_at_once(stage: Stage) -> None:
    record(stage, 1505)
    assert greeted(stage, 1505) == (BEEP,)


@play
def nothing_said_is_as_ever(stage: Stage) -> None:
    record(stage, 1506)
    assert greeted(stage, 1506) == (*UNAVAILABLE, NOTE, BEEP)


@play
def a_message_is_left_behind_any_of_them(stage: Stage) -> None:
    record(stage, 1507)
    caller = stage.inside("1900-a")
    call = caller.call("1507")
    assert call.wait(5) == 200
    with closing(Speaking(call)):
        wait_until(lambda: BEEP in pitches(caller, KNOWN), 8, "the tone")
        time.sleep(2.5)
    call.hang_up()
    wait_until(lambda: stage.switch.messages("1507"), 5, "a message")


# -- no mailbox -----------------------------------------------------------------------------------


def ends(stage: Stage, number: int, code: int) -> None:
    assert stage.inside("1900-a").call(str(number)).wait(6) == code
    assert stage.outside().call(PEOPLE[f"u{number}"]["numbers"][0]).wait(6) == code
    assert not stage.switch.messages(str(number))


@play
def who_talks_and_has_no_mailbox_is_busy(stage: Stage) -> None:
    call = talks(stage, stage.line("1510-a"), 1510)
    ends(stage, 1510, 486)
    call.hang_up()


@play
def who_declines_and_has_no_mailbox_is_busy(stage: Stage) -> None:
    stage.line("1511-a", reject=603)
    ends(stage, 1511, 486)


@play
def whose_phone_is_busy_and_has_no_mailbox_is_busy(stage: Stage) -> None:
    stage.line("1512-a", reject=486)
    ends(stage, 1512, 486)


@play
def who_is_not_to_be_disturbed_and_has_no_mailbox_is_busy(stage: Stage) -> None:
    stage.line("1513-a")
    ends(stage, 1513, 486)


@play
def who_does_not_answer_and_has_no_mailbox_is_unavailable(stage: Stage) -> None:
    stage.line("1514-a")
    ends(stage, 1514, 480)


@play
def who_is_away_and_has_no_mailbox_is_unavailable(stage: Stage) -> None:
    ends(stage, 1515, 480)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("scenario", list(play))
def test_mailboxes(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()
