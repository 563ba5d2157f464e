"""``contact``: whose a number is."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, of_domain
from esl_router.errors import NotFound, RulesFileError, SourceError

if TYPE_CHECKING:
    import sqlite_utils

    from esl_router.store.contacts import Contact

_MOST_PROBLEMS = 20


@click.group("contact", cls=Group, acts=False)
def contact_command() -> None:
    """Contacts: names for numbers. A phone shows the name where the caller gives none.

    \b
    Example:
      esl-router contact search mu
    """


def _show(found: Iterable[Contact], empty: str) -> None:
    found = list(found)
    terminal.show(
        [each.record() for each in found],
        lambda: terminal.print_table(
            ("name", "numbers", "source"),
            [(each.name, each.numbers, each.source) for each in found],
            empty,
        ),
    )


@contact_command.command("list")
@of_domain
def list_contacts(domain: str | None) -> None:
    """Every contact: those of the rules file, then those copied from a directory.

    \b
    Example:
      esl-router contact list
    """
    from esl_router.store import contacts

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = contacts.contacts(db, name)
    _show(found, "There is no contact yet: esl-router contact add, or contact import")


@contact_command.command("show")
@click.argument("contact")
@of_domain
def show_contact(contact: str, domain: str | None) -> None:
    """One contact, by its name or one of its numbers.

    \b
    Example:
      esl-router contact show "Muster GmbH"
      esl-router contact show 030 7654321
    """
    from esl_router.store import contacts

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = contacts.find(db, name, contact)
    terminal.show(
        found.record(),
        lambda: terminal.print_table(
            ("name", "numbers", "source"), [(found.name, found.numbers, found.source)], ""
        ),
    )


@contact_command.command("search")
@click.argument("text", nargs=-1, required=True)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many."
)
@of_domain
def search_contacts(text: tuple[str, ...], limit: int, domain: str | None) -> None:
    """The contacts somebody may mean who types TEXT: as you type.

    Each word is the beginning of a word of the name, whatever its case and umlauts (mu, mü and mue
    find Müller); digits are the beginning of a number.

    \b
    Example:
      esl-router contact search mu
      esl-router contact search mül gmb
      esl-router contact search 0307
    """
    from esl_router.store import contacts

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = contacts.search(db, name, " ".join(text), limit)
    _show(found, "Nobody is called so.")


@contact_command.command("add")
@click.argument("name")
@click.argument("number", nargs=-1, required=True)
@of_domain
def add_contact(name: str, number: tuple[str, ...], domain: str | None) -> None:
    """Add a contact with its numbers.

    \b
    Example:
      esl-router contact add "Muster GmbH" 0307654321 +491711230000
    """
    from esl_router.store import contacts

    with rules.of_domain(domain) as (db, of):
        rules.show_changes(contacts.add_contact(db, of, name, number))


@contact_command.command("set")
@click.argument("contact")
@click.option("--name", help="Another name.")
@click.option(
    "--number",
    multiple=True,
    metavar="NUMBER",
    help="A number; repeated for several. Replaces those it had.",
)
@of_domain
def set_contact(
    contact: str, name: str | None, number: tuple[str, ...], domain: str | None
) -> None:
    """Change a contact, named by its name or one of its numbers.

    \b
    Example:
      esl-router contact set "Muster GmbH" --number 0307654321 --number 0307654322
    """
    from esl_router.store import contacts

    if name is None and not number:
        raise click.UsageError("say what to set: --name or --number")
    with rules.of_domain(domain) as (db, of):
        changes = contacts.set_contact(db, of, contact, name=name, numbers=number or None)
        rules.show_changes(changes)


@contact_command.command("remove")
@click.argument("contact")
@of_domain
def remove_contact(contact: str, domain: str | None) -> None:
    """Remove a contact, named by its name or one of its numbers.

    \b
    Example:
      esl-router contact remove "Muster GmbH"
    """
    from esl_router.store import contacts

    with rules.of_domain(domain) as (db, of):
        rules.show_changes(contacts.remove_contact(db, of, contact))


@contact_command.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Print what would change, change nothing.")
@click.option("--skip-bad", is_flag=True, help="Leave out what is wrong, and import the rest.")
@of_domain
def import_contacts(file: BinaryIO, dry_run: bool, skip_bad: bool, domain: str | None) -> None:
    """Add the contacts of a vCard or CSV FILE (- is standard input).

    A contact that is there already gets the file's numbers in place of its own; nothing is removed.
    Every line that is wrong is named, and then nothing is changed at all, unless --skip-bad. The
    first line of a CSV file names its columns, in German or English: Name (or Vorname and Nachname,
    Firma), Telefon, Mobil, … National numbers are read as dialled in the domain's country. Fax
    numbers, and entries without a number, are left out.

    \b
    Example:
      esl-router contact import adressbuch.csv --dry-run
      esl-router contact import kontakte.vcf
    """
    from esl_router.contacts import files
    from esl_router.contacts.entries import check
    from esl_router.store import contacts
    from esl_router.store.changes import country_of

    with rules.of_domain(domain) as (db, of):
        found = check(files.read(file.read()), country_of(db, of))
        if found.problems and not skip_bad:
            raise RulesFileError(_some(found.problems))
        merged = contacts.merge(db, of, found.contacts, dry_run=dry_run)

    def text() -> None:
        for problem in _some(found.problems):
            terminal.say(f"Left out: {problem}")
        for change in merged.changes:
            terminal.say(change.line())
        counts = f"{merged.added} new, {merged.changed} changed, {merged.unchanged} as they were"
        without = f", {found.without_number} without a number" if found.without_number else ""
        done = "nothing was written (--dry-run)" if dry_run else "written"
        terminal.say(f"{of}: {counts}{without}; {done}.")

    terminal.show(
        {
            "changes": [change.record() for change in merged.changes],
            "added": merged.added,
            "changed": merged.changed,
            "unchanged": merged.unchanged,
            "without_number": found.without_number,
            "problems": found.problems,
            "written": not dry_run,
        },
        text,
    )


def _some(problems: list[str]) -> list[str]:
    more = len(problems) - _MOST_PROBLEMS
    return problems[:_MOST_PROBLEMS] + ([f"… and {more} more"] if more > 0 else [])


@contact_command.command("sync")
@click.option("--watch", is_flag=True, help="Go on, and copy it again and again.")
@click.option(
    "--every",
    type=click.IntRange(10),
    default=900,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: the time between two copies.",
)
@of_domain
def sync_contacts(watch: bool, every: int, domain: str | None) -> None:
    """Copy the contacts of the LDAP directory that settings.ldap names into the store.

    What is copied stands beside the contacts of the rules file, and in no export. While the
    directory cannot be read, what was copied last stays. No call ever waits for it.

    \b
    Example:
      esl-router contact sync
      esl-router contact sync --watch --every 600
    """
    with rules.of_domain(domain) as (db, name):
        while True:
            try:
                _sync(db, name)
            except SourceError as error:
                if not watch:
                    raise
                click.echo(f"esl-router: {error}", err=True)
            if not watch:
                return
            time.sleep(every)


def _sync(db: sqlite_utils.Database, domain: str) -> None:
    from esl_router.contacts import sync
    from esl_router.store.document import read_section

    settings = read_section(db, domain, "settings")["ldap"]
    if settings is None:
        raise NotFound(f"{domain} has no directory: settings.ldap of its rules file names one")
    found = sync.copy(db, domain, settings, time.time())

    def text() -> None:
        for problem in _some(found.problems):
            terminal.say(f"Left out: {problem}")
        terminal.say(f"{domain}: {len(found.contacts)} contacts copied from {settings['url']}.")

    terminal.show(
        {
            "contacts": len(found.contacts),
            "without_number": found.without_number,
            "problems": found.problems,
        },
        text,
    )
