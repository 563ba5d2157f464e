"""What happens over the event link while phones ring, and what it tells afterwards."""

from __future__ import annotations

import gevent
import pytest

from esl_router.model.people import DeclineScope, FollowMeRow, Origin, User
from esl_router.model.presence import CallForward, Target
from esl_router.model.team import Member, Team
from tests.call.switchside import CALLER, OK, HeardFeed, Switchside, snapshot
from tests.call.test_session import leg_uuids, rung
from tests.company import DOMAIN, Company, mobile, sip


def company(scope):
    anna = User(DOMAIN, "1001", "Anna Adler", ("+493012345101",), decline=scope)
    rows = [
        FollowMeRow(sip("1001-desk")),
        FollowMeRow(sip("1001-home")),
        FollowMeRow(mobile("1001-mobile", "+491711234567")),
    ]
    return Company((anna,), {"1001": rows})


def refused(leg, cause, scope=DeclineScope.AUTO):
    """The other legs that are ended when one ends with ``cause``."""
    feed = HeardFeed()
    side = Switchside(company(scope), feed)
    _, bridge, _ = rung(side)
    uuids = leg_uuids(bridge.arg)
    feed.watches[0].on_end(uuids[leg], cause)
    side.close()
    side.wait()
    return [uuids.index(uuid) for uuid in feed.killed]


def test_one_phone_s_603_ends_the_others_and_the_mobile():
    assert refused(0, "CALL_REJECTED") == [1, 2]


def test_a_busy_phone_ends_nothing_but_itself():
    assert refused(0, "USER_BUSY") == []


def test_for_a_user_whose_phones_reject_with_486_that_ends_all():
    assert refused(1, "USER_BUSY", DeclineScope.USER) == [0, 2]


def test_a_trunk_s_403_ends_nothing():
    assert refused(2, "CALL_REJECTED") == []


def test_a_leg_that_never_rang_is_unreachable_and_one_that_rang_was_not_answered():
    feed = HeardFeed()
    side = Switchside(company(DeclineScope.AUTO), feed)
    _, bridge, _ = rung(side)
    desk, home, mobile_leg = leg_uuids(bridge.arg)
    feed.watches[0].legs[home].ringing = 1.0
    value = "ARRAY::" + "|:".join(f"{uuid};ALLOTTED_TIMEOUT" for uuid in (desk, home, mobile_leg))
    side.say(OK, OK, snapshot(variable_originate_causes=value))
    side.orders(4)
    side.close()
    side.wait()
    results = [leg.result for leg in side.journal[0].attempts[0].legs]
    assert results == ["unreachable", "no_answer", "unreachable"]


def redirected(*, told=None, late=False, complete=True):
    """The legs of the journal after the desk has answered 302, and whom it has named by that."""
    feed = HeardFeed()
    plain = company(DeclineScope.AUTO)
    rows = [FollowMeRow(sip("1001-desk", redirect=True)), FollowMeRow(sip("1001-home"))]
    ben = User(DOMAIN, "1003", "Ben")
    rules = Company(
        (*plain.users, ben), {"1001": rows, "1003": [FollowMeRow(sip("1003-desk", "1003"))]}
    )
    side = Switchside(rules, feed)
    _, bridge, _ = rung(side)
    desk, home = leg_uuids(bridge.arg)
    assert bridge.arg.count("execute_on_originate=verbose_events") == 1
    assert bridge.arg.count("outbound_redirect_fatal=true") == 1
    watch = feed.watches[0]
    watch.complete = complete

    def hear():
        watch.legs[desk].redirect, watch.legs[desk].ended = told, 1.0

    if not late:
        hear()
    value = f"ARRAY::{desk};REQUESTED_CHAN_UNAVAIL|:{home};USER_BUSY"
    side.say(OK, OK, snapshot(variable_originate_causes=value))
    if late:
        with gevent.Timeout(2):
            while watch.on_end is None:
                gevent.idle()
        hear()
        watch.on_end(desk, "REQUESTED_CHAN_UNAVAIL")
    orders = side.orders(2)
    side.close()
    side.wait()
    legs = side.journal[0].attempts[0].legs
    assert [leg.result for leg in legs] == ["redirected", "busy"]
    return [order.arg or "" for order in orders]


def forbidden(code, *, late=False):
    """What the router does after the trunk has refused a forwarded call of an anonymous caller."""
    feed = HeardFeed()
    anna = User(DOMAIN, "1001", "Anna", ("+493012345101",))
    forward = CallForward(Target.parse("external:+491711234567"))
    rules = Company((anna,), {"1001": []}, call_forwards={"1001": {Origin.EXTERNAL: forward}})
    side = Switchside(rules, feed)
    side.order()
    side.say(
        snapshot(
            Caller_Caller_ID_Number="anonymous",
            Caller_Context="public",
            variable_sip_authorized="",
        )
    )
    _, bridge, _ = side.orders(3)
    (leg,) = leg_uuids(bridge.arg)
    watch = feed.watches[0]

    def hear():
        watch.legs[leg].refusal, watch.legs[leg].ended = code, 1.0

    if not late:
        hear()
    side.say(OK, OK, snapshot(variable_originate_causes=f"ARRAY::{leg};CALL_REJECTED"))
    if late:
        with gevent.Timeout(2):
            while watch.on_end is None:
                gevent.idle()
        hear()
        watch.on_end(leg, "CALL_REJECTED")
    orders = side.orders(2)
    side.close()
    side.wait()
    return " ".join(order.arg or "" for order in orders)


