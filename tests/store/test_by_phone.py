"""What a feature code changes in the store, and what it leaves alone."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest

from esl_router.model.actions import Perform
from esl_router.model.feature import (
    LogAssistant,
    LogTeam,
    LogWorkplace,
    SetBusyOnBusy,
    SetConditional,
    SetDeviceDnd,
    SetDivert,
    SetFollowMe,
    SetForward,
    SetStatus,
    SwitchConditional,
    SwitchFilter,
    SwitchForward,
)
from esl_router.model.people import Origin
from esl_router.model.presence import Forward, Status
from esl_router.store import by_phone
from esl_router.store.by_phone import ByPhone
from esl_router.store.database import open_store
from esl_router.store.document import read_rules

DOMAIN = "pbx.test"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BOTH = (Origin.INTERNAL, Origin.EXTERNAL)


def perform(path, user, feature):
    return ByPhone(path).perform(Perform(DOMAIN, user, feature), NOW)


def leaves(value, path=""):
    """Each single setting of a document by its path; a row's mark that its user set it is none."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in entries:
        if isinstance(each, dict | list):
            yield from leaves(each, f"{path}{key}.")
        elif key != "user_set":
            yield f"{path}{key}", each


@pytest.fixture
def changed(company, path):
    """``changed("1002", feature)``: every setting in the store that it made another one."""

    def perform_and_compare(user, feature):
        before = dict(leaves(read_rules(company, DOMAIN)))
        assert perform(path, user, feature) == ""
        after = dict(leaves(read_rules(company, DOMAIN)))
        return {key: value for key, value in after.items() if before.get(key) != value}

    return perform_and_compare


@pytest.mark.parametrize(
    ("user", "feature", "difference"),
    [
        ("1002", SetStatus(Status.LUNCH), {"presence.status": "lunch"}),
        (
            "1002",
            SetStatus(Status.AWAY, 2),
            {"presence.status": "away", "presence.until": NOW.timestamp() + 2 * 3600},
        ),
        ("1002", SetBusyOnBusy(1), {"busy_on_busy": 1}),
        ("1001", SetBusyOnBusy(0), {"busy_on_busy": 0}),
        (
            "1002",
            SetForward(BOTH, "extension:1001"),
            {
                "forward.internal.to": "extension:1001",
                "forward.internal.enabled": True,
                "forward.internal.ring_splash": False,
                "forward.external.to": "extension:1001",
                "forward.external.enabled": True,
                "forward.external.ring_splash": False,
            },
        ),
        (
            "1001",
            SetConditional(Forward.BUSY, "extension:1002"),
            {
                "presence.profiles.available.internal.busy.to": "extension:1002",
                "presence.profiles.available.external.busy.to": "extension:1002",
            },
        ),
        (
            "1001",
            SwitchConditional(Forward.BUSY, BOTH, False),
            {
                "presence.profiles.available.internal.busy.enabled": False,
                "presence.profiles.available.external.busy.enabled": False,
            },
        ),
        ("1003", SwitchForward((Origin.EXTERNAL,), True), {"forward.external.enabled": True}),
        ("1002", LogWorkplace(None), {"workplace": None}),
        ("1002", SetDeviceDnd("1002-desk", True), {"devices.1002-desk.dnd": True}),
        (
            "1002",
            SetFollowMe("1002-desk", False),
            {
                f"follow_me.1002-desk.{origin}.enabled": False
                for origin in ("internal", "external", "team")
            },
        ),
    ],
)
def test_one_setting_of_the_user_is_changed(changed, user, feature, difference):
    found = changed(user, feature)
    assert found == {f"users.{user}.{key}": after for key, after in difference.items()}


@pytest.mark.parametrize(
    ("user", "feature", "difference"),
    [
        ("1002", LogTeam("2000", False), {"teams.2000.members.2.logged_in": False}),
        (
            "1002",
            LogAssistant("1001", False),
            {"executives.1001.assistants.0.opted_in": False},
        ),
        (
            "1002",
            SetDivert("1001", "1004"),
            {"executives.1001.assistants.0.divert": "1004"},
        ),
        ("1003", SetDivert("1001", None), {"executives.1001.assistants.1.divert": None}),
        ("1001", SwitchFilter("1001", True), {"executives.1001.enabled": True}),
        ("1003", SwitchFilter("1001", True), {"executives.1001.enabled": True}),
    ],
)
def test_one_setting_that_he_shares_with_others_is_changed(changed, user, feature, difference):
    assert changed(user, feature) == difference


@pytest.mark.parametrize(
    ("user", "feature", "why"),
    [
        ("1001", SetFollowMe("1001-mobile", True), "user_configurable"),
        ("1002", SetDeviceDnd("1001-desk", True), "1002"),
        ("1002", SetFollowMe("1001-desk", False), "1001-desk"),
        ("1002", SetForward(BOTH, "external:+49900123456"), "toll"),
        ("1002", SetForward(BOTH, "extension:9999"), "9999"),
        ("1004", SetDivert("1001", "1002"), "1004"),
        ("1004", SwitchFilter("1001", True), "1004"),
        ("1004", LogTeam("2000", True), "1004"),
        ("9999", SetStatus(Status.DND), "9999"),
    ],
)
def test_what_is_not_his_to_change_stays_as_it_is(company, path, user, feature, why):
    before = read_rules(company, DOMAIN)
    sentence = perform(path, user, feature)
    assert why in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert read_rules(company, DOMAIN) == before


def test_the_last_login_at_a_place_wins(changed):
    assert changed("1004", LogWorkplace("reception")) == {
        "users.1002.workplace": None,
        "users.1004.workplace": "reception",
    }


def test_the_history_says_who_did_it_and_from_where(company, path):
    perform(path, "1002", SetStatus(Status.LUNCH))
    row = company.conn.execute(
        "SELECT kind, name, source FROM history ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert row == ("user", "1002", "phone")


def test_a_store_that_is_locked_is_a_refusal(company, path, monkeypatch):
    monkeypatch.setattr(by_phone, "PATIENCE", 0.01)
    before = read_rules(company, DOMAIN)
    with closing(open_store(path)) as other:
        other.conn.execute("BEGIN IMMEDIATE")
        sentence = perform(path, "1002", SetStatus(Status.LUNCH))
        other.conn.execute("ROLLBACK")
    assert "cannot be written" in sentence
    assert read_rules(company, DOMAIN) == before


def test_a_store_that_is_gone_is_a_refusal(tmp_path):
    assert "there is no rule store" in perform(tmp_path / "x.db", "1002", SetBusyOnBusy(1))


@pytest.mark.parametrize("user", ["1002", "1099"])
def test_what_would_be_refused_is_asked_without_changing_anything(company, path, user):
    action = Perform(DOMAIN, user, SetStatus(Status.LUNCH))
    before = read_rules(company, DOMAIN)
    assert bool(ByPhone(path).refusal(action, NOW)) == (user == "1099")
    assert read_rules(company, DOMAIN) == before
    assert ByPhone(path).refusal(action, NOW) == perform(path, user, action.feature)


def test_without_a_store_everything_would_be_refused(tmp_path):
    action = Perform(DOMAIN, "1002", SetStatus(Status.LUNCH))
    assert "there is no rule store" in ByPhone(tmp_path / "none.db").refusal(action, NOW)
