"""Another store in the place of one that is in use, as when a backup is brought back."""

from __future__ import annotations

import os
from pathlib import Path

from esl_router.store.database import open_store


def put_in_its_place(path: Path, tmp_path: Path) -> None:
    """Put a new and empty store at ``path``, where somebody has the old one open: what that has
    not taken over from its write-ahead log yet stays beside the new one."""
    other = tmp_path / "other.db"
    open_store(other, create=True).close()
    os.replace(other, path)
