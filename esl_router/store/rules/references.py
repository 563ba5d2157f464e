"""What holds between the rules: who may be named where, and what may stand only once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from esl_router.model.people import TollPolicy
from esl_router.store.rules.forms import near
from esl_router.store.rules.layout import CALL_ORIGINS, CONDITIONS, OVERFLOWS, Document


@dataclass(frozen=True, slots=True)
class Known:
    """The names in one domain, and its toll policy."""

    users: Collection[str]
    teams: Collection[str]
    workplaces: Collection[str]
    schedules: Collection[str]
    toll: TollPolicy


def known_in(rules: Document) -> Known:
    """The names in a document."""
    toll = rules["settings"]["toll"]
    return Known(
        rules["users"],
        rules["teams"],
        rules["workplaces"],
        rules["schedules"],
        TollPolicy(tuple(toll["allow"]), tuple(toll["deny"])),
    )


def check(rules: Document) -> list[str]:
    """What is wrong between the parts of a document, one line each."""
    known = known_in(rules)
    problems = [*_names_twice(rules), *_numbers_twice(rules), *_devices_twice(rules)]
    for name, place in rules["workplaces"].items():
        problems += check_workplace(name, place, known)
    problems += _places_twice(rules)
    logins: dict[str, str] = {}
    for extension, user in rules["users"].items():
        problems += check_user(extension, user, known)
        place = user["workplace"]
        if place is not None and place in logins:
            problems.append(
                f"users.{extension}.workplace: {logins[place]} is logged in at {place!r} already"
            )
        elif place is not None:
            logins[place] = extension
    for extension, team in rules["teams"].items():
        problems += check_team(extension, team, known)
    for extension, executive in rules["executives"].items():
        problems += check_executive(extension, executive, known)
    return problems


def check_user(extension: str, user: Mapping[str, Any], known: Known) -> list[str]:
    """What is wrong between a user and the rest of his domain."""
    path = f"users.{extension}"
    problems = []
    for index, number in enumerate(user["fax_numbers"]):
        if number not in user["numbers"]:
            where = f"{path}.fax_numbers[{index}]"
            problems.append(f"{where}: {number} is not among the numbers of {extension}")
    place = user["workplace"]
    if place is not None and place not in known.workplaces:
        problems.append(_missing(f"{path}.workplace", "workplace", place, known.workplaces))
    problems += check_devices(path, user["devices"], known)
    for device in user["follow_me"]:
        if device not in user["devices"]:
            problems.append(
                _missing(f"{path}.follow_me.{device}", "device of his", device, user["devices"])
            )
    controlled = user["controlled_device"]
    if controlled is not None and user["devices"].get(controlled, {}).get("kind") != "sip":
        own = [name for name, device in user["devices"].items() if device["kind"] == "sip"]
        problems.append(_missing(f"{path}.controlled_device", "SIP device of his", controlled, own))
    hours = user["presence"]["outside_hours"]
    if hours is not None and hours["schedule"] not in known.schedules:
        where = f"users.{extension}.presence.outside_hours.schedule"
        problems.append(_missing(where, "schedule", hours["schedule"], known.schedules))
    for index, rule in enumerate(user["callers"]):
        if rule["schedule"] is not None and rule["schedule"] not in known.schedules:
            where = f"{path}.callers[{index}].schedule"
            problems.append(_missing(where, "schedule", rule["schedule"], known.schedules))
    for where, target in targets_of_user(extension, user):
        problems += check_target(where, target, known)
    return problems


def check_workplace(name: str, place: Mapping[str, Any], known: Known) -> list[str]:
    """What is wrong between a workplace and the rest of its domain."""
    path = f"workplaces.{name}"
    problems = check_devices(path, place["devices"], known)
    for device in place["follow_me"]:
        if device not in place["devices"]:
            where = f"{path}.follow_me.{device}"
            problems.append(_missing(where, "device of it", device, place["devices"]))
    return problems


def check_devices(path: str, devices: Mapping[str, Any], known: Known) -> list[str]:
    """Outside devices whose numbers the toll policy forbids."""
    return [
        problem
        for name, device in devices.items()
        if device["number"] is not None
        for problem in _check_toll(f"{path}.devices.{name}.number", device["number"], known)
    ]


def targets_of_user(extension: str, user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each target that a user's calls may take, with its path."""
    for status, profile in user["presence"]["profiles"].items():
        for origin in ("internal", "external"):
            for condition in CONDITIONS:
                if (forward := profile[origin][condition]) is not None:
                    path = f"users.{extension}.presence.profiles.{status}.{origin}.{condition}"
                    yield path, forward["to"]
    for origin in CALL_ORIGINS:
        if (forward := user["forward"][origin]) is not None:
            yield f"users.{extension}.forward.{origin}.to", forward["to"]
    for path, record in (
        ("presence.outside_hours", user["presence"]["outside_hours"]),
        ("calendar", user["calendar"]),
        ("messenger", user["messenger"]),
    ):
        if record is not None and record["forward"] is not None:
            yield f"users.{extension}.{path}.forward", record["forward"]


