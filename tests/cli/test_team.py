from __future__ import annotations

import pytest

from esl_router.model.team import Turn
from esl_router.store.turns import Turns
from tests.cli.conftest import golden

AT = ("--at", "2026-12-24T15:00")


@pytest.fixture
def hotline(run):
    """2000 with all three: Anna has no phone for it, Bärbel's only phone at hand is reception's."""
    run.ok("team", "member", "add", "2000", "1002", "--delay", "10")
    run.ok("team", "member", "add", "2000", "1003")
    run.ok("team", "set", "2000", "--caller-prefix", "Hotline: ", "busy_on_busy=auto")
    run.ok("team", "set", "2000", "overflow.no_answer=voicemail:1001", "overflow.busy=busy")
    return run


def members(run, *words, key="why"):
    found = run.json("team", "show", "2000", *words)
    return {each["user"]: each[key] for each in found["members"]}


def test_list(hotline):
    hotline.ok("team", "logout", "1003", "2000")
    assert hotline.ok("team", "list").splitlines() == [
        "extension  name     numbers  strategy  members",
        "2000       Hotline           parallel  1001, 1002, 1003 (out)",
    ]
    assert hotline.json("team", "list") == [
        {
            "extension": "2000",
            "name": "Hotline",
            "numbers": [],
            "strategy": "parallel",
            "members": [
                {"user": "1001", "delay": 0, "logged_in": True},
                {"user": "1002", "delay": 10, "logged_in": True},
                {"user": "1003", "delay": 0, "logged_in": False},
            ],
        }
    ]


def test_an_empty_list_says_what_to_do(empty):
    empty.ok("import", "-", text="domain: pbx.test\n")
    assert "esl-router team add" in empty.ok("team", "list")
    assert empty.json("team", "list") == []


def test_the_page(hotline):
    golden("team-2000.txt", hotline.ok("team", "show", "2000", *AT))


def test_a_call_to_the_team_explained(hotline):
    words = ["explain", "--from", "+493099887766", "--to", "2000", *AT]
    golden("explain-team.txt", hotline.ok(*words))
    legs = hotline.json(*words)["steps"][0]["legs"]
    assert [(leg["owner"], leg["device"], leg["confirm"]) for leg in legs] == [
        ("1003", "1003-mobile", True),
        ("1002", "desk-reception", False),
    ]


def test_who_would_ring_and_why_the_others_would_not(hotline):
    assert members(hotline, key="rings") == {"1001": None, "1002": 10, "1003": 0}
    assert members(hotline) == {"1001": "none of his phones rings", "1002": None, "1003": None}
    assert members(hotline, "--unregistered", "desk-reception")["1002"] is not None
    hotline.ok("presence", "set", "1003", "dnd")
    assert members(hotline)["1003"] == "he is dnd"
    assert members(hotline, key="status")["1003"] == "dnd"
    hotline.ok("team", "logout", "1002", "2000")
    assert members(hotline)["1002"] == "he is logged out"
    hotline.ok("presence", "set", "1003", "available")
    hotline.ok("busy-on-busy", "1003", "on")
    assert members(hotline, "--talking", "1003-mobile")["1003"] == "he is busy on busy"


def test_a_status_of_another_time(hotline):
    hotline.ok("presence", "set", "1003", "dnd", "--until", "2126-12-24T16:00")
    assert members(hotline, "--at", "2126-12-24T15:59:59")["1003"] == "he is dnd"
    assert members(hotline, "--at", "2126-12-24T16:00")["1003"] is None


def test_a_team_that_is_busy_says_so_and_draws_its_ringing_all_the_same(hotline):
    talking = ["--talking", "1001-desk", "--talking", "desk-reception", "--talking", "1003-mobile"]
    found = hotline.json("team", "show", "2000", *talking)
    assert found["busy"] == "2000 is busy: 1001, 1002, 1003 talk, and 3 may."
    assert found["steps"][0]["code"] == 486
    assert found["legs"] == []
    hotline.ok("team", "set", "2000", "--ring-if-busy")
    found = hotline.json("team", "show", "2000", *talking)
    assert not found["skip_if_busy"]
    assert [leg["device"] for leg in found["legs"]] == ["1003-mobile", "desk-reception"]
    said = hotline.ok("team", "show", "2000", *talking)
    assert "At present no phone rings. 2000 is busy" in said
    assert "no: members who talk are rung, too" in said
    assert hotline.json("team", "show", "2000", *talking[:4])["busy"] is None


def test_who_comes_too_late_to_ring_at_all(hotline):
    hotline.ok("team", "set", "2000", "--strategy", "sequential", "--max-wait", "15")
    hotline.ok("team", "member", "set", "2000", "1003", "--place", "1")
    assert members(hotline)["1002"] == "would ring only after the caller has waited long enough"


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ("round_robin", "a call began with him 2026-11-20 13:00"),
        ("longest_idle", "last conversation 2026-11-20 14:00"),
    ],
)
def test_whose_turn_it_was(hotline, strategy, words):
    hotline.ok("team", "set", "2000", "--strategy", strategy)
    turns, noon = Turns(hotline.store), 1795176000.0
    turns.began(Turn("pbx.test", "2000", "1003"), noon)
    turns.talked(Turn("pbx.test", "2000", "1003"), noon + 3600)
    (line,) = [each for each in hotline.ok("team", "show", "2000").splitlines() if "(" in each]
    assert "1003 Carl Conti" in line
    assert words in line
    assert members(hotline, key="began")["1003"] == "2026-11-20T13:00:00+01:00"
    assert members(hotline, key="talked")["1002"] is None
    assert next(iter(hotline.json("team", "show", "2000")["legs"]))["owner"] == "1002"


