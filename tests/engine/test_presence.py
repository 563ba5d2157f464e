from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from esl_router.engine.presence import effective
from esl_router.model.presence import Presence, Status, Target, TargetKind
from esl_router.model.schedule import Hours, Schedule

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def winner(presence, now=NOW):
    result = effective(presence, now)
    return result.status, result.winner.name


def test_nothing_set_is_available():
    assert winner(Presence()) == (Status.AVAILABLE, "default")


def test_a_status_set_by_hand_holds():
    assert winner(Presence(Status.AWAY)) == (Status.AWAY, "manual")


@pytest.mark.parametrize(
    ("now", "status", "axis"),
    [
        (NOW - SECOND, Status.LUNCH, "temporary"),
        (NOW, Status.AVAILABLE, "default"),
        (NOW + SECOND, Status.AVAILABLE, "default"),
    ],
)
def test_a_temporary_status_ends_at_its_instant_without_anything_happening(now, status, axis):
    assert winner(Presence(Status.LUNCH, until=NOW), now) == (status, axis)


def test_what_comes_after_a_temporary_status_is_what_was_kept_for_it():
    presence = Presence(Status.LUNCH, until=NOW, afterwards=Status.AWAY)
    assert winner(presence, NOW - SECOND) == (Status.LUNCH, "temporary")
    assert winner(presence, NOW) == (Status.AWAY, "manual")


def test_a_temporary_available_beats_the_status_below_it():
    presence = Presence(Status.AVAILABLE, until=NOW + SECOND, afterwards=Status.AWAY)
    assert winner(presence) == (Status.AVAILABLE, "temporary")


OPEN = Schedule("office", "UTC", (Hours.parse("mon", "08:00", "17:00"),))


@pytest.mark.parametrize(
    ("presence", "hour", "expected"),
    [
        (Presence(outside_hours=(OPEN, Status.AWAY)), 9, (Status.AVAILABLE, "default")),
        (Presence(outside_hours=(OPEN, Status.AWAY)), 18, (Status.AWAY, "schedule")),
        (Presence(Status.DND, outside_hours=(OPEN, Status.AWAY)), 18, (Status.DND, "manual")),
    ],
)
def test_outside_its_hours_a_schedule_says_what_a_status_set_by_hand_does_not(
    presence, hour, expected
):
    assert winner(presence, NOW.replace(hour=hour)) == expected


def test_every_axis_says_why():
    axes = effective(Presence(Status.AWAY), NOW).axes
    assert [axis.name for axis in axes] == ["temporary", "manual", "schedule", "default"]
    assert all(axis.why for axis in axes)


@pytest.mark.parametrize(
    "text",
    [
        *("voicemail", "voicemail:1002", "extension:1002", "external:+4930"),
        *("busy", "ring", "announcement:closed.wav"),
    ],
)
def test_a_target_is_written_as_it_was_read(text):
    assert str(Target.parse(text)) == text


@pytest.mark.parametrize("text", ["", "extension", "external:", "busy:1", "ring:1", "nowhere"])
def test_what_is_no_target_is_refused(text):
    with pytest.raises(ValueError, match=r"target|valid"):
        Target.parse(text)


def test_kinds_are_complete():
    assert {kind.value for kind in TargetKind} == {
        "voicemail",
        "extension",
        "external",
        "busy",
        "ring",
        "announcement",
    }


HOURS = (Schedule("office", "UTC"), Status.AWAY)
LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("presence", "message"),
    [
        (Presence(Status.AWAY, message="Dentist"), "Dentist"),
        (Presence(message="Room 7"), "Room 7"),
        (Presence(Status.AWAY, until=LATER, message="Dentist"), "Dentist"),
        (Presence(Status.AWAY, until=NOW, message="Dentist"), ""),
        (Presence(Status.AWAY, until=NOW, afterwards=Status.DND, message="Dentist"), ""),
        (Presence(outside_hours=HOURS, message="Room 7"), ""),
    ],
)
def test_a_message_is_of_the_status_that_was_set_with_it(presence, message):
    found = effective(presence, NOW)
    assert found.message == message
    assert found.words == found.status.value + (f' "{message}"' if message else "")
