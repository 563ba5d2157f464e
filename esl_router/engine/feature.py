"""What becomes of a feature code: one change for its user, and what he hears of it (Q2)."""

from __future__ import annotations

from esl_router.engine.codes import READ, Asked, Nothing
from esl_router.engine.situation import Situation
from esl_router.model import codes
from esl_router.model.actions import NOT_FOUND, Action, Authenticate, Confirm, Perform, Voicemail
from esl_router.model.call import Attempt
from esl_router.model.codes import Code
from esl_router.model.feature import (
    Feature,
    LogAssistant,
    LogTeam,
    LogWorkplace,
    SetBusyOnBusy,
    SetConditional,
    SetDeviceDnd,
    SetDivert,
    SetFollowMe,
    SetForward,
    SetStatus,
    SwitchConditional,
    SwitchFilter,
    SwitchForward,
    Tone,
)
from esl_router.model.people import Origin, Settings, User
from esl_router.model.presence import Forward
from esl_router.model.trace import Trace

STAGE = "codes"


def step(situation: Situation) -> Action:
    """What comes next for somebody who dialled a code, and for him alone."""
    call, parties, rules = situation.call, situation.parties, situation.rules
    domain, phone = situation.settings.domain, call.caller.account
    if call.attempts:
        return _entered(situation) or confirm(
            call.attempts[-1], situation.settings, situation.trace
        )
    if parties.origin is Origin.EXTERNAL:
        situation.trace.fired(STAGE, "Codes are for the company's own phones.")
        return NOT_FOUND
    # The leg of a user whom somebody else sent here looks like his own call in all but this.
    if call.answered or call.caller.own_leg or call.sent_by is not None:
        who = parties.caller or phone
        return _refuse(f"{who} was sent here, and has not dialled the code himself.", situation)
    if parties.code is Code.WORKPLACE_LOGIN and not parties.argument and phone:
        place = rules.workplace_of(domain, phone)
        if place is not None:
            situation.trace.fired(STAGE, f"Whoever logs in at {place} is asked for his PIN.")
            return Authenticate(domain, code=False)
    user = rules.user(domain, parties.caller or "")
    if user is None:
        return _refuse("Nobody's settings can be changed by this phone.", situation)
    return act(user, phone, parties.code, parties.argument, situation)


def step_outside(situation: Situation) -> Action:
    """What comes next for somebody outside who wants to dial a code."""
    attempts, trace = situation.call.attempts, situation.trace
    if attempts:
        return _entered(situation) or confirm(attempts[-1], situation.settings, trace)
    trace.fired(STAGE, "The caller is asked for his extension, his PIN and a code.")
    return Authenticate(situation.settings.domain)


def _entered(situation: Situation) -> Action | None:
    """What follows for somebody who has just shown who he is; None: nobody has."""
    last, settings, parties = situation.call.attempts[-1], situation.settings, situation.parties
    entered = last.outcome.entered
    if entered is None:
        return None
    user = situation.rules.user(settings.domain, entered.extension)
    if user is None:
        return _refuse(f"There is no user {entered.extension}.", situation)
    situation.trace.fired(STAGE, f"The caller knows the PIN of {user.extension}.")
    if parties.code is not None:
        return act(user, situation.call.caller.account, parties.code, parties.argument, situation)
    dialled = entered.code
    found = codes.read(dialled, settings.codes) or codes.read(
        dialled.removesuffix("#"), settings.codes
    )
    situation.trace.fired(STAGE, f"He dials {dialled or 'nothing'}.")
    if found is None:
        return _refuse("That is no code.", situation)
    return act(user, None, *found, situation)


