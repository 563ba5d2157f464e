import pytest

from esl_router.errors import NotFound, NotPermitted, RulesFileError
from esl_router.store import follow_me
from esl_router.store.document import read_rules
from tests.store.actors import acting

DOMAIN = "pbx.test"
USUAL = {"enabled": True, "delay": 0, "ring": 30, "skip_if_busy": False}
OF_TEAM = {**USUAL, "ring": None}


def plan(db, extension, origin):
    rows = follow_me.rows(db, DOMAIN, extension)
    return {
        name: tuple(entry[origin][key] for key in ("enabled", "delay", "ring"))
        for name, entry in rows.items()
    }


def test_rows_of_every_device_with_the_defaults_filled_in(company):
    assert follow_me.rows(company, DOMAIN, "1007") == {
        "1007-desk": {
            "user_configurable": False,
            "internal": USUAL,
            "external": USUAL,
            "team": OF_TEAM,
        }
    }
    assert plan(company, "1001", "external") == {
        "1001-desk": (True, 0, 20),
        "1001-mobile": (True, 10, 25),
    }


def test_setting_one_row(company):
    changes = follow_me.set_rows(
        company, DOMAIN, "1001", "1001-mobile", {"delay": 15}, origins=["external"]
    )
    assert [change.line() for change in changes] == [
        "~ users.1001.follow_me.1001-mobile.external.delay: 10 → 15"
    ]
    assert plan(company, "1001", "external")["1001-mobile"] == (True, 15, 25)
    assert plan(company, "1001", "internal")["1001-mobile"] == (False, 0, 30)


def test_setting_all_origins_of_a_device_that_had_no_rows(company):
    follow_me.set_rows(
        company, DOMAIN, "1007", "1007-desk", {"enabled": False, "user_configurable": True}
    )
    [rows] = follow_me.rows(company, DOMAIN, "1007").values()
    off = {**USUAL, "enabled": False}
    team = {**off, "ring": None}
    assert rows == {"user_configurable": True, "internal": off, "external": off, "team": team}


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"delay": -1}, "external.delay: must be 0 to 600 seconds, not -1"),
        ({"ring": 0}, "external.ring: must be 1 to 600 seconds, not 0"),
        ({"rign": 5}, "external.rign: unknown key, did you mean 'ring'?"),
        ({"delay": "x"}, "external.delay: must be a whole number of seconds, not 'x'"),
    ],
)
def test_a_row_that_cannot_be(company, company_rules, settings, line):
    with pytest.raises(RulesFileError) as caught:
        follow_me.set_rows(company, DOMAIN, "1001", "1001-desk", settings, origins=["external"])
    assert caught.value.problems == [f"users.1001.follow_me.1001-desk.{line}"]
    assert read_rules(company, DOMAIN) == company_rules


def test_a_device_that_is_not_his(company):
    with pytest.raises(NotFound, match="user 1001 has no device '1002-desk'"):
        follow_me.set_rows(company, DOMAIN, "1001", "1002-desk", {"delay": 1})


def test_a_user_changes_what_is_his_and_configurable(company, company_rules):
    follow_me.set_rows(company, DOMAIN, "1001", "1001-desk", {"delay": 5}, by=acting("1001"))
    assert plan(company, "1001", "team")["1001-desk"] == (False, 5, None)
    stored = read_rules(company, DOMAIN)["users"]["1001"]["follow_me"]
    assert stored["1001-desk"]["external"]["user_set"]
    assert "user_set" not in stored["1001-mobile"]["external"]


@pytest.mark.parametrize(
    ("who", "device", "settings", "right"),
    [
        ("1001", "1001-mobile", {"delay": 5}, "1001-mobile: user_configurable is false there"),
        ("1002", "1001-desk", {"delay": 5}, "the follow-me of 1001 at 1001-desk: 1001 himself and"),
        ("1001", "1001-desk", {"user_configurable": False}, "of user 1001: the administrator may"),
    ],
)
def test_what_is_not_his_to_change(company, company_rules, who, device, settings, right):
    with pytest.raises(NotPermitted, match=right):
        follow_me.set_rows(company, DOMAIN, "1001", device, settings, by=acting(who))
    assert read_rules(company, DOMAIN) == company_rules


def test_sequential_and_parallel(company):
    follow_me.generate(company, DOMAIN, "1002", "sequential", origins=["external"])
    assert plan(company, "1002", "external") == {
        "1002-desk": (True, 0, 25),
        "1002-soft": (True, 25, 20),
    }
    assert plan(company, "1002", "internal")["1002-soft"] == (True, 5, 20)
    follow_me.generate(company, DOMAIN, "1002", "parallel", ring=12, by=acting("1002"))
    assert set(plan(company, "1002", "external").values()) == {(True, 0, 12)}


def test_a_sequence_leaves_the_teams_time_where_none_is_set(company):
    follow_me.generate(company, DOMAIN, "1002", "sequential", origins=["team"])
    assert plan(company, "1002", "team") == {
        "1002-desk": (True, 0, None),
        "1002-soft": (True, 30, None),
    }


def test_a_device_that_is_left_out_while_it_talks(company):
    follow_me.set_rows(
        company, DOMAIN, "1002", "1002-desk", {"skip_if_busy": True}, by=acting("1002")
    )
    rows = follow_me.rows(company, DOMAIN, "1002")["1002-desk"]
    assert all(rows[origin]["skip_if_busy"] for origin in ("internal", "external", "team"))


def test_a_sequence_passes_over_what_is_off(company):
    follow_me.set_rows(company, DOMAIN, "1004", "1004-soft", {"enabled": False})
    follow_me.generate(company, DOMAIN, "1004", "sequential", origins=["external"], ring=20)
    assert plan(company, "1004", "external") == {
        "1004-desk": (True, 0, 20),
        "1004-soft": (False, 15, 15),
        "1004-mobile": (True, 20, 20),
    }


def test_a_sequence_that_would_touch_a_locked_row_is_refused_whole(company, company_rules):
    with pytest.raises(NotPermitted, match="1001-mobile: user_configurable is false"):
        follow_me.generate(company, DOMAIN, "1001", "sequential", by=acting("1001"))
    assert read_rules(company, DOMAIN) == company_rules


def test_an_unknown_strategy(company):
    with pytest.raises(RulesFileError, match="parallel or sequential, not 'random'"):
        follow_me.generate(company, DOMAIN, "1001", "random")
