"""The layout of the rules file: which keys there are, what each may hold, what it is when absent.

:data:`RULES` reads the mapping of a YAML file into a *document*, a plain nested dict in which
every key is present and every value has its normal form, and writes a document back with
everything left out that is usual. The store, the difference and the command line know documents
alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from esl_router.model.codes import USUAL, Code, clashes
from esl_router.model.feature import Tone
from esl_router.model.labels import LABELS
from esl_router.model.people import Greetings, Hook, Settings
from esl_router.store.rules import values
from esl_router.store.rules.forms import (
    Key,
    Many,
    Maybe,
    Named,
    One,
    Place,
    Record,
    Switchable,
    usual,
)

Document = dict[str, Any]

# -- single values ----------------------------------------------------------------------------
_TEXT = One(values.text)
_BOOLEAN = One(values.boolean)
_NUMBERS = Many(One(values.number))
_PATTERNS = Many(One(values.pattern))
_EXTENSION = One(values.extension)
_ZONE = One(values.optional(values.timezone))
_STATUS = One(values.choice(*values.STATUSES))
_DELAY = One(values.whole(0, 600, "seconds"))
_SECONDS = One(values.whole(1, 600, "seconds"))
_MAYBE_SECONDS = One(values.optional(values.whole(1, 600, "seconds")))
_FORWARD_RING = One(values.optional(values.whole(1, 300, "seconds")))
_TO = One(values.target("voicemail", "busy", "ring", sounds=True))
_AT_ONCE = One(values.optional(values.target("voicemail", "busy", "ring", sounds=True)))
_AFTER_ALL = One(values.target("voicemail", "busy", sounds=True))
SOUND = One(values.optional(values.sound))
WITH_SOUNDS = (SOUND, _TO, _AT_ONCE, _AFTER_ALL)
"""What may name a sound file: by itself, or as ``announcement:SOUND``."""

_TEAM_TARGET = One(values.optional(values.target("busy")))
_ROLLOVER = One(values.optional(values.target("voicemail", "busy", "no_answer", "executive")))

# -- settings ---------------------------------------------------------------------------------
_PREFIXES = Many(One(values.toll_prefix))
_TOLL = Record({"allow": Key(_PREFIXES, []), "deny": Key(_PREFIXES, [])})
_ALERT_INFO = Record({"silent": Key(One(values.alert_info), Settings("").alert_silent)})


def _no_code_hides_another(found: dict[str, Any], written: Mapping[str, Any]) -> None:
    for name, other in clashes({Code(name): digits for name, digits in found.items()}):
        raise ValueError(f"{other} ({found[other]}) begins with {name} ({found[name]})")


CODES = Record(
    {code.value: Key(One(values.code), digits) for code, digits in USUAL.items()},
    _no_code_hides_another,
)
CODE_SOUNDS = Record({tone.value: Key(SOUND, None) for tone in Tone})
_REMOTE = Record({"number": Key(One(values.optional(values.number)), None)})


def _one_way(found: dict[str, Any], written: Mapping[str, Any]) -> None:
    if bool(found["command"]) == (found["url"] is not None):
        raise ValueError("needs a command or a url, and not both")


PUSH = Record(
    {
        "command": Key(Many(One(values.argument)), []),
        "url": Key(One(values.optional(values.web_address)), None),
        "wait": Key(One(values.whole(1, 60, "seconds")), Hook().wait),
        "timeout": Key(One(values.whole(1, 60, "seconds")), Hook().timeout),
    },
    _one_way,
)
NOTIFY = Record({name: key for name, key in PUSH.keys.items() if name != "wait"}, _one_way)


def _password_of_somebody(found: dict[str, Any], written: Mapping[str, Any]) -> None:
    if (found["bind_dn"] is None) != (found["password_file"] is None):
        raise ValueError("bind_dn and password_file belong together")


LDAP = Record(
    {
        "url": Key(One(values.ldap_url)),
        "base": Key(One(values.line(500))),
        "bind_dn": Key(One(values.optional(values.line(500))), None),
        "password_file": Key(One(values.optional(values.line(500))), None),
        "filter": Key(One(values.ldap_filter), "(telephoneNumber=*)"),
        "name": Key(One(values.ldap_attribute), "cn"),
        "numbers": Key(Many(One(values.ldap_attribute)), ["telephoneNumber", "mobile"]),
    },
    _password_of_somebody,
)
SETTINGS = Record(
    {
        "country": Key(One(values.country_code), "DE", kept=True),
        "timezone": Key(One(values.timezone), "Europe/Berlin", kept=True),
        "language": Key(One(values.choice(*LABELS)), "en"),
        "ring_cycle": Key(One(values.whole(1, 60, "seconds")), 5),
        "trunk": Key(One(values.trunk), "sofia/gateway/trunk/{number}", kept=True),
        "caller_id_out": Key(One(values.caller_id), "caller"),
        "toll": Key(_TOLL, usual(_TOLL)),
        "max_redirects": Key(One(values.whole(0, 20)), 5),
        "max_parallel_forwards": Key(One(values.optional(values.whole(1, 1000))), None),
        "forward_ring": Key(_FORWARD_RING, None),
        "dnd_over_cfu": Key(_BOOLEAN, False),
        "live_changes": Key(One(values.choice("ring_on", "redecide")), "ring_on"),
        "alert_info": Key(_ALERT_INFO, usual(_ALERT_INFO)),
        "codes": Key(CODES, usual(CODES)),
        "code_sounds": Key(CODE_SOUNDS, usual(CODE_SOUNDS)),
        "remote": Key(_REMOTE, usual(_REMOTE)),
        "push": Key(Maybe(PUSH), None),
        "notify": Key(Maybe(NOTIFY), None),
        "ldap": Key(Maybe(LDAP), None),
    }
)


# -- schedules, contacts ----------------------------------------------------------------------
def _not_empty(found: dict[str, Any], written: Mapping[str, Any]) -> None:
    if found["from"] == found["to"]:
        raise ValueError(f"is empty: from {found['from']} to {found['to']}")


_HOURS = Record(
    {
        "days": Key(One(values.days)),
        "from": Key(One(values.time_of_day("23:59"))),
        "to": Key(One(values.time_of_day("24:00"))),
    },
    _not_empty,
)
SCHEDULE = Record(
    {
        "timezone": Key(_ZONE, None),
        "open": Key(Many(_HOURS), []),
        "closed": Key(Many(One(values.day)), []),
        "holidays": Key(One(values.optional(values.region)), None),
    }
)
CONTACT = Record({"name": Key(_TEXT), "numbers": Key(_NUMBERS)})


# -- devices ----------------------------------------------------------------------------------
_OF_KIND = {
    "sip": ("password", "redirect"),
    "app": ("password", "redirect", "push"),
    "external": ("number", "confirm", "location"),
}


def _fits_kind(found: dict[str, Any], written: Mapping[str, Any]) -> None:
    kind = found["kind"]
    for other, keys in _OF_KIND.items():
        for key in keys:
            if key not in _OF_KIND[kind] and written.get(key) is not None:
                raise ValueError(f"{key} is for devices of kind {other}, this one is {kind}")
    need = _OF_KIND[kind][0]
    if found[need] is None:
        raise ValueError(f"a device of kind {kind} needs a {need}")


DEVICE = Record(
    {
        "kind": Key(One(values.choice("sip", "external", "app"))),
        "password": Key(One(values.optional(values.password)), None),
        "number": Key(One(values.optional(values.number)), None),
        "confirm": Key(_BOOLEAN, True),
        "location": Key(One(values.choice("mobile", "other")), "other"),
        "dnd": Key(_BOOLEAN, False),
        "redirect": Key(_BOOLEAN, False),
        "push": Key(Named(values.push_name, One(values.push_value)), {}),
    },
    _fits_kind,
)
DEVICES = Named(values.device_name, DEVICE)
USUAL_RING = 30
"""Seconds a device rings whose row does not say how long."""

ROW = Record(
    {
        "enabled": Key(_BOOLEAN, True),
        "delay": Key(_DELAY, 0),
        "ring": Key(_SECONDS, USUAL_RING),
        "skip_if_busy": Key(_BOOLEAN, False),
    }
)
# For calls of a team it matters whether a ring time was given: it then wins over the team's.
ORIGINS = ("internal", "external", "team")
_TEAM_ROW = Record({**ROW.keys, "ring": Key(_MAYBE_SECONDS, None)})
ROWS = {origin: _TEAM_ROW if origin == "team" else ROW for origin in ORIGINS}
USUAL_ROWS = {origin: usual(row) for origin, row in ROWS.items()}
FOLLOW_ME = Record(
    {
        "user_configurable": Key(_BOOLEAN, False),
        **{origin: Key(ROWS[origin], USUAL_ROWS[origin]) for origin in ORIGINS},
    }
)

# A place's phones are the administrator's, whoever sits there.
PLACE_FOLLOW_ME = Record({origin: Key(ROWS[origin], USUAL_ROWS[origin]) for origin in ORIGINS})
WORKPLACE = Record(
    {
        "number": Key(One(values.optional(values.place_number)), None),
        "devices": Key(DEVICES, {}),
        "follow_me": Key(Named(values.device_name, PLACE_FOLLOW_ME), {}),
    }
)

# -- presence ---------------------------------------------------------------------------------
CONDITIONS = ("always", "no_answer", "busy", "unregistered")
_OF_ORIGIN = Record(
    {
        "no_answer_after": Key(_MAYBE_SECONDS, None),
        **{
            name: Key(Switchable(_TO if name == "always" else _AFTER_ALL), None)
            for name in CONDITIONS
        },
    }
)
PROFILE = Record(
    {
        "no_answer_after": Key(_MAYBE_SECONDS, None),
        "queue_login": Key(One(values.optional(values.queue_login), values.queue_login_text), None),
        "ring_group_calls": Key(One(values.optional(values.boolean)), None),
        "push": Key(_BOOLEAN, True),
        "alert_first": Key(One(values.optional(values.alert_first)), None),
        "announce": Key(SOUND, None),
        "internal": Key(_OF_ORIGIN, usual(_OF_ORIGIN)),
        "external": Key(_OF_ORIGIN, usual(_OF_ORIGIN)),
    }
)
_OUTSIDE_HOURS = Record(
    {
        "schedule": Key(_TEXT),
        "status": Key(_STATUS, "away", kept=True),
        "forward": Key(_AT_ONCE, None),
    }
)
PRESENCE = Record(
    {
        "status": Key(_STATUS, "available"),
        "message": Key(One(values.optional(values.message)), None),
        "until": Key(One(values.optional(values.instant), values.instant_text), None),
        "afterwards": Key(_STATUS, "available"),
        "revert": Key(One(values.choice("available", "previous")), "available"),
        "outside_hours": Key(Maybe(_OUTSIDE_HOURS), None),
        "profiles": Key(Named(values.choice(*values.STATUSES), PROFILE), {}),
    }
)

# -- users ------------------------------------------------------------------------------------
CALL_ORIGINS = ("internal", "external")
"""Whose calls a user forwards; a team's calls have no forward."""

