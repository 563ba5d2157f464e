"""``history`` and ``undo`` on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest


@pytest.fixture
def root(monkeypatch):
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "root")


@pytest.fixture
def told(run, root):
    """A company in which something happened."""
    run.ok("presence", "set", "1001", "away", "--as", "1001")
    run.ok("user", "set", "1002", "--name", "Benno")
    run.ok("team", "add", "2050", "--name", "New")
    run.ok("team", "member", "add", "2050", "1001")
    return run


def lines(text):
    """Without the instants."""
    return [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "WHEN", each) for each in text.splitlines()]


def test_who_changed_what_the_latest_at_the_bottom(told):
    said = lines(told.ok("history"))
    assert said[0].startswith("    1  WHEN  Administrator ")
    assert said[1:4] == [
        "    2  WHEN  User 1001: presence.status of user 1001 set to away.",
        "    3  WHEN  Administrator root: name of user 1002 changed from "
        "Bärbel [red]Blitz[/red] to Benno.",
        '    4  WHEN  Administrator root: team 2050 added: {"name": "New", "strategy": "parallel", '
        '"members": {}}.',
    ]
    assert lines(told.ok("history", "list")) == said
    assert lines(told.ok("history", "-n", "2")) == said[-2:]


def test_what_concerns_a_user(told):
    assert [each["entry"] for each in told.json("history", "--user", "1001")] == [2, 5]
    assert [each["entry"] for each in told.json("history", "--as", "1001")] == [2, 5]
    assert [each["entry"] for each in told.json("history", "--as", "1002")] == [3]
    assert told.ok("history", "--as", "1005") == "No change yet.\n"
    assert "leave --user out" in told.fails("history", "--as", "1005", "--user", "1001", code=2)


def test_what_concerns_him_of_an_entry_that_concerns_others_too(told):
    told.ok("user", "remove", "1001")
    [entry] = told.json("history", "-n", "1")
    assert {each["path"] for each in entry["changes"]} == {
        "users.1001",
        "teams.2000.members.1001",
        "teams.2050.members.1001",
    }
    [his] = told.json("history", "-n", "1", "--user", "1001")
    assert his["changes"] == entry["changes"]
    told.ok("team", "set", "2050", "--name", "Newer")
    assert told.json("history", "--object", "teams.2050", "-n", "1")[0]["entry"] == 7
    refused = told.fails("history", "show", "7", "--as", "1002")
    assert "user 1002 may not see entry 7: it concerns others, the administrator may" in refused


def test_what_changed_at_a_path(told):
    def found(path):
        return [each["entry"] for each in told.json("history", "--object", path)]

    assert found("teams") == [4, 5]
    assert found("teams.2050.members") == [5]
    assert found("users.1002") == [3]
    assert found("users.1002.name") == [3]
    assert found("users.1") == []
    assert "did you mean 'users'?" in told.fails("history", "--object", "user.1001")


def test_since(told):
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert told.json("history", "--since", later) == []
    assert len(told.json("history", "--since", "2020-01-01")) == 5
    assert "no instant" in told.fails("history", "--since", "yesterday", code=2)


def test_of_several_domains(told, tmp_path):
    file = tmp_path / "other.yaml"
    file.write_text("domain: other.test\nusers: {}\n")
    told.ok("import", file)
    *_, before, other = lines(told.ok("history"))
    assert before.startswith("    5  WHEN  pbx.test: Administrator root: ")
    assert other == (
        "    6  WHEN  other.test: Administrator root by an import: "
        "domain added, with 0 users, 0 teams and 0 executives."
    )
    assert lines(told.ok("history", "--domain", "other.test")) == [
        other.replace("other.test: ", "")
    ]
    assert "several domains" in told.fails("history", "--as", "1001")


def test_an_empty_store_has_no_history(empty):
    assert empty.ok("history") == "No change yet.\n"


def test_one_entry(told):
    told.ok("presence", "set", "1002", "lunch", "--for", "90m", "--as", "1002")
    said = lines(told.ok("history", "show", "6"))
    assert said[0] == "    6  WHEN  User 1002: 2 changes."
    assert said[1].strip() == "presence.status of user 1002 set to lunch"
    assert said[2].strip().startswith("presence.until of user 1002 set to 20")
    entry = told.json("history", "show", "6")
    assert entry["by"] == {"kind": "user", "name": "1002", "source": "cli"}
    assert entry["changes"][0] == {
        "path": "users.1002.presence.status",
        "before": None,
        "after": "lunch",
        "reordered": False,
    }
    assert "no entry 99" in told.fails("history", "show", "99")


def test_a_long_entry_is_cut_short_in_the_list(told, tmp_path):
    file = tmp_path / "rules.yaml"
    rooms = "".join(f"  room-{index}: {{}}\n" for index in range(6))
    text = told.exported().replace("\nworkplaces:\n", f"\nworkplaces:\n{rooms}")
    file.write_text(text)
    told.ok("import", file)
    *_, first, a, b, c, d, e, more = lines(told.ok("history"))
    assert first == "    6  WHEN  Administrator root by an import: 6 changes."
    assert [each.strip() for each in (a, b, c, d, e)] == [
        f"workplace room-{index} added: {{}}" for index in range(5)
    ]
    assert more.strip() == "… and 1 more: esl-router history show 6"
    assert len(lines(told.ok("history", "show", "6"))) == 7


def test_undo(told):
    before = told.exported()
    told.ok("busy-on-busy", "1001", "3", "--as", "1001")
    [said] = lines(told.ok("undo", "--as", "1001"))
    assert said == (
        "    7  WHEN  User 1001 took back entry 6: busy_on_busy of user 1001 set back to the "
        "default, it was 3."
    )
    assert told.exported() == before
    assert " (taken back by entry 7)" in told.ok("history", "show", "6")
    assert "entry 6 was taken back already, by entry 7" in told.fails("undo", "6")
    assert told.json("undo", "7")["undoes"] == 7


def test_undo_that_is_refused(told):
    refused = told.fails("undo", "2", "--as", "1002")
    assert "user 1002 may not change the status of 1001: 1001 himself and the admin" in refused
    told.ok("presence", "set", "1001", "lunch")
    assert "users.1001.presence.status has changed since (entry 6)" in told.fails("undo", "2")
    assert "it was away, and is lunch now" in told.fails("undo", "2")
    assert "there is no entry 99" in told.fails("undo", "99")
    assert "there is nothing to take back that user 1005" in told.fails("undo", "--as", "1005")


def test_undo_says_which_phone_needs_a_new_password(told):
    told.ok("device", "remove", "1002.desk")
    said = told.ok("undo").splitlines()[-1]
    assert said == (
        "1002.desk has a new password, the one it had is not kept: "
        "esl-router device show 1002.desk --show-password"
    )
    told.ok("device", "remove", "1002.desk")
    assert told.json("undo")["new_passwords"] == ["1002.desk"]


def test_purge(told):
    assert told.json("history", "purge", "--older-than", "1") == {"removed": 0}
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert told.ok("history", "purge", "--before", later) == "5 entries removed.\n"
    assert told.ok("history") == "No change yet.\n"
    told.ok("user", "set", "1002", "--name", "Ben")
    assert told.json("history")[0]["entry"] == 6
    for words in ([], ["--older-than", "1", "--before", later]):
        assert "say how old" in told.fails("history", "purge", *words, code=2)
    assert "administrator's" in told.fails(
        "history", "--as", "1001", "purge", "--older-than", "1", code=2
    )


def test_who_may_change_what(run):
    said = run.ok("rights").splitlines()
    assert said[0].split() == ["setting", "who", "beside", "the", "administrator", "only", "if"]
    [row] = [each for each in said if each.startswith("executives.{executive}.assistants.{user}.o")]
    assert row.endswith("  allow_opt_out")
    assert "the user himself" in row
    by_setting = {each["setting"]: each for each in run.json("rights", "--all")}
    assert by_setting["users.{user}.devices.{device}.password"] == {
        "setting": "users.{user}.devices.{device}.password",
        "writable_by": ["admin"],
        "only_if": None,
    }
    assert by_setting["users.{user}.follow_me.{device}.team.delay"] == {
        "setting": "users.{user}.follow_me.{device}.team.delay",
        "writable_by": ["admin", "user"],
        "only_if": "user_configurable",
    }
    assert by_setting["executives.{executive}.rings"]["writable_by"] == [
        "admin",
        "executive",
        "assistant",
    ]
    found = {each["setting"] for each in run.json("rights", "toll")}
    assert found == {"settings.toll.allow", "settings.toll.deny"}
    assert "no setting has 'nonsense' in its path" in run.fails("rights", "nonsense")
