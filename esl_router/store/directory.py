"""FreeSWITCH's user directory, as XML: who may register, and what rings for a number.

Pure: values in, text out. The same values give the same text, byte for byte.

Three kinds of entry, keyed by what is dialled or registered:

* a SIP account, with its password. Whoever calls from it shows his user's extension and name,
  whatever his phone writes into its headers;
* an extension. Nobody can register or call as one; its dial string rings every phone of the user;
* a direct number, the same for calls that come in through the trunk.

The last two exist for the dialplan's fallback, which has to find a callee without the router. The
variable ``eslr_mailbox`` names the box behind such a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from esl_router.errors import Untrusted
from esl_router.model.people import User
from esl_router.variables import MAILBOX

# What may stand inside ``${sofia_contact(*/…)}``: everything else could end the call early.
_NAME = re.compile(r"[A-Za-z0-9_.+-]+")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f\"<>\\${}]")
_NOBODY = "error/USER_NOT_REGISTERED"
_HEADER = "<!-- Written by `esl-router directory write`: change the rules, not this file. -->\n"


@dataclass(frozen=True, slots=True)
class Account:
    """A SIP account that phones register with."""

    name: str
    """The device's name."""

    password: str
    extension: str | None = None
    """The user whose phone it is now; None for a workplace where nobody is logged in."""


@dataclass(slots=True)
class _Entry:
    params: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


def directory_xml(domain: str, users: Iterable[User], accounts: Iterable[Account]) -> str:
    """The directory of one domain as an ``<include>`` document.

    Raises :class:`Untrusted` for a domain, account or extension that may not stand in a dial
    string, and for an account without a password (FreeSWITCH would let everybody in).
    """
    _check(domain)
    people = {user.extension: user for user in users}
    phones: dict[str, list[str]] = {extension: [] for extension in people}
    entries: dict[str, _Entry] = {}
    for account in sorted(accounts, key=lambda account: account.name):
        user = people.get(account.extension or "")
        entries[account.name] = _account(domain, account, user)
        if user is not None:
            phones[user.extension].append(account.name)
    for user in people.values():
        for number in (user.extension, *user.numbers):
            # An account may have the name of an extension: it keeps its password then, and the
            # number still rings everything that belongs to the user.
            entry = entries.setdefault(number, _locked())
            _make_reachable(entry, domain, number, user, phones[user.extension])
    return _render(domain, entries)


def _account(domain: str, account: Account, user: User | None) -> _Entry:
    _check(account.name)
    if not account.password:
        raise Untrusted(f"devices.{account.name}.password: a SIP account needs a password")
    number = user.extension if user else account.name
    entry = _Entry(
        params={"password": account.password, "dial-string": _dial_string(domain, [account.name])},
        variables={
            "user_context": "internal",
            "effective_caller_id_number": number,
            "effective_caller_id_name": _shown(user.name if user else "") or number,
        },
    )
    if user:
        entry.variables["eslr_extension"] = user.extension
        if user.numbers:
            entry.variables["outbound_caller_id_number"] = user.numbers[0]
    return entry


def _locked() -> _Entry:
    """An entry that nobody can authenticate as.

    Without ``allow-empty-password`` FreeSWITCH takes any password for a user that has none.
    """
    return _Entry(params={"sip-forbid-register": "true", "allow-empty-password": "false"})


def _make_reachable(
    entry: _Entry, domain: str, number: str, user: User, phones: Sequence[str]
) -> None:
    _check(number)
    entry.params["dial-string"] = _dial_string(domain, phones)
    if number == user.extension:
        entry.params["vm-enabled"] = "true" if user.voicemail else "false"
    if user.voicemail:
        entry.variables[MAILBOX] = user.extension


def _dial_string(domain: str, accounts: Sequence[str]) -> str:
    """Every registration of these accounts, all at once."""
    contacts = [f"${{sofia_contact(*/{account}@{domain})}}" for account in accounts]
    return ",".join(contacts) or _NOBODY


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Untrusted(
            f"{name!r} may not stand in FreeSWITCH's directory: use letters, digits, . _ + -"
        )


def _shown(name: str) -> str:
    return " ".join(_UNSHOWN.sub(" ", name).split())


def _render(domain: str, entries: dict[str, _Entry]) -> str:
    root = ET.Element("include")
    users = ET.SubElement(ET.SubElement(root, "domain", name=domain), "users")
    for name in sorted(entries):
        user = ET.SubElement(users, "user", id=name)
        for group, item in ((entries[name].params, "param"), (entries[name].variables, "variable")):
            if group:
                parent = ET.SubElement(user, f"{item}s")
                for key, value in group.items():
                    ET.SubElement(parent, item, name=key, value=value)
    ET.indent(root)
    # FreeSWITCH replaces $${…} in the file's text before it reads the XML.
    return _HEADER + ET.tostring(root, encoding="unicode").replace("$${", "&#36;&#36;{") + "\n"
