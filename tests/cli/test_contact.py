"""``contact``: looked at, changed, searched, imported; and a directory that is gone."""

from __future__ import annotations

import pytest

from esl_router.cli import checks
from esl_router.cli.checks import Level
from esl_router.store import contacts
from esl_router.store.database import open_store

CSV = "Name;Telefon;Mobil\nMüller GmbH;030 7000001;0171 7000001\nVogel;030 7000002;\n"


@pytest.fixture
def filled(run, tmp_path):
    path = tmp_path / "book.csv"
    path.write_text(CSV)
    run.ok("contact", "import", path)
    return run


def test_an_import_says_what_it_did(run, tmp_path):
    path = tmp_path / "book.csv"
    path.write_bytes(CSV.encode("cp1252"))
    dry = run.ok("contact", "import", path, "--dry-run")
    assert "pbx.test: 2 new, 0 changed, 0 as they were; nothing was written (--dry-run)." in dry
    assert run.json("contact", "list") == []
    assert "+ contacts.Müller GmbH" in run.ok("contact", "import", path)
    again = run.json("contact", "import", path)
    assert (again["added"], again["unchanged"], again["changes"]) == (0, 2, [])
    assert again["written"] is True


def test_a_bad_line_is_named_and_nothing_is_imported(run, tmp_path):
    path = tmp_path / "book.csv"
    path.write_text(CSV + "Falsch;12;\nOhne;;\n")
    said = run.fails("contact", "import", path)
    assert said.startswith("esl-router: line 4: '12' is no telephone number")
    done = run.ok("contact", "import", path, "--skip-bad")
    assert "Left out: line 4: '12' is no telephone number" in done
    assert "2 new, 0 changed, 0 as they were, 1 without a number; written." in done


def test_a_vcard_file(run):
    text = "BEGIN:VCARD\nVERSION:3.0\nFN:Jörg Müller\nTEL:0307000009\nEND:VCARD\n"
    run.ok("contact", "import", "-", text=text)
    assert run.json("contact", "show", "jorg muller") == {
        "name": "Jörg Müller",
        "numbers": ["+49307000009"],
        "source": "rules",
    }


def test_search(filled):
    assert [each["name"] for each in filled.json("contact", "search", "mu")] == ["Müller GmbH"]
    assert "+49307000001, +491717000001" in filled.ok("contact", "search", "mül", "g")
    assert [each["name"] for each in filled.json("contact", "search", "030", "7")] == [
        "Müller GmbH",
        "Vogel",
    ]
    assert filled.ok("contact", "search", "xyz") == "Nobody is called so.\n"


def test_add_set_remove(filled):
    filled.ok("contact", "add", "Neu", "0307654321")
    filled.ok("contact", "set", "neu", "--name", "Neuer", "--number", "0307654322")
    assert filled.ok("contact", "show", "0307654322").splitlines()[1].split() == [
        "Neuer",
        "+49307654322",
    ]
    filled.ok("contact", "remove", "Neuer")
    assert "there is no contact 'Neuer'" in filled.fails("contact", "remove", "Neuer")
    assert "say what to set" in filled.fails("contact", "set", "Vogel", code=2)
    assert "cannot be done --as a user" in filled.fails(
        "--as", "1001", "contact", "add", "X", "0307654321", code=2
    )


def directory(run, **more):
    text = run.exported() + "\n"
    ldap = {"url": "ldap://127.0.0.1:1", "base": "dc=example", **more}
    inner = ", ".join(f'{key}: "{value}"' for key, value in ldap.items())
    text = text.replace("settings:\n", f"settings:\n  ldap: {{{inner}}}\n", 1)
    run.ok("import", "-", text=text)


def test_without_a_directory_there_is_nothing_to_copy(run):
    assert "pbx.test has no directory: settings.ldap" in run.fails("contact", "sync")


def test_a_directory_that_is_gone_says_what_stays(run):
    directory(run)
    assert "nothing has been copied from it yet" in run.fails("contact", "sync")
    db = open_store(run.store)
    contacts.replace_source(db, "pbx.test", "ldap", [("Vogt", ["+49309"])], 1000.0)
    db.close()
    said = run.fails("contact", "sync")
    assert "the directory ldap://127.0.0.1:1: " in said
    assert "; the 1 contacts copied at 1970-01-01" in said
    assert [each["source"] for each in run.json("contact", "list")] == ["ldap"]


def test_a_password_file_that_is_not_there(run, tmp_path):
    directory(run, bind_dn="cn=x", password_file=tmp_path / "none")
    assert "password_file" in run.fails("contact", "sync")
    (tmp_path / "none").write_text("\n")
    assert "is empty" in run.fails("contact", "sync")


def test_the_doctor_looks_at_directories(run):
    assert list(checks.contacts(run.store)) == []
    directory(run, bind_dn="cn=x", password_file="/nowhere", url="ldap://ldap.invalid:1")
    found = list(checks.contacts(run.store))
    assert [check.level for check in found] == [Level.WARN] * 3
    assert "password_file /nowhere" in found[0].text
    assert found[1].text == "pbx.test: its directory was never copied"
    assert "crosses the network in clear" in found[2].text
    db = open_store(run.store)
    contacts.replace_source(db, "pbx.test", "ldap", [], 1000.0)
    db.close()
    assert "days ago" in list(checks.contacts(run.store))[1].text
