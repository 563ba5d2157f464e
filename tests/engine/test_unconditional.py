"""Call forward unconditional, as decide() walks it: before the status, whatever that is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.decide import decide
from esl_router.model.actions import BUSY, Announce, Diversion, Voicemail
from esl_router.model.call import LegResult, Outcome
from esl_router.model.executive import AlertExecutive
from esl_router.model.live import CallState, Channel
from esl_router.model.people import Origin, TollPolicy
from esl_router.model.presence import CallForward, Presence, Profile, Status, Target
from esl_router.model.team import Member, Team
from tests.company import DOMAIN, internal_call, registered, trunk_call
from tests.engine.board import appointment, board, sent_by, who
from tests.engine.board import away as gone
from tests.engine.board import play as board_play
from tests.engine.board import said as board_said
from tests.engine.test_route import ANYWHERE, LIVE, NOW, PEST, VIP, company, forwards, play, way

OUTSIDE, INSIDE = trunk_call("1001"), internal_call("1001", account="1003-desk", number="1003")


def to(target, *origins, enabled=True, splash=False, announce=""):
    """The forward of every call of these origins; of both where none is named."""
    forward = CallForward(Target.parse(target), enabled, splash, announce)
    return dict.fromkeys(origins or (Origin.INTERNAL, Origin.EXTERNAL), forward)


def forwarding(forward, *args, **more):
    return replace(company(*args, **more), call_forwards={"1001": forward})


def said(rules, call=OUTSIDE, live=LIVE):
    trace = decide(call, rules, live, NOW).trace
    return [(entry.fired, entry.text) for entry in trace if entry.stage == "cfu"]


@pytest.mark.parametrize(
    ("target", "end"),
    [
        ("voicemail", "box 1001"),
        ("voicemail:1003", "box 1003"),
        ("extension:1002", "1002"),
        (f"external:{ANYWHERE}", ANYWHERE),
        ("external:+493012345102", "1002"),
        ("busy", 486),
        ("announcement:holidays.wav", "holidays.wav"),
    ],
)
@pytest.mark.parametrize("status", list(Status))
def test_every_call_goes_to_the_target_whatever_the_status(status, target, end):
    rules = forwarding(to(target), u1001=forwards(status, always="ring"))
    assert way(play(rules)) == [end]
    assert said(rules) == [(True, f"1001 forwards every external call to {target}.")]


def test_each_origin_has_its_own():
    rules = forwarding(to("extension:1002", Origin.EXTERNAL))
    assert way(play(rules, call=OUTSIDE)) == ["1002"]
    assert way(play(rules, call=INSIDE)) == ["1001"]
    both = {**to("busy", Origin.INTERNAL), **to("voicemail", Origin.EXTERNAL)}
    assert way(play(forwarding(both), call=OUTSIDE)) == ["box 1001"]
    assert way(play(forwarding(both), call=INSIDE)) == [486]


@pytest.mark.parametrize(
    ("forward", "why"),
    [
        (to("busy", enabled=False), "1001 does not forward to busy: the forward is switched off."),
        (to("ring"), "1001 does not forward to ring: that sends no call away."),
        (to("extension:1001"), "1001 does not forward to extension:1001: that is he himself."),
        (
            to("external:+493012345101"),
            "1001 does not forward to external:+493012345101: that is he himself.",
        ),
    ],
)
def test_a_forward_that_sends_nothing_away_leaves_it_to_the_status(forward, why):
    rules = forwarding(forward)
    assert way(play(rules)) == ["1001"]
    assert said(rules) == [(False, why)]
    away = forwarding(forward, u1001=forwards(Status.AWAY, always="extension:1003"))
    assert way(play(away)) == ["1003"]


def test_it_comes_before_busy_on_busy():
    rules = forwarding(to("extension:1002"))
    rules = replace(rules, users=(replace(rules.users[0], max_calls=1), *rules.users[1:]))
    talks = Channel("x", f"1001-desk@{DOMAIN}", True, CallState.ACTIVE, call="x")
    assert way(play(rules, live=replace(LIVE, channels={"x": talks}))) == ["1002"]


def test_a_caller_on_the_list_passes_it_and_a_blocked_one_is_refused():
    assert way(play(forwarding(to("extension:1002"), lists={"1001": (VIP,)}))) == ["1001"]
    assert play(forwarding(to("extension:1002"), lists={"1001": (PEST,)})) == [BUSY]


def test_who_calls_himself_hears_his_mailbox():
    call = internal_call("1001", account="1001-desk", number="1001")
    assert play(forwarding(to("extension:1002")), call=call) == [
        Voicemail(DOMAIN, "1001", login=True)
    ]


def test_the_redirected_leg_says_unconditional_whatever_the_status():
    rules = forwarding(to("extension:1002"), u1001=Presence(Status.DND))
    assert play(rules)[0].legs[0].diversion == Diversion("+493012345101", "unconditional", 1)


def test_the_target_s_own_forward_counts_too_and_a_circle_ends_in_the_first_mailbox():
    rules = replace(company(), call_forwards={"1001": to("extension:1002"), "1002": to("busy")})
    assert way(play(rules)) == ["box 1001"]
    there = {"1001": to("extension:1002"), "1002": to("extension:1003")}
    last = play(replace(rules, call_forwards=there))[0]
    assert last.callee == "1003"
    assert last.legs[0].diversion == Diversion(
        "+493012345102", "unconditional", 2, Diversion("+493012345101", "unconditional", 1)
    )
    back = {"1001": to("extension:1002"), "1002": to("extension:1001")}
    assert way(play(replace(rules, call_forwards=back))) == ["box 1001"]


@pytest.mark.parametrize(
    ("target", "more"),
    [
        (f"external:{ANYWHERE}", {"toll": TollPolicy(deny=("+49171",))}),
        ("extension:1999", {}),
        ("extension:1003", {}),
    ],
)
def test_a_target_that_may_not_be_reached_leaves_the_mailbox(target, more):
    """Forbidden, nobody, the caller himself."""
    for forward in (to(target), to(target, splash=True), to(target, announce="gone.wav")):
        assert way(play(forwarding(forward, **more), call=INSIDE)) == ["box 1001"]


def test_a_call_redirected_too_often_before_goes_no_further():
    for forward in (to("extension:1002"), to("extension:1002", splash=True, announce="gone.wav")):
        assert way(play(forwarding(forward), call=replace(OUTSIDE, redirects=5))) == ["box 1001"]


def test_nor_does_one_that_comes_from_the_target_or_was_there():
    """Nothing rings for a moment and nothing is announced before a forward that leads nowhere."""
    rules = forwarding(to(f"external:{ANYWHERE}", splash=True, announce="gone.wav"))
    assert way(play(rules, call=trunk_call("1001", number=ANYWHERE))) == ["box 1001"]
    back = replace(rules, call_forwards={
        "1001": to("extension:1002"), "1002": to("extension:1001", splash=True)})  # fmt: skip
    assert way(play(back)) == ["box 1001"]


def test_what_the_target_does_not_answer_lands_in_the_box_of_whom_the_caller_wanted():
    rules = forwarding(to(f"external:{ANYWHERE}"))
    ring, end = play(rules, LegResult.NO_ANSWER)
    assert [leg.ring for leg in ring.legs] == [30]
    assert (ring.mailbox, way([end])) == ("1001", ["box 1001"])


# -- a moment at his own phones first (ring_splash) ----------------------------------------------


def test_his_phones_ring_for_a_moment_before_the_target():
    rules = forwarding(to("extension:1002", splash=True))
    first, then = play(rules, LegResult.NO_ANSWER)
    assert first.alert_first
    assert [(leg.device, leg.ring, leg.splash) for leg in first.legs] == [("1001-desk", 1, True)]
    assert way([first, then]) == ["1001", "1002"]
    assert then.legs[0].diversion == Diversion("+493012345101", "unconditional", 1)
    assert not then.legs[0].splash


@pytest.mark.parametrize("result", [LegResult.DECLINED, LegResult.BUSY, LegResult.UNREACHABLE])
def test_whatever_becomes_of_that_moment_the_call_goes_on(result):
    assert way(play(forwarding(to("busy", splash=True)), result)) == ["1001", 486]


def test_who_is_quick_has_the_call():
    ring, end = play(forwarding(to("busy", splash=True)), LegResult.ANSWERED)
    assert (ring.alert_first, end.quiet) == (True, True)


def test_nobody_is_rung_for_a_moment_who_is_not_there_or_busy():
    rules = forwarding(to("extension:1002", splash=True))
    assert way(play(rules, live=registered("1002-desk"))) == ["1002"]
    busy = replace(rules, users=(replace(rules.users[0], max_calls=1), *rules.users[1:]))
    talks = Channel("x", f"1001-desk@{DOMAIN}", True, CallState.ACTIVE, call="x")
    assert way(play(busy, live=replace(LIVE, channels={"x": talks}))) == ["1002"]


def test_a_forward_that_is_off_has_no_moment_either():
    rules = forwarding(to("extension:1002", enabled=False, splash=True))
    assert [leg.splash for leg in play(rules)[0].legs] == [False]


# -- an announcement first ------------------------------------------------------------------------


def test_the_caller_hears_an_announcement_before_the_target_is_called():
    rules = forwarding(to("extension:1002", Origin.EXTERNAL, announce="gone.wav"))
    announced = decide(OUTSIDE, rules, LIVE, NOW)
    assert announced.action == Announce("gone.wav", "1001", DOMAIN, "1001")
    assert "The caller hears gone.wav first." in [entry.text for entry in announced.trace]
    then = decide(OUTSIDE.after(announced.action, Outcome()), rules, LIVE, NOW).action
    assert way([then]) == ["1002"]
    assert then.legs[0].diversion.reason == "unconditional"
    assert way(play(rules, call=INSIDE)) == ["1001"], "there is no forward for colleagues"
    off = forwarding(to("extension:1002", enabled=False, announce="gone.wav"))
    assert way(play(off)) == ["1001"]


def test_his_phones_ring_for_a_moment_before_the_announcement():
    rules = forwarding(to("busy", splash=True, announce="gone.wav"))
    first, then = play(rules, LegResult.NO_ANSWER)[:2]
    assert first.alert_first
    assert then == Announce("gone.wav", "1001", DOMAIN, "1001")


# -- do not disturb first (dnd_over_cfu) ----------------------------------------------------------


def disturbed(status, forward="extension:1002", **targets):
    rules = forwarding(to(forward), u1001=forwards(status, **targets))
    return replace(rules, config=replace(rules.config, dnd_over_cfu=True))


def test_where_dnd_comes_first_its_own_target_holds():
    assert way(play(disturbed(Status.DND))) == [486]
    assert way(play(disturbed(Status.DND, always="extension:1003"))) == ["1003"]
    assert said(disturbed(Status.DND)) == [
        (
            False,
            "1001 does not forward to extension:1002: he is dnd, and that comes first here.",
        )
    ]


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.DND])
def test_no_other_status_comes_before_the_forward(status):
    assert way(play(disturbed(status, always="extension:1003"))) == ["1002"]


def test_it_is_the_status_that_counts_and_not_the_one_that_has_ended():
    over = Presence(Status.DND, until=NOW)
    rules = replace(disturbed(Status.DND), statuses={"1001": over})
    assert way(play(rules)) == ["1002"]


HOTLINE = Team(DOMAIN, "2000", "Hotline", members=(Member("1001"), Member("1002")))


def rung(forward, **profile):
    """Who rings for a call of the team, of which 1001 forwards his own calls."""
    presence = Presence(profiles={Status.AVAILABLE: Profile(**profile)})
    rules = replace(forwarding(forward, u1001=presence), teams=(HOTLINE,))
    return [leg.owner for leg in decide(trunk_call("2000"), rules, LIVE, NOW).action.legs]


@pytest.mark.parametrize("origin", [Origin.INTERNAL, Origin.EXTERNAL])
def test_a_member_who_forwards_his_calls_is_passed_over(origin):
    assert rung(to("extension:1003", origin)) == ["1002"]
    rules = replace(forwarding(to("extension:1003", origin)), teams=(HOTLINE,))
    trace = decide(trunk_call("2000"), rules, LIVE, NOW).trace
    words = "1001 is passed over: he forwards every call to extension:1003."
    assert words in [entry.text for entry in trace]


@pytest.mark.parametrize(
    "forward",
    [to("busy", enabled=False), to("ring"), to("extension:1001"), to("external:+493012345101")],
)
def test_a_member_whose_forward_sends_nothing_away_rings(forward):
    assert rung(forward) == ["1001", "1002"]


def test_a_profile_that_takes_team_calls_takes_them_in_spite_of_the_forward():
    assert rung(to("extension:1003"), ring_group_calls=True) == ["1001", "1002"]
    assert rung({}, ring_group_calls=False) == ["1002"]


# -- executives and their assistants ----------------------------------------------------------


def of(extension, target="extension:1004", **executive):
    """An executive's office, in which somebody forwards every call."""
    return replace(board(**executive), call_forwards={extension: to(target)})


