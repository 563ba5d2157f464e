"""Appointments and messengers that begin and end while calls come in, on a running FreeSWITCH."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.diverted import (
    AT_ONCE,
    direct,
    diversion,
    diverted_by,
    reaches_the_mailbox_of,
    somebody,
)
from tests.e2e.endpoint import Answering, Behaviour
from tests.e2e.lines import Line, to
from tests.e2e.router import Router
from tests.e2e.sip import wait_until
from tests.e2e.stage import Programme, Stage, company, person
from tests.e2e.switch import FreeSwitch
from tests.e2e.watcher import Watcher

DEPUTY = "1690"
TITLE = "Interview with a competitor"
PEOPLE: dict[str, dict[str, Any]] = {
    "u1900": person("1900", "a", number=direct(1900)),
    **somebody(int(DEPUTY)),
    **{key: value for number in range(1600, 1608) for key, value in somebody(number).items()},
    **somebody(1610, messenger={"status": True, "forward": "voicemail"}),
    **somebody(1611, messenger={"status": True, "forward": None}),
    **somebody(1612),
    **somebody(1613), **somebody(1614),
    **somebody(1615, messenger={"status": True, "forward": None}),
    **somebody(1616, presence={"outside_hours": {
        "schedule": "night", "status": "away", "forward": f"extension:{DEPUTY}"}}),
    **somebody(1617, presence={"outside_hours": {
        "schedule": "holiday", "status": "away", "forward": "voicemail"}}),
    **somebody(1618, presence={"outside_hours": {"schedule": "always", "status": "away"}}),
}  # fmt: skip


def hours(opens: str, closes: str, **more: Any) -> dict[str, Any]:
    daily = [{"days": "mon-sun", "from": opens, "to": closes}]
    return {"timezone": "UTC", "open": daily, **more}


def schedules() -> dict[str, Any]:
    """Closed by the hour, closed for the day though its hours are open, and open."""
    now = datetime.now(UTC)
    later = (f"{now + timedelta(hours=shift):%H:%M}" for shift in (2, 4))
    days = [f"{now + timedelta(days=shift):%Y-%m-%d}" for shift in (-1, 0, 1)]
    return {
        "night": hours(*later),
        "holiday": hours("00:00", "24:00", closed=days),
        "always": hours("00:00", "24:00"),
    }


RULES = {**company(**PEOPLE), "schedules": schedules()}
play = Programme()

FOLLOWS = 1.5
"""Seconds until a lamp shows what has changed."""

AHEAD, LENGTH = 25, 8
"""Seconds until an appointment begins, and how long it lasts."""


# -- where calendars are --------------------------------------------------------------------------
class Web:
    """A web server with calendars on it."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = pages.get(self.path)
                self.send_response_only(200 if text is not None else 404)
                self.send_header("Content-Type", "text/calendar")
                self.end_headers()
                self.wfile.write(text or b"")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def put(self, name: str, text: bytes) -> str:
        """Its address."""
        self.pages[f"/{name}"] = text
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Dav:
    """Radicale, a CalDAV server, with one user."""

    LOGIN = "anna:dav-secret"

    def __init__(self, place: Path) -> None:
        pytest.importorskip("radicale")
        (place / "users").write_text(self.LOGIN + "\n")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._log = (place / "radicale.log").open("wb")
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "radicale", "--hosts", f"127.0.0.1:{self.port}",
                "--auth-type", "htpasswd", "--auth-htpasswd-filename", str(place / "users"),
                "--auth-htpasswd-encryption", "plain", "--rights-type", "owner_only",
                "--storage-filesystem-folder", str(place / "collections"),
            ],
            stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL,
        )  # fmt: skip

        def up() -> bool:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return True
            return False

        wait_until(up, 20, "radicale listens")
        self.ask("MKCALENDAR", "/anna/calendar/")

    def ask(self, method: str, path: str, body: bytes | None = None) -> None:
        token = base64.b64encode(self.LOGIN.encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "text/calendar"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", body, headers, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            assert reply.status in (200, 201, 204)

    @property
    def calendar(self) -> str:
        return f"caldav:http://127.0.0.1:{self.port}/anna/calendar/"

    def close(self) -> None:
        self._process.kill()
        self._process.wait(5)
        self._log.close()


def ics(*spans: tuple[int, int]) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for place, (begin, end) in enumerate(spans):
        times = (f"{datetime.fromtimestamp(each, UTC):%Y%m%dT%H%M%SZ}" for each in (begin, end))
        start, stop = times
        lines += [
            *("BEGIN:VEVENT", f"UID:{place}-{begin}", "DTSTAMP:20260101T000000Z"),
            *(f"DTSTART:{start}", f"DTEND:{stop}", f"SUMMARY:{TITLE}", "END:VEVENT"),
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.close()


@pytest.fixture(scope="module")
def stage(
    freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory, web: Web
) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("calendar")
    with ExitStack() as stack:
        trunk = Answering(freeswitch.trunk, Behaviour(answer=0.3))
        stack.callback(trunk.close)
        stack.callback(freeswitch.hang_up_everything)
        dav = Dav(place)
        stack.callback(dav.close)
        router = Router(freeswitch, place, RULES)
        router.start()
        stack.callback(router.kill)
        made = Stage(freeswitch, router, trunk, place, stack)
        SOURCES.update(web=web, dav=dav, place=place)
        yield made


SOURCES: dict[str, Any] = {}
"""Where this module's scenarios put their calendars."""


@pytest.fixture(scope="module")
def played(stage: Stage) -> dict[str, Future[None]]:
    stage.line(f"{DEPUTY}-a", answer=0.3)
    return play.play(stage)


# -- what the scenarios share ---------------------------------------------------------------------
def soon() -> tuple[int, int]:
    begin = int(time.time()) + AHEAD
    return begin, begin + LENGTH


def sleep_until(instant: float) -> None:
    time.sleep(max(0.0, instant - time.time()))


def known(stage: Stage, user: int) -> list[dict[str, str]]:
    found = json.loads(stage.router.run("calendar", "show", str(user), "--json"))["busy"]
    assert isinstance(found, list)
    return found


def calendar(stage: Stage, user: int, source: str, *options: str) -> None:
    """Sets it, and waits until the router has read it by itself."""
    stage.router.run("calendar", "set", str(user), "--source", source, *options)
    wait_until(lambda: known(stage, user), AHEAD - 5, f"the calendar of {user} is read")


def rings(stage: Stage, own: Line, user: int) -> None:
    before = len(own.ringings)
    call = stage.inside("1900-a").call(str(user))
    assert call.wait(5) == 200
    assert len(own.ringings) == before + 1
    call.hang_up()


def goes_to_the_mailbox(stage: Stage, own: Line, user: int) -> None:
    before = len(own.ringings)
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call(str(user)), user, user)
    assert len(own.ringings) == before, "no phone of his rings"


def status(stage: Stage, user: int) -> str:
    found: str = json.loads(stage.router.run("presence", "show", str(user), "--json"))["status"]
    return found


# -- appointments ---------------------------------------------------------------------------------
@play
def an_appointment_on_the_web_sends_calls_to_the_mailbox_while_it_lasts(stage: Stage) -> None:
    own, span = stage.line("1600-a", answer=0.2), soon()
    calendar(stage, 1600, SOURCES["web"].put("1600.ics", ics(span)), "--forward", "voicemail")
    rings(stage, own, 1600)
    sleep_until(span[0] + 0.2)
    goes_to_the_mailbox(stage, own, 1600)
    sleep_until(span[1] + 0.2)
    rings(stage, own, 1600)


@play
def an_appointment_on_a_caldav_server_sends_calls_to_the_deputy(stage: Stage) -> None:
    """No status at all: nobody sees it. The server wants a password."""
    own, span = stage.line("1601-a", answer=0.2), soon()
    SOURCES["dav"].ask("PUT", "/anna/calendar/1.ics", ics(span))
    login = SOURCES["place"] / "anna.login"
    login.write_text(Dav.LOGIN + "\n")
    login.chmod(0o600)
    calendar(stage, 1601, SOURCES["dav"].calendar, "--login", f"file:{login}",
             "--status", "none", "--forward", f"extension:{DEPUTY}")  # fmt: skip
    rings(stage, own, 1601)
    sleep_until(span[0] + 0.2)
    call = stage.outside().call(direct(1601))
    assert call.wait(5) == 200
    assert call.at is not None
    assert call.at < 2 * AT_ONCE
    (ringing,) = [
        each
        for each in to(f"{DEPUTY}-a", own.lines.ringings)
        if each.invite.get("diversion") == diversion(1601, "unconditional", 1)
    ]
    assert ringing.answered
    call.hang_up()
    assert status(stage, 1601) == "available"
    sleep_until(span[1] + 0.2)
    rings(stage, own, 1601)


@play
def an_appointment_that_only_shows_lets_calls_ring(stage: Stage) -> None:
    own, span = stage.line("1602-a", answer=0.2), soon()
    path = SOURCES["place"] / "1602.ics"
    path.write_bytes(ics(span))
    calendar(stage, 1602, f"file:{path}")
    sleep_until(span[0] + 0.2)
    rings(stage, own, 1602)
    assert status(stage, 1602) == "meeting"
    sleep_until(span[1] + 0.2)
    assert status(stage, 1602) == "available"


@play
def a_file_that_changes_is_noticed_by_the_next_calls(stage: Stage) -> None:
    own, now = stage.line("1603-a", answer=0.2), int(time.time())
    path = SOURCES["place"] / "1603.ics"
    path.write_bytes(ics((now - 60, now + 600)))
    calendar(stage, 1603, f"file:{path}", "--forward", "voicemail")
    goes_to_the_mailbox(stage, own, 1603)
    path.write_bytes(ics((now + 300, now + 600)))
    time.sleep(4)
    rings(stage, own, 1603)


@play
def reachable_for_a_while_beats_the_appointment(stage: Stage) -> None:
    own, now = stage.line("1604-a", answer=0.2), int(time.time())
    url = SOURCES["web"].put("1604.ics", ics((now - 60, now + 600)))
    calendar(stage, 1604, url, "--forward", "voicemail")
    goes_to_the_mailbox(stage, own, 1604)
    stage.router.run("presence", "set", "1604", "available", "--for", "7s", "--as", "1604")
    end = time.time() + 7
    rings(stage, own, 1604)
    sleep_until(end + 1.2)  # whole seconds
    goes_to_the_mailbox(stage, own, 1604)


@play
def a_server_that_dies_leaves_what_was_known_of_it(stage: Stage) -> None:
    own, span = stage.line("1605-a", answer=0.2), soon()
    web = Web()
    calendar(stage, 1605, web.put("1605.ics", ics(span)), "--forward", "voicemail")
    web.close()
    stage.router.run("calendar", "sync", "1605", code=1)
    shown = json.loads(stage.router.run("calendar", "show", "1605", "--json"))
    assert "cannot be reached" in shown["problem"]
    sleep_until(span[0] + 0.2)
    goes_to_the_mailbox(stage, own, 1605)
    sleep_until(span[1] + 0.2)
    rings(stage, own, 1605)


@play
def an_appointment_that_begins_while_he_talks_leaves_the_talk_alone(stage: Stage) -> None:
    own, span = stage.line("1613-a", answer=0.2), soon()
    calendar(stage, 1613, SOURCES["web"].put("1613.ics", ics(span)), "--forward", "voicemail")
    talk = stage.inside("1900-a").call("1613")
    assert talk.wait(5) == 200
    sleep_until(span[0] + 0.2)
    goes_to_the_mailbox(stage, own, 1613)
    assert talk.ended is None
    sleep_until(span[1] + 0.2)
    assert talk.ended is None
    talk.hang_up()
    rings(stage, own, 1613)


@play
def a_lamp_follows_the_calendar(stage: Stage) -> None:
    span = soon()
    calendar(stage, 1614, SOURCES["web"].put("1614.ics", ics(span)))
    with closing(Watcher(stage.switch.internal, "1614-a")) as watcher:
        meeting, available = watcher.watch("*35"), watcher.watch("*30")
        meeting.wait("dark")
        available.wait("lit")
        for instant, (one, other) in zip(span, (("lit", "dark"), ("dark", "lit")), strict=True):
            sleep_until(instant)
            meeting.wait(one, FOLLOWS)
            available.wait(other, FOLLOWS)


# -- hours ----------------------------------------------------------------------------------------
@play
def outside_the_hours_calls_go_to_their_target_for_them(stage: Stage) -> None:
    own = stage.line("1616-a", answer=0.2)
    call = stage.outside().call(direct(1616))
    assert call.wait(5) == 200
    (ringing,) = diverted_by(1616, own.lines.ringings)
    assert ringing.invite.get("diversion") == diversion(1616, "unconditional", 1)
    assert not own.invited
    call.hang_up()


@play
def a_holiday_beats_the_hours(stage: Stage) -> None:
    own, opened = stage.line("1617-a", answer=0.2), stage.line("1618-a", answer=0.2)
    goes_to_the_mailbox(stage, own, 1617)
    rings(stage, opened, 1618)


# -- messengers -----------------------------------------------------------------------------------
def feed(stage: Stage, user: int, word: str, ttl: int) -> float:
    """Says so; when it was said at the latest."""
    line = json.dumps({"user": str(user), "status": word, "ttl": ttl})
    stage.router.run("presence", "feed", text=line + "\n")
    return time.time()


@play
def a_lamp_follows_the_messenger(stage: Stage) -> None:
    with closing(Watcher(stage.switch.internal, "1615-a")) as watcher:
        meeting = watcher.watch("*35")
        meeting.wait("dark")
        feed(stage, 1615, "busy", 6)
        lit = meeting.wait("lit", FOLLOWS)
        dark = meeting.wait("dark", 6 + FOLLOWS)
        assert 4 < dark - lit < 6 + FOLLOWS


@play
def a_busy_messenger_sends_calls_to_the_mailbox_until_what_it_said_is_old(stage: Stage) -> None:
    own = stage.line("1610-a", answer=0.2)
    said = feed(stage, 1610, "busy", 6)
    goes_to_the_mailbox(stage, own, 1610)
    sleep_until(said + 6.2)
    rings(stage, own, 1610)


@play
def a_busy_messenger_that_only_shows_lets_calls_ring(stage: Stage) -> None:
    own = stage.line("1611-a", answer=0.2)
    feed(stage, 1611, "busy", 60)
    rings(stage, own, 1611)
    assert status(stage, 1611) == "meeting"
    feed(stage, 1611, "dnd", 60)
    assert stage.inside("1900-a").call("1611").wait(5) == 486
    feed(stage, 1611, "available", 60)
    rings(stage, own, 1611)


@play
def a_messenger_that_does_not_count_changes_nothing(stage: Stage) -> None:
    own = stage.line("1612-a", answer=0.2)
    feed(stage, 1612, "dnd", 60)
    rings(stage, own, 1612)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()


@pytest.mark.timeout(60)
def test_a_server_that_never_answers_delays_no_call(
    stage: Stage, played: dict[str, Future[None]]
) -> None:
    own = stage.line("1606-a", answer=0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        source = f"http://127.0.0.1:{port}/1606.ics"
        stage.router.run("calendar", "set", "1606", "--source", source, "--forward", "voicemail")
        silent.settimeout(10)
        asked, _ = silent.accept()
        with asked:
            for _ in range(3):
                began = time.monotonic()
                rings(stage, own, 1606)
                assert time.monotonic() - began < 2


@pytest.mark.timeout(60)
def test_the_titles_of_appointments_are_nowhere(
    stage: Stage, played: dict[str, Future[None]]
) -> None:
    place = SOURCES["place"]
    stage.router.change("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in (place / "rules.db", place / "rules.db-wal", place / "router.log"):
        assert not path.exists() or TITLE.encode() not in path.read_bytes()
    assert known(stage, 1604), "though what was read is there"
