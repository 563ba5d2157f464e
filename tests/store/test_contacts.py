"""Contacts: changed one at a time, imported, found while typing; and copies of directories."""

import pytest

from esl_router.errors import NotFound, NotPermitted, RulesFileError
from esl_router.model.actor import Actor
from esl_router.store import contacts, inventory, rules_file
from esl_router.store.admin import add_user, set_user
from esl_router.store.database import write
from esl_router.store.executive_admin import (
    add_criterion,
    add_executive,
    executive,
    set_criterion,
    set_executive,
)
from esl_router.store.reader import Store
from esl_router.store.rules_import import export_rules, import_rules
from esl_router.store.undo import undo

DOMAIN = "pbx.test"

PEOPLE = [
    ("Müller GmbH", ["+49307000001"]),
    ("Jörg Müller-Ost", ["+49307000002", "+491717000002"]),
    ("Mueller & Co.", ["+41447000003"]),
    ("Anna Mustermann", ["+49307000004"]),
    ("Čapek", ["+420255000005"]),
]


@pytest.fixture
def filled(db):
    import_rules(db, rules_file.load(f"domain: {DOMAIN}\n"))
    contacts.merge(db, DOMAIN, PEOPLE)
    return db


def found(db, text, **more):
    return [each.name for each in contacts.search(db, DOMAIN, text, **more)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mu", ["Mueller & Co.", "Müller GmbH", "Anna Mustermann", "Jörg Müller-Ost"]),
        ("mül", ["Müller GmbH", "Mueller & Co.", "Jörg Müller-Ost"]),
        ("MUEL", ["Mueller & Co.", "Müller GmbH", "Jörg Müller-Ost"]),
        ("muell jo", ["Jörg Müller-Ost"]),
        ("jo ost", ["Jörg Müller-Ost"]),
        ("cap", ["Čapek"]),
        ("ller", []),
        ("mu xyz", []),
        ("", []),
        ("& %", []),
        ("m' OR 1=1 --", []),
    ],
)
def test_search_finds_the_beginnings_of_words(filled, text, names):
    assert sorted(found(filled, text)) == sorted(names)


def test_whose_name_begins_like_that_comes_first(filled):
    assert found(filled, "mu")[2:] == ["Anna Mustermann", "Jörg Müller-Ost"]
    assert len(found(filled, "mu", limit=2)) == 2


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("0307", {"Müller GmbH", "Jörg Müller-Ost", "Anna Mustermann"}),
        ("030 7000 004", {"Anna Mustermann"}),
        ("+49 (171)", {"Jörg Müller-Ost"}),
        ("0041", {"Mueller & Co."}),
        ("4144", {"Mueller & Co."}),
        ("307000001", {"Müller GmbH"}),
        ("7000", set()),
    ],
)
def test_search_finds_the_beginnings_of_numbers(filled, text, names):
    assert set(found(filled, text)) == names


def test_another_domains_contacts_are_not_found(filled):
    import_rules(filled, rules_file.load("domain: other.test\n"))
    contacts.merge(filled, "other.test", [("Muster", ["+49305550000"])])
    assert "Muster" not in found(filled, "must")
    assert found(filled, "030555") == []


def test_one_contact_is_named_by_name_or_number(filled):
    assert contacts.find(filled, DOMAIN, "müller gmbh").name == "Müller GmbH"
    assert contacts.find(filled, DOMAIN, "030 7000004").name == "Anna Mustermann"
    with pytest.raises(NotFound, match="there is no contact 'Mustermann', did you mean 'Anna M"):
        contacts.find(filled, DOMAIN, "Mustermann")


def test_several_of_one_name_are_listed(filled):
    contacts.replace_source(filled, DOMAIN, "ldap", [("Čapek", ["+49301"])], 5.0)
    with pytest.raises(NotFound, match=r"not one contact but 2.*\+420255000005.*\+49301"):
        contacts.find(filled, DOMAIN, "Čapek")


