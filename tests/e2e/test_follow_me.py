"""FollowMe on a running FreeSWITCH, with the router between it and real SIP endpoints."""

from __future__ import annotations

import time
from concurrent.futures import Future

import pytest

from tests.e2e.endpoint import Behaviour
from tests.e2e.sip import TIMER, TOLERANCE, wait_until
from tests.e2e.stage import Programme, Stage, company, person

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
MOBILE = "+491711234567"
MOBILE_THAT_CONFIRMS = "+491711234568"
MOBILE_WITHOUT_CONFIRMATION = "+491711234569"

RULES = company(
    u1900=person("1900", "a", number="+493012345900"),
    u1010=person(
        "1010", "a", "b", internal={"a": (0, 6)}, external={"b": (0, 6)}, number="+493012345010"
    ),
    u1011=person("1011", "a", "b", internal={"a": (0, 15), "b": (10, 20)}),
    u1012=person("1012", "a", "b"),
    u1013=person("1013", "a", "b", internal={"a": (0, 20), "b": (20, 4)}),
    u1014=person("1014", "a", "b", internal={"a": (0, 5), "b": (15, 5)}),
    u1020=person("1020", "a", "b", internal={"a": (0, 4), "b": (0, 4)}, voicemail=False),
    u1021=person("1021", "a", "b", internal={"a": (0, 4), "b": (0, 4)}, voicemail=False),
    u1022=person("1022", "a", "b", internal={"a": (0, 4), "b": (0, 4)}, voicemail=False),
    u1023=person("1023", "a", "b", internal={"a": (0, 4), "b": (0, 4)}, voicemail=False),
    u1024=person("1024", "a", voicemail=False),
    u1025=person("1025", "a", voicemail=False),
    u1026=person("1026", "a", internal={"a": (0, 3)}, voicemail=False),
    u1030=person("1030", "a"),
    u1031=person("1031", "a"),
    u1032=person("1032", "a", mobile=MOBILE),
    u1033=person("1033", "a", mobile=MOBILE_THAT_CONFIRMS, number="+493012345033"),
    u1034=person("1034", "a", mobile=MOBILE_WITHOUT_CONFIRMATION, confirm=False),
    u1035=person("1035", "a", "b"),
    u1036=person("1036", "a", number="+493012345036"),
    u1037=person("1037", "a", "b", internal={"a": (0, 4), "b": (0, 4)}),
    u1038=person("1038", "a"),
)
play = Programme()


@play
def a_delayed_phone_rings_after_its_delay_and_each_for_its_own_time(stage: Stage) -> None:
    first, second = stage.phone("1011-a"), stage.phone("1011-b")
    call = stage.inside("1900-a").call("1011")
    assert call.wait_for(180) < TOLERANCE
    one = first.wait_cancelled(20)
    assert one.at - call.started < TOLERANCE
    assert one.rang == pytest.approx(15, abs=TOLERANCE)
    two = second.wait_cancelled(30)
    assert two.at - call.started == pytest.approx(10, abs=TOLERANCE)
    assert two.rang == pytest.approx(20, abs=TOLERANCE)
    assert call.wait(5) == 200, "the voicemail"
    assert call.at == pytest.approx(30, abs=2 * TOLERANCE)
    call.hang_up()


@play
def internal_and_trunk_calls_ring_different_phones(stage: Stage) -> None:
    for_colleagues, for_strangers = stage.phone("1010-a"), stage.phone("1010-b")
    call = stage.sipp_call("1010", account="1900-a")
    for_colleagues.wait_ringing()
    assert call.wait() == 200, "the voicemail"
    assert not for_strangers.invited
    call = stage.sipp_call("+493012345010", trunk_number="+4930111222")
    assert for_strangers.wait_ringing().number == "+4930111222"
    assert call.wait() == 200, "the voicemail"
    assert len(for_colleagues.ringings) == 1


@play
def a_trunk_caller_who_shows_an_extension_stays_external(stage: Stage) -> None:
    stage.phone("1036-a")
    liar = stage.outside()
    call = liar.call(
        "+493012345036", user="1900", headers=("P-Asserted-Identity: <sip:1900@pbx.test>",)
    )
    assert call.wait_for(180)
    call.cancel()
    text = stage.router.run("calls", "list", "--json")
    wait_until(lambda: "1036" in stage.router.run("calls", "list", "--json"), 10, text)


