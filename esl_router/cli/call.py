"""``call``: click to call. The user's own phone rings first; then the number is dialled for him."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from esl_router.cli import terminal
from esl_router.cli.options import Command, common, of_domain, of_switch
from esl_router.errors import NotPermitted
from esl_router.settings import Address


@click.command("call", cls=Command, acts=True)
@click.argument("user")
@click.argument("whom", nargs=-1, metavar="[NUMBER|NAME]")
@click.option("--device", metavar="NAME", help="The phone of his that rings first.")
@click.option("--journal", metavar="CALL", help="Call back the caller of this journal entry.")
@click.option("--voicemail", is_flag=True, help="Call back who left him the newest message.")
@click.option(
    "--context",
    default="internal",
    show_default=True,
    metavar="NAME",
    help="The dialplan context where the company's own phones call in.",
)
@of_switch()
@of_domain
def call_command(
    user: str,
    whom: tuple[str, ...],
    device: str | None,
    journal: str | None,
    voicemail: bool,
    context: str,
    freeswitch: Address,
    password: str,
    domain: str | None,
) -> None:
    """Call somebody for USER: his phone rings, and when he answers, NUMBER or NAME is dialled.

    It is USER's own call then, by the same rules as one that he dials: toll policy, extensions,
    the number shown outside. A NAME is a colleague's, a team's or a contact's; where several have
    it, they are listed. The phone that rings first is --device, else his controlled_device, else
    the first of his SIP phones that is registered.

    \b
    Example:
      esl-router call 1001 030 7654321
      esl-router call 1001 muster
      esl-router call 1001 --journal 3f2b9c1d
    """
    if (bool(whom), journal is not None, voicemail).count(True) != 1:
        raise click.UsageError("say whom to call: NUMBER, NAME, --journal or --voicemail")
    acting = common().acting
    if acting not in (None, user):
        raise NotPermitted(
            f"user {acting} may not call from a phone of {user}: {user} himself and the "
            "administrator may"
        )
    from esl_router.cli import click_to_call, rules
    from esl_router.cli.event_link import picture

    with rules.of_domain(domain, readonly=True) as (db, of):
        person = click_to_call.person(db, of, user)
        if journal is not None:
            wanted = click_to_call.of_journal(db, of, journal, user, only_his=acting is not None)
        elif voicemail:
            wanted = click_to_call.of_mailbox(freeswitch, password, db, of, user)
        else:
            wanted = click_to_call.whom(db, of, " ".join(whom))
    with rules.routing() as reader:
        accounts = click_to_call.accounts(reader, person, device)
        click_to_call.look_at(reader, of, accounts[0], wanted)
    phone = click_to_call.phone(picture(freeswitch, password), person, accounts, device)
    shown = f"{wanted.name} ({wanted.number})" if wanted.name else wanted.number
    if terminal.is_terminal():
        terminal.say(f"{phone.account} rings; then {shown} is dialled.")
    order = click_to_call.order(phone, wanted, context, auto_answer=person.auto_answer)
    with _taken_back(order.uuids, freeswitch, password):
        uuid = click_to_call.place(freeswitch, password, order)
    terminal.show(
        {
            "user": user,
            "device": phone.account,
            "number": wanted.number,
            "name": wanted.name or None,
            "uuid": uuid,
        },
        lambda: terminal.say(f"{phone.account} has answered: {shown} is dialled."),
    )


@contextmanager
def _taken_back(uuids: tuple[str, ...], freeswitch: Address, password: str) -> Iterator[None]:
    """Who interrupts the command does not want the phone to ring on."""
    from esl_router.cli.event_link import ask, linked

    try:
        yield
    except KeyboardInterrupt:
        with linked(freeswitch, password) as link:
            for uuid in uuids:
                ask(link, f"uuid_kill {uuid} ORIGINATOR_CANCEL")
        raise
