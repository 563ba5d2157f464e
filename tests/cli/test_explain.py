from __future__ import annotations

import pytest

from tests.cli.conftest import golden

AT = ("--at", "2026-12-24T15:00")


def test_a_colleague_calls(run):
    golden("explain-internal.txt", run.ok("explain", "--from", "1002", "--to", "1001", *AT))


def test_a_stranger_calls_and_every_phone_is_busy(run):
    words = ["--from", "+493099887766", "--to", "+493012345101", "--outcome", "busy"]
    golden("explain-external.txt", run.ok("explain", *words, *AT))


def test_json(run):
    found = run.json("explain", "--from", "1002.desk", "--to", "1001", *AT)
    assert found["call"] == {
        "from": "1002",
        "account": "1002.desk",
        "anonymous": False,
        "dialled": "1001",
        "sent_by": None,
        "pool": None,
        "origin": "internal",
        "domain": "pbx.test",
        "callee": "1001",
    }
    assert found["at"] == "2026-12-24T15:00:00+01:00"
    assert [(step["second"], step["action"]) for step in found["steps"]] == [
        (0, "ring"),
        (35, "voicemail"),
    ]
    assert found["steps"][1]["trace"][-1]["text"] == "Voicemail of 1001: nobody answered."


def test_an_instant_with_its_own_zone(run):
    words = ["--from", "1002", "--to", "1001", "--at", "2026-12-24T15:00:00Z"]
    assert run.json("explain", *words)["at"] == "2026-12-24T15:00:00+00:00"


@pytest.mark.parametrize(
    ("caller", "more", "origin"),
    [
        ("1002", [], "internal"),
        ("1001-soft", [], "internal"),
        ("desk-reception", [], "internal"),
        ("1002", ["--origin", "external"], "external"),
        ("+49309988776", [], "external"),
        ("030 998877-66", [], "external"),
        ("anonymous", [], "external"),
    ],
)
def test_who_calls(run, caller, more, origin):
    found = run.json("explain", "--from", caller, "--to", "1001", *more)
    assert found["call"]["origin"] == origin
    assert found["call"]["anonymous"] is (caller == "anonymous")


def test_a_caller_who_is_sent_on(run):
    words = ["explain", "--from", "+493099887766", "--to", "1001", "--sent-by", "1002"]
    assert run.ok(*words).startswith("+493099887766 is sent to 1001 by 1002.desk  ")
    found = run.json(*words)["call"]
    assert (found["sent_by"], found["origin"]) == ("1002.desk", "external")
    run.fails(*words[:-2], "--pool", "1001", code=2)
    assert "no user and no SIP device '1098'" in run.fails(*words[:-1], "1098")
    assert "'1003' is no executive" in run.fails(*words, "--pool", "1003")


def test_the_number_that_leaves(run):
    words = ["explain", "--to", "1001", "--from"]
    for caller, shown in (("+493099887766", "+493099887766"), ("anonymous", None)):
        legs = run.json(*words, caller)["steps"][0]["legs"]
        [outside] = [leg for leg in legs if leg["number"]]
        assert outside["caller_number"] == shown


def test_a_phone_that_is_not_registered(run):
    words = ["--from", "1002", "--to", "1001", "--unregistered", "1001-desk"]
    first = run.json("explain", *words)["steps"][0]
    assert [leg["device"] for leg in first["legs"]] == ["1001-soft"]


def test_declined(run):
    found = run.json("explain", "--from", "1002", "--to", "1001", "--outcome", "declined")
    assert (found["steps"][-1]["second"], found["steps"][-1]["code"]) == (2, 486)


def test_nobody_has_the_number(run):
    found = run.json("explain", "--from", "1002", "--to", "1099")
    assert [(step["action"], step.get("code")) for step in found["steps"]] == [("reject", 404)]


def reached(steps):
    return [step.get("callee") or step.get("mailbox") or step.get("code") for step in steps]


@pytest.mark.parametrize("device", ["1001-soft", "1001-mobile"])
def test_who_talks_is_busy_on_busy(run, device):
    words = ["explain", "--from", "1002", "--to", "1001", *AT, "--talking", device]
    assert reached(run.json(*words)["steps"]) == ["1001", "1001"]
    run.ok("busy-on-busy", "1001", "on")
    found = run.json(*words)["steps"]
    assert reached(found) == [486]
    assert f"he has one call, on {device}" in found[0]["trace"][-2]["text"]
    assert reached(run.json(*words[:-2])["steps"]) == ["1001", "1001"]


def test_a_temporary_status_ends(run):
    run.ok("presence", "set", "1001", "dnd", "--until", "2126-12-24T15:00")
    words = ["explain", "--from", "1002", "--to", "1001", "--at"]
    assert reached(run.json(*words, "2126-12-24T14:59:59")["steps"]) == [486]
    assert reached(run.json(*words, "2126-12-24T15:00")["steps"]) == ["1001", "1001"]


def test_a_forward_is_a_step(run):
    run.ok("presence", "profile", "1001", "available", "extension:1003", "--when", "no_answer")
    words = ["--from", "+493099887766", "--to", "+493012345101"]
    golden("explain-forward.txt", run.ok("explain", *words, *AT))
    steps = run.json("explain", *words, *AT)["steps"]
    assert [(step["second"], step["action"]) for step in steps] == [
        (0, "ring"),
        (35, "ring"),
        (65, "voicemail"),
    ]
    assert steps[0]["legs"][0]["diversion"] is None
    assert steps[1]["legs"][0]["diversion"]["reason"] == "follow-me"
    assert steps[1]["legs"][0]["diversion"]["counter"] == 2


def heard(found):
    """What whoever dialled a code hears, and why."""
    last = found["steps"][-1]
    return last["tone"], last["trace"][-1]["text"]


def test_a_code_that_is_refused_shows_why(run):
    run.ok("executive", "add", "1001", "--assistant", "1002", "allow_opt_out=false")
    code = ("explain", "--from", "1002", "--to", "#38")
    before = run.exported()
    tone, why = heard(run.json(*code))
    assert tone == "refused"
    assert why == (
        "Refused, and nothing is changed: user 1002 may not change the login of 1002 as an "
        "assistant of 1001: allow_opt_out is false there, which the administrator changes."
    )
    assert "user 1002 may not change the login" in run.ok(*code)
    run.ok("executive", "set", "1001", "allow_opt_out=true")
    after = run.exported()
    assert heard(run.json(*code)) == ("off", "It is done.")
    assert run.exported() == after != before, "it was only tried"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--from", "1098", "--to", "1001"], "there is no user and no SIP device '1098'"),
        (["--from", "1003", "--to", "1001"], "no SIP device to call from"),
        (["--from", "nobody", "--to", "1001"], "no extension, no device and no number"),
        (["--from", "1002", "--to", "\x1b[31m"], "nothing that can be dialled"),
        (["--from", "1002", "--to", "1001", "--unregistered", "1001-mobile"], "no SIP device"),
        (["--from", "1002", "--to", "1001", "--unregistered", "x"], "no SIP device 'x'"),
        (["--from", "1002", "--to", "1001", "--talking", "x"], "no device 'x'"),
    ],
)
def test_what_is_not_there(run, words, text):
    assert text in run.fails("explain", *words)


@pytest.mark.parametrize(
    "words",
    [["--to", "1001"], ["--from", "1002"], ["--from", "1", "--to", "1001", "--at", "tomorrow"]],
)
def test_wrong_usage(run, words):
    run.fails("explain", *words, code=2)
