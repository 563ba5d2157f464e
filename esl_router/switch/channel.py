"""A channel of the simulated switch: its variables, its states, and the headers that show it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote

from esl_router import variables
from esl_router.switch.encoding import array
from esl_router.switch.phones import CODE, CallScript

_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")
_STATE_NUMBER = {
    "DOWN": 0,
    "DIALING": 1,
    "RINGING": 2,
    "EARLY": 3,
    "ACTIVE": 4,
    "HELD": 5,
    "RING_WAIT": 6,
    "HANGUP": 7,
    "UNHELD": 8,
}


def new_uuid() -> str:
    return str(uuid.uuid4())


def true(value: str | None) -> bool:
    """Whether a variable's value is one of the words that FreeSWITCH takes for yes."""
    return (value or "").lower() in ("true", "yes", "on", "1", "enabled")


def _profile(text: str) -> str:
    """A caller's text in the caller profile: FreeSWITCH disarms ``${`` and control characters
    there, but for line ends."""
    return _CONTROL.sub(" ", text).replace("${", "%{")


def dates(now: float) -> Iterator[tuple[str, str]]:
    """The date headers of an event."""
    moment = datetime.fromtimestamp(now, UTC)
    yield "Event-Date-Local", moment.strftime("%Y-%m-%d %H:%M:%S")
    yield "Event-Date-GMT", moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
    yield "Event-Date-Timestamp", str(int(now * 1_000_000))


@dataclass(slots=True)
class Channel:
    """One leg of a call."""

    uuid: str
    inbound: bool
    name: str
    """``sofia/internal/1001-desk@pbx.test``"""

    number: str
    """The caller's number as it stands in this leg's caller profile."""

    display: str
    destination: str
    context: str
    created: float
    username: str = ""
    presence: str = ""
    call_uuid: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    state: str = "RINGING"
    answered: float = 0.0
    ended: float = 0.0
    cause: str = "NONE"
    other: Channel | None = None
    application: str = ""
    argument: str = ""

    @property
    def alive(self) -> bool:
        return self.state != "HANGUP"

    @property
    def code(self) -> int:
        """The SIP status the caller has got."""
        return 200 if self.answered else CODE.get(self.cause, 480)

    def set(self, name: str, value: str) -> None:
        """Set a variable; an empty value unsets it."""
        if value:
            self.variables[name] = value
        else:
            self.variables.pop(name, None)

    def push(self, name: str, value: str) -> None:
        """Add an element to a list variable."""
        old = self.variables.get(name)
        elements = [] if not old else old.removeprefix("ARRAY::").split("|:")
        self.variables[name] = array([*elements, value])

    def true(self, name: str) -> bool:
        return true(self.variables.get(name))

    def headers(self) -> Iterator[tuple[str, str]]:
        """The headers by which every event shows this channel."""
        direction = "inbound" if self.inbound else "outbound"
        yield "Channel-State", self._core_state
        yield "Channel-Call-State", self.state
        yield (
            "Channel-State-Number",
            {"CS_EXECUTE": "4", "CS_HANGUP": "10"}.get(self._core_state, "7"),
        )
        yield "Channel-Name", self.name
        yield "Unique-ID", self.uuid
        yield "Call-Direction", direction
        yield "Presence-Call-Direction", direction
        yield "Channel-HIT-Dialplan", "true" if self.inbound else "false"
        if self.presence:
            yield "Channel-Presence-ID", self.presence
        if data := self.variables.get(variables.PRESENCE_DATA):
            yield "Channel-Presence-Data", data
        yield "Channel-Call-UUID", self.call_uuid or self.uuid
        yield "Answer-State", self._answer_state
        if self.cause != "NONE":
            yield "Hangup-Cause", self.cause
        yield from self._parties("Caller")
        if self.other is not None:
            yield "Other-Type", "originator" if self.other.inbound else "originatee"
            yield from self.other._parties("Other-Leg")

    @property
    def _core_state(self) -> str:
        if not self.alive:
            return "CS_HANGUP"
        return "CS_EXECUTE" if self.inbound else "CS_CONSUME_MEDIA"

    @property
    def _answer_state(self) -> str:
        if not self.alive:
            return "hangup"
        return "answered" if self.answered else "ringing"

    def _parties(self, prefix: str) -> Iterator[tuple[str, str]]:
        direction = "inbound" if self.inbound else "outbound"
        yield f"{prefix}-Direction", direction
        yield f"{prefix}-Logical-Direction", direction
        yield f"{prefix}-Username", self.username or self.number
        yield f"{prefix}-Dialplan", "XML"
        yield f"{prefix}-Caller-ID-Name", self.display
        yield f"{prefix}-Caller-ID-Number", self.number
        yield f"{prefix}-Orig-Caller-ID-Name", self.display
        yield f"{prefix}-Orig-Caller-ID-Number", self.number
        yield f"{prefix}-Network-Addr", "127.0.0.1"
        yield f"{prefix}-ANI", self.number
        yield f"{prefix}-Destination-Number", self.destination
        yield f"{prefix}-Unique-ID", self.uuid
        yield f"{prefix}-Source", "mod_sofia"
        yield f"{prefix}-Context", self.context
        yield f"{prefix}-Channel-Name", self.name
        yield f"{prefix}-Profile-Index", "1"
        for what, at in (
            ("Profile-Created", self.created),
            ("Channel-Created", self.created),
            ("Channel-Answered", self.answered),
            ("Channel-Progress", 0.0),
            ("Channel-Progress-Media", 0.0),
            ("Channel-Hangup", self.ended),
            ("Channel-Transfer", 0.0),
            ("Channel-Resurrect", 0.0),
            ("Channel-Bridged", 0.0),
        ):
            yield f"{prefix}-{what}-Time", str(int(at * 1_000_000))
        yield f"{prefix}-Channel-Last-Hold", "0"
        yield f"{prefix}-Channel-Hold-Accum", "0"
        yield f"{prefix}-Screen-Bit", "true"
        yield f"{prefix}-Privacy-Hide-Name", "false"
        yield f"{prefix}-Privacy-Hide-Number", "false"

    def snapshot(self) -> Iterator[tuple[str, str]]:
        """What ``connect`` answers with, after the headers of every event."""
        yield from self._parties("Channel")
        yield from self.headers()
        for name, value in self.variables.items():
            yield f"variable_{name}", value
        yield "variable_current_application_data", self.argument
        yield "variable_current_application", self.application
        yield "variable_socket_host", "127.0.0.1"

    def call_state(self) -> Iterator[tuple[str, str]]:
        """A CHANNEL_CALLSTATE event, after its common headers."""
        yield "Channel-Call-State-Number", str(_STATE_NUMBER[self.state])
        yield from self.headers()
        if self.variables.get("execute_on_originate") == "verbose_events":
            for name, value in self.variables.items():
                yield f"variable_{name}", value

    def row(self) -> dict[str, str]:
        """Its line in ``show channels as json``."""
        return {
            "uuid": self.uuid,
            "direction": "inbound" if self.inbound else "outbound",
            "created_epoch": str(int(self.created)),
            "name": self.name,
            "state": self._core_state,
            "cid_name": self.display,
            "cid_num": self.number,
            "ip_addr": "127.0.0.1",
            "dest": self.destination,
            "application": self.application,
            "application_data": self.argument,
            "dialplan": "XML",
            "context": self.context,
            "presence_id": self.presence,
            "presence_data": self.variables.get(variables.PRESENCE_DATA, ""),
            "callstate": self.state,
            "call_uuid": self.call_uuid,
            "initial_cid_name": self.display,
            "initial_cid_num": self.number,
            "initial_dest": self.destination,
            "initial_context": self.context,
        }


