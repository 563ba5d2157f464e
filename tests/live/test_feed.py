from __future__ import annotations

import json
import socket
from contextlib import suppress

import gevent
import pytest
from gevent.event import Event as Flag
from gevent.server import StreamServer

from esl_router.errors import Untrusted
from esl_router.live import feed as live_feed
from esl_router.live.feed import Address, Feed, Timing
from esl_router.model.live import UNKNOWN
from tests.live import samples

CORE = "d865976e-273f-4387-9b58-5c312cd04e4c"
PASSWORD = "between us"
QUICK = Timing(resync=60.0, silence=60.0, retry=0.01, retry_limit=0.02, refused=60.0)
PHONE = "1001@pbx.test"


def until(condition):
    """Let the others run until this holds; the test's own time limit is the other end."""
    with gevent.Timeout(10):
        while not condition():
            Flag().wait(0.002)


class FakeSwitch:
    """An event socket as FreeSWITCH has it, on a real port."""

    def __init__(self):
        self.core = CORE
        self.registrations = []
        self.channels = []
        self.asked = []
        self.logins = 0
        self.connections = []
        self.silent = set()
        self.broken = {}
        self.during = {}
        self.server = StreamServer(("127.0.0.1", 0), self.serve)
        self.server.start()

    @property
    def address(self):
        return Address("127.0.0.1", self.server.server_port, PASSWORD)

    def stop(self):
        self.drop()
        self.server.stop()

    def drop(self):
        for sock in self.connections:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    def send(self, event):
        body = "".join(f"{name}: {value}\n" for name, value in event.items()).encode() + b"\n"
        head = b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(body)
        for sock in self.connections:
            sock.sendall(head + body)

    def serve(self, sock, _):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(b"Content-Type: auth/request\n\n")
        lines = sock.makefile("rb")
        try:
            self.talk(sock, lines)
        except OSError:
            pass
        finally:
            if sock in self.connections:
                self.connections.remove(sock)
            sock.close()

    def talk(self, sock, lines):
        while command := lines.readline():
            lines.readline()
            word, _, rest = command.decode().strip().partition(" ")
            if word == "auth":
                self.logins += 1
                if rest != PASSWORD:
                    sock.sendall(b"Content-Type: command/reply\nReply-Text: -ERR invalid\n\n")
                    return
                self.connections.append(sock)
                sock.sendall(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
                continue
            self.asked.append(command.decode().strip())
            if word == "event":
                sock.sendall(b"Content-Type: command/reply\nReply-Text: +OK event listener\n\n")
            elif rest not in self.silent:
                if rest in self.during:
                    self.send(self.during.pop(rest))
                body = self.broken.get(rest, self.answer(rest))
                head = b"Content-Type: api/response\nContent-Length: %d\n\n" % len(body)
                sock.sendall(head + body)

    def answer(self, command):
        match command:
            case "global_getvar core_uuid":
                return self.core.encode()
            case "strepoch":
                return b"1000"
            case "show channels as json":
                return table(self.channels)
            case "show registrations as json":
                return table(self.registrations)
        return b"-ERR %b Command not found!\n" % command.encode()


def table(rows):
    return json.dumps({"row_count": len(rows)} | ({"rows": rows} if rows else {})).encode()


def registration(token="a", host="192.0.2.7"):
    url = f"sofia/internal/sip:1001@{host}"
    row = {"reg_user": "1001", "realm": "pbx.test", "token": token, "url": url}
    return row | {"expires": "4600"}


@pytest.fixture
def switch():
    fake = FakeSwitch()
    yield fake
    fake.stop()


@pytest.fixture
def connect(switch):
    feeds = []

    def start(*addresses, timing=QUICK):
        feed = Feed(addresses or [switch.address], timing=timing, clock=lambda: 1000.0)
        feed.start()
        feeds.append(feed)
        return feed

    yield start
    for feed in feeds:
        feed.stop()


def phones(feed, core=CORE):
    return sorted(c.url for c in feed.view(core, 1000.0).contacts("pbx.test", "1001") or ())


def test_subscribes_before_it_reads_the_tables(switch, connect):
    switch.registrations = [registration()]
    feed = connect()
    assert feed.view(CORE, 1000.0).known is False
    assert feed.wait(5)
    assert phones(feed) == ["sofia/internal/sip:1001@192.0.2.7"]
    assert switch.asked == [
        "api global_getvar core_uuid",
        "event plain CHANNEL_CALLSTATE HEARTBEAT CUSTOM "
        "sofia::register sofia::unregister sofia::expire vm::maintenance",
        "api strepoch",
        "api show channels as json",
        "api show registrations as json",
    ]
    (status,) = feed.status()
    assert (status.linked, status.core_uuid, status.resyncs, status.error) == (True, CORE, 1, "")
    assert (status.channels, status.registrations, status.since) == (0, 1, 1000.0)
    assert status.address == str(switch.address)


def test_what_happens_while_the_tables_are_read_is_not_lost(switch, connect):
    switch.registrations = [registration("a", "192.0.2.7")]
    switch.during["show channels as json"] = samples.unregister("1001", "a", "<sip:1001@192.0.2.7>")
    switch.during["show registrations as json"] = samples.register(
        "1001", "b", "<sip:1001@192.0.2.8>"
    )
    feed = connect()
    assert feed.wait(5)
    assert phones(feed) == ["sofia/internal/sip:1001@192.0.2.8"]


def test_follows_the_events(switch, connect):
    feed = connect()
    assert feed.wait(5)
    with feed.watch(["u"], CORE) as watch:
        switch.send(samples.callstate("u", "RINGING"))
        switch.send({"Event-Name": "CHANNEL_CALLSTATE", "Unique-ID": "?"})
        switch.send(samples.callstate("v", "ACTIVE"))
        until(lambda: "v" in feed.view(CORE, 1000.0).channels)
        assert watch.rang("u")
    (status,) = feed.status()
    assert (status.channels, status.events, status.odd, status.watched) == (2, 3, 1, 0)


def test_a_view_knows_what_has_come_although_events_gather(switch, connect):
    feed = connect()
    assert feed.wait(5)
    switch.send(samples.callstate("u", "RINGING"))
    until(lambda: feed.status()[0].events == 1)
    switch.send(samples.callstate("v", "RINGING"))
    gevent.sleep(0.01)
    assert feed.status()[0].events == 1
    assert set(feed.view(CORE, 1000.0).channels) == {"u", "v"}


def test_what_has_to_be_acted_on_is_heard_at_once(switch, connect):
    feed = connect()
    assert feed.wait(5)
    rang = []
    with feed.watch(["v"], CORE) as watch:
        watch.on_ring = rang.append
        switch.send(samples.callstate("u", "RINGING"))
        until(lambda: feed.status()[0].events == 1)
        watch.attend()
        switch.send(samples.callstate("v", "RINGING"))
        gevent.sleep(0.01)
        assert rang == ["v"]


def test_a_lost_link_is_made_again_and_resynced(switch, connect):
    switch.registrations = [registration("a"), registration("b", "192.0.2.8")]
    switch.channels = []
    feed = connect()
    assert feed.wait(5)
    watch = feed.watch(["u"], CORE)
    assert watch.rang("u") is False
    switch.silent.add("show channels as json")  # the next link comes up, but has no picture yet
    switch.drop()
    until(lambda: not feed.view(CORE, 1000.0).known)
    assert feed.view(CORE, 1010.0).age == 10.0
    assert watch.rang("u") is None
    watch.close()
    until(lambda: switch.asked.count("api show channels as json") == 2)
    assert not feed.view(CORE, 1000.0).known
    assert "closed by the other side" in feed.status()[0].error
    switch.silent.clear()
    switch.registrations = [registration("c", "192.0.2.9")]
    switch.drop()
    until(lambda: feed.view(CORE, 1000.0).known)
    assert feed.status()[0].error == ""
    # Rows, not events, made the first picture: the new one replaces it at once.
    assert phones(feed) == ["sofia/internal/sip:1001@192.0.2.9"]


def test_a_switch_that_restarted(switch, connect):
    feed = connect()
    assert feed.wait(5)
    switch.send(samples.callstate("u", "ACTIVE"))
    until(lambda: feed.view(CORE, 1000.0).channels)
    switch.core = "another"
    switch.drop()
    until(lambda: feed.view("another", 1000.0).known)
    assert not feed.view("another", 1000.0).channels
    assert feed.view(CORE, 1000.0) is UNKNOWN


def test_reconciles_now_and_then(switch, connect, monkeypatch):
    monkeypatch.setattr(live_feed, "SETTLE", 0.0)
    feed = connect(timing=Timing(resync=0.01))
    assert feed.wait(5)
    switch.registrations = [registration()]
    until(lambda: phones(feed))
    switch.registrations = []
    until(lambda: not phones(feed))
    assert switch.logins == 1


def test_a_silent_link_is_dead(switch, connect, caplog):
    feed = connect(timing=Timing(silence=0.05, retry=0.01))
    assert feed.wait(5)
    until(lambda: switch.logins >= 2)
    assert any("silent for" in record.message for record in caplog.records)


@pytest.mark.parametrize("command", ["show channels as json", "show registrations as json"])
def test_a_table_that_cannot_be_read_is_no_picture(switch, connect, command):
    switch.broken[command] = b"-ERR SQL error [database is locked]"
    feed = connect()
    assert not feed.wait(5)
    assert not feed.view(CORE, 1000.0).known
    assert "database is locked" in feed.status()[0].error
    switch.broken.clear()


def test_without_the_clock_command_the_clocks_are_taken_to_agree(switch, connect):
    switch.broken["strepoch"] = b"-ERR strepoch Command not found!\n"
    switch.registrations = [registration()]
    feed = connect()
    assert feed.wait(5)
    assert phones(feed)


def test_a_wrong_password_is_said_once_and_tried_slowly(switch, connect, caplog):
    address = Address("127.0.0.1", switch.server.server_port, "guess")
    feed = connect(address)
    assert not feed.wait(5)
    until(lambda: switch.logins == 2)
    assert "does not accept the password" in feed.status()[0].error
    # The second refusal has put it to sleep for a minute: no third one comes.
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.2):
        until(lambda: switch.logins > 2)
    said = [record for record in caplog.records if "password" in record.message]
    assert len(said) == 1
    assert "guess" not in caplog.text
    assert "guess" not in repr(address)


