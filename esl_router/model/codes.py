"""Feature codes: what a user dials to make the router do something for him."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """What a code does. Which digits stand for it is a setting of the domain."""

    PUSH = "push"
    """Hand the caller of a pool to the executive."""

    ON_BEHALF = "on_behalf"
    """Call somebody on behalf of the executive."""


USUAL = {Code.PUSH: "*63", Code.ON_BEHALF: "*64"}
"""The digits where a domain sets no others."""
