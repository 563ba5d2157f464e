"""YAML as the rules file uses it: plain data, read so that nobody is surprised.

The text is read from the parser's events, without PyYAML's constructors: a key that stands twice
is an error (PyYAML would silently take the last), so are anchors, aliases and tags, and a plain
word is text unless it is plainly something else. ``08:00``, ``NO``, ``+49301234`` and ``0123``
stay what a person reads, without quotes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import yaml

from esl_router.errors import RulesFileError

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 20

_TEXT_TAG = "tag:yaml.org,2002:str"
_LINE = 90

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_PLAIN = {"": None, "~": None, "null": None, "true": True, "false": False}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str | bytes) -> Any:
    """The data in ``text``; RulesFileError with line and column when it is not plain YAML."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise RulesFileError([f"byte {error.start}: the file is not UTF-8"]) from None
    if len(text) > MAX_BYTES:
        raise RulesFileError([f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB"])
    reading = _Reading(yaml.parse(text, Loader=_LOADER))
    try:
        data = reading.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "broken"
        raise RulesFileError([f"{_place(mark)}: broken YAML: {what}"]) from None
    except yaml.YAMLError as error:
        first_line = str(error).splitlines()[0]
        raise RulesFileError([f"broken YAML: {first_line}"]) from None
    if reading.problems:
        raise RulesFileError(reading.problems)
    return data


class _Reading:
    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self.problems: list[str] = []

    def document(self) -> Any:
        data = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.problems.append(f"{_place(event.start_mark)}: a second document begins")
                    break
                data = self._value(next(self._events), "", 0)
        return data

    def _value(self, event: yaml.Event, path: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            where = _place(event.start_mark)
            raise RulesFileError([f"{where}: nested more than {MAX_DEPTH} levels deep"])
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise RulesFileError(
                [
                    f"{_place(event.start_mark)}: anchors and aliases (& and *) are not read: "
                    "write it out, or put a text with * in quotes"
                ]
            )
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", _TEXT_TAG):
            raise RulesFileError([f"{_place(event.start_mark)}: tags ({tag}) are not read"])
        if isinstance(event, yaml.ScalarEvent):
            return event.value if event.style or tag else _plain(event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path, depth)
        return self._mapping(path, depth)

    def _list(self, path: str, depth: int) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._value(event, f"{path}[{len(found)}]", depth + 1))
        return found

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            where = _place(event.start_mark)
            if not isinstance(event, yaml.ScalarEvent):
                # Also catches an alias or an anchor on a collection used as a key.
                raise RulesFileError([f"{where}: a key must be a word or a number"])
            self._value(event, path, depth)
            key = event.value
            inner = f"{path}.{key}" if path else key
            value = self._value(next(self._events), inner, depth + 1)
            if key in found:
                self.problems.append(f"{inner}: stands twice, the second time in {where}")
            found[key] = value
        return found


def _plain(word: str) -> Any:
    if word in _PLAIN:
        return _PLAIN[word]
    return int(word) if _INTEGER.fullmatch(word) else word


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark is not None else "somewhere"


def write(data: Any) -> str:
    """``data`` as YAML, in its own order; :func:`read` gives the same data back.

    Short things stand on one line, ``{delay: 10, ring: 25}``; what is named by the two outer
    levels (sections, and the users, teams … in them) has lines of its own.
    """
    node = _Dumper(io.StringIO(), sort_keys=False).represent_data(data)
    _lay_out(node, 0)
    return str(yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=2 * _LINE))


class _Dumper(yaml.SafeDumper):
    """Text that another reader could take for something else stands in double quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    plain = dumper.resolve(yaml.ScalarNode, value, (True, False)) == _TEXT_TAG
    quoted = not plain or value[:1] == "+" or ":" in value or value.isdigit()
    return dumper.represent_scalar(_TEXT_TAG, value, style='"' if quoted else None)


_Dumper.add_representer(str, _text)


def _lay_out(node: Any, depth: int, listed: bool = False) -> int | None:
    """Choose flow or block style; returns the length of what fits on one line, else None."""
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 4
    if isinstance(node, yaml.SequenceNode):
        lengths = [_lay_out(item, depth + 1, listed=True) for item in node.value]
        leaves = all(isinstance(item, yaml.ScalarNode) for item in node.value)
    else:
        lengths = [
            None if (length := _lay_out(value, depth + 1)) is None else length + len(key.value) + 2
            for key, value in node.value
        ]
        leaves = depth > 2 or listed
    total = sum(length or 0 for length in lengths)
    node.flow_style = leaves and None not in lengths and total <= _LINE
    return total if node.flow_style else None
