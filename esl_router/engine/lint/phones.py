"""Devices and follow-me rows: which of them never ring, or not as they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from esl_router.engine import followme
from esl_router.engine.lint.company import (
    CALLS,
    SET_UP,
    Company,
    Finding,
    Person,
    device_path,
    error,
    row_path,
    warning,
)
from esl_router.model import numbers
from esl_router.model.actions import Leg, Registered
from esl_router.model.people import DeviceKind, FollowMeRow, Origin
from esl_router.model.presence import Status, TargetKind


def unreachable(company: Company) -> Iterator[Finding]:
    """Users whom no call reaches: no phone, no mailbox, no forward, no assistant."""
    for person in company.people.values():
        if not person.devices and company.names.workplaces:
            continue  # he has phones where he logs in
        missing = [each.value for each in CALLS if not takes_calls(person, each, company)]
        if missing:
            yield error(
                person.path,
                f"nothing takes {' and '.join(missing)} calls of {person.extension}: no device of "
                "his rings for them, and he has no voicemail and no forward.",
                "enable a device for them, or give him a voicemail",
            )


def takes_calls(person: Person, origin: Origin, company: Company) -> bool:
    """Whether anything may take a call of this origin to him."""
    presence, executive = person.presence, company.executives.get(person.extension)
    elsewhere = (presence.outside_hours, presence.calendar, presence.messenger)
    targets = [each.forward for each in elsewhere if each is not None]
    targets += [
        target
        for profile in presence.profiles.values()
        for (of, _), target in profile.forwards.items()
        if of is origin
    ]
    forward = person.forwards.get(origin)
    if forward is not None and forward.enabled:
        targets.append(forward.to)
    led = any(
        target is not None and target.kind not in (TargetKind.BUSY, TargetKind.RING)
        for target in targets
    )
    return (
        led
        or person.user.voicemail
        or bool(company.ringing(person, origin))
        or (executive is not None and executive.enabled and bool(executive.assistants))
    )


def own_phones_silent(company: Company) -> Iterator[Finding]:
    """Users with phones of their own of which none rings for any call (B8)."""
    for person in company.people.values():
        rows = [row for of in person.rows.values() for row in of]
        own = {row.device.name: False for row in rows if row.device.kind is DeviceKind.SIP}
        own |= {row.device.name: True for row in rows if row.device.name in own and row.enabled}
        if own and not any(own.values()):
            yield warning(
                f"{person.path}.follow_me",
                f"{', '.join(own)} of {person.extension} ring for no call at all.",
                "enable one of them for some calls",
            )


def late_row(company: Company) -> Iterator[Finding]:
    """Rows whose turn comes after ``no_answer_after`` has ended the ringing (X81)."""
    for person, origin, rows in _plans(company):
        limit = _limit(person, origin)
        for row, leg in _places(rows):
            if limit is not None and leg.delay >= limit:
                yield warning(
                    row_path(person, row, origin, "delay"),
                    f"{row.device.name} would ring after {leg.delay} s, and the ringing ends "
                    f"after {limit} s: it rings only where the phones before it cannot.",
                    f"give it a shorter delay, or raise {_limit_path(person, origin)}",
                )


def gap(company: Company) -> Iterator[Finding]:
    """Rows that begin earlier than they say, because nothing would ring in between (B7)."""
    for person, origin, rows in _plans(company):
        silent = 0
        for row, leg in _places(rows):
            if row.delay - leg.delay > silent:
                silent = row.delay - leg.delay
                yield warning(
                    row_path(person, row, origin, "delay"),
                    f"{row.device.name} rings after {leg.delay} s, not after {row.delay} s: "
                    "nothing else would ring just before it, and no caller waits for that.",
                    "give it the delay at which the ringing before it ends, or let that last on",
                )


def short_ring(company: Company) -> Iterator[Finding]:
    """Numbers outside that ring too short for anybody to hear it (X69)."""
    for person in company.people.values():
        for origin in Origin:
            limit = None if origin is Origin.TEAM else _limit(person, origin)
            for row in company.ringing(person, origin):
                if row.device.kind is DeviceKind.SIP:
                    continue
                ring = row.ring
                if limit is not None and row.delay < limit:
                    ring = min(ring, limit - row.delay)
                if ring >= SET_UP or (origin is Origin.TEAM and not row.own_ring):
                    continue
                cut = f": no_answer_after ends it after {limit} s" if ring < row.ring else ""
                yield warning(
                    row_path(person, row, origin, "delay" if cut else "ring"),
                    f"{row.device.name} is outside and rings {ring} s{cut}; its network takes "
                    "3 to 6 s before anybody hears it.",
                    f"let it ring {SET_UP} s at least",
                )


def unconfirmed(company: Company) -> Iterator[Finding]:
    """Numbers outside without confirmation beside other phones: their mailbox takes the call."""
    for person in company.people.values():
        for place in person.devices:
            device = place.device
            if device.kind is DeviceKind.SIP or device.confirm:
                continue
            for origin in CALLS:
                rows = company.ringing(person, origin)
                names = [row.device.name for row in rows]
                if device.name in names and len(names) > 1:
                    yield warning(
                        device_path(person, place, "confirm"),
                        f"{device.name} need not confirm, and is not the only phone that rings for "
                        f"{origin.value} calls: a mailbox that answers there takes the call away.",
                        "set confirm: true",
                    )
                    break


def shared_number(company: Company) -> Iterator[Finding]:
    """Numbers outside that stand at two devices."""
    first: dict[str, tuple[str, str]] = {}
    for person in company.people.values():
        for row in person.devices:
            number, name = row.device.number, row.device.name
            if number is None:
                continue
            whose, other = first.setdefault(number, (person.extension, name))
            if other != name:
                yield warning(
                    device_path(person, row, "number"),
                    f"{number} is also the number of {other} of {whose}: where both would ring, "
                    "it rings once.",
                    "correct one of them, or remove it",
                )


def comes_back(company: Company) -> Iterator[Finding]:
    """Numbers outside that are direct numbers here: the call would leave and come back."""
    for person in company.people.values():
        for row in person.devices:
            owner = company.rules.owner_of(row.device.number) if row.device.number else None
            if owner is not None:
                yield error(
                    device_path(person, row, "number"),
                    f"{row.device.name} never rings: {row.device.number} is the direct number of "
                    f"{owner[1]}, and the call would come back.",
                    "give it the number of a phone outside",
                )


def forbidden_number(company: Company) -> Iterator[Finding]:
    """Numbers outside that the toll policy does not permit (O6)."""
    for person in company.people.values():
        for row in person.devices:
            number = row.device.number
            if number is not None and not company.settings.toll.permits(number):
                yield error(
                    device_path(person, row, "number"),
                    f"{row.device.name} never rings: settings.toll does not permit {number}.",
                    "permit it in settings.toll, or correct the number",
                )


def ends_sooner(company: Company) -> Iterator[Finding]:
    """``no_answer_after`` beyond the end of all ringing: nothing rings that long (X82)."""
    for person in company.people.values():
        limits: dict[str, int] = {}
        ends: dict[str, int] = {}
        for origin in CALLS:
            limit, rows = _limit(person, origin), company.ringing(person, origin)
            if limit is None or not rows:
                continue
            path = _limit_path(person, origin)
            limits[path] = limit
            ends[path] = max(ends.get(path, 0), *(leg.ends for _, leg in _places(rows)))
        for path, end in ends.items():
            if end < limits[path]:
                yield warning(
                    f"{person.path}.{path}",
                    f"the phones of {person.extension} stop ringing after {end} s: "
                    f"nobody waits {limits[path]} s.",
                    "lengthen the ring of a device, or lower it",
                )


def emergency_extension(company: Company) -> Iterator[Finding]:
    """Extensions that are emergency numbers: who dials one gets a colleague."""
    people = [(f"users.{extension}", extension) for extension in company.people]
    teams = [(f"teams.{extension}", extension) for extension in company.teams]
    country = company.settings.country
    for path, extension in people + teams:
        if numbers.emergency(extension, country):
            yield error(
                path,
                f"{extension} is an emergency number in {country}: who dials it gets this "
                "extension, and no help.",
                "give it another extension",
            )


def _plans(company: Company) -> Iterator[tuple[Person, Origin, tuple[FollowMeRow, ...]]]:
    for person in company.people.values():
        for origin in CALLS:
            if rows := company.ringing(person, origin):
                yield person, origin, rows


def _places(rows: Iterable[FollowMeRow]) -> list[tuple[FollowMeRow, Leg]]:
    """The rows in the order in which they ring, each with its place, all phones registered."""
    by_name = {row.device.name: row for row in rows}
    legs = followme.without_gaps(
        Leg(name, Registered(name, ""), row.delay, row.ring) for name, row in by_name.items()
    )
    return [(by_name[leg.device], leg) for leg in legs]


def _limit(person: Person, origin: Origin) -> int | None:
    return person.presence.profile(Status.AVAILABLE).ringing_ends(origin)


def _limit_path(person: Person, origin: Origin) -> str:
    """Where the limit for calls of this origin is set."""
    own = person.presence.profile(Status.AVAILABLE).no_answer_after_by_origin
    of = f"{origin.value}." if origin in own else ""
    return f"presence.profiles.available.{of}no_answer_after"