_EVERY_CALL = Record(
    {
        "to": Key(_TO),
        "enabled": Key(_BOOLEAN, True, kept=True),
        "ring_splash": Key(_BOOLEAN, False),
        "announce": Key(SOUND, None),
    }
)
_FORWARD = Record({origin: Key(Maybe(_EVERY_CALL), None) for origin in CALL_ORIGINS})
_CALLERS = Record(
    {
        "numbers": Key(_PATTERNS),
        "action": Key(One(values.choice("ring", "block"))),
        "schedule": Key(One(values.optional(values.place_name)), None),
    }
)
_MINUTES = One(values.whole(0, 120, "minutes"))
CALENDAR = Record(
    {
        "source": Key(One(values.calendar_source)),
        "login": Key(One(values.optional(values.login)), None),
        "address": Key(One(values.optional(values.mail_address)), None),
        "status": Key(One(values.or_none(values.choice(*values.STATUSES))), "meeting"),
        "forward": Key(_AT_ONCE, None),
        "all_day": Key(One(values.choice("ignore", "free", "busy")), "ignore"),
        "tentative": Key(One(values.choice("free", "busy")), "free"),
        "merge_gap": Key(_MINUTES, 5),
        "padding": Key(_MINUTES, 0),
    }
)
MESSENGER = Record(
    {"status": Key(_BOOLEAN, True, kept=True), "forward": Key(_AT_ONCE, None, kept=True)}
)


