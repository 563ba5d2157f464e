from __future__ import annotations

import pytest

from esl_router.engine.lint import teams
from esl_router.model.people import Origin
from esl_router.model.presence import Presence, Status
from esl_router.model.team import Member, Strategy
from tests.engine.lint.offices import (
    boss,
    cell,
    desk,
    found,
    office,
    on_call,
    team,
    whole,
)

SEQUENTIAL = Strategy.SEQUENTIAL
OUT = Member("1001", logged_in=False)


def with_team(*members, rows=None, **more):
    rules = {"teams": (team(*members, **more),)}
    if rows is not None:
        rules["by_origin"] = on_call(Origin.TEAM, rows)
    return office(**rules)


def test_a_team_without_members():
    assert found(teams.no_members, with_team()) == ["error teams.2000.members"]
    handed = with_team(overflow={"nobody": "extension:1001"})
    assert found(teams.no_members, handed) == ["warning teams.2000.members"]
    assert found(teams.no_members, with_team("1001")) == []


def test_a_member_without_a_phone_for_the_team():
    off = {"1002": (desk("1002", enabled=False),)}
    assert found(teams.silent_member, with_team("1001", "1002", rows=off)) == [
        "warning teams.2000.members[1]"
    ]
    assert found(teams.silent_member, with_team("1001", "1002")) == []


def test_a_member_who_is_logged_out_needs_no_phone():
    off = {"1001": (desk(enabled=False),)}
    assert found(teams.silent_member, with_team(OUT, "1002", rows=off)) == []


def test_a_member_may_have_phones_only_where_he_logs_in():
    rules = with_team("1001", rows={"1001": ()})
    assert found(teams.silent_member, rules) == ["warning teams.2000.members[0]"]
    rules = office({"1001": ()}, teams=(team("1001"),))
    assert found(teams.silent_member, rules, workplaces=True) == []


def test_nobody_of_a_team_is_there_and_nobody_takes_over():
    rules = office(teams=(team(OUT, "1002"),), statuses={"1002": Presence(Status.AWAY)})
    (finding,) = teams.nobody_there(whole(rules))
    assert finding.path == "teams.2000.overflow.nobody"
    assert "(1001: he is logged out, 1002: he is away)" in finding.text


@pytest.mark.parametrize(
    "rules",
    [
        with_team(OUT, overflow={"nobody": "extension:1002"}),
        with_team(OUT, "1002"),
    ],
    ids=["somebody takes over", "somebody is there"],
)
def test_a_team_that_somebody_answers(rules):
    assert found(teams.nobody_there, rules) == []


@pytest.mark.parametrize(
    "rules",
    [
        with_team("1001", "1002", "1003", strategy=SEQUENTIAL, ring=20, max_wait=40),
        with_team(
            "1001",
            Member("1003", delay=40),
            rows={"1001": (desk(ring=60),)},
            max_wait=40,
        ),
    ],
    ids=["sequential", "parallel"],
)
def test_a_member_whose_turn_never_comes(rules):
    last = len(rules.teams[0].members) - 1
    assert found(teams.never_a_turn, rules) == [f"warning teams.2000.members[{last}]"]


@pytest.mark.parametrize(
    "rules",
    [
        with_team("1001", "1002", "1003", strategy=SEQUENTIAL, ring=20, max_wait=45),
        with_team(OUT, "1002", "1003", strategy=SEQUENTIAL, ring=20, max_wait=40),
        with_team("1001", "1002", "1003", strategy=Strategy.ROUND_ROBIN, ring=20, max_wait=40),
    ],
    ids=["in time", "one is out", "turns"],
)
def test_members_whose_turn_comes(rules):
    assert found(teams.never_a_turn, rules) == []


def test_a_device_that_begins_when_the_turn_is_over():
    rows = {"1001": (desk(), cell(delay=20))}
    path = "users.1001.follow_me.1001-cell.team.delay"
    late = with_team("1001", rows=rows, strategy=SEQUENTIAL, ring=20)
    assert found(teams.late_device, late) == [f"warning {path}"]
    assert found(teams.late_device, with_team("1001", rows=rows, ring=20)) == []
    longer = with_team("1001", rows=rows, strategy=SEQUENTIAL, ring=40)
    assert found(teams.late_device, longer) == []
    own = {"1001": (desk(), cell(delay=20, ring=20, own_ring=True))}
    given = with_team("1001", rows=own, strategy=SEQUENTIAL, ring=20)
    assert found(teams.late_device, given) == []


def test_a_number_outside_in_a_turn_that_is_too_short():
    rows = {"1001": (desk(), cell(delay=10))}
    short = with_team("1001", rows=rows, strategy=SEQUENTIAL, ring=20)
    assert found(teams.short_turn, short) == ["warning teams.2000.ring"]
    longer = with_team("1001", rows=rows, strategy=SEQUENTIAL, ring=25)
    assert found(teams.short_turn, longer) == []


def test_a_team_of_executives_alone():
    bosses = (boss("1003"),)
    assert found(teams.all_executives, office(teams=(team("1001"),), executives=bosses)) == [
        "warning teams.2000.members"
    ]
    mixed = office(teams=(team("1001", "1002"),), executives=bosses)
    assert found(teams.all_executives, mixed) == []
    off = office(teams=(team("1001"),), executives=(boss("1003", enabled=False),))
    assert found(teams.all_executives, off) == []
