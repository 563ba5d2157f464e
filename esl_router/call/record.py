"""What one call leaves in the journal, collected while it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from esl_router.engine import missed
from esl_router.engine.aggregate import aggregate
from esl_router.live.state import LegTimes
from esl_router.model.actions import (
    Action,
    Announce,
    Authenticate,
    Confirm,
    HandBack,
    Intercept,
    Perform,
    Reject,
    Ring,
    Voicemail,
)
from esl_router.model.call import Call, LegResult, Outcome, RingResult
from esl_router.model.feature import Tone
from esl_router.model.missed import Reason
from esl_router.model.trace import Decision
from esl_router.model.trace import Entry as TraceEntry
from esl_router.store import journal

_WORD: Mapping[type[Action], str] = {
    Ring: "ring",
    Voicemail: "voicemail",
    Announce: "announce",
    Intercept: "intercept",
    Authenticate: "authenticate",
    Perform: "perform",
    Confirm: "confirm",
    Reject: "reject",
    HandBack: "hand_back",
}

# How a call that was refused before anybody rang has ended, by its code.
_REFUSED = {403: "forbidden", 404: "unknown", 486: "busy", 480: "unreachable"}

_MISSED = {each.value for each in RingResult} - {"answered"} | {"voicemail", "announcement"}
"""How a call ends that nobody has taken. One of which nobody knows is not among them."""


class Record:
    """Collects the steps of one call; :meth:`entry` is what the journal gets."""

    __slots__ = (
        "_answered_at",
        "_answered_by",
        "_attempts",
        "_call",
        "_code",
        "_decision",
        "_mailbox",
        "_message",
        "_missed",
        "_preludes",
        "_result",
        "_seen",
        "_started",
        "_trace",
    )

    def __init__(self, call: Call, started: datetime) -> None:
        self._call = call
        self._started = started.timestamp()
        self._attempts: list[journal.Attempt] = []
        self._trace: list[TraceEntry] = []
        self._seen: set[TraceEntry] = set()
        self._decision: Decision | None = None
        self._preludes = 0
        self._result = "cancelled"
        self._code: int | None = None
        self._answered_by: str | None = None
        self._answered_at: float | None = None
        self._missed: Reason | None = None
        self._mailbox: str | None = None
        self._message: int | None = None

    def decided(self, decision: Decision) -> None:
        """A decision was made. What it repeats of an earlier one is recorded once."""
        for entry in decision.trace:
            if entry not in self._seen:
                self._seen.add(entry)
                self._trace.append(entry)
        if self._decision is None or decision.domain:
            self._decision = decision
        self._missed = decision.missed or self._missed

    def left(self, mailbox: str, message: int | None) -> None:
        """The caller was in a mailbox; ``message`` is the length of what he left, in seconds."""
        self._mailbox, self._message = mailbox, message

    def noted(self, entries: Iterable[TraceEntry]) -> None:
        """Something happened meanwhile."""
        self._trace.extend(entries)

    def ended(
        self,
        action: Action,
        started: datetime,
        outcome: Outcome | None,
        heard: Mapping[int, LegTimes],
    ) -> None:
        """An action has ended. ``heard`` has what the event link said of each of its legs."""
        if outcome is not None:
            self._missed = missed.given_up(self._missed, action, outcome)
        legs: list[journal.Leg] = []
        for index, leg in enumerate(outcome.legs if outcome else ()):
            times = heard.get(index, LegTimes())
            legs.append(
                journal.Leg(leg.leg.device, leg.result.value, leg.cause, times.ringing, times.ended)
            )
            if leg.result is LegResult.ANSWERED:
                self._answered_by, self._answered_at = leg.leg.device, times.answered
        word = _WORD[type(action)]
        self._attempts.append(journal.Attempt(word, started.timestamp(), tuple(legs)))
        match action:
            case Ring() | Announce() if _is_prelude(action, outcome):
                # What the call comes to is what follows.
                self._preludes += 1
            case Ring():
                outcome = outcome or Outcome()
                self._result = aggregate(outcome).value if outcome.certain else "ended"
                if outcome.transferred and self._result != "answered":
                    self._result = "transferred"
            case Voicemail():
                self._result = "voicemail"
            case Announce() if not action.before_forward:
                self._result = "announcement"
            case Intercept():
                self._result = "answered"
            case Confirm():
                self._result = "refused" if action.tone is Tone.REFUSED else "feature"
            case HandBack():
                self._result = "handed_back"
            case Reject() if self._result not in ("voicemail", "answered"):
                self._code = action.code
                if len(self._attempts) == 1 + self._preludes:
                    self._result = _REFUSED[action.code]

    def entry(self, ended: datetime) -> journal.Entry:
        """The call as the journal keeps it."""
        call, decision = self._call, self._decision
        return journal.Entry(
            uuid=call.uuid,
            started=self._started,
            ended=ended.timestamp(),
            dialled=call.dialled,
            result=self._result,
            domain=(decision and decision.domain) or None,
            caller_number=(decision and decision.caller) or call.caller.number,
            caller_name=(decision and decision.caller_name) or call.caller.name,
            caller_account=call.caller.account,
            on_behalf=(decision and decision.on_behalf) or None,
            callee=(decision and decision.callee) or None,
            origin=decision.origin.value if decision and decision.origin else None,
            code=self._code,
            answered_by=self._answered_by,
            answered_at=self._answered_at,
            missed=self._missed.value if self._missed and self._result in _MISSED else None,
            mailbox=self._mailbox,
            message=self._message,
            attempts=tuple(self._attempts),
            trace=tuple(self._trace),
            problems=tuple(entry.text for entry in self._trace if entry.stage == "rules"),
        )


def _is_prelude(action: Action, outcome: Outcome | None) -> bool:
    """Whether the call goes on to where the callee's status sends it."""
    if outcome is None or outcome.caller_gone or outcome.transferred:
        return False
    if isinstance(action, Ring):
        return action.alert_first and aggregate(outcome) is not RingResult.ANSWERED
    return isinstance(action, Announce) and bool(action.before_forward)
