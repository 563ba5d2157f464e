from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import golden

AT = ("--at", "2026-12-24T15:00")


@pytest.fixture
def away(run):
    """Away towards 1002 for calls from outside; temporarily in a meeting until 16:00."""
    run.ok("user", "set", "1001", "presence.revert=previous")
    run.ok("presence", "profile", "1001", "away", "extension:1002", "--when", "always")
    run.ok("presence", "set", "1001", "away")
    run.ok("presence", "set", "1001", "meeting", "--until", "2126-12-24T16:00")
    return run


def status(run, at=None):
    return run.json("presence", "show", "1001", *(("--at", at) if at else ()))["status"]


def test_the_page(away):
    golden("presence-1001.txt", away.ok("presence", "show", "1001", *AT))


def test_one_line_for_everybody(away):
    lines = away.ok("presence", "show", *AT).splitlines()
    assert lines[0].split("  ")[0] == "user"
    assert lines[1] == (
        "1001  Anna Adler               meeting    meeting until 2126-12-24T16:00:00+01:00  "
        "ring 1001       ring 1001"
    )
    assert lines[3].split()[:4] == ["1003", "Carl", "Conti", "available"]
    assert [each["user"] for each in away.json("presence", "show")] == ["1001", "1002", "1003"]


def test_the_page_as_json(away):
    found = away.json("presence", "show", "1001", "--at", "2126-12-24T15:59:59")
    assert (found["status"], found["until"], found["afterwards"]) == (
        "meeting",
        "2126-12-24T16:00:00+01:00",
        "away",
    )
    found = away.json("presence", "show", "1001", "--at", "2126-12-24T16:00")
    assert (found["status"], found["until"], found["afterwards"]) == ("away", None, None)
    assert [(axis["axis"], axis["status"], axis["wins"]) for axis in found["axes"]] == [
        ("temporary", None, False),
        ("manual", "away", True),
        ("calendar", None, False),
        ("messenger", None, False),
        ("schedule", None, False),
        ("default", "available", False),
    ]
    external = found["calls"]["external"]
    assert external["forwards"] == {
        "always": "extension:1002",
        "busy": None,
        "no_answer": None,
        "unregistered": None,
    }
    (leg,) = external["steps"][0]["legs"]
    assert leg["device"] == "desk-reception"
    assert leg["diversion"] == {"by": "+493012345101", "reason": "unconditional", "counter": 1}


def test_a_status_under_the_name_that_the_domain_gave_it(run):
    run.ok("import", "-", text=run.exported() + "\nstatuses: {business_trip: Urlaub}\n")
    run.ok("presence", "set", "1001", "business_trip")
    assert run.json("presence", "show", "1001")["display"] == "Urlaub"
    assert "Urlaub (business_trip)" in run.ok("presence", "show", "1001")
    assert "Urlaub (business_trip)" in run.ok("presence", "show")


@pytest.mark.parametrize(("words", "length"), [("90m", 90), ("2h30m", 150), ("1d", 24 * 60)])
def test_for_a_while(run, words, length):
    before = datetime.now(UTC)
    run.ok("presence", "set", "1001", "lunch", "--for", words)
    until = datetime.fromisoformat(run.json("presence", "show", "1001")["until"])
    wanted = before + timedelta(minutes=length)
    assert timedelta() <= until - wanted < timedelta(seconds=60)


def test_until_is_of_the_users_zone(run):
    run.ok("user", "set", "1001", "timezone=America/Lima")
    said = run.ok("presence", "set", "1001", "lunch", "--until", "2126-12-24T15:00")
    assert "2126-12-24T20:00:00Z" in said
    assert run.json("presence", "show", "1001")["until"] == "2126-12-24T15:00:00-05:00"
    # An --at without a zone is of his too.
    assert status(run, "2126-12-24T14:59:59") == "lunch"
    assert status(run, "2126-12-24T15:00") == "available"
    run.ok("presence", "set", "1002", "lunch", "--until", "2126-12-24T15:00")
    assert run.json("presence", "show", "1002")["until"] == "2126-12-24T15:00:00+01:00"


