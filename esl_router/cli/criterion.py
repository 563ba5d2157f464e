"""``executive criterion``: which calls a custom filter sends to the assistants, or lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, of_domain
from esl_router.cli.pairs import PAIRS, given

if TYPE_CHECKING:
    from esl_router.model.executive import Criterion


@click.group("criterion", cls=Group)
def criterion_command() -> None:
    """Which calls a custom filter sends to the assistants, and which it lets through.

    All that a criterion names must hold: one that names numbers and a schedule is for these
    callers in its hours. One criterion is enough to filter a call, one that lets it through wins
    over all others. The executive and his assistants may change them.

    \b
    Example:
      esl-router executive criterion add 1001 customers --number +4930* --schedule office
      esl-router executive criterion off 1001 customers
    """


_EVERY = click.Choice(["internal", "external", "any"])


def _of_criterion(command: Any) -> Any:
    for option in (
        click.option(
            "--holidays", metavar="SCHEDULE", help="Only on the closed days of this schedule."
        ),
        click.option("--schedule", metavar="SCHEDULE", help="Only in the hours of this schedule."),
        click.option(
            "--dialled",
            multiple=True,
            metavar="PATTERN",
            help="Only where such a number was dialled; repeated for several.",
        ),
        click.option(
            "--unavailable/--no-unavailable", default=None, help="Callers of whom no number came."
        ),
        click.option("--contact", metavar="NAME", help="The contact of this name, any number."),
        click.option(
            "--anonymous/--no-anonymous", default=None, help="Callers who withhold their number."
        ),
        click.option(
            "--number",
            multiple=True,
            metavar="PATTERN",
            help="Callers with such a number (+4930*); repeated for several.",
        ),
        click.option("--origin", type=_EVERY, help="Colleagues, or callers through the trunk."),
        click.option(
            "--filter/--let-through",
            "filters",
            default=None,
            help="Send such calls to the assistants, or let them through.",
        ),
        PAIRS,
    ):
        command = option(command)
    return command


def _settings(
    pairs: dict[str, Any],
    filters: bool | None,
    origin: str | None,
    number: tuple[str, ...],
    anonymous: bool | None,
    unavailable: bool | None,
    contact: str | None,
    dialled: tuple[str, ...],
    schedule: str | None,
    holidays: str | None,
) -> dict[str, Any]:
    found = {
        "filter": filters,
        "callers.origin": origin,
        "callers.numbers": list(number) or None,
        "callers.anonymous": anonymous,
        "callers.unavailable": unavailable,
        "callers.contact": contact,
        "dialled": list(dialled) or None,
        "schedule": schedule,
        "holidays": holidays,
    }
    written: dict[str, Any] = {key: value for key, value in found.items() if value is not None}
    if origin == "any":
        written["callers.origin"] = None
    return {**written, **pairs}


@criterion_command.command("list", acts=True)
@click.argument("executive")
@of_domain
def list_criteria(executive: str, domain: str | None) -> None:
    """The criteria of an executive, in their order.

    \b
    Example:
      esl-router executive criterion list 1001 --as 1002
    """
    from esl_router.cli.executive_words import criterion_record, criterion_words

    criteria = _criteria(executive, domain)
    terminal.show(
        [criterion_record(each) for each in criteria],
        lambda: terminal.print_table(
            ("name", "active", "calls", "when"),
            [
                (
                    each.name,
                    "yes" if each.active else "no",
                    "filtered" if each.filter else "let through",
                    criterion_words(each),
                )
                for each in criteria
            ],
            f"{executive} has no criterion: esl-router executive criterion add",
        ),
    )


@criterion_command.command("show", acts=True)
@click.argument("executive")
@click.argument("name")
@of_domain
def show_criterion(executive: str, name: str, domain: str | None) -> None:
    """Show a criterion: for which calls it is, and what becomes of them.

    \b
    Example:
      esl-router executive criterion show 1001 customers
    """
    from esl_router.cli.executive_words import criterion_record, criterion_words
    from esl_router.errors import NotFound
    from esl_router.store.rules.forms import near

    criteria = {each.name: each for each in _criteria(executive, domain)}
    found = criteria.get(name)
    if found is None:
        raise NotFound(f"{executive} has no criterion {name!r}{near(name, criteria)}")
    rows = (
        ("name", found.name),
        ("active", "yes" if found.active else "no"),
        ("calls", "go to the assistants" if found.filter else "are let through"),
        ("when", criterion_words(found)),
    )
    terminal.show(
        criterion_record(found),
        lambda: terminal.print_lines(
            [terminal.Span(f"{label:<8}", "dim"), terminal.Span(words)] for label, words in rows
        ),
    )


def _criteria(executive: str, domain: str | None) -> tuple[Criterion, ...]:
    from esl_router.store import executive_admin

    with rules.of_domain(domain, readonly=True) as (db, pbx):
        executive_admin.executive(db, pbx, executive, by=rules.actor())
    with rules.routing() as reader:
        found = reader.executive(pbx, executive)
    return found.criteria if found is not None else ()


@criterion_command.command("add", acts=True)
@click.argument("executive")
@click.argument("name")
@_of_criterion
@of_domain
def add_criterion(executive: str, name: str, domain: str | None, **options: Any) -> None:
    """Add a criterion; without an option it is for every call.

    \b
    Example:
      esl-router executive criterion add 1001 customers --number +4930* --anonymous
      esl-router executive criterion add 1001 family --let-through --number +49171999*
      esl-router executive criterion add 1001 feast --origin external --holidays office
    """
    from esl_router.store import executive_admin

    settings = _settings(**options)
    with rules.of_domain(domain) as (db, pbx):
        rules.show_changes(
            executive_admin.add_criterion(db, pbx, executive, name, settings, by=rules.actor())
        )


@criterion_command.command("set", acts=True)
@click.argument("executive")
@click.argument("name")
@_of_criterion
@of_domain
def set_criterion(executive: str, name: str, domain: str | None, **options: Any) -> None:
    """Change a criterion. KEY=VALUE sets any key of the rules file, KEY= sets it back.

    \b
    Example:
      esl-router executive criterion set 1001 customers --number +4930* --number +4989*
      esl-router executive criterion set 1001 customers name=clients schedule=
    """
    _change(executive, name, given(_settings(**options)), domain)


@criterion_command.command("remove", acts=True)
@click.argument("executive")
@click.argument("name")
@of_domain
def remove_criterion(executive: str, name: str, domain: str | None) -> None:
    """Remove a criterion.

    \b
    Example:
      esl-router executive criterion remove 1001 customers
    """
    from esl_router.store import executive_admin

    with rules.of_domain(domain) as (db, pbx):
        rules.show_changes(
            executive_admin.remove_criterion(db, pbx, executive, name, by=rules.actor())
        )


@criterion_command.command("on", acts=True)
@click.argument("executive")
@click.argument("name")
@of_domain
def switch_on(executive: str, name: str, domain: str | None) -> None:
    """Switch a criterion on.

    \b
    Example:
      esl-router executive criterion on 1001 "fair weeks"
    """
    _change(executive, name, {"active": True}, domain)


@criterion_command.command("off", acts=True)
@click.argument("executive")
@click.argument("name")
@of_domain
def switch_off(executive: str, name: str, domain: str | None) -> None:
    """Switch a criterion off; it is kept.

    \b
    Example:
      esl-router executive criterion off 1001 customers --as 1002
    """
    _change(executive, name, {"active": False}, domain)


def _change(executive: str, name: str, settings: Any, domain: str | None) -> None:
    from esl_router.store import executive_admin

    with rules.of_domain(domain) as (db, pbx):
        rules.show_changes(
            executive_admin.set_criterion(db, pbx, executive, name, settings, by=rules.actor())
        )
