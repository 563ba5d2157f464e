"""``workplace``: phones that belong to a place, and who is logged in there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, of_domain
from esl_router.cli.pairs import PAIRS, given

if TYPE_CHECKING:
    from esl_router.store.workplaces import Login


@click.group("workplace", cls=Group)
def workplace_command() -> None:
    """Hot desks: who logs in at a place has its phones beside his own.

    \b
    Example:
      esl-router workplace list
      esl-router workplace login 1003 reception
    """


def _plain(place: dict[str, Any]) -> dict[str, Any]:
    """Without what a phone registers with."""
    secret = ("password", "push")
    devices = {
        name: {key: value for key, value in device.items() if key not in secret}
        for name, device in place["devices"].items()
    }
    return {**place, "devices": devices}


@workplace_command.command("list")
@of_domain
def list_workplaces(domain: str | None) -> None:
    """Every workplace, its phones, and who is logged in there.

    \b
    Example:
      esl-router workplace list
    """
    from esl_router.store import workplaces

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = [
            {
                "name": place["name"],
                "number": place["number"],
                "user": place["user"],
                "devices": list(place["devices"]),
            }
            for place in workplaces.workplaces(db, name)
        ]
    terminal.show(
        found,
        lambda: terminal.print_table(
            ("workplace", "number", "logged in", "devices"),
            [(p["name"], p["number"], p["user"], p["devices"]) for p in found],
            "There is no workplace yet: esl-router workplace add",
        ),
    )


@workplace_command.command("show")
@click.argument("place")
@of_domain
def show_workplace(place: str, domain: str | None) -> None:
    """One workplace: who is logged in there, and when its phones ring for him.

    \b
    Example:
      esl-router workplace show reception
    """
    from esl_router.store import workplaces
    from esl_router.store.rules.layout import ORIGINS, USUAL_RING, USUAL_ROWS

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = _plain(workplaces.workplace(db, name, place))

    def line(device: str, origin: str) -> str:
        row = found["follow_me"].get(device, USUAL_ROWS)[origin]
        if not row["enabled"]:
            return "off"
        return f"{row['delay']} s, rings {row['ring'] or USUAL_RING} s"

    def text() -> None:
        terminal.say(f"{found['name']}: {found['user'] or 'nobody'} is logged in.")
        if found["number"]:
            terminal.say(f"Its number behind a feature code: {found['number']}")
        terminal.print_table(
            ("device", "kind", "dnd", *ORIGINS),
            [
                (
                    device,
                    each["kind"],
                    "on" if each["dnd"] else None,
                    *(line(device, origin) for origin in ORIGINS),
                )
                for device, each in found["devices"].items()
            ],
            f"It has no phone yet: esl-router device add NAME --workplace {found['name']}",
        )

    terminal.show(found, text)


_NUMBER = click.option(
    "--number", metavar="DIGITS", help="What is dialled behind the code of a login."
)


def _settings(number: str | None, pairs: dict[str, Any]) -> dict[str, Any]:
    return pairs if number is None else {"number": number, **pairs}


@workplace_command.command("add")
@click.argument("place")
@_NUMBER
@PAIRS
@of_domain
def add_workplace(
    place: str, number: str | None, pairs: dict[str, Any], domain: str | None
) -> None:
    """Add a workplace. Its phones are devices: esl-router device add NAME --workplace PLACE.

    \b
    Example:
      esl-router workplace add window --number 8
      esl-router device add desk-window --workplace window
    """
    from esl_router.store import workplaces

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(workplaces.add_workplace(db, name, place, _settings(number, pairs)))


@workplace_command.command("set")
@click.argument("place")
@_NUMBER
@PAIRS
@of_domain
def set_workplace(
    place: str, number: str | None, pairs: dict[str, Any], domain: str | None
) -> None:
    """Change a workplace. KEY=VALUE sets any key of the rules file, KEY= the default again.

    \b
    Example:
      esl-router workplace set reception --number 7
      esl-router workplace set reception follow_me.desk-reception.external.delay=5
    """
    from esl_router.store import workplaces

    settings = given(_settings(number, pairs))
    with rules.of_domain(domain) as (db, name):
        rules.show_changes(workplaces.set_workplace(db, name, place, settings))


@workplace_command.command("remove")
@click.argument("place")
@of_domain
def remove_workplace(place: str, domain: str | None) -> None:
    """Remove a workplace with its phones. Who is logged in there is logged out.

    \b
    Example:
      esl-router workplace remove window
    """
    from esl_router.store import workplaces

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(workplaces.remove_workplace(db, name, place))


@workplace_command.command("login", acts=True)
@click.argument("user")
@click.argument("place")
@of_domain
def log_in(user: str, place: str, domain: str | None) -> None:
    """Log a user in at a workplace: its phones ring for him, and a call from them is his.

    Whoever is logged in there is logged out, and the user leaves the place where he was. Users may
    do so for themselves.

    \b
    Example:
      esl-router workplace login 1003 reception
      esl-router workplace login 1003 reception --as 1003
    """
    from esl_router.store import workplaces

    with rules.of_domain(domain) as (db, name):
        _show(workplaces.log_in(db, name, user, place, by=rules.actor()), user)


@workplace_command.command("logout", acts=True)
@click.argument("who", metavar="USER|PLACE")
@of_domain
def log_out(who: str, domain: str | None) -> None:
    """Log a user out of the workplace where he is, or whoever is logged in at one.

    Users may do so for themselves.

    \b
    Example:
      esl-router workplace logout 1003
      esl-router workplace logout reception
    """
    from esl_router.store import workplaces

    with rules.of_domain(domain) as (db, name):
        _show(workplaces.log_out(db, name, who, by=rules.actor()), who)


def _show(login: Login, user: str) -> None:
    notes = []
    if login.logged_out is not None:
        notes.append(f"{login.logged_out} was logged out of {login.place}: {user} is there now.")
    if login.left is not None and login.place is not None:
        notes.append(f"{user} has left {login.left}.")
    if login.changes:
        notes.append(
            "What FreeSWITCH rings without the router learns of it by: "
            "esl-router directory write PATH --reload"
        )
    rules.show_changes(
        login.changes,
        notes=notes,
        place=login.place,
        left=login.left,
        logged_out=login.logged_out,
    )
