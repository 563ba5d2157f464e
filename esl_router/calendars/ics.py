"""When somebody is busy, out of iCalendar (RFC 5545): bytes in, instants out.

Recurrences, exceptions to them, time zones and the nights in which the clock changes are the work
of ``icalendar`` and ``recurring-ical-events``. Here it is decided what counts (M5, M9, M11).
Nothing of an event leaves this module but when it begins and when it ends (M10): no message of a
parser either, for it may quote the line that it stumbled over.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from esl_router.errors import CalendarError

MOST_EVENTS = 20_000
"""Events in one calendar; one with more is refused."""

# Nobody meets every minute: such a rule is a mistake, and would take minutes to go through.
_TOO_OFTEN = ("SECONDLY", "MINUTELY")

Span = tuple[datetime, datetime]
"""From, to: aware, half open."""


@dataclass(frozen=True, slots=True)
class Counting:
    """What counts as busy."""

    timezone: str
    """The user's: of times without a zone, and of whole days."""

    address: str | None = None
    """His mail address, by which his own answer to an invitation is found."""

    all_day: str = "ignore"
    """``ignore``, ``busy``, or ``free``: on such a day nothing else counts either."""

    tentative: bool = False
    """Whether what he has not accepted yet counts."""

    merge_gap: timedelta = timedelta(0)
    """A gap that is shorter counts as busy, too."""

    padding: timedelta = timedelta(0)
    """By how much each appointment begins earlier and ends later."""


def busy(
    texts: Iterable[bytes], counting: Counting, since: datetime, until: datetime
) -> list[Span]:
    """When he is busy between two instants: spans apart from each other, in their order, in UTC.
    Those that reach beyond are whole.

    ``texts`` are iCalendar objects, of which all count. An event that cannot be understood is
    left out; raises CalendarError when a text is no calendar at all.
    """
    zone = ZoneInfo(counting.timezone)
    spans: list[Span] = []
    free: list[Span] = []
    reach = counting.padding
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for text in texts:
            for calendar in _parse(text):
                for span, whole_day in _counted(
                    calendar, counting, zone, since - reach, until + reach
                ):
                    (free if whole_day and counting.all_day == "free" else spans).append(span)
    apart = list(_without(union(spans), union(free)))
    padded = ((begin - counting.padding, end + counting.padding) for begin, end in apart)
    return [
        (begin, end)
        for begin, end in union(padded, counting.merge_gap)
        if end > since and begin < until
    ]


def edges(spans: Iterable[Span]) -> tuple[int, ...]:
    """Spans as the seconds since the epoch at which they begin and end, by turns."""
    return tuple(int(instant.timestamp()) for span in spans for instant in span)


def union(spans: Iterable[Span], gap: timedelta = timedelta(0)) -> list[Span]:
    """Spans that overlap, meet, or have a gap shorter than ``gap`` between them, as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and (begin <= found[-1][1] or begin - found[-1][1] < gap):
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found


def _without(spans: Iterable[Span], free: list[Span]) -> Iterator[Span]:
    """What is left of ``spans`` where nothing of ``free`` is; both in their order, and apart."""
    for begin, end in spans:
        for clear, closed in free:
            if clear < end and closed > begin:
                if begin < clear:
                    yield begin, clear
                begin = max(begin, closed)
        if begin < end:
            yield begin, end


def _parse(text: bytes) -> list[Any]:
    try:
        found = icalendar.Calendar.from_ical(text, multiple=True)
    except Exception:
        raise CalendarError("what is there is no calendar (iCalendar, RFC 5545)") from None
    calendars = [each for each in found if each.name == "VCALENDAR"]
    if not calendars:
        raise CalendarError("what is there is no calendar (iCalendar, RFC 5545)")
    if sum(len(each.subcomponents) for each in calendars) > MOST_EVENTS:
        raise CalendarError(f"the calendar has more than {MOST_EVENTS} events")
    return calendars


def _counted(
    calendar: Any, counting: Counting, zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[tuple[Span, bool]]:
    """The spans that count, each with whether it is of whole days."""
    yield from ((span, False) for span in _free_busy(calendar, counting))
    address = counting.address or _owner(calendar)
    calendar.subcomponents = [
        each for each in calendar.subcomponents if each.name != "VEVENT" or _sane(each)
    ]
    # A calendar without a zone for its floating times means his own: the query asks in it.
    for event in _events(calendar, since.astimezone(zone), until.astimezone(zone)):
        try:
            whole_day = not isinstance(event.start, datetime)
            if not _counts(event, counting, address) or (
                whole_day and counting.all_day == "ignore"
            ):
                continue
            span = _instant(event.start, zone), _instant(event.end, zone)
        except Exception:
            continue
        if span[0] < span[1]:
            yield span, whole_day


def _events(calendar: Any, since: datetime, until: datetime) -> list[Any]:
    try:
        query = recurring_ical_events.of(calendar, skip_bad_series=True)
        return list(query.between(since, until))
    except Exception:
        raise CalendarError("its recurring events make no sense") from None


def _counts(event: Any, counting: Counting, address: str) -> bool:
    """Whether an event makes him busy."""
    status = str(event.get("STATUS", "")).upper()
    shown = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    answer = _answer(event, address)
    if status == "CANCELLED" or answer == "DECLINED":
        return False
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return False
    if shown in ("FREE", "WORKINGELSEWHERE"):
        return False
    open_yet = answer in ("TENTATIVE", "NEEDS-ACTION") or "TENTATIVE" in (status, shown)
    return counting.tentative or not open_yet


def _answer(event: Any, address: str) -> str:
    """His own answer to an invitation; empty: there is none to be found."""
    attendees = event.get("ATTENDEE", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        if address and str(attendee).lower().removeprefix("mailto:") == address:
            return str(attendee.params.get("PARTSTAT", "NEEDS-ACTION")).upper()
    return ""


def _owner(calendar: Any) -> str:
    """Whose calendar it is, where it says so: some servers name it after his address."""
    name = str(calendar.get("X-WR-CALNAME", "")).strip().lower()
    return name if "@" in name else ""


def _free_busy(calendar: Any, counting: Counting) -> Iterator[Span]:
    """The busy times that a server has computed itself (VFREEBUSY)."""
    for component in calendar.walk("VFREEBUSY"):
        entries = component.get("FREEBUSY", [])
        for entry in entries if isinstance(entries, list) else [entries]:
            kind = str(entry.params.get("FBTYPE", "BUSY")).upper()
            if kind == "FREE" or (kind == "BUSY-TENTATIVE" and not counting.tentative):
                continue
            yield entry.start.astimezone(UTC), entry.end.astimezone(UTC)


def _sane(event: Any) -> bool:
    """Whether its recurrences may be worked out: not too often, and none ends before it begins."""
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if any(str(frequency).upper() in _TOO_OFTEN for frequency in rule.get("FREQ", [])):
            return False
    try:
        return "DTEND" not in event or event["DTSTART"].dt <= event["DTEND"].dt
    except Exception:
        return False


def _instant(found: date, zone: ZoneInfo) -> datetime:
    """An instant in UTC; of a day: its midnight where the user is."""
    if not isinstance(found, datetime):
        found = datetime.combine(found, time(), zone)
    elif found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    return found.astimezone(UTC)
