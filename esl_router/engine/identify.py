"""Stage 0: who calls, from where, and whom (A1-A5)."""

from __future__ import annotations

from dataclasses import dataclass

from esl_router.model import codes, numbers
from esl_router.model.actions import FORBIDDEN, NOT_FOUND, Reject
from esl_router.model.call import Call
from esl_router.model.codes import Code
from esl_router.model.people import Origin, Settings, User
from esl_router.model.rules import Rules
from esl_router.model.team import Team
from esl_router.model.trace import Trace

STAGE = "identify"


@dataclass(frozen=True, slots=True)
class Parties:
    """The two sides of a call, as far as they are believed."""

    settings: Settings
    origin: Origin
    caller: str | None
    """The calling user's extension; None for everybody who is no user of ours."""

    number: str
    """The caller's number: a user's extension, else E.164 where it is one; empty if withheld."""

    callee: User | Team | None
    outside: str | None = None
    """The number outside that a user dialled, when no user or team of ours has it."""

    code: Code | None = None
    """The feature code that was dialled."""

    argument: str = ""
    """What was dialled behind it."""

    remote: bool = False
    """Whether it is the number at which users dial codes from outside that was dialled."""

    on_behalf: User | None = None
    """The executive in whose name his assistant calls."""


def identify(call: Call, rules: Rules, trace: Trace) -> Parties | Reject:
    """Both parties of the call, or how it ends because one of them cannot be."""
    origin = _origin(call, rules, trace)
    caller = None
    if origin is Origin.INTERNAL and call.caller.account and call.caller.domain:
        caller = rules.device_user(call.caller.domain, call.caller.account)
        if caller is None:
            trace.passed(STAGE, f"The phone {call.caller.account} belongs to no user.")

    coded = _code(call, origin, caller, rules, trace)
    if coded is not None:
        return coded

    domains = rules.domains()
    candidates = (call.caller.domain,) if origin is Origin.INTERNAL else domains
    for name in candidates:
        settings = rules.settings(name) if name else None
        if settings is None:
            continue
        if origin is Origin.EXTERNAL and _is_remote(call.dialled, settings):
            trace.fired(STAGE, f"{call.dialled} is the number for codes from outside.")
            number = _number(call, origin, None, settings)
            return Parties(settings, origin, None, number, None, remote=True)
        callee = _callee(call.dialled, settings, rules, by_extension=len(candidates) == 1)
        if callee is not None:
            kind = "team" if isinstance(callee, Team) else "user"
            label = f" ({callee.name})" if callee.name else ""
            trace.fired(STAGE, f"{call.dialled} is the {kind} {callee.extension}{label}.")
            if callee.domain != settings.domain:
                # The number of another company in the same store: to it, our users are strangers.
                settings = rules.settings(callee.domain) or settings
                origin, caller = Origin.EXTERNAL, None
            number = _number(call, origin, caller, settings)
            return Parties(settings, origin, caller, number, callee)
        if origin is Origin.INTERNAL:
            return _leave(call, settings, caller, trace)

    trace.fired(STAGE, f"Nobody here has the number {call.dialled or '(none)'}.")
    return NOT_FOUND


def _origin(call: Call, rules: Rules, trace: Trace) -> Origin:
    account, domain = call.caller.account, call.caller.domain
    if account and domain:
        if domain not in rules.domains():
            trace.passed(STAGE, f"{account}@{domain} is authenticated, but its domain is not ours.")
        elif call.internal_context or call.caller.own_leg:
            trace.fired(STAGE, f"An internal call: the switch authenticated {account}@{domain}.")
            return Origin.INTERNAL
    who = "a withheld number" if call.caller.anonymous else call.caller.number or "no number"
    trace.fired(STAGE, f"An external call from {who}: the switch authenticated nobody.")
    return Origin.EXTERNAL


def _code(
    call: Call, origin: Origin, caller: str | None, rules: Rules, trace: Trace
) -> Parties | None:
    """The feature code that was dialled, if one was: by one of our phones, or for its caller."""
    by = call.caller.domain if origin is Origin.INTERNAL else (call.sent_by or "").partition("@")[2]
    settings = rules.settings(by) if by and call.dialled[:1] in ("*", "#") else None
    if settings is None:
        return None
    found = codes.read(call.dialled, settings.codes)
    if found is None:
        return None
    code, argument = found
    words, digits = code.value.replace("_", " "), settings.codes[code]
    trace.fired(STAGE, f"{call.dialled} is the feature code {digits}: {words}.")
    number = _number(call, origin, caller, settings)
    return Parties(settings, origin, caller, number, None, code=code, argument=argument)


def _is_remote(dialled: str, settings: Settings) -> bool:
    # Some trunks deliver +49301234567 as 49301234567.
    return settings.remote is not None and settings.remote in (
        numbers.e164(dialled, settings.country),
        numbers.e164(f"+{dialled}", settings.country),
    )


def _callee(
    dialled: str, settings: Settings, rules: Rules, *, by_extension: bool
) -> User | Team | None:
    # An extension is looked up first: 1001 is the colleague, never the number +491001.
    if by_extension and numbers.is_extension(dialled):
        found = _member(rules, settings.domain, dialled)
        if found is not None:
            return found
    # Some trunks deliver +49301234567 as 49301234567.
    for text in (dialled, f"+{dialled}"):
        number = numbers.e164(text, settings.country)
        owner = rules.owner_of(number) if number else None
        if owner is not None:
            return _member(rules, *owner)
    return None


def _number(call: Call, origin: Origin, caller: str | None, settings: Settings) -> str:
    # What an authenticated phone writes into its From header is not believed: it is its user's.
    if caller is not None:
        return caller
    if origin is Origin.INTERNAL and call.caller.account is not None:
        return call.caller.account  # the phone of a place where nobody is logged in
    return numbers.e164(call.caller.number, settings.country) or call.caller.number


def _member(rules: Rules, domain: str, extension: str) -> User | Team | None:
    return rules.user(domain, extension) or rules.team(domain, extension)


def _leave(call: Call, settings: Settings, caller: str | None, trace: Trace) -> Parties | Reject:
    """A user of ours dialled a number that nobody here has: it may leave through the trunk."""
    if numbers.emergency(call.dialled, settings.country):
        trace.fired(STAGE, f"{call.dialled} is an emergency number.")
        return Parties(settings, Origin.INTERNAL, caller, caller or "", None, call.dialled)
    number = numbers.outside(call.dialled, settings.country)
    if number is None:
        trace.fired(STAGE, f"Nobody here has the number {call.dialled or '(none)'}.")
        return NOT_FOUND
    if caller is None:
        trace.fired(STAGE, f"{number} is outside, and only users may call outside.")
        return FORBIDDEN
    if not settings.toll.permits(number):
        trace.fired(STAGE, f"The toll policy forbids {number}.")
        return FORBIDDEN
    trace.fired(STAGE, f"{call.dialled} is the number {number} outside.")
    return Parties(settings, Origin.INTERNAL, caller, caller, None, number)
