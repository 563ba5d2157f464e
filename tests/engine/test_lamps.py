"""What lamps show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from esl_router.engine.lamps import LAMPS, is_lamp, show
from esl_router.model.codes import USUAL, Code
from esl_router.model.executive import Assistant, Executive
from esl_router.model.live import UNKNOWN, CallState, Channel, Lamp
from esl_router.model.people import FollowMeRow, Settings, User
from esl_router.model.presence import OutsideHours, Presence, Profile, Status
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
