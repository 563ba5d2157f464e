"""What comes before a status or a forward of every call sends a call away: his own phones first,
an announcement (C7a, D1, D7)."""

from __future__ import annotations

from dataclasses import replace

from esl_router.engine import busy, destination, followme
from esl_router.engine.way import Redirect, Way
from esl_router.model.actions import Action, Announce, Leg, Registered, Ring
from esl_router.model.call import Attempt
from esl_router.model.people import User
from esl_router.model.presence import SPLASH, AlertFirst, CallForward, Profile
from esl_router.model.trace import Trace

STAGE = "prelude"


def alerted(attempt: Attempt) -> bool:
    """Whether this ring was one before the call is sent away, and is none that counts."""
    return isinstance(attempt.action, Ring) and attempt.action.alert_first


def before(redirect: Redirect, profile: Profile, way: Way) -> Action | None:
    """What is still to happen before a user's status sends the call to its target; None: nothing.

    Each of it happens once in a call, whatever becomes of it but an answer.
    """
    user = redirect.by
    if not isinstance(user, User) or _for_nothing(redirect, way):
        return None
    first = profile.alert_first
    if first is not None and (ring := _alert(user, first, way)) is not None:
        return ring
    return _announcement(user, profile.announce, way)


def before_forward(redirect: Redirect, forward: CallForward, way: Way) -> Action | None:
    """The same before his own forward of every call takes it (D1): a moment of ringing, an
    announcement."""
    user = redirect.by
    if not isinstance(user, User) or _for_nothing(redirect, way):
        return None
    if forward.ring_splash and (ring := _alert(user, SPLASH, way)) is not None:
        return ring
    return _announcement(user, forward.announce, way)


def _for_nothing(redirect: Redirect, way: Way) -> bool:
    """Whether the call goes there without any of it, or does not go there at all."""
    return way.straight or destination.barred(redirect, way) is not None


def _announcement(user: User, sound: str, way: Way) -> Action | None:
    if not sound or way.announced(user.extension):
        return None
    way.situation.trace.fired(STAGE, f"The caller hears {sound} first.")
    return Announce(sound, user.extension, user.domain, way.mailbox)


def _alert(user: User, how: AlertFirst, way: Way) -> Ring | None:
    # A ring that was cut off when he went away has told him, too.
    told = way.attempt(user.extension) is not None or way.cut_off(user.extension)
    if told or not (legs := _legs(user, how, way)):
        return None
    return Ring(
        user.domain,
        user.extension,
        legs,
        user.decline,
        way.mailbox,
        redecide=way.redecide(user),
        alert_first=True,
    )


def _legs(user: User, how: AlertFirst, way: Way) -> tuple[Leg, ...]:
    situation, trace = way.situation, way.situation.trace
    # What is said aside is true of usual calls, and not of this one.
    aside = replace(situation, trace=Trace())
    if busy.is_busy(user, aside):
        trace.passed(STAGE, f"{user.extension} is busy on busy: no phone of his rings before that.")
        return ()
    plan = followme.plan(
        user,
        situation.parties.origin,
        aside,
        way.redirection,
        limit=None if how == SPLASH else way.ring_time(how),
    )
    legs = plan.legs
    if how == SPLASH:
        # A reminder for who sits beside the phone: all at once, and nobody outside.
        legs = tuple(
            replace(leg, delay=0, ring=1, splash=True)
            for leg in legs
            if isinstance(leg.target, Registered)
        )
    for leg in legs:
        times = f"from {leg.delay} s to {leg.ends} s"
        text = f"{leg.device} rings {'for a moment' if leg.splash else times} before that."
        trace.fired(STAGE, text)
    if not legs:
        trace.passed(STAGE, f"{user.extension} has no phone to ring before that.")
    return legs
