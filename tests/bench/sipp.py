"""Callers by the hundred and the phone they call, played by SIPp."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.e2e.switch import HOST, free_port

WAITS = 200
"""Milliseconds a caller listens to the ringing until he gives up, or the phone answers."""

TALKS = 1000
"""Milliseconds of conversation."""

GIVES_UP, TALKER = "+4930999", "+4930888"
"""How the numbers of callers begin: the phone goes by it."""

_SDP = """v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""
_BODY = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{_SDP}"


def _request(
    method: str, to: str, body: str = "Content-Length: 0\n", since: int = 0, cseq: int = 1
) -> str:
    """``since``: how many messages ago the INVITE was sent whose branch this repeats."""
    return "\n".join(
        (
            f"{method} sip:[field0]@[remote_ip]:[remote_port] SIP/2.0",
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-{since}]",
            "From: <sip:[field1]@pbx.test>;tag=[pid]c[call_number]",
            to,
            f"Call-ID: [call_id]\nCSeq: {cseq} {method}\nMax-Forwards: 70",
            "Contact: <sip:caller@[local_ip]:[local_port]>",
            body,
        )
    )


def _reply(
    status: str, tag: str = "", cseq: str = "[last_CSeq:]", body: str = "Content-Length: 0\n"
) -> str:
    return (
        f"SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n"
        f"{cseq}\nContact: <sip:phone@[local_ip]:[local_port]>\n{body}"
    )


def _send(text: str, attributes: str = "") -> str:
    return f"<send {attributes}><![CDATA[\n\n{text}\n]]></send>"


def _scenario(*steps: str) -> str:
    return '<?xml version="1.0"?>\n<scenario name="bench">\n' + "\n".join(steps) + "\n</scenario>\n"


_DIALS = (
    _send(_request("INVITE", "To: <sip:[field0]@pbx.test>", _BODY), 'retrans="500"'),
    '<recv response="100" optional="true"/>',
)
CALLER = _scenario(
    *_DIALS,
    '<recv response="180"/>',
    f'<pause milliseconds="{WAITS}"/>',
    _send(_request("CANCEL", "To: <sip:[field0]@pbx.test>", since=4), 'retrans="500"'),
    '<recv response="200"/>',
    '<recv response="487"/>',
    _send(_request("ACK", "[last_To:]", since=7)),
)
"""Dials field0, shows field1, hears it ring and gives up."""

TALKING = _scenario(
    *_DIALS,
    # A switch that is late tells of the answer alone.
    '<recv response="180" optional="true"/>',
    '<recv response="200"/>',
    _send(_request("ACK", "[last_To:]", since=4)),
    f'<pause milliseconds="{TALKS}"/>',
    _send(_request("BYE", "[last_To:]", cseq=2), 'retrans="500"'),
    '<recv response="200"/>',
)
"""Dials field0, shows field1, is answered, talks and hangs up."""

_TAG = ";tag=[pid]t[call_number]"
PHONE = _scenario(
    '<recv request="INVITE"><action><ereg regexp="[0-9]+" search_in="hdr" header="CSeq:"'
    ' assign_to="1"/><ereg regexp="[+]' + TALKER[1:] + '" search_in="hdr" header="From:"'
    ' assign_to="2"/></action></recv>',
    _send(_reply("180 Ringing", _TAG), 'next="answer" test="2"'),
    '<recv request="CANCEL"/>',
    _send(_reply("200 OK")),
    # To the INVITE: the branch is the CANCEL's own, the method is not.
    _send(_reply("487 Request Terminated", _TAG, "CSeq: [$1] INVITE"), 'retrans="500"'),
    '<recv request="ACK" next="end"/>',
    '<label id="answer"/>',
    f'<pause milliseconds="{WAITS}"/>',
    _send(_reply("200 OK", _TAG, body=_BODY), 'retrans="500"'),
    '<recv request="ACK"/>',
    '<recv request="BYE"/>',
    _send(_reply("200 OK")),
    '<label id="end"/>',
)
"""Rings, and answers whom it is to answer; for others it rings until it is cancelled."""


def start(place: Path, scenario: str, *options: object, to: int = 0) -> subprocess.Popen[bytes]:
    """SIPp with a scenario, in a directory of its own."""
    place.mkdir(parents=True)
    (place / "bench.xml").write_text(scenario)
    with (place / "screen").open("wb") as screen:
        return subprocess.Popen(
            [
                "sipp", *([f"{HOST}:{to}"] if to else []), "-sf", "bench.xml", "-i", HOST,
                "-nostdin", "-timer_resol", "1", "-recv_timeout", "15000",
                "-trace_err", "-error_file", "errors",
                "-mp", str(free_port(socket.SOCK_DGRAM)), *map(str, options),
            ],
            cwd=place, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen,
        )  # fmt: skip


def write_fields(path: Path, order: str, rows: Iterable[Iterable[object]]) -> Path:
    """A file for `-inf`; ``order`` is SEQUENTIAL or RANDOM."""
    lines = (";".join(map(str, row)) for row in rows)
    path.write_text("\n".join((order, *lines)) + "\n")
    return path


def post_dial_delays(place: Path) -> list[float]:
    """Milliseconds from INVITE to the first 180 of every call of a run with `-trace_shortmsg`.

    SIPp's own response times are no finer than the kernel's tick of 4 ms.
    """
    invited: dict[str, float] = {}
    delays: dict[str, float] = {}
    (path,) = place.glob("*_shortmessages.log")
    for line in path.read_text().splitlines():
        _, _, at, direction, call, _, what = line.split("\t")
        seconds = float(at)
        if direction == "S" and what.startswith("INVITE"):
            invited.setdefault(call, seconds)
        elif direction == "R" and what.startswith("SIP/2.0 180"):
            delays.setdefault(call, (seconds - invited[call]) * 1000)
    return list(delays.values())
