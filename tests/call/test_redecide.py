from __future__ import annotations

import re

import gevent
import pytest

from esl_router.call import redecide
from esl_router.model.people import FollowMeRow, Settings, User
from esl_router.model.presence import Presence, Status
from esl_router.model.team import Member, Team
from tests.call.switchside import CALLER, OK, HeardFeed, Switchside, snapshot
from tests.call.test_session import causes, leg_uuids, rung
from tests.company import DOMAIN, Company, sip


def company(status=Status.AVAILABLE, redecide=True):
    anna = User(DOMAIN, "1001", "Anna Adler", voicemail=False)
    rows = {"1001": [FollowMeRow(sip("1001-desk"))]}
    config = Settings(DOMAIN, redecide=redecide)
    return Company((anna,), rows, config=config, statuses={"1001": Presence(status)})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(redecide, "EVERY", 0.01)


def soon(question):
    with gevent.Timeout(5):
        while not question():
            gevent.sleep(0.01)


def test_a_status_set_while_the_phone_rings_sends_the_caller_through_again():
    feed = HeardFeed()
    side = Switchside(company(), feed)
    _, bridge, _ = rung(side)
    side.rules.company = company(Status.DND)
    soon(lambda: feed.commands)
    assert feed.commands == [f"uuid_transfer {CALLER} 1001 XML internal"]
    (uuid,) = leg_uuids(bridge.arg)
    cause = f"{uuid};ORIGINATOR_CANCEL".replace(";", "%3B")
    side.say(OK, OK, snapshot(variable_originate_causes=cause, Channel_State_Number="2"))
    assert side.order() is None
    assert side.journal[0].result == "transferred"


def test_it_is_sent_through_once():
    feed = HeardFeed()
    side = Switchside(company(), feed)
    rung(side)
    side.rules.company = company(Status.DND)
    soon(lambda: feed.commands)
    gevent.sleep(0.05)
    assert len(feed.commands) == 1
    side.close()
    side.wait()


@pytest.mark.parametrize("answered", [True, False])
def test_a_call_that_is_answered_is_left_alone(answered):
    feed = HeardFeed()
    side = Switchside(company(redecide=answered), feed)
    _, bridge, _ = rung(side)
    if answered:
        feed.watches[0].legs[leg_uuids(bridge.arg)[0]].answered = 1.0
    side.rules.company = company(Status.DND)
    gevent.sleep(0.05)
    assert feed.commands == []
    side.close()
    side.wait()


@pytest.mark.parametrize("transferred", [True, False])
def test_a_mailbox_that_was_asked_to_press_1_and_is_gone_again_was_no_answer(transferred):
    feed = HeardFeed()
    side = Switchside(company(), feed)
    assert side.order().line == "connect"
    side.say(snapshot(**({"Answer_State": "answered"} if transferred else {})))
    bridge = next(order for order in side.orders(4 if transferred else 3) if order.app == "bridge")
    legs = feed.watches[0].legs
    if transferred:
        legs[CALLER].answered = 0.5
    asked = legs[leg_uuids(bridge.arg)[0]]
    asked.answered = 1.0
    side.rules.company = company(Status.DND)
    gevent.sleep(0.05)
    assert feed.commands == [], "he may be pressing it"
    asked.ended = 9.0
    soon(lambda: feed.commands)
    side.close()
    side.wait()


def test_who_is_connected_stays_so_whatever_became_of_the_legs():
    feed = HeardFeed()
    side = Switchside(company(), feed)
    _, bridge, _ = rung(side)
    legs = feed.watches[0].legs
    leg = legs[leg_uuids(bridge.arg)[0]]
    leg.answered = legs[CALLER].answered = 1.0
    leg.ended = 9.0
    side.rules.company = company(Status.DND)
    gevent.sleep(0.05)
    assert feed.commands == []
    side.close()
    side.wait()


def test_a_broken_store_leaves_it_ringing(caplog):
    feed = HeardFeed()
    side = Switchside(company(), feed)
    rung(side)
    side.rules.broken = True
    soon(lambda: "not decided anew" in caplog.text)
    assert feed.commands == []
    side.close()
    side.wait()


def test_a_call_id_taken_for_a_uuid_reaches_neither_a_command_nor_the_log(caplog):
    feed = HeardFeed()
    side = Switchside(company(), feed)
    rung(side, Unique_ID="x%0Aapi%20fsctl%20shutdown")
    side.rules.company = company(Status.DND)
    soon(lambda: "not decided anew" in caplog.text)
    assert feed.commands == []
    assert not any("decided anew: " in record.getMessage() for record in caplog.records)
    side.close()
    side.wait()


def test_nobody_looks_while_nothing_rings():
    feed = HeardFeed()
    side = Switchside(company(), feed)
    rung(side)
    looking = side.redecider._greenlet
    assert looking is not None
    side.close()
    side.wait()
    looking.join(1)
    assert looking.dead


# -- the caller comes back ------------------------------------------------------------------------


