from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from esl_router.engine.presence import effective, next_change, sent_away
from esl_router.model.people import Origin, User
from esl_router.model.presence import (
    MESSENGER,
    Calendar,
    Forward,
    Messenger,
    OutsideHours,
    Presence,
    Profile,
    Status,
    Target,
    TargetKind,
)
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
CLOSED = OutsideHours(OPEN, Status.AWAY)


@pytest.mark.parametrize(
    ("presence", "hour", "expected"),
    [
        (Presence(outside_hours=CLOSED), 9, (Status.AVAILABLE, "default")),
        (Presence(outside_hours=CLOSED), 18, (Status.AWAY, "schedule")),
        (Presence(Status.DND, outside_hours=CLOSED), 18, (Status.DND, "manual")),
    ],
)
def test_outside_its_hours_a_schedule_says_what_a_status_set_by_hand_does_not(
    presence, hour, expected
):
    assert winner(presence, NOW.replace(hour=hour)) == expected


def test_every_axis_says_why():
    axes = effective(Presence(Status.AWAY), NOW).axes
    assert [axis.name for axis in axes] == [
        *("temporary", "manual", "calendar", "messenger", "schedule", "default")
    ]
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


HOURS = OutsideHours(Schedule("office", "UTC"), Status.AWAY)
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


def busy(begins=-3600, ends=1800, **rest):
    """A calendar with one appointment, in seconds from now."""
    edges = tuple(int(NOW.timestamp()) + each for each in (begins, ends))
    return Calendar(edges=edges, **rest)


def said(word="busy", seconds=300, **rest):
    return Messenger(says=word, until=NOW + timedelta(seconds=seconds), **rest)


VOICEMAIL = Target(TargetKind.VOICEMAIL)
DEPUTY = Target.parse("extension:1002")

# From the strongest to the weakest: what each says when all of them speak.
SPEAKING = {
    "temporary": {"status": Status.LUNCH, "until": LATER, "afterwards": Status.BUSINESS_TRIP},
    "manual": {"status": Status.BUSINESS_TRIP},
    "calendar": {"calendar": busy(status=Status.MEETING)},
    "messenger": {"messenger": said("dnd")},
    "schedule": {"outside_hours": HOURS},
}
SAYS = (Status.LUNCH, Status.BUSINESS_TRIP, Status.MEETING, Status.DND, Status.AWAY)


@pytest.mark.parametrize("strongest", range(5))
@pytest.mark.parametrize("weakest", range(5))
def test_the_strongest_axis_that_speaks_wins(strongest, weakest):
    if weakest < strongest:
        strongest, weakest = weakest, strongest
    names = list(SPEAKING)
    presence = Presence(**{**SPEAKING[names[weakest]], **SPEAKING[names[strongest]]})
    assert winner(presence) == (SAYS[strongest], names[strongest])


def test_reachable_for_an_hour_beats_every_axis_below():
    rest = {"calendar": busy(forward=VOICEMAIL), "messenger": said(), "outside_hours": HOURS}
    plain = Presence(Status.AVAILABLE, **rest)
    for_an_hour = Presence(Status.AVAILABLE, until=LATER, **rest)
    assert winner(plain) == (Status.MEETING, "calendar")
    assert winner(for_an_hour) == (Status.AVAILABLE, "temporary")
    assert away(for_an_hour) is None
    assert winner(for_an_hour, LATER - SECOND) == (Status.AVAILABLE, "temporary")
    assert winner(for_an_hour, LATER) != (Status.AVAILABLE, "temporary")


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(-1, "available"), (0, "meeting"), (59, "meeting"), (60, "available"), (119, "available"),
     (120, "meeting"), (179, "meeting"), (180, "available"), (1000, "available")],
)  # fmt: skip
def test_an_appointment_lasts_from_its_first_second_up_to_its_last(seconds, status):
    start = int(NOW.timestamp())
    calendar = Calendar(edges=(start, start + 60, start + 120, start + 180))
    when = NOW + timedelta(seconds=seconds)
    assert effective(Presence(calendar=calendar), when).status.value == status


def test_the_reason_names_the_end_in_the_zone_that_was_asked_in():
    berlin = NOW.astimezone(ZoneInfo("Europe/Berlin"))
    assert effective(Presence(calendar=busy()), berlin).reason == (
        "is meeting (an appointment lasts until 2026-03-02T10:30:00+01:00)"
    )


def test_a_calendar_that_cannot_be_read_says_so_and_what_was_known_holds():
    calendar = replace(busy(), unread_since=NOW - timedelta(hours=3))
    axis = effective(Presence(calendar=calendar), NOW).axes[2]
    assert axis.status is Status.MEETING
    assert axis.why.endswith("; the calendar cannot be read since 2026-03-02T06:00:00+00:00")
    axis = effective(Presence(calendar=calendar), NOW + timedelta(hours=1)).axes[2]
    assert axis.status is None
    assert "cannot be read since" in axis.why


def test_what_a_messenger_said_is_old_after_its_time():
    presence = Presence(messenger=said("away", 60))
    assert winner(presence, NOW + timedelta(seconds=59)) == (Status.AWAY, "messenger")
    assert winner(presence, NOW + timedelta(seconds=60)) == (Status.AVAILABLE, "default")
    assert "ended" in effective(presence, NOW + timedelta(seconds=60)).axes[3].why