def test_add_set_and_remove(filled):
    (change,) = contacts.add_contact(filled, DOMAIN, "Neu", ["0307 99"])
    assert change.line() == '+ contacts.Neu: {"name": "Neu", "numbers": ["+4930799"]}'
    with pytest.raises(RulesFileError, match="of this name already"):
        contacts.add_contact(filled, DOMAIN, "Neu", ["+49301234"])
    changes = contacts.set_contact(filled, DOMAIN, "neu", name="Neuer", numbers=["+49301111"])
    assert [change.path for change in changes] == ["contacts.Neu.name", "contacts.Neu.numbers"]
    assert found(filled, "neuer") == ["Neuer"]
    assert found(filled, "030799") == []
    assert contacts.set_contact(filled, DOMAIN, "Neuer", name="Neuer") == ()
    contacts.remove_contact(filled, DOMAIN, "+49301111")
    assert found(filled, "neu") == []


@pytest.fixture
def named(filled):
    """Anna has a criterion for a contact."""
    add_user(filled, DOMAIN, "1001", {"name": "Anna"})
    settings = {"filter": "custom", "criteria": [{"name": "it", "callers": {"contact": "Čapek"}}]}
    add_executive(filled, DOMAIN, "1001", {})
    set_executive(filled, DOMAIN, "1001", settings)
    return filled


def contact_of_criterion(db):
    return executive(db, DOMAIN, "1001")["criteria"][0]["callers"]["contact"]


def test_a_criterion_goes_along_when_its_contact_gets_another_name(named):
    changes = contacts.set_contact(named, DOMAIN, "Čapek", name="Capek s.r.o.")
    assert [change.path for change in changes] == [
        "contacts.Čapek.name",
        "executives.1001.criteria[0].callers.contact",
    ]
    assert contact_of_criterion(named) == "Capek s.r.o."
    undo(named, DOMAIN)
    assert contact_of_criterion(named) == "Čapek"
    # Where a directory has one of the old name, that is who is meant.
    contacts.replace_source(named, DOMAIN, "ldap", [("Čapek", ["+49309"])], 1000.0)
    contacts.set_contact(named, DOMAIN, "+420255000005", name="Other")
    assert contact_of_criterion(named) == "Čapek"


def test_a_contact_that_a_criterion_names_stays(named):
    with pytest.raises(RulesFileError, match=r"criteria\[0\].callers.contact still names Čapek"):
        contacts.remove_contact(named, DOMAIN, "Čapek")
    assert found(named, "cap") == ["Čapek"]
    contacts.replace_source(named, DOMAIN, "ldap", [("Čapek", ["+49309"])], 1000.0)
    contacts.remove_contact(named, DOMAIN, "+420255000005")
    assert [each.source for each in contacts.named(named, DOMAIN, "Čapek")] == ["ldap"]


def test_a_criterion_names_no_contact_that_nobody_knows(named):
    with pytest.raises(RulesFileError, match="no contact 'Müller', did you mean 'Müller GmbH'"):
        add_criterion(named, DOMAIN, "1001", "new", {"callers.contact": "Müller"})
    with pytest.raises(RulesFileError, match=r"criteria\[0\].callers.contact: there is no contact"):
        set_criterion(named, DOMAIN, "1001", "it", {"callers.contact": "Nobody"})
    contacts.replace_source(named, DOMAIN, "ldap", [("Vogt", ["+49309"])], 1000.0)
    set_criterion(named, DOMAIN, "1001", "it", {"callers.contact": "Vogt"})
    # A directory's contact that is gone keeps nobody from changing the rest.
    contacts.replace_source(named, DOMAIN, "ldap", [], 2000.0)
    set_criterion(named, DOMAIN, "1001", "it", {"active": False})
    assert contact_of_criterion(named) == "Vogt"
    assert inventory.names(named, DOMAIN).contacts == frozenset()
    set_criterion(named, DOMAIN, "1001", "it", {"callers.contact": "Čapek"})
    assert inventory.names(named, DOMAIN).contacts == {"Čapek"}