class _Pin:
    """A PIN, of which a hash is kept. Its salt comes from where it stands: the same file read twice
    is the same."""

    def read(self, value: Any, place: Place) -> str | None:
        if value is None:
            return None
        found = values.pin(value, place.country)
        if not found.isdigit():
            return found
        return values.pin_kept(found, hashlib.sha256(place.path.encode()).digest()[:16])

    def write(self, value: Any) -> Any:
        return value


USER = Record(
    {
        "name": Key(_TEXT),
        "numbers": Key(_NUMBERS, []),
        "fax_numbers": Key(_NUMBERS, []),
        "timezone": Key(_ZONE, None),
        "voicemail": Key(_BOOLEAN, True, kept=True),
        "voicemail_greeting": Key(One(values.choice(*Greetings)), Greetings.STANDARD.value),
        "busy_on_busy": Key(One(values.busy_on_busy, values.busy_on_busy_text), 0),
        "bob_cancel_pending": Key(_BOOLEAN, False),
        "bob_count_outgoing_early": Key(_BOOLEAN, False),
        "decline": Key(One(values.choice("auto", "device", "user")), "auto"),
        "workplace": Key(One(values.optional(values.place_name)), None),
        "pin": Key(_Pin(), None),
        "devices": Key(DEVICES, {}),
        "controlled_device": Key(One(values.optional(values.device_name)), None),
        "auto_answer": Key(_BOOLEAN, False),
        "follow_me": Key(Named(values.device_name, FOLLOW_ME), {}),
        "presence": Key(PRESENCE, usual(PRESENCE)),
        "forward": Key(_FORWARD, usual(_FORWARD)),
        "forward_ring": Key(_FORWARD_RING, None),
        "callers": Key(Many(_CALLERS), []),
        "calendar": Key(Maybe(CALENDAR), None),
        "messenger": Key(Maybe(MESSENGER), None),
    }
)

