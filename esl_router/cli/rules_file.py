"""``import`` and ``export``: the rules file and the store."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Command, of_domain


@click.command("import", cls=Command)
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Print the difference, change nothing.")
@click.option(
    "--state",
    is_flag=True,
    help="Also take from the file what people switch themselves (status, do not disturb, logins).",
)
def import_command(file: BinaryIO, dry_run: bool, state: bool) -> None:
    """Make the store equal to a rules FILE (- is standard input).

    Replaces the configuration of the file's domain, all of it or nothing. What people switched in
    daily life stays as it is for those who exist already, unless --state. Every fault in the file
    is named, with its path.

    \b
    Example:
      esl-router import rules.yaml --dry-run
      esl-router import rules.yaml
    """
    from esl_router.store import rules_file
    from esl_router.store.rules_import import import_rules

    document = rules_file.load(file.read())
    with rules.opened() as db:
        diff = import_rules(db, document, state=state, dry_run=dry_run)

    def text() -> None:
        for line in diff.lines():
            terminal.say(line)
        count = len(diff.changes)
        what = f"{count} change{'s' * (count != 1)}" if count else "no change"
        if dry_run:
            terminal.say(f"{diff.domain}: {what}; nothing was written (--dry-run).")
        else:
            terminal.say(f"{diff.domain}: {what}{', written' * bool(count)}.")

    terminal.show({**diff.record(), "written": not dry_run}, text)


@click.command("export", cls=Command, prints=False)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="-")
@of_domain
def export_command(file: Path, domain: str | None) -> None:
    """Write the store's rules to FILE, as a rules file (- is standard output).

    Importing it again changes nothing. It holds the phones' passwords: a new file can be read by
    its owner alone.

    \b
    Example:
      esl-router export rules.yaml
      esl-router export --domain pbx.test - | less
    """
    from esl_router.cli.files import replace
    from esl_router.store.rules_import import export_rules

    with rules.of_domain(domain, readonly=True) as (db, name):
        text = export_rules(db, name)
    if str(file) == "-":
        click.echo(text.encode(), nl=False)
    else:
        replace(file, text)
