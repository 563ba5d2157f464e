"""The trail of a call in a header that nobody else can read or make (O3).

A carrier may hand the header on to anybody, and anybody may send one. So it is a Fernet token,
encrypted and signed with a key that is the store's alone, and counts for a few minutes: a leg that
comes round comes round while the first one rings.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets

from cryptography.fernet import Fernet, InvalidToken

from esl_router.model.numbers import is_extension
from esl_router.model.trail import Trail

LASTS = 600
"""Seconds after which a trail counts no longer."""

MAX_VISITED = 240
"""Bytes for where the call has been; what does not fit is left out, and the hops still count."""

_BLOCK = 64
"""Bytes: how often it was somewhere is not to be counted by the header's length."""

_FORM = re.compile(r"[A-Za-z0-9_-]{40,480}")
_DOMAIN = re.compile(r"[a-z0-9.-]{1,253}")


class Seal:
    """Makes trails opaque, and reads its own again. ``secret``: the same for every process of a
    store; without one nobody else's is read."""

    def __init__(self, secret: bytes = b"") -> None:
        # Fernet wants 32 bytes, however many the secret has.
        key = hmac.digest(secret or secrets.token_bytes(32), b"esl_router trail", "sha256")
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def close(self, trail: Trail, now: float) -> str:
        """The trail as letters, digits, ``-`` and ``_``; ``now`` is in seconds since the epoch."""
        body = bytes([min(trail.hops, 99)]) + _packed(trail.visited)
        body = body.ljust(-(-len(body) // _BLOCK) * _BLOCK, b"\0")
        return self._fernet.encrypt_at_time(body, int(now)).decode().rstrip("=")

    def open(self, text: str, now: float) -> Trail:
        """The trail in a header of a call that comes in. Raises ValueError with the reason why it
        does not count, which never quotes it."""
        if _FORM.fullmatch(text) is None:
            raise ValueError("it has not the form of ours")
        token = text + "=" * (-len(text) % 4)
        try:
            made = self._fernet.extract_timestamp(token)
            body = self._fernet.decrypt(token)
        except InvalidToken:
            raise ValueError("it was not made here") from None
        if not -LASTS < now - made < LASTS:
            raise ValueError("it is too old")
        return Trail(_unpacked(body[1:]), body[0])


def _packed(visited: tuple[str, ...]) -> bytes:
    packed = b""
    for each in visited:
        longer = packed + b"," * bool(packed) + each.encode("ascii", "ignore")
        if len(longer) <= MAX_VISITED:
            packed = longer
    return packed


def _unpacked(body: bytes) -> tuple[str, ...]:
    found = body.rstrip(b"\0").decode("ascii", "replace").split(",")
    parts = [each.partition("@") for each in found]
    return tuple(
        f"{extension}@{domain}"
        for extension, _, domain in parts
        if is_extension(extension) and _DOMAIN.fullmatch(domain)
    )
