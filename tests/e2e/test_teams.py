"""Teams on a running FreeSWITCH: who of several people rings, when, and what ends it.

A team 25xx has the members 5xx1, 5xx2 and so on; the calls are made by 1900 and 1901.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.diverted import mailbox
from tests.e2e.endpoint import Behaviour, Placed
from tests.e2e.lines import Line, to
from tests.e2e.sip import TIMER, TOLERANCE, wait_until
from tests.e2e.stage import Programme, Stage, company, person

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
PREFIX = "Hotline "
HEARD = 0.6
"""Seconds until an answer or a hangup is known, with everybody playing at once."""

MAILBOX, CONFIRMING, LATER_MAILBOX = "+491711500001", "+491711500002", "+491711500003"
DIRECT = "+493012342520"


def team(*members: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": "Hotline",
        "members": [{"user": each} if isinstance(each, str) else {**each} for each in members],
        **more,
    }


def rows(extension: int, **devices: tuple[int, int] | None) -> dict[str, Any]:
    """The user's rows for team calls: device -> (delay, ring), None: it does not ring for them."""
    return {
        f"{extension}-{device}": {
            "team": {"enabled": False} if times is None else {"delay": times[0], "ring": times[1]}
        }
        for device, times in devices.items()
    }


def forwards(target: str, status: str = "available", when: str = "always") -> dict[str, Any]:
    profile = {"internal": {when: target}, "external": {when: target}}
    return {"status": status, "profiles": {status: profile}}


PEOPLE: dict[str, Any] = {
    f"u{extension}": person(str(extension), "a")
    for extension in (
        *(1900, 1901, 5011, 5012, 5013, 5021, 5022, 5031, 5032, 5033, 5041, 5042, 5052),
        *(5061, 5062, 5063, 5071, 5072, 5082, 5094, 5096, 5099, 5112, 5113, 5121, 5131, 5132),
        *(5141, 5142, 5143, 5162, 5172, 5182, 5191, 5211, 5212, 5221, 5231, 5241, 5251),
        *(5073, 5074, 5076, 5077, 5152, 5271, 5272, 5273, 5274, 5275, 5291, 5321, 5322),
        *(5331, 5332, 5341, 5342, 5352, 5362, 5371),
    )
}
PEOPLE |= {
    "u5051": person("5051", "a", "b", "c", follow_me=rows(5051, c=(3, 20))),
    "u5081": person("5081", "a", "b", follow_me=rows(5081, a=(2, 3), b=None)),
    "u5091": person("5091", "a", presence={"status": "dnd"}),
    "u5092": person("5092", "a", presence=forwards("extension:5096", "away")),
    "u5093": person(
        "5093", "a", busy_on_busy=True, presence=forwards("extension:5096", when="busy")
    ),
    "u5095": person("5095", "a", presence=forwards("extension:5096", when="unregistered")),
    "u5097": person("5097", "a", presence=forwards("extension:5096")),
    "u5098": person("5098", "a"),
    "u5111": person("5111", "a", presence={"status": "away"}),
    "u5151": person("5151", "a", busy_on_busy=True),
    "u5161": person("5161", mobile=MAILBOX, confirm=False),
    "u5171": person("5171", mobile=CONFIRMING, confirm=False),
    "u5181": person("5181", mobile=LATER_MAILBOX, confirm=False),
    "u5201": person("5201", "a", internal={"a": (0, 5)}, external={}, number="+493012345201"),
    "u5210": person("5210", "a", presence=forwards("extension:2521", "away")),
    "u5261": person("5261", "a", follow_me=rows(5261, a=(0, 2))),
    "u5351": person("5351", "a", follow_me=rows(5351, a=(0, 6))),
    "u5361": person("5361", "a", decline="device"),
    "u5381": person("5381", "a", follow_me=rows(5381, a=(0, 1))),
}
PEOPLE["u5098"]["devices"]["5098-a"]["dnd"] = True
PEOPLE["u5201"]["follow_me"]["5201-a"] = {
    "internal": {"enabled": False},
    "external": {"enabled": False},
}
ABSENT = ("5091", "5092", "5093", {"user": "5094", "logged_in": False}, "5095", "5097", "5098")

