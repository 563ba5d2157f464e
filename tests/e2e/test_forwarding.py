"""Forwarded calls on a running FreeSWITCH, with real SIP endpoints."""

from __future__ import annotations

import time
import wave
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.diverted import (
    AT_ONCE,
    STRANGER,
    away,
    direct,
    diversion,
    mailbox,
    reachable,
    reaches_the_mailbox_of,
    somebody,
)
from tests.e2e.endpoint import Behaviour, Caller, Placed
from tests.e2e.lines import to
from tests.e2e.router import Router
from tests.e2e.sip import TOLERANCE, wait_until
from tests.e2e.stage import Programme, Stage, company, person

FORBIDDEN = "+491379999999"
_USED = (
    *("unregistered", "no_answer", "busy", "limit", "below", "caller", "anonymous"),
    *("anonymous_inside", "full", "hidden_from", "history", "given_up", "mobile"),
    *("circle", "callers_own", "came"),
)
OUT = {name: f"+4917130000{number}" for number, name in enumerate(_USED, 10)}
"""Numbers outside, one for each scenario that leaves."""

PEOPLE: dict[str, dict[str, Any]] = {
    "u1900": person("1900", "a", number=direct(1900)),
    "u1901": person("1901", "a", "b"),
    # Not registered, no answer, busy.
    **somebody(1310, "a", "b", presence=reachable(unregistered="extension:1311")),
    **somebody(1311),
    **somebody(1312, presence=reachable(unregistered=f"external:{OUT['unregistered']}")),
    **somebody(1313, "a", "b", internal={"a": (0, 3), "b": (1, 2)},
               presence=reachable(no_answer=f"external:{OUT['no_answer']}")),
    **somebody(1314, presence={"profiles": {"available": {
        "no_answer_after": 3, "internal": {"no_answer": "extension:1315"}}}}),
    **somebody(1315),
    **somebody(1316, presence=reachable(busy=f"external:{OUT['busy']}")),
    **somebody(1317, presence=reachable(busy="extension:1318")),
    **somebody(1318),
    **somebody(1319, presence={"profiles": {"available": {
        "internal": {"busy": "voicemail"}, "external": {"busy": "busy"}}}}),
    # Circles.
    **somebody(1320, presence=away("extension:1321")),
    **somebody(1321, presence=away("extension:1320")),
    **somebody(1322, presence=away("extension:1322")),
    **somebody(1323, presence=away("extension:1324")),
    **somebody(1324, presence=away("extension:1325")),
    **somebody(1325, presence=away("extension:1323")),
    **somebody(1326, presence=away(f"external:{direct(1327)}")),
    **somebody(1327),
    **somebody(1328, presence=away(f"external:{direct(1329)}")),
    **somebody(1329, presence=away(f"external:{direct(1328)}")),
    **somebody(1330, presence=away(f"external:{direct(1330)}")),
    **somebody(1331, presence=away(f"external:{OUT['limit']}")),
    **somebody(1332, presence=away(f"external:{OUT['below']}")),
    **somebody(1333, presence=away(f"external:{FORBIDDEN}")),
    # The caller is the target.
    **somebody(1342, presence=away("extension:1901")),
    **somebody(1343, presence=away(f"external:{OUT['caller']}")),
    # Withheld numbers.
    **somebody(1344, presence=away(f"external:{OUT['anonymous']}")),
    **somebody(1345, presence=away(f"external:{OUT['hidden_from']}")),
    **somebody(1346, presence=away(f"external:{OUT['anonymous_inside']}")),
    # The target's own rules.
    **somebody(1350, presence=away("extension:1351")),
    **somebody(1351, presence=away("extension:1352")),
    **somebody(1352, internal={"a": (0, 3)}),
    **somebody(1353, presence=away("extension:1354")),
    **somebody(1354),
    **somebody(1355, presence=away(f"external:{OUT['full']}")),
    **somebody(1356, presence=away("extension:1357")),
    **somebody(1357, "a", "b", internal={"a": (0, 5)}, external={"b": (0, 5)}),
    **somebody(1364, presence=away(f"external:{OUT['history']}")),
    **somebody(1366, presence=away(f"external:{OUT['given_up']}")),
    **somebody(1381, presence=away(f"external:{OUT['came']}")),
    **somebody(1367, mobile=OUT["mobile"], confirm=False),
    **somebody(1358, presence=away("extension:1359")),
    **somebody(1359, presence=away("voicemail")),
    **somebody(1360, presence=away("extension:1361")),
    **somebody(1361, presence={"status": "dnd"}),
    **somebody(1362, presence=away("extension:1363")),
    **somebody(1363, callers=[{"numbers": ["1900"], "action": "block"}]),
    **somebody(1365, "a", "b", presence={"status": "away"}),
    **somebody(1368, presence=away("extension:1369"), voicemail=False),
    **somebody(1369, presence=away("extension:1368"), voicemail=False),
    # Each to the next, seven in all.
    **{name: user for extension in range(1370, 1376) for name, user in
       somebody(extension, presence=away(f"extension:{extension + 1}")).items()},
    **somebody(1376),
    # A carrier that has seen the call before; a caller whose own mobile is the target.
    **somebody(1377, mobile=OUT["circle"], confirm=False,
               presence=reachable(unregistered="extension:1379")),
    **somebody(1378, presence=away(f"external:{OUT['callers_own']}")),
    **somebody(1379),
    **somebody(1380, "a", mobile=OUT["callers_own"]),
}  # fmt: skip
RULES = company(**PEOPLE)
TRUNK = Behaviour(answer=0.3)
play = Programme()