@play
def the_first_answer_wins_and_the_others_are_told_so(stage: Stage) -> None:
    quick, slow = stage.phone("1012-a", answer=1), stage.phone("1012-b", answer=4)
    call = stage.sipp_call("1012", account="1900-a", hang_up=4)
    assert call.wait() == 200
    lost = slow.wait_cancelled()
    assert lost.reason == ELSEWHERE
    assert lost.answered is None
    assert lost.rang == pytest.approx(1, abs=TOLERANCE)
    assert quick.ringings[0].answered


@play
def a_busy_first_phone_hands_over_to_the_next_at_once(stage: Stage) -> None:
    busy, following = stage.phone("1013-a", reject=486), stage.phone("1013-b")
    call = stage.inside("1900-a").call("1013")
    started = following.wait_ringing(3).at
    assert started - busy.ringings[0].at < 1
    assert following.wait_cancelled().rang == pytest.approx(4, abs=TOLERANCE)
    assert call.wait() == 200, "the voicemail"
    call.hang_up()


@play
def a_delayed_phone_rings_at_once_when_no_other_is_registered(stage: Stage) -> None:
    only = stage.phone("1014-b")
    call = stage.inside("1900-a").call("1014")
    ringing = only.wait_cancelled(10)
    assert ringing.at - call.started < 1
    assert ringing.rang == pytest.approx(5, abs=TOLERANCE)
    call.wait()
    call.hang_up()


@play
def a_603_on_one_phone_ends_the_ringing_and_the_caller_gets_busy(stage: Stage) -> None:
    stage.phone("1020-a", reject=603, after=1)
    other = stage.phone("1020-b")
    call = stage.sipp_call("1020", account="1900-a")
    assert call.wait() == 486
    assert other.wait_cancelled().rang == pytest.approx(1, abs=TOLERANCE)


@play
def a_486_on_one_phone_leaves_the_other_ringing(stage: Stage) -> None:
    stage.phone("1021-a", reject=486, after=1)
    other = stage.phone("1021-b")
    assert stage.sipp_call("1021", account="1900-a").wait() == 480
    assert other.wait_cancelled().rang == pytest.approx(4, abs=TOLERANCE)


@play
def a_480_on_one_phone_leaves_the_other_ringing(stage: Stage) -> None:
    stage.phone("1022-a", reject=480, after=1)
    other = stage.phone("1022-b")
    assert stage.sipp_call("1022", account="1900-a").wait() == 480
    assert other.wait_cancelled().rang == pytest.approx(4, abs=TOLERANCE)


@play
def a_phone_that_gives_no_reply_leaves_the_other_ringing(stage: Stage) -> None:
    stage.phone("1023-a", silent=True)
    other = stage.phone("1023-b")
    assert stage.sipp_call("1023", account="1900-a").wait() == 480
    assert other.wait_cancelled().rang == pytest.approx(4, abs=TOLERANCE)


@play
def an_only_phone_that_is_busy_gives_the_caller_busy(stage: Stage) -> None:
    stage.phone("1024-a", reject=486)
    assert stage.sipp_call("1024", account="1900-a").wait() == 486


@play
def an_only_phone_that_declines_gives_the_caller_busy_and_never_603(stage: Stage) -> None:
    stage.phone("1025-a", reject=603)
    assert stage.sipp_call("1025", account="1900-a").wait() == 486


@play
def an_only_phone_that_nobody_answers_gives_the_caller_unavailable(stage: Stage) -> None:
    stage.phone("1026-a")
    call = stage.sipp_call("1026", account="1900-a")
    assert call.wait() == 480
    assert call.codes[-1][0] == pytest.approx(3 + TIMER, abs=TOLERANCE)


@play
def a_user_whose_only_phone_is_not_registered_has_the_voicemail_at_once(stage: Stage) -> None:
    call = stage.inside("1900-a").call("1030")
    assert call.wait(5) == 200
    assert call.at is not None
    assert call.at < 1
    time.sleep(1)
    assert call.ended is None
    call.hang_up()


@play
def a_device_that_is_registered_twice_rings_twice(stage: Stage) -> None:
    one, two = stage.phone("1031-a"), stage.phone("1031-a", answer=1)
    call = stage.sipp_call("1031", account="1900-a")
    assert call.wait() == 200
    assert one.wait_cancelled().reason == ELSEWHERE
    assert two.ringings[0].answered


