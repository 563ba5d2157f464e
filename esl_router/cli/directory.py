"""``directory``: FreeSWITCH's users, written from the rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, of_domain, of_switch
from esl_router.settings import Address

if TYPE_CHECKING:
    import sqlite_utils


@click.group("directory", cls=Group, acts=False)
def directory_command() -> None:
    """FreeSWITCH's user directory: which phones may register, with which password.

    \b
    Example:
      esl-router directory write freeswitch-conf/directory/default.xml --reload
    """


@directory_command.command("write")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--reload", is_flag=True, help="Tell a running FreeSWITCH to read it.")
@of_switch()
@of_domain
def write_directory(
    path: Path, reload: bool, freeswitch: Address, password: str, domain: str | None
) -> None:
    """Write one file with every SIP device in the store: FreeSWITCH's directory XML.

    To be repeated after devices, passwords, extensions or direct numbers have changed; follow-me
    rows need no such step. The file holds passwords: a new one can be read by its owner and group
    (FreeSWITCH must be one of them), one that is there keeps its permissions. - is standard
    output.

    \b
    Example:
      esl-router directory write freeswitch-conf/directory/default.xml
      esl-router directory write /etc/freeswitch/directory/default.xml --reload
    """
    from esl_router.cli.files import replace

    with rules.opened(readonly=True) as db:
        text, count = directory_text(db, domain)
    if str(path) == "-":
        terminal.print_text(text.rstrip("\n"))
    else:
        replace(path, text, 0o640)
    if reload:
        _reload(freeswitch, password)
    if str(path) == "-":
        return

    def say() -> None:
        terminal.say(f"{path}: {count} SIP devices.")
        if reload:
            terminal.say(f"FreeSWITCH at {freeswitch} has read it.")

    terminal.show({"path": str(path), "devices": count, "reloaded": reload}, say)


def _reload(address: Address, password: str) -> None:
    from esl_router.cli.event_link import ask, linked
    from esl_router.errors import SwitchError

    with linked(address, password) as link:
        answer = ask(link, "reloadxml")
    if not answer.startswith("+OK"):
        raise SwitchError(f"FreeSWITCH at {address} cannot read its configuration: {answer}")


def directory_text(db: sqlite_utils.Database, domain: str | None) -> tuple[str, int]:
    """The directory of one domain, or of all of them, and how many SIP devices are in it."""
    from esl_router.model.people import User
    from esl_router.store import admin
    from esl_router.store.directory import Account, directory_xml
    from esl_router.store.document import read_rules

    names = admin.domains(db) if domain is None else ()
    texts, count = [], 0
    for name in names or (admin.pick_domain(db, domain),):
        document = read_rules(db, name)
        assert document is not None
        users, accounts = [], []
        for extension, user in document["users"].items():
            users.append(
                User(name, extension, user["name"], tuple(user["numbers"]), user["voicemail"])
            )
            places = document["workplaces"].get(user["workplace"], {"devices": {}})
            for device, entry in (*user["devices"].items(), *places["devices"].items()):
                if entry["kind"] != "external":
                    accounts.append(Account(device, entry["password"], extension))
        manned = {user["workplace"] for user in document["users"].values()}
        for place, entry in document["workplaces"].items():
            if place not in manned:
                accounts += [
                    Account(device, each["password"])
                    for device, each in entry["devices"].items()
                    if each["kind"] != "external"
                ]
        texts.append(directory_xml(name, users, accounts))
        count += len(accounts)
    return _together(texts), count


def _together(texts: list[str]) -> str:
    """Several documents as one, with one root."""
    first, *others = texts
    for text in others:
        inner = text.partition("<include>\n")[2].rpartition("</include>")[0]
        head, _, _ = first.rpartition("</include>")
        first = f"{head}{inner}</include>\n"
    return first
