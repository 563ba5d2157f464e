"""What a file or a directory says of contacts, before it is checked and after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from esl_router.store.rules import values


@dataclass(frozen=True, slots=True)
class Entry:
    """One contact as it is written."""

    where: str
    """``line 12``, or the name of a directory's entry."""

    name: str
    numbers: Sequence[str]


@dataclass(slots=True)
class Checked:
    """Contacts in their normal form."""

    contacts: list[tuple[str, list[str]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What is wrong, a sentence each that begins with where it stands."""

    without_number: int = 0
    """Entries that name somebody and no number: nothing is wrong with them."""


def check(entries: Iterable[Entry], country: str) -> Checked:
    """Names and E.164 numbers; national ones are read by the dialling rules of ``country``.

    Of an entry with a fault nothing is taken over.
    """
    found = Checked()
    for entry in entries:
        written = [text for text in map(str.strip, entry.numbers) if text]
        if not written:
            found.without_number += 1
            continue
        problems: list[str] = []
        numbers: list[str] = []
        name = ""
        if entry.name.strip():
            try:
                name = values.text(" ".join(entry.name.split()), country)
            except ValueError as error:
                problems.append(f"{entry.where}: the name {error}")
        else:
            problems.append(f"{entry.where}: {', '.join(written)} has no name")
        for text in written:
            try:
                number = values.number(text.removeprefix("tel:"), country)
                numbers += [number] if number not in numbers else []
            except ValueError as error:
                problems.append(f"{entry.where}: {error}")
        found.problems += problems
        if not problems:
            found.contacts.append((name, numbers))
    return found


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, UTF-16 with its mark, or what Windows writes in Western Europe."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
