"""The rules file: YAML text to a checked document, and back.

Nothing of a file is taken over unless all of it is right; every fault is named, each in a line
that begins with its path (``users.1001.devices.1001-desk.number: …``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from esl_router.errors import RulesFileError
from esl_router.store.rules import references, values, yaml_text
from esl_router.store.rules.forms import Place
from esl_router.store.rules.layout import RULES, Document

_MOST_PROBLEMS = 200


def load(text: str | bytes) -> Document:
    """The document in the text of a rules file; RulesFileError with every fault in it."""
    return check(yaml_text.read(text))


def check(data: Any) -> Document:
    """The document in the data of a rules file; RulesFileError with every fault in it."""
    if not isinstance(data, Mapping):
        raise RulesFileError(
            [f"the file must hold a mapping that begins with domain:, not {values.said(data)}"]
        )
    if "domain" not in data:
        # Some other file: its contents are nobody's business here.
        raise RulesFileError(["domain: is missing: a rules file says first which domain it is for"])
    problems: list[str] = []
    rules: Document = RULES.read(data, Place("", _country(data), problems))
    # Between parts that are themselves wrong, every reference would seem to be wrong too.
    problems = problems or references.check(rules)
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        raise RulesFileError(
            [*problems[:_MOST_PROBLEMS], *([f"… and {more} more"] if more > 0 else [])]
        )
    return rules


def dump(rules: Document) -> str:
    """The text of a rules file that :func:`load` reads as ``rules``."""
    written = RULES.write(rules)
    parts = [yaml_text.write({name: part}) for name, part in written.items()]
    return "\n".join(parts)


def _country(data: Mapping[str, Any]) -> str:
    """Whose dialling rules read the file's numbers; a wrong one is reported where it stands."""
    settings = data.get("settings")
    country = settings.get("country", "DE") if isinstance(settings, Mapping) else "DE"
    try:
        return str(values.country_code(country, ""))
    except ValueError:
        return "DE"
