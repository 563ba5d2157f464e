"""What ``doctor`` looks at on this machine: the rule store, the directory file, the router."""

from __future__ import annotations

import resource
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esl_router.errors import RouterError, RulesFileError
from esl_router.settings import Address

if TYPE_CHECKING:
    from esl_router.store.contacts import Copy

PROBE_TIMEOUT = 3.0
"""Seconds the router gets to speak."""

_LEAST_DISK = 100 * 1024 * 1024
_LEAST_PASSWORD = 8
_MOST_PROBLEMS = 10
_OLD_COPY = 86400.0


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    """It works, and will not always."""

    FAIL = "fail"
    """Calls are not routed as the rules say."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    area: str
    level: Level
    text: str
    todo: str = ""
    """What to do about it; empty when all is well."""


def store(path: Path) -> Iterator[Check]:
    """The rule store: that it opens, and that what it holds is right."""
    from esl_router.store import admin
    from esl_router.store.database import open_store
    from esl_router.store.document import read_rules

    area = "store"
    try:
        db = open_store(path, readonly=True)
    except RouterError as error:
        yield Check(area, Level.FAIL, str(error))
        return
    try:
        domains = admin.domains(db)
        if not domains:
            todo = "fill it: esl-router import FILE"
            yield Check(area, Level.FAIL, f"{path} is empty", todo)
        for domain in domains:
            rules = read_rules(db, domain)
            assert rules is not None
            yield _contents(area, domain, rules)
            yield from _rules(area, rules)
            yield from _passwords(area, domain, rules)
    finally:
        db.close()
    yield from _file(area, path)


def _contents(area: str, domain: str, rules: dict[str, Any]) -> Check:
    devices = sum(len(user["devices"]) for user in rules["users"].values())
    counts = f"{len(rules['users'])} users, {devices} devices, {len(rules['teams'])} teams"
    return Check(area, Level.OK, f"{domain}: {counts}")


def _rules(area: str, rules: dict[str, Any]) -> Iterator[Check]:
    """The rules read again as a file would be: nothing may be wrong with them."""
    from esl_router.store import rules_file
    from esl_router.store.rules.layout import RULES

    try:
        rules_file.check(RULES.write(rules))
    except RulesFileError as error:
        for problem in error.problems[:_MOST_PROBLEMS]:
            yield Check(area, Level.FAIL, problem, "correct it; until then the rule is skipped")
        if (more := len(error.problems) - _MOST_PROBLEMS) > 0:
            yield Check(area, Level.FAIL, f"{more} more broken rules", "esl-router export shows it")


def _passwords(area: str, domain: str, rules: dict[str, Any]) -> Iterator[Check]:
    weak = [
        name
        for kind in ("users", "workplaces")
        for owner in rules[kind].values()
        for name, device in owner["devices"].items()
        if device["kind"] != "external" and len(device["password"]) < _LEAST_PASSWORD
    ]
    if weak:
        yield Check(
            area,
            Level.WARN,
            f"{domain}: {some(weak)}: a SIP password of less than {_LEAST_PASSWORD} characters",
            f"before phones outside can reach it: esl-router device set {weak[0]} --new-password",
        )


def _file(area: str, path: Path) -> Iterator[Check]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        text = f"{path} holds passwords, and others may open it ({mode:o})"
        yield Check(area, Level.WARN, text, f"chmod 600 {path}")
    free = shutil.disk_usage(path.absolute().parent).free
    if free < _LEAST_DISK:
        text = f"{free // 1024 // 1024} MiB left where {path} is"
        yield Check(area, Level.WARN, text, "make room: a full disk stops the journal and changes")


def directory(path: Path, store_path: Path) -> Iterator[Check]:
    """FreeSWITCH's directory file: that it says what the store says."""
    from esl_router.cli.directory import directory_text
    from esl_router.store import admin
    from esl_router.store.database import open_store

    area, todo = "directory", f"esl-router directory write {path} --reload"
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield Check(area, Level.FAIL, f"{path} cannot be read: {error}", todo)
        return
    try:
        db = open_store(store_path, readonly=True)
        try:
            wanted = {directory_text(db, each)[0] for each in (None, *admin.domains(db))}
        finally:
            db.close()
    except RouterError as error:
        yield Check(area, Level.FAIL, f"{path} cannot be compared: {error}")
        return
    if written in wanted:
        yield Check(area, Level.OK, f"{path} says what the store says")
    else:
        yield Check(area, Level.FAIL, f"{path} is not what the store says now", todo)