def test_a_wrong_number_changes_nothing(filled):
    before = export_rules(filled, DOMAIN)
    with pytest.raises(RulesFileError, match=r"contacts\.Neu\.numbers\[1\]: '12' is no telephone"):
        contacts.add_contact(filled, DOMAIN, "Neu", ["+49301234567", "12"])
    assert export_rules(filled, DOMAIN) == before


def test_an_import_adds_and_replaces_numbers(filled):
    merged = contacts.merge(
        filled,
        DOMAIN,
        [("Neu", ["+49301"]), PEOPLE[0], ("Čapek", ["+49302"]), ("Neu", ["+49303", "+49301"])],
    )
    assert (merged.added, merged.changed, merged.unchanged) == (1, 1, 1)
    assert contacts.find(filled, DOMAIN, "Neu").numbers == ("+49301", "+49303")
    assert contacts.find(filled, DOMAIN, "Čapek").numbers == ("+49302",)
    assert len(contacts.contacts(filled, DOMAIN)) == len(PEOPLE) + 1


def test_a_dry_run_changes_nothing(filled):
    before = export_rules(filled, DOMAIN)
    assert contacts.merge(filled, DOMAIN, [("Neu", ["+49301"])], dry_run=True).added == 1
    assert export_rules(filled, DOMAIN) == before


def test_an_export_imported_again_changes_nothing(filled):
    text = export_rules(filled, DOMAIN)
    assert not import_rules(filled, rules_file.load(text))
    assert rules_file.load(text)["contacts"][0] == {
        "name": "Müller GmbH",
        "numbers": ["+49307000001"],
    }


def test_a_changed_rules_file_replaces_the_contacts_and_what_finds_them(filled):
    text = f"domain: {DOMAIN}\ncontacts: [{{name: Zabel, numbers: ['+4930765432']}}]\n"
    import_rules(filled, rules_file.load(text))
    assert (found(filled, "mu"), found(filled, "zab")) == ([], ["Zabel"])


# -- a directory's ----------------------------------------------------------------------------
def test_what_a_directory_said_stays_beside_the_rules(filled):
    contacts.replace_source(filled, DOMAIN, "ldap", [("Vogt", ["+49309"])], 1000.0)
    text = export_rules(filled, DOMAIN)
    assert "Vogt" not in text
    import_rules(filled, rules_file.load(f"domain: {DOMAIN}\n"))
    assert [each.record() for each in contacts.contacts(filled, DOMAIN)] == [
        {"name": "Vogt", "numbers": ["+49309"], "source": "ldap"}
    ]
    assert found(filled, "vo") == ["Vogt"]
    contacts.replace_source(filled, DOMAIN, "ldap", [("Weber", ["+49308"])], 2000.0)
    assert (found(filled, "vo"), found(filled, "we")) == ([], ["Weber"])


def test_a_directorys_contact_is_changed_there(filled):
    contacts.replace_source(filled, DOMAIN, "ldap", [("Vogt", ["+49309"])], 1000.0)
    with pytest.raises(RulesFileError, match="comes from a directory"):
        contacts.remove_contact(filled, DOMAIN, "Vogt")


def test_a_directory_that_fails_leaves_what_it_said_before(filled):
    assert contacts.copy_of(filled, DOMAIN, "ldap") == contacts.Copy(0, None, None, "")
    contacts.remember_failure(filled, DOMAIN, "ldap", "away", 500.0)
    assert contacts.copy_of(filled, DOMAIN, "ldap") == contacts.Copy(0, None, 500.0, "away")
    contacts.replace_source(filled, DOMAIN, "ldap", [("Vogt", ["+49309"])], 1000.0)
    contacts.remember_failure(filled, DOMAIN, "ldap", "away", 2000.0)
    assert contacts.copy_of(filled, DOMAIN, "ldap") == contacts.Copy(1, 1000.0, 2000.0, "away")
    contacts.replace_source(filled, DOMAIN, "ldap", [], 3000.0)
    assert contacts.copy_of(filled, DOMAIN, "ldap") == contacts.Copy(0, 3000.0, 3000.0, "")


