"""Forwards of every call, and what depends on the hour, on a running FreeSWITCH.

The clock is the real one: the schedules are made around the moment at which the test runs.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.diverted import (
    AT_ONCE,
    ORIGINS,
    STRANGER,
    away,
    direct,
    diversion,
    diverted_by,
    mailbox,
    reachable,
    reaches_the_mailbox_of,
    somebody,
)
from tests.e2e.endpoint import Behaviour, Placed
from tests.e2e.hearing import heard, write_tone
from tests.e2e.lines import Line, to
from tests.e2e.router import Router
from tests.e2e.sip import TOLERANCE, Ringing, wait_until
from tests.e2e.stage import Programme, Stage, company, person

ANSWERS = "1690"
OUT = {name: f"+4917130001{number}" for number, name in enumerate(("origin", "dnd", "silent"), 10)}
"""Numbers outside, one for each scenario that leaves."""

FORBIDDEN = "+491379999999"


def hours(begin: int, end: int) -> dict[str, Any]:
    """A schedule that is open every day from so many hours from now to so many."""
    now = datetime.now(UTC)
    opens, closes = (f"{now + timedelta(hours=shift):%H:%M}" for shift in (begin, end))
    return {"timezone": "UTC", "open": [{"days": "mon-sun", "from": opens, "to": closes}]}


SCHEDULES = {"now": hours(-2, 2), "later": hours(2, 4)}


def every(target: str, *origins: str, enabled: bool = True) -> dict[str, Any]:
    """Forwards the calls of these origins; of both where none is named."""
    return {origin: {"to": target, "enabled": enabled} for origin in origins or ORIGINS}


def outside(schedule: str, status: str) -> dict[str, Any]:
    return {"outside_hours": {"schedule": schedule, "status": status}}


def listed(action: str, schedule: str) -> list[dict[str, Any]]:
    return [{"numbers": ["1900"], "action": action, "schedule": schedule}]


def in_status(login: bool) -> dict[str, Any]:
    """A meeting, which for itself lets the calls of teams ring."""
    return {"profiles": {"meeting": {"queue_login": login}}}


PEOPLE: dict[str, dict[str, Any]] = {
    "u1900": person("1900", "a", number=direct(1900)),
    "u1901": person("1901", "a"),
    **somebody(int(ANSWERS)),
    **somebody(1600, forward={
        **every(f"extension:{ANSWERS}", "internal"),
        **every(f"external:{OUT['origin']}", "external"),
    }),
    **somebody(1601, forward=every(f"extension:{ANSWERS}", "external")),
    # One for each target.
    **somebody(1602, forward=every("voicemail")),
    **somebody(1603, forward=every(f"voicemail:{ANSWERS}")),
    **somebody(1604, forward=every("busy")),
    **somebody(1605, forward=every("ring")),
    **somebody(1606, forward=every("extension:1606")),
    **somebody(1607, forward=every(f"external:{direct(1607)}")),
    **somebody(1608, forward=every("extension:2601")),
    **somebody(1609, forward=every(f"external:{FORBIDDEN}")),
    # With something else that has a say.
    **somebody(1611),
    **somebody(1612, presence=away("busy"), forward=every(f"extension:{ANSWERS}", enabled=False)),
    **somebody(1613, forward=every(f"extension:{ANSWERS}"),
               callers=[{"numbers": ["1900"], "action": "ring"}]),
    **somebody(1614, busy_on_busy=True, presence=reachable(busy="busy")),
    **somebody(1615, forward=every("extension:1616")),
    **somebody(1616, forward=every("extension:1615")),
    **somebody(1617, presence=away(f"external:{OUT['dnd']}", status="dnd")),
    **somebody(1618, forward=every(f"external:{OUT['silent']}")),
    **somebody(1619, forward=every(f"extension:{ANSWERS}")),
    # By the hour.
    **somebody(1630, presence=outside("later", "away")),
    **somebody(1631, presence=outside("now", "away")),
    **somebody(1632, presence={"status": "dnd"}, callers=listed("ring", "later")),
    **somebody(1633, presence={"status": "dnd"}, callers=listed("ring", "now")),
    **somebody(1634, callers=listed("block", "later")),
    **somebody(1635, callers=listed("block", "now")),
    # Members of teams.
    **somebody(1640), **somebody(1641, forward=every(f"extension:{ANSWERS}", "external")),
    **somebody(1642), **somebody(1643, forward=every("busy", enabled=False)),
    **somebody(1650), **somebody(1651, presence=in_status(login=False)),
    **somebody(1652, presence=in_status(login=True)),
}  # fmt: skip
TEAMS = {
    "2601": {"name": "Hotline", "members": [{"user": "1640"}]},
    "2602": {"name": "Hotline", "members": [{"user": user} for user in ("1641", "1642", "1643")]},
    "2603": {
        "name": "Hotline",
        "members": [{"user": "1650"}, {"user": "1651"}, {"user": "1652", "logged_in": False}],
    },
}
RULES = {**company(**PEOPLE), "schedules": SCHEDULES, "teams": TEAMS}
TRUNK = Behaviour(answer=0.3)
play = Programme()


def prepare(router: Router) -> None:
    """A rule from before the policy: an import would refuse it now."""
    router.change("UPDATE domains SET toll_deny = ?", '["+49137"]')


@pytest.fixture(scope="module")
def played(stage: Stage) -> dict[str, Future[None]]:
    stage.line(f"{ANSWERS}-a", answer=0.2)
    return play.play(stage)


# -- a number outside that never answers, first: it takes half a minute --------------------------


@play
def a_number_outside_that_never_answers_is_given_up_after_half_a_minute(stage: Stage) -> None:
    stage.trunk.by_number[OUT["silent"]] = Behaviour()
    own = stage.line("1618-a")
    call = stage.inside("1900-a").call("1618")
    outside = wait_until(lambda: to(OUT["silent"], stage.trunk.ringings), 3, "it leaves")[0]
    assert outside.at - call.started < AT_ONCE
    assert call.wait(40) == 200
    assert call.at == pytest.approx(30, abs=2 * TOLERANCE)
    (outside,) = to(OUT["silent"], stage.trunk.ringings)
    assert outside.cancelled
    assert outside.rang == pytest.approx(30, abs=TOLERANCE)
    assert mailbox(stage, 1618) == "1618"
    assert not own.invited
    call.hang_up()


# -- where it goes --------------------------------------------------------------------------------


def reaches(call: Placed, own: Line) -> None:
    """The call is at ``ANSWERS`` at once, on behalf of whose phone ``own`` is."""
    assert call.wait(5) == 200
    assert call.at is not None
    assert call.at < 2 * AT_ONCE
    extension = int(own.account.partition("-")[0])
    found = to(f"{ANSWERS}-a", diverted_by(extension, own.lines.ringings))[-1]
    assert found.at >= call.started
    assert found.invite.get("diversion") == diversion(extension, "unconditional", 1)
    call.hang_up()


@play
def calls_of_each_origin_go_where_that_origin_is_forwarded(stage: Stage) -> None:
    own = stage.line("1600-a", answer=0.2)
    reaches(stage.inside("1900-a").call("1600"), own)
    call = stage.outside().call(direct(1600), user=STRANGER)
    assert call.wait(5) == 200
    (ringing,) = to(OUT["origin"], stage.trunk.ringings)
    assert ringing.at - call.started < AT_ONCE
    assert ringing.invite.get("diversion") == diversion(1600, "unconditional", 1)
    assert ringing.invite.from_user == STRANGER
    call.hang_up()
    assert not own.invited


@play
def an_origin_without_a_forward_rings(stage: Stage) -> None:
    own = stage.line("1601-a", answer=0.2)
    reaches(stage.outside().call(direct(1601), user=STRANGER), own)
    assert not own.invited
    call = stage.inside("1900-a").call("1601")
    assert call.wait(5) == 200
    assert own.ringings[0].answered
    assert own.ringings[0].invite.get("diversion") == ""
    call.hang_up()


@play
def a_mailbox_or_the_busy_tone_at_once(stage: Stage) -> None:
    phones = [stage.line(f"{extension}-a") for extension in (1602, 1603, 1604)]
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1602"), 1602, 1602)
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1603"), 1603, int(ANSWERS))
    call = stage.outside().call(direct(1604))
    assert call.wait(5) == 486
    assert 180 not in [code for _, code in call.provisional]
    assert not any(phone.invited for phone in phones)


@play
def a_forward_that_leads_nowhere_else_leaves_the_phones_ringing(stage: Stage) -> None:
    for extension in (1605, 1606, 1607):
        own = stage.line(f"{extension}-a", answer=0.2)
        call = stage.inside("1900-a").call(str(extension))
        assert call.wait(5) == 200
        assert own.wait_ringing(1).answered
        call.hang_up()
    assert not to(direct(1607), stage.trunk.ringings)


@play
def a_team_is_a_target_too(stage: Stage) -> None:
    own, member = stage.line("1608-a"), stage.line("1640-a", answer=0.2)
    call = stage.inside("1900-a").call("1608")
    assert call.wait(5) == 200
    assert member.ringings[0].invite.get("diversion") == diversion(1608, "unconditional", 1)
    assert not own.invited
    call.hang_up()


@play
def a_number_that_was_forbidden_since_is_not_dialled_nor_set_again(stage: Stage) -> None:
    own = stage.line("1609-a")
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1609"), 1609, 1609)
    assert not to(FORBIDDEN, stage.trunk.ringings)
    assert not own.invited
    said = stage.router.run("forward", "set", "1609", f"external:{FORBIDDEN}", code=1)
    assert "settings.toll does not permit" in said


@play
def two_who_forward_to_each_other_end_in_the_mailbox_of_the_first(stage: Stage) -> None:
    phones = [stage.line("1615-a"), stage.line("1616-a")]
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1615"), 1615, 1615)
    assert not any(phone.invited for phone in phones)


@play
def the_caller_hears_an_announcement_before_the_target_is_called(stage: Stage) -> None:
    own, seconds = stage.line("1619-a"), 2
    sound = str(write_tone(stage.router.place / "forward-1619.wav", seconds))
    stage.router.run("forward", "announce", "1619", sound, "--origin", "external")
    caller = stage.outside()
    call = caller.call(direct(1619), user=STRANGER)
    begun = call.wait_for(183, 3)

    def there() -> list[Ringing]:
        return to(f"{ANSWERS}-a", diverted_by(1619, own.lines.ringings))

    ringing = wait_until(there, 5, "the target rings")[0]
    assert ringing.at - call.started - begun == pytest.approx(seconds, abs=TOLERANCE)
    assert heard(caller) == pytest.approx(seconds, abs=0.4)
    assert call.wait(5) == 200
    assert call.at is not None
    assert call.at > begun + seconds - 0.2, "nobody has answered before"
    call.hang_up()
    inside = stage.inside("1900-a").call("1619")
    reaches(inside, own)
    assert 183 not in [code for _, code in inside.provisional]
    assert not own.invited


# -- on and off, and what else has a say ----------------------------------------------------------


def rings(call: Placed, line: Line, *, calls: int) -> None:
    assert call.wait(5) == 200
    assert line.wait_ringing(1, calls=calls).answered
    assert len(line.ringings) == calls
    call.hang_up()


@play
def switched_off_it_keeps_its_target_and_switched_on_it_holds_again(stage: Stage) -> None:
    own, caller = stage.line("1611-a", answer=0.2), stage.inside("1900-a")
    run = stage.router.run
    run("forward", "set", "1611", f"extension:{ANSWERS}", "--as", "1611")
    reaches(caller.call("1611"), own)
    run("forward", "off", "1611", "--as", "1611")
    rings(caller.call("1611"), own, calls=1)
    run("forward", "on", "1611", "--as", "1611")
    reaches(caller.call("1611"), own)
    run("forward", "clear", "1611", "--as", "1611")
    rings(caller.call("1611"), own, calls=2)


@play
def it_comes_before_the_status_which_holds_again_when_it_is_off(stage: Stage) -> None:
    own, caller = stage.line("1612-a"), stage.inside("1900-a")
    assert caller.call("1612").wait(5) == 486
    stage.router.run("forward", "on", "1612")
    reaches(caller.call("1612"), own)
    stage.router.run("presence", "set", "1612", "dnd")
    reaches(caller.call("1612"), own)
    stage.router.run("forward", "off", "1612")
    assert caller.call("1612").wait(5) == 486
    assert not own.invited


@play
def a_caller_on_the_list_gets_through_it(stage: Stage) -> None:
    own = stage.line("1613-a", answer=0.2)
    rings(stage.inside("1900-a").call("1613"), own, calls=1)
    reaches(stage.inside("1901-a").call("1613"), own)
    assert len(own.ringings) == 1


@play
def it_comes_before_busy_on_busy(stage: Stage) -> None:
    own, caller = stage.line("1614-a", answer=0.2), stage.inside("1900-a")
    conversation = stage.inside("1901-a").call("1614")
    assert conversation.wait(5) == 200
    time.sleep(0.6)
    assert caller.call("1614").wait(5) == 486
    stage.router.run("forward", "set", "1614", f"extension:{ANSWERS}")
    reaches(caller.call("1614"), own)
    conversation.hang_up()
    assert len(own.ringings) == 1


@play
def do_not_disturb_says_so_to_where_it_sends_a_call(stage: Stage) -> None:
    own = stage.line("1617-a")
    call = stage.outside().call(direct(1617), user=STRANGER)
    assert call.wait(5) == 200
    (ringing,) = to(OUT["dnd"], stage.trunk.ringings)
    assert ringing.invite.get("diversion") == diversion(1617, "do-not-disturb", 1)
    assert not own.invited
    call.hang_up()


@play
def a_member_of_a_team_who_forwards_is_passed_over_and_his_target_too(stage: Stage) -> None:
    forwarding, other, off = (stage.line(f"{number}-a") for number in (1641, 1642, 1643))
    call = stage.inside("1900-a").call("2602")
    other.wait_ringing(3)
    off.wait_ringing(3)
    assert not forwarding.invited
    assert not diverted_by(1641, other.lines.ringings)
    call.cancel()
    assert call.wait(5) == 487


# -- by the hour ----------------------------------------------------------------------------------


@play
def outside_the_hours_the_status_of_the_schedule_holds(stage: Stage) -> None:
    own, caller = stage.line("1630-a", answer=0.2), stage.inside("1900-a")
    reaches_the_mailbox_of(stage, caller.call("1630"), 1630, 1630)
    assert not own.invited
    # A status set by hand and a temporary one win over the hours.
    stage.router.run("presence", "set", "1630", "meeting")
    rings(caller.call("1630"), own, calls=1)
    stage.router.run("presence", "set", "1630", "available")
    reaches_the_mailbox_of(stage, caller.call("1630"), 1630, 1630)
    stage.router.run("presence", "set", "1630", "available", "--for", "1h")
    rings(caller.call("1630"), own, calls=2)


@play
def within_the_hours_the_phone_rings(stage: Stage) -> None:
    own = stage.line("1631-a", answer=0.2)
    rings(stage.inside("1900-a").call("1631"), own, calls=1)


@play
def a_caller_gets_through_only_within_the_hours_of_his_entry(stage: Stage) -> None:
    closed, opened = stage.line("1632-a", answer=0.2), stage.line("1633-a", answer=0.2)
    caller = stage.inside("1900-a")
    assert caller.call("1632").wait(5) == 486
    assert not closed.invited
    rings(caller.call("1633"), opened, calls=1)


@play
def a_caller_is_blocked_only_within_the_hours_of_his_entry(stage: Stage) -> None:
    closed, opened = stage.line("1634-a", answer=0.2), stage.line("1635-a", answer=0.2)
    caller = stage.inside("1900-a")
    rings(caller.call("1634"), closed, calls=1)
    assert caller.call("1635").wait(5) == 486
    assert not opened.invited


@play
def a_status_logs_a_member_out_and_another_in_until_it_ends(stage: Stage) -> None:
    always, out, into = (stage.line(f"{number}-a") for number in (1650, 1651, 1652))
    caller = stage.inside("1900-a")

    def rung() -> list[int]:
        """Who rings for one more call of the team."""
        before = [len(line.ringings) for line in (always, out, into)]
        call = caller.call("2603")
        always.wait_ringing(5, calls=before[0] + 1)
        time.sleep(0.5)
        call.cancel()
        assert call.wait(5) == 487
        after = [len(line.ringings) for line in (always, out, into)]
        return [then - now for then, now in zip(after, before, strict=True)]

    assert rung() == [1, 1, 0]
    for user in ("1651", "1652"):
        stage.router.run("presence", "set", user, "meeting", "--for", "8s")
    end = time.time() + 8
    assert rung() == [1, 0, 1]
    assert time.time() < end, "the status has not ended meanwhile"
    time.sleep(max(0.0, end + 1 - time.time()))
    assert rung() == [1, 1, 0]


@pytest.mark.timeout(150)
@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()
