import os
import shutil
from datetime import UTC, datetime

import pytest

from esl_router.errors import StoreError, StoreMissing
from esl_router.model.codes import USUAL, Code
from esl_router.model.people import CallerAction, CallerRule, DeclineScope, DeviceKind, Origin
from esl_router.model.presence import (
    SPLASH,
    CallForward,
    Forward,
    Presence,
    Profile,
    Status,
    Target,
    TargetKind,
)
from esl_router.model.schedule import Hours, Schedule
from esl_router.store import admin, follow_me
from esl_router.store.database import open_store, write
from esl_router.store.document import read_rules
from esl_router.store.reader import Store
from esl_router.store.rules_import import import_rules
from tests.store.actors import acting

DOMAIN = "pbx.test"


@pytest.fixture
def store(company, path):
    opened = Store(path)
    yield opened
    opened.close()


@pytest.fixture
def rules(store):
    with store.read() as reader:
        yield reader


def force(db, sql):
    """Writes past the schema's checks, as somebody with the sqlite3 shell might."""
    db.conn.execute("PRAGMA ignore_check_constraints = on")
    with write(db):
        db.conn.execute(sql)
    db.conn.execute("PRAGMA ignore_check_constraints = off")


def test_settings(rules):
    assert rules.domains() == (DOMAIN,)
    assert rules.settings("other.test") is None
    settings = rules.settings(DOMAIN)
    assert (settings.country, settings.timezone) == ("DE", "Europe/Berlin")
    assert settings.trunk == "sofia/gateway/trunk/{number}"
    assert settings.toll.permits("+43123")
    assert not settings.toll.permits("+4990012")
    assert not settings.toll.permits("+1212555")


def test_feature_codes_and_the_silent_alert(company, store):
    with store.read() as rules:
        assert rules.settings(DOMAIN).codes == USUAL
        assert rules.settings(DOMAIN).alert_silent == "<http://localhost>;info=silent"
    with write(company):
        company.conn.execute(
            """UPDATE domains SET codes = '{"push": "#7"}', alert_silent = 'urn:alert:no'"""
        )
    with store.read() as rules:
        assert rules.settings(DOMAIN).codes == {**USUAL, Code.PUSH: "#7"}
        assert rules.settings(DOMAIN).alert_silent == "urn:alert:no"
        assert rules.problems == ()


@pytest.mark.parametrize("codes", ["[]", '{"push": "63"}', '{"push": 63}', "{"])
def test_codes_and_an_alert_that_cannot_be_read_are_the_usual_ones(company, store, codes):
    force(company, f"UPDATE domains SET codes = '{codes}', alert_silent = 'a, [b]'")  # noqa: S608
    with store.read() as rules:
        assert rules.settings(DOMAIN).codes == USUAL
        assert rules.settings(DOMAIN).alert_silent == "<http://localhost>;info=silent"
        (silent, text), codes = said(rules)
        assert silent == "settings.alert_info.silent"
        assert text.startswith("'a, [b]' is no Alert-Info header")
        assert codes == ("settings.codes", "are unreadable: the usual ones hold")


def test_a_user(rules):
    user = rules.user(DOMAIN, "1005")
    assert (user.name, user.numbers) == ("Emma Ehlers", ("+493012345105",))
    assert user.decline is DeclineScope.USER
    assert user.voicemail
    assert user.max_calls == 0
    assert rules.user(DOMAIN, "1001").max_calls == 1
    assert rules.user(DOMAIN, "1006").max_calls == 2
    assert not rules.user(DOMAIN, "1007").voicemail
    assert rules.user(DOMAIN, "2000") is None
    assert rules.user("other.test", "1005") is None


def test_direct_numbers_in_the_order_of_the_file(company, store):
    with write(company):
        company["numbers"].insert_all(
            {"number": number, "domain": DOMAIN, "extension": "1005", "position": place}
            for place, number in enumerate(["+49302", "+49301"], start=1)
        )
    with store.read() as rules:
        assert rules.user(DOMAIN, "1005").numbers == ("+493012345105", "+49302", "+49301")


def test_a_team(rules):
    assert rules.team(DOMAIN, "2000").name == "Hotline"
    assert rules.team(DOMAIN, "1001") is None


