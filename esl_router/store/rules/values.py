"""Single values of the rules: what each may be, and its one normal form.

Every function takes the value as written and returns it in the form the store keeps; it raises
ValueError with a sentence that follows "path: ". The rules file and the command line share them.
"""

from __future__ import annotations

import hashlib
import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import phonenumbers

from esl_router.model import numbers
from esl_router.model.schedule import has_holidays

Value = Callable[[Any, str], Any]
"""(value as written, ISO 3166 code of the country that reads national numbers) -> normal form"""

_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DEVICE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PLACE = re.compile(r"[\w][\w .-]{0,63}")
_PLACE_NUMBER = re.compile(r"[0-9]{1,8}")
_PUSH_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_WEB = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,253}(?:[/?][!-~]{0,1000})?")
_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
# The words are those that change how FreeSWITCH reads a dial string, wherever in it they stand.
_ALERT_INFO = re.compile(
    r"(?!.*(?::_:|::|origination_nested_vars))[A-Za-z0-9_.:;=+@<>/%#?&-]{1,200}", re.IGNORECASE
)
_PIN = re.compile(r"[0-9]{6,12}")
_PIN_KEPT = re.compile(r"scrypt\$[0-9a-f]{32}\$[0-9a-f]{64}")
_RUNS = "01234567890123456789"
_CODE = re.compile(r"[*#][0-9*]{1,9}")
_LDAP_URL = re.compile(r"ldaps?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?/?")
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_SOUND = re.compile(r"[A-Za-z0-9_./-]{1,200}")
_TRUNK = re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_./:@;=+~-]*")
_LOGIN = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,99}|file:.{1,500}")
_MAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9.-]{1,190}")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORDS = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}

STATUSES = ("available", "away", "dnd", "lunch", "business_trip", "meeting")
E164_EXAMPLE = "a number is written like +493012345101, or as dialled in the country of settings"


def text(value: Any, country: str) -> str:
    """A name shown to people: one line of up to 80 characters."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {said(value)}")
    line = value.strip()
    if not line or len(line) > 80 or not line.isprintable():
        raise ValueError("must be one line of 1 to 80 characters")
    return line


def prefix(value: Any, country: str) -> str:
    """What is put before a caller's name: up to 40 characters, blanks at its end kept."""
    if not isinstance(value, str):
        raise ValueError(f"must be text in quotes, not {said(value)}")
    if len(value) > 40 or not value.isprintable():
        raise ValueError("must be one line of up to 40 characters")
    return value


