"""What each kind of text may contain where it is going.

Nothing a caller can write is believed: display names, numbers, headers, URIs, registered contacts.
There is one function a destination. Functions for people's eyes clean; functions for the switch
return the text unchanged or raise :class:`~esl_router.errors.Untrusted`. Nothing is
percent-decoded here: that happened once, on the wire.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

from esl_router.errors import Untrusted

MAX_NAME = 80
MAX_NUMBER = 40
MAX_LOG = 200

# Control characters, line and paragraph separators, and what no font shows.
_SPACE_FOR = frozenset({"Cc", "Zl", "Zp", "Zs"})
_DROPPED = frozenset({"Cf", "Cs", "Co", "Cn"})

_LOOK_ALIKE = str.maketrans({"\\": "", ":": "\u2236", "/": "\u2215", "@": "\uff20", '"': "\u201d"})
_PLAIN = frozenset(".&+-")
_SEPARATORS = str.maketrans("", "", " -.()/\u00a0")
_NUMBER = re.compile(rf"\+?[0-9*#]{{1,{MAX_NUMBER}}}")
_OUTSIDE = re.compile(r"\+[1-9][0-9]{5,14}|[0-9]{2,6}")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# ~ separates the values of a leg, so it stands in none of them.
_DIAL_VALUE = re.compile(r"[A-Za-z0-9_.:;=+@<>/%(),*#!?&-]{1,512}")
_CONTACT = re.compile(
    r"sofia/(?!gateway/)[A-Za-z0-9._-]{1,64}/sips?:"
    r"(?:[A-Za-z0-9_.!~*()&=+;%-]{1,128}@)?"
    r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})"
    r"(?::[0-9]{1,5})?"
    r"(?:;[A-Za-z0-9_.!~*()&=+:%-]*){0,16}"
)
_MAX_CONTACT = 1024
# What RFC 3261 has in a Call-ID, which the phone that sends it chooses.
_CALL_ID = re.compile(r"[A-Za-z0-9.!%*_+`'~()<>:\\\"/\[\]?{}@-]{1,200}")

# Words that change how FreeSWITCH reads a whole dial string, wherever in it they stand.
_DIAL_WORDS = (":_:", "origination_nested_vars", "array::")


def _refuse(what: str, text: str) -> NoReturn:
    raise Untrusted(f"not {what}: {log(text, 60)}")


def _check(pattern: re.Pattern[str], what: str, text: str) -> str:
    if pattern.fullmatch(text) is None:
        _refuse(what, text)
    return text


def changes_parsing(text: str) -> bool:
    """Whether a word in ``text`` would change how the switch reads a dial string as a whole."""
    lower = text.lower()
    return any(map(lower.__contains__, _DIAL_WORDS))


def display_name(text: str) -> str:
    """A name fit to be shown: one line, no invisible characters, at most 80 characters."""
    shown: list[str] = []
    for char in text[: 4 * MAX_NAME]:
        category = unicodedata.category(char)
        if category in _SPACE_FOR:
            shown.append(" ")
        elif category not in _DROPPED:
            shown.append(char)
    return " ".join("".join(shown).split())[:MAX_NAME].rstrip()


def caller_name(text: str) -> str:
    """A caller's name that FreeSWITCH shows as it is written.

    It takes a name for part of a URI: what stands before a ``:`` or ``/`` and after an ``@`` would
    be cut off, and so would what stands before a ``"``. Letters that look like them are not. A
    backslash, which would quote what follows it, is left out. ``${`` is disarmed as FreeSWITCH does
    it with what comes from outside.
    """
    return display_name(text).translate(_LOOK_ALIKE).replace("${", "%{")


def plain_name(text: str) -> str:
    """A name as a word of an API command: letters of any script, digits, blanks and ``. & + -``.

    Everything else becomes a blank; at most 60 characters are left, perhaps none.
    """
    kept = (
        char if char in _PLAIN or unicodedata.category(char)[0] in "LMN" else " "
        for char in text[: 4 * MAX_NAME]
    )
    return " ".join("".join(kept).split())[:60].rstrip()


def number(text: str) -> str:
    """A dialled or calling number: digits, ``*``, ``#``, a leading ``+``; "" when it is none.

    The marks people write between digits (``+49 (30) 123-45``) are dropped.
    """
    digits = text.translate(_SEPARATORS) if len(text) <= 4 * MAX_NUMBER else ""
    return digits if _NUMBER.fullmatch(digits) else ""


def log(text: str, limit: int = MAX_LOG) -> str:
    """One printable line of at most ``limit`` characters (and an ellipsis) for a log or a trace."""
    shown: list[str] = []
    for char in text[:limit]:
        if char == "\\":
            shown.append("\\\\")
        elif char.isprintable():
            shown.append(char)
        else:
            shown.append(char.encode("unicode_escape").decode("ascii"))
    line = "".join(shown)
    return line if len(line) <= limit and len(text) <= limit else line[:limit] + "…"


def account(text: str) -> str:
    """A SIP account's name: letters, digits and ``. _ + -``; raises Untrusted."""
    return _check(_ACCOUNT, "an account", text)


def host(text: str) -> str:
    """A domain name or IPv4 address; raises Untrusted."""
    return _check(_HOST, "a domain", text)


def uuid(text: str) -> str:
    """A channel's uuid in its usual form; raises Untrusted."""
    return _check(_UUID, "a uuid", text)


def call_id(text: str) -> str:
    """A SIP Call-ID; raises Untrusted."""
    return _check(_CALL_ID, "a Call-ID", text)


def outside_number(text: str) -> str:
    """A number that may leave through the trunk: E.164 with ``+``, or the two to six digits of an
    emergency number; raises Untrusted."""
    return _check(_OUTSIDE, "an outside number", text)


def dial_value(text: str) -> str:
    """A variable's value between the ``[]`` of a dial string; raises Untrusted.

    No character that ends, splits, quotes, escapes or expands anything there. A comma is allowed
    because such a block is separated by ``~`` (:mod:`esl_router.esl.dialstring`).
    """
    _check(_DIAL_VALUE, "a dial string value", text)
    if changes_parsing(text):
        _refuse("a dial string value", text)
    return text


def contact_url(text: str) -> str | None:
    """A registered contact's dial URL, or None when it could break out of a dial string.

    The form is ``sofia/PROFILE/sip:USER@HOST:PORT;param=value…``. The registering phone writes
    everything after the profile. Square brackets stand around an IPv6 host alone.
    """
    if len(text) > _MAX_CONTACT or _CONTACT.fullmatch(text) is None or changes_parsing(text):
        return None
    return text
