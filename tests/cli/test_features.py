from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from esl_router.cli.features import BEHIND, MEANING
from esl_router.cli.main import main
from esl_router.model.actions import Perform
from esl_router.model.codes import TAKES, USUAL, Argument, Code
from esl_router.model.feature import SetFollowMe
from esl_router.store.by_phone import ByPhone
from esl_router.store.pins import Pins
from tests.company import NOW

ROOT = Path(__file__).parent.parent.parent
PAGES = {name: (ROOT / "docs" / name).read_text() for name in ("my-phone.md", "mein-telefon.md")}


def test_every_code_is_listed_with_what_it_does(run):
    found = run.json("features", "list")
    assert {each["code"] for each in found} == set(Code)
    assert all(each["does"].endswith(".") for each in found)
    by_code = {each["code"]: each for each in found}
    assert by_code["team_login"] == {
        "code": "team_login",
        "digits": "*37",
        "behind": "team",
        "dial": "*37[team]",
        "does": MEANING[Code.TEAM_LOGIN],
    }
    assert by_code["voicemail"]["behind"] is None
    text = run.ok("features", "list")
    assert "*39[executive*]number" in text
    assert set(BEHIND) == set(Argument)
    assert set(TAKES) == set(Code)


def test_the_digits_are_the_domains(run):
    rules = run.exported()
    rules = re.sub(r"(?m)^settings:$", 'settings:\n  codes: {voicemail: "*9"}', rules, count=1)
    run.ok("import", "-", text=rules)
    (found,) = [each for each in run.json("features", "list") if each["code"] == "voicemail"]
    assert found["dial"] == "*9"


# -- PINs -----------------------------------------------------------------------------------------


def test_a_pin_is_read_from_standard_input(run):
    said = run.ok("user", "pin", "1001", text="803417\n")
    assert said == "~ users.1001.pin: changed\n"
    assert Pins(run.store).refuse("pbx.test", "1001", "803417", 0.0) == ""
    assert "803417" not in run.exported()
    assert "pin" not in run.ok("user", "show", "1001")
    assert "803417" not in run.ok("history", "list")
    run.ok("user", "pin", "1001", "--clear")
    assert Pins(run.store).refuse("pbx.test", "1001", "803417", 0.0) == "1001 has no PIN."


def test_a_user_sets_his_own_pin(run):
    run.ok("user", "pin", "1001", "--as", "1001", text="803417\n")
    assert "the PIN of 1001" in run.fails("user", "pin", "1001", "--as", "1002", text="803418\n")


@pytest.mark.parametrize("pin", ["", "12345", "123456", "x"])
def test_what_is_no_pin_is_refused(run, pin):
    assert "users.1001.pin: " in run.fails("user", "pin", "1001", text=f"{pin}\n")


# -- the users' pages -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("code", Code)
def test_a_code_stands_on_the_users_page(name, code):
    assert f"`{USUAL[code]}`" in PAGES[name]


CAPTIONS = {
    "my-phone.md": {},
    "mein-telefon.md": {
        "External calls": "Anrufe von außen",
        "then voicemail of": "danach die Mailbox von",
        "press 1": "1 drücken",
        "switched off": "ausgeschaltet",
    },
}
"""What stands beside the pictures, in the language of the page."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """The pictures of David's calls from outside: before, and when he has dialled *263."""
    store = tmp_path_factory.mktemp("page") / "router.db"

    def run(*words):
        result = CliRunner().invoke(main, ["--db", str(store), *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    def picture():
        shown = run("followme", "show", "1004")
        return re.search(r"(?s)External calls.*?\n\n", shown)[0].rstrip()

    run("init")
    run("import", str(ROOT / "fixtures" / "rules" / "company.yaml"))
    before = picture()
    change = Perform("pbx.test", "1004", SetFollowMe("1004-mobile", False))
    assert ByPhone(store).perform(change, NOW) == ""
    return before, picture()


@pytest.mark.parametrize("name", PAGES)
def test_its_pictures_are_drawn_by_the_code_that_routes(name, pictures):
    before, after = pictures
    assert before != after
    for each in pictures:
        drawn = each
        for english, own in CAPTIONS[name].items():
            drawn = drawn.replace(english, own)
        assert f"```\n{drawn}\n```" in PAGES[name]
