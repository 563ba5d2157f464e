"""Journal entries: written by a thread, kept while the store cannot be written, never raising."""

import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest

from esl_router.model.trace import Entry as TraceEntry
from esl_router.store.database import open_store, write
from esl_router.store.journal import Attempt, Entry, Journal, Leg, call, calls, purge
from esl_router.store.rules_import import import_rules
from tests.store.replacing import put_in_its_place

ENTRY = Entry(
    uuid="8d4bfe1c-1f0e-4f5c-9f57-2d6a2b1f0c11",
    started=1767607200.0,
    ended=1767607230.5,
    dialled="+493012345101",
    result="answered",
    domain="pbx.test",
    caller_number="+49307654321",
    caller_name="Muster GmbH",
    on_behalf="1007",
    callee="1001",
    origin="external",
    answered_by="1001-desk",
    answered_at=1767607204.0,
    attempts=(
        Attempt(
            "ring",
            1767607200.1,
            (
                Leg("1001-desk", "answered", "NORMAL_CLEARING", 1767607200.1, 1767607204.0),
                Leg("1001-mobile", "elsewhere"),
            ),
        ),
        Attempt("voicemail", 1767607220.0),
    ),
    trace=(TraceEntry("identify", True, "a call from outside"),),
    problems=("users.1001.devices.x.number: no number",),
)


def entries(db):
    return [entry for _, entry in calls(db)]


def test_what_is_recorded_is_read_again(company, path):
    journal = Journal(path)
    journal.record(ENTRY)
    journal.close()
    assert entries(company) == [ENTRY]
    assert journal.dropped == 0


def test_a_journal_that_never_had_a_call_starts_nothing(path):
    journal = Journal(path)
    journal.close()
    assert not path.exists()


def test_many_calls_are_few_transactions(company, path):
    journal = Journal(path, gather=60)
    with write(company):  # nothing is written before all of them wait
        for number in range(1200):
            journal.record(replace(ENTRY, uuid=f"{number:08}"))
    journal.close(timeout=20)
    assert company.conn.execute("SELECT count(*) FROM journal_calls").fetchone() == (1200,)
    assert [entry.uuid for entry in entries(company)][-1] == "00001199"


def test_a_locked_store_is_tried_again_with_one_warning(company, path, caplog):
    journal = Journal(path, gather=0, retry=0.01, lock_timeout=0.01)
    company.conn.execute("BEGIN IMMEDIATE")
    journal.record(ENTRY)
    _until(lambda: journal._failing)
    company.conn.execute("ROLLBACK")
    _until(lambda: not journal._failing)
    journal.close()
    assert entries(company) == [ENTRY]
    assert [record.getMessage() for record in caplog.records] == [
        "calls are not recorded for now: the rule store cannot be written: database is locked",
        "calls are recorded again; 0 were lost so far",
    ]


def test_what_does_not_fit_is_counted_and_never_raises(company, path, caplog):
    journal = Journal(path, size=3, gather=0, retry=0.01, lock_timeout=0.01)
    company.conn.execute("BEGIN IMMEDIATE")
    journal.record(ENTRY)
    _until(lambda: journal._failing)  # it holds one, three more wait
    for _ in range(10):
        journal.record(ENTRY)
    assert journal.dropped == 7
    company.conn.execute("ROLLBACK")
    journal.close()
    assert len(entries(company)) == 4
    assert len([r for r in caplog.records if "cannot keep up" in r.getMessage()]) == 1


def test_a_store_that_is_not_there_costs_the_entries_alone(path, caplog):
    journal = Journal(path, gather=0, retry=0.01)
    journal.record(ENTRY)
    journal.close()
    assert journal.dropped == 1
    assert "there is no rule store" in caplog.records[0].getMessage()


def test_a_store_that_was_replaced_has_the_calls_from_then_on(company, path, tmp_path):
    journal = Journal(path, gather=0)
    journal.record(ENTRY)
    _until(lambda: entries(company) == [ENTRY])
    put_in_its_place(path, tmp_path)
    journal.record(replace(ENTRY, uuid="later"))
    journal.close()
    assert len(entries(company)) == 1, "the old store was written to"
    with closing(open_store(path)) as db:
        assert [entry.uuid for entry in entries(db)] == ["later"]
        assert db.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_entry_that_cannot_be_written_does_not_take_the_others_along(company, path, caplog):
    journal = Journal(path, gather=60)
    journal.record(ENTRY)
    journal.record(replace(ENTRY, code=object()))
    journal.record(replace(ENTRY, caller_name="half a pair: \ud83d", uuid="x" * 36))
    journal.close()
    assert [entry.caller_name for entry in entries(company)] == ["Muster GmbH", "half a pair: ?"]
    assert journal.dropped == 1
    assert "cannot keep a call" in caplog.text


