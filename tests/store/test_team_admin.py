from __future__ import annotations

import pytest

from esl_router.errors import NotFound, NotPermitted
from esl_router.model.team import Turn
from esl_router.store import admin
from esl_router.store.document import read_rules
from esl_router.store.team_admin import (
    add_member,
    add_team,
    log,
    remove_member,
    remove_team,
    set_member,
    set_team,
    team,
    teams,
)
from esl_router.store.turns import Turns
from tests.store.actors import acting
from tests.store.test_admin import lines, refused

DOMAIN = "pbx.test"


def order(db, extension="2000"):
    return [member["user"] for member in team(db, DOMAIN, extension)["members"]]


def test_every_team_in_the_order_of_the_file(company, company_rules):
    assert teams(company, DOMAIN) == [
        {"extension": extension, **found} for extension, found in company_rules["teams"].items()
    ]
    assert teams(company, "other.test") == []
    with pytest.raises(NotFound, match="there is no team '1001'"):
        team(company, DOMAIN, "1001")
    with pytest.raises(NotFound, match="no team '2009', did you mean '200"):
        team(company, DOMAIN, "2009")


def test_a_new_team_stands_at_the_end(company):
    changes = add_team(
        company, DOMAIN, "2002", {"name": "Support", "numbers": ["030 12345202"], "ring": 9}
    )
    assert lines(changes) == [
        '+ teams.2002: {"name": "Support", "numbers": ["+493012345202"], "strategy": "parallel", '
        '"ring": 9}'
    ]
    assert [each["extension"] for each in teams(company, DOMAIN)] == ["2000", "2001", "2002"]


def test_a_changed_team_stays_in_its_place_and_leaves_everything_else(company, company_rules):
    changes = set_team(
        company,
        DOMAIN,
        "2000",
        {"strategy": "longest_idle", "overflow.busy": None, "caller_prefix": None},
    )
    assert lines(changes) == [
        "~ teams.2000.strategy: parallel → longest_idle",
        "- teams.2000.overflow.busy: busy",
        "- teams.2000.caller_prefix: Hotline: ",
    ]
    rules = read_rules(company, DOMAIN)
    assert list(rules["teams"]) == ["2000", "2001"]
    wanted = {**company_rules["teams"]["2000"], "strategy": "longest_idle", "caller_prefix": ""}
    wanted["overflow"] = {**wanted["overflow"], "busy": None}
    assert rules["teams"]["2000"] == wanted
    assert {**rules, "teams": None} == {**company_rules, "teams": None}
    assert set_team(company, DOMAIN, "2000", {"strategy": "longest_idle"}) == ()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"strategy": "loudest"}, "teams.2000.strategy: must be parallel, sequential"),
        ({"ring": 0}, "teams.2000.ring: must be 1 to 600 seconds, not 0"),
        ({"name": None}, "teams.2000.name: is missing"),
        ({"caller_prefix": "x" * 41}, "teams.2000.caller_prefix: must be one line of up to 40"),
        ({"overflow.busy": "extension:1099"}, "teams.2000.overflow.busy: there is no user or team"),
        (
            {"overflow.busy": "external:+4990012"},
            "teams.2000.overflow.busy: settings.toll does not",
        ),
        ({"numbers": ["+493012345101"]}, "teams.2000.numbers[0]: +493012345101 is 1001's number"),
        ({"numbers": ["+4930777"] * 2}, "teams.2000.numbers[1]: +4930777 is 2000's number"),
        ({"members": [{"user": "1099"}]}, "teams.2000.members[0].user: there is no user '1099'"),
        ({"nmae": "x"}, "teams.2000.nmae: unknown key, did you mean 'name'?"),
    ],
)
def test_what_a_team_cannot_be(company, company_rules, settings, problem):
    [line] = refused(set_team, company, DOMAIN, "2000", settings)
    assert line.startswith(problem)
    assert read_rules(company, DOMAIN) == company_rules


def test_where_no_team_can_be_added(company):
    for extension, kind in (("1001", "user"), ("2000", "team")):
        assert refused(add_team, company, DOMAIN, extension, {"name": "X"}) == [
            f"teams.{extension}: there is a {kind} {extension} already"
        ]
    [line] = refused(add_team, company, DOMAIN, "abc", {"name": "X"})
    assert line.startswith("teams.abc: 'abc' is no extension")


