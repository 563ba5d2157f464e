"""Noticing that somebody has written to the store."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from esl_router.store.database import open_store, write
from esl_router.store.watch import StoreWatch
from tests.store.replacing import put_in_its_place


@pytest.fixture
def watch(db, path):
    made = StoreWatch(path)
    assert made.changed(), "nobody has looked yet"
    yield made
    made.close()


INSERT = "INSERT INTO subscriptions VALUES (?, 'pbx.test', '1001-desk', '*30', 'code', 1.0, 'fs')"


def test_a_write_is_noticed_once(db, watch):
    assert not watch.changed()
    with write(db):
        db.conn.execute(INSERT, ("a@1",))
    assert watch.changed()
    assert not watch.changed()


def test_another_process_s_write_is_noticed_and_reading_is_not(db, path, watch):
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT count(*) FROM domains").fetchone()
        assert not watch.changed()
        other.execute(INSERT, ("b@1",))
        assert not watch.changed(), "it is not written yet"
        other.commit()
    assert watch.changed()


def test_a_store_put_in_its_place_is_noticed(db, path, watch, tmp_path):
    with write(db):
        db.conn.execute(INSERT, ("a@1",))
    assert watch.changed()
    put_in_its_place(path, tmp_path)
    assert watch.changed()
    assert not watch.changed()
    with closing(open_store(path)) as other:
        assert other.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert other.conn.execute("SELECT count(*) FROM subscriptions").fetchone() == (0,)


def test_without_a_store_nothing_changes_until_there_is_one(tmp_path):
    path = tmp_path / "later.db"
    watch = StoreWatch(path)
    assert not watch.changed()
    open_store(path, create=True).close()
    assert watch.changed()
    path.unlink()
    assert not watch.changed()
    watch.close()
