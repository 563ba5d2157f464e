"""``executive``: a user whose calls go to his assistants first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.criterion import criterion_command
from esl_router.cli.options import (
    Group,
    as_if_talking,
    as_if_unregistered,
    asks_the_switch,
    at_instant,
    common,
    of_domain,
    of_switch,
)
from esl_router.cli.pairs import PAIRS, given
from esl_router.cli.pool import assistant_command
from esl_router.model.executive import (
    AlertExecutive,
    Alerting,
    AssistantDevices,
    CallerName,
    CallerNumber,
    ConnectedLine,
    Filter,
    NoAssistant,
)
from esl_router.settings import Address

if TYPE_CHECKING:
    from enum import StrEnum

    from esl_router.cli.executive_picture import Page

_FILTER = click.Choice([each.value for each in Filter])


@click.group("executive", cls=Group)
def executive_command() -> None:
    """A user whose calls his assistants take: which calls, who rings when, and then.

    The executive and his assistants see and change the filter, its criteria, how it rings, what is
    shown and what follows. Who his assistants are, whether they may log out, and whether the
    filter comes before his own forwards is the administrator's.

    \b
    Example:
      esl-router executive show 1001
      esl-router executive filter 1001 external
    """


@executive_command.command("list", acts=True)
@of_domain
def list_executives(domain: str | None) -> None:
    """Every executive, with his filter and his assistants; --as a user those who concern him.

    \b
    Example:
      esl-router executive list
    """
    from esl_router.store import executive_admin

    keys = ("extension", "enabled", "filter", "alerting", "assistants", "rollover")
    with rules.of_domain(domain, readonly=True) as (db, name):
        executives = executive_admin.executives(db, name, by=rules.actor())
    found = [{key: each[key] for key in keys} for each in executives]
    terminal.show(
        found,
        lambda: terminal.print_table(
            ("extension", "filter", "alerting", "assistants", "rollover"),
            [
                (
                    each["extension"],
                    each["filter"] if each["enabled"] else f"{each['filter']} (off)",
                    each["alerting"],
                    [
                        person["user"] + ("" if person["opted_in"] else " (out)")
                        for person in each["assistants"]
                    ],
                    each["rollover"]["action"],
                )
                for each in found
            ],
            "There is no executive yet: esl-router executive add, or import"
            if common().acting is None
            else f"User {common().acting} is no executive, and nobody's assistant.",
        ),
    )


@executive_command.command("show", acts=True)
@click.argument("executive")
@click.option(
    "--origin",
    type=click.Choice(["internal", "external"]),
    default="external",
    show_default=True,
    help="Whose call is drawn: a colleague's, or one through the trunk.",
)
@at_instant
@as_if_talking
@as_if_unregistered
@asks_the_switch
@of_switch()
@of_domain
def show_executive(
    executive: str,
    origin: str,
    at: str | None,
    talking: tuple[str, ...],
    unregistered: tuple[str, ...],
    live: bool,
    freeswitch: Address,
    password: str,
    domain: str | None,
) -> None:
    """Show an executive: his filter and criteria, and which assistant would ring when.

    The picture is of a call that is filtered; `explain --from NUMBER --to EXECUTIVE` says whether
    a call is, criterion by criterion. Without --live, --talking or --unregistered every phone
    counts as registered and nobody talks.

    \b
    Example:
      esl-router executive show 1001
      esl-router executive show 1001 --unregistered 1002-desk --as 1002
      esl-router executive show 1001 --live
    """
    from datetime import UTC, datetime

    from esl_router.cli import assumed, executive_picture
    from esl_router.cli.event_link import picture
    from esl_router.cli.executive_words import notes
    from esl_router.cli.instants import instant
    from esl_router.model.people import Origin
    from esl_router.store import executive_admin, presence

    if live and (unregistered or talking):
        raise click.UsageError("--live, or --unregistered and --talking: not both")
    with rules.of_domain(domain, readonly=True) as (db, name):
        found = executive_admin.executive(db, name, executive, by=rules.actor())
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
        page = executive_picture.page(
            reader,
            name,
            executive,
            Origin(origin),
            state,
            now,
            names,
            tuple(notes(executive, found)),
        )
    terminal.show(page.record(), lambda: _print(page))


def _print(page: Page) -> None:
    from esl_router.cli.timeline import ASCII, BLOCKS

    glyphs = BLOCKS if terminal.speaks_unicode() else ASCII
    terminal.print_lines(page.lines(terminal.width(), glyphs))


# -- settings ---------------------------------------------------------------------------------
def _words(values: type[StrEnum]) -> click.Choice[str]:
    return click.Choice([each.value for each in values])


_SECONDS = click.IntRange(1, 600)
_SETTINGS = (
    ("--filter", "filter", _FILTER, "Which calls go to the assistants."),
    ("--alerting", "alerting", _words(Alerting), "Whether the assistants ring all together."),
    ("--rings", "rings", click.IntRange(1, 20), "Rings before the next assistant; sequential."),
    (
        "--assistant-devices",
        "assistant_devices",
        _words(AssistantDevices),
        "Which devices of an assistant ring: those of his FollowMe, or his first telephone alone.",
    ),
    (
        "--executive-first",
        "executive_first",
        click.IntRange(0, 600),
        "Seconds that his own phones ring before the assistants do; 0: not at all.",
    ),
    (
        "--alert-executive",
        "alert_executive",
        _words(AlertExecutive),
        "What his own phones do meanwhile.",
    ),
    ("--caller-name", "caller_name", _words(CallerName), "The name on the assistants' phones."),
    (
        "--caller-number",
        "caller_number",
        _words(CallerNumber),
        "The number on the assistants' phones.",
    ),
    ("--custom-name", "custom_name", "TEXT", "The name there, with --caller-name custom."),
    ("--custom-number", "custom_number", "NUMBER", "The number there, likewise; or an extension."),
    ("--caller-prefix", "caller_prefix", "TEXT", "What stands before the name there."),
    (
        "--connected-line",
        "connected_line",
        _words(ConnectedLine),
        "Whom the caller sees when an assistant answers: what his telephone says, the assistant, "
        "or the executive.",
    ),
    (
        "--rollover",
        "rollover.action",
        "TARGET",
        "Where calls go that no assistant answers: voicemail, busy, no_answer (his own forward), "
        "executive (his own phones), extension:1002, external:+49….",
    ),
    ("--rollover-after", "rollover.after", _SECONDS, "Seconds until then."),
    (
        "--no-assistant",
        "no_assistant",
        _words(NoAssistant),
        "Where calls go when no assistant can be rung at all.",
    ),
    ("--push-recall", "push_recall", _SECONDS, "Seconds until a pushed call comes back."),
)
_IN_SECONDS = ("--executive-first", "--rollover-after", "--push-recall")
_SWITCHES = (
    ("--parallel-mobile", "parallel.mobile", "Whether his mobiles ring along."),
    ("--parallel-other", "parallel.other", "Whether his other numbers outside ring along."),
    (
        "--before-forwarding",
        "before_forwarding",
        "Whether the filter comes before his own status and forwards.",
    ),
    ("--opt-out", "allow_opt_out", "Whether his assistants may log out."),
    (
        "--push-ignores-bob",
        "push_ignores_bob",
        "Whether a pushed call rings although he is busy on busy.",
    ),
    (
        "--push-follows-forward",
        "push_follows_forward",
        "Whether a pushed call goes where he forwards his calls, or comes back at once.",
    ),
    (
        "--assistant-breaks-dnd",
        "assistant_breaks_dnd",
        "Whether an assistant's own call rings while his status is dnd.",
    ),
    (
        "--assistant-respects-dnd",
        "assistant_respects_dnd",
        "Whether assistants who are away or on dnd are passed over.",
    ),
)


def _of_executive(command: Any) -> Any:
    for name, key, text in reversed(_SWITCHES):
        no = f"{name}/--no-{name.removeprefix('--')}"
        command = click.option(no, key.replace(".", "__"), default=None, help=text)(command)
    for name, key, kind, text in reversed(_SETTINGS):
        seconds = "SECONDS" if name in _IN_SECONDS else None
        known = {"metavar": kind} if isinstance(kind, str) else {"type": kind, "metavar": seconds}
        command = click.option(name, key.replace(".", "__"), help=text, **known)(command)
    return PAIRS(command)


def _settings(pairs: dict[str, Any], **options: Any) -> dict[str, Any]:
    written = {key.replace("__", "."): value for key, value in options.items() if value is not None}
    return {**written, **pairs}


@executive_command.command("add")
@click.argument("executive")
@click.option(
    "--assistant",
    multiple=True,
    metavar="USER",
    help="An assistant; repeated for several, in the order in which they ring.",
)
@_of_executive
@of_domain
def add_executive(
    executive: str, assistant: tuple[str, ...], domain: str | None, **options: Any
) -> None:
    """Make a user an executive. KEY=VALUE sets any other key of the rules file.

    \b
    Example:
      esl-router executive add 1004 --assistant 1002 --assistant 1003 --filter external
    """
    from esl_router.cli.executive_words import notes
    from esl_router.store import executive_admin

    settings = _settings(**options)
    if assistant:
        settings["assistants"] = [{"user": each} for each in assistant]
    with rules.of_domain(domain) as (db, name):
        changes = executive_admin.add_executive(db, name, executive, settings)
        said = notes(executive, executive_admin.executive(db, name, executive))
    rules.show_changes(changes, notes=said)


@executive_command.command("set", acts=True)
@click.argument("executive")
@_of_executive
@of_domain
def set_executive(executive: str, domain: str | None, **options: Any) -> None:
    """Change an executive. KEY=VALUE sets any key of the rules file, KEY= sets it back.

    \b
    Example:
      esl-router executive set 1001 --alerting sequential --rings 3
      esl-router executive set 1001 --rollover voicemail --rollover-after 30 --as 1002
      esl-router executive set 1001 rollover.after=
    """
    _change(executive, given(_settings(**options)), domain)


@executive_command.command("remove")
@click.argument("executive")
@of_domain
def remove_executive(executive: str, domain: str | None) -> None:
    """Take the assistants from a user, with his criteria; everybody stays a user.

    \b
    Example:
      esl-router executive remove 1004
    """
    from esl_router.store import executive_admin

    with rules.of_domain(domain) as (db, name):
        rules.show_changes(executive_admin.remove_executive(db, name, executive))


@executive_command.command("on", acts=True)
@click.argument("executive")
@of_domain
def switch_on(executive: str, domain: str | None) -> None:
    """Switch the filter on: calls go to the assistants.

    \b
    Example:
      esl-router executive on 1001 --as 1002
    """
    _change(executive, {"enabled": True}, domain)


@executive_command.command("off", acts=True)
@click.argument("executive")
@of_domain
def switch_off(executive: str, domain: str | None) -> None:
    """Switch the filter off: calls go to the executive himself.

    \b
    Example:
      esl-router executive off 1001
    """
    _change(executive, {"enabled": False}, domain)


@executive_command.command("filter", acts=True)
@click.argument("executive")
@click.argument("calls", metavar="all|internal|external|custom", type=_FILTER)
@of_domain
def set_filter(executive: str, calls: str, domain: str | None) -> None:
    """Say which calls go to the assistants; custom: those that a criterion names.

    \b
    Example:
      esl-router executive filter 1001 external
    """
    _change(executive, {"filter": calls}, domain)


def _change(executive: str, settings: Any, domain: str | None) -> None:
    from esl_router.cli.executive_words import notes
    from esl_router.store import executive_admin

    with rules.of_domain(domain) as (db, name):
        changes = executive_admin.set_executive(db, name, executive, settings, by=rules.actor())
        said = notes(executive, executive_admin.executive(db, name, executive))
    rules.show_changes(changes, notes=said)


executive_command.add_command(criterion_command)
executive_command.add_command(assistant_command)
