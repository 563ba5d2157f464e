"""What is known of one call: who calls whom, and every attempt made so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from esl_router.model.actions import Action, Leg, Targeted
from esl_router.model.trail import Trail


class LegResult(StrEnum):
    """What became of one leg."""

    ANSWERED = "answered"
    DECLINED = "declined"
    """Refused by hand for the whole user (6xx), or as ``decline: user`` reads it."""

    BUSY = "busy"
    """Refused by that device alone: 486, 480 or its own do-not-disturb."""

    REDIRECTED = "redirected"
    """Answered with another address (3xx). Nobody went there by that."""

    NO_ANSWER = "no_answer"
    """Rang to the end of its time."""

    UNREACHABLE = "unreachable"
    """Never rang: no reply, a network fault, a code the far end sends for itself."""

    LOOP = "loop"
    """The far end has seen the call before, or too often (483)."""

    UNREGISTERED = "unregistered"
    """No channel came into being: the switch knew no registration."""

    ELSEWHERE = "elsewhere"
    """Another leg was answered, or a decline ended the whole ring."""

    CANCELLED = "cancelled"
    """The caller's side ended it."""


class RingResult(StrEnum):
    """What became of a whole ring (features.md P6)."""

    ANSWERED = "answered"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    LOOP = "loop"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class LegOutcome:
    """One leg's end."""

    leg: Leg
    result: LegResult
    cause: str = ""
    """FreeSWITCH's hangup cause, for the journal; empty when there was no channel."""

    redirect: str = ""
    """The number of the address that a ``redirected`` leg gave, cleaned but not believed; empty
    where it may not redirect or gave none."""

    refusal: int = 0
    """The SIP status with which a trunk refused a leg that withholds the caller's number, before
    it rang; 0: it did not, or nobody knows."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What somebody entered after an Authenticate."""

    extension: str
    """Whose PIN he knows."""

    code: str = ""
    """Empty where none was asked for, or none entered."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended."""

    legs: tuple[LegOutcome, ...] = ()
    """One for each leg of a Ring, in its order; empty for any other action."""

    caller_gone: bool = False

    refused: str = ""
    """Why a Perform changed nothing, or an Authenticate let nobody in, in a sentence; empty: it is
    done."""

    entered: Entered | None = None
    """Set where an Authenticate let somebody in."""

    transferred: bool = False
    """Somebody sent the caller elsewhere: his leg comes back to us on its own, as a new call."""

    certain: bool = True
    """False: the caller's leg has ended, and no event link told whether anybody had answered."""

    lasted: float = 0.0
    """Seconds from the action's start to its end, a conversation included."""


@dataclass(frozen=True, slots=True)
class Attempt:
    action: Action
    outcome: Outcome

    @property
    def cut_off(self) -> bool:
        """Whether we ended it ourselves, to decide the call anew: nothing has come of it yet."""
        return self.outcome.transferred


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. ``number`` and ``name`` are the caller's own words, cleaned but not believed."""

    number: str = ""
    name: str = ""
    account: str | None = None
    """The SIP account that the switch authenticated, or the device whose leg was transferred;
    None for everybody else. Only this is believed (features.md A1)."""

    domain: str | None = None
    """The domain of ``account``."""

    own_leg: bool = False
    """The router placed this leg to ``account`` itself, and it was transferred since."""

    anonymous: bool = False
    """The number is withheld (features.md A4)."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the switch presents it. An outcome makes a new one: :meth:`after`."""

    uuid: str
    dialled: str
    """The called number as dialled, cleaned."""

    caller: Caller = Caller()
    context: str = ""
    """The dialplan context it arrived in."""

    internal_context: bool = False
    """Whether that context is one of those where the company's own phones call in."""

    redirects: int = 0
    """How often it was redirected before it came to us (Diversion, History-Info, our own trail)."""

    trail: Trail | None = None
    """Where it has been here already, by the trail that it left with; None: it has none."""

    trail_fault: str = ""
    """Why what it shows as its trail does not count, in words; empty: it does, or it shows none."""

    came: tuple[Targeted, ...] = ()
    """Where it was to go before, the oldest first and this number the last; none: it is not known
    to have been redirected."""

    sent_by: str | None = None
    """``account@domain`` of the phone of ours that sent this call here: whom the caller was talking
    to. By the switch's own account of it, never by a header."""

    pool: str = ""
    """The executive through whose assistants the caller came to be talking."""

    answered: bool = False
    """The caller was connected already when the call came to us: somebody sent him here, and he
    did not dial himself."""

    attempts: tuple[Attempt, ...] = ()

    def after(self, action: Action, outcome: Outcome) -> Call:
        """The call once ``action`` has ended with ``outcome``."""
        return replace(self, attempts=(*self.attempts, Attempt(action, outcome)))
