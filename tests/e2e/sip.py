"""SIP messages as they stand on the wire, and a log of them with times.

Both kinds of endpoint, SIPp and our own, fill the same :class:`Log`; what a test asks (when did the
phone ring, what did it show, why was it cancelled) is answered here from the messages alone.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

TOLERANCE = 1.0
"""Seconds: FreeSWITCH's ring timers count whole seconds, plus up to one."""

TIMER = 0.5
"""Seconds by which a ring timer of FreeSWITCH is late in the mean: it fires from N to N+1."""

_SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}


@dataclass(frozen=True)
class Message:
    """One SIP request or response."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @classmethod
    def parse(cls, text: str) -> Message:
        head, _, body = text.partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        headers = []
        for line in lines:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            headers.append((_SHORT.get(name, name), value.strip()))
        return cls(start, tuple(headers), body)

    def get(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((value for key, value in self.headers if key == name.lower()), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    @property
    def status(self) -> int:
        """The status code; 0 for a request."""
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """The method of a request, or the one that a response answers."""
        return self.get("cseq").split(" ")[-1] if self.status else self.start.split(" ")[0]

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def display(self) -> str:
        """The display name in From, unquoted."""
        if quoted := re.match(r'"((?:[^"\\]|\\.)*)"', self.get("from")):
            return re.sub(r"\\(.)", r"\1", quoted[1])
        return self.get("from").partition("<")[0].strip()

    @property
    def from_user(self) -> str:
        found = re.search(r"sips?:([^@>;]*)@", self.get("from"))
        return found[1] if found else ""

    @property
    def uri(self) -> str:
        return self.start.split(" ")[1]


@dataclass(frozen=True)
class Record:
    at: float
    """Seconds since the epoch."""

    sent: bool
    """Whether the endpoint sent it (False: it received it)."""

    message: Message


@dataclass
class Ringing:
    """One INVITE that a phone got, and what became of it."""

    invite: Message
    at: float
    cancelled: float | None = None
    cancel: Message | None = None
    answered: float | None = None
    """When the phone sent its 200."""

    rejected: int = 0
    ended: float | None = None
    """When a BYE came or was sent."""

    @property
    def display(self) -> str:
        return self.invite.display

    @property
    def number(self) -> str:
        return self.invite.from_user

    @property
    def rang(self) -> float | None:
        """Seconds from the INVITE to its CANCEL; None when it was not cancelled."""
        return None if self.cancelled is None else self.cancelled - self.at

    @property
    def reason(self) -> str:
        """The Reason header of the CANCEL."""
        return self.cancel.get("reason") if self.cancel else ""


@dataclass
class Log:
    """Everything one endpoint sent and received, in order."""

    records: list[Record] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, sent: bool, message: Message, at: float | None = None) -> None:
        with self.changed:
            self.records.append(Record(time.time() if at is None else at, sent, message))
            self.changed.notify_all()

    def ringings(self) -> list[Ringing]:
        """The INVITEs received, oldest first; a retransmission is not another one."""
        found: dict[str, Ringing] = {}
        with self.changed:
            records = list(self.records)
        for record in records:
            message, call = record.message, found.get(record.message.call_id)
            if message.start.startswith("INVITE ") and not record.sent:
                if call is None:
                    found[message.call_id] = Ringing(message, record.at)
            elif call is None:
                continue
            elif message.start.startswith("CANCEL ") and call.cancelled is None:
                call.cancelled, call.cancel = record.at, message
            elif message.start.startswith("BYE ") and call.ended is None:
                call.ended = record.at
            elif record.sent and message.method == "INVITE" and message.status >= 200:
                if message.status < 300:
                    call.answered = call.answered or record.at
                elif message.status != 487:
                    call.rejected = message.status
        return list(found.values())


def wait_until(question: Callable[[], T], seconds: float, what: str = "") -> T:
    """Asks until the answer is true; the answer. Fails the test after ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds} s still not: {what or question}")
        time.sleep(0.02)


def digest(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The value of an Authorization header for a challenge (RFC 2617, MD5)."""
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', challenge.partition(" ")[2]))
    realm, nonce = fields["realm"], fields["nonce"]

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    inner, outer = md5(f"{user}:{realm}:{password}"), md5(f"{method}:{uri}")
    value = (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    )
    if "qop" in fields:
        response = md5(f"{inner}:{nonce}:00000001:0a4f113b:auth:{outer}")
        return f'{value}, qop=auth, nc=00000001, cnonce="0a4f113b", response="{response}"'
    return f'{value}, response="{md5(f"{inner}:{nonce}:{outer}")}"'
