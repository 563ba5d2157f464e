"""FreeSWITCH's directory as XML."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from esl_router.cli.directory import directory_text
from esl_router.errors import Untrusted
from esl_router.model.people import User
from esl_router.store.database import open_store
from esl_router.store.directory import Account, directory_xml
from esl_router.store.rules_file import load
from esl_router.store.rules_import import import_rules

ROOT = Path(__file__).parents[2]

ANNA = User("pbx.test", "1001", "Anna Adler", ("+493012345101",))
BERND = User("pbx.test", "1002", 'Bernd "B" <Böhm>\r\n${x}', voicemail=False)
ACCOUNTS = (
    Account("1001-desk", "secret", "1001"),
    Account("1001-soft", "secret", "1001"),
    Account("lobby", "secret"),
)


def entry(xml: str, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """The params and the variables of one user."""
    user = ET.fromstring(xml).find(f"domain[@name='pbx.test']/users/user[@id='{name}']")
    assert user is not None

    def read(item: str) -> dict[str, str]:
        return {one.get("name", ""): one.get("value", "") for one in user.iter(item)}

    return read("param"), read("variable")


def test_an_account_has_its_password_and_shows_its_user():
    params, variables = entry(directory_xml("pbx.test", [ANNA], ACCOUNTS), "1001-desk")
    assert params["password"] == "secret"
    assert "sip-forbid-register" not in params
    assert variables == {
        "user_context": "internal",
        "effective_caller_id_number": "1001",
        "effective_caller_id_name": "Anna Adler",
        "eslr_extension": "1001",
        "outbound_caller_id_number": "+493012345101",
    }


@pytest.mark.parametrize("number", ["1001", "+493012345101"])
def test_a_number_rings_every_phone_of_the_user_and_lets_nobody_in(number):
    params, variables = entry(directory_xml("pbx.test", [ANNA], ACCOUNTS), number)
    assert params["dial-string"] == (
        "${sofia_contact(*/1001-desk@pbx.test)},${sofia_contact(*/1001-soft@pbx.test)}"
    )
    assert params["sip-forbid-register"] == "true"
    assert params["allow-empty-password"] == "false"
    assert "password" not in params
    assert variables == {"eslr_mailbox": "1001"}


def test_a_user_without_phones_and_voicemail_is_reached_by_nothing():
    params, variables = entry(directory_xml("pbx.test", [BERND], []), "1002")
    assert params["dial-string"] == "error/USER_NOT_REGISTERED"
    assert params["vm-enabled"] == "false"
    assert variables == {}


def test_a_phone_of_nobody_shows_its_own_name():
    _, variables = entry(directory_xml("pbx.test", [ANNA], ACCOUNTS), "lobby")
    assert variables["effective_caller_id_number"] == "lobby"
    assert "eslr_extension" not in variables


def test_an_account_named_like_its_extension_keeps_its_password_and_rings_everything():
    accounts = [*ACCOUNTS, Account("1001", "other", "1001")]
    params, variables = entry(directory_xml("pbx.test", [ANNA], accounts), "1001")
    assert params["password"] == "other"
    assert "sip-forbid-register" not in params
    assert params["dial-string"].count("sofia_contact") == 3
    assert variables["eslr_mailbox"] == "1001"


def test_a_shown_name_has_nothing_in_it_that_a_sip_header_would_read():
    accounts = [Account("1002-desk", "secret", "1002")]
    _, variables = entry(directory_xml("pbx.test", [BERND], accounts), "1002-desk")
    assert variables["effective_caller_id_name"] == "Bernd B Böhm x"


def test_any_password_survives_xml_and_the_preprocessor():
    password = "a<b&\"c'>$${domain}ü"
    xml = directory_xml("pbx.test", [ANNA], [Account("1001-desk", password, "1001")])
    assert "$${" not in xml
    assert entry(xml, "1001-desk")[0]["password"] == password


@pytest.mark.parametrize("name", ["a)b", "a b", "", "${x}", "a@b", "a,b"])
def test_a_name_that_could_leave_its_dial_string_is_refused(name):
    with pytest.raises(Untrusted):
        directory_xml("pbx.test", [ANNA], [Account(name, "secret", "1001")])
    with pytest.raises(Untrusted):
        directory_xml(name, [ANNA], ACCOUNTS)


def test_an_account_without_a_password_is_refused():
    with pytest.raises(Untrusted, match="1001-desk"):
        directory_xml("pbx.test", [ANNA], [Account("1001-desk", "", "1001")])


def test_the_order_of_what_is_given_does_not_matter():
    forwards = directory_xml("pbx.test", [ANNA, BERND], ACCOUNTS)
    assert forwards == directory_xml("pbx.test", [BERND, ANNA], ACCOUNTS[::-1])


def test_the_shipped_directory_is_that_of_the_sample_rules(tmp_path):
    db = open_store(tmp_path / "router.db", create=True)
    import_rules(db, load((ROOT / "fixtures/rules/company.yaml").read_bytes()))
    text, _ = directory_text(db, None)
    db.close()
    assert (ROOT / "freeswitch-conf/directory/default.xml").read_text() == text
