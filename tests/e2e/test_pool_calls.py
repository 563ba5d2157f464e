"""Calls of a pool: what delays, statuses, refusals and callers who give up make of them."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.diverted import AT_ONCE, STRANGER, direct, mailbox, somebody
from tests.e2e.endpoint import Behaviour, Placed
from tests.e2e.lines import Line, to
from tests.e2e.pools import people, phones, pool, rules
from tests.e2e.sip import TIMER, TOLERANCE, Ringing, wait_until
from tests.e2e.stage import Programme, Stage, person

PUSH = "*63"
RECALL = 5
QUIET = 1.5
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
HERS, HIS, OTHER, DIVERTED = (f"+4917155580{n:02}" for n in range(1, 5))
MISSED = ("cancelled", None)
UNAVAILABLE = '"Unavailable" <sip:unavailable@unknown.invalid>'
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
POOLS = range(7400, 7560, 10)
BRIEF = {"internal": {"a": (0, 2)}, "external": {"a": (0, 2)}}


def rollover(action: str, after: int = 2) -> dict[str, Any]:
    return {"rollover": {"after": after, "action": action}}


def office(**more: Any) -> dict[str, Any]:
    always = {"days": "mon-sun", "from": "00:00", "to": "24:00"}
    return {"timezone": "Europe/Berlin", "open": [always], **more}


def criteria(*each: dict[str, Any]) -> dict[str, Any]:
    return {"filter": "custom", "criteria": list(each)}


TODAY = datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat()
NO_ANSWER = {"available": {"external": {"no_answer": "extension:7433"}}}
PEOPLE = people(
    *POOLS,
    u7402=person("7402", "a", "b", internal={"a": (0, 30), "b": (15, 30)}),
    **somebody(7410, **BRIEF),
    **somebody(7420, mobile=HERS, confirm=False),
    **somebody(7421, mobile=HIS, confirm=False),
    **somebody(7430, presence={"status": "dnd", "profiles": NO_ANSWER}),
    **somebody(7433),
    **somebody(7440, "a", "b"),
    **somebody(7463),
    **somebody(7470, mobile=OTHER),
)
PEOPLE["u7470"]["devices"]["7470-mobile"]["location"] = "other"
RULES = rules(
    PEOPLE,
    [
        pool(7400, alerting="sequential", rings=1),
        pool(7410, push_recall=RECALL),
        pool(7420, push_recall=RECALL),
        pool(7430, **rollover("no_answer")),
        pool(7440, alert_executive="ring", **rollover("executive")),
        pool(7450, push_recall=20),
        pool(7460, **rollover("extension:7463")),
        pool(7470, parallel={"other": True}),
        pool(7480, **criteria({"name": "hidden", "callers": {"anonymous": True}})),
        pool(7530, **criteria({"name": "no number", "callers": {"unavailable": True}})),
        pool(7490, **criteria({"name": "the number", "dialled": [direct(7490)]})),
        pool(
            7500,
            **criteria(
                {"name": "closed days", "callers": {"origin": "external"}, "holidays": "closed"},
                {"name": "other days", "callers": {"origin": "internal"}, "holidays": "open"},
            ),
        ),
        pool(7510, {"user": "7511", "divert": DIVERTED}, 7512),
        pool(7520, **rollover("voicemail")),
    ],
    schedules={"closed": office(closed=[TODAY]), "open": office()},
)
TRUNK = Behaviour(answer=0.3)
play = Programme()


def rings(call: Placed, lines: tuple[Line, ...], others: tuple[Line, ...], calls: int = 1) -> None:
    """These phones ring at once, for the ``calls``-th time, and the others not at all."""
    before = [len(other.ringings) for other in others]
    for line in lines:
        assert line.wait_ringing(3, calls=calls).at - call.started < TOLERANCE
    time.sleep(QUIET)
    assert [len(other.ringings) for other in others] == before
    give_up(call)


def give_up(call: Placed) -> None:
    call.cancel()
    assert call.wait(5) == 487
    time.sleep(TIMER)


def talking(call: Placed, line: Line) -> Ringing:
    ringing = line.wait_ringing(5)
    line.lines.answer(ringing)
    assert call.wait(5) == 200
    time.sleep(1)
    return ringing


def missed(stage: Stage, boss: int) -> None:
    """The journal has a call for her that nobody took."""

    def found() -> list[Any]:
        calls = json.loads(stage.router.run("calls", "list", "--user", str(boss), "--json"))
        return [each for each in calls if (each["result"], each["answered_by"]) == MISSED]

    assert wait_until(found, 5, "it is in the journal")[0]["callee"] == str(boss)


# -- who rings, and when ------------------------------------------------------------------------


@play
def an_assistant_s_only_phone_rings_for_all_of_his_turn_whatever_its_delay(stage: Stage) -> None:
    stage.line("7400-a")
    one, later = stage.line("7401-a"), stage.line("7402-b")
    call = stage.inside("1900-a").call("7400")
    first = one.wait_cancelled(8)
    second = later.wait_cancelled(8)
    assert second.at - first.at == pytest.approx(5, abs=TOLERANCE)
    assert second.rang == pytest.approx(5, abs=TOLERANCE)
    call.cancel()


@play
def a_number_of_hers_outside_rings_along_and_must_press_1(stage: Stage) -> None:
    stage.trunk.by_number[OTHER] = Behaviour(answer=0.5, press="1")
    boss, *assistants = phones(stage, 7470)
    call = stage.outside().call(direct(7470), user=STRANGER)
    wait_until(lambda: to(OTHER, stage.trunk.ringings), 3, "it leaves")
    assert call.wait(10) == 200
    for line in assistants:
        assert line.wait_cancelled(2).reason == ELSEWHERE
    assert not boss.invited
    call.hang_up()


@play
def who_is_diverted_to_outside_has_the_call_once_he_has_pressed_1(stage: Stage) -> None:
    stage.trunk.by_number[DIVERTED] = Behaviour(answer=0.5, press="1")
    boss, one, two = phones(stage, 7510)
    call = stage.outside().call(direct(7510), user=STRANGER)
    assert call.wait(10) == 200
    assert two.wait_cancelled(2).reason == ELSEWHERE
    assert [line.account for line in (boss, one) if line.invited] == []
    time.sleep(1)
    assert (call.ended, to(DIVERTED, stage.trunk.ringings)[0].ended) == (None, None)
    call.hang_up()


# -- criteria -----------------------------------------------------------------------------------


@play
def a_criterion_for_callers_who_withhold_their_number(stage: Stage) -> None:
    boss, *assistants = phones(stage, 7480)
    rings(stage.outside().call(direct(7480), user=STRANGER), (boss,), tuple(assistants))
    hidden = stage.outside().call(direct(7480), sender=ANONYMOUS, headers=("Privacy: id",))
    rings(hidden, tuple(assistants), (boss,))


@play
def a_criterion_for_callers_of_whom_no_number_came(stage: Stage) -> None:
    boss, *assistants = phones(stage, 7530)
    none = stage.outside().call(direct(7530), sender=UNAVAILABLE)
    rings(none, tuple(assistants), (boss,))
    # Who hides one is none of them, whatever he writes, and nobody sees it.
    hidden = (f'P-Asserted-Identity: "Max" <sip:{HERS}@pbx.test>', "Privacy: id")
    call = stage.outside().call(direct(7530), sender=UNAVAILABLE, headers=hidden)
    rings(call, (boss,), tuple(assistants))
    assert HERS.lstrip("+") not in str(boss.ringings[0].invite.headers)
    assert boss.ringings[0].invite.from_user == "anonymous"
    rings(stage.outside().call(direct(7530), user=STRANGER), (boss,), tuple(assistants), calls=2)


@play
def a_criterion_for_the_number_that_was_dialled(stage: Stage) -> None:
    boss, *assistants = phones(stage, 7490)
    rings(stage.inside("1900-a").call("7490"), (boss,), tuple(assistants))
    rings(stage.outside().call(direct(7490)), tuple(assistants), (boss,))


@play
def a_criterion_for_closed_days(stage: Stage) -> None:
    boss, *assistants = phones(stage, 7500)
    rings(stage.inside("1900-a").call("7500"), (boss,), tuple(assistants))
    rings(stage.outside().call(direct(7500)), tuple(assistants), (boss,))


# -- nobody answers -----------------------------------------------------------------------------


@play
def on_do_not_disturb_it_rolls_over_to_the_no_answer_forward_that_is_always_there(
    stage: Stage,
) -> None:
    boss, one, _ = phones(stage, 7430)
    colleague = stage.line("7433-a")
    call = stage.outside().call(direct(7430))
    ended = one.wait_cancelled(6)
    assert ended.rang is not None
    assert colleague.wait_ringing(3).at - (ended.at + ended.rang) < AT_ONCE
    assert not boss.invited
    give_up(call)


@play
def a_phone_that_has_refused_the_alert_is_left_alone_at_the_rollover(stage: Stage) -> None:
    refusing, other = stage.line("7440-a", reject=486, after=0.5), stage.line("7440-b")
    stage.line("7441-a")
    call = stage.outside().call(direct(7440))
    other.wait_ringing(8, calls=2)
    time.sleep(QUIET)
    assert len(refusing.ringings) == 1
    give_up(call)


@play
def it_is_her_own_mailbox_that_takes_it(stage: Stage) -> None:
    _, one, _ = phones(stage, 7520)
    call = stage.outside().call(direct(7520))
    one.wait_cancelled(6)
    assert call.wait(5) == 200
    assert mailbox(stage, direct(7520)) == "7520"
    call.hang_up()


@play
def who_gives_up_during_the_rollover_has_called_her(stage: Stage) -> None:
    lines = phones(stage, 7460)
    colleague = stage.line("7463-a")
    call = stage.outside().call(direct(7460), user=STRANGER)
    colleague.wait_ringing(8)
    give_up(call)
    colleague.wait_cancelled(3)
    missed(stage, 7460)
    assert [line.account for line in lines if line.ringings[1:]] == []


# -- handed over --------------------------------------------------------------------------------


@play
def her_phone_rings_until_the_recall_whatever_its_row_says(stage: Stage) -> None:
    boss, one, _ = phones(stage, 7410)
    call = stage.outside().call(direct(7410), user=STRANGER)
    one.lines.transfer(talking(call, one), PUSH)
    pushed = boss.wait_cancelled(RECALL + 5)
    assert pushed.rang == pytest.approx(RECALL + TIMER, abs=TOLERANCE)
    one.wait_ringing(3, calls=2)
    call.hang_up()
    time.sleep(TIMER)
    question = stage.inside("7411-a").call(PUSH + "7410")
    assert question.wait(RECALL + 5) == 480
    assert question.at == pytest.approx(RECALL + TIMER, abs=TOLERANCE)


@play
def a_mailbox_outside_takes_neither_who_is_handed_over_nor_who_comes_back(stage: Stage) -> None:
    one, two = stage.line("7421-a"), stage.line("7422-a")
    call = stage.outside().call(direct(7420), user=STRANGER)
    one.lines.transfer(talking(call, one), PUSH)
    # Her mobile's mailbox answers, and so does his when the caller comes back.
    wait_until(lambda: [r for r in to(HERS, stage.trunk.ringings) if r.answered], 5, "it answers")
    one.wait_ringing(RECALL + 8, calls=2)
    wait_until(lambda: to(HIS, stage.trunk.ringings)[1:], 3, "his mobile rings again")
    time.sleep(2)
    assert (call.ended, one.ringings[1].cancelled) == (None, None)
    one.lines.answer(one.ringings[1])
    time.sleep(1)
    assert (call.ended, one.ringings[1].ended) == (None, None)
    assert len(two.ringings) == 1
    call.hang_up()


@play
def who_gives_up_while_he_is_handed_over_has_called_her(stage: Stage) -> None:
    boss, one, two = phones(stage, 7450)
    call = stage.outside().call(direct(7450), user=STRANGER)
    one.lines.transfer(talking(call, one), PUSH)
    boss.wait_ringing(5)
    call.hang_up()
    boss.wait_cancelled(3)
    missed(stage, 7450)
    assert [len(one.ringings), len(two.ringings)] == [1, 1]


@pytest.mark.parametrize("scenario", list(play))
def test_calls_of_a_pool(played: dict[str, Future[None]], scenario: str) -> None:
    played[scenario].result()
