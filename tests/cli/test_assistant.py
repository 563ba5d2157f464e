from __future__ import annotations

import pytest

from tests.cli.conftest import golden


@pytest.fixture
def anna(run):
    """1001 with two assistants; 1003 assists 1002 as well."""
    run.ok("executive", "add", "1001", "--assistant", "1002", "--assistant", "1003")
    run.ok("executive", "add", "1002", "--assistant", "1003", "enabled=false")
    return run


def part(run, assistant="1003", executive="1001"):
    return run.json("assistant", "show", assistant, executive)


def test_list(anna):
    anna.ok("assistant", "logout", "1003", "1001")
    anna.ok("assistant", "divert", "1003", "1001", "1002")
    anna.ok("executive", "set", "1002", "--no-opt-out")
    golden("assistant-list.txt", anna.ok("assistant", "list"))
    assert anna.json("assistant", "list", "1003")[0] == {
        "assistant": "1003",
        "executive": "1001",
        "name": "Anna Adler",
        "place": 2,
        "opted_in": False,
        "may_opt_out": True,
        "divert": "1002",
        "enabled": True,
        "takes_part": False,
        "diverts": False,
    }


def test_an_empty_list_says_why(run):
    assert "esl-router executive assistant add" in run.ok("assistant", "list")
    assert "User 1001 is nobody's assistant" in run.ok("assistant", "list", "1001")
    assert run.json("assistant", "list", "1001") == []
    run.ok("executive", "add", "1002", "--assistant", "1003")
    assert "User 1001 is no executive, and nobody's" in run.ok("assistant", "list", "--as", "1001")
    said = run.ok("assistant", "list", "1003", "--as", "1001")
    assert said == "User 1003 is nobody's assistant that 1001 may see.\n"


def test_a_user_sees_the_pools_that_concern_him(anna):
    def seen(user):
        found = anna.json("assistant", "list", "--as", user)
        return [(each["assistant"], each["executive"]) for each in found]

    assert seen("1001") == [("1002", "1001"), ("1003", "1001")]
    assert seen("1002") == seen("1003") == [*seen("1001"), ("1003", "1002")]
    assert seen("1009") == []


def test_the_page(anna):
    anna.ok("executive", "criterion", "add", "1001", "customers", "--number", "+4930*")
    anna.ok("executive", "set", "1001", "--alert-executive", "silent", "--filter", "custom")
    anna.ok("assistant", "divert", "1003", "1001", "0171 5550000")
    golden("assistant-1003.txt", anna.ok("assistant", "show", "1003", "1001", "--as", "1003"))
    found = part(anna)
    assert found["settings"]["alert_executive"] == "silent"
    assert found["settings"]["assistants"][1]["divert"] == "+491715550000"


def test_an_assistant_logs_himself_in_and_out(anna):
    assert anna.ok("assistant", "logout", "1003", "1001", "--as", "1003") == (
        "~ executives.1001.assistants[1].opted_in: true → false\n"
    )
    assert "so already" in anna.ok("assistant", "logout", "1003", "1001")
    assert anna.ok("assistant", "login", "1003", "1001", "--as", "1003")
    assert part(anna)["takes_part"]


def test_when_the_last_one_logs_out(anna):
    anna.ok("assistant", "logout", "1003", "1001")
    assert anna.ok("assistant", "logout", "1002", "1001").splitlines()[1:] == [
        "No assistant of 1001 is logged in: his own phones ring."
    ]
    anna.ok("executive", "set", "1001", "--rollover", "voicemail")
    assert anna.json("assistant", "logout", "1002", "1001") == {
        "changes": [],
        "notes": ["No assistant of 1001 is logged in: filtered calls go to voicemail at once."],
    }


def test_logging_out_where_nobody_may(anna):
    anna.ok("executive", "set", "1001", "--no-opt-out")
    said = anna.fails("assistant", "logout", "1003", "1001", "--as", "1003")
    assert "allow_opt_out is false there, which the administrator changes" in said
    assert anna.ok("assistant", "logout", "1003", "1001").splitlines()[1:] == [
        "He counts as logged in all the same: 1001 allows no logging out."
    ]
    assert part(anna)["takes_part"]


def test_a_divert(anna):
    assert anna.ok("assistant", "divert", "1003", "1001", "0171 5550000", "--as", "1003") == (
        "+ executives.1001.assistants[1].divert: +491715550000\n"
    )
    assert part(anna)["diverts"]
    anna.ok("assistant", "divert", "1003", "1001", "off", "--as", "1003")
    assert part(anna)["divert"] is None


def test_a_divert_while_logged_out_is_kept_and_said_to_be_inactive(anna):
    anna.ok("assistant", "logout", "1003", "1001")
    found = anna.json("assistant", "divert", "1003", "1001", "0171 5550000", "--as", "1003")
    [note] = found["notes"]
    assert note == (
        "The divert to +491715550000 is kept, and not active while 1003 is logged out: "
        "esl-router assistant login 1003 1001"
    )
    assert not part(anna)["diverts"]
    anna.ok(*note.partition("esl-router ")[2].split())
    assert part(anna)["diverts"]


def test_a_divert_to_another_assistant(anna):
    said = anna.ok("assistant", "divert", "1003", "1001", "1002")
    assert "1002 is an assistant of 1001 too: a call rings his phones once." in said


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("list 1099", "there is no user '1099'"),
        ("show 1001 1002", "'1001' is no assistant of 1002"),
        ("show 1002 1003", "'1003' is no executive"),
        ("show 1003 1002 --as 1001", "user 1001 may not see how the calls of 1002 are filtered"),
        ("login 1001 1002", "'1001' is no assistant of 1002"),
        ("login 1003 1001 --as 1002", "1002 may not change the login of 1003 as an"),
        ("logout 1003 1001 --as 1001", "1001 may not change the login of 1003 as an"),
        ("divert 1003 1001 1002 --as 1001", "1001 may not change the divert of 1003 as an"),
        ("divert 1003 1001 1001", "1001 is the executive himself"),
        ("divert 1003 1001 +493012345101", "1001 is the executive himself"),
        ("divert 1003 1001 1003", "nobody takes his own part"),
        ("divert 1003 1001 2000", "there is no user '2000'"),
        ("divert 1003 1001 +49900111222", "settings.toll does not permit calls to +49900111222"),
        ("divert 1003 1001 voicemail", "'voicemail' is no telephone number"),
        ("divert 1003 1001 $(id)", "'$(id)' is no telephone number"),
    ],
)
def test_a_wrong_word_is_one_line_and_changes_nothing(anna, words, text):
    assert text in anna.fails("assistant", *words.split())


@pytest.mark.parametrize("words", ["show 1003", "login 1003", "divert 1003 1001"])
def test_wrong_usage(anna, words):
    anna.fails("assistant", *words.split(), code=2)