TEAMS = {
    "2501": team("5011", "5012", "5013"),
    "2502": team("5021", "5022", strategy="sequential", ring=3, max_wait=6),
    "2503": team("5031", "5032", "5033", strategy="sequential", ring=5),
    "2504": team("5041", "5042", strategy="sequential", ring=2, max_wait=8),
    "2505": team("5051", "5052"),
    "2506": team("5061", "5062", "5063", strategy="round_robin", ring=20),
    "2507": team("5071", "5072", strategy="longest_idle", ring=20),
    "2508": team({"user": "5081", "delay": 2}, "5082"),
    "2509": team(*ABSENT, "5099"),
    "2510": team(*ABSENT, "5099", strategy="sequential", ring=5),
    "2511": team("5111", "5112", overflow={"nobody": "extension:5113"}),
    "2512": team("5121", max_wait=3, overflow={"no_answer": "voicemail:5121"}),
    "2513": team("5131", "5132", overflow={"busy": "busy", "no_answer": "voicemail:5131"}),
    "2514": team(
        "5141", "5142", {"user": "5143", "logged_in": False}, busy_on_busy="auto", max_wait=30
    ),
    "2515": team("5151", overflow={"busy": "busy", "nobody": "extension:5152"}),
    "2516": team("5161", "5162"),
    "2517": team("5171", "5172"),
    "2518": team("5181", "5182", strategy="sequential", ring=4),
    "2519": team("5191", caller_prefix=PREFIX),
    "2520": team("5201", numbers=[DIRECT]),
    "2521": team("5212", max_wait=3),
    "2522": team("5221", max_wait=2, overflow={"no_answer": "extension:2523"}),
    "2523": team("5231", max_wait=2, overflow={"no_answer": "extension:2522"}),
    "2524": team("5241", "5251"),
    "2526": team("5261", max_wait=6),
    "2527": team("5271", "5272", "5273", strategy="round_robin", ring=20),
    "2528": team("5274", "5275", strategy="sequential", ring=3, max_wait=4),
    "2529": team("5291", caller_prefix="Hotline: "),
    # Who talks is offered the call, but last.
    "2530": team("5073", "5074", strategy="longest_idle", ring=20, skip_if_busy=False),
    "2531": team("5076", "5077", strategy="longest_idle", ring=20, skip_if_busy=False),
    "2532": team("5321", {"user": "5322", "logged_in": False}),
    "2533": team("5331", "5332"),
    "2534": team("5341", "5342", skip_if_busy=False),
    "2535": team("5351", "5352", strategy="sequential", ring=3, max_wait=8),
    "2536": team("5361", "5362", strategy="sequential", ring=3, max_wait=10),
    "2537": team(
        "5371",
        strategy="sequential",
        ring=3,
        max_wait=60,
        overflow={"busy": "busy", "no_answer": "voicemail:5371"},
    ),
    "2538": team("5381", max_wait=38, overflow={"no_answer": "voicemail:5381"}),
}
RULES = {**company(**PEOPLE), "teams": TEAMS}
play = Programme()


def pick_up(line: Line, call: Placed, *, calls: int = 1) -> None:
    """The line answers the ``calls``-th call that reaches it, which is ``call``."""
    line.lines.answer(line.wait_ringing(calls=calls))
    assert call.wait(5) == 200
    time.sleep(HEARD)


def give_up(call: Placed) -> None:
    call.cancel()
    assert call.wait(5) == 487
    time.sleep(HEARD)


@play
def all_members_ring_and_the_first_answer_wins(stage: Stage) -> None:
    lines = [stage.line(f"{number}-a") for number in (5011, 5012, 5013)]
    call = stage.inside("1900-a").call("2501")
    for line in lines:
        assert line.wait_ringing(3).at - call.started < TOLERANCE
    first, winner, last = lines
    pick_up(winner, call)
    for loser in (first, last):
        assert loser.wait_cancelled(2).reason == ELSEWHERE
    assert [len(line.ringings) for line in lines] == [1, 1, 1]
    call.hang_up()


