from __future__ import annotations

import pytest

from esl_router.errors import NotFound, NotPermitted, RulesFileError
from esl_router.store import admin
from esl_router.store.database import write
from esl_router.store.document import read_rules
from esl_router.store.executive_admin import (
    add_criterion,
    add_executive,
    executive,
    executives,
    remove_criterion,
    remove_executive,
    set_criterion,
    set_executive,
)
from esl_router.store.rules.layout import EXECUTIVE
from tests.store.actors import acting
from tests.store.test_admin import lines, refused

DOMAIN = "pbx.test"
ADMINISTRATORS = {"assistants", "allow_opt_out", "before_forwarding"}
HIS_OWN = {"push_ignores_bob", "assistant_breaks_dnd", "assistant_respects_dnd"}
SHARED = set(EXECUTIVE.keys) - ADMINISTRATORS - HIS_OWN


def criterion(db, name):
    every = executive(db, DOMAIN, "1001")["criteria"]
    return next(each for each in every if each["name"] == name)


def names(db):
    return [each["name"] for each in executive(db, DOMAIN, "1001")["criteria"]]


def test_every_executive_in_the_order_of_the_file(company, company_rules):
    assert executives(company, DOMAIN) == [
        {"extension": extension, **found}
        for extension, found in company_rules["executives"].items()
    ]
    assert executives(company, "other.test") == []
    with pytest.raises(NotFound, match="'1002' is no executive, did you mean '1001'"):
        executive(company, DOMAIN, "1002")


def test_a_new_executive_stands_at_the_end(company):
    changes = add_executive(
        company, DOMAIN, "1008", {"assistants": [{"user": "1005"}], "rollover.after": 20}
    )
    assert lines(changes) == [
        '+ executives.1008: {"assistants": [{"user": "1005", "opted_in": true}], '
        '"rollover": {"after": 20}}'
    ]
    assert [each["extension"] for each in executives(company, DOMAIN)] == ["1001", "1008"]
    assert refused(add_executive, company, DOMAIN, "1008", {}) == [
        "executives.1008: 1008 is an executive already"
    ]
    with pytest.raises(NotFound, match="there is no user '1099'"):
        add_executive(company, DOMAIN, "1099", {})


def test_a_changed_executive_leaves_everything_else(company, company_rules):
    changes = set_executive(
        company,
        DOMAIN,
        "1001",
        {
            "enabled": True,
            "rollover.action": "extension:2000",
            "parallel.mobile": None,
            "rings": 4,
        },
    )
    assert lines(changes) == [
        "+ executives.1001.rings: 4",
        "~ executives.1001.rollover.action: voicemail → extension:2000",
        "- executives.1001.enabled: false",
        '- executives.1001.parallel: {"mobile": true}',
    ]
    rules = read_rules(company, DOMAIN)
    wanted = {
        **company_rules["executives"]["1001"],
        "enabled": True,
        "rings": 4,
        "parallel": {"mobile": False, "other": False},
        "rollover": {"after": 30, "action": "extension:2000"},
    }
    assert rules["executives"]["1001"] == wanted
    assert {**rules, "executives": None} == {**company_rules, "executives": None}
    assert set_executive(company, DOMAIN, "1001", {"enabled": True}) == ()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"filter": "some"}, "executives.1001.filter: must be all, internal, external or custom"),
        ({"rings": 0}, "executives.1001.rings: must be 1 to 20, not 0"),
        ({"rollover.action": "extension:1099"}, "executives.1001.rollover.action: there is no us"),
        (
            {"rollover.action": "external:+4990012"},
            "executives.1001.rollover.action: settings.toll does not permit",
        ),
        (
            {"rollover.action": "extension:1001"},
            "executives.1001.rollover.action: 1001 is the executive himself",
        ),
        ({"rollover.soon": 3}, "executives.1001.rollover.soon: unknown key"),
        ({"assistants": [{"user": "1099"}]}, "executives.1001.assistants[0].user: there is no us"),
    ],
)
def test_what_an_executive_cannot_be(company, settings, problem):
    [line] = refused(set_executive, company, DOMAIN, "1001", settings)
    assert line.startswith(problem)