def contacts(path: Path) -> Iterator[Check]:
    """The directories that contacts are copied from: that they answer, and how old the copy is."""
    from esl_router.store import admin
    from esl_router.store.contacts import LDAP, copy_of
    from esl_router.store.database import open_store
    from esl_router.store.document import read_section

    try:
        db = open_store(path, readonly=True)
    except RouterError:
        return  # which has been said
    try:
        for domain in admin.domains(db):
            settings = read_section(db, domain, "settings")["ldap"]
            if settings is not None:
                yield from _copied(domain, settings, copy_of(db, domain, LDAP))
    finally:
        db.close()


def _copied(domain: str, settings: dict[str, Any], copy: Copy) -> Iterator[Check]:
    from esl_router.contacts import ldap
    from esl_router.errors import SourceError

    area, todo = "contacts", "keep it running: esl-router contact sync --watch"
    try:
        ldap.probe(settings)
    except SourceError as error:
        todo_first = "see settings.ldap; names that were copied stay"
        yield Check(area, Level.WARN, f"{domain}: {error}", todo_first)
    age = None if copy.synced is None else time.time() - copy.synced
    if age is None:
        yield Check(area, Level.WARN, f"{domain}: its directory was never copied", todo)
    elif age > _OLD_COPY:
        days = int(age // 86400)
        text = f"{domain}: its directory was copied {days} day{'s' * (days != 1)} ago"
        yield Check(area, Level.WARN, text, todo)
    else:
        text = f"{domain}: {copy.contacts} contacts of {settings['url']}, {int(age // 60)} min old"
        yield Check(area, Level.OK, text)
    if (
        settings["bind_dn"]
        and settings["url"].startswith("ldap://")
        and not _local(settings["url"])
    ):
        text = f"{domain}: the password for its directory crosses the network in clear"
        yield Check(area, Level.WARN, text, "use ldaps:// in settings.ldap.url")


def _local(url: str) -> bool:
    return url.removeprefix("ldap://").startswith(("127.", "localhost", "[::1]"))


def files(max_calls: int) -> Iterator[Check]:
    """How many open files the system allows for that many calls."""
    from esl_router.server import RESERVED

    needed = max_calls + RESERVED
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= needed:
        yield Check("router", Level.OK, f"open files: enough for {max_calls} calls at once")
    else:
        yield Check(
            "router",
            Level.FAIL,
            f"open files: {hard} are allowed, {max_calls} calls at once need {needed}",
            f"ulimit -Hn {needed} (LimitNOFILE= in systemd), or serve --max-calls lower",
        )


def router(address: Address) -> Iterator[Check]:
    """Whether a router answers: connect as FreeSWITCH does, and see that it takes the call.

    A router speaks first (``connect``); hearing that, the probe hangs up, and no call comes of
    it. A port that merely accepts would prove nothing.
    """
    area = "router"
    said = b""
    try:
        with socket.create_connection((address.host, address.port), PROBE_TIMEOUT) as probe:
            while b"\n\n" not in said and len(said) < 1024 and (data := probe.recv(1024)):
                said += data
    except TimeoutError:
        text = f"{address} takes connections and says nothing: no router, or one that hangs"
        yield Check(area, Level.FAIL, text, "look at its log, restart it")
        return
    except OSError as error:
        text = f"no router at {address}: {error.strerror or error}"
        yield Check(area, Level.FAIL, text, "start it: esl-router serve")
        return
    if said.startswith(b"connect\n\n"):
        yield Check(area, Level.OK, f"a router answers at {address}")
    elif not said:
        text = f"{address} closes connections at once: the router takes no more calls"
        yield Check(area, Level.FAIL, text, "look at its log: --max-calls may be reached")
    else:
        text = f"what answers at {address} is no router"
        yield Check(area, Level.FAIL, text, "stop it, or choose another --listen")


def some(names: list[str]) -> str:
    """The first names, and how many more."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
