"""Where a call was to go before it came to us, by what its INVITE says of it.

Whoever sent it may have written anything: of each entry the number is taken, cleaned, and a cause
of three digits; whoever is not to be named is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from esl_router.esl import untrusted
from esl_router.esl.redirection import CAUSE
from esl_router.model.actions import Targeted

MAX_ENTRIES = 20
"""Of more entries than these the rest is not looked at."""

_ENTRY = re.compile(r"<\s*(?:sips?|tel):([^<>@;?]{1,80})([^<>]{0,200})>([^<>,]{0,100})", re.I)
_CAUSE = re.compile(r";\s*cause\s*=\s*(\d{3})(?!\d)", re.I)
_REASON = re.compile(r";\s*reason\s*=\s*\"?([a-z-]{1,32})", re.I)
_PRIVACY = re.compile(r"privacy\s*=\s*(?!\"?(?:off|none))", re.I)


def read(history: str, diversion: str, dialled: str) -> tuple[Targeted, ...]:
    """The places, the oldest first and ``dialled`` the last; none where nobody redirected it.

    ``history`` is History-Info (RFC 7044); where there is none, ``diversion`` says it (RFC 5806),
    whose entries stand the other way round.
    """
    by_history = tuple(_of_history(history))
    if len(by_history) > 1:
        return by_history
    found: list[Targeted] = []
    cause = ""
    for entry in reversed(_entries(diversion)):
        found.append(Targeted(_number(entry), cause))
        reason = _REASON.search(entry[3])
        cause = CAUSE.get(reason[1].lower() if reason else "", "404")
    return (*found, Targeted(dialled, cause)) if found else ()


def _of_history(history: str) -> Iterator[Targeted]:
    for entry in _entries(history):
        cause = _CAUSE.search(entry[2])
        yield Targeted(_number(entry), cause[1] if cause else "")


def _entries(header: str) -> list[re.Match[str]]:
    return [each for each, _ in zip(_ENTRY.finditer(header), range(MAX_ENTRIES), strict=False)]


def _number(entry: re.Match[str]) -> str:
    hidden = _PRIVACY.search(entry[2]) or _PRIVACY.search(entry[3])
    number = "" if hidden else untrusted.number(entry[1])
    return number if re.fullmatch(r"\+?[0-9]{2,20}", number) else ""
