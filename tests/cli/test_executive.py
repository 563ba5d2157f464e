from __future__ import annotations

import pytest

from tests.cli.conftest import golden

AT = ("--at", "2026-12-24T15:00")


@pytest.fixture
def anna(run):
    """1001 with both colleagues as her assistants: Bärbel at the reception, Carl on his mobile."""
    run.ok("executive", "add", "1001", "--assistant", "1002", "--assistant", "1003")
    return run


def assistants(run, *words, key="why"):
    found = run.json("executive", "show", "1001", *words)
    return {each["user"]: each[key] for each in found["assistants"]}


def test_list(anna):
    anna.ok("assistant", "logout", "1003", "1001")
    anna.ok("executive", "set", "1001", "--rollover", "extension:2000")
    anna.ok("executive", "add", "1003", "--filter", "external", "enabled=false")
    assert anna.ok("executive", "list").splitlines() == [
        "extension  filter          alerting      assistants        rollover",
        "1001       all             simultaneous  1002, 1003 (out)  extension:2000",
        "1003       external (off)  simultaneous",
    ]
    first, _ = anna.json("executive", "list")
    assert first == {
        "extension": "1001",
        "enabled": True,
        "filter": "all",
        "alerting": "simultaneous",
        "assistants": [
            {"user": "1002", "opted_in": True, "divert": None, "rings": None},
            {"user": "1003", "opted_in": False, "divert": None, "rings": None},
        ],
        "rollover": {"after": None, "action": "extension:2000"},
    }


def test_an_empty_list_says_why(run):
    assert "esl-router executive add" in run.ok("executive", "list")
    assert run.json("executive", "list") == []
    assert "1002 is no executive, and nobody's" in run.ok("executive", "list", "--as", "1002")


def test_a_user_sees_the_executives_that_concern_him(anna):
    anna.ok("executive", "add", "1003", "--assistant", "1001")

    def seen(user):
        return [each["extension"] for each in anna.json("executive", "list", "--as", user)]

    assert seen("1001") == ["1001", "1003"]
    assert seen("1003") == ["1001", "1003"]
    assert seen("1002") == ["1001"]
    assert seen("1009") == []


def test_the_page(anna):
    words = ["--alerting", "sequential", "--filter", "custom", "--alert-executive", "silent"]
    words += ["--rollover", "voicemail", "--rollover-after", "45", "--parallel-mobile"]
    anna.ok("executive", "set", "1001", *words, "--no-opt-out", "--caller-name", "caller_executive")
    anna.ok(
        "executive", "criterion", "add", "1001", "customers", "--number", "+4930*", "--anonymous"
    )
    anna.ok("executive", "criterion", "add", "1001", "old", "--let-through", "--origin", "internal")
    anna.ok("executive", "criterion", "off", "1001", "old")
    anna.ok("assistant", "divert", "1002", "1001", "0171 5550000")
    golden("executive-1001.txt", anna.ok("executive", "show", "1001", *AT))


def test_what_was_set_is_exported_and_imported_again(anna):
    words = ["--filter", "custom", "--rollover", "extension:2000", "--no-opt-out"]
    anna.ok("executive", "set", "1001", *words)
    words = ["--number", "+4930*", "--unavailable", "--dialled", "1001", "--origin", "external"]
    anna.ok("executive", "criterion", "add", "1001", "customers", *words)
    anna.ok("assistant", "divert", "1002", "1001", "1003")
    anna.ok("assistant", "logout", "1003", "1001")
    exported = anna.exported()
    assert 'divert: "1003"' in exported
    assert "no change" in anna.ok("import", "-", "--state", text=exported).lower()
    assert anna.exported() == exported


def test_a_caller_who_is_handed_over_or_sent_on_explained(anna):
    sent = ["explain", "--from", "+4930123456", "--sent-by", "1002", "--to"]
    assert "1002 is his assistant, and sent the caller here" in anna.ok(*sent, "1001")
    steps = anna.json(*sent, "*63", "--pool", "1001")["steps"]
    assert [step.get("callee") for step in steps][:3] == ["1001", "1002", "1001"]
    assert "The caller is 1002's own" not in anna.ok(*sent, "*63", "--pool", "1001")
    assert "The caller is 1002's own" in anna.ok(*sent, "*63")


def test_a_call_that_a_criterion_filters_explained(anna):
    """`explain` says criterion by criterion why."""
    anna.ok("executive", "filter", "1001", "custom")
    anna.ok("executive", "criterion", "add", "1001", "customers", "--number", "+4930*")
    anna.ok(
        "executive", "criterion", "add", "1001", "family", "--let-through", "--number", "+4940*"
    )
    filtered = anna.json("explain", "--from", "+4930123456", "--to", "1001")
    assert {leg["owner"] for leg in filtered["steps"][0]["legs"]} == {"1002", "1003"}
    said = anna.ok("explain", "--from", "+4940123456", "--to", "1001")
    assert 'Criterion "family" lets through the call' in said
    assert 'Criterion "customers" (filters) does not count' in said
    assert "1001-desk" in said


