"""``rights``: who may change which setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from esl_router.cli import terminal
from esl_router.cli.options import Command

if TYPE_CHECKING:
    from esl_router.store.rights import Right


@click.command("rights", cls=Command)
@click.argument("setting", required=False)
@click.option("--all", "every", is_flag=True, help="Every setting, one by one.")
def rights_command(setting: str | None, every: bool) -> None:
    """Who may change a setting, at the command line with --as and from a phone.

    The administrator may change every setting; this lists what others may, with what lies below.
    SETTING is a part of a path of the rules file: what has it in its path, one by one.

    \b
    Example:
      esl-router rights
      esl-router rights follow_me
      esl-router rights --all --json
    """
    from esl_router.errors import NotFound
    from esl_router.store import rights

    found: list[tuple[str, Right | None]] = [(right.setting, right) for right in rights.RIGHTS]
    if every or setting is not None:
        found = [each for each in rights.settings() if setting is None or setting in each[0]]
    if not found:
        raise NotFound(f"no setting has {setting!r} in its path: `esl-router rights --all`")
    terminal.show(
        [
            {
                "setting": path,
                "writable_by": ["admin", *(who.value for who in right.who if right)]
                if right
                else ["admin"],
                "only_if": right.only_if.setting if right and right.only_if else None,
            }
            for path, right in found
        ],
        lambda: terminal.print_table(
            ("setting", "who beside the administrator", "only if"),
            [
                (path, _who(right), right.only_if.setting if right and right.only_if else None)
                for path, right in found
            ],
            "",
        ),
    )


def _who(right: Right | None) -> str:
    from esl_router.store.rights import Who

    names = {
        Who.USER: "the user himself",
        Who.OCCUPANT: "who is logged in there",
        Who.EXECUTIVE: "the executive",
        Who.ASSISTANT: "each of his assistants",
    }
    return "nobody" if right is None else ", ".join(names[who] for who in right.who)