def test_the_filter_of_an_executive_comes_before_his_forward_or_after_it():
    assert who(board_play(OUTSIDE, of("1001"))[0]) == ["1002", "1003"]
    assert who(board_play(OUTSIDE, of("1001", before_forwarding=False))[0]) == ["1004"]


def test_an_executive_who_forwards_is_not_alerted_of_his_assistants_calls():
    rules = of("1001", alert_executive=AlertExecutive.RING)
    assert who(board_play(OUTSIDE, rules)[0]) == ["1002", "1003"]
    assert "1001 forwards his calls: he is not alerted." in board_said(OUTSIDE, rules)


def test_a_call_handed_to_an_executive_who_forwards_comes_back_at_once():
    handed = sent_by(trunk_call("*63"), "1002", pool="1001")
    assert who(board_play(handed, board())[0]) == ["1001"]
    assert who(board_play(handed, of("1001"))[0]) == ["1002"]


def test_the_forward_of_an_assistant_is_not_the_executives():
    assert who(board_play(OUTSIDE, of("1002"))[0]) == ["1002", "1003"]


# -- a status that forwards to himself (X28) -------------------------------------------------------

HIMSELF = ["ring", "extension:1001", "external:+493012345101"]


@pytest.mark.parametrize("target", HIMSELF)
def test_dnd_that_lets_calls_ring_does_not_come_before_the_forward(target):
    dnd = forwards(Status.DND, always=target)
    rules = forwarding(to("extension:1002"), u1001=dnd)
    rules = replace(rules, config=replace(rules.config, dnd_over_cfu=True))
    assert way(play(rules)) == ["1002"]


