"""Every released schema, with rows in it, becomes today's, and keeps its rows."""

import sqlite3
from contextlib import closing

import pytest
import sqlite_utils

from esl_router.model.codes import USUAL
from esl_router.model.people import Origin, Settings
from esl_router.model.presence import Status
from esl_router.store import rules_file
from esl_router.store.call_log import calls
from esl_router.store.database import open_store
from esl_router.store.migrations import MIGRATIONS, known_names
from esl_router.store.reader import Store
from esl_router.store.rules_import import export_rules
from tests.store.conftest import FIXTURES

RELEASED = sorted((FIXTURES / "schemas").glob("*.sql"))


def schema(db):
    rows = db.conn.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    return {(kind, name): " ".join((sql or "").split()) for kind, name, sql in rows}


def test_there_is_a_released_schema():
    assert [path.name for path in RELEASED][:1] == ["0001.sql"]


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
def test_a_released_schema_becomes_todays_and_keeps_its_rows(released, path, tmp_path):
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(released.read_text())
    old = open_store(path)
    new = open_store(tmp_path / "new.db", create=True)
    assert schema(old) == schema(new)
    assert old.conn.execute("PRAGMA foreign_key_check").fetchall() == []

    rules = rules_file.load(export_rules(old, "pbx.test"))
    assert len(rules["users"]) == 10
    [(_, call)] = calls(old)
    assert call.attempts[0].legs[0].device == "1001-desk"
    store = Store(path)
    with store.read() as reader:
        assert reader.user("pbx.test", "1001").numbers == ("+493012345101",)
        assert [row.delay for row in reader.follow_me("pbx.test", "1001", Origin.EXTERNAL)] == [
            0,
            10,
        ]
        assert reader.presence("pbx.test", "1008").afterwards is Status.AVAILABLE
        team_rows = reader.follow_me("pbx.test", "1001", Origin.TEAM)
        assert [row.own_ring for row in team_rows] == [False, False], "both had the usual ring time"
        calendar = reader.presence("pbx.test", "1001").calendar
        assert (calendar.status, str(calendar.forward)) == (Status.MEETING, "voicemail")
        hotline = reader.team("pbx.test", "2000")
        assert hotline.skip_if_busy
        assert (hotline.caller_prefix, hotline.members[0].began) == ("", 0)
        anna = reader.executive("pbx.test", "1001")
        assert [each.extension for each in anna.assistants] == ["1002", "1003"]
        assert all(not each.dialled and not each.unavailable for each in anna.criteria)
        settings = reader.settings("pbx.test")
        assert settings.alert_silent == Settings("pbx.test").alert_silent
        assert settings.codes == USUAL
        assert reader.problems == ()
    store.close()
    old.close()
    new.close()


@pytest.mark.parametrize("last", sorted(known_names()))
def test_a_store_that_stopped_halfway_is_completed(last, path, tmp_path):
    halfway = sqlite_utils.Database(sqlite3.connect(path), execute_plugins=False)
    MIGRATIONS.apply(halfway, stop_before=None if last == max(known_names()) else last)
    halfway.close()
    if last == min(known_names()):
        return  # nothing of ours is in it yet
    db = open_store(path)
    new = open_store(tmp_path / "new.db", create=True)
    assert schema(db) == schema(new)
    db.close()
    new.close()


def test_a_readonly_store_of_an_older_schema_says_what_to_do(path):
    halfway = sqlite_utils.Database(sqlite3.connect(path), execute_plugins=False)
    MIGRATIONS.apply(halfway, stop_before="m007_follow_me")
    halfway.close()
    with pytest.raises(Exception, match=r"older version.* init"):
        open_store(path, readonly=True)
