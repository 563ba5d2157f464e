"""Executives and their assistants on a running FreeSWITCH: who rings, when, and what follows."""

from __future__ import annotations

import time
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.diverted import (
    AT_ONCE,
    STRANGER,
    away,
    direct,
    diversion,
    reachable,
    reaches_the_mailbox_of,
    somebody,
)
from tests.e2e.endpoint import Behaviour, Placed
from tests.e2e.lines import Line, to
from tests.e2e.pools import people, phones, pool, rules
from tests.e2e.sip import TIMER, TOLERANCE, wait_until
from tests.e2e.stage import Programme, Stage

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
QUIET = 1.5
"""Seconds after which a phone that has not rung is not going to."""

BERLIN = ZoneInfo("Europe/Berlin")
PUSH = "*63"
FAMILY = "+49171999123"
TEAM_NUMBER = "+493012342900"
DIVERTED, ROLLED, MOBILE, CELL = (f"+4917155500{n:02}" for n in range(1, 5))
SEQUENTIAL: dict[str, Any] = {"alerting": "sequential", "rings": 3}


def hours(begin: int, end: int) -> dict[str, Any]:
    """A schedule that is open from ``begin`` to ``end`` minutes from now, every day."""
    now = datetime.now(BERLIN)
    opens, closes = (f"{now + timedelta(minutes=minutes):%H:%M}" for minutes in (begin, end))
    return {"timezone": "Europe/Berlin", "open": [{"days": "mon-sun", "from": opens, "to": closes}]}


def rollover(action: str, after: int | None = 2, **more: Any) -> dict[str, Any]:
    return {"rollover": {"after": after, "action": action}, **more}


PEOPLE = people(
    *range(6100, 6480, 10),
    **somebody(6223, presence=away("extension:6224")),
    **somebody(6224),
    **somebody(6303),
    **somebody(6320, presence=reachable(no_answer="extension:6323")),
    **somebody(6323),
    **somebody(6340, presence=away("extension:6343")),
    **somebody(6343),
    **somebody(6350, presence={"status": "dnd"}),
    **somebody(6360, busy_on_busy=True),
    **somebody(6371, presence=away("extension:6373")),
    **somebody(6373),
    **somebody(6380, mobile=MOBILE),
    **somebody(6391, busy_on_busy=True),
    **somebody(6400, presence=away("extension:6403")),
    **somebody(6403),
    **somebody(6443),
    **somebody(
        6460,
        presence=away("extension:6463", status="dnd"),
        forward={"internal": {"to": "extension:6464"}},
    ),
    **somebody(6463),
    **somebody(6464),
    **somebody(6470, presence=away(status="dnd")),
)
PEOPLE["u6380"]["devices"]["6380-mobile"]["location"] = "mobile"
EXECUTIVES = [
    pool(6100),
    pool(6110, filter="internal"),
    pool(6120, filter="external"),
    pool(
        6130,
        filter="custom",
        criteria=[
            {"name": "strangers", "callers": {"origin": "external"}},
            {"name": "family", "filter": False, "callers": {"numbers": ["+49171999*"]}},
            {"name": "old", "active": False, "callers": {"origin": "internal"}},
        ],
    ),
    pool(
        6140,
        filter="custom",
        criteria=[
            {"name": "now", "callers": {"origin": "external"}, "schedule": "now"},
            {"name": "not now", "callers": {"origin": "internal"}, "schedule": "later"},
        ],
    ),
    pool(
        6150,
        *({"user": user, "opted_in": False} for user in ("6151", "6152")),
        **rollover("voicemail", 30),
    ),
    pool(6160, 6161, {"user": "6162", "opted_in": False}),
    pool(
        6170,
        *({"user": user, "opted_in": False} for user in ("6171", "6172")),
        **rollover("busy", 30),
    ),
    pool(
        6180,
        *({"user": user, "opted_in": False} for user in ("6181", "6182")),
        no_assistant="executive",
    ),
    pool(6190, **SEQUENTIAL, **rollover("voicemail", None)),
    pool(6200, **SEQUENTIAL),
    pool(6210, **SEQUENTIAL, alert_executive="ring"),
    pool(6220, {"user": "6221", "divert": "6223"}, 6222),
    pool(6230, {"user": "6231", "divert": DIVERTED}, 6232),
    pool(6240, alert_executive="ring"),
    pool(6250, alert_executive="ring"),
    pool(6260, alert_executive="silent"),
    pool(6270, alert_executive="splash"),
    pool(6280, **rollover("voicemail")),
    pool(6290, **rollover("busy")),
    pool(6300, **rollover("extension:6303")),
    pool(6310, **rollover(f"external:{ROLLED}")),
    pool(6320, **rollover("no_answer")),
    pool(6330),
    pool(6340),
    pool(6350, alert_executive="ring"),
    pool(6360, alert_executive="ring"),
    pool(6370, **SEQUENTIAL),
    pool(6380, parallel={"mobile": True}),
    pool(6390, **SEQUENTIAL),
    pool(6400, before_forwarding=False),
    pool(6410, **SEQUENTIAL, **rollover("busy", 6)),
    pool(6420, **rollover("executive")),
    pool(6430),
    pool(6440),
    pool(6441, 6443),
    pool(
        6450,
        *({"user": user, "opted_in": False} for user in ("6451", "6452")),
        allow_opt_out=False,
    ),
    pool(6460, 6461, filter="external", assistant_breaks_dnd=True),
    pool(6470, 6471, assistant_breaks_dnd=True),
]
RULES = rules(
    PEOPLE,
    EXECUTIVES,
    teams={"2900": {"name": "Hotline", "numbers": [TEAM_NUMBER], "members": [{"user": "6430"}]}},
    schedules={"now": hours(-10, 60), "later": hours(60, 120)},
)
TRUNK = Behaviour(answer=0.3)
play = Programme()


