"""Finding entries of the history again."""

from __future__ import annotations

import pytest

from esl_router.errors import NotFound
from esl_router.store.database import write
from esl_router.store.history import concerns, entries, entry, purge
from esl_router.store.rules_import import import_rules
from tests.store.actors import acting

DOMAIN = "pbx.test"


@pytest.fixture
def told(company):
    """Entries 2 … 5, an hour apart."""
    statements = (
        (None, "UPDATE users SET name = 'Benno' WHERE extension = '1002'"),
        (acting("1005"), "UPDATE team_members SET logged_in = 0 WHERE extension = '1005'"),
        (None, "UPDATE teams SET name = 'New' WHERE extension = '2000'"),
        (None, "UPDATE presence SET status = 'lunch' WHERE extension = '1002'"),
    )
    for hour, (by, statement) in enumerate(statements):
        with write(company, by, now=hour * 3600.0):
            company.conn.execute(statement)
    return company


def numbers(db, limit=100, **conditions):
    return [each.number for each in entries(db, limit, **conditions)]


def test_the_last_ones_in_their_order(told):
    assert numbers(told) == [1, 2, 3, 4, 5]
    assert numbers(told, 2) == [4, 5]


def test_what_concerns_a_user(told):
    assert numbers(told, user="1002") == [2, 5]
    assert numbers(told, user="1005") == [3]
    assert numbers(told, user="2000") == [3, 4]
    assert numbers(told, user="100") == []
    [edit] = entry(told, 3).edits
    assert concerns(edit, "1005")
    assert not concerns(edit, "1006")


def test_what_changed_at_a_path_or_below(told):
    assert numbers(told, path=("users",)) == [2, 5]
    assert numbers(told, path=("users", "1002")) == [2, 5]
    assert numbers(told, path=("users", "1002", "presence")) == [5]
    assert numbers(told, path=("users", "1002", "presence", "status")) == [5]
    assert numbers(told, path=("users", "1002", "pres")) == []
    assert numbers(told, path=("users", "100")) == []
    assert numbers(told, path=("teams", "2000", "members", "1005")) == [3]


def test_since(told):
    assert numbers(told, since=7200.0) == [1, 4, 5]
    assert numbers(told, since=7200.1) == [1, 5]


def test_of_one_domain(told, company_rules):
    settings = {**company_rules["settings"], "remote": {"number": None}}
    other = {"domain": "other.test", "settings": settings, "users": {}, "teams": {}, **NONE}
    import_rules(told, {**company_rules, **other})
    assert numbers(told, domain="other.test") == [6]
    assert numbers(told, domain=DOMAIN) == [1, 2, 3, 4, 5]


NONE = {"executives": {}, "contacts": []}


def test_what_was_purged_is_gone_and_its_number_is_not_given_again(told):
    assert purge(told, 3600.0) == 1
    assert numbers(told) == [1, 3, 4, 5]
    with pytest.raises(NotFound, match="there is no entry 2 in the history"):
        entry(told, 2)
    assert purge(told, 1e12) == 4
    assert told.conn.execute("SELECT count(*) FROM history_changes").fetchone() == (0,)
    with write(told):
        told.conn.execute("UPDATE users SET name = 'Ben' WHERE extension = '1002'")
    assert numbers(told) == [6]
