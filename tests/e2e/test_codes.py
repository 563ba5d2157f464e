"""Feature codes on a running FreeSWITCH: who dials them, what is changed, what is heard."""

from __future__ import annotations

import itertools
import json
import re
import struct
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from esl_router.model.codes import TAKES, USUAL, Argument, Code
from esl_router.store import admin, executive_admin, team_admin
from esl_router.store.database import open_store
from esl_router.store.rules.layout import EXECUTIVE, TEAM, USER
from tests.e2e.diverted import direct, mailbox, send_on, somebody
from tests.e2e.endpoint import HOST, Behaviour, Caller, Placed, Speaking
from tests.e2e.hearing import pitches
from tests.e2e.sip import wait_until
from tests.e2e.stage import Programme, Stage, company

DOMAIN = "pbx.test"
COLLEAGUE, TEAM_NUMBER, OTHER_TEAM = "1499", "2400", "2401"
MOBILE = "01711234567"
FORBIDDEN = "0900123456"
REMOTE, PIN = "+493012349999", "803417"


def unlocked(*devices: str) -> dict[str, Any]:
    return {device: {"user_configurable": True} for device in devices}


def place_phone(account: str) -> dict[str, Any]:
    return {account: {"kind": "sip", "password": "secret"}}


PEOPLE: dict[str, dict[str, Any]] = {
    **somebody(int(COLLEAGUE)),
    # One for each code: what he dials is in CODES.
    **{name: user for n in range(1400, 1430) for name, user in somebody(n).items()},
    **somebody(1420, "a", "b", follow_me=unlocked("1420-a", "1420-b")),
    **somebody(1421, "a", "b", follow_me=unlocked("1421-a")),
    # The rest.
    **somebody(1430), **somebody(1431), **somebody(1432), **somebody(1433), **somebody(1434),
    **somebody(1435), **somebody(1436), **somebody(1437), **somebody(1438),
    **somebody(1439, voicemail=False),
    **somebody(1440, pin=PIN), **somebody(1441, pin=PIN), **somebody(1442, pin=PIN),
    **somebody(1443, pin=PIN), **somebody(1444),
    **somebody(1445), **somebody(1446, pin=PIN), **somebody(1447, pin=PIN),
    **somebody(1448, presence={"profiles": {"away": {"queue_login": False}}}),
    **somebody(1450), **somebody(1451), **somebody(1452),
    **somebody(1453), **somebody(1454), **somebody(1455), **somebody(1456), **somebody(1457),
    **somebody(1458, voicemail=False), **somebody(1459),
}  # fmt: skip
RULES = {
    **company(**PEOPLE),
    "workplaces": {
        "front": {"number": "311", "devices": place_phone("front-phone")},
        "back": {"devices": place_phone("back-phone")},
    },
    "teams": {
        TEAM_NUMBER: {
            "name": "Hotline",
            "members": [{"user": "1411"}, {"user": "1412"}, {"user": "1413"}, {"user": "1448"}],
        },
        OTHER_TEAM: {"name": "Sales", "members": [{"user": "1411"}]},
    },
    "executives": {
        "1450": {
            "assistants": [{"user": "1451"}, {"user": "1452"}],
        },
    },
}
RULES["settings"] |= {"toll": {"deny": ["+49900"]}, "remote": {"number": REMOTE}}
TRUNK = Behaviour(answer=0.3)
play = Programme()

ON, OFF, REFUSED = (523, 659, 784), (784, 659, 523), (200,)
"""What is heard, in Hz."""


@pytest.fixture(scope="module")
def played(stage: Stage) -> dict[str, Future[None]]:
    return play.play(stage)


# -- what the store says --------------------------------------------------------------------------


def rules_of(stage: Stage, *users: int) -> dict[str, Any]:
    """What a rules file would say of these users, of every team and executive."""
    with closing(open_store(stage.router.place / "rules.db", readonly=True)) as db:
        return {
            **{str(u): USER.write(admin.user(db, DOMAIN, str(u))) for u in users},
            "teams": {t["extension"]: TEAM.write(t) for t in team_admin.teams(db, DOMAIN)},
            "executives": {
                e["extension"]: EXECUTIVE.write(e) for e in executive_admin.executives(db, DOMAIN)
            },
        }


