"""FollowMe: which devices of a user ring, when, and for how long (B1-B18).

The same plan routes a call and draws the timeline that people see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from esl_router.engine import busy, trunk
from esl_router.engine.presence import effective
from esl_router.engine.situation import DIRECT, Redirection, Situation
from esl_router.model.actions import Asleep, Diversion, Leg, Outside, Registered
from esl_router.model.live import CallState
from esl_router.model.people import Device, DeviceKind, FollowMeRow, Hook, Origin, User
from esl_router.model.team import Team

STAGE = "followme"

MAX_LEGS = 64
"""Devices in one plan. The switch allows 128 legs, and a device may be registered twice."""


class Skip(StrEnum):
    """Why a row takes no part."""

    DISABLED = "disabled"
    DND = "dnd"
    UNREGISTERED = "unregistered"
    ASLEEP = "asleep"
    OWN_DEVICE = "own device"
    DUPLICATE = "duplicate"
    FORBIDDEN = "forbidden"
    LOOP = "loop"
    REDIRECTED = "redirected too often"
    TALKING = "talking"
    FULL = "as many calls as may be"
    TOO_LATE = "too late"
    TOO_MANY = "too many"


_SENTENCE = {
    Skip.DISABLED: "{device} is switched off for {origin} calls.",
    Skip.DND: "{device} is set to do not disturb.",
    Skip.UNREGISTERED: "{device} is not registered.",
    Skip.ASLEEP: "{device} is not registered, and the status of its user does not wake it.",
    Skip.OWN_DEVICE: "{device} is the phone that calls.",
    Skip.DUPLICATE: "{device} is in the plan already.",
    Skip.FORBIDDEN: "The toll policy forbids the number of {device}.",
    Skip.LOOP: "The number of {device} belongs to somebody here: the call would come back.",
    Skip.REDIRECTED: "{device} is outside, and the call was redirected too often already.",
    Skip.TALKING: "{device} is in a conversation.",
    Skip.FULL: "As many calls are forwarded to the number of {device} already as may be.",
    Skip.TOO_LATE: "{device} would ring only after the ringing has ended.",
    Skip.TOO_MANY: "{device} is one device too many for one call.",
}


@dataclass(frozen=True, slots=True)
class Skipped:
    row: FollowMeRow
    reason: Skip


@dataclass(frozen=True, slots=True)
class Plan:
    """Who rings when, and who does not and why."""

    legs: tuple[Leg, ...]
    skipped: tuple[Skipped, ...] = ()
    own_rings: frozenset[str] = frozenset()
    """The devices whose ring time was set for this origin."""

    def all_skipped_for(self, *reasons: Skip) -> bool:
        """Whether nobody rings, and each row was skipped for one of ``reasons``."""
        return not self.legs and all(skipped.reason in reasons for skipped in self.skipped)


def plan(
    user: User,
    origin: Origin,
    situation: Situation,
    redirection: Redirection = DIRECT,
    *,
    rows: Iterable[FollowMeRow] | None = None,
    limit: int | None = None,
    fill: bool = False,
    close_gaps: bool = True,
    wake: bool = False,
) -> Plan:
    """The ringing of one user for one call, by his rows for ``origin`` or by ``rows``.

    A device that is not registered takes no part; while nothing is known of registrations each
    device counts as registered. ``limit`` ends the ringing after so many seconds; ``fill``: no
    device stops before. Without ``close_gaps`` the rows' own times are kept: others may ring in
    between. ``wake``: apps that are not registered may be woken; nobody waits for them.
    """
    trace = situation.trace
    if not situation.live.known:
        trace.passed(STAGE, "No link to the switch: every phone is rung as if it were registered.")
    if rows is None:
        rows = situation.rules.follow_me(user.domain, user.extension, origin)
    rows = tuple(rows)
    legs: list[Leg] = []
    skipped: list[Skipped] = []
    taken: set[str] = set()
    for row in rows:
        reason = _reason(row, user, situation, taken, redirection, wake)
        if reason is None and len(legs) == MAX_LEGS:
            reason = Skip.TOO_MANY
        if reason is None:
            leg = _leg(row, user, situation)
            diversion = redirection.diversion
            if isinstance(leg.target, Outside):
                count = redirection.count + 1
                diversion = Diversion(identity(user), "follow-me", count, redirection.diversion)
            legs.append(leg if diversion is None else replace(leg, diversion=diversion))
            taken.add(_identity(row.device))
        else:
            skipped.append(Skipped(row, reason))
    planned = without_gaps(legs) if close_gaps else legs
    ringing = until(planned, limit) if fill else within(planned, limit)
    late = {leg.device for leg in planned} - {leg.device for leg in ringing}
    skipped.extend(Skipped(row, Skip.TOO_LATE) for row in rows if row.device.name in late)
    # Where others ring in between, whoever puts them together says when each rings.
    for leg in ringing if close_gaps else ():
        trace.fired(STAGE, f"{leg.device} {in_words(leg)}.")
    for entry in skipped:
        sentence = _SENTENCE[entry.reason]
        trace.passed(STAGE, sentence.format(device=entry.row.device.name, origin=origin.value))
    own = frozenset(row.device.name for row in rows if row.own_ring)
    return Plan(tuple(ringing), tuple(skipped), own)


def without_gaps(legs: Iterable[Leg], *, turns: bool = False) -> list[Leg]:
    """The legs in order of their start, moved forward wherever nobody would ring (B7).

    Each keeps its full ring time and its distance to those that start after it. ``turns``: people
    ring one after the other, and the turn of whoever has only an app that is asleep is his as well.
    """
    result: list[Leg] = []
    silent = busy_until = 0
    every = sorted(legs, key=lambda leg: leg.delay)
    asleep = [] if turns else [leg for leg in every if isinstance(leg.target, Asleep)]
    for leg in every:
        if leg in asleep:
            continue
        turn, start = leg.turn - silent, leg.delay - silent
        if start > busy_until:
            silent += start - busy_until
            start = busy_until
        busy_until = max(busy_until, start + leg.ring)
        turn = max(0, min(turn, start))
        moved = (start, turn) != (leg.delay, leg.turn)
        result.append(replace(leg, delay=start, turn=turn) if moved else leg)
    # Whether an app wakes up nobody knows: the others ring as if it were not there.
    return result + [replace(leg, delay=min(leg.delay, busy_until)) for leg in asleep]


def in_words(leg: Leg) -> str:
    """When a leg rings, in words that go on after its name."""
    times = f"rings from {leg.delay} s to {leg.ends} s"
    if not isinstance(leg.target, Asleep):
        return times
    woken = f"is not registered: it is woken at {leg.woken} s"
    return f"{woken}, and {times} if it registers in {leg.wait} s"


def only_asleep(legs: Collection[Leg]) -> bool:
    """Whether somebody has nothing to ring but apps that have to be woken first."""
    return bool(legs) and all(isinstance(leg.target, Asleep) for leg in legs)


def too_short(legs: Collection[Leg], seconds: int) -> str:
    """Why a turn of so many seconds is not spent on waiting for somebody's app, in words; empty:
    it is, or he has other phones (B12)."""
    wait = max((leg.wait for leg in legs), default=0)
    if wait <= seconds or not only_asleep(legs):
        return ""
    return f"his app may take {wait} s to register, and a turn lasts {seconds} s"


def within(legs: list[Leg], seconds: int | None) -> list[Leg]:
    """The legs cut off after so many seconds; who would ring only then does not ring."""
    if seconds is None:
        return legs
    return [
        leg if leg.ends <= seconds else replace(leg, ring=seconds - leg.delay)
        for leg in legs
        if leg.delay < seconds
    ]


def until(legs: list[Leg], seconds: int | None) -> list[Leg]:
    """The legs ringing on for so many seconds; who would ring only then does not ring."""
    if seconds is None:
        return legs
    return [replace(leg, ring=seconds - leg.delay) for leg in legs if leg.delay < seconds]


def confirmed(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """The legs, and whoever answers outside has to press 1: a mailbox there is nobody (P1)."""
    return tuple(
        replace(leg, confirm=True) if isinstance(leg.target, Outside) else leg for leg in legs
    )


def rings(leg: Leg) -> str:
    """What a leg makes ring: an account or a number. In one ring each rings once."""
    return leg.target.number if isinstance(leg.target, Outside) else leg.device


def _reason(
    row: FollowMeRow,
    user: User,
    situation: Situation,
    taken: set[str],
    redirection: Redirection,
    wake: bool,
) -> Skip | None:
    caller, settings = situation.call.caller, situation.settings
    device = row.device
    if not row.enabled:
        return Skip.DISABLED
    if device.dnd:
        return Skip.DND
    if _identity(device) in taken:
        return Skip.DUPLICATE
    if device.kind is DeviceKind.SIP:
        if device.name == caller.account and settings.domain == caller.domain:
            return Skip.OWN_DEVICE
        if situation.live.contacts(settings.domain, device.name) == ():
            if not wake or device.push is None or settings.push is None:
                return Skip.UNREGISTERED
            return None if _wakes(user, situation) else Skip.ASLEEP
        return Skip.TALKING if _talks(row, situation) else None
    number = device.number or ""
    if number == situation.number:
        return Skip.OWN_DEVICE
    if not settings.toll.permits(number):
        return Skip.FORBIDDEN
    if situation.rules.owner_of(number) is not None:
        return Skip.LOOP
    if redirection.count >= settings.max_redirects:
        return Skip.REDIRECTED
    if _talks(row, situation):
        return Skip.TALKING
    return Skip.FULL if forwards_full(number, situation) else None


def _wakes(user: User, situation: Situation) -> bool:
    """Whether the user's status lets his apps be woken."""
    presence = situation.rules.presence(user.domain, user.extension)
    return presence.profile(effective(presence, situation.now).status).push


