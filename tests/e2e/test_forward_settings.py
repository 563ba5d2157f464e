"""What may be set of forwards, on a running FreeSWITCH: how long it rings behind one, a moment at
his own phones before a forward of every call, and do not disturb before it."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

import pytest

from tests.e2e.diverted import (
    AT_ONCE,
    STRANGER,
    away,
    direct,
    diversion,
    mailbox,
    reachable,
    reaches_the_mailbox_of,
    somebody,
)
from tests.e2e.endpoint import Behaviour
from tests.e2e.lines import Line, to
from tests.e2e.pools import pool
from tests.e2e.sip import TOLERANCE, wait_until
from tests.e2e.stage import Programme, Stage, company, person

OUT, OWN = "+491713000210", "+491713000211"
"""Numbers outside, where nobody answers."""

DOMAIN_RING, OWN_RING = 5, 3


def every(target: str, **more: Any) -> dict[str, Any]:
    """Forwards the calls of both origins."""
    return {origin: {"to": target, **more} for origin in ("internal", "external")}


PEOPLE: dict[str, dict[str, Any]] = {
    "u1900": person("1900", "a", number=direct(1900)),
    **somebody(1700, forward=every(f"external:{OUT}")),
    **somebody(1701, forward=every(f"external:{OWN}"), forward_ring=OWN_RING),
    **somebody(1702, presence=away("extension:1703")),
    **somebody(1703, presence=reachable(no_answer="busy")),
    **somebody(1704, forward=every("extension:2700"), forward_ring=OWN_RING),
    **somebody(1705), **somebody(1706),
    # A moment first.
    **somebody(1710, "a", "b", forward=every("extension:1711", ring_splash=True)),
    **somebody(1711),
    **somebody(1712, forward=every("busy", ring_splash=True)),
    **somebody(1713, forward=every("extension:1711", ring_splash=True)),
    # Do not disturb.
    **somebody(1720, presence=away("extension:1721", status="dnd"), forward=every("busy")),
    **somebody(1721),
    # An executive and her assistant, who may disturb her.
    **somebody(1730, presence=away("extension:1732", status="dnd"), forward={
        "internal": {"to": "extension:1733"},
    }),
    **somebody(1731), **somebody(1732), **somebody(1733),
}  # fmt: skip
RULES = company(**PEOPLE)
RULES["settings"] |= {"forward_ring": DOMAIN_RING, "dnd_over_cfu": True}
RULES["teams"] = {
    "2700": {
        "name": "Hotline",
        "members": [{"user": "1705"}, {"user": "1706"}],
        "overflow": {"no_answer": "busy"},
    }
}
RULES["executives"] = pool(1730, 1731, filter="external", assistant_breaks_dnd=True)
TRUNK = Behaviour()
play = Programme()


# -- how long it rings ----------------------------------------------------------------------------


def gives_up(stage: Stage, extension: int, number: str, seconds: int) -> None:
    own = stage.line(f"{extension}-a")
    call = stage.outside().call(direct(extension), user=STRANGER)
    wait_until(lambda: to(number, stage.trunk.ringings), 3, "it leaves")
    assert call.wait(seconds + 5) == 200
    (outside,) = to(number, stage.trunk.ringings)
    assert outside.cancelled
    assert outside.rang == pytest.approx(seconds, abs=TOLERANCE)
    assert mailbox(stage, direct(extension)) == str(extension)
    assert not own.invited
    call.hang_up()


@play
def a_number_outside_rings_as_long_as_the_domain_says(stage: Stage) -> None:
    gives_up(stage, 1700, OUT, DOMAIN_RING)


@play
def a_number_outside_rings_as_long_as_who_forwards_to_it_says(stage: Stage) -> None:
    gives_up(stage, 1701, OWN, OWN_RING)


@play
def a_colleague_rings_no_longer_and_the_mailbox_is_that_of_whom_the_caller_wanted(
    stage: Stage,
) -> None:
    target = stage.line("1703-a")
    call = stage.inside("1900-a").call("1702")
    assert target.wait_cancelled().rang == pytest.approx(DOMAIN_RING, abs=TOLERANCE)
    assert call.wait(5) == 200
    assert mailbox(stage, 1702) == "1702"
    call.hang_up()


@play
def a_team_rings_no_longer_either(stage: Stage) -> None:
    members = [stage.line("1705-a"), stage.line("1706-a")]
    call = stage.inside("1900-a").call("1704")
    for member in members:
        assert member.wait_cancelled().rang == pytest.approx(OWN_RING, abs=TOLERANCE)
    assert call.wait(5) == 200
    assert mailbox(stage, 1704) == "1704"
    call.hang_up()


# -- a moment at his own phones -------------------------------------------------------------------


@play
def his_phones_ring_for_a_moment_before_the_forward_takes_the_call(stage: Stage) -> None:
    own = [stage.line("1710-a"), stage.line("1710-b")]
    target = stage.line("1711-a", answer=0.2)
    call = stage.inside("1900-a").call("1710")
    assert call.wait(5) == 200
    for line in own:
        (ringing,) = line.ringings
        assert ringing.cancelled
        assert ringing.rang is not None
        assert 0.4 < ringing.rang < 1
        assert ringing.invite.get("diversion") == ""
    found = [
        each
        for each in target.ringings
        if each.invite.get("diversion") == diversion(1710, "unconditional", 1)
    ]
    assert found[0].at - call.started < 1 + AT_ONCE
    call.hang_up()


@play
def who_is_quick_has_the_call_all_the_same(stage: Stage) -> None:
    own = stage.line("1712-a", answer=0.2)
    call = stage.inside("1900-a").call("1712")
    assert call.wait(5) == 200
    assert own.ringings[0].answered
    call.hang_up()


@play
def switched_off_on_the_command_line_it_is_over(stage: Stage) -> None:
    own = stage.line("1713-a")
    stage.router.run("forward", "ring-splash", "1713", "off", "--as", "1713")
    call = stage.inside("1900-a").call("1713")
    assert call.wait(5) == 200
    assert not own.invited
    call.hang_up()


# -- do not disturb before the forward ------------------------------------------------------------


@play
def do_not_disturb_comes_before_a_forward_of_every_call(stage: Stage) -> None:
    own, target = stage.line("1720-a"), stage.line("1721-a", answer=0.2)
    caller = stage.inside("1900-a")
    call = caller.call("1720")
    assert call.wait(5) == 200
    assert target.ringings[0].invite.get("diversion") == diversion(1720, "do-not-disturb", 1)
    call.hang_up()
    said = stage.router.run("explain", "--from", "1900", "--to", "1720")
    assert "1720 does not forward to busy: he is dnd, and that comes first here." in said
    stage.router.run("presence", "set", "1720", "lunch")
    assert caller.call("1720").wait(5) == 486
    stage.router.run("forward", "off", "1720")
    reaches_the_mailbox_of(stage, caller.call("1720"), 1720, 1720)
    assert not own.invited


@play
def her_assistant_then_goes_where_do_not_disturb_sends_all_while_she_forwards(stage: Stage) -> None:
    lines = own, assistant, deputy, forwarded = [
        stage.line(f"{extension}-a") for extension in range(1730, 1734)
    ]

    def rings(caller: str, line: Line) -> str:
        """The Diversion with which the call of ``caller`` rings there, and nowhere else."""
        before = {each.account: len(each.ringings) for each in lines}
        call = stage.inside(caller).call("1730")
        ringing = line.wait_ringing(3, calls=before[line.account] + 1)
        time.sleep(1.5)
        rung = [each for each in lines if len(each.ringings) > before[each.account]]
        assert rung == [line]
        call.cancel()
        assert call.wait(5) == 487
        return ringing.invite.get("diversion")

    disturbs, every_call = (diversion(1730, why, 1) for why in ("do-not-disturb", "unconditional"))
    assert rings("1731-a", deputy) == rings("1900-a", deputy) == disturbs
    # Nor may he ask her whether she takes a caller.
    assert stage.inside("1731-a").call("*63").wait(5) == 480
    assert not own.invited
    stage.router.run("forward", "off", "1730")
    assert rings("1731-a", own) == ""
    assert rings("1900-a", deputy) == disturbs
    stage.router.run("forward", "on", "1730")
    assert rings("1731-a", deputy) == disturbs
    stage.router.run("presence", "set", "1730", "available")
    assert rings("1731-a", forwarded) == rings("1900-a", forwarded) == every_call
    assert not assistant.invited


@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()
