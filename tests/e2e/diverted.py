"""Calls that are redirected: the users it takes, and what it looks like from outside.

Extension 1234 has the direct number +493012341234, and its phone the account 1234-a.
"""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.endpoint import Placed
from tests.e2e.sip import Ringing, wait_until
from tests.e2e.stage import Stage, person

STRANGER = "+4930765432"
"""Somebody outside."""

AT_ONCE = 1.0
"""Seconds within which a call is where no phone had to ring for it."""

ORIGINS = ("internal", "external")


def direct(extension: int | str) -> str:
    return f"+49301234{extension}"


def somebody(extension: int, *devices: str, **more: Any) -> dict[str, dict[str, Any]]:
    """``u1234=person(…)`` with a direct number; one device where none is named."""
    made = person(str(extension), *(devices or ("a",)), number=direct(extension), **more)
    return {f"u{extension}": made}


def away(target: str | None = None, *, status: str = "away") -> dict[str, Any]:
    """Presence: sends every call to ``target``."""
    profile = {origin: {"always": target} if target else {} for origin in ORIGINS}
    return {"status": status, "profiles": {status: profile}}


def reachable(**forwards: str) -> dict[str, Any]:
    """Presence: available, with these forwards for calls from everywhere."""
    return {"profiles": {"available": {origin: dict(forwards) for origin in ORIGINS}}}


def mailbox(stage: Stage, dialled: int | str, how: str = "default pbx.test") -> str:
    """Whose box the caller who dialled that number is in, by what the switch is executing.

    ``how``: it takes a message. With ``check auth`` before it, it is the owner who hears his own.
    """

    def found() -> list[list[str]]:
        rows = json.loads(stage.switch.socket.api("show channels as json")).get("rows", [])
        return [
            row["application_data"].rsplit(" ", 1)
            for row in rows
            if row["application"] == "voicemail" and row["dest"] == str(dialled)
        ]

    said, owner = wait_until(found, 5, f"{dialled} is answered by a mailbox")[0]
    assert said == how
    return owner


def diverted_by(extension: int | str, ringings: list[Ringing]) -> list[Ringing]:
    """Those that were redirected on that user's behalf."""
    return [
        each for each in ringings if f"sip:{direct(extension)}@" in each.invite.get("diversion")
    ]


def diversion(extension: int, reason: str, counter: int, *, privacy: str = "off") -> str:
    user = f"sip:{direct(extension)}@pbx.test"
    return f"<{user}>;reason={reason};privacy={privacy};counter={counter}"


def reaches_the_mailbox_of(stage: Stage, call: Placed, dialled: int | str, owner: int) -> None:
    assert call.wait(5) == 200
    assert call.at is not None
    assert call.at < AT_ONCE
    assert mailbox(stage, dialled) == str(owner)
    call.hang_up()


def send_on(stage: Stage, shown: str, number: int) -> None:
    """The caller who shows that number is transferred."""

    def legs() -> list[str]:
        rows = stage.switch.socket.api("show channels").splitlines()
        return [row.split(",")[0] for row in rows if ",inbound," in row and shown in row]

    leg = wait_until(legs, 5, "the caller's leg is listed")[0]
    stage.switch.socket.api(f"uuid_transfer {leg} {number} XML internal")
