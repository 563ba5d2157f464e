"""Teams: members who never ring, and teams that nobody answers."""

from __future__ import annotations

from collections.abc import Iterator

from esl_router.engine.lint.company import (
    SET_UP,
    Company,
    Finding,
    Person,
    error,
    row_path,
    warning,
)
from esl_router.engine.team import line_up
from esl_router.model.people import DeviceKind, FollowMeRow, Origin
from esl_router.model.team import Overflow, Strategy, Team


def no_members(company: Company) -> Iterator[Finding]:
    """Teams in which there is nobody."""
    for team in company.teams.values():
        if not team.members:
            target = team.overflow.get(Overflow.NOBODY)
            goes = f"each call goes to {target} at once" if target else "each call ends with 480"
            path, text = f"teams.{team.extension}.members", f"the team has no members: {goes}."
            finding = warning if target else error
            yield finding(path, text, "add members, or remove the team")


def silent_member(company: Company) -> Iterator[Finding]:
    """Members who are logged in, and have no phone that rings for a team (B8)."""
    for team in company.teams.values():
        for index, member in enumerate(team.members):
            person = company.people.get(member.extension)
            if person is None or (company.names.workplaces and not person.devices):
                continue
            if member.logged_in and not company.ringing(person, Origin.TEAM):
                yield warning(
                    f"teams.{team.extension}.members[{index}]",
                    f"{member.extension} is logged in, and no device of his rings for calls of "
                    "teams.",
                    f"enable one: users.{member.extension}.follow_me.….team, or log him out",
                )


def nobody_there(company: Company) -> Iterator[Finding]:
    """Teams in which nobody can be rung now, and that hand such calls on to nobody."""
    for team in company.teams.values():
        if not team.members or team.overflow.get(Overflow.NOBODY):
            continue
        lineup = line_up(team, company.situation(team), seconds=team.max_wait)
        if not lineup.legs:
            why = ", ".join(f"{who}: {reason}" for who, reason in lineup.passed.items())
            yield warning(
                f"teams.{team.extension}.overflow.nobody",
                f"no member rings now, and each call ends with 480 ({why}).",
                "say where calls go when nobody is there",
            )


def never_a_turn(company: Company) -> Iterator[Finding]:
    """Members whose turn comes only after ``max_wait`` (X81)."""
    for team in company.teams.values():
        if team.strategy not in (Strategy.PARALLEL, Strategy.SEQUENTIAL):
            continue  # whose turn is first changes from call to call
        lineup = line_up(team, company.situation(team), seconds=team.max_wait)
        ringing = {leg.owner for leg in lineup.legs}
        for index, member in enumerate(team.members):
            if ringing and member.extension not in ringing | lineup.passed.keys():
                yield warning(
                    f"teams.{team.extension}.members[{index}]",
                    f"{member.extension} rings only after the {team.max_wait} s of max_wait: "
                    "while those before him are there, he is never rung.",
                    "raise max_wait, or shorten the ring of the team",
                )


def late_device(company: Company) -> Iterator[Finding]:
    """Devices of members whose turn is over before they begin."""
    for team, person, row in _in_turns(company):
        if row.delay >= team.ring:
            yield warning(
                row_path(person, row, Origin.TEAM, "delay"),
                f"{row.device.name} begins after {row.delay} s, and a member's turn in team "
                f"{team.extension} lasts {team.ring} s: it never rings for that team.",
                "give it a shorter delay or a ring of its own, or lengthen the ring of the team",
            )


def short_turn(company: Company) -> Iterator[Finding]:
    """Numbers outside that ring too short in a member's turn (X69)."""
    for team, person, row in _in_turns(company):
        left = team.ring - row.delay
        if row.device.kind is DeviceKind.EXTERNAL and 0 < left < SET_UP:
            yield warning(
                f"teams.{team.extension}.ring",
                f"{row.device.name} of {person.extension} is outside and rings {left} s in his "
                "turn; its network takes 3 to 6 s before anybody hears it.",
                f"let it ring {SET_UP} s at least, by the team's ring or its own",
            )


def _in_turns(company: Company) -> Iterator[tuple[Team, Person, FollowMeRow]]:
    """Each device that rings for as long as its team says, and whose team takes turns."""
    for team in company.teams.values():
        if team.strategy is Strategy.PARALLEL:
            continue
        for member in team.members:
            person = company.people.get(member.extension)
            if person is None:
                continue
            for row in company.ringing(person, Origin.TEAM):
                if not row.own_ring:
                    yield team, person, row


def all_executives(company: Company) -> Iterator[Finding]:
    """Teams of executives alone: calls of a team pass their filters (X40)."""
    for team in company.teams.values():
        found = [company.executives.get(member.extension) for member in team.members]
        if found and all(boss is not None and boss.enabled and boss.assistants for boss in found):
            yield warning(
                f"teams.{team.extension}.members",
                "each member has assistants who take his calls, and calls of a team ring him "
                "all the same.",
                "add the assistants to the team, if they are to take them",
            )
