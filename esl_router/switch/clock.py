"""Time of the simulated switch: real, or faster."""

from __future__ import annotations

import time

import gevent


class Clock:
    """``speed`` seconds of the simulated world pass in one real second.

    The simulated instants begin at the real ones, so they can stand in an event's date.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("time goes forward")
        self.speed = speed
        self._epoch = time.time()
        self._started = time.monotonic()

    def now(self) -> float:
        """Simulated seconds since the epoch."""
        return self._epoch + (time.monotonic() - self._started) * self.speed

    def real(self, seconds: float) -> float:
        """How long ``seconds`` of the simulated world take in the real one."""
        return max(0.0, seconds / self.speed)

    def sleep(self, seconds: float) -> None:
        """Wait ``seconds`` of the simulated world."""
        gevent.sleep(self.real(seconds))
