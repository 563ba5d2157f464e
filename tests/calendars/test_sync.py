"""What is read when, what holds when it fails, and that nothing but times is kept."""

from __future__ import annotations

import json
import logging
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from esl_router.calendars import sync
from esl_router.calendars.fetch import Answer
from esl_router.errors import CalendarError
from esl_router.model.actor import Actor
from esl_router.store import calendars, rules_file
from esl_router.store.calendars import feeds
from esl_router.store.database import open_store
from esl_router.store.rules_import import import_rules

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SECRET = "Interview with a competitor"
RULES = """
domain: pbx.test
users:
  "1001":
    name: Anna
    calendar: {source: "https://one.test/anna.ics", login: "env:ANNA"}
  "1002":
    name: Ben
    calendar: {source: "caldav:https://one.test/ben/"}
  "1003":
    name: Carla
    timezone: Asia/Tokyo
    calendar: {source: "file:/carla.ics", all_day: busy, padding: 5}
"""


def ics(start="20261123T090000Z", end="20261123T100000Z", *more):
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:1"),
        *(f"DTSTART:{start}", f"DTEND:{end}", f"SUMMARY:{SECRET}", f"LOCATION:{SECRET}"),
        *(f"DESCRIPTION:{SECRET}", *more, "END:VEVENT", "END:VCALENDAR", ""),
    ]
    return "\r\n".join(lines).encode()


