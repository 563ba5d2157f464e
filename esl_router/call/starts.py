"""When FreeSWITCH starts the legs of a ring, as it says in no event.

Each leg starts after its delay. When no started leg is left, the next one starts at once, and each
later one's delay is less by the delay of that one.
"""

from __future__ import annotations

from collections.abc import Mapping


class Starts:
    """The legs that have not ended yet, and the second of the ring at which each starts.

    FreeSWITCH counts whole seconds, and starts a leg within a second after its delay.
    """

    def __init__(self, delays: Mapping[str, int]) -> None:
        self._seconds: dict[str, float] = dict(delays)

    def ended(self, uuid: str, second: float) -> Mapping[str, float]:
        """This leg has ended at this second: the legs that now start at another one, and at which.
        A leg that is not known, or whose end was not heard, brings nobody forward."""
        if self._seconds.pop(uuid, None) is None or not self._seconds:
            return {}
        soonest = min(self._seconds.values())
        if soonest <= second:
            return {}
        self._seconds = {
            each: max(second, start - soonest) for each, start in self._seconds.items()
        }
        return dict(self._seconds)
