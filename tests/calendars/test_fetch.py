"""Files, web servers and CalDAV servers as they are, and as they should not be."""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from esl_router.calendars import fetch as module
from esl_router.calendars.fetch import Answer, credentials, fetch, others_may_read
from esl_router.errors import CalendarError

SINCE, UNTIL = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 12, 21, tzinfo=UTC)
TEXT = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


class Requests(list):
    """What a server was asked: (method, path, headers, body)."""

    def methods(self):
        return [method for method, *_ in self]

    def headers(self, name):
        return [headers.get(name) for _, _, headers, _ in self]


@pytest.fixture
def serve():
    """``serve(reply)``: a web server whose address is returned; ``reply(method, path, headers,
    body)`` says (status, headers, body). It writes down what it was asked in ``.asked``."""
    running = []

    def start(reply):
        asked = Requests()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked.append((self.command, self.path, dict(self.headers), body))
                status, headers, text = reply(self.command, self.path, self.headers, body)
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(b"" if status == 304 else text)

            do_GET = do_PROPFIND = do_REPORT = answer

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        running.append(server)
        address = f"http://127.0.0.1:{server.server_port}"
        return address, asked

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def get(source, validator="", login=None):
    return fetch(source, login, validator, SINCE, UNTIL)


def trouble(*args, **more):
    with pytest.raises(CalendarError) as caught:
        get(*args, **more)
    return caught.value


# -- files ------------------------------------------------------------------------------------
def test_a_file_is_read_again_when_it_has_changed(tmp_path):
    path = tmp_path / "anna.ics"
    path.write_bytes(TEXT)
    first = get(f"file:{path}")
    assert first.texts == (TEXT,)
    assert get(f"file:{path}", first.validator) == Answer(None, first.validator)
    path.write_bytes(TEXT + TEXT)
    assert get(f"file:{path}", first.validator).texts == (TEXT + TEXT,)
    assert get(f"file://{path}").texts == (TEXT + TEXT,)


def test_a_file_that_is_put_in_its_place_is_noticed(tmp_path):
    path, other = tmp_path / "a.ics", tmp_path / "b.ics"
    for each in (path, other):
        each.write_bytes(TEXT)
        os.utime(each, (1, 1))
    first = get(f"file:{path}")
    other.rename(path)
    assert get(f"file:{path}", first.validator).texts == (TEXT,)


@pytest.mark.parametrize(("what", "why"), [("nothing", "No such file"), ("folder", "is no file")])
def test_what_is_no_file(tmp_path, what, why):
    (tmp_path / "folder").mkdir()
    error = trouble(f"file:{tmp_path / what}")
    assert why in str(error) or "Is a directory" in str(error)
    assert not error.unreachable


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "is no file" in str(trouble(f"file:{tmp_path / 'pipe'}"))


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 10)
    (tmp_path / "a.ics").write_bytes(TEXT)
    assert "larger than 10 bytes" in str(trouble(f"file:{tmp_path / 'a.ics'}"))


# -- the web ----------------------------------------------------------------------------------
def test_a_server_is_asked_whether_anything_has_changed(serve):
    def reply(method, path, headers, body):
        known = headers.get("If-None-Match") == '"1"'
        return (304 if known else 200), {"ETag": '"1"', "Last-Modified": "Mon"}, TEXT

    address, asked = serve(reply)
    first = get(f"{address}/a.ics")
    assert first.texts == (TEXT,)
    assert get(f"{address}/a.ics", first.validator) == Answer(None, first.validator)
    assert asked.headers("If-None-Match") == [None, '"1"']
    assert asked.headers("If-Modified-Since") == [None, "Mon"]
    assert asked.headers("User-Agent")[0].startswith("esl_router/")


def test_a_server_that_cannot_say_so_is_asked_for_everything(serve):
    address, _ = serve(lambda *_: (200, {}, TEXT))
    assert get(address) == Answer((TEXT,), "")


