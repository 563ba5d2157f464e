"""What the router does over the event link while phones ring.

The call's own socket is silent until ``bridge`` has ended. Two things cannot wait for that, and
the switch does neither of them by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from esl_router.esl import dialstring
from esl_router.live.state import Watch
from esl_router.model.actions import Outside, Ring

TOO_LATE = "tone_stream://%(150,100,620);%(150,100,480);%(400,200,330);loops=2"
"""What somebody hears who was asked to press 1 when another phone answered: tones that fall."""


class Switch(Protocol):
    """The switch that a call is on, as far as it can be seen and told what to do."""

    def watch(self, uuids: Iterable[str]) -> Watch: ...

    def kill(self, uuids: Iterable[str]) -> None:
        """End ringing legs; their phones are told that the call was completed elsewhere."""
        ...

    def command(self, orders: Iterable[str]) -> None:
        """Run API commands, in their order, without waiting."""
        ...


class Vigil:
    """Follows the legs of one ring.

    *One of a user's own phones refuses the call for all of his* (P4). With a leg through the trunk
    among them, or with other people's phones, the switch cannot end just these (see
    ``esl/dialstring.py``): we do, some 20 ms later.

    *Somebody outside is being asked to press 1, and another phone answers* (P2). The switch would
    hang up on him without a word. So each other leg is told to send him, at its own answer, to a
    short notice. A leg that goes there is the ring's no longer, and is not hung up with the losers.
    """

    def __init__(
        self,
        action: Ring,
        dial: dialstring.Dial,
        switch: Switch,
        on_answer: Callable[[str], object],
    ) -> None:
        self._action = action
        self._dial = dial
        self._switch = switch
        self._on_answer = on_answer

    def keep(self, watch: Watch) -> None:
        """Do so for as long as ``watch`` is open."""
        if not self._dial.enforced:
            watch.on_end = self._ended
        watch.on_answer = self._answered
        if any(leg.confirm for leg in self._action.legs):
            watch.on_end = self._ended

    def _answered(self, uuid: str) -> None:
        self._on_answer(uuid)
        if self._asked(uuid):
            self._tell_others(uuid, f"uuid_transfer {uuid} m:^:{_NOTICE} inline")

    def _ended(self, uuid: str, cause: str) -> None:
        if uuid not in self._dial.legs:
            return
        leg = self._action.legs[self._dial.legs[uuid]]
        if self._asked(uuid):
            self._tell_others(uuid, "")
        scope = leg.decline or self._action.decline
        if (
            not self._dial.enforced
            and cause in dialstring.REJECTS[scope]
            and not isinstance(leg.target, Outside)
        ):
            self._switch.kill(
                [
                    other
                    for other, index in self._dial.legs.items()
                    if other != uuid and self._action.legs[index].owner == leg.owner
                ]
            )

    def _asked(self, uuid: str) -> bool:
        """Whether whoever answers this leg has to press 1."""
        return uuid in self._dial.legs and self._action.legs[self._dial.legs[uuid]].confirm

    def _tell_others(self, uuid: str, order: str) -> None:
        """What each leg that wins by its answer does then; "" takes it back."""
        # Another leg that has to press 1 has not won by its answer.
        others = [other for other in self._dial.legs if not self._asked(other)]
        # A leg may have to tell several who are being asked: each has a variable of its own.
        name = f"api_on_answer_{list(self._dial.legs).index(uuid)}"
        self._switch.command(f"uuid_setvar {other} {name} {order}".rstrip() for other in others)


_NOTICE = f"sleep:200^playback:{TOO_LATE}^hangup:LOSE_RACE"