def boolean(value: Any, country: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    raise ValueError(f"must be true or false, not {said(value)}")


def whole(least: int, most: int, unit: str = "") -> Value:
    """Whole numbers from ``least`` to ``most``."""

    def check(value: Any, country: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            of_unit = unit and f" of {unit}"
            raise ValueError(f"must be a whole number{of_unit}, not {said(value)}")
        if not least <= value <= most:
            raise ValueError(f"must be {least} to {most} {unit}".rstrip() + f", not {value}")
        return value

    return check


def choice(*words: str) -> Value:
    """One of ``words``."""

    def check(value: Any, country: str) -> str:
        if value not in words or not isinstance(value, str):
            raise ValueError(f"must be {one_of(words)}, not {said(value)}")
        return value

    return check


def optional(check: Value) -> Value:
    """``null``, or what ``check`` accepts."""
    return lambda value, country: None if value is None else check(value, country)


def number(value: Any, country: str) -> str:
    """A telephone number, as E.164."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be a number in quotes, not {said(value)}")
    found = numbers.e164(value, country)
    if found is None:
        raise ValueError(f"{value!r} is no telephone number: {E164_EXAMPLE}")
    return found


def pattern(value: Any, country: str) -> str:
    """A number, an extension, or either with ``?`` for a digit and ``*`` for any rest."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not numbers.is_pattern(value):
        raise ValueError(
            f"{said(value)} is no number pattern: digits, ? for one digit, * for any rest (+4930*)"
        )
    if "*" in value or "?" in value or numbers.is_extension(value):
        if value.startswith("0"):
            raise ValueError(f"{value!r} begins with 0: write it with its country (+49…)")
        return value
    return number(value, country)


def extension(value: Any, country: str) -> str:
    """An extension: 2 to 8 digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not numbers.is_extension(value):
        raise ValueError(f"{said(value)} is no extension: 2 to 8 digits, in quotes")
    return value


def device_name(value: Any, country: str) -> str:
    """A device's name: also the SIP account."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _DEVICE.fullmatch(value):
        raise ValueError(
            f"{said(value)} is no device name: 1 to 64 letters, digits, dots, hyphens, underscores"
        )
    return value


def place_name(value: Any, country: str) -> str:
    """The name of a workplace or a schedule."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _PLACE.fullmatch(value):
        raise ValueError(f"{said(value)} is no name: 1 to 64 letters, digits, spaces and ._-")
    return value


def place_number(value: Any, country: str) -> str:
    """The number of a workplace: what is dialled behind the code of a login."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or _PLACE_NUMBER.fullmatch(value) is None:
        raise ValueError(f"must be 1 to 8 digits in quotes, not {said(value)}")
    return value


def push_name(value: Any, country: str) -> str:
    """The name of something that wakes an app: ``token``."""
    if not isinstance(value, str) or _PUSH_NAME.fullmatch(value) is None:
        raise ValueError("must be letters, digits and _, at most 32")
    return value


def push_value(value: Any, country: str) -> str:
    """What wakes an app, as the service that does so gave it."""
    if not isinstance(value, str) or not 0 < len(value) <= 4096 or not value.isprintable():
        raise ValueError(f"must be one line of up to 4096 characters in quotes, not {said(value)}")
    return value


def argument(value: Any, country: str) -> str:
    """The name of a program, or one of its arguments."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value or len(value) > 4096 or "\0" in value:
        raise ValueError(f"must be text of up to 4096 characters, not {said(value)}")
    return value


def web_address(value: Any, country: str) -> str:
    """Where a POST goes to."""
    if not isinstance(value, str) or _WEB.fullmatch(value) is None:
        raise ValueError(f"must be an address like https://hook.example/told, not {said(value)}")
    return value


def password(value: Any, country: str) -> str:
    """A SIP password: what digest authentication treats the same everywhere."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {said(value)}")
    if not 1 <= len(value) <= 128 or not all("!" <= char <= "~" for char in value):
        raise ValueError("must be 1 to 128 ASCII characters without spaces")
    return value


def pin(value: Any, country: str) -> str:
    """A PIN: 6 to 12 digits that nobody tries first; or what the store keeps of one."""
    if isinstance(value, str) and _PIN_KEPT.fullmatch(value):
        return value
    if not isinstance(value, str) or not _PIN.fullmatch(value):
        raise ValueError("must be a PIN of 6 to 12 digits, in quotes")
    if value in _RUNS or value[::-1] in _RUNS or len(set(value)) == 1:
        raise ValueError("is a PIN that anybody would try first: take another one")
    return value


def pin_kept(pin: str, salt: bytes) -> str:
    """What is kept of a PIN. Slow on purpose: about 25 ms."""
    found = hashlib.scrypt(pin.encode(), salt=salt, n=2**13, r=8, p=1, dklen=32)
    return f"scrypt${salt.hex()}${found.hex()}"


def domain(value: Any, country: str) -> str:
    """A SIP domain: a host name or an IPv4 address, in lower case."""
    if not isinstance(value, str):
        raise ValueError(f"must be a host name like pbx.example.com, not {said(value)}")
    name = value.lower()
    labels = name.split(".")
    if len(name) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{value!r} is no host name (pbx.example.com)")
    return name


def country_code(value: Any, country: str) -> str:
    if not isinstance(value, str) or value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{said(value)} is no country code (ISO 3166, like DE)")
    return value


def timezone(value: Any, country: str) -> str:
    """A zone of the tz database."""
    try:
        if not isinstance(value, str) or not value:
            raise ValueError
        zoneinfo.ZoneInfo(value)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError(f"{said(value)} is no time zone (Europe/Berlin)") from None
    return value


def trunk(value: Any, country: str) -> str:
    """A dial string template: nothing in it may end, split or expand a dial string."""
    if not isinstance(value, str) or value.count("{number}") != 1:
        raise ValueError("must contain {number} once (sofia/gateway/trunk/{number})")
    rest = value.replace("{number}", "")
    if not _TRUNK.fullmatch(rest) or ":_:" in rest:
        raise ValueError(
            f"{value!r} is no dial string template: beside {{number}} only letters, digits and "
            "_./:@;=+~- may stand in it (sofia/gateway/trunk/{number})"
        )
    return value


def caller_id(value: Any, country: str) -> str:
    """The number shown on legs through the trunk."""
    if value in ("caller", "user"):
        return str(value)
    if isinstance(value, str) and value.startswith("fixed:"):
        return "fixed:" + number(value.removeprefix("fixed:"), country)
    raise ValueError(f"must be caller, user or fixed:+49…, not {said(value)}")


def alert_info(value: Any, country: str) -> str:
    """An Alert-Info header: nothing in it may end, split or expand a dial string."""
    if not isinstance(value, str) or not _ALERT_INFO.fullmatch(value):
        raise ValueError(
            f"{said(value)} is no Alert-Info header: 1 to 200 letters, digits and "
            "_.:;=+@<>/%#?&- without blanks (<http://localhost>;info=silent)"
        )
    return value


def code(value: Any, country: str) -> str:
    """A feature code: no extension looks like it."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError(
            f"{said(value)} is no feature code: * or #, then 1 to 9 digits or stars, in quotes"
        )
    return value


def line(most: int) -> Value:
    """One line of text."""

    def check(value: Any, country: str) -> str:
        if not isinstance(value, str):
            raise ValueError(f"must be text in quotes, not {said(value)}")
        if not 0 < len(value) <= most or not value.isprintable():
            raise ValueError(f"must be one line of 1 to {most} characters")
        return value

    return check


def ldap_url(value: Any, country: str) -> str:
    """Where a directory server is."""
    if not isinstance(value, str) or not _LDAP_URL.fullmatch(value):
        raise ValueError(f"{said(value)} is no LDAP server (ldaps://ldap.example.org)")
    return value


def ldap_filter(value: Any, country: str) -> str:
    """Which entries of a directory count."""
    found = line(1000)(value, country)
    if not (found.startswith("(") and found.endswith(")") and found.count("(") == found.count(")")):
        raise ValueError(f"{value!r} is no LDAP filter ((telephoneNumber=*))")
    return str(found)


def ldap_attribute(value: Any, country: str) -> str:
    """The name of an attribute in a directory."""
    if not isinstance(value, str) or not _ATTRIBUTE.fullmatch(value):
        raise ValueError(f"{said(value)} is no LDAP attribute (telephoneNumber)")
    return value


def toll_prefix(value: Any, country: str) -> str:
    if not isinstance(value, str) or not _PREFIX.fullmatch(value):
        raise ValueError(f'{said(value)} is no prefix: + and digits, in quotes ("+49900")')
    return value


def time_of_day(last: str) -> Value:
    """A wall-clock time up to ``last``, as ``HH:MM``."""

    def check(value: Any, country: str) -> str:
        found = _TIME.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f'{said(value)} is no time of day ("08:00")')
        time = f"{int(found[1]):02}:{found[2]}"
        if time > last or found[2] > "59":
            raise ValueError(f"{value!r} is no time of day: 00:00 to {last}")
        return time

    return check


def days(value: Any, country: str) -> str:
    """Days of the week: ``mon-fri``, ``sat``, ``mon,wed-thu``."""
    words = value if isinstance(value, list) else str(value).split(",")
    parts = [str(word).strip().lower() for word in words]
    for part in parts:
        ends = part.split("-")
        if len(ends) > 2 or not all(end in _DAYS for end in ends):
            raise ValueError(f"{said(value)} are no days: mon-fri, sat or mon,wed,fri")
    return ",".join(parts)


def day(value: Any, country: str) -> str:
    """A date, as ``YYYY-MM-DD``."""
    try:
        if not isinstance(value, str):
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError(f'{said(value)} is no date ("2026-12-24")') from None


def region(value: Any, country: str) -> str:
    """A country, or a part of it, whose public holidays are known and count (ISO 3166-2)."""
    if not isinstance(value, str) or not _REGION.fullmatch(value) or not has_holidays(value):
        raise ValueError(f"{said(value)} is no region for holidays (DE, DE-BE)")
    return value


def instant(value: Any, country: str) -> int:
    """An instant with its zone, as seconds since the epoch."""
    example = '"2026-12-24T15:00:00+01:00"'
    try:
        if not isinstance(value, str):
            raise ValueError
        found = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{said(value)} is no instant ({example})") from None
    if found.tzinfo is None:
        raise ValueError(f"{value!r} names no zone ({example})")
    return int(found.timestamp())


def instant_text(value: int | None) -> str | None:
    """An instant as the rules file writes it."""
    if value is None:
        return None
    return datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")


def calendar_source(value: Any, country: str) -> str:
    """Where a calendar is: a file, an address of the web, or a collection of a CalDAV server.

    Never with a user and a password in it: rules are shown to more people than a password is.
    """
    known = "file:PATH, https://… or caldav:https://…"
    if not isinstance(value, str) or not value.isprintable() or len(value) > 1000:
        raise ValueError(f"{said(value)} is no calendar: {known}")
    if value.startswith("file:"):
        if not value.removeprefix("file:").strip("/"):
            raise ValueError(f"{value!r} names no file: {known}")
        return value
    try:
        parts = urlsplit(value.removeprefix("caldav:"))
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right or not value.isascii() or " " in value:
        raise ValueError(f"{said(value)} is no calendar: {known}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user and password: `login` names where they are")
    return value


def login(value: Any, country: str) -> str:
    """Where user and password of a calendar are: an environment variable, or a file."""
    if isinstance(value, str) and _LOGIN.fullmatch(value) and value.isprintable():
        return value
    raise ValueError(f"{said(value)} is no login: env:NAME or file:PATH, which holds user:password")


def mail_address(value: Any, country: str) -> str:
    """A mail address, in lower case."""
    if not isinstance(value, str) or not _MAIL.fullmatch(value):
        raise ValueError(f"{said(value)} is no mail address (anna@example.com)")
    return value.lower()


def or_none(check: Value) -> Value:
    """``null`` or the word ``none``, as None, or what ``check`` accepts."""
    return lambda value, country: None if value in (None, "none") else check(value, country)


def busy_on_busy(value: Any, country: str) -> int:
    """``false``, ``true`` or a number of calls, as that number; 0 is off."""
    if isinstance(value, int) and 0 <= value <= 100:
        return int(value)
    if isinstance(value, str) and value.lower() in _WORDS:
        return int(_WORDS[value.lower()])
    raise ValueError(f"must be false, true or a number of calls, not {said(value)}")


def team_busy_on_busy(value: Any, country: str) -> int | str:
    """As for a user, or ``auto``: as many calls as members are logged in."""
    if value == "auto":
        return "auto"
    try:
        return busy_on_busy(value, country)
    except ValueError:
        raise ValueError(
            f"must be false, true, auto or a number of calls, not {said(value)}"
        ) from None


def busy_on_busy_text(value: int | str) -> int | str | bool:
    """The busy-on-busy limit as the rules file writes it."""
    return bool(value) if value in (0, 1) else value


def queue_login(value: Any, country: str) -> str:
    """``true``, ``false`` or ``keep``."""
    if value == "keep":
        return "keep"
    try:
        return str(boolean(value, country)).lower()
    except ValueError:
        raise ValueError(f"must be true, false or keep, not {said(value)}") from None


def queue_login_text(value: str | None) -> str | bool | None:
    """A queue login as the rules file writes it."""
    return {"true": True, "false": False}.get(value or "", value)


def message(value: Any, country: str) -> str:
    """What a user says of his status: one line of up to 160 characters."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {said(value)}")
    line = value.strip()
    if not line or len(line) > 160 or not line.isprintable():
        raise ValueError("must be one line of 1 to 160 characters")
    return line