def prepare(router: Router) -> None:
    """A rule from before the policy: an import would refuse it now."""
    router.change("UPDATE domains SET toll_deny = ?", '["+49137"]')


# -- not registered, no answer, busy --------------------------------------------------------------


@play
def a_user_without_a_registered_phone_is_forwarded_before_anything_rings(stage: Stage) -> None:
    target = stage.line("1311-a", answer=0.5)
    call = stage.inside("1900-a").call("1310")
    ringing = target.wait_ringing(3)
    assert ringing.at - call.started < AT_ONCE
    assert ringing.invite.get("diversion") == diversion(1310, "unavailable", 1)
    assert call.wait(5) == 200
    call.hang_up()


@play
def a_user_without_a_registered_phone_is_forwarded_outside(stage: Stage) -> None:
    number = OUT["unregistered"]
    call = stage.outside().call(direct(1312), user=STRANGER)
    ringing = wait_until(lambda: to(number, stage.trunk.ringings), 3, "it leaves")[0]
    assert ringing.at - call.started < AT_ONCE
    assert ringing.invite.get("diversion") == diversion(1312, "unavailable", 1)
    assert call.wait(5) == 200
    call.hang_up()


@play
def a_call_that_nobody_answers_is_forwarded_when_the_ringing_is_over(stage: Stage) -> None:
    first, second = stage.line("1313-a"), stage.line("1313-b")
    call = stage.inside("1900-a").call("1313")
    assert first.wait_cancelled().rang == pytest.approx(3, abs=TOLERANCE)
    assert second.wait_cancelled().rang == pytest.approx(2, abs=TOLERANCE)
    ringing = wait_until(lambda: to(OUT["no_answer"], stage.trunk.ringings), 3, "it leaves")[0]
    assert ringing.at - call.started == pytest.approx(3.5, abs=TOLERANCE)
    # Two sockets are read, one after the other.
    assert ringing.at >= (first.ringings[0].cancelled or 0) - 0.05
    assert ringing.invite.get("diversion") == diversion(1313, "no-answer", 1)
    assert call.wait(5) == 200
    call.hang_up()


@play
def a_status_can_end_the_ringing_earlier_than_the_follow_me_rows(stage: Stage) -> None:
    own, target = stage.line("1314-a"), stage.line("1315-a", answer=0.3)
    call = stage.inside("1900-a").call("1314")
    assert own.wait_cancelled().rang == pytest.approx(3, abs=TOLERANCE)
    ringing = target.wait_ringing(3)
    assert ringing.invite.get("diversion") == diversion(1314, "no-answer", 1)
    assert call.wait(5) == 200
    call.hang_up()


@play
def a_busy_phone_forwards_outside(stage: Stage) -> None:
    stage.line("1316-a", reject=486, after=0.2)
    call = stage.outside().call(direct(1316), user=STRANGER)
    ringing = wait_until(lambda: to(OUT["busy"], stage.trunk.ringings), 3, "it leaves")[0]
    assert ringing.invite.get("diversion") == diversion(1316, "user-busy", 1)
    assert call.wait(5) == 200
    call.hang_up()


