"""What makes somebody busy, and what does not; recurrences, zones, and the clock's two nights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from esl_router.calendars.ics import Counting, busy, edges, union
from esl_router.errors import CalendarError

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "calendars"
BERLIN = Counting("Europe/Berlin")
ADDRESS = "anna@pbx.test"


def event(*lines, start="20261123T090000Z", end="20261123T100000Z", uid="1"):
    inner = "\r\n".join([f"DTSTART{colon(start)}", f"DTEND{colon(end)}", *lines])
    return f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n{inner}\r\nEND:VEVENT"


def colon(value):
    return value if value.startswith(";") else f":{value}"


def calendar(*parts, head=""):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *([head] if head else []), *parts]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def found(*texts, counting=BERLIN, since="2026-11-23", days=1):
    """Spans in UTC: ``23T09:00-23T10:00``."""
    since = at(since)
    spans = busy(texts, counting, since, since + timedelta(days=days))
    return [f"{begin:%dT%H:%M}-{end:%dT%H:%M}" for begin, end in spans]


NINE = ["23T09:00-23T10:00"]


def test_an_event_makes_busy():
    assert found(calendar(event())) == NINE


@pytest.mark.parametrize(
    ("line", "busy_with"),
    [
        ("TRANSP:OPAQUE", "both"),
        ("TRANSP:TRANSPARENT", "none"),
        ("STATUS:CONFIRMED", "both"),
        ("STATUS:CANCELLED", "none"),
        ("STATUS:TENTATIVE", "tentative"),
        ("CLASS:PRIVATE", "both"),
        ("X-MICROSOFT-CDO-BUSYSTATUS:OOF", "both"),
        ("X-MICROSOFT-CDO-BUSYSTATUS:FREE", "none"),
        ("X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", "none"),
        ("X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", "tentative"),
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:anna@pbx.test", "both"),
        ("ATTENDEE;PARTSTAT=DECLINED:MAILTO:Anna@PBX.test", "none"),
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:ben@pbx.test", "both"),
        ("ATTENDEE;PARTSTAT=TENTATIVE:mailto:anna@pbx.test", "tentative"),
        ("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:anna@pbx.test", "tentative"),
        ("ATTENDEE:mailto:anna@pbx.test", "tentative"),
        (
            "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ben@pbx.test\r\n"
            "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@pbx.test",
            "none",
        ),
    ],
)
def test_what_of_an_event_makes_busy(line, busy_with):
    text = calendar(event(line))
    assert bool(found(text, counting=Counting("UTC", ADDRESS))) is (busy_with == "both")
    tentative = Counting("UTC", ADDRESS, tentative=True)
    assert bool(found(text, counting=tentative)) is (busy_with != "none")


def test_without_his_address_nobody_knows_what_he_has_declined():
    declined = event("ATTENDEE;PARTSTAT=DECLINED:mailto:anna@pbx.test")
    assert found(calendar(declined)) == NINE
    assert found(calendar(declined, head=f"X-WR-CALNAME:{ADDRESS}")) == []


def all_day(*lines, start="20261123", end="20261124"):
    return event(*lines, start=f";VALUE=DATE:{start}", end=f";VALUE=DATE:{end}", uid="day")


@pytest.mark.parametrize(
    ("all_day_counts", "expected"),
    [("ignore", NINE), ("busy", ["22T23:00-23T23:00"]), ("free", [])],
)
def test_whole_days(all_day_counts, expected):
    """In Berlin, where a day begins at 23:00 UTC."""
    text = calendar(event(), all_day())
    assert found(text, counting=Counting("Europe/Berlin", all_day=all_day_counts)) == expected


@pytest.mark.parametrize("all_day_counts", ["busy", "free"])
def test_a_whole_day_that_is_free_itself_never_counts(all_day_counts):
    text = calendar(event(), all_day("TRANSP:TRANSPARENT"))
    assert found(text, counting=Counting("Europe/Berlin", all_day=all_day_counts)) == NINE


def test_a_free_day_cuts_what_reaches_into_it():
    night = event(start="20261122T210000Z", end="20261123T030000Z")
    text = calendar(night, all_day())
    counting = Counting("Europe/Berlin", all_day="free")
    assert found(text, counting=counting, since="2026-11-22", days=2) == ["22T21:00-22T23:00"]


@pytest.mark.parametrize(
    ("others", "gap", "expected"),
    [
        ([("100000", "110000")], 0, ["23T09:00-23T11:00"]),
        ([("093000", "110000")], 0, ["23T09:00-23T11:00"]),
        ([("091000", "092000")], 0, NINE),
        ([("100400", "110000")], 0, [*NINE, "23T10:04-23T11:00"]),
        ([("100400", "110000")], 5, ["23T09:00-23T11:00"]),
        ([("100500", "110000")], 5, [*NINE, "23T10:05-23T11:00"]),
    ],
)
def test_events_that_overlap_meet_or_nearly_meet_are_one(others, gap, expected):
    more = [
        event(start=f"20261123T{begin}Z", end=f"20261123T{end}Z", uid=str(place))
        for place, (begin, end) in enumerate(others)
    ]
    counting = Counting("UTC", merge_gap=timedelta(minutes=gap))
    assert found(calendar(event(uid="first"), *more), counting=counting) == expected


def test_padding_comes_before_and_after():
    counting = Counting("UTC", padding=timedelta(minutes=10))
    assert found(calendar(event()), counting=counting) == ["23T08:50-23T10:10"]


def test_padding_reaches_into_the_days_that_are_asked_for():
    counting = Counting("UTC", padding=timedelta(minutes=10))
    late = calendar(event(start="20261124T000500Z", end="20261124T010000Z"))
    assert found(late, counting=counting) == ["23T23:55-24T01:10"]


def test_an_event_without_a_length_makes_nobody_busy():
    assert found(calendar(event(end="20261123T090000Z"))) == []
    bare = event().replace("DTEND:20261123T100000Z", "SUMMARY:x")
    assert found(calendar(bare)) == []


def test_a_recurrence_with_exceptions():
    series = event("RRULE:FREQ=DAILY;COUNT=5", "EXDATE:20261124T090000Z", uid="s")
    moved = event(
        "RECURRENCE-ID:20261125T090000Z", start="20261125T150000Z", end="20261125T153000Z", uid="s"
    )
    cancelled = event("RECURRENCE-ID:20261126T090000Z", "STATUS:CANCELLED", uid="s",
                      start="20261126T090000Z", end="20261126T100000Z")  # fmt: skip
    assert found(calendar(series, moved, cancelled), days=10) == [
        *NINE,
        "25T15:00-25T15:30",
        "27T09:00-27T10:00",
    ]


def test_from_a_certain_time_on_a_series_is_another():
    series = event("RRULE:FREQ=DAILY;COUNT=4", uid="s")
    later = event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20261125T090000Z",
        start="20261125T110000Z",
        end="20261125T113000Z",
        uid="s",
    )
    assert found(calendar(series, later), days=10) == [
        "23T09:00-23T10:00",
        "24T09:00-24T10:00",
        "25T11:00-25T11:30",
        "26T11:00-26T11:30",
    ]


def test_further_dates_of_a_series():
    assert found(calendar(event("RDATE:20261123T140000Z"))) == [*NINE, "23T14:00-23T15:00"]


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        # Nine o'clock on the wall, before and after the clock is put back, and forward.
        ("2026-10-24", ["24T07:00-24T08:00", "25T08:00-25T09:00"]),
        ("2026-03-28", ["28T08:00-28T09:00", "29T07:00-29T08:00"]),
    ],
)
def test_a_series_is_by_the_clock_on_the_wall_of_its_zone(since, expected):
    daily = event(
        "RRULE:FREQ=DAILY",
        start=";TZID=Europe/Berlin:20260101T090000",
        end=";TZID=Europe/Berlin:20260101T100000",
    )
    assert found(calendar(daily), since=since, days=2, counting=Counting("UTC")) == expected


def test_through_the_night_in_which_the_clock_is_put_back():
    night = event(
        start=";TZID=Europe/Berlin:20261025T013000", end=";TZID=Europe/Berlin:20261025T033000"
    )
    assert found(calendar(night), since="2026-10-24", days=2) == ["24T23:30-25T02:30"]


ZONES = {
    "a name of its own": (
        "BEGIN:VTIMEZONE\r\nTZID:Office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0500\r\nTZOFFSETTO:+0500\r\nEND:STANDARD\r\nEND:VTIMEZONE",
        ";TZID=Office:20261123T140000",
        ";TZID=Office:20261123T150000",
    ),
    "Windows": (
        "",
        ";TZID=W. Europe Standard Time:20261123T100000",
        ";TZID=W. Europe Standard Time:20261123T110000",
    ),
    "none: the user's": ("", ":20261123T100000", ":20261123T110000"),
}


@pytest.mark.parametrize("zone", ZONES)
def test_zones(zone):
    head, start, end = ZONES[zone]
    start, end = (each if each.startswith(";") else each[1:] for each in (start, end))
    text = calendar(event(start=start, end=end), head=head)
    assert found(text) == NINE


def test_busy_times_that_a_server_has_computed():
    text = calendar(
        "BEGIN:VFREEBUSY\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
        "FREEBUSY:20261123T090000Z/20261123T093000Z,20261123T093000Z/PT30M\r\n"
        "FREEBUSY;FBTYPE=FREE:20261123T110000Z/PT30M\r\n"
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261123T120000Z/PT30M\r\n"
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261123T130000Z/PT30M\r\nEND:VFREEBUSY"
    )
    assert found(text) == [*NINE, "23T12:00-23T12:30"]
    assert len(found(text, counting=Counting("UTC", tentative=True))) == 3


def test_several_texts_and_several_calendars_in_one():
    noon = calendar(event(start="20261123T120000Z", end="20261123T130000Z", uid="2"))
    assert found(calendar(event()), noon) == found(calendar(event()) + noon)
    assert len(found(calendar(event()), noon)) == 2


def test_an_empty_calendar_and_none_at_all():
    assert found(calendar()) == []
    assert found() == []


def test_what_else_is_in_a_calendar_does_not_count():
    task = "BEGIN:VTODO\r\nUID:1\r\nDTSTART:20261123T090000Z\r\nDUE:20261123T100000Z\r\nEND:VTODO"
    assert found(calendar(task)) == []


def test_an_event_that_makes_no_sense_hides_no_other():
    wrong = event(start="tomorrow", uid="w")
    backwards = event(end="20261122T100000Z", uid="b")
    assert found(calendar(wrong, backwards, event(uid="right"))) == NINE


@pytest.mark.parametrize(
    "text", [b"", b"<html>Log in</html>", b"\xff\x00", b"BEGIN:VCARD\r\nEND:VCARD"]
)
def test_what_is_no_calendar(text):
    with pytest.raises(CalendarError, match="no calendar"):
        found(text)


def test_nothing_of_an_event_is_in_what_is_said_of_it():
    with pytest.raises(CalendarError) as caught:
        found(calendar(event("SUMMARY:Interview") + "\r\nInterview with nobody"))
    assert "Interview" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("frequency", ["SECONDLY", "MINUTELY", "minutely"])
def test_nobody_meets_every_minute(frequency):
    often = event(f"RRULE:FREQ={frequency}", uid="often")
    assert found(calendar(often, event())) == NINE


def test_too_many_events_are_refused(monkeypatch):
    monkeypatch.setattr("esl_router.calendars.ics.MOST_EVENTS", 2)
    with pytest.raises(CalendarError, match="more than 2"):
        found(calendar(event(uid="1"), event(uid="2"), event(uid="3")))


def test_what_lasts_beyond_the_days_that_are_asked_for_is_whole():
    long = calendar(event(start="20261120T090000Z", end="20261130T090000Z"))
    assert found(long) == ["20T09:00-30T09:00"]


def test_edges():
    assert edges([(at("1970-01-01T00:00:10"), at("1970-01-01T00:01"))]) == (10, 60)
    assert edges([]) == ()


def test_the_union_keeps_what_is_apart():
    one, two, three = (at(f"2026-11-23T{hour}:00") for hour in ("10", "11", "12"))
    assert union([(two, three), (one, two)]) == [(one, three)]
    assert union([]) == []


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-11-23", ["23T08:00-23T08:30"]),
        ("2026-04-06", []),
        ("2026-12-28", []),
        ("2026-12-29", ["29T13:00-29T13:30"]),
        ("2026-03-17", []),
        ("2026-11-12", ["12T14:00-12T16:00"]),
    ],
)
def test_the_sample(day, expected):
    text = (FIXTURES / "anna.ics").read_bytes()
    assert found(text, counting=Counting("Europe/Berlin", ADDRESS), since=day) == expected


def test_a_series_in_utc_is_by_the_clock_of_the_calendar_where_that_has_one():
    daily = event("RRULE:FREQ=DAILY", start="20261020T070000Z", end="20261020T080000Z")
    assert found(calendar(daily), since="2026-10-26") == ["26T07:00-26T08:00"]
    head = "X-WR-TIMEZONE:Europe/Berlin"
    assert found(calendar(daily, head=head), since="2026-10-26") == ["26T08:00-26T09:00"]