def team(*members):
    config = Settings(DOMAIN, redecide=True)
    names = ("1003", "1004", "1005")
    return Company(
        tuple(User(DOMAIN, name) for name in names),
        {name: [FollowMeRow(sip(f"{name}-desk", name))] for name in names},
        (Team(DOMAIN, "2000", members=tuple(Member(each) for each in members)),),
        config,
    )


TO_TEAM = {"Caller_Destination_Number": "2000"}


def sent_again(clock=lambda: 0.0):
    """A call to a team whose first member declines; then another one logs in, and the caller is
    sent through again. Both sides of the switch, and what the first one has to say yet."""
    feed, redecider = HeardFeed(), redecide.Redecider(clock)
    side = Switchside(team("1003", "1004"), feed, redecider=redecider)
    _, bridge, _ = rung(side, **TO_TEAM)
    side.rules.company = team("1003", "1004", "1005")
    soon(lambda: feed.commands)
    assert feed.commands == [f"uuid_transfer {CALLER} 2000 XML internal"]
    one, other = leg_uuids(bridge.arg)
    ends = causes((one, "CALL_REJECTED"), (other, "ORIGINATOR_CANCEL"))
    return side, ends, redecider


def transferred(side, ends):
    head, _, rest = ends.partition(b"Control: single-channel\n")
    side.say(OK, OK, head + b"Control: single-channel\nChannel-State-Number: 2\n" + rest)
    assert side.order() is None


def devices(bridge):
    return sorted(set(re.findall(r"100\d-desk", bridge.arg)))


def comes_back(redecider, **headers):
    back = Switchside(team("1003", "1004", "1005"), HeardFeed(), redecider=redecider)
    _, bridge, _ = rung(back, **{**TO_TEAM, **headers})
    back.close()
    back.wait()
    return devices(bridge)


def test_who_has_declined_is_not_rung_again_when_the_caller_comes_back():
    side, ends, redecider = sent_again()
    transferred(side, ends)
    assert comes_back(redecider) == ["1004-desk", "1005-desk"]
    # Once: the next time it is a call like any other.
    assert comes_back(redecider) == ["1003-desk", "1004-desk", "1005-desk"]


def test_he_may_be_back_a_moment_before_it_is_known_what_became_of_the_ring():
    side, ends, redecider = sent_again()
    back = Switchside(team("1003", "1004", "1005"), HeardFeed(), redecider=redecider)
    assert back.order().line == "connect"
    back.say(snapshot(**TO_TEAM))
    transferred(side, ends)
    assert devices(back.orders(3)[1]) == ["1004-desk", "1005-desk"]
    back.close()
    back.wait()


ALL = ["1003-desk", "1004-desk", "1005-desk"]


def test_a_router_that_never_hears_what_became_of_it_begins_anew(monkeypatch):
    monkeypatch.setattr(redecide, "HANDED_OVER", 0.01)
    side, _, redecider = sent_again()
    assert comes_back(redecider) == ALL
    side.close()
    side.wait()


@pytest.mark.parametrize(
    "headers",
    [
        {"Unique_ID": CALLER.replace("c0ffee", "c0ffef")},
        {"Caller_Context": "default"},
        {"Core_UUID": "x"},
    ],
)
def test_another_call_is_another_call(headers):
    side, ends, redecider = sent_again()
    transferred(side, ends)
    assert comes_back(redecider, **headers) == ALL


def test_a_caller_whom_somebody_has_sent_elsewhere_since_does_not_come_back():
    side, ends, redecider = sent_again()
    transferred(side, ends)
    back = Switchside(team("1003", "1004", "1005"), HeardFeed(), redecider=redecider)
    _, bridge, _ = rung(back, Caller_Destination_Number="1003")
    assert devices(bridge) == ["1003-desk"]
    back.close()
    back.wait()


def test_who_is_not_back_in_time_is_forgotten():
    now = [0.0]
    side, ends, redecider = sent_again(lambda: now[0])
    transferred(side, ends)
    now[0] = redecide.KEPT + 1
    assert comes_back(redecider) == ALL
    for number in range(3):
        now[0] += redecide.KEPT + 1
        redecider._forget()
        redecider._sent[None, str(number)] = redecide._Sent("1", "internal", now[0])
        assert len(redecider._sent) == 1


def test_a_call_that_somebody_else_transferred_is_not_kept():
    redecider = redecide.Redecider()
    side = Switchside(team("1003", "1004"), HeardFeed(), redecider=redecider)
    _, bridge, _ = rung(side, **TO_TEAM)
    one, other = leg_uuids(bridge.arg)
    transferred(side, causes((one, "CALL_REJECTED"), (other, "ORIGINATOR_CANCEL")))
    assert comes_back(redecider) == ALL


def test_the_caller_who_has_heard_an_announcement_is_played_the_ringing_tone():
    side = Switchside(company(), HeardFeed())
    assert side.order().line == "connect"
    side.say(snapshot(Answer_State="early"))
    orders = [side.order() for _ in range(4)]
    assert orders[1].arg.startswith("ringback=")
    assert orders[2].app == "bridge"
    side.close()
    side.wait()
