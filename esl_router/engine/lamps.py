"""Which lamps are lit: what a phone sees that watches a feature code or a colleague (Q2, C13).

A lamp of a code is its watcher's own: his status, his logins. Whose phone it is counts now, so the
phone of a workplace shows whoever is logged in there. What stands behind a code is read as it is
where somebody dials it: a lamp shows what its key switches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from esl_router.engine import line
from esl_router.engine.codes import BOTH, CONDITIONS, READ, Asked, Nothing, forwarded
from esl_router.engine.presence import Effective, effective, next_change
from esl_router.engine.team import logged_out
from esl_router.model import codes, numbers
from esl_router.model.codes import Code
from esl_router.model.feature import SetConditional, SetDivert, SetForward
from esl_router.model.live import Lamp, Live
from esl_router.model.people import Settings, User
from esl_router.model.presence import Presence, Status
from esl_router.model.rules import Rules


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose lamp it is, and all that it may show."""

    user: User
    phone: str
    """The account that watches."""

    presence: Presence
    current: Effective
    """What counts of it now."""

    rules: Rules
    settings: Settings
    now: datetime

    def asked(self, argument: str) -> Asked:
        """A code, as if this phone dialled it now."""
        return Asked(self.user, self.phone, argument, self.rules, self.settings, self.now)


Lit = Callable[[Owner, str], bool]
"""Whether a lamp of ``owner`` is lit; the text is what stands behind the code."""


def _status(status: Status) -> Lit:
    def lit(owner: Owner, argument: str) -> bool:
        # With hours behind it the code sets the status for a time.
        for_a_time = owner.current.winner.name == "temporary"
        return owner.current.status is status and (not argument or for_a_time)

    return lit


def _switch(code: Code) -> Lit:
    """Lit while what the code would set is so; one that toggles, while it would switch off."""

    def lit(owner: Owner, argument: str) -> bool:
        asked = owner.asked(argument)
        match READ[code](asked):
            case Nothing():
                return False
            case SetForward(origins=origins, target=target):
                return forwarded(asked, origins, target)
            case SetDivert(executive=boss, target=target):
                return target is not None and _diverted(owner, boss) == target
            case feature:
                return not feature.on

    return lit


def _conditional(code: Code) -> Lit:
    def lit(owner: Owner, argument: str) -> bool:
        profile = owner.presence.profile(Status.AVAILABLE)
        targets = [profile.target(origin, CONDITIONS[code]) for origin in BOTH]
        if not argument:
            return any(targets)
        match READ[code](owner.asked(argument)):
            case SetConditional(target=wanted):
                return all(target is not None and str(target) == wanted for target in targets)
        return False

    return lit


def _busy_on_busy(owner: Owner, argument: str) -> bool:
    calls = owner.user.max_calls
    return calls > 0 and (not argument or calls == int(argument))


def _team_login(owner: Owner, argument: str) -> bool:
    domain, extension = owner.user.domain, owner.user.extension
    teams = (argument,) if argument else owner.rules.teams_of(domain, extension)
    team = owner.rules.team(domain, teams[0]) if len(teams) == 1 else None
    own = [m for m in team.members if m.extension == extension] if team else []
    profile = owner.presence.profile(owner.current.status)
    return any(not logged_out(member, owner.current, profile) for member in own)


def _assistant_login(owner: Owner, argument: str) -> bool:
    domain, extension = owner.user.domain, owner.user.extension
    bosses = (argument,) if argument else owner.rules.executives_of(domain, extension)
    boss = owner.rules.executive(domain, bosses[0]) if len(bosses) == 1 else None
    part = boss.assistant(extension) if boss else None
    return boss is not None and part is not None and boss.takes_part(part)


def _divert(owner: Owner, argument: str) -> bool:
    if argument:
        return _switch(Code.ASSISTANT_DIVERT)(owner, argument)
    bosses = owner.rules.executives_of(owner.user.domain, owner.user.extension)
    return any(_diverted(owner, boss) is not None for boss in bosses)


def _diverted(owner: Owner, boss: str) -> str | None:
    """Who takes the owner's part as an assistant of this executive; None: he himself, or nobody
    while he is logged out."""
    executive = owner.rules.executive(owner.user.domain, boss)
    part = executive.assistant(owner.user.extension) if executive else None
    if executive is None or part is None or part.divert is None:
        return None
    return part.divert.value if executive.takes_part(part) else None


