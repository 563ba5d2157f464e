"""Contacts in CSV, as German and English programs write it."""

import pytest

from esl_router.contacts import csv_file, files
from esl_router.contacts.entries import Entry, check, decode
from esl_router.errors import RulesFileError


def read(text):
    return list(csv_file.read(text))


def test_german_columns_with_semicolons():
    text = (
        "Vorname;Nachname;Firma;Telefon geschäftlich;Mobiltelefon;Fax geschäftlich;Hausnummer\n"
        "Jörg;Müller;Ost AG;030 7654321;0171/1234567;030 7654322;7\n"
        ";;Muster GmbH;+49 30 555;;;\n"
    )
    assert read(text) == [
        Entry("line 2", "Jörg Müller", ["030 7654321", "0171/1234567"]),
        Entry("line 3", "Muster GmbH", ["+49 30 555", ""]),
    ]


def test_english_columns_with_commas():
    text = (
        "Full Name,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,Fax Number\n"
        '"Miller, John",j@example.org,Work,+1 212 555 0100 ::: +1 212 555 0101,+1 212\n'
    )
    assert read(text) == [Entry("line 2", "Miller, John", ["+1 212 555 0100", "+1 212 555 0101"])]


def test_lines_are_counted_as_an_editor_counts_them():
    text = '\nName,Nummer\n\n"A\nB",1\nC,2\n'
    assert [entry.where for entry in read(text)] == ["line 4", "line 6"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "line 1: is empty"),
        ("Name;Ort\nA;B\n", "line 1: no column for numbers (Telefon, Phone) among Name, Ort"),
        ("Ort;Telefon\nA;1\n", "line 1: no column for the name (Name, Nachname) among Ort"),
        ("Name,Telefon\nA,1,2\n", "line 2: more cells than columns"),
        ('Name,Telefon\n"A,1\n', "line 2: unexpected end of data"),
    ],
)
def test_what_is_no_table_of_contacts(text, what):
    with pytest.raises(RulesFileError) as refused:
        read(text)
    assert what in str(refused.value)


def test_the_text_of_other_encodings():
    text = "Name;Telefon\nMüller;1\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        assert decode(text.encode(encoding)) == text


def test_numbers_are_read_by_the_country():
    found = check([Entry("line 2", " Jörg  Müller ", ["030 765432", "tel:+4930765432", ""])], "DE")
    assert found.contacts == [("Jörg Müller", ["+4930765432"])]
    assert found.problems == []


def test_every_fault_is_named_with_its_line():
    found = check(
        [
            Entry("line 2", "A", ["+4930765432", "12"]),
            Entry("line 3", "", ["+4930765432"]),
            Entry("line 4", "B", ["", " "]),
            Entry("line 5", "x" * 81, ["+4930765432"]),
            Entry("line 6", "C", ["+4930765433"]),
        ],
        "DE",
    )
    assert [problem.partition(":")[0] for problem in found.problems] == [
        "line 2",
        "line 3",
        "line 5",
    ]
    assert "'12' is no telephone number" in found.problems[0]
    assert "+4930765432 has no name" in found.problems[1]
    assert (found.contacts, found.without_number) == ([("C", ["+4930765433"])], 1)


def test_the_kind_of_file_is_told_by_how_it_begins():
    assert list(files.read(b"\xef\xbb\xbfName,Tel\nA,1\n")) == [Entry("line 2", "A", ["1"])]
    card = b"begin:vcard\nVERSION:3.0\nFN:A\nTEL:1\nend:vcard\n"
    assert list(files.read(card)) == [Entry("line 1", "A", ["1"])]
