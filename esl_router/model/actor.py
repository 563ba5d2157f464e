"""Who changes the rules, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What somebody is, who changes the rules."""

    ADMINISTRATOR = "administrator"
    USER = "user"
    ROUTER = "router"


class Source(Enum):
    """Where a change comes from."""

    CLI = "cli"
    PHONE = "phone"
    CALENDAR = "calendar"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who changes the rules. A user acts with his own rights, everybody else with the
    administrator's."""

    kind: Kind
    name: str
    """The administrator's login name, the user's extension, or empty: the router."""

    source: Source

    @classmethod
    def administrator(cls, login: str, source: Source = Source.CLI) -> Actor:
        return cls(Kind.ADMINISTRATOR, login, source)

    @classmethod
    def user(cls, extension: str, source: Source = Source.CLI) -> Actor:
        return cls(Kind.USER, extension, source)

    @classmethod
    def router(cls, source: Source) -> Actor:
        return cls(Kind.ROUTER, "", source)

    @property
    def extension(self) -> str | None:
        """Whose rights are asked; None where they are the administrator's."""
        return self.name if self.kind is Kind.USER else None
