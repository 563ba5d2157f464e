"""What greenswitch does by itself, beside what takes its place.

Each stock case is expected to fail, strictly: the day greenswitch does it right, the test says so
and our replacement can go.
"""

from __future__ import annotations

import errno
import gc

import gevent
import greenswitch.esl
import pytest
from gevent import socket
from gevent.server import StreamServer

from esl_router.esl.client import CallSocket, OutboundSessionHasGoneAway
from esl_router.esl.wire import Frame, Reader

REPLY = b"Content-Type: command/reply\nReply-Text: +OK\n\n"
GRACE = 0.3
"""Seconds after which a waiting greenlet counts as one that waits for ever."""


def stock(case):
    mark = pytest.mark.xfail(strict=True, raises=(AssertionError, TimeoutError))
    return pytest.param(case, marks=mark, id="stock")


def ours(case):
    return pytest.param(case, id="ours")


SESSIONS = pytest.mark.parametrize(
    "session_class", [stock(greenswitch.esl.OutboundSession), ours(CallSocket)]
)


@pytest.fixture
def opened(session_class):
    """Opens sessions, and afterwards closes the files that the stock class leaves open."""
    sessions = []

    def open_session(sock):
        sessions.append(session_class(None, sock))
        return sessions[-1]

    yield open_session
    for session in sessions:
        session._run = False
        session.sock.close()
        if hasattr(session, "sock_file"):
            gevent.killall([session._receive_events_greenlet, session._process_events_greenlet])
            session.sock_file.close()


@pytest.fixture
def pair():
    mine, theirs = socket.socketpair()
    theirs.settimeout(GRACE)
    yield mine, theirs
    mine.close()
    theirs.close()
    gevent.idle()


@pytest.fixture(autouse=True)
def quiet():
    """Greenlets that die of the stock class's faults do not write to the terminal."""
    hub = gevent.get_hub()
    hub.print_exception = lambda *_: None
    yield
    del hub.print_exception


def stock_headers(block):
    return greenswitch.esl.ESLEvent(block.decode()).headers


def our_headers(block):
    reader = Reader()
    reader.feed(block + b"\n")
    frame = reader.next_frame()
    assert isinstance(frame, Frame)
    return frame


@pytest.mark.parametrize("parse", [stock(stock_headers), ours(our_headers)])
def test_a_callers_percent_signs_write_no_headers(parse):
    headers = parse(
        b"variable_user_name: 1002\nvariable_sip_user_agent: x%0Avariable_user_name: 1001\n"
    )
    assert headers["variable_user_name"] == "1002"


class ShortWrites:
    """A socket that takes ten bytes at a time, as a full one does."""

    def __init__(self, sock):
        self.sock = sock

    def send(self, data):
        return self.sock.send(data[:10])

    def sendall(self, data):
        while data:
            data = data[self.send(data) :]

    def __getattr__(self, name):
        return getattr(self.sock, name)


@SESSIONS
def test_a_write_is_whole(opened, pair):
    mine, theirs = pair
    session = opened(ShortWrites(mine))
    sender = gevent.spawn(session.send, "x" * 40)
    received = b""
    try:
        while not received.endswith(b"\n\n"):
            received += theirs.recv(100)
    finally:
        sender.kill()
    assert received == b"x" * 40 + b"\n\n"


@SESSIONS
def test_an_end_without_notice_wakes_the_waiting(opened, pair):
    mine, theirs = pair
    session = opened(mine)
    waiting = gevent.spawn(session.send, "connect")
    theirs.recv(100)
    theirs.close()
    waiting.join(GRACE)
    woken = waiting.dead
    waiting.kill()
    assert woken
    assert isinstance(waiting.exception, OutboundSessionHasGoneAway)


@SESSIONS
def test_a_frame_without_content_type_does_not_kill_the_reader(opened, pair):
    mine, theirs = pair
    theirs.sendall(b"Nothing: known\n\n" + REPLY)
    session = opened(mine)
    waiting = gevent.spawn(session.send, "connect")
    waiting.join(GRACE)
    answered = waiting.successful()
    waiting.kill()
    assert answered


@SESSIONS
def test_an_idle_session_costs_no_greenlet(opened, pair):
    def greenlets():
        return {id(found) for found in gc.get_objects() if isinstance(found, gevent.Greenlet)}

    before = greenlets()
    opened(pair[0])
    started = len(greenlets() - before)
    assert started == 0


@SESSIONS
def test_an_idle_session_does_not_wake_up_by_the_second(opened, pair, monkeypatch):
    limits = []

    class Ticks:
        """A queue that notes with which time limit it is waited on."""

        def get(self, timeout=None):
            limits.append(timeout)
            raise gevent.GreenletExit

    monkeypatch.setattr(greenswitch.esl, "Queue", Ticks)
    opened(pair[0])
    gevent.idle()
    assert limits == []


class Clock:
    """gevent as the stock server sees it: sleeping is noted, and ends its loop."""

    def __init__(self, server):
        self.server, self.naps = server, []

    def __getattr__(self, name):
        return getattr(gevent, name)

    def sleep(self, seconds):
        self.naps.append(seconds)
        self.server.stop()


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="greenswitch polls for calls every 0.1 s"
)
def test_waiting_for_calls_does_not_poll(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = greenswitch.esl.OutboundESLServer(bind_port=port, application=object)
    clock = Clock(server)
    monkeypatch.setattr(greenswitch.esl, "gevent", clock)
    gevent.spawn_later(GRACE, server.stop)
    gevent.spawn(server.listen).join(2 * GRACE)
    assert server.bound_port == port
    server.server.close()
    assert clock.naps == []


class FullOnce:
    """A listening socket whose first accept finds no file descriptor left."""

    def __init__(self):
        self.accepts = 0

    def __getattr__(self, name):
        return lambda *_, **__: None

    def accept(self):
        self.accepts += 1
        if self.accepts == 1:
            raise OSError(errno.EMFILE, "Too many open files")
        raise BlockingIOError(errno.EWOULDBLOCK, "nobody there")


@pytest.mark.xfail(strict=True, reason="one EMFILE ends greenswitch's server", raises=OSError)
def test_a_server_survives_having_no_file_descriptor_left(monkeypatch):
    full = FullOnce()
    monkeypatch.setattr(greenswitch.esl.socket, "socket", lambda: full)
    server = greenswitch.esl.OutboundESLServer(bind_port=1, application=object)
    monkeypatch.setattr(greenswitch.esl, "gevent", Clock(server))
    server.listen()
    assert full.accepts == 2


def test_the_server_in_its_place_survives_it(monkeypatch):
    served = gevent.event.Event()
    server = StreamServer(("127.0.0.1", 0), lambda *_: served.set())
    server.min_delay = 0.001
    server.start()
    real, failures = server.do_read, [OSError(errno.EMFILE, "Too many open files")]

    def accept():
        if failures:
            raise failures.pop()
        return real()

    server.do_read = accept
    with gevent.socket.create_connection(("127.0.0.1", server.server_port)):
        assert served.wait(5)
    server.stop()
    assert failures == []