# -- teams ------------------------------------------------------------------------------------
MEMBER = Record(
    {"user": Key(_EXTENSION), "delay": Key(_DELAY, 0), "logged_in": Key(_BOOLEAN, True)}
)
OVERFLOWS = ("no_answer", "busy", "nobody")
_OVERFLOW = Record({name: Key(_TEAM_TARGET, None) for name in OVERFLOWS})
TEAM = Record(
    {
        "name": Key(_TEXT),
        "numbers": Key(_NUMBERS, []),
        "strategy": Key(
            One(values.choice("parallel", "sequential", "round_robin", "longest_idle")),
            "parallel",
            kept=True,
        ),
        "ring": Key(_SECONDS, 20),
        "max_wait": Key(One(values.whole(1, 86400, "seconds")), 60),
        "busy_on_busy": Key(One(values.team_busy_on_busy, values.busy_on_busy_text), 0),
        "skip_if_busy": Key(_BOOLEAN, True),
        "caller_prefix": Key(One(values.prefix), ""),
        "members": Key(Many(MEMBER), []),
        "overflow": Key(_OVERFLOW, usual(_OVERFLOW)),
    }
)

# -- executives -------------------------------------------------------------------------------
_SCHEDULE_NAME = One(values.optional(values.place_name))
_WHO = Record(
    {
        "origin": Key(One(values.optional(values.choice("internal", "external"))), None),
        "numbers": Key(_PATTERNS, []),
        "anonymous": Key(_BOOLEAN, False),
        "unavailable": Key(_BOOLEAN, False),
        "contact": Key(One(values.optional(values.text)), None),
    }
)
CRITERION = Record(
    {
        "name": Key(_TEXT),
        "active": Key(_BOOLEAN, True),
        "filter": Key(_BOOLEAN, True),
        "callers": Key(_WHO, usual(_WHO)),
        "dialled": Key(_PATTERNS, []),
        "schedule": Key(_SCHEDULE_NAME, None),
        "holidays": Key(_SCHEDULE_NAME, None),
    }
)
_RINGS = values.whole(1, 20)
ASSISTANT = Record(
    {
        "user": Key(_EXTENSION),
        "opted_in": Key(_BOOLEAN, True, kept=True),
        "divert": Key(One(values.optional(values.divert)), None),
        "rings": Key(One(values.optional(_RINGS)), None),
    }
)