@pytest.mark.parametrize("target", HIMSELF)
def test_who_rings_in_his_status_is_busy_on_busy_all_the_same(target):
    rules = company(u1001=forwards(Status.AWAY, always=target))
    rules = replace(rules, users=tuple(replace(each, max_calls=1) for each in rules.users))
    talks = Channel("x", f"1001-desk@{DOMAIN}", True, CallState.ACTIVE, call="x")
    assert way(play(rules)) == ["1001"]
    busy = decide(OUTSIDE, rules, replace(LIVE, channels={"x": talks}), NOW)
    assert "1001 is busy: he has one call, on 1001-desk." in [each.text for each in busy.trace]
    assert busy.action == BUSY


@pytest.mark.parametrize("target", HIMSELF)
def test_and_he_is_not_away_for_a_team_for_a_pool_or_for_who_hands_a_caller_over(target):
    available = forwards(Status.AVAILABLE, always=target)
    team = Team(DOMAIN, "2000", members=(Member("1001"),))
    rules = replace(company(u1001=available), teams=(team,))
    assert who(decide(trunk_call("2000"), rules, LIVE, NOW).action) == ["1001"]
    calendar = Presence(calendar=appointment(forward=target))
    rules = replace(company(u1001=calendar), teams=(team,))
    assert who(decide(trunk_call("2000"), rules, LIVE, NOW).action) == ["1001"]
    away = forwards(Status.AWAY, always=target)
    filtered = board(statuses={"1001": away}, alert_executive=AlertExecutive.RING)
    assert who(board_play(trunk_call("1001"), filtered)[0]) == ["1002", "1003", "1001"]
    handed = sent_by(trunk_call("*631001"), "1002", pool="1001", answered=True)
    assert who(board_play(handed, filtered)[0]) == ["1001"]
    own = target.replace("1001", "1002").replace("5101", "5102")
    assistant = board(statuses={"1002": gone(Status.AWAY, own)})
    assert who(board_play(trunk_call("1001"), assistant)[0]) == ["1002", "1003"]
