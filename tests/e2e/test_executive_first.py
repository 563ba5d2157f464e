"""Who of a pool rings when on a running FreeSWITCH: the executive before his assistants, one of
them longer than the others, one telephone of each."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

import pytest

from tests.e2e.diverted import AT_ONCE, direct, somebody
from tests.e2e.endpoint import Placed
from tests.e2e.lines import Line, to
from tests.e2e.pools import people, phones, pool, rules
from tests.e2e.sip import TIMER, TOLERANCE
from tests.e2e.stage import Programme, Stage

FIRST = 4
MOBILE = "+491715550901"
SILENT = "<http://localhost>;info=silent"
STOPS, ON, QUIETLY, DECLINES, REFUSES, DND, TALKS, GONE, ALONE, LONGER, PRIMARY = range(
    5600, 5710, 10
)


def first(extension: int, **more: Any) -> dict[str, Any]:
    return pool(extension, executive_first=FIRST, **more)


RULES = rules(
    people(
        *range(STOPS, PRIMARY + 10, 10),
        **somebody(DND, presence={"status": "dnd"}),
        **somebody(TALKS, busy_on_busy=True),
        **somebody(PRIMARY + 1, "a", "b", mobile=MOBILE, confirm=True),
    ),
    [
        first(STOPS),
        first(ON, alert_executive="ring"),
        first(QUIETLY, alert_executive="silent"),
        first(DECLINES, alert_executive="silent"),
        first(REFUSES, alerting="sequential", rings=3, alert_executive="ring"),
        first(DND, alert_executive="ring"),
        first(TALKS),
        first(GONE),
        pool(
            ALONE,
            *({"user": str(ALONE + n), "opted_in": False} for n in (1, 2)),
            executive_first=FIRST,
            rollover={"after": 20, "action": "busy"},
        ),
        pool(
            LONGER,
            {"user": str(LONGER + 1), "rings": 1},
            {"user": str(LONGER + 2)},
            alerting="sequential",
            rings=4,
            rollover={"after": 14, "action": "busy"},
        ),
        pool(PRIMARY, assistant_devices="primary"),
    ],
)
play = Programme()


def give_up(call: Placed) -> None:
    call.cancel()
    assert call.wait(5) == 487


def follow(hers: Line, assistants: list[Line]) -> None:
    """They ring so many seconds after her."""
    began = hers.wait_ringing(3).at
    assert not any(line.invited for line in assistants)
    for line in assistants:
        assert line.wait_ringing(FIRST + 3).at - began == pytest.approx(
            FIRST + TIMER, abs=TOLERANCE
        )


@play
def her_phone_stops_when_the_assistants_begin(stage: Stage) -> None:
    hers, *assistants = phones(stage, STOPS)
    call = stage.outside().call(direct(STOPS))
    follow(hers, assistants)
    assert hers.wait_cancelled(3).rang == pytest.approx(FIRST + TIMER, abs=TOLERANCE)
    give_up(call)
    assert len(hers.ringings) == 1


@play
def or_rings_on_until_one_of_them_answers(stage: Stage) -> None:
    hers, *assistants = phones(stage, ON)
    call = stage.outside().call(direct(ON))
    follow(hers, assistants)
    assert hers.ringings[0].cancelled is None
    assistants[1].lines.answer(assistants[1].ringings[0])
    assert call.wait(5) == 200
    assert hers.wait_cancelled(3).rang > FIRST
    assert len(hers.ringings) == 1
    call.hang_up()


@play
def or_shows_the_call_without_a_sound_from_then_on(stage: Stage) -> None:
    hers, *assistants = phones(stage, QUIETLY)
    call = stage.outside().call(direct(QUIETLY))
    follow(hers, assistants)
    loud = hers.wait_cancelled(3)
    quiet = hers.wait_ringing(3, calls=2)
    assert quiet.at - loud.at == pytest.approx(FIRST + 1 + TIMER, abs=TOLERANCE)
    assert (loud.invite.get("alert-info"), quiet.invite.get("alert-info")) == ("", SILENT)
    hers.lines.answer(quiet)
    assert call.wait(5) == 200
    for line in assistants:
        line.wait_cancelled(3)
    call.hang_up()


@play
def who_declines_brings_the_assistants_at_once(stage: Stage) -> None:
    hers = stage.line(f"{DECLINES}-a", reject=603, after=1)
    assistants = [stage.line(f"{DECLINES + n}-a") for n in (1, 2)]
    call = stage.outside().call(direct(DECLINES))
    refused = hers.wait_ringing().at + 1
    for line in assistants:
        assert line.wait_ringing(3).at - refused < AT_ONCE
    give_up(call)
    assert len(hers.ringings) == 1


@play
def and_so_does_one_phone_that_refuses(stage: Stage) -> None:
    hers = stage.line(f"{REFUSES}-a", reject=486, after=1)
    one, two = (stage.line(f"{REFUSES + n}-a") for n in (1, 2))
    call = stage.outside().call(direct(REFUSES))
    refused = hers.wait_ringing().at + 1
    assert one.wait_ringing(3).at - refused < AT_ONCE
    assert not two.invited
    give_up(call)
    assert len(hers.ringings) == 1


@play
def do_not_disturb_brings_them_at_once(stage: Stage) -> None:
    hers, *assistants = phones(stage, DND)
    call = stage.outside().call(direct(DND))
    for line in assistants:
        assert line.wait_ringing(3).at - call.started < AT_ONCE
    give_up(call)
    assert not hers.invited


@play
def and_so_does_busy_on_busy(stage: Stage) -> None:
    hers, *assistants = phones(stage, TALKS)
    conversation = stage.inside(f"{TALKS + 1}-a").call(str(TALKS))
    hers.lines.answer(hers.wait_ringing())
    assert conversation.wait(5) == 200
    time.sleep(TIMER)
    call = stage.outside().call(direct(TALKS))
    assert assistants[1].wait_ringing(3).at - call.started < AT_ONCE
    give_up(call)
    conversation.hang_up()
    assert len(hers.ringings) == 1


@play
def and_so_does_an_executive_who_is_not_registered(stage: Stage) -> None:
    assistants = [stage.line(f"{GONE + n}-a") for n in (1, 2)]
    call = stage.outside().call(direct(GONE))
    for line in assistants:
        assert line.wait_ringing(3).at - call.started < AT_ONCE
    give_up(call)


@play
def she_rings_first_where_nobody_is_logged_in(stage: Stage) -> None:
    hers, *assistants = phones(stage, ALONE)
    call = stage.outside().call(direct(ALONE))
    assert hers.wait_cancelled(FIRST + 3).rang == pytest.approx(FIRST + TIMER, abs=TOLERANCE)
    assert call.wait(3) == 486
    assert not any(line.invited for line in assistants)


@play
def one_assistant_has_a_shorter_turn(stage: Stage) -> None:
    _, one, two = phones(stage, LONGER)
    call = stage.outside().call(direct(LONGER))
    short = one.wait_cancelled(10)
    assert short.rang == pytest.approx(5, abs=TOLERANCE)
    assert two.wait_ringing(3).at - short.at == pytest.approx(5, abs=TOLERANCE)
    assert two.wait_cancelled(15).rang == pytest.approx(9, abs=TOLERANCE)
    assert call.wait(TIMER + 3) == 486


@play
def the_first_telephone_of_an_assistant_rings_alone(stage: Stage) -> None:
    _, one, two = phones(stage, PRIMARY)
    second = stage.line(f"{PRIMARY + 1}-b")
    call = stage.outside().call(direct(PRIMARY))
    one.wait_ringing(3)
    two.wait_ringing(3)
    give_up(call)
    assert not second.invited
    assert not to(MOBILE, stage.trunk.ringings)


@pytest.mark.parametrize("scenario", list(play))
def test_in_a_pool(played: dict[str, Future[None]], scenario: str) -> None:
    played[scenario].result()
