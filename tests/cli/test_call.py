"""Click to call: whom, from which phone, and what the switch is told."""

from __future__ import annotations

import json
import re

import pytest

from esl_router.cli import click_to_call
from esl_router.store.database import open_store
from esl_router.store.journal import Entry, insert
from tests.cli.event_socket import PASSWORD, event_socket

UUID = re.compile(r"origination_uuid=([0-9a-f-]{36})")


class Answers(dict):
    """What the switch says: ``originate`` is answered with ``verdict``, whatever it says."""

    def __init__(self, *registered, verdict="+OK 3f2b9c1d\n", box=""):
        rows = [
            {
                "reg_user": account,
                "realm": "pbx.test",
                "token": f"{account}@x",
                "url": f"sofia/internal/sip:{account}@127.0.0.1:5070",
                "expires": "9999999999",
            }
            for account in registered
        ]
        super().__init__(
            {
                "show channels as json": '{"row_count": 0}\n',
                "show registrations as json": json.dumps({"row_count": len(rows), "rows": rows}),
                "vm_list 1001@pbx.test": box,
            }
        )
        self.verdict = verdict

    def get(self, asked, default=None):
        return self.verdict if asked.startswith("originate ") else super().get(asked, default)


@pytest.fixture
def call(run):
    """``call(answers, "1001", …)``: the command, and the orders it gave the switch."""
    run.ok("contact", "add", "Müller & Söhne", "0307654321", "0307654322")
    run.ok("contact", "add", "Vogel", "0307654323")

    def made(answers, *words, code=0):
        with event_socket(answers) as server:
            options = ("--freeswitch", server.address, "--password", PASSWORD)
            if code:
                return run.fails("call", *words, *options, code=code), server.asked
            return run.ok("call", *words, *options), server.asked

    return made


def orders(asked):
    return [order for order in asked if order.startswith("originate ")]


def test_the_first_registered_phone_rings_and_then_the_number_is_dialled(call):
    said, asked = call(Answers("1001-soft"), "1001", "vogel")
    (order,) = orders(asked)
    assert "]sofia/internal/sip:1001-soft@127.0.0.1:5070 +49307654323 XML internal 'Vogel'" in order
    assert "~origination_caller_id_number=+49307654323" in order
    assert "~eslr_device=1001-soft~eslr_domain=pbx.test" in order
    assert "auto_answer" not in order
    assert said == "1001-soft has answered: Vogel (+49307654323) is dialled.\n"


def test_his_controlled_device_goes_before(call, run):
    run.ok("user", "set", "1001", "controlled_device=1001-soft", "auto_answer=yes", "--as", "1001")
    both = Answers("1001-desk", "1001-soft")
    _, asked = call(both, "1001", "1002")
    assert "sip:1001-soft@" in orders(asked)[0]
    assert "~sip_auto_answer=true" in orders(asked)[0]
    _, asked = call(both, "1001", "1002", "--device", "1001-desk")
    assert "sip:1001-desk@" in orders(asked)[0]
    said, asked = call(Answers("1001-desk"), "1001", "1002", code=1)
    assert "1001-soft is not registered, and it is his controlled_device" in said
    assert orders(asked) == []


def test_a_colleague_by_name(call):
    _, asked = call(Answers("1001-desk"), "1001", "blitz")
    assert " 1002 XML internal 'Bärbel red Blitz red' 1002" in orders(asked)[0]
    _, asked = call(Answers("1001-desk"), "1001", "hot")
    assert " 2000 XML internal 'Hotline' 2000" in orders(asked)[0]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("nobody",), "nobody is called 'nobody'"),
        (("0900", "12345"), "The toll policy forbids +4990012345."),
        (("1999",), "1999 cannot be called: Nobody here has the number 1999."),
        (("1002", "--device", "1001-mobile"), "1001-mobile is no SIP phone of 1001"),
        (("1002", "--journal", "3f2b9c1d"), None),
        ((), None),
        (("--journal", "3f2b9c1d"), "there is no call '3f2b9c1d' in the journal"),
    ],
)
def test_what_comes_to_nothing_rings_no_phone(call, words, what):
    said, asked = call(Answers("1001-desk"), "1001", *words, code=1 if what else 2)
    assert (what or "say whom to call") in said
    assert asked == [], "what the rules know needs no switch"


def test_several_of_a_name_are_listed(run, call):
    with event_socket(Answers("1001-desk")) as server:
        result = run("call", "1001", "mül", "--freeswitch", server.address, "--password", PASSWORD)
        assert server.asked == []
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "esl-router: 'mül' may be one of these, name a number:",
        "esl-router:   Müller & Söhne: +49307654321",
        "esl-router:   Müller & Söhne: +49307654322",
    ]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("1001", "nobody"), "nobody is called 'nobody'"),
        (("1999", "1002"), "there is no user '1999'"),
        (("1003", "1002"), "1003 cannot be called: he has no SIP phone"),
    ],
)
def test_no_switch_is_missed_for_that(run, words, what):
    said = run.fails("call", *words, "--freeswitch", "127.0.0.1:1", "--password", PASSWORD)
    assert what in said
    assert "127.0.0.1:1" not in said


