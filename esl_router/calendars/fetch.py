"""Getting a calendar: out of a file, from a web server, from a CalDAV server (RFC 4791).

A server is asked whether anything has changed before it is asked for everything (ETag,
Last-Modified, the collection's tag). Sizes and waits are bounded. A password goes to the host it
was given for and to no other, whatever a redirection says.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import ssl
import stat
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from esl_router import __version__
from esl_router.errors import CalendarError

LARGEST = 10 * 1024 * 1024
"""Bytes that a calendar may have."""

WAIT = 10.0
"""Seconds that a server may be silent."""

_LONGEST_PAUSE = 86400.0
_AGENT = f"esl_router/{__version__}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source says."""

    texts: tuple[bytes, ...] | None
    """iCalendar objects; None: as the validator said, nothing has changed."""

    validator: str
    """What to ask with the next time; empty: it cannot say whether anything has changed."""


def fetch(
    source: str, login: str | None, validator: str, since: datetime, until: datetime
) -> Answer:
    """What is at ``source``, as the rules file names it.

    ``validator`` is that of the last answer, or empty to get everything. A CalDAV server is asked
    for the events between two instants, the others know no such thing. Raises CalendarError.
    """
    if source.startswith("file:"):
        return _file(source.removeprefix("file:"), validator)
    address = source.removeprefix("caldav:")
    server = _Server(address, None if login is None else credentials(login))
    if source.startswith("caldav:"):
        return _caldav(server, validator, since, until)
    return _web(server, validator)


def credentials(login: str) -> tuple[str, str]:
    """User and password from where ``login`` says: an environment variable, or a file's first
    line. Raises CalendarError."""
    kind, _, where = login.partition(":")
    if kind == "env":
        text = os.environ.get(where)
        if text is None:
            raise CalendarError(f"its login should be in {where}, which is not set")
    else:
        text = _read(where, 10_000, f"its login in {where}").decode("utf-8", "replace")
    user, colon, password = (text.splitlines() or [""])[0].partition(":")
    if not colon or not user or not password:
        raise CalendarError(f"its login in {where} is not of the form user:password")
    return user, password


# -- files ------------------------------------------------------------------------------------
def _file(path: str, validator: str) -> Answer:
    path = path.removeprefix("//")
    try:
        found = os.stat(path)
    except OSError as error:
        raise CalendarError(f"{path} cannot be read: {error.strerror}") from None
    now = f"{found.st_mtime_ns}-{found.st_size}-{found.st_ino}"
    if now == validator:
        return Answer(None, now)
    return Answer((_read(path, LARGEST, path),), now)


def _read(path: str, largest: int, what: str) -> bytes:
    try:
        # Without waiting for a writer, should it be a pipe.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise CalendarError(f"{what} is no file")
            text = file.read(largest + 1)
    except OSError as error:
        raise CalendarError(f"{what} cannot be read: {error.strerror}") from None
    if len(text) > largest:
        raise CalendarError(f"{what} is larger than {largest} bytes")
    return text