def user_of(stage: Stage, user: int) -> dict[str, Any]:
    found: dict[str, Any] = rules_of(stage, user)[str(user)]
    return found


def journal(stage: Stage, who: str, result: str) -> str:
    """The reasons of that account's (or number's) last call, once it is in the journal with that
    result."""

    def found() -> list[str]:
        with closing(open_store(stage.router.place / "rules.db", readonly=True)) as db:
            rows = db.conn.execute(
                "SELECT trace FROM journal_calls WHERE ? IN (caller_account, caller_number) "
                "AND result = ? ORDER BY id DESC",
                (who, result),
            )
            return [row[0] for row in rows]

    trace = json.loads(wait_until(found, 5, f"a call of {who} that is {result}")[0])
    return " ".join(text for _, _, text in trace)


# -- what is heard --------------------------------------------------------------------------------


def dial(stage: Stage, account: str, number: str) -> tuple[tuple[int, ...], Placed]:
    """What somebody hears who dials that; the call is over then, and it was the switch's doing."""
    caller = stage.inside(account)
    call = caller.call(number.replace("#", "%23"))
    assert call.wait(5) == 200
    with closing(Speaking(call)):
        call.wait_end(8)
    return pitches(caller), call


# -- each code, once ------------------------------------------------------------------------------


def at(*path: str) -> Callable[[dict[str, Any]], Any]:
    """What stands at a place of a user's rules; None: nothing."""

    def look(found: Any) -> Any:
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    return look


def forward(target: str, **more: Any) -> dict[str, Any]:
    return {"to": target, "enabled": True, **more}


def both(forward: dict[str, Any]) -> dict[str, Any]:
    return {"internal": forward, "external": forward}


STATUS, BUSY, FORWARD = at("presence", "status"), at("busy_on_busy"), at("forward")
LOGIN, FILTER = "login", "filter"

CODES: dict[str, tuple[int, Callable[[Any], Any], list[tuple[str, tuple[int, ...], Any]]]] = {
    "away_and_back": (1400, STATUS, [("*31", ON, "away"), ("*30", OFF, None)]),
    "dnd_toggles": (1401, STATUS, [
        ("*33", ON, "lunch"), ("*32", ON, "dnd"), ("*32", OFF, None), ("*32", ON, "dnd")]),
    "lunch": (1402, STATUS, [("*33", ON, "lunch")]),
    "business_trip": (1403, STATUS, [("*34", ON, "business_trip")]),
    "meeting": (1404, STATUS, [("*35", ON, "meeting")]),
    "busy_on_busy": (1405, BUSY, [
        ("*36", ON, True), ("*36", OFF, None), ("*362", ON, 2), ("#36", OFF, None),
        ("#36", OFF, None)]),
    "forward_to_a_colleague": (1406, FORWARD, [
        (f"*21{COLLEAGUE}", ON, both(forward(f"extension:{COLLEAGUE}"))),
        ("#21", OFF, both(forward(f"extension:{COLLEAGUE}", enabled=False))),
        ("*21", ON, both(forward(f"extension:{COLLEAGUE}")))]),
    "forward_outside_as_from_a_mobile": (1407, FORWARD, [
        (f"*21*{MOBILE}#", ON, both(forward("external:+491711234567")))]),
    "forward_internal": (1408, FORWARD, [
        (f"*22{TEAM_NUMBER}", ON, {"internal": forward(f"extension:{TEAM_NUMBER}")}),
        ("#22", OFF, {"internal": forward(f"extension:{TEAM_NUMBER}", enabled=False)})]),
    "forward_external": (1409, FORWARD, [
        (f"*23{direct(COLLEAGUE).replace('+49', '0')}", ON,
         {"external": forward(f"extension:{COLLEAGUE}")}),
        ("#23", OFF, {"external": forward(f"extension:{COLLEAGUE}", enabled=False)})]),
    "forward_to_the_mailbox": (1410, FORWARD, [("*21*98", ON, both(forward("voicemail")))]),
    **{f"forward_{name}": (user, at("presence", "profiles", "available"), [
        (f"*{code}{COLLEAGUE}", ON, both({condition: f"extension:{COLLEAGUE}"})),
        (f"*{code}*{MOBILE}#", ON, both({condition: "external:+491711234567"})),
        *2 * [(f"#{code}", OFF, both({condition: {
            "to": "external:+491711234567", "enabled": False}}))],
        (f"*{code}", ON, both({condition: "external:+491711234567"}))])
       for code, user, name, condition in (
           (27, 1453, "when_busy", "busy"), (28, 1454, "without_an_answer", "no_answer"),
           (29, 1455, "when_not_registered", "unregistered"))},
    "nothing_to_switch_off": (1415, FORWARD, [("#21", OFF, None)]),
    "do_not_disturb_of_this_phone": (1416, at("devices", "1416-a", "dnd"), [
        ("*25", ON, True), ("*25", OFF, None), ("*251", ON, True), ("#25", OFF, None)]),
    "follow_me_of_this_phone": (1420, at("follow_me", "1420-a", "internal", "enabled"), [
        ("*26", OFF, False), ("*26", ON, None), ("#26", OFF, False)]),
    "follow_me_of_another_phone": (1420, at("follow_me", "1420-b", "team", "enabled"), [
        ("*262", OFF, False), ("*262", ON, None)]),
}  # fmt: skip