def test_the_owner_of_a_number(rules):
    assert rules.owner_of("+493012345107") == (DOMAIN, "1007")
    assert rules.owner_of("+493012345200") == (DOMAIN, "2000")
    assert rules.owner_of("+493012345999") is None


def test_whose_a_device_is(company, store):
    with store.read() as rules:
        assert rules.device_user(DOMAIN, "1001-desk") == "1001"
        assert rules.device_user(DOMAIN, "desk-reception") == "1002"
        assert rules.device_user(DOMAIN, "nobodys") is None
    with write(company):
        company.conn.execute("DELETE FROM workplace_logins")
    with store.read() as rules:
        assert rules.device_user(DOMAIN, "desk-reception") is None


def plan(rules, extension, origin):
    rows = rules.follow_me(DOMAIN, extension, origin)
    return [(row.device.name, row.enabled, row.delay, row.ring) for row in rows]


def test_follow_me_by_origin(rules):
    assert plan(rules, "1001", Origin.EXTERNAL) == [
        ("1001-desk", True, 0, 20),
        ("1001-mobile", True, 10, 25),
    ]
    assert plan(rules, "1001", Origin.INTERNAL) == [
        ("1001-desk", True, 0, 20),
        ("1001-mobile", False, 0, 30),
    ]
    assert plan(rules, "1001", Origin.TEAM) == [
        ("1001-desk", False, 0, 30),
        ("1001-mobile", False, 0, 30),
    ]


def test_the_workplaces_devices_come_last_with_the_defaults(rules):
    assert plan(rules, "1002", Origin.EXTERNAL) == [
        ("1002-desk", True, 0, 25),
        ("1002-soft", True, 5, 20),
        ("desk-reception", True, 0, 30),
    ]


def test_a_user_without_devices_or_no_user_at_all(rules):
    assert plan(rules, "1010", Origin.EXTERNAL) == []
    assert plan(rules, "9999", Origin.EXTERNAL) == []


def test_rows_come_in_the_order_of_follow_me_then_of_the_devices(company, store):
    with write(company):
        company.conn.execute(
            "UPDATE devices SET follow_me_position = CASE name WHEN '1004-mobile' THEN 0"
            " WHEN '1004-soft' THEN 1 END WHERE extension = '1004'"
        )
    with store.read() as rules:
        names = [row[0] for row in plan(rules, "1004", Origin.INTERNAL)]
    assert names == ["1004-mobile", "1004-soft", "1004-desk"]


def test_what_a_device_is(rules):
    desk, mobile = (row.device for row in rules.follow_me(DOMAIN, "1001", Origin.EXTERNAL))
    assert (desk.kind, desk.owner, desk.number) == (DeviceKind.SIP, "1001", None)
    assert (mobile.kind, mobile.number) == (DeviceKind.EXTERNAL, "+491711234567")
    assert (mobile.confirm, mobile.location, mobile.dnd) == (True, "mobile", False)
    [phone] = rules.follow_me(DOMAIN, "1009", Origin.EXTERNAL)
    assert phone.device.confirm is False
    dect = rules.follow_me(DOMAIN, "1006", Origin.EXTERNAL)[1]
    assert dect.device.dnd is True


def test_a_change_by_another_process_holds_for_the_next_read_and_not_for_this_one(company, store):
    with store.read() as before:
        assert before.user(DOMAIN, "1001").name == "Anna Adler"
        with write(company):
            company.conn.execute("UPDATE users SET name = 'Anna Berg' WHERE extension = '1001'")
        assert before.user(DOMAIN, "1001").name == "Anna Adler"
        with store.read() as after:
            assert after.user(DOMAIN, "1001").name == "Anna Berg"


def test_a_store_that_was_replaced_is_opened_again(company, store, path, tmp_path):
    other = tmp_path / "other.db"
    company.conn.execute("VACUUM INTO ?", (str(other),))
    changed = open_store(other)
    with write(changed):
        changed.conn.execute("UPDATE users SET name = 'Other' WHERE extension = '1001'")
    changed.close()
    company.close()
    os.replace(other, path)
    with store.read() as rules:
        assert rules.user(DOMAIN, "1001").name == "Other"


def test_a_store_that_went_away_is_a_store_error(store, path):
    path.unlink()
    with pytest.raises(StoreMissing), store.read():
        pass


