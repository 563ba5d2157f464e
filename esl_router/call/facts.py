"""A call as the switch presents it: from the snapshot's headers to a :class:`Call`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from esl_router import variables
from esl_router.call import history
from esl_router.errors import Untrusted
from esl_router.esl import dialstring, untrusted
from esl_router.esl.wire import Frame
from esl_router.model.call import Call, Caller
from esl_router.model.trail import Trail

_COUNTER = re.compile(r";\s*counter\s*=\s*\"?(\d{1,3})", re.IGNORECASE)
_ENTRY = re.compile(r"<\s*(?:sips?|tel):", re.IGNORECASE)

_UNAVAILABLE = "unavailable"
_WITHHELD = frozenset({"anonymous", "restricted", "private", "withheld", _UNAVAILABLE})

MAX_REDIRECTS = 99
"""A caller may claim any number of redirections; more than this is the same as this."""


def read(
    snapshot: Frame,
    internal_contexts: Collection[str],
    open_trail: Callable[[str], Trail] | None = None,
) -> Call:
    """The call that a snapshot shows. ``open_trail`` reads the trail that a leg of ours has left
    with; it raises ValueError for anything else.

    Everything the caller wrote is cleaned here, once; nothing of it is believed. Who he is comes
    from what the switch found out by itself: its authentication, or the mark on a leg of ours.
    """
    account, domain, own_leg = _identity(snapshot)
    anonymous = _anonymous(snapshot) and not (account is None and _unavailable(snapshot))
    context = snapshot.get(variables.CONTEXT, "")
    number = snapshot.get(variables.CALLER_NUMBER, "")
    name = snapshot.get(variables.CALLER_NAME, "")
    sent_by = _sent_by(snapshot)
    dialled = untrusted.number(snapshot.get(variables.DESTINATION, ""))
    diversion = snapshot.spelled(f"variable_{variables.DIVERSION}")
    history_info = _variable(snapshot, variables.HISTORY_INFO)
    redirects = redirections(diversion, history_info)
    answered = snapshot.get(variables.ANSWER_STATE) == "answered"
    trail, trail_fault = None, ""
    # A carrier that logs in to us has an account as well.
    outside = account is None or context not in internal_contexts
    if outside and not answered and open_trail is not None:
        trail, trail_fault = _trail(snapshot, open_trail)
    return Call(
        uuid=snapshot.get(variables.UNIQUE_ID, ""),
        dialled=dialled,
        caller=Caller(
            number="" if anonymous else untrusted.number(number),
            name="" if anonymous else untrusted.display_name(name),
            account=account,
            domain=domain,
            own_leg=own_leg,
            anonymous=anonymous,
        ),
        context=context,
        answered=answered,
        internal_context=context in internal_contexts,
        redirects=max(redirects, trail.hops if trail else 0),
        trail=trail,
        trail_fault=trail_fault,
        came=history.read(history_info, diversion, dialled),
        sent_by=sent_by,
        pool=_pool(snapshot) if sent_by else "",
    )


def _variable(snapshot: Frame, name: str) -> str:
    return snapshot.get(f"variable_{name}", "")


def _identity(snapshot: Frame) -> tuple[str | None, str | None, bool]:
    """The account, its domain, and whether the router placed this leg itself."""
    if snapshot.get(variables.DIRECTION) == "outbound":
        account = _variable(snapshot, variables.DEVICE)
        domain = _variable(snapshot, variables.DEVICE_DOMAIN)
    elif _variable(snapshot, variables.SIP_AUTHORIZED) == "true":
        account = _variable(snapshot, variables.USER_NAME)
        domain = _variable(snapshot, variables.DOMAIN_NAME)
    else:
        return None, None, False
    if not account or not domain:
        return None, None, False
    return account, domain, snapshot.get(variables.DIRECTION) == "outbound"


def _sent_by(snapshot: Frame) -> str | None:
    """The phone of ours that the caller was last connected with.

    A mark of an earlier conversation stays on the leg, so it counts only for as long as the switch
    says that nobody else's leg was connected with it since.
    """
    mark = _variable(snapshot, variables.SENT_BY)
    if not mark:
        return None
    peer, _, device = mark.partition(":")
    account, _, domain = device.partition("@")
    try:
        whole = dialstring.sent_by(peer, account, domain) == mark
    except Untrusted:
        return None
    return device if whole and peer == _variable(snapshot, variables.LAST_BRIDGE) else None


def _trail(snapshot: Frame, read: Callable[[str], Trail]) -> tuple[Trail | None, str]:
    """Where the call has been here before it left, or why what it shows of that does not count.

    A leg that we placed ourselves bears what we sent with it, and one that is connected was sent
    here by somebody: neither has come round.
    """
    shown = snapshot.spelled(f"variable_{variables.TRAIL}")
    if not shown or snapshot.get(variables.DIRECTION) != "inbound":
        return None, ""
    try:
        return read(shown), ""
    except ValueError as error:
        return None, str(error)


def _pool(snapshot: Frame) -> str:
    """The executive for whom that conversation came about."""
    try:
        return untrusted.account(_variable(snapshot, variables.POOL))
    except Untrusted:
        return ""


def _anonymous(snapshot: Frame) -> bool:
    if snapshot.get(variables.PRIVACY_NUMBER) == "true":
        return True
    words = (
        snapshot.get(variables.CALLER_NUMBER, ""),
        _variable(snapshot, variables.SIP_FROM_USER),
    )
    return any(word.strip().casefold() in _WITHHELD for word in words)


def _unavailable(snapshot: Frame) -> bool:
    """Whether no number came at all, and nobody asks to hide one (A4). Where the word stands beside
    a number, it is that number which is withheld."""
    words = {
        snapshot.get(variables.CALLER_NUMBER, "").strip().casefold(),
        _variable(snapshot, variables.SIP_FROM_USER).strip().casefold(),
    }
    hidden = snapshot.get(variables.PRIVACY_NUMBER) == "true"
    return not hidden and words <= {"", _UNAVAILABLE}


def redirections(diversion: str, history: str) -> int:
    """How often a call was redirected, by its Diversion (RFC 5806) or History-Info (RFC 7044).

    A Diversion entry counts as its counter says, or once; the first History-Info entry is the
    original number and no redirection. Of the two headers the larger count holds.
    """
    by_diversion = sum(
        int(counter[1]) if (counter := _COUNTER.search(entry)) else 1
        for entry in _ENTRY.split(diversion)[1:]
    )
    by_history = max(0, len(_ENTRY.findall(history)) - 1)
    return min(max(by_diversion, by_history), MAX_REDIRECTS)
