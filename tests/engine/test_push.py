from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.model.actions import BUSY as BUSY_TONE
from esl_router.model.actions import FORBIDDEN, NOT_FOUND, UNAVAILABLE, Voicemail
from esl_router.model.call import LegResult
from esl_router.model.codes import Code
from esl_router.model.executive import (
    AlertExecutive,
    Alerting,
    Assistant,
    Executive,
    Rollover,
    RolloverAction,
)
from esl_router.model.live import CallState, Channel
from esl_router.model.people import DeclineScope, FollowMeRow, Origin, Settings
from esl_router.model.presence import CallForward, Forward, Presence, Profile, Status, Target
from esl_router.model.team import Member, Team
from tests.company import DOMAIN, internal_call, mobile, registered, sip, trunk_call
from tests.engine.board import (
    BUSY,
    DECLINED,
    LIVE,
    PEOPLE,
    ROWS,
    SILENT,
    appointment,
    away,
    bars,
    board,
    play,
    said,
    sent_by,
    who,
)

HANDED = sent_by(trunk_call("*63"), "1002", pool="1001")
"""A caller of the pool whom Ben, an assistant, has sent to the code."""

ASKED = internal_call("*63")
"""Ben dials the code himself."""


def test_the_caller_rings_her_past_the_filter_and_for_the_time_of_the_recall():
    ring = play(HANDED, board(push_recall=12))[0]
    assert (who(ring), ring.length, ring.to_assistants, ring.pool) == (["1001"], 12, False, "")


def test_her_phones_ring_until_the_recall_whatever_their_rows_say():
    rows = {
        "1001": [
            FollowMeRow(sip("1001-off"), ring=40),
            FollowMeRow(sip("1001-desk"), delay=10, ring=5),
            FollowMeRow(sip("1001-home"), delay=15, ring=60),
        ]
    }
    live = registered("1001-desk", "1001-home")
    for call in (HANDED, ASKED):
        ring = play(call, board(rows=rows, push_recall=45), live=live)[0]
        assert bars(ring) == [("", 0, 45), ("", 5, 40)]
        words = said(call, board(rows=rows, push_recall=45), live)
        assert "1001-desk rings from 0 s to 45 s." in words


def test_a_mailbox_outside_gets_nobody_who_is_handed_over_or_comes_back():
    def cell(extension, number):
        return [FollowMeRow(mobile(f"{extension}-cell", number, owner=extension, confirm=False))]

    rows = {"1001": cell("1001", "+491711"), "1002": [*ROWS["1002"], *cell("1002", "+491712")]}
    her, him = play(HANDED, board(rows=rows), SILENT, live=registered("1003-desk"))
    assert [(leg.device, leg.confirm) for leg in (*her.legs, *him.legs)] == [
        ("1001-cell", True),
        ("1002-cell", True),
    ]
    assert [leg.confirm for leg in play(ASKED, board(rows=rows))[0].legs] == [True]


def test_the_word_for_it_is_of_the_language_of_the_company():
    nobody = replace(HANDED, caller=replace(HANDED.caller, anonymous=True, name="", number=""))
    german = board()
    german.config = Settings(DOMAIN, language="de")
    _, back = play(nobody, german, SILENT)
    assert (back.caller_name, back.anonymous) == ("Rückruf: Anonym", "Anonym")


@pytest.mark.parametrize("result", [SILENT, DECLINED, BUSY])
def test_what_she_does_not_take_comes_back_to_the_same_assistant(result):
    _, back = play(HANDED, board(), result)
    assert who(back) == ["1002"]
    assert (back.caller_name, back.pool) == ("Recall: Muster GmbH", "1001")
    assert back.decline is DeclineScope.DEVICE


@pytest.mark.parametrize(
    "changed",
    [
        {"statuses": {"1001": away()}},
        {"statuses": {"1001": away(Status.DND)}},
        {"statuses": {"1001": Presence(calendar=appointment(None, "voicemail"))}},
        {"statuses": {"1001": away(Status.AVAILABLE, "extension:1004")}},
        {"live": registered("1002-desk", "1003-desk")},
    ],
)
def test_where_she_cannot_be_reached_it_comes_back_at_once(changed):
    live = changed.pop("live", LIVE)
    assert who(play(HANDED, board(**changed), live=live)[0]) == ["1002"]


