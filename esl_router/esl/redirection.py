"""The headers of a leg that is not where the caller dialled: who sent the call on, and why.

Diversion (RFC 5806) names who did so last, and how often it was done. History-Info (RFC 7044) has
an entry for each place where the call was to go, the oldest first; the cause (RFC 4458) stands at
where it was sent to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from esl_router.errors import Untrusted
from esl_router.esl import untrusted
from esl_router.model.actions import Diversion, Targeted

MAX_ENTRIES: Final = 8
"""Of more History-Info entries the first is told, and the last ones."""

MAX_LENGTH: Final = 512
"""What a variable's value may have; a longer History-Info is left out."""

CAUSE: Final[Mapping[str, str]] = {
    "unconditional": "302",
    "user-busy": "486",
    "no-answer": "408",
    "deflection": "480",
    "unavailable": "503",
}
"""Reason of a Diversion -> cause (RFC 7544, section 7); 404 for all others."""

_REASON = re.compile(r"[a-z-]{1,32}")
_NOBODY = "anonymous@anonymous.invalid"


def diversion(last: Diversion, domain: str, withheld: bool) -> str:
    """The Diversion header: whose call it was, why and how often it was redirected.

    Raises :class:`~esl_router.errors.Untrusted` for what may not stand there.
    """
    if _REASON.fullmatch(last.reason) is None:
        raise Untrusted(f"not a reason: {untrusted.log(last.reason, 60)}")
    privacy = "full" if withheld else "off"
    by = _address(last.by, domain)
    return f"<sip:{by}>;reason={last.reason};privacy={privacy};counter={int(last.counter)}"


def history_info(
    last: Diversion, domain: str, target: str, before: Sequence[Targeted], withheld: bool
) -> str:
    """The History-Info header of a leg to ``target``, a number or an extension; empty where it
    would be too long.

    ``before`` is where the call was to go before it came to us. ``withheld``: who redirected it is
    to be told to nobody outside the network. Raises as :func:`diversion` does.
    """
    chain = [last]
    while (earlier := chain[0].previous) is not None:
        chain.insert(0, earlier)
    # What it came to us with ends with the number that we then redirected first.
    entries = [(f"{each.number}@{domain}", each.cause, not each.number) for each in before[:-1]]
    cause = before[-1].cause if before else ""
    for each in chain:
        entries.append((_address(each.by, domain), cause, False))
        cause = CAUSE.get(each.reason, "404")
    entries.append((_address(target, domain), cause, False))
    if len(entries) > MAX_ENTRIES:
        entries = [entries[0], *entries[1 - MAX_ENTRIES :]]
    texts = []
    for place, (address, cause, hidden) in enumerate(entries):
        uri = f"sip:{_NOBODY if hidden else address}"
        uri += f";cause={cause}" if cause else ""
        uri += "?Privacy=history" if withheld else ""
        mapped = f";mp={_index(place - 1)}" if place else ""
        texts.append(f"<{uri}>;index={_index(place)}{mapped}")
    text = ",".join(texts)
    return text if len(text) <= MAX_LENGTH else ""


def _index(place: int) -> str:
    return ".".join(["1"] * (place + 1))


def _address(who: str, domain: str) -> str:
    user, _, host = who.partition("@")
    if re.fullmatch(r"\+[0-9]{6,15}", user) is None:
        untrusted.account(user)
    return f"{user}@{untrusted.host(host or domain)}"