def incoming(script: CallScript, domain: str, now: float) -> Channel:
    """The caller's leg, with what FreeSWITCH and the shipped dialplan set on it."""
    profile = "external" if script.trunk else "internal"
    extension = script.caller.partition("-")[0]
    destination = _profile(unquote(script.number))
    name = script.name if script.name is not None else script.caller
    channel = Channel(
        uuid=new_uuid(),
        inbound=True,
        name=f"sofia/{profile}/{script.caller}@{domain}",
        number=_profile(script.caller),
        display=_profile(name),
        destination=destination,
        context="public" if script.trunk else "internal",
        created=now,
        username=script.caller,
        presence=f"{script.caller}@{domain}",
    )
    variables = {
        "direction": "inbound",
        "uuid": channel.uuid,
        "sip_from_user": script.caller,
        "sip_from_host": domain,
        "channel_name": channel.name,
        "sip_network_ip": "127.0.0.1",
        # FreeSWITCH says so of a call that an access list let in, too: without a user's name.
        "sip_authorized": "true",
    }
    if script.trunk:
        variables["sip_acl_authed_by"] = "trunk"
    else:
        variables |= {
            "sip_auth_username": script.caller,
            "sip_auth_realm": domain,
            "user_context": "internal",
            "effective_caller_id_number": extension,
            "user_name": script.caller,
            "domain_name": domain,
        }
    variables |= {
        "sofia_profile_name": profile,
        "sip_req_user": destination,
        "sip_to_user": destination,
        "max_forwards": "70",
        "presence_id": channel.presence,
        "endpoint_disposition": "DELAYED NEGOTIATION",
        "call_uuid": channel.uuid,
        "app_disable_expand_variables": "true",
        "continue_on_fail": "true",
        "hangup_after_bridge": "true",
        "ignore_early_media": "true",
        "sip_ignore_remote_cause": "true",
        "sip_copy_custom_headers": "false",
        "preserve_originated_vars": "false",
        "eslr_origin": "public" if script.trunk else "internal",
    }
    channel.variables = variables
    return channel
