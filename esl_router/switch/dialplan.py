"""Dial strings and variable lists, read as FreeSWITCH's ``bridge`` and ``multiset`` read them.

Written after FreeSWITCH's own passes, and on purpose not after the router's builder: what one
writes and the other reads has to agree. In this order: ``{}`` in front, ``|`` between groups
(before ``[]`` is looked at), ``,`` between legs (``[]`` hides its commas), ``[]`` of a leg.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "s": " ", "\\": "\\", "'": "'"}
_ESCAPED = re.compile(r"\\([nrts\\'])")


class BadDialString(ValueError):
    """FreeSWITCH would not dial this."""


@dataclass(frozen=True, slots=True)
class DialledLeg:
    """One leg of a dial string."""

    address: str
    """Endpoint and destination: ``sofia/internal/sip:1001@192.0.2.7``."""

    variables: Mapping[str, str] = field(default_factory=dict)

    def seconds(self, name: str) -> int:
        """A whole number of seconds; 0 when there is none."""
        return whole(self.variables.get(name))


@dataclass(frozen=True, slots=True)
class DialString:
    groups: tuple[tuple[DialledLeg, ...], ...]
    """Groups are tried one after the other, the legs of a group ring together."""

    variables: Mapping[str, str] = field(default_factory=dict)


def whole(text: str | None) -> int:
    """The number at the start of ``text``, as C's atoi reads it."""
    found = re.match(r"\s*(-?[0-9]+)", text or "")
    return max(0, int(found[1])) if found else 0


def parse(text: str) -> DialString:
    """Read a dial string; raises BadDialString."""
    if ":_:" in text:
        raise BadDialString("enterprise dial strings are not simulated")
    rest = text.lstrip(" ")
    shared: dict[str, str] = {}
    while rest[:1] in ("{", "<"):
        inside, rest = _bracket(rest, "{}" if rest[0] == "{" else "<>")
        shared.update(variables(inside))
        rest = rest.lstrip(" ")
    groups = []
    for part in _split(rest, "|"):
        legs = tuple(_leg(leg, shared) for leg in _split(part, ",", hidden="[]") if leg.strip())
        if legs:
            groups.append(legs)
    if not groups:
        raise BadDialString("a dial string without a leg")
    return DialString(tuple(groups), shared)


def _leg(text: str, shared: Mapping[str, str]) -> DialledLeg:
    local: dict[str, str] = dict(shared)
    rest = text.lstrip(" ")
    while rest.startswith("["):
        inside, rest = _bracket(rest, "[]")
        local.update(variables(inside))
    endpoint, separator, destination = rest.partition("/")
    if not separator or not endpoint or not destination:
        raise BadDialString(f"no endpoint in {text!r}")
    return DialledLeg(rest, local)


def variables(text: str) -> dict[str, str]:
    """``a=b,c=d``, or with another separator after ``^^``: ``^^~a=b~c=d``."""
    separator = ","
    if text.startswith("^^") and len(text) > 2:
        separator, text = text[2], text[3:]
    result: dict[str, str] = {}
    for part in _split(text, separator):
        name, found, given = part.partition("=")
        if found and name:
            result[name.strip()] = _unquote(given)
    return result


def _unquote(text: str) -> str:
    text = text.strip(" ")
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1]
    return _ESCAPED.sub(lambda match: _ESCAPES[match[1]], text)


def _bracket(text: str, pair: str) -> tuple[str, str]:
    """What stands in the bracket at the start of ``text``, and what follows. Quotes count not."""
    depth = 0
    for index, char in enumerate(text):
        if char == pair[0]:
            depth += 1
        elif char == pair[1]:
            depth -= 1
            if depth == 0:
                return text[1:index], text[index + 1 :]
    raise BadDialString(f"a {pair[0]} that is not closed")


def _split(text: str, separator: str, hidden: str = "") -> Iterator[str]:
    """The parts between ``separator``, but for those in balanced quotes or ``hidden`` brackets."""
    quoted = text.count("'") % 2 == 0
    start = depth = 0
    inside = False
    for index, char in enumerate(text):
        if char == "'" and quoted:
            inside = not inside
        elif hidden and char == hidden[0]:
            depth += 1
        elif hidden and char == hidden[1]:
            depth -= 1
        elif char == separator and not inside and depth <= 0:
            yield text[start:index]
            start = index + 1
    yield text[start:]