def add(name: str, user: int, look: Callable[[Any], Any], steps: list[Any]) -> None:
    def scenario(stage: Stage) -> None:
        for number, tone, expected in steps:
            before = user_of(stage, user)
            heard, _ = dial(stage, f"{user}-a", number)
            after = user_of(stage, user)
            assert heard == tone, number
            assert look(after) == expected, (number, after)
            journal(stage, f"{user}-a", "feature")
            if look(before) == look(after):
                assert before == after, number

    play.scenarios[name] = scenario


for scenario_name, (whose, look_at, to_do) in CODES.items():
    add(scenario_name, whose, look_at, to_do)


@play
def a_status_for_some_hours(stage: Stage) -> None:
    for number, status, hours in (("*312", "away", 2), ("*321", "dnd", 1), ("*3312", "lunch", 12)):
        heard, call = dial(stage, "1417-a", number)
        assert heard == ON, number
        presence = user_of(stage, 1417)["presence"]
        assert presence["status"] == status
        until = datetime.fromisoformat(presence["until"])
        expected = datetime.fromtimestamp(call.started, UTC) + timedelta(hours=hours)
        assert abs(until - expected) < timedelta(seconds=5)


@play
def a_status_for_no_hours_is_refused(stage: Stage) -> None:
    before = user_of(stage, 1418)
    heard, _ = dial(stage, "1418-a", "*310")
    assert heard == REFUSED
    assert user_of(stage, 1418) == before
    assert "1 to 99 hours" in journal(stage, "1418-a", "refused")


def logged_in(stage: Stage, team: str, user: str) -> bool:
    members = rules_of(stage)["teams"][team]["members"]
    return next(m.get("logged_in", True) for m in members if m["user"] == user)


@play
def the_login_to_a_team(stage: Stage) -> None:
    for number, tone, there in ((f"*37{TEAM_NUMBER}", OFF, False), ("*37", ON, True),
                                ("#37", OFF, False), ("#37", OFF, False)):  # fmt: skip
        assert dial(stage, "1412-a", number)[0] == tone, number
        assert logged_in(stage, TEAM_NUMBER, "1412") is there
        assert logged_in(stage, TEAM_NUMBER, "1413")