@play
def a_declined_call_is_forwarded_as_a_busy_one(stage: Stage) -> None:
    stage.line("1317-a", reject=603, after=0.2)
    target = stage.line("1318-a", answer=0.2)
    call = stage.inside("1900-a").call("1317")
    assert call.wait(5) == 200
    assert target.ringings[0].invite.get("diversion") == diversion(1317, "user-busy", 1)
    call.hang_up()


@play
def a_busy_forward_can_be_the_mailbox_for_some_and_the_busy_tone_for_others(stage: Stage) -> None:
    stage.line("1319-a", reject=486)
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1319"), 1319, 1319)
    assert stage.outside().call(direct(1319)).wait(5) == 486


# -- circles --------------------------------------------------------------------------------------


@play
def two_who_forward_to_each_other_end_in_the_mailbox_of_the_first(stage: Stage) -> None:
    phones = [stage.line("1320-a"), stage.line("1321-a")]
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1320"), 1320, 1320)
    reaches_the_mailbox_of(stage, stage.outside().call(direct(1321)), direct(1321), 1321)
    assert not any(phone.invited for phone in phones)


@play
def without_a_mailbox_a_circle_is_busy(stage: Stage) -> None:
    phones = [stage.line("1368-a"), stage.line("1369-a")]
    call = stage.inside("1900-a").call("1368")
    assert call.wait(5) == 486
    assert 180 not in [code for _, code in call.provisional]
    assert not any(phone.invited for phone in phones)


@play
def three_in_a_circle_end_in_the_mailbox_of_the_first(stage: Stage) -> None:
    phones = [stage.line(f"{extension}-a") for extension in (1323, 1324, 1325)]
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1323"), 1323, 1323)
    assert not any(phone.invited for phone in phones)


@play
def who_forwards_to_himself_is_rung(stage: Stage) -> None:
    own = stage.line("1322-a", answer=0.2)
    assert stage.inside("1900-a").call("1322").wait(5) == 200
    assert own.wait_ringing(1).answered


@play
def a_direct_number_as_target_outside_is_resolved_inside(stage: Stage) -> None:
    target = stage.line("1327-a", answer=0.3)
    call = stage.outside().call(direct(1326), user=STRANGER)
    assert call.wait(5) == 200
    assert target.ringings[0].invite.get("diversion") == diversion(1326, "unconditional", 1)
    assert not to(direct(1327), stage.trunk.ringings)
    call.hang_up()


@play
def a_circle_through_direct_numbers_never_leaves(stage: Stage) -> None:
    phones = [stage.line("1328-a"), stage.line("1329-a")]
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1328"), 1328, 1328)
    assert not any(phone.invited for phone in phones)
    assert not [
        each for number in (direct(1328), direct(1329)) for each in to(number, stage.trunk.ringings)
    ]


@play
def who_forwards_to_his_own_direct_number_is_rung(stage: Stage) -> None:
    own = stage.line("1330-a", answer=0.2)
    assert stage.inside("1900-a").call("1330").wait(5) == 200
    assert not to(direct(1330), stage.trunk.ringings)
    assert own.wait_ringing(1).answered


# -- how often, where to --------------------------------------------------------------------------


def redirected(times: int) -> tuple[str, ...]:
    return (f"Diversion: <sip:+498999@carrier.example>;reason=unconditional;counter={times}",)


@play
def a_call_that_was_redirected_too_often_is_not_forwarded_again(stage: Stage) -> None:
    caller = stage.outside()
    for headers in redirected(5), tuple(line.lower() for line in redirected(5)):
        call = caller.call(direct(1331), user=STRANGER, headers=headers)
        reaches_the_mailbox_of(stage, call, direct(1331), 1331)
    assert not to(OUT["limit"], stage.trunk.ringings)


