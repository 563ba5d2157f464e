"""What the switch tells of a SUBSCRIBE, and the event that makes it send a NOTIFY."""

from __future__ import annotations

import pytest

from esl_router.errors import Untrusted
from esl_router.lamps.subscription import Subscription, notice, read
from esl_router.model.live import Lamp
from tests.lamps.samples import PROBE, PROBES, probe

WANTED = Subscription(
    "key00001@phone", "pbx.test", "1001-desk", "*30", "code", 1300.0, "127.0.0.1:8021"
)


def test_a_probe_of_the_switch():
    said = read(PROBE, "127.0.0.1:8021", 1000.0)
    assert (said.subscription, said.ends, said.host) == (WANTED, False, "pbx.test")
    assert not said.darkens_others


def test_every_subscription_of_the_capture():
    found = [read(each, "fs", 1000.0) for each in PROBES]
    assert [
        (each.subscription.watched, each.subscription.protocol, each.darkens_others, each.ends)
        for each in found
    ] == [
        ("*30", "code", False, False),
        ("*31", "code", False, False),
        ("1002", "sip", False, False),
        ("1002", "sip", True, False),
        ("1002", "sip", True, True),
    ]


def test_the_end_of_a_subscription():
    assert read(probe(expires="0"), "fs", 1000.0).ends


def test_without_the_presence_map_it_is_the_switchs_own():
    plain = {"proto": "sip", "to": "*30@pbx.test", "probe-type": "dialog"}
    said = read(probe(**plain), "fs", 1000.0)
    assert (said.subscription.watched, said.subscription.protocol) == ("*30", "sip")
    assert not said.darkens_others, "the switch answers this subscription alone"
    presence = {"proto": "sip", "to": "*30@pbx.test", "proto-specific-event-name": None}
    assert read(probe(**presence), "fs", 1000.0).darkens_others


@pytest.mark.parametrize(
    "headers",
    [
        {"to": None}, {"to": ""}, {"to": "code+*30"}, {"to": "code+@pbx.test"},
        {"to": "code+*30@pbx.test\nx: y"}, {"to": "code+*30@pbx test"},
        {"to": "code+*30\n@pbx.test"}, {"to": "code+*30'or'@pbx.test"},
        {"to": "code+voicemail@pbx.test"}, {"to": "other+*30@pbx.test"},
        {"from": None}, {"from": "@pbx.test"}, {"from": "1001 desk@pbx.test"},
        {"from": "1001-desk\nunload mod_event_socket@pbx.test"}, {"from": "${system(id)}@pbx.test"},
        {"sub-call-id": None}, {"sub-call-id": ""}, {"sub-call-id": "a\nanswer-state: early"},
        {"sub-call-id": "a b"}, {"sub-call-id": "x" * 201}, {"sub-call-id": "ü"},
        {"expires": None}, {"expires": "-1"}, {"expires": "soon"}, {"expires": "9" * 10},
        {"proto": None}, {"proto": "co de"}, {"proto-specific-event-name": "message-summary"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_subscription_of_ours(headers):
    assert read(probe(**headers), "fs", 1000.0) is None


def lines(order):
    first, *rest = order.decode().rstrip("\n").split("\n")
    return first, dict(line.split(": ", 1) for line in rest)


@pytest.mark.parametrize(
    ("lamp", "state", "note"),
    [
        (Lamp.DARK, "terminated", "Available"),
        (Lamp.LIT, "confirmed", "Busy"),
        (Lamp.BLINKING, "early", "Ringing"),
    ],
)
def test_a_notice_is_for_one_subscription(lamp, state, note):
    first, headers = lines(notice(WANTED, lamp))
    assert first == "sendevent PRESENCE_IN"
    assert headers["call-id"] == "key00001@phone"
    assert headers["proto"] == "code"
    assert (headers["answer-state"], headers["force-status"]) == (state, note)
    assert headers["from"] == "lamp@pbx.test"


def test_a_lamp_is_one_dialog_that_comes_and_goes():
    lit, dark = (lines(notice(WANTED, lamp))[1]["unique-id"] for lamp in (Lamp.LIT, Lamp.DARK))
    assert lit == dark
    assert "-" not in lit, "no leg has such an id"


def test_what_would_unload_the_event_socket_goes_into_no_order():
    from dataclasses import replace

    with pytest.raises(Untrusted):
        notice(replace(WANTED, call_id="unload-mod_event_socket"), Lamp.LIT)
