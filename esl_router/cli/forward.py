"""``forward``: a user's own forward of every call, whatever his status."""

from __future__ import annotations

from typing import Any

import click

from esl_router.cli import rules, terminal
from esl_router.cli.options import Group, of_domain


@click.group("forward", cls=Group)
def forward_command() -> None:
    """Forward every call of a user: no phone of his rings, whatever his status.

    Colleagues' calls and those from outside have a forward each. It is independent of the status,
    of do not disturb and of the follow-me rows: nothing of those is changed by it, and it comes
    first. Who is on the user's caller list as `ring` gets through.

    \b
    Example:
      esl-router forward set 1001 extension:1002 --origin external
      esl-router forward off 1001
      esl-router forward on 1001
    """


def _origins(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    return ("internal", "external") if value == "both" else (value,)


_ORIGIN: Any = click.option(
    "--origin",
    "origins",
    type=click.Choice(["internal", "external", "both"]),
    default="both",
    show_default=True,
    callback=_origins,
    help="Which calls: a colleague's, or those through the trunk.",
)


@forward_command.command("show")
@click.argument("user", required=False)
@of_domain
def show_forwards(user: str | None, domain: str | None) -> None:
    """The forwards of one USER, or of everybody who has any.

    \b
    Example:
      esl-router forward show
      esl-router forward show 1001
    """
    from esl_router.store import call_forward

    with rules.of_domain(domain, readonly=True) as (db, name):
        found = call_forward.forwards(db, name, user)
    terminal.show(
        found,
        lambda: terminal.print_table(
            ("user", "name", "calls", "forwarded to", "on", "before"),
            [
                (
                    f["user"],
                    f["name"],
                    f["origin"],
                    f["to"] or "-",
                    f["enabled"] if f["to"] else "",
                    ", ".join(filter(None, ("splash" if f["ring_splash"] else "", f["announce"]))),
                )
                for f in found
            ],
            "Nobody forwards his calls: esl-router forward set",
        ),
    )


@forward_command.command("set", acts=True)
@click.argument("user")
@click.argument("target")
@_ORIGIN
@click.option("--disabled", is_flag=True, help="Note the target, and leave the forward off.")
@click.option(
    "--ring-splash/--no-ring-splash",
    default=None,
    help="Whether his own phones ring for a moment first. Default: as before.",
)
@of_domain
def set_forward(
    user: str,
    target: str,
    origins: tuple[str, ...],
    disabled: bool,
    ring_splash: bool | None,
    domain: str | None,
) -> None:
    """Forward every call of a user to TARGET, from now on.

    TARGET is voicemail (his own), voicemail:1002, extension:1002 (a user or a team),
    external:+49…, busy, announcement:SOUND; ring sends nothing away. A number that the toll policy
    forbids is refused.

    \b
    Example:
      esl-router forward set 1001 extension:1002 --origin external
      esl-router forward set 1001 external:01711234567 --ring-splash --as 1001
    """
    from esl_router.store import call_forward

    with rules.of_domain(domain) as (db, name):
        changes = call_forward.set_forward(
            db,
            name,
            user,
            origins,
            target,
            enabled=not disabled,
            ring_splash=ring_splash,
            by=rules.actor(),
        )
    rules.show_changes(changes)


@forward_command.command("on", acts=True)
@click.argument("user")
@_ORIGIN
@of_domain
def switch_on(user: str, origins: tuple[str, ...], domain: str | None) -> None:
    """Switch a user's forward on again, to the target it has.

    \b
    Example:
      esl-router forward on 1001 --origin external
    """
    _set_key(user, origins, "enabled", True, domain)


@forward_command.command("off", acts=True)
@click.argument("user")
@_ORIGIN
@of_domain
def switch_off(user: str, origins: tuple[str, ...], domain: str | None) -> None:
    """Switch a user's forward off; it keeps its target.

    \b
    Example:
      esl-router forward off 1001 --as 1001
    """
    _set_key(user, origins, "enabled", False, domain)


def _set_key(user: str, origins: tuple[str, ...], key: str, value: Any, domain: str | None) -> None:
    from esl_router.store import call_forward

    with rules.of_domain(domain) as (db, name):
        changes = call_forward.set_key(db, name, user, origins, key, value, by=rules.actor())
    rules.show_changes(changes)


@forward_command.command("ring-splash", acts=True)
@click.argument("user")
@click.argument("switch", metavar="on|off", type=click.Choice(["on", "off"]))
@_ORIGIN
@of_domain
def switch_ring_splash(
    user: str, switch: str, origins: tuple[str, ...], domain: str | None
) -> None:
    """Whether a user's phones ring for a moment before his forward takes a call.

    A reminder for who sits beside the phone, for less than a second. Whoever is quick enough has
    the call.

    \b
    Example:
      esl-router forward ring-splash 1001 on --origin external
    """
    _set_key(user, origins, "ring_splash", switch == "on", domain)


@forward_command.command("announce", acts=True)
@click.argument("user")
@click.argument("sound", metavar="SOUND|none")
@_ORIGIN
@of_domain
def set_announce(user: str, sound: str, origins: tuple[str, ...], domain: str | None) -> None:
    """Play a sound to callers before a user's forward takes their calls.

    SOUND is a file as FreeSWITCH names it. They hear it before the answer: it costs them nothing.

    \b
    Example:
      esl-router forward announce 1001 ivr/ivr-please_hold_while_party_contacted.wav
      esl-router forward announce 1001 none --origin internal --as 1001
    """
    _set_key(user, origins, "announce", None if sound == "none" else sound, domain)


@forward_command.command("ring-time", acts=True)
@click.argument("user")
@click.argument("seconds", metavar="SECONDS|default")
@of_domain
def set_ring_time(user: str, seconds: str, domain: str | None) -> None:
    """How long it rings where a user forwards to: 1 to 300 seconds.

    It is for all of his forwards: this one, those of a status, and busy, no answer, not
    registered. Then the call goes to the mailbox of whom the caller wanted. `default` is what
    settings.forward_ring says.

    \b
    Example:
      esl-router forward ring-time 1001 15 --as 1001
    """
    from esl_router.store import call_forward

    value: Any = None if seconds == "default" else seconds
    if seconds.isascii() and seconds.isdigit():
        value = int(seconds)
    with rules.of_domain(domain) as (db, name):
        changes = call_forward.set_ring_time(db, name, user, value, by=rules.actor())
    rules.show_changes(changes)


@forward_command.command("clear", acts=True)
@click.argument("user")
@_ORIGIN
@of_domain
def clear_forward(user: str, origins: tuple[str, ...], domain: str | None) -> None:
    """Take a user's forward away, target and all.

    \b
    Example:
      esl-router forward clear 1001 --origin internal
    """
    from esl_router.store import call_forward

    with rules.of_domain(domain) as (db, name):
        changes = call_forward.clear(db, name, user, origins, by=rules.actor())
    rules.show_changes(changes)
