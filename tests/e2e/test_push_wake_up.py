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
from tests.e2e.pools import pool
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

HOOKED = 2.5
"""Seconds until the hook has run that is run at once: it starts a Python of its own."""

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
    **somebody(int(ANSWERS)), **somebody(2930),
    **owner(2950, "a"), **owner(2951), **owner(2952), **owner(2953, "a"), **owner(2954, "a"),
    **owner(2955, push=False), **owner(2956, ring=8), **owner(2957, "a"), **owner(2958, "a"),
    **owner(2959), **owner(2960), **owner(2961),
}  # fmt: skip
PEOPLE |= {
    "u2962": person("2962", mobile=MOBILE, presence={}),
}
PEOPLE["u2962"]["devices"]["2962-app"] = {"kind": "app", "password": "secret"}
DESKS = (2963, 2965, 2966, 2968, 2982, 2984, 2932, 2935, 2936, 2941, 2945)
PEOPLE |= {
    **{name: each for number in DESKS for name, each in somebody(number).items()},
    **owner(2964), **owner(2967), **owner(2981), **owner(2983), **owner(2931), **owner(2937),
    **owner(2940), **owner(2946),
}  # fmt: skip


def team(*members: int, **more: Any) -> dict[str, Any]:
    return {"name": "Team", "members": [{"user": str(each)} for each in members], **more}


RULES = company(**PEOPLE)
RULES["teams"] = {
    "2970": team(2958),
    "2971": team(2963, 2964, 2965, strategy="round_robin", ring=WAIT),
    "2972": team(2966, 2967, 2968, strategy="sequential", ring=20),
    "2973": team(2981, 2982, strategy="sequential", ring=20),
    "2974": team(2983, 2984, strategy="sequential", ring=WAIT - 1),
}
RULES["executives"] = {
    **pool(2930, 2931, 2932),
    **pool(2935, 2936, 2937, alerting="sequential", rings=2, alert_executive="ring"),
    **pool(2940, 2941, push_recall=15),
    **pool(2945, 2946, push_recall=4),
}
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


# -- where people ring one after the other ------------------------------------------------------


def woken(stage: Stage, device: str) -> float:
    """When the hook was called for this device, as soon as it is."""
    wait_until(lambda: told(stage, device), 15, f"{device} is woken")
    return time.time()


@play
def a_members_app_is_woken_when_his_turn_comes_and_rings_in_it(stage: Stage) -> None:
    first, last = stage.line("2963-a"), stage.line("2965-a")
    call = stage.inside("2980-a").call("2971")
    first.wait_ringing()
    turn = woken(stage, "2964-app") - call.started
    assert turn == pytest.approx(WAIT + 0.5, abs=TOLERANCE)
    time.sleep(3)
    app = stage.line("2964-app", answer=1)
    assert app.wait_ringing(2).at - call.started == pytest.approx(turn + 3.5, abs=TOLERANCE)
    assert call.wait() == 200
    assert not last.invited
    assert first.wait_cancelled().rang == pytest.approx(WAIT + 0.5, abs=TOLERANCE)
    time.sleep(1)
    assert call.ended is None
    call.hang_up()
    texts = [each["text"] for each in journal(stage, "2971")["trace"]]
    assert "2964-app was woken." in texts


@play
def his_turn_comes_at_once_when_the_one_before_him_refuses(stage: Stage) -> None:
    before = stage.line("2966-a", reject=486, after=1.0)
    last = stage.line("2968-a")
    call = stage.inside("2980-a").call("2972")
    refused = before.wait_ringing().at + 1
    assert woken(stage, "2967-app") - refused < HOOKED
    app = stage.line("2967-app", reject=486, after=0.5)
    app.wait_ringing()
    # And so does the turn of the next one.
    assert last.wait_ringing(3).at - refused < 5
    last.lines.answer(last.ringings[0])
    assert call.wait() == 200
    call.hang_up()


