"""What click to call needs: whom somebody means, which phone rings first, and the order for it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from esl_router.cli.event_link import ask, linked
from esl_router.errors import CallFailed, NotFound, SwitchError
from esl_router.esl import commands, dialstring, untrusted
from esl_router.model import names
from esl_router.model.actions import FORBIDDEN, NOT_FOUND, Leg, Registered, Ring
from esl_router.model.call import Call, Caller
from esl_router.model.live import UNKNOWN, Live
from esl_router.model.people import DeviceKind, Origin
from esl_router.settings import Address

if TYPE_CHECKING:
    import sqlite_utils

    from esl_router.store.reader import Reader

RING = 30
"""Seconds that the user's own phone rings."""

_MOST_CANDIDATES = 10

_FAILED: Mapping[str, str] = {
    "CALL_REJECTED": "declined",
    "USER_BUSY": "is busy",
    "NO_ANSWER": "did not answer",
    "ALLOTTED_TIMEOUT": "did not answer",
    "NO_USER_RESPONSE": "did not answer",
    "ORIGINATOR_CANCEL": "was cancelled",
    "USER_NOT_REGISTERED": "is not registered any more",
    "SUBSCRIBER_ABSENT": "is not registered any more",
    "RECOVERY_ON_TIMER_EXPIRE": "did not respond",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to call."""

    number: str
    """As it is dialled: an extension, a number, a feature code."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who calls."""

    domain: str
    extension: str
    controlled_device: str | None = None
    auto_answer: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A call to the user's own phone, ready to be placed."""

    text: bytes
    account: str
    uuids: tuple[str, ...]
    """The legs that it makes."""


def person(db: sqlite_utils.Database, domain: str, extension: str) -> Person:
    """Who calls; NotFound when that is no user."""
    from esl_router.store import admin

    found = admin.user(db, domain, extension)
    return Person(domain, extension, found["controlled_device"], found["auto_answer"])


# -- whom -------------------------------------------------------------------------------------
def whom(db: sqlite_utils.Database, domain: str, text: str) -> Wanted:
    """Whom somebody means by a number, or by a name or the beginnings of its words.

    NotFound when nobody is called so, and when several are: with their numbers, one a line.
    """
    if number := untrusted.number(text):
        return Wanted(number, _name_of(db, domain, number))
    every = list(_called(db, domain, text))
    found = [each for each in every if names.fold(each.name) == names.fold(text)] or every
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(f"nobody is called {text!r}: no user, no team, no contact")
    lines = [f"  {each.name}: {each.number}" for each in found[:_MOST_CANDIDATES]]
    more = len(found) - len(lines)
    lines += [f"  … and {more} more"] if more > 0 else []
    raise NotFound("\n".join([f"{text!r} may be one of these, name a number:", *lines]))


def _called(db: sqlite_utils.Database, domain: str, text: str) -> Iterable[Wanted]:
    from esl_router.store import contacts

    terms = [names.spellings(word) for word in names.words(text)]
    for table in ("users", "teams"):
        for extension, name in _people(db, domain, table):
            words = names.search_words(name)
            if terms and all(any(word.startswith(term) for word in words) for term in terms):
                yield Wanted(extension, name)
    for contact in contacts.search(db, domain, text, 100):
        for number in contact.numbers:
            yield Wanted(number, contact.name)


_PEOPLE = {
    "users": "SELECT extension, name FROM users WHERE domain = ? ORDER BY position",
    "teams": "SELECT extension, name FROM teams WHERE domain = ? ORDER BY position",
}


def _people(db: sqlite_utils.Database, domain: str, table: str) -> list[tuple[str, str]]:
    return [(extension, name) for extension, name in db.conn.execute(_PEOPLE[table], (domain,))]


def _name_of(db: sqlite_utils.Database, domain: str, number: str) -> str:
    """The name of whose number it is, to be shown; empty: nobody's we know."""
    from esl_router.model import numbers
    from esl_router.store import contacts
    from esl_router.store.changes import country_of

    for table in ("users", "teams"):
        for extension, name in _people(db, domain, table):
            if extension == number:
                return name
    country = country_of(db, domain)
    full = numbers.outside(number, country)
    found = contacts.with_number(db, domain, full) if full else []
    return found[0].name if found else ""


def of_journal(
    db: sqlite_utils.Database, domain: str, entry: str, user: str, *, only_his: bool
) -> Wanted:
    """The caller of a call in the journal. ``only_his``: of calls to the user alone."""
    from esl_router.store import journal

    found = [each for each in journal.call(db, entry) if each.domain == domain]
    if only_his:
        found = [each for each in found if each.callee == user]
    if not found:
        raise NotFound(
            f"there is no call {entry!r} {f'to {user} ' if only_his else ''}in the journal: give 8 "
            "characters of it at least, see `esl-router calls list`"
        )
    call = found[0]
    number = untrusted.number(call.caller_number)
    if not number:
        raise CallFailed(f"the caller of {entry} gave no number: there is nobody to call back")
    if number == user:
        raise CallFailed(f"{entry} was a call of {user} himself: there is nobody to call back")
    return Wanted(number, call.caller_name or _name_of(db, domain, number))


def of_mailbox(
    freeswitch: Address, password: str, db: sqlite_utils.Database, domain: str, user: str
) -> Wanted:
    """Who left the newest message in the user's box."""
    box = f"{untrusted.account(user)}@{untrusted.host(domain)}"
    with linked(freeswitch, password) as link:
        said = ask(link, f"vm_list {box}")
    if said.startswith("-ERR"):
        raise SwitchError(f"FreeSWITCH at {freeswitch}: {untrusted.log(said)}")
    newest = max(filter(None, map(_message, said.splitlines())), default=None)
    if newest is None:
        raise CallFailed(f"the mailbox of {user} has no message")
    number = untrusted.number(newest[1])
    if not number:
        raise CallFailed(f"who left the newest message for {user} gave no number")
    return Wanted(number, _name_of(db, domain, number))


def _message(line: str) -> tuple[int, str] | None:
    """When a message was left, and by which number. The caller's name may hold any character."""
    parts = line.split(":")
    if len(parts) < 10 or not parts[0].isdigit():
        return None
    return int(parts[0]), parts[-2]


# -- the phone --------------------------------------------------------------------------------
def accounts(rules: Reader, who: Person, device: str | None) -> tuple[str, ...]:
    """The phones of which one rings first: the first that is registered. NotFound for a device that
    is not his; CallFailed where he has none."""
    rows = rules.follow_me(who.domain, who.extension, Origin.INTERNAL)
    own = tuple(row.device.name for row in rows if row.device.kind is DeviceKind.SIP)
    wanted = device or who.controlled_device
    if wanted is not None and wanted not in own:
        his = f"his are {', '.join(own)}" if own else "he has none"
        raise NotFound(f"{wanted} is no SIP phone of {who.extension}: {his}")
    if not own:
        raise CallFailed(f"{who.extension} cannot be called: he has no SIP phone")
    return own if wanted is None else (wanted,)


def look_at(rules: Reader, domain: str, account: str, wanted: Wanted) -> None:
    """Ask the rules beforehand: CallFailed where they would refuse the call, so that nobody picks
    up a phone for nothing."""
    from esl_router.engine.decide import decide

    caller = Caller(account=account, domain=domain, own_leg=True)
    supposed = Call("supposed", wanted.number, caller, internal_context=True)
    decision = decide(supposed, rules, UNKNOWN, datetime.now(UTC))
    if decision.action in (FORBIDDEN, NOT_FOUND):
        why = [entry.text for entry in decision.trace if entry.fired]
        raise CallFailed(f"{wanted.number} cannot be called: {why[-1] if why else 'refused'}")


def phone(live: Live, who: Person, accounts: Sequence[str], device: str | None) -> Registered:
    """The phone that rings first. CallFailed when none of ``accounts`` is registered."""
    for account in accounts:
        if contacts := live.contacts(who.domain, account):
            return Registered(account, who.domain, tuple(contact.url for contact in contacts))
    if device is not None or who.controlled_device is not None:
        hint = "" if device else ", and it is his controlled_device: --device names another"
        raise CallFailed(f"{accounts[0]} is not registered{hint}")
    none = ", ".join(accounts)
    raise CallFailed(f"{who.extension} cannot be called: none of his phones ({none}) is registered")


# -- placing it -------------------------------------------------------------------------------
def order(phone: Registered, wanted: Wanted, context: str, *, auto_answer: bool = False) -> Order:
    """The order by which the switch rings the phone, and then dials for it."""
    leg = Leg(phone.account, phone, ring=RING, caller_number=wanted.number)
    ring = Ring(phone.domain, phone.account, (leg,))
    dial = dialstring.build(ring, lambda: str(uuid.uuid4()), auto_answer=auto_answer)
    text = commands.originate(
        dial.text, wanted.number, context, name=wanted.name or wanted.number, number=wanted.number
    )
    return Order(text, phone.account, tuple(dial.legs))


def place(freeswitch: Address, password: str, order: Order) -> str:
    """Ring the phone, and wait until it has answered; the uuid of its leg. CallFailed when it does
    not."""
    with linked(freeswitch, password) as link:
        said = link.request(order.text, RING + 15.0).body.decode("utf-8", "replace").strip()
    verdict, _, rest = said.partition(" ")
    if verdict == "+OK":
        return rest
    cause = rest.strip()
    what = _FAILED.get(cause, f"could not be rung ({untrusted.log(cause or said, 60)})")
    raise CallFailed(f"{order.account} {what}: nobody was called")
