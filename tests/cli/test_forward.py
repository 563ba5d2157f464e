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
        {
            "user": "1001",
            "name": "Anna Adler",
            "to": None,
            "enabled": False,
            "ring_splash": False,
            "announce": None,
            "origin": "internal",
        },
        {
            "user": "1001",
            "name": "Anna Adler",
            "to": "extension:1002",
            "enabled": True,
            "ring_splash": False,
            "announce": None,
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


def test_his_phones_may_ring_for_a_moment_first(run):
    run.ok("forward", "set", "1001", "extension:1002", "--ring-splash", "--as", "1001")
    assert "extension:1002  yes  splash" in run.ok("forward", "show")
    explained = run.ok("explain", "--from", "+49305551", "--to", "1001")
    assert "Ring 1001 first" in explained
    assert "1001-desk rings for a moment before that." in explained
    run.ok("forward", "ring-splash", "1001", "off", "--origin", "external", "--as", "1001")
    assert [each["ring_splash"] for each in run.json("forward", "show", "1001")] == [True, False]
    assert "Ring 1001 first" not in run.ok("explain", "--from", "+49305551", "--to", "1001")
    run.ok("undo", "--as", "1001")
    assert [each["ring_splash"] for each in run.json("forward", "show", "1001")] == [True, True]


def test_how_long_it_rings_where_he_forwards_to(run):
    run.ok("forward", "set", "1001", "extension:1002")
    said = run.ok("forward", "ring-time", "1001", "7", "--as", "1001")
    assert said == "+ users.1001.forward_ring: 7\n"
    explained = run.ok("explain", "--from", "+49305551", "--to", "1001", "--outcome", "no_answer")
    assert "Where 1001 forwards to is rung for 7 s at most." in explained
    assert "rings from 0 s to 7 s." in explained
    assert "1002 was rung for the 7 s of the forward to him." in explained
    assert "Voicemail of 1001: nobody answered." in explained
    run.ok("undo", "--as", "1001")
    run.ok("user", "set", "1001", "forward_ring=9", "--as", "1001")
    assert run.ok("forward", "ring-time", "1001", "default").startswith("- users.1001.forward_ring")


def test_an_announcement(run):
    run.ok("forward", "set", "1001", "extension:1002")
    words = ["forward", "announce", "1001"]
    run.ok(*words, "ivr/gone.wav", "--origin", "external", "--as", "1001")
    assert [each["announce"] for each in run.json("forward", "show", "1001")] == [
        None,
        "ivr/gone.wav",
    ]
    assert "ivr/gone.wav" in run.ok("forward", "show")
    explained = run.ok("explain", "--from", "+49305551", "--to", "1001")
    assert "The caller hears ivr/gone.wav first." in explained
    calls = run.json("presence", "show", "1001")["calls"]
    assert calls["external"]["forward"]["announce"] == "ivr/gone.wav"
    exported = run.exported()
    assert "announce: ivr/gone.wav" in exported
    assert "no change" in run.ok("import", "-", "--dry-run", text=exported)
    assert "is no sound file" in run.fails(*words, "../x.wav")
    assert "may not change the call forward of 1001" in run.fails(*words, "none", "--as", "1002")
    run.ok(*words, "none")
    run.ok("undo")
    assert run.exported() == exported
    assert "there is no forward to switch" in run.fails("forward", "announce", "1002", "a.wav")


def test_other_commands_tell_it(run):
    run.ok("forward", "set", "1001", "extension:1002", "--origin", "external")
    run.ok("forward", "set", "1001", "busy", "--origin", "internal", "--disabled")
    assert 'external: {to: "extension:1002", enabled: true}' in run.ok("user", "show", "1001")
    page = run.ok("presence", "show", "1001")
    assert "Internal calls  forward to busy is off: ring 1001" in page
    assert "External calls  forward to extension:1002 is on: ring 1002" in page
    calls = run.json("presence", "show", "1001")["calls"]
    assert calls["internal"]["forward"] == {
        "to": "busy",
        "enabled": False,
        "ring_splash": False,
        "announce": None,
    }
    assert calls["external"]["forward"]["to"] == "extension:1002"
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
        ("forward ring-time 1001 0", "users.1001.forward_ring: must be 1 to 300 seconds, not 0"),
        ("forward ring-time 1001 long", "forward_ring: must be a whole number of seconds"),
        ("forward ring-time 1001 9 --as 1002", "1002 may not change the ring time of forwards"),
        ("forward ring-splash 1001 on", "there is no forward to switch"),
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
