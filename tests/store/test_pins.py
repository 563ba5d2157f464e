"""PINs: what is kept of them, and how few guesses there are."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest

from esl_router.errors import RulesFileError
from esl_router.store import admin, pins, rules_file
from esl_router.store.database import open_store
from esl_router.store.pins import HOUR, MOST_WRONG, MOST_WRONG_OF_ALL, Pins
from esl_router.store.rules_import import export_rules, import_rules
from tests.store.conftest import COMPANY

DOMAIN, OWNER, RIGHT, WRONG = "pbx.test", "1004", "803417", "803418"
NOW = 1_772_442_000.0


def refuse(path, pin, extension=OWNER, now=NOW):
    return Pins(path).refuse(DOMAIN, extension, pin, now)


def test_who_knows_the_pin_is_let_in_as_often_as_he_likes(company, path):
    for _ in range(MOST_WRONG + 1):
        assert refuse(path, RIGHT) == ""


@pytest.mark.parametrize(
    ("extension", "why"),
    [
        (OWNER, "A wrong PIN for 1004."),
        ("1001", "1001 has no PIN."),
        ("9999", "There is no user 9999."),
        ("*#", "There is no user *#."),
    ],
)
def test_others_are_not(company, path, extension, why):
    assert refuse(path, WRONG, extension) == why
    assert refuse(path, "", extension) == why


def test_after_a_few_wrong_ones_the_right_one_is_not_looked_at_for_an_hour(company, path):
    for second in range(MOST_WRONG):
        assert refuse(path, WRONG, now=NOW + second).startswith("A wrong PIN")
    assert refuse(path, RIGHT, now=NOW + 10) == "Too many wrong PINs for 1004 within the hour."
    assert refuse(path, RIGHT, now=NOW + HOUR - 1).startswith("Too many")
    assert refuse(path, RIGHT, now=NOW + HOUR + 1) == ""


def test_an_import_forgets_no_attempt(company, path):
    for _ in range(MOST_WRONG):
        refuse(path, WRONG)
    import_rules(company, rules_file.load(COMPANY.read_text().replace("ring: 15", "ring: 16")))
    assert refuse(path, RIGHT).startswith("Too many")


def test_who_tries_everybody_is_stopped_too(company, path):
    for n in range(MOST_WRONG_OF_ALL):
        assert refuse(path, WRONG, f"30{n:02}").startswith("There is no user")
    assert refuse(path, RIGHT) == "Too many wrong PINs within the hour."


def test_several_processes_share_the_count(company, path):
    guess = (
        "import sys; from esl_router.store.pins import Pins;"
        f"print(Pins(sys.argv[1]).refuse({DOMAIN!r}, {OWNER!r}, sys.argv[2], {NOW}))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", guess, str(path), f"11223{n}"], stdout=subprocess.PIPE, text=True
        )
        for n in range(2 * MOST_WRONG)
    ]
    said = [process.communicate()[0] for process in running]
    assert sum(each.startswith("A wrong PIN") for each in said) == MOST_WRONG
    assert refuse(path, RIGHT).startswith("Too many")


def test_an_attempt_that_cannot_be_counted_lets_nobody_in(company, path, tmp_path, monkeypatch):
    monkeypatch.setattr(pins, "PATIENCE", 0.01)
    with closing(open_store(path)) as other:
        other.conn.execute("BEGIN IMMEDIATE")
        assert refuse(path, RIGHT).startswith("The PIN was not looked at: the rule store cannot")
        other.conn.execute("ROLLBACK")
    assert refuse(tmp_path / "no.db", RIGHT).startswith("The PIN was not looked at:")


# -- what is kept ---------------------------------------------------------------------------------


def kept(db, extension=OWNER):
    return admin.user(db, DOMAIN, extension)["pin"]


def test_nothing_that_is_kept_or_exported_shows_it(company, path):
    assert kept(company).startswith("scrypt$")
    assert RIGHT not in export_rules(company, DOMAIN)
    company.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert RIGHT.encode() not in path.read_bytes()


def test_an_import_of_an_export_changes_nothing(company, path):
    text = export_rules(company, DOMAIN)
    assert not import_rules(company, rules_file.load(text), state=True).changes
    assert not import_rules(company, rules_file.load(COMPANY.read_text()), state=True).changes
    assert refuse(path, RIGHT) == ""


def test_a_file_without_a_pin_takes_none_away(company, path):
    admin.set_user(company, DOMAIN, "1001", {"pin": "591827"})
    import_rules(company, rules_file.load(COMPANY.read_text()))
    assert refuse(path, "591827", "1001") == ""
    admin.set_user(company, DOMAIN, "1001", {"pin": None})
    assert kept(company, "1001") is None


def test_the_same_pin_of_two_users_looks_different(company):
    admin.set_user(company, DOMAIN, "1001", {"pin": RIGHT})
    assert kept(company, "1001") != kept(company)


def test_what_is_shown_of_a_change(company):
    changes = admin.set_user(company, DOMAIN, OWNER, {"pin": "591827"})
    assert [change.line() for change in changes] == ["~ users.1004.pin: changed"]
    assert [change.record()["after"] for change in changes] == ["…"]


@pytest.mark.parametrize(
    "pin",
    ["12345", "1234567890123", "123456", "654321", "777777", "12a456", 471199, "scrypt$00"],
)
def test_what_is_no_pin(company, pin):
    with pytest.raises(RulesFileError, match=r"users\.1004\.pin: "):
        admin.set_user(company, DOMAIN, OWNER, {"pin": pin})