def test_a_password_that_cannot_be_sent(switch, connect):
    feed = connect(Address("127.0.0.1", switch.server.server_port, "a\n\napi status"))
    assert not feed.wait(5)
    assert feed.status()[0].error
    assert switch.logins == 0


def test_nobody_there(switch, connect):
    address = switch.address
    switch.stop()
    feed = connect(address)
    assert not feed.wait(5)
    assert "cannot be reached" in feed.status()[0].error
    assert feed.view(CORE, 1000.0).known is False
    assert feed.watch(["u"]).rang("u") is None


def test_each_call_gets_the_picture_of_its_own_switch(switch, connect):
    other = FakeSwitch()
    other.core = "other"
    try:
        switch.registrations = [registration("a", "192.0.2.7")]
        other.registrations = [registration("a", "192.0.2.8")]
        feed = connect(switch.address, other.address)
        assert feed.wait(5)
        assert phones(feed) == ["sofia/internal/sip:1001@192.0.2.7"]
        assert phones(feed, "other") == ["sofia/internal/sip:1001@192.0.2.8"]
        assert feed.view(None, 1000.0) is UNKNOWN
        assert feed.view("third", 1000.0) is UNKNOWN
        with feed.watch(["u"], "other") as watch, feed.watch(["u"], "third") as blind:
            other.send(samples.callstate("u", "RINGING"))
            until(lambda: watch.rang("u"))
            assert blind.rang("u") is None
    finally:
        other.stop()


