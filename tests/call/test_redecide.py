from __future__ import annotations

import gevent
import pytest

from esl_router.call import redecide
from esl_router.model.people import FollowMeRow, Settings, User
from esl_router.model.presence import Presence, Status
from tests.call.switchside import CALLER, OK, HeardFeed, Switchside, snapshot
from tests.call.test_session import leg_uuids, rung
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
