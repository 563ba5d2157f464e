"""Callers by the hundred and the phone they call, played by SIPp."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.e2e.switch import HOST, free_port

RINGS, TALKS = 200, 200
"""Milliseconds a phone rings until it answers, and a caller talks until he hangs up."""

_SDP = """v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""
_BODY = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{_SDP}"


def _request(method: str, cseq: int, to: str, body: str = "Content-Length: 0\n") -> str:
    return "\n".join(
        (
            f"{method} sip:[field0]@[remote_ip]:[remote_port] SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
            "From: <sip:[field1]@pbx.test>;tag=[pid]c[call_number]",
            to,
            f"Call-ID: [call_id]\nCSeq: {cseq} {method}\nMax-Forwards: 70",
            "Contact: <sip:caller@[local_ip]:[local_port]>",
            body,
        )
    )


def _reply(status: str, tag: str = "", more: str = "Content-Length: 0\n") -> str:
    return (
        f"SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n"
        f"[last_CSeq:]\nContact: <sip:phone@[local_ip]:[local_port]>\n{more}"
    )


def _send(text: str, attributes: str = "") -> str:
    return f"<send {attributes}><![CDATA[\n\n{text}\n]]></send>"


def _scenario(*steps: str) -> str:
    return '<?xml version="1.0"?>\n<scenario name="bench">\n' + "\n".join(steps) + "\n</scenario>\n"


CALLER = _scenario(
    _send(
        _request("INVITE", 1, "To: <sip:[field0]@pbx.test>", _BODY),
        'retrans="500"',
    ),
    '<recv response="100" optional="true"/>',
    '<recv response="180" optional="true"/>',
    '<recv response="200" rrs="true"/>',
    _send(_request("ACK", 1, "[last_To:]")),
    f'<pause milliseconds="{TALKS}"/>',
    _send(_request("BYE", 2, "[last_To:]"), 'retrans="500"'),
    '<recv response="200"/>',
)
"""Dials field0 and shows field1."""

_TAG = ";tag=[pid]t[call_number]"
PHONE = _scenario(
    '<recv request="INVITE"/>',
    _send(_reply("180 Ringing", _TAG)),
    f'<pause milliseconds="{RINGS}"/>',
    _send(_reply("200 OK", _TAG, _BODY), 'retrans="500"'),
    '<recv request="ACK"/>',
    '<recv request="BYE"/>',
    _send(_reply("200 OK")),
)


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