def test_a_single_link_is_for_a_call_that_does_not_name_its_switch(switch, connect):
    switch.registrations = [registration()]
    feed = connect()
    assert feed.wait(5)
    assert feed.view(None, 1000.0).known
    assert feed.view("another switch", 1000.0) is UNKNOWN


def test_kills_legs_that_ring_and_none_that_talk(switch, connect):
    rings, talks, waits = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "123")
    feed = connect()
    assert feed.wait(5)
    switch.send(samples.callstate(rings, "RINGING"))
    switch.send(samples.callstate(talks, "ACTIVE"))
    until(lambda: len(feed.view(CORE, 1000.0).channels) == 2)
    feed.kill([rings, talks, waits], CORE)
    until(lambda: switch.asked[-1] == f"api uuid_kill {waits} LOSE_RACE")
    assert switch.asked[-2] == f"api uuid_kill {rings} LOSE_RACE"
    with pytest.raises(Untrusted):
        feed.kill(["x\n\napi fsctl shutdown"], CORE)
    asked = len(switch.asked)
    feed.kill([rings], "another switch")
    feed.stop()
    feed.kill([rings], CORE)
    until(lambda: not switch.connections)
    assert len(switch.asked) == asked


def test_without_switches_nothing_is_known():
    feed = Feed([])
    feed.start()
    assert feed.view(None, 1000.0) is UNKNOWN
    assert feed.status() == ()
    feed.stop()