def test_a_store_that_broke_is_a_store_error_and_heals(company, store, path, tmp_path):
    good = tmp_path / "good.db"
    company.conn.execute("VACUUM INTO ?", (str(good),))
    company.close()
    store.close()
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"SQLite format 3\0" + os.urandom(4096))
    os.replace(broken, path)
    with pytest.raises(StoreError), store.read() as rules:
        rules.user(DOMAIN, "1001")
    shutil.copy(good, path)
    with store.read() as rules:
        assert rules.user(DOMAIN, "1001").name == "Anna Adler"


def test_a_missing_table_is_a_store_error_out_of_the_block(company, store):
    with write(company):
        company.conn.execute("PRAGMA defer_foreign_keys = on")
        company.conn.execute("ALTER TABLE follow_me RENAME TO gone")
    with pytest.raises(StoreError, match="follow_me"), store.read() as rules:
        rules.follow_me(DOMAIN, "1001", Origin.EXTERNAL)


def test_a_fault_in_the_block_leaves_the_store_usable(store):
    with pytest.raises(RuntimeError), store.read():
        raise RuntimeError
    with store.read() as rules:
        assert rules.domains() == (DOMAIN,)


def said(rules):
    return [(problem.path, problem.text) for problem in rules.problems]


def test_an_outside_device_whose_number_is_none_is_left_out(company, store):
    force(company, "UPDATE devices SET number = '0171 1' WHERE name = '1001-mobile'")
    with store.read() as rules:
        names = [row[0] for row in plan(rules, "1001", Origin.EXTERNAL)]
        plan(rules, "1001", Origin.INTERNAL)
        assert names == ["1001-desk"]
        assert said(rules) == [
            ("users.1001.devices.1001-mobile.number", "'0171 1' is no E.164 number")
        ]


def test_a_device_of_an_unknown_kind_is_left_out(company, store):
    force(company, "UPDATE devices SET kind = 'fax' WHERE name = 'desk-reception'")
    with store.read() as rules:
        assert [row[0] for row in plan(rules, "1002", Origin.EXTERNAL)] == [
            "1002-desk",
            "1002-soft",
        ]
        assert said(rules) == [
            ("workplaces.reception.devices.desk-reception.kind", "'fax' is not known")
        ]


@pytest.mark.parametrize(
    ("change", "text"),
    [("delay = -5", "delay -5 is negative"), ("ring = 0", "ring 0 is below 1")],
)
@pytest.mark.parametrize("enabled", [0, 1])
def test_a_row_with_wrong_times_counts_as_missing_but_stays_off(
    company, store, change, text, enabled
):
    force(
        company,
        f"UPDATE follow_me SET {change}, enabled = {enabled}"  # noqa: S608
        " WHERE device = '1001-mobile' AND origin = 'external'",
    )
    with store.read() as rules:
        assert plan(rules, "1001", Origin.EXTERNAL)[1] == ("1001-mobile", bool(enabled), 0, 30)
        assert said(rules) == [("users.1001.follow_me.1001-mobile.external", text)]


def test_a_user_whose_values_are_wrong_keeps_the_usual_ones(company, store):
    force(company, "UPDATE users SET decline = 'loudly', busy_on_busy = -2")
    with store.read() as rules:
        user = rules.user(DOMAIN, "1007")
        assert (user.decline, user.max_calls) == (DeclineScope.AUTO, 0)
        assert said(rules) == [("users.1007.decline", "'loudly' is not known, taken as 'auto'")]


def test_hours_whose_holidays_nobody_knows_do_not_count(company, store):
    force(company, "UPDATE schedules SET holidays = 'DE-XX'")
    force(company, "UPDATE presence SET hours_schedule = 'office', hours_status = 'away'")
    with store.read() as rules:
        assert rules.presence(DOMAIN, "1001").outside_hours is None
        assert said(rules) == [
            ("users.1001.presence.outside_hours", "the public holidays of 'DE-XX' are not known")
        ]


def test_where_a_user_is_logged_in(rules):
    assert rules.logged_in_at(DOMAIN, "1002") == "reception"
    assert rules.logged_in_at(DOMAIN, "1001") is None
    assert rules.logged_in_at("other.test", "1002") is None