def alert_first(value: Any, country: str) -> int | str:
    """Seconds, or ``splash``."""
    if value == "splash":
        return "splash"
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 60:
        return value
    raise ValueError(f"must be 1 to 60 seconds or splash, not {said(value)}")


def sound(value: Any, country: str) -> str:
    """A sound file as FreeSWITCH names it: a path, in which nothing leads out of its folder."""
    if not isinstance(value, str) or not _SOUND.fullmatch(value) or ".." in value.split("/"):
        raise ValueError(
            f"{said(value)} is no sound file: 1 to 200 letters, digits and _./- without .. in it"
        )
    return value


def target(*words: str, sounds: bool = False) -> Value:
    """Where a call goes: one of ``words``, or an extension, a box or a number outside; with
    ``sounds`` an announcement too."""

    def check(value: Any, country: str) -> str:
        if value in words:
            return str(value)
        kind, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
        if kind == "external":
            return "external:" + number(rest, country)
        if kind in ("extension", "voicemail") and rest:
            return f"{kind}:{extension(rest, country)}"
        if kind == "announcement" and sounds:
            return f"announcement:{sound(rest, country)}"
        known = (*words, "voicemail:EXTENSION", "extension:EXTENSION", "external:+49…")
        known += ("announcement:SOUND",) if sounds else ()
        raise ValueError(f"{said(value)} is no target: {one_of(known)}")

    return check


def divert(value: Any, country: str) -> str:
    """Who takes an assistant's part: an extension, or a number outside as E.164."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    kind, colon, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    if kind == "extension" and colon:
        return extension(rest, country)
    if kind == "external" and colon:
        return number(rest, country)
    if colon:
        raise ValueError(f'{said(value)} is neither an extension ("1003") nor a number ("+49…")')
    if isinstance(value, str) and numbers.is_extension(value):
        return value
    return number(value, country)


def one_of(words: tuple[str, ...]) -> str:
    """``a, b or c``."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def said(value: Any) -> str:
    """A value as it stands in a message: short, and recognisable as what it is."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…" + shown[0]
