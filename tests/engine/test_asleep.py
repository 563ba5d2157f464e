"""Apps that are not registered: who is woken, and when each rings (B12)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine import followme
from esl_router.engine.decide import decide
from esl_router.engine.followme import Skip
from esl_router.model.actions import Asleep, Leg, Registered, Ring
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.people import FollowMeRow, Hook, Origin, Settings, User
from esl_router.model.presence import Forward, Presence, Profile, Status, Target
from esl_router.model.team import Member, Strategy, Team
from tests.company import (
    DOMAIN,
    NOW,
    Company,
    internal_call,
    registered,
    sip,
    situation,
    trunk_call,
)

HOOK = Hook(command=("/usr/local/bin/wake",), wait=10)
ANNA, BEN = User(DOMAIN, "1001", "Anna Adler"), User(DOMAIN, "1002", "Ben Berg")
APP = FollowMeRow(replace(sip("1001-app"), push=(("token", "t"),)), ring=20)
DESK = FollowMeRow(sip("1001-desk"), delay=10, ring=20)
BENS = [FollowMeRow(sip("1002-desk", "1002"))]
SETTINGS = Settings(DOMAIN, push=HOOK)


def company(*rows: FollowMeRow, **more: object) -> Company:
    people = {"1001": list(rows or (APP, DESK)), "1002": BENS}
    return Company((ANNA, BEN), people, config=SETTINGS, **more)  # type: ignore[arg-type]


def plan(rules: Company, *accounts: str, **how: object) -> followme.Plan:
    seen = situation(internal_call("1001"), rules, registered("1002-desk", *accounts))
    return followme.plan(ANNA, Origin.INTERNAL, seen, **{"wake": True, **how})  # type: ignore[arg-type]


def times(legs: tuple[Leg, ...]) -> list[tuple[str, int, int]]:
    return [(leg.device, leg.delay, leg.ends) for leg in legs]


def test_an_app_that_is_not_registered_is_woken_and_the_others_ring_as_without_it() -> None:
    legs = plan(company(), "1001-desk").legs
    assert times(legs) == [("1001-desk", 0, 20), ("1001-app", 0, 20)]
    asleep = legs[1].target
    assert asleep == Asleep("1001-app", DOMAIN, "1001", HOOK, (("token", "t"),), "1002", "Ben Berg")


def test_a_registered_app_is_a_phone_as_any_other() -> None:
    legs = plan(company(), "1001-desk", "1001-app").legs
    assert times(legs) == [("1001-app", 0, 20), ("1001-desk", 10, 30)]
    assert isinstance(legs[0].target, Registered)


@pytest.mark.parametrize(("delay", "starts"), [(5, 5), (30, 20)])
def test_it_rings_in_its_turn_or_when_nobody_else_would(delay: int, starts: int) -> None:
    legs = plan(company(replace(APP, delay=delay), DESK), "1001-desk").legs
    assert times(legs) == [("1001-desk", 0, 20), ("1001-app", starts, starts + 20)]
    assert legs[1].woken == max(0, starts - HOOK.wait)


def test_alone_it_has_no_delay() -> None:
    assert times(plan(company(replace(APP, delay=15))).legs) == [("1001-app", 0, 20)]


def test_the_end_of_the_ringing_is_its_end_too() -> None:
    assert times(plan(company(APP), limit=12).legs) == [("1001-app", 0, 12)]


@pytest.mark.parametrize(
    ("rules", "how", "reason"),
    [
        (company(APP), {"wake": False}, Skip.UNREGISTERED),
        (replace(company(APP), config=Settings(DOMAIN)), {}, Skip.UNREGISTERED),
        (company(FollowMeRow(sip("1001-app"))), {}, Skip.UNREGISTERED),
        (company(replace(APP, enabled=False)), {}, Skip.DISABLED),
        (company(replace(APP, device=replace(APP.device, dnd=True))), {}, Skip.DND),
    ],
)
def test_who_is_not_woken(rules: Company, how: dict[str, bool], reason: Skip) -> None:
    found = plan(rules, **how)
    assert found.legs == ()
    assert [each.reason for each in found.skipped] == [reason]


def test_a_status_may_wake_nobody() -> None:
    profiles = {Status.AVAILABLE: Profile(push=False)}
    rules = company(APP, statuses={"1001": Presence(profiles=profiles)})
    assert [each.reason for each in plan(rules).skipped] == [Skip.ASLEEP]
    meeting = Presence(Status.MEETING, profiles=profiles)
    assert plan(replace(rules, statuses={"1001": meeting})).legs


def test_nothing_that_a_caller_writes_is_shown() -> None:
    seen = situation(
        trunk_call("+493012345101"),
        replace(company(APP), users=(replace(ANNA, numbers=("+493012345101",)), BEN)),
        registered(),
    )
    [leg] = followme.plan(ANNA, Origin.EXTERNAL, seen, wake=True).legs
    assert isinstance(leg.target, Asleep)
    assert (leg.target.caller_number, leg.target.caller_name) == ("+493099887766", "")


def test_a_withheld_number_is_not_shown() -> None:
    call = internal_call("1001")
    call = replace(call, caller=replace(call.caller, anonymous=True))
    [leg] = followme.plan(
        ANNA, Origin.INTERNAL, situation(call, company(APP), registered()), wake=True
    ).legs
    assert isinstance(leg.target, Asleep)
    assert (leg.target.caller_number, leg.target.caller_name) == ("", "")


def test_who_never_came_was_not_registered() -> None:
    forward = {(Origin.INTERNAL, Forward.UNREGISTERED): Target.parse("extension:1002")}
    presence = Presence(profiles={Status.AVAILABLE: Profile(forwards=forward)})
    rules = company(APP, statuses={"1001": presence})
    call, live = internal_call("1001", "1003-desk"), registered("1002-desk")
    first = decide(call, rules, live, NOW).action
    assert isinstance(first, Ring)
    assert times(first.legs) == [("1001-app", 0, 20)]
    ended = Outcome((LegOutcome(first.legs[0], LegResult.UNREGISTERED),))
    second = decide(call.after(first, ended), rules, live, NOW).action
    assert isinstance(second, Ring)
    assert [leg.device for leg in second.legs] == ["1002-desk"]


@pytest.mark.parametrize(
    ("strategy", "rings"),
    [
        (Strategy.PARALLEL, ["1002-desk", "1001-app"]),
        (Strategy.SEQUENTIAL, ["1002-desk"]),
    ],
)
def test_where_members_take_turns_nobodys_turn_is_spent_on_waiting(
    strategy: Strategy, rings: list[str]
) -> None:
    team = Team(DOMAIN, "2000", strategy=strategy, members=(Member("1001"), Member("1002")))
    rules = company(APP, teams=(team,))
    action = decide(internal_call("2000", "1003-desk"), rules, registered("1002-desk"), NOW).action
    assert isinstance(action, Ring)
    assert [leg.device for leg in action.legs] == rings