FULL = """
import resource, signal, sys
from esl_router.store.journal import Entry, Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
journal = Journal(sys.argv[1], gather=0, retry=0.01)
for number in range(50):
    journal.record(Entry(f"{number:08}", 0.0, 1.0, "x" * 5000, "busy"))
journal.close()
print("went on", journal.dropped > 0)
"""


def test_a_full_disk_stops_the_journal_and_nothing_else(company, path):
    """A limit on the size of a file answers a write as a full disk does."""
    size = os.stat(path).st_size
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(max(size, os.stat(f"{path}-wal").st_size))],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == "went on True\n", done.stderr
    assert company.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _until(condition):
    """Waits for the journal's thread; the test's time limit ends it."""
    while not condition():
        os.sched_yield()


@pytest.fixture
def recorded(company, path):
    journal = Journal(path)
    journal.record(ENTRY)
    journal.record(replace(ENTRY, uuid="9" * 36, callee="1002", started=2e9, ended=2e9))
    journal.record(replace(ENTRY, uuid="7" * 36, callee="1003", caller_account="1001-desk"))
    journal.record(replace(ENTRY, result="busy"))
    journal.record(replace(ENTRY, uuid="6" * 36, domain="other.test"))
    journal.close()
    return company


def test_the_last_calls_oldest_first(recorded):
    assert [entry.callee for entry in entries(recorded)] == ["1001", "1002", "1003", "1001", "1001"]
    numbers = [number for number, _ in calls(recorded, 2)]
    assert numbers == [4, 5]
    assert [number for number, _ in calls(recorded, after=3)] == [4, 5]
    assert len(calls(recorded, domain="other.test")) == 1


def test_the_calls_of_a_user_to_him_and_from_him(recorded):
    found = [number for number, _ in calls(recorded, user="1001", domain="pbx.test")]
    assert found == [1, 3, 4]


def test_a_call_from_a_workplace_stays_its_users(company, path):
    there = replace(ENTRY, callee="1003", caller_account="desk-reception", caller_number="1002")
    journal = Journal(path)
    journal.record(there)
    journal.record(replace(there, caller_number="desk-reception"))  # nobody was there
    journal.record(replace(there, caller_account=None))  # somebody outside claims the number
    journal.close()
    with write(company):
        company.conn.execute("UPDATE workplace_logins SET extension = '1004'")
    assert [number for number, _ in calls(company, user="1002")] == [1]
    assert calls(company, user="1004") == []


def test_one_call_by_its_channel(recorded):
    assert [entry.result for entry in call(recorded, ENTRY.uuid)] == ["answered", "busy"]
    assert [entry.callee for entry in call(recorded, "99999999")] == ["1002"]
    assert call(recorded, "9") == []
    assert call(recorded, "8d4bfe1d") == []


def test_forgetting_old_calls_takes_their_legs_along(recorded):
    assert purge(recorded, 1.9e9) == 4
    assert [entry.callee for entry in entries(recorded)] == ["1002"]
    assert recorded.conn.execute("SELECT count(*) FROM journal_legs").fetchone() == (2,)


def test_an_import_leaves_the_journal_alone(recorded, company_rules):
    rules = {**company_rules, "users": {}, "teams": {}, "executives": {}}
    import_rules(recorded, rules)
    assert len(calls(recorded)) == 5


def test_two_journals_write_at_once(company, path):
    journals = [Journal(path, gather=0) for _ in range(2)]
    for number in range(50):
        for journal in journals:
            journal.record(replace(ENTRY, uuid=f"{number:08}"))
    for journal in journals:
        journal.close(20)
    assert company.conn.execute("SELECT count(*) FROM journal_calls").fetchone() == (100,)
    reopened = open_store(path)
    assert reopened.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    reopened.close()