def test_her_own_forward_of_every_call_sends_it_back_at_once():
    forward = {Origin.EXTERNAL: CallForward(Target.parse("extension:1004"))}
    rules = replace(board(), call_forwards={"1001": forward})
    assert who(play(HANDED, rules)[0]) == ["1002"]


def talking(extension):
    channel = Channel("x", f"{extension}-desk@{DOMAIN}", True, CallState.ACTIVE, call="x")
    return replace(LIVE, channels={"x": channel})


def test_busy_on_busy_sends_it_back_at_once_and_without_it_it_rings():
    people = (replace(PEOPLE[0], max_calls=1), *PEOPLE[1:])
    assert who(play(HANDED, board(people=people), live=talking("1001"))[0]) == ["1002"]
    assert who(play(HANDED, board(), live=talking("1001"))[0]) == ["1001"]


def test_where_she_lets_them_a_push_rings_although_she_talks():
    people = (replace(PEOPLE[0], max_calls=1), *PEOPLE[1:])
    rules, live = board(people=people, push_ignores_bob=True), talking("1001")
    for call in (HANDED, ASKED):
        assert who(play(call, rules, live=live)[0]) == ["1001"]
        assert "1001 is busy" in said(call, rules, live)
        assert "rung all the same" in said(call, rules, live)
    # Any other call of the same assistant does not.
    call = internal_call("1001")
    assert play(call, rules, live=live) == [BUSY_TONE]


def following(target, **executive):
    """Anna forwards every call to ``target``, and a push goes there."""
    forward = {origin: CallForward(Target.parse(target)) for origin in Origin}
    rules = board(push_follows_forward=True, push_recall=12, **executive)
    return replace(rules, call_forwards={"1001": forward})


def test_a_push_goes_where_she_forwards_her_calls_and_comes_back_from_there():
    there, back = play(HANDED, following("extension:1004"), SILENT)
    assert (who(there), there.length) == (["1004"], 12)
    assert there.legs[0].diversion.reason == "unconditional"
    assert (who(back), back.caller_name) == (["1002"], "Recall: Muster GmbH")
    assert back.legs[0].diversion is None
    assert play(HANDED, following("extension:1004"), LegResult.ANSWERED)[-1] == UNAVAILABLE


def test_it_goes_to_numbers_outside_teams_and_where_her_status_sends_it():
    outside = play(HANDED, following("external:+491715550000"))[0].legs[0]
    assert (outside.device, outside.confirm) == ("+491715550000", True)
    team = Team(DOMAIN, "2000", members=(Member("1003"), Member("1004")))
    rules = replace(following("extension:2000"), teams=(team,))
    assert who(play(HANDED, rules)[0]) == ["1003", "1004"]
    away_at_dora = board(
        push_follows_forward=True, statuses={"1001": away(target="extension:1004")}
    )
    assert who(play(HANDED, away_at_dora)[0]) == ["1004"]
    _, end = play(ASKED, following("extension:1004"), SILENT)
    assert end == UNAVAILABLE


@pytest.mark.parametrize(
    "target", ["voicemail", "voicemail:1004", "busy", "extension:1002", "extension:1999"]
)
def test_nobody_who_was_spoken_to_is_left_in_a_mailbox_or_with_a_busy_tone(target):
    rules = following(target)
    back = play(HANDED, rules)[0]
    assert (who(back), back.pool) == (["1002"], "1001")
    assert back.legs[0].diversion is None
    assert "Nobody rings at" in said(HANDED, rules)


def test_one_more_forward_is_followed_and_a_circle_is_none():
    rules = following("extension:1004")
    on = {origin: CallForward(Target.parse("extension:1003")) for origin in Origin}
    rules = replace(rules, call_forwards={**rules.call_forwards, "1004": on})
    assert who(play(HANDED, rules)[0]) == ["1003"]
    round_about = {origin: CallForward(Target.parse("extension:1001")) for origin in Origin}
    rules = replace(rules, call_forwards={**rules.call_forwards, "1004": round_about})
    assert who(play(HANDED, rules)[0]) == ["1002"]


@pytest.mark.parametrize("before", [{"announce": "away.wav"}, {"alert_first": 5}])
def test_what_comes_before_somebody_s_forward_does_not_send_it_back(before):
    on = {(origin, Forward.ALWAYS): Target.parse("extension:1003") for origin in Origin}
    gone = Presence(Status.AWAY, profiles={Status.AWAY: Profile(forwards=on, **before)})
    rules = following("extension:1004", statuses={"1004": gone})
    assert [who(each) for each in play(HANDED, rules, SILENT)] == [["1003"], ["1002"]]
    announced = CallForward(Target.parse("extension:1003"), ring_splash=True, announce="away.wav")
    rules = following("extension:1004")
    on_his_own = dict.fromkeys(Origin, announced)
    rules = replace(rules, call_forwards={**rules.call_forwards, "1004": on_his_own})
    assert [who(each) for each in play(HANDED, rules, SILENT)] == [["1003"], ["1002"]]