@pytest.mark.parametrize("late", [False, True])
def test_a_trunk_that_refuses_an_anonymous_call_is_told_the_user_s_number(late):
    asserted = "sip_h_P-Asserted-Identity=<sip:+493012345101@pbx.test>"
    assert asserted in forbidden(403, late=late)


@pytest.mark.parametrize("code", [0, 603])
def test_with_another_code_it_is_not(code):
    assert "+493012345101" not in forbidden(code)


def test_a_phone_s_302_is_where_the_call_goes_next():
    assert any("1003-desk" in order for order in redirected(told="1003"))


def test_the_event_may_come_after_the_reply():
    assert any("1003-desk" in order for order in redirected(told="1003", late=True))


@pytest.mark.parametrize("told", ["", "1003,[x]", "${1003}", "1" * 50])
def test_what_is_no_number_is_not_looked_at(told):
    assert not any("1003-desk" in order for order in redirected(told=told))


def test_without_a_link_nobody_is_waited_for():
    assert not any("1003-desk" in order for order in redirected(told="", complete=False))


def ringing():
    """A call whose desk, home and mobile ring, and the uuids of these legs."""
    feed = HeardFeed()
    side = Switchside(company(DeclineScope.AUTO), feed)
    _, bridge, _ = rung(side)
    return side, feed, feed.watches[0], leg_uuids(bridge.arg)


def test_who_is_asked_to_press_1_hears_a_notice_when_another_phone_answers():
    side, feed, watch, (desk, home, outside) = ringing()
    watch.on_answer(outside)
    assert len(feed.commands) == 2
    for leg, order in zip((desk, home), feed.commands, strict=True):
        assert order.startswith(f"uuid_setvar {leg} api_on_answer_2 uuid_transfer {outside} m:^:")
        assert order.endswith(" inline")
    side.close()
    side.wait()


def test_the_notice_is_taken_back_when_nobody_is_asked_any_more():
    side, feed, watch, (desk, home, outside) = ringing()
    watch.on_end(outside, "ALLOTTED_TIMEOUT")
    assert feed.commands == [f"uuid_setvar {leg} api_on_answer_2" for leg in (desk, home)]
    side.close()
    side.wait()


def test_a_phone_of_the_user_s_own_that_answers_needs_no_notice():
    side, feed, watch, (desk, _, _) = ringing()
    watch.on_answer(desk)
    watch.on_answer(CALLER)
    assert feed.commands == []
    side.close()
    side.wait()


def answered_by(**answered):
    """Who answered, by the journal, when these legs were heard to answer."""
    side, _, watch, (desk, _home, outside) = ringing()
    for name, uuid in {"desk": desk, "outside": outside, "caller": CALLER}.items():
        watch.legs[uuid].answered = answered.get(name)
    side.close()
    side.wait()
    entry = side.journal[0]
    return entry.result, entry.answered_by


def test_who_did_not_press_1_has_not_answered():
    assert answered_by(outside=1.0) == ("cancelled", None)
    assert answered_by(outside=1.0, desk=2.0, caller=2.0) == ("answered", "1001-desk")


def test_who_pressed_1_has_answered():
    assert answered_by(outside=1.0, caller=2.0) == ("answered", "1001-mobile")


def team_ring(*ends):
    """The devices that a team's ring ends when these refuse: (device, cause)."""
    ben = [FollowMeRow(sip("1002-soft", "1002")), FollowMeRow(sip("1002-cell", "1002"))]
    plain = company(DeclineScope.AUTO)
    hotline = Team(DOMAIN, "1009", "Hotline", members=(Member("1001"), Member("1002")))
    rules = Company(
        (*plain.users, User(DOMAIN, "1002")), {**plain.rows, "1002": ben}, teams=(hotline,)
    )
    feed = HeardFeed()
    side = Switchside(rules, feed)
    _, bridge, _ = rung(side, Caller_Destination_Number="1009", variable_sip_authorized="false")
    names = ["1001-desk", "1001-home", "1002-soft", "1002-cell", "1001-mobile"]
    uuids = dict(zip(leg_uuids(bridge.arg), names, strict=True))
    for device, cause in ends:
        uuid = next(each for each, name in uuids.items() if name == device)
        feed.watches[0].on_end(uuid, cause)
    side.close()
    side.wait()
    return [uuids[uuid] for uuid in feed.killed]


def test_a_member_who_declines_ends_his_own_phones_alone():
    assert team_ring(("1001-desk", "CALL_REJECTED")) == ["1001-home", "1001-mobile"]
    assert team_ring(("1002-cell", "CALL_REJECTED")) == ["1002-soft"]


def test_a_member_s_busy_phone_ends_nobody_else_s():
    assert team_ring(("1002-soft", "USER_BUSY")) == []
