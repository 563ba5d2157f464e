"""Who takes an assistant's part: he himself, or the colleague to whom he diverts (I10, J10).

Whoever takes it may do with the executive's calls what the assistant may: he passes the filter and
hands callers over, and his can be taken over.
"""

from __future__ import annotations

from esl_router.model.executive import Assistant, Executive
from esl_router.model.presence import TargetKind
from esl_router.model.rules import Rules


def taken_by(assistant: Assistant, domain: str, rules: Rules) -> str | None:
    """The extension of who rings in an assistant's part while he is logged in; None: a number
    outside does."""
    divert = assistant.divert
    if divert is None:
        return assistant.extension
    if divert.kind is not TargetKind.EXTERNAL:
        return divert.value
    owner = rules.owner_of(divert.value)
    return owner[1] if owner is not None and owner[0] == domain else None


def takes(extension: str, executive: Executive, rules: Rules) -> str:
    """As what a user acts for an executive, in words; empty: he does not.

    An assistant does, logged in or not; whoever he diverts to, only while he is logged in.
    """
    if executive.assistant(extension) is not None:
        return f"{extension} is his assistant"
    for assistant in parts(extension, executive, rules):
        return f"{extension} takes the part of his assistant {assistant}"
    return ""


def parts(extension: str, executive: Executive, rules: Rules) -> tuple[str, ...]:
    """The assistants whose part a user takes, in the order of the list."""
    return tuple(
        each.extension
        for each in executive.assistants
        if executive.takes_part(each) and taken_by(each, executive.domain, rules) == extension
    )


def people(executive: Executive, rules: Rules) -> tuple[str, ...]:
    """The users who may have one of his callers on the phone: each assistant, and who takes his
    part."""
    found: dict[str, None] = {}
    for assistant in executive.assistants:
        found[assistant.extension] = None
        other = taken_by(assistant, executive.domain, rules)
        if other is not None and executive.takes_part(assistant):
            found[other] = None
    return tuple(found)
