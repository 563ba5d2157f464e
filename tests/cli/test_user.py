from __future__ import annotations

import pytest


def test_list(run):
    assert run.ok("user", "list").splitlines()[:2] == [
        "extension  name                     numbers        voicemail  devices",
        "1001       Anna Adler               +493012345101  yes        "
        "1001-desk, 1001-soft, 1001-mobile",
    ]
    assert run.json("user", "list")[2] == {
        "extension": "1003",
        "name": "Carl Conti",
        "numbers": [],
        "voicemail": True,
        "devices": ["1003-mobile"],
    }


def test_an_empty_list_says_what_to_do(empty):
    empty.ok("import", "-", text="domain: pbx.test\n")
    assert "esl-router user add" in empty.ok("user", "list")
    assert empty.json("user", "list") == []


def test_show_hides_passwords(run):
    said = run.ok("user", "show", "1001")
    assert "1001-desk: {kind: sip}" in said
    assert "secret" not in said
    shown = run.json("user", "show", "1001")
    assert shown["extension"] == "1001"
    assert "password" not in shown["devices"]["1001-desk"]


def test_add_set_remove(run):
    run.ok("user", "add", "1011", "--name", "Karla Kern", "--number", "03012345111")
    assert run.json("user", "list")[-1]["numbers"] == ["+493012345111"]
    said = run.ok("user", "set", "1011", "--no-voicemail", "presence.status=away", "decline=user")
    assert "~ users.1011.voicemail: true → false" in said
    shown = run.json("user", "show", "1011")
    assert (shown["voicemail"], shown["decline"]) == (False, "user")
    assert shown["presence"]["status"] == "away"
    run.ok("user", "set", "1011", "decline=")
    assert "decline" not in run.json("user", "show", "1011")
    fax = ["--number", "03012345111", "--number", "03012345199", "--fax-number", "03012345199"]
    run.ok("user", "set", "1011", *fax)
    assert run.json("user", "show", "1011")["fax_numbers"] == ["+493012345199"]
    said = run.fails("user", "set", "1011", "--number", "03012345111")
    assert "users.1011.fax_numbers[0]: +493012345199 is not among the numbers of 1011" in said
    run.ok("user", "remove", "1011")
    assert "1011" not in run.ok("user", "list")


def test_setting_what_is_so_already_says_so(run):
    assert "so already" in run.ok("user", "set", "1001", "--name", "Anna Adler")
    assert run.json("user", "set", "1001", "--name", "Anna Adler") == {"changes": []}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["show", "1099"], "there is no user '1099'"),
        (["add", "1001", "--name", "X"], "there is a user 1001 already"),
        (["add", "2000", "--name", "X"], "there is a team 2000 already"),
        (["add", "abc", "--name", "X"], "no extension"),
        (["add", "1012"], "users.1012.name: is missing"),
        (["add", "1012", "--name", "X", "--number", "12"], "no telephone number"),
        (["set", "1001", "--number", "+493012345102"], "1002's number already"),
        (["set", "1001", "nonsense=3"], "users.1001.nonsense: unknown key"),
        (["set", "1001", "busy_on_busy=[1"], "busy_on_busy: line "),
        (["set", "1003", "workplace=nowhere"], "no workplace 'nowhere'"),
        (["set", "1001", "--name", "X", "--as", "1001"], "administrator"),
        (["remove", "1099"], "there is no user '1099'"),
    ],
)
def test_a_wrong_word_is_one_line_and_changes_nothing(run, words, text):
    assert text in run.fails("user", *words)


@pytest.mark.parametrize("words", [["set", "1001"], ["set", "1001", "noequals"], ["add"]])
def test_wrong_usage(run, words):
    run.fails("user", *words, code=2)


def test_a_user_who_is_still_named_stays(run):
    run.ok("user", "set", "1002", "presence.profiles.available.internal.busy=voicemail:1001")
    line = run.fails("user", "remove", "1001")
    assert "users.1002.presence.profiles.available.internal.busy still names 1001" in line
