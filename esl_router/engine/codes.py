"""What each feature code asks for, by what was dialled behind it and by what holds now.

Whether its user has the right to it is known to the store alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from esl_router.engine.presence import effective
from esl_router.engine.team import logged_out
from esl_router.model import numbers
from esl_router.model.codes import Code
from esl_router.model.feature import (
    Feature,
    LogAssistant,
    LogTeam,
    LogWorkplace,
    SetBusyOnBusy,
    SetConditional,
    SetDeviceDnd,
    SetDivert,
    SetFollowMe,
    SetForward,
    SetStatus,
    SwitchConditional,
    SwitchFilter,
    SwitchForward,
)
from esl_router.model.people import Device, Origin, Settings, User
from esl_router.model.presence import Forward, Presence, Status
from esl_router.model.rules import Rules

MOST_HOURS = 99
MOST_CALLS = 99

BOTH = (Origin.INTERNAL, Origin.EXTERNAL)
"""Whose calls a user forwards."""

_NONE_KEPT = "There is no forward to switch on: the number stands behind the code."


@dataclass(frozen=True, slots=True)
class Nothing:
    """The code changes nothing."""

    why: str
    refused: bool = True
    """False: what it asks for is so already."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A code that somebody dialled."""

    user: User
    phone: str | None
    """The device he dialled it on; None: none of his."""

    argument: str
    rules: Rules
    settings: Settings
    now: datetime

    @property
    def key(self) -> tuple[str, str]:
        return self.user.domain, self.user.extension


def _status(status: Status) -> Callable[[Asked], Feature | Nothing]:
    def read(asked: Asked) -> Feature | Nothing:
        hours = int(asked.argument) if asked.argument else None
        if hours is not None and not 1 <= hours <= MOST_HOURS:
            return Nothing(f"A status holds 1 to {MOST_HOURS} hours, not {asked.argument}.")
        if status is Status.DND and hours is None:
            own = _by_hand(asked.rules.presence(*asked.key), asked.now)
            return SetStatus(Status.AVAILABLE if own is Status.DND else Status.DND)
        return SetStatus(status, hours)

    return read


def _by_hand(presence: Presence, now: datetime) -> Status:
    """The status that the user has set himself, whether another axis beats it or not."""
    over = presence.until is not None and now >= presence.until
    return presence.afterwards if over else presence.status


def _busy_on_busy(asked: Asked) -> Feature | Nothing:
    if not asked.argument:
        return SetBusyOnBusy(0 if asked.user.max_calls else 1)
    calls = int(asked.argument)
    if calls > MOST_CALLS:
        return Nothing(f"A user is busy from 1 to {MOST_CALLS} calls on, not {asked.argument}.")
    return SetBusyOnBusy(calls)


def _forward(*origins: Origin) -> Callable[[Asked], Feature | Nothing]:
    def read(asked: Asked) -> Feature | Nothing:
        if not asked.argument:
            return _switch(asked, origins, not forwarded(asked, origins))
        target = _forwarded_to(asked)
        return target if isinstance(target, Nothing) else SetForward(origins, target)

    return read


def _conditional(condition: Forward) -> Callable[[Asked], Feature | Nothing]:
    def read(asked: Asked) -> Feature | Nothing:
        if not asked.argument:
            return _switch_conditional(asked, condition, None)
        target = _forwarded_to(asked)
        return target if isinstance(target, Nothing) else SetConditional(condition, target)

    return read


def _conditional_off(condition: Forward) -> Callable[[Asked], Feature | Nothing]:
    return lambda asked: _switch_conditional(asked, condition, False)


def _switch_conditional(asked: Asked, condition: Forward, on: bool | None) -> Feature | Nothing:
    """``on``: None: off where any is on, as its lamp shows it, and on where none is."""
    profile = asked.rules.presence(*asked.key).profile(Status.AVAILABLE)
    if on is None:
        on = not any((origin, condition) in profile.forwards for origin in BOTH)
    kept = {**profile.off, **profile.forwards}
    there = tuple(origin for origin in BOTH if (origin, condition) in kept)
    if there:
        return SwitchConditional(condition, there, on)
    if on:
        return Nothing(_NONE_KEPT)
    return Nothing(f"{asked.user.extension} has no such forward.", refused=False)


def _forwarded_to(asked: Asked) -> str | Nothing:
    """The target that was dialled, as the rules file writes it."""
    if asked.argument == asked.settings.codes[Code.VOICEMAIL]:
        return "voicemail"
    target = _target(asked, asked.argument)
    if isinstance(target, Nothing):
        return target
    if target == asked.user.extension:
        return Nothing(f"{target} cannot forward to himself.")
    kind = "external" if target.startswith("+") else "extension"
    return f"{kind}:{target}"


