"""Contacts in vCard files of every version."""

import pytest

from esl_router.contacts import vcard
from esl_router.contacts.entries import Entry
from esl_router.errors import RulesFileError


def card(*lines, version="3.0"):
    return "\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def read(text):
    return list(vcard.read(text))


def test_the_name_and_every_telephone_number():
    text = card("FN:Jörg Müller", "N:Müller;Jörg;;;", "TEL;TYPE=work:030 7", "TEL;TYPE=CELL:0171 1")
    assert read(text) == [Entry("line 1", "Jörg Müller", ["030 7", "0171 1"])]


def test_a_fax_number_is_no_telephone_number():
    text = card("FN:A", "TEL;TYPE=WORK,FAX:1", "TEL;TYPE=work;TYPE=fax:2", "TEL;TYPE=home:3")
    assert read(text)[0].numbers == ["3"]
    assert read(card("N:A", "TEL;WORK;FAX:1", "TEL;CELL:2", version="2.1"))[0].numbers == ["2"]


def test_a_number_may_be_a_uri():
    assert read(card("FN:A", "TEL;VALUE=uri;TYPE=home:tel:+49-30-7", version="4.0"))[0].numbers == [
        "tel:+49-30-7"
    ]


def test_an_old_phones_umlauts():
    text = card(
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg",
        "TEL;CELL:0171 1",
        version="2.1",
    )
    assert read(text)[0].name == "Jörg Müller"


def test_without_a_name_it_is_the_company():
    assert read(card("FN:", "ORG:Muster GmbH;Einkauf", "TEL:1"))[0].name == "Muster GmbH Einkauf"


def test_each_card_says_where_it_begins():
    text = card("FN:A", "TEL:1") + "\n" + card("FN:B", "TEL:2")
    assert [entry.where for entry in read(text)] == ["line 1", "line 7"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("BEGIN:VCARD\nFN:A\n", "line 1: this vCard does not end"),
        ("BEGIN:VCARD\nBEGIN:VCARD\nEND:VCARD\n", "line 1: this vCard does not end"),
        (card("FN:A") + "TEL:1\n", "line 5: 'TEL:1' belongs to no vCard"),
        (card("FN:A", "nonsense"), "line 1: this vCard cannot be read"),
    ],
)
def test_what_is_no_vcard(text, what):
    with pytest.raises(RulesFileError) as refused:
        read(text)
    assert what in str(refused.value)
