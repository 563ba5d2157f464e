"""``assistant``: an assistant's own part: logged in or out, and who takes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, common, of_domain

if TYPE_CHECKING:
    import sqlite_utils

    from esl_router.store.assistants import Part


@click.group("assistant", cls=Group)
def assistant_command() -> None:
    """An assistant's own part: whose calls he takes, and whether he takes them now.

    \b
    Example:
      esl-router assistant list 1002
      esl-router assistant logout 1002 1001
      esl-router assistant divert 1002 1001 1005
    """


@assistant_command.command("list", acts=True)
@click.argument("user", required=False)
@of_domain
def list_parts(user: str | None, domain: str | None) -> None:
    """Whose assistant a USER is, and whether he takes part; without USER every assistant's parts.

    \b
    Example:
      esl-router assistant list
      esl-router assistant list 1002 --as 1002
    """
    from esl_router.store import assistants

    acting = common().acting
    with rules.of_domain(domain, readonly=True) as (db, name):
        found = assistants.parts(db, name, user, by=rules.actor())
    empty = "There is no assistant: esl-router executive assistant add"
    if user is not None:
        empty = f"User {user} is nobody's assistant{f' that {acting} may see' if acting else ''}."
    elif acting is not None:
        empty = f"User {acting} is no executive, and nobody's assistant."
    terminal.show(
        [_record(each) for each in found],
        lambda: terminal.print_table(
            ("assistant", "executive", "name", "place", "logged in", "diverts to", "filter"),
            [
                (
                    each.assistant,
                    each.executive,
                    each.name,
                    each.place,
                    _logged_in(each),
                    _divert(each),
                    "on" if each.enabled else "off",
                )
                for each in found
            ],
            empty,
        ),
    )


def _record(part: Part) -> dict[str, Any]:
    return {**asdict(part), "takes_part": part.takes_part, "diverts": part.diverts}


def _logged_in(part: Part) -> str:
    if part.may_opt_out:
        return "yes" if part.opted_in else "no"
    return "yes, always"


def _divert(part: Part) -> str:
    if part.divert is None:
        return ""
    return part.divert if part.diverts else f"{part.divert} (not while logged out)"


@assistant_command.command("show", acts=True)
@click.argument("assistant")
@click.argument("executive")
@of_domain
def show_part(assistant: str, executive: str, domain: str | None) -> None:
    """Show an assistant's part, and what is set for the executive's calls.

    \b
    Example:
      esl-router assistant show 1002 1001
    """
    from esl_router.cli.executive_words import criterion_words, notes, setting_words
    from esl_router.errors import NotFound
    from esl_router.store import assistants, executive_admin

    with rules.of_domain(domain, readonly=True) as (db, name):
        part = assistants.part(db, name, assistant, executive, by=rules.actor())
        settings = executive_admin.executive(db, name, executive)
    with rules.routing() as reader:
        model, general = reader.executive(name, executive), reader.settings(name)
    if model is None or general is None:
        raise NotFound(f"{executive!r} is no executive any more")
    rows = [
        ("executive", f"{part.executive} {part.name}".rstrip()),
        ("place", f"{part.place} of {len(model.assistants)}"),
        ("logged in", _logged_in(part)),
        ("diverts to", _divert(part) or "nobody"),
        *setting_words(model, general),
    ]
    rows += [
        (
            "criterion",
            f"{each.name}: {'filters' if each.filter else 'lets through'} "
            f"{criterion_words(each)}{'' if each.active else ' (off)'}",
        )
        for each in model.criteria
    ]

    def text() -> None:
        for label, words in rows:
            terminal.print_lines([[terminal.Span(f"{label:<17}", "dim"), terminal.Span(words)]])
        for note in notes(executive, settings):
            terminal.say(note)

    terminal.show({**_record(part), "settings": settings}, text)


@assistant_command.command("login", acts=True)
@click.argument("assistant")
@click.argument("executive")
@of_domain
def log_in(assistant: str, executive: str, domain: str | None) -> None:
    """Log an assistant in: the executive's filtered calls ring him. He may do so himself.

    \b
    Example:
      esl-router assistant login 1002 1001 --as 1002
    """
    _log(assistant, executive, True, domain)


@assistant_command.command("logout", acts=True)
@click.argument("assistant")
@click.argument("executive")
@of_domain
def log_out(assistant: str, executive: str, domain: str | None) -> None:
    """Log an assistant out: filtered calls pass him over. He may do so himself.

    He stays an assistant: his own calls to the executive are never filtered.

    \b
    Example:
      esl-router assistant logout 1002 1001
    """
    _log(assistant, executive, False, domain)


def _log(assistant: str, executive: str, logged_in: bool, domain: str | None) -> None:
    from esl_router.store import assistants

    with rules.of_domain(domain) as (db, name):
        changes = assistants.log(db, name, assistant, executive, logged_in, by=rules.actor())
        said = _notes(db, name, assistants.part(db, name, assistant, executive))
    rules.show_changes(changes, notes=said)


@assistant_command.command("divert", acts=True)
@click.argument("assistant")
@click.argument("executive")
@click.argument("number", metavar="NUMBER|off")
@of_domain
def divert(assistant: str, executive: str, number: str, domain: str | None) -> None:
    """Let somebody else take an assistant's part: a colleague, or a NUMBER outside.

    Only the executive's filtered calls go there, at the same place in the order, and only while
    the assistant is logged in. His own calls are untouched, and so are the other's forwards: they
    do not apply. Whoever answers outside must press 1. He may do so himself.

    \b
    Example:
      esl-router assistant divert 1002 1001 1005
      esl-router assistant divert 1002 1001 +491715550000 --as 1002
      esl-router assistant divert 1002 1001 off
    """
    from esl_router.store import assistants

    target = None if number == "off" else number
    with rules.of_domain(domain) as (db, name):
        changes = assistants.divert(db, name, assistant, executive, target, by=rules.actor())
        said = _notes(db, name, assistants.part(db, name, assistant, executive))
    rules.show_changes(changes, notes=said)


def _notes(db: sqlite_utils.Database, domain: str, part: Part) -> list[str]:
    """What the new state does not do, though it seems to: sentences."""
    from esl_router.cli.executive_words import notes
    from esl_router.store import executive_admin

    found = executive_admin.executive(db, domain, part.executive)
    said = []
    if not part.opted_in and part.takes_part:
        said.append(f"He counts as logged in all the same: {part.executive} allows no logging out.")
    if part.divert is not None and not part.diverts:
        said.append(
            f"The divert to {part.divert} is kept, and not active while {part.assistant} is "
            f"logged out: esl-router assistant login {part.assistant} {part.executive}"
        )
    if part.diverts and any(each["user"] == part.divert for each in found["assistants"]):
        said.append(
            f"{part.divert} is an assistant of {part.executive} too: a call rings his phones once."
        )
    return said + notes(part.executive, found)
