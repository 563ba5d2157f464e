"""Phones and callers driven by SIPp, with scenarios generated for what a test wants of them."""

from __future__ import annotations

import datetime
import itertools
import os
import re
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from xml.sax.saxutils import escape

from tests.e2e.endpoint import Behaviour
from tests.e2e.sip import Log, Message, Ringing, wait_until
from tests.e2e.switch import HOST, FreeSwitch, free_port, socket

EVENT_LAG = 0.15
"""Seconds until whoever listens to the switch's events has heard of a registration."""

_SDP = """v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
"""
_REFUSALS = (
    *(302, 400, 401, 403, 404, 405, 408, 410, 480, 481, 482, 484, 486, 487, 488),
    *(500, 501, 502, 503, 504, 600, 603, 604, 606),
)
_OK = "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"


def _scenario(*steps: str) -> str:
    inside = "\n".join(steps)
    return f'<?xml version="1.0"?>\n<scenario name="phone">\n{inside}\n</scenario>\n'


def _send(text: str, attributes: str = "") -> str:
    return f"<send {attributes}><![CDATA[\n\n{text}\n]]></send>"


def _register(account: str, domain: str, port: int, expires: int) -> str:
    def request(number: int, more: str) -> str:
        return (
            f"REGISTER sip:{domain} SIP/2.0\n"
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
            f"From: <sip:{account}@{domain}>;tag=[pid]r[call_number]\n"
            f"To: <sip:{account}@{domain}>\nCall-ID: [call_id]\nCSeq: {number} REGISTER\n"
            f"Contact: <sip:{account}@[local_ip]:{port}>\nMax-Forwards: 70\n"
            f"Expires: {expires}\n{more}Content-Length: 0\n"
        )

    return _scenario(
        _send(request(1, "")),
        '<recv response="401" auth="true"/>',
        _send(request(2, "[authentication]\n")),
        '<recv response="200"/>',
    )


def _answering(behaviour: Behaviour) -> str:
    """Rings, then answers, refuses or waits; a CANCEL ends it at any moment before that."""

    def reply(status: str, sdp: str = "", cseq: str = "[last_CSeq:]") -> str:
        body = (
            f"Content-Type: application/sdp\nContent-Length: [len]\n\n{sdp}"
            if sdp
            else "Content-Length: 0\n"
        )
        return (
            f"SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]t[call_number]\n"
            f"[last_Call-ID:]\n{cseq}\nContact: <sip:phone@[local_ip]:[local_port]>\n{body}"
        )

    number = '<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="1"/>'
    steps = [f'<recv request="INVITE"><action>{number}</action></recv>']
    if behaviour.silent:
        # SIPp always needs a next step: this one stays in it until the switch gives up.
        steps.append('<recv request="CANCEL" timeout="120000"/><Reference variables="1"/>')
        return _scenario(*steps)
    steps.append(_send(reply("100 Trying")))
    if behaviour.early_media:
        steps.append(_send(reply("183 Session Progress", _SDP)))
    elif behaviour.ring:
        steps.append(_send(reply("180 Ringing")))
    seconds = behaviour.after if behaviour.reject else behaviour.answer
    limit = 120_000 if seconds is None else max(1, int(seconds * 1000))
    steps += [
        f'<recv request="CANCEL" timeout="{limit}" ontimeout="9"/>',
        # The 200 answers the CANCEL, the 487 the INVITE: the same branch, another method.
        _send(reply("200 OK")),
        _send(reply("487 Request Terminated", cseq="CSeq: [$1] INVITE"), 'retrans="500"'),
        '<recv request="ACK" next="99"/>',
        '<label id="9"/>',
    ]
    if behaviour.reject:
        steps += [
            _send(reply(f"{behaviour.reject} Refused"), 'retrans="500"'),
            '<recv request="ACK"/>',
        ]
    else:
        steps += [
            _send(reply("200 OK", _SDP), 'retrans="500"'),
            '<recv request="ACK"/>',
            '<recv request="BYE"/>',
            _send(reply("200 OK").replace(";tag=[pid]t[call_number]", "")),
        ]
    steps.append('<label id="99"/>')
    return _scenario(*steps)