def _custom_is_said(found: dict[str, Any], written: Mapping[str, Any]) -> None:
    for what in ("name", "number"):
        if found[f"caller_{what}"] == "custom" and found[f"custom_{what}"] is None:
            raise ValueError(f"caller_{what}: custom needs a custom_{what}")


_PARALLEL = Record({"mobile": Key(_BOOLEAN, False), "other": Key(_BOOLEAN, False)})
_ROLL = Record({"after": Key(_MAYBE_SECONDS, None), "action": Key(_ROLLOVER, None)})
EXECUTIVE = Record(
    {
        "enabled": Key(_BOOLEAN, True),
        "filter": Key(One(values.choice("all", "internal", "external", "custom")), "all"),
        "before_forwarding": Key(_BOOLEAN, True),
        "criteria": Key(Many(CRITERION), []),
        "assistants": Key(Many(ASSISTANT), []),
        "allow_opt_out": Key(_BOOLEAN, True),
        "alerting": Key(One(values.choice("simultaneous", "sequential")), "simultaneous"),
        "rings": Key(One(_RINGS), 3),
        "assistant_devices": Key(One(values.choice("followme", "primary")), "followme"),
        "executive_first": Key(_DELAY, 0),
        "alert_executive": Key(One(values.choice("none", "silent", "splash", "ring")), "none"),
        "parallel": Key(_PARALLEL, usual(_PARALLEL)),
        "caller_name": Key(
            One(
                values.choice(
                    "executive", "executive_caller", "caller_executive", "caller", "custom"
                )
            ),
            "executive_caller",
        ),
        "caller_number": Key(One(values.choice("executive", "caller", "custom")), "caller"),
        "custom_name": Key(One(values.optional(values.line(80))), None),
        "custom_number": Key(One(values.optional(values.divert)), None),
        "caller_prefix": Key(One(values.prefix), ""),
        "connected_line": Key(One(values.choice("device", "assistant", "executive")), "device"),
        "rollover": Key(_ROLL, usual(_ROLL)),
        "no_assistant": Key(One(values.choice("rollover", "executive")), "rollover"),
        "push_recall": Key(_SECONDS, 20),
        "push_ignores_bob": Key(_BOOLEAN, False),
        "push_follows_forward": Key(_BOOLEAN, False),
        "assistant_breaks_dnd": Key(_BOOLEAN, False),
        "assistant_respects_dnd": Key(_BOOLEAN, True),
    },
    _custom_is_said,
)

# -- the whole file ---------------------------------------------------------------------------
RULES = Record(
    {
        "domain": Key(One(values.domain)),
        "settings": Key(SETTINGS, usual(SETTINGS), kept=True),
        "statuses": Key(Named(values.choice(*values.STATUSES), _TEXT), {}),
        "schedules": Key(Named(values.place_name, SCHEDULE), {}),
        "contacts": Key(Many(CONTACT), []),
        "workplaces": Key(Named(values.place_name, WORKPLACE), {}),
        "users": Key(Named(values.extension, USER), {}),
        "teams": Key(Named(values.extension, TEAM), {}),
        "executives": Key(Named(values.extension, EXECUTIVE), {}),
    }
)
