"""``team``: one number behind which several users stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import (
    Group,
    as_if_talking,
    as_if_unregistered,
    asks_the_switch,
    at_instant,
    of_domain,
    of_switch,
)
from esl_router.cli.pairs import PAIRS, given
from esl_router.model.team import Strategy
from esl_router.settings import Address

if TYPE_CHECKING:
    from esl_router.cli.team_picture import Page


@click.group("team", cls=Group)
def team_command() -> None:
    """One number, several people: who of them rings when.

    \b
    Example:
      esl-router team show 2000
      esl-router team logout 1005 2000
    """


@team_command.command("list")
@of_domain
def list_teams(domain: str | None) -> None:
    """Every team, with its numbers and members.

    \b
    Example:
      esl-router team list
    """
    from esl_router.store import team_admin

    keys = ("extension", "name", "numbers", "strategy", "members")
    with rules.of_domain(domain, readonly=True) as (db, name):
        found = [{key: each[key] for key in keys} for each in team_admin.teams(db, name)]
    terminal.show(
        found,
        lambda: terminal.print_table(
            ("extension", "name", "numbers", "strategy", "members"),
            [
                (t["extension"], t["name"], t["numbers"], t["strategy"], _people(t["members"]))
                for t in found
            ],
            "There is no team yet: esl-router team add, or import",
        ),
    )


def _people(members: list[dict[str, Any]]) -> list[str]:
    return [each["user"] + ("" if each["logged_in"] else " (out)") for each in members]


@team_command.command("show")
@click.argument("team")
@at_instant
@as_if_talking
@as_if_unregistered
@asks_the_switch
@of_switch()
@of_domain
def show_team(
    team: str,
    at: str | None,
    talking: tuple[str, ...],
    unregistered: tuple[str, ...],
    live: bool,
    freeswitch: Address,
    password: str,
    domain: str | None,
) -> None:
    """Show a team: who would ring now, when, and why the others would not.

    Without --live, --talking or --unregistered every phone counts as registered and nobody talks.

    \b
    Example:
      esl-router team show 2000
      esl-router team show 2000 --unregistered 1005-desk --talking 1006-desk
      esl-router team show 2000 --live
    """
    from datetime import UTC, datetime

    from esl_router.cli import assumed, team_picture
    from esl_router.cli.event_link import picture
    from esl_router.cli.instants import instant
    from esl_router.store import presence, team_admin

    if live and (unregistered or talking):
        raise click.UsageError("--live, or --unregistered and --talking: not both")
    with rules.of_domain(domain, readonly=True) as (db, name):
        team_admin.team(db, name, team)
        names = presence.display_names(db, name)
        state = (
            picture(freeswitch, password)
            if live
            else assumed.live(db, name, unregistered=unregistered, talking=talking)
        )
    with rules.routing() as reader:
        settings = reader.settings(name)
        zone = settings.timezone if settings else "UTC"
        now = instant(at, zone, "--at") if at else datetime.now(UTC)
        page = team_picture.page(reader, name, team, state, now, names)
    terminal.show(page.record(), lambda: _print(page))


def _print(page: Page) -> None:
    from esl_router.cli.timeline import ASCII, BLOCKS

    glyphs = BLOCKS if terminal.speaks_unicode() else ASCII
    terminal.print_lines(page.lines(terminal.width(), glyphs))


def _settings(number: tuple[str, ...], pairs: dict[str, Any], **options: Any) -> dict[str, Any]:
    settings = {key: value for key, value in options.items() if value is not None}
    if number:
        settings["numbers"] = list(number)
    return {**settings, **pairs}


def _of_team(command: Any) -> Any:
    for option in (
        click.option(
            "--caller-prefix",
            metavar="TEXT",
            help="Put before the caller's name: members see whom he wanted.",
        ),
        click.option(
            "--skip-if-busy/--ring-if-busy",
            default=None,
            help="Whether members who talk are passed over.",
        ),
        click.option(
            "--max-wait",
            type=click.IntRange(1, 86400),
            metavar="SECONDS",
            help="How long a caller waits at most.",
        ),
        click.option(
            "--ring",
            type=click.IntRange(1, 600),
            metavar="SECONDS",
            help="How long a member rings before the next; not for parallel.",
        ),
        click.option(
            "--strategy",
            type=click.Choice([each.value for each in Strategy]),
            help="Who rings when.",
        ),
        click.option(
            "--number",
            multiple=True,
            metavar="NUMBER",
            help="A direct number; repeated for several. Replaces those it had.",
        ),
        click.option("--name", help="What the team is called."),
        PAIRS,
    ):
        command = option(command)
    return command


@team_command.command("add")
@click.argument("team")
@_of_team
@of_domain
def add_team(team: str, domain: str | None, **options: Any) -> None:
    """Add a team. KEY=VALUE sets any other key of the rules file.

    \b
    Example:
      esl-router team add 2002 --name Support --strategy round_robin --ring 15
      esl-router team member add 2002 1005
    """
    from esl_router.store import team_admin

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(team_admin.add_team(db, name, team, _settings(**options)))


@team_command.command("set")
@click.argument("team")
@_of_team
@of_domain
def set_team(team: str, domain: str | None, **options: Any) -> None:
    """Change a team. KEY=VALUE sets any key of the rules file, KEY= sets it back to the default.

    \b
    Example:
      esl-router team set 2000 --strategy longest_idle --caller-prefix "Hotline: "
      esl-router team set 2000 busy_on_busy=auto overflow.no_answer=voicemail:1005
    """
    from esl_router.store import team_admin

    settings = given(_settings(**options))
    with rules.of_domain(domain) as (db, name):
        rules.show_changes(team_admin.set_team(db, name, team, settings))


@team_command.command("remove")
@click.argument("team")
@of_domain
def remove_team(team: str, domain: str | None) -> None:
    """Remove a team; its members stay users. Refused while somebody's forward still names it.

    \b
    Example:
      esl-router team remove 2002
    """
    from esl_router.store import team_admin

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(team_admin.remove_team(db, name, team))


@team_command.command("login", acts=True)
@click.argument("user")
@click.argument("team")
@of_domain
def log_in(user: str, team: str, domain: str | None) -> None:
    """Log a member in: the team's calls ring him again. Users may do so for themselves.

    Refused while his status logs him out (queue_login of its profile).

    \b
    Example:
      esl-router team login 1005 2000
      esl-router team login 1005 2000 --as 1005
    """
    _log(user, team, True, domain)


@team_command.command("logout", acts=True)
@click.argument("user")
@click.argument("team")
@of_domain
def log_out(user: str, team: str, domain: str | None) -> None:
    """Log a member out: the team's calls pass him over. Users may do so for themselves.

    Refused while his status logs him in (queue_login of its profile).

    \b
    Example:
      esl-router team logout 1005 2000
    """
    _log(user, team, False, domain)


def _log(user: str, team: str, logged_in: bool, domain: str | None) -> None:
    from datetime import UTC, datetime

    from esl_router.store import team_admin

    now = datetime.now(UTC)
    with rules.of_domain(domain) as (db, name):
        rules.show_changes(
            team_admin.log(db, name, user, team, logged_in, now=now, by=rules.actor())
        )


# -- members ----------------------------------------------------------------------------------
@team_command.group("member", acts=False)
def member_command() -> None:
    """Who is in a team, in which order.

    \b
    Example:
      esl-router team member add 2000 1003
    """


_DELAY = click.option(
    "--delay",
    type=click.IntRange(0, 600),
    metavar="SECONDS",
    help="Added to the delays of his own team rows, where all members ring together.",
)
_PLACE = click.option(
    "--place", type=int, metavar="N", help="His place in the order; 1 is the first."
)


@member_command.command("add")
@click.argument("team")
@click.argument("user")
@_DELAY
@_PLACE
@of_domain
def add_member(
    team: str, user: str, delay: int | None, place: int | None, domain: str | None
) -> None:
    """Add a member, logged in; without --place he is the last one.

    \b
    Example:
      esl-router team member add 2000 1003 --delay 10
    """
    from esl_router.store import team_admin

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(
            team_admin.add_member(db, name, team, user, delay=delay or 0, place=place)
        )


@member_command.command("set")
@click.argument("team")
@click.argument("user")
@_DELAY
@_PLACE
@of_domain
def set_member(
    team: str, user: str, delay: int | None, place: int | None, domain: str | None
) -> None:
    """Change a member's delay, or his place in the order.

    \b
    Example:
      esl-router team member set 2000 1002 --place 1 --delay 0
    """
    from esl_router.store import team_admin

    if delay is None and place is None:
        raise click.UsageError("say what to set: --delay or --place")
    with rules.of_domain(domain) as (db, name):
        rules.show_changes(team_admin.set_member(db, name, team, user, delay=delay, place=place))


@member_command.command("remove")
@click.argument("team")
@click.argument("user")
@of_domain
def remove_member(team: str, user: str, domain: str | None) -> None:
    """Take a member out of a team; he stays a user.

    \b
    Example:
      esl-router team member remove 2000 1003
    """
    from esl_router.store import team_admin

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(team_admin.remove_member(db, name, team, user))
