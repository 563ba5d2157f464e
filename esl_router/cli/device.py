"""``device`` and ``dnd``: SIP accounts, numbers outside, and their do not disturb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Command, Group, of_domain
from esl_router.cli.pairs import given


@click.group("device", cls=Group)
def device_command() -> None:
    """Devices: SIP accounts that phones register with, and numbers outside.

    \b
    Example:
      esl-router device list --user 1001
    """


def _without_password(device: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in device.items() if key not in ("password", "push")}


@device_command.command("list")
@click.option("--user", metavar="USER", help="The devices of this user alone.")
@of_domain
def list_devices(user: str | None, domain: str | None) -> None:
    """Every device, and to whom it belongs.

    \b
    Example:
      esl-router device list --user 1001
    """
    from esl_router.store import admin

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = [_without_password(device) for device in admin.devices(db, name, user)]
    terminal.show(
        found,
        lambda: terminal.print_table(
            ("device", "kind", "belongs to", "number", "press 1", "dnd"),
            [
                (
                    d["name"],
                    d["kind"],
                    d["user"] or f"workplace {d['workplace']}",
                    d["number"],
                    d["confirm"] if d["kind"] == "external" else None,
                    "on" if d["dnd"] else None,
                )
                for d in found
            ],
            "There is no device yet: esl-router device add",
        ),
    )


@device_command.command("show")
@click.argument("device")
@click.option("--show-password", is_flag=True, help="Show the SIP password too.")
@of_domain
def show_device(device: str, show_password: bool, domain: str | None) -> None:
    """One device.

    \b
    Example:
      esl-router device show 1001-desk --show-password
    """
    from esl_router.store import admin

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = admin.device(db, name, device)
    if not show_password:
        found = _without_password(found)
    sip = found["kind"] != "external"
    of_kind = ("number", "confirm", "location") if sip else ("password", "redirect")
    shown = {k: v for k, v in found.items() if k not in of_kind}
    terminal.show(
        shown,
        lambda: terminal.print_table(
            ("key", "value"), [row for row in shown.items() if row[1] is not None], ""
        ),
    )


def _read_push(
    ctx: click.Context, param: click.Parameter, words: tuple[str, ...]
) -> dict[str, str] | None:
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals or not value:
            raise click.UsageError(f"{word!r} is no NAME=VALUE")
        found[name] = value
    return found or None


def _of_device(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--push",
            multiple=True,
            metavar="NAME=VALUE",
            callback=_read_push,
            help="Makes it a mobile app: what wakes it (token=…). Replaces what it had.",
        ),
        click.option(
            "--redirect/--no-redirect",
            default=None,
            help="Whether its phone may send calls on by answering 302.",
        ),
        click.option(
            "--location", type=click.Choice(["mobile", "other"]), help="Where a number outside is."
        ),
        click.option(
            "--confirm/--no-confirm",
            default=None,
            help="Whether who answers a number outside must press 1 first.",
        ),
        click.option("--number", help="Makes it a number outside, reached through the trunk."),
        click.option(
            "--sip-password", metavar="TEXT", help="The password its phones register with."
        ),
    ):
        command = option(command)
    return command


def _settings(sip_password: str | None, **options: Any) -> dict[str, Any]:
    settings = {"password": sip_password, **options}
    return {key: value for key, value in settings.items() if value is not None}


@device_command.command("add")
@click.argument("device")
@click.option("--user", metavar="USER", help="The user it belongs to.")
@click.option("--workplace", metavar="NAME", help="The workplace it belongs to.")
@_of_device
@of_domain
def add_device(
    device: str, user: str | None, workplace: str | None, domain: str | None, **options: Any
) -> None:
    """Add a device to a user or a workplace: a SIP account, or with --number a number outside.

    A SIP account without --sip-password is given a random one, which is printed.

    \b
    Example:
      esl-router device add 1001-soft --user 1001
      esl-router device add 1001-mobile --user 1001 --number 01711234567
      esl-router device add 1001-app --user 1001 --push token=abc123
    """
    from esl_router.store import admin

    if (user is None) == (workplace is None):
        raise click.UsageError("say to whom it belongs: --user or --workplace")
    settings = _settings(**options)
    with rules.of_domain(domain) as (db, name):
        changes = admin.add_device(db, name, device, settings, extension=user, workplace=workplace)
        password = admin.device(db, name, device)["password"]
    if password is None or "password" in settings:
        rules.show_changes(changes)
    else:
        rules.show_changes(changes, password=password)
        terminal.say(f"Its password: {password}")
    if password is not None:
        terminal.say("FreeSWITCH learns of it by: esl-router directory write PATH --reload")


@device_command.command("set", acts=True)
@click.argument("device")
@click.option("--dnd", type=click.Choice(["on", "off"]), help="Do not disturb.")
@click.option("--new-password", is_flag=True, help="Give it a new random SIP password.")
@_of_device
@of_domain
def set_device(
    device: str, dnd: str | None, new_password: bool, domain: str | None, **options: Any
) -> None:
    """Change a device.

    \b
    Example:
      esl-router device set 1001-mobile --number 01717654321 --no-confirm
      esl-router device set 1001-desk --new-password
    """
    import secrets

    from esl_router.store import admin

    settings = _settings(**options)
    more = {}
    if new_password:
        if "password" in settings:
            raise click.UsageError("--new-password or --sip-password, not both")
        settings["password"] = more["password"] = secrets.token_urlsafe(15)
    if dnd is not None:
        settings["dnd"] = dnd == "on"
    given(settings)
    with rules.of_domain(domain) as (db, name):
        changes = admin.set_device(db, name, device, settings, by=rules.actor())
    rules.show_changes(changes, **more)
    if "password" in settings:
        if new_password:
            terminal.say(f"Its password: {more['password']}")
        terminal.say("FreeSWITCH learns of it by: esl-router directory write PATH --reload")


@device_command.command("remove")
@click.argument("device")
@of_domain
def remove_device(device: str, domain: str | None) -> None:
    """Remove a device and its follow-me rows.

    \b
    Example:
      esl-router device remove 1001-soft
    """
    from esl_router.store import admin

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(admin.remove_device(db, name, device))


@click.command("dnd", cls=Command, acts=True)
@click.argument("device")
@click.argument("switch", metavar="on|off", type=click.Choice(["on", "off"]))
@of_domain
def dnd_command(device: str, switch: str, domain: str | None) -> None:
    """Switch do not disturb of one device on or off; the user's other devices ring on.

    \b
    Example:
      esl-router dnd 1001-desk on
      esl-router dnd 1001-desk off --as 1001
    """
    from esl_router.store import admin

    with rules.of_domain(domain) as (db, name):
        changes = admin.set_device(db, name, device, {"dnd": switch == "on"}, by=rules.actor())
    rules.show_changes(changes)