@play
def a_status_that_logs_out_of_teams(stage: Stage) -> None:
    """The key does what its lamp shows: it is dark, and he cannot log in by it."""
    assert dial(stage, "1448-a", "*31")[0] == ON
    assert dial(stage, "1448-a", "*37")[0] == REFUSED
    assert "The status away logs 1448 out of every team." in journal(stage, "1448-a", "refused")
    assert dial(stage, "1448-a", "*30")[0] == OFF
    assert logged_in(stage, TEAM_NUMBER, "1448")
    assert dial(stage, "1448-a", "*37")[0] == OFF


@play
def who_is_in_two_teams_says_which(stage: Stage) -> None:
    assert dial(stage, "1411-a", "*37")[0] == REFUSED
    assert "has not said which" in journal(stage, "1411-a", "refused")
    assert dial(stage, "1411-a", f"*37{OTHER_TEAM}")[0] == OFF
    assert not logged_in(stage, OTHER_TEAM, "1411")
    assert logged_in(stage, TEAM_NUMBER, "1411")


@play
def the_team_of_others(stage: Stage) -> None:
    before = rules_of(stage)["teams"][TEAM_NUMBER]["members"]
    assert dial(stage, "1419-a", f"*37{TEAM_NUMBER}")[0] == REFUSED
    assert {"user": "1419"} not in before
    assert "1419 is no member of 2400." in journal(stage, "1419-a", "refused")


def assistant(stage: Stage, user: str) -> dict[str, Any]:
    people = rules_of(stage)["executives"]["1450"]["assistants"]
    found: dict[str, Any] = next(each for each in people if each["user"] == user)
    return found


@play
def an_assistant(stage: Stage) -> None:
    for number, tone, key, value in (
        ("*38", OFF, "opted_in", False),
        ("*381450", ON, "opted_in", True),
        ("#38", OFF, "opted_in", False),
        (f"*39{COLLEAGUE}", ON, "divert", COLLEAGUE),
        (f"*391450*{MOBILE}", ON, "divert", "+491711234567"),
        ("#39", OFF, "divert", None),
    ):
        assert dial(stage, "1451-a", number)[0] == tone, number
        assert assistant(stage, "1451").get(key) == value, number
        assert assistant(stage, "1452") == {"user": "1452", "opted_in": True}


@play
def the_filter_of_an_executive(stage: Stage) -> None:
    def enabled() -> bool:
        return bool(rules_of(stage)["executives"]["1450"].get("enabled", True))

    for who, number, tone, there in (
        ("1450-a", "*61", OFF, False),
        ("1450-a", "*61", ON, True),
        ("1452-a", "*61", OFF, False),
        ("1452-a", "*611450", ON, True),
        ("1450-a", "#61", OFF, False),
    ):
        assert dial(stage, who, number)[0] == tone, (who, number)
        assert enabled() is there
    assert dial(stage, "1422-a", "*611450")[0] == REFUSED
    assert not enabled()
    assert "1422 is no assistant of 1450." in journal(stage, "1422-a", "refused")


@play
def ones_own_messages(stage: Stage) -> None:
    caller = stage.inside("1423-a")
    call = caller.call("*98")
    assert call.wait(5) == 200
    assert mailbox(stage, "*98", f"check auth default {DOMAIN}") == "1423"
    call.hang_up()
    assert dial(stage, "1439-a", "*98")[0] == REFUSED


# -- who may not ----------------------------------------------------------------------------------


BEHIND = {
    Argument.HOURS: "2",
    Argument.CALLS: "2",
    Argument.DEVICE: "1",
    Argument.TEAM: TEAM_NUMBER,
    Argument.EXECUTIVE: "1450",
    Argument.WORKPLACE: "311",
    Argument.NUMBER: COLLEAGUE,
    Argument.FOR_EXECUTIVE: f"1450*{COLLEAGUE}",
}
"""What a stranger dials behind a code."""


