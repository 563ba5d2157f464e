"""``serve``: the router."""

from __future__ import annotations

import logging

import click

from esl_router.cli.options import Command, common, of_listener, of_switch
from esl_router.esl.dialstring import CONFIRM_PROMPT
from esl_router.settings import Address, Settings


@click.command("serve", cls=Command, prints=False)
@of_listener("Where the dialplan's socket application connects to.")
@of_switch(several=True)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Router processes: at most as many as the machine has cores.",
)
@click.option(
    "--max-calls",
    type=click.IntRange(1, 1_000_000),
    default=2000,
    show_default=True,
    help="Calls a process handles at once; one more is left to the dialplan's fallback.",
)
@click.option(
    "--context",
    "contexts",
    multiple=True,
    default=["internal"],
    show_default=True,
    metavar="NAME",
    help="A dialplan context where the company's own phones call in; may be repeated.",
)
@click.option(
    "--confirm-prompt",
    default=CONFIRM_PROMPT,
    metavar="FILE",
    help="What somebody outside hears until he presses 1: a sound file of FreeSWITCH's, or tones.",
)
@click.option(
    "--calendars/--no-calendars",
    default=True,
    show_default=True,
    help="Read the users' calendars, in a process of its own.",
)
@click.option(
    "--contacts/--no-contacts",
    default=True,
    show_default=True,
    help="Copy the LDAP directories that the rules name, in the same process.",
)
@click.option(
    "--notices/--no-notices",
    default=True,
    show_default=True,
    help="Tell the hooks of missed calls and messages, in the same process.",
)
@click.option(
    "--realtime",
    is_flag=True,
    help="Decide before the machine does anything else, as FreeSWITCH that root has started does: "
    "for one that is busy. Needs root, or a limit of real-time priority.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
)
@click.pass_context
def serve_command(
    ctx: click.Context,
    listen: Address,
    freeswitch: tuple[Address, ...],
    password: str,
    workers: int,
    max_calls: int,
    contexts: tuple[str, ...],
    confirm_prompt: str,
    calendars: bool,
    contacts: bool,
    notices: bool,
    realtime: bool,
    log_level: str,
) -> None:
    """Route calls: FreeSWITCH connects here once for each call.

    Without options it fits the shipped freeswitch-conf. Ctrl-C or SIGTERM stops it: no call is
    lost by that, the dialplan's fallback takes the new ones.

    \b
    Example:
      esl-router serve
      ESL_ROUTER_PASSWORD=… esl-router serve --listen 10.0.0.5:8040 --freeswitch 10.0.0.7
    """
    logging.basicConfig(
        level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    settings = Settings(
        db=common(ctx).path,
        listen=listen,
        switches=freeswitch,
        password=password,
        internal_contexts=frozenset(contexts),
        max_calls=max_calls,
        confirm_prompt=confirm_prompt,
        calendars=calendars,
        contacts=contacts,
        notices=notices,
        realtime=realtime,
    )
    from esl_router.supervisor import run

    ctx.exit(run(settings, workers))