def _forward_off(*origins: Origin) -> Callable[[Asked], Feature | Nothing]:
    return lambda asked: _switch(asked, origins, False)


def forwarded(asked: Asked, origins: tuple[Origin, ...], target: str | None = None) -> bool:
    """Whether the user forwards every call of these origins; ``target``, as the rules file writes
    it: whether to there."""
    forwards = asked.rules.call_forward(*asked.key)
    return all(
        (found := forwards.get(origin)) is not None
        and found.enabled
        and target in (None, str(found.to))
        for origin in origins
    )


def _switch(asked: Asked, origins: tuple[Origin, ...], on: bool) -> Feature | Nothing:
    forwards = asked.rules.call_forward(*asked.key)
    there = tuple(origin for origin in origins if origin in forwards)
    if there:
        return SwitchForward(there, on)
    if on:
        return Nothing(_NONE_KEPT)
    return Nothing(f"{asked.user.extension} forwards no calls.", refused=False)


def _target(asked: Asked, text: str) -> str | Nothing:
    """The extension of a user or a team that was dialled, or the number outside, E.164."""
    dialled = text.removeprefix("*").removesuffix("#")
    domain = asked.settings.domain
    rules = asked.rules
    if numbers.is_extension(dialled) and (
        rules.user(domain, dialled) is not None or rules.team(domain, dialled) is not None
    ):
        return dialled
    number = numbers.outside(dialled, asked.settings.country)
    if number is None:
        return Nothing(f"Nobody here has the number {dialled or '(none)'}.")
    owner = rules.owner_of(number)
    if owner is not None and owner[0] == domain:
        return owner[1]
    if not asked.settings.toll.permits(number):
        return Nothing(f"The toll policy forbids {number}.")
    return number


def _device_dnd(asked: Asked) -> Feature | Nothing:
    device = _device(asked)
    return device if isinstance(device, Nothing) else SetDeviceDnd(device.name, not device.dnd)


def _device_dnd_off(asked: Asked) -> Feature | Nothing:
    device = _device(asked)
    return device if isinstance(device, Nothing) else SetDeviceDnd(device.name, False)


def _follow_me(asked: Asked) -> Feature | Nothing:
    device = _device(asked)
    if isinstance(device, Nothing):
        return device
    rings = any(
        row.enabled
        for origin in Origin
        for row in asked.rules.follow_me(*asked.key, origin)
        if row.device.name == device.name
    )
    return SetFollowMe(device.name, not rings)


def _follow_me_off(asked: Asked) -> Feature | Nothing:
    device = _device(asked)
    return device if isinstance(device, Nothing) else SetFollowMe(device.name, False)


def _device(asked: Asked) -> Device | Nothing:
    """The device that is meant: by its place in the list, or the one that the code comes from."""
    devices = [row.device for row in asked.rules.follow_me(*asked.key, Origin.INTERNAL)]
    if asked.argument:
        place = int(asked.argument)
        if not 1 <= place <= len(devices):
            return Nothing(f"{asked.user.extension} has {len(devices)} devices, not {place}.")
        return devices[place - 1]
    found = next((device for device in devices if device.name == asked.phone), None)
    return found or Nothing("Which device is meant is not said: its place in the list.")


def _team(asked: Asked, on: bool | None) -> Feature | Nothing:
    domain, member = asked.key
    own = asked.rules.teams_of(domain, member)
    extension = asked.argument or (own[0] if len(own) == 1 else "")
    if extension not in own:
        return Nothing(
            f"{member} is no member of {extension}."
            if extension
            else f"{member} is in {len(own)} teams, and has not said which."
        )
    presence = asked.rules.presence(*asked.key)
    current = effective(presence, asked.now)
    profile = presence.profile(current.status)
    if on is None:
        team = asked.rules.team(domain, extension)
        on = team is None or all(
            logged_out(each, current, profile) for each in team.members if each.extension == member
        )
    if profile.queue_login is (not on):
        there = "in to" if profile.queue_login else "out of"
        return Nothing(f"The status {current.status.value} logs {member} {there} every team.")
    return LogTeam(extension, on)


def _executive(asked: Asked, *, own: bool = False) -> str | Nothing:
    """The executive who is meant, of those whose assistant the user is (or himself, ``own``)."""
    domain, extension = asked.key
    bosses = asked.rules.executives_of(domain, extension)
    if own and asked.rules.executive(domain, extension) is not None:
        bosses = (extension, *(boss for boss in bosses if boss != extension))
        if not asked.argument:
            return extension
    if asked.argument:
        if asked.argument in bosses:
            return asked.argument
        return Nothing(f"{extension} is no assistant of {asked.argument}.")
    if len(bosses) == 1:
        return bosses[0]
    if bosses:
        return Nothing(f"{extension} has several executives, and has not said which.")
    return Nothing(f"{extension} is nobody's assistant.")