def test_who_would_ring_and_why_the_others_would_not(anna):
    assert assistants(anna, key="rings") == {"1002": 0, "1003": 0}
    assert assistants(anna, "--unregistered", "desk-reception")["1002"] == (
        "none of his phones rings"
    )
    anna.ok("assistant", "logout", "1003", "1001")
    assert assistants(anna) == {"1002": None, "1003": "he is logged out"}
    assert assistants(anna, key="takes_part") == {"1002": True, "1003": False}
    anna.ok("executive", "set", "1001", "--no-opt-out")
    assert assistants(anna, key="takes_part") == {"1002": True, "1003": True}
    assert assistants(anna, key="opted_in") == {"1002": True, "1003": False}


def test_whose_turn_comes_after_the_rollover(anna):
    anna.ok("executive", "set", "1001", "--alerting", "sequential", "--rings", "4")
    assert assistants(anna, key="rings") == {"1002": 0, "1003": 20}
    anna.ok("executive", "set", "1001", "--rollover", "busy", "--rollover-after", "20")
    assert "only after the call has rolled over" in assistants(anna)["1003"]


def test_who_rings_first_and_who_rings_longer(anna):
    words = ["--alerting", "sequential", "--rings", "2", "--executive-first", "8"]
    anna.ok("executive", "set", "1001", *words, "--as", "1002")
    anna.ok("executive", "assistant", "set", "1001", "1002", "--rings", "4", "--as", "1001")
    assert assistants(anna, key="rings") == {"1002": 8, "1003": 28}
    assert assistants(anna, key="turn") == {"1002": 20, "1003": 10}
    found = anna.json("executive", "show", "1001")
    assert (found["executive_first"], found["assistant_devices"]) == (8, "followme")
    said = anna.ok("executive", "show", "1001")
    assert "he rings first   for 8 s" in said
    assert "rings from 8 s, his turn is 20 s" in said
    refusal = anna.fails(
        "executive", "assistant", "set", "1001", "1003", "--place", "1", "--as", "1002"
    )
    assert "the administrator may" in refusal
    anna.ok("executive", "assistant", "set", "1001", "1002", "--rings", "0", "--place", "2")
    assert assistants(anna, key="turn") == {"1003": 10, "1002": 10}
    anna.ok("undo")
    assert assistants(anna, key="turn") == {"1002": 20, "1003": 10}


def test_what_assistants_and_callers_see(anna):
    assert anna.fails("executive", "set", "1001", "--caller-name", "custom").endswith(
        "caller_name: custom needs a custom_name\n"
    )
    words = ["--caller-name", "custom", "--custom-name", "Front desk", "--caller-prefix", "[A] "]
    words += ["--caller-number", "custom", "--custom-number", "030 12345000"]
    anna.ok("executive", "set", "1001", *words, "--connected-line", "executive", "--as", "1002")
    found = anna.json("executive", "show", "1001")
    assert found["custom_number"] == "+493012345000"
    assert (found["connected_line"], found["caller_prefix"]) == ("executive", "[A] ")
    said = anna.ok("executive", "show", "1001")
    assert 'they see         "[A] " and "Front desk", the number +493012345000' in said
    assert "the caller sees  the executive, whoever answers" in said
    said = anna.ok("explain", "--from", "+49307654321", "--to", "1001", *AT)
    assert 'The assistants see "[A] Front desk".' in said
    assert "When somebody answers the caller sees 1001." in said
    [leg, *_] = anna.json("explain", "--from", "+49307654321", "--to", "1001", *AT)["steps"][0][
        "legs"
    ]
    assert leg["caller_number"] == "+493012345000"
    anna.ok("undo", "--as", "1002")
    assert anna.json("executive", "show", "1001")["custom_name"] is None


def test_which_devices_of_an_assistant_ring(anna):
    def devices():
        legs = anna.json("executive", "show", "1001")["legs"]
        return [leg["device"] for leg in legs]

    assert devices() == ["desk-reception", "1003-mobile"]
    anna.ok("executive", "set", "1001", "--assistant-devices", "primary", "--as", "1003")
    assert devices() == ["desk-reception"]
    assert "the first telephone of each" in anna.ok("executive", "show", "1001")
    assert assistants(anna)["1003"] == "none of his phones rings"


