"""Taking a change back."""

from __future__ import annotations

import copy
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from esl_router.errors import ChangedSince, NotFound, NotPermitted, RouterError, RulesFileError
from esl_router.model.actor import Actor, Kind, Source
from esl_router.store import (
    admin,
    assistants,
    call_forward,
    executive_admin,
    follow_me,
    presence,
    rules_file,
    team_admin,
    workplaces,
)
from esl_router.store.database import open_store, write
from esl_router.store.document import read_rules
from esl_router.store.history import entries, entry
from esl_router.store.rules_import import import_rules
from esl_router.store.undo import undo
from tests.store.actors import acting
from tests.store.conftest import COMPANY

DOMAIN = "pbx.test"
NOW = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


def rules_of(db):
    return repr(read_rules(db, DOMAIN))


def last(db):
    return entries(db, 1)[0].number


def renamed(db, extension, name):
    admin.set_user(db, DOMAIN, extension, {"name": name})
    return last(db)


# -- any single change --------------------------------------------------------------------------
USERS = st.sampled_from(["1001", "1002", "1003", "1005", "1008", "1009"])
DEVICES = st.sampled_from(["1001-desk", "1001-mobile", "1002-desk", "1002-soft", "desk-reception"])
TEAMS = st.sampled_from(["2000", "2001"])
STATUSES = st.sampled_from(["available", "away", "dnd", "lunch", "business_trip", "meeting"])
TARGETS = st.sampled_from(["voicemail", "busy", "extension:1002", "external:+491711234567", None])
ORIGINS = st.lists(st.sampled_from(["internal", "external"]), min_size=1, unique=True)
PLACES = st.integers(1, 3)
WHO = st.sampled_from([None, "1001", "1002", "1005"])
SETTINGS = st.dictionaries(
    st.sampled_from(["decline", "voicemail", "timezone", "presence.revert", "name"]),
    st.sampled_from(["auto", "user", True, False, "Europe/Vienna", "previous", "available", None]),
    min_size=1,
)


def change(function, *strategies, **more):
    def run(db, draw):
        words = [draw(each) for each in strategies]
        named = {key: draw(each) for key, each in more.items()}
        function(db, DOMAIN, *words, **named)
        return function.__name__, words, named

    return run


def imported(db, draw):
    """A file with a change in each part that the draw picks."""
    rules = copy.deepcopy(read_rules(db, DOMAIN))
    parts = draw(st.sets(st.sampled_from(["settings", "statuses", "schedules", "contacts"])))
    if "settings" in parts:
        rules["settings"]["ring_cycle"] = draw(st.integers(1, 9))
    if "statuses" in parts:
        rules["statuses"] = {"away": "Weg", **rules["statuses"]}
    if "schedules" in parts:
        rules["schedules"]["night"] = copy.deepcopy(next(iter(rules["schedules"].values())))
        first = next(iter(rules["schedules"]))
        rules["schedules"][first]["closed"] = draw(st.lists(st.just("2026-12-24"), max_size=1))
    if "contacts" in parts:
        rules["contacts"] = draw(st.permutations(rules["contacts"] * 2))
    for section in ("users", "teams", "workplaces"):
        order = draw(st.permutations(list(rules[section])))
        rules[section] = {name: rules[section][name] for name in order}
    for user in rules["users"].values():
        user["name"] = draw(st.sampled_from([user["name"], "Somebody"]))
    import_rules(db, rules, state=True)
    return "import", parts, {}


