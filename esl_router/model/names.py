"""Names of people and companies, as they are looked for."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_NO_MARKS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


def fold(text: str) -> str:
    """``text`` without case, accents and umlauts: ``Müßig`` becomes ``mussig``."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    return bare.translate(_NO_MARKS)


def spellings(text: str) -> tuple[str, ...]:
    """``text`` folded, and as those write it who have no umlauts: ``muller``, ``mueller``."""
    written = unicodedata.normalize("NFC", text.casefold()).translate(_TWO_LETTERS)
    return tuple(dict.fromkeys((fold(text), fold(written))))


def words(text: str) -> tuple[str, ...]:
    """The words of a text as it is written; punctuation is none."""
    return tuple(_WORD.findall(unicodedata.normalize("NFC", text)))


def search_words(name: str) -> tuple[str, ...]:
    """Every word by which a name is found, in each of its spellings."""
    found = (spelling for word in words(name) for spelling in spellings(word))
    return tuple(dict.fromkeys(found))


def is_name(text: str) -> bool:
    """Whether ``text`` says who somebody is: a number, or that he is unknown, does not."""
    return any(char.isalpha() for char in text) and fold(text).strip() not in _NOBODY


_NOBODY = frozenset(
    ("unknown", "unknown caller", "unknown name", "unavailable", "unbekannt", "anonymous")
)
