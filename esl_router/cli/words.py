"""Actions and decisions, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from esl_router.engine import feature
from esl_router.model.actions import (
    Action,
    Announce,
    Asleep,
    Authenticate,
    Confirm,
    HandBack,
    Intercept,
    Leg,
    Outside,
    Perform,
    Reject,
    Ring,
    Voicemail,
)
from esl_router.model.trace import Entry

if TYPE_CHECKING:
    from esl_router.engine.explain import Step

_CODES = {403: "forbidden", 404: "not found", 480: "temporarily unavailable", 486: "busy"}


def action_words(action: Action) -> str:
    """What the router does, in a few words."""
    match action:
        case Ring(callee=callee, alert_first=alert_first):
            return f"Ring {callee} first" if alert_first else f"Ring {callee}"
        case Voicemail(mailbox=mailbox, login=login):
            return f"{mailbox} hears his voicemail" if login else f"Voicemail of {mailbox}"
        case Announce(sound=sound):
            return f"Announcement {sound}"
        case Intercept():
            return "Connect with whom the assistant talks to"
        case Authenticate(code=code):
            return f"Ask for an extension, its PIN{' and a code' if code else ''}"
        case Perform(user=user, feature=what):
            return f"Change a setting: {feature.words(user, what).removesuffix('.')}"
        case Confirm(tone=tone, sound=sound):
            return f"The caller hears {sound or f'the tone for {tone.value!r}'}"
        case Reject(code=code):
            return f"The caller gets {code} {_CODES.get(code, '')}".rstrip()
        case HandBack():
            return "The dialplan rings the registered phones"


def steps_words(steps: Iterable[Step]) -> str:
    """What becomes of a call to which nobody does anything, in one line."""
    words = [
        f"{f'after {step.at} s ' if step.at else ''}{lower(action_words(step.decision.action))}"
        for step in steps
    ]
    return ", ".join(words)


def lower(words: str) -> str:
    """Words that begin a sentence, as they stand within one."""
    return words[0].lower() + words[1:]


def action_record(action: Action) -> dict[str, Any]:
    """The action as JSON knows it: ``action`` names it, the rest depends on it."""
    match action:
        case Ring(callee=callee, legs=legs, decline=decline, mailbox=mailbox, alert_first=first):
            return {
                "action": "ring",
                "callee": callee,
                "decline": decline.value,
                "mailbox": mailbox,
                "alert_first": first,
                "legs": [leg_record(leg) for leg in legs],
            }
        case Voicemail(mailbox=mailbox, login=login, greeting=greeting):
            return {
                "action": "voicemail",
                "mailbox": mailbox,
                "login": login,
                "greeting": greeting.value,
            }
        case Announce(sound=sound, before_forward=by):
            return {"action": "announce", "sound": sound, "before_forward": bool(by)}
        case Intercept(uuid=uuid):
            return {"action": "intercept", "leg": uuid}
        case Authenticate(domain=domain):
            return {"action": "authenticate", "domain": domain}
        case Perform(user=user, feature=what):
            return {"action": "perform", "user": user, "change": feature.words(user, what)}
        case Confirm(tone=tone, sound=sound):
            return {"action": "confirm", "tone": tone.value, "sound": sound or None}
        case Reject(code=code, cause=cause):
            return {"action": "reject", "code": code, "cause": cause}
        case HandBack():
            return {"action": "hand_back"}


def leg_record(leg: Leg) -> dict[str, Any]:
    """One device of a ring: seconds from the start of the ring; ``number`` outside, or None;
    ``owner`` the member of a team, or the assistant, whom it rings for, or None; ``alert_info`` the
    header that says how the phone rings, and ``caller_number`` what it shows, where that is not as
    usual, or None; outside it is the number that leaves, None where it is withheld; ``connected``
    whom the caller sees when it answers, where that is not what the phone says, or None;
    ``diversion`` where the call was redirected to reach it, or None."""
    outside = leg.target if isinstance(leg.target, Outside) else None
    return {
        "device": leg.device,
        "owner": leg.owner or None,
        "delay": leg.delay,
        "ring": leg.ring,
        "ends": leg.ends,
        "number": outside.number if outside else None,
        "confirm": leg.confirm,
        "splash": leg.splash,
        "alert_info": leg.alert_info or None,
        "caller_number": outside.caller_number if outside else leg.caller_number or None,
        "connected": None
        if leg.connected is None
        else {"name": leg.connected.name, "number": leg.connected.number},
        "diversion": None
        if leg.diversion is None
        else {
            "by": leg.diversion.by,
            "reason": leg.diversion.reason,
            "counter": leg.diversion.counter,
        },
        "registrations": None if outside else len(getattr(leg.target, "contacts", ())),
    }


def leg_label(leg: Leg) -> str:
    """The name of a leg in a picture: in a team's ring with whose it is."""
    return f"{leg.owner}: {leg.device}" if leg.owner else leg.device


def leg_note(leg: Leg) -> str:
    """What there is to know of a leg beside its times."""
    if isinstance(leg.target, Outside):
        number = "" if leg.device == leg.target.number else leg.target.number
        return ", ".join(filter(None, (number, "press 1" if leg.confirm else "")))
    if isinstance(leg.target, Asleep):
        return f"if it registers within {leg.target.hook.wait} s of being woken"
    count = len(leg.target.contacts)
    notes = (
        "for a moment" if leg.splash else "",
        "without a sound" if leg.alert_info else "",
        f"{count} phones" if count > 1 else "",
    )
    return ", ".join(filter(None, notes))


def trace_record(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    """A trace as JSON knows it."""
    return [{"stage": e.stage, "fired": e.fired, "text": e.text} for e in entries]
