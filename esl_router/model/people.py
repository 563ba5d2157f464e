"""Users, their devices and when those ring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from esl_router.model.codes import USUAL, Code
from esl_router.model.labels import LABELS, Labels
from esl_router.model.schedule import Schedule


class Origin(StrEnum):
    """Where a call comes from, as the follow-me rows see it (features.md A1-A3)."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    TEAM = "team"


class DeviceKind(StrEnum):
    SIP = "sip"
    """A SIP account of its own: one or more phones register with it."""

    EXTERNAL = "external"
    """A number outside, reached through the trunk."""


class DeclineScope(StrEnum):
    """How far a declined call reaches (features.md P4)."""

    AUTO = "auto"
    """603 and other 6xx end the user's ringing; 486, 480 and other 4xx end that device's."""

    DEVICE = "device"
    """Any decline ends that device's ringing alone."""

    USER = "user"
    """Any decline, 486 too, ends the user's ringing: for phones whose reject key sends 486."""


class Greetings(StrEnum):
    """What a user's mailbox says before the tone (features.md N2)."""

    STANDARD = "standard"
    """The greeting that he has chosen in his mailbox, or the switch's own, whoever calls."""

    BY_REASON = "by_reason"
    """Another one to callers for whom he is busy."""

    NONE = "none"
    """Nothing: the tone at once."""


class Redecide(StrEnum):
    """Which changes are to reach a call that is still ringing."""

    NEVER = "never"
    """None: what rings, rings on. A change holds for the call's next step."""

    BUSY = "busy"
    """That somebody whose phones ring answers another call, and is busy on busy by that."""

    ALWAYS = "always"
    """Any: a status, a login, a registration, a rule."""


@dataclass(frozen=True, slots=True)
class Device:
    """A SIP account, or a number outside."""

    name: str
    """Unique in its domain. For a SIP device also the account it registers with."""

    kind: DeviceKind
    owner: str
    """The extension of its user, or the name of the workplace it belongs to."""

    number: str | None = None
    """E.164; external devices only."""

    confirm: bool = True
    """Whether whoever answers an external device must press 1 first (features.md P1)."""

    location: str = "other"
    """``mobile`` or ``other``; external devices only."""

    dnd: bool = False
    """Do not disturb, set for this device alone (features.md B15)."""

    redirect: bool = False
    """Whether its phone may send a call on by answering 302 (features.md O5); SIP devices only."""

    push: tuple[tuple[str, str], ...] | None = None
    """What wakes a mobile app that is not registered, by name (``token``); None: it is no app."""


@dataclass(frozen=True, slots=True)
class FollowMeRow:
    """When one device rings for calls of one origin (features.md B1-B3)."""

    device: Device
    enabled: bool = True
    delay: int = 0
    """Seconds from the start of the plan to the device's INVITE."""

    ring: int = 30
    """Seconds the device rings, from its own start."""

    skip_if_busy: bool = False
    """Whether it is left out while it is itself in a conversation (features.md B13)."""

    own_ring: bool = False
    """Whether ``ring`` was set for calls of teams: it then wins over the team's (L2)."""


@dataclass(frozen=True, slots=True)
class User:
    """A person with an extension."""

    domain: str
    extension: str
    name: str = ""
    numbers: tuple[str, ...] = ()
    """Direct numbers (DID), E.164."""

    voicemail: bool = True
    decline: DeclineScope = DeclineScope.AUTO
    max_calls: int = 0
    """Busy on busy: with this many calls he is busy for every further one; 0: never (F1, F6)."""

    bob_cancel_pending: bool = False
    """Whether a call that still rings turns to busy when he answers another (F3)."""

    bob_count_outgoing_early: bool = False
    """Whether a call that he is dialling counts before it is answered (X20)."""

    greetings: Greetings = Greetings.STANDARD

    forward_ring: int | None = None
    """Seconds that whoever gets his calls by a forward is rung; None: as in the domain (D11)."""

    fax_numbers: tuple[str, ...] = ()
    """Those of his numbers at which faxes come in: no filter takes their calls (G12)."""


class CallerAction(StrEnum):
    """What a user's caller list does with a call."""

    RING = "ring"
    """It gets through: no forward, no busy on busy."""

    BLOCK = "block"
    """It is refused."""


@dataclass(frozen=True, slots=True)
class CallerRule:
    """One entry of a user's caller list (C12)."""

    numbers: tuple[str, ...]
    """Patterns of numbers: :func:`esl_router.model.numbers.matches`."""

    action: CallerAction
    schedule: Schedule | None = None
    """Outside its hours the entry does not count; None: it always does."""


@dataclass(frozen=True, slots=True)
class TollPolicy:
    """Which numbers may be dialled through the trunk (features.md O6).

    The longest matching prefix wins, deny wins a tie; without an allow list everything that is
    not denied is allowed.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def permits(self, number: str) -> bool:
        """Whether ``number`` (E.164) may be dialled."""
        allowed = _longest(self.allow, number)
        denied = _longest(self.deny, number)
        if allowed < 0 and denied < 0:
            return not self.allow
        return allowed > denied


def _longest(prefixes: tuple[str, ...], number: str) -> int:
    return max((len(prefix) for prefix in prefixes if number.startswith(prefix)), default=-1)


@dataclass(frozen=True, slots=True)
class Hook:
    """How an app that is not registered is woken (features.md B12): a program is run, or an
    address is called."""

    command: tuple[str, ...] = ()
    """The program and its arguments; no shell reads them."""

    url: str = ""
    wait: int = 10
    """Seconds that an app may take from then on to register."""

    timeout: int = 5
    """Seconds that the hook itself may take."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for a whole domain."""

    domain: str
    country: str = "DE"
    """ISO 3166 code of the country whose dialling rules read national numbers."""

    timezone: str = "Europe/Berlin"
    language: str = "en"
    """Of the words that phones show: a key of :data:`esl_router.model.labels.LABELS`."""

    ring_cycle: int = 5
    trunk: str = "sofia/gateway/trunk/{number}"
    """How an external number is dialled; ``{number}`` stands for it."""

    caller_id_out: str = "caller"
    """``caller``, ``user`` or ``fixed:+49…``: the number shown on legs through the trunk."""

    toll: TollPolicy = field(default_factory=TollPolicy)
    max_redirects: int = 5
    max_parallel_forwards: int | None = None
    """How many calls may be forwarded to one number outside at a time; None: any number (O7)."""

    forward_ring: int | None = None
    """Seconds that whoever gets a call by a forward is rung; None: a number outside for half a
    minute, a user or a team as long as his own rules say (D11)."""

    dnd_over_cfu: bool = False
    """Whether the status ``dnd`` comes before a user's own forward of every call."""

    redecide: bool = False
    """Whether a change reaches calls that are still ringing (``live_changes: redecide``)."""

    push: Hook | None = None
    """What wakes apps; None: nothing does."""

    alert_silent: str = "<http://localhost>;info=silent"
    """The Alert-Info header that makes a phone show a call and make no sound."""

    codes: Mapping[Code, str] = field(default_factory=lambda: dict(USUAL))
    """The digits of each feature code."""

    code_sounds: Mapping[str, str] = field(default_factory=dict)
    """The sound files that are played in the place of a code's tones, by
    :class:`esl_router.model.feature.Tone`."""

    remote: str | None = None
    """The number at which users dial codes from outside, E.164; None: nowhere."""

    @property
    def labels(self) -> Labels:
        """The words that phones show."""
        return LABELS[self.language]
