"""Apps that are asleep and woken by push, on a running FreeSWITCH."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.diverted import STRANGER, direct, somebody
from tests.e2e.endpoint import Answering, Behaviour
from tests.e2e.lines import to
from tests.e2e.router import Router
from tests.e2e.sip import TOLERANCE, wait_until
from tests.e2e.stage import Programme, Stage, company, person
from tests.e2e.switch import FreeSwitch

WAIT = 8
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
ANSWERS = "2990"
MOBILE = "+491711292962"
SOON = 0.7
"""Seconds within which something is there that nobody had to wait for."""

HOOK = """
import json, os, sys
told = json.load(sys.stdin)
with open(sys.argv[1], "a") as file:
    print(json.dumps(told), file=file)
if told["device"] == "2957-app":
    sys.exit("no such token")
"""


def forwards(**targets: str) -> dict[str, Any]:
    return {origin: dict(targets) for origin in ("internal", "external")}


def owner(extension: int, *devices: str, ring: int = 20, **more: Any) -> dict[str, dict[str, Any]]:
    """Somebody with an app, and other phones."""
    profile = {**forwards(unregistered=f"extension:{ANSWERS}", no_answer="busy"), **more}
    presence = {"profiles": {"available": profile}}
    made = person(str(extension), *devices, number=direct(extension), presence=presence)
    made["devices"][f"{extension}-app"] = {
        "kind": "app",
        "password": "secret",
        "push": {"token": f"token of {extension}"},
    }
    rows = {"internal": {"ring": ring}, "external": {"ring": ring}}
    made["follow_me"] = {f"{extension}-app": rows}
    return {f"u{extension}": made}


PEOPLE: dict[str, dict[str, Any]] = {
    "u2980": person("2980", "a", number=direct(2980)),
    **somebody(int(ANSWERS)),
    **owner(2950, "a"), **owner(2951), **owner(2952), **owner(2953, "a"), **owner(2954, "a"),
    **owner(2955, push=False), **owner(2956, ring=8), **owner(2957, "a"), **owner(2958, "a"),
    **owner(2959), **owner(2960), **owner(2961),
}  # fmt: skip
PEOPLE |= {
    "u2962": person("2962", mobile=MOBILE, presence={}),
}
PEOPLE["u2962"]["devices"]["2962-app"] = {"kind": "app", "password": "secret"}
RULES = company(**PEOPLE)
RULES["teams"] = {"2970": {"name": "Team", "members": [{"user": "2958"}]}}
play = Programme()


@pytest.fixture(scope="module")
def stage(freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    where = tmp_path_factory.mktemp("push")
    (where / "hook.py").write_text(HOOK)
    command = [sys.executable, str(where / "hook.py"), str(where / "told")]
    RULES["settings"]["push"] = {"command": command, "wait": WAIT}
    with ExitStack() as stack:
        trunk = Answering(freeswitch.trunk, Behaviour(answer=0.3))
        stack.callback(trunk.close)
        stack.callback(freeswitch.hang_up_everything)
        router = Router(freeswitch, where, RULES)
        router.start()
        stack.callback(router.kill)
        yield Stage(freeswitch, router, trunk, where, stack)


@pytest.fixture(scope="module")
def played(stage: Stage) -> dict[str, Future[None]]:
    stage.line(f"{ANSWERS}-a", answer=0.3)
    return play.play(stage)


def told(stage: Stage, device: str) -> list[dict[str, Any]]:
    """What the hook was told for this device."""
    path: Path = stage.router.place / "told"
    lines = path.read_text().splitlines() if path.exists() else []
    return [each for each in map(json.loads, lines) if each["device"] == device]


@play
def a_phone_that_registers_after_three_seconds_rings_then(stage: Stage) -> None:
    desk = stage.line("2950-a")
    call = stage.inside("2980-a").call("2950")
    rings = desk.wait_ringing()
    assert rings.at - call.started < SOON
    time.sleep(max(0.0, call.started + 3 - time.time()))
    app = stage.line("2950-app", answer=1)
    ringing = app.wait_ringing()
    assert ringing.at - call.started == pytest.approx(3, abs=TOLERANCE)
    assert (ringing.number, ringing.display) == ("2980", "User 2980")
    assert call.wait() == 200
    assert call.at == pytest.approx(ringing.at - call.started + 1, abs=SOON)
    cancelled = desk.wait_cancelled()
    assert cancelled.cancel is not None
    assert cancelled.cancel.get("reason") == ELSEWHERE
    time.sleep(1)
    assert call.ended is None
    [hook] = told(stage, "2950-app")
    assert hook["push"] == {"token": "token of 2950"}
    assert (hook["owner"], hook["wait"]) == ("2950", WAIT)
    app.lines.hang_up(ringing)
    call.wait_end(3)
    entry = journal(stage, "2950")
    assert (entry["result"], entry["answered_by"]) == ("answered", "2950-app")
    assert any("2950-app registered after" in each["text"] for each in entry["trace"])


def journal(stage: Stage, user: str) -> dict[str, Any]:
    """The last call of that user, as soon as it is written."""

    def found() -> list[dict[str, Any]]:
        said = stage.router.run("calls", "list", "--user", user, "--json")
        return list(json.loads(said))

    return wait_until(found, 10, f"a call of {user} in the journal")[-1]


@play
def nobody_registers_and_the_call_goes_on_as_for_a_phone_that_is_not_there(stage: Stage) -> None:
    call = stage.inside("2980-a").call("2951")
    assert call.wait_for(180) < SOON
    assert call.wait() == 200
    assert call.at == pytest.approx(WAIT + 0.4, abs=TOLERANCE)
    call.hang_up()
    entry = journal(stage, "2951")
    texts = [each["text"] for each in entry["trace"]]
    assert f"2951-app did not register within {WAIT} s." in texts
    assert entry["attempts"][0]["legs"][0]["result"] == "unregistered"


@play
def the_caller_gives_up_while_the_woken_phone_rings(stage: Stage) -> None:
    call = stage.inside("2980-a").call("2952")
    call.wait_for(180)
    app = stage.line("2952-app")
    app.wait_ringing()
    call.cancel()
    cancelled = app.wait_cancelled(2)
    assert cancelled.cancel is not None
    assert cancelled.cancel.get("reason") != ELSEWHERE


@play
def another_phone_answers_while_the_woken_one_rings(stage: Stage) -> None:
    desk = stage.line("2953-a", answer=6)
    call = stage.inside("2980-a").call("2953")
    desk.wait_ringing()
    app = stage.line("2953-app")
    app.wait_ringing()
    assert call.wait() == 200
    cancelled = app.wait_cancelled(2)
    assert cancelled.cancel is not None
    assert cancelled.cancel.get("reason") == ELSEWHERE
    time.sleep(0.5)
    assert call.ended is None
    call.hang_up()


@play
def a_woken_phone_declines_for_all_of_his(stage: Stage) -> None:
    desk = stage.line("2954-a")
    call = stage.inside("2980-a").call("2954")
    desk.wait_ringing()
    stage.line("2954-app", reject=603, after=0.5)
    assert call.wait(12) == 486
    desk.wait_cancelled(1)


@play
def a_status_that_wakes_nobody(stage: Stage) -> None:
    call = stage.inside("2980-a").call("2955")
    assert call.wait() == 200
    assert call.at is not None
    assert call.at < 1.5
    assert not told(stage, "2955-app")
    call.hang_up()


@play
def it_rings_for_the_rest_of_its_time(stage: Stage) -> None:
    call = stage.inside("2980-a").call("2956")
    call.wait_for(180)
    time.sleep(2)
    app = stage.line("2956-app")
    ringing = app.wait_ringing()
    ended = app.wait_cancelled(10)
    assert ended.cancelled is not None
    assert ended.cancelled - call.started == pytest.approx(8.5, abs=TOLERANCE)
    assert ended.cancelled - ringing.at < 7
    assert call.wait(2) == 486


@play
def a_hook_that_fails_says_so_and_the_others_ring(stage: Stage) -> None:
    desk = stage.line("2957-a", answer=2)
    call = stage.inside("2980-a").call("2957")
    assert desk.wait_ringing().at - call.started < SOON
    assert call.wait() == 200
    call.hang_up()
    wrong = "2957-app was not woken"
    texts = [each["text"] for each in journal(stage, "2957")["trace"]]
    assert any(each.startswith(wrong) and "no such token" in each for each in texts)
    assert "2957-app is not woken" in stage.router.log.read_text()


@play
def a_member_of_a_team_is_woken(stage: Stage) -> None:
    desk = stage.line("2958-a")
    call = stage.inside("2980-a").call("2970")
    desk.wait_ringing()
    app = stage.line("2958-app", answer=0.5)
    app.wait_ringing()
    assert call.wait() == 200
    call.hang_up()


@play
def what_a_caller_writes_reaches_no_command(stage: Stage) -> None:
    name = "x' &hangup() '${system(touch /tmp/x)}"
    call = stage.outside().call(direct(2959), user=STRANGER, display=name)
    call.wait_for(180)
    app = stage.line("2959-app", answer=0.3)
    ringing = app.wait_ringing()
    assert (ringing.number, ringing.display) == (STRANGER, STRANGER)
    assert call.wait() == 200
    call.hang_up()


@play
def a_phone_that_registers_too_late_stays_silent(stage: Stage) -> None:
    call = stage.inside("2980-a").call("2960")
    assert call.wait() == 200
    app = stage.line("2960-app")
    time.sleep(1)
    assert not app.invited
    call.hang_up()


@play
def a_phone_that_is_awake_rings_as_any_other(stage: Stage) -> None:
    app = stage.line("2961-app", answer=0.3)
    call = stage.inside("2980-a").call("2961")
    assert app.wait_ringing().at - call.started < SOON
    assert call.wait() == 200
    assert not told(stage, "2961-app")
    call.hang_up()


@play
def it_answers_while_somebody_outside_is_asked_to_press_1(stage: Stage) -> None:
    call = stage.inside("2980-a").call("2962")
    mobile = wait_until(lambda: to(MOBILE, stage.trunk.ringings), 5, "the mobile rings")[0]
    wait_until(lambda: mobile.answered or to(MOBILE, stage.trunk.ringings)[0].answered, 3, "asked")
    stage.line("2962-app", answer=0.5)
    assert call.wait(5) == 200
    # He hears that he was too late before he is hung up.
    ended = wait_until(lambda: to(MOBILE, stage.trunk.ringings)[0].ended, 8, "the mobile ends")
    assert call.at is not None
    assert ended - call.started - call.at > 0.5
    call.hang_up()


@pytest.mark.timeout(150)
@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()