# -- the web ----------------------------------------------------------------------------------
class _Redirection(urllib.request.HTTPRedirectHandler):
    """Goes where a server says, on the web, and never from a safe connection to an open one."""

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any
    ) -> Any:
        target = urlsplit(newurl)
        problem = ""
        if target.scheme not in ("http", "https"):
            problem = "elsewhere than on the web"
        elif urlsplit(req.full_url).scheme == "https" and target.scheme == "http":
            problem = "to an address without encryption"
        if problem:
            fp.close()
            raise CalendarError(f"{req.host} sends us {problem}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _answered(answer: Callable[..., Any]) -> Callable[..., Any]:
    """A handler of the challenge of a server, which leaves nothing open behind it."""

    def handle(self: Any, req: Any, fp: Any, code: Any, msg: Any, headers: Any) -> Any:
        try:
            found = answer(self, req, fp, code, msg, headers)
        except BaseException:
            fp.close()
            raise
        if found is not None:
            fp.close()
        return found

    return handle


class _Basic(urllib.request.HTTPBasicAuthHandler):
    http_error_401 = _answered(urllib.request.HTTPBasicAuthHandler.http_error_401)


class _Digest(urllib.request.HTTPDigestAuthHandler):
    http_error_401 = _answered(urllib.request.HTTPDigestAuthHandler.http_error_401)


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: Any
    body: bytes


class _Server:
    """One address, and how to log in there."""

    def __init__(self, address: str, login: tuple[str, str] | None) -> None:
        self._address = address
        self.host = urlsplit(address).netloc
        self._opener = urllib.request.OpenerDirector()
        handlers: list[urllib.request.BaseHandler] = [
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            _Redirection(),
        ]
        if login is not None:
            passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
            passwords.add_password(None, address, *login)
            # It is told only to who asks for it, and asked again on each redirection.
            handlers.append(_Digest(passwords))
            handlers.append(_Basic(passwords))
        for handler in handlers:
            self._opener.add_handler(handler)

    def ask(
        self, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> _Reply:
        """One request; raises CalendarError for everything but success and *not modified*."""
        request = urllib.request.Request(
            self._address, body, {"User-Agent": _AGENT, **(headers or {})}, method=method
        )
        try:
            with self._opener.open(request, timeout=WAIT) as reply:
                return _Reply(reply.status, reply.headers, self._body(reply))
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 304:
                    return _Reply(304, error.headers, b"")
                raise self._refused(error) from None
        except CalendarError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CalendarError(f"{self.host} {_trouble(error)}", unreachable=True) from None

    def _body(self, reply: Any) -> bytes:
        text: bytes = reply.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise CalendarError(f"what {self.host} sends is larger than {LARGEST} bytes")
        return text

    def _refused(self, error: urllib.error.HTTPError) -> CalendarError:
        words = http.client.responses.get(error.code, "")
        hint = _HINTS.get(error.code, "")
        return CalendarError(
            f"{self.host} answers {error.code} {words}".rstrip() + hint,
            unreachable=error.code == 429 or error.code >= 500,
            retry_after=_pause(error.headers.get("Retry-After", "")),
        )


_HINTS = {
    401: ": user and password are missing or wrong (`login`)",
    403: ": that user may not read it",
    404: ": there is no calendar at this address",
    405: ": there is no CalDAV collection at this address",
    301: ": the calendar has moved, its new address is needed",
    308: ": the calendar has moved, its new address is needed",
}


def _trouble(error: Exception) -> str:
    """What is wrong with a connection, after the host."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"has a certificate that is not trusted: {cause.verify_message}"
    if isinstance(cause, TimeoutError):
        return f"says nothing for {WAIT:.0f} s"
    if isinstance(cause, OSError) and cause.strerror:
        return f"cannot be reached: {cause.strerror}"
    return "does not speak HTTP as it should"


def _pause(text: str) -> float:
    """The seconds that a Retry-After header asks for; 0 where it makes no sense."""
    try:
        if text.isascii() and text.isdigit():
            seconds = float(text[:9])
        else:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return min(max(seconds, 0.0), _LONGEST_PAUSE)


_CONDITIONS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}


def _web(server: _Server, validator: str) -> Answer:
    headers = {"Accept": "text/calendar"}
    if validator:
        headers |= json.loads(validator)
    reply = server.ask(headers=headers)
    if reply.status == 304:
        return Answer(None, validator)
    conditions = {
        condition: reply.headers[name]
        for name, condition in _CONDITIONS.items()
        if reply.headers.get(name)
    }
    return Answer((reply.body,), json.dumps(conditions) if conditions else "")


# -- CalDAV -----------------------------------------------------------------------------------
_DAV, _CAL, _CS = "DAV:", "urn:ietf:params:xml:ns:caldav", "http://calendarserver.org/ns/"

_TAGS = f"""<?xml version="1.0" encoding="utf-8"?>
<propfind xmlns="{_DAV}" xmlns:CS="{_CS}"><prop><CS:getctag/><sync-token/></prop></propfind>"""

_QUERY = f"""<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns="{_DAV}" xmlns:C="{_CAL}"><prop><C:calendar-data/></prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="%s" end="%s"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""


def _caldav(server: _Server, validator: str, since: datetime, until: datetime) -> Answer:
    tag = _tag(server)
    if tag and tag == validator:
        return Answer(None, tag)
    times = tuple(each.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") for each in (since, until))
    found = _multistatus(server, "REPORT", "1", _QUERY % times)
    texts = (each.text or "" for each in found.iter(f"{{{_CAL}}}calendar-data"))
    return Answer(tuple(text.strip().encode() for text in texts if text.strip()), tag)


def _tag(server: _Server) -> str:
    """What changes whenever anything in the collection does; empty: it has no such thing."""
    found = _multistatus(server, "PROPFIND", "0", _TAGS)
    tags = [found.findtext(f".//{{{space}}}{name}") for space, name in
            ((_CS, "getctag"), (_DAV, "sync-token"))]  # fmt: skip
    said = next((tag for tag in tags if tag), "")
    return hashlib.sha256(said.encode()).hexdigest() if said else ""


def _multistatus(server: _Server, method: str, depth: str, body: str) -> ElementTree.Element:
    headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": depth}
    reply = server.ask(method, headers, body.encode())
    try:
        if b"<!DOCTYPE" in reply.body:
            raise ValueError
        found = ElementTree.fromstring(reply.body)
    except (ElementTree.ParseError, ValueError):
        raise CalendarError(f"what {server.host} answers is no CalDAV") from None
    if found.tag != f"{{{_DAV}}}multistatus":
        raise CalendarError(f"what {server.host} answers is no CalDAV")
    return found


Fetch = Callable[[str, str | None, str, datetime, datetime], Answer]
"""As :func:`fetch`."""


def others_may_read(login: str) -> bool:
    """Whether a login stands in a file that is not its owner's alone."""
    kind, _, where = login.partition(":")
    try:
        return kind == "file" and bool(stat.S_IMODE(Path(where).stat().st_mode) & 0o077)
    except OSError:
        return False
