from datetime import UTC, datetime, timedelta, timezone

import pytest

from esl_router.engine.presence import effective
from esl_router.errors import NotFound, NotPermitted
from esl_router.store import admin
from esl_router.store.document import read_rules
from esl_router.store.presence import (
    display_names,
    set_busy_on_busy,
    set_forward,
    set_presence,
    set_profile,
    switch_forward,
    zone_of,
)
from esl_router.store.reader import Store
from esl_router.store.rules.layout import USER
from tests.store.actors import acting
from tests.store.test_admin import lines, refused

DOMAIN = "pbx.test"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def after(**time):
    return NOW + timedelta(**time)


@pytest.fixture
def set_(company):
    """Sets the status of 1002; ``at`` minutes from noon, for so many minutes."""

    def change(status, minutes=None, at=0):
        now = after(minutes=at)
        until = None if minutes is None else now + timedelta(minutes=minutes)
        return set_presence(company, DOMAIN, "1002", status, until=until, now=now)

    return change


@pytest.fixture
def at(company, path):
    """The status of 1002 so many minutes from noon, as calls see it."""
    store = Store(path)

    def status(minutes):
        with store.read() as rules:
            return effective(rules.presence(DOMAIN, "1002"), after(minutes=minutes)).status.value

    yield status
    store.close()


@pytest.fixture
def back_to_previous(company):
    admin.set_user(company, DOMAIN, "1002", {"presence.revert": "previous"})


def test_a_status_without_an_end(company, set_, at):
    assert lines(set_("lunch")) == ['+ users.1002.presence: {"status": "lunch"}']
    assert (at(0), at(10**6)) == ("lunch", "lunch")
    assert set_("lunch") == ()
    assert lines(set_("available")) == ['- users.1002.presence: {"status": "lunch"}']


def test_a_temporary_status_reverts_to_available(set_, at):
    set_("away")
    assert lines(set_("meeting", 30)) == [
        "~ users.1002.presence.status: away → meeting",
        "+ users.1002.presence.until: 2026-11-20T12:30:00Z",
    ]
    assert (at(29.99), at(30)) == ("meeting", "available")


@pytest.mark.usefixtures("back_to_previous")
def test_a_temporary_status_reverts_to_what_was_set_for_good_before(set_, at):
    set_("away")
    set_("meeting", 30)
    assert (at(29.99), at(30)) == ("meeting", "away")


@pytest.mark.usefixtures("back_to_previous")
def test_a_temporary_status_on_top_of_another_keeps_the_original_base(set_, at):
    set_("away")
    set_("meeting", 30)
    set_("lunch", 60, at=10)
    assert (at(10), at(69), at(70)) == ("lunch", "lunch", "away")


@pytest.mark.usefixtures("back_to_previous")
def test_a_temporary_status_after_one_that_has_ended(set_, at):
    set_("away")
    set_("meeting", 30)
    set_("lunch", 10, at=45)
    assert (at(50), at(55)) == ("lunch", "away")


def test_the_way_back_is_settled_when_the_status_is_set(company, set_, at):
    admin.set_user(company, DOMAIN, "1002", {"presence.revert": "previous"})
    set_("away")
    set_("meeting", 30)
    admin.set_user(company, DOMAIN, "1002", {"presence.revert": "available"})
    assert at(30) == "away"
    set_("lunch", 60)
    assert at(60) == "available"


@pytest.mark.usefixtures("back_to_previous")
def test_a_change_for_good_ends_a_temporary_status(company, set_, at):
    set_("away")
    set_("meeting", 30)
    set_("dnd", at=10)
    assert (at(10), at(31)) == ("dnd", "dnd")
    found = admin.user(company, DOMAIN, "1002")["presence"]
    assert (found["until"], found["afterwards"]) == (None, "available")


def test_an_end_is_an_instant_whatever_its_zone(company):
    berlin = timezone(timedelta(hours=1))
    until = datetime(2026, 11, 20, 13, 0, 0, 1, tzinfo=berlin)
    set_presence(company, DOMAIN, "1002", "lunch", until=until, now=NOW)
    # Whole seconds are kept, and an end is never put before the moment it is set.
    assert admin.user(company, DOMAIN, "1002")["presence"]["until"] == NOW.timestamp() + 1


def test_a_message_is_of_one_status_alone(company, path):
    store = Store(path)

    def message(minutes):
        with store.read() as rules:
            return effective(rules.presence(DOMAIN, "1002"), after(minutes=minutes)).message

    set_presence(company, DOMAIN, "1002", "away", message=" Dentist ", now=NOW)
    assert message(0) == "Dentist"
    set_presence(company, DOMAIN, "1002", "lunch", until=after(minutes=30), message="2", now=NOW)
    assert (message(29), message(30)) == ("2", "")
    assert lines(set_presence(company, DOMAIN, "1002", "lunch", now=NOW)) == [
        "- users.1002.presence.message: 2",
        "- users.1002.presence.until: 2026-11-20T12:30:00Z",
    ]
    [line] = refused(set_presence, company, DOMAIN, "1002", "away", message="a\nb", now=NOW)
    assert line == "users.1002.presence.message: must be one line of 1 to 160 characters"
    store.close()


