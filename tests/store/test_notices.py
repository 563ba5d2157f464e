"""What waits for the hook of a domain."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from esl_router.model.people import Hook
from esl_router.store import notices, rules_file
from esl_router.store.call_log import Attempt, Entry, Leg
from esl_router.store.database import write_state
from esl_router.store.reader import Store
from esl_router.store.rules_import import export_rules, import_rules
from tests.store.test_reader import DOMAIN

RULES = """
domain: pbx.test
settings: {notify: {command: [/opt/tell, "$(id)"], timeout: 3}}
users: {"1001": {name: Anna Adler}}
"""
ENTRY = Entry(
    uuid="3f2b9c1d-0000-4000-8000-000000000001",
    started=1_800_000_000.0,
    ended=1_800_000_012.0,
    dialled="+493012345101",
    result="voicemail",
    domain=DOMAIN,
    caller_number="+4930765432",
    caller_name='"x"\ud800\n$(id)',
    callee="1001",
    missed="no_answer",
    mailbox="1001",
    attempts=(
        Attempt(
            "ring",
            1_800_000_000.1,
            (
                Leg("1001-desk", "no_answer", "ALLOTTED_TIMEOUT", 1_800_000_000.2),
                Leg("1001-soft", "unregistered"),
                Leg("1001-mobile", "elsewhere", "LOSE_RACE", 1_800_000_001.0),
                Leg("1001-home", "declined"),
            ),
        ),
        Attempt("ring", 1_800_000_009.0, (Leg("1001-desk", "no_answer"),)),
    ),
)


@pytest.fixture
def told(db):
    import_rules(db, rules_file.load(RULES))
    return db


def queue(db, *entries):
    with write_state(db):
        for entry in entries:
            notices.queue(db.conn, entry)


def bodies(db):
    return [json.loads(body) for (body,) in db.conn.execute("SELECT body FROM notices ORDER BY id")]


def test_a_missed_call():
    assert notices.missed_call(ENTRY) == {
        "event": "missed_call",
        "domain": DOMAIN,
        "callee": "1001",
        "dialled": "+493012345101",
        "reason": "no_answer",
        "caller": {"number": "+4930765432", "name": '"x"?\n$(id)', "anonymous": False},
        "at": "2027-01-15T08:00:00+00:00",
        "call": ENTRY.uuid,
        "rung": ["1001-desk", "1001-mobile", "1001-home"],
        "mailbox": "1001",
        "message": None,
    }


def test_a_message_is_an_event_of_its_own(told):
    queue(told, replace(ENTRY, message=7, caller_number="", caller_name=""))
    missed, message = bodies(told)
    assert (missed["event"], missed["message"]) == ("missed_call", 7)
    assert (message["event"], message["mailbox"], message["message"]) == ("voicemail", "1001", 7)
    assert message["caller"] == {"number": None, "name": None, "anonymous": True}


def test_whoever_has_a_name_and_no_number_withholds_nothing():
    told = notices.missed_call(replace(ENTRY, caller_number="", caller_name="Muster"))
    assert told["caller"] == {"number": None, "name": "Muster", "anonymous": False}


def test_what_nobody_is_to_be_told_is_not_kept(told):
    queue(told, replace(ENTRY, missed=None), replace(ENTRY, domain="else.test"))
    told.conn.execute("UPDATE domains SET notify = NULL")
    queue(told, ENTRY)
    assert bodies(told) == []
    assert notices.waiting(told) == []


def test_one_that_was_refused_comes_after_the_others(told):
    queue(told, ENTRY, replace(ENTRY, uuid="b"))
    first = notices.first(told, DOMAIN)
    notices.refused(told, first)
    second = notices.first(told, DOMAIN)
    assert (json.loads(second.body)["call"], second.tried) == ("b", 0)
    notices.told(told, second)
    again = notices.first(told, DOMAIN)
    assert (again.id, again.tried, again.at) == (first.id, 1, ENTRY.ended)
    assert notices.waiting(told) == [DOMAIN]
    notices.drop(told, DOMAIN)
    assert notices.first(told, DOMAIN) is None


def test_so_many_wait_and_no_more(told, monkeypatch):
    monkeypatch.setattr(notices, "MOST", 3)
    queue(told, *(replace(ENTRY, uuid=str(number)) for number in range(10)))
    assert [each["call"] for each in bodies(told)] == ["7", "8", "9"]


def test_an_import_loses_nothing_that_waits(told):
    queue(told, ENTRY)
    import_rules(told, rules_file.load(RULES.replace("Anna", "Anne")))
    assert len(bodies(told)) == 1


def test_whom_a_domain_tells(told):
    hook = Hook(command=("/opt/tell", "$(id)"), timeout=3)
    assert notices.hook_of(told, DOMAIN) == hook
    assert notices.hook_of(told, "else.test") is None
    text = export_rules(told, DOMAIN)
    assert not import_rules(told, rules_file.load(text), state=True)
    told.conn.execute("UPDATE domains SET notify = '[]'")
    with pytest.raises(ValueError, match=r"settings\.notify of pbx\.test is unreadable"):
        notices.hook_of(told, DOMAIN)


def test_a_decision_does_not_read_it(told, path):
    told.conn.execute("UPDATE domains SET notify = '[]'")
    store = Store(path)
    with store.read() as rules:
        assert rules.settings(DOMAIN) is not None
        assert rules.problems == ()
    store.close()


@pytest.mark.parametrize(
    ("notify", "problem"),
    [
        ("{timeout: 3}", "settings.notify: needs a command or a url, and not both"),
        ("{url: 'ftp://x'}", "settings.notify.url: must be an address like https://hook."),
        ("{command: [x], wait: 3}", "settings.notify.wait: "),
        ("{command: [x], timeout: 0}", "settings.notify.timeout: must be 1 to 60 seconds, not 0"),
    ],
)
def test_what_is_wrong(notify, problem):
    with pytest.raises(rules_file.RulesFileError) as raised:
        rules_file.load(f"domain: pbx.test\nsettings: {{notify: {notify}}}")
    assert any(each.startswith(problem) for each in raised.value.problems), raised.value.problems
