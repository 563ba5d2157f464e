import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest

from esl_router.errors import StoreError, StoreMissing, StoreTooNew
from esl_router.store.database import copy_store, open_store, write

SETTINGS = {
    "country": "DE",
    "timezone": "Europe/Berlin",
    "ring_cycle": 5,
    "trunk": "sofia/gateway/trunk/{number}",
    "caller_id_out": "caller",
    "max_redirects": 5,
}


def test_no_store_says_how_to_make_one(path):
    with pytest.raises(StoreMissing, match=r"esl-router --db .* init"):
        open_store(path)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match="cannot be created"):
        open_store(tmp_path / "none" / "rules.db", create=True)


def test_a_new_store_is_for_its_owner_alone(db, path):
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(f"{path}-wal").st_mode) == 0o600


def test_creating_twice_keeps_what_is_there(company, path):
    with closing(open_store(path, create=True).conn) as conn:
        assert conn.execute("SELECT count(*) FROM users").fetchone() == (10,)


def test_a_copy_is_the_store_of_this_instant_and_for_its_owner_alone(company, path, tmp_path):
    copy = tmp_path / "copy.db"
    copy_store(path, copy)
    assert stat.S_IMODE(os.stat(copy).st_mode) == 0o600
    with write(company):
        company.conn.execute("DELETE FROM users")
    with closing(open_store(copy).conn) as conn:
        assert conn.execute("SELECT count(*) FROM users").fetchone() == (10,)


def test_a_copy_that_has_no_place_is_an_error(company, path, tmp_path):
    with pytest.raises(StoreError, match="cannot be created"):
        copy_store(path, tmp_path / "none" / "copy.db")


def test_how_a_store_is_opened(db):
    assert db.journal_mode == "wal"
    assert db.conn.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert db.conn.isolation_level is None


NOT_OURS = {"_sqlite_migrations", "sqlite_sequence"}


def test_every_table_is_strict(db):
    loose = [t.name for t in db.tables if not t.strict and t.name not in NOT_OURS]
    assert loose == []


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 99]
)
def test_a_file_that_is_no_database(path, content):
    path.write_bytes(content)
    with pytest.raises(StoreError, match="cannot be read as a rule store"):
        open_store(path)


def test_an_empty_file_is_no_store_until_init(path):
    path.touch()
    with pytest.raises(StoreError, match=r"is empty.* init"):
        open_store(path)
    with closing(open_store(path, create=True).conn) as conn:
        assert conn.execute("SELECT count(*) FROM users").fetchone() == (0,)


@pytest.mark.parametrize("create", [True, False])
def test_somebody_elses_database_is_left_alone(path, create):
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreError, match="not a rule store"):
        open_store(path, create=create)
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_store_of_a_newer_version(db, path):
    db["_sqlite_migrations"].insert(
        {"migration_set": "esl_router", "name": "m999_later", "applied_at": "later"}
    )
    with pytest.raises(StoreTooNew, match="newer version"):
        open_store(path)


def test_a_readonly_store_cannot_be_written(db, path):
    with closing(open_store(path, readonly=True).conn) as conn, pytest.raises(sqlite3.Error):
        conn.execute("DELETE FROM users")


def test_a_write_is_all_or_nothing(db):
    twice = [{"domain": "pbx.test", **SETTINGS}] * 2
    with pytest.raises(sqlite3.IntegrityError), write(db):
        db["domains"].insert_all(twice)
    assert db["domains"].count == 0
    with write(db):
        db["domains"].insert({"domain": "pbx.test", **SETTINGS})
    assert db["domains"].count == 1


def test_a_writer_that_waits_too_long_says_so(db, path):
    with closing(open_store(path, timeout=0.01).conn):
        other = open_store(path, timeout=0.01)
        with (
            write(db),
            pytest.raises(StoreError, match=r"cannot be written: .*locked"),
            write(other),
        ):
            pass
        other.close()


def test_a_full_store_is_a_store_error(db):
    pages = db.conn.execute("PRAGMA page_count").fetchone()[0]
    db.conn.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="full"), write(db):
        db["domains"].insert_all(
            {"domain": f"{n}.test", **SETTINGS, "timezone": "x" * 1000} for n in range(100)
        )
    assert db["domains"].count == 0
    assert not db.conn.in_transaction


WRITER = """
import sys
from esl_router.store.database import copy_store, open_store, write
path, name = sys.argv[1:]
db = open_store(path, create=True)
print("ready", flush=True)
sys.stdin.readline()
for turn in range(100):
    with write(db):
        # Reads and then writes: without BEGIN IMMEDIATE this is "database is locked" at once.
        [(before,)] = db.conn.execute("SELECT count(*) FROM contacts WHERE domain = 'pbx.test'")
        db["contacts"].insert({"domain": "pbx.test", "position": before, "name": name})
"""


def test_two_processes_that_write_at_once_lose_nothing(db, path):
    with write(db):
        db["domains"].insert({"domain": "pbx.test", **SETTINGS})
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=30)
        assert writer.returncode == 0
    counted = dict(db.conn.execute("SELECT name, count(*) FROM contacts GROUP BY name"))
    assert counted == {"one": 100, "two": 100}


def test_two_processes_that_create_at_once(path):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), "x"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.kill()
        writer.communicate(timeout=30)
    with closing(open_store(path).conn) as conn:
        names = conn.execute("SELECT name FROM _sqlite_migrations ORDER BY name").fetchall()
    assert len(names) == len(set(names)) > 0
