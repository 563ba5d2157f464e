"""Why somebody has missed a call."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why whom the caller wanted did not have the call himself (features.md Q3).

    What became of it afterwards is another matter: a forward that nobody answers is ``forward``.
    """

    NO_ANSWER = "no_answer"
    GAVE_UP = "gave_up"
    """The caller hung up while his phones rang."""

    BUSY = "busy"
    """His phones were, or he is busy on busy."""

    DECLINED = "declined"
    NOT_REACHABLE = "not_reachable"
    """No phone of his was registered; of a team: nobody was there."""

    DND = "dnd"
    FORWARD = "forward"
    """A call forward, a status or a phone of his sent it away."""

    SCHEDULE = "schedule"
    """His office hours or his calendar did."""

    FILTERED = "filtered"
    """It was for his assistants, and none of them took it."""

    BLOCKED = "blocked"
    """His caller list refuses the caller."""

    LOOP = "loop"
    """It was sent away and came round in a circle, or was redirected too often."""
