"""An entry of the history in sentences, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from esl_router.model.actor import Actor, Kind, Source

if TYPE_CHECKING:
    from esl_router.store.history import Entry
    from esl_router.store.objects import Edit

_WHERE = {
    Source.CLI: "",
    Source.PHONE: " from a phone",
    Source.CALENDAR: " by a calendar",
    Source.IMPORT: " by an import",
}

_LONGEST = 120
"""Characters of a value that stands in a sentence."""


def sentences(entry: Entry, edits: Sequence[Edit], most: int | None = None) -> list[str]:
    """Who changed what, a line for each change if there are several; ``most``: not more of them."""
    who = f"{_who(entry.by)}{_WHERE[entry.by.source]}"
    if entry.undoes is not None:
        who = f"{who} took back entry {entry.undoes}"
    said = [each for each in map(_what, _worth_saying(edits)) if each]
    if len(said) == 1:
        return [f"{who}: {said[0]}."]
    shown = said[:most]
    lines = [f"{who}: {len(said)} changes.", *(f"  {each}" for each in shown)]
    if len(said) > len(shown):
        more = len(said) - len(shown)
        lines.append(f"  … and {more} more: esl-router history show {entry.number}")
    return lines


def record(entry: Entry, edits: Sequence[Edit]) -> dict[str, Any]:
    """The entry as JSON knows it."""
    return {
        "entry": entry.number,
        "at": datetime.fromtimestamp(entry.at).astimezone().isoformat(timespec="milliseconds"),
        "domain": entry.domain,
        "by": {
            "kind": entry.by.kind.value,
            "name": entry.by.name,
            "source": entry.by.source.value,
        },
        "undoes": entry.undoes,
        "undone_by": entry.undone_by,
        "changes": [
            {
                "path": ".".join(edit.full_path),
                "before": edit.before,
                "after": edit.after,
                "reordered": edit.reordered,
            }
            for edit in edits
        ],
    }


def _who(by: Actor) -> str:
    match by.kind:
        case Kind.USER:
            return f"User {by.name}"
        case Kind.ADMINISTRATOR:
            return f"Administrator {by.name}"
        case Kind.ROUTER:
            return "The router"


def _worth_saying(edits: Sequence[Edit]) -> Iterator[Edit]:
    """Without what goes without saying: marks, and that something stands there that says more."""
    paths = [edit.full_path for edit in edits]
    for number, edit in enumerate(edits):
        path = edit.full_path
        bare = {} in (edit.before, edit.after)
        says_more = number + 1 < len(paths) and paths[number + 1][: len(path)] == path
        if path[-1] != "user_set" and not (bare and says_more):
            yield edit


def _what(edit: Edit) -> str:
    from esl_router.store.objects import called, secrets_in

    if edit.section == "domain":
        return f"domain added, with {_counts(edit.after)}" if edit.after else "domain removed"
    thing = called(edit.full_path)
    if edit.reordered:
        return f"{thing} in another order: {_shown(edit.after)}"
    if edit.before is None:
        word = "added:" if isinstance(edit.after, dict) else "set to"
        return f"{thing} {word} {_shown(edit.after)}"
    if edit.after is None:
        word = "removed," if isinstance(edit.before, dict) else "set back to the default,"
        return f"{thing} {word} it was {_shown(edit.before)}"
    if any(secrets_in(edit.after, edit.path)) and edit.before == edit.after:
        return f"{thing} changed"
    return f"{thing} changed from {_shown(edit.before)} to {_shown(edit.after)}"


def _counts(found: dict[str, int]) -> str:
    said = [f"{count} {what[:-1] if count == 1 else what}" for what, count in found.items()]
    return f"{', '.join(said[:-1])} and {said[-1]}"


def _shown(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        text = ", ".join(value) or "nothing"
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
