"""Schedules: the hours in which something is open (M1-M3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Hours:
    """An interval on some days of the week, by the clock on the wall."""

    days: frozenset[int]
    """Days it begins on, Monday is 0."""

    opens: int
    """Minutes after midnight."""

    closes: int
    """Minutes after midnight, the first that is no longer open; not after ``opens``: on the next
    day."""

    @classmethod
    def parse(cls, days: str, opens: str, closes: str) -> Hours:
        """``mon-thu,sat``, ``08:00``, ``17:00``; raises ValueError."""
        found: set[int] = set()
        for part in days.split(","):
            first, _, last = part.strip().partition("-")
            start, end = _DAYS.index(first), _DAYS.index(last or first)
            found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
        return cls(frozenset(found), _minutes(opens), _minutes(closes))


@dataclass(frozen=True, slots=True)
class Schedule:
    name: str
    timezone: str
    hours: tuple[Hours, ...] = ()
    closed: frozenset[date] = frozenset()
    """Days on which nothing opens."""

    holidays: str = ""
    """The region whose public holidays are closed, too (ISO 3166-2: ``DE-BE``)."""

    def is_open(self, now: datetime) -> bool:
        """Whether it is open at ``now`` (aware). An interval is open from its first minute up to
        its last, which is closed."""
        local = now.astimezone(ZoneInfo(self.timezone))
        minute = local.hour * 60 + local.minute
        today, yesterday = local.date(), local.date() - timedelta(days=1)
        for hours in self.hours:
            over_midnight = hours.closes <= hours.opens
            ends = 24 * 60 if over_midnight else hours.closes
            if self._begins(hours, today) and hours.opens <= minute < ends:
                return True
            if over_midnight and self._begins(hours, yesterday) and minute < hours.closes:
                return True
        return False

    def is_closed_day(self, now: datetime) -> bool:
        """Whether ``now`` (aware) falls on a day that is named as closed, or on a holiday."""
        return self._closed(now.astimezone(ZoneInfo(self.timezone)).date())

    def _begins(self, hours: Hours, day: date) -> bool:
        return day.weekday() in hours.days and not self._closed(day)

    def _closed(self, day: date) -> bool:
        return day in self.closed or day in _holidays(self.holidays, day.year)


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


@lru_cache(maxsize=64)
def _holidays(region: str, year: int) -> frozenset[date]:
    if not region:
        return frozenset()
    import holidays  # every country's: not loaded before somebody asks

    country, _, part = region.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
