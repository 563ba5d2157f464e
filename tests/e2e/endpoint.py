"""A small SIP endpoint of our own, for what a scenario file cannot say: callers that write whatever
they like into a header, give up at a moment of the test's choosing or press a key, and the trunk.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import secrets
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.e2e.sip import Log, Message, Ringing, digest, wait_until

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Behaviour:
    """What an endpoint does with a call that reaches it."""

    ring: bool = True
    """Whether it sends 180 at once."""

    answer: float | None = None
    """Seconds until it answers."""

    reject: int | None = None
    after: float = 0.0
    """Seconds until it rejects."""

    contact: str = ""
    """The address in its rejection's Contact: with 302 it sends the call there."""

    silent: bool = False
    """It gives no sign of life at all."""

    early_media: bool = False
    """It sends 183 with SDP: an announcement before it answers."""

    press: str | None = None
    """The key it presses one second after it has answered."""

    hang_up: float | None = None
    """Seconds from its answer until it hangs up."""


class Endpoint:
    """A UDP socket on the loopback with a thread that reads it."""

    def __init__(self, port: int = 0) -> None:
        self.log = Log()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, port))
        self.port: int = self.socket.getsockname()[1]
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media.bind((HOST, 0))
        self._running = True
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._running = False
        self._thread.join(2)
        self.socket.close()
        self.media.close()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        with self._lock:
            self._timers.append((time.monotonic() + seconds, action))

    def send(self, text: str, to: tuple[str, int]) -> None:
        self.log.add(True, Message.parse(text))
        self.socket.sendto(text.encode("utf-8", "surrogateescape"), to)

    def received(self, message: Message, source: tuple[str, int]) -> None:
        """What a kind of endpoint does with a message; runs on the reading thread."""

    def sdp(self) -> str:
        port = self.media.getsockname()[1]
        lines = (
            "v=0", f"o=- 1 1 IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0",
            f"m=audio {port} RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20", "",
        )  # fmt: skip
        return "\r\n".join(lines)

    def press(self, key: str, sdp: str) -> None:
        """Sends one key as RFC 2833 events to the other side of ``sdp``."""
        found = re.search(r"m=audio (\d+) ", sdp)
        if found is None:
            return
        event, source = "0123456789*#".index(key), 0x5EED
        for step in range(8):
            ending = step >= 5
            head = struct.pack(
                "!BBHII", 0x80, 101 | (0x80 if step == 0 else 0), step + 1, 160, source
            )
            body = struct.pack("!BBH", event, (0x80 if ending else 0) | 10, 160 * min(step + 1, 6))
            self.media.sendto(head + body, (HOST, int(found[1])))
            time.sleep(0.02)

    def _read(self) -> None:
        while self._running:
            if select.select([self.socket], [], [], 0.01)[0]:
                data, source = self.socket.recvfrom(65535)
                if len(data) > 4:
                    message = Message.parse(data.decode("utf-8", "replace"))
                    self.log.add(False, message)
                    self.received(message, source)
            now = time.monotonic()
            with self._lock:
                due = [action for at, action in self._timers if at <= now]
                self._timers = [timer for timer in self._timers if timer[0] > now]
            for action in due:
                action()


def _body(sdp: str) -> str:
    kind = "Content-Type: application/sdp\r\n" if sdp else ""
    return f"{kind}Content-Length: {len(sdp)}\r\n\r\n{sdp}"


