"""What the lamps of telephones show, on a running FreeSWITCH: by real SUBSCRIBE and NOTIFY."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.endpoint import Answering, Behaviour
from tests.e2e.router import Router
from tests.e2e.sip import wait_until
from tests.e2e.stage import company, person
from tests.e2e.switch import FreeSwitch
from tests.e2e.watched import PROMISED, Company
from tests.e2e.watcher import Key

BERLIN = ZoneInfo("Europe/Berlin")
EXTERNAL = "+491711234567"


def _rules(closes: datetime) -> dict[str, Any]:
    """Who has office hours goes home at ``closes``."""
    opened = f"{(closes.hour + 1) % 24:02}:{closes.minute:02}"
    rules = company(
        u1001=person("1001", "desk", "soft"),
        u1002=person("1002", "desk"),
        u1003=person("1003", "desk"),
        u1004=person("1004", "desk", presence={"outside_hours": {
            "schedule": "office", "status": "away"}}),
        u1005=person("1005", "desk"),
        u1006=person("1006", "desk"),
        u1007=person("1007", "desk"),
    )  # fmt: skip
    return rules | {
        "schedules": {"office": {"open": [
            {"days": "mon-sun", "from": opened, "to": f"{closes:%H:%M}"}]}},
        "teams": {"2000": {"name": "Hotline", "members": [
            {"user": "1001", "logged_in": False}, {"user": "1002", "logged_in": True}]}},
        "executives": {"1003": {"enabled": False, "allow_opt_out": True, "assistants": [
            {"user": "1001", "opted_in": False}]}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def closes() -> datetime:
    """When office hours end: in half a minute at the soonest."""
    soon = datetime.now(BERLIN) + timedelta(seconds=95)
    return soon.replace(second=0, microsecond=0)


@pytest.fixture(scope="module")
def pbx(
    freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory, closes: datetime
) -> Iterator[Company]:
    with ExitStack() as stack:
        router = Router(freeswitch, tmp_path_factory.mktemp("lamps"), _rules(closes))
        stack.callback(router.kill)
        stack.callback(freeswitch.hang_up_everything)
        made = Company(freeswitch, router, stack)
        made.start()
        yield made


@pytest.fixture(autouse=True)
def as_it_was(pbx: Company) -> Iterator[None]:
    yield
    assert "hangs" not in pbx.router.log.read_text()
    if not pbx.router.running:
        pbx.start()
    pbx.router.run("presence", "set", "1001", "available")


def _goes_on_and_off(pbx: Company, key: Key, on: list[str], off: list[str]) -> None:
    key.wait("dark")
    for command, state in ((on, "lit"), (off, "dark"), (on, "lit"), (off, "dark")):
        pbx.router.run(*command)
        key.wait(state, PROMISED)
    assert key.states == ["dark", "lit", "dark", "lit", "dark"], "one NOTIFY for each change"


def test_a_telephone_is_shown_at_once_what_is_set(pbx: Company) -> None:
    phone = pbx.watcher("1001-desk")
    keys = {code: phone.watch(code) for code in ("*30", "*31", "*36", "*372000", "*38", "*99")}
    assert keys["*30"].subscription.code == 202
    keys["*30"].wait("lit")
    for code in ("*31", "*36", "*372000", "*38"):
        keys[code].wait("dark")
    assert keys["*99"].notified == [], "nobody knows of that code"
    other = pbx.watcher("1002-desk")
    other.watch("*372000").wait("lit")


@pytest.mark.parametrize("code", ["*31", "*36", "*362", "*37", "*372000", "*38"])
def test_the_key_that_is_pressed_shows_what_it_did(pbx: Company, code: str) -> None:
    key = pbx.watcher("1001-desk").watch(code)
    key.wait("dark")
    dark = {"*31": "*30", "*362": "#36"}.get(code, code.replace("*", "#", 1))
    for dialled, state in ((code, "lit"), (dark, "dark")):
        call = pbx.caller("1001-soft").call(dialled)
        assert call.wait(5) == 200
        key.wait(state, PROMISED)
        call.wait_end(10)


@pytest.mark.parametrize("event", ["dialog", "presence"])
def test_a_status_set_on_the_command_line(pbx: Company, event: str) -> None:
    phone = pbx.watcher("1001-desk")
    available, away = phone.watch("*30", event), phone.watch("*31", event)
    available.wait("lit")
    away.wait("dark")
    pbx.router.run("presence", "set", "1001", "away")
    away.wait("lit", PROMISED)
    available.wait("dark", PROMISED)
    pbx.router.run("presence", "set", "1001", "available")
    away.wait("dark", PROMISED)
    available.wait("lit", PROMISED)
    assert away.states == ["dark", "lit", "dark"]


def test_every_phone_of_a_user_shows_the_same_and_nobody_elses_does(pbx: Company) -> None:
    desk, soft = pbx.watcher("1001-desk").watch("*32"), pbx.watcher("1001-soft").watch("*32")
    colleague = pbx.watcher("1002-desk").watch("*32")
    colleague.wait("dark")
    pbx.router.run("presence", "set", "1001", "dnd")
    desk.wait("lit", PROMISED)
    soft.wait("lit", PROMISED)
    assert colleague.states == ["dark"]


def test_a_temporary_status_ends_by_itself(pbx: Company) -> None:
    phone = pbx.watcher("1001-desk")
    lunch, for_a_time = phone.watch("*33"), phone.watch("*332")
    lunch.wait("dark")
    for_a_time.wait("dark")
    ends = datetime.now(BERLIN).replace(microsecond=0) + timedelta(seconds=4)
    pbx.router.run("presence", "set", "1001", "lunch", "--until", ends.isoformat())
    lunch.wait("lit", PROMISED)
    for_a_time.wait("lit", PROMISED)
    at = max(key.wait("dark", 6) for key in (lunch, for_a_time))
    assert 0 <= at - ends.timestamp() < PROMISED
    assert lunch.states == for_a_time.states == ["dark", "lit", "dark"]


def test_a_team_login(pbx: Company) -> None:
    key = pbx.watcher("1001-desk").watch("*372000")
    _goes_on_and_off(
        pbx, key, ["team", "login", "1001", "2000"], ["team", "logout", "1001", "2000"]
    )


def test_busy_on_busy(pbx: Company) -> None:
    key = pbx.watcher("1001-desk").watch("*36")
    _goes_on_and_off(pbx, key, ["busy-on-busy", "1001", "2"], ["busy-on-busy", "1001", "off"])


def test_a_forward_on_a_condition_that_is_switched(pbx: Company) -> None:
    forward = ["presence", "profile", "1001", "available"]
    on, off = ([*forward, switch, "--when", "busy"] for switch in ("on", "off"))
    pbx.router.run(*forward, "extension:1002", "--when", "busy")
    pbx.router.run(*off)
    phone = pbx.watcher("1001-desk")
    for code in ("*27", "*271002"):
        _goes_on_and_off(pbx, phone.watch(code), on, off)


def test_an_assistants_login(pbx: Company) -> None:
    key = pbx.watcher("1001-desk").watch("*381003")
    on, off = (["assistant", each, "1001", "1003"] for each in ("login", "logout"))
    _goes_on_and_off(pbx, key, on, off)


def test_who_watches_no_longer_is_told_nothing(pbx: Company) -> None:
    phone = pbx.watcher("1001-desk")
    ended, kept = phone.watch("*31"), phone.watch("*31")
    ended.wait("dark")
    kept.wait("dark")
    ended.renew(0)
    wait_until(lambda: ended.subscription.code == 202, 2)
    pbx.router.run("presence", "set", "1001", "away")
    kept.wait("lit", PROMISED)
    assert ended.state == "dark"


def test_a_renewal_shows_it_again_and_nothing_else_between(pbx: Company) -> None:
    key = pbx.watcher("1001-desk").watch("*30")
    key.wait("lit")
    key.renew()
    wait_until(lambda: len(key.notified) == 2, 2, "a NOTIFY for the renewal")
    assert key.states == ["lit", "lit"]


def test_nobody_sees_anything_without_a_password(pbx: Company) -> None:
    stranger = pbx.watcher("1001-desk", "guessed").watch("*30")
    assert stranger.subscription.code in (401, 403, 407)
    pbx.router.run("presence", "set", "1001", "away")
    witness = pbx.watcher("1001-desk").watch("*30")
    witness.wait("dark")
    assert stranger.notified == []


@pytest.mark.parametrize(
    ("watched", "sender", "call_id"),
    [
        ("*30", "1001-desk%0aunload mod_event_socket", ""),
        ("*30", "1001-desk", "unload-mod_event_socket"),
        ("*30", "1001-desk", "a%0Aanswer-state:%20confirmed"),
        ("*37%0a2000", "1001-desk", ""),
        ("*37'or'1", "1001-desk", ""),
        ("*30", "$${system(touch)}", ""),
    ],
)
def test_what_a_telephone_writes_reaches_nothing(
    pbx: Company, watched: str, sender: str, call_id: str
) -> None:
    key = pbx.watcher("1001-desk").watch(watched, sender=sender, call_id=call_id)
    witness = pbx.watcher("1001-desk").watch("*30")
    witness.wait("lit")
    assert key.notified == []
    pbx.router.run("presence", "set", "1001", "away")
    witness.wait("dark", PROMISED)


@pytest.mark.timeout(120)  # asked alone it waits for the whole of what the others take before it
def test_office_hours_change_a_lamp_by_the_clock(pbx: Company, closes: datetime) -> None:
    # The tests before it take less than half a minute.
    away = pbx.watcher("1004-desk").watch("*31")
    away.wait("dark", 3)
    left = (closes - datetime.now(BERLIN)).total_seconds()
    at = away.wait("lit", left + PROMISED)
    assert 0 <= at - closes.timestamp() < PROMISED


def test_lamps_outlive_the_router(pbx: Company) -> None:
    phone = pbx.watcher("1001-desk")
    lunch, away = phone.watch("*33"), phone.watch("*31")
    lunch.wait("dark")
    pbx.router.run("presence", "set", "1001", "lunch")
    lunch.wait("lit", PROMISED)
    time.sleep(1.5)  # what is watched is written down within a second
    pbx.router.kill()
    lunch.renew()
    wait_until(lambda: lunch.subscription.code == 202, 2)
    pbx.router.run("presence", "set", "1001", "away")
    assert lunch.state == "lit", "nobody knows better"
    pbx.start()
    lunch.wait("dark", 2)
    away.wait("lit", 2)
    assert lunch.states[-1] == "dark"


def test_a_worker_that_dies_is_replaced_in_this_too(pbx: Company) -> None:
    away = pbx.watcher("1001-desk").watch("*31")
    away.wait("dark")
    time.sleep(1.5)
    before, links = pbx.router.workers(), pbx.links
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not set(before) & set(pbx.router.workers()), 10, "other workers")
    pbx.router.run("presence", "set", "1001", "away")
    away.wait("lit", 5)
    pbx.both_linked(links)


# -- lines --------------------------------------------------------------------------------------
def test_the_line_of_a_colleague(pbx: Company) -> None:
    phone = pbx.phone("1002-desk", answer=1.5)
    key = pbx.watcher("1001-desk").watch("1002")
    key.wait("dark")
    call = pbx.caller("1005-desk").call("1002")
    key.wait("blinking", 3)
    assert call.wait() == 200
    key.wait("lit", PROMISED)
    call.hang_up()
    key.wait("dark", PROMISED)
    assert phone.invited
    assert [state for state in key.states if state != "dark"] == ["blinking", "lit"]


def test_a_forwarded_user_never_shows_as_talking(pbx: Company) -> None:
    taker, own = pbx.phone("1006-desk", answer=0.5), pbx.phone("1003-desk", answer=0.5)
    trunk = Answering(pbx.switch.trunk, Behaviour(answer=0.5))
    watcher = pbx.watcher("1001-desk")
    line, device, who_talks = (watcher.watch(each) for each in ("1003", "1003-desk", "1006"))
    try:
        pbx.router.run("forward", "set", "1003", "extension:1006")
        call = pbx.caller("1005-desk").call("1003")
        assert call.wait() == 200
        who_talks.wait("lit", PROMISED)
        call.hang_up()
        who_talks.wait("dark", PROMISED)
        pbx.router.run("forward", "set", "1003", f"external:{EXTERNAL}")
        call = pbx.caller("1005-desk").call("1003")
        assert call.wait() == 200
        (forwarded,) = pbx.status("1003")
        assert (forwarded["line"], forwarded["status"]) == ("available", "available")
        call.hang_up()
    finally:
        trunk.close()
        pbx.router.run("forward", "clear", "1003")
    assert set(line.states) == {"dark"}
    assert set(device.states) == {"dark"}
    assert taker.invited
    assert not own.invited


def test_whatever_sends_a_call_on_nobody_talks_where_it_was_sent_from(pbx: Company) -> None:
    own = pbx.phone("1007-desk")
    pbx.phone("1006-desk", answer=0.5)
    watcher = pbx.watcher("1001-desk")
    line, device, who_talks = (watcher.watch(each) for each in ("1007", "1007-desk", "1006"))
    line.wait("dark")
    profiles = "presence.profiles"
    pbx.router.run("user", "set", "1007", f"{profiles}.away.internal.always=extension:1006")
    pbx.router.run("user", "set", "1007", f"{profiles}.available.no_answer_after=2",
                   f"{profiles}.available.internal.no_answer=extension:1006")  # fmt: skip
    for status, rings in (("away", False), ("available", True)):
        pbx.router.run("presence", "set", "1007", status)
        call = pbx.caller("1005-desk").call("1007")
        assert call.wait() == 200
        who_talks.wait("lit", PROMISED)
        assert bool(own.invited) == rings
        line.wait("dark", PROMISED)
        (sent_on,) = pbx.status("1007")
        assert (sent_on["line"], sent_on["status"]) == ("available", status)
        call.hang_up()
        who_talks.wait("dark", PROMISED)
    assert "lit" not in line.states + device.states
    assert line.states.count("blinking") == 1, "it rang once, unanswered"


def test_line_and_status_are_two_axes(pbx: Company) -> None:
    pbx.phone("1002-desk", answer=2.5)
    pbx.router.run("presence", "set", "1005", "meeting")
    changes = pbx.router.follow("status", "--watch", *pbx.asking)

    def expect(line: str, status: str) -> None:
        wait_until(
            lambda: (
                [(each["line"], each["status"]) for each in changes.of("1002")][-1:]
                == [(line, status)]
            ),
            4,
            f"{line} and {status}, it was {changes.of('1002')}",
        )

    try:
        wait_until(lambda: len(changes.of()) >= 7, 5, "everybody as he is")
        expect("available", "available")
        call = pbx.caller("1005-desk").call("1002")
        expect("ringing", "available")
        assert call.wait() == 200
        expect("talking", "available")
        pbx.router.run("presence", "set", "1002", "away")
        expect("talking", "away")
        call.hang_up()
        expect("available", "away")
        pbx.router.run("presence", "set", "1002", "available")
        expect("available", "available")
    finally:
        changes.stop()
        pbx.router.run("presence", "set", "1005", "available")
    caller = [(each["line"], each["status"]) for each in changes.of("1005")]
    assert ("calling", "meeting") in caller
    assert ("talking", "meeting") in caller