def give_up(call: Placed) -> None:
    call.cancel()
    assert call.wait(5) == 487
    time.sleep(TIMER)


def rings(call: Placed, lines: tuple[Line, ...], others: tuple[Line, ...], calls: int = 1) -> None:
    """These phones ring at once, for the ``calls``-th time, and the others not at all."""
    before = [len(other.ringings) for other in others]
    for line in lines:
        assert line.wait_ringing(3, calls=calls).at - call.started < TOLERANCE
    time.sleep(QUIET)
    assert [len(other.ringings) for other in others] == before
    give_up(call)


# -- the filter ---------------------------------------------------------------------------------


@play
def all_calls_go_to_the_assistants_and_she_is_named_as_who_diverts(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6100)
    rings(stage.inside("1900-a").call("6100"), tuple(assistants), (boss,))
    rings(stage.outside().call(direct(6100)), tuple(assistants), (boss,), calls=2)
    for line in assistants:
        assert line.ringings[0].invite.get("diversion") == diversion(6100, "unconditional", 1)


@play
def internal_calls_alone_go_to_the_assistants(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6110)
    rings(stage.inside("1900-a").call("6110"), tuple(assistants), (boss,))
    rings(stage.outside().call(direct(6110)), (boss,), tuple(assistants))


@play
def external_calls_alone_go_to_the_assistants(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6120)
    rings(stage.inside("1900-a").call("6120"), (boss,), tuple(assistants))
    rings(stage.outside().call(direct(6120)), tuple(assistants), (boss,))


@play
def a_criterion_that_lets_through_wins(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6130)
    rings(stage.outside().call(direct(6130), user=STRANGER), tuple(assistants), (boss,))
    rings(stage.outside().call(direct(6130), user=FAMILY), (boss,), tuple(assistants))
    rings(stage.inside("1900-a").call("6130"), (boss,), tuple(assistants), calls=2)


@play
def a_criterion_counts_within_its_hours(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6140)
    rings(stage.outside().call(direct(6140)), tuple(assistants), (boss,))
    rings(stage.inside("1900-a").call("6140"), (boss,), tuple(assistants))


@play
def an_assistant_reaches_her_logged_in_or_not(stage: Stage) -> None:
    boss, one, two = phones(stage, 6160)
    rings(stage.inside("6161-a").call("6160"), (boss,), (one, two))
    rings(stage.inside("6162-a").call("6160"), (boss,), (one, two), calls=2)
    rings(stage.inside("1900-a").call("6160"), (one,), (boss, two))


@play
def an_assistant_logs_in_and_out_by_command(stage: Stage) -> None:
    boss, one, two = phones(stage, 6330)
    stage.router.run("assistant", "logout", "6332", "6330")
    rings(stage.inside("1900-a").call("6330"), (one,), (boss, two))
    stage.router.run("assistant", "login", "6332", "6330")
    rings(stage.inside("1900-a").call("6330"), (two,), (boss,))


@play
def where_nobody_may_log_out_everybody_rings(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6450)
    rings(stage.inside("1900-a").call("6450"), tuple(assistants), (boss,))


@play
def a_call_of_a_team_rings_her_as_its_member(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6430)
    rings(stage.outside().call(TEAM_NUMBER), (boss,), tuple(assistants))


