"""The client's classes against the other end of a socket pair."""

from __future__ import annotations

import gc
import time

import gevent
import pytest
from gevent import socket
from gevent.server import StreamServer

from esl_router.errors import ProtocolError, SwitchError
from esl_router.esl import client, commands
from esl_router.esl.client import (
    CallSocket,
    EventLink,
    NotConnectedError,
    OutboundSessionHasGoneAway,
)

REPLY = b"Content-Type: command/reply\nReply-Text: +OK\n\n"
SNAPSHOT = (
    b"Event-Name: CHANNEL_DATA\nUnique-ID: 11-22\nCaller-Caller-ID-Number: 1002\n"
    b"variable_uuid: 11-22\nvariable_call_uuid: 33-44\nvariable_x: %b\n"
    b"Content-Type: command/reply\nReply-Text: %%2BOK%%0A\nSocket-Mode: static\n\n"
)
NOTICE = b"Content-Type: text/disconnect-notice\nContent-Disposition: %b\nContent-Length: 3\n\nbye"
EVENT_BODY = b"Event-Name: CUSTOM\nEvent-Subclass: sofia%3A%3Aregister\nfrom-user: a%0Ab\n\n"
EVENT = b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(EVENT_BODY), EVENT_BODY)


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def call(pair):
    ours, _ = pair
    return CallSocket(None, ours)


@pytest.fixture
def switch(pair):
    _, theirs = pair
    return theirs


# -- CallSocket ---------------------------------------------------------------------------------


def test_a_request_is_one_write_and_its_replies_come_in_order(call, switch):
    switch.sendall(REPLY + b"Content-Type: command/reply\nReply-Text: -ERR no\n\n")
    first, second = call.request(commands.execute("answer"), commands.connect())
    assert (first.reply_text, second.reply_text) == ("+OK", "-ERR no")
    sent = commands.join(commands.execute("answer"), commands.connect())
    assert switch.recv(4096) == sent


class Counting:
    """A TCP connection of the call's, and what was received at each waking."""

    def __init__(self, sock):
        self._sock = sock
        self.received = []

    def recv(self, most):
        data = self._sock.recv(most)
        self.received.append(data)
        return data

    def __getattr__(self, name):
        return getattr(self._sock, name)


