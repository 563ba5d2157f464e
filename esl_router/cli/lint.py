"""``lint``: finds rules that cannot work, or that do not do what they look like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Command, of_domain

if TYPE_CHECKING:
    from esl_router.engine.lint.company import Company, Finding, Names
    from esl_router.model.rules import Rules

_STYLES = {"error": "bold red", "warning": "yellow"}


@click.command("lint", cls=Command)
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--strict", is_flag=True, help="Exit code 1 for warnings, too.")
@click.option(
    "--at",
    metavar="ISO",
    help="When (2026-12-24T15:00, in the domain's zone unless it names one): for statuses and "
    "schedules. Default: now.",
)
@of_domain
@click.pass_context
def lint_command(
    ctx: click.Context, file: BinaryIO | None, strict: bool, at: str | None, domain: str | None
) -> None:
    """Find rules that cannot work or will surprise, in the store or in a rules FILE.

    A FILE (- is standard input) is looked at and not imported. An error cannot work; a warning
    probably does not do what it looks like. Exit code 1 if there is an error. What is checked:
    docs/lint.md.

    \b
    Example:
      esl-router lint
      esl-router lint rules.yaml --strict
      esl-router lint --at 2026-12-24T15:00
    """
    from esl_router.engine.lint.company import Level
    from esl_router.engine.lint.table import lint

    with _company(file, domain, at) as company:
        findings = lint(company)
        name = company.domain
    errors = sum(finding.level is Level.ERROR for finding in findings)
    warnings = len(findings) - errors

    def text() -> None:
        for finding in findings:
            _print(finding)
        terminal.say(f"{name}: {_count(errors, 'error')}, {_count(warnings, 'warning')}.")

    record = {
        "domain": name,
        "errors": errors,
        "warnings": warnings,
        "findings": [asdict(finding) for finding in findings],
    }
    terminal.show(record, text)
    ctx.exit(1 if errors or (strict and warnings) else 0)


@contextmanager
def _company(file: BinaryIO | None, domain: str | None, at: str | None) -> Iterator[Company]:
    """The rules of the store, or of a file, as the checks see them."""
    from esl_router.engine.lint.company import read
    from esl_router.store.inventory import names

    if file is None:
        with rules.of_domain(domain, readonly=True) as (db, name):
            listed = names(db, name)
        with rules.routing() as reader:
            yield read(reader, name, listed, _instant(at, reader, name))
        return
    if domain is not None:
        raise click.UsageError("--domain is for the store: a file is for one domain")
    with _imported(file) as (reader, name, listed):
        yield read(reader, name, listed, _instant(at, reader, name))


@contextmanager
def _imported(file: BinaryIO) -> Iterator[tuple[Rules, str, Names]]:
    """A file's rules in a store of their own, which nobody else sees."""
    import tempfile

    from esl_router.store import rules_file
    from esl_router.store.database import open_store
    from esl_router.store.inventory import names
    from esl_router.store.reader import Store
    from esl_router.store.rules_import import import_rules

    document = rules_file.load(file.read())
    name = document["domain"]
    with tempfile.TemporaryDirectory(prefix="esl-router-lint-") as place:
        path = Path(place) / "lint.db"
        db = open_store(path, create=True)
        try:
            import_rules(db, document)
            listed = names(db, name)
        finally:
            db.close()
        store = Store(path)
        try:
            with store.read() as reader:
                yield reader, name, listed
        finally:
            store.close()


def _instant(at: str | None, reader: Rules, domain: str) -> datetime:
    from zoneinfo import ZoneInfo

    from esl_router.cli.instants import instant

    settings = reader.settings(domain)
    assert settings is not None
    if at is None:
        return datetime.now(ZoneInfo(settings.timezone))
    return instant(at, settings.timezone, "--at")


def _print(finding: Finding) -> None:
    from esl_router.cli.terminal import Span

    line = [
        Span(f"{finding.level.value:<7}", _STYLES[finding.level.value]),
        Span(f" {finding.path}: ", "bold"),
        Span(finding.text),
    ]
    arrow = "→" if terminal.speaks_unicode() else "->"
    terminal.print_lines([line, [Span(f"        {arrow} {finding.todo}", "italic")]])


def _count(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"