def _names_twice(rules: Document) -> Iterator[str]:
    for extension in rules["teams"]:
        if extension in rules["users"]:
            yield f"teams.{extension}: users.{extension} has this extension"


def _numbers_twice(rules: Document) -> Iterator[str]:
    owners: dict[str, str] = {}
    if (remote := rules["settings"]["remote"]["number"]) is not None:
        owners[remote] = "settings.remote"
    for kind in ("users", "teams"):
        for extension, entry in rules[kind].items():
            for index, number in enumerate(entry["numbers"]):
                path = f"{kind}.{extension}.numbers[{index}]"
                if number in owners:
                    yield f"{path}: {number} is {owners[number]}'s number already"
                owners.setdefault(number, f"{kind}.{extension}")


def _devices_twice(rules: Document) -> Iterator[str]:
    owners: dict[str, str] = {}
    for kind in ("workplaces", "users"):
        for owner, entry in rules[kind].items():
            for name in entry["devices"]:
                if name in owners:
                    path = f"{kind}.{owner}.devices.{name}"
                    yield f"{path}: {owners[name]} has a device of this name already"
                owners.setdefault(name, f"{kind}.{owner}")


def _places_twice(rules: Document) -> Iterator[str]:
    owners: dict[str, str] = {}
    for name, place in rules["workplaces"].items():
        if (number := place["number"]) is not None:
            if number in owners:
                yield f"workplaces.{name}.number: {number} is the number of {owners[number]!r}"
            owners.setdefault(number, name)


def check_team(extension: str, team: Mapping[str, Any], known: Known) -> Iterator[str]:
    """What is wrong between a team and the rest of its domain."""
    path = f"teams.{extension}"
    yield from _check_people(f"{path}.members", team["members"], known)
    for name in OVERFLOWS:
        if (target := team["overflow"][name]) is not None:
            yield from check_target(f"{path}.overflow.{name}", target, known)


def check_executive(extension: str, executive: Mapping[str, Any], known: Known) -> Iterator[str]:
    """What is wrong between an executive and the rest of his domain."""
    path = f"executives.{extension}"
    if extension not in known.users:
        yield _missing(path, "user", extension, known.users)
    names = set()
    for index, criterion in enumerate(executive["criteria"]):
        if criterion["name"] in names:
            yield f"{path}.criteria[{index}].name: {criterion['name']!r} stands here twice"
        names.add(criterion["name"])
        for key in ("schedule", "holidays"):
            schedule = criterion[key]
            if schedule is not None and schedule not in known.schedules:
                where = f"{path}.criteria[{index}].{key}"
                yield _missing(where, "schedule", schedule, known.schedules)
    yield from _check_people(f"{path}.assistants", executive["assistants"], known)
    for index, assistant in enumerate(executive["assistants"]):
        where = f"{path}.assistants[{index}]"
        if assistant["user"] == extension:
            yield f"{where}.user: nobody is his own assistant"
        if (divert := assistant["divert"]) is not None:
            yield from check_divert(f"{where}.divert", divert, extension, assistant["user"], known)
    if (action := executive["rollover"]["action"]) is not None:
        where = f"{path}.rollover.action"
        if action == f"extension:{extension}":
            yield f"{where}: {extension} is the executive himself: for his own phones, `executive`"
        yield from check_target(where, action, known)


def check_divert(
    path: str, divert: str, executive: str, assistant: str, known: Known
) -> Iterator[str]:
    """What is wrong with whom an assistant diverts to."""
    if divert == executive:
        yield f"{path}: {executive} is the executive himself: his calls would not be filtered"
    elif divert == assistant:
        yield f"{path}: nobody takes his own part"
    elif divert.startswith("+"):
        yield from _check_toll(path, divert, known)
    elif divert not in known.users:
        yield _missing(path, "user", divert, known.users)


def _check_people(path: str, people: list[dict[str, Any]], known: Known) -> Iterator[str]:
    seen = set()
    for index, person in enumerate(people):
        where = f"{path}[{index}].user"
        if person["user"] not in known.users:
            yield _missing(where, "user", person["user"], known.users)
        if person["user"] in seen:
            yield f"{where}: {person['user']} stands here twice"
        seen.add(person["user"])


def check_target(path: str, target: str, known: Known) -> Iterator[str]:
    """What is wrong with a target at ``path``: a name that is nobody's, a forbidden number."""
    kind, _, rest = target.partition(":")
    if kind == "extension" and rest not in known.users and rest not in known.teams:
        yield _missing(path, "user or team", rest, [*known.users, *known.teams])
    elif kind == "voicemail" and rest and rest not in known.users:
        yield _missing(path, "user", rest, known.users)
    elif kind == "external":
        yield from _check_toll(path, rest, known)


def _check_toll(path: str, number: str, known: Known) -> Iterator[str]:
    if not known.toll.permits(number):
        yield f"{path}: settings.toll does not permit calls to {number}"


def _missing(path: str, what: str, name: str, names: Collection[str]) -> str:
    return f"{path}: there is no {what} {name!r}{near(name, names)}"