def test_add_set_remove(run):
    words = ["--name", "Support", "--number", "03012345202", "--strategy", "round_robin"]
    run.ok("team", "add", "2002", *words, "--ring", "9", "overflow.nobody=extension:1001")
    found = run.json("team", "show", "2002")
    assert (found["numbers"], found["ring"]) == (["+493012345202"], 9)
    assert found["overflow"] == {"no_answer": None, "busy": None, "nobody": "extension:1001"}
    assert "nobody: esl-router team member add" in run.ok("team", "show", "2002")
    said = run.ok("team", "set", "2002", "--caller-prefix", "Support: ", "ring=")
    assert "+ teams.2002.caller_prefix: Support: " in said
    assert run.json("team", "show", "2002")["ring"] == 20
    assert run.json("team", "show", "2002")["caller_prefix"] == "Support: "
    run.ok("team", "set", "2002", "--caller-prefix", "")
    assert run.json("team", "show", "2002")["caller_prefix"] == ""
    run.ok("team", "remove", "2002")
    assert "2002" not in run.ok("team", "list")
    assert run.json("team", "set", "2000", "--name", "Hotline") == {"changes": []}


def test_members_in_their_order(hotline):
    hotline.ok("team", "member", "set", "2000", "1003", "--place", "1", "--delay", "5")
    hotline.ok("team", "member", "remove", "2000", "1001")
    assert list(members(hotline, key="delay").items()) == [("1003", 5), ("1002", 10)]


def test_a_user_logs_himself_in_and_out_and_nobody_else(hotline):
    said = hotline.ok("team", "logout", "1003", "2000", "--as", "1003")
    assert said == "+ teams.2000.members[2].logged_in: false\n"
    assert "so already" in hotline.ok("team", "logout", "1003", "2000")
    assert "1002 may not change the login of 1003 in team 2000" in hotline.fails(
        "team", "login", "1003", "2000", "--as", "1002"
    )
    hotline.ok("team", "login", "1003", "2000", "--as", "1003")
    assert members(hotline, key="logged_in")["1003"] is True


@pytest.mark.parametrize(
    ("queue_login", "word", "status", "there", "refused"),
    [
        ("false", "login", "away", "out of", "in to"),
        ("true", "logout", "meeting", "in to", "out of"),
    ],
)
def test_where_his_status_decides_it_says_so_and_changes_nothing(
    hotline, queue_login, word, status, there, refused
):
    other = "logout" if word == "login" else "login"
    hotline.ok("user", "set", "1003", f"presence.profiles.{status}.queue_login={queue_login}")
    hotline.ok("presence", "set", "1003", status)
    before = members(hotline, key="logged_in")
    for by in ((), ("--as", "1003")):
        said = hotline.fails("team", word, "1003", "2000", *by)
        assert f"1003 cannot be logged {refused} team 2000" in said
        assert f"his status {status} logs him {there} every team" in said
    assert members(hotline, key="logged_in") == before
    hotline.ok("team", other, "1003", "2000")
    hotline.ok("presence", "set", "1003", "available")
    hotline.ok("team", word, "1003", "2000")
    hotline.ok("presence", "set", "1003", status)
    assert "may not change" in hotline.fails("team", word, "1003", "2000", "--as", "1002")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("show 2009", "there is no team '2009'"),
        ("show 1001", "there is no team '1001'"),
        ("show 2000 --talking nobodys", "there is no device 'nobodys'"),
        ("add 2000 --name X", "there is a team 2000 already"),
        ("add 1001 --name X", "there is a user 1001 already"),
        ("add 2002", "teams.2002.name: is missing"),
        ("set 2000 nonsense=3", "teams.2000.nonsense: unknown key"),
        ("set 2000 overflow.busy=nowhere", "'nowhere' is no target"),
        ("remove 2009", "there is no team '2009'"),
        ("member add 2000 1001", "1001 is a member of 2000 already"),
        ("member add 2000 1099", "there is no user '1099'"),
        ("member add 2000 1002 --place 9", "a place is 1 to 2, not 9"),
        ("member remove 2000 1002", "'1002' is no member of team 2000"),
        ("login 1002 2000", "'1002' is no member of team 2000"),
        ("login 1001 2009", "there is no team '2009'"),
    ],
)
def test_a_wrong_word_is_one_line_and_changes_nothing(run, words, text):
    assert text in run.fails("team", *words.split())


@pytest.mark.parametrize(
    "words",
    [
        "set 2000",
        "set 2000 --strategy loudest",
        "set 2000 --ring 0",
        "set 2000 --name X --as 1001",
        "add 2002 --name X --as 1001",
        "remove 2000 --as 1001",
        "member add 2000 1002 --as 1002",
        "member remove 2000 1001 --as 1001",
        "member set 2000 1001",
        "show 2000 --live --talking 1001-desk",
        "show 2000 --at tomorrow",
        "login 1001",
    ],
)
def test_wrong_usage(run, words):
    run.fails("team", *words.split(), code=2)


def test_a_team_that_a_forward_names_stays(run):
    run.ok("presence", "profile", "1001", "away", "extension:2000", "--when", "always")
    result = run("team", "remove", "2000")
    assert result.exit_code == 1
    assert "still names 2000" in result.stderr