def test_keys_of_a_profile(company):
    def change(status, **settings):
        return lines(set_profile(company, DOMAIN, "1001", status, settings))

    assert change("away", alert_first=6, announce="a.wav") == [
        "+ users.1001.presence.profiles.away.alert_first: 6",
        "~ users.1001.presence.profiles.away.announce: "
        "ivr/ivr-please_hold_while_party_contacted.wav → a.wav",
    ]
    assert change("away", alert_first=None, announce=None) == [
        "- users.1001.presence.profiles.away.alert_first: 6",
        "- users.1001.presence.profiles.away.announce: a.wav",
    ]
    settings = {"alert_first": 61}
    [line] = refused(set_profile, company, DOMAIN, "1001", "away", settings)
    assert line.startswith("users.1001.presence.profiles.away.alert_first: must be 1 to 60")


def test_what_a_status_cannot_be(company):
    for until in (NOW, after(seconds=-1)):
        assert refused(set_presence, company, DOMAIN, "1002", "lunch", until=until, now=NOW) == [
            f"users.1002.presence.until: {until.isoformat()} is past already"
        ]
    [line] = refused(set_presence, company, DOMAIN, "1002", "asleep", now=NOW)
    assert line.startswith("users.1002.presence.status: must be available, away")
    with pytest.raises(NotFound, match="no user '1099'"):
        set_presence(company, DOMAIN, "1099", "lunch", now=NOW)


def test_a_user_changes_his_own_and_nobody_elses(company):
    for change, values, what in (
        (set_presence, ("lunch",), "status"),
        (set_busy_on_busy, (True,), "busy on busy"),
        (set_forward, ("lunch", ["internal"], "always", "busy"), "forwards"),
        (set_profile, ("lunch", {"alert_first": 6}), "status profiles"),
    ):
        before = read_rules(company, DOMAIN)
        more = {"now": NOW} if change is set_presence else {}
        with pytest.raises(NotPermitted, match=f"1003 may not change the {what} of 1002"):
            change(company, DOMAIN, "1002", *values, by=acting("1003"), **more)
        assert read_rules(company, DOMAIN) == before
        assert change(company, DOMAIN, "1002", *values, by=acting("1002"), **more)
        assert change(company, DOMAIN, "1003", *values, **more)


def test_a_change_of_status_leaves_everything_else_as_it_is(company, company_rules):
    set_presence(company, DOMAIN, "1001", "lunch", now=NOW)
    rules = read_rules(company, DOMAIN)
    assert rules["users"]["1001"]["presence"].pop("status") == "lunch"
    rules["users"]["1001"]["presence"]["status"] = "available"
    assert rules == company_rules


@pytest.mark.parametrize(("value", "limit"), [(True, 1), ("on", 1), ("off", 0), (3, 3), (0, 0)])
def test_busy_on_busy(company, path, value, limit):
    set_busy_on_busy(company, DOMAIN, "1006", value)
    store = Store(path)
    with store.read() as rules:
        assert rules.user(DOMAIN, "1006").max_calls == limit
    store.close()


def test_what_busy_on_busy_cannot_be(company):
    [line] = refused(set_busy_on_busy, company, DOMAIN, "1006", "maybe")
    assert line.startswith("users.1006.busy_on_busy: must be false, true or a number of calls")


def test_forwards(company):
    assert lines(
        set_forward(
            company, DOMAIN, "1001", "away", ["internal", "external"], "always", "extension:1003"
        )
    ) == [
        "~ users.1001.presence.profiles.away.internal.always: busy → extension:1003",
        "~ users.1001.presence.profiles.away.external.always: extension:1002 → extension:1003",
    ]
    assert lines(
        set_forward(company, DOMAIN, "1002", "available", ["external"], "busy", "external:030 555")
    ) == [
        '+ users.1002.presence: {"profiles": {"available": {"external": '
        '{"busy": "external:+4930555"}}}}'
    ]
    assert lines(set_forward(company, DOMAIN, "1001", "away", ["internal"], "always", None)) == [
        '- users.1001.presence.profiles.away.internal: {"always": "extension:1003"}'
    ]
    assert set_forward(company, DOMAIN, "1001", "away", ["internal"], "always", None) == ()


