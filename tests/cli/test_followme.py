from __future__ import annotations

import json

import pytest

from tests.cli.conftest import golden
from tests.cli.event_socket import PASSWORD, event_socket


def row(run, device, origin):
    (found,) = [
        each
        for each in run.json("followme", "list")
        if (each["device"], each["origin"]) == (device, origin)
    ]
    return found


@pytest.mark.parametrize("user", ["1001", "1002", "1003"])
def test_the_picture(run, user):
    golden(f"followme-{user}.txt", run.ok("followme", "show", user))


def test_the_picture_without_a_phone(run):
    words = ["--unregistered", "1001-desk", "--unregistered", "1001-soft"]
    golden("followme-1001-unregistered.txt", run.ok("followme", "show", "1001", *words))


def test_the_picture_as_json(run):
    found = run.json("followme", "show", "1001", "--unregistered", "1001-desk")
    assert found["registrations_known"] is True
    external = found["origins"]["external"]
    assert [(leg["device"], leg["delay"], leg["ends"]) for leg in external["legs"]] == [
        ("1001-mobile", 0, 25),
        ("1001-soft", 5, 25),
    ]
    assert external["legs"][0]["number"] == "+491711234567"
    assert external["skipped"] == [
        {"device": "1001-desk", "reason": "unregistered", "text": "not registered"}
    ]
    then = {"action": "voicemail", "mailbox": "1001", "login": False, "greeting": "standard"}
    assert external["then"] == then
    assert found["origins"]["team"]["then"] is None


def test_the_plan_is_that_of_the_phones_whatever_the_status(run):
    run.ok("presence", "profile", "1001", "away", "voicemail:1003", "--when", "always")
    plain = run.json("followme", "show", "1001")["origins"]
    assert plain["external"]["elsewhere"] is None
    run.ok("presence", "set", "1001", "away")
    found = run.json("followme", "show", "1001")["origins"]
    for origin in ("internal", "external"):
        assert found[origin]["legs"] == plain[origin]["legs"] != []
        assert found[origin]["then"] is None
        assert found[origin]["elsewhere"] == (
            "1001 is away (away, set by hand): calls go to voicemail:1003."
        )
    assert found["team"]["elsewhere"] is None
    golden("followme-1001-away.txt", run.ok("followme", "show", "1001"))


def test_somebody_elses_status_is_not_his(run):
    run.ok("presence", "profile", "1001", "available", "extension:1003", "--when", "unregistered")
    run.ok("presence", "set", "1003", "away")
    words = ["--unregistered", "1001-desk", "--unregistered", "1001-soft"]
    internal = run.json("followme", "show", "1001", *words)["origins"]["internal"]
    assert (internal["legs"], internal["elsewhere"]) == ([], None)
    assert internal["then"]["mailbox"] == "1001"


def test_what_follows_the_phones_is_the_next_to_ring(run):
    run.ok("presence", "profile", "1001", "available", "extension:1003", "--when", "no_answer")
    then = run.json("followme", "show", "1001")["origins"]["internal"]["then"]
    assert (then["action"], then["callee"]) == ("ring", "1003")


def test_the_profile_of_the_status_ends_the_ringing(run):
    run.ok("user", "set", "1001", "presence.profiles.meeting.no_answer_after=12")
    run.ok("presence", "set", "1001", "meeting")
    internal = run.json("followme", "show", "1001")["origins"]["internal"]
    assert [(leg["device"], leg["ends"]) for leg in internal["legs"]] == [("1001-desk", 12)]
    reasons = {entry["device"]: entry["reason"] for entry in internal["skipped"]}
    assert reasons == {"1001-mobile": "disabled", "1001-soft": "too_late"}


def test_live_asks_the_switch(run):
    registrations = [
        {
            "reg_user": "1001-soft",
            "realm": "pbx.test",
            "token": "1",
            "url": "sofia/internal/sip:1001-soft@127.0.0.1:5070",
            "expires": "9999999999",
            "network_ip": "127.0.0.1",
            "network_port": "5070",
            "network_proto": "udp",
            "hostname": "switch",
            "metadata": "",
        }
    ]
    answers = {
        "show channels as json": json.dumps({"row_count": 0}),
        "show registrations as json": json.dumps({"row_count": 1, "rows": registrations}),
    }
    with event_socket(answers) as switch:
        words = ["--live", "--freeswitch", switch.address, "--password", PASSWORD]
        found = run.json("followme", "show", "1001", *words)
    internal = found["origins"]["internal"]
    assert [leg["device"] for leg in internal["legs"]] == ["1001-soft"]
    assert internal["skipped"][0]["reason"] == "unregistered"


