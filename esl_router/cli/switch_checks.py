"""What ``doctor`` asks a running FreeSWITCH."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from esl_router.cli.checks import Check, Level, some
from esl_router.cli.event_link import ask, linked
from esl_router.errors import RouterError
from esl_router.settings import DEFAULT_PASSWORD, Address

if TYPE_CHECKING:
    from esl_router.esl.client import EventLink

MODULES = {
    "mod_sofia": "no call comes in or goes out",
    "mod_dptools": "no application runs, `socket` and `bridge` among them",
    "mod_dialplan_xml": "no dialplan is read",
    "mod_voicemail": "callers find no mailbox",
}
"""Module -> what goes wrong without it."""

MOST_ACCOUNTS = 500
"""SIP accounts that are compared, of each domain."""

MOST_SKEW = 5.0
"""Seconds by which the two clocks may differ."""

_LOOPBACK = ("127.", "::1", "localhost")
_UP = frozenset({"NOREG", "REGED"})


@dataclass(frozen=True, slots=True)
class Expected:
    """What the switch should know."""

    router: Address
    contexts: Collection[str]
    """Dialplan contexts where the company's own phones call in."""

    accounts: Mapping[str, Mapping[str, str]]
    """Domain -> SIP account -> password."""


def switch(address: Address, password: str, expected: Expected) -> Iterator[Check]:
    """One FreeSWITCH: its event socket, profiles, dialplan, modules and directory."""
    area = f"switch {address}"
    try:
        with linked(address, password) as link:
            for check in _checks(link, expected):
                yield Check(area, *check)
    except RouterError as error:
        yield Check(area, Level.FAIL, str(error), _remedy(str(error)))
        return
    if password == DEFAULT_PASSWORD and not address.host.startswith(_LOOPBACK):
        text = "its event socket has the well-known password, and is not on the loopback"
        yield Check(area, Level.WARN, text, "change it in event_socket.conf.xml")


def _remedy(error: str) -> str:
    if "password" in error:
        return "--password, or ESL_ROUTER_PASSWORD, as in event_socket.conf.xml"
    if "cannot be reached" in error:
        return "start FreeSWITCH, or say where it is: --freeswitch"
    return "see event_socket.conf.xml"


_Found = Iterator[tuple[Level, str, str]]


def _checks(link: EventLink, expected: Expected) -> _Found:
    version = re.search(r"Version (\S+?)[+~\s]", f"{ask(link, 'version')} ")
    core = ask(link, "global_getvar core_uuid")
    yield Level.OK, f"FreeSWITCH {version[1] if version else '?'} lets us in, core {core}", ""
    yield from _clock(link)
    for module, loss in MODULES.items():
        if ask(link, f"module_exists {module}") != "true":
            yield Level.FAIL, f"{module} is not loaded: {loss}", "add it to modules.conf.xml"
    contexts = yield from _profiles(link)
    yield from _dialplan(link, expected, contexts)
    for domain, accounts in expected.accounts.items():
        yield from _directory(link, domain, accounts)


def _clock(link: EventLink) -> _Found:
    try:
        skew = abs(float(ask(link, "strepoch")) - time.time())
    except ValueError:
        return
    if skew > MOST_SKEW:
        yield Level.WARN, f"its clock is {skew:.0f} s off ours", "let both follow one time server"


def profiles(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Profile -> state and gateway -> state, of ``sofia status``."""
    found: dict[str, dict[str, str]] = {"profile": {}, "gateway": {}}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 4 and words[1] in found:
            found[words[1]][words[0]] = words[3]
    return found["profile"], found["gateway"]


def _profiles(
    link: EventLink,
) -> Generator[tuple[Level, str, str], None, dict[str, list[str]]]:
    """Yields the checks; returns context -> the SIP profiles whose calls go there."""
    states, gateways = profiles(ask(link, "sofia status"))
    contexts: dict[str, list[str]] = {}
    if not states:
        yield Level.FAIL, "no SIP profile is loaded", "see sip_profiles/ and its log"
    for name, state in states.items():
        if state != "RUNNING":
            text = f"SIP profile {name} is {state}: its port may be taken"
            yield Level.FAIL, text, f"see its log, then: sofia profile {name} start"
            continue
        found = re.search(r"<context>(.*?)</context>", ask(link, f"sofia xmlstatus profile {name}"))
        context = found[1] if found else "default"
        contexts.setdefault(context, []).append(name)
        yield Level.OK, f"SIP profile {name} runs, its calls go to context {context}", ""
    for name, state in gateways.items():
        if state in _UP:
            yield Level.OK, f"gateway {name} is up ({state})", ""
        else:
            text = f"gateway {name} is {state}: nothing leaves through it"
            yield Level.WARN, text, "see its registration in the profile's log"
    return contexts


def sockets(xml: str) -> list[str]:
    """The arguments of every ``socket`` action in a dialplan context; none if it is no XML."""
    try:
        root = ET.fromstring(xml)
    except ET.ParseError:
        return []
    actions = (each for name in ("action", "anti-action") for each in root.iter(name))
    return [each.get("data", "") for each in actions if each.get("application") == "socket"]


def _dialplan(link: EventLink, expected: Expected, contexts: Mapping[str, list[str]]) -> _Found:
    for context in sorted(set(expected.contexts) - set(contexts)):
        text = f"no SIP profile's calls go to {context}: calls of our own phones count as external"
        yield Level.WARN, text, "set the profile's context, or name the right one: serve --context"
    for context in sorted(contexts):
        found = sockets(ask(link, f"xml_locate dialplan context name {context}"))
        if not found:
            level = Level.FAIL if context in expected.contexts else Level.WARN
            text = f"context {context} hands no call to a router"
            yield level, text, "see dialplans/internal.xml and public.xml"
        for data in found:
            yield handover(context, data, expected.router)


def handover(context: str, data: str, router: Address) -> tuple[Level, str, str]:
    """Whether a ``socket`` action's argument leads to the router, in the right mode."""
    where, *modes = data.split() or [""]
    wrong = [mode for mode in modes if mode in ("async", "full")]
    if wrong:
        text = f"context {context} calls socket with {' '.join(wrong)}: such calls are refused"
        return Level.FAIL, text, "leave these words out, see dialplans/internal.xml"
    places = where.split("|")
    if any(place.rpartition(":")[2] == str(router.port) for place in places):
        return Level.OK, f"context {context} hands calls to {where}", ""
    text = f"context {context} hands calls to {where}, and the router listens at {router}"
    return Level.FAIL, text, "change the dialplan (eslr_router in vars.xml), or serve --listen"


def _directory(link: EventLink, domain: str, accounts: Mapping[str, str]) -> _Found:
    missing, other = [], []
    for name, password in list(accounts.items())[:MOST_ACCOUNTS]:
        if ask(link, f"user_exists id {name} {domain}") != "true":
            missing.append(name)
            continue
        # Empty where a configuration of one's own keeps hashes: nothing to compare then.
        known = ask(link, f"user_data {name}@{domain} param password")
        if known and not known.startswith("-ERR") and known != password:
            other.append(name)
    todo = "esl-router directory write PATH --reload"
    if missing:
        text = f"{domain}: it does not know {some(missing)}: these phones cannot register"
        yield Level.FAIL, text, todo
    if other:
        text = f"{domain}: it has another password for {some(other)}"
        yield Level.FAIL, text, todo
    if not missing and not other:
        yield Level.OK, f"{domain}: it knows every SIP account", ""