def test_presence(rules):
    assert rules.presence(DOMAIN, "1001").status is Status.AVAILABLE
    assert rules.presence(DOMAIN, "1001").until is None
    away = rules.presence(DOMAIN, "1001").profile(Status.AWAY)
    assert not away.ring_group_calls
    assert away.target(Origin.INTERNAL, Forward.ALWAYS) == Target(TargetKind.BUSY)
    assert away.target(Origin.EXTERNAL, Forward.ALWAYS) == Target(TargetKind.EXTENSION, "1002")
    assert away.target(Origin.TEAM, Forward.ALWAYS) is None
    greta = rules.presence(DOMAIN, "1007").profile(Status.AVAILABLE)
    assert (greta.no_answer_after, greta.ring_group_calls) == (12, None)
    assert greta.target(Origin.EXTERNAL, Forward.UNREGISTERED) == Target(
        TargetKind.VOICEMAIL, "1005"
    )
    assert rules.presence(DOMAIN, "9999") == Presence()


def test_a_temporary_status(company, store):
    with write(company):
        company.conn.execute("UPDATE presence SET afterwards = 'lunch' WHERE extension = '1008'")
    with store.read() as rules:
        presence = rules.presence(DOMAIN, "1008")
    assert presence.status is Status.BUSINESS_TRIP
    assert presence.until == datetime(2030, 8, 19, 6, tzinfo=UTC)
    assert presence.afterwards is Status.LUNCH
    assert presence.message == "Back on 19 August"


def test_what_comes_before_a_status_sends_calls_away(rules):
    anna = rules.presence(DOMAIN, "1001")
    assert (anna.message, anna.profile(Status.DND).alert_first) == ("", SPLASH)
    assert anna.profile(Status.AWAY).announce == "ivr/ivr-please_hold_while_party_contacted.wav"
    assert anna.profile(Status.AWAY).alert_first is None


@pytest.mark.parametrize("until", [10**17, -(10**17)])
def test_an_end_that_is_no_instant_counts_as_none(company, store, until):
    force(company, f"UPDATE presence SET until = {until} WHERE extension = '1008'")  # noqa: S608
    with store.read() as rules:
        presence = rules.presence(DOMAIN, "1008")
        assert (presence.status, presence.until) == (Status.BUSINESS_TRIP, None)
        assert [path for path, _ in said(rules)] == ["users.1008.presence.until"]


def test_a_forward_that_is_switched_off_is_kept_aside(company, store):
    change = "UPDATE forwards SET enabled = 0 WHERE extension = '1007' AND condition = 'busy'"
    force(company, change)
    with store.read() as rules:
        greta = rules.presence(DOMAIN, "1007").profile(Status.AVAILABLE)
    bernd = Target(TargetKind.EXTENSION, "1005")
    origins = (Origin.INTERNAL, Origin.EXTERNAL)
    assert greta.off == {(origin, Forward.BUSY): bernd for origin in origins}
    assert [greta.target(origin, Forward.BUSY) for origin in origins] == [None, None]
    assert greta.target(Origin.INTERNAL, Forward.NO_ANSWER) == bernd


def test_the_time_of_one_origin(company, store):
    admin.set_user(
        company,
        DOMAIN,
        "1007",
        {"presence.profiles.available.external.no_answer_after": 8},
        by=acting("1007"),
    )
    with store.read() as rules:
        greta = rules.presence(DOMAIN, "1007").profile(Status.AVAILABLE)
    assert [greta.ringing_ends(origin) for origin in Origin] == [12, 8, 12]


def test_a_profile_without_forwards_still_has_its_time(company, store):
    with write(company):
        company.conn.execute("DELETE FROM forwards WHERE extension = '1007'")
    with store.read() as rules:
        assert rules.presence(DOMAIN, "1007").profile(Status.AVAILABLE) == Profile(12)