def test_list(run):
    lines = run.ok("followme", "list", "1001").splitlines()
    assert len(lines) == 1 + 3 * 3
    desk, _, team, *_ = (line.split() for line in lines[1:])
    assert desk == ["1001", "1001-desk", "internal", "yes", "0", "s", "20", "s", "no", "yes"]
    assert team[2:] == ["team", "no", "0", "s", "the", "team's", "no", "yes"]


def test_a_device_that_is_left_out_while_it_talks(run):
    run.ok("followme", "set", "1001", "1001-desk", "--skip-if-busy", "--as", "1001")
    assert row(run, "1001-desk", "team")["skip_if_busy"]
    run.ok("followme", "set", "1001", "1001-desk", "--origin", "team", "--ring-if-busy")
    assert not row(run, "1001-desk", "team")["skip_if_busy"]
    assert row(run, "1001-desk", "internal")["skip_if_busy"]


def test_set_one_row(run):
    run.ok("followme", "set", "1001", "1001-mobile", "--origin", "external", "--delay", 5)
    assert row(run, "1001-mobile", "external")["delay"] == 5
    assert row(run, "1001-mobile", "internal")["delay"] == 0


def test_set_all_origins(run):
    run.ok("followme", "set", "1001", "1001-mobile", "--ring", 12, "--enabled")
    for origin in ("internal", "external", "team"):
        found = row(run, "1001-mobile", origin)
        assert (found["ring"], found["enabled"]) == (12, True)


def test_a_device_with_a_dot_in_its_name(run):
    run.ok("followme", "set", "1002", "1002.desk", "--delay", 3)
    assert row(run, "1002.desk", "team")["delay"] == 3
    run.ok("followme", "remove", "1002", "1002.desk")
    assert row(run, "1002.desk", "team")["delay"] == 0


def test_strategies(run):
    run.ok(
        "followme", "set", "1001", "--strategy", "sequential", "--origin", "external", "--ring", 15
    )
    delays = [
        row(run, device, "external")["delay"]
        for device in ("1001-desk", "1001-soft", "1001-mobile")
    ]
    assert delays == [0, 15, 30]
    assert row(run, "1001-desk", "internal")["ring"] == 20
    run.ok("followme", "set", "1001", "--strategy", "parallel")
    assert row(run, "1001-mobile", "external")["delay"] == 0


def test_remove_sets_the_rows_back(run):
    run.ok("followme", "remove", "1001", "1001-mobile")
    found = row(run, "1001-mobile", "internal")
    assert (found["enabled"], found["delay"], found["ring"]) == (True, 0, 30)
    assert "1001-mobile" in run.ok("device", "list")


def test_a_user_changes_what_he_may(run):
    run.ok("followme", "set", "1001", "1001-desk", "--ring", 10, "--as", "1001")
    assert row(run, "1001-desk", "internal")["ring"] == 10


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["1001", "1001-mobile", "--ring", "10", "--as", "1001"], "user_configurable is false"),
        (["1001", "1001-desk", "--ring", "10", "--as", "1002"], "1001 himself and the admin"),
        (["1001", "1001-desk", "--user-configurable", "--as", "1001"], "administrator"),
        (["1001", "--strategy", "parallel", "--as", "1001"], "user_configurable is false"),
        (["1001", "1001-desk", "--origin", "team", "--delay", "-1"], "team.delay: must be"),
        (["1001", "1001-desk", "--origin", "team", "--ring", "0"], "team.ring: must be"),
        (["1001", "1001-dask", "--ring", "5"], "did you mean '1001-desk'"),
        (["1001", "1002.desk", "--ring", "5"], "user 1001 has no device '1002.desk'"),
        (["1099", "x", "--ring", "5"], "there is no user '1099'"),
    ],
)
def test_a_wrong_word_is_one_line_and_changes_nothing(run, words, text):
    assert text in run.fails("followme", "set", *words)


@pytest.mark.parametrize(
    "words",
    [
        ["set", "1001"],
        ["set", "1001", "1001-desk"],
        ["set", "1001", "1001-desk", "--strategy", "parallel"],
        ["set", "1001", "--strategy", "parallel", "--delay", "3"],
        ["set", "1001", "1001-desk", "--delay", "soon"],
        ["show", "1001", "--live", "--unregistered", "1001-desk"],
    ],
)
def test_wrong_usage(run, words):
    run.fails("followme", *words, code=2)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["show", "1099"], "there is no user '1099'"),
        (["show", "1001", "--unregistered", "1001-mobile"], "no SIP device '1001-mobile'"),
        (["show", "1001", "--live", "--freeswitch", "127.0.0.1:1"], "cannot be reached"),
        (["list", "1099"], "there is no user '1099'"),
        (["remove", "1001", "nope"], "user 1001 has no device 'nope'"),
    ],
)
def test_what_is_not_there(run, words, text):
    assert text in run.fails("followme", *words)