def test_for_good(run):
    run.ok("presence", "set", "1001", "away", "--for", "2h")
    assert "- users.1001.presence.until" in run.ok("presence", "set", "1001", "dnd")
    assert status(run, "2126-12-24T15:00") == "dnd"
    assert "so already" in run.ok("presence", "set", "1001", "dnd")


def test_forwards(run):
    words = ["presence", "profile", "1001", "away"]
    changes = run.json(*words, "external:030 5551", "--when", "always", "--origin", "external")
    assert [change["after"] for change in changes["changes"]] == [
        {"profiles": {"away": {"external": {"always": "external:+49305551"}}}}
    ]
    run.ok(*words, "announcement:closed.wav", "--when", "busy")
    run.ok("presence", "set", "1001", "away")
    calls = run.json("presence", "show", "1001")["calls"]
    assert calls["internal"]["forwards"]["always"] is None
    assert calls["internal"]["forwards"]["busy"] == "announcement:closed.wav"
    assert calls["external"]["steps"][0]["callee"] == "+49305551"
    run.ok(*words, "none", "--when", "always")
    assert run.json("presence", "show", "1001")["calls"]["external"]["forwards"]["always"] is None


def test_a_forward_is_switched_off_and_on(run):
    words = ["presence", "profile", "1001", "available"]
    busy = ["--when", "busy", "--as", "1001"]
    run.ok(*words, "voicemail", *busy)
    said = run.ok(*words, "off", *busy, "--origin", "external")
    kept = 'external.busy: voicemail → {"to": "voicemail", "enabled": false}'
    assert said == f"~ users.1001.presence.profiles.available.{kept}\n"
    calls = run.json("presence", "show", "1001")["calls"]
    assert (calls["external"]["forwards"]["busy"], calls["external"]["off"]) == (
        None,
        {"busy": "voicemail"},
    )
    assert (calls["internal"]["forwards"]["busy"], calls["internal"]["off"]) == ("voicemail", {})
    page = run.ok("presence", "show", "1001")
    assert "External calls  forward to voicemail is off: when busy" in page
    exported = run.exported()
    assert "busy: {to: voicemail, enabled: false}" in exported
    assert "no change" in run.ok("import", "-", "--dry-run", text=exported)
    assert run.ok(*words, "on", *busy).startswith("~ users.1001.presence.profiles.available.ext")
    run.ok("undo", "--as", "1001")
    assert run.exported() == exported
    assert "change the forwards of 1001" in run.fails(
        *words, "on", "--when", "busy", "--as", "1002"
    )
    text = run.fails("presence", "profile", "1001", "lunch", "on", "--when", "busy")
    assert "there is no forward to switch: `esl-router presence profile 1001 lunch TARGET" in text


def test_what_is_off_of_available_is_shown_where_phones_ring(run):
    words = ["presence", "profile", "1001"]
    run.ok(*words, "available", "voicemail", "--when", "busy")
    run.ok(*words, "available", "off", "--when", "busy")

    def off(status):
        run.ok("presence", "set", "1001", status)
        calls = run.json("presence", "show", "1001")["calls"]
        return [calls[origin]["off"] for origin in ("internal", "external")]

    assert off("meeting") == [{"busy": "voicemail"}] * 2
    assert off("away") == [{}, {}]
    run.ok(*words, "meeting", "extension:1002", "--when", "busy", "--origin", "internal")
    assert off("meeting") == [{}, {"busy": "voicemail"}]


def test_a_forward_that_is_a_word_says_how_it_is_switched(run):
    key = "presence.profiles.available.internal.busy"
    run.ok("presence", "profile", "1001", "available", "voicemail", "--when", "busy")
    text = run.fails("user", "set", "1001", f"{key}.enabled=false")
    how = "`esl-router presence profile USER available off --when busy --origin internal`"
    assert f"{key}: has no key 'enabled': {how} switches it off" in text
    assert "switches" not in run.fails("user", "set", "1001", "name.x=1")


