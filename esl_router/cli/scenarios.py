"""``test``: plays scenario files against the rules, and says which calls end as expected."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Command, common, of_domain

if TYPE_CHECKING:
    from esl_router.cli.rehearsal import Result
    from esl_router.store.rules.layout import Document
    from esl_router.switch.scenario import Scenario

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("test", cls=Command)
@click.argument("files", metavar="FILE...", type=_FILE, nargs=-1, required=True)
@click.option("--rules", "given", type=_FILE, help="Play with these rules, whatever a FILE names.")
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 100),
    default=20.0,
    show_default=True,
    help="How much faster than life the calls go.",
)
@click.option("--verbose", "-v", is_flag=True, help="Say why, for calls that pass as well.")
@of_domain
@click.pass_context
def test_command(
    ctx: click.Context,
    files: tuple[Path, ...],
    given: Path | None,
    speed: float,
    verbose: bool,
    domain: str | None,
) -> None:
    """Play scenario files, and check that each call ends as they say.

    A scenario says what phones do, who calls whom, and what is expected: docs/scenarios.md. The
    router takes the calls as it would from FreeSWITCH; switch and phones are simulated. A FILE is
    played with the rules file that it names, and with the rules of the store if it names none.
    Neither the store nor any phone is touched. Exit code 1 if a call does not end as expected.

    \b
    Example:
      esl-router test scenarios/*.yaml
      esl-router test fixtures/scenarios/outside.yaml --speed 40
      esl-router test scenarios/night.yaml --rules new-rules.yaml
    """
    from esl_router.cli.rehearsal import rehearse
    from esl_router.switch import scenario as scenarios

    if not common(ctx).debug:
        logging.getLogger("esl_router").addHandler(logging.NullHandler())
    loaded = [(path, scenarios.load(path)) for path in files]
    played = [(path, scenario, _rules(path, scenario, given, domain)) for path, scenario in loaded]
    passed = failed = 0
    records = []
    for path, scenario, document in played:
        terminal.say(f"{path}{f': {scenario.about}' * bool(scenario.about)}")
        calls = []
        for result in rehearse(scenario, document, speed):
            failed, passed = failed + bool(result.wrong), passed + (not result.wrong)
            calls.append(_record(result))
            if not common(ctx).json:
                _print(result, verbose)
        records.append({"file": str(path), "calls": calls})
    terminal.say(f"{passed + failed} calls, {failed} not as expected.")
    if common(ctx).json:
        terminal.print_json({"passed": passed, "failed": failed, "files": records})
    ctx.exit(1 if failed else 0)


def _rules(path: Path, scenario: Scenario, given: Path | None, domain: str | None) -> Document:
    """The rules that a scenario is played with."""
    from esl_router.errors import RulesFileError
    from esl_router.store import rules_file
    from esl_router.store.document import read_rules

    file = given or (path.parent / scenario.rules if scenario.rules else None)
    if file is not None:
        try:
            return rules_file.load(file.read_bytes())
        except RulesFileError as error:
            raise RulesFileError([f"{file}: {problem}" for problem in error.problems]) from None
    with rules.of_domain(domain, readonly=True) as (db, name):
        document = read_rules(db, name)
    assert document is not None
    return document


def _print(result: Result, verbose: bool) -> None:
    from esl_router.cli.terminal import Span

    script = result.placed.script
    title = script.title or f"{script.caller} calls {script.number}"
    word, style = ("fail", "bold red") if result.wrong else ("pass", "green")
    lines = [[Span(f"  {word} ", style), Span(title)]]
    lines += [[Span(f"       {problem}", "bold")] for problem in result.wrong]
    if result.wrong or verbose:
        lines.append([Span(f"       It came to: {_words(result)}")])
        lines += [[Span(f"         {text}", "dim")] for text in result.trace]
    terminal.print_lines(lines)


def _words(result: Result) -> str:
    placed = result.placed
    rang = ", ".join(placed.rang) or "nothing"
    if placed.answered is not None:
        end = f"{placed.answered} has the call"
    elif placed.mailbox is not None:
        end = f"the mailbox of {placed.mailbox}"
    else:
        end = "back to the dialplan" if placed.fallback else "nobody"
    return f"{placed.code}, {end}; {rang} rang."


def _record(result: Result) -> dict[str, Any]:
    placed, script = result.placed, result.placed.script
    return {
        "title": script.title,
        "from": script.caller,
        "to": script.number,
        "passed": not result.wrong,
        "wrong": list(result.wrong),
        "code": placed.code,
        "answered": placed.answered,
        "mailbox": placed.mailbox,
        "fallback": placed.fallback,
        "rang": list(placed.rang),
        "trace": list(result.trace),
    }
