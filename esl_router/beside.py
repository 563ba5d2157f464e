"""What runs beside the workers, in one process: no call waits for any of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from esl_router.settings import Settings

logger = logging.getLogger(__name__)

AGAIN = 10.0
"""Seconds before something that died begins anew."""

BEAT = 1.0


def wanted(settings: Settings) -> bool:
    """Whether anything is to run there."""
    return settings.calendars or settings.contacts or settings.notices


def run(settings: Settings, beat: Callable[[], None]) -> None:
    """Read calendars, copy contacts and tell of missed calls until the process ends."""
    if settings.contacts:
        from esl_router.contacts import sync as directories

        _start("contacts", directories.watch, settings.db)
    if settings.notices:
        from esl_router.notices import delivery

        _start("notices", delivery.watch, settings.db)
    if settings.calendars:
        from esl_router.calendars import sync as calendars

        calendars.watch(settings.db, beat=beat)  # in this thread: it measures by signals
    while True:
        beat()
        time.sleep(BEAT)


def _start(name: str, watch: Callable[[Path], object], path: Path) -> None:
    threading.Thread(target=_forever, args=(name, watch, path), name=name, daemon=True).start()


def _forever(name: str, watch: Callable[[Path], object], path: Path) -> None:
    while True:
        try:
            watch(path)
        except Exception:
            logger.exception("a fault in %s", name)
        time.sleep(AGAIN)
