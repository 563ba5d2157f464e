from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.engine import followme, trunk
from esl_router.engine.followme import Skip, Skipped
from esl_router.engine.situation import Redirection
from esl_router.model.actions import Diversion, Leg, Outside
from esl_router.model.live import UNKNOWN, CallState, Channel
from esl_router.model.people import FollowMeRow, Origin, Settings, TollPolicy, User
from esl_router.model.trace import Trace
from tests.company import (
    DOMAIN,
    Company,
    internal_call,
    mobile,
    registered,
    sip,
    situation,
    target,
    trunk_call,
)

ANNA = User(DOMAIN, "1001", "Anna Adler", ("+493012345101",))
MOBILE = "+491711234567"


def plan(rows, live=UNKNOWN, call=None, user=ANNA, config=None, trace=None, **more):
    company = Company((user,), {"1001": rows}, config=config or Settings(DOMAIN))
    return followme.plan(
        user,
        Origin.EXTERNAL,
        situation(call or trunk_call("1001"), company, live, trace=trace),
        **more,
    )


def times(result):
    return [(leg.device, leg.delay, leg.ring) for leg in result.legs]


def reasons(result):
    return {skipped.row.device.name: skipped.reason for skipped in result.skipped}


def test_delay_and_ring_time_count_from_the_device_s_own_start():
    rows = [FollowMeRow(sip("a"), ring=15), FollowMeRow(sip("b"), delay=10, ring=20)]
    result = plan(rows)
    assert times(result) == [("a", 0, 15), ("b", 10, 20)]
    assert [leg.ends for leg in result.legs] == [15, 30]


def test_each_registration_of_a_device_rings():
    live = registered("a", twice=["a"])
    assert plan([FollowMeRow(sip("a"))], live).legs[0].target == target("a", 5070, 5071)


def test_without_a_link_every_phone_is_rung_and_the_trace_says_so():
    trace = Trace()
    assert times(plan([FollowMeRow(sip("a"))], UNKNOWN, trace=trace)) == [("a", 0, 30)]
    assert "as if it were registered" in trace.entries[0].text


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (FollowMeRow(sip("a"), enabled=False), Skip.DISABLED),
        (FollowMeRow(sip("a", dnd=True)), Skip.DND),
        (FollowMeRow(sip("gone")), Skip.UNREGISTERED),
        (FollowMeRow(mobile("m", "+493099887766")), Skip.OWN_DEVICE),
        (FollowMeRow(mobile("m", "+49900123456")), Skip.FORBIDDEN),
        (FollowMeRow(mobile("m", "+493012345101")), Skip.LOOP),
    ],
)
def test_a_row_that_takes_no_part_says_why(row, reason):
    config = Settings(DOMAIN, toll=TollPolicy(deny=("+49900",)))
    result = plan([FollowMeRow(sip("b")), row], registered("a", "b"), config=config)
    assert times(result) == [("b", 0, 30)]
    assert result.skipped == (Skipped(row, reason),)


def test_the_calling_phone_is_never_rung():
    call = internal_call("1001", account="a", number="1001")
    result = plan([FollowMeRow(sip("a")), FollowMeRow(sip("b"))], registered("a", "b"), call)
    assert times(result) == [("b", 0, 30)]
    assert reasons(result) == {"a": Skip.OWN_DEVICE}


def test_the_same_number_rings_once():
    rows = [FollowMeRow(mobile("m1", MOBILE)), FollowMeRow(mobile("m2", MOBILE), delay=5)]
    result = plan(rows)
    assert times(result) == [("m1", 0, 30)]
    assert reasons(result) == {"m2": Skip.DUPLICATE}


def test_only_the_delayed_phone_is_registered_so_it_rings_at_once():
    rows = [FollowMeRow(sip("a")), FollowMeRow(sip("b"), delay=15, ring=20)]
    assert times(plan(rows, registered("b"))) == [("b", 0, 20)]


def test_a_gap_between_two_phones_is_closed():
    rows = [FollowMeRow(sip("a"), ring=5), FollowMeRow(sip("b"), delay=20, ring=20)]
    assert times(plan(rows)) == [("a", 0, 5), ("b", 5, 20)]


def test_a_delay_during_which_somebody_rings_is_kept():
    rows = [FollowMeRow(sip("a"), ring=30), FollowMeRow(sip("b"), delay=20, ring=20)]
    assert times(plan(rows)) == [("a", 0, 30), ("b", 20, 20)]


def test_no_answer_after_ends_the_ringing_earlier():
    rows = [
        FollowMeRow(sip("a"), ring=15),
        FollowMeRow(sip("b"), delay=10, ring=20),
        FollowMeRow(sip("c"), delay=28, ring=20),
    ]
    result = plan(rows, limit=25)
    assert times(result) == [("a", 0, 15), ("b", 10, 15)]
    assert reasons(result) == {"c": Skip.TOO_LATE}


def test_an_outside_leg_carries_who_is_shown_and_who_diverted():
    leg = plan([FollowMeRow(mobile("m", MOBILE), delay=10, ring=25)]).legs[0]
    assert leg.confirm
    assert leg.target == Outside(MOBILE, "sofia/gateway/trunk/{number}", "+493099887766")
    assert leg.diversion == Diversion("+493012345101", "follow-me", 1)


def test_the_phones_of_somebody_a_call_was_forwarded_to_are_told_by_whom():
    by = Diversion("+493012345102", "no-answer", 1)
    rows = [FollowMeRow(sip("a")), FollowMeRow(mobile("m", MOBILE))]
    result = plan(rows, redirection=Redirection(1, by))
    assert result.legs[0].diversion == by
    assert result.legs[1].diversion == Diversion("+493012345101", "follow-me", 2, by)


