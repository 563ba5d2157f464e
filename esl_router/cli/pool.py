"""``executive assistant``: who the assistants of an executive are, in which order."""

from __future__ import annotations

import click

from esl_router.cli import rules
from esl_router.cli.options import Group, of_domain


@click.group("assistant", cls=Group)
def assistant_command() -> None:
    """Who the assistants of an executive are, in the order in which they ring.

    `esl-router assistant` is for the assistants themselves.

    \b
    Example:
      esl-router executive assistant add 1001 1002
    """


_PLACE = click.option(
    "--place", type=int, metavar="N", help="His place in the order; 1 is the first."
)
_RINGS = click.option(
    "--rings",
    type=click.IntRange(0, 20),
    metavar="N",
    help="Rings before the next assistant, for him alone; 0: as the executive has it.",
)


@assistant_command.command("add")
@click.argument("executive")
@click.argument("user")
@_PLACE
@_RINGS
@of_domain
def add_assistant(
    executive: str, user: str, place: int | None, rings: int | None, domain: str | None
) -> None:
    """Add an assistant, logged in; without --place he is the last one.

    \b
    Example:
      esl-router executive assistant add 1001 1003 --place 1
    """
    from esl_router.store import assistants

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(
            assistants.add_assistant(db, name, executive, user, place=place, rings=rings or None)
        )


@assistant_command.command("set", acts=True)
@click.argument("executive")
@click.argument("user")
@_PLACE
@_RINGS
@of_domain
def set_assistant(
    executive: str, user: str, place: int | None, rings: int | None, domain: str | None
) -> None:
    """Put an assistant at another place in the order, or let him ring longer than the others.

    \b
    Example:
      esl-router executive assistant set 1001 1003 --place 1
      esl-router executive assistant set 1001 1003 --rings 5 --as 1002
    """
    from esl_router.store import assistants

    if place is None and rings is None:
        raise click.UsageError("say what to set: --place, --rings")
    settings = {} if rings is None else {"rings": rings or None}
    with rules.of_domain(domain) as (db, name):
        rules.show_changes(
            assistants.set_assistant(
                db, name, executive, user, settings, place=place, by=rules.actor()
            )
        )


@assistant_command.command("remove")
@click.argument("executive")
@click.argument("user")
@of_domain
def remove_assistant(executive: str, user: str, domain: str | None) -> None:
    """Take an assistant off the list; he stays a user.

    \b
    Example:
      esl-router executive assistant remove 1001 1003
    """
    from esl_router.store import assistants

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(assistants.remove_assistant(db, name, executive, user))
