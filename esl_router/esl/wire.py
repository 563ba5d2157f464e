"""The event socket protocol as FreeSWITCH speaks it: bytes in, frames out, no socket, no clock.

A frame is a block of ``Name: value`` lines, closed by an empty line, and as many bytes of body as
its ``Content-Length`` says. FreeSWITCH percent-encodes values, but leaves a ``%0A`` that the caller
himself wrote as it is. Whoever decodes a block before he splits it lets every SIP caller write
header lines of his own. Here the lines are split first, each value is decoded after that, once,
and only when somebody asks for it: of a snapshot's 250 headers a call reads about fifteen.
Names are never decoded, and of two lines with one name the first counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, TypeVar, overload
from urllib.parse import unquote_to_bytes

from esl_router.errors import LimitExceeded, ProtocolError

MAX_HEADER: Final = 1 << 20
"""The longest header block read, in bytes."""

MAX_BODY: Final = 1 << 20
"""The longest body read from a call's socket, in bytes."""

MAX_LINK_BODY: Final = 64 << 20
"""The longest body read from an event link: ``show channels as json`` of a busy switch."""

T = TypeVar("T")

_UNDEFINED = b"_undef_"
_ARRAY = "ARRAY::"


def _decode(raw: bytes) -> str:
    if raw == _UNDEFINED:
        return ""
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    return raw.decode("utf-8", "replace")


# A call asks some ninety times for a header, and always for the same few dozen.
@lru_cache(maxsize=256)
def _before(name: str) -> bytes:
    """What stands before the value of the header ``name``."""
    if "\n" in name or ": " in name:
        return b"\n\n\n"  # no header is called that, and this stands in no block
    return b"\n%b: " % name.encode()


def split_array(value: str) -> tuple[str, ...]:
    """The elements of a decoded value: of ``ARRAY::a|:b`` two, of any other one, of "" none."""
    if value.startswith(_ARRAY):
        return tuple(value[len(_ARRAY) :].split("|:"))
    return (value,) if value else ()


class Frame(Mapping[str, str]):
    """One message: its headers, decoded when they are looked up, and its body.

    Lookups are by exact name. FreeSWITCH writes an empty value as ``_undef_``: it reads as "".
    Bytes that are no UTF-8 come out as U+FFFD; :meth:`raw` has them as they were sent.
    """

    __slots__ = ("_block", "body")

    def __init__(self, block: bytes, body: bytes = b"") -> None:
        # With a line feed at both ends each header stands between two, the first and last too.
        self._block = b"\n%b\n" % block
        self.body: bytes = body

    def _find(self, name: str) -> bytes | None:
        block, before = self._block, _before(name)
        start = block.find(before)
        if start < 0:
            return None
        start += len(before)
        return block[start : block.index(b"\n", start)]

    def __getitem__(self, name: str) -> str:
        raw = self._find(name)
        if raw is None:
            raise KeyError(name)
        return _decode(raw)

    @overload
    def get(self, key: str, /) -> str | None: ...
    @overload
    def get(self, key: str, /, default: str | T) -> str | T: ...
    def get(self, key: str, /, default: object = None) -> object:
        # As `_find` and `_decode` do it, in one go: a call asks some eighty times.
        block, before = self._block, _before(key)
        start = block.find(before)
        if start < 0:
            return default
        start += len(before)
        raw = block[start : block.index(b"\n", start)]
        if b"%" in raw or raw == _UNDEFINED:
            return _decode(raw)
        return raw.decode("utf-8", "replace")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        names: dict[str, None] = {}
        for line in self._block.split(b"\n"):
            name, separator, _ = line.partition(b": ")
            if separator and name:
                names[name.decode("utf-8", "replace")] = None
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        what = self.get("Event-Name") or self.content_type or "frame"
        return f"<Frame {what[:40]!r}, {len(self._block)} bytes, body {len(self.body)}>"

    def spelled(self, name: str) -> str:
        """The value of the first header of this name in any spelling; "" when there is none.

        FreeSWITCH names a variable after a caller's header as he has spelled it.
        """
        before = _before(name)
        start = self._block.lower().find(before.lower())
        if start < 0:
            return ""
        start += len(before)
        return _decode(self._block[start : self._block.index(b"\n", start)])

    def raw(self, name: str) -> bytes:
        """The value exactly as it was sent; raises KeyError."""
        raw = self._find(name)
        if raw is None:
            raise KeyError(name)
        return raw

    def array(self, name: str) -> tuple[str, ...]:
        """The value's elements (:func:`split_array`); none when there is no such header."""
        return split_array(self.get(name, ""))

    @property
    def headers(self) -> Frame:
        """The frame itself: greenswitch's events carry their headers in a mapping of this name."""
        return self

    @property
    def data(self) -> str:
        """The body as text, or without one the reply's text: greenswitch's name for both."""
        return self.body.decode("utf-8", "replace") if self.body else self.reply_text

    @property
    def content_type(self) -> str:
        return self.get("Content-Type", "")

    @property
    def reply_text(self) -> str:
        """``+OK …`` or ``-ERR …``, without the line feed that ``connect`` adds."""
        return self.get("Reply-Text", "").strip()

    def event(self) -> Frame:
        """The event in the body of a ``text/event-plain`` frame, with a body of its own.

        Raises ProtocolError where the body is no event.
        """
        block, separator, body = self.body.partition(b"\n\n")
        if not separator:
            raise ProtocolError("an event without the empty line that ends its headers")
        inner = Frame(block)
        if not body:
            return inner
        length = _content_length(inner)
        if length > len(body):
            raise ProtocolError(f"an event's body has {len(body)} of {length} bytes")
        inner.body = body[:length]
        return inner


