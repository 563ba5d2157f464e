"""What a ring says of each of its legs, on a running FreeSWITCH."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from esl_router.model.actions import Action, Leg, Outside, Registered, Ring
from esl_router.model.call import LegResult, Outcome
from esl_router.model.people import User
from esl_router.store.directory import Account, directory_xml
from tests.e2e.endpoint import Answering, Caller, Placed
from tests.e2e.lines import Line, Lines
from tests.e2e.planned import Planned
from tests.e2e.sip import TOLERANCE, Message, wait_until
from tests.e2e.switch import FreeSwitch

DOMAIN = "pbx.test"
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
USERS = tuple(User(DOMAIN, str(number), f"User {number}") for number in range(5401, 5410))
ACCOUNTS = tuple(
    Account(f"{user.extension}-{device}", "secret", user.extension)
    for user in USERS
    for device in "ab"
)
CALLER = "5409-a"
QUICK = 0.4
"""Seconds by which something that the router does itself may be late."""


def leg(account: str, **changes: object) -> Leg:
    target = Registered(account, DOMAIN)
    return Leg(account, target, owner=account.partition("-")[0], **changes)  # type: ignore[arg-type]


def ring(*legs: Leg, **changes: object) -> Ring:
    return Ring(DOMAIN, "5400", legs, **changes)  # type: ignore[arg-type]


NOTICE = ring(leg("5401-a", splash=True), leg("5402-a", splash=True, delay=1))
STEPS = ring(
    leg("5401-a", ring=30),
    leg("5402-a", delay=1, ring=20),
    leg("5403-a", delay=20),
    leg("5404-a", delay=25),
    steps=True,
)
SILENT = "<http://localhost>;info=silent"
BOSS, MOBILE, DIRECT = "+493012345999", "+491711234567", "+493012345101"
SHOWN = "Boss 50% ”x” - A∕B"
TRUNK = Outside(MOBILE, "sofia/gateway/trunk/{number}", DIRECT)
HIDDEN = Outside(MOBILE, "sofia/gateway/trunk/{number}", None)


def shown(
    outside: Outside = TRUNK, *, mixed: bool = False, name: str = 'Boss 50% "x" - A/B'
) -> Ring:
    """The trunk first: what is said of it must not reach the others."""
    return ring(
        Leg("5405-mobile", outside, owner="5405", ring=5),
        leg("5401-a", ring=5, alert_info=SILENT),
        leg("5402-a", ring=5, caller_number=BOSS),
        leg("5403-a", ring=5, original_name=mixed),
        leg("5404-a", ring=5, original_name=mixed, caller_number="5404"),
        caller_name=name,
    )


PLAN: dict[str, tuple[Action, ...]] = {
    "5430": (shown(),),
    "5431": (shown(mixed=True), ring(leg("5401-a", ring=1))),
    "5432": (shown(HIDDEN),),
    "5433": (shown(HIDDEN, mixed=True), ring(leg("5401-a", ring=1))),
    "5434": (shown(name=""),),
    "5435": (shown(HIDDEN, name=""),),
    "5400": (NOTICE, ring(leg("5403-a", ring=3))),
    "5410": (ring(leg("5401-a", splash=True), leg("5402-a", ring=4)),),
    "5411": (ring(leg("5401-a", splash=True)),),
    "5420": (STEPS, ring(leg("5403-a"))),
}


@pytest.fixture(scope="module")
def planned(freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    freeswitch.write_directory(directory_xml(DOMAIN, USERS, ACCOUNTS))
    router = Planned(freeswitch, tmp_path_factory.mktemp("legs"), PLAN)
    yield router
    router.stop()


@pytest.fixture
def line(planned: Planned, switch: FreeSwitch, closing: ExitStack) -> Callable[..., Line]:
    lines = Lines(switch)
    closing.callback(lines.close)
    return lines.register


def results(planned: Planned, *, before: int, count: int = 1) -> list[tuple[LegResult, ...]]:
    """What became of the legs in the actions that came after the first ``before``."""
    return [
        tuple(each.result for each in outcome.legs) for outcome in outcomes(planned, before, count)
    ]


def outcomes(planned: Planned, before: int, count: int) -> list[Outcome]:
    wait_until(lambda: len(planned.told.outcomes) >= before + count, 5, "the action has ended")
    return planned.told.outcomes[before:][:count]


# -- a moment's ringing ---------------------------------------------------------------------------


def test_a_splash_rings_a_moment_and_the_session_goes_on_at_once(
    planned: Planned, line: Callable[..., Line], inside: Callable[..., Caller]
) -> None:
    first, second, third = line("5401-a"), line("5402-a"), line("5403-a", answer=0.5)
    before = len(planned.told.outcomes)
    call = inside(CALLER).call("5400")
    for each in (first, second):
        ended = each.wait_cancelled()
        assert ended.rang == pytest.approx(0.7, abs=0.25)
        assert ended.reason == ELSEWHERE
    assert third.wait_ringing().at - second.wait_cancelled().cancelled < QUICK
    assert call.wait() == 200
    call.hang_up()
    assert results(planned, before=before) == [(LegResult.NO_ANSWER, LegResult.NO_ANSWER)]
    (noticed,) = outcomes(planned, before, 1)
    assert noticed.lasted == pytest.approx(second.ringings[0].cancelled - call.started, abs=QUICK)


def test_a_splash_beside_others_leaves_them_ringing(
    planned: Planned, line: Callable[..., Line], inside: Callable[..., Caller]
) -> None:
    noticed, ringing = line("5401-a"), line("5402-a", answer=2)
    before = len(planned.told.outcomes)
    call = inside(CALLER).call("5410")
    assert noticed.wait_cancelled().rang == pytest.approx(0.7, abs=0.25)
    assert call.wait() == 200
    assert ringing.ringings[0].answered
    time.sleep(0.5)
    call.hang_up()
    assert results(planned, before=before) == [(LegResult.NO_ANSWER, LegResult.ANSWERED)]


def test_whoever_is_quick_has_the_call(
    planned: Planned, line: Callable[..., Line], inside: Callable[..., Caller]
) -> None:
    line("5401-a", answer=0.4)
    before = len(planned.told.outcomes)
    call = inside(CALLER).call("5411")
    assert call.wait() == 200
    time.sleep(1.5)
    assert call.ended is None
    call.hang_up()
    assert results(planned, before=before) == [(LegResult.ANSWERED,)]


def test_a_splashed_phone_that_is_switched_off_costs_two_seconds_at_most(
    planned: Planned, line: Callable[..., Line], inside: Callable[..., Caller]
) -> None:
    line("5401-a", silent=True)
    before = len(planned.told.outcomes)
    call = inside(CALLER).call("5411")
    assert call.wait() == 480
    assert call.at < 2 + QUICK
    assert results(planned, before=before) == [(LegResult.UNREACHABLE,)]


# -- one after another ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "result"),
    [(486, LegResult.BUSY), (603, LegResult.DECLINED), (503, LegResult.UNREACHABLE)],
)
def test_whoever_refuses_in_his_turn_is_followed_by_the_next_at_once(
    code: int,
    result: LegResult,
    planned: Planned,
    line: Callable[..., Line],
    inside: Callable[..., Caller],
) -> None:
    first, second = line("5401-a"), line("5402-a", reject=code, after=1)
    third, fourth = line("5403-a", answer=0.3), line("5404-a")
    before = len(planned.told.outcomes)
    call = inside(CALLER).call("5420")
    refused = second.wait_ringing(5).at + 1
    assert third.wait_ringing(3).at - refused < QUICK
    assert first.wait_cancelled(1).reason == ELSEWHERE
    assert call.wait() == 200
    call.hang_up()
    assert not fourth.invited
    elsewhere = LegResult.ELSEWHERE
    assert results(planned, before=before) == [(elsewhere, result, elsewhere, elsewhere)]
    assert first.wait_cancelled().rang < 1 + TOLERANCE + 1 + QUICK


# -- what the phones show -------------------------------------------------------------------------


@dataclass(frozen=True)
class Invites:
    """What the four phones and the number outside got."""

    phones: tuple[Message, ...]
    mobile: Message

    @property
    def names(self) -> list[str]:
        return [invite.display for invite in self.phones]

    @property
    def numbers(self) -> list[str]:
        return [invite.from_user for invite in self.phones]


@pytest.fixture
def invites(
    planned: Planned, line: Callable[..., Line], trunk: Answering
) -> Callable[[Placed], Invites]:
    lines = [line(f"540{number}-a") for number in (1, 2, 3, 4)]

    def collect(call: Placed) -> Invites:
        got = tuple(each.wait_ringing().invite for each in lines)
        mobile = wait_until(lambda: trunk.ringings, 3, "the mobile rings")[0].invite
        call.cancel()
        assert call.wait() == 487
        return Invites(got, mobile)

    return collect


def identities(invite: Message) -> list[str]:
    """The headers beside From that say who calls."""
    return invite.all("remote-party-id") + invite.all("p-asserted-identity")


def consistent(invite: Message) -> bool:
    """Whether no other header says anything else than From."""
    said = f'"{invite.display}" <sip:{invite.from_user}@'
    return all(each.startswith(said) for each in identities(invite))


def test_the_ring_s_name_is_shown_inside_and_the_caller_s_number_outside(
    inside: Callable[..., Caller], invites: Callable[[Placed], Invites]
) -> None:
    got = invites(inside(CALLER).call("5430", display="Max", headers=("Alert-Info: <http://x>",)))
    assert got.names == [SHOWN] * 4
    assert got.numbers == ["5409", BOSS, "5409", "5404"]
    assert all(consistent(invite) and identities(invite) for invite in got.phones)
    assert (got.mobile.display, got.mobile.from_user) == (DIRECT, DIRECT)
    assert consistent(got.mobile)
    assert [invite.all("alert-info") for invite in got.phones] == [[SILENT], [], [], []]


def test_some_phones_show_the_caller_s_own_name(
    inside: Callable[..., Caller], invites: Callable[[Placed], Invites]
) -> None:
    got = invites(inside(CALLER).call("5431", display="Max"))
    assert got.names == [SHOWN, SHOWN, "User 5409", "User 5409"]
    assert got.numbers == ["5409", BOSS, "5409", "5404"]
    assert all(consistent(invite) for invite in got.phones)
    assert (got.mobile.display, got.mobile.from_user) == (DIRECT, DIRECT)
    assert consistent(got.mobile)


def test_without_a_name_of_the_ring_s_own_all_show_the_caller_s(
    inside: Callable[..., Caller], invites: Callable[[Placed], Invites]
) -> None:
    got = invites(inside(CALLER).call("5434", display="Max"))
    assert got.names == ["User 5409"] * 4
    assert got.numbers == ["5409", BOSS, "5409", "5404"]
    assert all(consistent(invite) for invite in got.phones)


SECRET = "+49301112223"
NOBODY = '"Anonymous" <sip:anonymous@anonymous.invalid>'
ASSERTED = (f'P-Asserted-Identity: "Max" <sip:{SECRET}@pbx.test>', "Privacy: id")


@pytest.mark.parametrize(
    ("number", "names"),
    [
        ("5432", [SHOWN] * 4),
        ("5433", [SHOWN, SHOWN, "Anonymous", "Anonymous"]),
        ("5435", ["Anonymous"] * 4),
    ],
)
@pytest.mark.parametrize("how", ["colleague", "hidden", "asserted"])
def test_a_caller_who_withholds_his_number_is_anonymous_on_every_phone(
    number: str,
    names: list[str],
    how: str,
    inside: Callable[..., Caller],
    outside: Caller,
    invites: Callable[[Placed], Invites],
) -> None:
    if how == "colleague":
        call = inside(CALLER).call(number, display="Max", headers=("Privacy: id",))
    elif how == "hidden":
        call = outside.call(number, sender=NOBODY, headers=ASSERTED)
    else:
        call = outside.call(number, display="Max", user=SECRET, headers=ASSERTED)
    got = invites(call)
    assert got.names == names
    assert got.numbers == ["anonymous", BOSS, "anonymous", "5404"]
    assert (got.mobile.display, got.mobile.from_user) == ("Anonymous", "anonymous")
    for invite in (*got.phones, got.mobile):
        assert invite.all("privacy") == ["id"]
        text = "\n".join(f"{name}: {value}" for name, value in invite.headers)
        for secret in ("Max", SECRET[1:], "User 5409", "5409"):
            assert secret not in text
    assert not any(identities(invite) for invite in got.phones)


def test_a_ring_s_name_is_gone_when_the_ring_has_ended(
    planned: Planned, line: Callable[..., Line], trunk: Answering, inside: Callable[..., Caller]
) -> None:
    desk = line("5401-a")
    call = inside(CALLER).call("5431")
    desk.wait_ringing(calls=2)
    assert [each.display for each in desk.ringings] == [SHOWN, "User 5409"]
    assert call.wait() == 480
