"""Feature codes: what is to be changed, for whom, and what its caller hears."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from esl_router.engine.decide import decide, without_rules
from esl_router.model.actions import (
    NOT_FOUND,
    Authenticate,
    Confirm,
    HandBack,
    Perform,
    Ring,
    Voicemail,
)
from esl_router.model.call import Entered, Outcome
from esl_router.model.codes import USUAL, Code
from esl_router.model.executive import Assistant, Executive
from esl_router.model.feature import (
    LogAssistant,
    LogTeam,
    LogWorkplace,
    SetBusyOnBusy,
    SetConditional,
    SetDeviceDnd,
    SetDivert,
    SetFollowMe,
    SetForward,
    SetStatus,
    SwitchConditional,
    SwitchFilter,
    SwitchForward,
    Tone,
)
from esl_router.model.people import FollowMeRow, Origin, Settings, TollPolicy, User
from esl_router.model.presence import CallForward, Forward, Presence, Profile, Status, Target
from esl_router.model.team import Member, Team
from tests.company import DOMAIN, NOW, Company, internal_call, mobile, registered, sip, trunk_call

PEOPLE = (
    User(DOMAIN, "1001", "Anna Adler", ("+493012345101",)),
    User(DOMAIN, "1002", "Ben Berg"),
    User(DOMAIN, "1003", voicemail=False),
    User(DOMAIN, "1004"),
)
ROWS = {
    "1002": [
        FollowMeRow(sip("1002-desk", "1002")),
        FollowMeRow(mobile("1002-cell", "+491711111111", "1002"), enabled=False),
    ],
    "1003": [FollowMeRow(sip("1003-desk", "1003", dnd=True))],
    "1004": [FollowMeRow(sip("1004-desk", "1004"))],
}
SETTINGS = Settings(DOMAIN, toll=TollPolicy(deny=("+49900",)))
HOTLINE = Team(DOMAIN, "2000", members=(Member("1002"), Member("1003", logged_in=False)))
SALES = Team(DOMAIN, "2001", members=(Member("1003"),))
BOSS = Executive(DOMAIN, "1001", assistants=(Assistant("1002"), Assistant("1003", opted_in=False)))
OTHER = Executive(DOMAIN, "1004", enabled=False, assistants=(Assistant("1003"),))
BOTH = (Origin.INTERNAL, Origin.EXTERNAL)
LIVE = registered("1002-desk", "1003-desk", "1004-desk")


def company(**more):
    places = {"reception": ("301", "desk-reception")}
    rules = {"config": SETTINGS, "workplaces": places}
    rules |= {"teams": (HOTLINE, SALES), "executives": (BOSS, OTHER)}
    return Company(PEOPLE, ROWS, **{**rules, **more})


def dialled(number, extension="1002"):
    return internal_call(number, f"{extension}-desk", extension)


def decided(number, extension="1002", rules=None, now=NOW):
    return decide(dialled(number, extension), rules or company(), LIVE, now)


def asked(number, extension="1002", **more):
    """What is to be changed."""
    action = decided(number, extension, company(**more)).action
    assert isinstance(action, Perform), action
    assert (action.domain, action.user) == (DOMAIN, extension)
    return action.feature


def said(decision):
    return " ".join(entry.text for entry in decision.trace)


def refused(number, extension="1002", **more):
    """Why."""
    decision = decided(number, extension, company(**more))
    assert decision.action == Confirm(Tone.REFUSED)
    return said(decision)


@pytest.mark.parametrize(
    ("number", "feature"),
    [
        ("*30", SetStatus(Status.AVAILABLE)),
        ("*31", SetStatus(Status.AWAY)),
        ("*32", SetStatus(Status.DND)),
        ("*33", SetStatus(Status.LUNCH)),
        ("*34", SetStatus(Status.BUSINESS_TRIP)),
        ("*35", SetStatus(Status.MEETING)),
        ("*312", SetStatus(Status.AWAY, 2)),
        ("*3299", SetStatus(Status.DND, 99)),
        ("*301", SetStatus(Status.AVAILABLE, 1)),
        ("*36", SetBusyOnBusy(1)),
        ("*363", SetBusyOnBusy(3)),
        ("*360", SetBusyOnBusy(0)),
        ("#36", SetBusyOnBusy(0)),
        ("*211001", SetForward(BOTH, "extension:1001")),
        ("*21*1001#", SetForward(BOTH, "extension:1001")),
        ("*212000", SetForward(BOTH, "extension:2000")),
        ("*2103012345101", SetForward(BOTH, "extension:1001")),
        ("*2101719999999", SetForward(BOTH, "external:+491719999999")),
        ("*2100491719999999", SetForward(BOTH, "external:+491719999999")),
        ("*21*98", SetForward(BOTH, "voicemail")),
        ("*221001", SetForward((Origin.INTERNAL,), "extension:1001")),
        ("*231001", SetForward((Origin.EXTERNAL,), "extension:1001")),
        ("*271001", SetConditional(Forward.BUSY, "extension:1001")),
        ("*28*01719999999#", SetConditional(Forward.NO_ANSWER, "external:+491719999999")),
        ("*29*98", SetConditional(Forward.UNREGISTERED, "voicemail")),
        ("*25", SetDeviceDnd("1002-desk", True)),
        ("#25", SetDeviceDnd("1002-desk", False)),
        ("*252", SetDeviceDnd("1002-cell", True)),
        ("*26", SetFollowMe("1002-desk", False)),
        ("*262", SetFollowMe("1002-cell", True)),
        ("#262", SetFollowMe("1002-cell", False)),
        ("*37", LogTeam("2000", False)),
        ("*372000", LogTeam("2000", False)),
        ("#37", LogTeam("2000", False)),
        ("*38", LogAssistant("1001", False)),
        ("*381001", LogAssistant("1001", False)),
        ("#38", LogAssistant("1001", False)),
        ("*391004", SetDivert("1001", "1004")),
        ("*39*1004#", SetDivert("1001", "1004")),
        ("*391001*01719999999", SetDivert("1001", "+491719999999")),
        ("#39", SetDivert("1001", None)),
        ("*40301", LogWorkplace("reception")),
        ("#40", LogWorkplace(None)),
        ("*61", SwitchFilter("1001", False)),
        ("#61", SwitchFilter("1001", False)),
        ("#611001", SwitchFilter("1001", False)),
    ],
)
def test_what_a_code_asks_for(number, feature):
    assert asked(number) == feature


def test_every_code_of_a_user_does_something():
    by_others = {Code.PUSH, Code.ON_BEHALF, Code.RETRIEVE}
    for code in set(Code) - by_others:
        action = decided(USUAL[code]).action
        assert isinstance(action, Perform | Confirm | Voicemail), code
        assert "code is for calls" not in said(decided(USUAL[code])), code


# -- what is on is switched off, and what is off is switched on -----------------------------------


@pytest.mark.parametrize(
    ("presence", "then"),
    [
        (Presence(), Status.DND),
        (Presence(Status.LUNCH), Status.DND),
        (Presence(Status.DND), Status.AVAILABLE),
        (Presence(Status.DND, until=NOW + timedelta(hours=1)), Status.AVAILABLE),
        (Presence(Status.DND, until=NOW), Status.DND),
        (Presence(Status.LUNCH, until=NOW, afterwards=Status.DND), Status.AVAILABLE),
    ],
)
def test_dnd_toggles_by_the_status_that_the_user_has_set(presence, then):
    assert asked("*32", statuses={"1002": presence}) == SetStatus(then)


@pytest.mark.parametrize(
    ("number", "condition"),
    [("#27", Forward.BUSY), ("#28", Forward.NO_ANSWER), ("#29", Forward.UNREGISTERED)],
)
def test_a_forward_on_a_condition_is_switched_where_there_is_one(number, condition):
    target, toggle = Target.parse("voicemail"), number.replace("#", "*")
    for origin in BOTH:
        for key, others, on in (("forwards", "off", False), ("off", "forwards", True)):
            elsewhere = {(origin, Forward.ALWAYS): target}
            profile = Profile(**{key: {(origin, condition): target}, others: elsewhere})
            rules = {"statuses": {"1002": Presence(profiles={Status.AVAILABLE: profile})}}
            assert asked(number, **rules) == SwitchConditional(condition, (origin,), False)
            assert asked(toggle, **rules) == SwitchConditional(condition, (origin,), on)
    inside, outside = ((origin, condition) for origin in BOTH)
    profile = Profile(forwards={outside: target}, off={inside: target})
    rules = {"statuses": {"1002": Presence(profiles={Status.AVAILABLE: profile})}}
    assert asked(toggle, **rules) == SwitchConditional(condition, BOTH, False), "its lamp is lit"
    others = {(origin, each): target for origin in BOTH for each in Forward if each != condition}
    presence = Presence(profiles={Status.AVAILABLE: Profile(forwards=others)})
    decision = decided(number, rules=company(statuses={"1002": presence}))
    assert decision.action == Confirm(Tone.OFF)
    assert "1002 has no such forward." in said(decision)
    decision = decided(toggle, rules=company(statuses={"1002": presence}))
    assert decision.action == Confirm(Tone.REFUSED)
    assert "There is no forward to switch on" in said(decision)


def test_dnd_for_some_hours_is_no_toggle():
    statuses = {"1002": Presence(Status.DND)}
    assert asked("*321", statuses=statuses) == SetStatus(Status.DND, 1)


def test_toggles_look_at_what_holds():
    assert asked("*37", "1003", teams=(HOTLINE,)) == LogTeam("2000", True)
    assert asked("*381001", "1003") == LogAssistant("1001", True)
    assert asked("*381004", "1003") == LogAssistant("1004", False)
    assert asked("*25", "1003") == SetDeviceDnd("1003-desk", False)
    people = (replace(PEOPLE[1], max_calls=2),)
    assert decide(dialled("*36"), Company(people, ROWS), LIVE, NOW).action == Perform(
        DOMAIN, "1002", SetBusyOnBusy(0)
    )


def in_a_status_that_logs(queue_login):
    profiles = {Status.AWAY: Profile(queue_login=queue_login)}
    return {"statuses": {"1002": Presence(Status.AWAY, profiles=profiles)}}


@pytest.mark.parametrize(("number", "logs_in"), [("*37", True), ("#37", True), ("*37", False)])
def test_the_login_to_a_team_is_refused_where_the_status_decides(number, logs_in):
    there = "in to" if logs_in else "out of"
    why = f"The status away logs 1002 {there} every team."
    assert why in refused(number, **in_a_status_that_logs(logs_in))


def test_who_is_logged_out_by_his_status_may_be_so_for_good():
    assert asked("#37", **in_a_status_that_logs(False)) == LogTeam("2000", False)
    assert asked("*37", **in_a_status_that_logs(None)) == LogTeam("2000", False)


def test_a_device_that_rings_for_one_origin_is_switched_off_for_all():
    off = [replace(row, enabled=False) for row in ROWS["1002"]]
    by_origin = {Origin.TEAM: ROWS, Origin.INTERNAL: {"1002": off}, Origin.EXTERNAL: {"1002": off}}
    assert asked("*26", by_origin=by_origin) == SetFollowMe("1002-desk", False)
    by_origin[Origin.TEAM] = {"1002": off}
    assert asked("*26", by_origin=by_origin) == SetFollowMe("1002-desk", True)


def test_an_executive_switches_his_own_filter_first():
    both = (BOSS, replace(OTHER, assistants=(Assistant("1001"),)))
    rows = {"1001": [FollowMeRow(sip("1001-desk"))], "1004": ROWS["1004"]}
    rules = Company(PEOPLE, rows, config=SETTINGS, executives=both)
    assert decided("*61", "1001", rules).action.feature == SwitchFilter("1001", False)
    assert decided("*611004", "1001", rules).action.feature == SwitchFilter("1004", True)
    assert decided("*61", "1004", rules).action.feature == SwitchFilter("1004", True)


def test_a_forward_is_switched_with_the_target_that_it_has():
    has = {"1002": {Origin.EXTERNAL: CallForward(Target.parse("busy"), False)}}
    assert asked("*21", call_forwards=has) == SwitchForward((Origin.EXTERNAL,), True)
    assert asked("#21", call_forwards=has) == SwitchForward((Origin.EXTERNAL,), False)
    assert "no forward to switch on" in refused("*22", call_forwards=has)
    on = {"1002": {origin: CallForward(Target.parse("busy")) for origin in BOTH}}
    assert asked("*21", call_forwards=on) == SwitchForward(BOTH, False)
    assert asked("*22", call_forwards=on) == SwitchForward((Origin.INTERNAL,), False)
    on["1002"][Origin.EXTERNAL] = has["1002"][Origin.EXTERNAL]
    assert asked("*21", call_forwards=on) == SwitchForward(BOTH, True)
    # What is off already is off: that is no refusal.
    assert decided("#22", rules=company(call_forwards=has)).action == Confirm(Tone.OFF)


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "extension", "why"),
    [
        ("*310", "1002", "A status holds 1 to 99 hours, not 0."),
        ("*31100", "1002", "A status holds 1 to 99 hours, not 100."),
        ("*36100", "1002", "A user is busy from 1 to 99 calls on, not 100."),
        ("*211002", "1002", "1002 cannot forward to himself."),
        ("*211099", "1002", "Nobody here has the number 1099."),
        ("*21110", "1002", "Nobody here has the number 110."),
        ("*21*#", "1002", "Nobody here has the number (none)."),
        ("*210900123456", "1002", "The toll policy forbids +49900123456."),
        ("*390900123456", "1002", "The toll policy forbids +49900123456."),
        ("*271002", "1002", "1002 cannot forward to himself."),
        ("*281099", "1002", "Nobody here has the number 1099."),
        ("*29*0900123456#", "1002", "The toll policy forbids +49900123456."),
        ("*28", "1002", "There is no forward to switch on: the number stands behind the code."),
        ("*253", "1002", "1002 has 2 devices, not 3."),
        ("*260", "1002", "1002 has 2 devices, not 0."),
        ("*372001", "1002", "1002 is no member of 2001."),
        ("*37", "1003", "1003 is in 2 teams, and has not said which."),
        ("*37", "1004", "1004 is in 0 teams, and has not said which."),
        ("*381004", "1002", "1002 is no assistant of 1004."),
        ("*38", "1003", "1003 has several executives, and has not said which."),
        ("*38", "1004", "1004 is nobody's assistant."),
        ("*391003*1002", "1002", "1002 is no assistant of 1003."),
        ("*611001", "1004", "1004 is no assistant of 1001."),
        ("*98", "1003", "1003 has no voicemail."),
        ("*40302", "1002", "No place has number 302."),
        ("*40", "1002", "Which place is meant is not said."),
    ],
)
def test_what_a_user_cannot_ask_for(number, extension, why):
    assert f"Refused, and nothing is changed: {why}" in refused(number, extension)


def test_somebody_with_a_device_at_a_workplace_alone_says_which():
    rules = company()
    rules.rows = {"1002": [FollowMeRow(sip("1002-desk", "1002"))]}
    call = replace(dialled("*25"), caller=replace(dialled("*25").caller, account="desk-reception"))
    rules.device_user = lambda domain, device: "1002"
    decision = decide(call, rules, LIVE, NOW)
    assert decision.action == Confirm(Tone.REFUSED)
    assert "Which device is meant is not said" in said(decision)


def test_a_stranger_reaches_no_code():
    for number in ("*32", "*211001", "#21", "*98"):
        for who in ("+493099887766", "1002", "+493012345101"):
            assert decide(trunk_call(number, who), company(), LIVE, NOW).action == NOT_FOUND


def test_a_stranger_whom_a_user_sends_there_neither():
    sent = trunk_call("*31", sent_by=f"1002-desk@{DOMAIN}", answered=True)
    assert decide(sent, company(), LIVE, NOW).action == NOT_FOUND


@pytest.mark.parametrize(
    "how",
    [
        {"answered": True},
        {"sent_by": f"1001-desk@{DOMAIN}"},
        {"caller": replace(dialled("*31").caller, own_leg=True)},
    ],
)
@pytest.mark.parametrize("number", ["*31", "*2101719999999", "*98"])
def test_who_was_sent_to_a_code_has_not_dialled_it(number, how):
    decision = decide(replace(dialled(number), **how), company(), LIVE, NOW)
    assert decision.action == Confirm(Tone.REFUSED)
    assert "1002 was sent here, and has not dialled the code himself." in said(decision)


def test_a_phone_that_belongs_to_nobody():
    decision = decided("*31", "1009")
    assert decision.action == Confirm(Tone.REFUSED)


# -- what is heard, and what follows --------------------------------------------------------------


def after(call, refusal=""):
    return call.after(decide(call, company(), LIVE, NOW).action, Outcome(refused=refusal))


@pytest.mark.parametrize(
    ("number", "tone"), [("*31", Tone.ON), ("*30", Tone.OFF), ("*36", Tone.ON), ("#38", Tone.OFF)]
)
def test_done_is_confirmed(number, tone):
    decision = decide(after(dialled(number)), company(), LIVE, NOW)
    assert decision.action == Confirm(tone)
    assert said(decision).endswith("It is done.")


def test_a_refusal_of_the_store_is_heard_and_told():
    decision = decide(after(dialled("*26"), "user_configurable is false."), company(), LIVE, NOW)
    assert decision.action == Confirm(Tone.REFUSED)
    assert "Refused, and nothing is changed: user_configurable is false." in said(decision)


def test_sounds_of_the_domain_are_played_in_the_place_of_tones():
    sounds = {Tone.ON: "codes/on.wav"}
    rules = company(config=replace(SETTINGS, code_sounds=sounds))
    assert decide(after(dialled("*31")), rules, LIVE, NOW).action == Confirm(
        Tone.ON, "codes/on.wav"
    )
    assert decided("*310", rules=rules).action == Confirm(Tone.REFUSED)


def test_a_store_that_breaks_down_meanwhile_leaves_nobody_without_an_answer():
    assert without_rules(after(dialled("*31")), "broken").action == Confirm(Tone.ON)
    assert without_rules(after(dialled("*31"), "no"), "broken").action == Confirm(Tone.REFUSED)
    assert without_rules(dialled("*31"), "broken").action == HandBack()


def test_what_is_said_of_a_change():
    assert "To be changed: 1002 is away for 1 hour." in said(decided("*311"))
    assert "To be changed: 1002 is busy from 1 call on." in said(decided("*36"))
    assert "1002 forwards internal calls to extension:1001." in said(decided("*221001"))
    assert "1002 forwards all calls to voicemail." in said(decided("*21*98"))
    assert "1002 forwards calls when he is busy to extension:1001." in said(decided("*271001"))
    assert "1002-desk does not ring along." in said(decided("*26"))
    assert "1002 logs out of team 2000." in said(decided("*37"))
    assert "1002 diverts no calls of 1001." in said(decided("#39"))


def test_ones_own_messages():
    assert decided("*98").action == Voicemail(DOMAIN, "1002", login=True)


def test_other_digits_of_the_domain():
    rules = company(config=replace(SETTINGS, codes={**USUAL, Code.STATUS_AWAY: "#7"}))
    assert decided("#7", rules=rules).action.feature == SetStatus(Status.AWAY)
    assert decided("*31", rules=rules).action == NOT_FOUND


def test_numbers_are_called_as_before():
    assert isinstance(decided("1004").action, Ring)


# -- from outside ---------------------------------------------------------------------------------

REMOTE = "+493012345999"


def outside(**more):
    return company(config=replace(SETTINGS, remote=REMOTE), **more)


def entered(code, extension="1002", **more):
    """The decision for somebody outside who has entered that."""
    call = trunk_call(REMOTE)
    call = call.after(Authenticate(DOMAIN), Outcome(entered=Entered(extension, code), **more))
    return decide(call, outside(), LIVE, NOW)


@pytest.mark.parametrize("number", [REMOTE, REMOTE[1:], "03012345999"])
def test_who_calls_the_number_for_codes_is_asked_who_he_is(number):
    decision = decide(trunk_call(number), outside(), LIVE, NOW)
    assert decision.action == Authenticate(DOMAIN)
    assert (decision.domain, decision.callee) == (DOMAIN, "")


def test_without_the_setting_there_is_no_such_number():
    assert decide(trunk_call(REMOTE), company(), LIVE, NOW).action == NOT_FOUND


def test_a_users_own_number_is_not_the_one_for_codes():
    assert isinstance(decide(trunk_call("+493012345101"), outside(), LIVE, NOW).action, Ring)


def test_who_is_let_in_acts_for_himself():
    assert entered("*31").action == Perform(DOMAIN, "1002", SetStatus(Status.AWAY))
    assert entered("*32#").action == Perform(DOMAIN, "1002", SetStatus(Status.DND))
    assert entered("*21*1004#").action.feature == SetForward(BOTH, "extension:1004")
    assert entered("#37").action == Perform(DOMAIN, "1002", LogTeam("2000", False))
    assert entered("*262").action.feature == SetFollowMe("1002-cell", True)
    assert entered("*98").action == Voicemail(DOMAIN, "1002", login=True)


@pytest.mark.parametrize(
    ("code", "extension", "why"),
    [
        ("", "1002", "That is no code."),
        ("1001", "1002", "That is no code."),
        ("*63", "1002", "This code is for calls that somebody is sent on with."),
        ("*6401719999999", "1002", "This code is for calls that somebody is sent on with."),
        ("*26", "1002", "Which device is meant is not said"),
        ("*31", "1077", "There is no user 1077."),
        ("*210900123456", "1002", "The toll policy forbids"),
    ],
)
def test_what_is_refused_from_outside(code, extension, why):
    decision = entered(code, extension)
    assert decision.action == Confirm(Tone.REFUSED)
    assert why in said(decision)


def test_who_is_not_let_in_hears_a_refusal():
    call = trunk_call(REMOTE).after(Authenticate(DOMAIN), Outcome(refused="A wrong PIN for 1002."))
    decision = decide(call, outside(), LIVE, NOW)
    assert decision.action == Confirm(Tone.REFUSED)
    assert "A wrong PIN for 1002." in said(decision)
    assert without_rules(call, "broken").action == Confirm(Tone.REFUSED)


def test_a_store_that_breaks_down_lets_nobody_in():
    call = trunk_call(REMOTE)
    call = call.after(Authenticate(DOMAIN), Outcome(entered=Entered("1002", "*31")))
    assert without_rules(call, "broken").action == Confirm(Tone.REFUSED)


def test_what_was_entered_is_confirmed_as_from_his_own_phone():
    call = trunk_call(REMOTE)
    call = call.after(Authenticate(DOMAIN), Outcome(entered=Entered("1002", "*31")))
    call = call.after(decide(call, outside(), LIVE, NOW).action, Outcome())
    assert decide(call, outside(), LIVE, NOW).action == Confirm(Tone.ON)


# -- at a workplace -------------------------------------------------------------------------------


def at_reception(number="*40"):
    call = internal_call(number)
    return replace(call, caller=replace(call.caller, number="", account="desk-reception"))


@pytest.mark.parametrize("who_is_there", [None, "1004"])
def test_whoever_logs_in_on_the_phone_of_a_place_is_asked_who_he_is(who_is_there):
    rules = company()
    rules.device_user = lambda domain, device: who_is_there
    decision = decide(at_reception(), rules, LIVE, NOW)
    assert decision.action == Authenticate(DOMAIN, code=False)
    call = at_reception().after(decision.action, Outcome(entered=Entered("1002")))
    assert decide(call, rules, LIVE, NOW).action == Perform(
        DOMAIN, "1002", LogWorkplace("reception")
    )
    call = at_reception().after(decision.action, Outcome(refused="A wrong PIN for 1002."))
    assert decide(call, rules, LIVE, NOW).action == Confirm(Tone.REFUSED)


def test_nobody_is_sent_to_a_login():
    call = replace(at_reception(), answered=True)
    decision = decide(call, company(), LIVE, NOW)
    assert decision.action == Confirm(Tone.REFUSED)
    assert "desk-reception was sent here" in said(decision)
