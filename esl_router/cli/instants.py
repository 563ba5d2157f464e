"""Instants and durations as people write them on the command line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import click

_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?")


def instant(text: str, zone: str, option: str) -> datetime:
    """The instant that ``text`` (ISO 8601) means, in ``zone`` unless it names one itself."""
    try:
        found = datetime.fromisoformat(text)
        found = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
        if not 1970 <= found.year <= 9998:  # what every zone can show
            raise ValueError
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no instant: write it as 2026-12-24T15:00", param_hint=option
        ) from None
    return found


def duration(text: str, option: str) -> timedelta:
    """The time that ``text`` means: 90m, 2h30m, 1d. A day is 24 hours."""
    found = _DURATION.fullmatch(text)
    days, hours, minutes, seconds = (
        (int(part or 0) for part in found.groups()) if found else (0,) * 4
    )
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not length:
        raise click.BadParameter(
            f"{text!r} is no length of time: write it as 90m, 2h30m or 1d", param_hint=option
        )
    return length