def test_one_who_is_none_any_more_stays_a_user(company):
    [change] = remove_executive(company, DOMAIN, "1001")
    assert (change.path, change.after) == ("executives.1001", None)
    assert executives(company, DOMAIN) == []
    assert company["criteria"].count == company["assistants"].count == 0
    assert admin.user(company, DOMAIN, "1001")["name"] == "Anna Adler"


def test_a_user_whom_an_assistant_s_calls_go_to_stays(company):
    with write(company):
        company.conn.execute("UPDATE assistants SET divert = '1009' WHERE extension = '1002'")
    assert refused(admin.remove_user, company, DOMAIN, "1009") == [
        "executives.1001.assistants.1002.divert still names 1009: change that first"
    ]


def test_criteria_come_change_and_go(company):
    settings = {"filter": False, "callers.numbers": ["+4930*", "1002"]}
    assert lines(add_criterion(company, DOMAIN, "1001", "board", settings)) == [
        '+ executives.1001.criteria[4]: {"name": "board", "filter": false, '
        '"callers": {"numbers": ["+4930*", "1002"]}}'
    ]
    changes = set_criterion(
        company,
        DOMAIN,
        "1001",
        "board",
        {
            "active": False,
            "callers.numbers": None,
            "callers.unavailable": True,
            "schedule": "night",
        },
    )
    assert {change.path.rpartition(".")[2] for change in changes} == {
        "active",
        "numbers",
        "unavailable",
        "schedule",
    }
    assert criterion(company, "board") == {
        "name": "board",
        "active": False,
        "filter": False,
        "callers": {
            "origin": None,
            "numbers": [],
            "anonymous": False,
            "unavailable": True,
            "contact": None,
        },
        "dialled": [],
        "schedule": "night",
        "holidays": None,
    }
    set_criterion(company, DOMAIN, "1001", "family", {"name": "friends"})
    assert names(company) == ["customers", "closed days", "friends", "fair weeks", "board"]
    remove_criterion(company, DOMAIN, "1001", "customers")
    assert names(company) == ["closed days", "friends", "fair weeks", "board"]


def test_what_a_criterion_cannot_be(company):
    assert refused(add_criterion, company, DOMAIN, "1001", "family", {}) == [
        "executives.1001.criteria[4].name: 'family' stands here twice"
    ]
    assert refused(set_criterion, company, DOMAIN, "1001", "family", {"holidays": "xmas"}) == [
        "executives.1001.criteria[2].holidays: there is no schedule 'xmas'"
    ]
    [line] = refused(set_criterion, company, DOMAIN, "1001", "family", {"callers.numbers": ["x"]})
    assert line.startswith("executives.1001.criteria[2].callers.numbers[0]: 'x' is no number patt")
    for change in (
        lambda: set_criterion(company, DOMAIN, "1001", "famly", {}),
        lambda: remove_criterion(company, DOMAIN, "1001", "famly"),
    ):
        with pytest.raises(NotFound, match="1001 has no criterion 'famly', did you mean 'family'"):
            change()


# Each key that an executive may have, with a value that is not his.
OTHER = {
    "enabled": True,
    "filter": "all",
    "before_forwarding": False,
    "criteria": [],
    "assistants": [],
    "allow_opt_out": False,
    "alerting": "simultaneous",
    "rings": 9,
    "assistant_devices": "primary",
    "executive_first": 9,
    "alert_executive": "ring",
    "parallel": {"other": True},
    "caller_name": "caller",
    "caller_number": "executive",
    "custom_name": "Front desk",
    "custom_number": "+493012345000",
    "caller_prefix": "for Anna, ",
    "connected_line": "executive",
    "rollover": {"after": 9},
    "no_assistant": "executive",
    "push_recall": 9,
    "push_ignores_bob": False,
    "push_follows_forward": True,
    "assistant_breaks_dnd": False,
    "assistant_respects_dnd": False,
}