@pytest.fixture
def line():
    """A call on TCP, what it receives, and the switch's end."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        switch = socket.create_connection(listener.getsockname())
        switch.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        counting = Counting(listener.accept()[0])
    call = CallSocket(None, counting)
    yield call, counting, switch
    call.close()
    switch.close()


ORDERS = (commands.execute("multiset", "^^;a=b"), commands.execute("bridge", "x"))


def test_nobody_is_woken_for_what_the_switch_acknowledges_at_once(line):
    call, counting, switch = line
    waiting = gevent.spawn(call.request, *ORDERS, commands.connect())
    switch.recv(4096)
    switch.sendall(REPLY)
    gevent.sleep(0.05)
    assert counting.received == []
    long = SNAPSHOT % (b"x" * 4000)
    switch.sendall(REPLY + long)
    replies = waiting.get(timeout=5)
    assert [reply.reply_text for reply in replies] == ["+OK"] * 3
    assert b"".join(counting.received) == REPLY * 2 + long


def test_the_end_of_a_snapshot_may_be_short(line):
    call, counting, switch = line
    waiting = gevent.spawn(call.request, *ORDERS, commands.connect())
    switch.recv(4096)
    long = SNAPSHOT % (b"x" * 4000)
    switch.sendall(REPLY * 2 + long[:-9])
    gevent.sleep(0.05)
    assert counting.received
    switch.sendall(long[-9:])
    assert waiting.get(timeout=5)[2]["variable_x"] == "x" * 4000


def test_an_end_before_the_snapshot_is_noticed_at_once(line):
    call, _, switch = line
    waiting = gevent.spawn(call.request, *ORDERS, commands.connect())
    switch.recv(4096)
    switch.sendall(REPLY + NOTICE % b"disconnect")
    switch.close()
    with pytest.raises(OutboundSessionHasGoneAway):
        waiting.get(timeout=5)


def test_a_short_reply_to_a_last_order_that_is_no_snapshot_is_read(line):
    call, _, switch = line
    waiting = gevent.spawn(call.request, *ORDERS)
    switch.recv(4096)
    switch.sendall(REPLY * 2)
    assert len(waiting.get(timeout=5)) == 2


def test_connect_takes_the_call(call, switch):
    assert call.uuid is None
    switch.sendall(SNAPSHOT % b"1" + SNAPSHOT % b"2")
    assert call.connect()["variable_x"] == "1"
    assert call.connect()["variable_x"] == "2"
    assert call.session_data["variable_x"] == "2"
    assert (call.uuid, call.call_uuid, call.caller_id_number) == ("11-22", "33-44", "1002")
    call.raise_if_disconnected()


def test_release_keeps_what_the_properties_read(call, switch):
    switch.sendall(SNAPSHOT % b"1")
    call.connect()
    call.release()
    assert (call.uuid, call.call_uuid, call.caller_id_number) == ("11-22", "33-44", "1002")
    assert "variable_x" not in call.session_data


def test_a_session_has_no_greenlet_of_its_own(pair):
    def greenlets():
        return {id(found) for found in gc.get_objects() if isinstance(found, gevent.Greenlet)}

    before = greenlets()
    CallSocket(None, pair[0])
    gevent.idle()
    assert greenlets() <= before


def test_replies_before_an_end_are_not_lost(call, switch):
    switch.sendall(REPLY + NOTICE % b"disconnect")
    replies = call.exchange(commands.execute("answer"), commands.connect())
    assert next(replies).reply_text == "+OK"
    with pytest.raises(OutboundSessionHasGoneAway):
        next(replies)
    assert not call.connected
    with pytest.raises(NotConnectedError):
        call.send("connect")
    with pytest.raises(OutboundSessionHasGoneAway):
        call.raise_if_disconnected()


@pytest.mark.parametrize("last", [b"", NOTICE % b"disconnect", b"Content-Type: command/re"])
def test_an_end_in_any_form_wakes_the_waiting(call, switch, last):
    waiting = gevent.spawn(call.request, commands.execute("bridge", "user/x"))
    switch.recv(4096)
    switch.sendall(last)
    switch.close()
    with pytest.raises((OutboundSessionHasGoneAway, ProtocolError)):
        waiting.get(timeout=5)
    assert not call.connected


def test_close_from_elsewhere_wakes_the_waiting(call, switch):
    waiting = gevent.spawn(call.request, commands.connect())
    switch.recv(4096)
    call.close()
    with pytest.raises(OutboundSessionHasGoneAway):
        waiting.get(timeout=5)


def test_a_broken_reply_closes_the_socket(call, switch):
    switch.sendall(b"Content-Length: -5\n\n")
    with pytest.raises(ProtocolError):
        call.send("connect")
    assert not call.connected
    switch.settimeout(5)
    while switch.recv(4096):
        pass


def test_a_reply_has_a_deadline_and_a_late_one_is_not_taken_for_another(call, switch):
    with pytest.raises(SwitchError, match=r"within 0\.01 s"):
        call.request(commands.connect(), timeout=0.01)
    switch.sendall(REPLY + SNAPSHOT % b"7")
    assert call.connect()["variable_x"] == "7"


def test_stock_methods_that_wait_for_an_event_get_their_answer(call, switch):
    switch.sendall(REPLY + SNAPSHOT % b"42")
    digit = gevent.spawn(call.play_and_get_digits, 1, 1, 1, 1, "#", "a", "b", "x").get(timeout=5)
    assert digit == "42"
    assert b"\n\n1 1 1 1 # a b x " in switch.recv(4096)


def test_handlers_see_the_disconnect(call, switch):
    seen = []
    call.register_handle("DISCONNECT", seen.append)
    switch.sendall(NOTICE % b"disconnect")
    with pytest.raises(OutboundSessionHasGoneAway):
        call.send("connect")
    assert [frame.body for frame in seen] == [b"bye"]


def test_a_lingering_socket_sends_no_more_commands_but_reads_on(call, switch):
    switch.sendall(NOTICE % b"linger" + REPLY)
    assert call.send("x").reply_text == "+OK"
    with pytest.raises(OutboundSessionHasGoneAway):
        call.call_command("answer")


def test_stop_says_exit_and_hangs_on_nobody(call, switch):
    call.stop()
    assert switch.recv(4096) == b"exit\n\n"
    assert switch.recv(4096) == b""
    call.stop()


# -- EventLink ----------------------------------------------------------------------------------


class Switch:
    """The switch's end of event links, as far as these tests need it."""

    def __init__(self, greeting=b"Content-Type: auth/request\n\n", password=b"ClueCon"):
        self.greeting, self.password = greeting, password
        self.server = StreamServer(("127.0.0.1", 0), self.serve)
        self.server.start()
        self.sockets = []
        self.received = []

    @property
    def port(self):
        return self.server.server_port

    def serve(self, sock, _):
        self.sockets.append(sock)
        sock.sendall(self.greeting)
        file = sock.makefile("rb")
        while (line := file.readline()) not in (b"", b"\n"):
            file.readline()
            self.received.append(line)
            if line.startswith(b"auth "):
                good = line == b"auth %b\n" % self.password
                text = b"+OK accepted" if good else b"-ERR invalid"
                sock.sendall(b"Content-Type: command/reply\nReply-Text: %b\n\n" % text)
            elif line.startswith(b"api echo "):
                out = line[9:].strip()
                head = b"Content-Type: api/response\nContent-Length: %d\n\n" % len(out)
                sock.sendall(head + out)
            elif line.startswith(b"api "):
                continue
            elif b"REFUSED" in line:
                sock.sendall(b"Content-Type: command/reply\nReply-Text: -ERR no keywords\n\n")
            else:
                sock.sendall(EVENT + REPLY + EVENT)


