"""Contacts in a file of either kind."""

from __future__ import annotations

from collections.abc import Iterator

from esl_router.contacts import csv_file
from esl_router.contacts.entries import Entry, decode


def read(data: bytes) -> Iterator[Entry]:
    """The contacts in a vCard or CSV file, told apart by how it begins.

    Raises RulesFileError with what is wrong, each with its line.
    """
    text = decode(data)
    if text.lstrip()[:11].upper() == "BEGIN:VCARD":
        from esl_router.contacts import vcard

        return vcard.read(text)
    return csv_file.read(text)
