"""``KEY=VALUE`` on the command line: any key of the rules file, its value as a file writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click


def _read(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> dict[str, Any]:
    from esl_router.errors import RulesFileError
    from esl_router.store.rules import yaml_text

    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise click.UsageError(f"{word!r} is no KEY=VALUE")
        try:
            found[key] = yaml_text.read(value) if value else None
        except RulesFileError as error:
            raise RulesFileError([f"{key}: {problem}" for problem in error.problems]) from None
    return found


PAIRS = click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...", callback=_read)


def given(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """``settings``, where there is something to set."""
    if not settings:
        raise click.UsageError("say what to set: an option, or KEY=VALUE")
    return settings