def _calling(account: str, number: str, domain: str, show: str, hang_up: float) -> str:
    """Dials ``number`` and hangs up ``hang_up`` seconds after the answer."""

    def request(method: str, cseq: int, more: str = "", sdp: str = "", to: str = "") -> str:
        body = (
            f"Content-Type: application/sdp\nContent-Length: [len]\n\n{sdp}"
            if sdp
            else "Content-Length: 0\n"
        )
        return (
            f"{method} sip:{number}@{domain} SIP/2.0\n"
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
            f"From: {show}<sip:{account}@{domain}>;tag=[pid]c[call_number]\n"
            f"{to or f'To: <sip:{number}@{domain}>'}\nCall-ID: [call_id]\nCSeq: {cseq} {method}\n"
            f"Contact: <sip:{account}@[local_ip]:[local_port]>\nMax-Forwards: 70\n{more}{body}"
        )

    optional = [f'<recv response="{code}" optional="true"/>' for code in (100, 180, 183)]
    refused = [f'<recv response="{code}" optional="true" next="8"/>' for code in _REFUSALS]
    return _scenario(
        _send(request("INVITE", 1, sdp=_SDP), 'retrans="500"'),
        '<recv response="100" optional="true"/>',
        '<recv response="407" auth="true" optional="true" next="2"/>',
        *optional[1:],
        *refused,
        '<recv response="200" next="5"/>',
        '<label id="2"/>',
        _send(request("ACK", 1, to="[last_To:]")),
        _send(request("INVITE", 2, "[authentication]\n", _SDP), 'retrans="500"'),
        *optional,
        *refused,
        '<recv response="200"/>',
        '<label id="5"/>',
        _send(request("ACK", 2, to="[last_To:]")),
        f'<recv request="BYE" timeout="{int(hang_up * 1000)}" ontimeout="6"/>',
        _send(f"{_OK}Content-Length: 0\n", 'next="9"'),
        '<label id="6"/>',
        _send(request("BYE", 3, to="[last_To:]"), 'retrans="500"'),
        '<recv response="200" next="9"/>',
        '<label id="8"/>',
        _send(request("ACK", 2, to="[last_To:]")),
        '<label id="9"/>',
    )  # fmt: skip


_HEAD = re.compile(
    r"^-{10,} (\d{4}-\d\d-\d\d)[ T\t]+(\d\d:\d\d:\d\d\.\d+)[^\n]*\n"
    r"UDP message (sent|received)[^\n]*\n\n",
    re.MULTILINE,
)


def read_log(path: Path) -> Log:
    """What SIPp's ``-trace_msg`` file says, as a :class:`Log`."""
    log = Log()
    text = path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)] * bool(heads)
    for head, end in zip(heads, ends, strict=True):
        body = text[head.end() : end]
        at = datetime.datetime.fromisoformat(f"{head[1]} {head[2]}").timestamp()
        if "\r\n" in body:
            log.add(head[3] == "sent", Message.parse(body), at)
    return log


_media = itertools.count()


def _media_ports() -> int:
    """The first of the ports that one SIPp takes for media: audio, video and what belongs to them.

    From a range where nobody else looks: below the switch's own and the system's.
    """
    while True:
        first = 10_000 + (os.getpid() * 200 + next(_media) * 8) % 6_000
        with ExitStack() as stack:
            try:
                for port in range(first, first + 8):
                    probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    probe.bind((HOST, port))
            except OSError:
                continue
        return first


class Sipp:
    """One SIPp process with a generated scenario."""

    def __init__(
        self, switch: FreeSwitch, place: Path, name: str, scenario: str, *, port: int, account: str,
        password: str, count: int = 0, to: int = 0,
    ) -> None:  # fmt: skip
        self.path = place / f"{name}-{time.monotonic_ns()}"
        self.path.mkdir(parents=True)
        (self.path / "scenario.xml").write_text(scenario)
        self.messages = self.path / "messages"
        command = [
            "sipp", f"{HOST}:{to or switch.internal}", "-sf", "scenario.xml", "-i", HOST,
            "-p", str(port), "-nostdin", "-trace_msg", "-message_file", "messages",
            "-trace_err", "-error_file", "errors", "-au", account, "-ap", password, "-nd",
            "-mp", str(_media_ports()),
        ]  # fmt: skip
        if count:
            command += ["-m", str(count), "-l", str(count)]
        with (self.path / "screen").open("wb") as screen:
            self.process = subprocess.Popen(
                command, cwd=self.path, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen
            )

    @property
    def log(self) -> Log:
        return read_log(self.messages)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)


