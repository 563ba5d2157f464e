"""What the router takes for granted of a ring that keeps a place free: of FreeSWITCH alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from uuid import uuid4

import pytest

from esl_router.model.people import User
from esl_router.store.directory import Account, directory_xml
from tests.e2e.endpoint import Answering, Behaviour, Caller, Placed
from tests.e2e.lines import Line, Lines
from tests.e2e.sip import wait_until
from tests.e2e.stub import StubRouter, routed
from tests.e2e.switch import HOST, FreeSwitch
from tests.e2e.test_switch_facts import confirmed

Stub = Callable[[bytes | None], StubRouter]
USERS = (User("pbx.test", "1001", "Anna Adler"), User("pbx.test", "1002"))
ACCOUNTS = (
    Account("1001-desk", "secret", "1001"),
    Account("1001-app", "secret", "1001"),
    Account("1002-desk", "secret", "1002"),
)
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
SOON = 0.6
"""Seconds by which something that the switch does at once may be late."""


@pytest.fixture(autouse=True)
def directory(switch: FreeSwitch) -> None:
    switch.write_directory(directory_xml("pbx.test", USERS, ACCOUNTS))


@pytest.fixture
def lines(switch: FreeSwitch, closing: ExitStack) -> Lines:
    made = Lines(switch)
    closing.callback(made.close)
    return made


class Ring:
    """A ring with a place for the app, for eight seconds, and whoever calls."""

    def __init__(self, switch: FreeSwitch, stub: Stub, lines: Lines, caller: Caller, *legs: str):
        self.switch, self.lines = switch, lines
        self.place, self.phone = str(uuid4()), str(uuid4())
        place = f"[origination_uuid={self.place},leg_timeout=8]pickup/{self.place}"
        ring = ",".join([*legs, place])
        stub(
            routed(
                ("ring_ready", ""),
                ("bridge", f"{{ignore_early_media=true,originate_timeout=30}}{ring}"),
                ("hangup", "USER_BUSY"),
            )
        )
        self.call: Placed = caller.call("1001")
        self.call.wait_for(180, SOON)

    @property
    def caller(self) -> str:
        """The uuid of the caller's leg."""

        def found() -> list[str]:
            rows = self.switch.socket.api("show channels").splitlines()
            return [row.split(",")[0] for row in rows if ",inbound," in row]

        return wait_until(found, 3, "the caller's leg is listed")[0]

    def wake(self, line: Line) -> None:
        """Calls the app, that is to take its place."""
        told = f"api_on_answer=uuid_setvar {self.caller} eslr_sent_by told"
        shown = "origination_caller_id_name=Ben Berg~origination_caller_id_number=1002"
        leg = f"[^^~origination_uuid={self.phone}~leg_timeout=6~{told}~{shown}]"
        url = f"sofia/internal/sip:{line.account}@{HOST}:{self.lines.port}"
        order = f"bgapi originate '{{ignore_early_media=true}}{leg}{url}' &pickup({self.place})"
        assert self.switch.socket.api(order).startswith("+OK")

    def kill(self, uuid: str) -> None:
        assert self.switch.socket.api(f"uuid_kill {uuid} LOSE_RACE").startswith("+OK")


Rings = Callable[..., Ring]


@pytest.fixture
def rings(
    switch: FreeSwitch, stub_router: Stub, lines: Lines, inside: Callable[..., Caller]
) -> Rings:
    return lambda *legs: Ring(switch, stub_router, lines, inside("1002-desk"), *legs)


def dialled(line: Line) -> str:
    return f"[leg_timeout=20]sofia/internal/sip:{line.account}@{HOST}:{line.lines.port}"


def test_a_phone_that_comes_later_takes_its_place(rings: Rings, lines: Lines) -> None:
    desk, app = lines.register("1001-desk"), lines.register("1001-app", answer=1)
    ring = rings(dialled(desk))
    desk.wait_ringing()
    ring.wake(app)
    assert ring.call.wait() == 200
    cancelled = desk.wait_cancelled(SOON)
    assert cancelled.cancel is not None
    assert cancelled.cancel.get("reason") == ELSEWHERE
    assert (app.ringings[0].number, app.ringings[0].display) == ("1002", "Ben Berg")
    wait_until(lambda: ring.switch.channels() == 2, 3, "the place is gone, and the desk phone")
    dump = ring.switch.socket.api(f"uuid_dump {ring.caller}")
    causes = re.search(r"variable_originate_causes: (.*)", dump)
    assert causes is not None
    assert f"{ring.phone}%3BNONE" in causes[1]
    assert ring.place not in causes[1]
    assert "variable_eslr_sent_by: told" in dump
    lines.hang_up(app.ringings[0])
    ring.call.wait_end(3)


def test_alone_the_caller_hears_ringing_for_the_time_of_the_place(rings: Rings) -> None:
    ring = rings()
    assert ring.call.wait(15) == 486
    assert ring.call.at == pytest.approx(8.5, abs=1)


def test_a_place_that_is_given_up_ends_the_ring(rings: Rings) -> None:
    ring = rings()
    ring.kill(ring.place)
    assert ring.call.wait(SOON) == 486


def test_another_phone_answers_and_the_one_that_came_rings_until_it_is_told(
    rings: Rings, lines: Lines
) -> None:
    desk, app = lines.register("1001-desk", answer=2), lines.register("1001-app")
    ring = rings(dialled(desk))
    ring.wake(app)
    app.wait_ringing()
    assert ring.call.wait() == 200
    time.sleep(SOON)
    assert app.ringings[0].cancelled is None
    ring.kill(ring.phone)
    cancelled = app.wait_cancelled(SOON)
    assert cancelled.cancel is not None
    assert cancelled.cancel.get("reason") == ELSEWHERE
    ring.call.hang_up()


def test_whoever_answers_when_the_caller_is_gone_is_hung_up(rings: Rings, lines: Lines) -> None:
    app = lines.register("1001-app", answer=2)
    ring = rings()
    ring.wake(app)
    app.wait_ringing()
    ring.call.cancel()
    app.wait_answered()
    wait_until(lambda: app.ringings[0].ended, SOON, "it is hung up")


def test_the_place_of_a_phone_that_refuses_stays_free(rings: Rings, lines: Lines) -> None:
    app = lines.register("1001-app", reject=486)
    ring = rings()
    ring.wake(app)
    wait_until(lambda: app.ringings and app.ringings[0].rejected, 3, "it refuses")
    time.sleep(SOON)
    assert ring.call.code == 0
    ring.kill(ring.place)
    assert ring.call.wait(SOON) == 486


def test_it_wins_against_who_has_answered_and_not_pressed_1_yet(
    rings: Rings, lines: Lines, trunk: Answering
) -> None:
    app = lines.register("1001-app", answer=0.5)
    trunk.behaviour = Behaviour(answer=0)
    ring = rings(confirmed("+491711234567"))
    wait_until(lambda: trunk.ringings and trunk.ringings[0].answered, 3, "the mobile has answered")
    ring.wake(app)
    assert ring.call.wait(3) == 200
    wait_until(lambda: trunk.ringings[0].ended, SOON, "the mobile is hung up")
    ring.call.hang_up()
