"""Phones that answer with another address, and how many calls go to one number outside at a time.

The switch would follow a 302 by itself, past every rule. Here it never does.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

import pytest

from tests.e2e.diverted import STRANGER, away, direct, reachable, somebody
from tests.e2e.endpoint import HOST, Answering, Behaviour, Placed
from tests.e2e.lines import to
from tests.e2e.sip import TIMER, TOLERANCE, wait_until
from tests.e2e.stage import Programme, Stage, company, person

OUTSIDE, FORBIDDEN = "+491731700", "+491999170"
LIMITED, ROW, DIALLED = "+491731701", "+491731702", "+491731703"
MOVED = "+491731704"


def redirecting(extension: int, *devices: str, **more: Any) -> dict[str, dict[str, Any]]:
    """A user whose phones may redirect."""
    made = somebody(extension, *devices, **more)
    for device in made[f"u{extension}"]["devices"].values():
        device["redirect"] = True
    return made


PEOPLE = {
    **somebody(1900),
    **somebody(1901),
    **somebody(1902),
    # Phones that may not.
    **somebody(1700, "a", "b"),
    **somebody(1701),
    **somebody(1702, presence=reachable(busy="extension:1703")),
    **somebody(1703),
    # Phones that may.
    **redirecting(1710),
    **somebody(1711),
    **redirecting(1712),
    **redirecting(1713, "a", "b", internal={"a": (0, 20), "b": (0, 3)}),
    **somebody(1714),
    **redirecting(1715, "a", "b"),
    **redirecting(1716),
    **redirecting(1717),
    **redirecting(1718, presence=reachable(busy="extension:1719")),
    **somebody(1719),
    **redirecting(1720),
    **redirecting(1721),
    **redirecting(1722),
    **redirecting(1723),
    **redirecting(1724, "a", "b"),
    # So many calls to one number at a time.
    **somebody(1730, presence=away(f"external:{LIMITED}")),
    **somebody(1731, presence=away(f"external:{LIMITED}")),
    **somebody(1732, presence=away(f"external:{LIMITED}")),
    **somebody(1733, presence=away(f"external:{DIALLED}")),
}  # fmt: skip
PEOPLE["u1734"] = person("1734", "a", mobile=ROW, confirm=False)
PEOPLE["u1735"] = person("1735", "a", mobile=ROW, confirm=False)
PEOPLE["u1736"] = person("1736", "a", presence=away(f"external:{ROW}"))
RULES = company(**PEOPLE)
RULES["settings"] |= {"toll": {"deny": ["+491999"]}, "max_parallel_forwards": 2}
play = Programme()


def ours(stage: Stage, user: object) -> str:
    """An address of ours: the switch by itself would transfer the caller there."""
    return f"sip:{user}@{HOST}:{stage.switch.internal}"


def redirects(stage: Stage, account: str, contact: str, after: float = 0.0) -> Any:
    return stage.line(account, reject=302, contact=contact, after=after)


def give_up(call: Placed) -> None:
    call.cancel()
    assert call.wait(5) == 487


@play
def a_redirection_is_not_followed_and_other_phones_ring_on(stage: Stage) -> None:
    target = stage.line("1701-a")
    redirects(stage, "1700-a", ours(stage, 1701), after=0.5)
    other = stage.line("1700-b", answer=3.0)
    call = stage.inside("1900-a").call("1700")
    assert call.wait() == 200
    assert call.at == pytest.approx(3.0, abs=TOLERANCE)
    assert other.ringings[0].answered
    assert not target.invited
    call.hang_up()


@play
def it_counts_as_busy_wherever_it_points(stage: Stage) -> None:
    stranger = Answering(0)
    busy = stage.line("1703-a")
    redirects(stage, "1702-a", f"sip:+4930111@{HOST}:{stranger.port}")
    try:
        call = stage.outside().call(direct(1702), user=STRANGER)
        busy.wait_ringing(3)
        time.sleep(1)
        assert stranger.log.records == []
        give_up(call)
    finally:
        stranger.close()


@play
def a_phone_that_may_redirects_to_a_colleague(stage: Stage) -> None:
    target = stage.line("1711-a", answer=0.3)
    redirects(stage, "1710-a", ours(stage, 1711))
    call = stage.inside("1900-a").call("1710")
    assert call.wait(5) == 200
    assert call.at is not None
    assert call.at < 2
    assert target.ringings[0].answered
    call.hang_up()


@play
def to_a_number_outside_by_the_trunk_with_a_diversion(stage: Stage) -> None:
    stranger = Answering(0)
    redirects(stage, "1712-a", f"sip:{OUTSIDE}@{HOST}:{stranger.port}")
    try:
        call = stage.outside().call(direct(1712), user=STRANGER)
        ringing = wait_until(lambda: to(OUTSIDE, stage.trunk.ringings), 5, "the trunk")[0]
        diversion = ringing.invite.get("diversion")
        assert f"sip:{direct(1712)}@" in diversion
        assert "reason=deflection" in diversion
        assert "counter=1" in diversion
        assert stranger.log.records == []
        give_up(call)
    finally:
        stranger.close()


@play
def while_another_phone_rings_it_waits_for_the_end(stage: Stage) -> None:
    target = stage.line("1714-a")
    redirects(stage, "1713-a", ours(stage, 1714))
    other = stage.line("1713-b")
    call = stage.inside("1900-a").call("1713")
    rang = other.wait_cancelled()
    assert rang.rang == pytest.approx(3, abs=TOLERANCE)
    assert target.wait_ringing(3).at - call.started == pytest.approx(3 + TIMER, abs=TOLERANCE)
    give_up(call)


@play
def who_refuses_the_call_on_another_phone_sends_it_nowhere(stage: Stage) -> None:
    redirects(stage, "1724-a", ours(stage, 1902))
    stage.line("1724-b", reject=603, after=1.0)
    call = stage.inside("1900-a").call("1724")
    assert call.wait() == 486


@play
def and_an_answer_on_another_phone_is_all_there_is(stage: Stage) -> None:
    redirects(stage, "1715-a", f"sip:{FORBIDDEN}@{HOST}")
    stage.line("1715-b", answer=2.0)
    call = stage.inside("1900-a").call("1715")
    assert call.wait() == 200
    call.hang_up()


@play
def a_phone_that_redirects_to_itself_is_busy(stage: Stage) -> None:
    line = redirects(stage, "1716-a", ours(stage, 1716))
    call = stage.inside("1900-a").call("1716")
    assert call.wait() == 486
    assert len(line.ringings) == 1


@play
def so_is_one_that_redirects_to_the_caller(stage: Stage) -> None:
    caller = stage.line("1901-a")
    line = redirects(stage, "1717-a", ours(stage, 1901))
    call = stage.inside("1901-a").call("1717")
    assert call.wait() == 486
    assert (len(line.ringings), caller.invited) == (1, False)


@play
def a_forbidden_number_is_not_dialled_and_his_busy_forward_holds(stage: Stage) -> None:
    target = stage.line("1719-a")
    redirects(stage, "1718-a", ours(stage, FORBIDDEN))
    call = stage.inside("1900-a").call("1718")
    target.wait_ringing(3)
    assert to(FORBIDDEN, stage.trunk.ringings) == []
    give_up(call)


@play
def what_is_no_number_leads_nowhere(stage: Stage) -> None:
    line = redirects(stage, "1720-a", ours(stage, "1%7C901$"))
    call = stage.inside("1900-a").call("1720")
    assert call.wait() == 486
    assert len(line.ringings) == 1


@play
def two_phones_that_redirect_to_each_other_end(stage: Stage) -> None:
    one = redirects(stage, "1721-a", ours(stage, 1722))
    two = redirects(stage, "1722-a", ours(stage, 1721))
    call = stage.sipp_call("1721", account="1900-a", hang_up=3)
    assert call.wait() == 200, "the mailbox of whom the caller wanted"
    assert (len(one.ringings), len(two.ringings)) == (1, 1)


@play
def too_many_redirections_in_all(stage: Stage) -> None:
    redirects(stage, "1723-a", ours(stage, OUTSIDE))
    before = len(to(OUTSIDE, stage.trunk.ringings))
    header = "Diversion: <sip:+498999@carrier.example>;reason=unconditional;counter=5"
    call = stage.outside().call(direct(1723), user=STRANGER, headers=(header,))
    assert call.wait() == 486
    assert len(to(OUTSIDE, stage.trunk.ringings)) <= max(before, 1)


@play
def nor_is_the_far_end_of_the_trunk_followed(stage: Stage) -> None:
    target = stage.line("1902-a")
    stage.trunk.by_number[MOVED] = Behaviour(
        reject=302, contact=f"sip:1902@{HOST}:{stage.switch.external}"
    )
    call = stage.inside("1900-a").call(MOVED)
    assert call.wait() == 480
    assert not target.invited


@play
def a_third_forward_to_one_number_is_one_too_many(stage: Stage) -> None:
    calls = [stage.inside("1900-a").call(number) for number in ("1730", "1731")]
    wait_until(lambda: len(to(LIMITED, stage.trunk.ringings)) == 2, 5, "both go there")
    time.sleep(1)
    third = stage.sipp_call("1732", account="1900-a", hang_up=3)
    assert third.wait() == 200, "its mailbox"
    assert len(to(LIMITED, stage.trunk.ringings)) == 2
    give_up(calls[0])
    time.sleep(1)
    again = stage.inside("1900-a").call("1732")
    wait_until(lambda: len(to(LIMITED, stage.trunk.ringings)) == 3, 5, "there is room again")
    for call in (again, calls[1]):
        give_up(call)


@play
def devices_outside_count_and_are_left_out(stage: Stage) -> None:
    stage.trunk.by_number[ROW] = Behaviour()
    first, second, desk = (stage.line(f"{ext}-a") for ext in (1734, 1735, 1736))
    calls = [stage.inside("1900-a").call(number) for number in ("1734", "1736")]
    first.wait_ringing(3)
    wait_until(lambda: len(to(ROW, stage.trunk.ringings)) == 2, 5, "both ring there")
    time.sleep(1)
    calls.append(stage.inside("1900-a").call("1735"))
    second.wait_ringing(3)
    time.sleep(1)
    assert len(to(ROW, stage.trunk.ringings)) == 2
    assert not desk.invited
    for call in calls:
        give_up(call)


@play
def what_users_dial_themselves_does_not_count(stage: Stage) -> None:
    stage.trunk.by_number[DIALLED] = Behaviour()
    calls = [stage.inside("1900-a").call(DIALLED) for _ in range(2)]
    wait_until(lambda: len(to(DIALLED, stage.trunk.ringings)) == 2, 5, "both ring")
    time.sleep(1)
    calls.append(stage.inside("1900-a").call("1733"))
    wait_until(lambda: len(to(DIALLED, stage.trunk.ringings)) == 3, 5, "the forward rings")
    for call in calls:
        give_up(call)


@pytest.mark.parametrize("name", list(play))
def test_it(name: str, played: dict[str, Future[None]]) -> None:
    played[name].result()
