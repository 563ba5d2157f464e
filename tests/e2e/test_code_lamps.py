"""Each feature code that switches something is a key with a lamp: seen on a running FreeSWITCH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.router import Router
from tests.e2e.stage import company, person
from tests.e2e.switch import FreeSwitch
from tests.e2e.watched import PROMISED, Company

DESK, PLACE, BOSS = "1001-desk", "desk-reception", "1003-desk"
AT_RECEPTION, SOFT = "reception", "1001-soft"


def _rules() -> dict[str, Any]:
    place = {PLACE: {"kind": "sip", "password": "secret"}}
    unlocked = {device: {"user_configurable": True} for device in (DESK, SOFT)}
    rules = company(
        u1001=person("1001", "desk", "soft", follow_me=unlocked),
        u1002=person("1002", "desk"),
        u1003=person("1003", "desk"),
    )
    return rules | {
        "workplaces": {AT_RECEPTION: {"number": "301", "devices": place}},
        "teams": {"2000": {"name": "Hotline", "members": [{"user": "1001"}]}},
        "executives": {"1003": {"enabled": False, "assistants": [{"user": "1001"}]}},
    }


@pytest.fixture(scope="module")
def pbx(freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with ExitStack() as stack:
        router = Router(freeswitch, tmp_path_factory.mktemp("code-lamps"), _rules())
        stack.callback(router.kill)
        stack.callback(freeswitch.hang_up_everything)
        made = Company(freeswitch, router, stack)
        made.start()
        yield made


@dataclass(frozen=True)
class Switch:
    """What lights a lamp and what makes it dark, on the command line and by a code."""

    watched: tuple[str, ...]
    on: str
    off: str
    dialled: tuple[tuple[str, str], ...]
    """A code, and what the lamp shows after it."""

    phone: str = DESK


def forward(code: str, *origin: str) -> Switch:
    more = "".join(f" --origin {each}" for each in origin)
    return Switch(
        (f"*{code}", f"*{code}1002", f"*{code}*1002%23"),
        f"forward set 1001 extension:1002{more}",
        f"forward clear 1001{more}",
        ((f"*{code}1002", "lit"), (f"#{code}", "dark"), (f"*{code}", "lit"), (f"*{code}", "dark")),
    )


SWITCHES = {
    "forward": forward("21"),
    "forward, internal": forward("22", "internal"),
    "forward, external": forward("23", "external"),
    "do not disturb of this phone": Switch(
        ("*25", "*251"), f"dnd {DESK} on", f"dnd {DESK} off", (("*25", "lit"), ("*25", "dark"))
    ),
    "do not disturb of another": Switch(
        ("*252",), f"dnd {SOFT} on", f"dnd {SOFT} off", (("*252", "lit"), ("#252", "dark"))
    ),
    "a device rings along": Switch(
        ("*262",),
        f"followme set 1001 {SOFT} --enabled",
        f"followme set 1001 {SOFT} --disabled",
        (("*262", "lit"), ("*262", "dark")),
    ),
    "this phone rings along": Switch(
        ("*26", "*261"),
        f"followme set 1001 {DESK} --enabled",
        f"followme set 1001 {DESK} --disabled",
        (("*26", "lit"), ("#26", "dark")),
    ),
    "the filter, by the executive": Switch(
        ("*61", "*611003"),
        "executive on 1003",
        "executive off 1003",
        (("*61", "lit"), ("#61", "dark")),
        phone=BOSS,
    ),
    "the filter, by the assistant": Switch(
        ("*61", "*611003"),
        "executive on 1003",
        "executive off 1003",
        (("*61", "lit"), ("*61", "dark")),
    ),
    "a divert": Switch(
        ("*39", "*391002", "*391003*1002"),
        "assistant divert 1001 1003 1002",
        "assistant divert 1001 1003 off",
        (("*391002", "lit"), ("#39", "dark")),
    ),
    "a workplace": Switch(
        ("*40", "*40301"),
        f"workplace login 1001 {AT_RECEPTION}",
        "workplace logout 1001",
        (("*40301", "lit"), ("#40", "dark")),
    ),
    "a team": Switch(
        ("*37", "*372000"),
        "team login 1001 2000",
        "team logout 1001 2000",
        (("*37", "lit"), ("*37", "dark")),
    ),
    "a temporary status": Switch(
        ("*332",),
        "presence set 1001 lunch --for 90m",
        "presence set 1001 available",
        (("*332", "lit"), ("*30", "dark")),
    ),
    "busy from two calls on": Switch(
        ("*36", "*362"),
        "busy-on-busy 1001 2",
        "busy-on-busy 1001 off",
        (("*362", "lit"), ("#36", "dark")),
    ),
}


@pytest.mark.parametrize("switch", SWITCHES.values(), ids=SWITCHES)
def test_a_lamp_shows_what_its_key_switches(pbx: Company, switch: Switch) -> None:
    pbx.router.run(*switch.off.split())
    phone = pbx.watcher(switch.phone)
    keys = [phone.watch(each) for each in switch.watched]

    def shows(state: str) -> None:
        for key in keys:
            key.wait(state, PROMISED)

    shows("dark")
    for command, state in ((switch.on, "lit"), (switch.off, "dark")):
        pbx.router.run(*command.split())
        shows(state)
    for code, state in switch.dialled:
        call = pbx.caller(switch.phone).call(code)
        assert call.wait(5) == 200
        shows(state)
        call.wait_end(10)
    told = ["dark", "lit", "dark", *(state for _, state in switch.dialled)]
    assert [key.states for key in keys] == [told for _ in keys], "one NOTIFY for each change"


def test_a_divert_of_who_is_logged_out_leads_nobody_anywhere(pbx: Company) -> None:
    key = pbx.watcher(DESK).watch("*39")
    key.wait("dark")
    for command, state in (
        ("divert 1001 1003 1002", "lit"),
        ("logout 1001 1003", "dark"),
        ("login 1001 1003", "lit"),
        ("divert 1001 1003 off", "dark"),
    ):
        pbx.router.run("assistant", *command.split())
        key.wait(state, PROMISED)


def test_it_is_for_whom_it_is(pbx: Company) -> None:
    """A colleague's phone shows his own settings, and of an executive's only whose assistant he
    is."""
    watched = ("*21", "*25", "*39", "*40", "*40301", "*611003")
    keys = {account: [pbx.watcher(account).watch(each) for each in watched]
            for account in (DESK, "1002-desk")}  # fmt: skip
    for key in (*keys[DESK], *keys["1002-desk"]):
        key.wait("dark")
    for command in (
        "forward set 1001 extension:1002",
        f"dnd {DESK} on",
        "assistant divert 1001 1003 1002",
        f"workplace login 1001 {AT_RECEPTION}",
        "executive on 1003",
    ):
        pbx.router.run(*command.split())
    for key in keys[DESK]:
        key.wait("lit", PROMISED)
    assert {state for key in keys["1002-desk"] for state in key.states} == {"dark"}
    for command in (
        "forward clear 1001",
        f"dnd {DESK} off",
        "assistant divert 1001 1003 off",
        "workplace logout 1001",
        "executive off 1003",
    ):
        pbx.router.run(*command.split())
    for key in keys[DESK]:
        key.wait("dark", PROMISED)


def test_the_phone_of_a_workplace_shows_who_is_there(pbx: Company) -> None:
    place, own = pbx.watcher(PLACE), pbx.watcher(DESK)
    login, quiet, his = place.watch("*40"), place.watch("*25"), own.watch("*40")
    for key in (login, quiet, his):
        key.wait("dark")
    pbx.router.run("workplace", "login", "1001", AT_RECEPTION)
    pbx.router.run("dnd", PLACE, "on")
    for key in (login, quiet, his):
        key.wait("lit", PROMISED)
    pbx.router.run("workplace", "login", "1002", AT_RECEPTION)
    his.wait("dark", PROMISED)
    quiet.wait("dark", PROMISED)
    pbx.router.run("workplace", "logout", AT_RECEPTION)
    login.wait("dark", PROMISED)
    assert login.states == ["dark", "lit", "dark"], "whoever it was, somebody was there"


def test_an_undo_and_an_import_are_changes_too(pbx: Company) -> None:
    phone = pbx.watcher(DESK)
    forward, quiet = phone.watch("*21"), phone.watch("*25")
    forward.wait("dark")
    quiet.wait("dark")
    exported = str(pbx.router.place / "as-it-was.yaml")
    pbx.router.run("export", exported)
    pbx.router.run("forward", "set", "1001", "extension:1002")
    forward.wait("lit", PROMISED)
    pbx.router.run("undo")
    forward.wait("dark", PROMISED)
    pbx.router.run("forward", "set", "1001", "extension:1002")
    pbx.router.run("dnd", DESK, "on")
    forward.wait("lit", PROMISED)
    quiet.wait("lit", PROMISED)
    pbx.router.run("import", exported, "--state")
    forward.wait("dark", PROMISED)
    quiet.wait("dark", PROMISED)


def test_the_do_not_disturb_key_is_one_key(pbx: Company) -> None:
    """From any status to do not disturb, and from there to available (C9)."""
    phone = pbx.watcher(DESK)
    available, dnd, lunch = (phone.watch(each) for each in ("*30", "*32", "*33"))
    available.wait("lit")
    pbx.router.run("presence", "set", "1001", "lunch")
    lunch.wait("lit", PROMISED)
    for lit in (dnd, available, dnd, available):
        call = pbx.caller(DESK).call("*32")
        assert call.wait(5) == 200
        lit.wait("lit", PROMISED)
        call.wait_end(10)
    assert dnd.states == ["dark", "lit", "dark", "lit", "dark"]
    assert lunch.states == ["dark", "lit", "dark"]