@play
def a_mobile_mailbox_that_answers_at_once_does_not_take_the_call(stage: Stage) -> None:
    desk = stage.phone("1032-a", answer=4)
    stage.trunk.by_number[MOBILE] = Behaviour(answer=0)
    call = stage.sipp_call("1032", account="1900-a")
    assert call.wait() == 200
    answered = next(at for at, code in call.codes if code == 200)
    assert answered == pytest.approx(4, abs=TOLERANCE)
    assert desk.ringings[0].answered
    assert 183 not in [code for _, code in call.codes]
    mobile = outside_call(stage, MOBILE)
    assert mobile.answered
    wait_until(lambda: outside_call(stage, MOBILE).ended, 5, "the mailbox is hung up")
    # Not at once: whoever was asked to press 1 hears first that it is too late.
    assert outside_call(stage, MOBILE).ended - desk.ringings[0].answered > 1


@play
def a_mobile_that_confirms_takes_the_call(stage: Stage) -> None:
    desk = stage.phone("1033-a")
    stage.trunk.by_number[MOBILE_THAT_CONFIRMS] = Behaviour(answer=1, press="1")
    call = stage.inside("1900-a").call("1033")
    assert call.wait() == 200
    assert call.at == pytest.approx(2.2, abs=TOLERANCE)
    assert desk.wait_cancelled().reason == ELSEWHERE
    assert outside_call(stage, MOBILE_THAT_CONFIRMS).ended is None
    invite = outside_call(stage, MOBILE_THAT_CONFIRMS).invite
    assert "sip:+493012345033@" in invite.get("diversion")
    call.hang_up()
    wait_until(lambda: outside_call(stage, MOBILE_THAT_CONFIRMS).ended, 3, "the mobile is hung up")


@play
def a_mobile_without_confirmation_takes_the_call_when_it_answers(stage: Stage) -> None:
    desk = stage.phone("1034-a")
    stage.trunk.by_number[MOBILE_WITHOUT_CONFIRMATION] = Behaviour(answer=2, early_media=True)
    call = stage.sipp_call("1034", account="1900-a")
    assert call.wait() == 200
    assert 183 not in [code for _, code in call.codes], "its announcement is not for the caller"
    assert desk.wait_cancelled().reason == ELSEWHERE


def outside_call(stage: Stage, number: str):  # type: ignore[no-untyped-def]
    return next(r for r in stage.trunk.ringings if r.invite.uri.startswith(f"sip:{number}@"))


@play
def a_caller_who_gives_up_leaves_nothing_ringing(stage: Stage) -> None:
    phones = [stage.phone("1035-a"), stage.phone("1035-b")]
    call = stage.inside("1900-a").call("1035")
    for phone in phones:
        phone.wait_ringing()
    time.sleep(0.5)
    call.cancel()
    assert call.wait() == 487
    for phone in phones:
        cancelled = phone.wait_cancelled(2)
        assert cancelled.reason != ELSEWHERE
        assert len(phone.ringings) == 1


@play
def an_unknown_number_is_not_found(stage: Stage) -> None:
    assert stage.sipp_call("1999", account="1900-a").wait() == 404
    assert stage.sipp_call("+493099999999").wait() == 404


@play
def a_user_who_dials_his_own_number_does_not_ring_his_own_phone(stage: Stage) -> None:
    own = stage.phone("1038-a")
    call = stage.inside("1038-a").call("1038")
    assert call.wait() == 200, "the voicemail"
    time.sleep(2)
    assert call.ended is None
    assert not own.invited
    call.hang_up()


@play
def nobody_answers_and_the_caller_leaves_a_message(stage: Stage) -> None:
    stage.phone("1037-a")
    before = stage.switch.messages("1037")
    call = stage.sipp_call("1037", account="1900-a", hang_up=7)
    assert call.wait() == 200
    answered = next(at for at, code in call.codes if code == 200)
    assert answered == pytest.approx(4 + TIMER, abs=TOLERANCE)
    wait_until(lambda: len(stage.switch.messages("1037")) > len(before), 10, "a message is stored")


@play
def a_number_outside_is_dialled_through_the_trunk(stage: Stage) -> None:
    stage.trunk.by_number["+494012345678"] = Behaviour(answer=1)
    call = stage.sipp_call("04012345678", account="1900-a")
    assert call.wait() == 200
    assert outside_call(stage, "+494012345678").number == "+493012345900"


@pytest.mark.timeout(150)
@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()