@play
def an_assistant_who_has_assistants_of_his_own_takes_her_calls_himself(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6440)
    his = stage.line("6443-a")
    rings(stage.inside("1900-a").call("6440"), tuple(assistants), (boss, his))
    rings(stage.inside("1900-a").call("6441"), (his,), (boss, *assistants))


@play
def with_everybody_logged_out_the_call_rolls_over_at_once(stage: Stage) -> None:
    lines = phones(stage, 6170)
    call = stage.outside().call(direct(6170))
    assert call.wait(3) == 486
    assert call.at is not None
    assert call.at < AT_ONCE
    assert 180 not in [code for _, code in call.provisional]
    assert not any(line.invited for line in lines)


@play
def or_it_rings_her_where_that_is_set(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6180)
    rings(stage.inside("1900-a").call("6180"), (boss,), tuple(assistants))


# -- who of the pool rings, and when ------------------------------------------------------------


@play
def three_rings_and_the_next_assistant_then_the_mailbox(stage: Stage) -> None:
    boss, one, two = phones(stage, 6190)
    call = stage.inside("1900-a").call("6190")
    first = one.wait_cancelled(20)
    assert first.rang == pytest.approx(15, abs=TOLERANCE)
    second = two.wait_ringing(3)
    assert second.at - first.at == pytest.approx(15, abs=TOLERANCE)
    assert two.wait_cancelled(20).rang == pytest.approx(15, abs=TOLERANCE)
    reaches_within(stage, call, 6190, 30)
    assert not boss.invited


def reaches_within(stage: Stage, call: Placed, boss: int, seconds: float) -> None:
    """The caller is in her mailbox after so many seconds, give or take one for each ring."""
    assert call.wait(10) == 200
    assert call.at == pytest.approx(seconds + TIMER, abs=2 * TOLERANCE)
    call.hang_up()


@play
def a_busy_assistant_is_passed_within_a_second(stage: Stage) -> None:
    stage.line("6200-a")
    busy, next_one = stage.line("6201-a", reject=486, after=0.5), stage.line("6202-a")
    call = stage.inside("1900-a").call("6200")
    refused = busy.wait_ringing().at + 0.5
    assert next_one.wait_ringing(3).at - refused < 1
    give_up(call)


@play
def and_so_is_he_while_she_is_alerted_whose_phone_rings_again(stage: Stage) -> None:
    boss = stage.line("6210-a")
    busy, next_one = stage.line("6211-a", reject=486, after=0.5), stage.line("6212-a")
    call = stage.inside("1900-a").call("6210")
    refused = busy.wait_ringing().at + 0.5
    assert next_one.wait_ringing(3).at - refused < 1
    assert boss.wait_ringing(3, calls=2).at - refused < 1
    assert boss.wait_cancelled().reason == ELSEWHERE
    next_one.lines.answer(next_one.ringings[0])
    assert call.wait(5) == 200
    assert len(busy.ringings) == 1
    call.hang_up()


@play
def who_talks_and_wants_no_second_call_is_passed_at_once(stage: Stage) -> None:
    _, talking, next_one = phones(stage, 6390)
    conversation = stage.inside("1901-a").call("6391")
    talking.lines.answer(talking.wait_ringing())
    assert conversation.wait(5) == 200
    time.sleep(TIMER)
    call = stage.inside("1900-a").call("6390")
    rings(call, (next_one,), (talking,))
    conversation.hang_up()


@play
def an_assistant_who_is_away_is_passed_and_his_forward_unused(stage: Stage) -> None:
    boss, gone, there = phones(stage, 6370)
    target = stage.line("6373-a")
    rings(stage.inside("1900-a").call("6370"), (there,), (boss, gone, target))


@play
def who_is_diverted_to_rings_as_the_assistant_and_without_his_own_forward(stage: Stage) -> None:
    boss, one, two = phones(stage, 6220)
    target, forwarded = stage.line("6223-a"), stage.line("6224-a")
    # He is away: as an assistant would be, he is passed over, and nobody takes his part.
    rings(stage.inside("1900-a").call("6220"), (two,), (boss, one, target, forwarded))
    stage.router.run("presence", "set", "6223", "available")
    rings(stage.inside("1900-a").call("6220"), (target,), (boss, one, forwarded))
    rings(stage.inside("1900-a").call("6221"), (one,), (boss, target, forwarded))


