"""Apps that are not registered: who is woken, and when each rings (B12)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine import followme
from esl_router.engine.decide import decide
from esl_router.engine.followme import Skip
from esl_router.model.actions import Asleep, Leg, Registered, Ring
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.executive import (
    AlertExecutive,
    Alerting,
    Assistant,
    AssistantDevices,
    Executive,
)
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


# -- several people -----------------------------------------------------------------------------

CLEO = User(DOMAIN, "1003", "Cleo Chen")
THREE = (Member("1002"), Member("1001"), Member("1003"))


def hunt(*rows: FollowMeRow, members: tuple[Member, ...] = THREE, **team: object) -> Ring:
    """A call to a team of Ben, Anna, whose rows are given, and Cleo, one after the other."""
    described = {"strategy": Strategy.SEQUENTIAL, "ring": 15, "members": members, **team}
    rules = replace(
        company(*(rows or (APP,)), teams=(Team(DOMAIN, "2000", **described),)),  # type: ignore[arg-type]
        users=(ANNA, BEN, CLEO),
    )
    rules.rows["1003"] = [FollowMeRow(sip("1003-desk", "1003"))]
    call = internal_call("2000", "1004-desk")
    action = decide(call, rules, registered("1002-desk", "1003-desk"), NOW).action
    assert isinstance(action, Ring)
    return action


def test_a_team_that_rings_together_wakes_at_once() -> None:
    legs = hunt(strategy=Strategy.PARALLEL).legs
    assert [(leg.device, leg.woken) for leg in legs][-1] == ("1001-app", 0)


@pytest.mark.parametrize("strategy", [Strategy.SEQUENTIAL, Strategy.ROUND_ROBIN])
def test_a_member_who_has_only_an_app_has_his_turn_and_is_woken_in_it(strategy: Strategy) -> None:
    legs = hunt(strategy=strategy).legs
    assert times(legs) == [("1002-desk", 0, 15), ("1001-app", 15, 30), ("1003-desk", 30, 45)]
    assert (legs[1].turn, legs[1].woken) == (15, 15)


def test_a_delay_of_the_only_phone_does_not_shorten_the_turn() -> None:
    legs = hunt(replace(APP, delay=12)).legs
    assert times(legs)[1:] == [("1001-app", 15, 30), ("1003-desk", 30, 45)]
    first = hunt(replace(APP, delay=12), members=(Member("1001"), Member("1002"))).legs
    assert times(first) == [("1001-app", 0, 15), ("1002-desk", 15, 30)]


def test_beside_another_phone_it_is_woken_in_the_turn_as_in_a_call_of_his_own() -> None:
    rows = (replace(APP, delay=12), FollowMeRow(sip("1002-desk")))
    legs = hunt(*rows, members=(Member("1003"), Member("1001"))).legs
    app = next(leg for leg in legs if leg.device == "1001-app")
    assert (app.delay, app.turn, app.woken) == (27, 15, 17)


def test_a_row_of_his_own_leaves_him_the_time_to_register() -> None:
    legs = hunt(replace(APP, ring=4, own_ring=True)).legs
    assert times(legs)[1:] == [("1001-app", 15, 25), ("1003-desk", 25, 40)]


def test_a_turn_that_is_too_short_to_register_is_not_spent() -> None:
    assert [leg.device for leg in hunt(ring=9).legs] == ["1002-desk", "1003-desk"]
    assert [leg.device for leg in hunt(ring=10).legs][1] == "1001-app"


def test_gaps_that_are_closed_move_the_turns_along() -> None:
    asleep = plan(company(APP)).legs[0]
    desk = Leg("1002-desk", Registered("1002-desk", DOMAIN), 5, 15)
    late = replace(asleep, delay=20, ring=15, turn=20)
    assert [(leg.delay, leg.turn) for leg in followme.without_gaps([desk, late], turns=True)] == [
        (0, 0),
        (15, 15),
    ]


def pool_of(**executive: object) -> list[Leg]:
    boss = Executive(
        DOMAIN,
        "1003",
        assistants=(Assistant("1002"), Assistant("1001")),
        **executive,  # type: ignore[arg-type]
    )
    rules = replace(company(APP, executives=(boss,)), users=(ANNA, BEN, CLEO))
    rules.rows["1003"] = [FollowMeRow(replace(sip("1003-app", "1003"), push=()))]
    action = decide(trunk_call("1003"), rules, registered("1002-desk"), NOW).action
    assert isinstance(action, Ring)
    return list(action.legs)


def test_assistants_are_woken_at_once_together_and_in_their_turn_one_after_the_other() -> None:
    legs = pool_of()
    assert [(leg.owner, leg.delay, leg.woken) for leg in legs] == [("1002", 0, 0), ("1001", 0, 0)]
    legs = pool_of(alerting=Alerting.SEQUENTIAL)
    assert [(leg.owner, leg.delay, leg.woken) for leg in legs] == [("1002", 0, 0), ("1001", 15, 15)]
    short = pool_of(alerting=Alerting.SEQUENTIAL, rings=1)
    assert [leg.owner for leg in short] == ["1002"]


@pytest.mark.parametrize(
    ("alert", "woken"),
    [(AlertExecutive.RING, True), (AlertExecutive.SILENT, False), (AlertExecutive.SPLASH, False)],
)
def test_the_executive_s_app_is_woken_where_his_phones_are_to_ring(
    alert: AlertExecutive, woken: bool
) -> None:
    devices = [leg.device for leg in pool_of(alert_executive=alert)]
    assert ("1003-app" in devices) is woken


def test_one_telephone_of_an_assistant_is_one_that_is_registered_where_he_has_one() -> None:
    boss = Executive(
        DOMAIN,
        "1003",
        assistants=(Assistant("1001"),),
        assistant_devices=AssistantDevices.PRIMARY,
    )
    for registrations, rings in (((), "1001-app"), (("1001-desk",), "1001-desk")):
        rules = replace(company(executives=(boss,)), users=(ANNA, BEN, CLEO))
        action = decide(trunk_call("1003"), rules, registered(*registrations), NOW).action
        assert isinstance(action, Ring)
        assert [leg.device for leg in action.legs] == [rings]


def test_who_a_call_is_handed_to_is_woken_and_so_is_the_assistant_whom_it_comes_back_to() -> None:
    boss = Executive(DOMAIN, "1003", assistants=(Assistant("1001"),), push_recall=12)
    rules = replace(company(APP, executives=(boss,)), users=(ANNA, BEN, CLEO))
    rules.rows["1003"] = [FollowMeRow(replace(sip("1003-app", "1003"), push=()))]
    call = replace(trunk_call("*63"), sent_by=f"1001-app@{DOMAIN}", pool="1003")
    handed = decide(call, rules, registered(), NOW).action
    assert isinstance(handed, Ring)
    assert times(handed.legs) == [("1003-app", 0, 12)]
    missed = Outcome((LegOutcome(handed.legs[0], LegResult.UNREGISTERED),))
    back = decide(call.after(handed, missed), rules, registered(), NOW).action
    assert isinstance(back, Ring)
    assert (times(back.legs), back.caller_name[:6]) == ([("1001-app", 0, 20)], "Recall")