@pytest.mark.parametrize(
    ("status", "words", "unreachable"),
    [
        (401, "answers 401 Unauthorized: user and password are missing or wrong", False),
        (403, "answers 403 Forbidden: that user may not read it", False),
        (404, "answers 404 Not Found: there is no calendar at this address", False),
        (500, "answers 500 Internal Server Error", True),
    ],
)
def test_a_server_that_refuses(serve, status, words, unreachable):
    address, _ = serve(lambda *_: (status, {}, b"Interview with nobody"))
    error = trouble(address)
    assert words in str(error)
    assert "Interview" not in str(error)
    assert error.unreachable is unreachable


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("999999999", 86400),
        ("-5", 0),
        ("soon", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ],
)
def test_a_server_may_ask_to_be_left_alone(serve, header, seconds):
    address, _ = serve(lambda *_: (503, {"Retry-After": header}, b""))
    assert trouble(address).retry_after == seconds


def test_nobody_is_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = trouble(f"http://127.0.0.1:{port}/a.ics")
    assert str(error) == f"127.0.0.1:{port} cannot be reached: Connection refused"
    assert error.unreachable


@contextmanager
def saying(data):
    """A server that says this and nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept = []

        def accept():
            sock, _ = listener.accept()
            kept.append(sock)
            sock.sendall(data)

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for sock in kept:
            sock.close()


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
def test_a_server_that_falls_silent(monkeypatch, data):
    monkeypatch.setattr(module, "WAIT", 0.05)
    with saying(data) as address:
        error = trouble(address)
    assert "says nothing for" in str(error)
    assert error.unreachable


def test_what_is_no_web_server():
    with saying(b"SSH-2.0-OpenSSH_9.9\r\n") as address:
        assert "does not speak HTTP" in str(trouble(address))


def test_what_a_server_sends_is_bounded(serve, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 10)
    address, _ = serve(lambda *_: (200, {}, TEXT))
    assert "larger than 10 bytes" in str(trouble(address))


# -- who we are -------------------------------------------------------------------------------
def guarded(method, path, headers, body):
    wanted = "Basic " + base64.b64encode(b"anna:sec:ret").decode()
    if headers.get("Authorization") != wanted:
        return 401, {"WWW-Authenticate": 'Basic realm="calendars"'}, b""
    return 200, {}, TEXT


@pytest.fixture
def login(tmp_path):
    path = tmp_path / "login"
    path.write_text("anna:sec:ret\n")
    path.chmod(0o600)
    return f"file:{path}"


def test_the_password_is_told_to_who_asks_for_it(serve, login):
    address, asked = serve(guarded)
    assert get(address, login=login).texts == (TEXT,)
    assert asked.headers("Authorization")[0] is None
    open_to_all, asked = serve(lambda *_: (200, {}, TEXT))
    get(open_to_all, login=login)
    assert asked.headers("Authorization") == [None]


def test_a_wrong_password_is_tried_once(serve, tmp_path):
    (tmp_path / "login").write_text("anna:wrong")
    address, asked = serve(guarded)
    assert "answers 401" in str(trouble(address, login=f"file:{tmp_path / 'login'}"))
    assert len(asked) == 2


def test_digest(serve, login):
    def reply(method, path, headers, body):
        if "Digest" not in headers.get("Authorization", ""):
            challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'
            return 401, {"WWW-Authenticate": challenge}, b""
        return 200, {}, TEXT

    address, asked = serve(reply)
    assert get(address, login=login).texts == (TEXT,)
    assert 'username="anna"' in asked.headers("Authorization")[1]
    assert "sec:ret" not in asked.headers("Authorization")[1]


def test_the_password_does_not_follow_to_another_host(serve, login):
    other, asked = serve(guarded)
    here, _ = serve(lambda *_: (302, {"Location": f"{other}/a.ics"}, b""))
    assert "answers 401" in str(trouble(here, login=login))
    assert asked.headers("Authorization") == [None]


def test_a_redirection_is_followed(serve):
    other, _ = serve(lambda *_: (200, {}, TEXT))
    here, _ = serve(lambda *_: (302, {"Location": f"{other}/a.ics"}, b""))
    assert get(here).texts == (TEXT,)


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/a", "data:text/plain,x"]
)
def test_a_redirection_does_not_lead_off_the_web(serve, location):
    here, _ = serve(lambda *_: (302, {"Location": location}, b""))
    assert "elsewhere than on the web" in str(trouble(here)) or "302" in str(trouble(here))


def test_credentials(tmp_path, monkeypatch):
    monkeypatch.setenv("ANNA", "anna:pass:word")
    assert credentials("env:ANNA") == ("anna", "pass:word")
    path = tmp_path / "login"
    for text in ("", "anna", ":password", "anna:\n"):
        path.write_text(text)
        with pytest.raises(CalendarError, match="not of the form"):
            credentials(f"file:{path}")
    with pytest.raises(CalendarError, match="NOBODY, which is not set"):
        credentials("env:NOBODY")
    with pytest.raises(CalendarError, match="cannot be read"):
        credentials(f"file:{tmp_path / 'none'}")


def test_a_password_that_others_may_read(tmp_path):
    path = tmp_path / "login"
    path.write_text("anna:secret")
    for mode, others in ((0o600, False), (0o640, True)):
        path.chmod(mode)
        assert others_may_read(f"file:{path}") is others
    assert not others_may_read("env:ANNA")
    assert not others_may_read("file:/nowhere")


# -- CalDAV -----------------------------------------------------------------------------------
def multistatus(*props):
    inner = "".join(
        f"<d:response><d:href>/</d:href><d:propstat><d:prop>{prop}</d:prop>"
        "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
        for prop in props
    )
    spaces = (
        'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" '
        'xmlns:s="http://calendarserver.org/ns/"'
    )
    return f'<?xml version="1.0"?><d:multistatus {spaces}>{inner}</d:multistatus>'.encode()


def data(uid):
    return f"<c:calendar-data>BEGIN:VCALENDAR\nX:{uid}\nEND:VCALENDAR\n</c:calendar-data>"


@pytest.mark.parametrize("tag", ["<s:getctag>1</s:getctag>", "<d:sync-token>1</d:sync-token>"])
def test_a_collection_is_asked_for_its_events_when_it_has_changed(serve, tag):
    def reply(method, path, headers, body):
        return 207, {}, multistatus(tag if method == "PROPFIND" else data(1) + data(2))

    address, asked = serve(reply)
    first = get(f"caldav:{address}/anna/")
    assert [b"X:1" in text or b"X:2" in text for text in first.texts] == [True, True]
    assert asked.methods() == ["PROPFIND", "REPORT"]
    assert asked.headers("Depth") == ["0", "1"]
    assert b'start="20261122T000000Z" end="20261221T000000Z"' in asked[1][3]
    assert get(f"caldav:{address}/anna/", first.validator) == Answer(None, first.validator)
    assert asked.methods()[2:] == ["PROPFIND"]
    assert json.dumps(first.validator)


def test_a_collection_without_a_tag_is_asked_for_its_events_each_time(serve):
    def reply(method, path, headers, body):
        return 207, {}, multistatus("" if method == "PROPFIND" else data(1))

    address, asked = serve(reply)
    first = get(f"caldav:{address}/")
    assert first.validator == ""
    assert get(f"caldav:{address}/", first.validator).texts == first.texts
    assert asked.methods() == ["PROPFIND", "REPORT"] * 2


def test_an_empty_collection(serve):
    address, _ = serve(lambda *_: (207, {}, multistatus()))
    assert get(f"caldav:{address}/").texts == ()


BOMB = b'<!DOCTYPE b [<!ENTITY a "aaaa">]><d:multistatus xmlns:d="DAV:">&a;</d:multistatus>'


@pytest.mark.parametrize("body", [b"", b"<html/>", b"no xml", BOMB])
def test_what_is_no_caldav_server(serve, body):
    address, _ = serve(lambda *_: (207, {}, body))
    assert "is no CalDAV" in str(trouble(f"caldav:{address}/"))


def test_a_collection_that_has_moved_says_so(serve):
    address, _ = serve(lambda *_: (301, {"Location": "/new/"}, b""))
    assert "its new address is needed" in str(trouble(f"caldav:{address}/"))
