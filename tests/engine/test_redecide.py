from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from esl_router.engine.decide import decide
from esl_router.engine.redecide import concerns
from esl_router.model.live import CallState, Channel
from esl_router.model.people import FollowMeRow, Redecide, Settings, User
from esl_router.model.presence import Presence, Status
from esl_router.model.team import Member, Strategy, Team
from tests.company import DOMAIN, Company, registered, sip, trunk_call

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LIVE = registered("1001-desk", "1002-desk")
CALL = trunk_call("1001")
TALKS = Channel("x", f"1001-desk@{DOMAIN}", True, CallState.ACTIVE, call="x")
TALKING = replace(LIVE, channels={"x": TALKS})


def company(redecide=False, pending=False, statuses=None, **team):
    users = tuple(
        User(DOMAIN, ext, ext, max_calls=1, bob_cancel_pending=pending) for ext in ("1001", "1002")
    )
    rows = {ext: [FollowMeRow(sip(f"{ext}-desk", ext))] for ext in ("1001", "1002")}
    members = team.pop("members", (Member("1001"), Member("1002")))
    hotline = Team(DOMAIN, "2000", members=members, **team)
    config = Settings(DOMAIN, redecide=redecide)
    return Company(users, rows, (hotline,), config, statuses=statuses or {})


def why(before, after=None, live=LIVE, call=CALL):
    ringing = decide(call, before, LIVE, NOW).action
    return concerns(ringing, decide(call, after or before, live, NOW))


def test_nothing_changed_and_it_rings_on():
    assert why(company(redecide=True)) == ""


def test_without_the_setting_no_change_reaches_a_ringing_call():
    assert why(company(), company(statuses={"1001": Presence(Status.DND)}), TALKING) == ""


@pytest.mark.parametrize(
    ("after", "live"),
    [
        (company(redecide=True, statuses={"1001": Presence(Status.DND)}), LIVE),
        (company(redecide=True, statuses={"1001": Presence(Status.AWAY)}), LIVE),
        (company(redecide=True), TALKING),
        (company(redecide=True), registered()),
    ],
)
def test_with_it_every_change_that_concerns_the_callee_does(after, live):
    assert why(company(redecide=True), after, live)


def test_a_status_of_somebody_else_concerns_nobody():
    assert not why(
        company(redecide=True), company(redecide=True, statuses={"1002": Presence(Status.DND)})
    )


def test_answering_another_call_turns_a_pending_one_busy_where_the_user_wants_it():
    assert why(company(pending=True), live=TALKING) == "the callee talks now"
    assert not why(company(), live=TALKING)


def test_such_a_user_s_other_changes_do_not_reach_it():
    after = company(pending=True, statuses={"1001": Presence(Status.DND)})
    assert not why(company(pending=True), after)


def test_a_member_who_logs_in_joins_a_team_that_rings():
    alone = (Member("1001"), Member("1002", logged_in=False))
    call = trunk_call("2000")
    before = company(redecide=True, members=alone)
    assert why(before, company(redecide=True), call=call) == "other phones would ring now"


def test_a_team_s_own_turn_is_no_change():
    call = trunk_call("2000")
    moved = (Member("1001", began=5.0), Member("1002"))
    before = company(redecide=True, strategy=Strategy.ROUND_ROBIN)
    after = company(redecide=True, strategy=Strategy.ROUND_ROBIN, members=moved)
    assert not why(before, after, call=call)


def test_the_ring_says_which_changes_it_waits_for():
    assert decide(CALL, company(), LIVE, NOW).action.redecide is Redecide.NEVER
    assert decide(CALL, company(pending=True), LIVE, NOW).action.redecide is Redecide.BUSY
    assert decide(CALL, company(redecide=True), LIVE, NOW).action.redecide is Redecide.ALWAYS