def test_a_forward_is_switched_off_and_keeps_its_target(company):
    def switch(on, *origins, user="1001", status="away", condition="always", by=None):
        words = (company, DOMAIN, user, status, origins, condition, on)
        return switch_forward(*words, by=by)

    path = "users.1001.presence.profiles.away"
    off = '{"to": "busy", "enabled": false}'
    assert lines(switch(False, "internal")) == [f"~ {path}.internal.always: busy → {off}"]
    assert switch(False, "internal") == ()
    [change] = lines(switch(False, "internal", "external"))
    assert change.startswith(f"~ {path}.external.always: extension:1002 → {{")
    assert len(switch(True, "internal", "external")) == 2
    assert switch(True, "internal", "external") == ()
    switch(False, "internal")
    [change] = lines(
        set_forward(company, DOMAIN, "1001", "away", ["internal"], "always", "voicemail")
    )
    assert change == f"~ {path}.internal.always: {off} → voicemail"
    for words, text in (
        (("1001", "away", ["internal"], "busy"), "there is no internal forward to switch: "),
        (("1002", "lunch", ["internal", "external"], "busy"), "there is no forward to switch: "),
    ):
        [line] = refused(switch_forward, company, DOMAIN, *words, True)
        assert f".profiles.{words[1]}: {text}" in line
    with pytest.raises(NotPermitted):
        switch(True, "internal", by=acting("1002"))
    assert switch(False, "external", by=acting("1001"))


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ({"to": "voicemail"}, "voicemail"),
        ({"to": "voicemail", "enabled": True}, "voicemail"),
        ({"to": "busy", "enabled": False}, {"to": "busy", "enabled": False}),
    ],
)
def test_a_forward_as_a_mapping_is_written_as_a_word_where_it_is_on(company, written, normal):
    path = "presence.profiles.lunch.internal.busy"
    admin.set_user(company, DOMAIN, "1001", {path: written})
    found = USER.write(admin.user(company, DOMAIN, "1001"))
    assert found["presence"]["profiles"]["lunch"] == {"internal": {"busy": normal}}


@pytest.mark.parametrize(
    ("written", "where", "text"),
    [
        ({"enabled": False}, ".to", "is missing"),
        ({"to": "ring"}, ".to", "'ring' is no target"),
        ({"to": "busy", "enabled": "perhaps"}, ".enabled", "must be true or false"),
        ({"to": "busy", "on": False}, ".on", "unknown key"),
        ({"to": "extension:1099", "enabled": False}, "", "there is no user or team '1099'"),
        ({"to": "external:+4990012345", "enabled": False}, "", "toll does not permit"),
        (["busy"], "", "is no target"),
    ],
)
def test_what_a_forward_as_a_mapping_cannot_be(company, written, where, text):
    path = "presence.profiles.lunch.internal.busy"
    [line] = refused(admin.set_user, company, DOMAIN, "1001", {path: written})
    assert line.startswith(f"users.1001.{path}{where}: ")
    assert text in line


@pytest.mark.parametrize(
    ("condition", "target", "text"),
    [
        ("always", "extension:1099", "there is no user or team '1099'"),
        ("always", "external:+4990012345", "settings.toll does not permit calls to +4990012345"),
        ("always", "nowhere", "'nowhere' is no target"),
        ("always", "external:x", "'x' is no telephone number"),
        ("no_answer", "ring", "'ring' is no target"),
        ("always", "extension:1001", "1001 cannot forward to himself: take `ring`"),
        ("busy", "extension:1001", "1001 cannot forward to himself: his phones have rung"),
        ("always", "external:030 12345101", "1001 cannot forward to himself"),
    ],
)
def test_what_a_forward_cannot_be(company, condition, target, text):
    [line] = refused(set_forward, company, DOMAIN, "1001", "lunch", ["internal"], condition, target)
    assert line.startswith(f"users.1001.presence.profiles.lunch.internal.{condition}: ")
    assert text in line


def test_a_forward_of_a_status_or_on_a_condition_that_is_none(company):
    [line] = refused(set_forward, company, DOMAIN, "1001", "asleep", ["internal"], "busy", "busy")
    assert line.startswith("users.1001.presence.profiles.asleep: must be available")
    [line] = refused(set_forward, company, DOMAIN, "1001", "away", ["internal"], "never", "busy")
    assert line == "users.1001.presence.profiles.away.internal.never: unknown key"


def test_what_is_wrong_for_both_origins_is_said_once(company):
    for target in ("extension:1099", "extension:1001", "nowhere"):
        both = ["internal", "external"]
        problems = refused(set_forward, company, DOMAIN, "1001", "lunch", both, "busy", target)
        assert len(problems) == 1
        assert problems[0].startswith("users.1001.presence.profiles.lunch.internal.busy: ")


def test_names_and_zones(company):
    assert display_names(company, DOMAIN) == {"business_trip": "Urlaub"}
    assert display_names(company, "other.test") == {}
    admin.set_user(company, DOMAIN, "1001", {"timezone": "America/Lima"})
    assert zone_of(company, DOMAIN, "1001") == "America/Lima"
    assert zone_of(company, DOMAIN, "1002") == "Europe/Berlin"
    with pytest.raises(NotFound):
        zone_of(company, DOMAIN, "1099")


def test_the_own_mailbox_is_no_way_back_to_oneself(company):
    assert set_forward(company, DOMAIN, "1001", "lunch", ["internal"], "busy", "voicemail:1001")
