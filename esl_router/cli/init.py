"""``init``: a new rule store."""

from __future__ import annotations

import click

from esl_router.cli import terminal
from esl_router.cli.options import Command, common, default_path


@click.command(cls=Command)
def init_command() -> None:
    """Create the rule store, or bring an old one up to date.

    A new store can be read by its owner alone: it holds the phones' passwords. One that is there
    already keeps its rules.

    \b
    Example:
      esl-router --db /var/lib/esl_router/router.db init
    """
    from esl_router.store.database import open_store

    path = common().path
    existed = path.exists()
    if path == default_path():
        # The usual place is ours to make; a mistyped one is not.
        path.parent.mkdir(parents=True, exist_ok=True)
    open_store(path, create=True).close()

    def text() -> None:
        if existed:
            terminal.say(f"{path} is a rule store, and up to date.")
        else:
            terminal.say(f"{path} is created. Fill it: esl-router import FILE")

    terminal.show({"store": str(path), "created": not existed}, text)