def test_an_assistant_who_asks_gets_through_do_not_disturb_and_whom_he_sends_on_does_not():
    rules = board(assistant_breaks_dnd=True, statuses={"1001": away(Status.DND)})
    assert who(play(ASKED, rules)[0]) == ["1001"]
    assert who(play(HANDED, rules)[0]) == ["1002"]


def test_it_comes_back_to_an_assistant_who_talks_or_is_away_meanwhile():
    people = (PEOPLE[0], replace(PEOPLE[1], max_calls=1), *PEOPLE[2:])
    rules = board(people=people, statuses={"1002": away(Status.LUNCH)})
    assert who(play(HANDED, rules, SILENT, live=talking("1002"))[1]) == ["1002"]


def test_when_he_does_not_answer_either_the_others_ring_and_then_it_rolls_over():
    rules = board(
        rollover=Rollover(30, RolloverAction.VOICEMAIL), alert_executive=AlertExecutive.RING
    )
    her, him, others, end = play(HANDED, rules, SILENT, SILENT, SILENT)
    assert [who(each) for each in (her, him, others)] == [["1001"], ["1002"], ["1003"]]
    assert (others.to_assistants, others.length) == (True, 30)
    assert end == Voicemail(DOMAIN, "1001")


def test_it_passes_over_an_assistant_without_a_phone():
    live = registered("1001-desk", "1003-desk")
    assert [who(each) for each in play(HANDED, board(), SILENT, SILENT, live=live)[:2]] == [
        ["1001"],
        ["1003"],
    ]


@pytest.mark.parametrize("action", [None, RolloverAction.BUSY, RolloverAction.EXECUTIVE])
def test_who_has_been_spoken_to_is_not_sent_away_with_a_busy_tone(action):
    rules = board(assistants=(Assistant("1002"),), rollover=Rollover(None, action))
    assert play(HANDED, rules, SILENT, SILENT)[-1] == Voicemail(DOMAIN, "1001")


def test_once_she_has_answered_nothing_comes_back():
    assert play(HANDED, board(), LegResult.ANSWERED)[-1] == UNAVAILABLE


def test_sequential_pools_ring_the_others_in_turn():
    assistants = (Assistant("1003"), Assistant("1002"), Assistant("1004"))
    rules = board(assistants=assistants, alerting=Alerting.SEQUENTIAL)
    others = play(HANDED, rules, SILENT, SILENT)[2]
    assert [(leg.owner, leg.delay) for leg in others.legs] == [("1003", 0), ("1004", 15)]


# -- whose caller it is -------------------------------------------------------------------------


def two_bosses():
    rules = board()
    dora = Executive(DOMAIN, "1004", assistants=(Assistant("1002"),))
    rules.executives = (*rules.executives, dora)
    return rules


@pytest.mark.parametrize(
    ("call", "boss"),
    [
        (HANDED, "1001"),
        (replace(HANDED, pool="1004"), "1004"),
        (replace(HANDED, pool="", dialled="*631004"), "1004"),
        (replace(HANDED, dialled="*631004"), "1004"),
        (internal_call("*631001"), "1001"),
    ],
)
def test_the_executive_is_the_one_that_was_dialled_or_the_call_s(call, boss):
    assert who(play(call, two_bosses())[0]) == [boss]


def holding(assistant, pool):
    """Live state in which a phone that rang for a pool has its caller on hold."""
    caller = Channel("t", None, True, CallState.ACTIVE, other="2000", call="t")
    his = Channel("b", f"{assistant}-desk@{DOMAIN}", False, CallState.HELD, call="t", pool=pool)
    return replace(LIVE, channels={"t": caller, "b": his})


def test_who_asks_first_means_whose_caller_he_holds():
    assert who(play(ASKED, two_bosses(), live=holding("1002", "1004"))[0]) == ["1004"]
    assert play(ASKED, two_bosses(), live=holding("1002", "")) == [FORBIDDEN]