@play
def a_call_that_was_redirected_four_times_is_forwarded_once_more(stage: Stage) -> None:
    call = stage.outside().call(direct(1332), user=STRANGER, headers=redirected(4))
    assert call.wait(5) == 200
    (ringing,) = to(OUT["below"], stage.trunk.ringings)
    assert ringing.invite.get("diversion") == diversion(1332, "unconditional", 5)
    assert ringing.invite.get("history-info").split(",") == [
        "<sip:+498999@pbx.test>;index=1",
        f"<sip:{direct(1332)}@pbx.test;cause=302>;index=1.1;mp=1",
        f"<sip:{OUT['below']}@pbx.test;cause=302>;index=1.1.1;mp=1.1",
    ]
    call.hang_up()


@play
def a_history_goes_on_and_tells_nobody_who_is_not_to_be_told(stage: Stage) -> None:
    came = (
        "History-Info: <sip:+498999@carrier.example>;index=1, "
        "<sip:+498998@carrier.example;cause=486?Privacy=history>;index=1.1",
        f"History-Info: <sip:{direct(1381)}@pbx.test;cause=302>;index=1.2",
    )
    call = stage.outside().call(direct(1381), user=STRANGER, headers=came)
    assert call.wait(5) == 200
    (ringing,) = to(OUT["came"], stage.trunk.ringings)
    assert ringing.invite.get("diversion") == diversion(1381, "unconditional", 3)
    assert ringing.invite.get("history-info").split(",") == [
        "<sip:+498999@pbx.test>;index=1",
        "<sip:anonymous@anonymous.invalid;cause=486>;index=1.1;mp=1",
        f"<sip:{direct(1381)}@pbx.test;cause=302>;index=1.1.1;mp=1.1",
        f"<sip:{OUT['came']}@pbx.test;cause=302>;index=1.1.1.1;mp=1.1.1",
    ]
    call.hang_up()


@play
def a_forward_to_a_forbidden_number_is_not_imported(stage: Stage) -> None:
    settings = {**RULES["settings"], "toll": {"deny": ["+49137"]}}
    path = stage.router.place / "forbidden.yaml"
    path.write_text(yaml.safe_dump({**RULES, "settings": settings}))
    said = stage.router.run("import", str(path), code=1)
    assert (
        "users.1333.presence.profiles.away.internal.always: settings.toll does not permit " in said
    )
    assert FORBIDDEN in said


@play
def a_forward_to_a_number_that_was_forbidden_since_is_not_followed(stage: Stage) -> None:
    own = stage.line("1333-a")
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1333"), 1333, 1333)
    assert not to(FORBIDDEN, stage.trunk.ringings)
    assert not own.invited


@play
def a_trunk_that_is_full_leaves_the_mailbox(stage: Stage) -> None:
    stage.trunk.by_number[OUT["full"]] = Behaviour(reject=503)
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1355"), 1355, 1355)
    assert len(to(OUT["full"], stage.trunk.ringings)) == 1


@play
def a_history_of_five_redirections_counts_too(stage: Stage) -> None:
    entries = ", ".join(f"<sip:+49899990{n}@carrier.example>;index=1.{n}" for n in range(6))
    call = stage.outside().call(direct(1364), user=STRANGER, headers=(f"History-Info: {entries}",))
    reaches_the_mailbox_of(stage, call, direct(1364), 1364)
    assert not to(OUT["history"], stage.trunk.ringings)


@play
def a_chain_ends_after_five_forwards(stage: Stage) -> None:
    last = stage.line("1376-a", answer=0.2)
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1370"), 1370, 1370)
    assert not last.invited
    call = stage.inside("1900-a").call("1371")
    assert call.wait(5) == 200
    assert last.ringings[0].invite.get("diversion") == diversion(1375, "unconditional", 5)
    call.hang_up()


@play
def a_caller_who_gives_up_ends_the_forwarded_call(stage: Stage) -> None:
    stage.trunk.by_number[OUT["given_up"]] = Behaviour()
    call = stage.outside().call(direct(1366), user=STRANGER)
    wait_until(lambda: to(OUT["given_up"], stage.trunk.ringings), 3, "it leaves")
    call.wait_for(180)
    call.cancel()
    assert call.wait(5) == 487
    wait_until(lambda: to(OUT["given_up"], stage.trunk.ringings)[0].cancelled, 3, "a CANCEL")
    time.sleep(0.5)
    assert len(to(OUT["given_up"], stage.trunk.ringings)) == 1


# -- the caller is the target ---------------------------------------------------------------------


