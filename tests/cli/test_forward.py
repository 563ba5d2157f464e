from __future__ import annotations

import pytest


def test_the_forwards_of_one_and_of_everybody(run):
    assert "Nobody forwards his calls: esl-router forward set" in run.ok("forward", "show")
    run.ok("forward", "set", "1001", "extension:1002", "--origin", "external")
    assert run.ok("forward", "show").splitlines()[1:] == [
        "1001  Anna Adler  external  extension:1002  yes"
    ]
    assert run.ok("forward", "show", "1001").splitlines()[1:] == [
        "1001  Anna Adler  internal  -",
        "1001  Anna Adler  external  extension:1002  yes",
    ]
    assert run.json("forward", "show", "1001") == [
        {"user": "1001", "name": "Anna Adler", "to": None, "enabled": False, "origin": "internal"},
        {
            "user": "1001",
            "name": "Anna Adler",
            "to": "extension:1002",
            "enabled": True,
            "origin": "external",
        },
    ]


def test_switched_off_it_keeps_its_target(run):
    run.ok("forward", "set", "1001", "busy", "--as", "1001")
    assert run.ok("forward", "off", "1001", "--origin", "internal", "--as", "1001") == (
        "~ users.1001.forward.internal.enabled: true → false\n"
    )
    found = [(each["to"], each["enabled"]) for each in run.json("forward", "show", "1001")]
    assert found == [("busy", False), ("busy", True)]
    run.ok("forward", "on", "1001", "--as", "1001")
    assert all(each["enabled"] for each in run.json("forward", "show", "1001"))
    assert "so already" in run.ok("forward", "on", "1001")
    run.ok("forward", "clear", "1001", "--as", "1001")
    assert run.json("forward", "show") == []


def test_a_target_can_be_noted_and_left_off(run):
    run.ok("forward", "set", "1001", "external:030 5551", "--disabled")
    found = run.json("forward", "show")
    assert [(each["to"], each["enabled"]) for each in found] == [("external:+49305551", False)] * 2


def test_other_commands_tell_it(run):
    run.ok("forward", "set", "1001", "extension:1002", "--origin", "external")
    run.ok("forward", "set", "1001", "busy", "--origin", "internal", "--disabled")
    assert 'external: {to: "extension:1002", enabled: true}' in run.ok("user", "show", "1001")
    page = run.ok("presence", "show", "1001")
    assert "Internal calls  forward to busy is off: ring 1001" in page
    assert "External calls  forward to extension:1002 is on: ring 1002" in page
    calls = run.json("presence", "show", "1001")["calls"]
    assert calls["internal"]["forward"] == {"to": "busy", "enabled": False}
    assert calls["external"]["forward"] == {"to": "extension:1002", "enabled": True}
    assert run.json("presence", "show", "1002")["calls"]["internal"]["forward"] is None
    plans = run.json("followme", "show", "1001")["origins"]
    elsewhere = "1001 forwards every external call to extension:1002."
    assert [plan["elsewhere"] for plan in plans.values()] == [None, elsewhere, None]
    assert elsewhere in run.ok("explain", "--from", "+49305551", "--to", "1001")
    off = "1001 does not forward to busy: the forward is switched off."
    assert off in run.ok("explain", "--from", "1002", "--to", "1001")
    run.ok("presence", "set", "1001", "dnd")
    assert "1001 is dnd" in run.json("followme", "show", "1001")["origins"]["internal"]["elsewhere"]


def test_it_survives_an_import(run, tmp_path):
    exported = tmp_path / "rules.yaml"
    exported.write_text(run.exported())
    run.ok("forward", "set", "1001", "extension:1002", "--origin", "external")
    said = run.ok("import", str(exported))
    assert "= users.1001.forward.external: stays" in said
    assert run.json("forward", "show")
    run.ok("import", str(exported), "--state")
    assert run.json("forward", "show") == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("forward show 1099", "there is no user '1099'"),
        ("forward set 1099 busy", "there is no user '1099'"),
        ("forward set 1001 nowhere", "'nowhere' is no target"),
        ("forward set 1001 extension:1001", "1001 cannot forward to himself"),
        ("forward set 1001 external:+49900111222", "toll does not permit"),
        ("forward set 1001 external:+49900111222 --as 1001", "toll does not permit"),
        ("forward set 1001 busy --as 1002", "1002 may not change the call forward of 1001"),
        ("forward on 1001", "there is no forward to switch: `esl-router forward set 1001 TARGET`"),
        ("forward off 1001 --origin internal", "there is no internal forward to switch"),
        ("forward clear 1001 --as 1002", "1002 may not change the call forward of 1001"),
        ("forward on 1001 --as 1002", "1002 may not change the call forward of 1001"),
    ],
)
def test_a_wrong_word_is_one_line_and_changes_nothing(run, words, text):
    assert text in run.fails(*words.split())


@pytest.mark.parametrize(
    "words",
    [
        "forward set 1001",
        "forward set 1001 busy --origin team",
        "forward on",
        "forward show 1001 --as 1001",
    ],
)
def test_wrong_usage(run, words):
    run.fails(*words.split(), code=2)
