"""Contacts in an LDAP directory. It is read as a whole, now and then; no call waits for it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ldap3
import ldap3.core.results
from ldap3.core.exceptions import LDAPException

from esl_router.contacts.entries import Entry
from esl_router.errors import SourceError

CONNECT_TIMEOUT = 5
ANSWER_TIMEOUT = 30
"""Seconds."""

PAGE = 500

_CUT_OFF = (
    ldap3.core.results.RESULT_TIME_LIMIT_EXCEEDED,
    ldap3.core.results.RESULT_SIZE_LIMIT_EXCEEDED,
)


def read(settings: Mapping[str, Any]) -> Iterator[Entry]:
    """Every entry with a number, by ``settings.ldap`` of the rules file.

    SourceError when the server cannot be reached, refuses us or breaks off: what came until then
    is not the whole.
    """
    try:
        with _connection(settings) as connection:
            pages = connection.extend.standard.paged_search(
                settings["base"],
                settings["filter"],
                ldap3.SUBTREE,
                attributes=[settings["name"], *settings["numbers"]],
                paged_size=PAGE,
                generator=True,
            )
            for found in pages:
                if found["type"] == "searchResEntry":  # and not a referral elsewhere
                    yield _entry(found, settings)
            # ldap3 takes a search that a limit has ended for a complete one.
            if connection.result["result"] in _CUT_OFF:
                raise SourceError(
                    f"the directory {settings['url']}: it gives only so many entries, or so much "
                    "time; raise its limit for this user, or make settings.ldap.filter narrower"
                )
    except LDAPException as error:
        raise SourceError(f"the directory {settings['url']}: {_said(error)}") from error


def probe(settings: Mapping[str, Any]) -> None:
    """Log in and look at the base; raises as :func:`read` does."""
    try:
        with _connection(settings) as connection:
            connection.search(settings["base"], "(objectClass=*)", ldap3.BASE, size_limit=1)
    except LDAPException as error:
        raise SourceError(f"the directory {settings['url']}: {_said(error)}") from error


@contextmanager
def _connection(settings: Mapping[str, Any]) -> Iterator[ldap3.Connection]:
    """A connection that is logged in."""
    # ldap3 believes any certificate unless it is told not to.
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED)
    server = ldap3.Server(
        settings["url"], tls=tls, get_info=ldap3.NONE, connect_timeout=CONNECT_TIMEOUT
    )
    connection = ldap3.Connection(
        server,
        user=settings["bind_dn"],
        password=_password(settings["password_file"]),
        authentication=ldap3.SIMPLE if settings["bind_dn"] else ldap3.ANONYMOUS,
        read_only=True,
        raise_exceptions=True,
        receive_timeout=ANSWER_TIMEOUT,
    )
    try:
        connection.bind()
        yield connection
    finally:
        if connection.bound:
            connection.unbind()
        if connection.socket is not None:
            connection.socket.close()  # which ldap3 forgets where it could not connect


def _password(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "is no text"
        raise SourceError(f"the directory's password_file {path}: {what}") from error
    if not lines or not lines[0]:
        # A bind without a password succeeds as nobody, whatever the name.
        raise SourceError(f"the directory's password_file {path} is empty")
    return lines[0]


def _entry(found: Mapping[str, Any], settings: Mapping[str, Any]) -> Entry:
    attributes = found["attributes"]
    names = _texts(attributes.get(settings["name"]))
    numbers = [text for key in settings["numbers"] for text in _texts(attributes.get(key))]
    return Entry(found["dn"], names[0] if names else "", numbers)


def _texts(value: Any) -> list[str]:
    several = value if isinstance(value, list) else [value]
    return [each for each in several if isinstance(each, str)]


def _said(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return " ".join(text.split())[:200]
