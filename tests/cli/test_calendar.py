from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest


def ics(*hours, summary="Interview with a competitor"):
    """A calendar with appointments so many hours from now, each an hour long."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x"]
    for place, hour in enumerate(hours):
        begin = now + timedelta(hours=hour)
        lines += [
            *("BEGIN:VEVENT", f"UID:{place}", f"DTSTART:{begin:%Y%m%dT%H%M%SZ}"),
            *("DURATION:PT1H", f"SUMMARY:{summary}", "END:VEVENT"),
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "anna.ics"
    path.write_text(ics(0, 24))
    return path


@pytest.fixture
def anna(run, path):
    run.ok("calendar", "set", "1001", "--source", f"file:{path}")
    return run


def axis(run, name="calendar", user="1001"):
    (found,) = (a for a in run.json("presence", "show", user)["axes"] if a["axis"] == name)
    return found


def test_a_calendar_is_set_read_and_shown(anna, path):
    assert anna.json("calendar", "show", "1001")["read"] is None
    assert "never" in anna.ok("calendar", "list")
    assert anna.json("calendar", "sync") == [
        {"user": "1001", "source": f"file:{path}", "appointments": 2, "problem": None}
    ]
    shown = anna.json("calendar", "show", "1001")
    assert len(shown["busy"]) == 2
    begin, end = (datetime.fromisoformat(shown["busy"][0][key]) for key in ("from", "to"))
    assert begin <= datetime.now(UTC) < end
    assert begin.utcoffset() is not None
    page = anna.ok("calendar", "show", "1001")
    assert page.count("busy  ") == 2
    assert "Interview" not in page
    assert axis(anna)["status"] == "meeting"
    assert axis(anna)["wins"]
    assert "an appointment lasts until" in axis(anna)["why"]
    assert (
        anna.json("presence", "show", "1001")["calls"]["external"]["steps"][0]["action"] == "ring"
    )


def test_the_two_switches(anna):
    anna.ok("calendar", "sync", "1001")
    anna.ok("calendar", "set", "1001", "--status", "none", "--forward", "voicemail", "--as", "1001")
    found = anna.json("presence", "show", "1001")
    assert found["status"] == "available"
    assert found["calls"]["external"]["steps"][0]["action"] == "voicemail"
    assert "lasts until" in anna.ok("explain", "--from", "+49305551", "--to", "1001")
    anna.ok("calendar", "set", "1001", "--status", "away", "--forward", "none", "--as", "1001")
    shown = anna.json("calendar", "show", "1001")
    assert (shown["status"], shown["forward"]) == ("away", None)
    anna.ok("calendar", "set", "1001", "forward=busy", "status=")
    shown = anna.json("calendar", "show", "1001")
    assert (shown["status"], shown["forward"]) == ("meeting", "busy")


def test_what_is_the_administrator_s(anna):
    for option in (("--source", "file:/etc/passwd"), ("--login", "file:/etc/shadow")):
        said = anna.fails("calendar", "set", "1001", *option, "--as", "1001")
        assert f"may not change calendar.{option[0][2:]}" in said
    assert "may not change" in anna.fails("calendar", "remove", "1001", "--as", "1001")
    assert "may not change" in anna.fails(
        "calendar", "set", "1001", "--forward", "busy", "--as", "1002"
    )


def test_a_calendar_that_cannot_be_read_keeps_what_was_known(anna, path):
    anna.ok("calendar", "sync")
    path.unlink()
    result = anna("calendar", "sync")
    assert result.exit_code == 1
    assert "No such file" in result.stdout
    shown = anna.json("calendar", "show", "1001")
    assert len(shown["busy"]) == 2
    assert "No such file" in shown["problem"]
    assert "problem          since" in anna.ok("calendar", "show", "1001")
    assert "No such file" in anna.ok("calendar", "list")
    assert "the calendar cannot be read since" in axis(anna)["why"]
    assert "cannot be read since" in anna.ok("explain", "--from", "+49305551", "--to", "1001")


def test_an_address_is_not_shown_in_full(run):
    run.ok("calendar", "set", "1001", "--source", "https://calendar.test/private-token/a.ics")
    for words in (("list",), ("show", "1001"), ("list", "--json"), ("show", "1001", "--json")):
        assert "private-token" not in run.ok("calendar", *words)


def test_removing_forgets(anna):
    anna.ok("calendar", "sync")
    anna.ok("calendar", "remove", "1001")
    assert "There is no calendar yet" in anna.ok("calendar", "list")
    assert "1001 has no calendar" in anna.fails("calendar", "show", "1001")
    assert "There is no calendar to read" in anna.ok("calendar", "sync")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("set", "1001", "--forward", "busy"), 1, "1001 has no calendar"),
        (("set", "1001", "--source", "anna.ics"), 1, "is no calendar"),
        (("set", "1001"), 2, "say what to set"),
        (("set", "1999", "--source", "file:a"), 1, "there is no user '1999'"),
        (("set", "1001", "--status", "busy"), 2, "Invalid value"),
        (("sync", "1999"), 1, "there is no user '1999'"),
        (("sync", "1001", "--watch"), 2, "--watch is for every calendar"),
    ],
)
def test_what_is_wrong(run, words, code, said):
    assert said in run.fails("calendar", *words, code=code)


def test_watching_reads_the_store_that_was_named(run, monkeypatch):
    found = []
    monkeypatch.setattr(
        "esl_router.calendars.sync.watch", lambda path, every: found.append((path, every))
    )
    monkeypatch.setattr("logging.basicConfig", lambda **settings: None)
    run("calendar", "sync", "--watch", "--every", "60")
    assert found[0] == (run.store, 60)


# -- messengers -------------------------------------------------------------------------------
def feed(run, *lines, words=()):
    return run("presence", "feed", *words, text="\n".join(lines) + "\n")


def test_what_a_messenger_says_counts_where_it_is_on(run):
    run.ok("presence", "messenger", "1001", "on", "--forward", "voicemail", "--as", "1001")
    result = feed(run, '{"user": "1001", "status": "busy", "ttl": 600}', "",
                  '{"user": "1002", "status": "away"}')  # fmt: skip
    assert result.exit_code == 0
    assert result.stdout == (
        "2 lines taken, 0 refused. For 1002 it does not count: esl-router presence messenger … on\n"
    )
    found = run.json("presence", "show", "1001")
    assert (found["status"], axis(run, "messenger")["wins"]) == ("meeting", True)
    assert found["calls"]["external"]["steps"][0]["action"] == "voicemail"
    assert run.json("presence", "show", "1002")["status"] == "available"
    feed(run, '{"user": "1001", "status": "busy", "ttl": 0}')
    assert run.json("presence", "show", "1001")["status"] == "available"
    assert "ended" in axis(run, "messenger")["why"]


def test_a_wrong_line_is_named_and_changes_nothing(run):
    run.ok("presence", "messenger", "1001", "on")
    result = feed(
        run,
        '{"user": "1001", "status": "away"}',
        "busy\x1b[31m",
        '{"user": "1999", "status": "busy"}',
        '{"user": "1001", "status": "\x07"}',
        '{"user": "1001", "status": "busy", "domain": "other.test"}',
        words=("--json",),
    )
    assert result.exit_code == 1
    assert [line.partition(": ")[2].partition(":")[0] for line in result.stderr.splitlines()] == [
        "line 2",
        "line 3",
        "line 4",
        "line 5",
    ]
    assert "\x1b" not in result.stderr
    assert '"taken": 1' in result.stdout
    assert run.json("presence", "show", "1001")["status"] == "away"


def test_bytes_that_are_no_text(run):
    from click.testing import CliRunner

    from esl_router.cli.main import main

    result = CliRunner().invoke(
        main, ["--db", str(run.store), "presence", "feed"], input=b"\xff\xfe\n"
    )
    assert result.exit_code == 1
    assert "line 1: is no UTF-8" in result.stderr


def test_the_time_to_live_of_lines_that_do_not_say_so(run):
    run.ok("presence", "messenger", "1001", "on")
    feed(run, '{"user": "1001", "status": "away"}', words=("--ttl", "7200"))
    until = datetime.fromisoformat(axis(run, "messenger")["why"].rpartition(" ")[2])
    assert timedelta(minutes=119) < until - datetime.now(UTC) <= timedelta(minutes=120)


def test_the_switches_of_a_messenger(run):
    run.ok("presence", "messenger", "1001", "on", "--no-status")
    run.ok("presence", "messenger", "1001", "on", "--forward", "busy")
    feed(run, '{"user": "1001", "status": "busy"}')
    found = run.json("presence", "show", "1001")
    assert (found["status"], found["calls"]["internal"]["steps"][0]["action"]) == (
        "available",
        "reject",
    )
    run.ok("presence", "messenger", "1001", "off")
    assert axis(run, "messenger")["why"] == "his messenger does not count"
    said = run.fails("presence", "messenger", "1001", "off", "--forward", "busy", code=2)
    assert "not both" in said
    assert "may not change" in run.fails("presence", "messenger", "1001", "on", "--as", "1002")
