from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from esl_router.model.schedule import Hours, Schedule, has_holidays

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Schedule("office", "Europe/Berlin", (Hours.parse("mon-fri", "08:00", "17:00"),))


def berlin(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-03-02T07:59", False),
        ("2026-03-02T08:00", True),
        ("2026-03-02T16:59", True),
        ("2026-03-02T17:00", False),
        ("2026-03-07T12:00", False),
    ],
)
def test_an_interval_is_open_from_its_first_minute_up_to_its_last(now, is_open):
    assert OFFICE.is_open(berlin(now)) is is_open


def test_the_schedule_s_own_zone_counts():
    assert OFFICE.is_open(datetime(2026, 3, 2, 7, 30, tzinfo=UTC))
    assert not OFFICE.is_open(datetime(2026, 7, 1, 15, 30, tzinfo=UTC)), "17:30 in summer"


NIGHT = Schedule("night", "Europe/Berlin", (Hours.parse("fri", "22:00", "06:00"),))


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-03-06T21:59", False),
        ("2026-03-06T22:00", True),
        ("2026-03-07T05:59", True),
        ("2026-03-07T06:00", False),
        ("2026-03-07T22:30", False),
    ],
)
def test_past_midnight_an_interval_belongs_to_the_day_it_began_on(now, is_open):
    assert NIGHT.is_open(berlin(now)) is is_open


def test_a_whole_day():
    always = Schedule("all", "UTC", (Hours.parse("mon-sun", "00:00", "24:00"),))
    assert always.is_open(datetime(2026, 3, 1, 23, 59, tzinfo=UTC))


def test_a_closed_day_does_not_open_and_the_night_before_still_ends():
    closed = Schedule("n", "Europe/Berlin", NIGHT.hours, frozenset({date(2026, 3, 7)}))
    assert closed.is_open(berlin("2026-03-07T02:00"))
    assert not Schedule("n", "UTC", NIGHT.hours, frozenset({date(2026, 3, 6)})).is_open(
        datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
    )


def test_public_holidays_of_the_region_are_closed():
    women_s_day = "2027-03-08T10:00"
    assert OFFICE.is_open(berlin(women_s_day))
    in_berlin = Schedule("office", "Europe/Berlin", OFFICE.hours, holidays="DE-BE")
    assert not in_berlin.is_open(berlin(women_s_day))
    in_bavaria = Schedule("office", "Europe/Berlin", OFFICE.hours, holidays="DE-BY")
    assert in_bavaria.is_open(berlin(women_s_day))


@pytest.mark.parametrize(
    ("region", "known"),
    [("", True), ("DE", True), ("DE-BE", True), ("US-CA", True), ("DE-XX", False), ("XX", False)],
)
def test_whose_holidays_are_known(region, known):
    assert has_holidays(region) == known


@pytest.mark.parametrize(
    ("days", "numbers"),
    [("mon-wed", {0, 1, 2}), ("sat", {5}), ("mon,wed-thu", {0, 2, 3}), ("sat-mon", {5, 6, 0})],
)
def test_days_of_the_week(days, numbers):
    assert Hours.parse(days, "00:00", "01:00").days == numbers


@pytest.mark.parametrize("now", ["2026-03-29T02:30", "2026-10-25T02:30"])
def test_the_nights_in_which_the_clock_changes_are_nights_like_others(now):
    night = Schedule("n", "Europe/Berlin", (Hours.parse("sun", "01:00", "04:00"),))
    assert night.is_open(berlin(now))


def changes(schedule, since, count):
    """The next instants at which it opens or closes, by the clock on the wall."""
    found, now = [], berlin(since)
    for _ in range(count):
        now = schedule.next_change(now)
        found.append(now.isoformat(timespec="minutes"))
    return found


def sundays(opens, closes):
    return Schedule("sundays", "Europe/Berlin", (Hours.parse("sun", opens, closes),))


@pytest.mark.parametrize(
    ("since", "opens", "closes", "expected"),
    [
        # The clock is put forward from 02:00 to 03:00: what is skipped is when it is put forward.
        ("2026-03-28T12:00", "02:30", "08:00", ["29T03:00+02:00", "29T08:00+02:00"]),
        ("2026-03-28T12:00", "01:00", "02:30", ["29T01:00+01:00", "29T03:00+02:00"]),
        # It is put back from 03:00 to 02:00: what comes twice is meant the first time.
        ("2026-10-24T12:00", "02:30", "08:00", ["25T02:30+02:00", "25T08:00+01:00"]),
        ("2026-10-24T12:00", "01:00", "02:30", ["25T01:00+02:00", "25T02:30+02:00"]),
        ("2026-10-24T12:00", "01:00", "03:00", ["25T01:00+02:00", "25T03:00+01:00"]),
    ],
)
def test_in_the_nights_in_which_the_clock_changes_it_opens_and_closes_once(
    since, opens, closes, expected
):
    schedule = sundays(opens, closes)
    assert changes(schedule, since, 2) == [since[:8] + each for each in expected]
    begins, ends = (datetime.fromisoformat(since[:8] + each) for each in expected)
    minute = timedelta(minutes=1)
    instants = [begins.astimezone(UTC) + minute * step for step in range(-180, 600)]
    assert [schedule.is_open(each) for each in instants] == [
        begins <= each < ends for each in instants
    ]


def test_an_interval_that_is_skipped_altogether_does_not_open():
    skipped = sundays("02:15", "02:45")
    assert changes(skipped, "2026-03-28T12:00", 1) == ["2026-04-05T02:15+02:00"]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-02T07:59", "2026-03-02T08:00+01:00"),
        ("2026-03-02T08:00", "2026-03-02T17:00+01:00"),
        ("2026-03-06T17:00", "2026-03-09T08:00+01:00"),
    ],
)
def test_the_next_change(now, expected):
    assert changes(OFFICE, now, 1) == [expected]


def test_intervals_that_meet_or_overlap_are_one():
    day = Schedule(
        "day",
        "Europe/Berlin",
        tuple(Hours.parse("mon", *each) for each in (("08:00", "12:00"), ("11:00", "13:00"),
                                                     ("13:00", "24:00"))),
    )  # fmt: skip
    assert changes(day, "2026-03-02T09:00", 2) == [
        "2026-03-03T00:00+01:00",
        "2026-03-09T08:00+01:00",
    ]


def test_a_night_ends_before_the_next_begins():
    assert changes(NIGHT, "2026-03-06T23:00", 2) == [
        "2026-03-07T06:00+01:00",
        "2026-03-13T22:00+01:00",
    ]


def test_closed_days_and_holidays_are_no_changes():
    easter = Schedule("o", "Europe/Berlin", OFFICE.hours, frozenset({date(2026, 4, 7)}), "DE-BE")
    assert changes(easter, "2026-04-02T17:00", 1) == ["2026-04-08T08:00+02:00"]


@pytest.mark.parametrize("hours", [(), (Hours.parse("mon-sun", "00:00", "24:00"),)])
def test_what_is_always_so_never_changes(hours):
    assert Schedule("s", "Europe/Berlin", hours).next_change(berlin("2026-03-02T09:00")) is None
