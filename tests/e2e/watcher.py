"""A telephone whose keys have lamps: it subscribes, and notes what it is shown."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field

from tests.e2e.endpoint import HOST, Caller, Placed
from tests.e2e.sip import Message, digest, wait_until

_ACCEPT = {"dialog": "application/dialog-info+xml", "presence": "application/pidf+xml"}


@dataclass
class Key:
    """One key, what it watches, and every NOTIFY it got."""

    watcher: Watcher
    watched: str
    event: str
    subscription: Placed
    notified: list[tuple[float, Message]] = field(default_factory=list)

    @property
    def states(self) -> list[str]:
        """What the lamp showed, one after the other: ``lit``, ``dark``, ``blinking``."""
        return [_state(message) for _, message in self.notified]

    @property
    def state(self) -> str:
        """What it shows now; empty: it was never told."""
        return self.states[-1] if self.notified else ""

    def wait(self, state: str, seconds: float = 1.0) -> float:
        """Until the lamp shows that: seconds since the epoch."""
        what = f"{self.watched} {state} ({self.subscription.code}), it was {self.states}"
        wait_until(lambda: self.state == state, seconds, what)
        return self.notified[-1][0]

    def renew(self, expires: int = 300) -> None:
        """Subscribe again, as telephones do before it expires; 0: no longer."""
        self.watcher.send_subscribe(self.subscription, expires)


class Watcher(Caller):
    """An account's telephone with keys."""

    def __init__(self, switch_port: int, account: str, password: str = "secret") -> None:
        self.keys: dict[str, Key] = {}
        super().__init__(switch_port, account, password)

    def watch(
        self, watched: str, event: str = "dialog", *, sender: str = "", call_id: str = ""
    ) -> Key:
        """A key that watches; ``sender`` is who its From says it is."""
        call_id = call_id or f"{secrets.token_hex(8)}@{HOST}"
        call = Placed(self, call_id, time.time())
        call.target = f"sip:{watched}@pbx.test"
        call.invite = (
            f"From: <sip:{sender or self.account}@pbx.test>;tag=w{secrets.token_hex(4)}\r\n"
            f"To: <{call.target}>\r\nCall-ID: {call_id}\r\nEvent: {event}\r\n"
            f"Contact: <sip:{self.account}@{HOST}:{self.port}>\r\nAccept: {_ACCEPT[event]}\r\n"
        )
        self.calls[call_id] = call
        self.keys[call_id] = Key(self, watched, event, call)
        self.send_subscribe(call, 300)
        call.wait(5)
        return self.keys[call_id]

    def send_subscribe(self, call: Placed, expires: int, more: str = "") -> None:
        if not more:
            call.retried, call.cseq = False, call.cseq + 1
        self._request(call, "SUBSCRIBE", f"{call.invite}Expires: {expires}\r\n{more}")

    def received(self, message: Message, source: tuple[str, int]) -> None:
        key = self.keys.get(message.call_id)
        if key is None or (message.status and message.method != "SUBSCRIBE"):
            super().received(message, source)
        elif not message.status:
            if message.body:
                key.notified.append((time.time(), message))
            super().received(message, source)
        elif message.status in (401, 407) and not key.subscription.retried:
            self._log_in(key.subscription, message)
        else:
            key.subscription.code, key.subscription.final = message.status, message

    def _log_in(self, call: Placed, refused: Message) -> None:
        call.retried, call.cseq = True, call.cseq + 1
        challenge = refused.get("proxy-authenticate") or refused.get("www-authenticate")
        name = "Proxy-Authorization" if refused.status == 407 else "Authorization"
        value = digest(challenge, "SUBSCRIBE", call.target, self.account, self.password)
        sent = [r.message for r in self.log.records if r.sent and r.message.call_id == call.call_id]
        self.send_subscribe(call, int(sent[-1].get("expires")), f"{name}: {value}\r\n")


def _state(message: Message) -> str:
    if "dialog-info" in message.body:
        found = re.findall(r"<state>(\w+)</state>", message.body)
        names = {"confirmed": "lit", "early": "blinking", "terminated": "dark"}
        return names[found[-1]] if found else "dark"
    if "on-the-phone" not in message.body:
        return "dark"
    return "blinking" if ">Ringing<" in message.body else "lit"
