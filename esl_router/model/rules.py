"""What a decision asks the rule store, as an interface.

The store's reader implements it inside one read transaction; tests implement it with dictionaries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from esl_router.model.executive import Executive
from esl_router.model.people import CallerRule, FollowMeRow, Origin, Settings, User
from esl_router.model.presence import CallForward, Presence
from esl_router.model.team import Team


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that could not be read and was skipped."""

    path: str
    """Where it stands, as in the rules file: ``users.1001.devices.1001-mobile.number``."""

    text: str
    """What is wrong with it, in a sentence."""


class Rules(Protocol):
    """A read-only view of the rule store at one instant.

    Extensions and device names are looked up inside a domain. Every method may raise
    :class:`esl_router.errors.StoreError` when the store cannot be read at all; a single broken
    rule raises nothing: it is left out and listed in :attr:`problems`.
    """

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The broken rules met so far in this view."""
        ...

    def domains(self) -> tuple[str, ...]:
        """The SIP domains in the store, sorted."""
        ...

    def settings(self, domain: str) -> Settings | None: ...

    def user(self, domain: str, extension: str) -> User | None: ...

    def team(self, domain: str, extension: str) -> Team | None: ...

    def executive(self, domain: str, extension: str) -> Executive | None:
        """The user as an executive, with his assistants; None: he has none."""
        ...

    def executives_of(self, domain: str, assistant: str) -> tuple[str, ...]:
        """The extensions of those whose assistant a user is, sorted."""
        ...

    def workplace(self, domain: str, number: str) -> str | None:
        """The name of the workplace that has a number."""
        ...

    def workplace_of(self, domain: str, device: str) -> str | None:
        """The name of the workplace to which a device belongs; None: it belongs to a user."""
        ...

    def logged_in_at(self, domain: str, extension: str) -> str | None:
        """The name of the workplace where a user is logged in; None: nowhere."""
        ...

    def teams_of(self, domain: str, member: str) -> tuple[str, ...]:
        """The extensions of the teams whose member a user is, sorted."""
        ...

    def owner_of(self, number: str) -> tuple[str, str] | None:
        """The (domain, extension) of the user or team whose direct number ``number`` (E.164) is."""
        ...

    def device_user(self, domain: str, device: str) -> str | None:
        """The extension of the user to whom a SIP account belongs.

        A workplace's device belongs to the user who is logged in there; None when nobody is.
        """
        ...

    def contact_name(self, domain: str, number: str) -> str:
        """Whose number ``number`` (E.164) is, by the domain's contacts; empty: nobody's."""
        ...

    def presence(self, domain: str, extension: str) -> Presence:
        """Everything that may settle the user's status, and what each status does."""
        ...

    def call_forward(self, domain: str, extension: str) -> Mapping[Origin, CallForward]:
        """The user's own forward of every call, by origin; those switched off too."""
        ...

    def callers(self, domain: str, extension: str) -> tuple[CallerRule, ...]:
        """The user's caller list, in its order."""
        ...

    def follow_me(self, domain: str, extension: str, origin: Origin) -> tuple[FollowMeRow, ...]:
        """One row for each device of the user, in the order of the rules file.

        Devices of the workplace he is logged in to come last. A device without a row of its own
        has the defaults (enabled, delay 0, ring 30).
        """
        ...