def test_a_team_that_somebody_s_calls_go_to_stays(company):
    assert refused(remove_team, company, DOMAIN, "2000") == [
        "users.1008.presence.profiles.business_trip.external.always still names 2000: "
        "change that first",
        "teams.2001.overflow still names 2000: change that first",
    ]


def test_removing_a_team_leaves_its_members_and_forgets_whose_turn_it_was(company, path):
    Turns(path).began(Turn(DOMAIN, "2001", "1004"), 1.0)
    [change] = remove_team(company, DOMAIN, "2001")
    assert (change.path, change.after) == ("teams.2001", None)
    assert [each["extension"] for each in teams(company, DOMAIN)] == ["2000"]
    assert admin.user(company, DOMAIN, "1004")["name"] == "David Dietz"
    assert company["team_turns"].count == 0
    add_team(company, DOMAIN, "2001", {"name": "Again"})
    assert order(company, "2001") == []


def test_a_team_whose_own_overflow_names_it_can_be_removed(company):
    set_team(company, DOMAIN, "2001", {"overflow.busy": "extension:2001"})
    assert remove_team(company, DOMAIN, "2001")


def test_members_come_and_go(company):
    assert lines(add_member(company, DOMAIN, "2001", "1003", delay=10)) == [
        '+ teams.2001.members[2]: {"user": "1003", "delay": 10}'
    ]
    add_member(company, DOMAIN, "2001", "1007", place=1)
    assert order(company, "2001") == ["1007", "1004", "1008", "1003"]
    set_member(company, DOMAIN, "2001", "1003", place=2, delay=5)
    assert order(company, "2001") == ["1007", "1003", "1004", "1008"]
    assert team(company, DOMAIN, "2001")["members"][1]["delay"] == 5
    remove_member(company, DOMAIN, "2001", "1007")
    assert order(company, "2001") == ["1003", "1004", "1008"]


def test_a_member_who_moves_stays_logged_out(company):
    set_member(company, DOMAIN, "2000", "1001", place=1)
    assert team(company, DOMAIN, "2000")["members"][0] == {
        "user": "1001",
        "delay": 0,
        "logged_in": False,
    }


def test_what_a_member_cannot_be(company):
    assert refused(add_member, company, DOMAIN, "2000", "1005") == [
        "teams.2000.members: 1005 is a member of 2000 already"
    ]
    [line] = refused(add_member, company, DOMAIN, "2000", "1099")
    assert line.startswith("teams.2000.members[4].user: there is no user '1099'")
    [line] = refused(add_member, company, DOMAIN, "2000", "1003", delay=601)
    assert line.startswith("teams.2000.members[4].delay: must be 0 to 600 seconds")
    for place in (0, 6):
        assert refused(add_member, company, DOMAIN, "2000", "1003", place=place) == [
            f"teams.2000.members: a place is 1 to 5, not {place}"
        ]
    assert refused(set_member, company, DOMAIN, "2000", "1005", place=5) == [
        "teams.2000.members: a place is 1 to 4, not 5"
    ]
    for change in (set_member, remove_member):
        with pytest.raises(NotFound, match="'1003' is no member of team 2000"):
            change(company, DOMAIN, "2000", "1003")
    with pytest.raises(NotFound, match="there is no team '2009'"):
        add_member(company, DOMAIN, "2009", "1003")


def test_a_member_logs_in_and_out(company):
    assert lines(log(company, DOMAIN, "1001", "2000", True)) == [
        "- teams.2000.members[3].logged_in: false"
    ]
    assert log(company, DOMAIN, "1001", "2000", True) == ()
    assert lines(log(company, DOMAIN, "1001", "2000", False, by=acting("1001"))) == [
        "+ teams.2000.members[3].logged_in: false"
    ]


def test_nobody_logs_in_somebody_else_or_where_he_is_no_member(company, company_rules):
    for logged_in in (True, False):
        with pytest.raises(NotPermitted, match="1006 may not change the login of 1005 in team"):
            log(company, DOMAIN, "1005", "2000", logged_in, by=acting("1006"))
    with pytest.raises(NotFound, match="'1003' is no member of team 2000"):
        log(company, DOMAIN, "1003", "2000", True, by=acting("1003"))
    assert read_rules(company, DOMAIN) == company_rules
