"""Many telephones on one socket, each a line with an account of its own.

A module with a hundred users would need a hundred processes otherwise. A line does what its
behaviour says, and what a test tells it: pick up that call and leave the other one ringing, put a
conversation on hold, hang up.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import secrets
import time
from dataclasses import dataclass
from urllib.parse import quote

from tests.e2e.endpoint import HOST, Answering, Behaviour, Caller, Placed, _body
from tests.e2e.sip import Message, Ringing, wait_until
from tests.e2e.sipp import EVENT_LAG
from tests.e2e.switch import FreeSwitch


class Lines(Answering):
    """The socket; :meth:`register` makes a line."""

    def __init__(self, switch: FreeSwitch) -> None:
        self._switch = switch
        self._cseq = itertools.count(1)
        self._accounts: list[str] = []
        super().__init__(0)

    def register(self, account: str, **behaviour: object) -> Line:
        """A line that the switch has registered, and that everybody has heard of."""
        self.by_number[account] = Behaviour(**behaviour)  # type: ignore[arg-type]
        self._register(account, 3600)
        self._accounts.append(account)
        wait_until(lambda: self._switch.registered(account, self.port), 5, f"{account} registered")
        time.sleep(EVENT_LAG)
        return Line(self, account)

    def _register(self, account: str, expires: int) -> None:
        caller = Caller(self._switch.internal, account)
        try:
            contact = f"sip:{account}@{HOST}:{self.port}"
            assert caller.register(contact, expires=expires) == 200
        finally:
            caller.close()

    def sign_off(self, account: str) -> None:
        """That line is not registered any more; its calls go on."""
        self._register(account, 0)

    def close(self) -> None:
        for account in self._accounts:
            with contextlib.suppress(AssertionError):
                self.sign_off(account)
        super().close()

    def answer(self, ringing: Ringing, *, more: str = "") -> None:
        """Pick that call up; ``more`` are further headers of the answer."""
        self._open.discard(ringing.invite.call_id)
        self.reply(ringing.invite, self._source, "200 OK", sdp=self.sdp(), more=more)

    def hold(self, ringing: Ringing) -> None:
        """Put that conversation on hold, as the hold key does; returns when the switch agrees."""
        sdp = self.sdp().replace("o=- 1 1 ", "o=- 1 2 ") + "a=sendonly\r\n"
        self._within(ringing.invite, f"{next(self._cseq)} INVITE", sdp)
        call_id = ringing.invite.call_id

        def agreed() -> bool:
            return any(
                record.message.call_id == call_id
                and record.message.status == 200
                and record.message.method == "INVITE"
                and not record.sent
                for record in list(self.log.records)
            )

        wait_until(agreed, 5, "the switch agrees to the hold")

    def hang_up(self, ringing: Ringing) -> None:
        self._within(ringing.invite, f"{next(self._cseq)} BYE")

    def transfer(
        self,
        ringing: Ringing,
        number: str,
        *,
        replacing: Placed | None = None,
        by: str = f"sip:{HOST}",
    ) -> None:
        """Sends whom it talks to on to ``number``, as the transfer key does; or, ``replacing``,
        connects him with whom a call of its own has reached. ``by`` is who it says it is."""
        target = f"sip:{number}@pbx.test"
        if replacing is not None:
            assert replacing.final is not None
            tag = re.search(r";tag=([^;>\s]+)", replacing.final.get("to"))
            assert tag is not None
            mine = f"f{replacing.call_id[:8]}"
            dialog = f"{replacing.call_id};to-tag={tag[1]};from-tag={mine}"
            target += f"?Replaces={quote(dialog, safe='')}"
        more = f"Refer-To: <{target}>\r\nReferred-By: <{by}>\r\n"
        self._within(ringing.invite, f"{next(self._cseq)} REFER", more=more)

    def received(self, message: Message, source: tuple[str, int]) -> None:
        if message.status >= 200 and message.method == "INVITE":
            self._acknowledge(message)
        super().received(message, source)

    @property
    def _source(self) -> tuple[str, int]:
        return (HOST, self._switch.internal)

    def _within(self, invite: Message, cseq: str, sdp: str = "", more: str = "") -> None:
        """A request of the called side within the call's dialog."""
        contact = re.search(r"<([^>]*)>", invite.get("contact"))
        self.send(
            f"{cseq.split(' ')[1]} {contact[1] if contact else invite.uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bK{secrets.token_hex(8)}\r\n"
            f"From: {invite.get('to')};tag=t{invite.call_id[:8]}\r\nTo: {invite.get('from')}\r\n"
            f"Call-ID: {invite.call_id}\r\nCSeq: {cseq}\r\n"
            f"Contact: <sip:phone@{HOST}:{self.port}>\r\nMax-Forwards: 70\r\n{more}{_body(sdp)}",
            self._source,
        )

    def _acknowledge(self, answer: Message) -> None:
        number = answer.get("cseq").split(" ")[0]
        contact = re.search(r"<([^>]*)>", answer.get("contact"))
        self.send(
            f"ACK {contact[1] if contact else 'sip:switch'} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bK{secrets.token_hex(8)}\r\n"
            f"From: {answer.get('from')}\r\nTo: {answer.get('to')}\r\n"
            f"Call-ID: {answer.call_id}\r\nCSeq: {number} ACK\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            self._source,
        )


@dataclass(frozen=True)
class Line:
    """One telephone of :class:`Lines`."""

    lines: Lines
    account: str

    @property
    def ringings(self) -> list[Ringing]:
        """The calls it got, oldest first."""
        return to(self.account, self.lines.ringings)

    @property
    def invited(self) -> bool:
        return bool(self.ringings)

    def wait_ringing(self, seconds: float = 10.0, *, calls: int = 1) -> Ringing:
        """The ``calls``-th call that reaches it."""
        what = f"{self.account} rings for the {calls}. time"
        return wait_until(lambda: self.ringings[calls - 1 :], seconds, what)[0]

    def wait_cancelled(self, seconds: float = 10.0) -> Ringing:
        return wait_until(
            lambda: [ringing for ringing in self.ringings if ringing.cancelled],
            seconds,
            f"{self.account} is cancelled",
        )[0]

    def wait_answered(self, seconds: float = 10.0) -> Ringing:
        return wait_until(
            lambda: [ringing for ringing in self.ringings if ringing.answered],
            seconds,
            f"{self.account} answers",
        )[0]


def to(user: str, ringings: list[Ringing]) -> list[Ringing]:
    """Those whose INVITE goes to ``user``: a line's account, or a number on the trunk."""
    return [each for each in ringings if each.invite.uri.startswith(f"sip:{user}@")]
