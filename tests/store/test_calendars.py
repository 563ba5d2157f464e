"""The switches of a calendar and of a messenger, who may turn them, and what calls see of them."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from esl_router.engine.presence import effective
from esl_router.errors import NotFound, NotPermitted, RulesFileError
from esl_router.model.actor import Actor
from esl_router.model.presence import Calendar, Messenger, OutsideHours, Status, Target
from esl_router.store import admin, rules_file
from esl_router.store.calendars import (
    Read,
    feeds,
    keep,
    next_edges,
    remove_calendar,
    set_calendar,
)
from esl_router.store.messengers import LONGEST, Line, hear, set_messenger
from esl_router.store.reader import Store
from esl_router.store.rules_import import export_rules, import_rules
from tests.store.test_reader import force

DOMAIN = "pbx.test"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
START = int(NOW.timestamp())
VOICEMAIL = Target.parse("voicemail")


@pytest.fixture
def presence(company, path):
    """``presence("1001")``: as calls see it."""
    store = Store(path)

    def read(extension):
        with store.read() as rules:
            return rules.presence(DOMAIN, extension), rules.problems

    yield read
    store.close()


def read_of(db, extension="1001", **read):
    (feed,) = feeds(db, DOMAIN, extension)
    keep(db, feed, Read(**read))


def test_what_was_read_is_what_calls_see(company, presence):
    assert presence("1001") == (presence("1001")[0], ())
    assert presence("1001")[0].calendar == Calendar(Status.MEETING, VOICEMAIL)
    assert presence("1002")[0].calendar is None
    read_of(company, edges=(START, START + 60), failing=START - 60)
    found, problems = presence("1001")
    assert found.calendar == Calendar(
        Status.MEETING, VOICEMAIL, (START, START + 60), NOW - timedelta(seconds=60)
    )
    assert problems == ()
    assert effective(found, NOW).decider.name == "calendar"


def test_what_was_read_of_another_source_does_not_count(company, presence):
    read_of(company, edges=(START, START + 60))
    set_calendar(company, DOMAIN, "1001", {"source": "https://other.test/"})
    assert presence("1001")[0].calendar.edges == ()


@pytest.mark.parametrize("edges", ["[1, 0]", '["1", 2]', "{}", "[1.5, 2]", "null", "7"])
def test_edges_that_make_no_sense_are_no_appointments(company, presence, edges):
    read_of(company, edges=(START, START + 60))
    force(company, f"UPDATE calendar_feeds SET edges = '{edges}'")  # noqa: S608
    found, problems = presence("1001")
    assert found.calendar.edges == ()
    assert [problem.path for problem in problems] == ["users.1001.calendar"]


def test_targets_and_statuses_that_make_no_sense_are_left_out(company, presence):
    set_messenger(company, DOMAIN, "1001", {"forward": "voicemail"})
    force(company, "UPDATE calendars SET status = 'gone', forward = 'nowhere'")
    force(company, "UPDATE messengers SET forward = 'nowhere'")
    found, problems = presence("1001")
    assert (found.calendar.status, found.calendar.forward) == (Status.AVAILABLE, None)
    assert found.messenger.forward is None
    assert [problem.path for problem in problems] == [
        "users.1001.calendar.status",
        "users.1001.calendar.forward",
        "users.1001.messenger.forward",
    ]


def test_one_statement_more_or_less_reads_all_of_it(company, path):
    """Everything that may settle a status: as many statements as for a user without any of it."""
    set_messenger(company, DOMAIN, "1001", {})
    store = Store(path)
    counts = {}
    for extension in ("1001", "1002"):
        with store.read() as rules:
            asked = []
            rules._conn.set_trace_callback(asked.append)
            rules.presence(DOMAIN, extension)
            rules._conn.set_trace_callback(None)
            counts[extension] = len(asked)
            plan = rules._conn.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
            assert not any("SCAN" in row[3] for row in plan), plan
    assert counts["1001"] == counts["1002"] == 2
    store.close()


# -- the switches -----------------------------------------------------------------------------
def test_status_and_forward_are_two_switches(company, presence):
    changes = set_calendar(company, DOMAIN, "1001", {"status": "none"})
    assert [change.path for change in changes] == ["users.1001.calendar.status"]
    assert presence("1001")[0].calendar == Calendar(None, VOICEMAIL)
    set_calendar(company, DOMAIN, "1001", {"status": "away", "forward": None})
    assert presence("1001")[0].calendar == Calendar(Status.AWAY, None)
    set_calendar(company, DOMAIN, "1001", {"status": None})
    assert presence("1001")[0].calendar == Calendar(Status.MEETING, None)


def test_who_may_change_a_calendar(company):
    set_calendar(company, DOMAIN, "1001", {"forward": "extension:1002"}, by=Actor.user("1001"))
    with pytest.raises(NotPermitted, match="user 1002 may not change the calendar of 1001"):
        set_calendar(company, DOMAIN, "1001", {"forward": "voicemail"}, by=Actor.user("1002"))
    before = export_rules(company, DOMAIN)
    for key, value in (("source", "file:/etc/passwd"), ("login", "file:/etc/shadow")):
        with pytest.raises(NotPermitted, match=rf"may not change calendar\.{key} of user 1001"):
            set_calendar(
                company, DOMAIN, "1001", {key: value, "forward": "voicemail"}, by=Actor.user("1001")
            )
    assert export_rules(company, DOMAIN) == before


def test_a_calendar_begins_with_where_it_is(company):
    with pytest.raises(NotFound, match="1002 has no calendar"):
        set_calendar(company, DOMAIN, "1002", {"forward": "voicemail"})
    set_calendar(company, DOMAIN, "1002", {"source": "https://calendar.test/b.ics"})
    assert [feed.extension for feed in feeds(company)] == ["1001", "1002"]
    read_of(company, "1002", edges=(1, 2))
    remove_calendar(company, DOMAIN, "1002")
    assert [feed.extension for feed in feeds(company)] == ["1001"]
    assert company.conn.execute("SELECT count(*) FROM calendar_feeds").fetchone() == (0,)


def test_a_change_of_something_else_keeps_what_was_read(company, presence):
    read_of(company, edges=(START, START + 60))
    admin.set_user(company, DOMAIN, "1001", {"name": "Anna A."})
    assert presence("1001")[0].calendar.edges == (START, START + 60)


def test_the_user_s_zone_is_the_calendar_s_and_another_one_is_read_anew(company):
    read_of(company, edges=(START, START + 60))
    assert feeds(company)[0].settings.timezone == "Europe/Berlin"
    admin.set_user(company, DOMAIN, "1001", {"timezone": "Asia/Tokyo"})
    (feed,) = feeds(company)
    assert (feed.settings.timezone, feed.read) == ("Asia/Tokyo", Read())


def test_the_appointments_to_come():
    edges = (START - 60, START, START - 0 + 10, START + 20)
    assert next_edges(edges, NOW) == [(START + 10, START + 20)]
    assert next_edges(edges, NOW - timedelta(seconds=1)) == [
        (START - 60, START),
        (START + 10, START + 20),
    ]


# -- the rules file ---------------------------------------------------------------------------
FULL = """
domain: pbx.test
schedules: {office: {open: [{days: mon-fri, from: "08:00", to: "17:00"}]}}
users:
  "1001":
    name: Anna
    presence:
      outside_hours: {schedule: office, status: away, forward: "announcement:closed.wav"}
    calendar:
      source: caldav:https://dav.example.com/anna/
      login: file:/etc/esl_router/anna.login
      address: Anna@Example.com
      status: null
      forward: "extension:1002"
      all_day: free
      tentative: busy
      merge_gap: 0
      padding: 10
    messenger: {status: false, forward: voicemail}
  "1002":
    name: Ben
    calendar: {source: "file:ben.ics"}
    messenger: {}
