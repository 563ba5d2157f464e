"""``esl-router``: its commands, and the one place where errors become exit codes.

====  ==========================================================================================
0     done
1     an expected error, one line for each on standard error; nothing was changed
2     the command line itself is wrong
3     a fault of the program
130   interrupted (Ctrl-C)
141   whoever read the output went away: nothing is said about it
====  ==========================================================================================
"""

from __future__ import annotations

import errno
import importlib
import os
import sqlite3
import sys
import traceback
from typing import Any

import click

from esl_router import __version__
from esl_router.cli import options
from esl_router.errors import RouterError

EXPECTED, FAULT, INTERRUPTED, BROKEN_PIPE = 1, 3, 130, 141

# Name -> module of this package, in the order in which --help lists them: first steps first.
COMMANDS = {
    "init": "init",
    "import": "rules_file",
    "export": "rules_file",
    "demo": "demo",
    "serve": "serve",
    "explain": "explain",
    "lint": "lint",
    "test": "scenarios",
    "status": "status",
    "user": "user",
    "device": "device",
    "dnd": "device",
    "followme": "followme",
    "presence": "presence",
    "forward": "forward",
    "calendar": "calendar",
    "schedule": "schedule",
    "busy-on-busy": "presence",
    "team": "team",
    "executive": "executive",
    "assistant": "assistant",
    "history": "history",
    "undo": "history",
    "rights": "rights",
    "workplace": "workplace",
    "features": "features",
    "contact": "contact",
    "call": "call",
    "calls": "calls",
    "directory": "directory",
    "doctor": "doctor",
}


class Root(options.Group):
    """Loads the module of a command when it is asked for, and turns errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"esl_router.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except (click.exceptions.Exit, click.ClickException):
            raise
        except (KeyboardInterrupt, click.Abort):
            raise click.exceptions.Exit(INTERRUPTED) from None
        except Exception as error:
            raise click.exceptions.Exit(_report(error, options.common(ctx).debug)) from None


def _report(error: Exception, debug: bool) -> int:
    """Say what went wrong on standard error; the exit code for it."""
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        _forget_output()
        return BROKEN_PIPE
    if debug:
        traceback.print_exception(error)
    code, lines = EXPECTED, [str(error)]
    if isinstance(error, RouterError):
        lines = str(error).splitlines()
    elif isinstance(error, sqlite3.Error):
        lines = [f"the rule store cannot be used: {error}"]
    elif isinstance(error, OSError):
        lines = [f"{error.filename or 'output'}: {error.strerror or error}"]
    else:
        hint = "" if debug else " (--debug shows where)"
        code, lines = FAULT, [f"a fault in the program: {type(error).__name__}: {error}{hint}"]
    for line in lines:
        click.echo(f"esl-router: {options.printable(line)}", err=True)
    return code


def _forget_output() -> None:
    # Else the interpreter would flush what is left at its exit, and complain.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


@click.command(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="esl-router")
def main() -> None:
    """Live call routing for FreeSWITCH: FollowMe and what belongs to it.

    Every command reads the rule store, one SQLite file: --db, else ESL_ROUTER_DB, else
    ~/.local/state/esl_router/router.db ($XDG_STATE_HOME is heeded).

    \b
    Example:
      esl-router init
      esl-router import fixtures/rules/company.yaml
      esl-router followme show 1001
      esl-router serve

    Exit codes: 0 done, 1 an expected error (nothing was changed), 2 wrong usage, 3 a fault.
    """


if __name__ == "__main__":
    main()