def test_the_executive_is_alerted_by_the_origin_of_the_call(anna):
    anna.ok("executive", "set", "1001", "--alert-executive", "splash", "--parallel-mobile")

    def own(*words):
        legs = anna.json("executive", "show", "1001", *words)["legs"]
        return {leg["device"]: leg["delay"] for leg in legs if leg["owner"] == "1001"}

    assert own() == {"1001-desk": 0, "1001-soft": 15, "1001-mobile": 0}
    anna.ok("followme", "set", "1001", "1001-soft", "--origin", "internal", "--disabled")
    assert own("--origin", "internal") == {"1001-desk": 0, "1001-mobile": 0}
    assert "for a moment" in anna.ok("executive", "show", "1001")


def test_add_set_remove(run):
    said = run.ok("executive", "add", "1002")
    assert said.splitlines()[1:] == ["1002 has no assistants: the filter does nothing."]
    words = ["--before-forwarding", "--no-parallel-other", "--caller-number", "executive"]
    run.ok("executive", "set", "1002", *words, "push_recall=33", "rollover.after=9")
    found = run.json("executive", "show", "1002")
    assert (found["caller_number"], found["push_recall"]) == ("executive", 33)
    assert found["rollover"] == {"after": 9, "action": None}
    run.ok("executive", "set", "1002", "--no-before-forwarding", "rollover.after=")
    assert run.json("executive", "show", "1002")["rollover"]["after"] is None
    assert not run.json("executive", "show", "1002")["before_forwarding"]
    assert run.json("executive", "set", "1002", "--push-recall", "33") == {
        "changes": [],
        "notes": ["1002 has no assistants: the filter does nothing."],
    }
    run.ok("executive", "remove", "1002")
    assert "no executive yet" in run.ok("executive", "list")


def test_who_may_be_disturbed(anna):
    said = anna.ok("executive", "show", "1001")
    assert "comes back after 20 s\n" in said
    assert "do not disturb" not in said
    anna.ok("executive", "set", "1001", "--push-follows-forward", "--as", "1002")
    words = ["--push-ignores-bob", "--assistant-breaks-dnd", "--no-assistant-respects-dnd"]
    refused = anna.fails("executive", "set", "1001", *words, "--as", "1002")
    assert "user 1002 may not change push_ignores_bob of executive 1001" in refused
    anna.ok("executive", "set", "1001", *words, "--as", "1001")
    said = anna.ok("executive", "show", "1001")
    assert (
        "comes back after 20 s, rings whether he is busy on busy or not, "
        "goes where he forwards his calls" in said
    )
    assert "calls of his assistants ring all the same" in said
    assert "assistants ring all the same, on do not disturb too" in said
    keys = ("push_ignores_bob", "push_follows_forward", "assistant_breaks_dnd")
    found = anna.json("executive", "show", "1001")
    assert [found[key] for key in keys] == [True, True, True]
    assert not found["assistant_respects_dnd"]
    anna.ok("undo", "--as", "1001")
    found = anna.json("executive", "show", "1001")
    assert [found[key] for key in keys] == [False, True, False]
    assert found["assistant_respects_dnd"]


def test_on_off_and_which_calls(anna):
    assert anna.ok("executive", "off", "1001", "--as", "1002").splitlines() == [
        "+ executives.1001.enabled: false",
        "The filter of 1001 is off: his calls go to himself.",
    ]
    assert "off (else all calls)" in anna.ok("executive", "show", "1001")
    assert anna.ok("executive", "on", "1001", "--as", "1001") == (
        "- executives.1001.enabled: false\n"
    )
    assert anna.ok("executive", "filter", "1001", "custom", "--as", "1003").splitlines() == [
        "+ executives.1001.filter: custom",
        "No active criterion of 1001 filters: no call is filtered.",
    ]
    anna.ok("executive", "criterion", "add", "1001", "all", "--as", "1001")
    assert anna.json("executive", "show", "1001")["notes"] == []


