"""Contacts in a vCard file (2.1, 3.0, 4.0)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import vobject

from esl_router.contacts.entries import Entry
from esl_router.errors import RulesFileError

_BEGIN = re.compile(r"BEGIN:VCARD\s*", re.IGNORECASE)
_END = re.compile(r"END:VCARD\s*", re.IGNORECASE)
_NO_TELEPHONE = frozenset(("FAX", "PAGER", "MODEM", "BBS", "TEXT", "TEXTPHONE"))


def read(text: str) -> Iterator[Entry]:
    """The contacts in the text of a vCard file, each with the line where it begins.

    Fax numbers and pagers are left out. RulesFileError for what is no vCard.
    """
    faults = []
    for line, card in _cards(text):
        try:
            found = vobject.readOne(card, allowQP=True)
        except Exception as error:  # the parser raises whatever its parts do
            what = re.sub(r"^At line [0-9]+: ", "", str(error)) or type(error).__name__
            faults.append(f"line {line}: this vCard cannot be read: {what}")
            continue
        yield Entry(f"line {line}", _name(found), _numbers(found))
    if faults:
        raise RulesFileError(faults)


def _cards(text: str) -> Iterator[tuple[int, str]]:
    """Each card's own text, so that a broken one says nothing about the others."""
    lines: list[str] = []
    began = 0
    for number, line in enumerate(text.splitlines(), 1):
        if _BEGIN.fullmatch(line):
            if began:
                raise RulesFileError([f"line {began}: this vCard does not end"])
            lines, began = [], number
        elif not began and line.strip():
            raise RulesFileError([f"line {number}: {line[:40]!r} belongs to no vCard"])
        lines.append(line)
        if _END.fullmatch(line) and began:
            yield began, "\r\n".join(lines) + "\r\n"
            began = 0
    if began:
        raise RulesFileError([f"line {began}: this vCard does not end"])


def _name(card: Any) -> str:
    parts = card.contents
    for each in parts.get("fn", ()):
        if _text(each.value).strip():
            return _text(each.value)
    for each in parts.get("n", ()):
        full = " ".join(filter(None, (_text(each.value.given), _text(each.value.family))))
        if full.strip():
            return full
    return " ".join(_text(each.value) for each in parts.get("org", ())[:1])


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _numbers(card: Any) -> list[str]:
    found = []
    for each in card.contents.get("tel", ()):
        kinds = {word.upper() for value in each.params.get("TYPE", ()) for word in value.split(",")}
        # vCard 2.1 names types without TYPE=.
        kinds |= {str(word).upper() for word in each.singletonparams}
        if not kinds & _NO_TELEPHONE:
            found.append(str(each.value))
    return found
