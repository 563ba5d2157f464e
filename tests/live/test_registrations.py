from __future__ import annotations

import json

import pytest

from esl_router.live.registrations import GRACE, Registrations, dial_url
from tests.live import samples

NAT = "sofia/internal/sip:1002@192.168.7.7:5066;line=abc;fs_nat=yes;fs_path="
PHONE = "<sip:1001@192.0.2.7:5060>"
URL = "sofia/internal/sip:1001@192.0.2.7:5060"


@pytest.mark.parametrize(
    ("contact", "url"),
    [
        (PHONE, URL),
        ("sip:1001@192.0.2.7:5060", URL),
        ('"" <sip:1001@192.0.2.7:5060>', URL),
        ('"Desk, <1>" <sip:1001@192.0.2.7:5060>', URL),
        ("<SIP:1001@192.0.2.7:5060>", URL),
        ("<sip:1001@[2001:db8::7]:5060>", "sofia/internal/sip:1001@[2001:db8::7]:5060"),
        ("<sips:1001@192.0.2.7;transport=tls>", "sofia/internal/sips:1001@192.0.2.7;transport=tls"),
        # The event has the escapes of fs_path undone; the switch dials them.
        (
            "<sip:1002@192.168.7.7:5066;line=abc;fs_nat=yes;"
            "fs_path=sip:1002@192.0.2.9:7003;line=abc>",
            NAT + "sip%3A1002%40192.0.2.9%3A7003%3Bline%3Dabc",
        ),
        (
            "<sip:a@b;fs_path=<sip:p@[::1];lr>>",
            "sofia/internal/sip:a@b;fs_path=%3Csip%3Ap%40%5B%3A%3A1%5D%3Blr%3E",
        ),
        ("<sip:a@b;fs_path=sip%3Ap%40q>", "sofia/internal/sip:a@b;fs_path=sip%3Ap%40q"),
        # No URI, or more than one could hold.
        ("", None),
        ("*", None),
        ("<tel:1001>", None),
        ("<sip:1001@192.0.2.7", None),
        ("<sip:10 01@192.0.2.7>", None),
        ("<sip:1001@192.0.2.7\r\nX: y>", None),
        ("<sip:1001@192.0.2.7|sofia/gateway/trunk/900>", None),
        ("<sip:${system(id)}@192.0.2.7>", None),
    ],
)
def test_dial_url(contact, url):
    assert dial_url("internal", contact) == url


@pytest.mark.parametrize("profile", ["", "a b", "x|y", "{a=b}"])
def test_dial_url_needs_a_profile(profile):
    assert dial_url(profile, PHONE) is None


def test_events_and_table_of_the_switch_name_the_same_urls():
    """What the events say is letter for letter what the switch's own table says."""
    heard = Registrations()
    events = samples.events()
    for name in ("register", "register-second", "register-behind-nat", "register-fourth"):
        assert heard.register(events[name], 0, 1000.0)
    read = Registrations()
    rows = json.loads(samples.table("show-registrations"))["rows"]
    assert read.reconcile(rows, 0.0, 1000.0, 0.0) == 0
    urls = [{k: {c.url for c in v} for k, v in r.contacts.items()} for r in (heard, read)]
    assert urls[0] == urls[1]
    assert len(urls[0]["1001@pbx.test"]) == len(urls[0]["1002@pbx.test"]) == 2


def contacts(registrations):
    return [contact.url for contact in registrations.contacts.get("1001@pbx.test", ())]


def test_several_phones_of_one_account_oldest_first():
    known = Registrations()
    known.register(samples.register("1001", "a", "<sip:a@h>"), 1, 10.0)
    known.register(samples.register("1001", "b", "<sip:b@h>"), 2, 20.0)
    known.register(samples.register("1001", "a", "<sip:a@h>"), 3, 30.0)
    assert contacts(known) == ["sofia/internal/sip:a@h", "sofia/internal/sip:b@h"]
    assert [c.registered for c in known.contacts["1001@pbx.test"]] == [10.0, 20.0]
    assert [c.expires for c in known.contacts["1001@pbx.test"]] == [150.0, 140.0]


def test_the_host_is_not_case_sensitive():
    known = Registrations()
    known.register(samples.register("1001", "a", PHONE) | {"from-host": "PBX.test"}, 1, 10.0)
    assert contacts(known) == [URL]


