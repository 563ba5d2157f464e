from __future__ import annotations

import json
from dataclasses import replace

import pytest

from esl_router.model.trace import Entry as Reason
from esl_router.store import call_log
from esl_router.store.call_log import Attempt, Entry, Leg
from esl_router.store.database import open_store, write
from tests.cli.conftest import golden

STARTED = 1_800_000_000.0
ANSWERED = Entry(
    uuid="3f2b9c1d-0000-4000-8000-000000000001",
    started=STARTED,
    ended=STARTED + 12.4,
    dialled="+493012345101",
    result="answered",
    domain="pbx.test",
    caller_number="+493099887766",
    caller_name="Muster [bold]GmbH\x1b[31m",
    callee="1001",
    origin="external",
    answered_by="1001-mobile",
    answered_at=STARTED + 12.0,
    attempts=(
        Attempt(
            "ring",
            STARTED + 0.1,
            (
                Leg("1001-desk", "elsewhere", "LOSE_RACE", STARTED + 0.1, STARTED + 12.1),
                Leg("1001-soft", "unregistered"),
                Leg("1001-mobile", "answered", "", STARTED + 10.1, STARTED + 12.1),
            ),
        ),
    ),
    trace=(
        Reason("identify", True, "+493012345101 is the user 1001 (Anna Adler)."),
        Reason("followme", False, "1001-soft is not registered."),
    ),
)
NOBODY = Entry(
    uuid="aaaaaaaa-0000-4000-8000-000000000002",
    started=STARTED + 60,
    ended=STARTED + 60.2,
    dialled="1099",
    result="not_found",
    domain="pbx.test",
    caller_number="1002",
    caller_account="1002.desk",
    code=404,
    problems=("users.1002.decline: 'maybe' is not known",),
)


def record(run, *entries):
    db = open_store(run.store)
    try:
        with write(db):
            for entry in entries:
                call_log.insert(db.conn, entry)
    finally:
        db.close()