def _workplace(asked: Asked) -> Feature | Nothing:
    domain = asked.user.domain
    if asked.argument:
        place = asked.rules.workplace(domain, asked.argument)
        return LogWorkplace(place) if place else Nothing(f"No place has number {asked.argument}.")
    place = asked.rules.workplace_of(domain, asked.phone) if asked.phone else None
    return LogWorkplace(place) if place else Nothing("Which place is meant is not said.")


def _assistant(asked: Asked, on: bool | None) -> Feature | Nothing:
    boss = _executive(asked)
    if isinstance(boss, Nothing):
        return boss
    domain, extension = asked.key
    executive = asked.rules.executive(domain, boss)
    assigned = executive.assistant(extension) if executive else None
    return LogAssistant(boss, not (assigned and assigned.opted_in) if on is None else on)


def _filter(asked: Asked, on: bool | None) -> Feature | Nothing:
    boss = _executive(asked, own=True)
    if isinstance(boss, Nothing):
        return boss
    executive = asked.rules.executive(asked.user.domain, boss)
    return SwitchFilter(boss, not (executive and executive.enabled) if on is None else on)


def _divert(asked: Asked) -> Feature | Nothing:
    before, star, after = asked.argument.partition("*")
    boss = _executive(replace(asked, argument=before if star else ""))
    if isinstance(boss, Nothing):
        return boss
    target = _target(asked, after if star else before)
    return target if isinstance(target, Nothing) else SetDivert(boss, target)


def _divert_off(asked: Asked) -> Feature | Nothing:
    boss = _executive(asked)
    return boss if isinstance(boss, Nothing) else SetDivert(boss, None)


CONDITIONS: Mapping[Code, Forward] = {
    Code.FORWARD_BUSY: Forward.BUSY,
    Code.FORWARD_NO_ANSWER: Forward.NO_ANSWER,
    Code.FORWARD_UNREGISTERED: Forward.UNREGISTERED,
}
"""The codes of forwards on a condition."""

_CONDITIONAL_OFF = {
    Code.FORWARD_BUSY_OFF: Forward.BUSY,
    Code.FORWARD_NO_ANSWER_OFF: Forward.NO_ANSWER,
    Code.FORWARD_UNREGISTERED_OFF: Forward.UNREGISTERED,
}

READ: Mapping[Code, Callable[[Asked], Feature | Nothing]] = {
    **{code: _status(Status(code.value.removeprefix("status_")))
       for code in Code if code.value.startswith("status_")},
    Code.BUSY_ON_BUSY: _busy_on_busy,
    Code.BUSY_ON_BUSY_OFF: lambda asked: SetBusyOnBusy(0),
    Code.FORWARD: _forward(*BOTH),
    Code.FORWARD_OFF: _forward_off(*BOTH),
    Code.FORWARD_INTERNAL: _forward(Origin.INTERNAL),
    Code.FORWARD_INTERNAL_OFF: _forward_off(Origin.INTERNAL),
    Code.FORWARD_EXTERNAL: _forward(Origin.EXTERNAL),
    Code.FORWARD_EXTERNAL_OFF: _forward_off(Origin.EXTERNAL),
    **{code: _conditional(condition) for code, condition in CONDITIONS.items()},
    **{code: _conditional_off(condition) for code, condition in _CONDITIONAL_OFF.items()},
    Code.DEVICE_DND: _device_dnd,
    Code.DEVICE_DND_OFF: _device_dnd_off,
    Code.FOLLOW_ME: _follow_me,
    Code.FOLLOW_ME_OFF: _follow_me_off,
    Code.TEAM_LOGIN: lambda asked: _team(asked, None),
    Code.TEAM_LOGOUT: lambda asked: _team(asked, False),
    Code.ASSISTANT_LOGIN: lambda asked: _assistant(asked, None),
    Code.ASSISTANT_LOGOUT: lambda asked: _assistant(asked, False),
    Code.ASSISTANT_DIVERT: _divert,
    Code.ASSISTANT_DIVERT_OFF: _divert_off,
    Code.WORKPLACE_LOGIN: _workplace,
    Code.WORKPLACE_LOGOUT: lambda asked: LogWorkplace(None),
    Code.EXECUTIVE_FILTER: lambda asked: _filter(asked, None),
    Code.EXECUTIVE_FILTER_OFF: lambda asked: _filter(asked, False),
}  # fmt: skip
"""Code -> the one change it stands for, or why there is none."""