@pytest.fixture
def server():
    switch = Switch()
    yield switch
    switch.server.stop()


@pytest.fixture
def link(server):
    link = EventLink("127.0.0.1", server.port, "ClueCon", on_event=[].append)
    link.connect()
    yield link
    link.stop()


def test_commands_and_their_output(server, link):
    results = [gevent.spawn(link.api, f"echo {n}") for n in range(20)]
    gevent.joinall(results, timeout=5)
    assert [result.value for result in results] == [b"%d" % n for n in range(20)]


def test_events_are_delivered_in_order(server):
    seen, handled = [], []
    link = EventLink("127.0.0.1", server.port, "ClueCon", on_event=seen.append)
    link.register_handle("sofia::register", handled.append)
    link.connect()
    link.subscribe("CHANNEL_CALLSTATE", custom=["sofia::register"])
    assert link.api("echo x") == b"x"
    assert [event["from-user"] for event in seen] == ["a\nb", "a\nb"]
    assert handled == seen
    assert b"event plain CHANNEL_CALLSTATE CUSTOM sofia::register\n" in server.received
    link.stop()


class Patient:
    """A link whose events nobody waits for, and the moments when it took them."""

    def __init__(self, server):
        self.seen, self.patience = [], True
        self.link = EventLink(
            "127.0.0.1",
            server.port,
            "ClueCon",
            on_event=lambda event: self.seen.append(event["from-user"]),
            patient=lambda: self.patience,
        )
        self.link.connect()
        self.link.subscribe("CHANNEL_CALLSTATE")
        until(lambda: len(self.seen) == 2)
        [self.socket] = server.sockets
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the switch's has

    def tell(self, name):
        self.socket.sendall(EVENT.replace(b"a%0Ab", name))
        gevent.sleep(0.01)


def until(condition):
    with gevent.Timeout(5):
        while not condition():
            gevent.sleep(0.005)


@pytest.fixture
def patient(server):
    side = Patient(server)
    yield side
    side.link.stop()


def test_events_gather_while_nobody_waits_for_them(patient, monkeypatch):
    gathered = []
    take = patient.link._take_all
    monkeypatch.setattr(
        patient.link, "_take_all", lambda stream: gathered.append(take(stream)) or gathered[-1]
    )
    for name in (b"one-1", b"two-2", b"three"):
        patient.tell(name)
    assert len(patient.seen) == 2
    until(lambda: len(patient.seen) == 5)
    assert patient.seen[2:] == ["one-1", "two-2", "three"]
    assert gathered == [True], "they were taken in one go"


def test_the_first_event_after_a_while_is_taken_at_once(patient):
    gevent.sleep(2 * client.GATHER)
    patient.tell(b"one-1")
    assert patient.seen[2:] == ["one-1"]


def test_who_asks_knows_what_has_come(patient):
    patient.tell(b"one-1")
    patient.link.catch_up()
    assert patient.seen[2:] == ["one-1"]
    patient.link.catch_up()
    assert patient.seen[2:] == ["one-1"]


def test_who_asks_does_not_wait_for_what_has_not_come(patient, monkeypatch):
    monkeypatch.setattr(client, "_CHUNK", len(EVENT))
    patient.tell(b"one-1")
    with gevent.Timeout(client.GATHER / 2):
        patient.link.catch_up()  # what there was filled the buffer
    assert patient.seen[2:] == ["one-1"]
    patient.socket.sendall(EVENT.replace(b"a%0Ab", b"two-2") + EVENT.replace(b"a%0Ab", b"three"))
    gevent.sleep(0.01)
    patient.link.catch_up()
    assert patient.seen[3:] == ["two-2", "three"]