@play
def a_number_outside_that_is_diverted_to_must_press_1(stage: Stage) -> None:
    boss, one, two = phones(stage, 6230)
    call = stage.outside().call(direct(6230), user=STRANGER)
    mailbox = wait_until(lambda: to(DIVERTED, stage.trunk.ringings), 3, "it leaves")[0]
    assert f"sip:{STRANGER}@" in mailbox.invite.get("from")
    assert mailbox.invite.get("diversion") == diversion(6230, "unconditional", 1)
    wait_until(
        lambda: to(DIVERTED, stage.trunk.ringings)[0].answered, 3, "the mailbox outside answers"
    )
    time.sleep(2)
    assert call.code == 0
    two.lines.answer(two.wait_ringing())
    assert call.wait(5) == 200
    assert [line.account for line in (boss, one) if line.invited] == []
    call.hang_up()


# -- the executive herself ----------------------------------------------------------------------


@play
def she_answers_and_the_assistants_stop(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6240)
    call = stage.inside("1900-a").call("6240")
    for line in assistants:
        line.wait_ringing(3)
    boss.lines.answer(boss.wait_ringing(3))
    assert call.wait(5) == 200
    for line in assistants:
        assert line.wait_cancelled(2).reason == ELSEWHERE
    call.hang_up()


@play
def she_declines_and_the_assistants_ring_on(stage: Stage) -> None:
    boss = stage.line("6250-a", reject=603, after=0.5)
    one, two = stage.line("6251-a"), stage.line("6252-a")
    call = stage.inside("1900-a").call("6250")
    boss.wait_ringing(3)
    time.sleep(2)
    assert [line.wait_ringing().cancelled for line in (one, two)] == [None, None]
    two.lines.answer(two.ringings[0])
    assert call.wait(5) == 200
    call.hang_up()


@play
def a_silent_alert_carries_its_header_to_her_phone_alone(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6260)
    call = stage.inside("1900-a").call("6260")
    assert boss.wait_ringing(3).invite.all("alert-info") == ["<http://localhost>;info=silent"]
    for line in assistants:
        assert line.wait_ringing(3).invite.all("alert-info") == []
    give_up(call)


@play
def a_splash_rings_her_for_less_than_a_second(stage: Stage) -> None:
    boss, one, two = phones(stage, 6270)
    call = stage.inside("1900-a").call("6270")
    splash = boss.wait_cancelled(3)
    assert splash.rang is not None
    assert splash.rang < 1
    assert splash.reason == ELSEWHERE
    time.sleep(1)
    assert [line.wait_ringing().cancelled for line in (one, two)] == [None, None]
    give_up(call)


@play
def her_mobile_rings_along_shows_the_caller_and_must_press_1(stage: Stage) -> None:
    stage.trunk.by_number[MOBILE] = Behaviour(answer=0.5, press="1")
    boss, *assistants = phones(stage, 6380)
    call = stage.outside().call(direct(6380), user=STRANGER)
    mobile = wait_until(lambda: to(MOBILE, stage.trunk.ringings), 3, "it leaves")[0]
    assert f"sip:{STRANGER}@" in mobile.invite.get("from")
    assert call.wait(10) == 200
    for line in assistants:
        assert line.wait_cancelled(2).reason == ELSEWHERE
    assert not boss.invited
    call.hang_up()


@play
def away_she_is_not_disturbed_and_her_own_forward_is_not_used(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6340)
    forwarded = stage.line("6343-a")
    rings(stage.outside().call(direct(6340)), tuple(assistants), (boss, forwarded))


@play
def on_do_not_disturb_the_assistants_ring_all_the_same(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6350)
    rings(stage.outside().call(direct(6350)), tuple(assistants), (boss,))


@play
def while_she_talks_the_assistants_ring_all_the_same(stage: Stage) -> None:
    boss, *assistants = phones(stage, 6360)
    conversation = stage.inside("6361-a").call("6360")
    boss.lines.answer(boss.wait_ringing())
    assert conversation.wait(5) == 200
    time.sleep(TIMER)
    rings(stage.outside().call(direct(6360)), tuple(assistants), (boss,))
    conversation.hang_up()


@play
def after_forwarding_her_own_forward_comes_first(stage: Stage) -> None:
    lines = phones(stage, 6400)
    forwarded = stage.line("6403-a")
    rings(stage.outside().call(direct(6400)), (forwarded,), lines)