class Answering(Endpoint):
    """An endpoint that is called: the outside world behind the trunk."""

    def __init__(self, port: int, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.by_number: dict[str, Behaviour] = {}
        self._open: set[str] = set()
        super().__init__(port)

    @property
    def ringings(self) -> list[Ringing]:
        return self.log.ringings()

    def reply(
        self,
        request: Message,
        to: tuple[str, int],
        status: str,
        *,
        sdp: str = "",
        more: str = "",
        contact: str = "",
    ) -> None:
        tag = "" if status.startswith("100") else f";tag=t{request.call_id[:8]}"
        via = "".join(f"Via: {value}\r\n" for value in request.all("via"))
        self.send(
            f"SIP/2.0 {status}\r\n{via}From: {request.get('from')}\r\n"
            f"To: {request.get('to')}{'' if 'tag=' in request.get('to') else tag}\r\n"
            f"Call-ID: {request.call_id}\r\nCSeq: {request.get('cseq')}\r\n"
            f"Contact: <{contact or f'sip:trunk@{HOST}:{self.port}'}>\r\n{more}{_body(sdp)}",
            to,
        )

    def received(self, message: Message, source: tuple[str, int]) -> None:
        if message.status:
            return
        if message.method == "INVITE":
            self._invited(message, source)
        elif message.method == "CANCEL":
            self.reply(message, source, "200 OK")
            for record in list(self.log.records):
                invite = record.message
                if invite.start.startswith("INVITE ") and invite.call_id == message.call_id:
                    if message.call_id in self._open:
                        self._open.discard(message.call_id)
                        self.reply(invite, source, "487 Request Terminated")
                    break
        elif message.method != "ACK":
            self.reply(message, source, "200 OK")

    def _invited(self, invite: Message, source: tuple[str, int]) -> None:
        if invite.call_id in self._open or "tag=" in invite.get("to"):
            if "tag=" in invite.get("to"):
                self.reply(invite, source, "200 OK", sdp=self.sdp())
            return
        number = invite.uri.partition(":")[2].partition("@")[0]
        behaviour = self.by_number.get(number, self.behaviour)
        if behaviour.silent:
            return
        self._open.add(invite.call_id)
        self.reply(invite, source, "100 Trying")
        if behaviour.early_media:
            self.reply(invite, source, "183 Session Progress", sdp=self.sdp())
        elif behaviour.ring:
            self.reply(invite, source, "180 Ringing")

        def finish(status: str, sdp: str = "") -> None:
            if invite.call_id in self._open:
                self._open.discard(invite.call_id)
                self.reply(invite, source, status, sdp=sdp, contact=behaviour.contact)
                if sdp and behaviour.press:
                    key = behaviour.press
                    self.later(1.0, lambda: self.press(key, invite.body))
                if sdp and behaviour.hang_up is not None:
                    self.later(behaviour.hang_up, lambda: self._bye(invite, source))

        if behaviour.reject is not None:
            self.later(behaviour.after, lambda: finish(f"{behaviour.reject} No"))
        elif behaviour.answer is not None:
            self.later(behaviour.answer, lambda: finish("200 OK", self.sdp()))

    def _bye(self, invite: Message, to: tuple[str, int]) -> None:
        contact = re.search(r"<([^>]*)>", invite.get("contact"))
        self.send(
            f"BYE {contact[1] if contact else invite.uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bK{secrets.token_hex(8)}\r\n"
            f"From: {invite.get('to')};tag=t{invite.call_id[:8]}\r\nTo: {invite.get('from')}\r\n"
            f"Call-ID: {invite.call_id}\r\nCSeq: 1 BYE\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            to,
        )


@dataclass
class Placed:
    """One call that a :class:`Caller` has made."""

    caller: Caller
    call_id: str
    started: float
    provisional: list[tuple[float, int]] = field(default_factory=list)
    """(seconds since the first INVITE, code), repetitions left out."""

    code: int = 0
    """The final status; 0 while there is none."""

    at: float | None = None
    """Seconds from the first INVITE to the final status."""

    final: Message | None = None
    ended: float | None = None
    """Seconds from the first INVITE to the switch's BYE."""

    def wait(self, seconds: float = 20.0) -> int:
        """The final code."""
        return wait_until(lambda: self.code, seconds, f"a final answer (had {self.provisional})")

    def wait_for(self, code: int, seconds: float = 10.0) -> float:
        """Seconds from the INVITE to that provisional answer."""
        return wait_until(
            lambda: [at or 1e-6 for at, got in self.provisional if got == code],
            seconds,
            f"a {code} (had {self.provisional}, final {self.code})",
        )[0]

    def wait_end(self, seconds: float = 20.0) -> float:
        """Seconds from the INVITE until the other side hung up."""
        return wait_until(lambda: self.ended, seconds, "a BYE")

    def cancel(self) -> None:
        self.caller.cancel(self)

    def hang_up(self) -> None:
        self.caller.hang_up(self)

    # -- the state of the transaction, the caller's own --
    invite: str = ""
    target: str = ""
    cseq: int = 1
    retried: bool = False


class Caller(Endpoint):
    """An endpoint that calls: with a password through the internal profile, or as the trunk."""

    _numbers = itertools.count(1)

    def __init__(self, switch_port: int, account: str = "", password: str = "secret") -> None:
        self.switch = (HOST, switch_port)
        self.account, self.password = account, password
        self.calls: dict[str, Placed] = {}
        super().__init__()

    def call(
        self,
        number: str,
        *,
        display: str | None = None,
        user: str | None = None,
        sender: str | None = None,
        headers: tuple[str, ...] = (),
        domain: str = "pbx.test",
        uri: str | None = None,
    ) -> Placed:
        """Dials. ``display``, ``user``, ``headers`` and ``uri`` go out as they are, unescaped;
        ``sender`` replaces the whole value of From."""
        call_id = f"{secrets.token_hex(8)}@{HOST}"
        target = uri or f"sip:{number}@{domain}"
        name = f'"{display}" ' if display is not None else ""
        source = sender or f"{name}<sip:{user or self.account or '+4930999'}@{domain}>"
        sent_by = f"From: {source};tag=f{call_id[:8]}"
        extra = "".join(f"{line}\r\n" for line in headers)
        call = Placed(self, call_id, time.time())
        call.invite = f"{sent_by}\r\nTo: <{target}>\r\nCall-ID: {call_id}\r\n{extra}"
        call.target = target
        self.calls[call_id] = call
        self._invite(call)
        return call

    def register(self, contact: str, *, account: str = "", expires: int = 120) -> int:
        """One registration with the caller's password under ``account``; the final code."""
        call_id, account = f"{secrets.token_hex(8)}@{HOST}", account or self.account
        call = Placed(self, call_id, time.time())
        call.target = "sip:pbx.test"
        call.invite = (
            f"From: <sip:{account}@pbx.test>;tag=r{call_id[:8]}\r\nTo: <sip:{account}@pbx.test>\r\n"
            f"Call-ID: {call_id}\r\nContact: <{contact}>\r\nExpires: {expires}\r\n"
        )
        self.calls[call_id] = call
        self._request(call, "REGISTER", call.invite)
        return call.wait(5)

    def cancel(self, call: Placed) -> None:
        self._request(call, "CANCEL", re.sub(r"(?m)^(Contact|Expires):.*\r\n", "", call.invite))

    def hang_up(self, call: Placed) -> None:
        self._within(call, "BYE")

    def transfer(self, call: Placed, number: str, *headers: str) -> None:
        """Sends whom he talks to on to ``number``, as the transfer key of a telephone does."""
        more = f"Refer-To: <sip:{number}@pbx.test>\r\nContact: <sip:{HOST}:{self.port}>\r\n"
        more += "".join(f"{line}\r\n" for line in headers)
        self._within(call, "REFER", more)

    def _within(self, call: Placed, method: str, more: str = "") -> None:
        """A request within the call's dialog."""
        assert call.final is not None
        call.cseq += 1
        contact = re.search(r"<([^>]*)>", call.final.get("contact"))
        head = re.sub(r"(?m)^To: [^\r]*", f"To: {call.final.get('to')}", call.invite)
        call.target = contact[1] if contact else call.target
        self._request(call, method, f"{head}{more}")

    def _invite(self, call: Placed, more: str = "") -> None:
        contact = f"Contact: <sip:{self.account or 'caller'}@{HOST}:{self.port}>\r\n"
        self._request(call, "INVITE", f"{call.invite}{contact}{more}", self.sdp())

    def _request(self, call: Placed, method: str, head: str, sdp: str = "") -> None:
        self.send(
            f"{method} {call.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {HOST}:{self.port};rport"
            f";branch=z9hG4bK{call.call_id[:8]}{call.cseq}\r\n"
            f"Max-Forwards: 70\r\nCSeq: {call.cseq} {method}\r\n{head}{_body(sdp)}",
            self.switch,
        )

    def received(self, message: Message, source: tuple[str, int]) -> None:
        call = self.calls.get(message.call_id)
        if message.status:
            if call is not None and message.method in ("INVITE", "REGISTER"):
                self._answered(call, message)
            return
        if message.method == "ACK":
            return
        if call is not None and message.method == "BYE":
            call.ended = time.time() - call.started
        via = "".join(f"Via: {value}\r\n" for value in message.all("via"))
        sdp = self.sdp() if message.method == "INVITE" else ""
        self.send(
            f"SIP/2.0 200 OK\r\n{via}From: {message.get('from')}\r\nTo: {message.get('to')}\r\n"
            f"Call-ID: {message.call_id}\r\nCSeq: {message.get('cseq')}\r\n"
            f"Contact: <sip:caller@{HOST}:{self.port}>\r\n{_body(sdp)}",
            source,
        )

    def _answered(self, call: Placed, message: Message) -> None:
        status, at = message.status, time.time() - call.started
        if status < 200:
            if status not in [code for _, code in call.provisional]:
                call.provisional.append((at, status))
            return
        if message.method == "INVITE":
            self._acknowledge(call, message)
        challenge = message.get("proxy-authenticate") or message.get("www-authenticate")
        if status in (401, 407) and self.account and challenge and not call.retried:
            call.retried, call.cseq = True, call.cseq + 1
            name = "Proxy-Authorization" if status == 407 else "Authorization"
            value = digest(challenge, message.method, call.target, self.account, self.password)
            if message.method == "INVITE":
                self._invite(call, f"{name}: {value}\r\n")
            else:
                self._request(call, "REGISTER", f"{call.invite}{name}: {value}\r\n")
            return
        if not call.code:
            call.final, call.at = message, at
            call.code = status

    def _acknowledge(self, call: Placed, message: Message) -> None:
        ok = message.status < 300
        contact = re.search(r"<([^>]*)>", message.get("contact")) if ok else None
        target = contact[1] if contact else call.target
        branch = secrets.token_hex(8) if ok else f"{call.call_id[:8]}{call.cseq}"
        number = message.get("cseq").split(" ")[0]
        sender = re.search(r"(?m)^From: .*?(?=\r\n)", call.invite)
        self.send(
            f"ACK {target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {HOST}:{self.port};rport;branch=z9hG4bK{branch}\r\n"
            f"Max-Forwards: 70\r\nCSeq: {number} ACK\r\n{sender[0] if sender else ''}\r\n"
            f"To: {message.get('to')}\r\nCall-ID: {call.call_id}\r\nContent-Length: 0\r\n\r\n",
            self.switch,
        )


class Registered(Answering):
    """A telephone of our own: SIPp trips over what some callers write, this one does not."""

    def __init__(self, switch_port: int, account: str, behaviour: Behaviour | None = None) -> None:
        super().__init__(0, behaviour)
        self._contact = f"sip:{account}@{HOST}:{self.port}"
        self._caller = Caller(switch_port, account)
        self.register(3600)

    def register(self, expires: int) -> None:
        assert self._caller.register(self._contact, expires=expires) == 200

    def close(self) -> None:
        self.register(0)
        self._caller.close()
        super().close()

    @property
    def invited(self) -> bool:
        return bool(self.ringings)

    def wait_ringing(self, seconds: float = 10.0) -> Ringing:
        return wait_until(lambda: self.ringings, seconds, "the phone rings")[0]


class Speaking:
    """Sends silence to the switch while it is open, as a telephone does."""

    def __init__(self, call: Placed) -> None:
        self._call = call
        self._running = True
        self._thread = threading.Thread(target=self._speak, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._running = False
        self._thread.join(1)

    def _speak(self) -> None:
        found = re.search(r"m=audio (\d+) ", self._call.final.body if self._call.final else "")
        if found is None:
            return
        for number in itertools.count():
            if not self._running:
                return
            head = struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, number * 160, 0xCA11)
            with contextlib.suppress(OSError):
                self._call.caller.media.sendto(head + b"\x35\xb5" * 80, (HOST, int(found[1])))
            time.sleep(0.02)
