"""Executives: filters that catch nothing, assistants who are never rung."""

from __future__ import annotations

from collections.abc import Iterator

from esl_router.engine.lint.company import SET_UP, Company, Finding, Person, error, warning
from esl_router.engine.lint.lists import covers
from esl_router.model.executive import (
    Alerting,
    Assistant,
    AssistantDevices,
    Criterion,
    Executive,
    Filter,
    NoAssistant,
)
from esl_router.model.people import DeviceKind, Origin
from esl_router.model.presence import TargetKind

MANY = 20
"""Assistants or criteria that nobody can survey any more (G17)."""


def no_assistants(company: Company) -> Iterator[Finding]:
    """Filters that are on, and nobody takes the calls (G15)."""
    for boss in company.executives.values():
        if boss.enabled and not boss.assistants:
            yield error(
                f"{_path(boss)}.assistants",
                f"the filter of {boss.extension} is on and does nothing: he has no assistants.",
                "add an assistant, or switch it off",
            )


def no_active_criterion(company: Company) -> Iterator[Finding]:
    """Custom filters that filter no call (G6)."""
    for boss in company.executives.values():
        active = any(each.active and each.filter for each in boss.criteria)
        if boss.enabled and boss.filter is Filter.CUSTOM and not active:
            yield warning(
                f"{_path(boss)}.criteria",
                f"no active criterion filters calls of {boss.extension}: none goes to his "
                "assistants.",
                "activate a criterion, or choose another filter",
            )


def idle_criteria(company: Company) -> Iterator[Finding]:
    """Criteria that no filter asks."""
    for boss in company.executives.values():
        if boss.criteria and boss.filter is not Filter.CUSTOM:
            yield warning(
                f"{_path(boss)}.filter",
                f"the filter is {boss.filter.value}: the criteria of {boss.extension} do not "
                "count.",
                "set filter: custom, or remove the criteria",
            )


def shadowed_criterion(company: Company) -> Iterator[Finding]:
    """Criteria whose every call another one lets through: that wins (G4)."""
    for boss in company.executives.values():
        through = [each for each in boss.criteria if each.active and not each.filter]
        for index, criterion in enumerate(boss.criteria):
            if not (criterion.active and criterion.filter):
                continue
            over = next((each for each in through if _shadows(each, criterion)), None)
            if over is not None:
                yield warning(
                    f"{_path(boss)}.criteria[{index}]",
                    f'"{criterion.name}" filters no call: "{over.name}" lets each of them '
                    "through, and that wins.",
                    "narrow the one that lets through, or remove this one",
                )


def _shadows(over: Criterion, criterion: Criterion) -> bool:
    """Whether ``over`` holds for each call for which ``criterion`` does."""
    return (
        over.origin in (None, criterion.origin)
        and _dialled(over, criterion)
        and over.schedule in (None, criterion.schedule)
        and over.holidays in (None, criterion.holidays)
        and _callers(over, criterion)
    )


def _dialled(over: Criterion, criterion: Criterion) -> bool:
    if not over.dialled:
        return True
    return bool(criterion.dialled) and _covered(criterion.dialled, over.dialled)


def _callers(over: Criterion, criterion: Criterion) -> bool:
    if not _names_callers(over):
        return True
    if not _names_callers(criterion):
        return False
    return (
        criterion.contact in ("", over.contact)
        and _covered(criterion.numbers, over.numbers)
        and over.anonymous >= criterion.anonymous
        and over.unavailable >= criterion.unavailable
    )


def _names_callers(criterion: Criterion) -> bool:
    named = (criterion.numbers, criterion.anonymous, criterion.unavailable, criterion.contact)
    return any(named)


def unknown_contact(company: Company) -> Iterator[Finding]:
    """Criteria that name a contact whom nobody knows (any more)."""
    for boss in company.executives.values():
        for index, criterion in enumerate(boss.criteria):
            name = criterion.contact
            if name and name not in company.names.contacts:
                yield warning(
                    f"{_path(boss)}.criteria[{index}].callers.contact",
                    f'there is no contact {name}: "{criterion.name}" is for no caller by that '
                    "name.",
                    "name another one, or add it: esl-router contact add",
                )


def _covered(patterns: tuple[str, ...], by: tuple[str, ...]) -> bool:
    return all(any(covers(wide, each) for wide in by) for each in patterns)