def test_a_copy_is_no_change_of_the_rules(filled):
    (before,) = filled.conn.execute("SELECT count(*) FROM history").fetchone()
    contacts.replace_source(filled, DOMAIN, "ldap", [("Vogt", ["+49309"])], 1000.0)
    assert filled.conn.execute("SELECT count(*) FROM history").fetchone() == (before,)


# -- what a decision reads --------------------------------------------------------------------
def test_a_decision_asks_whose_a_number_is(filled, path):
    contacts.replace_source(
        filled, DOMAIN, "ldap", [("A", ["+49307000001"]), ("B", ["+49309"])], 1.0
    )
    store = Store(path)
    with store.read() as rules:
        assert rules.contact_name(DOMAIN, "+49307000001") == "Müller GmbH", "its own come first"
        assert rules.contact_name(DOMAIN, "+491717000002") == "Jörg Müller-Ost"
        assert rules.contact_name(DOMAIN, "+49309") == "B"
        assert rules.contact_name(DOMAIN, "+49301") == ""
        assert rules.contact_name("other.test", "+49309") == ""
    store.close()


def test_a_number_is_found_through_an_index(filled):
    from esl_router.store.reader import _CONTACT_NAME

    plan = filled.conn.execute(f"EXPLAIN QUERY PLAN {_CONTACT_NAME}", (DOMAIN, "+49309"))
    assert not [row for row in plan if row[3].startswith("SCAN")]


# -- click to call ----------------------------------------------------------------------------
def test_a_user_chooses_which_phone_click_to_call_rings(company):
    anna = Actor.user("1001")
    set_user(company, DOMAIN, "1001", {"controlled_device": None, "auto_answer": True}, by=anna)
    with pytest.raises(NotPermitted, match="may not change the click to call of 1002"):
        set_user(company, DOMAIN, "1002", {"auto_answer": True}, by=anna)


def test_the_controlled_device_is_a_phone_of_his(company):
    with pytest.raises(RulesFileError, match="no SIP device of his '1001-mobile'"):
        set_user(company, DOMAIN, "1001", {"controlled_device": "1001-mobile"})
    with pytest.raises(RulesFileError, match="no SIP device of his '1002-desk'"):
        set_user(company, DOMAIN, "1001", {"controlled_device": "1002-desk"})


def test_the_directory_is_a_setting(db):
    text = f"""
domain: {DOMAIN}
settings:
  ldap: {{url: "ldaps://ldap.example.org", base: "dc=example", numbers: [mobile]}}
"""
    import_rules(db, rules_file.load(text))
    assert "ldaps://ldap.example.org" in export_rules(db, DOMAIN)
    assert not import_rules(db, rules_file.load(export_rules(db, DOMAIN)))
    with write(db):
        db.conn.execute("UPDATE domains SET ldap = NULL")
    assert "ldap" not in export_rules(db, DOMAIN)


@pytest.mark.parametrize(
    ("ldap", "what"),
    [
        ("{base: dc=x}", "settings.ldap.url: is missing"),
        ("{url: 'http://x', base: dc=x}", "is no LDAP server"),
        ("{url: 'ldap://x', base: dc=x, filter: cn=x}", "is no LDAP filter"),
        ("{url: 'ldap://x', base: dc=x, name: 'c n'}", "is no LDAP attribute"),
        ("{url: 'ldap://x', base: dc=x, bind_dn: cn=x}", "belong together"),
    ],
)
def test_a_wrong_directory(ldap, what):
    with pytest.raises(RulesFileError, match=what):
        rules_file.load(f"domain: {DOMAIN}\nsettings: {{ldap: {ldap}}}\n")