def test_a_deputy_for_everybody_but_colleagues(run):
    run.ok("presence", "deputy", "1001", "extension:1002", "--as", "1001")
    for chosen in ("away", "dnd", "lunch", "business_trip"):
        run.ok("presence", "set", "1001", chosen)
        calls = run.json("presence", "show", "1001")["calls"]
        assert calls["internal"]["forwards"]["always"] == "busy"
        assert calls["external"]["forwards"]["always"] == "extension:1002"
    run.ok("undo")
    run.ok("presence", "deputy", "1001", "external:030 5551", "--status", "meeting")
    run.ok("presence", "set", "1001", "lunch")
    calls = run.json("presence", "show", "1001")["calls"]
    assert calls["external"]["forwards"]["always"] == "extension:1002"


def test_busy_on_busy(run):
    assert "busy_on_busy: true" in run.ok("busy-on-busy", "1001", "on")
    assert "true → 2" in run.ok("busy-on-busy", "1001", "2")
    assert "busy_on_busy: 2" in run.ok("busy-on-busy", "1001", "off", "--as", "1001")
    assert "so already" in run.ok("busy-on-busy", "1001", "0")


def test_a_user_acts_for_himself(run):
    run.ok("presence", "set", "1001", "away", "--as", "1001")
    words = ["presence", "profile", "1001", "away", "busy", "--when", "always", "--as"]
    run.ok(*words, "1001")
    assert "the forwards of 1001: 1001 himself" in run.fails(*words, "1002")


@pytest.mark.parametrize(
    "setting",
    [
        "profiles.away.queue_login=false",
        "profiles.away.ring_group_calls=true",
        "profiles.available.no_answer_after=20",
        "profiles.available.external.no_answer_after=20",
        "revert=previous",
    ],
)
def test_a_user_says_what_his_statuses_do(run, setting):
    words = ["user", "set", "1001", f"presence.{setting}", "--as"]
    assert "1001 himself" in run.fails(*words, "1002")
    assert re.split(r"[.=]", setting)[-2] in run.ok(*words, "1001")
    assert "user 1001" in run.ok("history", "--as", "1001").lower()
    run.ok("undo", "--as", "1001")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("presence show 1099", "there is no user '1099'"),
        ("presence set 1099 away", "there is no user '1099'"),
        ("presence set 1099 away --until 2126-12-24", "there is no user '1099'"),
        ("presence set 1001 away --until 2020-12-24T15:00", "2020-12-24T15:00:00+01:00 is past"),
        ("presence set 1001 away --as 1002", "1002 may not change the status of 1001"),
        ("presence profile 1099 away busy --when always", "there is no user '1099'"),
        ("presence profile 1001 away nowhere --when always", "'nowhere' is no target"),
        ("presence profile 1001 away extension:1098 --when busy", "no user or team '1098'"),
        ("presence profile 1001 away extension:1001 --when busy", "cannot forward to himself"),
        ("presence profile 1001 away external:+49900111222 --when busy", "toll does not permit"),
        ("presence profile 1001 away ring --when busy", "'ring' is no target"),
        ("presence profile 1001 away announcement:../x --when busy", "is no sound file"),
        (f"presence set 1001 away --message {'x' * 161}", "must be one line of 1 to 160"),
        ("presence deputy 1001 extension:1001", "nobody is his own deputy"),
        ("presence deputy 1001 extension:1098", "no user or team '1098'"),
        ("presence deputy 1001 external:+49900111222", "toll does not permit"),
        ("presence deputy 1001 extension:1002 --as 1003", "change the forwards of 1001"),
        ("presence deputy 1099 extension:1002", "there is no user '1099'"),
        ("presence alert-first 1001 away 61", "must be 1 to 60 seconds or splash, not 61"),
        ("presence alert-first 1001 away soon", "must be 1 to 60 seconds or splash, not 'soon'"),
        ("presence alert-first 1001 away 6 --as 1002", "change the status profiles of 1001"),
        ("presence announce 1001 away ../x.wav", "is no sound file"),
        ("busy-on-busy 1099 on", "there is no user '1099'"),
        ("busy-on-busy 1001 maybe", "must be false, true or a number of calls"),
        ("busy-on-busy 1001 -- -1", "must be false, true or a number of calls"),
        ("busy-on-busy 1001 on --as 1002", "1002 may not change the busy on busy of 1001"),
    ],
)
def test_a_wrong_word_is_one_line_and_changes_nothing(run, words, text):
    assert text in run.fails(*words.split())