@pytest.mark.parametrize(("word", "status"), MESSENGER.items())
def test_the_words_of_a_messenger(word, status):
    assert effective(Presence(messenger=said(word)), NOW).axes[3].status is status


def away(presence, now=NOW):
    current = effective(presence, now)
    profile = presence.profile(current.status)
    return sent_away(User("pbx.test", "1001"), current, profile, Origin.EXTERNAL)


PROFILES = {
    Status.MEETING: Profile(forwards={(Origin.EXTERNAL, Forward.ALWAYS): DEPUTY}),
    Status.AWAY: Profile(forwards={(Origin.EXTERNAL, Forward.ALWAYS): DEPUTY}),
}


@pytest.mark.parametrize(
    ("calendar", "profiles", "status", "target"),
    [
        (busy(), {}, Status.MEETING, None),
        (busy(forward=VOICEMAIL), {}, Status.MEETING, VOICEMAIL),
        (busy(status=None, forward=VOICEMAIL), {}, Status.AVAILABLE, VOICEMAIL),
        (busy(status=None), PROFILES, Status.AVAILABLE, None),
        (busy(), PROFILES, Status.MEETING, DEPUTY),
        (busy(forward=VOICEMAIL), PROFILES, Status.MEETING, VOICEMAIL),
        (busy(forward=Target(TargetKind.RING)), PROFILES, Status.MEETING, None),
        (busy(status=Status.AWAY), {}, Status.AWAY, VOICEMAIL),
        (busy(status=Status.AWAY, forward=Target(TargetKind.RING)), {}, Status.AWAY, None),
    ],
)
def test_status_and_forward_of_a_calendar_are_two_switches(calendar, profiles, status, target):
    presence = Presence(calendar=calendar, profiles=profiles)
    assert effective(presence, NOW).status is status
    assert away(presence) == target


@pytest.mark.parametrize(
    ("messenger", "status", "target"),
    [
        (said("busy"), Status.MEETING, None),
        (said("busy", forward=VOICEMAIL), Status.MEETING, VOICEMAIL),
        (said("busy", status=False, forward=VOICEMAIL), Status.AVAILABLE, VOICEMAIL),
        (said("dnd", status=False, forward=VOICEMAIL), Status.AVAILABLE, VOICEMAIL),
        (said("away", status=False, forward=VOICEMAIL), Status.AVAILABLE, None),
        (said("available", forward=VOICEMAIL), Status.AVAILABLE, None),
        (said("dnd", status=False), Status.AVAILABLE, None),
        (said("busy", -1, forward=VOICEMAIL), Status.AVAILABLE, None),
    ],
)
def test_status_and_forward_of_a_messenger_are_two_switches(messenger, status, target):
    presence = Presence(messenger=messenger)
    assert effective(presence, NOW).status is status
    assert away(presence) == target


def test_outside_the_hours_calls_may_go_elsewhere_than_in_that_status():
    closed = OutsideHours(Schedule("office", "UTC"), Status.AWAY, DEPUTY)
    assert away(Presence(outside_hours=closed)) == DEPUTY
    assert away(Presence(Status.AWAY, outside_hours=closed)) == VOICEMAIL


def test_an_axis_that_forwards_and_has_no_status_is_said_too():
    presence = Presence(calendar=busy(status=None, forward=VOICEMAIL), messenger=said("dnd"))
    current = effective(presence, NOW)
    assert (current.winner.name, current.decider.name) == ("messenger", "calendar")
    assert away(presence) == VOICEMAIL
    assert current.reason == (
        "is dnd (his messenger says dnd, until 2026-03-02T09:05:00+00:00), "
        "and an appointment lasts until 2026-03-02T09:30:00+00:00"
    )


def after(seconds):
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("presence", "expected"),
    [
        (Presence(), None),
        (Presence(Status.AWAY), None),
        (Presence(Status.AWAY, until=LATER), LATER),
        (Presence(Status.AWAY, until=NOW), None),
        (Presence(calendar=busy()), after(1800)),
        (Presence(calendar=busy(60, 120)), after(60)),
        (Presence(calendar=busy(-120, 0)), None),
        (Presence(messenger=said(seconds=30)), after(30)),
        (Presence(messenger=said(seconds=0)), None),
        (Presence(messenger=Messenger()), None),
        (Presence(outside_hours=CLOSED), NOW.replace(hour=17)),
        (Presence(Status.AWAY, until=LATER, calendar=busy(), messenger=said()), after(300)),
    ],
)
def test_the_next_instant_at_which_time_alone_changes_something(presence, expected):
    assert next_change(presence, NOW) == expected


def test_looking_at_each_change_misses_none():
    start = int(NOW.timestamp())
    presence = Presence(
        Status.LUNCH,
        until=after(50),
        calendar=Calendar(edges=(start + 30, start + 90, start + 100, start + 110)),
        messenger=said("busy", 105),
    )
    edges, now = [], NOW
    while (now := next_change(presence, now)) is not None:
        edges.append((now - NOW).seconds)
    seen = [effective(presence, after(second)).status for second in range(200)]
    changes = [second for second in range(1, 200) if seen[second] is not seen[second - 1]]
    assert set(changes) <= set(edges)
    assert changes