@play
def one_after_the_other_each_for_the_teams_time_and_no_longer_than_its_wait(stage: Stage) -> None:
    one, two = stage.line("5021-a"), stage.line("5022-a")
    call = stage.inside("1900-a").call("2502")
    first = one.wait_cancelled()
    assert first.at - call.started < TOLERANCE
    assert first.rang == pytest.approx(3, abs=TOLERANCE)
    second = two.wait_cancelled()
    assert second.at - first.at == pytest.approx(3, abs=TOLERANCE)
    assert second.rang == pytest.approx(3, abs=TOLERANCE)
    assert call.wait(5) == 480
    assert call.at == pytest.approx(6 + TIMER, abs=TOLERANCE)
    assert [len(one.ringings), len(two.ringings)] == [1, 1]


@play
def the_wait_ends_in_the_middle_of_a_members_ringing(stage: Stage) -> None:
    stage.line("5274-a")
    two = stage.line("5275-a")
    call = stage.inside("1900-a").call("2528")
    assert call.wait() == 480
    assert call.at == pytest.approx(4 + TIMER, abs=TOLERANCE)
    assert two.wait_cancelled().rang == pytest.approx(1, abs=TOLERANCE)


@play
def a_busy_member_is_passed_within_a_second_and_the_next_rings_his_full_time(stage: Stage) -> None:
    busy = stage.line("5031-a", reject=486, after=1.0)
    second, third = stage.line("5032-a"), stage.line("5033-a")
    call = stage.inside("1900-a").call("2503")
    refused = busy.wait_ringing().at + 1
    ringing = second.wait_cancelled()
    assert ringing.at - refused < 1
    assert ringing.rang == pytest.approx(5, abs=TOLERANCE)
    assert third.wait_ringing(3).at - ringing.at == pytest.approx(5, abs=TOLERANCE)
    pick_up(third, call)
    call.hang_up()


@play
def who_declines_is_passed_within_a_second_and_not_asked_again(stage: Stage) -> None:
    declining, other = stage.line("5041-a", reject=603, after=0.5), stage.line("5042-a")
    call = stage.inside("1900-a").call("2504")
    declined = declining.wait_ringing().at + 0.5
    assert other.wait_ringing(4).at - declined < 1
    other.wait_ringing(8, calls=2)
    assert call.wait() == 480
    assert call.at is not None
    assert call.at < 8 + 3 * TOLERANCE
    assert len(declining.ringings) == 1


@play
def who_declines_on_his_only_phone_is_not_asked_again_whatever_his_decline_reaches(
    stage: Stage,
) -> None:
    declining, other = stage.line("5361-a", reject=603, after=0.5), stage.line("5362-a")
    call = stage.inside("1900-a").call("2536")
    assert call.wait(15) == 480
    assert call.at == pytest.approx(10, abs=3 * TOLERANCE), "as long as he may wait"
    assert len(declining.ringings) == 1
    assert len(other.ringings) >= 3


@play
def who_has_rung_and_is_busy_then_leaves_the_caller_to_the_overflow_for_no_answer(
    stage: Stage,
) -> None:
    line = stage.line("5371-a")
    call = stage.inside("1900-a").call("2537")
    line.wait_ringing()
    line.lines.by_number["5371-a"] = Behaviour(reject=486)
    line.wait_cancelled(5)
    assert call.wait(5) == 200
    assert call.at is not None
    assert call.at < 3 + 3 * TOLERANCE, "nobody is left to wait for"
    assert mailbox(stage, "2537") == "5371"
    call.hang_up()


@play
def a_wait_of_many_rounds_lasts_as_long_as_it_may(stage: Stage) -> None:
    line = stage.line("5381-a")
    call = stage.inside("1900-a").call("2538")
    assert call.wait(50) == 200
    assert call.at == pytest.approx(38, abs=3 * TOLERANCE)
    assert len(line.ringings) > 16
    assert mailbox(stage, "2538") == "5381"
    call.hang_up()


