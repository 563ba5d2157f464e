"""``followme``: which of a user's devices ring, when, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, as_if_unregistered, asks_the_switch, of_domain, of_switch
from esl_router.settings import Address

if TYPE_CHECKING:
    from esl_router.cli.followme_picture import Page

ORIGINS = ("internal", "external", "team")


@click.group("followme", cls=Group)
def followme_command() -> None:
    """Which of a user's devices ring, when, and for how long.

    There is a row for each device and each origin of calls: internal (a colleague), external
    (through the trunk), team (for a team he is in). A row that nobody has set is enabled, rings
    at once, for 30 seconds; where the members of a team ring one after the other, for the team's
    time.

    \b
    Example:
      esl-router followme show 1001
    """


@followme_command.command("list")
@click.argument("user", required=False)
@of_domain
def list_rows(user: str | None, domain: str | None) -> None:
    """The rows of one USER, or of everybody.

    \b
    Example:
      esl-router followme list 1001
    """
    from esl_router.store import admin, follow_me

    found = []
    with rules.of_domain(domain, readonly=True) as (db, name):
        users = [user] if user else [each["extension"] for each in admin.users(db, name)]
        for extension in users:
            for device, row in follow_me.rows(db, name, extension).items():
                for origin in ORIGINS:
                    found.append(
                        {
                            "user": extension,
                            "device": device,
                            "origin": origin,
                            **row[origin],
                            "user_configurable": row["user_configurable"],
                        }
                    )
    terminal.show(
        found,
        lambda: terminal.print_table(
            (
                "user",
                "device",
                "origin",
                "enabled",
                "delay",
                "ring",
                "skip if busy",
                "user may change it",
            ),
            [
                (
                    r["user"],
                    r["device"],
                    r["origin"],
                    r["enabled"],
                    f"{r['delay']} s",
                    "the team's" if r["ring"] is None else f"{r['ring']} s",
                    r["skip_if_busy"],
                    r["user_configurable"],
                )
                for r in found
            ],
            "There is no device yet: esl-router device add",
        ),
    )


@followme_command.command("show")
@click.argument("user")
@as_if_unregistered
@asks_the_switch
@of_switch()
@of_domain
def show_plan(
    user: str,
    unregistered: tuple[str, ...],
    live: bool,
    freeswitch: Address,
    password: str,
    domain: str | None,
) -> None:
    """Draw who rings when, for each origin of calls.

    It is the plan that calls are routed by; where the user's status sends calls elsewhere at
    present, that is said. Without --live or --unregistered every phone counts as registered.

    \b
    Example:
      esl-router followme show 1001
      esl-router followme show 1001 --unregistered 1001-desk
      esl-router followme show 1001 --live
    """
    from esl_router.cli import assumed, followme_picture
    from esl_router.cli.event_link import picture

    if live and unregistered:
        raise click.UsageError("--live or --unregistered, not both")
    with rules.of_domain(domain, readonly=True) as (db, name):
        state = (
            picture(freeswitch, password)
            if live
            else assumed.live(db, name, unregistered=unregistered)
        )
    with rules.routing() as reader:
        page = followme_picture.page(reader, name, user, state, datetime.now(UTC))
    terminal.show(page.record(), lambda: _print(page))


def _print(page: Page) -> None:
    from esl_router.cli.timeline import ASCII, BLOCKS

    glyphs = BLOCKS if terminal.speaks_unicode() else ASCII
    terminal.print_lines(page.lines(terminal.width(), glyphs))


@followme_command.command("set", acts=True)
@click.argument("user")
@click.argument("device", required=False)
@click.option(
    "--origin",
    "origins",
    type=click.Choice(ORIGINS),
    multiple=True,
    help="Which calls; repeated for several. Without it all of them.",
)
@click.option("--delay", type=int, metavar="SECONDS", help="Rings that long after the start.")
@click.option("--ring", type=int, metavar="SECONDS", help="Rings that long, from its own start.")
@click.option("--enabled/--disabled", default=None, help="Whether it rings at all.")
@click.option(
    "--skip-if-busy/--ring-if-busy",
    default=None,
    help="Whether it is left out while it is itself in a conversation.",
)
@click.option(
    "--user-configurable/--locked", default=None, help="Whether the user may change the rows."
)
@click.option(
    "--strategy",
    type=click.Choice(["sequential", "parallel"]),
    help="Compute the delays of all the user's devices.",
)
@of_domain
def set_rows(
    user: str,
    device: str | None,
    origins: tuple[str, ...],
    strategy: str | None,
    domain: str | None,
    **options: Any,
) -> None:
    """Change the rows of one DEVICE, or with --strategy the delays of all of them.

    sequential: each enabled device rings when the one before it has rung to its end; parallel:
    all at once. With --ring each gets that ring time too.

    \b
    Example:
      esl-router followme set 1001 1001-mobile --origin external --delay 10 --ring 25
      esl-router followme set 1001 1001-desk --origin team --disabled
      esl-router followme set 1001 1001-mobile --skip-if-busy
      esl-router followme set 1001 --strategy sequential --ring 15
    """
    from esl_router.store import follow_me

    settings = {key: value for key, value in options.items() if value is not None}
    by = rules.actor()
    if strategy is not None:
        if device is not None or settings.keys() - {"ring"}:
            raise click.UsageError("--strategy is for all devices: only --origin and --ring fit")
    elif device is None:
        raise click.UsageError("name the DEVICE, or say --strategy for all of them")
    elif not settings:
        raise click.UsageError("say what to set: --delay, --ring, --enabled, --disabled …")
    with rules.of_domain(domain) as (db, name):
        if strategy is not None:
            changes = follow_me.generate(
                db,
                name,
                user,
                strategy,
                origins=origins or ORIGINS,
                ring=settings.get("ring"),
                by=by,
            )
        else:
            changes = follow_me.set_rows(
                db, name, user, str(device), settings, origins=origins or ORIGINS, by=by
            )
    rules.show_changes(changes)


@followme_command.command("remove")
@click.argument("user")
@click.argument("device")
@of_domain
def remove_rows(user: str, device: str, domain: str | None) -> None:
    """Set all rows of one DEVICE back: enabled, at once, 30 seconds. The device stays.

    \b
    Example:
      esl-router followme remove 1001 1001-mobile
    """
    from esl_router.errors import NotFound
    from esl_router.store import admin
    from esl_router.store.rules.forms import near

    with rules.of_domain(domain) as (db, name):
        devices = admin.user(db, name, user)["devices"]
        if device not in devices:
            raise NotFound(f"user {user} has no device {device!r}{near(device, devices)}")
        # Not dotted: a device's name may have dots in it.
        steps: dict[Any, None] = {("follow_me", device): None}
        rules.show_changes(admin.set_user(db, name, user, steps))