@play
def a_colleague_is_not_forwarded_to_himself(stage: Stage) -> None:
    other = stage.line("1901-b")
    reaches_the_mailbox_of(stage, stage.inside("1901-a").call("1342"), 1342, 1342)
    assert not other.invited


@play
def a_stranger_is_not_forwarded_to_himself(stage: Stage) -> None:
    national = OUT["caller"].replace("+49", "0")
    for number in (OUT["caller"], national):
        call = stage.outside().call(direct(1343), user=number)
        reaches_the_mailbox_of(stage, call, direct(1343), 1343)
    assert not to(OUT["caller"], stage.trunk.ringings)


@play
def a_call_is_not_forwarded_to_the_callers_own_mobile(stage: Stage) -> None:
    reaches_the_mailbox_of(stage, stage.inside("1380-a").call("1378"), 1378, 1378)
    assert not to(OUT["callers_own"], stage.trunk.ringings)


@play
def what_a_carrier_has_seen_before_goes_nowhere_else(stage: Stage) -> None:
    stage.trunk.by_number[OUT["circle"]] = Behaviour(ring=False, reject=483)
    stage.line("1377-a", reject=483, ring=False)
    target = stage.line("1379-a")
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1377"), 1377, 1377)
    assert to(OUT["circle"], stage.trunk.ringings)
    assert not target.invited


# -- withheld numbers -----------------------------------------------------------------------------

SECRET = "+4930888777"


def stays_anonymous(stage: Stage, call: Placed, number: str, *secrets: str) -> None:
    assert call.wait(5) == 200
    (ringing,) = to(number, stage.trunk.ringings)
    invite = ringing.invite
    assert invite.from_user == "anonymous"
    assert "id" in invite.get("privacy").split(";")
    written = "\n".join(f"{name}: {value}" for name, value in invite.headers) + invite.body
    for secret in secrets:
        assert secret.lstrip("+") not in written
    assert "privacy=full" in invite.get("diversion")
    for entry in invite.get("history-info").split(","):
        assert "?Privacy=history>" in entry
    call.hang_up()


@play
def an_anonymous_caller_stays_anonymous_when_he_is_forwarded(stage: Stage) -> None:
    call = stage.outside().call(
        direct(1344),
        sender='"Anonymous" <sip:anonymous@anonymous.invalid>',
        headers=(f'P-Asserted-Identity: "Max" <sip:{SECRET}@pbx.test>', "Privacy: id"),
    )
    stays_anonymous(stage, call, OUT["anonymous"], SECRET, "Max")


@play
def a_caller_who_asks_for_privacy_stays_anonymous_when_he_is_forwarded(stage: Stage) -> None:
    call = stage.outside().call(
        direct(1345),
        sender=f'"Max" <sip:{SECRET}@pbx.test>',
        headers=(
            f'P-Asserted-Identity: "Max" <sip:{SECRET}@pbx.test>',
            f"Remote-Party-ID: <sip:{SECRET}@pbx.test>;party=calling;privacy=full;screen=yes",
            "Privacy: id",
        ),
    )
    stays_anonymous(stage, call, OUT["hidden_from"], SECRET, "Max")


@play
def a_colleague_who_asks_for_privacy_stays_anonymous_when_he_is_forwarded(stage: Stage) -> None:
    call = stage.inside("1900-a").call("1346", display="Max", headers=("Privacy: id",))
    stays_anonymous(stage, call, OUT["anonymous_inside"], direct(1900), "1900", "Max")


@play
def an_anonymous_caller_stays_anonymous_on_a_mobile_that_rings_along(stage: Stage) -> None:
    call = stage.outside().call(
        direct(1367),
        sender='"Anonymous" <sip:anonymous@anonymous.invalid>',
        headers=(f'P-Asserted-Identity: "Max" <sip:{SECRET}@pbx.test>', "Privacy: id"),
    )
    stays_anonymous(stage, call, OUT["mobile"], SECRET, "Max")


# -- the target's own rules -----------------------------------------------------------------------


