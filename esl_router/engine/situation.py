"""Everything that one decision looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from esl_router.engine.identify import Parties
from esl_router.model.actions import Diversion
from esl_router.model.call import Call
from esl_router.model.live import Live
from esl_router.model.people import Settings
from esl_router.model.rules import Rules
from esl_router.model.trace import Trace


@dataclass(frozen=True, slots=True)
class Situation:
    """A call, the rules and the phones at one instant, and the trace that says what was found."""

    call: Call
    parties: Parties
    rules: Rules
    live: Live
    now: datetime
    """Aware."""

    trace: Trace
    busy: set[str] = field(default_factory=set)
    """Who was found busy on busy, of those whose pending calls are to turn to busy then."""

    @property
    def settings(self) -> Settings:
        return self.parties.settings

    @property
    def sender(self) -> str | None:
        """The extension of the user of ours who sent the caller here; None: nobody did."""
        account, _, domain = (self.call.sent_by or "").partition("@")
        return self.rules.device_user(domain, account) if domain == self.settings.domain else None

    @property
    def number(self) -> str:
        """The caller's number, E.164 or an extension; empty where it is withheld."""
        return self.parties.number


@dataclass(frozen=True, slots=True)
class Redirection:
    """How a call came to somebody whom the caller did not dial."""

    count: int = 0
    """How often it was redirected, before it came to us included."""

    diversion: Diversion | None = None
    """By whom last, and why; None: not by us."""


DIRECT = Redirection()
"""The caller dialled whom he gets."""