def seconds(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


NINE = (seconds("2026-11-23T09:00"), seconds("2026-11-23T10:00"))


class Source:
    """Answers as it is told to, by the source; remembers what it was asked."""

    def __init__(self):
        self.asked = []
        self.says = {}

    def __call__(self, source, login, validator, since, until):
        self.asked.append((source, validator))
        says = self.says.get(source, Answer((ics(),), "v1"))
        if isinstance(says, Exception):
            raise says
        return says

    def sources(self):
        asked, self.asked = self.asked, []
        return [source.rpartition("/")[2] or "ben" for source, _ in asked]


@pytest.fixture
def db(tmp_path):
    store = open_store(tmp_path / "rules.db", create=True)
    import_rules(store, rules_file.load(RULES))
    yield store
    store.close()


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def running(db, source):
    """``running(minutes)``: what a round at so many minutes from NOW finds, by user."""
    reading = sync.Sync(db, every=300, get=source)

    def go(minutes=0.0):
        found = reading.round(NOW + timedelta(minutes=minutes), feeds(db))
        return {feed.extension: feed.read for feed in found}

    return go


def stored(db):
    return {feed.extension: feed.read for feed in feeds(db)}


def test_what_is_read_is_when_somebody_is_busy(running, db):
    found = running()
    assert found["1001"].edges == NINE
    assert found["1003"].edges == (NINE[0] - 300, NINE[1] + 300)
    assert stored(db) == found


def test_nothing_of_an_event_is_in_the_store_but_its_times(running, db, tmp_path):
    running()
    dump = "\n".join(db.conn.iterdump())
    assert str(NINE[0]) in dump
    for word in ("Interview", "competitor", "SUMMARY", "VEVENT", "UID"):
        assert word not in dump
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for file in tmp_path.iterdir():
        assert b"Interview" not in file.read_bytes()


def test_it_is_polite(running, source):
    running()
    assert source.sources() == ["anna.ics", "ben", "carla.ics"]
    running(1)
    assert source.sources() == ["carla.ics"], "whether a file has changed costs nothing"
    running(4.9)
    source.sources()
    running(5)
    assert source.sources() == ["anna.ics", "ben", "carla.ics"]


def test_it_asks_whether_anything_has_changed_and_once_a_day_for_everything(running, source):
    running()
    running(5)
    assert source.asked[-1] == ("file:/carla.ics", "v1")
    source.asked.clear()
    source.says["https://one.test/anna.ics"] = Answer(None, "v1")
    assert running(10)["1001"].edges == NINE
    assert source.asked[0] == ("https://one.test/anna.ics", "v1")
    source.asked.clear()
    running(60 * 24)
    assert source.asked[0] == ("https://one.test/anna.ics", "")


def test_what_has_changed_nothing_writes_nothing(running, db):
    running()
    before = db.conn.total_changes
    running(5)
    running(10)
    assert db.conn.total_changes == before
    running(61)
    assert db.conn.total_changes > before, "but once an hour that it is alive"


def test_a_dead_feed_keeps_what_was_known_and_learns_nothing(running, source, db, caplog):
    running()
    source.says["https://one.test/anna.ics"] = CalendarError("one.test cannot be reached")
    with caplog.at_level(logging.WARNING):
        found = running(5)["1001"]
    assert found.edges == NINE
    assert (found.failing, found.problem) == (
        seconds("2026-11-23T08:05"),
        "one.test cannot be reached",
    )
    assert found.at == seconds("2026-11-23T08:00")
    assert caplog.messages == [
        "the calendar of 1001 (https://one.test/…) cannot be read, what was read before holds: "
        "one.test cannot be reached"
    ]
    with caplog.at_level(logging.WARNING):
        assert running(10)["1001"].failing == found.failing
    assert len(caplog.messages) == 1, "it is said once"
    assert stored(db)["1001"].failing == found.failing
    source.says["https://one.test/anna.ics"] = Answer((), "v2")
    alive = running(20)["1001"]
    assert (alive.edges, alive.failing, alive.problem) == ((), None, "")


def test_what_is_no_calendar_any_more_keeps_what_was_known(running, source):
    running()
    source.says["file:/carla.ics"] = Answer((b"<html>Log in</html>",), "v2")
    found = running(1)["1003"]
    assert len(found.edges) == 2
    assert "no calendar" in found.problem


def test_a_server_that_is_gone_is_asked_once_and_less_and_less(running, source, db):
    down = CalendarError("one.test says nothing", unreachable=True)
    source.says = {f.settings.source: down for f in feeds(db) if f.extension != "1003"}
    found = running()
    assert source.sources() == ["anna.ics", "carla.ics"]
    assert found["1002"].problem == "one.test says nothing", "whoever is there knows it too"
    asked = []
    for minute in range(1, 200):
        running(minute)
        asked += [minute] * ("anna.ics" in source.sources())
    assert asked == [5, 15, 35, 75, 135, 195]
    source.says = {}
    assert running(1000)["1002"].problem == ""
    running(1005)
    assert "ben" in source.sources()


def test_a_server_may_say_when_it_wants_to_be_asked_again(running, source):
    busy = CalendarError("one.test answers 503", unreachable=True, retry_after=3600)
    source.says["https://one.test/anna.ics"] = busy
    running()
    source.sources()
    running(59)
    assert source.sources() == ["carla.ics"]
    running(60)
    assert "anna.ics" in source.sources()


def test_other_settings_or_another_source_are_read_at_once_and_the_old_is_forgotten(
    running, source, db
):
    running()
    source.sources()
    calendars.set_calendar(db, "pbx.test", "1001", {"padding": 10})
    assert stored(db)["1001"].edges == ()
    assert running(0.01)["1001"].edges == (NINE[0] - 600, NINE[1] + 600)
    assert source.sources() == ["anna.ics"]
    calendars.set_calendar(db, "pbx.test", "1001", {"source": "https://two.test/a.ics"})
    calendars.remove_calendar(db, "pbx.test", "1002")
    calendars.forget(db)
    rows = db.conn.execute("SELECT extension FROM calendar_feeds").fetchall()
    assert rows == [("1003",)]


def test_what_changed_while_it_was_read_is_not_written_over(db, source):
    (anna, *_) = feeds(db)
    calendars.set_calendar(db, "pbx.test", "1001", {"padding": 10})
    calendars.keep(db, anna, replace(anna.read, edges=NINE))
    assert stored(db)["1001"].edges == ()


def test_an_import_keeps_what_was_read(running, db):
    found = running()
    import_rules(db, rules_file.load(RULES.replace("name: Anna", "name: Anne")))
    assert stored(db) == found


def test_switching_status_and_forward_reads_nothing_again(running, db):
    found = running()
    calendars.set_calendar(
        db, "pbx.test", "1001", {"status": "none", "forward": "voicemail"}, by=Actor.user("1001")
    )
    assert stored(db)["1001"] == found["1001"]


def test_one_calendar_has_its_time_and_no_more(db):
    """A series that would be worked out for minutes, and a server that never ends."""
    (anna, *_) = feeds(db)

    def endless(*_):
        while True:
            pass

    before = signal.getitimer(signal.ITIMER_REAL)[0]
    with pytest.raises(CalendarError, match=r"takes longer than 0\.1 s") as caught:
        sync.read(anna, NOW, get=endless, limit=0.1)
    assert caught.value.unreachable
    many = b"".join(
        ics("19000101T000000Z", "19000101T000100Z", "RRULE:FREQ=HOURLY").replace(
            b"UID:1", b"UID:%d" % number
        )
        for number in range(200)
    )
    with pytest.raises(CalendarError, match="takes longer"):
        sync.read(anna, NOW, get=lambda *_: Answer((many,), ""), limit=0.3)
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    assert (left > 0) == (before > 0), "the timer of whoever had one runs on"


def test_reading_now_asks_for_everything(db, source, monkeypatch):
    monkeypatch.setattr(sync, "fetch", source)
    monkeypatch.setattr(sync.Sync.__init__, "__kwdefaults__", {"every": 300, "get": source})
    for _ in range(2):
        found = sync.once(db, feeds(db, "pbx.test", "1001"), NOW)
        assert [feed.read.edges for feed in found] == [NINE]
    assert source.asked == [("https://one.test/anna.ics", "")] * 2


class Enough(Exception):
    pass


def test_watching_notices_what_is_new(db, tmp_path, monkeypatch):
    path = tmp_path / "ben.ics"
    path.write_bytes(ics())
    beats = []

    def tick(_):
        if len(beats) == 0:
            source = {"source": f"file:{path}"}
            calendars.set_calendar(db, "pbx.test", "1004", source)
        elif stored(db).get("1004", calendars.Read()).edges:
            raise Enough
        beats.append(1)
        assert len(beats) < 20

    import_rules(db, rules_file.load('domain: pbx.test\nusers: {"1004": {name: Dora}}'))
    monkeypatch.setattr(sync.time, "sleep", tick)
    with pytest.raises(Enough):
        sync.watch(tmp_path / "rules.db")
    assert json.loads(db.conn.execute("SELECT edges FROM calendar_feeds").fetchone()[0]) is not None


def test_a_store_that_is_gone_is_waited_for(tmp_path, monkeypatch, caplog):
    def tick(_):
        raise Enough

    monkeypatch.setattr(sync.time, "sleep", tick)
    with pytest.raises(Enough):
        sync.watch(tmp_path / "none.db")
    assert "calendars are not read: there is no rule store" in caplog.text


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("https://calendar.test/private-abc/basic.ics", "https://calendar.test/…"),
        ("caldav:https://dav.test:8443/anna/", "caldav:https://dav.test:8443/…"),
        ("file:/home/anna/calendar.ics", "file:/home/anna/calendar.ics"),
        ("file:///home/anna/calendar.ics", "file:///home/anna/calendar.ics"),
    ],
)
def test_an_address_is_shown_up_to_its_host(source, shown):
    assert calendars.shown(source) == shown