def test_who_begins_to_wait_has_the_events_read_from_then_on(patient):
    patient.tell(b"one-1")
    patient.patience = False
    patient.link.hurry()
    patient.tell(b"two-2")
    assert patient.seen[2:] == ["one-1", "two-2"]


def test_an_order_waits_for_no_events(patient):
    patient.tell(b"one-1")
    started = time.monotonic()
    assert patient.link.api("echo x") == b"x"
    assert time.monotonic() - started < client.GATHER / 2


def test_a_handler_that_asks_is_not_called_in_the_middle_of_itself(patient):
    seen = []

    def ask(event):
        patient.link.catch_up()
        seen.append(event["from-user"])

    patient.link.on_event = ask
    patient.socket.sendall(EVENT.replace(b"a%0Ab", b"one-1") + EVENT.replace(b"a%0Ab", b"two-2"))
    gevent.sleep(0.01)
    patient.link.catch_up()
    assert seen == ["one-1", "two-2"]


def test_an_end_is_noticed_while_events_gather(patient):
    patient.tell(b"one-1")
    patient.socket.shutdown(socket.SHUT_RDWR)
    gevent.sleep(0.01)
    patient.link.catch_up()
    assert patient.seen[2:] == ["one-1"]
    assert patient.link.wait_closed(5)
    assert not patient.link.connected
    patient.link.catch_up()


def test_nonsense_ends_a_link_whoever_reads_it(patient, caplog):
    patient.socket.sendall(b"Content-Length: 5\nContent-Type: text/event-plain\n\nnone!")
    gevent.sleep(0.01)
    patient.link.catch_up()
    assert not patient.link.connected
    assert patient.link.wait_closed(5)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_failing_handler_does_not_end_the_link(server, caplog):
    def fail(event):
        raise ValueError(event["from-user"])

    link = EventLink("127.0.0.1", server.port, "ClueCon", on_event=fail)
    link.register_handle("*", fail)
    link.connect()
    link.subscribe("HEARTBEAT")
    assert link.api("echo x") == b"x"
    assert len(caplog.records) == 4
    link.stop()


def test_a_refused_subscription(link):
    with pytest.raises(SwitchError, match="no keywords"):
        link.subscribe("REFUSED")


def test_an_end_wakes_every_waiter(server, link):
    waiting = [gevent.spawn(link.api, "hang") for _ in range(3)]
    gevent.idle()
    server.sockets[0].shutdown(socket.SHUT_RDWR)
    for waiter in waiting:
        with pytest.raises(NotConnectedError):
            waiter.get(timeout=5)
    assert link.wait_closed(5)
    assert not link.connected
    with pytest.raises(NotConnectedError):
        link.api("status")


def test_an_answer_has_a_deadline(link):
    with pytest.raises(SwitchError, match=r"no reply within 0\.01 s"):
        link.api("hang", timeout=0.01)
    assert not link.wait_closed(0)


def test_a_link_can_be_opened_again(server, link):
    link.stop()
    assert not link.connected
    link.connect()
    assert link.api("echo again") == b"again"


def test_a_wrong_password(server):
    with pytest.raises(SwitchError, match="does not accept the password"):
        EventLink("127.0.0.1", server.port, "wrong").connect()


@pytest.mark.parametrize(
    ("greeting", "text"),
    [
        (
            b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n",
            "refuses this host",
        ),
        (b"HTTP/1.1 400 Bad Request\n\n", "no FreeSWITCH event socket"),
        (b"Content-Length: x\n\n", "did not log us in"),
    ],
)
def test_somebody_else_answers(greeting, text):
    switch = Switch(greeting)
    with pytest.raises(SwitchError, match=text):
        EventLink("127.0.0.1", switch.port, "ClueCon").connect()
    switch.server.stop()


def test_nobody_answers(server):
    server.server.stop()
    with pytest.raises(SwitchError, match="cannot be reached"):
        EventLink("127.0.0.1", server.port, "ClueCon").connect()


def test_a_silent_switch_is_given_up():
    switch = Switch(greeting=b"")
    with pytest.raises(SwitchError, match="did not log us in"):
        EventLink("127.0.0.1", switch.port, "ClueCon", timeout=0.01).connect()
    switch.server.stop()
