"""Names as they are looked for."""

import pytest

from esl_router.model import names


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Müßig", "mussig"),
        ("MÜLLER", "muller"),
        ("Mu\u0308ller", "muller"),
        ("Čapek", "capek"),
        ("Ødegård", "odegard"),
        ("Łódź", "lodz"),
        ("Æsop", "aesop"),
    ],
)
def test_case_and_marks_do_not_count(text, folded):
    assert names.fold(text) == folded


def test_umlauts_have_two_spellings():
    assert names.spellings("Müller") == ("muller", "mueller")
    assert names.spellings("Mu\u0308ller") == ("muller", "mueller")
    assert names.spellings("Meier") == ("meier",)


def test_a_name_is_found_by_each_of_its_words():
    words = names.search_words("Dr. Jörg Müller-Ost & Co.")
    assert words == ("dr", "jorg", "joerg", "muller", "mueller", "ost", "co")
    assert names.search_words("- / -") == ()


@pytest.mark.parametrize("text", ["", "030 765432", "+4930765432", "Unbekannt", "UNKNOWN", "-"])
def test_what_says_nobody(text):
    assert not names.is_name(text)


@pytest.mark.parametrize("text", ["Muster GmbH", "o", "4711 Köln", "Ünal", "王"])
def test_what_says_somebody(text):
    assert names.is_name(text)