def add_stranger(code: Code) -> None:
    def scenario(stage: Stage) -> None:
        before = user_of(stage, 1424)
        for shown, behind in (
            ("1424", ""), (direct(1424), BEHIND.get(TAKES[code], "")), ("+4930765432", ""),
        ):  # fmt: skip
            number = USUAL[code] + behind
            call = stage.outside().call(number.replace("#", "%23"), user=shown)
            assert call.wait(5) == 404, (number, shown)
        assert user_of(stage, 1424) == before

    play.scenarios[f"a_stranger_does_not_reach_{code.value}"] = scenario


for stranger_code in Code:
    add_stranger(stranger_code)


@play
def what_a_phone_writes_into_from_is_nobodys_business(stage: Stage) -> None:
    before = user_of(stage, 1426)
    call = stage.inside("1427-a").call("*31", user="1426", display="1426")
    assert call.wait(5) == 200
    call.wait_end(5)
    assert user_of(stage, 1426) == before
    assert user_of(stage, 1427)["presence"]["status"] == "away"


@play
def a_locked_phone_rings_on(stage: Stage) -> None:
    before = user_of(stage, 1421)
    assert dial(stage, "1421-b", "*26")[0] == REFUSED
    assert user_of(stage, 1421) == before
    assert "user_configurable is false" in journal(stage, "1421-b", "refused")


@play
def a_forward_that_the_toll_policy_forbids(stage: Stage) -> None:
    before = user_of(stage, 1428)
    for number in (f"*21{FORBIDDEN}", f"*23*{FORBIDDEN}#", "*210049900123456"):
        assert dial(stage, "1428-a", number)[0] == REFUSED, number
        assert "The toll policy forbids +49900123456." in journal(stage, "1428-a", "refused")
    for number in (f"*27{FORBIDDEN}", f"*28*{FORBIDDEN}#", f"*29{FORBIDDEN}"):
        assert dial(stage, "1428-a", number)[0] == REFUSED, number
    for number in ("*211428", "*21110", "*2199", "*21", "*271428", "*28110", "*29"):
        assert dial(stage, "1428-a", number)[0] == REFUSED, number
    assert user_of(stage, 1428) == before


@play
def somebody_is_sent_to_a_code(stage: Stage) -> None:
    """He has not dialled it: whoever talks to a user could change everything of his."""
    stage.line("1430-a", answer=0.2)
    before = {u: user_of(stage, u) for u in (1430, 1431)}
    caller = stage.inside("1431-a")
    call = caller.call("1430")
    assert call.wait(5) == 200
    with closing(Speaking(call)):
        time.sleep(0.5)
        pitches(caller)
        send_on(stage, "1431-a", "*31")
        call.wait_end(8)
    assert pitches(caller)[-1:] == REFUSED
    assert {u: user_of(stage, u) for u in (1430, 1431)} == before
    assert "has not dialled the code himself" in journal(stage, "1431-a", "refused")


@play
def the_called_one_is_sent_to_a_code(stage: Stage) -> None:
    line = stage.line("1432-a", answer=0.2)
    before = {u: user_of(stage, u) for u in (1432, 1433)}
    caller = stage.inside("1433-a")
    call = caller.call("1432")
    assert call.wait(5) == 200
    with closing(Speaking(call)):
        time.sleep(0.5)
        caller.transfer(call, "*31")
        wait_until(
            lambda: "has not dialled the code himself" in journal(stage, "1432-a", "refused"),
            8,
            "the call of the one who was called is refused",
        )
    assert line.invited
    assert {u: user_of(stage, u) for u in (1432, 1433)} == before


# -- from outside ---------------------------------------------------------------------------------


class Keys:
    """Presses keys in a call, as RFC 2833 events."""

    def __init__(self, call: Placed) -> None:
        self._call, self._sequence, self._stamp = call, itertools.count(1), 160
        found = re.search(r"m=audio (\d+) ", call.final.body if call.final else "")
        assert found is not None
        self._port = int(found[1])

    def press(self, keys: str) -> None:
        for key in keys:
            self._stamp += 8000
            for step in range(8):
                ending = step >= 5
                marker = 0x80 if step == 0 else 0
                number = next(self._sequence)
                head = struct.pack("!BBHII", 0x80, 101 | marker, number, self._stamp, 0x5EED)
                length = 160 * min(step + 1, 6)
                event = "0123456789*#".index(key)
                body = struct.pack("!BBH", event, (0x80 if ending else 0) | 10, length)
                self._call.caller.media.sendto(head + body, (HOST, self._port))
                time.sleep(0.02)
            time.sleep(0.08)


