"""Faults. Normal telephony (busy, no answer, the caller hung up) is a value, never an exception."""

from __future__ import annotations


class RouterError(Exception):
    """An expected fault: its text says what is wrong, where, and what to do. Exit code 1."""


class StoreError(RouterError):
    """The rule store cannot be read or written."""


class StoreMissing(StoreError):
    """There is no store at that path."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of the router."""


class RulesFileError(RouterError):
    """A rules file is wrong. ``problems`` holds one line for each fault, with its path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NotFound(RouterError):
    """The user, device or other thing named on the command line does not exist."""


class NotPermitted(RouterError):
    """The change is not this user's to make; the text names the right that is missing."""


class ChangedSince(RouterError):
    """What a change left behind is there no longer: it cannot be taken back."""


class ProtocolError(RouterError):
    """The other side of an event socket broke the protocol."""


class LimitExceeded(ProtocolError):
    """A header block or body is larger than its bound."""


class Untrusted(RouterError, ValueError):
    """A value may not stand where it was to be put."""


class SwitchError(RouterError):
    """FreeSWITCH could not be reached, or refused the password."""


class WrongPassword(SwitchError):
    """FreeSWITCH's event socket does not accept the password."""


class ListenError(RouterError):
    """The router cannot listen where it was told to."""


class CalendarError(RouterError):
    """A calendar cannot be read. The text says why, and nothing of what stands in it."""

    def __init__(self, text: str, *, unreachable: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(text)
        self.unreachable = unreachable
        """Whether its server answers nobody at the moment."""
        self.retry_after = retry_after
        """Seconds that the server wants to be left alone; 0: it does not say."""


class CallFailed(RouterError):
    """A call that somebody asked for did not come about."""


class SourceError(RouterError):
    """Somebody else's server, which contacts are copied from, cannot be read."""
