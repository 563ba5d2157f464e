"""The trail of a call in a header that nobody else can read or make (O3).

A carrier may hand the header on to anybody, and anybody may send one. So it is encrypted and signed
with keys that are the store's alone, and counts for a few minutes: a leg that comes round comes
round while the first one rings.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import struct
from collections.abc import Callable
from itertools import count

from esl_router.model.numbers import is_extension
from esl_router.model.trail import Trail

LASTS = 600
"""Seconds after which a trail counts no longer."""

MAX_VISITED = 240
"""Bytes for where the call has been; what does not fit is left out, and the hops still count."""

_VERSION = 1
_NONCE, _TAG = 12, 16
_HEAD = struct.Struct(">BIB")
_BLOCK = 64
_FORM = re.compile(r"[A-Za-z0-9_-]{40,400}")
_DOMAIN = re.compile(r"[a-z0-9.-]{1,253}")


class Seal:
    """Makes trails opaque, and reads its own again. ``secret``: the same for every process of a
    store; without one nobody else's is read."""

    def __init__(
        self, secret: bytes = b"", *, nonce: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        secret = secret or secrets.token_bytes(32)
        # A key for each purpose.
        self._cipher = hmac.digest(secret, b"esl_router trail: cipher", "sha256")
        self._signature = hmac.digest(secret, b"esl_router trail: signature", "sha256")
        self._nonce = nonce

    def close(self, trail: Trail, now: float) -> str:
        """The trail as letters, digits, ``-`` and ``_``; ``now`` is in seconds since the epoch."""
        body = _HEAD.pack(_VERSION, int(now), min(trail.hops, 99)) + _packed(trail.visited)
        body = body.ljust(-(-len(body) // _BLOCK) * _BLOCK, b"\0")
        nonce = self._nonce(_NONCE)
        sealed = nonce + self._mix(body, nonce)
        sealed += hmac.digest(self._signature, sealed, "sha256")[:_TAG]
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, text: str, now: float) -> Trail:
        """The trail in a header of a call that comes in. Raises ValueError with the reason why it
        does not count, which never quotes it."""
        if _FORM.fullmatch(text) is None:
            raise ValueError("it has not the form of ours")
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raise ValueError("it has not the form of ours") from None
        sealed, tag = sealed[:-_TAG], sealed[-_TAG:]
        right = hmac.digest(self._signature, sealed, "sha256")[:_TAG]
        if len(sealed) < _NONCE + _BLOCK or not hmac.compare_digest(tag, right):
            raise ValueError("it was not made here")
        body = self._mix(sealed[_NONCE:], sealed[:_NONCE])
        version, made, hops = _HEAD.unpack_from(body)
        if version != _VERSION:
            raise ValueError("it is of another version")
        if not -LASTS < now - made < LASTS:
            raise ValueError("it is too old")
        return Trail(_unpacked(body[_HEAD.size :]), hops)

    def _mix(self, data: bytes, nonce: bytes) -> bytes:
        """Encrypts and decrypts: HMAC-SHA256 in counter mode as the stream."""
        stream = b""
        for number in count():
            if len(stream) >= len(data):
                break
            stream += hmac.digest(self._cipher, nonce + number.to_bytes(4, "big"), "sha256")
        return bytes(a ^ b for a, b in zip(data, stream, strict=False))


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
