from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.model.actions import Connected
from esl_router.model.executive import (
    AlertExecutive,
    Assistant,
    CallerName,
    CallerNumber,
    ConnectedLine,
    Rollover,
    RolloverAction,
)
from esl_router.model.people import FollowMeRow, Origin
from esl_router.model.presence import Forward, Presence, Profile, Status, Target
from tests.company import internal_call, mobile, trunk_call
from tests.engine.board import CELL, DECLINED, PEOPLE, SILENT, away, board, play, said, sent_by

CALL = trunk_call("1001")
INSIDE = internal_call("1001", "1004-desk", "1004")
HIDDEN = replace(CALL, caller=replace(CALL.caller, name="", anonymous=True))


def ring(call=CALL, **executive):
    return play(call, board(**executive))[0]


NAMES = [
    (CallerName.EXECUTIVE, "Anna Adler"),
    (CallerName.EXECUTIVE_CALLER, "Anna Adler - Muster GmbH"),
    (CallerName.CALLER_EXECUTIVE, "Muster GmbH - Anna Adler"),
    (CallerName.CALLER, ""),
]


@pytest.mark.parametrize(("mode", "shown"), NAMES)
@pytest.mark.parametrize("number", CallerNumber)
def test_assistants_see_the_name_and_number_that_are_set(mode, shown, number):
    first = ring(caller_name=mode, caller_number=number)
    assert first.caller_name == shown
    expected = "1001" if number is CallerNumber.EXECUTIVE else ""
    assert {leg.caller_number for leg in first.legs} == {expected}


def test_a_caller_without_a_name_is_shown_by_his_number_and_a_hidden_one_by_neither():
    nameless = replace(CALL, caller=replace(CALL.caller, name=""))
    assert ring(call=nameless).caller_name == "Anna Adler - +493099887766"
    hidden = replace(CALL, caller=replace(CALL.caller, name="", anonymous=True))
    assert ring(call=hidden).caller_name == "Anna Adler - Anonymous"


def test_a_colleague_is_shown_by_the_name_that_the_company_knows():
    call = internal_call("1001", "1004-desk", "1004")
    assert ring(call=call).caller_name == "Anna Adler - Dora Dorn"


def test_a_name_and_a_number_of_their_own():
    own = {"caller_name": CallerName.CUSTOM, "custom_name": "Front desk"}
    own |= {"caller_number": CallerNumber.CUSTOM, "custom_number": "+493012345000"}
    first = ring(**own, alert_executive=AlertExecutive.RING)
    assert first.caller_name == "Front desk"
    shown = {leg.owner: (leg.caller_number, leg.original_name) for leg in first.legs}
    theirs = ("+493012345000", False)
    assert shown == {"1002": theirs, "1003": theirs, "1001": ("", True)}
    assert 'The assistants see "Front desk".' in said(CALL, board(**own))
    assert ring(HIDDEN, **own).caller_name == "Front desk"


@pytest.mark.parametrize(("mode", "shown"), [*NAMES, (CallerName.CUSTOM, "Front desk")])
def test_a_mark_stands_before_whatever_is_shown(mode, shown):
    own = {"caller_name": mode, "custom_name": "Front desk", "caller_prefix": "[A] "}
    assert ring(**own).caller_name == f"[A] {shown or 'Muster GmbH'}"
    assert 'see "[A] ' in said(CALL, board(**own))


def test_a_mark_shows_nothing_of_who_withholds_his_number():
    own = {"caller_name": CallerName.CALLER, "caller_prefix": "[A] "}
    assert ring(HIDDEN, **own).caller_name == "[A] Anonymous"


# -- whom the caller sees -----------------------------------------------------------------------

HERS, HIS = Connected("Anna Adler", "+493012345101"), Connected("Ben Berg", "+493012345102")
OUTSIDE = Assistant("1002", divert=Target.parse("external:+493055555"))


def seen(call=CALL, **executive):
    legs = ring(call, alert_executive=AlertExecutive.RING, **executive).legs
    return {leg.owner: leg.connected for leg in legs}


def test_what_the_phone_says_where_nothing_is_set():
    assert set(seen().values()) == {None}


@pytest.mark.parametrize("first", [Assistant("1002"), OUTSIDE])
def test_the_executive_or_who_answers_and_never_his_mobile(first):
    pool = (first, Assistant("1003"))
    hers = seen(assistants=pool, connected_line=ConnectedLine.EXECUTIVE)
    assert hers == {"1001": HERS, "1002": HERS, "1003": HERS}
    theirs = seen(assistants=pool, connected_line=ConnectedLine.ASSISTANT)
    assert theirs == {"1001": HERS, "1002": HIS, "1003": Connected("Cleo Chen", "1003")}