class End:
    """The other side closed the connection between two frames."""

    __slots__ = ()


END: Final = End()


def _content_length(frame: Frame) -> int:
    raw = frame._find("Content-Length")
    if raw is None:
        return 0
    if not raw.isdigit() or len(raw) > 18:
        raise ProtocolError(f"not a Content-Length: {raw[:40]!r}")
    return int(raw)


class Reader:
    """Turns received bytes into frames.

    Once it has raised, it raises the same again: after a broken frame nothing can be read.
    """

    __slots__ = ("_buffer", "_ended", "_fault", "_max_body", "_max_header", "_open", "_scanned")

    def __init__(self, max_header: int = MAX_HEADER, max_body: int = MAX_BODY) -> None:
        self._max_header = max_header
        self._max_body = max_body
        self._buffer = bytearray()
        self._scanned = 0
        self._open: tuple[Frame, int] | None = None
        self._ended = False
        self._fault: ProtocolError | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes as they came from the socket."""
        self._buffer += data

    def eof(self) -> None:
        """The other side has closed; the frames already received can still be read."""
        self._ended = True

    def next_frame(self) -> Frame | End | None:
        """The next whole frame; None: more bytes are needed; :data:`END`: there will be none.

        Raises LimitExceeded for a header block or body over its bound, and ProtocolError for a
        body length that is no number and for an end in mid-frame.
        """
        if self._fault is not None:
            raise self._fault
        if not self._buffer and self._open is None:
            return END if self._ended else None
        try:
            return self._next()
        except ProtocolError as fault:
            self._fault = fault
            self._buffer.clear()
            raise

    def _next(self) -> Frame | End | None:
        if self._open is None:
            self._open = self._read_block()
        if self._open is not None:
            frame, length = self._open
            if len(self._buffer) >= length:
                if length:
                    frame.body = bytes(memoryview(self._buffer)[:length])
                    del self._buffer[:length]
                self._open = None
                return frame
        if not self._ended:
            return None
        if self._open is not None or self._buffer:
            raise ProtocolError("the connection ended in the middle of a frame")
        return END

    def _read_block(self) -> tuple[Frame, int] | None:
        buffer = self._buffer
        if buffer[:1] == b"\n":
            del buffer[: len(buffer) - len(buffer.lstrip(b"\n"))]
            self._scanned = 0
        end = buffer.find(b"\n\n", self._scanned)
        if max(end, 0) > self._max_header or (end < 0 and len(buffer) > self._max_header):
            raise LimitExceeded(f"a header block of more than {self._max_header} bytes")
        if end < 0:
            self._scanned = max(0, len(buffer) - 1)
            return None
        frame = Frame(bytes(memoryview(buffer)[:end]))
        del buffer[: end + 2]
        self._scanned = 0
        length = _content_length(frame)
        if length > self._max_body:
            raise LimitExceeded(f"a body of {length} bytes, more than {self._max_body}")
        return frame, length
