"""What comes before a status sends a call away, as decide() walks it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from esl_router.engine.decide import decide, without_rules
from esl_router.engine.explain import explain
from esl_router.engine.redecide import concerns
from esl_router.model.actions import BUSY, UNAVAILABLE, Announce, HandBack, Ring, Voicemail
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.live import CallState, Channel
from esl_router.model.people import FollowMeRow, Origin, Settings, TollPolicy, User
from esl_router.model.presence import SPLASH, Forward, Presence, Profile, Status, Target
from tests.company import DOMAIN, Company, internal_call, mobile, registered, sip, trunk_call

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LIVE = registered("desk", "soft", "1002-desk")
ANNA = User(DOMAIN, "1001", "Anna", ("+493012345101",))
BEN = User(DOMAIN, "1002", "Ben", ("+493012345102",))
ROWS = {
    "1001": [
        FollowMeRow(sip("desk"), ring=20),
        FollowMeRow(sip("soft"), delay=4, ring=20),
        FollowMeRow(mobile("mobile", "+491711234567"), delay=8, ring=20),
    ],
    "1002": [FollowMeRow(sip("1002-desk", "1002"), ring=20)],
}
CALL = trunk_call("1001")


def away(target="extension:1002", status=Status.AWAY, current=None, **profile):
    """Whose status sends calls of both origins to ``target``."""
    to = Target.parse(target) if target else None
    forwards = {(o, Forward.ALWAYS): to for o in Origin if to}
    return Presence(current or status, profiles={status: Profile(forwards=forwards, **profile)})


def company(anna, ben=None, users=(ANNA, BEN), **more):
    return Company(users, ROWS, statuses={"1001": anna, "1002": ben or Presence()}, **more)


@pytest.mark.parametrize("target", ["external:+491711234567", "extension:1999"])
def test_before_a_status_that_leads_nowhere_neither(target):
    anna = away(target, alert_first=6, announce="gone.wav")
    rules = company(anna, config=Settings(DOMAIN, toll=TollPolicy(deny=("+49171",))))
    assert [type(each) for each in play(rules)] == [Voicemail]


def play(rules, *results, call=CALL, live=LIVE):
    """Every action of a call: rings end as said, announcements by themselves."""
    actions, left = [], list(results)
    while True:
        action = decide(call, rules, live, NOW).action
        actions.append(action)
        if isinstance(action, Announce):
            call = call.after(action, Outcome())
        elif isinstance(action, Ring) and left:
            result = left.pop(0)
            legs = tuple(LegOutcome(leg, result) for leg in action.legs)
            call = call.after(action, Outcome(legs))
        else:
            return actions


def way(actions):
    words = []
    for action in actions:
        match action:
            case Ring(callee=callee, alert_first=first):
                words.append(f"{callee} first" if first else callee)
            case Voicemail(mailbox=mailbox):
                words.append(f"box {mailbox}")
            case Announce(sound=sound):
                words.append(sound)
            case _:
                words.append(action.code)
    return words


SILENT = LegResult.NO_ANSWER


def test_his_phones_ring_so_long_before_the_target():
    rules = company(away(alert_first=6))
    first, then = play(rules, SILENT)
    assert [(leg.device, leg.delay, leg.ring) for leg in first.legs] == [
        ("desk", 0, 6),
        ("soft", 4, 2),
    ], "the mobile would ring only after that"
    assert first.alert_first
    assert not then.alert_first
    assert (then.callee, then.legs[0].diversion.reason) == ("1002", "unconditional")


def test_the_mobile_is_among_them_where_it_has_the_time():
    first = play(company(away(alert_first=10)))[0]
    assert [(leg.device, leg.ring) for leg in first.legs][-1] == ("mobile", 2)


def test_a_splash_is_for_his_registered_phones_alone_and_all_at_once():
    first, then = play(company(away(alert_first=SPLASH)), LegResult.ELSEWHERE)
    assert [(leg.device, leg.delay, leg.ring, leg.splash) for leg in first.legs] == [
        ("desk", 0, 1, True),
        ("soft", 0, 1, True),
    ]
    assert (then.callee, then.legs[0].splash) == ("1002", False)


@pytest.mark.parametrize(
    "result", [SILENT, LegResult.DECLINED, LegResult.BUSY, LegResult.UNREACHABLE]
)
def test_whatever_becomes_of_it_but_an_answer_the_target_is_next(result):
    rules = company(away("voicemail", alert_first=6))
    assert way(play(rules, result)) == ["1001 first", "box 1001"]


def test_whoever_answers_has_the_call():
    assert way(play(company(away(alert_first=6)), LegResult.ANSWERED)) == ["1001 first", 480]


def test_do_not_disturb_may_have_a_reminder():
    rules = company(away(None, status=Status.DND, alert_first=SPLASH))
    assert play(rules, SILENT)[-1] == BUSY
    assert way(play(rules, SILENT)) == ["1001 first", 486]


@pytest.mark.parametrize("target", ["ring", "extension:1001", "external:+493012345101"])
def test_where_his_phones_ring_all_the_same_nothing_comes_before(target):
    rules = company(away(target, alert_first=6, announce="away.wav"))
    assert way(play(rules)) == ["1001"]


def test_no_phone_to_ring_and_the_target_is_next():
    rules = company(away(alert_first=SPLASH))
    live = registered("1002-desk")
    assert way(play(rules, live=live)) == ["1002"]
    text = "1001 has no phone to ring before that."
    assert text in [entry.text for entry in decide(CALL, rules, live, NOW).trace]


def test_who_is_busy_on_busy_is_not_alerted_and_nothing_says_that_the_callee_talks():
    rules = company(away(alert_first=6), users=(replace(ANNA, max_calls=1), BEN))
    talking = Channel("x", f"desk@{DOMAIN}", inbound=True, state=CallState.ACTIVE)
    decision = decide(CALL, rules, replace(LIVE, channels={"x": talking}), NOW)
    assert decision.action.callee == "1002"
    # A ring of somebody else that is decided anew for it would be so for ever.
    assert "busy" not in [entry.stage for entry in decision.trace]


def test_a_status_that_has_ended_meanwhile_lets_his_phones_ring_in_full():
    (first,) = play(company(away(alert_first=6)))
    legs = tuple(LegOutcome(leg, SILENT) for leg in first.legs)
    call = CALL.after(first, Outcome(legs))
    rules = company(Presence())
    assert way(play(rules, call=call)) == ["1001"]
    assert way(play(rules, SILENT, call=call)) == ["1001", "box 1001"]


def test_the_trace_says_so():
    trace = decide(CALL, company(away(alert_first=6)), LIVE, NOW).trace
    assert [entry.text for entry in trace if entry.stage in ("presence", "prelude")] == [
        "1001 is away (away, set by hand): calls go to extension:1002.",
        "desk rings from 0 s to 6 s before that.",
        "soft rings from 4 s to 6 s before that.",
    ]
    assert "followme" not in [entry.stage for entry in trace]
    trace = decide(CALL, company(away(alert_first=SPLASH)), LIVE, NOW).trace
    assert trace[-1].text == "soft rings for a moment before that."


def test_what_the_caller_hears_before_the_target():
    rules = company(away(announce="away.wav"))
    sound, then = play(rules)
    assert sound == Announce("away.wav", "1001", DOMAIN, "1001")
    assert then.callee == "1002"
    assert way(play(rules, SILENT)) == ["away.wav", "1002", "box 1001"], "it is played once"
    rules = company(away("voicemail", announce="away.wav"))
    assert way(play(rules, call=internal_call("1001"))) == ["away.wav", "box 1001"]


def test_first_his_phones_then_the_announcement_then_the_target():
    rules = company(away("voicemail", alert_first=6, announce="away.wav"))
    assert way(play(rules, SILENT)) == ["1001 first", "away.wav", "box 1001"]


def test_each_of_a_chain_has_his_own_announcement():
    rules = company(away(announce="anna.wav"), away("busy", announce="ben.wav"))
    assert way(play(rules)) == ["anna.wav", "ben.wav", "box 1001"]


def test_an_announcement_that_is_the_target_ends_the_call():
    rules = company(away("announcement:closed.wav", announce="away.wav"))
    assert way(play(rules)) == ["away.wav", "closed.wav", 480]


def test_no_other_forward_has_an_announcement():
    forwards = {(Origin.EXTERNAL, Forward.NO_ANSWER): Target.parse("extension:1002")}
    profile = Profile(forwards=forwards, announce="away.wav", alert_first=6)
    rules = company(Presence(profiles={Status.AVAILABLE: profile}))
    assert way(play(rules, SILENT)) == ["1001", "1002"]


def test_without_rules_the_box_that_the_announcement_named_takes_the_call():
    (sound, _) = play(company(away(announce="away.wav")))
    assert without_rules(CALL.after(sound, Outcome()), "gone").action == Voicemail(DOMAIN, "1001")
    ended = CALL.after(Announce("closed.wav"), Outcome())
    assert without_rules(ended, "gone").action == UNAVAILABLE
    assert without_rules(CALL, "gone").action == HandBack()


def test_explain_goes_on_after_the_announcement():
    rules = company(away("voicemail", alert_first=6, announce="away.wav"))
    steps = explain(CALL, rules, LIVE, NOW)
    assert [(step.at, word) for step, word in zip(steps, way(s.decision.action for s in steps),
            strict=True)] == [(0, "1001 first"), (6, "away.wav"), (6, "box 1001")]  # fmt: skip


def test_a_ringing_call_is_decided_anew_when_it_becomes_one_before_the_target_or_no_more():
    config = Settings(DOMAIN, redecide=True)
    here = company(Presence(), config=config)
    gone = company(away(alert_first=60), config=config)
    for before, after in ((here, gone), (gone, here)):
        ringing = decide(CALL, before, LIVE, NOW)
        assert concerns(ringing, decide(CALL, after, LIVE, NOW)) == "another rule holds now"
        assert not concerns(ringing, decide(CALL, before, LIVE, NOW))
