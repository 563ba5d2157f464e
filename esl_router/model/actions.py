"""What the router does next with a call: a small closed set."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from esl_router.model.feature import Feature, Tone
from esl_router.model.people import DeclineScope, Hook, Redecide
from esl_router.model.trail import Trail


@dataclass(frozen=True, slots=True)
class Registered:
    """The phones registered with one SIP account.

    ``contacts`` are the switch's dial URLs, one a registration; empty when the registrations
    are not known: the switch then looks the account up itself.
    """

    account: str
    domain: str
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outside:
    """A number reached through the trunk."""

    number: str
    """E.164, or an emergency number as dialled."""

    trunk: str
    """The dial string template of the domain's settings."""

    caller_number: str | None = None
    """The number shown there, E.164; None withholds it."""

    named: bool = False
    """Whether the ring's ``caller_name`` is shown there; otherwise the number in its place."""

    private: bool = False
    """Whether ``caller_number`` is for the carrier alone, who is asked to show it to nobody."""

    trail: Trail | None = field(default=None, compare=False)
    """Where the call has been until here; None: it is not told. It makes no other leg of it."""


@dataclass(frozen=True, slots=True)
class Asleep:
    """An app that is not registered (features.md B12): it is woken, and joins the ring when it has
    registered in time."""

    account: str
    domain: str
    owner: str
    """The extension of its user, or the name of its workplace."""

    hook: Hook
    push: tuple[tuple[str, str], ...] = ()
    caller_number: str = ""
    """The number that it shows as the caller's; empty: none."""

    caller_name: str = ""
    """The name, by the rules alone: never what a caller wrote."""


@dataclass(frozen=True, slots=True)
class Diversion:
    """Why a leg is not where the caller dialled (RFC 5806)."""

    by: str
    """Whose call it was: a direct number (E.164) or ``extension@domain``."""

    reason: str
    """``unconditional``, ``user-busy``, ``no-answer``, ``unavailable``, ``deflection`` or
    ``follow-me``."""

    counter: int = 1
    """How often the call has been redirected, this time included."""

    previous: Diversion | None = None
    """The redirection before this one, if that was of ours too."""


@dataclass(frozen=True, slots=True)
class Targeted:
    """Where a call was to go (RFC 7044), by the word of whoever sent it to us."""

    number: str
    """Cleaned; empty: nobody is to be told."""

    cause: str = ""
    """Why it was sent there (RFC 4458), three digits; empty: that was dialled, or is not said."""


@dataclass(frozen=True, slots=True)
class Connected:
    """Whom somebody talks to, as his telephone shows it (features.md I8)."""

    name: str
    number: str
    """E.164, or an extension."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One device in a ring: when it starts, how long it rings, where it is."""

    device: str
    target: Registered | Outside | Asleep
    delay: int = 0
    """Seconds from the start of the ring."""

    ring: int = 30
    """Seconds it rings, from its own start."""

    confirm: bool = False
    """Whether the answering party must press 1 before the call is his (features.md P1)."""

    diversion: Diversion | None = None
    """Set where the call was redirected to reach this leg."""

    redirect: bool = False
    """Whether it may send the call on by answering 302: where to is then asked (O5)."""

    owner: str = ""
    """The extension of the member whose device it is, where several people ring; a decline
    reaches no further than him."""

    decline: DeclineScope | None = None
    """How far his decline reaches; None: as the whole ring's."""

    splash: bool = False
    """Whether it rings for a moment only, as a notice; whoever is quick may still answer."""

    alert_info: str = ""
    """The Alert-Info header of its INVITE: how the phone is to ring; empty: as usual."""

    caller_number: str = ""
    """The number that the phone shows as the caller's; empty: the caller's own."""

    original_name: bool = False
    """Whether it shows the caller's own name, whatever the ring's ``caller_name``."""

    connected: Connected | None = None
    """Whom the caller sees when this leg answers; None: what the phone says of itself."""

    turn: int = 0
    """Seconds from the start of the ring at which its owner's turn begins, where people ring one
    after the other: no app of his is woken before."""

    @property
    def ends(self) -> int:
        """Seconds from the start of the ring until this leg gives up."""
        return self.delay + self.ring

    @property
    def woken(self) -> int:
        """Seconds from the start of the ring until an app that is asleep is woken: so early that
        it can ring when it is to, and not before its owner's turn."""
        return max(self.turn, self.delay - self.wait)

    @property
    def wait(self) -> int:
        """Seconds that an app which is asleep may take to register; 0: it is none."""
        return self.target.hook.wait if isinstance(self.target, Asleep) else 0


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring some devices until one answers."""

    domain: str
    callee: str
    """The extension (or the outside number) that is being rung."""

    legs: tuple[Leg, ...]
    decline: DeclineScope = DeclineScope.AUTO
    mailbox: str | None = None
    """The box that takes the call if the router is gone when the ringing ends."""

    caller_name: str = ""
    """What the phones show as the caller's name; empty: what he gave himself. Numbers outside show
    the caller's number in its place."""

    anonymous: str = "Anonymous"
    """What phones of ours show in the place of the name of a caller who withholds it."""

    came: tuple[Targeted, ...] = ()
    """Where the call was to go before it came to us."""

    early_media: bool = False
    """Whether the caller hears what the far end plays before it answers: only for calls that
    leave to a single number outside (features.md B17)."""

    redecide: Redecide = Redecide.NEVER
    """Which changes are to reach this call while it rings."""

    late: frozenset[str] = field(default=frozenset(), compare=False)
    """Accounts and numbers that would ring if it lasted longer."""

    steps: bool = False
    """Whether the ring ends when all legs of one owner have ended early while others still wait for
    their turn: the next decision begins with those."""

    pool: str = ""
    """The executive whose filtered call this is: his assistants ring. Whoever answers may push it
    to him."""

    caller_device: str = ""
    """``account@domain`` of the caller, where he is a user of ours: whoever is rung may be sent on
    by him."""

    alert_first: bool = False
    """Whether the callee's status or forward sends the call away all the same, as soon as this is
    over without an answer (features.md C7a, D1)."""

    @property
    def to_assistants(self) -> bool:
        """Whether it is the pool that rings, in place of the executive."""
        return bool(self.pool) and self.pool == self.callee

    @property
    def length(self) -> int:
        """Seconds until the last leg gives up."""
        return max((leg.ends for leg in self.legs), default=0)