@pytest.mark.parametrize(
    ("change", "where", "text"),
    [
        ("presence SET status = 'asleep'", "status", "'asleep' is no status, taken as available"),
        (
            "presence SET afterwards = 'asleep'",
            "afterwards",
            "'asleep' is no status, taken as available",
        ),
        (
            "presence SET message = 'a' || char(10) || 'b'",
            "message",
            "must be one line of 1 to 160 characters",
        ),
        (
            "profiles SET alert_first = 0",
            "profiles.available.alert_first",
            "must be 1 to 60 seconds or splash, not 0",
        ),
        (
            "profiles SET announce = '../x'",
            "profiles.available.announce",
            "'../x' is no sound file: 1 to 200 letters, digits and _./- without .. in it",
        ),
        (
            "profiles SET no_answer_after = -1",
            "profiles.available.no_answer_after",
            "-1 is no number of seconds",
        ),
        (
            "profiles SET external_no_answer_after = 0",
            "profiles.available.external.no_answer_after",
            "0 is no number of seconds",
        ),
        (
            "forwards SET target = 'nowhere' WHERE origin = 'internal' AND condition = 'busy'",
            "profiles.available.internal.busy",
            "'nowhere' is no target",
        ),
        (
            "forwards SET condition = 'never' WHERE condition = 'unregistered'",
            "profiles.available.external.never",
            "'voicemail:1005' is no target",
        ),
    ],
)
def test_what_is_broken_of_a_presence_is_left_out(company, store, change, where, text):
    and_his = "AND" if "WHERE" in change else "WHERE"
    force(company, f"UPDATE {change} {and_his} extension = '1007'")
    with store.read() as rules:
        presence = rules.presence(DOMAIN, "1007")
        assert said(rules) == [(f"users.1007.presence.{where}", text)]
    assert (presence.status, presence.afterwards) == (Status.AVAILABLE, Status.AVAILABLE)
    profile = presence.profile(Status.AVAILABLE)
    assert (presence.message, profile.alert_first, profile.announce) == ("", None, "")
    assert profile.no_answer_after == (None if "after = -1" in change else 12)
    rest = profile.target(Origin.INTERNAL, Forward.NO_ANSWER)
    assert rest == Target(TargetKind.EXTENSION, "1005")


def test_a_profile_of_an_unknown_status_is_left_out(company, store):
    company.conn.execute("PRAGMA foreign_keys = off")
    force(company, "UPDATE profiles SET status = 'asleep' WHERE extension = '1007'")
    with store.read() as rules:
        assert rules.presence(DOMAIN, "1007") == Presence()
        assert said(rules) == [("users.1007.presence.profiles.asleep", "is no status")]


def test_the_caller_list(rules):
    assert rules.callers(DOMAIN, "1001") == (
        CallerRule(("+4930111*",), CallerAction.RING),
        CallerRule(("+49800???????",), CallerAction.BLOCK),
    )
    assert rules.callers(DOMAIN, "1002") == ()
    [night] = rules.callers(DOMAIN, "1005")
    assert night.schedule == Schedule(
        "night", "Europe/Berlin", (Hours.parse("mon-sun", "22:00", "06:00"),)
    )


def test_the_forward_of_every_call(company, store):
    with store.read() as rules:
        there = Target(TargetKind.EXTERNAL, "+493098765430")
        off = CallForward(there, enabled=False, ring_splash=True)
        assert rules.call_forward(DOMAIN, "1003") == {Origin.EXTERNAL: off}
        assert rules.call_forward(DOMAIN, "1001") == {}
    force(company, "UPDATE call_forwards SET announce = '../x'")
    with store.read() as rules:
        assert rules.call_forward(DOMAIN, "1003") == {Origin.EXTERNAL: off}
        assert said(rules)[0][0] == "users.1003.forward.external.announce"
    force(company, "UPDATE call_forwards SET announce = 'a/b.wav'")
    with store.read() as rules:
        heard = rules.call_forward(DOMAIN, "1003")[Origin.EXTERNAL]
        assert (heard.announce, rules.problems) == ("a/b.wav", ())
    force(company, "UPDATE call_forwards SET target = 'nowhere', enabled = 1")
    with store.read() as rules:
        assert rules.call_forward(DOMAIN, "1003") == {}
        assert said(rules) == [("users.1003.forward.external.to", "'nowhere' is no target")]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("numbers = '[\"x\"]'", "not all of its numbers are patterns"),
        ("numbers = '[7]'", "not all of its numbers are patterns"),
        ("action = 'sing'", "'sing' is not a valid CallerAction"),
        ("schedule = 'never'", "there is no schedule 'never'"),
    ],
)
def test_a_broken_entry_of_a_caller_list_is_left_out(company, store, change, text):
    force(company, f"UPDATE callers SET {change} WHERE position = 0")  # noqa: S608
    with store.read() as rules:
        assert [rule.action for rule in rules.callers(DOMAIN, "1001")] == [CallerAction.BLOCK]
        assert said(rules) == [("users.1001.callers[0]", text)]