def test_nobody_calls_from_somebody_elses_phone(call):
    said, asked = call(Answers("1001-desk"), "1001", "1002", "--as", "1002", code=1)
    assert "user 1002 may not call from a phone of 1001: 1001 himself" in said
    assert asked == []


def test_without_a_phone(call):
    said, _ = call(Answers(), "1001", "1002", code=1)
    assert "none of his phones (1001-desk, 1001-soft) is registered" in said
    said, _ = call(Answers("1001-desk"), "1003", "1002", code=1)
    assert "he has no SIP phone" in said


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("CALL_REJECTED", "declined"),
        ("USER_BUSY", "is busy"),
        ("NO_ANSWER", "did not answer"),
        ("WHATEVER", "could not be rung (WHATEVER)"),
    ],
)
def test_a_phone_that_does_not_answer(call, cause, words):
    said, _ = call(Answers("1001-desk", verdict=f"-ERR {cause}\n"), "1001", "1002", code=1)
    assert said == f"esl-router: 1001-desk {words}: nobody was called\n"


def test_as_json(run, call):
    with event_socket(Answers("1001-desk")) as server:
        found = run.json(
            "call", "1001", "vogel", "--freeswitch", server.address, "--password", PASSWORD
        )
    assert found == {
        "user": "1001",
        "device": "1001-desk",
        "number": "+49307654323",
        "name": "Vogel",
        "uuid": "3f2b9c1d",
    }


def entry(uuid, **more):
    values = {"dialled": "1001", "result": "no_answer", "domain": "pbx.test", "callee": "1001"}
    return Entry(uuid, 1000.0, 1010.0, **{**values, **more})


@pytest.fixture
def journal(run):
    db = open_store(run.store)
    for made in (
        entry("aaaaaaaa-1", caller_number="+49307654323"),
        entry("bbbbbbbb-1", caller_number="1001", callee="1002"),
        entry("cccccccc-1"),
        entry("dddddddd-1", caller_number="+4930999000", callee="1002"),
    ):
        insert(db.conn, made)
    db.close()
    return run


def test_a_call_in_the_journal_is_called_back(journal, call):
    _, asked = call(Answers("1001-desk"), "1001", "--journal", "aaaaaaaa", "--as", "1001")
    assert " +49307654323 XML internal 'Vogel' +49307654323" in orders(asked)[0]
    _, asked = call(Answers("1001-desk"), "1001", "--journal", "dddddddd")
    assert " +4930999000 XML internal '+4930999000' +4930999000" in orders(asked)[0]


@pytest.mark.parametrize(
    ("uuid", "what"),
    [
        ("bbbbbbbb", "was a call of 1001 himself"),
        ("cccccccc", "gave no number"),
    ],
)
def test_a_call_that_cannot_be_called_back(journal, call, uuid, what):
    said, asked = call(Answers("1001-desk"), "1001", "--journal", uuid, code=1)
    assert what in said
    assert orders(asked) == []


def test_a_user_calls_back_his_own_callers_alone(journal, call):
    said, _ = call(Answers("1001-desk"), "1001", "--journal", "dddddddd", "--as", "1001", code=1)
    assert "there is no call 'dddddddd' to 1001 in the journal" in said


def message(at, number, name="A: b:c"):
    return f"{at}:0:1001:pbx.test:inbox:/var/x.wav:uuid:{name}:{number}:5\n"


def test_who_left_the_newest_message_is_called_back(call):
    box = message(200, "0307654323") + message(100, "1002") + "odd\n"
    _, asked = call(Answers("1001-desk", box=box), "1001", "--voicemail")
    assert " 0307654323 XML internal 'Vogel' 0307654323" in orders(asked)[0]


@pytest.mark.parametrize(
    ("box", "what"),
    [
        ("", "the mailbox of 1001 has no message"),
        ("-ERR can't find user or profile.\n", "can't find user"),
        (message(1, "anonymous"), "gave no number"),
        (message(1, "&system(x)"), "gave no number"),
    ],
)
def test_a_mailbox_without_anybody_to_call_back(call, box, what):
    said, asked = call(Answers("1001-desk", box=box), "1001", "--voicemail", code=1)
    assert what in said
    assert orders(asked) == []


def test_who_interrupts_stops_the_phone(run, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(click_to_call, "place", interrupted)
    with event_socket(Answers("1001-desk")) as server:
        result = run("call", "1001", "1002", "--freeswitch", server.address, "--password", PASSWORD)
        assert server.asked[-1].startswith("uuid_kill ")
        assert server.asked[-1].endswith(" ORIGINATOR_CANCEL")
    assert result.exit_code == 130
