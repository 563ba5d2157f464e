"""The bytes of FreeSWITCH's side of an event socket: headers, replies, events, and commands read.

The other direction of :mod:`esl_router.esl.wire`, written from captures of FreeSWITCH 1.10.12 and
with its habits: names are not encoded, a ``%0A`` that stands in a value already is left as it is,
an empty value is ``_undef_``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_UNSAFE = re.compile(rb"(%[0-9A-Fa-f]{2})|([\x00-\x1f\x7f-\xff \r\n#%&+:;<=>?@\[\\\]^`{|}\"])")

GOODBYE = b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"


def _escape(match: re.Match[bytes]) -> bytes:
    kept, char = match.groups()
    return kept or b"%%%02X" % ord(char)


def value(text: str) -> bytes:
    """A header's value as FreeSWITCH writes it."""
    return _UNSAFE.sub(_escape, text.encode("utf-8", "surrogateescape")) if text else b"_undef_"


def array(elements: Sequence[str]) -> str:
    """A list variable's value: FreeSWITCH keeps one element as it is only when it was set so."""
    return "ARRAY::" + "|:".join(elements)


def block(headers: Iterable[tuple[str, str]]) -> bytes:
    """Header lines, encoded, without the empty line that ends them."""
    return b"".join(b"%b: %b\n" % (name.encode(), value(text)) for name, text in headers)


def reply(text: str) -> bytes:
    """The reply to a command; its text is not encoded."""
    return b"Content-Type: command/reply\nReply-Text: %b\n\n" % text.encode()


def snapshot(headers: Iterable[tuple[str, str]], *, mode: str, control: str) -> bytes:
    """The reply to ``connect``: the channel's headers, and what kind of socket this is."""
    tail = (
        ("Content-Type", "command/reply"),
        ("Reply-Text", "+OK\n"),
        ("Socket-Mode", mode),
        ("Control", control),
    )
    return block(headers) + block(tail) + b"\n"


def goodbye(uuid: str | None = None) -> bytes:
    """What is sent last on a socket that FreeSWITCH closes."""
    head = b"Content-Type: text/disconnect-notice\n"
    if uuid is not None:
        head += b"Controlled-Session-UUID: %b\nContent-Disposition: disconnect\n" % uuid.encode()
    return head + b"Content-Length: %d\n\n%b" % (len(GOODBYE), GOODBYE)


def api_response(output: str) -> bytes:
    body = output.encode()
    return b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(body), body)


def event(headers: Iterable[tuple[str, str]]) -> bytes:
    """An event in the plain format."""
    body = block(headers) + b"\n"
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(body), body)


class Order:
    """One command as it was received: its first line, its headers, its body."""

    __slots__ = ("body", "headers", "line")

    def __init__(self, line: str, headers: Mapping[str, str], body: str) -> None:
        self.line = line
        self.headers = headers
        """Names in lower case: FreeSWITCH does not mind their case in a command."""

        self.body = body

    @property
    def verb(self) -> str:
        return self.line.split(" ", 1)[0].lower()


class OrderReader:
    """Turns received bytes into commands."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next_order(self) -> Order | None:
        """The next whole command; None: more bytes are needed."""
        while self._buffer[:1] in (b"\n", b"\r"):
            del self._buffer[:1]
        end = self._buffer.find(b"\n\n")
        if end < 0:
            return None
        first, *lines = bytes(self._buffer[:end]).decode("utf-8", "replace").split("\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, text = line.partition(":")
            headers.setdefault(name.strip().lower(), text.strip())
        length = headers.get("content-length", "0")
        size = int(length) if length.isdigit() else 0
        if len(self._buffer) < end + 2 + size:
            return None
        body = bytes(self._buffer[end + 2 : end + 2 + size]).decode("utf-8", "replace")
        del self._buffer[: end + 2 + size]
        return Order(first.strip(), headers, body)