@pytest.mark.parametrize("toll", ["nonsense", "{}", "[1]"])
def test_a_toll_policy_that_cannot_be_read_lets_no_number_out(company, store, toll):
    force(company, f"UPDATE domains SET toll_deny = '{toll}'")  # noqa: S608
    with store.read() as rules:
        assert not rules.settings(DOMAIN).toll.permits("+49301234567")
        assert said(rules)[0][0] == "settings.toll"


def test_settings_that_are_wrong_are_the_usual_ones(company, store):
    force(company, "UPDATE domains SET ring_cycle = 0, max_redirects = -1, language = 'xx'")
    with store.read() as rules:
        settings = rules.settings(DOMAIN)
        assert (settings.ring_cycle, settings.max_redirects) == (5, 5)
        assert settings.labels.anonymous == "Anonymous"
        assert [path for path, _ in said(rules)] == [
            "settings.ring_cycle",
            "settings.max_redirects",
            "settings.language",
        ]


def test_how_forwards_ring_and_what_comes_first(company, store):
    with store.read() as rules:
        settings = rules.settings(DOMAIN)
        assert (settings.forward_ring, settings.dnd_over_cfu) == (None, False)
        users = [rules.user(DOMAIN, extension) for extension in ("1001", "1003")]
        assert [user.forward_ring for user in users] == [None, 20]
    force(company, "UPDATE domains SET forward_ring = 300, dnd_over_cfu = 1")
    with store.read() as rules:
        settings = rules.settings(DOMAIN)
        assert (settings.forward_ring, settings.dnd_over_cfu) == (300, True)
    force(company, "UPDATE domains SET forward_ring = 0")
    force(company, "UPDATE users SET forward_ring = -1 WHERE extension = '1003'")
    with store.read() as rules:
        assert rules.settings(DOMAIN).forward_ring is None
        assert rules.user(DOMAIN, "1003").forward_ring is None
        assert said(rules) == [
            ("settings.forward_ring", "0 is no number of seconds"),
            ("users.1003.forward_ring", "-1 is no number of seconds"),
        ]


def test_a_store_has_a_secret_of_its_own_that_an_import_leaves(company, store, tmp_path):
    with store.read() as rules:
        secret = rules.secret("trail")
        assert len(secret) == 32
        assert rules.secret("other") == b""
    import_rules(company, read_rules(company, DOMAIN))
    with store.read() as rules:
        assert rules.secret("trail") == secret
    other = tmp_path / "other.db"
    open_store(other, create=True).close()
    with Store(other).read() as rules:
        assert rules.secret("trail") != secret