CHANGES = [
    imported,
    change(admin.set_user, USERS, SETTINGS),
    change(admin.remove_user, USERS),
    change(admin.add_user, st.just("1050"), st.just({"name": "New", "numbers": ["+4930999"]})),
    change(
        admin.add_device,
        st.just("new.phone"),
        st.sampled_from([{}, {"number": "+491711234"}]),
        extension=USERS,
    ),
    change(admin.remove_device, DEVICES),
    change(workplaces.add_workplace, st.just("new"), st.just({"number": "77"})),
    change(workplaces.remove_workplace, st.just("reception")),
    change(workplaces.log_in, USERS, st.just("reception")),
    change(workplaces.log_out, st.just("reception")),
    change(admin.set_device, DEVICES, st.sampled_from([{"dnd": True}, {"dnd": False}])),
    change(
        presence.set_presence,
        USERS,
        STATUSES,
        until=st.sampled_from([None, NOW + timedelta(hours=1)]),
        now=st.just(NOW),
    ),
    change(presence.set_busy_on_busy, USERS, st.integers(0, 3)),
    change(
        presence.set_forward,
        USERS,
        STATUSES,
        ORIGINS,
        st.sampled_from(["always", "busy", "no_answer"]),
        TARGETS,
    ),
    change(call_forward.set_forward, USERS, ORIGINS, TARGETS.filter(bool), enabled=st.booleans()),
    change(call_forward.switch, USERS, ORIGINS, st.booleans()),
    change(call_forward.clear, USERS, ORIGINS),
    change(
        follow_me.set_rows,
        USERS,
        DEVICES,
        st.sampled_from([{"delay": 3}, {"enabled": False, "ring": 9}, {"enabled": True}]),
        by=WHO.map(acting),
    ),
    change(follow_me.generate, USERS, st.sampled_from(["parallel", "sequential"])),
    change(team_admin.add_member, TEAMS, USERS, place=PLACES),
    change(team_admin.set_member, TEAMS, USERS, delay=PLACES, place=PLACES),
    change(team_admin.remove_member, TEAMS, USERS),
    change(team_admin.log, USERS, TEAMS, st.booleans()),
    change(team_admin.add_team, st.just("2050"), st.just({"name": "New"})),
    change(team_admin.set_team, TEAMS, st.sampled_from([{"ring": 7}, {"members": []}])),
    change(team_admin.remove_team, TEAMS),
    change(executive_admin.add_executive, USERS, st.just({"rings": 5})),
    change(executive_admin.remove_executive, USERS),
    change(
        executive_admin.set_executive,
        USERS,
        st.sampled_from([{"rollover.after": 9}, {"rollover.after": None}, {"criteria": []}]),
    ),
    change(executive_admin.add_criterion, USERS, st.just("new one"), st.just({"active": False})),
    change(executive_admin.remove_criterion, USERS, st.sampled_from(["family", "closed days"])),
    change(assistants.add_assistant, USERS, USERS, place=PLACES),
    change(
        assistants.set_assistant,
        USERS,
        USERS,
        st.sampled_from([{}, {"rings": 7}]),
        place=st.sampled_from([None, 1, 2]),
    ),
    change(assistants.remove_assistant, USERS, USERS),
    change(assistants.log, USERS, USERS, st.booleans()),
    change(assistants.divert, USERS, USERS, st.sampled_from(["1005", None, "+491711234567"])),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One company for many changes: each is taken back."""
    db = open_store(tmp_path_factory.mktemp("undo") / "rules.db", create=True)
    import_rules(db, rules_file.load(COMPANY.read_text()))
    yield db
    db.close()


@pytest.mark.parametrize("changing", CHANGES)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_change_that_is_taken_back_was_never_made(store, changing, data):
    before, number = rules_of(store), last(store)
    try:
        words = changing(store, data.draw)
    except RouterError:
        assert last(store) == number
        assume(False)
    if last(store) == number:
        assert rules_of(store) == before
        assume(False)
    event(str(words[0]))
    made, renewed = undo(store, DOMAIN, last(store))
    assert made.undoes == made.number - 1
    after = rules_of(store)
    for account in renewed:
        password = admin.device(store, DOMAIN, account)["password"]
        assert len(password) == 20
        after = after.replace(password, "secret")
        admin.set_device(store, DOMAIN, account, {"password": "secret"})
    assert after == before


# -- what still stands --------------------------------------------------------------------------
def test_an_undo_is_a_change_that_can_be_taken_back(company):
    before = rules_of(company)
    number = renamed(company, "1002", "Benno")
    changed = rules_of(company)
    made, _ = undo(company, DOMAIN, number)
    assert made.undoes == number
    assert entry(company, number).undone_by == made.number
    assert rules_of(company) == before
    with pytest.raises(ChangedSince, match=f"taken back already, by entry {made.number}"):
        undo(company, DOMAIN, number)
    undo(company, DOMAIN, made.number)
    assert rules_of(company) == changed
    undo(company, DOMAIN, number)
    assert rules_of(company) == before


def test_without_a_number_it_is_the_last_that_he_made(company, monkeypatch):
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "anna")
    first, second = renamed(company, "1002", "Benno"), renamed(company, "1003", "Carla")
    presence.set_busy_on_busy(company, DOMAIN, "1005", 3, by=acting("1005"))
    monkeypatch.setenv("LOGNAME", "berta")
    admin.set_user(company, DOMAIN, "1009", {"name": "Berta was here"})
    monkeypatch.setenv("LOGNAME", "anna")
    assert undo(company, DOMAIN)[0].undoes == second
    assert undo(company, DOMAIN)[0].undoes == first
    monkeypatch.setenv("LOGNAME", "nobody")
    with pytest.raises(NotFound, match="that administrator nobody has changed: name an entry"):
        undo(company, DOMAIN)
    assert undo(company, DOMAIN, by=acting("1005"))[0].by == acting("1005")
    with pytest.raises(NotFound, match="nothing to take back that user 1005 has changed"):
        undo(company, DOMAIN, by=acting("1005"))


def test_what_somebody_changed_since_is_his(company):
    number = renamed(company, "1002", "Benno")
    since = renamed(company, "1002", "Ben")
    before = rules_of(company)
    with pytest.raises(ChangedSince) as caught:
        undo(company, DOMAIN, number)
    assert str(caught.value) == (
        f"entry {number}: users.1002.name has changed since (entry {since}): it was Benno, "
        "and is Ben now"
    )
    assert rules_of(company) == before
    undo(company, DOMAIN, since)
    undo(company, DOMAIN, number)


def test_what_else_changed_since_stays(company):
    presence.set_forward(company, DOMAIN, "1003", "lunch", ["internal"], "busy", "voicemail")
    number = last(company)
    presence.set_forward(company, DOMAIN, "1003", "lunch", ["external"], "busy", "voicemail")
    undo(company, DOMAIN, number)
    profile = read_rules(company, DOMAIN)["users"]["1003"]["presence"]["profiles"]["lunch"]
    assert profile["internal"]["busy"] is None
    assert profile["external"]["busy"]["to"] == "voicemail"


def test_it_is_the_member_who_is_meant_and_not_his_place(company):
    team_admin.log(company, DOMAIN, "1006", "2000", False)
    number = last(company)
    team_admin.set_member(company, DOMAIN, "2000", "1002", place=1)
    undo(company, DOMAIN, number)
    members = read_rules(company, DOMAIN)["teams"]["2000"]["members"]
    assert [each["user"] for each in members] == ["1002", "1005", "1006", "1001"]
    assert [each["logged_in"] for each in members] == [True, True, True, False]


def test_an_order_that_changed_since(company):
    team_admin.set_member(company, DOMAIN, "2000", "1006", place=1)
    number = last(company)
    team_admin.set_member(company, DOMAIN, "2000", "1002", place=1)
    with pytest.raises(ChangedSince, match=r"teams\.2000\.members has changed since"):
        undo(company, DOMAIN, number)


# -- rights -------------------------------------------------------------------------------------
def test_with_the_rights_of_who_asks(company):
    presence.set_presence(company, DOMAIN, "1002", "lunch", now=NOW, by=acting("1002"))
    his = last(company)
    theirs = renamed(company, "1002", "Benno")
    before = rules_of(company)
    with pytest.raises(NotPermitted, match="user 1003 may not change the status of 1002"):
        undo(company, DOMAIN, his, acting("1003"))
    with pytest.raises(NotPermitted, match="1002 may not change name of user 1002: the admin"):
        undo(company, DOMAIN, theirs, acting("1002"))
    assert rules_of(company) == before
    by = Actor.user("1002", Source.PHONE)
    assert undo(company, DOMAIN, his, by)[0].by == by
    undo(company, DOMAIN, theirs)


# -- what must be right without it ---------------------------------------------------------------
def test_the_rules_must_be_right_without_it(company):
    admin.add_user(company, DOMAIN, "1050", {"name": "New"})
    number = last(company)
    team_admin.add_member(company, DOMAIN, "2000", "1050")
    before = rules_of(company)
    with pytest.raises(RulesFileError, match=r"members\[4\]\.user: there is no user .1050."):
        undo(company, DOMAIN, number)
    assert rules_of(company) == before


def test_a_number_that_is_somebody_elses_now(company):
    admin.set_user(company, DOMAIN, "1002", {"numbers": []})
    number = last(company)
    admin.set_user(company, DOMAIN, "1003", {"numbers": ["+493012345102"]})
    with pytest.raises(RulesFileError, match="is 1003's number already"):
        undo(company, DOMAIN, number)


# -- what is not kept ----------------------------------------------------------------------------
def test_a_phone_that_comes_back_has_another_password(company):
    admin.remove_device(company, DOMAIN, "1002-desk")
    _, renewed = undo(company, DOMAIN, last(company))
    assert renewed == ("1002-desk",)
    password = admin.device(company, DOMAIN, "1002-desk")["password"]
    assert password != "secret"
    assert len(password) == 20


def test_a_password_is_not_brought_back(company):
    admin.set_device(company, DOMAIN, "1002-desk", {"password": "other"})
    with pytest.raises(ChangedSince, match=r"what users\.1002\.devices\.1002-desk\.password was"):
        undo(company, DOMAIN, last(company))
    assert admin.device(company, DOMAIN, "1002-desk")["password"] == "other"


def test_the_address_of_a_calendar_is_not_brought_back(company):
    settings = {"calendar.source": "https://calendar.test/private-4711/basic.ics"}
    admin.set_user(company, DOMAIN, "1002", settings)
    undo(company, DOMAIN, last(company))
    admin.set_user(company, DOMAIN, "1002", settings)
    admin.set_user(company, DOMAIN, "1002", {"calendar": None})
    with pytest.raises(ChangedSince, match=r"what users\.1002\.calendar\.source was is not kept"):
        undo(company, DOMAIN, last(company))


def test_a_phone_whose_password_changed_since(company):
    admin.add_device(company, DOMAIN, "new", {"password": "one"}, extension="1002")
    number = last(company)
    admin.set_device(company, DOMAIN, "new", {"password": "two"})
    with pytest.raises(ChangedSince, match=r"devices\.new has changed since"):
        undo(company, DOMAIN, number)


def test_a_domain_is_not_taken_back(company):
    with pytest.raises(ChangedSince, match=r"entry 1 is the whole domain pbx\.test"):
        undo(company, DOMAIN, 1)


def test_rows_that_made_no_sense(company):
    with write(company):
        company.conn.execute("UPDATE presence SET until = 1e17 WHERE extension = '1008'")
    number = last(company)
    with pytest.raises(ChangedSince, match=r"users\.1008 made no sense, and is not kept"):
        undo(company, DOMAIN, number)


def test_an_entry_that_is_not_there(company):
    with pytest.raises(NotFound, match="there is no entry 99 in the history"):
        undo(company, DOMAIN, 99)
    with pytest.raises(NotFound, match=r"entry 1 is of the domain pbx\.test, not of other"):
        undo(company, "other", 1)


# -- imports -------------------------------------------------------------------------------------
def test_an_import_is_taken_back_as_a_whole_or_not_at_all(company, company_rules):
    original, rules = read_rules(company, DOMAIN), copy.deepcopy(company_rules)
    rules["settings"]["ring_cycle"] = 4
    rules["users"]["1002"]["name"] = "Benno"
    del rules["users"]["1009"]
    for team in rules["teams"].values():
        team["members"] = [each for each in team["members"] if each["user"] != "1009"]
    import_rules(company, rules)
    number = last(company)
    assert entry(company, number).by.source is Source.IMPORT
    since = renamed(company, "1002", "Ben")
    before = rules_of(company)
    with pytest.raises(ChangedSince, match=r"users\.1002\.name has changed since"):
        undo(company, DOMAIN, number)
    assert rules_of(company) == before
    undo(company, DOMAIN, since)
    _, renewed = undo(company, DOMAIN, number)
    found = read_rules(company, DOMAIN)
    for account in renewed:
        found["users"]["1009"]["devices"][account]["password"] = "secret"
    assert repr(found) == repr(original)


# -- at once -------------------------------------------------------------------------------------
def test_two_who_take_back_the_same_entry_take_it_back_once(company, path):
    number = renamed(company, "1002", "Benno")
    begin, results = threading.Barrier(2), []

    def take_back():
        db = open_store(path)
        begin.wait()
        try:
            results.append(undo(db, DOMAIN, number)[0].number)
        except ChangedSince:
            results.append(None)
        db.close()

    threads = [threading.Thread(target=take_back) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(None) == 1
    assert [each.undoes for each in entries(company, 9)].count(number) == 1
    assert all(each.by.kind is Kind.ADMINISTRATOR for each in entries(company, 9))
