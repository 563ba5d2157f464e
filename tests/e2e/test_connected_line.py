"""Whom a filtered caller sees when he is answered, what assistants see with a name of the pool's
own, and numbers at which faxes come in."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

import pytest

from tests.e2e.diverted import STRANGER, direct, somebody
from tests.e2e.endpoint import Behaviour, Placed
from tests.e2e.lines import Line, to
from tests.e2e.pools import people, phones, pool, rules
from tests.e2e.sip import Message, wait_until
from tests.e2e.stage import Programme, Stage

MOBILE, CELL, HERS, PRIVATE, BEHIND = (f"+4917155580{n:02}" for n in range(5))
OTHER = "+493012399999"
FAX, FRONT_DESK = "+493012355990", "+493012355000"
SAYS = 'P-Asserted-Identity: "Phone of mine" <sip:4711@127.0.0.1>\r\n'
HERSELF, HIMSELF, PHONE, INSIDE, ALONG, RECALLED, OWN, MARKED, HIDDEN, FAXES = range(5800, 5900, 10)
BOSSES = (HERSELF, HIMSELF, PHONE, INSIDE, ALONG, RECALLED, OWN, MARKED, HIDDEN, FAXES)
SILENT_PHONE, ROLLS, DIVERTS = 5900, 5910, 5920
PUSHED, SENT, OUTSIDE, CLAIMS, PLAIN, DESK = 5930, 5940, 5950, 5960, 5970, 5980
"""Whoever calls these is connected already when the next telephone answers."""

PUSH = "*63"
UPDATES = ("User-Agent: Yealink SIP-T46U", "Allow: INVITE, ACK, BYE, UPDATE")
"""A telephone to which the switch sends an UPDATE: it allows that, and is of a make that does."""

THEIRS = {"connected_line": "executive"}


def users() -> dict[str, Any]:
    later = (PUSHED, SENT, OUTSIDE, CLAIMS, PLAIN)
    made = people(
        *BOSSES,
        *later,
        SILENT_PHONE,
        ROLLS,
        DIVERTS,
        **somebody(DESK),
        **somebody(OWN, mobile=HERS),
    )
    for boss in (*BOSSES, *later):
        made[f"u{boss}"]["name"] = "Anna Adler"
        made[f"u{boss + 1}"]["name"] = "Jörg Groß"
    made[f"u{ROLLS}"]["name"] = "Anna Adler"
    made[f"u{DIVERTS + 2}"]["name"] = "Dora Dorn"
    made[f"u{HERSELF}"]["numbers"].append(OTHER)
    made[f"u{FAXES}"]["numbers"].append(FAX)
    made[f"u{FAXES}"]["fax_numbers"] = [FAX]
    made[f"u{OWN}"]["devices"][f"{OWN}-mobile"]["location"] = "mobile"
    return made


RULES = rules(
    users(),
    [
        pool(HERSELF, {"user": str(HERSELF + 1), "divert": MOBILE}, **THEIRS),
        pool(HIMSELF, {"user": str(HIMSELF + 1)}, connected_line="assistant"),
        pool(PHONE),
        pool(SILENT_PHONE, {"user": str(SILENT_PHONE + 1), "divert": PRIVATE}),
        pool(
            ROLLS,
            ROLLS + 1,
            connected_line="assistant",
            rollover={"after": 1, "action": f"external:{BEHIND}"},
        ),
        pool(
            DIVERTS,
            {"user": str(DIVERTS + 1), "divert": str(DIVERTS + 2)},
            connected_line="assistant",
        ),
        pool(INSIDE, **THEIRS),
        pool(ALONG, {"user": str(ALONG + 1), "divert": CELL}, connected_line="assistant"),
        pool(RECALLED, RECALLED + 1, push_recall=2, **THEIRS),
        pool(
            OWN,
            caller_name="custom",
            custom_name="Vorzimmer: Adler",
            caller_number="custom",
            custom_number=FRONT_DESK,
            alert_executive="ring",
            parallel={"mobile": True},
        ),
        pool(MARKED, caller_name="caller", caller_prefix="[Adler] "),
        pool(HIDDEN, caller_name="caller_executive", caller_prefix="for Anna, "),
        pool(FAXES),
        pool(PUSHED, PUSHED + 1, connected_line="assistant"),
        pool(SENT, SENT + 1, connected_line="assistant"),
        pool(OUTSIDE, OUTSIDE + 1, connected_line="assistant"),
        pool(CLAIMS, CLAIMS + 1),
        pool(PLAIN, PLAIN + 1, connected_line="assistant"),
    ],
)
play = Programme()


def connected(call: Placed) -> tuple[str, str]:
    """The name and the number in the answer that the caller got."""
    assert call.wait(8) == 200
    assert call.final is not None
    return named(call.final.get("p-asserted-identity") or call.final.get("remote-party-id"))


def named(value: str) -> tuple[str, str]:
    name, _, rest = value.partition('" <sip:')
    return name.removeprefix('"'), rest.partition("@")[0]


def updated(call: Placed, *shown: tuple[str, str]) -> None:
    """The caller, who is connected, is sent these names and numbers one after the other, each in an
    UPDATE, and is asked nothing else; a repetition is not another one."""

    def requests() -> list[Message]:
        records = [each.message for each in call.caller.log.records if not each.sent]
        mine = [each for each in records if each.call_id == call.call_id and not each.status]
        return list({each.get("cseq"): each for each in mine}.values())

    wait_until(lambda: len(requests()) >= len(shown), 5, f"he is sent {len(shown)} UPDATE")
    time.sleep(1)
    assert [
        (each.method, *named(each.get("p-asserted-identity")), each.get("remote-party-id"))
        for each in requests()
    ] == [("UPDATE", *each, "") for each in shown]


def told(call: Placed) -> str:
    """Everything that the caller was sent."""
    records = [each for each in call.caller.log.records if not each.sent]
    messages = [each.message for each in records if each.message.call_id == call.call_id]
    assert messages
    return "\n".join(f"{name}: {value}" for each in messages for name, value in each.headers)


def answer(line: Line, more: str = "", calls: int = 1) -> None:
    line.lines.answer(line.wait_ringing(4, calls=calls), more=more)


@play
def the_executive_whoever_answers_and_never_the_mobile(stage: Stage) -> None:
    stage.trunk.by_number[MOBILE] = Behaviour(answer=0.3, press="1")
    call = stage.outside().call(OTHER, user=STRANGER)
    assert connected(call) == ("Anna Adler", OTHER)
    assert to(MOBILE, stage.trunk.ringings)
    assert MOBILE not in told(call)
    assert MOBILE.removeprefix("+") not in told(call)
    call.hang_up()


@play
def the_assistant_whatever_his_phone_says(stage: Stage) -> None:
    _, his, _ = phones(stage, HIMSELF)
    call = stage.outside().call(direct(HIMSELF))
    answer(his, SAYS)
    assert connected(call) == ("Jörg Groß", direct(HIMSELF + 1))
    assert "4711" not in told(call)
    call.hang_up()


@play
def or_what_the_phone_says(stage: Stage) -> None:
    _, his, _ = phones(stage, PHONE)
    call = stage.outside().call(direct(PHONE))
    answer(his, SAYS)
    assert connected(call) == ("Phone of mine", "4711")
    call.hang_up()


@play
def and_where_it_says_nothing_the_number_that_was_dialled(stage: Stage) -> None:
    stage.trunk.by_number[PRIVATE] = Behaviour(answer=0.3, press="1")
    call = stage.outside().call(direct(SILENT_PHONE))
    assert connected(call)[1].endswith(PRIVATE.removeprefix("+"))
    call.hang_up()


@play
def a_colleague_sees_her_extension(stage: Stage) -> None:
    _, _, second = phones(stage, INSIDE)
    call = stage.inside("1900-a").call(str(INSIDE), headers=UPDATES)
    answer(second, SAYS)
    assert connected(call) == ("Anna Adler", str(INSIDE))
    assert "4711" not in told(call)
    assert f"{INSIDE + 2}-a" not in told(call)
    call.hang_up()


@play
def who_is_reached_outside_is_shown_as_the_assistant(stage: Stage) -> None:
    stage.trunk.by_number[CELL] = Behaviour(answer=0.3, press="1")
    call = stage.inside("1901-a").call(str(ALONG))
    assert connected(call) == ("Jörg Groß", str(ALONG + 1))
    assert CELL.removeprefix("+") not in told(call)
    call.hang_up()


@play
def so_is_the_executive_where_the_call_rolls_over_to_a_number_outside(stage: Stage) -> None:
    phones(stage, ROLLS)
    stage.trunk.by_number[BEHIND] = Behaviour(answer=0.3)
    call = stage.outside().call(direct(ROLLS), user=STRANGER)
    assert connected(call) == ("Anna Adler", direct(ROLLS))
    assert to(BEHIND, stage.trunk.ringings)
    assert BEHIND.removeprefix("+") not in told(call)
    call.hang_up()


@play
def who_takes_the_assistant_s_part_is_shown_himself(stage: Stage) -> None:
    _, _, dora = phones(stage, DIVERTS)
    call = stage.outside().call(direct(DIVERTS), user=STRANGER)
    answer(dora, SAYS)
    assert connected(call) == ("Dora Dorn", direct(DIVERTS + 2))
    call.hang_up()


@play
def and_so_it_is_when_the_call_comes_back(stage: Stage) -> None:
    hers, his, _ = phones(stage, RECALLED)
    call = stage.outside().call(direct(RECALLED), user=STRANGER, headers=UPDATES)
    answer(his)
    assert connected(call) == ("Anna Adler", direct(RECALLED))
    his.lines.transfer(his.ringings[0], PUSH)
    hers.wait_ringing(5)
    answer(his, SAYS, calls=2)
    wait_until(lambda: his.ringings[1].answered, 3, "he has the caller again")
    updated(call, ("Anna Adler", direct(RECALLED)))
    assert "4711" not in told(call)
    call.hang_up()


# -- who is connected already ---------------------------------------------------------------------


def handed_over(lines: tuple[Line, Line, Line], call: Placed) -> Line:
    """The phone of the executive, which rings: the assistant has taken the call, and hands it over.

    The switch repeats in an UPDATE what it said in its answer.
    """
    hers, his, _ = lines
    answer(his, SAYS)
    assistant = connected(call)
    updated(call, assistant)
    his.lines.transfer(his.ringings[0], PUSH)
    hers.wait_ringing(5)
    # While her telephone rings he talks to nobody else yet.
    updated(call, assistant)
    return hers


@play
def who_is_handed_over_is_told_her_name_and_extension_when_she_answers(stage: Stage) -> None:
    lines = phones(stage, PUSHED)
    call = stage.inside("1900-a").call(str(PUSHED), headers=UPDATES)
    answer(handed_over(lines, call), SAYS)
    updated(call, ("Jörg Groß", str(PUSHED + 1)), ("Anna Adler", str(PUSHED)))
    assert "4711" not in told(call)
    assert f"{PUSHED}-a" not in told(call)
    call.hang_up()


@play
def and_from_outside_her_direct_number(stage: Stage) -> None:
    lines = phones(stage, OUTSIDE)
    call = stage.outside().call(direct(OUTSIDE), user=STRANGER, headers=UPDATES)
    answer(handed_over(lines, call), SAYS)
    updated(call, ("Jörg Groß", direct(OUTSIDE + 1)), ("Anna Adler", direct(OUTSIDE)))
    assert "4711" not in told(call)
    call.hang_up()


@play
def or_what_her_phone_says(stage: Stage) -> None:
    lines = phones(stage, CLAIMS)
    call = stage.inside("1900-a").call(str(CLAIMS), headers=UPDATES)
    answer(handed_over(lines, call), SAYS.replace("mine", "hers").replace("4711", "4712"))
    updated(call, ("Phone of mine", "4711"), ("Phone of hers", "4712"))
    call.hang_up()


@play
def who_is_sent_to_a_pool_is_told_of_the_assistant_who_answers_there(stage: Stage) -> None:
    desk = stage.line(f"{DESK}-a")
    _, his, _ = phones(stage, SENT)
    call = stage.inside("1901-a").call(str(DESK), headers=UPDATES)
    answer(desk, SAYS)
    updated(call, ("Phone of mine", "4711"))
    desk.lines.transfer(desk.ringings[0], str(SENT))
    answer(his, SAYS.replace("4711", "4712"))
    updated(call, ("Phone of mine", "4711"), ("Jörg Groß", str(SENT + 1)))
    assert "4712" not in told(call)
    call.hang_up()


@play
def a_telephone_that_does_not_allow_an_update_gets_nothing(stage: Stage) -> None:
    hers, his, _ = phones(stage, PLAIN)
    agent, allow = UPDATES
    call = stage.inside("1900-a").call(str(PLAIN), headers=(agent, allow.removesuffix(", UPDATE")))
    answer(his)
    assert connected(call) == ("Jörg Groß", str(PLAIN + 1))
    his.lines.transfer(his.ringings[0], PUSH)
    answer(hers)
    wait_until(lambda: hers.ringings[0].answered, 3, "she has the caller")
    updated(call)
    call.hang_up()


def shown(invite: Message) -> tuple[str, str]:
    return (invite.display, invite.from_user)


@play
def a_name_and_a_number_of_their_own(stage: Stage) -> None:
    hers, *assistants = phones(stage, OWN)
    call = stage.outside().call(direct(OWN), user=STRANGER, display="Muster")
    for line in assistants:
        assert shown(line.wait_ringing(4).invite) == ("Vorzimmer\u2236 Adler", FRONT_DESK)
    assert shown(hers.wait_ringing(3).invite) == ("Muster", STRANGER)
    mobile = wait_until(lambda: to(HERS, stage.trunk.ringings), 5, "her mobile rings")[0]
    assert mobile.invite.from_user == STRANGER
    assert "Vorzimmer" not in str(mobile.invite.headers)
    call.cancel()
    assert call.wait(5) == 487


@play
def a_mark_before_the_caller_s_name(stage: Stage) -> None:
    _, his, _ = phones(stage, MARKED)
    call = stage.outside().call(direct(MARKED), user=STRANGER, display="Muster")
    assert shown(his.wait_ringing(4).invite) == ("[Adler] Muster", STRANGER)
    call.cancel()
    assert call.wait(5) == 487


@play
def who_withholds_his_number_is_marked_and_hidden(stage: Stage) -> None:
    _, his, _ = phones(stage, HIDDEN)
    call = stage.outside().call(
        direct(HIDDEN),
        sender='"Anonymous" <sip:anonymous@anonymous.invalid>',
        headers=(f"P-Asserted-Identity: <sip:{STRANGER}@pbx.test>", "Privacy: id"),
    )
    invite = his.wait_ringing(4).invite
    assert invite.display == "for Anna, Anonymous - Anna Adler"
    assert STRANGER not in str(invite.headers)
    call.cancel()
    assert call.wait(5) == 487


@play
def a_fax_does_not_go_to_the_assistants(stage: Stage) -> None:
    hers, *assistants = phones(stage, FAXES)
    call = stage.outside().call(FAX)
    hers.wait_ringing(4)
    assert not any(line.invited for line in assistants)
    call.cancel()
    assert call.wait(5) == 487
    call = stage.outside().call(direct(FAXES))
    assistants[0].wait_ringing(4)
    call.cancel()
    assert call.wait(5) == 487
    assert len(hers.ringings) == 1


@pytest.mark.parametrize("scenario", list(play))
def test_in_a_pool(played: dict[str, Future[None]], scenario: str) -> None:
    played[scenario].result()
