"""An assistant hands a caller to the executive, takes him back, and calls in her name."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future
from typing import Any

import pytest

from tests.e2e.diverted import AT_ONCE, STRANGER, away, direct, mailbox, somebody
from tests.e2e.endpoint import Behaviour, Placed
from tests.e2e.hearing import write_tone
from tests.e2e.lines import Line, to
from tests.e2e.pools import people, phones, pool, rules
from tests.e2e.sip import TIMER, TOLERANCE, Ringing, wait_until
from tests.e2e.stage import Programme, Stage, person

RECALL = 4
RANG = 3
PUSH, ON_BEHALF, RETRIEVE = "*63", "*64", "*65"
OUT = {
    name: f"+4917155600{place:02}"
    for place, name in enumerate(("behalf", "pushed", "forwarded"), start=1)
}
POOLS = [boss for boss in range(6700, 6880, 10) if boss != 6780]
REACHING = range(6880, 6970, 10)
"""Executives whose pushes reach further, or whose assistants may disturb, or be disturbed."""


def briefly(extension: int) -> dict[str, Any]:
    """Somebody whose phone rings for a short time only."""
    times = {"a": (0, RANG)}
    return {f"u{extension}": person(str(extension), "a", internal=times, external=times)}


PEOPLE = people(
    *POOLS,
    *REACHING,
    **briefly(6741),
    **briefly(6742),
    **somebody(6730, presence=away("voicemail")),
    **somebody(6760, busy_on_busy=True),
    **somebody(6780),
    **somebody(6781),
    **somebody(6880, busy_on_busy=True),
    **somebody(6890, presence=away("extension:6782")),
    **somebody(6900, presence=away("extension:6783")),
    **somebody(6910, forward={"external": {"to": f"external:{OUT['forwarded']}"}}),
    **somebody(6920, presence=away("voicemail")),
    **somebody(6930, presence=away(status="dnd")),
    **somebody(6940, presence=away(status="dnd")),
    **somebody(6951, presence=away(status="dnd")),
    **somebody(6952, presence=away(status="lunch")),
    **somebody(6960, presence=away("extension:6784")),
    **somebody(6782),
    **somebody(6783),
    **somebody(6784, presence=away("extension:6785")),
    **somebody(6785),
)
PEOPLE["u6952"]["devices"]["6952-a"]["dnd"] = True
PEOPLE["u6770"]["name"] = PEOPLE["u6790"]["name"] = "Anna Adler"
RULES = rules(
    PEOPLE,
    [
        pool(boss, push_recall=RECALL, rollover={"after": 20, "action": "voicemail"})
        for boss in POOLS
    ]
    + [
        pool(6880, push_recall=RECALL, push_ignores_bob=True),
        *(
            pool(boss, push_recall=RECALL, push_follows_forward=True)
            for boss in (6890, 6900, 6910, 6920, 6960)
        ),
        pool(6930, assistant_breaks_dnd=True),
        pool(6940),
        pool(6950, assistant_respects_dnd=False),
    ],
)
TRUNK = Behaviour(answer=0.3)
play = Programme()


def taken(stage: Stage, boss: int, assistant: Line) -> tuple[Placed, Ringing]:
    """A caller from outside, who talks to an assistant."""
    call = stage.outside().call(direct(boss), user=STRANGER, display="Muster")
    ringing = assistant.wait_ringing(5)
    assistant.lines.answer(ringing)
    assert call.wait(5) == 200
    time.sleep(1)
    return call, ringing


def ended(line: Line, place: int = 0) -> Ringing:
    return wait_until(
        lambda: [line.ringings[place]] if line.ringings[place].ended else None, 5, "a BYE"
    )[0]


def pick_up(line: Line, *, calls: int = 1) -> Ringing:
    ringing = line.wait_ringing(8, calls=calls)
    line.lines.answer(ringing)
    time.sleep(1)
    return ringing


def still_talks(stage: Stage, call: Placed) -> None:
    time.sleep(1)
    assert call.ended is None
    call.hang_up()


@play
def she_takes_the_caller(stage: Stage) -> None:
    boss, one, two = phones(stage, 6700)
    call, ringing = taken(stage, 6700, one)
    one.lines.transfer(ringing, PUSH)
    invite = pick_up(boss).invite
    assert (invite.display, invite.from_user) == ("Muster", STRANGER)
    ended(one)
    assert len(two.ringings) == 1, "it rang for the first call only"
    still_talks(stage, call)
    assert len(one.ringings) == 1


@play
def what_she_does_not_answer_comes_back_and_says_so(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6710)
    call, ringing = taken(stage, 6710, one)
    one.lines.transfer(ringing, PUSH)
    pushed = boss.wait_cancelled(RECALL + 5)
    assert pushed.rang == pytest.approx(RECALL + TIMER, abs=TOLERANCE)
    recalled = one.wait_ringing(3, calls=2)
    assert pushed.rang is not None
    assert recalled.at - (pushed.at + pushed.rang) < AT_ONCE
    assert recalled.invite.display.startswith("Recall")
    assert recalled.invite.display.endswith(" Muster")
    assert recalled.invite.from_user == STRANGER
    pick_up(one, calls=2)
    still_talks(stage, call)


@play
def what_she_declines_comes_back_at_once(stage: Stage) -> None:
    one = stage.line("6721-a")
    boss = stage.line("6720-a", reject=603, after=0.5)
    call, ringing = taken(stage, 6720, one)
    one.lines.transfer(ringing, PUSH)
    declined = boss.wait_ringing(5).at + 0.5
    assert one.wait_ringing(3, calls=2).at - declined < AT_ONCE
    pick_up(one, calls=2)
    still_talks(stage, call)


@play
def away_she_is_not_reached_and_her_mailbox_not_used(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6730)
    call, ringing = taken(stage, 6730, one)
    sent = time.time()
    one.lines.transfer(ringing, PUSH)
    assert one.wait_ringing(3, calls=2).at - sent < AT_ONCE
    assert not boss.invited
    pick_up(one, calls=2)
    still_talks(stage, call)


@play
def with_no_phone_of_hers_registered_it_comes_back_at_once(stage: Stage) -> None:
    one, _ = stage.line("6871-a"), stage.line("6872-a")
    call, ringing = taken(stage, 6870, one)
    sent = time.time()
    one.lines.transfer(ringing, PUSH)
    assert one.wait_ringing(3, calls=2).at - sent < AT_ONCE
    pick_up(one, calls=2)
    still_talks(stage, call)


@play
def a_recall_that_nobody_answers_goes_to_the_others_and_rolls_over(stage: Stage) -> None:
    boss, one, two = phones(stage, 6740)
    call, ringing = taken(stage, 6740, one)
    one.lines.transfer(ringing, PUSH)
    boss.wait_cancelled(RECALL + 5)
    back = one.wait_ringing(3, calls=2)
    other = two.wait_ringing(RANG + 4, calls=2)
    assert other.at - back.at == pytest.approx(RANG + TIMER, abs=TOLERANCE)
    assert len(one.ringings) == 2
    wait_until(lambda: two.ringings[1].cancelled, 30, "the other assistant rings no more")
    assert mailbox(stage, PUSH) == "6740"
    call.hang_up()


@play
def a_recall_that_another_assistant_answers(stage: Stage) -> None:
    _, one, two = phones(stage, 6750)
    one.lines.by_number["6750-a"] = Behaviour(reject=603)
    call, ringing = taken(stage, 6750, one)
    one.lines.transfer(ringing, PUSH)
    one.wait_ringing(5, calls=2)
    one.lines.by_number["6751-a"] = Behaviour()
    pick_up(one, calls=2)
    assert len(two.ringings) == 1
    still_talks(stage, call)


@play
def busy_on_busy_it_comes_back_at_once(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6760)
    conversation = stage.inside("6762-a").call("6760")
    pick_up(boss)
    assert conversation.wait(5) == 200
    call, ringing = taken(stage, 6760, one)
    sent = time.time()
    one.lines.transfer(ringing, PUSH)
    assert one.wait_ringing(3, calls=2).at - sent < AT_ONCE
    assert len(boss.ringings) == 1
    pick_up(one, calls=2)
    still_talks(stage, call)
    conversation.hang_up()


@play
def busy_on_busy_she_is_rung_where_she_lets_a_push_through(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6880)
    conversation = stage.inside("6882-a").call("6880")
    first = pick_up(boss)
    assert conversation.wait(5) == 200
    # Whoever else calls her, her assistant too, finds her busy.
    assert stage.inside("6881-a").call("6880").wait(5) == 486
    call, ringing = taken(stage, 6880, one)
    one.lines.transfer(ringing, PUSH)
    second = boss.wait_ringing(5, calls=2)
    assert second.invite.from_user == STRANGER
    boss.lines.answer(second)
    ended(one)
    assert len(one.ringings) == 1
    still_talks(stage, call)
    assert not first.ended
    conversation.hang_up()


@play
def away_her_forward_is_followed_where_that_is_set(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6890)
    deputy = stage.line("6782-a")
    call, ringing = taken(stage, 6890, one)
    sent = time.time()
    one.lines.transfer(ringing, PUSH)
    invite = deputy.wait_ringing(3)
    assert invite.at - sent < AT_ONCE
    assert invite.invite.from_user == STRANGER
    pick_up(deputy)
    assert not boss.invited
    assert len(one.ringings) == 1
    still_talks(stage, call)


@play
def no_announcement_comes_before_the_forwards_that_a_push_follows(stage: Stage) -> None:
    seconds = 5
    sound = str(write_tone(stage.router.place / "away.wav", seconds))
    for extension in ("6960", "6784"):
        stage.router.run("presence", "announce", extension, "away", sound)
    boss, one, _ = phones(stage, 6960)
    deputy = stage.line("6785-a")
    # Any other call hears it out before it goes where the colleague forwards his.
    usual = stage.inside("1900-a").call("6784")
    begun = usual.wait_for(183, 3)
    heard = deputy.wait_ringing(seconds + 5).at - usual.started - begun
    assert heard == pytest.approx(seconds, abs=TOLERANCE)
    usual.cancel()
    call, ringing = taken(stage, 6960, one)
    sent = time.time()
    one.lines.transfer(ringing, PUSH)
    assert deputy.wait_ringing(3, calls=2).at - sent < AT_ONCE
    pick_up(deputy, calls=2)
    ended(one)
    assert not boss.invited
    assert len(one.ringings) == 1
    still_talks(stage, call)


@play
def what_is_not_answered_where_she_forwards_comes_back(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6900)
    deputy = stage.line("6783-a")
    call, ringing = taken(stage, 6900, one)
    one.lines.transfer(ringing, PUSH)
    there = deputy.wait_cancelled(RECALL + 5)
    assert there.rang == pytest.approx(RECALL + TIMER, abs=TOLERANCE)
    recalled = one.wait_ringing(3, calls=2)
    assert recalled.invite.display.startswith("Recall")
    assert not recalled.invite.get("diversion")
    assert not boss.invited
    pick_up(one, calls=2)
    still_talks(stage, call)


@play
def her_forward_of_every_call_leads_a_push_outside_where_a_mailbox_does_not_keep_it(
    stage: Stage,
) -> None:
    boss, one, _ = phones(stage, 6910)
    call, ringing = taken(stage, 6910, one)
    one.lines.transfer(ringing, PUSH)
    there = wait_until(lambda: to(OUT["forwarded"], stage.trunk.ringings), 5, "it leaves")[0]
    assert f"sip:{direct(6910)}@" in there.invite.get("diversion")
    # Whoever answers there presses no key: it may be a mailbox.
    assert one.wait_ringing(25, calls=2).invite.display.startswith("Recall")
    assert not boss.invited
    pick_up(one, calls=2)
    still_talks(stage, call)


@play
def a_mailbox_takes_no_caller_who_is_handed_over(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6920)
    call, ringing = taken(stage, 6920, one)
    sent = time.time()
    one.lines.transfer(ringing, PUSH)
    assert one.wait_ringing(3, calls=2).at - sent < AT_ONCE
    assert not boss.invited
    pick_up(one, calls=2)
    still_talks(stage, call)


@play
def an_assistant_gets_through_do_not_disturb_where_she_lets_him(stage: Stage) -> None:
    boss = stage.line("6930-a")
    refused = stage.inside("1901-a").call("6930")
    call = stage.inside("6931-a").call("6930")
    pick_up(boss)
    assert call.wait(5) == 200
    call.hang_up()
    assert refused.wait(5) == 486
    assert len(boss.ringings) == 1


@play
def and_not_where_she_does_not(stage: Stage) -> None:
    boss = stage.line("6940-a")
    assert stage.inside("6941-a").call("6940").wait(5) == 486
    assert not boss.invited


@play
def assistants_on_do_not_disturb_are_rung_where_that_is_not_respected(stage: Stage) -> None:
    boss, one, two = phones(stage, 6950)
    call = stage.outside().call(direct(6950), user=STRANGER)
    pick_up(one)
    assert call.wait(5) == 200
    assert not two.invited, "its own do not disturb is respected"
    assert not boss.invited
    call.hang_up()


@play
def who_asks_first_connects_them_himself(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6800)
    call, ringing = taken(stage, 6800, one)
    one.lines.hold(ringing)
    question = stage.inside("6801-a").call(PUSH)
    pick_up(boss)
    assert question.wait(5) == 200
    one.lines.transfer(ringing, PUSH, replacing=question)
    ended(one)
    assert question.wait_end(5)
    still_talks(stage, call)
    assert len(one.ringings) == 1


@play
def who_asks_and_is_not_answered_still_has_the_caller(stage: Stage) -> None:
    boss, one, _ = phones(stage, 6810)
    call, ringing = taken(stage, 6810, one)
    one.lines.hold(ringing)
    question = stage.inside("6811-a").call(PUSH)
    assert question.wait(RECALL + 5) == 480
    assert boss.wait_cancelled(2).rang == pytest.approx(RECALL + TIMER, abs=TOLERANCE)
    assert ringing.ended is None
    still_talks(stage, call)


@play
def whom_an_assistant_sends_to_her_number_passes_the_filter(stage: Stage) -> None:
    boss, one, two = phones(stage, 6820)
    call, ringing = taken(stage, 6820, one)
    one.lines.transfer(ringing, "6820")
    pick_up(boss)
    assert [len(one.ringings), len(two.ringings)] == [1, 1]
    still_talks(stage, call)


@play
def whom_a_colleague_sends_does_not(stage: Stage) -> None:
    boss, one, two = phones(stage, 6830)
    colleague = stage.line("6780-a")
    call = stage.outside().call(direct(6780), user=STRANGER)
    ringing = pick_up(colleague)
    colleague.lines.transfer(ringing, "6830")
    for assistant in (one, two):
        assistant.wait_ringing(5)
    assert not boss.invited
    call.hang_up()


@play
def she_takes_over_the_caller_of_an_assistant(stage: Stage) -> None:
    one, _ = stage.line("6851-a"), stage.line("6852-a")
    call, _ = taken(stage, 6850, one)
    hers = stage.inside("6850-a").call(RETRIEVE)
    assert hers.wait(5) == 200
    ended(one)
    time.sleep(1)
    assert hers.ended is None
    still_talks(stage, call)
    assert hers.wait_end(5)


@play
def there_is_nobody_to_take_over(stage: Stage) -> None:
    assert stage.inside("6860-a").call(RETRIEVE).wait(5) == 480
    assert stage.inside("1900-a").call(RETRIEVE).wait(5) == 403


@play
def in_her_name_a_number_outside_sees_hers(stage: Stage) -> None:
    caller = stage.inside("6771-a")
    call = caller.call(f"{ON_BEHALF}{OUT['behalf']}".replace("+49", "0"))
    ringing = wait_until(lambda: to(OUT["behalf"], stage.trunk.ringings), 5, "it leaves")[0]
    assert (ringing.invite.display, ringing.invite.from_user) == ("Anna Adler", direct(6770))
    assert call.wait(5) == 200
    call.hang_up()

    def recorded() -> list[Any]:
        calls = json.loads(stage.router.run("calls", "list", "--json"))
        return [each for each in calls if each["callee"] == OUT["behalf"]]

    entry = wait_until(recorded, 5, "it is in the journal")[0]
    assert (entry["caller_number"], entry["on_behalf"]) == ("6771", "6770")


@play
def in_her_name_a_colleague_sees_her_too(stage: Stage) -> None:
    colleague = stage.line("6781-a")
    call = stage.inside("6791-a").call(f"{ON_BEHALF}6781")
    invite = colleague.wait_ringing(5).invite
    assert (invite.display, invite.from_user) == ("Anna Adler", "6790")
    call.cancel()
    assert call.wait(5) == 487


@play
def who_was_called_in_her_name_can_be_handed_to_her(stage: Stage) -> None:
    boss = stage.line("6790-a")
    stage.line("6792-a")
    caller = stage.inside("6792-a")
    call = caller.call(f"{ON_BEHALF}{OUT['pushed']}".replace("+49", "0"))
    assert call.wait(5) == 200
    time.sleep(1)
    caller.transfer(call, PUSH)
    pick_up(boss)
    ringing = to(OUT["pushed"], stage.trunk.ringings)[0]
    assert ringing.ended is None


@play
def nobody_else_may(stage: Stage) -> None:
    assert stage.inside("1900-a").call(PUSH).wait(5) == 403
    assert stage.inside("1900-a").call(f"{ON_BEHALF}6781").wait(5) == 403
    assert stage.outside().call(PUSH).wait(5) == 404


@pytest.mark.parametrize("scenario", list(play))
def test_push(played: dict[str, Future[None]], scenario: str) -> None:
    played[scenario].result()