def test_inside_it_is_the_extension():
    hers = seen(INSIDE, connected_line=ConnectedLine.EXECUTIVE)
    assert hers["1002"] == Connected("Anna Adler", "1001")


def test_of_several_numbers_the_one_that_was_dialled():
    people = (replace(PEOPLE[0], numbers=("+493012345101", "+493012345199")), *PEOPLE[1:])
    for dialled in ("+493012345199", "493012345199"):
        hers = seen(trunk_call(dialled), people=people, connected_line=ConnectedLine.EXECUTIVE)
        assert hers["1002"].number == "+493012345199"


def test_who_has_no_name_is_his_number():
    people = (PEOPLE[0], replace(PEOPLE[1], name=""), *PEOPLE[2:])
    found = seen(people=people, connected_line=ConnectedLine.ASSISTANT)
    assert found["1002"] == Connected("1002", "+493012345102")


@pytest.mark.parametrize(
    ("line", "at_recall"), [(ConnectedLine.EXECUTIVE, HERS), (ConnectedLine.ASSISTANT, HIS)]
)
def test_it_holds_when_the_call_is_handed_over_and_comes_back(line, at_recall):
    rules = board(connected_line=line)
    handed, back = play(sent_by(trunk_call("*63"), "1002", pool="1001"), rules, DECLINED)
    assert {leg.connected for leg in handed.legs} == {HERS}
    assert {leg.connected for leg in back.legs} == {at_recall}
    rules = board()
    for each in play(sent_by(trunk_call("*63"), "1002", pool="1001"), rules, SILENT):
        assert {leg.connected for leg in each.legs} == {None}


def test_the_colleague_to_whom_an_assistant_diverts_is_the_one_who_talks():
    diverting = Assistant("1002", divert=Target.parse("extension:1004"))
    theirs = seen(assistants=(diverting,), connected_line=ConnectedLine.ASSISTANT)
    assert theirs["1002"] == Connected("Dora Dorn", "1004")
    rules = board((diverting,), connected_line=ConnectedLine.ASSISTANT)
    back = play(sent_by(trunk_call("*63"), "1004", pool="1001"), rules, DECLINED)[1]
    assert {leg.connected for leg in back.legs} == {Connected("Dora Dorn", "1004")}


CELL_ROW = {"1001": [FollowMeRow(mobile("1001-cell", CELL, location="mobile"))]}
NO_ANSWER = {(origin, Forward.NO_ANSWER): Target.parse(f"external:{CELL}") for origin in Origin}
FORWARDING = {"1001": Presence(profiles={Status.AVAILABLE: Profile(forwards=NO_ANSWER)})}
OUT = Target.parse(f"external:{CELL}")


@pytest.mark.parametrize("line", [ConnectedLine.EXECUTIVE, ConnectedLine.ASSISTANT])
@pytest.mark.parametrize(
    ("rollover", "more"),
    [
        (Rollover(20, RolloverAction.EXECUTIVE), {"rows": CELL_ROW}),
        (Rollover(20, RolloverAction.TARGET, OUT), {}),
        (Rollover(20, RolloverAction.NO_ANSWER), {"statuses": FORWARDING}),
    ],
)
def test_no_mobile_is_shown_where_the_call_rolls_over(line, rollover, more):
    rules = board(rollover=rollover, connected_line=line, **more)
    behind = play(CALL, rules, SILENT)[1]
    assert [(leg.target.number, leg.connected) for leg in behind.legs] == [(CELL, HERS)]
    plain = play(CALL, board(rollover=rollover, **more), SILENT)[1]
    assert [leg.connected for leg in plain.legs] == [None]


def test_nor_where_it_goes_on_when_she_does_not_answer_either():
    rules = board(
        rollover=Rollover(20, RolloverAction.EXECUTIVE),
        connected_line=ConnectedLine.EXECUTIVE,
        statuses=FORWARDING,
    )
    pool, hers, there = play(CALL, rules, SILENT, SILENT)
    assert {leg.connected for leg in (*pool.legs, *hers.legs, *there.legs)} == {HERS}
    assert there.callee == CELL


def test_a_colleague_to_whom_it_rolls_over_is_seen_himself():
    rolls = Rollover(20, RolloverAction.TARGET, Target.parse("extension:1004"))
    rules = board(rollover=rolls, connected_line=ConnectedLine.ASSISTANT)
    assert play(CALL, rules, SILENT)[1].legs[0].connected == Connected("Dora Dorn", "1004")


def test_it_holds_where_a_push_follows_her_forward():
    rules = board(
        push_follows_forward=True,
        connected_line=ConnectedLine.EXECUTIVE,
        statuses={"1001": away(target=f"external:{CELL}")},
    )
    handed = play(sent_by(trunk_call("*63"), "1002", pool="1001"), rules)[0]
    assert [(leg.target.number, leg.connected) for leg in handed.legs] == [(CELL, HERS)]
