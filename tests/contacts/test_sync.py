"""When directories are copied."""

from __future__ import annotations

import pytest

from esl_router.contacts import ldap, sync
from esl_router.contacts.entries import Entry
from esl_router.errors import SourceError
from esl_router.store import contacts, rules_file
from esl_router.store.database import open_store
from esl_router.store.rules_import import import_rules

DOMAIN = "pbx.test"
RULES = """
domain: pbx.test
settings: {ldap: {url: "ldap://directory.example", base: "dc=example"}}
"""


class Directory:
    def __init__(self):
        self.asked = []
        self.problem = ""

    def read(self, settings):
        self.asked.append(settings["url"])
        if self.problem:
            raise SourceError(self.problem)
        return [Entry("cn=x", "Muster GmbH", ["+4930765432"])]


@pytest.fixture
def directory(monkeypatch):
    made = Directory()
    monkeypatch.setattr(ldap, "read", made.read)
    return made


@pytest.fixture
def db(tmp_path):
    store = open_store(tmp_path / "rules.db", create=True)
    yield store
    store.close()


def names(db):
    return [each.name for each in contacts.contacts(db, DOMAIN)]


def test_without_a_directory_nothing_is_asked(db, directory):
    import_rules(db, rules_file.load("domain: pbx.test"))
    sync.Sync(db).round(1000.0)
    assert directory.asked == []


def test_it_is_copied_at_once_and_again_when_it_is_due(db, directory):
    copying = sync.Sync(db, every=60)
    copying.round(999.0)
    import_rules(db, rules_file.load(RULES))
    for now in (1000.0, 1030.0, 1059.9):
        copying.round(now)
    assert (names(db), len(directory.asked)) == (["Muster GmbH"], 1)
    copying.round(1060.0)
    assert len(directory.asked) == 2


def test_other_settings_count_at_once(db, directory):
    copying = sync.Sync(db, every=60)
    import_rules(db, rules_file.load(RULES))
    copying.round(1000.0)
    import_rules(db, rules_file.load(RULES.replace("directory.", "other.")))
    copying.round(1001.0)
    assert directory.asked == ["ldap://directory.example", "ldap://other.example"]


def test_one_that_is_dead_is_warned_of_once_and_what_is_known_stays(db, directory, caplog):
    copying = sync.Sync(db, every=60)
    import_rules(db, rules_file.load(RULES))
    copying.round(1000.0)
    directory.problem = "nobody is at home"
    copying.round(1060.0)
    copying.round(1120.0)
    assert names(db) == ["Muster GmbH"]
    directory.problem = ""
    copying.round(1180.0)
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(said) == 2
    assert said[0].startswith("the contacts of pbx.test: nobody is at home; the 1 contacts copied")
    assert said[1] == "the contacts of pbx.test are copied again"