@pytest.fixture
def journal(run, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    record(run, ANSWERED, NOBODY)
    return run


def test_list(journal):
    lines = journal.ok("calls", "list").splitlines()
    assert len(lines) == 3
    assert "Muster [bold]GmbH\\x1b[31m" in lines[1]
    assert "answered by 1001-mobile" in lines[1]
    assert "3f2b9c1d" in lines[1]
    assert "not found (404)" in lines[2]


def test_a_call_in_somebody_else_s_name_tells_of_both(run):
    record(run, replace(NOBODY, on_behalf="1001"))
    assert " 1002 on behalf of 1001 " in run.ok("calls", "list")
    assert run.json("calls", "list")[0]["on_behalf"] == "1001"


def test_no_call_yet(run):
    assert run.ok("calls", "list") == "No call yet.\n"
    assert run.json("calls", "list") == []


@pytest.mark.parametrize(
    ("words", "uuids"),
    [
        ([], ["3f2b9c1d", "aaaaaaaa"]),
        (["-n", "1"], ["aaaaaaaa"]),
        (["--user", "1001"], ["3f2b9c1d"]),
        (["--user", "1002"], ["aaaaaaaa"]),
        (["--domain", "other.test"], []),
    ],
)
def test_which_calls(journal, words, uuids):
    assert [call["uuid"][:8] for call in journal.json("calls", "list", *words)] == uuids


UNTAKEN = replace(
    ANSWERED,
    uuid="bbbbbbbb-0000-4000-8000-000000000003",
    result="no_answer",
    answered_by=None,
    answered_at=None,
    missed="no_answer",
    mailbox="1001",
)
DIALLED = replace(
    UNTAKEN, uuid="cccccccc-0000-4000-8000-000000000004", caller_number="1002", caller_account="x"
)
ELSEWHERE = replace(UNTAKEN, uuid="dddddddd-0000-4000-8000-000000000005", domain="other.test")


def test_a_user_sees_his_own_calls_and_no_reasons(journal):
    record(journal, UNTAKEN, DIALLED, ELSEWHERE)

    def seen(*words):
        return [each["uuid"][:8] for each in journal.json("calls", "list", *words)]

    assert seen("--as", "1001") == ["3f2b9c1d", "bbbbbbbb", "cccccccc"]
    assert seen("--as", "1002") == ["aaaaaaaa", "cccccccc"]
    assert seen("--as", "1003") == []
    assert "leave --user out" in journal.fails(
        "calls", "list", "--as", "1002", "--user", "1001", code=2
    )
    assert "did you mean" in journal.fails("calls", "list", "--as", "10011")
    (his,) = journal.json("calls", "show", "bbbbbbbb", "--as", "1001")
    assert (len(his["attempts"]), his["missed"], his["trace"]) == (1, "no_answer", [])
    (made,) = journal.json("calls", "show", "cccccccc", "--as", "1002")
    assert (made["callee"], made["result"]) == ("1001", "no_answer")
    assert (made["attempts"], made["trace"], made["missed"], made["mailbox"]) == (
        [],
        [],
        None,
        None,
    )
    for call in ("3f2b9c1d", "dddddddd"):
        refused = journal.fails("calls", "show", call, "--as", "1002")
        assert "of user 1002 in the journal" in refused


def test_a_user_sees_what_he_has_missed_alone(journal):
    record(journal, UNTAKEN, DIALLED, ELSEWHERE)
    missed = journal.json("calls", "missed", "--as", "1001")
    assert [each["call"][:8] for each in missed] == ["bbbbbbbb", "cccccccc"]
    assert journal.json("calls", "missed", "--as", "1002") == []
    for words in (("tail", "--once"), ("purge", "--older-than", "1")):
        journal.fails("calls", *words, "--as", "1001", code=2)


def test_json(journal):
    first, second = journal.json("calls", "list")
    assert first["caller_name"] == ANSWERED.caller_name
    assert first["attempts"][0]["legs"][1]["started"] is None
    assert first["trace"][1] == {
        "stage": "followme",
        "fired": False,
        "text": "1001-soft is not registered.",
    }
    assert second["problems"] == ["users.1002.decline: 'maybe' is not known"]
    assert "\x1b" not in journal.ok("calls", "list", "--json")


def test_instants_name_their_zone(journal):
    started = journal.json("calls", "list")[0]["started"]
    assert started.startswith("2027-01-15T")
    assert started[-6] in "+-"


def test_show(journal):
    said = journal.ok("calls", "show", "3f2b9c1d")
    # The zone is this machine's.
    head, _, rest = said.partition("\n")
    assert head.startswith("+493099887766 Muster [bold]GmbH\\x1b[31m calls +493012345101  2027-01-")
    golden("calls-show.txt", rest)


def test_show_tells_of_broken_rules(journal):
    assert "! users.1002.decline: 'maybe' is not known" in journal.ok("calls", "show", "aaaaaaaa")


def test_a_call_that_is_not_there(journal):
    assert "there is no call 'bbbbbbbb'" in journal.fails("calls", "show", "bbbbbbbb")
    assert "8 characters" in journal.fails("calls", "show", "3f2b")


def test_tail_prints_a_line_each(journal):
    lines = journal.ok("calls", "tail", "--once", "--json").splitlines()
    assert [json.loads(line)["uuid"][:8] for line in lines] == ["3f2b9c1d", "aaaaaaaa"]
    assert "Muster [bold]GmbH\\x1b[31m → +493012345101 (1001)" in journal.ok(
        "calls", "tail", "--once"
    )


def test_tail_follows(journal, monkeypatch):
    """A call that comes while we watch is printed, once, and Ctrl-C ends it."""
    comes = iter([lambda: record(journal, NOBODY), lambda: None])

    def pause(seconds):
        step = next(comes, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr("time.sleep", pause)
    result = journal("calls", "tail", "-n", "1", "--json")
    assert result.exit_code == 130
    assert [json.loads(line)["uuid"][:8] for line in result.stdout.splitlines()] == ["aaaaaaaa"] * 2


def test_purge(journal):
    assert journal.json("calls", "purge", "--older-than", "36500") == {"removed": 0}
    assert len(journal.json("calls", "list")) == 2
    old = Entry(**{**{f: getattr(NOBODY, f) for f in NOBODY.__slots__}, "started": 0, "ended": 1})
    record(journal, old)
    assert journal.json("calls", "purge", "--older-than", "365") == {"removed": 1}


MISSED = replace(
    NOBODY,
    uuid="bbbbbbbb-0000-4000-8000-000000000003",
    result="voicemail",
    callee="1001",
    missed="busy",
    mailbox="1001",
    message=9,
)


def test_missed_calls(run):
    assert run.ok("calls", "missed") == "No call was missed.\n"
    other = replace(MISSED, uuid="cccccccc-0000-4000-8000-000000000004", callee="1002")
    record(run, ANSWERED, MISSED, NOBODY, other)
    # 1002 is who called in all of them, and has missed one.
    found = run.json("calls", "missed", "--user", "1002")
    assert [(each["call"], each["callee"]) for each in found] == [(other.uuid, "1002")]
    assert len(run.json("calls", "missed", "--domain", "pbx.test")) == 2
    assert run.json("calls", "missed", "--domain", "else.test") == []
    said = run.ok("calls", "missed", "--user", "1001").splitlines()[1]
    assert "busy" in said
    assert "9 s" in said
    assert "missed: busy, a message of 9 s was left" in run.ok("calls", "show", "bbbbbbbb")
