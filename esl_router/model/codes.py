"""Feature codes: what a user dials to make the router do something for him."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    """What a code does. Which digits stand for it is a setting of the domain."""

    PUSH = "push"
    """Hand the caller of a pool to the executive."""

    ON_BEHALF = "on_behalf"
    """Call somebody on behalf of the executive."""

    STATUS_AVAILABLE = "status_available"
    STATUS_AWAY = "status_away"
    STATUS_DND = "status_dnd"
    STATUS_LUNCH = "status_lunch"
    STATUS_BUSINESS_TRIP = "status_business_trip"
    STATUS_MEETING = "status_meeting"
    """One's own status."""

    BUSY_ON_BUSY = "busy_on_busy"
    """One's own busy on busy."""

    TEAM_LOGIN = "team_login"
    """One's own login to a team, whose number follows."""

    ASSISTANT_LOGIN = "assistant_login"
    """One's own login as an assistant; the executive's number follows where there are several."""

    RETRIEVE = "retrieve"
    """Take over the caller with whom an assistant of one's own talks."""


USUAL = {
    Code.PUSH: "*63",
    Code.ON_BEHALF: "*64",
    Code.RETRIEVE: "*65",
    Code.STATUS_AVAILABLE: "*30",
    Code.STATUS_AWAY: "*31",
    Code.STATUS_DND: "*32",
    Code.STATUS_LUNCH: "*33",
    Code.STATUS_BUSINESS_TRIP: "*34",
    Code.STATUS_MEETING: "*35",
    Code.BUSY_ON_BUSY: "*36",
    Code.TEAM_LOGIN: "*37",
    Code.ASSISTANT_LOGIN: "*38",
}
"""The digits where a domain sets no others."""


def read(dialled: str, codes: Mapping[Code, str]) -> tuple[Code, str] | None:
    """The code that was dialled and what was dialled behind it; None: it is none."""
    for code, digits in codes.items():
        if dialled.startswith(digits):
            return code, dialled.removeprefix(digits)
    return None