def too_many(company: Company) -> Iterator[Finding]:
    """More assistants or criteria than anybody can survey (G17)."""
    for boss in company.executives.values():
        for name, found in (("assistants", boss.assistants), ("criteria", boss.criteria)):
            if len(found) > MANY:
                yield warning(
                    f"{_path(boss)}.{name}",
                    f"{len(found)} {name} are more than anybody can survey.",
                    f"keep it to {MANY}: a team suits many people better",
                )


def diverted(company: Company) -> Iterator[Finding]:
    """Assistants who divert to the executive, or to one of the pool (J12)."""
    for boss in company.executives.values():
        for index, assistant in enumerate(boss.assistants):
            path = f"{_path(boss)}.assistants[{index}].divert"
            to, who = _diverts_to(assistant, company), assistant.extension
            number = assistant.divert.value if assistant.divert is not None else ""
            if to == boss.extension:
                text = f"{who} diverts to the executive himself: he is passed over."
                yield error(path, text, "divert to somebody else")
            elif to == who:
                text = f"{who} diverts to himself: that changes nothing."
                yield warning(path, text, "remove it")
            elif to is not None and boss.assistant(to) is not None:
                text = f"{who} diverts to {to}, who is an assistant himself and rings once."
                yield warning(path, text, "divert to somebody else, or log him out")
            elif to is None and number and not company.settings.toll.permits(number):
                text = f"settings.toll does not permit {number}: {who} is passed over."
                yield error(path, text, "permit it in settings.toll, or divert elsewhere")


def _diverts_to(assistant: Assistant, company: Company) -> str | None:
    target = assistant.divert
    if target is None or target.kind is TargetKind.EXTENSION:
        return None if target is None else target.value
    return company.owner(target.value)


def all_logged_out(company: Company) -> Iterator[Finding]:
    """Filters that are on, and no assistant takes part (H8)."""
    for boss in company.executives.values():
        if boss.enabled and boss.assistants and not any(map(boss.takes_part, boss.assistants)):
            back = boss.no_assistant is NoAssistant.EXECUTIVE or boss.rollover.action is None
            what = "rings him after all" if back else "rolls over at once"
            yield warning(
                f"{_path(boss)}.assistants",
                f"every assistant of {boss.extension} is logged out: each filtered call {what}.",
                "log one in, or switch the filter off",
            )


def opt_out_ignored(company: Company) -> Iterator[Finding]:
    """Assistants who are logged out where nobody may be (H9)."""
    for boss in company.executives.values():
        for index, assistant in enumerate(boss.assistants):
            if not assistant.opted_in and not boss.allow_opt_out:
                yield warning(
                    f"{_path(boss)}.assistants[{index}].opted_in",
                    f"{assistant.extension} rings all the same: allow_opt_out is false.",
                    "allow it, or remove him from the assistants",
                )


def no_rollover(company: Company) -> Iterator[Finding]:
    """Filters without a rollover: what nobody answers comes back to the executive (H8, K)."""
    for boss in company.executives.values():
        if boss.enabled and boss.assistants and boss.rollover.action is None:
            yield warning(
                f"{_path(boss)}.rollover.action",
                f"none is set: a call that no assistant answers rings {boss.extension} after all.",
                "say where it goes, or write executive, if that is meant",
            )


def late_assistant(company: Company) -> Iterator[Finding]:
    """Assistants whose turn comes only after the rollover."""
    for boss in company.executives.values():
        after = boss.rollover.after
        if boss.alerting is not Alerting.SEQUENTIAL or after is None:
            continue
        cycle, place, starts = company.settings.ring_cycle, 0, 0
        for index, assistant in enumerate(boss.assistants):
            if not boss.takes_part(assistant):
                continue
            if starts >= after:
                yield warning(
                    f"{_path(boss)}.assistants[{index}]",
                    f"{assistant.extension} is number {place + 1}, his turn begins after "
                    f"{starts} s, and the call rolls over after {after} s: he never rings while "
                    "the others are there.",
                    "raise rollover.after, or lower rings",
                )
            place += 1
            starts += boss.turn(assistant, cycle)