@play
def whose_app_does_not_come_is_passed_when_it_had_its_time(stage: Stage) -> None:
    next_one = stage.line("2982-a", answer=0.5)
    call = stage.inside("2980-a").call("2973")
    assert call.wait_for(180) < SOON
    assert woken(stage, "2981-app") - call.started < HOOKED
    assert next_one.wait_ringing(15).at - call.started == pytest.approx(WAIT + 0.4, abs=TOLERANCE)
    assert call.wait() == 200
    call.hang_up()


@play
def a_turn_too_short_for_an_app_is_nobodys(stage: Stage) -> None:
    desk = stage.line("2984-a", answer=0.5)
    call = stage.inside("2980-a").call("2974")
    assert desk.wait_ringing().at - call.started < SOON
    assert call.wait() == 200
    assert not told(stage, "2983-app")
    call.hang_up()


@play
def the_app_of_an_assistant_joins_the_others(stage: Stage) -> None:
    desk = stage.line("2932-a")
    call = stage.outside().call(direct(2930), user=STRANGER)
    assert desk.wait_ringing().at - call.started < SOON
    time.sleep(2)
    app = stage.line("2931-app", answer=0.5)
    assert app.wait_ringing(2).number == STRANGER
    assert call.wait() == 200
    desk.wait_cancelled(2)
    time.sleep(1)
    assert call.ended is None
    call.hang_up()


@play
def the_app_of_an_assistant_rings_in_his_turn_while_the_executive_rings_along(
    stage: Stage,
) -> None:
    boss, first = stage.line("2935-a"), stage.line("2936-a", reject=486, after=1.0)
    call = stage.outside().call(direct(2935), user=STRANGER)
    boss.wait_ringing()
    refused = first.wait_ringing().at + 1
    assert not told(stage, "2937-app")
    assert woken(stage, "2937-app") - refused < HOOKED
    app = stage.line("2937-app", answer=0.5)
    app.wait_ringing(3)
    assert call.wait() == 200
    call.hang_up()


@play
def the_app_of_the_executive_is_woken_for_a_push(stage: Stage) -> None:
    one = stage.line("2941-a", answer=0.3)
    call = stage.outside().call(direct(2940), user=STRANGER)
    assert call.wait() == 200
    time.sleep(1)
    assert not told(stage, "2940-app")
    one.lines.transfer(one.ringings[0], "*63")
    woken(stage, "2940-app")
    time.sleep(2)
    app = stage.line("2940-app", answer=0.5)
    assert app.wait_ringing(2).number == STRANGER
    app.wait_answered()
    wait_until(lambda: one.ringings[0].ended, 5, "the assistant is released")
    time.sleep(1)
    assert call.ended is None
    assert len(one.ringings) == 1
    call.hang_up()


@play
def a_recall_wakes_the_app_of_an_assistant_who_has_no_other_phone(stage: Stage) -> None:
    boss, app = stage.line("2945-a"), stage.line("2946-app", answer=0.3)
    call = stage.outside().call(direct(2945), user=STRANGER)
    assert call.wait() == 200
    time.sleep(1)
    app.lines.transfer(app.ringings[0], "*63")
    boss.wait_ringing(5)
    app.lines.sign_off("2946-app")
    assert not told(stage, "2946-app")
    pushed = boss.wait_cancelled(10).cancelled
    assert pushed is not None
    assert woken(stage, "2946-app") - pushed < HOOKED
    time.sleep(2)
    assert len(app.ringings) == 1
    stage.line("2946-app", answer=0.5)
    recalled = app.wait_ringing(2, calls=2)
    assert recalled.number == STRANGER
    wait_until(lambda: app.ringings[1].answered, 5, "he has the caller back")
    time.sleep(1)
    assert call.ended is None
    assert len(boss.ringings) == 1
    call.hang_up()
    wait_until(lambda: app.ringings[1].ended, 5, "it is the caller who talks to him")


@pytest.mark.timeout(200)
@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()
