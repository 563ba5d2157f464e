"""Executives and their assistants: the users a scenario takes, and their rules.

Executive 61n0 has the direct number +4930123461n0 and the assistants 61n1 and 61n2.
"""

from __future__ import annotations

from typing import Any

from tests.e2e.diverted import somebody
from tests.e2e.lines import Line
from tests.e2e.stage import Stage, company, person

CALLERS = {f"u{extension}": person(str(extension), "a") for extension in ("1900", "1901")}


def pool(extension: int, *assistants: int | dict[str, Any], **more: Any) -> dict[str, Any]:
    """An executive of a rules file; his assistants are the next two users where none is named."""
    named = assistants or (extension + 1, extension + 2)
    listed = [each if isinstance(each, dict) else {"user": str(each)} for each in named]
    return {str(extension): {"assistants": listed, **more}}


def people(*extensions: int, **more: dict[str, Any]) -> dict[str, Any]:
    """An executive and two assistants each, with one phone and a direct number; ``more`` replaces
    some of them: u6110=person(…)."""
    made: dict[str, Any] = {}
    for extension in extensions:
        for number in (extension, extension + 1, extension + 2):
            made |= somebody(number)
    return {**CALLERS, **made, **more}


def rules(users: dict[str, Any], executives: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for each in executives:
        merged |= each
    return {**company(**users), "executives": merged, **more}


def phones(stage: Stage, extension: int, **behaviour: Any) -> tuple[Line, Line, Line]:
    """The phones of an executive and of his two assistants."""
    first, second, third = (
        stage.line(f"{number}-a", **behaviour)
        for number in (extension, extension + 1, extension + 2)
    )
    return first, second, third
