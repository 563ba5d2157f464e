"""The bytes of event socket commands.

FreeSWITCH reads a header block byte by byte, and searches the whole of it for its own commands:
a block with the words ``unload`` and ``mod_event_socket`` in it is read as the order to unload the
event socket, wherever in it they stand. So an application's argument goes into the body, always;
the few words that must stand in a header block are allow-listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from esl_router.errors import Untrusted
from esl_router.esl import untrusted

MAX_SET: Final = 256
"""How many variables one ``multiset`` takes."""

_APP = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CAUSE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_EVENT = re.compile(r"[A-Z][A-Z_]{0,63}")
_SUBCLASS = re.compile(r"[A-Za-z0-9_]+(?:::[A-Za-z0-9_-]+)?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")
# multiset expands ${…} on its own, and splits, unquotes and unescapes: none of that may matter.
_STATIC = re.compile(r"[A-Za-z0-9_.:@/+=,-]{0,512}")
_WORD = re.compile(r"[!#-&(-\[\]-~]+")
_DESTINATION = re.compile(r"\+?[0-9*#]{1,40}")
_LINE = re.compile(r"[ -~]+")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def _fit(pattern: re.Pattern[str], what: str, text: str) -> str:
    if pattern.fullmatch(text) is None:
        raise Untrusted(f"not {what}: {untrusted.log(text, 60)}")
    return text


def _line(what: str, text: str) -> bytes:
    """``text`` as part of a header line: printable ASCII that triggers nothing else."""
    lower = _fit(_LINE, what, text).lower()
    if "mod_event_socket" in lower and "load" in lower:
        raise Untrusted(f"not {what}, the switch would unload its event socket: {text!r}")
    return text.encode("ascii")


def join(*commands: bytes) -> bytes:
    """Several commands for one write; the switch runs them strictly one after another."""
    return b"".join(commands)


def connect() -> bytes:
    """Take the call. The reply is a snapshot of it; sent again later, a fresh one."""
    return b"connect\n\n"


def exit() -> bytes:
    """Close the socket. In sync mode the dialplan goes on."""
    return b"exit\n\n"


def auth(password: str) -> bytes:
    """Log in on an event link."""
    return b"auth %b\n\n" % _line("a password", password)


def execute(app: str, arg: str | None = None) -> bytes:
    """Run a dialplan application; in sync mode its reply comes when it has ended.

    ``arg`` may hold anything but a NUL. It is expanded by the switch unless the channel has
    ``app_disable_expand_variables``.
    """
    head = b"sendmsg\ncall-command: execute\nexecute-app-name: %b\n" % (
        _fit(_APP, "an application", app).encode("ascii")
    )
    if not arg:
        return head + b"\n"
    if "\0" in arg:
        raise Untrusted(f"an argument of {app} with a NUL")
    body = arg.encode("utf-8", "replace")
    return b"%bcontent-type: text/plain\ncontent-length: %d\n\n%b" % (head, len(body), body)


def hangup(cause: str = "NORMAL_CLEARING") -> bytes:
    """End the call with one of FreeSWITCH's hangup causes."""
    name = _fit(_CAUSE, "a hangup cause", cause).encode("ascii")
    return b"sendmsg\ncall-command: hangup\nhangup-cause: %b\n\n" % name


def set_many(values: Mapping[str, str]) -> bytes:
    """Set static variables on the call's own channel in one message; "" unsets one.

    Only for values that are known to be plain: no spaces, quotes, ``;`` or ``$``.
    """
    if not 0 < len(values) <= MAX_SET:
        raise Untrusted(f"{len(values)} variables in one message, not 1 to {MAX_SET}")
    return execute("multiset", "^^;" + ";".join(map(_assignment, values, values.values())))


# Every call sets the same ones, most of them to the same values.
@lru_cache(maxsize=1024)
def _assignment(name: str, value: str) -> str:
    return f"{_fit(_VARIABLE, 'a variable', name)}={_fit(_STATIC, f'a value of {name}', value)}"


def export(name: str, value: str) -> bytes:
    """Set a variable on the legs that the next ``bridge`` makes, and not on the call's own.

    The value passes no dial string, so it may be any one line. The channel must have
    ``app_disable_expand_variables``: export's argument is expanded otherwise.
    """
    if not value.isprintable() or "${" in value or value.startswith("ARRAY::"):
        raise Untrusted(f"not a value of {name}: {untrusted.log(value, 60)}")
    return execute("export", f"nolocal:{_fit(_VARIABLE, 'a variable', name)}={value}")


def set_caller_name(name: str) -> bytes:
    """Give the call another caller's name than the caller gave. The channel must have
    ``app_disable_expand_variables``: the argument is expanded otherwise."""
    if not name.isprintable() or "${" in name:
        raise Untrusted(f"not a caller's name: {untrusted.log(name, 60)}")
    return execute("set_profile_var", f"caller_id_name={name}")


def api(command: str) -> bytes:
    """Run an API command on an event link; the reply's body is its output."""
    return b"api %b\n\n" % _line("an API command", command)


def originate(dial: str, destination: str, context: str, *, name: str, number: str) -> bytes:
    """Ring a phone and, when it answers, send it to ``destination`` in a dialplan context.

    ``dial`` is a dial string of :mod:`esl_router.esl.dialstring`; ``name`` and ``number`` are what
    the phone shows. The reply comes when it has answered (``+OK`` and its uuid) or not (``-ERR``
    and the cause).
    """
    # The switch splits at blanks that no quote encloses, and takes &word for an application.
    for what, text in (("a dial string", dial), ("a context", context)):
        _fit(_WORD, what, text)
    words = [
        dial,
        _fit(_DESTINATION, "a destination", destination),
        "XML",
        context,
        f"'{untrusted.plain_name(name) or number}'",
        _fit(_DESTINATION, "a number", number),
    ]
    line = " ".join(words)
    lower = line.lower()
    if "mod_event_socket" in lower and "load" in lower:
        raise Untrusted("an order by which the switch would unload its event socket")
    return b"api originate %b\n\n" % line.encode("utf-8")


def bgapi(command: str, job: str | None = None) -> bytes:
    """Run an API command in the background; a BACKGROUND_JOB event with ``job`` has its output."""
    head = b"bgapi %b\n" % _line("an API command", command)
    if job is None:
        return head + b"\n"
    return b"%bJob-UUID: %b\n\n" % (head, untrusted.uuid(job).encode("ascii"))


def event(*names: str, custom: Iterable[str] = ()) -> bytes:
    """Subscribe to events by name, and to the subclasses ``custom`` of CUSTOM."""
    words = [_fit(_EVENT, "an event", name) for name in names]
    subclasses = [_fit(_SUBCLASS, "an event subclass", name) for name in custom]
    if subclasses:
        words += ["CUSTOM", *subclasses]
    if not words:
        raise Untrusted("a subscription without an event")
    return b"event plain %b\n\n" % " ".join(words).encode("ascii")


def send_event(name: str, headers: Mapping[str, str]) -> bytes:
    """Raise an event on the switch, as if one of its own modules did."""
    lines = [b"sendevent %b\n" % _fit(_EVENT, "an event", name).encode("ascii")]
    for header, value in headers.items():
        found = _fit(_HEADER, "a header", header).encode("ascii")
        lines.append(b"%b: %b\n" % (found, _line(f"a value of {header}", value)))
    return b"".join(lines) + b"\n"