def short_slot(company: Company) -> Iterator[Finding]:
    """Assistants who are reached outside alone, in turns too short for that (X69)."""
    for boss in company.executives.values():
        if boss.alerting is not Alerting.SEQUENTIAL:
            continue
        cycle = company.settings.ring_cycle
        for index, assistant in enumerate(boss.assistants):
            slot = boss.turn(assistant, cycle)
            if slot >= SET_UP or not _is_outside(assistant, company):
                continue
            own = assistant.rings is not None
            yield warning(
                f"{_path(boss)}.assistants[{index}].rings" if own else f"{_path(boss)}.rings",
                f"{assistant.extension} can be reached outside alone, and rings {slot} s; a "
                "network outside takes 3 to 6 s before anybody hears it.",
                f"raise it: a turn should last {SET_UP} s at least",
            )


def _is_outside(assistant: Assistant, company: Company) -> bool:
    target = assistant.divert
    if target is not None and target.kind is TargetKind.EXTERNAL:
        return company.owner(target.value) is None
    person = company.people.get(assistant.extension if target is None else target.value)
    rows = company.ringing(person, Origin.INTERNAL) if person else ()
    return bool(rows) and all(row.device.kind is DeviceKind.EXTERNAL for row in rows)


def silent_assistant(company: Company) -> Iterator[Finding]:
    """Assistants of whom no phone rings: they ring by their rows for internal calls."""
    for boss in company.executives.values():
        for index, assistant in enumerate(boss.assistants):
            target = assistant.divert
            if target is not None and target.kind is not TargetKind.EXTENSION:
                continue
            whom = assistant.extension if target is None else target.value
            person = company.people.get(whom)
            if person is None or _can_ring(person, boss, company):
                continue
            if boss.takes_part(assistant) and not (company.names.workplaces and not person.devices):
                telephone = boss.assistant_devices is AssistantDevices.PRIMARY
                yield warning(
                    f"{_path(boss)}.assistants[{index}]",
                    f"no {'telephone' if telephone else 'device'} of {whom} rings for internal "
                    f"calls, and by those the calls of {boss.extension} ring.",
                    f"enable one: users.{whom}.follow_me.….internal, or log him out",
                )


def _can_ring(person: Person, boss: Executive, company: Company) -> bool:
    rows = company.ringing(person, Origin.INTERNAL)
    if boss.assistant_devices is AssistantDevices.PRIMARY:
        return any(row.device.kind is DeviceKind.SIP for row in rows)
    return bool(rows)


def short_recall(company: Company) -> Iterator[Finding]:
    """Calls handed to the executive that come back before a phone has rung once."""
    for boss in company.executives.values():
        cycle = company.settings.ring_cycle
        if boss.push_recall < cycle:
            yield warning(
                f"{_path(boss)}.push_recall",
                f"a call handed to {boss.extension} comes back after {boss.push_recall} s, and "
                f"one ring lasts {cycle} s.",
                "give him a few rings: 20",
            )


def nothing_along(company: Company) -> Iterator[Finding]:
    """Executives whose numbers outside are to ring along, and who have none of that kind."""
    for boss in company.executives.values():
        person = company.people.get(boss.extension)
        if person is None:
            continue
        has = {row.device.location for row in person.devices if row.device.number}
        for location, rings in (("mobile", boss.parallel_mobile), ("other", boss.parallel_other)):
            if rings and location not in has:
                yield warning(
                    f"{_path(boss)}.parallel.{location}",
                    f"{boss.extension} has no device outside with location {location}: "
                    "nothing rings along.",
                    f"set location: {location} at one of his devices, or remove it",
                )


def nobody_first(company: Company) -> Iterator[Finding]:
    """Executives who are to ring first, and of whom nothing can (H14)."""
    for boss in company.executives.values():
        person = company.people.get(boss.extension)
        if (
            person is None
            or not boss.executive_first
            or boss.parallel_mobile
            or boss.parallel_other
        ):
            continue
        origins = (Origin.INTERNAL, Origin.EXTERNAL)
        rows = [row for origin in origins for row in company.ringing(person, origin)]
        if not any(row.device.kind is DeviceKind.SIP for row in rows) and not (
            company.names.workplaces and not person.devices
        ):
            yield warning(
                f"{_path(boss)}.executive_first",
                f"no telephone of {boss.extension} rings: his assistants do at once.",
                "set parallel.mobile, where he is to be reached outside first, or remove it",
            )


def _path(boss: Executive) -> str:
    return f"executives.{boss.extension}"