def test_who_does_not_say_which_executive_gets_the_caller_back():
    call = replace(HANDED, pool="")
    assert who(play(call, two_bosses())[0]) == ["1002"]
    assert "which one is not said" in said(call, two_bosses())
    assert play(ASKED, two_bosses()) == [FORBIDDEN]


def test_a_private_caller_of_an_assistant_may_be_handed_over_too_and_the_trace_says_so():
    private = replace(HANDED, pool="")
    assert who(play(private, board())[0]) == ["1001"]
    assert "The caller is 1002's own" in said(private, board())
    assert "The caller is 1002's own" not in said(HANDED, board())


# -- whoever takes an assistant's part ----------------------------------------------------------

DIVERTED = (Assistant("1002", divert=Target.parse("extension:1004")), Assistant("1003"))


@pytest.mark.parametrize("target", ["extension:1004", "external:+493012345104"])
def test_who_takes_the_part_of_an_assistant_hands_over_and_gets_the_caller_back(target):
    people = (*PEOPLE[:3], replace(PEOPLE[3], numbers=("+493012345104",)))
    assistants = (Assistant("1002", divert=Target.parse(target)), Assistant("1003"))
    rules = board(assistants=assistants, people=people)
    call = sent_by(trunk_call("*63"), "1004", pool="1001")
    steps = play(call, rules, SILENT, SILENT)
    # The assistant's own part was his: it is the others who ring then.
    assert [who(each) for each in steps] == [["1001"], ["1004"], ["1003"]]
    assert steps[1].caller_name == "Recall: Muster GmbH"
    assert "1004 takes the part of his assistant 1002." in said(call, rules)
    asked = internal_call("*63", "1004-desk", "1004")
    assert who(play(asked, rules, live=holding("1004", "1001"))[0]) == ["1001"]


def test_whose_caller_it_is_already_stays_so_when_the_assistant_logs_out_in_mid_call():
    out = (replace(DIVERTED[0], opted_in=False), DIVERTED[1])
    hers = sent_by(trunk_call("*63"), "1004", pool="1001")
    steps = play(hers, board(assistants=out), SILENT, SILENT)
    assert [who(each) for each in steps] == [["1001"], ["1004"], ["1003"]]
    assert "1004 has a caller of 1001's." in said(hers, board(assistants=out))
    for asked in (internal_call(each, "1004-desk", "1004") for each in ("*63", "*631001")):
        live = holding("1004", "1001")
        assert who(play(asked, board(assistants=out), live=live)[0]) == ["1001"]
        # Of any other caller he has no more to say.
        assert play(asked, board(assistants=out)) == [FORBIDDEN]
    other = sent_by(trunk_call("*631001"), "1004", pool="")
    assert who(play(other, board(assistants=out))[0]) == ["1004"]


def test_nobody_hands_a_caller_to_himself():
    assert who(play(replace(HANDED, sent_by=f"1001-desk@{DOMAIN}"), board())[0]) == ["1001"]
    asked = internal_call("*63", "1001-desk", "1001")
    assert play(asked, board(), live=holding("1001", "1001")) == [FORBIDDEN]


def test_who_is_nobody_s_assistant_gets_the_caller_back_and_no_more():
    call = replace(HANDED, sent_by=f"1004-desk@{DOMAIN}", pool="")
    assert who(play(call, board())[0]) == ["1004"]
    assert play(call, board(), SILENT)[1] == Voicemail(DOMAIN, "1004")


# -- asking first -------------------------------------------------------------------------------


def test_who_asks_first_rings_her_and_no_forward_of_hers():
    ring, end = play(ASKED, board(push_recall=15), SILENT)
    assert (who(ring), ring.length) == (["1001"], 15)
    assert end == UNAVAILABLE
    assert play(ASKED, board(), DECLINED)[1] == BUSY_TONE
    assert play(ASKED, board(statuses={"1001": away()})) == [UNAVAILABLE]


# -- nobody else's ------------------------------------------------------------------------------


def test_a_stranger_cannot_dial_the_code():
    assert play(trunk_call("*63"), board()) == [NOT_FOUND]
    assert play(internal_call("*63", "1004-desk", "1004"), board()) == [FORBIDDEN]


def test_the_code_is_a_setting():
    rules = replace(board(), config=Settings(DOMAIN, codes={Code.PUSH: "#5"}))
    assert who(play(replace(HANDED, dialled="#5"), rules)[0]) == ["1001"]
    assert play(ASKED, rules) == [NOT_FOUND]
