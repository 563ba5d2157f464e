"""Telephone numbers: E.164 inside, whatever people write outside (features.md A5)."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_EXTENSION = re.compile(r"[0-9]{2,8}")
_SHORTEST = 7
_PATTERN = re.compile(r"(\+|\+?[0-9?]+)[0-9?*]*")


@lru_cache(maxsize=4096)
def e164(text: str, country: str) -> str | None:
    """``text`` as an E.164 number (``+49…``), or None when it is none.

    National numbers are read by the dialling rules of ``country`` (ISO 3166): 0171…, 0049171…
    and +49171… all become +49171….
    """
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or (
        phonenumbers.is_possible_number_with_reason(number)
        != phonenumbers.ValidationResult.IS_POSSIBLE
    ):
        return None
    # A zero behind the country code is part of a number in Italy and few other places. Elsewhere a
    # carrier may drop it: +49 0900… would be dialled as +49900…, past the toll policy.
    if number.italian_leading_zero and not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def dialled(text: str, country: str) -> frozenset[str]:
    """What a caller may have meant by what he dialled: it itself, and the number that it is. Some
    trunks deliver +49301234567 as 49301234567."""
    found = (e164(spelling, country) for spelling in (text, f"+{text}"))
    return frozenset((text, *filter(None, found)))


def outside(text: str, country: str) -> str | None:
    """``text`` as dialled by a user, as the E.164 number outside that he means, or None.

    Digits that are too few to leave the country's short numbers are a mistyped extension, not
    a call to somebody's number: 1099 does not become +491099.
    """
    if len(text) < _SHORTEST and not text.startswith(("+", "0")):
        return None
    return e164(text, country)


@lru_cache(maxsize=256)
def emergency(text: str, country: str) -> bool:
    """Whether ``text`` is an emergency number of ``country`` (110, 112, 911 …)."""
    return phonenumbers.is_emergency_number(text, country)


def is_extension(text: str) -> bool:
    """Whether ``text`` has the form of an extension: 2 to 8 digits."""
    return _EXTENSION.fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    """Whether ``text`` is a number pattern: digits, ``?`` for one digit, ``*`` for any rest."""
    return text == "*" or _PATTERN.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = {"*": "[0-9]*", "?": "[0-9]", "+": r"\+"}
    return re.compile("".join(parts.get(char, char) for char in pattern))


def matches(pattern: str, number: str) -> bool:
    """Whether ``number`` (E.164 or an extension) matches a pattern of :func:`is_pattern`."""
    if pattern == "*":
        return True
    return _compiled(pattern).fullmatch(number) is not None
