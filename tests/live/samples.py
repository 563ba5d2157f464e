"""Events and tables as FreeSWITCH 1.10.12 sent them."""

from __future__ import annotations

from pathlib import Path

from esl_router.esl.wire import Frame

DATA = Path(__file__).parent / "data"


def events() -> dict[str, Frame]:
    """The recorded events by the name that stands above each."""
    found = {}
    for block in (DATA / "events.txt").read_text().split("# ")[1:]:
        name, _, headers = block.partition("\n")
        found[name] = Frame(headers.strip().encode())
    return found


def table(name: str) -> bytes:
    return (DATA / f"{name}.json").read_bytes()


def callstate(uuid: str, state: str, **more: str) -> dict[str, str]:
    """A CHANNEL_CALLSTATE of a leg to a phone, unless ``more`` says otherwise."""
    event = {
        "Event-Name": "CHANNEL_CALLSTATE",
        "Unique-ID": uuid,
        "Channel-Call-State": state,
        "Call-Direction": "outbound",
        "Channel-Presence-ID": "1001@pbx.test",
        "Channel-Call-UUID": "call-1",
        "Caller-Caller-ID-Number": "1002",
        "Caller-Destination-Number": "1001",
        "Caller-Context": "internal",
        "Caller-Profile-Index": "1",
    }
    return event | {name.replace("_", "-"): value for name, value in more.items()}


def register(user: str, token: str, contact: str, expires: str = "120") -> dict[str, str]:
    return {
        "Event-Name": "CUSTOM",
        "Event-Subclass": "sofia::register",
        "profile-name": "internal",
        "from-user": user,
        "from-host": "pbx.test",
        "contact": contact,
        "call-id": token,
        "expires": expires,
    }


def unregister(user: str, token: str, contact: str) -> dict[str, str]:
    return register(user, token, contact, "0") | {"Event-Subclass": "sofia::unregister"}


def expire(user: str, token: str, contact: str) -> dict[str, str]:
    return {
        "Event-Name": "CUSTOM",
        "Event-Subclass": "sofia::expire",
        "profile-name": "internal",
        "user": user,
        "host": "pbx.test",
        "contact": contact,
        "call-id": token,
    }