def test_every_lookup_of_the_reader_goes_through_an_index(store):
    """However many users there are, no statement of a decision reads a whole table, but for the
    few domains."""
    seen = []
    with store.read() as rules:
        conn = rules._conn
        conn.set_trace_callback(seen.append)
        rules.settings(DOMAIN)
        rules.user(DOMAIN, "1002")
        rules.team(DOMAIN, "2000")
        rules.owner_of("+493012345107")
        rules.device_user(DOMAIN, "desk-reception")
        rules.follow_me(DOMAIN, "1002", Origin.EXTERNAL)
        rules.presence(DOMAIN, "1010")
        rules.callers(DOMAIN, "1005")
        rules.call_forward(DOMAIN, "1003")
        conn.set_trace_callback(None)
        plans = [row[3] for sql in seen for row in conn.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert len(seen) == 17
    scans = [line for line in plans if line.startswith("SCAN") and "SCAN (" not in line]
    scans = [line for line in scans if "CONSTANT ROW" not in line and "-subquery" not in line]
    assert [line for line in scans if not line.startswith("SCAN domains")] == []
    assert any(line.startswith("SEARCH") for line in plans)


def forget_status(db):
    """1007 never had a status of his own, nor anything that sets it."""
    force(db, "DELETE FROM profiles WHERE extension = '1007'")
    force(db, "DELETE FROM presence WHERE extension = '1007'")
    force(db, "DELETE FROM calendars WHERE extension = '1007'")
    force(db, "DELETE FROM messengers WHERE extension = '1007'")


def test_a_user_without_rules_of_his_own_is_not_asked_for_them(company, store):
    forget_status(company)
    force(
        company,
        "INSERT INTO presence (domain, extension, status, revert)"
        " VALUES ('pbx.test', '1007', 'available', 'available')",
    )
    asked = []
    with store.read() as rules:
        rules._conn.set_trace_callback(asked.append)
        rules.user(DOMAIN, "1007")
        assert rules.callers(DOMAIN, "1007") == ()
        assert rules.call_forward(DOMAIN, "1007") == {}
        assert rules.executive(DOMAIN, "1007") is None
        assert rules.presence(DOMAIN, "1007") == Presence()
        rules._conn.set_trace_callback(None)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "rule",
    [
        "INSERT INTO presence (domain, extension, status, revert)"
        " VALUES ('{}', '1007', 'meeting', 'available')",
        "INSERT INTO presence (domain, extension, status, revert, afterwards)"
        " VALUES ('{}', '1007', 'available', 'available', 'away')",
        "INSERT INTO presence (domain, extension, status, revert, until)"
        " VALUES ('{}', '1007', 'available', 'available', 4102444800)",
        "INSERT INTO presence (domain, extension, status, revert, message)"
        " VALUES ('{}', '1007', 'available', 'available', 'back soon')",
        "INSERT INTO presence (domain, extension, status, revert, hours_schedule, hours_status)"
        " VALUES ('{}', '1007', 'available', 'available', 'office', 'away')",
        "INSERT INTO calendars"
        " (domain, extension, source, status, all_day, tentative, merge_gap, padding)"
        " VALUES ('{}', '1007', 'https://calendar.test/1007', 'meeting', 'busy', 'busy', 5, 0)",
        "INSERT INTO messengers (domain, extension, status) VALUES ('{}', '1007', 1)",
    ],
    ids=["status", "afterwards", "until", "message", "hours", "calendar", "messenger"],
)
def test_one_rule_of_his_status_is_enough_to_be_asked_for_it(company, store, rule):
    forget_status(company)
    force(company, rule.format(DOMAIN))
    with store.read() as rules:
        unread = rules.presence(DOMAIN, "1007")
        rules.user(DOMAIN, "1007")
        assert rules.presence(DOMAIN, "1007") == unread != Presence()


def test_a_transaction_that_has_begun_ahead_is_of_that_instant(company, store):
    ahead = store.ahead()
    force(company, "UPDATE domains SET country = 'AT'")
    with ahead as rules:
        assert rules.settings(DOMAIN).country == "DE"
    with store.read() as rules:
        assert rules.settings(DOMAIN).country == "AT"


def test_a_burst_costs_no_connection_for_each_call_that_waits(store):
    first = store.ahead()
    assert first is not None
    assert store.ahead() is None
    with store.read():
        pass  # whoever has to decide now gets one
    first.close()
    with store.ahead() as rules:
        assert rules.domains() == (DOMAIN,)


def test_what_cannot_be_read_is_not_begun_ahead(company, store):
    force(company, "ALTER TABLE domains RENAME TO lost")
    assert store.ahead() is None
    with pytest.raises(StoreError, match="no such table: domains"), store.read() as rules:
        rules.domains()


def test_limits_and_what_is_left_out(company, rules):
    assert rules.settings(DOMAIN).max_parallel_forwards == 10
    assert rules.user(DOMAIN, "1001").bob_count_outgoing_early
    assert not rules.user(DOMAIN, "1002").bob_count_outgoing_early
    desk, soft, reception = rules.follow_me(DOMAIN, "1002", Origin.EXTERNAL)
    assert (desk.skip_if_busy, soft.skip_if_busy, reception.skip_if_busy) == (False, True, False)
    assert [row.device.redirect for row in rules.follow_me(DOMAIN, "1007", Origin.TEAM)] == [True]


def test_whether_a_ring_time_was_set_for_calls_of_teams(company, store):
    follow_me.set_rows(company, DOMAIN, "1002", "1002-desk", {"ring": 30}, origins=["team"])
    follow_me.set_rows(company, DOMAIN, "1002", "1002-soft", {"delay": 3}, origins=["team"])
    with store.read() as rules:
        rows = rules.follow_me(DOMAIN, "1002", Origin.TEAM)
        assert [(row.ring, row.own_ring) for row in rows] == [(30, True), (30, False), (30, False)]
        assert not any(row.own_ring for row in rules.follow_me(DOMAIN, "1002", Origin.EXTERNAL))
