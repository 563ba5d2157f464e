"""What a status and a caller list do with calls, on a running FreeSWITCH."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future
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
    send_on,
    somebody,
)
from tests.e2e.endpoint import Behaviour, Placed, Speaking
from tests.e2e.hearing import heard, write_tone
from tests.e2e.lines import Line, to
from tests.e2e.sip import TIMER, TOLERANCE, Ringing, wait_until
from tests.e2e.stage import Programme, Stage, company, person

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


def before(target: str = f"extension:{ANSWERS}", status: str = "away", **what: Any) -> Any:
    """Presence: sends every call to ``target``, after something else."""
    presence = away(target, status=status)
    presence["profiles"][status] |= what
    return presence


PEOPLE: dict[str, dict[str, Any]] = {
    "u1900": person("1900", "a", number=direct(1900)),
    "u1901": person("1901", "a", number=direct(1901)),
    **somebody(int(ANSWERS)),
    **somebody(int(COLLEAGUE)),
    # A status without a profile.
    **somebody(1300, presence={"status": "dnd"}),
    **somebody(1301, presence={"status": "away"}),
    **somebody(1302, presence={"status": "meeting"}),
    # Their phones ring, and what holds while they are available holds then.
    **somebody(1319, presence={"status": "meeting", "profiles": {"available": {
        "no_answer_after": 3, "internal": {"no_answer": f"extension:{ANSWERS}"}}}}),
    **somebody(1320, presence={"status": "away", "profiles": {
        "away": {"internal": {"always": "ring"}},
        "available": {"internal": {"unregistered": f"extension:{ANSWERS}"}}}}),
    **somebody(1321, presence={"profiles": {"available": {
        "no_answer_after": 5, "internal": {
            "no_answer_after": 2, "no_answer": f"extension:{ANSWERS}"},
        "external": {"no_answer": f"extension:{ANSWERS}"}}}}),
    # A temporary status.
    **somebody(1303), **somebody(1304),
    # Who calls himself.
    **somebody(1305, presence={"status": "away"}),
    **somebody(1306, presence={"status": "dnd"}),
    **somebody(1307),
    # Caller lists.
    **somebody(1340, presence=away("busy", status="dnd"),
               callers=[{"numbers": ["1900", STRANGER], "action": "ring"}]),
    **somebody(1341, callers=[{"numbers": ["1900", "+4930765*"], "action": "block"}]),
    # His phones first.
    **somebody(1310, presence=before(alert_first=6)),
    **somebody(1311, "a", "b", mobile="+491711291311", presence=before(alert_first="splash")),
    **somebody(1312, presence=before("busy", "dnd", alert_first="splash")),
    **somebody(1313, "a", "b", presence=before(alert_first=30)),
    **somebody(1314, presence=before(alert_first=30)),
    # An announcement first.
    **somebody(1315, presence=before()),
    **somebody(1316, presence=before(announce="no/such/file.wav")),
    **somebody(1317, presence=before("voicemail", alert_first="splash")),
    **somebody(1318, presence=before()),}  # fmt: skip
for extension, (status, targets) in CELLS.items():
    profile = {origin: {"always": target} for origin, target in targets.items()}
    PEOPLE |= somebody(extension, presence={"status": status, "profiles": {status: profile}})

RULES = company(**PEOPLE)
TRUNK = Behaviour(answer=0.3)
play = Programme()


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
            goes_to(stage, own, extension, status, target, dial, dialled)

    where = "_and_".join(f"{origin}_calls_to_{NAMES[t]}" for origin, t in targets.items())
    play.scenarios[f"{status}_sends_{where}"] = scenario


def goes_to(
    stage: Stage,
    own: Line,
    extension: int,
    status: str,
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
        reason = "do-not-disturb" if status == "dnd" else "unconditional"
        expected = "" if target == "ring" else diversion(extension, reason, 1)
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
def who_is_in_a_meeting_rings_and_his_usual_forward_holds(stage: Stage) -> None:
    own = stage.line("1319-a")
    call = stage.inside("1900-a").call("1319")
    own.wait_ringing()
    assert call.wait(8) == 200
    assert call.at is not None
    assert call.at == pytest.approx(3 + TIMER, abs=TOLERANCE)
    (ringing,) = sent_on(own, 1319)
    assert "reason=no-answer" in ringing.invite.get("diversion")
    call.hang_up()


@play
def each_origin_rings_as_long_as_it_says(stage: Stage) -> None:
    own = stage.line("1321-a")
    calls = ((stage.inside("1900-a"), "1321", 2), (stage.outside(), direct(1321), 5))
    for caller, number, seconds in calls:
        call = caller.call(number)
        assert call.wait(8) == 200
        assert call.at is not None
        assert call.at == pytest.approx(seconds + TIMER, abs=TOLERANCE)
        ringing = own.ringings[-1]
        assert ringing.rang == pytest.approx(seconds, abs=TOLERANCE)
        assert "reason=no-answer" in sent_on(own, 1321)[-1].invite.get("diversion")
        call.hang_up()


@play
def who_is_away_and_rings_is_forwarded_where_no_phone_of_his_is_registered(stage: Stage) -> None:
    own = stage.line("1900-a")
    call = stage.inside("1900-a").call("1320")
    assert call.wait(5) == 200
    (ringing,) = sent_on(own, 1320)
    assert "reason=unavailable" in ringing.invite.get("diversion")
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


# -- his phones first -----------------------------------------------------------------------------


def sent_on(own: Line, extension: int) -> list[Ringing]:
    """The calls that reached the target of that user's status."""
    return to(f"{ANSWERS}-a", diverted_by(extension, own.lines.ringings))