def test_stopping_closes_the_links(switch, connect):
    feed = connect()
    assert feed.wait(5)
    feed.stop()
    until(lambda: not switch.connections)
    assert not feed.view(CORE, 1000.0).known


class Heard:
    """A listener who writes down what he hears."""

    events = ("PRESENCE_PROBE",)

    def __init__(self):
        self.said = []

    def start(self):
        self.said.append("start")

    def stop(self):
        self.said.append("stop")

    def take(self, link, event):
        self.said.append(event["to"])

    def moved(self, link):
        self.said.append("moved")

    def joined(self, link):
        self.said.append("joined")
        assert link.state.counts["registrations"] == 1, "the picture is complete"


@pytest.fixture
def heard(switch):
    switch.registrations = [registration()]
    return Heard()


@pytest.fixture
def listened(switch, heard):
    feed = Feed([switch.address], timing=QUICK, clock=lambda: 1000.0)
    feed.listen(heard)
    feed.start()
    assert feed.wait(5)
    yield feed
    feed.stop()


def test_a_listener_hears_events_of_his_own_and_that_something_moved(switch, heard, listened):
    assert "event plain CHANNEL_CALLSTATE HEARTBEAT PRESENCE_PROBE CUSTOM" in switch.asked[1]
    switch.send({"Event-Name": "PRESENCE_PROBE", "to": "*30"})
    switch.send({"Event-Name": "CHANNEL_CALLSTATE", "Unique-ID": "?"})
    switch.send(samples.callstate("v", "ACTIVE"))
    until(lambda: heard.said[-1] == "moved")
    assert heard.said == ["start", "joined", "*30", "moved"]
    assert listened.status()[0].odd == 1, "the one that made no sense"
    listened.stop()
    assert heard.said[-1] == "stop"


def test_a_listener_is_told_when_the_link_is_back(switch, heard, listened):
    switch.drop()
    until(lambda: heard.said.count("joined") == 2)


def test_an_order_is_sent_while_the_link_is_up(switch, listened):
    (link,) = listened.links
    assert link.send(b"event plain HEARTBEAT\n\n")
    assert switch.asked[-1] == "event plain HEARTBEAT"
    listened.stop()
    assert not link.send(b"event plain HEARTBEAT\n\n")


def test_movement_is_waited_for(switch, connect):
    movement = live_feed.Movement()
    feed = Feed([switch.address], timing=QUICK, clock=lambda: 1000.0)
    feed.listen(movement)
    feed.start()
    try:
        assert movement.wait(5, gather=0.0), "the link is up"
        assert not movement.wait(0.01)
        switch.send(samples.callstate("v", "ACTIVE"))
        assert movement.wait(5, gather=0.0)
        assert not movement.wait(0.01)
    finally:
        feed.stop()