@play
def who_declines_silences_his_own_phones_and_the_others_ring_on(stage: Stage) -> None:
    stage.line("5051-a", reject=603, after=1.0)
    his_second, his_third, other = (stage.line(each) for each in ("5051-b", "5051-c", "5052-a"))
    call = stage.inside("1900-a").call("2505")
    assert his_second.wait_cancelled(5).rang == pytest.approx(1, abs=TOLERANCE)
    time.sleep(4)
    assert not his_third.invited, "it would have begun later"
    assert other.wait_ringing().cancelled is None
    pick_up(other, call)
    call.hang_up()


@play
def the_longest_idle_member_comes_first(stage: Stage) -> None:
    one, two = stage.line("5071-a"), stage.line("5072-a")
    for number, (line, other) in enumerate(((one, two), (two, one), (one, two)), start=2):
        before = len(other.ringings)
        call = stage.inside("1900-a").call("2507")
        pick_up(line, call, calls=number // 2)
        call.hang_up()
        time.sleep(HEARD)
        assert len(other.ringings) == before


@play
def the_longest_idle_member_is_not_the_one_who_talks(stage: Stage) -> None:
    one, two = stage.line("5073-a"), stage.line("5074-a")
    first = stage.inside("1900-a").call("2530")
    pick_up(one, first)
    second = stage.inside("1901-a").call("2530")
    two.wait_ringing(3)
    assert len(one.ringings) == 1
    give_up(second)
    first.hang_up()


@play
def a_member_rings_on_his_team_rows_and_his_delay_in_the_team_adds_to_theirs(stage: Stage) -> None:
    late, never, other = stage.line("5081-a"), stage.line("5081-b"), stage.line("5082-a")
    call = stage.inside("1900-a").call("2508")
    assert other.wait_ringing().at - call.started < TOLERANCE
    ringing = late.wait_cancelled()
    assert ringing.at - call.started == pytest.approx(2 + 2 + TIMER, abs=TOLERANCE)
    assert ringing.rang == pytest.approx(3, abs=TOLERANCE)
    assert not never.invited
    give_up(call)


@play
def who_is_not_there_is_passed_over_and_neither_his_forward_nor_his_mailbox_is_used(
    stage: Stage,
) -> None:
    away = [stage.line(f"{number}-a") for number in (5091, 5092, 5094, 5097, 5098)]
    talking, target, there = (stage.line(each) for each in ("5093-a", "5096-a", "5099-a"))
    conversation = stage.inside("1901-a").call("5093")
    pick_up(talking, conversation)
    for calls, number in enumerate(("2509", "2510"), start=1):
        call = stage.inside("1900-a").call(number)
        assert there.wait_ringing(3, calls=calls).at - call.started < TOLERANCE
        time.sleep(2)
        pick_up(there, call, calls=calls)
        call.hang_up()
        time.sleep(HEARD)
    assert [line.account for line in (*away, target) if line.invited] == []
    assert len(talking.ringings) == 1
    assert stage.switch.messages("5095") == []
    conversation.hang_up()


@play
def with_nobody_there_the_call_goes_where_the_team_says(stage: Stage) -> None:
    away, colleague = stage.line("5111-a"), stage.line("5113-a")
    call = stage.inside("1900-a").call("2511")
    assert colleague.wait_ringing(3).at - call.started < TOLERANCE
    assert not away.invited
    give_up(call)


@play
def a_member_who_logged_in_rings_on_the_next_call(stage: Stage) -> None:
    there, coming = stage.line("5321-a"), stage.line("5322-a")
    first = stage.inside("1900-a").call("2532")
    there.wait_ringing(3)
    give_up(first)
    assert not coming.invited
    stage.router.run("team", "login", "5322", "2532")
    second = stage.inside("1900-a").call("2532")
    coming.wait_ringing(3)
    there.wait_ringing(3, calls=2)
    give_up(second)


@play
def nobody_answers_in_time_and_the_mailbox_of_the_team_takes_it(stage: Stage) -> None:
    stage.line("5121-a")
    call = stage.sipp_call("2512", account="1900-a", hang_up=6)
    assert call.wait() == 200
    answered = next(at for at, code in call.codes if code == 200)
    assert answered == pytest.approx(3 + TIMER, abs=TOLERANCE)
    wait_until(lambda: stage.switch.messages("5121"), 10, "a message is stored")


@play
def every_member_is_busy_and_so_is_the_team(stage: Stage) -> None:
    for number in (5131, 5132):
        stage.line(f"{number}-a", reject=486, after=0.5)
    call = stage.inside("1900-a").call("2513")
    assert call.wait(5) == 486
    assert call.at is not None
    assert call.at < 2


@play
def a_team_whose_members_all_talk_and_want_no_second_call_is_busy(stage: Stage) -> None:
    talking, elsewhere = stage.line("5151-a"), stage.line("5152-a")
    conversation = stage.inside("1901-a").call("5151")
    pick_up(talking, conversation)
    call = stage.inside("1900-a").call("2515")
    assert call.wait(3) == 486
    assert len(talking.ringings) == 1
    assert not elsewhere.invited
    conversation.hang_up()


@play
def a_member_who_talks_is_left_alone(stage: Stage) -> None:
    talking, free = stage.line("5331-a"), stage.line("5332-a")
    conversation = stage.inside("1901-a").call("5331")
    pick_up(talking, conversation)
    call = stage.inside("1900-a").call("2533")
    pick_up(free, call)
    assert len(talking.ringings) == 1
    third = stage.inside("1900-a").call("2533")
    assert third.wait(3) == 486
    conversation.hang_up()
    time.sleep(HEARD)
    fourth = stage.inside("1900-a").call("2533")
    talking.wait_ringing(3, calls=2)
    give_up(fourth)
    call.hang_up()


@play
def of_a_hotline_who_talks_is_offered_the_next_call(stage: Stage) -> None:
    talking, free = stage.line("5341-a"), stage.line("5342-a")
    conversation = stage.inside("1901-a").call("5341")
    pick_up(talking, conversation)
    call = stage.inside("1900-a").call("2534")
    free.wait_ringing(3)
    talking.wait_ringing(3, calls=2)
    give_up(call)
    conversation.hang_up()


@play
def a_ring_time_of_a_members_own_rows_wins_but_not_over_the_wait(stage: Stage) -> None:
    long, usual = stage.line("5351-a"), stage.line("5352-a")
    call = stage.inside("1900-a").call("2535")
    first = long.wait_cancelled()
    assert first.rang == pytest.approx(6, abs=TOLERANCE)
    second = usual.wait_cancelled()
    assert second.at - first.at == pytest.approx(6, abs=TOLERANCE)
    assert second.rang == pytest.approx(2, abs=TOLERANCE)
    assert call.wait(5) == 480


@play
def a_team_is_busy_when_as_many_talk_as_are_logged_in(stage: Stage) -> None:
    one, two, out = (stage.line(f"{number}-a") for number in (5141, 5142, 5143))
    first = stage.inside("1900-a").call("2514")
    pick_up(one, first)
    second = stage.inside("1901-a").call("2514")
    pick_up(two, second, calls=2)
    rung = [len(one.ringings), len(two.ringings)]
    third = stage.inside("1900-a").call("2514")
    assert third.wait(5) == 486
    assert third.at is not None
    assert third.at < 1
    assert 180 not in [code for _, code in third.provisional]
    assert [len(one.ringings), len(two.ringings)] == rung
    second.hang_up()
    time.sleep(HEARD)
    fourth = stage.inside("1900-a").call("2514")
    two.wait_ringing(3, calls=rung[1] + 1)
    give_up(fourth)
    assert not out.invited
    first.hang_up()


@play
def a_members_mailbox_outside_that_answers_at_once_does_not_take_the_call(stage: Stage) -> None:
    stage.trunk.by_number[MAILBOX] = Behaviour(answer=0)
    desk = stage.line("5162-a", answer=4)
    call = stage.inside("1900-a").call("2516")
    assert call.wait() == 200
    assert call.at == pytest.approx(4, abs=TOLERANCE)
    assert desk.wait_answered(1)
    (outside,) = to(MAILBOX, stage.trunk.ringings)
    assert outside.answered
    wait_until(lambda: to(MAILBOX, stage.trunk.ringings)[0].ended, 6, "the mailbox is hung up")
    call.hang_up()


@play
def a_mailbox_outside_does_not_stop_the_next_member_from_ringing(stage: Stage) -> None:
    stage.trunk.by_number[LATER_MAILBOX] = Behaviour(answer=0)
    desk = stage.line("5182-a", answer=1)
    call = stage.inside("1900-a").call("2518")
    assert desk.wait_ringing().at - call.started == pytest.approx(4 + TIMER, abs=TOLERANCE)
    assert call.wait() == 200
    assert desk.wait_answered(1)
    call.hang_up()


@play
def a_member_outside_who_presses_1_takes_the_call(stage: Stage) -> None:
    stage.trunk.by_number[CONFIRMING] = Behaviour(answer=1, press="1")
    desk = stage.line("5172-a")
    call = stage.inside("1900-a").call("2517")
    assert call.wait() == 200
    assert call.at == pytest.approx(2.2, abs=TOLERANCE)
    assert desk.wait_cancelled().reason == ELSEWHERE
    call.hang_up()
    wait_until(lambda: to(CONFIRMING, stage.trunk.ringings)[0].ended, 3, "it is hung up")


@play
def the_members_see_which_team_was_called_and_a_callers_name_forges_nothing(stage: Stage) -> None:
    desk = stage.line("5191-a")
    outsider = stage.inside("1900-a")
    for count, (name, shown) in enumerate(NAMES.items(), start=1):
        call = outsider.call("2519", display=name)
        ringing = desk.wait_ringing(5, calls=count)
        assert ringing.display == PREFIX + shown
        assert ringing.number == "1900", name
        call.cancel()
        assert call.wait(5) == 487, name


NAMES = {
    "Müller & Söhne": "Müller & Söhne",
    "Łódź 東京": "Łódź 東京",
    "O'Brien": "O'Brien",
    "": "1900",
    "%0A": "1900",
    "Boss%0AX-Forged 1%0A%0A": "Boss X-Forged 1",
    "${domain}": "%{domain}",
    "x]${system(id)}": "x]%{system(id)}",
    "a,b|c;d~e^^": "a,b|c;d~e^^",
    "back\\\\slash\\\\": "backslash",
    "Z" * 300: "Z" * (80 - len(PREFIX)),
    # FreeSWITCH takes a name for part of a URI, and would cut it, and the prefix with it, at these
    # characters; the router writes letters that look like them.
    "A/B GmbH": "A\u2215B GmbH",
    "Dept: Sales": "Dept\u2236 Sales",
    "anna@evil.test": "anna\uff20evil.test",
    'a\\" <b>': "a\u201d <b>",
    '\\"><sip:666@evil.test>;x=\\"': "\u201d><sip\u2236666\uff20evil.test>;x=\u201d",
    "%41%22x": "A\u201dx",
    "ARRAY::a|:b": "ARRAY\u2236\u2236a|\u2236b",
}
"""What a caller writes -> what the phone shows after the prefix."""


@play
def a_prefix_with_a_colon_is_shown(stage: Stage) -> None:
    desk = stage.line("5291-a")
    call = stage.inside("1900-a").call("2529", display="Anna Adler")
    # U+2236 in place of the colon: FreeSWITCH would cut the name there.
    assert desk.wait_ringing().display == "Hotline\u2236 Anna Adler"
    give_up(call)


@play
def a_trunk_caller_reaches_the_team_at_its_direct_number(stage: Stage) -> None:
    desk = stage.line("5201-a")
    call = stage.outside().call(DIRECT)
    assert desk.wait_ringing(3).number == "+4930999"
    pick_up(desk, call)
    call.hang_up()


@play
def who_forwards_to_a_team_gets_the_message_when_nobody_there_answers(stage: Stage) -> None:
    own, desk = stage.line("5210-a"), stage.line("5212-a")
    call = stage.inside("1900-a").call("5210")
    assert "reason=unconditional" in desk.wait_ringing(3).invite.get("diversion")
    assert desk.wait_cancelled().rang == pytest.approx(3, abs=TOLERANCE)
    assert call.wait(5) == 200, "the voicemail of whom he wanted"
    time.sleep(1)
    assert call.ended is None
    assert not own.invited
    call.hang_up()


@play
def two_teams_that_hand_on_to_each_other_end_the_call(stage: Stage) -> None:
    one, two = stage.line("5221-a"), stage.line("5231-a")
    call = stage.inside("1900-a").call("2522")
    assert call.wait() == 486
    assert [len(one.ringings), len(two.ringings)] == [1, 1]
    assert call.at == pytest.approx(4 + 2 * TIMER, abs=2 * TOLERANCE)


@play
def a_caller_who_gives_up_leaves_no_member_ringing(stage: Stage) -> None:
    lines = [stage.line("5241-a"), stage.line("5251-a")]
    call = stage.inside("1900-a").call("2524")
    for line in lines:
        line.wait_ringing()
    give_up(call)
    for line in lines:
        assert line.wait_cancelled(2).reason != ELSEWHERE
        assert len(line.ringings) == 1


@play
def the_members_ring_again_until_the_wait_is_over(stage: Stage) -> None:
    desk = stage.line("5261-a")
    call = stage.inside("1900-a").call("2526")
    assert call.wait() == 480
    assert call.at == pytest.approx(6 + TIMER, abs=2 * TOLERANCE)
    # Two seconds each, and what is left; the switch's timers are late, so that may be nothing.
    assert len(desk.ringings) in (2, 3)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()


# -- whose turn it is: these start the router anew, and play when all others have ended ------------


def who_begins(stage: Stage, number: str, lines: list[Line]) -> str:
    """The account of the one phone that a call rings first; the caller then gives up."""
    before = [len(line.ringings) for line in lines]

    def rung() -> list[str]:
        return [
            line.account
            for line, count in zip(lines, before, strict=True)
            if len(line.ringings) > count
        ]

    call = stage.inside("1900-a").call(number)
    wait_until(rung, 5, f"a member of {number} rings")
    give_up(call)
    (account,) = rung()
    return account


@pytest.mark.timeout(120)
def test_round_robin_goes_on_where_it_was_after_the_router_was_killed(
    stage: Stage, played: dict[str, Future[None]]
) -> None:
    lines = [stage.line(f"{number}-a") for number in (5061, 5062, 5063)]
    order = [who_begins(stage, "2506", lines)]
    stage.router.restart()
    order.append(who_begins(stage, "2506", lines))
    stage.router.restart()
    order += [who_begins(stage, "2506", lines), who_begins(stage, "2506", lines)]
    assert order == ["5061-a", "5062-a", "5063-a", "5061-a"]


@pytest.mark.timeout(120)
def test_longest_idle_knows_of_a_conversation_during_which_the_router_was_restarted(
    stage: Stage, played: dict[str, Future[None]]
) -> None:
    one, two = stage.line("5076-a"), stage.line("5077-a")
    first = stage.inside("1900-a").call("2531")
    pick_up(one, first)
    stage.router.restart()
    first.hang_up()
    time.sleep(HEARD)
    second = stage.inside("1901-a").call("2531")
    two.wait_ringing(3)
    assert len(one.ringings) == 1
    give_up(second)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process does nothing meanwhile: whatever happens, another one does it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.timeout(120)
def test_round_robin_is_one_order_for_all_processes_of_the_router(
    stage: Stage, played: dict[str, Future[None]]
) -> None:
    lines = [stage.line(f"{number}-a") for number in (5271, 5272, 5273)]
    stage.router.kill()
    alone = ("--no-calendars", "--no-contacts", "--no-notices")
    stage.router.start("--workers", "2", *alone)
    one, two = stage.router.workers()
    order = []
    for idle in (one, two, one, two):
        with stopped(idle):
            order.append(who_begins(stage, "2527", lines))
    assert order == ["5271-a", "5272-a", "5273-a", "5271-a"]
