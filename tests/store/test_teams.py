from __future__ import annotations

import pytest

from esl_router.model.presence import Target
from esl_router.model.team import Member, Overflow, Strategy, Team
from esl_router.store.database import write
from esl_router.store.reader import Store
from tests.store.test_reader import DOMAIN, force, said


@pytest.fixture
def store(company, path):
    opened = Store(path)
    yield opened
    opened.close()


def found(store, extension="2000"):
    with store.read() as rules:
        return rules.team(DOMAIN, extension)


def test_every_field_of_a_team(store):
    assert found(store) == Team(
        DOMAIN,
        "2000",
        "Hotline",
        numbers=("+493012345200",),
        strategy=Strategy.PARALLEL,
        ring=20,
        max_wait=60,
        max_calls=None,
        skip_if_busy=True,
        caller_prefix="Hotline: ",
        overflow={
            Overflow.NO_ANSWER: Target.parse("voicemail:1005"),
            Overflow.BUSY: Target.parse("busy"),
            Overflow.NOBODY: Target.parse("extension:1007"),
        },
        members=(
            Member("1005"),
            Member("1006"),
            Member("1002", delay=10),
            Member("1001", logged_in=False),
        ),
    )


def test_a_team_that_says_little(store):
    team = found(store, "2001")
    assert (team.strategy, team.ring, team.max_wait) == (Strategy.SEQUENTIAL, 15, 45)
    assert (team.numbers, team.max_calls, team.caller_prefix) == ((), 0, "")
    assert set(team.overflow) == {Overflow.NO_ANSWER, Overflow.NOBODY}
    with store.read() as rules:
        assert rules.team(DOMAIN, "1001") is None
        assert rules.team("other.test", "2000") is None


def test_direct_numbers_and_members_in_the_order_of_the_file(company, store):
    with write(company):
        company["numbers"].insert_all(
            {"number": number, "domain": DOMAIN, "extension": "2001", "position": place}
            for place, number in enumerate(["+49302", "+49301"])
        )
        company.conn.execute("UPDATE team_members SET position = 9 WHERE extension = '1004'")
    team = found(store, "2001")
    assert team.numbers == ("+49302", "+49301")
    assert [member.extension for member in team.members] == ["1008", "1004"]


def test_each_member_knows_when_it_was_his_turn(company, store):
    turns = [
        {"team": "2000", "extension": "1006", "began": 5.5, "talked": 7.0},
        {"team": "2000", "extension": "1002", "began": 3.0, "talked": 0.0},
        {"team": "2001", "extension": "1005", "began": 9.0, "talked": 9.0},
        {"team": "2000", "extension": "1099", "began": 9.0, "talked": 9.0},
    ]
    with write(company):
        company["team_turns"].insert_all({"domain": DOMAIN, **turn} for turn in turns)
        company["team_turns"].insert({**turns[2], "domain": "other.test", "team": "2000"})
    assert [(each.extension, each.began, each.talked) for each in found(store).members] == [
        ("1005", 0.0, 0.0),
        ("1006", 5.5, 7.0),
        ("1002", 3.0, 0.0),
        ("1001", 0.0, 0.0),
    ]


def test_a_strategy_that_is_none_is_reported_and_all_ring(company, store):
    force(company, "UPDATE teams SET strategy = 'loudest' WHERE extension = '2001'")
    with store.read() as rules:
        assert rules.team(DOMAIN, "2001").strategy is Strategy.PARALLEL
        assert said(rules) == [
            ("teams.2001.strategy", "'loudest' is not known, taken as parallel"),
        ]


def test_a_target_that_is_none_is_reported_and_the_others_hold(company, store):
    force(company, "UPDATE teams SET overflow_busy = 'nowhere' WHERE extension = '2000'")
    with store.read() as rules:
        overflow = rules.team(DOMAIN, "2000").overflow
        assert set(overflow) == {Overflow.NO_ANSWER, Overflow.NOBODY}
        assert said(rules) == [("teams.2000.overflow.busy", "'nowhere' is no target")]


def test_times_that_make_no_sense_are_the_least_there_may_be(company, store):
    force(company, "UPDATE teams SET ring = 0, max_wait = -5")
    force(company, "UPDATE team_members SET delay = -1")
    team = found(store)
    assert (team.ring, team.max_wait) == (1, 1)
    assert {member.delay for member in team.members} == {0}
