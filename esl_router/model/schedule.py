"""Schedules: the hours in which something is open (M1-M3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

HORIZON = timedelta(days=400)
"""How far ahead the next change is looked for."""


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
        today = now.astimezone(ZoneInfo(self.timezone)).date()
        spans = (*_spans(self, today - timedelta(days=1)), *_spans(self, today))
        return any(begins <= now < ends for begins, ends in spans)

    def next_change(self, now: datetime) -> datetime | None:
        """The first instant after ``now`` (aware) at which it opens or closes, in its zone.

        None: not within :data:`HORIZON`. An interval that ends where the next begins is no change.
        """
        zone = ZoneInfo(self.timezone)
        today = now.astimezone(zone).date()
        edge: datetime | None = None
        is_open = self.is_open(now)
        for step in range(-1, HORIZON.days):
            for begins, ends in _spans(self, today + timedelta(days=step)):
                if not is_open and begins > now:
                    return begins.astimezone(zone)
                if is_open and edge is not None and begins > edge:
                    return edge.astimezone(zone)
                if is_open and begins <= (edge or now) < ends:
                    edge = ends
        # Open without an end in sight is no change at all.
        far = now + HORIZON - timedelta(days=2)
        return edge.astimezone(zone) if edge is not None and edge < far else None

    def is_closed_day(self, now: datetime) -> bool:
        """Whether ``now`` (aware) falls on a day that is named as closed, or on a holiday."""
        return self._closed(now.astimezone(ZoneInfo(self.timezone)).date())

    def _closed(self, day: date) -> bool:
        """Whether nothing begins on ``day``."""
        return day in self.closed or day in public_holidays(self.holidays, day.year)


@lru_cache(maxsize=4096)
def _spans(schedule: Schedule, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The intervals that begin on ``day``, as instants, in their order."""
    zone = ZoneInfo(schedule.timezone)
    spans = []
    for hours in schedule.hours:
        if day.weekday() not in hours.days or schedule._closed(day):
            continue
        over_midnight = hours.closes <= hours.opens
        last = day + timedelta(days=1) if over_midnight else day
        begins, ends = _instant(day, hours.opens, zone), _instant(last, hours.closes, zone)
        if begins < ends:  # else the clock was put forward past all of it
            spans.append((begins, ends))
    return tuple(sorted(spans))


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock on the wall shows that time of ``day``, or a later
    one: a time that is skipped is when the clock is put forward, one that comes twice its first.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != wall:
        found = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        while found.astimezone(zone).replace(tzinfo=None) < wall:
            found += timedelta(minutes=1)
    return found


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


@lru_cache(maxsize=64)
def public_holidays(region: str, year: int) -> frozenset[date]:
    """The days that are public holidays in a region (ISO 3166-2: ``DE-BE``); none in "".

    The first time a process asks takes some tenths of a second and ten megabytes. Raises
    NotImplementedError for a region that is not known.
    """
    if not region:
        return frozenset()
    import holidays  # every country's: not loaded before somebody asks

    country, _, part = region.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))


@lru_cache(maxsize=256)
def has_holidays(region: str) -> bool:
    """Whether the public holidays of a region are known, so that :func:`public_holidays` says
    them; of "" they are."""
    try:
        public_holidays(region, 2000)
    except NotImplementedError:
        return False
    return True