class Greeting(StrEnum):
    """What a caller hears in a mailbox before the tone (features.md N2)."""

    STANDARD = "standard"
    UNAVAILABLE = "unavailable"
    BUSY = "busy"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Let the caller leave a message, or (``login``) let the owner hear his."""

    domain: str
    mailbox: str
    login: bool = False
    greeting: Greeting = Greeting.STANDARD


@dataclass(frozen=True, slots=True)
class Announce:
    """Play a sound to the caller without answering, then end the call as unavailable."""

    sound: str
    """A file, as FreeSWITCH names it."""

    before_forward: str = ""
    """The extension whose status sends the call on afterwards (features.md D7); empty: the call
    ends with it."""

    domain: str = ""
    mailbox: str | None = None
    """The box that takes the call if the router is gone when the sound has ended."""


@dataclass(frozen=True, slots=True)
class Intercept:
    """Connect the caller with somebody who talks; whom he talked to is released."""

    uuid: str
    """The leg of whom he gets."""


@dataclass(frozen=True, slots=True)
class Reject:
    """End the call with an explicit code; never 603 towards a caller (features.md X10)."""

    code: int
    """The SIP status the caller gets."""

    cause: str
    """FreeSWITCH's hangup cause that stands for it."""

    quiet: bool = field(default=False, compare=False)
    """Whether somebody who is connected hears no tone: he has had what he called for."""


@dataclass(frozen=True, slots=True)
class HandBack:
    """Leave the call to the dialplan's own fallback: it rings the callee's registered phones."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Answer somebody whom the phone does not show to be a user: he enters an extension, its PIN,
    and a code."""

    domain: str
    code: bool = True
    """Whether a code is asked for too; False: he has dialled it before."""


@dataclass(frozen=True, slots=True)
class Perform:
    """Change a setting for the user who dialled a feature code, with his rights."""

    domain: str
    user: str
    """His extension."""

    feature: Feature


@dataclass(frozen=True, slots=True)
class Confirm:
    """Answer, and let him hear what became of it; the call ends then."""

    tone: Tone
    sound: str = ""
    """The file that is played in the tone's place; empty: the tone."""


Action = (
    Ring | Voicemail | Announce | Intercept | Authenticate | Perform | Confirm | Reject | HandBack
)

BUSY = Reject(486, "USER_BUSY")
UNAVAILABLE = Reject(480, "NO_ANSWER")
OVER = Reject(480, "NO_ANSWER", quiet=True)
"""What was to be heard or said is over."""

NOT_FOUND = Reject(404, "UNALLOCATED_NUMBER")
FORBIDDEN = Reject(403, "OUTGOING_CALL_BARRED")