def test_a_phone_that_changed_its_address_is_one_phone():
    known = Registrations()
    known.register(samples.register("1001", "a", "<sip:a@h:1>"), 1, 10.0)
    known.register(samples.register("1001", "a", "<sip:a@h:2>"), 2, 20.0)
    assert contacts(known) == ["sofia/internal/sip:a@h:2"]


def test_a_row_that_was_replaced_before_anybody_listened_does_not_come_back():
    known = Registrations()
    known.register(samples.register("1001", "a", "<sip:a@h:1>"), 1, 10.0)
    known.register(samples.register("1001", "a", "<sip:a@h:2>"), 2, 10.5)
    old = "sofia/internal/sip:a@h:1"
    known.reconcile([row("before", old)], 5.0, 11.0, 0.0)
    assert contacts(known) == ["sofia/internal/sip:a@h:2"]
    known.reconcile([row("a", old), row("b", old + "1")], 20.0, 25.0, 0.0)
    assert contacts(known) == [old, old + "1"]


def test_a_phone_that_restarted_is_one_phone():
    """It has a new Call-ID and its old address; nor does a late table bring the old row back."""
    known = Registrations()
    known.register(samples.register("1001", "a", PHONE), 1, 10.0)
    known.register(samples.register("1001", "b", PHONE), 2, 20.0)
    assert contacts(known) == [URL]
    known.reconcile([row("a", URL, "200")], 15.0, 20.0, 0.0)
    assert contacts(known) == [URL]
    known.unregister(samples.unregister("1001", "b", PHONE), 3, 21.0)
    assert contacts(known) == []


@pytest.mark.parametrize("end", [samples.unregister, samples.expire])
def test_the_end_of_one_registration_leaves_the_other(end):
    known = Registrations()
    known.register(samples.register("1001", "a", "<sip:a@h>"), 1, 10.0)
    known.register(samples.register("1001", "b", "<sip:b@h>"), 2, 20.0)
    event = end("1001", "a", "<sip:a@h>")
    assert (known.expire if end is samples.expire else known.unregister)(event, 3, 30.0)
    assert contacts(known) == ["sofia/internal/sip:b@h"]
    assert len(known) == 1


def test_signing_off_everything_comes_without_a_contact():
    """``Contact: *``: the switch writes ``sip:(null)@(null)``, the Call-ID tells."""
    events = samples.events()
    known = Registrations()
    known.register(events["register-behind-nat"], 1, 10.0)
    known.register(events["register-fourth"], 2, 10.0)
    assert known.unregister(events["unregister-star"], 3, 11.0)
    (left,) = known.contacts["1002@pbx.test"]
    assert left.url.startswith(NAT)


def test_a_lost_connection_comes_without_a_contact():
    known = Registrations()
    known.register(samples.register("1001", "a", PHONE), 1, 10.0)
    event = {"from-user": "1001", "from-host": "pbx.test", "call-id": "a"}
    assert known.unregister(event, 2, 11.0)
    assert contacts(known) == []


def row(token, url=URL, expires="200", **more):
    base = {"reg_user": "1001", "realm": "pbx.test", "token": token, "url": url}
    return base | {"expires": expires} | more


def test_signed_off_under_another_call_id_stays_signed_off():
    """The switch's table keeps the row until it expires, though it no longer rings the phone."""
    known = Registrations()
    known.register(samples.register("1001", "a", PHONE), 1, 10.0)
    known.unregister(samples.unregister("1001", "b", PHONE), 2, 20.0)
    assert contacts(known) == []
    known.reconcile([row("a")], 100.0, 105.0, 0.0)
    assert contacts(known) == []
    known.register(samples.register("1001", "a", PHONE), 3, 110.0)
    assert contacts(known) == [URL]


def test_overtaken_events_are_passed_over():
    known = Registrations()
    known.unregister(samples.unregister("1001", "a", PHONE), 9, 10.0)
    assert known.register(samples.register("1001", "a", PHONE), 8, 10.0)
    assert contacts(known) == []
    known.register(samples.register("1001", "a", PHONE), 10, 11.0)
    assert known.expire(samples.expire("1001", "a", PHONE), 9, 12.0)
    assert contacts(known) == [URL]


