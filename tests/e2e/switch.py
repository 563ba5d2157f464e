"""A FreeSWITCH of the test run's own: the shipped configuration, other ports, other directories."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from tests.e2e.sip import wait_until

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"


def find_freeswitch() -> Path | None:
    """The binary: ``$FREESWITCH`` (it or its prefix), the usual places, the path."""
    named = os.environ.get("FREESWITCH")
    places = (
        [named] if named else ["/usr/local/freeswitch", "/usr/bin/freeswitch", "/opt/freeswitch"]
    )
    if not named and (found := shutil.which("freeswitch")):
        places.append(found)
    for place in map(Path, places):
        for binary in (place, place / "bin" / "freeswitch"):
            if binary.is_file() and os.access(binary, os.X_OK):
                return binary
    return None


def missing() -> str | None:
    """What the end-to-end tests need and this machine has not, in one line."""
    if find_freeswitch() is None:
        return "end to end: no FreeSWITCH here (set FREESWITCH to its binary or prefix)"
    if shutil.which("sipp") is None:
        return "end to end: no SIPp here (Debian: sip-tester)"
    return None


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def free_sip_port() -> int:
    """One that is free for UDP and for TCP: a profile binds both."""
    while True:
        port = free_port(socket.SOCK_DGRAM)
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((HOST, port))
            return port


def _end_with_the_tests() -> None:
    """A run that is killed leaves no FreeSWITCH behind (Linux: PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class EventSocket:
    """A blocking connection to the switch's own event socket."""

    def __init__(self, port: int, password: str = "ClueCon") -> None:
        self._socket = socket.create_connection((HOST, port), timeout=10)
        self._file = self._socket.makefile("rb")
        self._lock = threading.Lock()
        self._frame()
        self._send(f"auth {password}")
        assert self._frame()[0]["Reply-Text"].startswith("+OK")

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def api(self, command: str) -> str:
        with self._lock:
            self._send(f"api {command}")
            return self._frame()[1]

    def _send(self, line: str) -> None:
        self._socket.sendall(f"{line}\n\n".encode())

    def _frame(self) -> tuple[dict[str, str], str]:
        headers: dict[str, str] = {}
        while line := self._file.readline().decode().rstrip("\r\n"):
            name, _, value = line.partition(": ")
            headers[name] = unquote(value)
        return headers, self._file.read(int(headers.get("Content-Length", 0))).decode()


class FreeSwitch:
    """One running FreeSWITCH; its ports are free ones, so two runs do not meet."""

    def __init__(self, place: Path) -> None:
        binary = find_freeswitch()
        assert binary is not None
        self.binary = binary
        self.place = place
        self.internal = free_sip_port()
        self.external = free_sip_port()
        self.trunk = free_port(socket.SOCK_DGRAM)
        self.events = free_port()
        self.router = free_port()
        """Where this FreeSWITCH expects the router."""
        self.domain = "pbx.test"
        self.configuration = place / "freeswitch-conf"
        shutil.copytree(ROOT / "freeswitch-conf", self.configuration)
        shutil.copytree(ROOT / "dialplans", place / "dialplans")
        self._set(
            internal_port=self.internal,
            external_port=self.external,
            trunk_port=self.trunk,
            esl_port=self.events,
            eslr_router=f"{HOST}:{self.router}",
            eslr_ring=3,
        )
        self.log = place / "log" / "freeswitch.log"

    def _set(self, **values: object) -> None:
        path = self.configuration / "vars.xml"
        lines = path.read_text().splitlines()
        for name, value in values.items():
            found = [index for index, line in enumerate(lines) if f'data="{name}=' in line]
            assert len(found) == 1, f"vars.xml sets {name} {len(found)} times"
            lines[found[0]] = f'<X-PRE-PROCESS cmd="set" data="{name}={value}"/>'
        path.write_text("\n".join(lines))

    def start(self) -> None:
        arguments = []
        for name in ("log", "db", "run", "storage", "temp"):
            (self.place / name).mkdir(exist_ok=True)
            arguments += [f"-{name}", str(self.place / name)]
        with (self.place / "console").open("wb") as console:
            self._process = subprocess.Popen(
                [self.binary, "-conf", str(self.configuration), *arguments, "-nonat", "-nf", "-nc"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                preexec_fn=_end_with_the_tests,
            )
        wait_until(self._ready, 30, f"FreeSWITCH ready, see {self.place}")
        self.socket = EventSocket(self.events)

    def _ready(self) -> bool:
        assert self._process.poll() is None, (self.place / "console").read_text()
        try:
            link = EventSocket(self.events)
        except OSError:
            return False
        try:
            status = link.api("sofia status")
            return status.count("RUNNING") == 2 and "is ready" in link.api("status")
        finally:
            link.close()

    def stop(self) -> None:
        self.socket.close()
        self._process.terminate()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)

    def crash(self) -> None:
        """It dies without a word: no BYE, no event. :meth:`start` brings it back."""
        self.socket.close()
        self._process.kill()
        self._process.wait(5)

    def write_directory(self, xml: str) -> None:
        (self.configuration / "directory" / "default.xml").write_text(xml)
        self.reload()

    def reload(self) -> None:
        assert "+OK" in self.socket.api("reloadxml")

    def channels(self) -> int:
        """Calls' legs right now; `show channels` would lag behind."""
        found = re.search(r"(?m)^(\d+) session\(s\) - peak", self.socket.api("status"))
        assert found is not None
        return int(found[1])

    def calls(self) -> list[str]:
        """The uuids of the legs that are up."""
        rows = self.socket.api("show channels").splitlines()
        return [row.split(",")[0] for row in rows if re.match(r"[0-9a-f]{8}-", row)]

    def wait_idle(self) -> None:
        wait_until(lambda: self.channels() == 0, 15, "no channel left")

    def hang_up_everything(self) -> None:
        self.socket.api("hupall")
        self.wait_idle()

    def registered(self, account: str, port: int) -> bool:
        """Whether the switch would ring that phone."""
        contacts = self.socket.api(f"sofia_contact */{account}@{self.domain}")
        return f":{port}" in contacts

    def registrations(self, account: str) -> int:
        rows = self.socket.api("show registrations").splitlines()
        return sum(row.startswith(f"{account},") for row in rows)

    def messages(self, mailbox: str) -> list[Path]:
        """The recordings in a box, one a message (and one that is being left)."""
        box = self.place / "storage" / "voicemail" / "default" / self.domain / mailbox
        return sorted(box.glob("msg_*.wav"))

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")
