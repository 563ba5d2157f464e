"""Who watches what, and what he was shown."""

from __future__ import annotations

from dataclasses import replace

from esl_router.lamps.board import MAX_EACH, Board, Phone
from esl_router.lamps.subscription import Subscription
from esl_router.model.live import Lamp

ONE = Subscription("a@1", "pbx.test", "1001-desk", "*30", "code", 400.0, "fs:8021")
TWO = replace(ONE, call_id="a@2", watched="*31")
OTHER = replace(ONE, call_id="b@1", account="1002-desk")
PHONE = Phone("fs:8021", "pbx.test", "1001-desk")
LAMPS = {"*30": Lamp.LIT, "*31": Lamp.DARK}


def board(*subscriptions):
    made = Board()
    for each in subscriptions:
        made.add(each)
    return made


def test_what_a_phone_watches():
    made = board(ONE, TWO, OTHER)
    assert len(made) == 3
    assert made.watched(PHONE) == {"*30", "*31"}
    assert set(made.phones()) == {PHONE, PHONE._replace(account="1002-desk")}
    assert made.phone_of("b@1") == PHONE._replace(account="1002-desk")
    assert set(made.watching("fs:8021", "pbx.test", "*30")) == {"a@1", "b@1"}
    assert made.watching("another:8021", "pbx.test", "*30") == ()
    assert made.all_of("another:8021") == ()


def test_only_what_it_is_not_shown_already_is_news():
    made = board(ONE, TWO)
    assert made.news(PHONE, LAMPS) == ((ONE, Lamp.LIT), (TWO, Lamp.DARK))
    made.show(ONE, Lamp.LIT)
    assert made.news(PHONE, LAMPS) == ((TWO, Lamp.DARK),)
    assert made.news(PHONE, {"*30": Lamp.DARK}) == ((ONE, Lamp.DARK),)
    made.forget_shown(["a@1"])
    assert (ONE, Lamp.LIT) in made.news(PHONE, LAMPS)
    assert made.news(PHONE._replace(account="nobody"), LAMPS) == ()


def test_who_subscribes_again_wants_to_hear_it_again():
    made = board(ONE)
    made.show(ONE, Lamp.LIT)
    made.add(replace(ONE, expires=700.0))
    assert len(made) == 1
    assert made.expire(500.0) == ()
    assert len(made.news(PHONE, LAMPS)) == 1


def test_a_call_id_has_one_subscription():
    made = board(ONE, replace(ONE, account="1002-desk"))
    assert made.watched(PHONE) == frozenset()
    assert made.phones() == (PHONE._replace(account="1002-desk"),)


def test_what_has_expired_and_what_is_ended_is_gone():
    made = board(ONE, replace(TWO, expires=300.0))
    assert made.expire(300.0) == ("a@2",)
    assert made.watched(PHONE) == {"*30"}
    assert made.remove("a@1")
    assert not made.remove("a@1")
    assert made.phones() == ()
    made.show(ONE, Lamp.LIT)
    made.add(ONE)
    assert made.news(PHONE, LAMPS), "it was gone when it was told"


def test_one_account_cannot_watch_without_end():
    made = board(*(replace(ONE, call_id=f"a@{number}") for number in range(MAX_EACH)))
    made.add(OTHER)
    assert made.add(replace(ONE, call_id="one more")) == "a@0"
    assert len(made.all_of("fs:8021")) == MAX_EACH + 1
    assert made.add(replace(ONE, call_id="one more")) is None, "it is known already"
