"""Calls that leave through the trunk and come back: a carrier that strips every header which counts
redirections, and hands the others on. On a running FreeSWITCH."""

from __future__ import annotations

import base64
import json
from concurrent.futures import Future
from typing import Any

import pytest

from tests.e2e.diverted import STRANGER, direct, diversion, mailbox, somebody
from tests.e2e.endpoint import Behaviour, Placed
from tests.e2e.lines import to
from tests.e2e.sip import wait_until
from tests.e2e.stage import Programme, Stage, company, person

USED = ("alone", "first", "second", "along", "forged", "dialled")
OUT = {name: f"+4917130004{number}" for number, name in enumerate(USED, 10)}
HEADER = "X-ESLR-Trace"


def leaves(name: str) -> dict[str, Any]:
    return {origin: {"to": f"external:{OUT[name]}"} for origin in ("internal", "external")}


PEOPLE: dict[str, dict[str, Any]] = {
    "u1900": person("1900", "a", number=direct(1900)),
    **somebody(1760, forward=leaves("alone")),
    **somebody(1761, forward=leaves("first")),
    **somebody(1762, forward=leaves("second")),
    **somebody(1763, mobile=OUT["along"], confirm=False),
    **somebody(1764, forward=leaves("forged")),
    **somebody(1765),
}  # fmt: skip
RULES = company(**PEOPLE)
TRUNK = Behaviour(ring=False, reject=486, after=2.0)
"""The far end is busy, once it has tried where its own forward leads to."""

play = Programme()


def sent_out(stage: Stage, name: str) -> str:
    """The trail with which the call leaves to that number."""
    (ringing,) = wait_until(lambda: to(OUT[name], stage.trunk.ringings), 5, "it leaves")
    trail = ringing.invite.get(HEADER.lower())
    assert trail
    return trail


def comes_back(stage: Stage, extension: int, trail: str) -> Placed:
    """The carrier sends the call on to a number of ours: no Diversion, no History-Info."""
    return stage.outside().call(direct(extension), user=STRANGER, headers=(f"{HEADER}: {trail}",))


@play
def a_call_that_comes_back_to_who_sent_it_out_is_busy_and_the_first_gets_his_mailbox(
    stage: Stage,
) -> None:
    own = stage.line("1760-a")
    call = stage.inside("1900-a").call("1760")
    assert comes_back(stage, 1760, sent_out(stage, "alone")).wait(5) == 486
    assert call.wait(5) == 200
    assert mailbox(stage, 1760) == "1760"
    assert len(to(OUT["alone"], stage.trunk.ringings)) == 1
    assert not own.invited
    call.hang_up()


@play
def a_circle_of_two_through_the_trunk_ends_after_two_hops(stage: Stage) -> None:
    call = stage.inside("1900-a").call("1761")
    second = comes_back(stage, 1762, sent_out(stage, "first"))
    trail = sent_out(stage, "second")
    (out,) = to(OUT["second"], stage.trunk.ringings)
    # What the carrier has stripped is counted all the same.
    assert out.invite.get("diversion") == diversion(1762, "unconditional", 2)
    assert comes_back(stage, 1761, trail).wait(5) == 486
    assert second.wait(5) == 200
    assert mailbox(stage, direct(1762)) == "1762"
    assert call.wait(5) == 200
    assert [len(to(OUT[name], stage.trunk.ringings)) for name in ("first", "second")] == [1, 1]
    for each in (call, second):
        each.hang_up()


@play
def a_mobile_that_sends_the_call_back_leaves_the_desk_phone_ringing(stage: Stage) -> None:
    desk = stage.line("1763-a", answer=4.0)
    call = stage.inside("1900-a").call("1763")
    assert comes_back(stage, 1763, sent_out(stage, "along")).wait(5) == 486
    assert call.wait(10) == 200
    (ringing,) = desk.ringings
    assert ringing.answered
    assert ringing.invite.get(HEADER.lower()) == "", "only what leaves carries it"
    call.hang_up()


def traces(stage: Stage, number: str) -> list[str]:
    """Why the calls to that number went as they did."""
    calls = json.loads(stage.router.run("calls", "list", "-n", "200", "--json"))
    return [e["text"] for each in calls if each["dialled"] == number for e in each["trace"]]


@play
def a_trail_that_is_not_ours_changes_nothing_and_the_journal_says_so(stage: Stage) -> None:
    call = stage.inside("1900-a").call("1764")
    real = sent_out(stage, "forged")
    plain = base64.urlsafe_b64decode(real + "===")
    for secret in (b"1764", b"pbx.test"):
        assert secret not in plain
    own = stage.line("1765-a", answer=0.2)
    letter = "B" if real[20] == "A" else "A"
    for forged in (real[:20] + letter + real[21:], "A" * 120, "1765", "%0Aforged: 1"):
        back = comes_back(stage, 1765, forged)
        assert back.wait(5) == 200
        back.hang_up()
    assert len([each for each in own.ringings if each.answered]) == 4
    assert call.wait(5) == 200
    call.hang_up()

    def found() -> list[str]:
        about = [each for each in traces(stage, direct(1765)) if "trail" in each]
        return about if len(about) == 4 else []

    said = wait_until(found, 10, "the journal has them")
    text = "The call shows a trail that does not count: it"
    assert said.count(f"{text} was not made here.") == 2
    assert said.count(f"{text} has not the form of ours.") == 2
    assert "does not count" not in stage.router.log.read_text()


@play
def what_a_user_dials_himself_carries_one_too_and_it_stops_nobody(stage: Stage) -> None:
    stage.inside("1900-a").call(OUT["dialled"])
    own = stage.line("1900-a", answer=0.2)
    back = comes_back(stage, 1900, sent_out(stage, "dialled"))
    assert back.wait(5) == 200
    assert own.ringings[0].answered
    back.hang_up()


@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()
