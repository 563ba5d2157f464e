"""``status``: what everybody's phones do right now, and his status, side by side."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Command, common, of_domain, of_switch
from esl_router.errors import NotFound
from esl_router.settings import Address

if TYPE_CHECKING:
    from esl_router.cli.status_picture import Person
    from esl_router.live.feed import Feed, Movement

FIRST_PICTURE = 3.0
"""Seconds to wait for the switches."""

EVERY = 0.5
"""Seconds between two looks at the store."""


@click.command("status", cls=Command)
@click.argument("user", required=False)
@click.option("--watch", is_flag=True, help="Go on, and print who changes, until Ctrl-C.")
@of_switch(several=True)
@of_domain
def status_command(
    user: str | None,
    watch: bool,
    freeswitch: tuple[Address, ...],
    password: str,
    domain: str | None,
) -> None:
    """Show what a USER's phones do, or everybody's, and his status.

    The line is offline (no phone is registered), available, ringing, calling (he has dialled, and
    nobody has answered yet) or talking; it is unknown where FreeSWITCH cannot be asked. The status
    is what he or his calendar says, and changes no line. A call that was forwarded is on the line
    of whoever took it. With --watch --json there is a line for each user who changes.

    \b
    Example:
      esl-router status
      esl-router status 1001 --json
      esl-router status --watch
    """
    from esl_router.live.feed import Movement

    movement = Movement()
    with _linked(freeswitch, password, movement) as feed:
        people = _people(user, domain, feed)
        if not watch:
            _print_all(people, alone=user is not None)
            return
        _print_changes(people)
        _follow(people, user, domain, feed, movement)


def _follow(
    people: Sequence[Person], user: str | None, domain: str | None, feed: Feed, movement: Movement
) -> None:
    while True:
        movement.wait(EVERY)
        before = {person.user.extension: person.state for person in people}
        people = _people(user, domain, feed)
        _print_changes([p for p in people if before.get(p.user.extension) != p.state])


@contextmanager
def _linked(addresses: Sequence[Address], password: str, movement: Movement) -> Iterator[Feed]:
    from esl_router.live.feed import Address as SwitchAddress
    from esl_router.live.feed import Feed

    # What a link would log is said here, once.
    logging.getLogger("esl_router.live").addHandler(logging.NullHandler())
    feed = Feed([SwitchAddress(each.host, each.port, password) for each in addresses])
    feed.listen(movement)
    feed.start()
    try:
        if not feed.wait(FIRST_PICTURE):
            for status in feed.status():
                if not status.linked:
                    why = status.error or f"FreeSWITCH at {status.address} does not answer"
                    click.echo(f"esl-router: {why}; lines are unknown", err=True)
        yield feed
    finally:
        feed.stop()


def _people(user: str | None, domain: str | None, feed: Feed) -> list[Person]:
    from esl_router.cli.status_picture import merged, person
    from esl_router.store import admin, presence

    with rules.of_domain(domain, readonly=True) as (db, name):
        names = presence.display_names(db, name)
        extensions = [user] if user else [each["extension"] for each in admin.users(db, name)]
    now = datetime.now(UTC)
    live = merged(link.view(now.timestamp()) for link in feed.links)
    people = []
    with rules.routing() as reader:
        for extension in extensions:
            found = reader.user(name, extension)
            if found is not None:
                people.append(person(found, reader, live, now, names))
            elif user is not None:
                raise NotFound(f"there is no user {extension!r}: see `esl-router user list`")
    return people


def _print_all(people: Sequence[Person], *, alone: bool) -> None:
    if alone:
        (one,) = people
        lines = one.lines(terminal.speaks_unicode())
        terminal.show(one.record(), lambda: terminal.print_lines(lines))
        return
    terminal.show(
        [person.record() for person in people],
        lambda: terminal.print_table(
            ("user", "name", "line", "status", "why"),
            [(p.user.extension, p.user.name, p.line_words, p.status, p.why) for p in people],
            "There is no user yet: esl-router user add, or import",
        ),
    )


def _print_changes(people: Sequence[Person]) -> None:
    import sys

    for person in people:
        if common().json:
            terminal.print_json(person.record(), indent=None)
        else:
            at = person.at.astimezone().strftime("%H:%M:%S")
            terminal.say(f"{at}  {person.sentence}")
    sys.stdout.flush()
