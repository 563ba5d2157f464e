"""Where a call has been, for the case that it comes back through the trunk (O3)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trail:
    """What goes with a call that leaves through the trunk."""

    visited: tuple[str, ...] = ()
    """The users and teams where it has been, ``extension@domain``."""

    hops: int = 0
    """How often it has been redirected, to this leg included."""
