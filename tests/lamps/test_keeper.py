"""The lamps are kept right: what is asked, what is told, and what is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import gevent
import pytest
from gevent.event import Event as Flag

from esl_router.lamps import keeper as keepers
from esl_router.lamps.keeper import Keeper
from esl_router.model.live import UNKNOWN, CallState, Channel, Live
from esl_router.store import presence, rules_file, team_admin
from esl_router.store.database import open_store
from esl_router.store.reader import Store
from esl_router.store.rules_import import import_rules
from esl_router.store.subscriptions import Subscriptions
from esl_router.store.watch import StoreWatch
from tests.company import DOMAIN, registered
from tests.lamps.samples import probe
from tests.store.conftest import COMPANY

RULES = rules_file.load(COMPANY.read_text())
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def until(condition):
    with gevent.Timeout(5):
        while not condition():
            Flag().wait(0.002)


def settle():
    """Let everybody else run for a while in which nothing is to happen."""
    Flag().wait(0.05)


class Link:
    """One switch, as a link has it: what it knows, and what it was told."""

    def __init__(self, address="fs:8021"):
        self.address = address
        self.linked = True
        self.live = registered("1001-desk", "1002-desk")
        self.told = []

    def view(self, now):
        return self.live if self.linked else UNKNOWN

    def send(self, order):
        headers = dict(line.split(": ", 1) for line in order.decode().splitlines()[1:] if line)
        if self.linked:
            self.told.append((headers["call-id"], headers["answer-state"]))
        return self.linked

    def lamp(self, call_id="a@1"):
        """Everything that one subscription was told."""
        return [state for each, state in self.told if each == call_id]


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, seconds in {"EVERY": 0.01, "LINES": 0.01, "BEHIND": 0.01, "GATHER": 0.01}.items():
        monkeypatch.setattr(keepers, name, seconds)


@pytest.fixture
def db(tmp_path):
    made = open_store(tmp_path / "rules.db", create=True)
    import_rules(made, RULES)
    yield made
    made.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def started(db, tmp_path, clock):
    made = []

    def start(*links):
        path = tmp_path / "rules.db"
        store = Store(path)
        keeper = Keeper(store, Subscriptions(path), StoreWatch(path), clock)
        made.append((keeper, store))
        keeper.start()
        for link in links:
            keeper.joined(link)
        return keeper

    yield start
    for keeper, store in made:
        keeper.stop()
        store.close()


@pytest.fixture
def link():
    return Link()


@pytest.fixture
def keeper(started, link):
    return started(link)


def watch(keeper, link, watched="*31", call_id="a@1", account="1001-desk", **headers):
    sent = {"to": f"code+{watched}@{DOMAIN}", "from": f"{account}@{DOMAIN}"}
    keeper.take(link, probe(**{**sent, "sub-call-id": call_id, **headers}))


def set_status(db, status, user="1001", until=None):
    presence.set_presence(db, DOMAIN, user, status, until=until, now=NOW)


def test_a_subscription_is_answered_and_every_change_is_told_once(keeper, link, db):
    watch(keeper, link)
    until(lambda: link.lamp() == ["terminated"])
    set_status(db, "away")
    until(lambda: link.lamp() == ["terminated", "confirmed"])
    team_admin.log(db, DOMAIN, "1001", "2000", logged_in=True)
    set_status(db, "dnd", user="1002")
    settle()
    assert len(link.told) == 2, "that was nothing of his"
    set_status(db, "available")
    until(lambda: link.lamp() == ["terminated", "confirmed", "terminated"])


def test_a_renewal_is_answered_again(keeper, link):
    watch(keeper, link)
    until(lambda: link.told)
    watch(keeper, link)
    until(lambda: link.lamp() == ["terminated", "terminated"])


def test_who_ends_it_or_lets_it_expire_is_told_nothing_more(keeper, link, db, clock):
    watch(keeper, link)
    watch(keeper, link, call_id="b@1", expires="60")
    watch(keeper, link, call_id="c@1")
    until(lambda: len(link.told) == 3)
    watch(keeper, link, expires="0")
    clock.now = NOW + timedelta(seconds=60)
    set_status(db, "away")
    until(lambda: link.lamp("c@1") == ["terminated", "confirmed"])
    assert link.lamp() == link.lamp("b@1") == ["terminated"]


def test_a_temporary_status_ends_without_a_word_from_the_store(keeper, link, db, clock):
    set_status(db, "away", until=NOW + timedelta(minutes=2))
    watch(keeper, link)
    until(lambda: link.lamp() == ["confirmed"])
    clock.now = NOW + timedelta(minutes=2)
    until(lambda: link.lamp() == ["confirmed", "terminated"])


@pytest.mark.parametrize(
    "headers",
    [
        {"watched": "*63"}, {"watched": "*99"}, {"watched": "1099@x"}, {"watched": "1001-desk"},
    ],
)  # fmt: skip
def test_what_has_no_lamp_is_not_answered(keeper, link, headers):
    watch(keeper, link, **headers)
    watch(keeper, link, call_id="witness@1")
    until(lambda: link.lamp("witness@1"))
    assert link.lamp() == []


def test_a_colleague_of_another_company_is_a_stranger(keeper, link, db):
    import_rules(db, rules_file.load("domain: other.test\n"))
    stranger = {"to": f"code+*31@{DOMAIN}", "from": "1001-desk@other.test"}
    keeper.take(link, probe(**stranger, **{"sub-call-id": "a@1"}))
    by_address = {"to": f"code+*31@{DOMAIN}", "from": "1001-desk@192.0.2.1"}
    keeper.take(link, probe(**by_address, **{"sub-call-id": "b@1"}))
    until(lambda: link.lamp("b@1"))
    assert link.lamp() == []


def ringing(state=CallState.RINGING):
    leg = Channel("u-1", f"1002-desk@{DOMAIN}", False, state)
    return Live(True, 0.0, registered("1002-desk").registrations, {"u-1": leg})


def test_a_line_is_looked_at_when_something_moves(keeper, link):
    watch(keeper, link, "1002", proto="sip", to=f"1002@{DOMAIN}")
    until(lambda: link.lamp() == ["terminated"])
    for state, shown in ((CallState.RINGING, "early"), (CallState.ACTIVE, "confirmed")):
        link.live = ringing(state)
        keeper.moved(link)
        until(lambda shown=shown: link.lamp()[-1] == shown)
    assert link.lamp() == ["terminated", "early", "confirmed"]


def test_where_the_switch_has_darkened_all_of_them_all_are_told_again(keeper, link):
    plain = {"proto": "sip", "to": f"*30@{DOMAIN}"}
    for call_id, account in (("a@1", "1001-desk"), ("b@1", "1002-desk")):
        watch(keeper, link, call_id=call_id, account=account, **plain, **{"probe-type": "dialog"})
    until(lambda: len(link.told) == 2)
    presence_event = {"proto-specific-event-name": None}
    watch(keeper, link, call_id="c@1", account="1003-desk", **plain, **presence_event)
    until(lambda: link.lamp() == link.lamp("b@1") == ["confirmed", "confirmed"])
    assert link.lamp("c@1") == ["confirmed"]


def test_after_a_gap_everything_is_told_again(keeper, link, db):
    watch(keeper, link)
    until(lambda: link.told)
    link.linked = False
    set_status(db, "away")
    settle()
    assert link.lamp() == ["terminated"]
    link.linked = True
    keeper.joined(link)
    until(lambda: link.lamp() == ["terminated", "confirmed"])


def test_the_next_router_knows_what_is_watched(started, link, db):
    first = started(link)
    watch(first, link)
    watch(first, link, call_id="b@1")
    until(lambda: len(Subscriptions(first._memory._path).load(0)) == 2)
    watch(first, link, call_id="b@1", expires="0")
    until(lambda: len(Subscriptions(first._memory._path).load(0)) == 1)
    first.stop()
    set_status(db, "away")
    other = Link()
    started(other)
    until(lambda: other.told == [("a@1", "confirmed")])


def test_what_was_just_said_is_kept_when_the_router_is_stopped(started, link, monkeypatch):
    monkeypatch.setattr(keepers, "GATHER", 60.0)
    keeper = started(link)
    watch(keeper, link)
    until(lambda: link.told)
    keeper.stop()
    assert [row[0] for row in Subscriptions(keeper._memory._path).load(0)] == ["a@1"]


def test_another_switch_is_told_of_its_own_phones_alone(started):
    one, two = Link("one:8021"), Link("two:8021")
    keeper = started(one, two)
    watch(keeper, one)
    watch(keeper, two, call_id="b@1")
    until(lambda: one.told and two.told)
    assert (one.told, two.told) == ([("a@1", "terminated")], [("b@1", "terminated")])


def test_while_nobody_watches_nothing_is_asked(started, link, monkeypatch):
    keeper = started(link)
    settle()
    asked = []
    monkeypatch.setattr(StoreWatch, "changed", lambda self: asked.append(1))
    keeper.moved(link)
    settle()
    assert asked == []


def test_a_store_that_cannot_be_read_leaves_the_lamps_as_they_are(keeper, link, db, caplog):
    watch(keeper, link)
    until(lambda: link.told)
    db.conn.execute("ALTER TABLE presence RENAME TO gone")
    until(lambda: "lamps stay as they are" in caplog.text)
    watch(keeper, link, call_id="b@1")
    settle()
    assert len(link.told) == 1
    db.conn.execute("ALTER TABLE gone RENAME TO presence")
    set_status(db, "away")
    until(lambda: link.lamp()[-1:] == link.lamp("b@1")[-1:] == ["confirmed"])
    assert caplog.text.count("lamps stay as they are") == 1