def test_a_call_redirected_too_often_stays_inside():
    rows = [FollowMeRow(sip("a")), FollowMeRow(mobile("m", MOBILE))]
    result = plan(rows, redirection=Redirection(5))
    assert times(result) == [("a", 0, 30)]
    assert reasons(result) == {"m": Skip.REDIRECTED}


@pytest.mark.parametrize(
    ("mode", "caller", "shown"),
    [
        ("caller", "+493099887766", "+493099887766"),
        ("caller", "1002", "+493012345101"),
        ("user", "+493099887766", "+493012345101"),
        ("fixed:+493012345100", "+493099887766", "+493012345100"),
    ],
)
def test_the_number_shown_outside_follows_the_setting(mode, caller, shown):
    assert shown_outside(mode, trunk_call("1001", caller), caller) == shown


@pytest.mark.parametrize("mode", ["caller", "user", "fixed:+493012345100"])
def test_a_withheld_number_stays_withheld_whatever_the_setting(mode):
    call = trunk_call("1001", "+493099887766")
    withheld = replace(call, caller=replace(call.caller, anonymous=True))
    assert shown_outside(mode, withheld, "+493099887766") is None


def shown_outside(mode, call, number):
    company = Company((ANNA,), config=Settings(DOMAIN, caller_id_out=mode))
    said = situation(call, company)
    said = replace(said, parties=replace(said.parties, number=number))
    return trunk.target("+491711234567", "+493012345101", said).caller_number


LEGS = st.lists(
    st.builds(
        Leg,
        device=st.text(),
        target=st.just(target("a")),
        delay=st.integers(0, 90),
        ring=st.integers(1, 90),
    ),
    max_size=6,
)


@given(LEGS)
def test_no_plan_has_dead_air_and_every_phone_keeps_its_ring_time(legs):
    result = followme.without_gaps(legs)
    assert sorted(leg.ring for leg in result) == sorted(leg.ring for leg in legs)
    for second in range(max((leg.ends for leg in result), default=0)):
        assert any(leg.delay <= second < leg.ends for leg in result)


@given(LEGS)
def test_closing_gaps_never_makes_anybody_later_and_is_done_once(legs):
    result = followme.without_gaps(legs)
    assert followme.without_gaps(result) == result
    for before, after in zip(sorted(legs, key=lambda leg: leg.delay), result, strict=True):
        assert after.delay <= before.delay


def leg(uuid, device, state=CallState.ACTIVE, number=MOBILE, call="c-9", inbound=False):
    owner = f"{device}@{DOMAIN}" if device else None
    return Channel(uuid, owner, inbound, state, number=number, call=call)


def on(*legs, live=None):
    return replace(live or registered("a", "b"), channels={each.uuid: each for each in legs})


def test_a_device_that_talks_is_left_out_where_it_says_so():
    rows = [FollowMeRow(sip("a"), skip_if_busy=True), FollowMeRow(sip("b"))]
    assert reasons(plan(rows, on(leg("x", "a")))) == {"a": Skip.TALKING}
    assert reasons(plan(rows, on(leg("x", "a", CallState.RINGING), leg("y", "b")))) == {}
    assert reasons(plan(rows, replace(on(leg("x", "a")), known=False, channels={}))) == {}
    outside = [FollowMeRow(mobile("m", MOBILE), skip_if_busy=True)]
    assert reasons(plan(outside, on(leg("x", "m")))) == {"m": Skip.TALKING}


def limited(*legs, call=None, **config):
    """Why the mobile is left out while these legs are up, of which there may be two."""
    rows = [FollowMeRow(mobile("m", MOBILE))]
    settings = Settings(DOMAIN, max_parallel_forwards=2, **config)
    return reasons(plan(rows, on(*legs), call, config=settings)).get("m")


@pytest.mark.parametrize("state", [CallState.DIALING, CallState.RINGING, CallState.HELD])
def test_so_many_calls_to_one_number_outside_and_no_more(state):
    one, two = leg("x", "m", state, call="1"), leg("y", MOBILE, state, call="2")
    assert limited(one, two) is Skip.FULL
    assert limited(one) is None
    assert limited(one, leg("z", "other", state, call="1")) is None, "the same call"
    assert limited(one, replace(two, state=CallState.DOWN)) is None
    assert limited(one, replace(two, number="+491719999999")) is None
    assert limited(one, replace(two, inbound=True)) is None
    assert limited(one, replace(two, device=None)) is None, "somebody dialled it"
    assert limited(one, replace(two, device="gw@192.0.2.1")) is None, "somebody dialled it"
    assert limited(one, replace(two, call="c-2")) is None, "it is this call"
    unknown = replace(on(one, two), known=False)
    config = Settings(DOMAIN, max_parallel_forwards=2)
    assert plan([FollowMeRow(mobile("m", MOBILE))], unknown, config=config).legs


@pytest.mark.parametrize(
    ("trunk", "number"),
    [
        ("sofia/external/{number}@192.0.2.1", f"{MOBILE}@192.0.2.1"),
        ("sofia/external/sip:{number}@192.0.2.1:5060", f"sip:{MOBILE}"),
        ("sofia/gateway/trunk/9{number}", f"9{MOBILE}"),
    ],
)
def test_a_number_is_found_again_however_it_is_dialled(trunk, number):
    legs = [leg(uuid, "m", number=number, call=uuid) for uuid in "xy"]
    assert limited(*legs, trunk=trunk) is Skip.FULL