@play
def her_assistant_gets_through_do_not_disturb_and_not_through_her_forward(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6460)
    deputy, forwarded = stage.line("6463-a"), stage.line("6464-a")
    rings(stage.inside("6461-a").call("6460"), (forwarded,), (boss, one, deputy))
    rings(stage.inside("1900-a").call("6460"), (forwarded,), (boss, one, deputy), calls=2)
    stage.router.run("forward", "off", "6460")
    rings(stage.inside("6461-a").call("6460"), (boss,), (one, deputy, forwarded))
    rings(stage.inside("1900-a").call("6460"), (deputy,), (boss, one, forwarded))
    assert deputy.ringings[0].invite.get("diversion") == diversion(6460, "do-not-disturb", 1)


@play
def but_whom_he_hands_over_does_not_unless_he_asks_first(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6470)
    call = stage.outside().call(direct(6470), user=STRANGER)
    one.lines.answer(one.wait_ringing(5))
    assert call.wait(5) == 200
    time.sleep(TIMER)
    one.lines.transfer(one.ringings[0], PUSH)
    back = one.wait_ringing(3, calls=2)
    assert not boss.invited
    one.lines.answer(back)
    time.sleep(TIMER)
    one.lines.hold(back)
    question = stage.inside("6471-a").call(PUSH)
    hers = boss.wait_ringing(3)
    boss.lines.answer(hers)
    assert question.wait(5) == 200
    one.lines.transfer(back, PUSH, replacing=question)
    assert question.wait_end(5)
    wait_until(lambda: one.ringings[1].ended, 5, "he is released")
    time.sleep(1)
    assert (call.ended, boss.ringings[0].ended) == (None, None)
    call.hang_up()
    wait_until(lambda: boss.ringings[0].ended, 5, "it was the caller to whom she talked")
    assert len(boss.ringings) == 1


# -- nobody answers -----------------------------------------------------------------------------


def rolled(stage: Stage, boss: int) -> tuple[Placed, float]:
    """A call to a pool that nobody answers; when its assistants stopped."""
    one, two = (stage.line(f"{assistant}-a") for assistant in (boss + 1, boss + 2))
    call = stage.outside().call(direct(boss), user=STRANGER)
    ended = one.wait_cancelled()
    two.wait_cancelled()
    assert ended.rang == pytest.approx(2 + TIMER, abs=TOLERANCE)
    assert ended.rang is not None
    return call, ended.at + ended.rang


@play
def it_rolls_over_to_her_voicemail(stage: Stage) -> None:
    call, _ = rolled(stage, 6280)
    assert call.wait(5) == 200
    call.hang_up()


@play
def it_rolls_over_to_a_busy_tone(stage: Stage) -> None:
    call, _ = rolled(stage, 6290)
    assert call.wait(5) == 486


@play
def it_rolls_over_to_a_colleague(stage: Stage) -> None:
    colleague = stage.line("6303-a")
    call, at = rolled(stage, 6300)
    ringing = colleague.wait_ringing(3)
    assert ringing.at - at < AT_ONCE
    assert ringing.invite.get("diversion") == diversion(6300, "no-answer", 1)
    give_up(call)


@play
def it_rolls_over_to_a_number_outside(stage: Stage) -> None:
    call, at = rolled(stage, 6310)
    ringing = wait_until(lambda: to(ROLLED, stage.trunk.ringings), 3, "it leaves")[0]
    assert ringing.at - at < AT_ONCE
    assert f"sip:{STRANGER}@" in ringing.invite.get("from")
    assert call.wait(5) == 200
    call.hang_up()


@play
def it_rolls_over_to_her_own_no_answer_forward(stage: Stage) -> None:
    colleague = stage.line("6323-a")
    call, at = rolled(stage, 6320)
    assert colleague.wait_ringing(3).at - at < AT_ONCE
    give_up(call)


@play
def it_rolls_over_to_her_own_phones(stage: Stage) -> None:
    boss = stage.line("6420-a")
    call, at = rolled(stage, 6420)
    assert boss.wait_ringing(3).at - at < AT_ONCE
    give_up(call)


@play
def the_time_of_the_rollover_counts_from_the_first_assistant(stage: Stage) -> None:
    _, one, two = phones(stage, 6410)
    call = stage.inside("1900-a").call("6410")
    one.wait_ringing()
    assert call.wait(12) == 486
    assert call.at == pytest.approx(6 + TIMER, abs=TOLERANCE)
    assert not two.invited


@play
def a_mailbox_is_hers_at_once_when_nobody_can_be_rung(stage: Stage) -> None:
    call = stage.outside().call(direct(6150))
    reaches_the_mailbox_of(stage, call, direct(6150), 6150)


@pytest.mark.parametrize("scenario", list(play))
def test_an_executive(played: dict[str, Future[None]], scenario: str) -> None:
    played[scenario].result()