@play
def a_target_that_is_away_forwards_in_its_turn_and_the_first_mailbox_takes_it(
    stage: Stage,
) -> None:
    between, last = stage.line("1351-a"), stage.line("1352-a")
    call = stage.inside("1900-a").call("1350")
    ringing = last.wait_ringing(3)
    assert ringing.at - call.started < AT_ONCE
    assert ringing.invite.get("diversion") == diversion(1351, "unconditional", 2)
    assert ringing.invite.get("history-info").split(",") == [
        f"<sip:{direct(1350)}@pbx.test>;index=1",
        f"<sip:{direct(1351)}@pbx.test;cause=302>;index=1.1;mp=1",
        "<sip:1352@pbx.test;cause=302>;index=1.1.1;mp=1.1",
    ]
    assert last.wait_cancelled().rang == pytest.approx(3, abs=TOLERANCE)
    assert call.wait(5) == 200
    assert mailbox(stage, 1350) == "1350"
    assert not between.invited
    call.hang_up()


@play
def a_target_that_is_busy_leaves_the_mailbox_of_whom_the_caller_wanted(stage: Stage) -> None:
    target = stage.line("1354-a", reject=486)
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1353"), 1353, 1353)
    assert target.invited


@play
def the_mailbox_of_a_target_is_that_of_whom_the_caller_wanted(stage: Stage) -> None:
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1358"), 1358, 1358)


@play
def a_target_that_does_not_want_to_be_disturbed_leaves_the_mailbox_of_the_first(
    stage: Stage,
) -> None:
    target = stage.line("1361-a")
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1360"), 1360, 1360)
    assert not target.invited


@play
def a_target_that_refuses_the_caller_leaves_the_mailbox_of_the_first(stage: Stage) -> None:
    target = stage.line("1363-a")
    reaches_the_mailbox_of(stage, stage.inside("1900-a").call("1362"), 1362, 1362)
    assert not target.invited


@play
def a_forwarded_stranger_stays_a_stranger(stage: Stage) -> None:
    for_colleagues, for_strangers = stage.line("1357-a"), stage.line("1357-b", answer=0.2)
    call = stage.outside().call(direct(1356), user=STRANGER)
    assert call.wait(5) == 200
    assert for_strangers.ringings[0].number == STRANGER
    assert not for_colleagues.invited
    call.hang_up()


# -- announcements --------------------------------------------------------------------------------


def silence(path: Path, seconds: int) -> Path:
    """A sound file of that length."""
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * 8000 * seconds))
    return path


@play
def an_announcement_is_played_before_the_answer_and_the_call_ends(stage: Stage) -> None:
    phones = [stage.line("1365-a"), stage.line("1365-b")]
    sound = silence(stage.router.place / "closed.wav", 2)
    target = f"announcement:{sound}"
    stage.router.run("presence", "profile", "1365", "away", target, "--when", "always")
    for call in (stage.inside("1900-a").call("1365"), stage.outside().call(direct(1365))):
        begun = call.wait_for(183, 3)
        assert call.wait(10) == 480
        assert call.at is not None
        assert call.at - begun == pytest.approx(2, abs=TOLERANCE)
        assert 180 not in [code for _, code in call.provisional]
    assert not any(phone.invited for phone in phones)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("scenario", list(play))
def test_on_a_running_switch(scenario: str, played: dict[str, Future[None]]) -> None:
    played[scenario].result()


# -- the number shown outside ---------------------------------------------------------------------


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("mode", "of_a_stranger", "of_a_colleague"),
    [
        ("caller", STRANGER, direct(1900)),
        ("user", direct(1312), direct(1312)),
        ("fixed:+493012340", "+493012340", "+493012340"),
    ],
)
def test_the_number_that_a_forwarded_call_shows_outside(
    mode: str, of_a_stranger: str, of_a_colleague: str, stage: Stage, played: object
) -> None:
    stage.router.change("UPDATE domains SET caller_id_out = ?", mode)
    number = OUT["unregistered"]
    before = len(to(number, stage.trunk.ringings))
    calls: list[tuple[Caller, str, str | None]] = [
        (stage.outside(), direct(1312), STRANGER),
        (stage.inside("1900-a"), "1312", None),
    ]
    for caller, dialled, user in calls:
        call = caller.call(dialled, user=user, display="Somebody")
        assert call.wait(5) == 200
        call.hang_up()
    invites = [each.invite for each in to(number, stage.trunk.ringings)[before:]]
    assert [invite.from_user for invite in invites] == [of_a_stranger, of_a_colleague]
    assert "Somebody" not in "".join(value for invite in invites for _, value in invite.headers)