def _bound(port: int) -> bool:
    """Whether some process has that UDP port."""
    return f"0100007F:{port:04X} " in Path("/proc/net/udp").read_text()


class Phone:
    """A telephone: registers with its password, then treats every call as it was told to.

    ``ringings`` are the calls it got, oldest first.
    """

    def __init__(
        self, switch: FreeSwitch, place: Path, account: str, behaviour: Behaviour, *,
        password: str = "secret", expires: int = 3600, port: int = 0,
    ) -> None:  # fmt: skip
        self.switch, self.account, self._place = switch, account, place
        self.password = password
        self._listen(behaviour, port)
        try:
            self.register(expires)
        except BaseException:
            self.close()
            raise

    def _listen(self, behaviour: Behaviour, port: int) -> None:
        # Of many SIPp that start at once, one now and then comes up deaf: it is started again.
        for _ in range(3):
            self.port = port or free_port(socket.SOCK_DGRAM)
            self._sipp = Sipp(
                self.switch, self._place, self.account, _answering(behaviour), port=self.port,
                account=self.account, password=self.password,
            )  # fmt: skip
            try:
                wait_until(lambda: _bound(self.port), 4)
            except AssertionError:
                self.close()
            else:
                return
        raise AssertionError(f"{self.account} does not listen, see {self._sipp.path}")

    def register(self, expires: int) -> None:
        assert any(self._registers(expires) for _ in range(3)), f"{self.account} cannot register"
        # The switch answers first and writes its table afterwards.
        wait_until(
            lambda: self.switch.registered(self.account, self.port) == bool(expires),
            5,
            f"{self.account} {'registered' if expires else 'unregistered'}",
        )
        # Whoever listens to its events hears of it a moment later still.
        time.sleep(EVENT_LAG)

    def _registers(self, expires: int) -> bool:
        once = Sipp(
            self.switch, self._place, f"{self.account}-register",
            _register(self.account, self.switch.domain, self.port, expires),
            port=free_port(socket.SOCK_DGRAM),
            account=self.account, password=self.password, count=1,
        )  # fmt: skip
        try:
            return once.process.wait(5) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            once.close()

    @property
    def ringings(self) -> list[Ringing]:
        return self._sipp.log.ringings()

    @property
    def invited(self) -> bool:
        return bool(self.ringings)

    def wait_ringing(self, seconds: float = 10.0, *, calls: int = 1) -> Ringing:
        """The ``calls``-th call that reaches the phone."""
        return wait_until(
            lambda: self.ringings[calls - 1 :],
            seconds,
            f"{self.account} rings, see {self._sipp.path}",
        )[0]

    def wait_cancelled(self, seconds: float = 10.0) -> Ringing:
        return wait_until(
            lambda: [ringing for ringing in self.ringings if ringing.cancelled],
            seconds,
            f"{self.account} is cancelled, see {self._sipp.path}",
        )[0]

    def close(self) -> None:
        self._sipp.close()


class SippCaller:
    """One call placed by SIPp: with a password inside, without one as the trunk."""

    def __init__(
        self, switch: FreeSwitch, place: Path, number: str, *, account: str = "",
        password: str = "secret", display: str = "", trunk_number: str = "+4930999",
        hang_up: float = 1.0,
    ) -> None:  # fmt: skip
        self.started = time.time()
        show = escape(f'"{display}" ') if display else ""
        self._sipp = Sipp(
            switch, place, f"call-{number}",
            _calling(account or trunk_number, number, switch.domain, show, hang_up),
            port=free_port(socket.SOCK_DGRAM), account=account or trunk_number, password=password,
            count=1, to=switch.internal if account else switch.external,
        )  # fmt: skip

    @property
    def codes(self) -> list[tuple[float, int]]:
        """(seconds from the first INVITE, code) of everything received for the INVITE."""
        records = self._sipp.log.records
        start = next((record.at for record in records if record.sent), self.started)
        return [
            (record.at - start, record.message.status)
            for record in records
            if not record.sent and record.message.status and record.message.method == "INVITE"
        ]

    def wait(self, seconds: float = 20.0) -> int:
        """The final code."""

        def final() -> list[int]:
            return [code for _, code in self.codes if code >= 200 and code not in (401, 407)]

        return wait_until(final, seconds, f"a final answer, see {self._sipp.path}")[0]

    def close(self) -> None:
        self._sipp.close()
