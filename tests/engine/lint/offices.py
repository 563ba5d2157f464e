"""Small companies for the checks: one that has a fault, one that has not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from esl_router.engine.lint.company import Company as Whole
from esl_router.engine.lint.company import Finding, Names, read
from esl_router.model.executive import Assistant, Executive, Rollover, RolloverAction
from esl_router.model.people import FollowMeRow, Origin, User
from esl_router.model.presence import Forward, Presence, Profile, Status, Target
from esl_router.model.schedule import Schedule
from esl_router.model.team import Member, Overflow, Team
from tests.company import DOMAIN, NOW, Company, mobile, sip

ANNA = User(DOMAIN, "1001", "Anna Adler", ("+493012345101",))
BEN = User(DOMAIN, "1002", "Ben Berg", ("+493012345102",))
CLEO = User(DOMAIN, "1003", "Cleo Chen")
CELL, HOME = "+491711234567", "+493098765430"


def desk(extension: str = "1001", **row: object) -> FollowMeRow:
    return FollowMeRow(sip(f"{extension}-desk", extension), **row)


def cell(extension: str = "1001", number: str = CELL, confirm=True, location="mobile", **row):
    device = mobile(f"{extension}-cell", number, extension, confirm=confirm, location=location)
    return FollowMeRow(device, **row)


ROWS = {each: (desk(each),) for each in ("1001", "1002", "1003")}
OFFICE = Company((ANNA, BEN, CLEO), ROWS)
"""Three people with a phone each, and nothing wrong."""


def office(rows: Mapping[str, tuple[FollowMeRow, ...]] | None = None, **more: object) -> Company:
    """The three people, changed."""
    return replace(OFFICE, rows={**ROWS, **(rows or {})}, **more)


def on_call(origin: Origin, rows: Mapping[str, tuple[FollowMeRow, ...]]) -> dict:
    """``by_origin`` of an office in which these rows are for one origin alone."""
    return {origin: {**ROWS, **rows}}


def forwards(extension: str, *named: str, status: Status = Status.AVAILABLE, **profile: object):
    """``statuses`` of an office in which one forwards: ``"external.no_answer extension:1002"``."""
    found = {}
    for line in named:
        place, _, target = line.partition(" ")
        origin, _, condition = place.partition(".")
        found[Origin(origin), Forward(condition)] = Target.parse(target)
    return {extension: Presence(profiles={status: Profile(forwards=found, **profile)})}


def team(*members: str | Member, overflow: Mapping[str, str] | None = None, **more) -> Team:
    """Team 2000."""
    people = tuple(each if isinstance(each, Member) else Member(each) for each in members)
    handed = {Overflow(why): Target.parse(to) for why, to in (overflow or {}).items()}
    number = more.pop("extension", "2000")
    return Team(DOMAIN, number, members=people, overflow=handed, **more)


def boss(*assistants: str | Assistant, **more: object) -> Executive:
    """Anna as an executive, whose calls roll over to her mailbox."""
    people = tuple(each if isinstance(each, Assistant) else Assistant(each) for each in assistants)
    more.setdefault("rollover", Rollover(30, RolloverAction.VOICEMAIL))
    return Executive(DOMAIN, "1001", assistants=people, **more)


def whole(
    rules: Company,
    schedules: tuple[Schedule, ...] = (),
    workplaces: bool = False,
    now: datetime = NOW,
) -> Whole:
    """A company as the checks see it."""
    names = Names(
        [user.extension for user in rules.users],
        [each.extension for each in rules.teams],
        [each.extension for each in rules.executives],
        {each.name: each for each in schedules},
        workplaces,
    )
    return read(rules, DOMAIN, names, now)


def found(check: Callable[[Whole], Iterator[Finding]], rules: Company, **more) -> list[str]:
    """What one check finds: ``"error users.1001"``."""
    return [f"{each.level.value} {each.path}" for each in check(whole(rules, **more))]