def enter(call: Placed, *entries: str) -> None:
    """Enters all that, each after its prompt."""
    keys = Keys(call)
    for entry in entries:
        wait_until(lambda: 660 in pitches(call.caller, (660, 200)), 8, f"asked for {entry}")
        time.sleep(0.6)
        pitches(call.caller)
        keys.press(entry)


def dial_in(stage: Stage, shown: str, *entries: str) -> tuple[tuple[int, ...], Caller]:
    """What somebody outside hears last who calls the number for codes and enters all that."""
    caller = stage.outside()
    call = caller.call(REMOTE, user=shown)
    assert call.wait(5) == 200
    enter(call, *entries)
    call.wait_end(15)
    return pitches(caller), caller


@play
def a_code_from_outside(stage: Stage) -> None:
    before = user_of(stage, 1440)
    heard, _ = dial_in(stage, "+4930141440", "1440#", f"{PIN}#", f"*21{MOBILE}")
    assert heard == ON
    after = user_of(stage, 1440)
    assert after == {**before, "forward": both(forward("external:+491711234567"))}
    text = journal(stage, "+4930141440", "feature")
    assert "The caller knows the PIN of 1440" in text
    assert PIN not in text
    assert PIN not in stage.router.log.read_text()
    heard, _ = dial_in(stage, "+4930141440", "1440#", f"{PIN}#", "#21")
    assert heard == OFF
    assert not user_of(stage, 1440)["forward"]["internal"]["enabled"]


@play
def a_wrong_pin_three_times(stage: Stage) -> None:
    before = user_of(stage, 1441)
    tries = ("1441#", "803418#", "1441#", "803419#", "1441#", "803420#")
    heard, _ = dial_in(stage, "+4930141441", *tries)
    assert heard == REFUSED
    assert "A wrong PIN for 1441." in journal(stage, "+4930141441", "refused")
    # Two more, and not even the right one helps, whoever calls.
    dial_in(stage, "+4930141442", *tries)
    dial_in(stage, "+4930141443", "1441#", f"{PIN}#", "1441#", f"{PIN}#", "1441#", f"{PIN}#")
    assert "Too many wrong PINs for 1441" in journal(stage, "+4930141443", "refused")
    assert user_of(stage, 1441) == before


@play
def without_a_pin_nobody_is_let_in(stage: Stage) -> None:
    before = user_of(stage, 1444)
    entries = ("1444#", "#") * 3
    heard, _ = dial_in(stage, "+4930141444", *entries)
    assert heard == REFUSED
    assert "1444 has no PIN." in journal(stage, "+4930141444", "refused")
    assert user_of(stage, 1444) == before


@play
def a_code_from_outside_that_is_refused(stage: Stage) -> None:
    before = user_of(stage, 1442)
    for shown, code, why in (
        ("+49301511442", f"*21{FORBIDDEN}", "toll policy"),
        ("+49301521442", "*99", "That is no code."),
        ("+49301531442", "*25", "Which device is meant is not said"),
    ):
        heard, _ = dial_in(stage, shown, "1442#", f"{PIN}#", code)
        assert heard == REFUSED
        assert why in journal(stage, shown, "refused")
    assert user_of(stage, 1442) == before


@play
def who_hangs_up_while_he_is_asked(stage: Stage) -> None:
    caller = stage.outside()
    call = caller.call(REMOTE, user="+4930161443")
    assert call.wait(5) == 200
    time.sleep(1)
    call.hang_up()
    assert "asked for his extension" in journal(stage, "+4930161443", "cancelled")


