"""Whoever acts for an executive: assistants, those they divert to, and the callers of a pool."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future
from typing import Any

import pytest

from tests.e2e.diverted import STRANGER, direct, mailbox, reachable, somebody
from tests.e2e.endpoint import HOST, Behaviour, Placed
from tests.e2e.lines import Line, to
from tests.e2e.pools import people, phones, pool, rules
from tests.e2e.sip import TIMER, TOLERANCE, Ringing, wait_until
from tests.e2e.stage import Programme, Stage

PUSH, ON_BEHALF, RETRIEVE = "*63", "*64", "*65"
RECALL, RANG = 4, 3
QUIET = 1.5
TEAM, OUT = "+493012342990", "+491715570001"
POOLS = range(7100, 7230, 10)


def forwarding(extension: int, to: int) -> dict[str, dict[str, Any]]:
    return somebody(extension, presence=reachable(always=f"extension:{to}"))


def redirecting(extension: int) -> dict[str, dict[str, Any]]:
    made = somebody(extension)
    made[f"u{extension}"]["devices"][f"{extension}-a"]["redirect"] = True
    return made


def diverting(boss: int) -> dict[str, Any]:
    """The first assistant diverts to a colleague, who is user 3 of the ten."""
    first = {"user": str(boss + 1), "divert": str(boss + 3)}
    return pool(boss, first, boss + 2, push_recall=RECALL)


PEOPLE = people(
    *POOLS,
    **somebody(7103),
    **somebody(7113, internal={"a": (0, RANG)}, external={"a": (0, RANG)}),
    **forwarding(7121, 7120),
    **forwarding(7123, 7120),
    **redirecting(7131),
    **somebody(7159, "b"),
    **forwarding(7163, 7160),
    **somebody(7183),
    **somebody(7193),
    **somebody(7203),
)
RULES = rules(
    PEOPLE,
    [
        diverting(7100),
        diverting(7110),
        *(pool(boss, push_recall=RECALL) for boss in (7120, 7130, 7140, 7150, 7160, 7170)),
        diverting(7180),
        diverting(7200),
        pool(
            7190,
            *({"user": user, "divert": "7193"} for user in ("7191", "7192")),
            rollover={"action": "voicemail"},
        ),
    ],
    teams={
        "2990": {
            "name": "Hotline",
            "numbers": [TEAM],
            "members": [{"user": "7159"}],
            "overflow": {"nobody": "extension:7150"},
        }
    },
)
TRUNK = Behaviour(answer=0.3)
play = Programme()


def rings(call: Placed, line: Line, *others: Line) -> None:
    """This phone rings at once, and the others do not."""
    assert line.wait_ringing(3).at - call.started < TOLERANCE
    time.sleep(QUIET)
    assert [other.account for other in others if other.invited] == []
    call.cancel()
    assert call.wait(5) == 487


def pick_up(line: Line, *, calls: int = 1) -> Ringing:
    ringing = line.wait_ringing(8, calls=calls)
    line.lines.answer(ringing)
    time.sleep(1)
    return ringing


def takes_over(stage: Stage, boss: int, caller: Placed, assistant: Line) -> None:
    """The executive gets the caller with whom the assistant talks, and he is released."""
    hers = stage.inside(f"{boss}-a").call(RETRIEVE)
    assert hers.wait(5) == 200
    wait_until(lambda: assistant.ringings[-1].ended, 5, "a BYE")
    time.sleep(1)
    assert (hers.ended, caller.ended) == (None, None)
    caller.hang_up()
    assert hers.wait_end(5)


# -- the part of an assistant -------------------------------------------------------------------


@play
def whoever_takes_an_assistant_s_part_reaches_her(stage: Stage) -> None:
    boss, one, two = phones(stage, 7100)
    stage.line("7103-a")
    rings(stage.inside("7103-a").call("7100"), boss, one, two)


@play
def he_hands_a_caller_over_and_gets_him_back_and_then_the_others_ring(stage: Stage) -> None:
    boss, one, two = phones(stage, 7110)
    target = stage.line("7113-a")
    call = stage.outside().call(direct(7110), user=STRANGER, display="Muster")
    ringing = pick_up(target)
    assert call.wait(5) == 200
    target.lines.transfer(ringing, PUSH)
    assert boss.wait_cancelled(RECALL + 5).rang == pytest.approx(RECALL + TIMER, abs=TOLERANCE)
    back = target.wait_ringing(3, calls=2)
    assert back.invite.display.startswith("Recall")
    pick_up(two, calls=2)
    assert len(target.ringings) == 2
    assert not one.invited
    assert call.ended is None
    call.hang_up()


@play
def whose_caller_it_is_hands_him_over_though_the_assistant_has_logged_out(stage: Stage) -> None:
    boss, *_ = phones(stage, 7200)
    target = stage.line("7203-a")
    call = stage.outside().call(direct(7200), user=STRANGER)
    ringing = pick_up(target)
    assert call.wait(5) == 200
    stage.router.run("assistant", "logout", "7201", "7200")
    target.lines.transfer(ringing, PUSH)
    pick_up(boss)
    assert call.ended is None
    call.hang_up()


@play
def she_takes_over_the_caller_of_whoever_takes_an_assistant_s_part(stage: Stage) -> None:
    phones(stage, 7180)
    target = stage.line("7183-a")
    call = stage.outside().call(direct(7180), user=STRANGER)
    pick_up(target)
    assert call.wait(5) == 200
    takes_over(stage, 7180, call, target)


@play
def whom_both_assistants_lead_to_rings_once_and_is_left_alone_when_he_declines(
    stage: Stage,
) -> None:
    _, one, two = phones(stage, 7190)
    target = stage.line("7193-a", reject=486, after=0.5)
    call = stage.outside().call(direct(7190), user=STRANGER)
    assert call.wait(6) == 200
    assert mailbox(stage, direct(7190), "default pbx.test") == "7190"
    assert len(target.ringings) == 1
    assert not one.invited
    assert not two.invited
    call.hang_up()


# -- forwarding ---------------------------------------------------------------------------------


@play
def what_an_assistant_forwards_to_her_passes_and_what_a_colleague_forwards_does_not(
    stage: Stage,
) -> None:
    boss, one, two = phones(stage, 7120)
    rings(stage.outside().call(direct(7121)), boss, one, two)
    call = stage.outside().call(direct(7123))
    for assistant in (one, two):
        assistant.wait_ringing(3)
    assert len(boss.ringings) == 1
    call.cancel()
    assert call.wait(5) == 487


@play
def what_an_assistant_s_phone_sends_on_to_her_passes(stage: Stage) -> None:
    boss, two = stage.line("7130-a"), stage.line("7132-a")
    contact = f"sip:7130@{HOST}:{stage.switch.internal}"
    stage.line("7131-a", reject=302, contact=contact)
    rings(stage.outside().call(direct(7131)), boss, two)


# -- taking over --------------------------------------------------------------------------------


@play
def she_takes_over_who_came_back_to_an_assistant(stage: Stage) -> None:
    stage.line("7140-a", reject=603, after=0.5)
    one, _ = stage.line("7141-a"), stage.line("7142-a")
    call = stage.outside().call(direct(7140), user=STRANGER)
    ringing = pick_up(one)
    one.lines.transfer(ringing, PUSH)
    pick_up(one, calls=2)
    takes_over(stage, 7140, call, one)


@play
def she_takes_over_whom_a_team_has_sent_to_her(stage: Stage) -> None:
    one, _ = stage.line("7151-a"), stage.line("7152-a")
    call = stage.outside().call(TEAM, user=STRANGER)
    pick_up(one)
    takes_over(stage, 7150, call, one)


@play
def she_takes_over_whom_a_colleague_forwards_to_her(stage: Stage) -> None:
    one, _ = stage.line("7161-a"), stage.line("7162-a")
    call = stage.outside().call(direct(7163), user=STRANGER)
    pick_up(one)
    rows = json.loads(stage.switch.socket.api("show channels as json"))["rows"]
    marked = [row for row in rows if row["presence_id"].startswith("7161-a@")]
    assert [row["presence_data"] for row in marked] == ["eslr_pool:7160"]
    takes_over(stage, 7160, call, one)


@play
def she_takes_over_whom_an_assistant_calls_in_her_name(stage: Stage) -> None:
    stage.line("7170-a")
    call = stage.inside("7171-a").call(f"{ON_BEHALF}{OUT}".replace("+49", "0"))
    assert call.wait(5) == 200
    time.sleep(1)
    hers = stage.inside("7170-a").call(RETRIEVE)
    assert hers.wait(5) == 200
    assert call.wait_end(5)
    time.sleep(1)
    assert (hers.ended, to(OUT, stage.trunk.ringings)[0].ended) == (None, None)
    hers.hang_up()


@pytest.mark.parametrize("scenario", list(play))
def test_acting(played: dict[str, Future[None]], scenario: str) -> None:
    played[scenario].result()
