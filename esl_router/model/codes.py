"""Feature codes: what a user dials to make the router do something for him."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    BUSY_ON_BUSY_OFF = "busy_on_busy_off"
    """One's own busy on busy."""

    TEAM_LOGIN = "team_login"
    TEAM_LOGOUT = "team_logout"
    """One's own login to a team, whose number follows where there are several."""

    ASSISTANT_LOGIN = "assistant_login"
    ASSISTANT_LOGOUT = "assistant_logout"
    """One's own login as an assistant; the executive's number follows where there are several."""

    RETRIEVE = "retrieve"
    """Take over the caller with whom an assistant of one's own talks."""
    ASSISTANT_DIVERT = "assistant_divert"
    ASSISTANT_DIVERT_OFF = "assistant_divert_off"
    """Who takes one's own part as an assistant."""

    EXECUTIVE_FILTER = "executive_filter"
    EXECUTIVE_FILTER_OFF = "executive_filter_off"
    """The filter of an executive: one's own, or that of whom one assists."""

    FORWARD = "forward"
    FORWARD_OFF = "forward_off"
    FORWARD_INTERNAL = "forward_internal"
    FORWARD_INTERNAL_OFF = "forward_internal_off"
    FORWARD_EXTERNAL = "forward_external"
    FORWARD_EXTERNAL_OFF = "forward_external_off"
    """One's own forward of every call."""

    FORWARD_BUSY = "forward_busy"
    FORWARD_BUSY_OFF = "forward_busy_off"
    FORWARD_NO_ANSWER = "forward_no_answer"
    FORWARD_NO_ANSWER_OFF = "forward_no_answer_off"
    FORWARD_UNREGISTERED = "forward_unregistered"
    FORWARD_UNREGISTERED_OFF = "forward_unregistered_off"
    """Where one's calls go when that happens, unless one's status has another target for it."""

    DEVICE_DND = "device_dnd"
    DEVICE_DND_OFF = "device_dnd_off"
    """Do not disturb of one device."""

    FOLLOW_ME = "follow_me"
    FOLLOW_ME_OFF = "follow_me_off"
    """Whether one device rings along."""

    WORKPLACE_LOGIN = "workplace_login"
    WORKPLACE_LOGOUT = "workplace_logout"
    """One's own login at a workplace: the one whose phone it is, or whose number follows."""

    VOICEMAIL = "voicemail"
    """Hear one's own messages."""


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
    Code.BUSY_ON_BUSY_OFF: "#36",
    Code.TEAM_LOGIN: "*37",
    Code.TEAM_LOGOUT: "#37",
    Code.ASSISTANT_LOGIN: "*38",
    Code.ASSISTANT_LOGOUT: "#38",
    Code.ASSISTANT_DIVERT: "*39",
    Code.ASSISTANT_DIVERT_OFF: "#39",
    Code.EXECUTIVE_FILTER: "*61",
    Code.EXECUTIVE_FILTER_OFF: "#61",
    Code.FORWARD: "*21",
    Code.FORWARD_OFF: "#21",
    Code.FORWARD_INTERNAL: "*22",
    Code.FORWARD_INTERNAL_OFF: "#22",
    Code.FORWARD_EXTERNAL: "*23",
    Code.FORWARD_EXTERNAL_OFF: "#23",
    Code.FORWARD_BUSY: "*27",
    Code.FORWARD_BUSY_OFF: "#27",
    Code.FORWARD_NO_ANSWER: "*28",
    Code.FORWARD_NO_ANSWER_OFF: "#28",
    Code.FORWARD_UNREGISTERED: "*29",
    Code.FORWARD_UNREGISTERED_OFF: "#29",
    Code.DEVICE_DND: "*25",
    Code.DEVICE_DND_OFF: "#25",
    Code.FOLLOW_ME: "*26",
    Code.FOLLOW_ME_OFF: "#26",
    Code.WORKPLACE_LOGIN: "*40",
    Code.WORKPLACE_LOGOUT: "#40",
    Code.VOICEMAIL: "*98",
}
"""The digits where a domain sets no others."""


