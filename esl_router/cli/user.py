"""``user``: people with an extension."""

from __future__ import annotations

from typing import Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, of_domain
from esl_router.cli.pairs import PAIRS, given


@click.group("user", cls=Group)
def user_command() -> None:
    """People with an extension.

    \b
    Example:
      esl-router user show 1001
    """


@user_command.command("list")
@of_domain
def list_users(domain: str | None) -> None:
    """Every user, with his direct numbers and devices.

    \b
    Example:
      esl-router user list
    """
    from esl_router.store import admin

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = admin.users(db, name)
    terminal.show(
        found,
        lambda: terminal.print_table(
            ("extension", "name", "numbers", "voicemail", "devices"),
            [
                (u["extension"], u["name"], u["numbers"], u["voicemail"], u["devices"])
                for u in found
            ],
            "There is no user yet: esl-router user add, or import",
        ),
    )


@user_command.command("show")
@click.argument("user")
@of_domain
def show_user(user: str, domain: str | None) -> None:
    """Everything the rules say of one user, as the rules file writes it; no passwords.

    \b
    Example:
      esl-router user show 1001
    """
    from esl_router.store import admin
    from esl_router.store.rules import yaml_text
    from esl_router.store.rules.layout import USER

    with rules.of_domain(domain, readonly=True) as (db, name):
        written = USER.write(admin.user(db, name, user))
    for device in written.get("devices", {}).values():
        device.pop("password", None)
    written.pop("pin", None)
    terminal.show(
        {"extension": user, **written},
        lambda: terminal.print_text(yaml_text.write({user: written}).rstrip()),
    )


def _settings(
    name: str | None,
    number: tuple[str, ...],
    fax_number: tuple[str, ...],
    voicemail: bool | None,
    decline: str | None,
    pairs: dict[str, Any],
) -> dict[str, Any]:
    options = {
        "name": name,
        "numbers": list(number) or None,
        "fax_numbers": list(fax_number) or None,
        "voicemail": voicemail,
        "decline": decline,
    }
    return {**{key: value for key, value in options.items() if value is not None}, **pairs}


def _of_user(command: Any) -> Any:
    for option in (
        click.option(
            "--decline",
            type=click.Choice(["auto", "device", "user"]),
            help="How far a declined call reaches.",
        ),
        click.option("--voicemail/--no-voicemail", default=None, help="Whether he has a mailbox."),
        click.option(
            "--number",
            multiple=True,
            metavar="NUMBER",
            help="A direct number; repeated for several. Replaces those he had.",
        ),
        click.option(
            "--fax-number",
            multiple=True,
            metavar="NUMBER",
            help="Which of his numbers are for faxes: his assistants do not get their calls.",
        ),
        click.option("--name", help="Shown to people he calls."),
        PAIRS,
    ):
        command = option(command)
    return command


@user_command.command("add")
@click.argument("user")
@_of_user
@of_domain
def add_user(user: str, domain: str | None, pairs: dict[str, Any], **options: Any) -> None:
    """Add a user. KEY=VALUE sets any other key of the rules file.

    \b
    Example:
      esl-router user add 1011 --name "Karla Kern" --number 03012345111
      esl-router device add 1011-desk --user 1011
    """
    from esl_router.store import admin

    settings = _settings(**options, pairs=pairs)
    with rules.of_domain(domain) as (db, name):
        rules.show_changes(admin.add_user(db, name, user, settings))


@user_command.command("set", acts=True)
@click.argument("user")
@_of_user
@of_domain
def set_user(user: str, domain: str | None, pairs: dict[str, Any], **options: Any) -> None:
    """Change a user. KEY=VALUE sets any key of the rules file, KEY= sets it back to the default.

    \b
    Example:
      esl-router user set 1001 --name "Anna Adler-Berg"
      esl-router user set 1001 busy_on_busy=2 presence.profiles.available.no_answer_after=25
    """
    from esl_router.store import admin

    settings = given(_settings(**options, pairs=pairs))
    with rules.of_domain(domain) as (db, name):
        rules.show_changes(admin.set_user(db, name, user, settings, by=rules.actor()))


@user_command.command("pin", acts=True)
@click.argument("user")
@click.option("--clear", is_flag=True, help="He has none any more.")
@of_domain
def set_pin(user: str, clear: bool, domain: str | None) -> None:
    """Set a user's PIN: 6 to 12 digits, asked for, or read from standard input.

    With it he dials feature codes from any phone, at the number in settings.remote. What is kept
    of it is a hash.

    \b
    Example:
      esl-router user pin 1001 --as 1001
      echo 471199 | esl-router user pin 1001
    """
    import sys

    from esl_router.store import admin

    pin = None
    if not clear:
        if sys.stdin.isatty():
            pin = click.prompt("PIN", hide_input=True, confirmation_prompt=True, err=True)
        else:
            pin = sys.stdin.readline().strip()
    with rules.of_domain(domain) as (db, name):
        rules.show_changes(admin.set_user(db, name, user, {"pin": pin}, by=rules.actor()))


@user_command.command("remove")
@click.argument("user")
@of_domain
def remove_user(user: str, domain: str | None) -> None:
    """Remove a user with his devices. Refused while somebody's forward still names him.

    \b
    Example:
      esl-router user remove 1011
    """
    from esl_router.store import admin

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(admin.remove_user(db, name, user))
