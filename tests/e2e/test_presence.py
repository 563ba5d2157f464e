"""What a status and a caller list do with calls, on a running FreeSWITCH."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.diverted import (
    AT_ONCE,
    STRANGER,
    away,
    direct,
    diversion,
    diverted_by,
    mailbox,
    reaches_the_mailbox_of,
    somebody,
)
from tests.e2e.endpoint import Answering, Behaviour, Placed
from tests.e2e.lines import Line, to
from tests.e2e.router import Router
from tests.e2e.sip import Ringing
from tests.e2e.stage import Programme, Stage, company, person
from tests.e2e.switch import FreeSwitch

STATUSES = ("away", "dnd", "lunch", "business_trip", "meeting")
ANSWERS, COLLEAGUE, MOBILE = "1290", "1291", "+491711290000"
TARGETS = ("voicemail", f"voicemail:{COLLEAGUE}", f"extension:{ANSWERS}", f"external:{MOBILE}",
           "busy", "ring")  # fmt: skip
NAMES = dict(zip(
    TARGETS,
    ("the_own_mailbox", "another_mailbox", "a_colleague", "a_number_outside", "busy", "the_phones"),
    strict=True,
))  # fmt: skip

CELLS = {
    1200 + 10 * row + column: (
        status,
        {"internal": target, "external": TARGETS[(column + 1) % len(TARGETS)]},
    )
    for row, status in enumerate(STATUSES)
    for column, target in enumerate(TARGETS)
}
"""Extension -> its status, and where that sends the calls of each origin."""

PEOPLE: dict[str, dict[str, Any]] = {
    "u1900": person("1900", "a", number=direct(1900)),
    "u1901": person("1901", "a", number=direct(1901)),
    **somebody(int(ANSWERS)),
    **somebody(int(COLLEAGUE)),
    # A status without a profile.
    **somebody(1300, presence={"status": "dnd"}),
    **somebody(1301, presence={"status": "away"}),
    **somebody(1302, presence={"status": "meeting"}),
    # A temporary status.
    **somebody(1303), **somebody(1304),
    # Who calls himself.
    **somebody(1305, presence={"status": "away"}),
    **somebody(1306, presence={"status": "dnd"}),
    **somebody(1307),
    # Caller lists.
    **somebody(1340, presence=away("busy", status="dnd"),
               callers=[{"numbers": ["1900", STRANGER], "action": "ring"}]),
    **somebody(1341, callers=[{"numbers": ["1900", "+4930765*"], "action": "block"}]),}  # fmt: skip
for extension, (status, targets) in CELLS.items():
    profile = {origin: {"always": target} for origin, target in targets.items()}
    PEOPLE |= somebody(extension, presence={"status": status, "profiles": {status: profile}})

RULES = company(**PEOPLE)
play = Programme()


@pytest.fixture(scope="module")
def stage(freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("presence")
    with ExitStack() as stack:
        trunk = Answering(freeswitch.trunk, Behaviour(answer=0.3))
        stack.callback(trunk.close)
        stack.callback(freeswitch.hang_up_everything)
        router = Router(freeswitch, place, RULES)
        router.start()
        stack.callback(router.kill)
        yield Stage(freeswitch, router, trunk, place, stack)


@pytest.fixture(scope="module")
def played(stage: Stage) -> dict[str, Future[None]]:
    stage.line(f"{ANSWERS}-a", answer=0.3)
    return play.play(stage)


# -- status, origin, target -----------------------------------------------------------------------


def add_cell(extension: int, status: str, targets: dict[str, str]) -> None:
    """Both origins, one after the other, for they ring the same phone."""

    def scenario(stage: Stage) -> None:
        own = stage.line(f"{extension}-a", answer=0.2)
        inside, outside = stage.inside("1900-a"), stage.outside()
        calls = {
            "internal": (lambda: inside.call(str(extension)), str(extension)),
            "external": (lambda: outside.call(direct(extension), user=STRANGER), direct(extension)),
        }
        for origin, target in targets.items():
            dial, dialled = calls[origin]
            goes_to(stage, own, extension, target, dial, dialled)

    where = "_and_".join(f"{origin}_calls_to_{NAMES[t]}" for origin, t in targets.items())
    play.scenarios[f"{status}_sends_{where}"] = scenario


def goes_to(
    stage: Stage,
    own: Line,
    extension: int,
    target: str,
    dial: Callable[[], Placed],
    dialled: str,
) -> None:
    """The call goes to ``target`` at once, and nowhere else."""

    def rung() -> dict[str, list[Ringing]]:
        redirected = diverted_by(extension, own.lines.ringings)
        return {
            "ring": own.ringings,
            f"extension:{ANSWERS}": to(f"{ANSWERS}-a", redirected),
            f"external:{MOBILE}": to(MOBILE, diverted_by(extension, stage.trunk.ringings)),
            "anybody": diverted_by(extension, stage.trunk.ringings) + redirected,
        }

    before = rung()
    call = dial()
    assert call.wait(10) == (486 if target == "busy" else 200)
    assert call.at is not None
    assert call.at < 2 * AT_ONCE
    after = rung()
    new = {place: ringings[len(before[place]) :] for place, ringings in after.items()}
    assert len(new["ring"]) == (target == "ring")
    assert len(new["anybody"]) == target.startswith("ext"), "nobody else is rung"
    if target == "busy":
        assert 180 not in [code for _, code in call.provisional]
        return
    if target.startswith("voicemail"):
        assert mailbox(stage, dialled) == (target.partition(":")[2] or str(extension))
    else:
        (ringing,) = new[target]
        assert ringing.answered
        expected = "" if target == "ring" else diversion(extension, "unconditional", 1)
        assert ringing.invite.get("diversion") == expected
    call.hang_up()


for extension, (status, targets) in CELLS.items():
    add_cell(extension, status, targets)


@play
def do_not_disturb_without_a_profile_is_busy(stage: Stage) -> None:
    own = stage.line("1300-a")
    for call in (stage.inside("1900-a").call("1300"), stage.outside().call(direct(1300))):
        assert call.wait(5) == 486
        assert 180 not in [code for _, code in call.provisional]
    assert not own.invited


@play
def away_without_a_profile_is_the_mailbox(stage: Stage) -> None:
    own = stage.line("1301-a")
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1301"), 1301, 1301)
    assert not own.invited


@play
def a_meeting_without_a_profile_rings(stage: Stage) -> None:
    own = stage.line("1302-a", answer=0.2)
    assert stage.inside("1900-a").call("1302").wait(5) == 200
    assert own.invited


def hears_his_own_mailbox(stage: Stage, extension: int) -> None:
    call = stage.inside(f"{extension}-a").call(str(extension))
    assert call.wait(5) == 200
    assert mailbox(stage, extension, "check auth default pbx.test") == str(extension)
    call.hang_up()


@play
def who_calls_his_own_number_hears_his_own_mailbox(stage: Stage) -> None:
    hears_his_own_mailbox(stage, 1307)


@play
def who_is_away_hears_his_own_mailbox(stage: Stage) -> None:
    hears_his_own_mailbox(stage, 1305)


@play
def who_does_not_want_to_be_disturbed_hears_his_own_mailbox(stage: Stage) -> None:
    hears_his_own_mailbox(stage, 1306)


# -- a temporary status ---------------------------------------------------------------------------


def set_until(stage: Stage, extension: int, status: str, until: int, afterwards: str) -> None:
    stage.router.change(
        "INSERT OR REPLACE INTO presence (domain, extension, status, until, revert, afterwards)"
        " VALUES ('pbx.test', ?, ?, ?, 'available', ?)",
        *(str(extension), status, until, afterwards),
    )


def sleep_until(instant: float) -> None:
    time.sleep(max(0.0, instant - time.time()))


@play
def a_temporary_status_holds_a_second_before_its_end_and_not_a_second_after_it(
    stage: Stage,
) -> None:
    own, caller = stage.line("1303-a", answer=0.2), stage.inside("1900-a")
    until = int(time.time()) + 5
    set_until(stage, 1303, "away", until, "available")
    sleep_until(until - 1)
    reaches_the_mailbox_of(stage, caller.call("1303"), 1303, 1303)
    assert not own.invited
    sleep_until(until + 1)
    call = caller.call("1303")
    assert call.wait(5) == 200
    assert own.ringings[0].answered
    call.hang_up()


@play
def a_temporary_availability_ends_in_the_status_before_it(stage: Stage) -> None:
    own, caller = stage.line("1304-a", answer=0.2), stage.inside("1900-a")
    until = int(time.time()) + 5
    set_until(stage, 1304, "available", until, "dnd")
    sleep_until(until - 1)
    call = caller.call("1304")
    assert call.wait(5) == 200
    assert own.ringings[0].answered
    call.hang_up()
    sleep_until(until + 1)
    assert caller.call("1304").wait(5) == 486
    assert len(own.ringings) == 1


# -- caller lists ---------------------------------------------------------------------------------


@play
def a_caller_on_the_list_rings_through_do_not_disturb(stage: Stage) -> None:
    own = stage.line("1340-a", answer=0.2)
    for count, call in enumerate((
        stage.inside("1900-a").call("1340"),
        stage.outside().call(direct(1340), user=STRANGER),
    ), 1):  # fmt: skip
        assert call.wait(5) == 200
        own.wait_ringing(1, calls=count)
        call.hang_up()
    for call in (stage.inside("1901-a").call("1340"), stage.outside().call(direct(1340))):
        assert call.wait(5) == 486
    assert len(own.ringings) == 2


@play
def a_blocked_caller_hears_busy_and_nothing_rings(stage: Stage) -> None:
    own = stage.line("1341-a", answer=0.2)
    for call in (
        stage.inside("1900-a").call("1341"),
        stage.outside().call(direct(1341), user=STRANGER),
    ):
        assert call.wait(5) == 486
        assert 180 not in [code for _, code in call.provisional]
    assert not own.invited
    assert stage.inside("1901-a").call("1341").wait(5) == 200


@pytest.mark.timeout(150)
@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()
