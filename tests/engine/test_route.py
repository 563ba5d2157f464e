"""Forwarding: one call from user to user, as decide() walks it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.engine.decide import decide
from esl_router.model.actions import (
    BUSY,
    UNAVAILABLE,
    Announce,
    Diversion,
    Outside,
    Ring,
    Targeted,
    Voicemail,
)
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.executive import Assistant, Executive, Rollover, RolloverAction
from esl_router.model.live import CallState, Channel
from esl_router.model.people import (
    CallerAction,
    CallerRule,
    FollowMeRow,
    Origin,
    Settings,
    TollPolicy,
    User,
)
from esl_router.model.presence import (
    SPLASH,
    CallForward,
    Forward,
    Presence,
    Profile,
    Status,
    Target,
)
from esl_router.model.schedule import Hours, Schedule
from esl_router.model.team import Member, Overflow, Strategy, Team
from tests.company import DOMAIN, Company, internal_call, mobile, registered, sip, trunk_call
from tests.engine.board import appointment

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAMES = {"1001": "Anna", "1002": "Ben", "1003": "Carla"}
LIVE = registered("1001-desk", "1002-desk", "1003-desk")
ANYWHERE = "+491711234567"

VIP = CallerRule(("+4930998877*",), CallerAction.RING)
PEST = CallerRule(("+4930998877*", "1002"), CallerAction.BLOCK)


def forwards(status=Status.AVAILABLE, current=None, origin=Origin.EXTERNAL, **targets):
    """Presence in which ``status`` forwards as said; ``current`` is the status set by hand."""
    by = {(origin, Forward(name)): Target.parse(text) for name, text in targets.items()}
    return Presence(current or status, profiles={status: Profile(forwards=by)})


def company(toll=None, boxes=("1001", "1002", "1003"), lists=None, **statuses):
    users = tuple(
        User(DOMAIN, ext, name, (f"+4930123451{ext[-2:]}",), voicemail=ext in boxes)
        for ext, name in NAMES.items()
    )
    rows = {ext: [FollowMeRow(sip(f"{ext}-desk", ext), ring=20)] for ext in NAMES}
    config = Settings(DOMAIN, toll=toll or TollPolicy())
    named = {name.removeprefix("u"): value for name, value in statuses.items()}
    return Company(users, rows, config=config, statuses=named, lists=lists or {})


def play(rules, *results, call=None, live=LIVE):
    """Every action of a call whose rings end as said, one result for each."""
    call = call or trunk_call("1001")
    actions, left = [], iter(results)
    while True:
        action = decide(call, rules, live, NOW).action
        actions.append(action)
        if isinstance(action, Announce) and action.before_forward:
            call = call.after(action, Outcome())
            continue
        result = next(left, None)
        if not isinstance(action, Ring) or result is None:
            break
        legs = tuple(LegOutcome(leg, result) for leg in action.legs)
        call = call.after(action, Outcome(legs, lasted=action.length))
    return actions


def way(actions):
    """The actions in short: who rings, whose box, which code."""
    words = []
    for action in actions:
        match action:
            case Ring(callee=callee):
                words.append(callee)
            case Voicemail(mailbox=mailbox):
                words.append(f"box {mailbox}")
            case Announce(sound=sound):
                words.append(sound)
            case _:
                words.append(action.code)
    return words


SILENT = LegResult.NO_ANSWER


@pytest.mark.parametrize(
    ("target", "end"),
    [
        ("voicemail", "box 1001"),
        ("voicemail:1003", "box 1003"),
        ("extension:1002", "1002"),
        (f"external:{ANYWHERE}", ANYWHERE),
        ("external:+493012345102", "1002"),
        ("busy", 486),
        ("ring", "1001"),
        ("announcement:holidays.wav", "holidays.wav"),
    ],
)
def test_a_status_sends_every_call_to_its_target_before_anything_rings(target, end):
    rules = company(u1001=forwards(Status.AWAY, always=target))
    assert way(play(rules)) == [end]


def test_an_appointment_sends_calls_away_though_nobody_has_set_a_status():
    rules = company(u1001=Presence(calendar=appointment(None, "extension:1003")))
    assert way(play(rules)) == ["1003"]
    assert way(play(rules, call=internal_call("1001"))) == ["1003"]
    (entry,) = [e for e in decide(trunk_call("1001"), rules, LIVE, NOW).trace if e.fired][-2:-1]
    assert entry.text == (
        "1001 is available (nothing else says otherwise), and an appointment lasts until "
        "2026-03-02T10:00:00+00:00: calls go to extension:1003."
    )


def test_an_appointment_that_only_shows_lets_calls_ring():
    rules = company(u1001=Presence(calendar=appointment()))
    assert way(play(rules)) == ["1001"]
    assert any(
        "1001 is meeting (an appointment lasts until" in entry.text
        for entry in decide(trunk_call("1001"), rules, LIVE, NOW).trace
    )


def test_the_trace_tells_of_a_calendar_that_cannot_be_read():
    calendar = replace(appointment(), edges=(), unread_since=NOW)
    trace = decide(trunk_call("1001"), company(u1001=Presence(calendar=calendar)), LIVE, NOW).trace
    assert "The calendar of 1001 cannot be read since 2026-03-02T09:00:00+00:00: " in " ".join(
        entry.text for entry in trace
    )


def test_who_gets_through_gets_through_in_an_appointment():
    rules = company(
        u1001=Presence(calendar=appointment(forward="voicemail")), lists={"1001": (VIP,)}
    )
    assert way(play(rules)) == ["1001"]
    assert way(play(rules, call=internal_call("1001"))) == ["box 1001"]


RINGS = {
    "meeting": Presence(Status.MEETING),
    "away, rings": forwards(Status.AWAY, always="ring"),
    "away, to himself": forwards(Status.AWAY, always="extension:1001"),
    "in an appointment": Presence(calendar=appointment()),
}


@pytest.mark.parametrize("status", RINGS)
@pytest.mark.parametrize(
    ("condition", "result"),
    [("no_answer", SILENT), ("busy", LegResult.BUSY), ("unregistered", LegResult.UNREACHABLE)],
)
def test_where_his_phones_ring_in_a_status_the_forwards_of_available_hold(
    status, condition, result
):
    usual = forwards(**{condition: "extension:1002"}).profiles
    presence = RINGS[status]
    rules = company(u1001=replace(presence, profiles={**presence.profiles, **usual}))
    assert way(play(rules, result)) == ["1001", "1002"]


def test_who_gets_through_to_somebody_away_finds_the_forwards_of_available():
    usual = forwards(no_answer="extension:1002").profiles
    rules = company(u1001=Presence(Status.DND, profiles=dict(usual)), lists={"1001": (VIP,)})
    assert way(play(rules, SILENT)) == ["1001", "1002"]


def test_a_forward_that_a_status_has_itself_goes_before_that_of_available():
    profiles = {
        **forwards(no_answer="extension:1002", always="busy").profiles,
        **forwards(Status.MEETING, no_answer="extension:1003").profiles,
    }
    rules = company(u1001=Presence(Status.MEETING, profiles=profiles))
    assert way(play(rules, SILENT)) == ["1001", "1003"], "nor is `always` of available taken over"


def test_the_ringing_ends_for_each_origin_in_its_own_time():
    def lengths(**profiles):
        found = {Status(name): profile for name, profile in profiles.items()}
        rules = company(u1001=Presence(Status.MEETING, profiles=found))
        return [
            play(rules, call=call)[0].length for call in (internal_call("1001"), trunk_call("1001"))
        ]

    outside, inside = ({origin: 5} for origin in (Origin.EXTERNAL, Origin.INTERNAL))
    usual = Profile(9, no_answer_after_by_origin=outside)
    assert lengths(available=usual) == [9, 5], "in a status that rings, too"
    assert lengths(available=usual, meeting=Profile(7)) == [7, 7]
    assert lengths(available=usual, meeting=Profile(no_answer_after_by_origin=inside)) == [5, 5]
    assert lengths(meeting=Profile(no_answer_after_by_origin=outside)) == [20, 5]


def test_a_forward_that_is_switched_off_is_none():
    def off(condition, target):
        return {(Origin.EXTERNAL, condition): Target.parse(target)}

    missed = Forward.NO_ANSWER
    usual = forwards(no_answer="extension:1002").profiles
    meeting = {Status.MEETING: Profile(off=off(missed, "extension:1003"))}
    rules = company(u1001=Presence(Status.MEETING, profiles={**usual, **meeting}))
    assert way(play(rules, SILENT)) == ["1001", "1002"], "that of available holds"
    available = {Status.AVAILABLE: Profile(off=off(missed, "extension:1002"))}
    for status in (Status.AVAILABLE, Status.MEETING):
        rules = company(u1001=Presence(status, profiles=available))
        assert way(play(rules, SILENT)) == ["1001", "box 1001"]
    away = {Status.AWAY: Profile(off=off(Forward.ALWAYS, "extension:1002"))}
    rules = company(u1001=Presence(Status.AWAY, profiles=away))
    assert way(play(rules)) == ["box 1001"], "the usual of the status"


def test_what_came_round_in_a_circle_goes_nowhere_else():
    everything = dict.fromkeys(("no_answer", "busy", "unregistered"), "extension:1002")
    rules = company(u1001=forwards(**everything))
    assert way(play(rules, LegResult.LOOP)) == ["1001", "box 1001"]
    rules = company(u1001=forwards(Status.AWAY, always=f"external:{ANYWHERE}"))
    assert way(play(rules, LegResult.LOOP)) == [ANYWHERE, "box 1001"]


def test_nobody_is_forwarded_to_his_own_mobile():
    rules = company(
        u1001=forwards(Status.AWAY, origin=Origin.INTERNAL, always=f"external:{ANYWHERE}")
    )
    rules.rows["1002"].append(FollowMeRow(mobile("1002-mobile", ANYWHERE, "1002")))
    assert way(play(rules, call=internal_call("1001"))) == ["box 1001"]


def test_each_origin_has_its_own_target():
    rules = company(u1001=forwards(Status.AWAY, always="extension:1003"))
    assert way(play(rules)) == ["1003"]
    inside = play(rules, call=internal_call("1001"))
    assert way(inside) == ["box 1001"], "nothing is set for colleagues: the usual of the status"


@pytest.mark.parametrize(
    ("status", "end"),
    [(Status.DND, 486), (Status.LUNCH, "box 1001"), (Status.MEETING, "1001")],
)
def test_a_status_without_a_profile_does_what_its_name_says(status, end):
    assert way(play(company(u1001=Presence(status)))) == [end]


@pytest.mark.parametrize(
    ("result", "condition"),
    [
        (LegResult.NO_ANSWER, "no_answer"),
        (LegResult.BUSY, "busy"),
        (LegResult.DECLINED, "busy"),
        (LegResult.UNREACHABLE, "unregistered"),
    ],
)
def test_the_end_of_the_ringing_decides_which_forward_applies(result, condition):
    rules = company(u1001=forwards(**{condition: "extension:1002"}))
    assert way(play(rules, result)) == ["1001", "1002"]


def test_not_registered_forwards_before_any_ringing():
    rules = company(u1001=forwards(unregistered="extension:1002", no_answer="busy"))
    assert way(play(rules, live=registered("1002-desk"))) == ["1002"]


def test_busy_on_busy_uses_the_busy_forward_and_rings_nobody():
    rules = company(u1001=forwards(busy="extension:1002"))
    anna = replace(rules.users[0], max_calls=1)
    rules = replace(rules, users=(anna, *rules.users[1:]))
    talks = Channel("x", f"1001-desk@{DOMAIN}", True, CallState.ACTIVE, call="x")
    live = replace(LIVE, channels={"x": talks})
    assert way(play(rules, live=live)) == ["1002"]
    plain = replace(rules, statuses={})
    assert way(play(plain, live=live)) == [486]
    away = replace(rules, statuses={"1001": forwards(Status.AWAY, always="extension:1003")})
    assert way(play(away, live=live)) == ["1003"], "a status is decided before busy on busy"


def test_a_forwarded_call_that_nobody_answers_ends_in_the_box_of_whom_the_caller_wanted():
    rules = company(u1001=forwards(no_answer="extension:1002"))
    assert way(play(rules, SILENT, SILENT)) == ["1001", "1002", "box 1001"]
    assert way(play(rules, SILENT, LegResult.BUSY)) == ["1001", "1002", "box 1001"]


def test_without_that_box_the_caller_gets_a_code():
    rules = company(boxes=(), u1001=forwards(no_answer="extension:1002"))
    assert way(play(rules, SILENT, SILENT)) == ["1001", "1002", 480]
    assert way(play(rules, SILENT, LegResult.BUSY)) == ["1001", "1002", 486]


def test_the_target_s_own_rules_hold():
    rules = company(
        u1001=forwards(Status.AWAY, always="extension:1002"),
        u1002=forwards(Status.LUNCH, always="extension:1003"),
    )
    assert way(play(rules, SILENT)) == ["1003", "box 1001"]


@pytest.mark.parametrize("boxes", [("1001",), ()])
def test_a_target_that_sends_a_busy_tone_leads_back_to_the_box(boxes):
    dnd = company(
        boxes=boxes, u1001=forwards(no_answer="extension:1002"), u1002=Presence(Status.DND)
    )
    blocked = replace(company(boxes=boxes, lists={"1002": (PEST,)}), statuses=dnd.statuses)
    for rules in (dnd, blocked):
        assert way(play(rules, SILENT)) == ["1001", "box 1001" if boxes else 486]


@pytest.mark.parametrize("status", [Status.DND, Status.AWAY])
def test_his_own_status_does_not_keep_anybody_from_his_mailbox(status):
    rules = company(u1001=forwards(status, origin=Origin.INTERNAL, always="extension:1002"))
    call = internal_call("1001", account="1001-desk")
    assert play(rules, call=call) == [Voicemail(DOMAIN, "1001", login=True)]


@pytest.mark.parametrize("boxes", [("1001", "1002", "1003"), ()])
def test_two_who_forward_to_each_other_ring_nobody(boxes):
    rules = company(
        boxes=boxes,
        u1001=forwards(Status.AWAY, always="extension:1002"),
        u1002=forwards(Status.AWAY, always="extension:1001"),
    )
    assert way(play(rules)) == (["box 1001"] if boxes else [486])


def test_three_in_a_circle_end_too():
    rules = company(
        u1001=forwards(no_answer="extension:1002"),
        u1002=forwards(no_answer="extension:1003"),
        u1003=forwards(no_answer="extension:1001"),
    )
    assert way(play(rules, SILENT, SILENT, SILENT)) == ["1001", "1002", "1003", "box 1001"]


@pytest.mark.parametrize("target", ["extension:1001", "external:+493012345101"])
@pytest.mark.parametrize("status", [Status.AWAY, Status.DND])
def test_a_status_that_forwards_to_its_own_user_rings_him(target, status):
    rules = company(u1001=forwards(status, always=target))
    assert way(play(rules, SILENT)) == ["1001", "box 1001"]


def test_who_forwards_to_himself_when_he_does_not_answer_is_not_rung_again():
    rules = company(u1001=forwards(no_answer="extension:1001"))
    assert way(play(rules, SILENT)) == ["1001", "box 1001"]


def test_the_caller_is_not_forwarded_to_himself():
    rules = company(u1001=forwards(Status.AWAY, origin=Origin.INTERNAL, always="extension:1002"))
    assert way(play(rules, call=internal_call("1001"))) == ["box 1001"]
    rules = company(u1001=forwards(Status.AWAY, always=f"external:{ANYWHERE}"))
    assert way(play(rules, call=trunk_call("1001", number=ANYWHERE))) == ["box 1001"]


def test_a_call_redirected_too_often_before_goes_no_further():
    rules = company(u1001=forwards(no_answer="extension:1002"))
    call = trunk_call("1001", redirects=5)
    assert way(play(rules, SILENT, call=call)) == ["1001", "box 1001"]
    call = trunk_call("1001", redirects=4)
    assert way(play(rules, SILENT, call=call)) == ["1001", "1002"]


def test_a_forbidden_number_is_not_dialled_though_the_rule_stands():
    rules = company(TollPolicy(deny=("+49171",)), u1001=forwards(no_answer=f"external:{ANYWHERE}"))
    assert way(play(rules, SILENT)) == ["1001", "box 1001"]


def test_a_ring_says_where_the_call_was_to_go_before_it_came():
    came = (Targeted("+498999"), Targeted("+493012345101", "302"))
    rules = company(u1001=forwards(no_answer="extension:1002"))
    rings = play(rules, SILENT, call=trunk_call("1001", redirects=1, came=came))
    assert [ring.came for ring in rings] == [came, came]


def test_a_redirected_leg_says_whose_call_it_was_and_why():
    rules = company(
        u1001=forwards(no_answer="extension:1002"),
        u1002=forwards(busy=f"external:{ANYWHERE}"),
    )
    _, second, third = play(rules, SILENT, LegResult.BUSY)
    by_anna = Diversion("+493012345101", "no-answer", 1)
    assert second.legs[0].diversion == by_anna
    assert third.legs[0].diversion == Diversion("+493012345102", "user-busy", 2, by_anna)
    assert third.mailbox == "1001"
    assert third.legs[0].target == Outside(
        ANYWHERE, "sofia/gateway/trunk/{number}", "+493099887766"
    )
    assert not third.legs[0].confirm


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.AVAILABLE])
def test_do_not_disturb_is_a_reason_of_its_own_and_every_other_status_is_unconditional(status):
    rules = company(u1001=forwards(status, always="extension:1002"))
    (ring,) = play(rules)
    reason = "do-not-disturb" if status is Status.DND else "unconditional"
    assert ring.legs[0].diversion == Diversion("+493012345101", reason, 1)


def test_counters_of_before_go_on():
    rules = company(u1001=forwards(Status.AWAY, always="extension:1002"))
    (ring,) = play(rules, call=trunk_call("1001", redirects=2))
    assert ring.legs[0].diversion == Diversion("+493012345101", "unconditional", 3)


def test_a_number_outside_that_does_not_answer_leads_back_to_the_box():
    rules = company(u1001=forwards(Status.AWAY, always=f"external:{ANYWHERE}"))
    assert way(play(rules, LegResult.UNREACHABLE)) == [ANYWHERE, "box 1001"]


def test_a_target_that_is_gone_leads_back_to_the_box():
    rules = company(u1001=forwards(Status.AWAY, always="extension:1999"))
    assert way(play(rules)) == ["box 1001"]


def test_a_foreign_box_that_is_switched_off_gives_a_code():
    rules = company(boxes=("1001",), u1001=forwards(Status.AWAY, always="voicemail:1003"))
    assert play(rules) == [UNAVAILABLE]


def test_the_status_s_own_time_ends_the_ringing():
    profile = Profile(no_answer_after=5)
    rules = company(u1001=Presence(profiles={Status.AVAILABLE: profile}))
    assert play(rules)[0].length == 5


def test_who_gets_through_rings_whatever_the_status_says():
    rules = company(lists={"1001": (VIP,)}, u1001=Presence(Status.DND))
    assert way(play(rules)) == ["1001"]
    assert way(play(rules, call=trunk_call("1001", number="+4940111222"))) == [486]


def test_who_is_blocked_gets_busy_and_nothing_rings():
    rules = company(lists={"1001": (PEST,)})
    assert play(rules) == [BUSY]
    assert play(rules, call=internal_call("1001")) == [BUSY]


@pytest.mark.parametrize(("opens", "closes"), [("08:00", "10:00"), ("10:00", "12:00")])
def test_outside_its_hours_an_entry_of_the_caller_list_does_not_count(opens, closes):
    hours = Schedule("office", "UTC", (Hours.parse("mon", opens, closes),))
    counts = hours.is_open(NOW)
    vip, pest = replace(VIP, schedule=hours), replace(PEST, schedule=hours)
    assert way(play(company(lists={"1001": (pest,)}))) == [486 if counts else "1001"]
    rules = company(lists={"1001": (vip,)}, u1001=Presence(Status.DND))
    assert way(play(rules)) == ["1001" if counts else 486]
    told = {entry.text for entry in decide(trunk_call("1001"), rules, LIVE, NOW).trace}
    why = "it is outside the hours of office"
    closed = f"+4930998877* in the caller list of 1001 does not count: {why}."
    assert (closed in told) is not counts


def test_an_entry_outside_its_hours_hides_no_other():
    closed = Schedule("never", "UTC", ())
    rules = company(
        lists={"1001": (replace(VIP, schedule=closed), PEST, VIP)}, u1001=Presence(Status.DND)
    )
    assert way(play(rules)) == ["1001"]


def test_on_both_lists_getting_through_wins():
    assert way(play(company(lists={"1001": (PEST, VIP)}))) == ["1001"]


def test_a_withheld_number_is_on_no_list():
    rules = company(lists={"1001": (CallerRule(("*",), CallerAction.BLOCK),)})
    hidden = trunk_call("1001", number="")
    assert way(play(rules, call=hidden)) == ["1001"]
    assert play(rules) == [BUSY]


def test_a_status_changed_while_the_phone_rings_holds_for_the_next_step():
    before = company()
    call = trunk_call("1001")
    ring = decide(call, before, LIVE, NOW).action
    call = call.after(ring, Outcome(tuple(LegOutcome(leg, SILENT) for leg in ring.legs)))
    after = company(u1001=forwards(Status.AWAY, no_answer="extension:1002"))
    assert decide(call, after, LIVE, NOW).action.callee == "1002"


TARGETS = st.sampled_from(
    ["voicemail", "voicemail:1002", "busy", "ring", "announcement:closed.wav"]
    + [f"extension:{ext}" for ext in (*NAMES, "1999")]
    + ["external:+493012345102", f"external:{ANYWHERE}", "external:+49900123456"]
)
ORIGINS = (Origin.INTERNAL, Origin.EXTERNAL)
PROFILES = st.builds(
    Profile,
    no_answer_after=st.none() | st.integers(1, 30),
    forwards=st.dictionaries(
        st.tuples(st.sampled_from(ORIGINS), st.sampled_from(Forward)), TARGETS
    ).map(lambda found: {key: Target.parse(text) for key, text in found.items()}),
    alert_first=st.sampled_from([None, 1, 60, SPLASH]),
    announce=st.sampled_from(["", "away.wav"]),
)
PRESENCE = st.builds(
    Presence,
    status=st.sampled_from(Status),
    until=st.sampled_from([None, NOW - timedelta(hours=1), NOW + timedelta(hours=1)]),
    afterwards=st.sampled_from(Status),
    profiles=st.dictionaries(st.sampled_from(Status), PROFILES, max_size=4),
)


CALL_FORWARD = st.builds(CallForward, TARGETS.map(Target.parse), st.booleans())


@given(
    statuses=st.dictionaries(st.sampled_from(sorted(NAMES)), PRESENCE),
    results=st.lists(st.sampled_from([*LegResult]), min_size=16, max_size=16),
    inside=st.booleans(),
    before=st.integers(0, 6),
    boxes=st.sets(st.sampled_from(sorted(NAMES))),
    every_call=st.dictionaries(
        st.sampled_from(sorted(NAMES)), st.dictionaries(st.sampled_from(ORIGINS), CALL_FORWARD)
    ),
)
def test_whatever_forwards_to_whom_every_call_ends_within_its_redirections(
    statuses, results, inside, before, boxes, every_call
):
    rules = company(TollPolicy(deny=("+49900",)), boxes=tuple(boxes))
    rules = replace(rules, statuses=statuses, call_forwards=every_call)
    call = internal_call("1001", account="1002-desk") if inside else trunk_call("1001")
    call = replace(call, redirects=before)
    actions = play(rules, *results, call=call)
    assert not isinstance(actions[-1], Ring), "the call never ended"
    rings = [action for action in actions if isinstance(action, Ring)]
    told = [each.before_forward for each in actions if isinstance(each, Announce)]
    assert len(set(told)) == len(told), "something was played twice"
    callees = [(ring.callee, ring.alert_first) for ring in rings]
    assert len(set(callees)) == len(callees), "somebody was rung twice"
    assert sum(not ring.alert_first for ring in rings) <= 1 + max(
        0, rules.config.max_redirects - before
    )
    for ring in rings:
        for leg in ring.legs:
            assert leg.device != call.caller.account
            number = leg.target.number if isinstance(leg.target, Outside) else ""
            assert not number.startswith("+49900")
            assert number != rules.users[1].numbers[0]


# -- how long it rings behind a forward (D11) -----------------------------------------------------

OUTSIDE = Target.parse(f"external:{ANYWHERE}")


def ring_time(rules, domain=None, **users):
    """The same rules, with the ring time of the domain's forwards and of some users' own."""
    own = {name.removeprefix("u"): seconds for name, seconds in users.items()}
    changed = tuple(replace(u, forward_ring=own.get(u.extension)) for u in rules.users)
    return replace(rules, users=changed, config=replace(rules.config, forward_ring=domain))


@pytest.mark.parametrize(
    ("domain", "own", "seconds"), [(None, None, 30), (90, None, 90), (90, 12, 12), (None, 300, 300)]
)
def test_a_number_outside_rings_as_long_as_the_forward_says(domain, own, seconds):
    rules = company(u1001=forwards(always=str(OUTSIDE)))
    ring, end = play(ring_time(rules, domain, u1001=own), SILENT)
    assert [leg.ring for leg in ring.legs] == [seconds]
    assert way([end]) == ["box 1001"]


def test_a_user_rings_no_longer_than_the_forward_to_him_says():
    rules = company(
        u1001=forwards(always="extension:1002"), u1002=forwards(no_answer="extension:1003")
    )
    assert way(play(rules, SILENT, SILENT)) == ["1002", "1003", "box 1001"]
    ring, end = play(ring_time(rules, 7), SILENT)
    assert [leg.ring for leg in ring.legs] == [7]
    # The forward has given up, not he: his own forward does not hold.
    assert way([end]) == ["box 1001"]
    boxless = replace(rules, users=tuple(replace(u, voicemail=False) for u in rules.users))
    assert play(ring_time(boxless, 7), SILENT)[-1] == UNAVAILABLE


def test_who_rings_shorter_by_his_own_rules_forwards_by_them():
    rules = company(
        u1001=forwards(always="extension:1002"), u1002=forwards(no_answer="extension:1003")
    )
    assert way(play(ring_time(rules, 21), SILENT)) == ["1002", "1003"]
    assert play(ring_time(rules, 21), SILENT)[1].legs[0].ring == 20


@pytest.mark.parametrize("result", [LegResult.BUSY, LegResult.UNREACHABLE])
def test_a_target_that_is_busy_or_away_forwards_by_his_own_rules(result):
    there = "extension:1003"
    rules = company(
        u1001=forwards(always="extension:1002"),
        u1002=forwards(busy=there, unregistered=there),
    )
    actions = play(ring_time(rules, 7), result)
    assert way(actions) == ["1002", "1003"]
    assert actions[1].legs[0].ring == 7, "the shortest time on the way holds"


def test_the_shortest_ring_time_on_the_way_holds():
    rules = company(
        u1001=forwards(always="extension:1002"), u1002=forwards(always="extension:1003")
    )
    for times in ({"u1001": 5, "u1002": 9}, {"u1001": 9, "u1002": 5}):
        assert play(ring_time(rules, **times))[0].legs[0].ring == 5


def test_a_team_rings_no_longer_than_the_forward_to_it_says():
    members = (Member("1002"), Member("1003"))
    then = {Overflow.NO_ANSWER: Target.parse("extension:1003")}
    team = Team(DOMAIN, "2000", "Hotline", members=members, max_wait=60, overflow=then)
    rules = replace(company(u1001=forwards(always="extension:2000")), teams=(team,))
    ring, end = play(ring_time(rules, 8), SILENT)
    assert [leg.ring for leg in ring.legs] == [8, 8]
    assert way([ring, end]) == ["2000", "box 1001"]
    sequential = replace(team, strategy=Strategy.SEQUENTIAL, ring=20)
    ring, end = play(ring_time(replace(rules, teams=(sequential,)), 30), SILENT)
    assert [(leg.delay, leg.ring) for leg in ring.legs] == [(0, 20), (20, 10)]
    assert way([end]) == ["box 1001"]


def test_the_assistants_of_a_target_ring_no_longer_either():
    pool = (Assistant("1003"),)
    rollover = Rollover(40, RolloverAction.BUSY)
    boss = Executive(DOMAIN, "1002", assistants=pool, rollover=rollover)
    rules = replace(company(u1001=forwards(always="extension:1002")), executives=(boss,))
    call, rules = trunk_call("1001"), ring_time(rules, 8)
    ring = decide(call, rules, LIVE, NOW).action
    assert [(leg.device, leg.ring) for leg in ring.legs] == [("1003-desk", 8)]
    silent = Outcome((LegOutcome(ring.legs[0], SILENT),), lasted=8.4)
    assert way([decide(call.after(ring, silent), rules, LIVE, NOW).action]) == ["box 1001"]


def test_who_is_dialled_rings_as_long_as_he_says():
    assert play(ring_time(company(), 5, u1001=3))[0].legs[0].ring == 20


def test_who_forwards_to_himself_rings_as_long_as_he_says():
    rules = company(u1001=forwards(Status.AWAY, always="extension:1001"))
    assert play(ring_time(rules, 5))[0].legs[0].ring == 20