"""


def test_every_key_comes_back_out_of_the_store(db, path):
    rules = rules_file.load(FULL)
    import_rules(db, rules)
    assert rules_file.load(export_rules(db, DOMAIN)) == rules
    assert rules["users"]["1001"]["calendar"]["address"] == "anna@example.com"
    assert import_rules(db, rules_file.load(export_rules(db, DOMAIN))).changes == ()
    store = Store(path)
    with store.read() as reader:
        anna, ben = (reader.presence(DOMAIN, each) for each in ("1001", "1002"))
    store.close()
    assert anna.calendar == Calendar(None, Target.parse("extension:1002"))
    assert anna.messenger == Messenger(False, VOICEMAIL)
    assert isinstance(anna.outside_hours, OutsideHours)
    assert anna.outside_hours.forward == Target.parse("announcement:closed.wav")
    assert ben.calendar == Calendar()
    assert ben.messenger == Messenger()


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("source", "anna.ics", "'anna.ics' is no calendar: file:PATH, https://… or caldav:https"),
        ("source", "file:", "'file:' names no file"),
        ("source", "ftp://host/a", "is no calendar"),
        ("source", "https:///a", "is no calendar"),
        ("source", "https://host:port/a", "is no calendar"),
        ("source", "caldav:file:/a", "is no calendar"),
        ("source", "https://host/a b", "is no calendar"),
        ("source", "https://anna:secret@host/a", "must hold no user and password: `login` names"),
        ("login", "anna:secret", "is no login: env:NAME or file:PATH, which holds user:password"),
        ("login", "env:A B", "is no login"),
        ("address", "anna", "'anna' is no mail address"),
        ("status", "busy", "must be available, away, dnd, lunch, business_trip or meeting"),
        ("forward", "extension:1009", "there is no user or team '1009'"),
        ("forward", "external:+4990012", "settings.toll does not permit"),
        ("all_day", "yes", "must be ignore, free or busy"),
        ("tentative", True, "must be free or busy"),
        ("merge_gap", 121, "must be 0 to 120 minutes, not 121"),
        ("padding", -1, "must be 0 to 120 minutes, not -1"),
        ("colour", "red", "unknown key"),
    ],
)
def test_a_calendar_that_cannot_be_right(key, value, problem):
    rules = {
        "domain": DOMAIN,
        "settings": {"toll": {"deny": ["+49900"]}},
        "users": {"1001": {"name": "A", "calendar": {"source": "file:a.ics", key: value}}},
    }
    with pytest.raises(RulesFileError) as caught:
        rules_file.check(rules)
    (said,) = caught.value.problems
    assert said.startswith(f"users.1001.calendar.{key}: ")
    assert problem in said
    assert "secret" not in said or value == "anna:secret"


@pytest.mark.parametrize("place", ["messenger", "presence.outside_hours"])
def test_targets_that_are_nobody_s(place):
    user = {
        "name": "A",
        "messenger": {"forward": "voicemail"},
        "presence": {"outside_hours": {"schedule": "o", "forward": "voicemail"}},
    }
    inner = user
    for part in place.split("."):
        inner = inner[part]
    inner["forward"] = "extension:1009"
    with pytest.raises(RulesFileError) as caught:
        rules_file.check({"domain": DOMAIN, "schedules": {"o": {}}, "users": {"1001": user}})
    (problem,) = caught.value.problems
    assert problem.startswith(f"users.1001.{place}.forward: there is no user or team '1009'")


def test_who_is_named_by_a_forward_is_not_removed(company):
    set_calendar(company, DOMAIN, "1001", {"forward": "voicemail:1009"})
    set_messenger(company, DOMAIN, "1002", {"forward": "voicemail:1009"})
    admin.set_user(
        company,
        DOMAIN,
        "1003",
        {"presence.outside_hours": {"schedule": "office", "forward": "voicemail:1009"}},
    )
    with pytest.raises(RulesFileError) as caught:
        admin.remove_user(company, DOMAIN, "1009")
    text = str(caught.value)
    for path in ("1001.calendar", "1002.messenger", "1003.presence.outside_hours"):
        assert f"users.{path}.forward" in text


# -- messengers -------------------------------------------------------------------------------
def test_what_a_messenger_says_counts_for_a_while_and_for_whom_it_is_to(company, presence):
    set_messenger(company, DOMAIN, "1002", {"forward": "voicemail"}, by=Actor.user("1002"))
    assert hear(company, DOMAIN, Line("1002", "busy", 60), NOW)
    assert not hear(company, DOMAIN, Line("1003", "busy", 60), NOW)
    found, _ = presence("1002")
    assert found.messenger == Messenger(True, VOICEMAIL, "busy", NOW + timedelta(seconds=60))
    assert presence("1003")[0].messenger is None
    set_messenger(company, DOMAIN, "1003", {})
    assert presence("1003")[0].messenger.says == "busy"


def test_what_it_says_last_counts_and_what_is_old_is_forgotten(company, presence):
    set_messenger(company, DOMAIN, "1002", {})
    hear(company, DOMAIN, Line("1002", "busy", 60), NOW)
    hear(company, DOMAIN, Line("1002", "away", 30), NOW)
    assert presence("1002")[0].messenger.says == "away"
    hear(company, DOMAIN, Line("1003", "busy", 60), NOW + timedelta(seconds=30))
    rows = company.conn.execute("SELECT extension FROM messenger_feed").fetchall()
    assert rows == [("1003",)]


def test_an_import_keeps_what_was_heard(company, presence, company_rules):
    import_rules(company, company_rules)
    hear(company, DOMAIN, Line("1008", "busy", 60), NOW)
    rules = json.loads(json.dumps(company_rules))
    rules["users"]["1001"]["name"] = "Anne"
    import_rules(company, rules)
    assert presence("1008")[0].messenger.says == "busy"


def test_nobody_s_messenger(company):
    with pytest.raises(NotFound, match="there is no user '1999'"):
        hear(company, DOMAIN, Line("1999", "busy", 60), NOW)
    assert company.conn.execute("SELECT count(*) FROM messenger_feed").fetchone() == (0,)


def test_the_switches_of_a_messenger(company, presence):
    set_messenger(company, DOMAIN, "1002", {"forward": "voicemail"})
    set_messenger(company, DOMAIN, "1002", {"status": False})
    assert presence("1002")[0].messenger == Messenger(False, VOICEMAIL)
    set_messenger(company, DOMAIN, "1002", {"forward": None})
    assert presence("1002")[0].messenger == Messenger(False, None)
    set_messenger(company, DOMAIN, "1002", None)
    assert presence("1002")[0].messenger is None
    with pytest.raises(NotPermitted, match="may not change the messenger of 1002"):
        set_messenger(company, DOMAIN, "1002", {}, by=Actor.user("1003"))


def test_lines():
    assert Line.parse('{"user": "1001", "status": "busy"}') == Line("1001", "busy", 300)
    assert Line.parse('{"user": "1001", "status": "dnd", "ttl": 0, "domain": "pbx.test"}') == Line(
        "1001", "dnd", 0, DOMAIN
    )
    assert Line.parse('{"user": "1001", "status": "away"}', ttl=7).ttl == 7


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no JSON"),
        ("busy", "is no JSON"),
        ("[" * 9000, "is no JSON"),
        ("[]", "is no JSON object"),
        ('{"status": "busy"}', "user must be an extension in quotes, not nothing"),
        ('{"user": 1001, "status": "busy"}', "user must be an extension in quotes, not 1001"),
        ('{"user": "1001"}', "status must be available"),
        ('{"user": "1001", "status": "Busy"}', "status must be available"),
        ('{"user": "1001", "status": ["busy"]}', "status must be available"),
        ('{"user": "1001", "status": "busy", "ttl": -1}', "ttl must be 0 to 86400 seconds, not -1"),
        ('{"user": "1001", "status": "busy", "ttl": true}', "ttl must be"),
        ('{"user": "1001", "status": "busy", "ttl": 1e3}', "ttl must be"),
        (f'{{"user": "1001", "status": "busy", "ttl": {LONGEST + 1}}}', "ttl must be"),
        ('{"user": "1001", "status": "busy", "domain": 5}', "domain must be text"),
        ('{"user": "1001", "status": "busy", "title": "x"}', "unknown key 'title'"),
        (" " * 10_001, "is longer than"),
    ],
)
def test_lines_that_are_none(text, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        Line.parse(text)