class Argument(StrEnum):
    """What may be dialled behind a code; each may be left out, but for the number of a divert."""

    NONE = ""
    HOURS = "hours"
    CALLS = "calls"
    DEVICE = "device"
    """The place of a device in its owner's list; 1 is the first."""

    TEAM = "team"
    EXECUTIVE = "executive"
    WORKPLACE = "workplace"
    NUMBER = "number"
    """An extension, or a number outside as it is dialled. A star may stand before it and a # behind
    it, as people know it from their mobiles."""

    FOR_EXECUTIVE = "executive*number"
    """A number; where there are several executives, his number and a star before it."""


_HOLDS = {
    Argument.NONE: "",
    Argument.HOURS: "0123456789",
    Argument.CALLS: "0123456789",
    Argument.DEVICE: "0123456789",
    Argument.TEAM: "0123456789",
    Argument.EXECUTIVE: "0123456789",
    Argument.WORKPLACE: "0123456789",
    Argument.NUMBER: "0123456789*#",
    Argument.FOR_EXECUTIVE: "0123456789*#",
}
"""The characters that may stand in an argument."""

TAKES = {
    **dict.fromkeys(Code, Argument.NONE),
    **{code: Argument.HOURS for code in Code if code.value.startswith("status_")},
    Code.PUSH: Argument.EXECUTIVE,
    Code.ON_BEHALF: Argument.FOR_EXECUTIVE,
    Code.BUSY_ON_BUSY: Argument.CALLS,
    Code.TEAM_LOGIN: Argument.TEAM,
    Code.TEAM_LOGOUT: Argument.TEAM,
    Code.ASSISTANT_LOGIN: Argument.EXECUTIVE,
    Code.ASSISTANT_LOGOUT: Argument.EXECUTIVE,
    Code.ASSISTANT_DIVERT: Argument.FOR_EXECUTIVE,
    Code.ASSISTANT_DIVERT_OFF: Argument.EXECUTIVE,
    Code.EXECUTIVE_FILTER: Argument.EXECUTIVE,
    Code.EXECUTIVE_FILTER_OFF: Argument.EXECUTIVE,
    Code.WORKPLACE_LOGIN: Argument.WORKPLACE,
    Code.FORWARD: Argument.NUMBER,
    Code.FORWARD_INTERNAL: Argument.NUMBER,
    Code.FORWARD_EXTERNAL: Argument.NUMBER,
    Code.FORWARD_BUSY: Argument.NUMBER,
    Code.FORWARD_NO_ANSWER: Argument.NUMBER,
    Code.FORWARD_UNREGISTERED: Argument.NUMBER,
    Code.DEVICE_DND: Argument.DEVICE,
    Code.DEVICE_DND_OFF: Argument.DEVICE,
    Code.FOLLOW_ME: Argument.DEVICE,
    Code.FOLLOW_ME_OFF: Argument.DEVICE,
}
"""What each code takes."""


def read(dialled: str, codes: Mapping[Code, str]) -> tuple[Code, str] | None:
    """The code that was dialled and what was dialled behind it; None: it is none.

    Of several codes that what was dialled begins with, the longest one is meant.
    """
    found = [
        (code, argument)
        for code, digits in codes.items()
        if dialled.startswith(digits)
        and set(argument := dialled.removeprefix(digits)) <= set(_HOLDS[TAKES[code]])
    ]
    return min(found, key=lambda each: len(each[1]), default=None)


def clashes(codes: Mapping[Code, str]) -> Iterator[tuple[Code, Code]]:
    """The pairs of codes of which the first could be meant where the second is dialled."""
    for code, digits in codes.items():
        for other, longer in codes.items():
            if code is other or not longer.startswith(digits):
                continue
            # What is dialled behind a longer code is behind the shorter one, too.
            if set(longer.removeprefix(digits)) <= set(_HOLDS[TAKES[code]]):
                yield code, other
