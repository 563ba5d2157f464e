"""An executive, his two assistants and a colleague, for tests of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from esl_router.engine.decide import decide
from esl_router.model.actions import Action, Ring
from esl_router.model.call import Call, LegOutcome, LegResult, Outcome
from esl_router.model.executive import Assistant, Executive
from esl_router.model.people import FollowMeRow, Origin, User
from esl_router.model.presence import Calendar, Forward, Presence, Profile, Status, Target
from tests.company import DOMAIN, NOW, Company, mobile, registered, sip

BOSS = User(DOMAIN, "1001", "Anna Adler", ("+493012345101",))
PEOPLE = (
    BOSS,
    User(DOMAIN, "1002", "Ben Berg", ("+493012345102",)),
    User(DOMAIN, "1003", "Cleo Chen"),
    User(DOMAIN, "1004", "Dora Dorn"),
)
CELL = "+491711234567"
ROWS = {
    "1001": [
        FollowMeRow(sip("1001-desk"), ring=20),
        FollowMeRow(mobile("1001-cell", CELL, location="mobile"), enabled=False),
    ],
    "1002": [FollowMeRow(sip("1002-desk", "1002"), ring=25)],
    "1003": [FollowMeRow(sip("1003-desk", "1003"), ring=25)],
    "1004": [FollowMeRow(sip("1004-desk", "1004"), ring=25)],
}
LIVE = registered(*(f"{extension}-desk" for extension in ROWS))
SILENT, BUSY, DECLINED = LegResult.NO_ANSWER, LegResult.BUSY, LegResult.DECLINED


def board(
    assistants: tuple[Assistant, ...] = (Assistant("1002"), Assistant("1003")),
    statuses: Mapping[str, Presence] | None = None,
    people: tuple[User, ...] = PEOPLE,
    rows: Mapping[str, list[FollowMeRow]] | None = None,
    **executive: object,
) -> Company:
    """The company; further keywords are Anna's as an executive."""
    boss = Executive(DOMAIN, "1001", assistants=assistants, **executive)
    return Company(people, {**ROWS, **(rows or {})}, statuses=statuses or {}, executives=(boss,))


def away(status: Status = Status.AWAY, target: str | None = None) -> Presence:
    """Somebody whose status sends his calls to ``target``, or where it usually does."""
    if target is None:
        return Presence(status)
    forwards = {(origin, Forward.ALWAYS): Target.parse(target) for origin in Origin}
    return Presence(status, profiles={status: Profile(forwards=forwards)})


def appointment(status: Status | None = Status.MEETING, forward: str | None = None) -> Calendar:
    """A calendar with an appointment from an hour before NOW to an hour after it."""
    start = int(NOW.timestamp())
    target = None if forward is None else Target.parse(forward)
    return Calendar(status, target, (start - 3600, start + 3600))


def play(call: Call, rules: Company, *results: object, live=LIVE, now=NOW) -> list[Action]:
    """Every action of a call. Each ring's legs end as said: all alike, or by device, the rest
    silent; a tuple says how long it lasted, too."""
    actions = []
    for result in (*results, None):
        action = decide(call, rules, live, now).action
        actions.append(action)
        if not isinstance(action, Ring) or result is None:
            break
        result, lasted = result if isinstance(result, tuple) else (result, action.length)
        ends = result if isinstance(result, dict) else {}
        legs = tuple(
            LegOutcome(leg, ends.get(leg.device, SILENT) if ends else result) for leg in action.legs
        )
        call = call.after(action, Outcome(legs, lasted=lasted))
    return actions


def cut_off(call: Call, ring: Action, *, lasted: float = 5.0, **ends: LegResult) -> Call:
    """The call that comes back when it is decided anew while ``ring`` rings; ``ends`` says what has
    become of devices until then (``_`` stands for ``-``)."""
    assert isinstance(ring, Ring), ring
    results = {device.replace("_", "-"): result for device, result in ends.items()}
    legs = tuple(LegOutcome(leg, results.get(leg.device, LegResult.CANCELLED)) for leg in ring.legs)
    return call.after(ring, Outcome(legs, transferred=True, lasted=lasted))


def said(call: Call, rules: Company, live=LIVE, now=NOW) -> str:
    """The trace of the first decision."""
    return " ".join(entry.text for entry in decide(call, rules, live, now).trace)


def who(action: Action) -> list[str]:
    assert isinstance(action, Ring), action
    return [leg.owner or action.callee for leg in action.legs]


def bars(action: Action) -> list[tuple[str, int, int]]:
    assert isinstance(action, Ring), action
    return [(leg.owner, leg.delay, leg.ring) for leg in action.legs]


def sent_by(call: Call, extension: str, **more: object) -> Call:
    """The call as it comes back when a phone of ours has sent the caller on."""
    return replace(call, sent_by=f"{extension}-desk@{DOMAIN}", **more)