def goes_on(own: Line, call: Placed, extension: int) -> Ringing:
    """The call that reaches the target of that user's status, and is answered there."""

    ringing = wait_until(
        lambda: [each for each in sent_on(own, extension) if each.at > call.started],
        10,
        f"the target of {extension} rings",
    )[0]
    assert ringing.invite.get("diversion") == diversion(extension, "unconditional", 1)
    assert call.wait(5) == 200
    call.hang_up()
    return ringing


@play
def his_phone_rings_six_seconds_and_then_the_target(stage: Stage) -> None:
    own = stage.line("1310-a")
    for count, dial in enumerate((
        lambda: stage.inside("1900-a").call("1310"),
        lambda: stage.outside().call(direct(1310), user=STRANGER),
    ), 1):  # fmt: skip
        call = dial()
        first = own.wait_ringing(2, calls=count)
        assert not first.invite.get("diversion")
        wait_until(lambda n=count: own.ringings[n - 1].cancelled, 10, "he is left in peace")
        then = goes_on(own, call, 1310)
        first = own.ringings[count - 1]
        assert first.rang == pytest.approx(6, abs=TOLERANCE)
        assert first.cancelled is not None
        assert then.at - first.cancelled < AT_ONCE


@play
def a_splash_is_a_moment_on_his_registered_phones_and_then_the_target(stage: Stage) -> None:
    phones = [stage.line("1311-a"), stage.line("1311-b")]
    call = stage.outside().call(direct(1311), user=STRANGER)
    then = goes_on(phones[0], call, 1311)
    for phone in phones:
        splash = phone.wait_cancelled(1)
        assert splash.rang is not None
        assert 0.3 < splash.rang < 1
        assert splash.reason == 'SIP;cause=200;text="Call completed elsewhere"'
        assert then.at > splash.at + 0.3
    assert not to("+491711291311", stage.trunk.ringings)


@play
def do_not_disturb_with_a_splash_is_busy_after_it(stage: Stage) -> None:
    own = stage.line("1312-a")
    call = stage.inside("1900-a").call("1312")
    assert call.wait(5) == 486
    assert call.at is not None
    assert call.at < 1 + AT_ONCE
    splash = own.wait_cancelled(1)
    assert splash.rang is not None
    assert splash.rang < 1
    assert len(own.ringings) == 1


