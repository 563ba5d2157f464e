"""What everybody's phones do, and his status."""

from __future__ import annotations

import json

import pytest

from esl_router.cli.status_picture import merged
from esl_router.model.live import UNKNOWN, Live
from tests.cli.event_socket import PASSWORD, event_socket
from tests.company import registered


def table(*rows):
    return json.dumps({"row_count": len(rows), "rows": rows})


def registration(account):
    return {
        "reg_user": account, "realm": "pbx.test", "token": account, "expires": "9999999999",
        "url": f"sofia/internal/sip:{account}@192.0.2.7:5060",
    }  # fmt: skip


def leg(account, callstate, *, direction="outbound", uuid="u-1", other="+493099887766\x1b[31m"):
    return {
        "uuid": uuid, "direction": direction, "callstate": callstate, "state": "CS_EXECUTE",
        "presence_id": f"{account}@pbx.test", "initial_context": "internal", "call_uuid": uuid,
        "cid_num": other, "dest": other,
    }  # fmt: skip


@pytest.fixture
def switch():
    answers = {
        "global_getvar core_uuid": "d865976e-273f-4387-9b58-5c312cd04e4c",
        "strepoch": "1000",
        "show channels as json": table(),
        "show registrations as json": table(registration("1001-desk")),
    }
    with event_socket(answers) as server:
        yield server


@pytest.fixture
def asking(switch):
    return ("--freeswitch", switch.address, "--password", PASSWORD)


def of(run, asking, user="1001"):
    found = run.json("status", user, *asking)
    return found["line"], found["status"]


def test_line_and_status_are_two_axes(run, switch, asking):
    assert of(run, asking) == ("available", "available")
    assert of(run, asking, "1002") == ("offline", "available")
    run.ok("presence", "set", "1001", "dnd")
    assert of(run, asking) == ("available", "dnd")
    for state, line in (("RINGING", "ringing"), ("ACTIVE", "talking")):
        switch.answers["show channels as json"] = table(leg("1001-desk", state))
        assert of(run, asking) == (line, "dnd")
    dialling = leg("1001-desk", "EARLY", direction="inbound")
    switch.answers["show channels as json"] = table(dialling)
    assert of(run, asking) == ("calling", "dnd")


def test_everybody_in_a_table(run, switch, asking):
    switch.answers["show channels as json"] = table(leg("1001-desk", "ACTIVE"))
    run.ok("presence", "set", "1002", "lunch", "--for", "45m")
    head, anna, ben, *_ = run.ok("status", *asking).splitlines()
    assert head.split() == ["user", "name", "line", "status", "why"]
    assert anna.split() == ["1001", "Anna", "Adler", "talking", "available"]
    assert "offline" in ben
    assert "lunch until" in ben
    assert [each["user"] for each in run.json("status", *asking)] == ["1001", "1002", "1003"]


def test_one_user_with_his_devices(run, switch, asking):
    switch.answers["show channels as json"] = table(leg("1001-desk", "ACTIVE"))
    shown = run.ok("status", "1001", *asking)
    assert "line    talking" in shown
    assert "1001-desk" in shown
    assert "registered, talks to +493099887766" in shown
    assert "\x1b" not in shown, "a caller writes nothing that a terminal obeys"
    (device,) = [d for d in run.json("status", "1001", *asking)["devices"] if d["legs"]]
    assert device["legs"][0]["state"] == "ACTIVE"
    assert device["registrations"] == 1


def test_without_a_switch_the_line_is_unknown_and_the_status_is_told(run):
    result = run("status", "1001", "--json", "--freeswitch", "127.0.0.1:1")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["line"], found["status"]) == (None, "available")
    assert "cannot be reached" in result.stderr
    assert result.stderr.endswith("; lines are unknown\n")
    assert "unknown" in run("status", "--freeswitch", "127.0.0.1:1").stdout


def test_a_user_who_is_not_there(run, asking):
    assert "no user '9999'" in run.fails("status", "9999", *asking)


def test_several_switches_are_one_picture():
    one, two = registered("1001-desk"), registered("1001-desk", "1002-desk")
    both = merged([one, two])
    assert len(both.contacts("pbx.test", "1001-desk")) == 2
    assert len(both.contacts("pbx.test", "1002-desk")) == 1
    assert merged([one, UNKNOWN]) is UNKNOWN
    assert merged([]) is UNKNOWN
    assert merged([Live(True, 3.0), Live(True, 1.0)]).age == 3.0
