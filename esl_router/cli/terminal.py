"""How things are printed: tables in colour for a terminal, plain text for everything else, JSON.

Nothing that a caller or a file wrote is interpreted: no markup, no control character.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from esl_router.cli.options import common, printable

PLAIN_WIDTH = 100
"""Columns of what is printed to a file or a pipe."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line in one style (rich's names: ``bold``, ``dim``, ``green``)."""

    text: str
    style: str = ""


Line = Sequence[Span]


def show(value: Any, text: Callable[[], None]) -> None:
    """Print ``value`` as JSON where that is asked for; else have ``text`` print it."""
    if common().json:
        print_json(value)
    else:
        text()


def print_json(value: Any, indent: int | None = 2) -> None:
    """One JSON document. Umlauts stay readable, what a terminal would obey is escaped."""
    document = json.dumps(value, ensure_ascii=False, indent=indent)
    print_text(
        "".join(
            char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1]
            for char in document
        )
    )


def print_text(text: str) -> None:
    """Text of our own making, with a newline."""
    click.echo(text.encode(_encoding(), "backslashreplace").decode(_encoding()))


def say(text: str) -> None:
    """A line that says what was done; left out where JSON is asked for."""
    if not common().json:
        print_text(printable(text))


def is_terminal() -> bool:
    """Whether somebody looks at the output."""
    return sys.stdout.isatty()


def width() -> int:
    """Columns to print in."""
    return shutil.get_terminal_size().columns if is_terminal() else PLAIN_WIDTH


def speaks_unicode() -> bool:
    """Whether block characters and dashes can be printed."""
    if is_terminal() and os.environ.get("TERM") == "dumb":
        return False
    try:
        "█·─┬–".encode(_encoding())
    except UnicodeEncodeError:
        return False
    return True


def _encoding() -> str:
    return sys.stdout.encoding or "ascii"


def print_lines(lines: Iterable[Line]) -> None:
    """Styled lines: in colour in a terminal, as they are elsewhere."""
    if not is_terminal():
        for line in lines:
            print_text(printable("".join(span.text for span in line)).rstrip())
        return
    from rich.text import Text

    console = _console()
    for line in lines:
        text = Text(no_wrap=True, overflow="ignore")
        for span in line:
            text.append(printable(span.text), style=span.style)
        console.print(text, soft_wrap=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """A table; ``empty`` is what is said when it has no rows. None and "" leave a cell empty."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        print_text(empty)
    elif is_terminal():
        _print_rich(columns, cells)
    else:
        every = [list(columns), *cells]
        widths = [max(len(row[index]) for row in every) for index in range(len(columns))]
        for row in every:
            line = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))
            print_text(line.rstrip())


def _print_rich(columns: Sequence[str], cells: list[list[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    _console().print(table)


def _console() -> Any:
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(each) for each in value)
    return printable(str(value))
