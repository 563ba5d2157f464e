"""Where forwards, overflows and rollovers lead: to himself, in a circle, to nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from esl_router.engine.lint.company import (
    CALLS,
    Company,
    Finding,
    Person,
    error,
    warning,
)
from esl_router.engine.lint.phones import takes_calls
from esl_router.model.executive import RolloverAction
from esl_router.model.people import Origin
from esl_router.model.presence import Forward, Status, Target, TargetKind
from esl_router.model.team import Overflow

_LEADS_ON = (TargetKind.EXTENSION, TargetKind.EXTERNAL)

# A team's overflow, by the forward of a user that takes the same calls.
_OVERFLOW = {
    Forward.NO_ANSWER: Overflow.NO_ANSWER,
    Forward.BUSY: Overflow.BUSY,
    Forward.UNREGISTERED: Overflow.NOBODY,
}

_WHEN = {
    Forward.NO_ANSWER: "when nobody answers",
    Forward.BUSY: "when busy",
    Forward.UNREGISTERED: "when no phone can be reached",
}


@dataclass(frozen=True, slots=True)
class Aim:
    """A target, and where it stands."""

    path: str
    owner: str
    """The extension whose calls go there."""

    target: Target
    before: bool = False
    """Whether a status sends calls there before any phone rings."""

    by_hand: bool = False
    """Whether it is a user's own forward of every call."""


def aims(company: Company) -> Iterator[Aim]:
    """Every target in the company."""
    for person in company.people.values():
        yield from _of_person(person)
    for team in company.teams.values():
        for why, target in team.overflow.items():
            path = f"teams.{team.extension}.overflow.{why.value}"
            yield Aim(path, team.extension, target)
    for executive in company.executives.values():
        rollover = executive.rollover
        path = f"executives.{executive.extension}.rollover.action"
        if rollover.target is not None:
            yield Aim(path, executive.extension, rollover.target)
        elif rollover.action is RolloverAction.VOICEMAIL:
            yield Aim(path, executive.extension, Target(TargetKind.VOICEMAIL))


def _of_person(person: Person) -> Iterator[Aim]:
    path, whose, presence = person.path, person.extension, person.presence
    for status, profile in presence.profiles.items():
        for (origin, condition), target in profile.forwards.items():
            where = f"{path}.presence.profiles.{status.value}.{origin.value}.{condition.value}"
            yield Aim(where, whose, target, before=condition is Forward.ALWAYS)
    for origin, forward in person.forwards.items():
        yield Aim(f"{path}.forward.{origin.value}.to", whose, forward.to, by_hand=True)
    for name, record in (
        ("presence.outside_hours", presence.outside_hours),
        ("calendar", presence.calendar),
        ("messenger", presence.messenger),
    ):
        if record is not None and record.forward is not None:
            yield Aim(f"{path}.{name}.forward", whose, record.forward, before=True)


def leads_to_himself(company: Company) -> Iterator[Finding]:
    """Targets that are the extension whose calls go there (X28)."""
    for aim in aims(company):
        if _extension(aim.target, company) != aim.owner:
            continue
        text = f"calls of {aim.owner} are sent to {aim.owner} again"
        if aim.before:
            yield warning(aim.path, f"{text}: his phones ring.", "write ring, if that is meant")
        elif aim.by_hand:
            yield warning(aim.path, f"{text}: the forward does nothing.", "remove it")
        else:
            todo = "send them to somebody else, or to voicemail"
            yield error(aim.path, f"{text}: they have been there already.", todo)


def leads_nowhere(company: Company) -> Iterator[Finding]:
    """Targets that are nobody, or somebody whom no call reaches."""
    for aim in aims(company):
        extension = _extension(aim.target, company)
        if extension is None or extension in company.teams or extension == aim.owner:
            continue
        person = company.people.get(extension)
        if person is None:
            text = f"there is no user and no team {extension}: the call ends here."
            yield error(aim.path, text, "name somebody else")
        elif (person.devices or not company.names.workplaces) and not any(
            takes_calls(person, origin, company) for origin in CALLS
        ):
            yield error(
                aim.path,
                f"{extension} has no phone that rings, no voicemail and no forward.",
                "send the calls elsewhere, or give him one of these",
            )


def no_mailbox(company: Company) -> Iterator[Finding]:
    """Mailboxes that calls are sent to, and that are not there (N3)."""
    for aim in aims(company):
        if aim.target.kind is not TargetKind.VOICEMAIL:
            continue
        box = aim.target.value or aim.owner
        person = company.people.get(box)
        if person is not None and not person.user.voicemail:
            yield error(
                aim.path,
                f"{box} has no voicemail: the caller gets 480 or a busy tone.",
                f"set users.{box}.voicemail: true, or send the calls elsewhere",
            )