# -- at a workplace -------------------------------------------------------------------------------


@play
def a_login_at_a_place_by_its_number(stage: Stage) -> None:
    assert dial(stage, "1445-a", "*40311")[0] == ON
    assert user_of(stage, 1445)["workplace"] == "front"
    assert dial(stage, "front-phone", "#40")[0] == OFF, "its phone is his now"
    assert "workplace" not in user_of(stage, 1445)
    assert dial(stage, "1445-a", "*40319")[0] == REFUSED


@play
def a_login_on_the_phone_of_a_place(stage: Stage) -> None:
    wrong_first = ("1446#", "803418#", "1446#", f"{PIN}#")
    for user, entries in ((1446, wrong_first), (1447, ("1447#", f"{PIN}#"))):
        caller = stage.inside("back-phone")
        call = caller.call("*40")
        assert call.wait(5) == 200
        enter(call, *entries)
        call.wait_end(8)
        assert pitches(caller) == ON
        assert user_of(stage, user)["workplace"] == "back"
    assert "workplace" not in user_of(stage, 1446)


# -- what follows ---------------------------------------------------------------------------------


@play
def a_change_holds_for_the_next_call(stage: Stage) -> None:
    own, other = stage.line("1434-a", answer=0.2), stage.line("1435-a", answer=0.2)
    assert dial(stage, "1434-a", "*211435")[0] == ON
    call = stage.inside("1436-a").call("1434")
    assert call.wait(5) == 200
    assert other.invited
    assert not own.invited
    call.hang_up()
    assert dial(stage, "1434-a", "#21")[0] == OFF
    call = stage.inside("1436-a").call("1434")
    assert call.wait(5) == 200
    assert own.invited
    call.hang_up()


@play
def nobody_answers_and_a_colleague_takes_the_call(stage: Stage) -> None:
    stage.line("1456-a", answer=None)
    other = stage.line("1457-a", answer=0.2)
    stage.router.run("user", "set", "1456", "presence.profiles.available.no_answer_after=2")
    assert dial(stage, "1456-a", "*281457")[0] == ON
    call = stage.inside("1436-a").call("1456")
    assert call.wait(8) == 200
    assert other.invited
    call.hang_up()


@play
def a_forward_on_a_condition_off_and_on_again(stage: Stage) -> None:
    other, caller = stage.line("1459-a", answer=0.2), stage.inside("1438-a")
    for number, tone, code in (("*291459", ON, 200), ("*29", OFF, 480), ("*29", ON, 200)):
        known = len(other.ringings)
        assert dial(stage, "1458-a", number)[0] == tone, number
        call = caller.call("1458")
        assert call.wait(5) == code, number
        assert len(other.ringings) - known == (code == 200)
        if code == 200:
            call.hang_up()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", list(play))
def test(name: str, played: dict[str, Future[None]]) -> None:
    played[name].result()


# -- one after the other --------------------------------------------------------------------------


def test_a_store_that_cannot_be_written(stage: Stage, played: dict[str, Future[None]]) -> None:
    before = user_of(stage, 1437)
    with closing(open_store(stage.router.place / "rules.db")) as db:
        db.conn.execute("BEGIN IMMEDIATE")
        caller = stage.inside("1437-a")
        call = caller.call("*31")
        assert call.wait(8) == 200
        with closing(Speaking(call)):
            call.wait_end(8)
        db.conn.execute("ROLLBACK")
    assert pitches(caller) == REFUSED
    assert "the rule store cannot be written" in journal(stage, "1437-a", "refused")
    assert user_of(stage, 1437) == before


def test_without_the_router_a_code_is_nobodys_number(stage: Stage) -> None:
    stage.router.kill()
    before = user_of(stage, 1438)
    try:
        for number in ("*31", "%2321", f"*21{COLLEAGUE}"):
            assert stage.inside("1438-a").call(number).wait(5) == 404
    finally:
        stage.router.start()
    assert user_of(stage, 1438) == before
