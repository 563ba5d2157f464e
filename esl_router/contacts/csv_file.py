"""Contacts in a CSV file, as German and English programs export them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from esl_router.contacts.entries import Entry
from esl_router.errors import RulesFileError
from esl_router.model import names

_NAME = frozenset(
    (
        "name",
        "fullname",
        "displayname",
        "vollstandigername",
        "vollername",
        "anzeigename",
        "angezeigtername",
        "kontakt",
        "kontaktname",
        "contact",
        "contactname",
    )
)
_FIRST = frozenset(("vorname", "firstname", "givenname"))
_LAST = frozenset(("nachname", "lastname", "familienname", "familyname", "surname"))
_COMPANY = frozenset(
    (
        "firma",
        "firmenname",
        "unternehmen",
        "company",
        "companyname",
        "organisation",
        "organisationname",
        "organization",
        "organizationname",
    )
)
_NUMBER = re.compile(r"tel|phone|fon|mobil|handy|cell|nummer|number|privat$|geschaftlich$")
_OTHER = re.compile(
    r"fax|pager|type|label|typ$|kunden|customer|account|konto|id$|mail|haus|house|steuer|tax"
)
_DELIMITERS = ";,\t|"
_SEVERAL = re.compile(r"\s*(?::::|;|\n)\s*")


def read(text: str) -> Iterator[Entry]:
    """The contacts in a CSV text whose first line names its columns.

    Columns are told by their headers, in German or English, whatever their case: one for the name
    (or first and last name, else the company), any number for telephone numbers. RulesFileError
    when there is none of either.
    """
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    line = 0
    try:
        for cells in lines:
            begins, line = line + 1, lines.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [_bare(cell) for cell in cells]
                _look_at(header, cells)
                continue
            if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                raise RulesFileError([f"line {begins}: more cells than columns"])
            yield _entry(f"line {begins}", header, cells)
    except csv.Error as error:
        raise RulesFileError([f"line {lines.line_num}: {error}"]) from None
    if header is None:
        raise RulesFileError(["line 1: is empty: it must name the columns"])


def _bare(header: str) -> str:
    return re.sub(r"[^a-z0-9]", "", names.fold(header))


def _look_at(header: Sequence[str], written: Sequence[str]) -> None:
    named = ", ".join(cell.strip() for cell in written if cell.strip())
    if not any(_is_number(column) for column in header):
        raise RulesFileError([f"line 1: no column for numbers (Telefon, Phone) among {named}"])
    if not {*header} & (_NAME | _FIRST | _LAST | _COMPANY):
        raise RulesFileError([f"line 1: no column for the name (Name, Nachname) among {named}"])


def _is_number(column: str) -> bool:
    return _NUMBER.search(column) is not None and _OTHER.search(column) is None


def _entry(where: str, header: Sequence[str], cells: Sequence[str]) -> Entry:
    def first(columns: frozenset[str]) -> str:
        found = (
            cell.strip() for column, cell in zip(header, cells, strict=False) if column in columns
        )
        return next(filter(None, found), "")

    person = " ".join(filter(None, (first(_FIRST), first(_LAST))))
    numbers = [
        number
        for column, cell in zip(header, cells, strict=False)
        if _is_number(column)
        for number in _SEVERAL.split(cell)
    ]
    return Entry(where, first(_NAME) or person or first(_COMPANY), numbers)