@pytest.mark.parametrize(
    "words",
    [
        "presence set 1001 asleep",
        "presence set 1001",
        "presence set 1001 away --for soon",
        "presence set 1001 away --until tomorrow",
        "presence set 1001 away --for 2h --until 2126-12-24",
        "presence show 1001 --at tomorrow",
        "presence profile 1001 away busy",
        "presence profile 1001 away --when busy",
        "presence profile 1001 asleep busy --when busy",
        "presence profile 1001 away busy --when never",
        "presence profile 1001 away busy --when busy --origin team",
        "presence show 1001 --as 1001",
        "busy-on-busy 1001",
    ],
)
def test_wrong_usage(run, words):
    run.fails(*words.split(), code=2)


def test_an_empty_list_says_what_to_do(empty):
    empty.ok("import", "-", text="domain: pbx.test\n")
    assert "esl-router user add" in empty.ok("presence", "show")
    assert empty.json("presence", "show") == []


def test_a_message(away):
    away.ok("presence", "set", "1001", "away", "--message", "At the dentist's")
    assert '  "At the dentist\'s"\n' in away.ok("presence", "show", "1001")
    assert away.json("presence", "show", "1001")["message"] == "At the dentist's"
    assert "At the dentist's" in away.ok("presence", "show")
    said = away.ok("explain", "--from", "1002", "--to", "1001")
    assert '1001 is away "At the dentist\'s" (away, set by hand)' in said
    away.ok("presence", "set", "1001", "away")
    assert away.json("presence", "show", "1001")["message"] is None


def test_what_comes_before_the_target(away):
    away.ok("presence", "set", "1001", "away")
    assert "alert_first: 6" in away.ok("presence", "alert-first", "1001", "away", "6")
    away.ok("presence", "announce", "1001", "away", "ivr/away.wav", "--as", "1001")
    page = away.ok("presence", "show", "1001")
    assert "ring 1001 first, after 6 s announcement ivr/away.wav, after 6 s ring 1002" in page
    found = away.json("presence", "show", "1001")
    assert (found["alert_first"], found["announce"]) == (6, "ivr/away.wav")
    first, sound, then, _ = found["calls"]["external"]["steps"]
    assert (first["alert_first"], first["legs"][0]["ring"], first["legs"][0]["splash"]) == (
        True,
        6,
        False,
    )
    assert (sound["sound"], sound["before_forward"]) == ("ivr/away.wav", True)
    assert not then["alert_first"]
    plan = away.json("followme", "show", "1001")["origins"]["internal"]
    assert [leg["ring"] for leg in plan["first"]["legs"]] == [6]
    assert plan["elsewhere"]
    said = away.ok("followme", "show", "1001")
    assert "At present what rings is 1001-desk, for 6 s. 1001 is away" in said
    away.ok("presence", "alert-first", "1001", "away", "splash")
    assert "for a moment" in away.ok("explain", "--from", "+493099887766", "--to", "1001")
    assert "1001-soft, for a moment. 1001 is away" in away.ok("followme", "show", "1001")
    away.ok("presence", "alert-first", "1001", "away", "off")
    away.ok("presence", "announce", "1001", "away", "none")
    found = away.json("presence", "show", "1001")
    assert (found["alert_first"], found["announce"]) == (None, None)


def test_a_status_that_wakes_no_app(run):
    assert run.ok("presence", "push", "1001", "dnd", "off", "--as", "1001").splitlines()
    assert "push: false" in run.exported()
    run.ok("presence", "push", "1001", "dnd", "on")
    assert "push: false" not in run.exported()
    run.fails("presence", "push", "1002", "dnd", "off", "--as", "1001")
