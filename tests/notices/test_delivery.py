"""Telling hooks: what is told when, and what becomes of a hook that fails."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from esl_router.notices.delivery import KEPT, LONGEST_PAUSE, PAUSE, TRIES, Delivery
from esl_router.store import notices, rules_file
from esl_router.store.database import open_store, write_state
from esl_router.store.rules_import import import_rules
from tests.store.test_notices import ENTRY, RULES

NOW = ENTRY.ended + 1


class Hooked:
    """A hook that keeps what it is told, and refuses what it is to refuse."""

    def __init__(self):
        self.told = []
        self.refuses = set()

    def __call__(self, hook, data):
        call = json.loads(data)["call"]
        if {call, "all"} & self.refuses:
            return "no mail today."
        self.told.append((hook.command[0], call))
        return ""

    @property
    def calls(self):
        return [call for _, call in self.told]


@pytest.fixture
def db(tmp_path):
    store = open_store(tmp_path / "rules.db", create=True)
    import_rules(store, rules_file.load(RULES))
    yield store
    store.close()


@pytest.fixture
def hook():
    return Hooked()


def queue(db, *calls, domain="pbx.test"):
    with write_state(db):
        for call in calls:
            notices.queue(db.conn, replace(ENTRY, uuid=call, domain=domain))


def test_everything_is_told_once_and_in_its_order(db, hook):
    delivery = Delivery(db, hook)
    queue(db, "a", "b")
    delivery.round(NOW)
    delivery.round(NOW)
    assert hook.told == [("/opt/tell", "a"), ("/opt/tell", "b")]


def test_a_dead_hook_is_warned_of_once_and_asked_more_and_more_rarely(db, hook, caplog):
    delivery = Delivery(db, hook)
    queue(db, "a")
    hook.refuses = {"all"}
    delivery.round(NOW)
    delivery.round(NOW + PAUSE - 1)
    assert notices.first(db, "pbx.test").tried == 1
    delivery.round(NOW + PAUSE)
    delivery.round(NOW + 3 * PAUSE - 1)
    assert notices.first(db, "pbx.test").tried == 2
    hook.refuses = set()
    delivery.round(NOW + 3 * PAUSE)
    assert hook.calls == ["a"]
    assert [record.getMessage() for record in caplog.records] == [
        "the hook of pbx.test is told of calls later: no mail today.",
        "the hook of pbx.test is told of calls again",
    ]


def test_what_it_never_takes_holds_up_nothing_else(db, hook):
    delivery = Delivery(db, hook)
    queue(db, "bad", "a", "b")
    hook.refuses = {"bad"}
    now = NOW
    for _ in range(TRIES):
        delivery.round(now)
        now += LONGEST_PAUSE
    assert hook.calls == ["a", "b"]
    assert notices.waiting(db) == []


def test_what_is_old_is_given_up(db, hook):
    queue(db, "a")
    hook.refuses = {"all"}
    Delivery(db, hook).round(ENTRY.ended + KEPT + 1)
    assert notices.waiting(db) == []


def test_another_domain_is_told_all_the_same(db, hook):
    other = RULES.replace("pbx.test", "else.test").replace("/opt/tell", "/opt/else")
    import_rules(db, rules_file.load(other))
    delivery = Delivery(db, hook)
    queue(db, "a")
    queue(db, "b", domain="else.test")
    hook.refuses = {"a"}
    delivery.round(NOW)
    assert hook.told == [("/opt/else", "b")]


def test_a_hook_that_is_gone_is_told_nothing(db, hook):
    queue(db, "a")
    db.conn.execute("UPDATE domains SET notify = NULL")
    Delivery(db, hook).round(NOW)
    assert (hook.told, notices.waiting(db)) == ([], [])


def test_one_that_cannot_be_read_waits_until_it_can(db, hook, caplog):
    delivery = Delivery(db, hook)
    queue(db, "a")
    (before,) = db.conn.execute("SELECT notify FROM domains").fetchone()
    db.conn.execute("UPDATE domains SET notify = '[]'")
    delivery.round(NOW)
    db.conn.execute("UPDATE domains SET notify = ?", (before,))
    delivery.round(NOW + PAUSE)
    assert hook.calls == ["a"]
    assert "settings.notify of pbx.test is unreadable" in caplog.text