def act(
    user: User, phone: str | None, code: Code | None, argument: str, situation: Situation
) -> Action:
    """The change that a code of this user stands for."""
    asked = Asked(user, phone, argument, situation.rules, situation.settings, situation.now)
    if code is Code.VOICEMAIL:
        if not user.voicemail:
            return _refuse(f"{user.extension} has no voicemail.", situation)
        situation.trace.fired(STAGE, f"{user.extension} hears his messages.")
        return Voicemail(user.domain, user.extension, login=True)
    read = READ.get(code) if code else None
    if read is None:
        return _refuse("This code is for calls that somebody is sent on with.", situation)
    found = read(asked)
    if isinstance(found, Nothing):
        if found.refused:
            return _refuse(found.why, situation)
        situation.trace.fired(STAGE, found.why)
        return _heard(Tone.OFF, situation.settings)
    situation.trace.fired(STAGE, f"To be changed: {words(user.extension, found)}")
    return Perform(user.domain, user.extension, found)


def confirm(last: Attempt, settings: Settings | None, trace: Trace) -> Action:
    """What somebody hears once his change is made, or refused."""
    if not isinstance(last.action, Perform) or last.outcome.refused:
        trace.fired(STAGE, f"Refused, and nothing is changed: {last.outcome.refused}")
        return _heard(Tone.REFUSED, settings)
    trace.fired(STAGE, "It is done.")
    return _heard(Tone.ON if last.action.feature.on else Tone.OFF, settings)


def words(extension: str, feature: Feature) -> str:
    """What is to be changed, in a sentence."""
    match feature:
        case SetStatus(status=status, hours=hours):
            how_long = "" if hours is None else f" for {_counted(hours, 'hour')}"
            return f"{extension} is {status.value}{how_long}."
        case SetBusyOnBusy(calls=0):
            return f"{extension} is not busy on busy."
        case SetBusyOnBusy(calls=calls):
            return f"{extension} is busy from {_counted(calls, 'call')} on."
        case SetForward(origins=origins, target=target):
            return f"{extension} forwards {_calls(origins)} to {target}."
        case SwitchForward(origins=origins, on=on):
            return f"{extension} switches the forward of {_calls(origins)} {_switched(on)}."
        case SetConditional(condition=condition, target=target):
            return f"{extension} forwards calls {_WHEN[condition]} to {target}."
        case SwitchConditional(condition=condition, origins=origins, on=on):
            which = f"{_calls(origins)} {_WHEN[condition]}"
            return f"{extension} switches the forward of {which} {_switched(on)}."
        case SetDeviceDnd(device=device, on=on):
            return f"Do not disturb of {device} is {_switched(on)}."
        case SetFollowMe(device=device, on=on):
            return f"{device} rings along." if on else f"{device} does not ring along."
        case LogTeam(team=team, on=on):
            return f"{extension} logs {_logged(on)} team {team}."
        case LogAssistant(executive=boss, on=on):
            return f"{extension} logs {_logged(on)} the pool of {boss}."
        case SetDivert(executive=boss, target=None):
            return f"{extension} diverts no calls of {boss}."
        case SetDivert(executive=boss, target=target):
            return f"{extension} diverts the calls of {boss} to {target}."
        case LogWorkplace(place=None):
            return f"{extension} logs out of his workplace."
        case LogWorkplace(place=place):
            return f"{extension} logs in at {place}."
        case SwitchFilter(executive=boss, on=on):
            return f"{extension} switches the filter of {boss} {_switched(on)}."


_WHEN = {
    Forward.ALWAYS: "at once",
    Forward.BUSY: "when he is busy",
    Forward.NO_ANSWER: "when nobody answers",
    Forward.UNREGISTERED: "when no phone of his is registered",
}


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _calls(origins: tuple[Origin, ...]) -> str:
    return f"{origins[0].value} calls" if len(origins) == 1 else "all calls"


def _switched(on: bool) -> str:
    return "on" if on else "off"


def _logged(on: bool) -> str:
    return "in to" if on else "out of"


def _refuse(why: str, situation: Situation) -> Confirm:
    situation.trace.fired(STAGE, f"Refused, and nothing is changed: {why}")
    return _heard(Tone.REFUSED, situation.settings)


def _heard(tone: Tone, settings: Settings | None) -> Confirm:
    return Confirm(tone, settings.code_sounds.get(tone, "") if settings else "")