def test_expired_registrations_do_not_count():
    known = Registrations()
    known.register(samples.register("1001", "a", "<sip:a@h>", "100"), 1, 0.0)
    known.register(samples.register("1001", "b", "<sip:b@h>", "200"), 2, 0.0)
    known.sweep(100.0 + GRACE)
    assert len(contacts(known)) == 2
    known.sweep(100.1 + GRACE)
    assert contacts(known) == ["sofia/internal/sip:b@h"]
    known.sweep(200.1 + GRACE)
    assert known.contacts == {}
    assert len(known) == 0


def test_a_row_without_end_never_expires():
    known = Registrations()
    known.reconcile([row("a", expires="0")], 0.0, 10.0, 0.0)
    known.sweep(1e12, force=True)
    assert contacts(known) == [URL]


def test_expiries_are_by_the_clock_of_the_switch():
    known = Registrations()
    known.reconcile([row("a", expires="100200")], 0.0, 10.0, 100000.0)
    assert known.contacts["1001@pbx.test"][0].expires == 200.0


def test_the_table_sets_right_what_events_could_not_say():
    """A contact with an escape of its own comes with the escape undone."""
    known = Registrations()
    known.register(samples.register("1001", "a", "<sip:x@y@h>"), 1, 10.0)
    real = "sofia/internal/sip:x%40y@h"
    known.reconcile([row("a", real)], 5.0, 10.0, 0.0)
    assert contacts(known) == [real]
    known.register(samples.register("1001", "a", "<sip:x@y@h>"), 2, 70.0)
    assert contacts(known) == [real]


@pytest.mark.parametrize(
    "change",
    [
        {"from-user": ""},
        {"from-host": ""},
        {"call-id": ""},
        {"contact": "nonsense"},
        {"expires": "soon"},
        {"expires": "-1"},
        {"expires": "9" * 400},
        {"profile-name": ""},
    ],
)
def test_a_broken_event_changes_nothing(change):
    known = Registrations()
    assert not known.register(samples.register("1001", "a", PHONE) | change, 1, 10.0)
    assert known.contacts == {}


@pytest.mark.parametrize(
    "change",
    [
        {"reg_user": 5},
        {"realm": None},
        {"token": []},
        {"url": "a b"},
        {"expires": "x"},
        {"expires": 12},
        {"expires": "9" * 400},
    ],
)
def test_a_broken_row_is_passed_over(change):
    known = Registrations()
    assert known.reconcile([row("a"), row("b") | change], 0.0, 10.0, 0.0) == 1
    assert contacts(known) == [URL]


def test_nothing_is_kept_of_phones_that_left():
    known = Registrations()
    for number in range(50):
        known.register(samples.register("1001", str(number), f"<sip:{number}@h>"), 1, 10.0)
        known.unregister(samples.unregister("1001", str(number), f"<sip:{number}@h>"), 1, 11.0)
    known.reconcile([], 20.0, 25.0, 0.0)
    assert (known.contacts, known._rows, known._gone, known._claims) == ({}, {}, {}, {})


def test_a_row_moves_the_expiry():
    known = Registrations()
    ends = []
    for now, expires in ((10.0, "200"), (70.0, "320"), (130.0, "0"), (190.0, "400")):
        known.reconcile([row("a", expires=expires)], now, now, 0.0)
        ends.append(known.contacts["1001@pbx.test"][0].expires)
    assert ends == [200.0, 320.0, None, 400.0]


def test_whoever_waits_for_an_account_hears_when_it_registers():
    registrations, heard = Registrations(), []
    forget = registrations.on_registration("1001@pbx.test", lambda: heard.append("first"))
    registrations.on_registration("1001@pbx.test", lambda: heard.append("second"))
    registrations.on_registration("1002@pbx.test", lambda: heard.append("another"))
    event = {"from-user": "1001", "from-host": "PBX.test", "call-id": "c", "contact": PHONE}
    event |= {"profile-name": "internal", "expires": "60"}
    assert registrations.register(event, 1, 100.0)
    assert heard == ["first", "second"]
    forget()
    forget()
    assert registrations.unregister(event, 2, 101.0)
    assert heard == ["first", "second"], "nobody is there any more"
    assert registrations.register(event, 3, 102.0)
    assert heard == ["first", "second", "second"]
