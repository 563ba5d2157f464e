"""Records what FreeSWITCH sends, into fixtures/wire: ``python -m tests.e2e.record [NAME…]``.

The calls stand in ``fixtures/wire/calls.yaml``. Names and addresses of the machine are replaced;
everything else is byte for byte what came out of the socket.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from esl_router.esl import commands
from esl_router.esl.wire import Frame, Reader
from esl_router.lamps.subscription import Subscription, notice
from esl_router.model.live import Lamp
from esl_router.model.people import User
from esl_router.store.directory import Account, directory_xml
from tests.e2e.endpoint import Answering, Behaviour, Caller, Placed
from tests.e2e.switch import HOST, ROOT, FreeSwitch
from tests.e2e.watcher import Watcher

WIRE = ROOT / "fixtures" / "wire"
DOMAIN = "pbx.test"
ACCOUNTS = ("1001-desk", "1001-soft", "1001-home", "1002-desk", "1009-desk")


def order(entry: Any) -> bytes:
    """The bytes of one command of calls.yaml."""
    if isinstance(entry, str):
        return f"{entry}\n\n".encode()
    ((verb, value),) = entry.items()
    if verb == "set":
        return commands.set_many(value)
    if verb == "execute":
        return commands.execute(*value)
    if verb == "hangup":
        return commands.hangup(value)
    assert verb == "send", entry
    return f"{value}\n\n".encode()


class Tape:
    """One connection, and everything the other side sends on it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.started = time.monotonic()
        self.sent = b""
        self.replies: list[float] = []
        self.frames: list[Frame] = []
        self.closed: float | None = None
        self._reader = Reader()
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = self.connection.recv(65536)
            except OSError:
                data = b""
            with self._changed:
                at = time.monotonic() - self.started
                if not data:
                    self.closed = at
                self.sent += data
                self._reader.feed(data)
                while isinstance(frame := self._reader.next_frame(), Frame):
                    self.frames.append(frame)
                    self.replies.append(at)
                self._changed.notify_all()
            if not data:
                return

    def wait(self, frames: int, seconds: float = 40.0) -> bool:
        """Whether so many frames came before the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: len(self.frames) >= frames or self.closed is not None, seconds
            )
            return len(self.frames) >= frames

    def wait_end(self, seconds: float = 40.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.closed is not None, seconds)


def play(tape: Tape, writes: list[list[Any]]) -> None:
    """Say what a router says, until the other side has closed."""
    expected = 0
    for write in writes:
        if not tape.wait(expected):
            break
        orders = []
        for entry in write:
            if isinstance(entry, dict) and "pause" in entry:
                time.sleep(entry["pause"])
            elif not (isinstance(entry, dict) and "close" in entry):
                orders.append(order(entry))
        try:
            tape.connection.sendall(b"".join(orders))
        except OSError:
            break
        expected += len(orders)
        closing = [e["close"] for e in write if isinstance(e, dict) and "close" in e]
        if closing:
            time.sleep(closing[0])
            tape.connection.shutdown(socket.SHUT_RDWR)
            tape.connection.close()
    tape.wait_end()


def with_addresses(writes: list[list[Any]], urls: Mapping[str, str]) -> list[list[Any]]:
    """The writes with the phones' dial URLs in the place of @ACCOUNT."""

    def fill(entry: Any) -> Any:
        if isinstance(entry, dict) and "execute" in entry:
            found = [
                re.sub(r"@(\+?[0-9][\w-]*)", lambda m: urls[m[1]], a) for a in entry["execute"]
            ]
            return {"execute": found}
        return entry

    return [[fill(entry) for entry in write] for write in writes]


def behaviour(spec: Mapping[str, Any]) -> Behaviour:
    """What a phone of calls.yaml does, for our endpoints."""
    for word, code in (("busy", 486), ("decline", 603)):
        if word in spec:
            return Behaviour(reject=code, after=spec[word])
    if "redirect" in spec:
        address = f"sip:{spec['redirect']}@{HOST}"
        return Behaviour(reject=302, contact=address, after=spec.get("after", 0.0))
    return Behaviour(
        answer=spec.get("answer"),
        reject=spec.get("refuse"),
        after=spec.get("after", 0.0),
        silent=spec.get("dead", False),
        hang_up=spec.get("hang_up"),
        press=spec.get("press"),
    )


