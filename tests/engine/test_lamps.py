"""What lamps show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from esl_router.engine.codes import READ
from esl_router.engine.lamps import LAMPS, is_lamp, show
from esl_router.model.codes import USUAL, Code
from esl_router.model.executive import Assistant, Executive
from esl_router.model.live import UNKNOWN, CallState, Channel, Lamp
from esl_router.model.people import FollowMeRow, Origin, Settings, TollPolicy, User
from esl_router.model.presence import (
    CallForward,
    Forward,
    OutsideHours,
    Presence,
    Profile,
    Status,
    Target,
)
from esl_router.model.schedule import Hours, Schedule
from esl_router.model.team import Member, Team
from tests.company import DOMAIN, NOW, Company, registered, sip

ANNA, BEN = User(DOMAIN, "1001", "Anna Adler"), User(DOMAIN, "1002", "Ben Berg")
ROWS = {
    "1001": [FollowMeRow(sip("1001-desk")), FollowMeRow(sip("1001-soft"))],
    "1002": [FollowMeRow(sip("1002-desk", "1002"))],
}
LIVE = registered("1001-desk", "1002-desk")
STATUSES = {code: Status(code.value.removeprefix("status_")) for code in list(Code)[2:8]}


def company(anna=ANNA, **more):
    return Company((anna, BEN), ROWS, **more)


def lamp(watched, rules=None, *, account="1001-desk", live=LIVE, now=NOW):
    shown = show(DOMAIN, account, [watched], rules or company(), live, now)
    return shown.lamps.get(watched)


@pytest.mark.parametrize("code", STATUSES)
def test_the_lamp_of_a_status_is_lit_in_that_status_alone(code):
    for status in Status:
        rules = company(statuses={"1001": Presence(status)})
        lit = lamp(USUAL[code], rules) is Lamp.LIT
        assert lit == (status is STATUSES[code])
    assert lamp(USUAL[code] + "1", company()) is Lamp.DARK


@pytest.mark.parametrize(
    ("presence", "lit"),
    [
        (Presence(Status.LUNCH, until=NOW + timedelta(minutes=30)), True),
        (Presence(Status.LUNCH), False),
        (Presence(Status.AWAY, until=NOW + timedelta(minutes=30)), False),
        (Presence(Status.AWAY, until=NOW, afterwards=Status.LUNCH), False),
    ],
)
def test_with_hours_behind_the_code_it_is_the_temporary_status(presence, lit):
    rules = company(statuses={"1001": presence})
    assert (lamp("*332", rules) is Lamp.LIT) == lit


def test_it_is_the_status_that_counts_and_ends_with_it():
    ends = NOW + timedelta(minutes=30)
    rules = company(statuses={"1001": Presence(Status.LUNCH, until=ends)})
    shown = show(DOMAIN, "1001-desk", ["*33", "*30"], rules, LIVE, NOW)
    assert shown.lamps == {"*33": Lamp.LIT, "*30": Lamp.DARK}
    assert shown.until == ends
    after = show(DOMAIN, "1001-desk", ["*33", "*30"], rules, LIVE, ends)
    assert after.lamps == {"*33": Lamp.DARK, "*30": Lamp.LIT}
    assert after.until is None


def test_office_hours_have_an_end_too():
    # Monday, ten o'clock in Berlin; eight hours later everybody goes home.
    office = Schedule("office", "Europe/Berlin", (Hours.parse("mon-fri", "08:00", "18:00"),))
    rules = company(statuses={"1001": Presence(outside_hours=OutsideHours(office, Status.AWAY))})
    shown = show(DOMAIN, "1001-desk", ["*31"], rules, LIVE, NOW)
    assert (shown.lamps, shown.until) == ({"*31": Lamp.DARK}, NOW + timedelta(hours=8))
    assert lamp("*31", rules, now=shown.until) is Lamp.LIT


def test_a_phone_shows_what_is_of_its_own_user():
    rules = company(statuses={"1002": Presence(Status.DND)})
    assert lamp("*32", rules) is Lamp.DARK
    assert lamp("*32", rules, account="1002-desk") is Lamp.LIT


@pytest.mark.parametrize("account", ["nobody", "", "1001", "1001-desk@pbx.test"])
def test_a_phone_of_nobody_shows_nothing_lit(account):
    rules = company(statuses={"1001": Presence(Status.DND)})
    assert lamp("*32", rules, account=account) is Lamp.DARK
    assert lamp("1002", rules, account=account) is None
    assert show("other.test", "1001-desk", ["*32"], rules, LIVE, NOW).lamps == {}


def test_busy_on_busy():
    assert lamp("*36") is Lamp.DARK
    assert lamp("*36", company(replace(ANNA, max_calls=2))) is Lamp.LIT
    assert lamp("*361", company(replace(ANNA, max_calls=2))) is Lamp.DARK
    assert lamp("*362", company(replace(ANNA, max_calls=2))) is Lamp.LIT
    assert lamp("*360", company()) is Lamp.DARK, "nobody is busy from no calls on"


def team(**member):
    return Team(DOMAIN, "2000", members=(Member("1001", **member), Member("1002")))


@pytest.mark.parametrize(
    ("logged_in", "queue_login", "lit"),
    [
        (True, None, True), (False, None, False), (True, False, False), (False, True, True),
    ],
)  # fmt: skip
def test_a_team_login_is_what_counts_for_the_team(logged_in, queue_login, lit):
    profiles = {Status.AWAY: Profile(queue_login=queue_login)}
    rules = company(
        teams=(team(logged_in=logged_in),),
        statuses={"1001": Presence(Status.AWAY, profiles=profiles)},
    )
    assert (lamp("*372000", rules) is Lamp.LIT) == lit


def test_a_team_login_needs_a_team_of_his():
    other = replace(team(), extension="2001", members=(Member("1002"),))
    rules = company(teams=(team(), other))
    for watched in ("*372001", "*372002"):
        assert lamp(watched, rules) is Lamp.DARK


def test_who_is_in_one_team_need_not_say_which():
    assert lamp("*37", company(teams=(team(),))) is Lamp.LIT
    assert lamp("*37", company(teams=(team(logged_in=False),))) is Lamp.DARK
    both = (team(), replace(team(), extension="2001"))
    assert lamp("*37", company(teams=both)) is Lamp.DARK
    assert lamp("*37", company()) is Lamp.DARK


def executive(extension, **part):
    return Executive(DOMAIN, extension, assistants=(Assistant("1001", **part),))


@pytest.mark.parametrize("opted_in", [True, False])
def test_an_assistants_login(opted_in):
    one = replace(executive("1002", opted_in=opted_in), allow_opt_out=True)
    rules = company(executives=(one,))
    expected = Lamp.LIT if opted_in else Lamp.DARK
    assert lamp("*381002", rules) is expected
    assert lamp("*38", rules) is expected, "he has one executive"
    assert lamp("*381003", rules) is Lamp.DARK
    assert lamp("*38", rules, account="1002-desk") is Lamp.DARK


def test_who_has_several_executives_says_which():
    rules = company(executives=(executive("1002"), executive("1003")))
    assert lamp("*38", rules) is Lamp.DARK
    assert lamp("*381003", rules) is Lamp.LIT


def forwards(**targets):
    """By origin, as the rules file writes targets; with a minus before it, switched off."""
    return {
        "1001": {
            Origin(origin): CallForward(Target.parse(to.removeprefix("-")), not to.startswith("-"))
            for origin, to in targets.items()
        }
    }


@pytest.mark.parametrize(
    ("set_to", "lit"),
    [
        ({}, ""),
        ({"internal": "extension:1002", "external": "extension:1002"},
         "*21 *211002 *21*1002# *22 *221002 *23 *231002"),
        ({"internal": "extension:1002", "external": "-extension:1002"}, "*22 *221002"),
        ({"internal": "voicemail", "external": "extension:1002"}, "*21 *22 *22*98 *23 *231002"),
        ({"external": "external:+491711234567"}, "*23 *2301711234567"),
        ({"internal": "-busy", "external": "-busy"}, ""),
    ],
)  # fmt: skip
def test_forwards_of_every_call(set_to, lit):
    rules = company(call_forwards=forwards(**set_to))
    watched = (
        "*21", "*211002", "*21*1002#", "*21*98", "*22", "*221002", "*22*98", "*23", "*231002",
        "*2301711234567", "*211001", "*21999",
    )  # fmt: skip
    shown = show(DOMAIN, "1001-desk", watched, rules, LIVE, NOW).lamps
    assert {each for each, lamp in shown.items() if lamp is Lamp.LIT} == set(lit.split())
    assert shown.keys() == set(watched)


@pytest.mark.parametrize(
    ("key", "condition"),
    [("*27", Forward.BUSY), ("*28", Forward.NO_ANSWER), ("*29", Forward.UNREGISTERED)],
)
def test_forwards_on_a_condition(key, condition):
    def rules(*origins, target="extension:1002"):
        found = {(origin, condition): Target.parse(target) for origin in origins}
        profiles = {Status.AVAILABLE: Profile(forwards=found)}
        return company(statuses={"1001": Presence(profiles=profiles)})

    both = (Origin.INTERNAL, Origin.EXTERNAL)
    assert [lamp(each, rules(*both)) for each in (key, f"{key}1002")] == [Lamp.LIT] * 2
    elsewhere = rules(*both, target="voicemail")
    assert [lamp(f"{key}{to}", elsewhere) for to in ("", "1002", "*98")] == [
        Lamp.LIT,
        Lamp.DARK,
        Lamp.LIT,
    ]
    off = {(origin, condition): Target.parse("extension:1002") for origin in both}
    kept = {"1001": Presence(profiles={Status.AVAILABLE: Profile(off=off)})}
    for each in (key, f"{key}1002"):
        assert lamp(each, company(statuses=kept)) is Lamp.DARK, "switched off, its target kept"
    assert lamp(key, rules(Origin.INTERNAL)) is Lamp.LIT
    assert lamp(f"{key}1002", rules(Origin.INTERNAL)) is Lamp.DARK
    assert lamp(key, company()) is lamp(f"{key}1002", company()) is Lamp.DARK
    others = [each for each in ("*27", "*28", "*29") if each != key]
    assert {lamp(each, rules(*both)) for each in others} == {Lamp.DARK}


def test_a_forward_to_where_nobody_may_call_any_more_is_shown_by_its_code_alone():
    rules = company(
        config=Settings(DOMAIN, toll=TollPolicy(deny=("+49171",))),
        call_forwards=forwards(external="external:+491711234567"),
    )
    assert lamp("*23", rules) is Lamp.LIT
    assert lamp("*2301711234567", rules) is Lamp.DARK


def test_do_not_disturb_of_a_device():
    rows = {"1001": [FollowMeRow(sip("1001-desk")), FollowMeRow(sip("1001-soft", dnd=True))]}
    rules = Company((ANNA, BEN), rows)
    found = {each: lamp(each, rules) for each in ("*25", "*251", "*252", "*253", "*250")}
    assert [each for each, what in found.items() if what is Lamp.LIT] == ["*252"]
    assert lamp("*25", rules, account="1001-soft") is Lamp.LIT


def test_a_device_that_rings_along():
    off = FollowMeRow(sip("1001-soft"), enabled=False)
    rules = Company((ANNA, BEN), {"1001": [FollowMeRow(sip("1001-desk")), off]})
    found = {each: lamp(each, rules) for each in ("*26", "*261", "*262", "*263")}
    assert [each for each, what in found.items() if what is Lamp.LIT] == ["*26", "*261"]
    assert lamp("*26", rules, account="1001-soft") is Lamp.DARK
    rules.by_origin = {Origin.TEAM: {"1001": [FollowMeRow(sip("1001-soft"))]}}
    assert lamp("*262", rules) is Lamp.LIT, "it rings for calls of some origin"


def test_the_filter_of_an_executive_and_of_whom_one_assists():
    own = Executive(DOMAIN, "1001", enabled=False)
    boss = executive("1002")
    assert lamp("*61", company(executives=(own, boss))) is Lamp.DARK
    assert lamp("*611002", company(executives=(own, boss))) is Lamp.LIT
    assert lamp("*61", company(executives=(boss,))) is Lamp.LIT
    stranger = replace(boss, assistants=())
    assert lamp("*611002", company(executives=(stranger,))) is Lamp.DARK


def test_who_takes_the_part_of_an_assistant():
    away = Target.parse("external:+491711234567")
    rules = company(executives=(executive("1002", divert=away),))
    found = ("*39", "*3901711234567", "*391002*01711234567", "*391001", "*391002*1001")
    lit = [each for each in found if lamp(each, rules) is Lamp.LIT]
    assert lit == ["*39", "*3901711234567", "*391002*01711234567"]
    assert lamp("*39", company(executives=(executive("1002"),))) is Lamp.DARK
    out = company(executives=(executive("1002", opted_in=False, divert=away),))
    assert [lamp(each, out) for each in ("*39", "*3901711234567")] == [Lamp.DARK, Lamp.DARK]
    assert lamp("*39", company()) is Lamp.DARK


def test_where_somebody_is_logged_in():
    places = {"reception": ("301", "desk-1"), "lab": ("302",)}
    rules = company(workplaces=places, logins={"1001": "lab"})
    found = [lamp(each, rules) is Lamp.LIT for each in ("*40", "*40301", "*40302", "*40303")]
    assert found == [True, False, True, False]
    assert lamp("*40", rules, account="1002-desk") is Lamp.DARK
    assert lamp("*40302", rules, account="1002-desk") is Lamp.DARK


def test_every_code_that_sets_something_has_a_lamp_and_no_other():
    sets = {code for code in READ if not code.value.endswith(("_off", "_logout"))}
    assert set(LAMPS) == sets


def test_the_digits_are_the_domains():
    rules = company(
        config=Settings(DOMAIN, codes={**USUAL, Code.STATUS_DND: "#8"}),
        statuses={"1001": Presence(Status.DND)},
    )
    assert lamp("#8", rules) is Lamp.LIT
    assert lamp("*32", rules) is None


def test_what_has_a_lamp():
    rules = company()
    for watched in ("*30", "*372000", "1002"):
        assert is_lamp(DOMAIN, watched, rules)
    for watched in ("*63", "*99", "+491711234567", "", "1001-desk"):
        assert not is_lamp(DOMAIN, watched, rules)
        assert lamp(watched, rules) is None
    assert not is_lamp("other.test", "*30", rules)
    assert Code.PUSH not in LAMPS


def leg(state, *, inbound=False, device="1002-desk", call="c-9"):
    return Channel("u-1", f"{device}@{DOMAIN}", inbound, state, call=call)


def with_leg(channel):
    return replace(LIVE, channels={channel.uuid: channel})


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (CallState.RINGING, Lamp.BLINKING),
        (CallState.EARLY, Lamp.BLINKING),
        (CallState.ACTIVE, Lamp.LIT),
        (CallState.HELD, Lamp.LIT),
        (CallState.HANGUP, Lamp.DARK),
    ],
)
def test_the_line_of_a_colleague(state, shown):
    assert lamp("1002", live=with_leg(leg(state))) is shown


def test_a_status_is_no_line():
    rules = company(statuses={"1002": Presence(Status.DND)})
    assert lamp("1002", rules) is Lamp.DARK


def test_where_nothing_is_known_nothing_is_shown():
    assert lamp("1002", live=UNKNOWN) is None
    assert lamp("*30", live=UNKNOWN) is Lamp.LIT, "a status needs no switch"
    assert lamp("1099") is None


def test_the_switch_shows_the_line_of_an_account_itself():
    rules = Company((ANNA, BEN), {**ROWS, "1002": [FollowMeRow(sip("1002", "1002"))]})
    assert lamp("1002", rules) is None
    assert not is_lamp(DOMAIN, "1002", rules)
