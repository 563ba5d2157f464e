"""Writing a file so that nobody ever reads half of it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def replace(path: Path, text: str, mode: int = 0o600) -> None:
    """Put ``text`` into the place of the file at ``path``, in one step.

    A file that is there keeps its permissions and, where we may, its owner; a new one gets
    ``mode``. Raises OSError, and leaves the old file as it was.
    """
    path = path.resolve()
    try:
        old = path.stat()
    except FileNotFoundError:
        old = None
    # A name with a dot in front: FreeSWITCH includes *.xml.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        os.chmod(name, mode if old is None else old.st_mode & 0o7777)
        if old is not None and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):
                os.chown(name, old.st_uid, old.st_gid)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
