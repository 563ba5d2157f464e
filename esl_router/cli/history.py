"""``history`` and ``undo``: who changed which rule, and taking a change back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Command, Group, common, of_domain

if TYPE_CHECKING:
    from esl_router.store.history import Entry
    from esl_router.store.objects import Edit, Path


class _ListUnlessNamed(Group):
    """Lists when no other command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not {*self.commands, "-h", "--help"} & set(args):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("history", cls=_ListUnlessNamed)
def history_command() -> None:
    """Every change of the rules: who made it, when, from where, what before and after.

    Without a command it lists, with the same options. Passwords are not in it, nor what the router
    writes for itself: the journal, whose turn it is in a team.

    \b
    Example:
      esl-router history
      esl-router history list --user 1001 -n 50
    """


@history_command.command("list", acts=True)
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many."
)
@click.option("--user", metavar="USER", help="What concerns this user, or was changed by him.")
@click.option(
    "--object",
    "path",
    metavar="PATH",
    help="What changed there or below, by its path in the rules file.",
)
@click.option("--since", metavar="ISO", help="Not before this instant (2026-12-24T15:00).")
@click.option("--domain", metavar="NAME", help="Changes of this domain alone.")
def list_history(
    limit: int, user: str | None, path: str | None, since: str | None, domain: str | None
) -> None:
    """The last changes, the latest at the bottom. --as a user: what concerns him.

    \b
    Example:
      esl-router history list
      esl-router history list --object teams.2000 --since 2026-10-01
      esl-router history list --as 1001
    """
    from esl_router.cli import history_words
    from esl_router.store import admin, history

    acting = common().acting
    if acting is not None and user not in (None, acting):
        raise click.UsageError("--as a user lists what concerns him: leave --user out")
    with rules.opened(readonly=True) as db:
        one = domain is not None or acting is not None
        found = history.entries(
            db,
            limit,
            domain=admin.pick_domain(db, domain) if one else None,
            user=acting or user,
            path=_path(path),
            since=None if since is None else _local(since, "--since"),
        )
    shown = [(each, _of_user(each, acting or user)) for each in found]

    def text() -> None:
        _print(shown, most=5)
        if not shown:
            terminal.say("No change yet.")

    terminal.show([history_words.record(*each) for each in shown], text)


@history_command.command("show", acts=True)
@click.argument("entry", type=int)
def show_entry(entry: int) -> None:
    """One entry, with each of its changes.

    \b
    Example:
      esl-router history show 12
    """
    from esl_router.cli import history_words
    from esl_router.errors import NotPermitted
    from esl_router.store import history

    acting = common().acting
    with rules.opened(readonly=True) as db:
        found = history.entry(db, entry)
    edits = _of_user(found, acting)
    if not edits:
        raise NotPermitted(
            f"user {acting} may not see entry {entry}: it concerns others, the administrator may"
        )
    terminal.show(history_words.record(found, edits), lambda: _print([(found, edits)]))


@history_command.command("purge")
@click.option("--before", metavar="ISO", help="Older than this instant (2026-12-24T15:00).")
@click.option("--older-than", type=click.IntRange(1), metavar="DAYS", help="Older than this.")
def purge_history(before: str | None, older_than: int | None) -> None:
    """Remove old entries. What they changed stays as it is.

    \b
    Example:
      esl-router history purge --older-than 365
      esl-router history purge --before 2026-01-01
    """
    import time

    from esl_router.store import history

    if (before is None) == (older_than is None):
        raise click.UsageError("say how old: --before or --older-than")
    until = time.time() - (older_than or 0) * 86400
    if before is not None:
        until = _local(before, "--before")
    with rules.opened() as db:
        count = history.purge(db, until)
    terminal.show({"removed": count}, lambda: terminal.say(f"{count} entries removed."))


@click.command("undo", cls=Command, acts=True)
@click.argument("entry", type=int, required=False)
@of_domain
def undo_command(entry: int | None, domain: str | None) -> None:
    """Take a change back: ENTRY of the history, else the last one that you made.

    Refused when something that it changed is not as it left it, and when the rules would be wrong
    without it: all of it or nothing. The undo is an entry too, which can be taken back in turn.
    --as a user it takes back what he may change.

    \b
    Example:
      esl-router undo
      esl-router undo 12
      esl-router undo --as 1001
    """
    from esl_router.cli import history_words
    from esl_router.store.undo import undo

    with rules.of_domain(domain) as (db, name):
        made, renewed = undo(db, name, entry, rules.actor())

    def text() -> None:
        _print([(made, made.edits)])
        for account in renewed:
            terminal.say(
                f"{account} has a new password, the one it had is not kept: "
                f"esl-router device show {account} --show-password"
            )

    shown = {**history_words.record(made, made.edits), "new_passwords": list(renewed)}
    terminal.show(shown, text)


def _path(text: str | None) -> Path:
    from esl_router.errors import NotFound
    from esl_router.store.objects import SECTIONS
    from esl_router.store.rules.forms import near

    if text is None:
        return ()
    path = tuple(text.split("."))
    if path[0] not in SECTIONS:
        raise NotFound(
            f"{text}: a rules file has no {path[0]!r}{near(path[0], SECTIONS)}, "
            "write it as users.1001.presence"
        )
    return path


def _local(text: str, option: str) -> float:
    """An instant, in the zone of whoever asks unless it names one."""
    from esl_router.cli.instants import instant

    found = instant(text, "UTC", option)
    if datetime.fromisoformat(text).tzinfo is None:
        found = found.replace(tzinfo=None).astimezone()
    return found.timestamp()


def _of_user(entry: Entry, user: str | None) -> Sequence[Edit]:
    """What of an entry concerns a user, or all of it when it is his own."""
    from esl_router.store.history import concerns

    if user is None or entry.by.extension == user:
        return entry.edits
    return [edit for edit in entry.edits if concerns(edit, user)]


def _print(found: Iterable[tuple[Entry, Sequence[Edit]]], most: int | None = None) -> None:
    from esl_router.cli.history_words import sentences
    from esl_router.cli.terminal import Span

    lines = []
    found = list(found)
    several = len({entry.domain for entry, _ in found}) > 1
    for entry, edits in found:
        when = datetime.fromtimestamp(entry.at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        first, *more = sentences(entry, edits, most)
        first = f"{entry.domain}: {first}" if several else first
        undone = f" (taken back by entry {entry.undone_by})" if entry.undone_by else ""
        lines.append(
            [Span(f"{entry.number:>5}  {when}  ", "dim"), Span(first), Span(undone, "dim")]
        )
        lines += [[Span(f"{'':28}{line}")] for line in more]
    terminal.print_lines(lines)