def _workplace_login(owner: Owner, argument: str) -> bool:
    here = owner.rules.logged_in_at(owner.user.domain, owner.user.extension)
    if here is None or not argument:
        return here is not None
    return owner.rules.workplace(owner.user.domain, argument) == here


LAMPS: Mapping[Code, Lit] = {
    Code.STATUS_AVAILABLE: _status(Status.AVAILABLE),
    Code.STATUS_AWAY: _status(Status.AWAY),
    Code.STATUS_DND: _status(Status.DND),
    Code.STATUS_LUNCH: _status(Status.LUNCH),
    Code.STATUS_BUSINESS_TRIP: _status(Status.BUSINESS_TRIP),
    Code.STATUS_MEETING: _status(Status.MEETING),
    Code.BUSY_ON_BUSY: _busy_on_busy,
    Code.TEAM_LOGIN: _team_login,
    Code.ASSISTANT_LOGIN: _assistant_login,
    Code.ASSISTANT_DIVERT: _divert,
    Code.EXECUTIVE_FILTER: _switch(Code.EXECUTIVE_FILTER),
    Code.FORWARD: _switch(Code.FORWARD),
    Code.FORWARD_INTERNAL: _switch(Code.FORWARD_INTERNAL),
    Code.FORWARD_EXTERNAL: _switch(Code.FORWARD_EXTERNAL),
    **{code: _conditional(code) for code in CONDITIONS},
    Code.DEVICE_DND: _switch(Code.DEVICE_DND),
    Code.FOLLOW_ME: _switch(Code.FOLLOW_ME),
    Code.WORKPLACE_LOGIN: _workplace_login,
}
"""The codes that have a lamp."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one phone's lamps show."""

    lamps: Mapping[str, Lamp]
    """By what the phone watches; what is no lamp is not in it."""

    until: datetime | None = None
    """When time alone may change them; None: it does not."""


def show(
    domain: str, account: str, watched: Iterable[str], rules: Rules, live: Live, now: datetime
) -> Shown:
    """The lamps of the phone ``account``: codes as they are dialled, and extensions of colleagues.

    Pure, as :func:`esl_router.engine.decide.decide` is. A phone that belongs to nobody, or to
    nobody right now, is shown dark codes. An account that is not the domain's own is shown nothing.
    """
    settings = rules.settings(domain)
    if settings is None:
        return Shown({})
    extension = rules.device_user(domain, account)
    user = rules.user(domain, extension) if extension else None
    owner = None
    if user is not None:
        presence = rules.presence(domain, user.extension)
        current = effective(presence, now)
        owner = Owner(user, account, presence, current, rules, settings, now)
    found = {each: _lamp(each, settings, owner, rules, live) for each in watched}
    return Shown(
        {each: lamp for each, lamp in found.items() if lamp is not None},
        next_change(owner.presence, now) if owner else None,
    )


def is_lamp(domain: str, watched: str, rules: Rules) -> bool:
    """Whether a phone of the domain that watches this is ever shown anything."""
    settings = rules.settings(domain)
    if settings is None:
        return False
    coded = codes.read(watched, settings.codes)
    if coded is not None:
        return coded[0] in LAMPS
    return is_line(watched) and rules.device_user(domain, watched) is None


def is_line(watched: str) -> bool:
    """Whether what is watched is the line of a colleague, no code."""
    return numbers.is_extension(watched)


def _lamp(
    watched: str, settings: Settings, owner: Owner | None, rules: Rules, live: Live
) -> Lamp | None:
    coded = codes.read(watched, settings.codes)
    if coded is None:
        return _colleague(watched, settings.domain, owner, rules, live)
    code, argument = coded
    if code not in LAMPS:
        return None
    return Lamp.LIT if owner is not None and LAMPS[code](owner, argument) else Lamp.DARK


def _colleague(
    extension: str, domain: str, owner: Owner | None, rules: Rules, live: Live
) -> Lamp | None:
    """The line of a colleague, all his phones together."""
    # The switch itself shows the lines of accounts; two who show the same lamp would disagree.
    if owner is None or rules.device_user(domain, extension) is not None:
        return None
    user = rules.user(domain, extension)
    state = line.line(user, rules, live) if user is not None else None
    return None if state is None else line.LAMPS.get(state, Lamp.DARK)
