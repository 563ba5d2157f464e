"""Scenario files: what is read, and how a wrong one is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from esl_router import switch
from esl_router.switch.phones import Behaviour
from esl_router.switch.scenario import ScenarioError, load, read


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