@play
def whoever_declines_meanwhile_sends_the_call_to_the_target_at_once(stage: Stage) -> None:
    declines, rings = stage.line("1313-a", reject=603, after=1.0), stage.line("1313-b")
    then = goes_on(rings, stage.inside("1900-a").call("1313"), 1313)
    assert rings.wait_cancelled(2).rang == pytest.approx(1, abs=0.5)
    assert then.at - declines.ringings[0].at < 1 + AT_ONCE


@play
def whoever_answers_meanwhile_has_the_call(stage: Stage) -> None:
    own = stage.line("1314-a", answer=1.0)
    call = stage.inside("1900-a").call("1314")
    assert call.wait(5) == 200
    assert own.ringings[0].answered
    call.hang_up()
    assert not sent_on(own, 1314)


# -- an announcement first ------------------------------------------------------------------------

LENGTH = 2
"""Seconds of the announcement."""


def announce(stage: Stage, extension: int) -> None:
    """The user's status has an announcement: a tone of two seconds."""
    path = write_tone(stage.router.place / f"away-{extension}.wav", LENGTH)
    stage.router.run("presence", "announce", str(extension), "away", str(path))


@play
def the_announcement_is_heard_before_the_answer_and_the_call_goes_on(stage: Stage) -> None:
    announce(stage, 1315)
    own = stage.line("1315-a")
    for caller, number in ((stage.inside("1900-a"), "1315"), (stage.outside(), direct(1315))):
        known = len(sent_on(own, 1315))
        call = caller.call(number)
        begun = call.wait_for(183, 3)
        ringings = wait_until(lambda n=known: sent_on(own, 1315)[n:], 5, "the target rings")
        assert ringings[0].at - call.started - begun == pytest.approx(LENGTH, abs=TOLERANCE)
        assert heard(caller) == pytest.approx(LENGTH, abs=0.4)
        assert call.wait(5) == 200
        assert call.at is not None
        assert call.at > begun + LENGTH - 0.2
        assert heard(caller) > 0.1, "the ringing tone: a 180 would not be heard any more"
        call.hang_up()
    assert not own.invited


@play
def an_announcement_that_is_not_there_costs_nothing(stage: Stage) -> None:
    own, call = stage.line("1316-a"), stage.inside("1900-a").call("1316")
    then = goes_on(own, call, 1316)
    assert then.at - call.started < AT_ONCE


@play
def first_a_splash_then_the_announcement_then_the_mailbox(stage: Stage) -> None:
    announce(stage, 1317)
    own, caller = stage.line("1317-a"), stage.inside("1900-a")
    call = caller.call("1317")
    assert call.wait(6) == 200
    splash = own.wait_cancelled(1)
    assert splash.cancelled is not None
    assert call.at is not None
    assert call.at - (splash.cancelled - call.started) == pytest.approx(LENGTH, abs=TOLERANCE)
    assert call.wait_for(180, 1) < call.wait_for(183, 1)
    assert heard(caller) > LENGTH - 0.4
    assert mailbox(stage, 1317) == "1317"
    call.hang_up()


@play
def a_caller_who_is_sent_on_hears_it_too(stage: Stage) -> None:
    announce(stage, 1318)
    own, caller, shown = stage.line("1318-a"), stage.outside(), "+4930141318"
    call = caller.call(direct(ANSWERS), user=shown)
    assert call.wait(5) == 200
    with contextlib.closing(Speaking(call)):
        heard(caller)
        before = time.time()
        send_on(stage, shown, 1318)
        ringings = wait_until(lambda: sent_on(own, 1318), 6, "the target rings")
        assert ringings[0].at - before == pytest.approx(LENGTH, abs=TOLERANCE)
        assert heard(caller) > LENGTH - 0.4
    call.hang_up()


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