def _talks(row: FollowMeRow, situation: Situation) -> bool:
    return row.skip_if_busy and busy.device_talks(
        situation.settings.domain, row.device.name, situation
    )


def forwards_full(number: str, situation: Situation) -> bool:
    """Whether as many calls are forwarded to a number outside as may be at a time (O7).

    Those that users dial themselves are not counted, nor is the call itself.
    """
    limit, call = situation.settings.max_parallel_forwards, situation.call
    if limit is None or not situation.live.known:
        return False
    dialled = _dialled(situation.settings.trunk.replace("{number}", number))
    there = {
        channel.call or channel.uuid
        for channel in situation.live.channels.values()
        # A forwarded leg bears the number or the device in its presence id, a dialled one nothing.
        if not channel.inbound
        and (channel.device or "").endswith(f"@{situation.settings.domain}")
        and _dialled(channel.number) == dialled
        and channel.state not in (CallState.DOWN, CallState.HANGUP)
        and call.uuid not in (channel.uuid, channel.call)
    }
    return len(there) >= limit


def _dialled(address: str) -> str:
    return address.rpartition("/")[2].partition("@")[0]


def _identity(device: Device) -> str:
    return device.name if device.kind is DeviceKind.SIP else device.number or device.name


def _leg(row: FollowMeRow, user: User, situation: Situation) -> Leg:
    device, settings = row.device, situation.settings
    if device.kind is DeviceKind.SIP and _sleeps(device, situation):
        return Leg(device.name, _asleep(device, situation), row.delay, row.ring)
    if device.kind is DeviceKind.SIP:
        contacts = situation.live.contacts(settings.domain, device.name) or ()
        phone = Registered(device.name, settings.domain, tuple(contact.url for contact in contacts))
        return Leg(device.name, phone, row.delay, row.ring, redirect=device.redirect)
    number = device.number or ""
    own = user.numbers[0] if user.numbers else None
    away = trunk.target(number, own, situation)
    return Leg(device.name, away, row.delay, row.ring, confirm=device.confirm)


def _sleeps(device: Device, situation: Situation) -> bool:
    live, domain = situation.live, situation.settings.domain
    return device.push is not None and live.contacts(domain, device.name) == ()


def _asleep(device: Device, situation: Situation) -> Asleep:
    settings, parties = situation.settings, situation.parties
    caller = situation.rules.user(settings.domain, parties.caller) if parties.caller else None
    shown = not situation.call.caller.anonymous
    return Asleep(
        device.name,
        settings.domain,
        device.owner,
        settings.push or Hook(),
        device.push or (),
        caller_number=situation.number if shown else "",
        caller_name=caller.name if caller and shown else "",
    )


def identity(user: User | Team) -> str:
    """How somebody who redirects is named: his direct number, if he has one."""
    return user.numbers[0] if user.numbers else f"{user.extension}@{user.domain}"
