from __future__ import annotations

import pytest

FALLBACK = (
    "What FreeSWITCH rings without the router learns of it by: "
    "esl-router directory write PATH --reload"
)


@pytest.fixture
def window(run):
    """A second place, where nobody is."""
    run.ok("workplace", "add", "window", "--number", "8")
    run.ok("device", "add", "desk-window", "--workplace", "window")
    return run


def there(run):
    return {place["name"]: place["user"] for place in run.json("workplace", "list")}


def test_list(window):
    assert window.ok("workplace", "list").splitlines() == [
        "workplace  number  logged in  devices",
        "reception          1002       desk-reception",
        "window     8                  desk-window",
    ]
    assert window.json("workplace", "list")[1] == {
        "name": "window",
        "number": "8",
        "user": None,
        "devices": ["desk-window"],
    }


def test_an_empty_list_says_what_to_do(empty):
    empty.ok("import", "-", text="domain: pbx.test\n")
    assert "esl-router workplace add" in empty.ok("workplace", "list")


def test_show(window):
    window.ok("workplace", "set", "reception", "--number", "7")
    row = "follow_me.desk-reception"
    window.ok("workplace", "set", "reception", f"{row}.external.delay=5", f"{row}.team.enabled=no")
    assert window.ok("workplace", "show", "reception").splitlines() == [
        "reception: 1002 is logged in.",
        "Its number behind a feature code: 7",
        "device          kind  dnd  internal         external         team",
        "desk-reception  sip        0 s, rings 30 s  5 s, rings 30 s  off",
    ]
    assert "password" not in window.ok("workplace", "show", "reception", "--json")
    assert window.ok("workplace", "show", "window").startswith("window: nobody is logged in.\n")
    assert "no workplace 'cellar'" in window.fails("workplace", "show", "cellar")


def test_the_last_login_wins_and_says_so(window):
    assert window.ok("workplace", "login", "1003", "reception").splitlines() == [
        "- users.1002.workplace: reception",
        "+ users.1003.workplace: reception",
        "1002 was logged out of reception: 1003 is there now.",
        FALLBACK,
    ]
    assert there(window) == {"reception": "1003", "window": None}
    found = window.json("workplace", "login", "1003", "window")
    assert (found["place"], found["left"], found["logged_out"]) == ("window", "reception", None)
    assert found["notes"] == ["1003 has left reception.", FALLBACK]
    again = window.ok("workplace", "login", "1003", "window")
    assert again == "Nothing to change: it is so already.\n"


def test_logout(window):
    found = window.json("workplace", "logout", "reception")
    assert (found["place"], found["left"]) == (None, "reception")
    assert window.ok("workplace", "logout", "1002") == "Nothing to change: it is so already.\n"


def test_a_user_logs_himself_in_and_nobody_else(window):
    window.ok("workplace", "login", "1003", "reception", "--as", "1003")
    window.ok("--as", "1003", "workplace", "logout", "1003")
    said = window.fails("workplace", "logout", "1002", "--as", "1003")
    assert "user 1003 may not change the workplace of 1002: 1002 himself" in said
    assert "may not" in window.fails("--as", "1001", "workplace", "login", "1003", "window")
    window.fails("--as", "1001", "workplace", "set", "window", "--number", "9", code=2)


def test_what_must_be_said(window):
    window.fails("workplace", "set", "window", code=2)
    assert "8 is the number of 'window'" in window.fails(
        "workplace", "set", "reception", "--number", "8"
    )


def test_remove(window):
    window.ok("workplace", "remove", "window")
    assert there(window) == {"reception": "1002"}
    assert "no workplace" in window.fails("workplace", "remove", "window")
