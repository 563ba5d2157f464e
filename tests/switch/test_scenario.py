"""Scenario files: what is read, and how a wrong one is refused."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from esl_router import switch
from esl_router.switch.phones import Behaviour, CallScript
from esl_router.switch.placed import Placed
from esl_router.switch.scenario import Expected, ScenarioError, check, load, read


def test_the_example_of_the_documentation_is_a_scenario() -> None:
    text = (switch.__doc__ or "").partition("YAML file::\n")[2].partition("\nNumbers outside")[0]
    scenario = read(yaml.safe_load(text))
    assert scenario.rules == "../rules/company.yaml"
    assert scenario.phones["1002-desk"].contacts == (Behaviour(refuse=486, after=0.5),)
    assert scenario.phones["1004-desk"].contacts == (Behaviour(dead=True),)
    assert scenario.phones["1005-desk"].contacts == ()
    assert len(scenario.phones["1006-desk"].contacts) == 2
    assert scenario.phones["+491711234567"].contacts[0].press == "1"
    assert scenario.calls[0].give_up == 20
    assert scenario.calls[0].at == 5
    assert scenario.calls[0].now == datetime(2026, 3, 2, 19, 0)
    assert scenario.expected[0].rang == ("1001-desk", "1001-soft")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "the file: names with values"),
        ({"call": []}, "the file.call: unknown"),
        ({"calls": {}}, "calls: a list"),
        ({"calls": [{"from": "1001-desk"}]}, "calls[0]: from and to"),
        ({"calls": [{"from": "1", "to": "2", "give_up": "soon"}]}, "calls[0].give_up: seconds"),
        ({"phones": {"1": {"answers": 2}}}, "phones.1.answers: unknown"),
        ({"phones": {"1": {"busy": -1}}}, "phones.1.after: seconds"),
        ({"phones": {"1": {"refuse": 200}}}, "phones.1.refuse: a SIP code"),
        ({"calls": [{"from": "1", "to": "2", "expect": {"kode": 1}}]}, "calls[0].expect.kode"),
        ({"now": "noon"}, "now: 'noon' is no instant"),
        ({"calls": [{"from": "1", "to": "2", "now": 7}]}, "calls[0].now: 7 is no instant"),
    ],
)
def test_a_wrong_scenario_says_where(document: object, words: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(words)):
        read(document)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("calls: [")
    with pytest.raises(ScenarioError, match=r"broken\.yaml"):
        load(path)
    with pytest.raises(ScenarioError, match=r"missing\.yaml"):
        load(tmp_path / "missing.yaml")


def test_a_phone_does_what_it_is_told_in_order() -> None:
    script = Behaviour(answer=2, press="1", press_after=1, hang_up=0.5).script()
    assert [what for _, what in script] == ["ringing", "answered", "hung up", "pressed 1"]
    assert Behaviour(dead=True).script() == ()
    assert Behaviour(refuse=486, after=1).script()[-1] == (1, "USER_BUSY 486")


def test_a_call_begins_when_the_file_says_unless_it_says_so_itself():
    first, second = read(
        {
            "now": "2026-03-02T10:00",
            "calls": [{"from": "1", "to": "2"}, {"from": "1", "to": "2", "now": "2026-03-03"}],
        }
    ).calls
    assert first.now == datetime(2026, 3, 2, 10, 0)
    assert second.now == datetime(2026, 3, 3)


def test_numbers_are_read_as_they_are_dialled(tmp_path: Path) -> None:
    path = tmp_path / "numbers.yaml"
    path.write_text(
        "phones: {+491711234567: {answer: 1.5}, 1001: {busy: 0}}\n"
        "calls:\n"
        "- {from: +4930555123, to: 01712223334, now: 2026-03-02 10:00:00,\n"
        "   expect: {code: 486, rang: [+491711234567], mailbox: 1001}}\n"
    )
    scenario = load(path)
    assert list(scenario.phones) == ["+491711234567", "1001"]
    assert scenario.phones["+491711234567"].outside
    assert scenario.phones["+491711234567"].contacts[0].answer == 1.5
    (call,), (expected,) = scenario.calls, scenario.expected
    assert (call.caller, call.number, call.trunk) == ("+4930555123", "01712223334", True)
    assert call.now == datetime(2026, 3, 2, 10, 0)
    assert (expected.code, expected.rang, expected.mailbox) == (486, ("+491711234567",), "1001")


def test_what_is_not_as_expected_is_said_in_words():
    placed = Placed(CallScript("1", "2"), code=486)
    expected = Expected(200, "nobody", "1001", True, ("1001-desk",), ("busy on busy",))
    assert check(placed, expected, ["Nobody answered."]) == [
        "code: 486 instead of 200",
        "mailbox: nobody instead of 1001",
        "fallback: no instead of yes",
        "rang: nothing instead of 1001-desk",
        "no reason says: busy on busy",
    ]


def test_what_would_stand_alone_in_a_list_needs_none():
    call = {"from": "1", "to": "2", "enters": 1001}
    expect = {"rang": "1001-desk", "because": "busy on busy"}
    scenario = read({"calls": [call | {"expect": expect}, call | {"expect": {"rang": None}}]})
    assert scenario.calls[0].enters == ("1001",)
    assert scenario.expected[0].rang == ("1001-desk",)
    assert scenario.expected[0].because == ("busy on busy",)
    assert scenario.expected[1].rang == ()
