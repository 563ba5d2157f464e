"""Missed calls and new messages on a running FreeSWITCH: what the hook is told, and how often.

Two processes route the calls, and both hear every event of the switch.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.diverted import STRANGER, away, direct, reachable, somebody
from tests.e2e.endpoint import HOST, Answering, Behaviour, Placed, Speaking
from tests.e2e.lines import Line
from tests.e2e.pools import phones, pool
from tests.e2e.router import Following, Router
from tests.e2e.sip import wait_until
from tests.e2e.stage import Programme, Stage, company, person
from tests.e2e.switch import FreeSwitch

RANG = 3
LONG = 6.0
"""Seconds in which an event would long have come."""

TEAM, EMPTY_TEAM = "3990", "3991"
KNOWN = "+4930888001"
OUTSIDE = "+491713000001"
MARK = Path("/tmp") / "eslr-e2e-missed"

HOOK = """
import json, os, sys
text = sys.stdin.read()
told = json.loads(text)
if told["callee"] == "3940" and not os.path.exists(sys.argv[1] + ".dead"):
    open(sys.argv[1] + ".dead", "w").close()
    sys.exit("the mail server is away")
with open(sys.argv[1], "a") as file:
    print(text, file=file)
"""


def ringing(extension: int, **more: Any) -> dict[str, dict[str, Any]]:
    """Somebody whose phone rings for three seconds, and who has no mailbox."""
    short = {"a": (0, RANG)}
    return somebody(extension, internal=short, external=short, **({"voicemail": False} | more))


PEOPLE: dict[str, dict[str, Any]] = {
    "u1900": person("1900", "a"),
    "u1901": person("1901", "a"),
    **ringing(3900), **ringing(3901, busy_on_busy=True),
    **ringing(3902, presence=away("busy", status="dnd")),
    **ringing(3903), **ringing(3904), **ringing(3905), **ringing(3906), **ringing(3907),
    **ringing(3908), **ringing(3909), **ringing(3910), **ringing(3911, voicemail=True),
    **ringing(3912, presence=away("extension:3913")),
    **ringing(3913, presence=away("extension:3912")),
    **ringing(3914, callers=[{"numbers": [STRANGER], "action": "block"}]),
    **ringing(3915, presence={"outside_hours": {
        "schedule": "never", "status": "away", "forward": "busy"}}),
    **ringing(3916), **ringing(3917), **ringing(3918), **ringing(3919),
    **ringing(3920), **ringing(3921), **ringing(3922),
    **ringing(3923), **ringing(3924), **ringing(3925),
    **ringing(3926), **ringing(3927), **ringing(3928),
    **ringing(3950), **ringing(3951), **ringing(3952),
    **ringing(3953), **ringing(3954), **ringing(3955),
    **ringing(3956), **ringing(3957), **ringing(3958), **ringing(3959),
    **ringing(3930, presence=reachable(no_answer="extension:3931")), **ringing(3931),
    **ringing(3932, presence=reachable(no_answer=f"external:{OUTSIDE}")),
    **ringing(3940), **ringing(3941), **ringing(3942, voicemail=True),
}  # fmt: skip
PEOPLE["u3904"]["forward"] = {
    origin: {"to": "extension:3905"} for origin in ("internal", "external")
}
PEOPLE["u3919"]["forward"] = {
    origin: {"to": "extension:3917"} for origin in ("internal", "external")
}
RULES = company(**PEOPLE)
RULES["contacts"] = [{"name": "Muster & Söhne", "numbers": [KNOWN]}]
RULES["schedules"] = {
    "never": {
        "timezone": "Europe/Berlin",
        "open": [{"days": "mon", "from": "00:00", "to": "00:01"}],
    }
}
RULES["teams"] = {
    TEAM: {
        "name": "Team",
        "max_wait": RANG,
        "members": [{"user": "3909"}, {"user": "3910"}],
    },
    EMPTY_TEAM: {"name": "Nobody", "members": []},
}
RULES["executives"] = {
    **pool(3920, rollover={"after": RANG, "action": "busy"}),
    **pool(3923, rollover={"after": RANG, "action": "busy"}),
    **pool(3926, rollover={"after": 20, "action": "busy"}),
    **pool(3957, executive_first=20),
    **pool(3950, push_recall=8),
    **pool(3953, push_recall=RANG, rollover={"after": RANG, "action": "busy"}),
}
play = Programme()


@pytest.fixture(scope="module")
def stage(freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    where = tmp_path_factory.mktemp("missed")
    (where / "hook.py").write_text(HOOK)
    command = [sys.executable, str(where / "hook.py"), str(where / "told")]
    RULES["settings"]["notify"] = {"command": command}
    with ExitStack() as stack:
        trunk = Answering(freeswitch.trunk, Behaviour())
        stack.callback(trunk.close)
        stack.callback(freeswitch.hang_up_everything)
        router = Router(freeswitch, where, RULES)
        router.start("--workers", "2")
        stack.callback(router.kill)
        yield Stage(freeswitch, router, trunk, where, stack)


@pytest.fixture(scope="module")
def followed(stage: Stage) -> Iterator[Following]:
    following = stage.router.follow("calls", "missed", "--follow", "-n", "0", "--json")
    time.sleep(2)
    yield following
    following.stop()


@pytest.fixture(scope="module")
def played(stage: Stage, followed: Following) -> dict[str, Future[None]]:
    return play.play(stage)


def told(stage: Stage, callee: int | str, event: str = "missed_call") -> list[dict[str, Any]]:
    """What the hook was told of calls for that extension."""
    path: Path = stage.router.place / "told"
    text = path.read_text() if path.exists() else ""
    found = [json.loads(line) for line in text.splitlines() if line]
    return [each for each in found if (each["event"], each["callee"]) == (event, str(callee))]


def call_in(stage: Stage, number: int | str, **how: Any) -> Placed:
    """A stranger calls."""
    return stage.outside().call(direct(number), **({"user": STRANGER, "display": "Max"} | how))


def missed(stage: Stage, callee: int | str, reason: str, *rung: str) -> dict[str, Any]:
    """The one event of a call that was missed."""
    found = wait_until(lambda: told(stage, callee), LONG, f"the hook is told of {callee}")
    time.sleep(1)
    assert told(stage, callee) == found[:1]
    assert found[0]["reason"] == reason
    assert found[0]["rung"] == list(rung)
    event: dict[str, Any] = found[0]
    return event


def nobody_is_told(stage: Stage, *callees: int | str) -> None:
    time.sleep(4)
    for callee in callees:
        assert not told(stage, callee)


@play
def nobody_answers(stage: Stage) -> None:
    stage.line("3900-a")
    before = time.time()
    call = call_in(stage, 3900)
    assert call.wait(8) == 480
    event = missed(stage, 3900, "no_answer", "3900-a")
    assert before - 1 < datetime.fromisoformat(event.pop("at")).timestamp() < time.time()
    uuid = event.pop("call")
    assert uuid in stage.router.run("calls", "list", "--json")
    assert event == {
        "event": "missed_call",
        "domain": "pbx.test",
        "callee": "3900",
        "dialled": direct(3900),
        "reason": "no_answer",
        "caller": {"number": STRANGER, "name": "Max", "anonymous": False},
        "rung": ["3900-a"],
        "mailbox": None,
        "message": None,
    }


@play
def he_talks(stage: Stage) -> None:
    line = stage.line("3901-a")
    first = stage.inside("1900-a").call("3901")
    line.lines.answer(line.wait_ringing(5))
    assert first.wait(5) == 200
    time.sleep(0.5)
    assert stage.inside("1901-a").call("3901").wait(5) == 486
    event = missed(stage, 3901, "busy")
    assert event["caller"]["number"] == "1901"
    first.hang_up()
    time.sleep(2)
    assert len(told(stage, 3901)) == 1, "the call that he answered is none"


@play
def he_is_not_to_be_disturbed(stage: Stage) -> None:
    stage.line("3902-a")
    assert call_in(stage, 3902).wait(5) == 486
    missed(stage, 3902, "dnd")


@play
def he_declines(stage: Stage) -> None:
    stage.line("3903-a", reject=603, after=0.3)
    assert call_in(stage, 3903).wait(5) == 486
    missed(stage, 3903, "declined", "3903-a")


@play
def whom_he_forwards_to_does_not_answer(stage: Stage) -> None:
    stage.line("3905-a")
    assert call_in(stage, 3904).wait(8) == 480
    missed(stage, 3904, "forward", "3905-a")
    assert not told(stage, 3905)


@play
def the_caller_gives_up(stage: Stage) -> None:
    line = stage.line("3906-a")
    call = call_in(stage, 3906)
    line.wait_ringing(5)
    time.sleep(0.5)
    call.cancel()
    missed(stage, 3906, "gave_up", "3906-a")


@play
def no_phone_is_registered(stage: Stage) -> None:
    assert call_in(stage, 3907).wait(5) == 480
    missed(stage, 3907, "not_reachable")


@play
def an_answered_call_is_none(stage: Stage) -> None:
    line = stage.line("3908-a", answer=0.3)
    call = call_in(stage, 3908)
    assert call.wait(5) == 200
    line.wait_answered(3)
    time.sleep(0.5)
    call.hang_up()
    nobody_is_told(stage, 3908)


@play
def a_call_of_a_team_is_the_team_s(stage: Stage) -> None:
    stage.line("3909-a")
    stage.line("3910-a")
    assert stage.inside("1900-a").call(TEAM).wait(8) == 480
    event = missed(stage, TEAM, "no_answer", "3909-a", "3910-a")
    assert not told(stage, 3909)
    assert not told(stage, 3910)
    assert event["caller"]["number"] == "1900"
    assert stage.inside("1900-a").call(EMPTY_TEAM).wait(8) == 480
    missed(stage, EMPTY_TEAM, "not_reachable")


@play
def a_message_is_told_with_its_length(stage: Stage) -> None:
    caller = stage.outside()
    call = caller.call(direct(3911), user=STRANGER, display="Max")
    assert call.wait(5) == 200
    with closing(Speaking(call)):
        wait_until(lambda: stage.switch.messages("3911"), 8, "a message begins")
        time.sleep(3)
    call.hang_up()
    event = missed(stage, 3911, "not_reachable")
    assert event["mailbox"] == "3911"
    assert 2 <= event["message"] <= 4
    (message,) = told(stage, 3911, "voicemail")
    assert (message["mailbox"], message["message"]) == ("3911", event["message"])
    assert message["call"] == event["call"]
    assert message["caller"] == {"number": STRANGER, "name": "Max", "anonymous": False}


@play
def who_hangs_up_in_the_greeting_has_left_none(stage: Stage) -> None:
    call = call_in(stage, 3942)
    assert call.wait(5) == 200
    time.sleep(0.3)
    call.hang_up()
    event = missed(stage, 3942, "not_reachable")
    assert (event["mailbox"], event["message"]) == ("3942", None)
    assert not told(stage, 3942, "voicemail")


@play
def it_comes_round_in_a_circle(stage: Stage) -> None:
    assert call_in(stage, 3912).wait(5) == 486
    missed(stage, 3912, "loop")


@play
def his_list_refuses_the_caller(stage: Stage) -> None:
    stage.line("3914-a")
    assert call_in(stage, 3914).wait(5) == 486
    missed(stage, 3914, "blocked")


@play
def it_is_outside_his_hours(stage: Stage) -> None:
    stage.line("3915-a")
    assert call_in(stage, 3915).wait(5) == 486
    missed(stage, 3915, "schedule")


@play
def what_a_caller_writes_is_data(stage: Stage) -> None:
    MARK.unlink(missing_ok=True)
    for_him = stage.line("3916-a")
    name = f"x'; touch {MARK}; $(touch {MARK}) ${{system(touch {MARK})}} {{a}}[b],|&lt;%0Aevil: 1"
    call = call_in(stage, 3916, display=name)
    for_him.wait_ringing(5)
    call.cancel()
    event = missed(stage, 3916, "gave_up", "3916-a")
    assert event["caller"]["number"] == STRANGER
    shown = event["caller"]["name"]
    assert shown.startswith("x'; touch")
    assert "\n" not in shown
    assert "evil" not in event
    time.sleep(0.5)
    assert not MARK.exists()
    assert "evil: 1" not in stage.router.log.read_text()


@play
def who_withholds_his_number_stays_unknown(stage: Stage) -> None:
    line = stage.line("3917-a", answer=20)
    how = {"user": "anonymous", "display": "Anonymous", "domain": "anonymous.invalid"}
    private = ("Privacy: id", f"P-Asserted-Identity: <sip:{STRANGER}@pbx.test>")
    uri = f"sip:{direct(3917)}@pbx.test"
    call = call_in(stage, 3917, headers=private, uri=uri, **how)
    line.wait_ringing(5)
    call.cancel()
    event = missed(stage, 3917, "gave_up", "3917-a")
    assert event["caller"] == {"number": None, "name": None, "anonymous": True}
    assert STRANGER not in json.dumps(event)


@play
def a_contact_s_name_is_told(stage: Stage) -> None:
    line = stage.line("3918-a")
    call = call_in(stage, 3918, user=KNOWN, display=KNOWN)
    line.wait_ringing(5)
    call.cancel()
    event = missed(stage, 3918, "gave_up", "3918-a")
    assert event["caller"] == {"number": KNOWN, "name": "Muster & Söhne", "anonymous": False}


@play
def no_assistant_answers(stage: Stage) -> None:
    for extension in (3920, 3921, 3922):
        stage.line(f"{extension}-a")
    assert call_in(stage, 3920).wait(12) == 486
    missed(stage, 3920, "filtered", "3921-a", "3922-a")
    assert not told(stage, 3921)
    assert not told(stage, 3922)


@play
def an_assistant_answers(stage: Stage) -> None:
    stage.line("3923-a")
    stage.line("3924-a", answer=0.3)
    stage.line("3925-a")
    call = call_in(stage, 3923)
    assert call.wait(5) == 200
    time.sleep(0.5)
    call.hang_up()
    nobody_is_told(stage, 3923, 3924, 3925)


@play
def the_caller_gives_up_while_assistants_ring(stage: Stage) -> None:
    one = stage.line("3927-a")
    stage.line("3926-a")
    call = call_in(stage, 3926)
    one.wait_ringing(5)
    time.sleep(0.3)
    call.cancel()
    missed(stage, 3926, "filtered", "3927-a")
    assert not told(stage, 3927)


def handed_over(stage: Stage, boss: int) -> tuple[Placed, Line]:
    """A stranger, whom an assistant has answered and hands over to the executive."""
    line, one, _ = phones(stage, boss)
    call = call_in(stage, boss)
    ringing = one.wait_ringing(5)
    one.lines.answer(ringing)
    assert call.wait(5) == 200
    time.sleep(0.5)
    one.lines.transfer(ringing, "*63")
    line.wait_ringing(5)
    return call, line


@play
def the_caller_gives_up_while_he_is_handed_over(stage: Stage) -> None:
    call, line = handed_over(stage, 3950)
    time.sleep(0.5)
    call.hang_up()
    line.wait_cancelled(5)
    event = missed(stage, 3950, "gave_up", "3950-a")
    assert event["caller"]["number"] == STRANGER
    assert not told(stage, 3951)


@play
def handed_over_and_recalled_nobody_answers(stage: Stage) -> None:
    call, _ = handed_over(stage, 3953)
    call.wait_end(30)
    missed(stage, 3953, "no_answer", "3953-a", "3954-a", "3955-a")
    assert not told(stage, 3954)


def picked_up(stage: Stage, callee: int, *marks: str) -> None:
    """A colleague takes a call that rings, by what the switch itself has for that."""
    rung, line = stage.line(f"{callee}-a"), stage.line("1901-a", answer=0.1)
    call = call_in(stage, callee)
    rung.wait_ringing(5)

    def legs() -> list[str]:
        rows = stage.switch.socket.api("show channels").splitlines()
        return [row.split(",")[0] for row in rows if all(each in row for each in marks)]

    leg = wait_until(legs, 3, "the leg is listed")[0]
    phone = f"sofia/internal/sip:1901-a@{HOST}:{line.lines.port}"
    stage.switch.socket.api(f"bgapi originate {phone} &intercept({leg})")
    assert call.wait(5) == 200
    rung.wait_cancelled(3)
    time.sleep(1)
    call.hang_up()
    nobody_is_told(stage, callee)


@play
def a_colleague_picks_it_up(stage: Stage) -> None:
    picked_up(stage, 3956, ",inbound,", direct(3956))


@play
def the_caller_gives_up_while_the_executive_is_rung_first(stage: Stage) -> None:
    first, _, _ = phones(stage, 3957)
    call = call_in(stage, 3957)
    first.wait_ringing(5)
    time.sleep(0.5)
    call.cancel()
    missed(stage, 3957, "gave_up", "3957-a")


@play
def a_colleague_answers_behind_the_forward(stage: Stage) -> None:
    stage.line("3930-a")
    stage.line("3931-a", answer=0.3)
    call = call_in(stage, 3930)
    assert call.wait(8) == 200
    time.sleep(0.5)
    call.hang_up()
    nobody_is_told(stage, 3930, 3931)


@play
def nobody_answers_outside_either(stage: Stage) -> None:
    stage.line("3932-a")
    call = call_in(stage, 3932)
    wait_until(lambda: stage.trunk.ringings, 8, "the number outside rings")
    time.sleep(0.5)
    call.cancel()
    missed(stage, 3932, "no_answer", "3932-a", OUTSIDE)


@play
def a_hook_that_fails_is_told_later(stage: Stage) -> None:
    assert call_in(stage, 3940).wait(5) == 480
    found = wait_until(lambda: told(stage, 3940), 20, "the hook is told at last")
    assert len(found) == 1
    log = stage.router.log.read_text()
    assert log.count("is told of calls later") == 1
    assert "the mail server is away" in log


@pytest.mark.timeout(240)
@pytest.mark.parametrize("scenario", list(play))
def test_missed_calls(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()


@pytest.mark.timeout(240)
def test_who_follows_reads_what_the_hook_is_told(
    stage: Stage, played: dict[str, Future[None]], followed: Following
) -> None:
    text = (stage.router.place / "told").read_text()
    told_all = [json.loads(line) for line in text.splitlines() if line]
    missed_all = {each["call"]: each for each in told_all if each["event"] == "missed_call"}
    assert len(missed_all) == len([each for each in told_all if each["event"] == "missed_call"])
    assert {each["call"]: each for each in followed.of()} == missed_all
    listed = json.loads(stage.router.run("calls", "missed", "--user", "3903", "--json"))
    assert listed == told(stage, 3903)
    shown = stage.router.run("calls", "missed", "--user", "3911")
    assert "not reachable" in shown
    assert " s " in shown


@pytest.mark.timeout(60)
def test_without_a_hook_nothing_is_kept(stage: Stage, played: dict[str, Future[None]]) -> None:
    stage.router.change("UPDATE domains SET notify = NULL")
    assert call_in(stage, 3941).wait(5) == 480
    wait_until(
        lambda: json.loads(stage.router.run("calls", "missed", "--user", "3941", "--json")),
        5,
        "it is in the journal",
    )
    assert not told(stage, 3941)