@pytest.mark.parametrize("key", list(EXECUTIVE.keys))
@pytest.mark.parametrize("as_user", ["1001", "1002", "1003"])
def test_what_an_executive_and_his_assistants_may_change(company, key, as_user):
    """1003 is logged out: an assistant all the same."""
    if key in SHARED or (key in HIS_OWN and as_user == "1001"):
        assert set_executive(company, DOMAIN, "1001", {key: OTHER[key]}, by=acting(as_user))
        return
    before = read_rules(company, DOMAIN)
    with pytest.raises(NotPermitted, match=f"user {as_user} may not change {key} of executive 10"):
        set_executive(
            company, DOMAIN, "1001", {"enabled": True, key: OTHER[key]}, by=acting(as_user)
        )
    assert read_rules(company, DOMAIN) == before
    assert set_executive(company, DOMAIN, "1001", {key: OTHER[key]})


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"caller_name": "custom"}, ": caller_name: custom needs a custom_name"),
        ({"caller_number": "custom"}, ": caller_number: custom needs a custom_number"),
        ({"custom_name": 12}, ".custom_name: must be text in quotes, not 12"),
        ({"custom_name": "a\nb"}, ".custom_name: must be one line of 1 to 80 characters"),
        ({"custom_number": "x@y"}, ".custom_number: "),
        ({"caller_prefix": "x" * 41}, ".caller_prefix: must be one line of up to 40 characters"),
        ({"connected_line": "mobile"}, ".connected_line: "),
    ],
)
def test_what_cannot_be_shown(company, settings, problem):
    [line] = refused(set_executive, company, DOMAIN, "1001", settings)
    assert line.startswith(f"executives.1001{problem}")


@pytest.mark.parametrize("key", ["assistants.x", "allow_opt_out", "assistants"])
def test_no_spelling_of_a_key_gets_past_the_rights(company, key):
    with pytest.raises(NotPermitted):
        set_executive(company, DOMAIN, "1001", {key: None}, by=acting("1002"))


@pytest.mark.parametrize("as_user", ["1005", "9999", "", "2000"])
def test_nobody_else_sees_or_changes_anything(company, as_user):
    before = read_rules(company, DOMAIN)
    who = "1001, 1002, 1003 and the administrator may"
    assert executives(company, DOMAIN, by=acting(as_user)) == []
    with pytest.raises(NotPermitted, match=f"may not see how the calls of 1001 .*: {who}"):
        executive(company, DOMAIN, "1001", by=acting(as_user))
    for change, *values in (
        (set_executive, {"enabled": True}),
        (add_criterion, "new", {}),
        (set_criterion, "family", {"active": False}),
        (remove_criterion, "family"),
    ):
        with pytest.raises(NotPermitted, match=f"may not change how the calls of 1001 .*: {who}"):
            change(company, DOMAIN, "1001", *values, by=acting(as_user))
    assert read_rules(company, DOMAIN) == before


@pytest.mark.parametrize("as_user", ["1001", "1002", "1003"])
def test_criteria_are_theirs(company, as_user):
    assert [each["extension"] for each in executives(company, DOMAIN, by=acting(as_user))] == [
        "1001"
    ]
    assert executive(company, DOMAIN, "1001", by=acting(as_user))["rings"] == 3
    add_criterion(company, DOMAIN, "1001", "new", {}, by=acting(as_user))
    set_criterion(company, DOMAIN, "1001", "new", {"active": False}, by=acting(as_user))
    assert not criterion(company, "new")["active"]
    remove_criterion(company, DOMAIN, "1001", "new", by=acting(as_user))
    assert "new" not in names(company)


def test_a_divert_that_is_forbidden_meanwhile_keeps_nothing_else_from_changing(company):
    with write(company):
        company.conn.execute("UPDATE domains SET toll_deny = '[\"+49171\"]'")
    assert set_executive(company, DOMAIN, "1001", {"rings": 5})
    with pytest.raises(RulesFileError, match=r"assistants\[0\].divert: settings.toll does not"):
        set_executive(
            company, DOMAIN, "1001", {"assistants": [{"user": "1003", "divert": "+491715550000"}]}
        )