def forbidden_target(company: Company) -> Iterator[Finding]:
    """Numbers outside that the toll policy does not permit (O6)."""
    for aim in aims(company):
        number = aim.target.value
        if (
            aim.target.kind is TargetKind.EXTERNAL
            and company.owner(number) is None
            and not company.settings.toll.permits(number)
        ):
            yield error(
                aim.path,
                f"settings.toll does not permit calls to {number}: they are not sent there.",
                "permit it in settings.toll, or name another number",
            )


def no_redirects(company: Company) -> Iterator[Finding]:
    """No redirection is allowed, and somebody forwards."""
    if company.settings.max_redirects:
        return
    aim = next((aim for aim in aims(company) if aim.target.kind in _LEADS_ON), None)
    if aim is not None:
        yield error(
            "settings.max_redirects",
            f"it is 0, so that no call is ever forwarded: {aim.path} does nothing.",
            "set it to 5",
        )


# -- circles --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Edge:
    path: str
    to: str
    always: bool = False


def circle(company: Company) -> Iterator[Finding]:
    """Forwards that come back to where they began, by one condition or by none.

    Where every call is forwarded, in a circle, no phone ever rings. Where they are forwarded after
    ringing, nobody rings twice, and the call ends with whom the caller wanted.
    """
    seen: set[frozenset[str]] = set()
    for origin in CALLS:
        for condition in _OVERFLOW:
            edges = _edges(company, origin, condition)
            for members in _circles(edges):
                if frozenset(members) in seen:
                    continue
                seen.add(frozenset(members))
                yield _round(members, edges, condition)


def _round(members: list[str], edges: Mapping[str, _Edge], condition: Forward) -> Finding:
    first = edges[members[0]]
    way = ", ".join(f"{each} to {edges[each].to}" for each in members)
    if all(edges[each].always for each in members):
        text = f"every call goes round in a circle, and no phone rings: {way}."
        return error(first.path, text, "end it: send one of them to voicemail")
    when = _WHEN[condition]
    text = (
        f"calls go round in a circle {when}: {way}. Who called one of them ends in that one's "
        "mailbox, or hears a busy tone."
    )
    return warning(first.path, text, "end it at one of them: with voicemail, or somebody else")


def _edges(company: Company, origin: Origin, condition: Forward) -> dict[str, _Edge]:
    """Extension -> where its calls go on to under a condition: one way out, or none."""
    found: dict[str, _Edge] = {}
    for person in company.people.values():
        edge = _way_on(person, origin, condition, company)
        if edge is not None:
            found[person.extension] = edge
    why = _OVERFLOW[condition]
    for team in company.teams.values():
        target = team.overflow.get(why)
        to = None if target is None else _extension(target, company)
        if to is not None and to != team.extension:
            found[team.extension] = _Edge(f"teams.{team.extension}.overflow.{why.value}", to)
    return found


def _way_on(person: Person, origin: Origin, condition: Forward, company: Company) -> _Edge | None:
    profile = person.presence.profile(Status.AVAILABLE)
    path = f"{person.path}.presence.profiles.available.{origin.value}"
    forward = person.forwards.get(origin)
    ways = (
        (f"{person.path}.forward.{origin.value}.to", forward.to)
        if forward is not None and forward.enabled
        else None,
        _named(path, Forward.ALWAYS, profile.target(origin, Forward.ALWAYS)),
        _named(path, condition, profile.target(origin, condition)),
    )
    for place, way in enumerate(ways):
        if way is None or way[1].kind is TargetKind.RING:
            continue
        to = _extension(way[1], company)
        if to == person.extension:
            continue
        return None if to is None else _Edge(way[0], to, always=place < 2)
    return None


def _named(path: str, condition: Forward, target: Target | None) -> tuple[str, Target] | None:
    return None if target is None else (f"{path}.{condition.value}", target)


def _circles(edges: Mapping[str, _Edge]) -> Iterator[list[str]]:
    """The circles of a graph in which each has one way out at most."""
    done: set[str] = set()
    for start in edges:
        way: dict[str, None] = {}
        at = start
        while at in edges and at not in done and at not in way:
            way[at] = None
            at = edges[at].to
        if at in way:
            members = list(way)
            yield members[members.index(at) :]
        done.update(way)


def _extension(target: Target, company: Company) -> str | None:
    """The extension behind a target, by its direct number too; None: it leads out of here."""
    if target.kind is TargetKind.EXTENSION:
        return target.value
    return company.owner(target.value) if target.kind is TargetKind.EXTERNAL else None