class Recorder:
    def __init__(self, place: Path) -> None:
        self.switch = FreeSwitch(place)
        self.switch.start()
        users = [
            User(DOMAIN, "1001", "Anna Adler", ("+493012345101",)),
            User(DOMAIN, "1002", "Bernd Böhm"),
        ]
        accounts = [Account(name, "secret", name.partition("-")[0]) for name in ACCOUNTS]
        accounts = [a for a in accounts if a.extension in ("1001", "1002")]
        self.switch.write_directory(directory_xml(DOMAIN, users, accounts))
        self.version = self.switch.socket.api("version short").strip()
        self.listener = socket.create_server((HOST, self.switch.router))
        self.listener.settimeout(10)

    def close(self) -> None:
        self.listener.close()
        self.switch.stop()

    @contextmanager
    def phones(self, specs: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        """The dial URLs of phones that are there."""
        urls: dict[str, str] = {}
        with ExitStack() as stack:
            for name, spec in specs.items():
                outside = name.startswith("+")
                phone = Answering(self.switch.trunk if outside else 0, behaviour(spec))
                stack.callback(phone.close)
                urls[name] = (
                    f"sofia/gateway/trunk/{name}"
                    if outside
                    else f"sofia/internal/sip:{name}@{HOST}:{phone.port}"
                )
            yield urls

    @contextmanager
    def calling(self, spec: Mapping[str, Any]) -> Iterator[Placed]:
        trunk = spec.get("trunk", False)
        port = self.switch.external if trunk else self.switch.internal
        caller = Caller(port, "" if trunk else spec["from"])
        user = spec["from"] if trunk else None
        placed = caller.call(spec["to"], display=spec.get("name"), user=user)
        try:
            yield placed
        finally:
            self.switch.wait_idle()
            caller.close()

    def _act(self, call: Placed, spec: Mapping[str, Any]) -> None:
        if "give_up" in spec:
            time.sleep(spec["give_up"])
            call.cancel()
        elif "hang_up" in spec and call.wait(40) == 200:
            time.sleep(spec["hang_up"])
            call.hang_up()

    def record(self, spec: Mapping[str, Any]) -> tuple[Tape, int]:
        """What one call's socket carried, and the code the caller got."""
        self.switch.wait_idle()
        mode = f" {spec['socket']}" if "socket" in spec else ""
        self.switch._set(eslr_router=f"{HOST}:{self.switch.router}{mode}")
        self.switch.reload()
        with self.phones(spec.get("phones", {})) as urls, self.calling(spec["call"]) as call:
            connection, _ = self.listener.accept()
            tape = Tape(connection)
            acting = threading.Thread(target=self._act, args=(call, spec["call"]))
            acting.start()
            play(tape, with_addresses(spec["router"], urls))
            acting.join()
            code = self._final(call)
            if "hang_up" not in spec["call"] and code == 200 and call.ended is None:
                time.sleep(1)
                if call.ended is None:
                    call.hang_up()
            tape.connection.close()
        return tape, code

    def _final(self, call: Placed) -> int:
        try:
            return call.wait(10)
        except Exception:
            return 0

    def lamps(self) -> bytes:
        """An event link while a telephone watches codes and a colleague, and is shown them."""
        link = Tape(socket.create_connection((HOST, self.switch.events)))
        link.wait(1)
        for said in (b"auth ClueCon\n\n", b"event plain PRESENCE_PROBE\n\n"):
            link.connection.sendall(said)
            link.wait(len(link.frames) + 1)
        phone = Watcher(self.switch.internal, "1001-desk")
        for number, (watched, event) in enumerate(
            [("*30", "dialog"), ("*31", "presence"), ("1002", "dialog"), ("1002", "presence")], 1
        ):
            frames = len(link.frames)
            key = phone.watch(watched, event, call_id=f"key0000{number}@phone")
            link.wait(frames + 1)
            protocol = "code" if watched.startswith("*") else "sip"
            expires = time.time() + 300
            subscription = Subscription(
                f"key0000{number}@phone", DOMAIN, "1001-desk", watched, protocol, expires
            )
            for lamp in Lamp:
                link.connection.sendall(notice(subscription, lamp))
                key.wait(lamp.value, 2)
        key.renew(0)
        time.sleep(0.5)
        link.connection.sendall(b"exit\n\n")
        link.wait_end()
        link.connection.close()
        phone.close()
        return link.sent

    def event_link(self) -> bytes:
        """An event link while a phone registers, a call rings and is answered, and ends."""
        link = Tape(socket.create_connection((HOST, self.switch.events)))
        asked = 0

        def ask(line: str) -> None:
            nonlocal asked
            link.connection.sendall(f"{line}\n\n".encode())
            asked += 1

        def replies() -> int:
            return sum(f.content_type in ("command/reply", "api/response") for f in link.frames)

        def settle() -> None:
            limit = time.monotonic() + 10
            while replies() < asked and time.monotonic() < limit:
                time.sleep(0.02)

        link.wait(1)
        ask("auth ClueCon")
        settle()
        ask("api global_getvar core_uuid")
        settle()
        ask(
            "event plain CHANNEL_CALLSTATE HEARTBEAT CUSTOM "
            "sofia::register sofia::unregister sofia::expire"
        )
        settle()
        phone = Answering(0, Behaviour(answer=1.0, hang_up=1.0))
        soft = Answering(0, Behaviour())
        registrar = Caller(self.switch.internal, "1001-desk")
        other = Caller(self.switch.internal, "1001-soft")
        desk_url = f"sip:1001-desk@{HOST}:{phone.port}"
        assert registrar.register(desk_url) == 200
        assert other.register(f"sip:1001-soft@{HOST}:{soft.port};transport=udp") == 200
        time.sleep(0.6)
        spec = {"from": "1002-desk", "to": "1001"}
        with self.calling(spec):
            connection, _ = self.listener.accept()
            tape = Tape(connection)
            writes = [
                ["connect"],
                [
                    {"set": {"continue_on_fail": "true", "hangup_after_bridge": "true"}},
                    {
                        "execute": [
                            "bridge",
                            "{ignore_early_media=true}"
                            f"[^^~presence_id=1001-desk@{DOMAIN}]sofia/internal/{desk_url},"
                            f"[^^~presence_id=1001-soft@{DOMAIN}]"
                            f"sofia/internal/sip:1001-soft@{HOST}:{soft.port}",
                        ]
                    },
                    "connect",
                ],
            ]
            talking = threading.Thread(target=play, args=(tape, writes))
            talking.start()
            time.sleep(0.6)
            for line in (
                "api strepoch",
                "api show channels as json",
                "api show registrations as json",
            ):
                ask(line)
            settle()
            ask("api uuid_kill 00000000-0000-4000-8000-000000000009")
            settle()
            talking.join()
            tape.connection.close()
        other.register(f"sip:1001-soft@{HOST}:{soft.port};transport=udp", expires=0)
        time.sleep(0.3)
        for line in ("api show channels as json", "api show registrations as json"):
            ask(line)
        settle()
        limit = time.monotonic() + 25
        while time.monotonic() < limit and not any(
            b"HEARTBEAT" in frame.body[:40] for frame in link.frames
        ):
            time.sleep(0.1)
        ask("exit")
        link.wait_end()
        link.connection.close()
        for one in (phone, soft, registrar, other):
            one.close()
        return link.sent


def neutral(sent: bytes) -> bytes:
    """The capture without the machine it was made on; lengths of bodies set right."""
    name = socket.gethostname()
    addresses = subprocess.run(
        ["hostname", "-I"], capture_output=True, text=True, check=False
    ).stdout.split()

    def clean(text: bytes) -> bytes:
        text = re.sub(
            rb"(?m)^((?:variable_)?FreeSWITCH-(?:Host|Switch)name|[Hh]ostname): .*$",
            rb"\1: switch",
            text,
        )
        text = re.sub(rb"(?m)^((?:variable_)?FreeSWITCH-IPv4): .*$", rb"\1: 192.0.2.1", text)
        text = re.sub(
            rb"(?m)^((?:variable_)?FreeSWITCH-IPv6): .*$", rb"\1: 2001%3Adb8%3A%3A1", text
        )
        for address in addresses:
            plain = b"192.0.2.1" if "." in address else b"2001:db8::1"
            text = text.replace(address.encode(), plain)
            text = text.replace(address.replace(":", "%3A").encode(), plain.replace(b":", b"%3A"))
        return re.sub(rb'("hostname":)"' + re.escape(name.encode()) + b'"', rb'\1"switch"', text)

    result = b""
    rest = sent
    while rest:
        head, _, rest = rest.partition(b"\n\n")
        length = re.search(rb"(?m)^Content-Length: (\d+)$", head)
        body = b""
        if length:
            size = int(length[1])
            body, rest = clean(rest[:size]), rest[size:]
            head = head.replace(length[0], b"Content-Length: %d" % len(body))
        result += clean(head) + b"\n\n" + body
    return result


def main(names: list[str]) -> None:
    calls = yaml.safe_load((WIRE / "calls.yaml").read_text())
    measured_path = WIRE / "measured.yaml"
    measured = yaml.safe_load(measured_path.read_text()) if measured_path.exists() else {}
    with tempfile.TemporaryDirectory() as place:
        recorder = Recorder(Path(place))
        measured["freeswitch"] = recorder.version
        try:
            for name, spec in calls.items():
                if names and name not in names:
                    continue
                tape, code = recorder.record(spec)
                (WIRE / f"{name}.wire").write_bytes(neutral(tape.sent))
                measured[name] = {
                    "caller": code,
                    "replies": [round(at, 1) for at in tape.replies],
                    "closed": round(tape.closed or 0.0, 1),
                }
                kinds = [frame.content_type or "snapshot" for frame in tape.frames]
                print(f"{name}: {kinds}, caller {code}, {measured[name]}", flush=True)
            if not names or "event-link" in names:
                (WIRE / "event-link.wire").write_bytes(neutral(recorder.event_link()))
                print("event-link")
            if not names or "lamps" in names:
                (WIRE / "lamps.wire").write_bytes(neutral(recorder.lamps()))
                print("lamps")
        finally:
            recorder.close()
    measured_path.write_text(
        "# Written by `python -m tests.e2e.record`: the code each caller got, and when (seconds\n"
        "# from the switch's connection) replies came and the switch closed.\n"
        + yaml.safe_dump(measured, sort_keys=False, allow_unicode=True)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
