"""The words that the router itself puts on telephones, in the language of the company (I4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labels:
    """What phones show that nobody has written."""

    anonymous: str
    """In the place of the name of a caller who withholds it; plain ASCII: dial strings hold it."""

    recall: str
    """Before the name of a caller who comes back."""


LABELS: Mapping[str, Labels] = {
    "en": Labels("Anonymous", "Recall: "),
    "de": Labels("Anonym", "Rückruf: "),
}
"""Language (``settings.language``) -> its words."""
