"""Executives whose calls assistants take (G-K)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from esl_router.model.people import Origin
from esl_router.model.presence import Target
from esl_router.model.schedule import Schedule


class Filter(StrEnum):
    """Which calls go to the assistants."""

    ALL = "all"
    INTERNAL = "internal"
    EXTERNAL = "external"
    CUSTOM = "custom"
    """Those that a criterion names."""


class Alerting(StrEnum):
    """In which order the assistants ring."""

    SIMULTANEOUS = "simultaneous"
    SEQUENTIAL = "sequential"
    """One after the other, in the order of the list, each for some rings."""


class AlertExecutive(StrEnum):
    """What the executive's own phones do while his assistants ring."""

    NONE = "none"
    SILENT = "silent"
    """They show the call and make no sound."""

    SPLASH = "splash"
    """They ring for a moment."""

    RING = "ring"


class AssistantDevices(StrEnum):
    """Which devices of an assistant ring."""

    FOLLOWME = "followme"
    """Those of his rows for internal calls."""

    PRIMARY = "primary"
    """The first telephone of these that can be rung, at once."""


class CallerName(StrEnum):
    """The name on an assistant's phone."""

    EXECUTIVE = "executive"
    EXECUTIVE_CALLER = "executive_caller"
    CALLER_EXECUTIVE = "caller_executive"
    CALLER = "caller"
    CUSTOM = "custom"
    """A text of their own."""


class CallerNumber(StrEnum):
    """The number on an assistant's phone."""

    EXECUTIVE = "executive"
    CALLER = "caller"
    CUSTOM = "custom"
    """A number of their own."""


class ConnectedLine(StrEnum):
    """Whom a filtered caller sees when somebody has answered (COLP)."""

    DEVICE = "device"
    """What the telephone that answers says of itself, else its account or its number."""

    ASSISTANT = "assistant"
    """Who answered, by the name and the number that the company has for him."""

    EXECUTIVE = "executive"
    """Whom he called, whoever answered."""


class NoAssistant(StrEnum):
    """What becomes of a filtered call when no assistant can be rung at all."""

    ROLLOVER = "rollover"
    EXECUTIVE = "executive"
    """It is treated as if there were no filter."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One rule of a custom filter. All that it names must hold; what it does not name, does."""

    name: str
    active: bool = True
    filter: bool = True
    """Whether it sends calls to the assistants; False: it lets them through, whatever others
    say."""

    origin: Origin | None = None
    """Internal or external callers only."""

    numbers: tuple[str, ...] = ()
    """Patterns of callers: :func:`esl_router.model.numbers.matches`. With them, ``anonymous`` and
    ``unavailable`` and ``contact`` name further callers; with none of the four it is any caller."""

    anonymous: bool = False
    """Callers who withhold their number."""

    unavailable: bool = False
    """Callers of whom no number came."""

    contact: str = ""
    """The contact of this name; empty: none."""

    dialled: tuple[str, ...] = ()
    """Patterns of the number that was dialled; empty: any."""

    schedule: Schedule | None = None
    """Only within its hours."""

    holidays: Schedule | None = None
    """Only on the closed days of it: its dates and its holidays."""


@dataclass(frozen=True, slots=True)
class Assistant:
    """One of an executive's assistants."""

    extension: str
    opted_in: bool = True
    """As stored: :meth:`Executive.takes_part` says whether it counts."""

    divert: Target | None = None
    """Who takes his part while he is opted in: ``extension`` or ``external``."""

    rings: int | None = None
    """Rings before the next assistant; None: as the executive has it. Sequential only."""


class RolloverAction(StrEnum):
    """What becomes of a call that no assistant has answered (K)."""

    VOICEMAIL = "voicemail"
    """The executive's own box."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    """The executive's own no-answer forward."""

    EXECUTIVE = "executive"
    """It is treated as if there were no filter."""

    TARGET = "target"
    """A user, a team, another user's box or a number outside."""


@dataclass(frozen=True, slots=True)
class Rollover:
    after: int | None = None
    """Seconds from the first assistant's ringing; None: when nobody is left."""

    action: RolloverAction | None = None
    """None: none is set, and the executive's phones ring."""

    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Executive:
    """A user whose calls go to assistants first."""

    domain: str
    extension: str
    enabled: bool = True
    filter: Filter = Filter.ALL
    before_forwarding: bool = True
    """Whether the filter comes before the executive's own status and forwards."""

    criteria: tuple[Criterion, ...] = ()
    assistants: tuple[Assistant, ...] = ()
    """In the order in which they ring."""

    allow_opt_out: bool = True
    alerting: Alerting = Alerting.SIMULTANEOUS
    rings: int = 3
    """Rings before the next assistant, who may have a number of his own; sequential only."""

    assistant_devices: AssistantDevices = AssistantDevices.FOLLOWME
    executive_first: int = 0
    """Seconds that his own phones ring before the assistants are alerted; 0: they ring at once."""

    alert_executive: AlertExecutive = AlertExecutive.NONE
    parallel_mobile: bool = False
    """Whether the executive's mobiles ring along."""

    parallel_other: bool = False
    """Whether his other numbers outside ring along."""

    caller_name: CallerName = CallerName.EXECUTIVE_CALLER
    caller_number: CallerNumber = CallerNumber.CALLER
    custom_name: str = ""
    custom_number: str = ""
    """An extension or a number, E.164."""

    caller_prefix: str = ""
    """What stands before the caller's name on the assistants' phones, whatever that is (I5)."""

    connected_line: ConnectedLine = ConnectedLine.DEVICE
    rollover: Rollover = Rollover()
    no_assistant: NoAssistant = NoAssistant.ROLLOVER
    push_recall: int = 20
    """Seconds until a call that was handed to the executive comes back."""

    push_ignores_bob: bool = False
    """Whether a call that is handed to him rings although he is busy on busy (F10)."""

    push_follows_forward: bool = False
    """Whether a call that is handed to him goes where he forwards his calls, in place of coming
    back at once (J3)."""

    assistant_breaks_dnd: bool = False
    """Whether an assistant who calls him rings his phones while his status is dnd (X41)."""

    assistant_respects_dnd: bool = True
    """Whether an assistant whose status sends calls away is passed over (X54)."""

    def takes_part(self, assistant: Assistant) -> bool:
        """Whether an assistant is rung: where nobody may opt out, everybody counts as in (H9)."""
        return assistant.opted_in or not self.allow_opt_out

    def turn(self, assistant: Assistant, cycle: int) -> int:
        """Seconds until the next assistant's turn, of ``cycle`` seconds a ring."""
        return (assistant.rings or self.rings) * cycle

    def assistant(self, extension: str) -> Assistant | None:
        return next((each for each in self.assistants if each.extension == extension), None)