def test_criteria(anna):
    add = ["executive", "criterion", "add", "1001", "feast"]
    words = ["--origin", "external", "--number", "+4930*", "--number", "+4989*", "--unavailable"]
    anna.ok(*add, *words, "--dialled", "+493012345101", "--let-through")
    anna.ok("executive", "criterion", "set", "1001", "feast", "--origin", "any", "--filter")
    anna.ok("executive", "criterion", "off", "1001", "feast", "--as", "1003")
    [found] = anna.json("executive", "show", "1001")["criteria"]
    assert found == {
        "name": "feast",
        "active": False,
        "filter": True,
        "callers": {
            "origin": None,
            "numbers": ["+4930*", "+4989*"],
            "anonymous": False,
            "unavailable": True,
            "contact": None,
        },
        "dialled": ["+493012345101"],
        "schedule": None,
        "holidays": None,
    }
    assert anna.json("executive", "criterion", "list", "1001", "--as", "1002") == [found]
    assert anna.json("executive", "criterion", "show", "1001", "feast") == found
    anna.ok("executive", "criterion", "set", "1001", "feast", "callers=", "name=feast days")
    listed = anna.ok("executive", "criterion", "list", "1001").splitlines()
    assert listed[1].split("  ")[0] == "feast days"
    assert "any caller; dialled +493012345101" in listed[1]
    assert "go to the assistants" in anna.ok("executive", "criterion", "show", "1001", "feast days")
    missing = anna.fails("executive", "criterion", "show", "1001", "feast day")
    assert "1001 has no criterion 'feast day', did you mean 'feast days'" in missing
    anna.fails("executive", "criterion", "list", "1001", "--as", "1009")
    anna.ok("executive", "criterion", "on", "1001", "feast days")
    said = anna.ok("executive", "show", "1001")
    assert "feast days  filters       any caller; dialled +493012345101" in said
    assert "not asked by this filter" in said
    anna.ok("executive", "criterion", "remove", "1001", "feast days")
    assert anna.json("executive", "show", "1001")["criteria"] == []


def test_the_order_of_the_assistants(anna):
    anna.ok("executive", "assistant", "set", "1001", "1003", "--place", "1")
    assert list(assistants(anna)) == ["1003", "1002"]
    anna.ok("executive", "assistant", "remove", "1001", "1003")
    anna.ok("executive", "assistant", "add", "1001", "1003", "--place", "1")
    assert list(assistants(anna)) == ["1003", "1002"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("show 1002", "'1002' is no executive, did you mean '1001'"),
        ("show 1001 --talking nobodys", "there is no device 'nobodys'"),
        ("add 1001", "1001 is an executive already"),
        ("add 1099", "there is no user '1099'"),
        ("add 1002 --assistant 1002", "nobody is his own assistant"),
        ("add 1002 --assistant 1099", "there is no user '1099'"),
        ("set 1001 nonsense=3", "executives.1001.nonsense: unknown key"),
        ("set 1001 --rollover nowhere", "'nowhere' is no target"),
        ("set 1001 --rollover external:+49900111", "settings.toll does not permit"),
        ("remove 1002", "'1002' is no executive"),
        ("on 1002", "'1002' is no executive"),
        ("criterion add 1001 x --schedule office", "there is no schedule 'office'"),
        ("criterion add 1001 x --holidays office", "there is no schedule 'office'"),
        ("criterion add 1001 x --number abc", "'abc' is no number pattern"),
        ("criterion off 1001 x", "executive 1001 has no criterion 'x'"),
        ("assistant add 1001 1002", "1002 is an assistant of 1001 already"),
        ("assistant add 1001 1099", "there is no user '1099'"),
        ("assistant set 1001 1002 --place 9", "a place is 1 to 2, not 9"),
        ("assistant remove 1001 1001", "'1001' is no assistant of 1001"),
        ("show 1001 --as 1009", "user 1009 may not see how the calls of 1001 are filtered"),
        ("off 1001 --as 1009", "user 1009 may not change how the calls of 1001 are filtered"),
        ("filter 1001 external --as 1009", "1001, 1002, 1003 and the administrator may"),
        ("criterion add 1001 x --as 1009", "1001, 1002, 1003 and the administrator may"),
        ("set 1001 --no-opt-out --as 1001", "may not change allow_opt_out of executive 1001"),
        ("set 1001 --no-before-forwarding --as 1002", "the administrator may"),
        ("set 1001 assistants=[] rings=4 --as 1002", "may not change assistants of executive 10"),
    ],
)
def test_a_wrong_word_is_one_line_and_changes_nothing(anna, words, text):
    assert text in anna.fails("executive", *words.split())


@pytest.mark.parametrize(
    "words",
    [
        "set 1001",
        "set 1001 --filter some",
        "set 1001 --rings 0",
        "filter 1001 some",
        "add 1002 --as 1002",
        "remove 1001 --as 1001",
        "assistant add 1001 1003 --as 1001",
        "assistant remove 1001 1002 --as 1002",
        "assistant set 1001 1002",
        "criterion set 1001 x",
        "show 1001 --live --talking 1001-desk",
        "show 1001 --at tomorrow",
    ],
)
def test_wrong_usage(anna, words):
    anna.fails("executive", *words.split(), code=2)


def test_a_name_that_a_terminal_would_obey_is_shown_harmless(anna):
    assert "must be one line" in anna.fails("executive", "criterion", "add", "1001", "a\x1b[2Jb")
    assert "\x1b" not in anna("executive", "criterion", "off", "1001", "a\x1b[2Jb").stderr
