"""What the session's tests leave out: a refusal that the switch cannot enforce by itself."""

from __future__ import annotations

from esl_router.model.people import DeclineScope, FollowMeRow, User
from tests.call.switchside import OK, HeardFeed, Switchside, snapshot
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
