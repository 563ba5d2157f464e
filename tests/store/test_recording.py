"""What a write transaction leaves in the history, whoever wrote it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from esl_router.errors import NotPermitted
from esl_router.model.actor import Actor, Kind, Source
from esl_router.store import admin, assistants, follow_me, presence, team_admin
from esl_router.store.database import write, write_state
from esl_router.store.document import read_rules
from esl_router.store.history import entries
from esl_router.store.recording import RECORDED, STATE
from esl_router.store.rules_import import import_rules
from tests.store.actors import acting

DOMAIN = "pbx.test"
NOW = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


def last(db):
    return entries(db, 1)[0]


def paths(entry):
    return {".".join(edit.full_path): (edit.before, edit.after) for edit in entry.edits}


def numbers(db):
    return [entry.number for entry in entries(db, 10_000)]


def test_every_table_is_of_the_rules_or_the_routers_own(db):
    """A new table has to be said to be one or the other, or its changes would be forgotten."""
    tables = {t.name for t in db.tables} - {"_sqlite_migrations", "sqlite_sequence"}
    assert set(RECORDED) | STATE == tables
    assert not set(RECORDED) & STATE


def test_who_when_from_where_and_what(company):
    by = Actor.user("1002", Source.PHONE)
    before = datetime.now(UTC).timestamp()
    presence.set_presence(
        company, DOMAIN, "1002", "lunch", until=NOW + timedelta(hours=1), now=NOW, by=by
    )
    entry = last(company)
    assert entry.by == by
    assert entry.domain == DOMAIN
    assert before <= entry.at <= datetime.now(UTC).timestamp()
    assert paths(entry) == {
        "users.1002.presence.status": (None, "lunch"),
        "users.1002.presence.until": (None, "2026-10-01T10:00:00Z"),
    }


def test_who_runs_the_process_is_the_administrator(company, monkeypatch):
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "anna")
    admin.set_user(company, DOMAIN, "1002", {"name": "Benno"})
    assert last(company).by == Actor(Kind.ADMINISTRATOR, "anna", Source.CLI)
    monkeypatch.setenv("SUDO_USER", "berta")
    admin.set_user(company, DOMAIN, "1002", {"name": "Ben"})
    assert last(company).by.name == "berta"


def test_a_writer_who_knows_of_no_history_leaves_one(company):
    with write(company, Actor.router(Source.CALENDAR), now=1_800_000_000.0):
        company.conn.execute("UPDATE presence SET status = 'meeting' WHERE extension = '1008'")
        company.conn.execute("UPDATE contacts SET name = 'Muster AG' WHERE position = 0")
    entry = last(company)
    assert entry.by == Actor(Kind.ROUTER, "", Source.CALENDAR)
    assert entry.at == 1_800_000_000.0
    changed = paths(entry)
    assert changed.pop("users.1008.presence.status")[1] == "meeting"
    assert {path.partition(".")[0] for path in changed} == {"contacts"}


def test_what_changes_nothing_leaves_nothing(company):
    presence.set_presence(company, DOMAIN, "1002", "lunch", now=NOW)
    before = numbers(company)
    presence.set_presence(company, DOMAIN, "1002", "lunch", now=NOW)
    with write(company):
        company.conn.execute("UPDATE users SET name = name")
    with write(company):
        company.conn.execute("INSERT INTO team_turns (domain, team, extension) VALUES (1, 2, 3)")
    with write_state(company):
        company.conn.execute("DELETE FROM team_turns")
    assert numbers(company) == before


def test_nothing_is_left_of_what_was_taken_back(company, company_rules):
    before = numbers(company)
    with pytest.raises(sqlite3.IntegrityError):
        _execute(company, "UPDATE users SET name = 'nobody', decline = 'no such word'")
    assert numbers(company) == before
    assert read_rules(company, DOMAIN) == company_rules


def test_entries_of_lists_stand_under_their_names(company):
    team_admin.log(company, DOMAIN, "1006", "2000", False, by=acting("1006"))
    assert paths(last(company)) == {"teams.2000.members.1006.logged_in": (None, False)}
    assistants.divert(company, DOMAIN, "1002", "1001", "1005", by=acting("1002"))
    assert paths(last(company)) == {"executives.1001.assistants.1002.divert": (None, "1005")}
    team_admin.set_member(company, DOMAIN, "2000", "1006", place=1)
    [edit] = last(company).edits
    assert edit.reordered
    assert edit.full_path == ("teams", "2000", "members")
    assert edit.after[:2] == ["1006", "1005"]


def test_a_user_who_goes_takes_his_places_with_him(company):
    admin.remove_user(company, DOMAIN, "1006")
    found = {".".join(edit.full_path): edit for edit in last(company).edits}
    assert found["users.1006"].after is None
    assert found["users.1006"].before["name"]
    assert found["users.1006"].place is not None
    assert found["teams.2000.members.1006"].after is None


def test_an_import_is_one_entry(company, company_rules):
    rules = {**company_rules, "users": {**company_rules["users"]}}
    rules["users"]["1002"] = {**rules["users"]["1002"], "name": "Benno", "decline": "user"}
    del rules["contacts"]
    import_rules(company, {**rules, "contacts": []})
    first, entry = entries(company, 9)
    assert (first.number, entry.number) == (1, 2)
    assert entry.by.source is Source.IMPORT
    changed = paths(entry)
    assert changed["users.1002.name"][1] == "Benno"
    assert changed["users.1002.decline"] == (None, "user")
    assert all(path.startswith(("contacts.", "users.1002.")) for path in changed)
    import_rules(company, {**rules, "contacts": []})
    assert len(numbers(company)) == 2


def test_a_domain_that_comes_is_one_line(company, company_rules):
    [edit] = entries(company, 1)[0].edits
    assert edit.full_path == ("domain",)
    assert edit.before is None
    assert edit.after["users"] == len(company_rules["users"])


def test_a_dry_run_leaves_nothing(company, company_rules):
    import_rules(company, {**company_rules, "teams": {}}, dry_run=True)
    assert len(numbers(company)) == 1


def test_no_password_stands_in_the_history(company, path):
    admin.add_device(company, DOMAIN, "1002-new", {"password": "hunter2"}, extension="1002")
    admin.set_device(company, DOMAIN, "1002-new", {"password": "hunter3"})
    settings = {"calendar": {"source": "https://cal.test/private-hunter4/basic.ics"}}
    admin.set_user(company, DOMAIN, "1002", settings)
    admin.remove_device(company, DOMAIN, "1002-new")
    found = entries(company, 5)
    assert [set(paths(entry)) for entry in found[1:]] == [
        {"users.1002.devices.1002-new"},
        {"users.1002.devices.1002-new.password"},
        {"users.1002.calendar"},
        {"users.1002.devices.1002-new"},
    ]
    kept = "".join(str(row) for row in company.conn.execute("SELECT * FROM history_changes"))
    assert "hunter" not in kept
    assert "secret" not in kept


def test_no_way_round_a_writer_is_a_way_round_the_rights(company, company_rules):
    before = numbers(company)
    for statement in (
        "UPDATE presence SET status = 'dnd' WHERE extension = '1001'",
        "UPDATE users SET name = 'Boss' WHERE extension = '1002'",
        "DELETE FROM team_members WHERE extension = '1002'",
        "UPDATE devices SET user_configurable = 0 WHERE name = '1002-desk'",
        "DELETE FROM extensions WHERE extension = '1009'",
        "UPDATE domains SET max_redirects = 9",
    ):
        with pytest.raises(NotPermitted, match="user 1002 may not change"):
            _execute(company, statement, acting("1002"))
    assert read_rules(company, DOMAIN) == company_rules
    assert numbers(company) == before
    _execute(company, "UPDATE presence SET status = 'dnd' WHERE extension = '1002'", acting("1002"))
    assert last(company).by == acting("1002")


def _execute(db, statement, by=None):
    with write(db, by):
        db.conn.execute(statement)


def test_a_mark_of_the_user_is_kept_with_his_row(company):
    follow_me.set_rows(
        company, DOMAIN, "1001", "1001-desk", {"delay": 5}, origins=["team"], by=acting("1001")
    )
    row = "users.1001.follow_me.1001-desk.team"
    assert paths(last(company)) == {f"{row}.delay": (None, 5), f"{row}.user_set": (None, True)}


def test_rows_that_make_no_sense_are_said_to_be_so(company):
    with write(company):
        company.conn.execute("UPDATE presence SET until = 1e17 WHERE extension = '1008'")
    [edit] = last(company).edits
    assert edit.full_path == ("users", "1008")
    assert edit.after == "unreadable"
    assert edit.before["name"]


WRITER = """
import sys
from esl_router.model.actor import Actor
from esl_router.store import admin, presence
from esl_router.store.database import open_store
path, extension = sys.argv[1:]
db = open_store(path)
print("ready", flush=True)
sys.stdin.readline()
for turn in range(20):
    admin.set_user(db, "pbx.test", "1002", {"name": f"{extension} {turn}"})
    presence.set_busy_on_busy(db, "pbx.test", extension, turn + 2, by=Actor.user(extension))
"""


def test_two_processes_that_write_at_once_have_their_entries_one_after_the_other(company, path):
    """What one finds before him is what the other has left, and each change is somebody's."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), extension],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for extension in ("1003", "1005")
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    found = entries(company, 1000)[1:]
    assert len(found) == 80
    names = [e for entry in found for e in entry.edits if e.full_path == ("users", "1002", "name")]
    assert len(names) == 40
    assert [each.before for each in names[1:]] == [each.after for each in names[:-1]]
    for entry in found:
        if entry.by.kind is Kind.USER:
            assert {edit.object for edit in entry.edits} == {entry.by.name}
