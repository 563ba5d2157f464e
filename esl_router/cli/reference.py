"""``python -m esl_router.cli.reference`` prints docs/command-line.md from the commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from esl_router.cli import main as entry

JSON = {
    "init": "store created",
    "import": "domain new changes[path before after reordered] kept[] written",
    "explain": "call{from account anonymous dialled sent_by pool origin domain callee} at assumed "
    "steps[second action … trace[stage fired text]]",
    "lint": "domain errors warnings findings[level path text todo check]",
    "test": "passed failed files[file calls[title from to passed wrong[] code answered mailbox "
    "fallback rang[] trace[]]]",
    "status": "at domain user name line status display why "
    "devices[device kind registrations legs[state inbound other]] "
    "(without USER a list of these; with --watch one line for each who changes)",
    "user list": "[extension name numbers voicemail devices]",
    "user show": "extension, and the keys of the rules file",
    "user add": "changes[path before after reordered]",
    "user set": "changes[]",
    "user remove": "changes[]",
    "device list": "[name user workplace kind number confirm location dnd redirect]",
    "device show": "name user workplace kind dnd, and number confirm location (external) or "
    "redirect (sip, app) password (--show-password) push (app, --show-password)",
    "device add": "changes[] password (where one was made)",
    "device set": "changes[] password (--new-password)",
    "device remove": "changes[]",
    "dnd": "changes[]",
    "followme list": "[user device origin enabled delay ring skip_if_busy user_configurable]",
    "followme show": "domain user name registrations_known origins{internal external team}{"
    "legs[device owner delay ring ends number confirm splash alert_info "
    "caller_number connected{name number} diversion{by reason counter} "
    "registrations] skipped[device reason text] then elsewhere first} "
    "problems[path text]",
    "followme set": "changes[]",
    "followme remove": "changes[]",
    "presence show": "domain user name at status display message until afterwards alert_first "
    "announce axes[axis status wins why] calls{internal external}{"
    "forward{to enabled ring_splash announce} forwards{always busy no_answer unregistered} "
    "off{as in forwards} "
    "steps[second action …]} problems[path text] (without USER a list of these)",
    "presence set": "changes[]",
    "presence profile": "changes[]",
    "presence alert-first": "changes[]",
    "presence announce": "changes[]",
    "presence deputy": "changes[]",
    "presence messenger": "changes[]",
    "presence feed": "taken refused uncounted",
    "presence push": "changes[]",
    "forward show": "[user name origin to enabled ring_splash announce] (with USER both origins)",
    "forward set": "changes[]",
    "forward on": "changes[]",
    "forward off": "changes[]",
    "forward clear": "changes[]",
    "forward ring-splash": "changes[]",
    "forward announce": "changes[]",
    "forward ring-time": "changes[]",
    "calendar list": "[user source login address status forward all_day tentative merge_gap "
    "padding read failing problem]",
    "calendar show": "domain, as in calendar list, and busy[from to]",
    "calendar set": "changes[]",
    "calendar remove": "changes[]",
    "calendar sync": "[user source appointments problem]",
    "schedule list": "[name timezone open[days from to] closed holidays]",
    "schedule show": "domain schedule timezone open[days from to] closed holidays at is_open "
    "closed_day next_change",
    "schedule add": "changes[]",
    "schedule set": "changes[]",
    "schedule remove": "changes[]",
    "busy-on-busy": "changes[]",
    "team list": "[extension name numbers strategy members[user delay logged_in]]",
    "team show": "domain team name numbers strategy ring max_wait busy_on_busy skip_if_busy "
    "caller_prefix overflow{no_answer busy nobody} at registrations_known busy "
    "members[user name delay logged_in status rings why began talked] legs[as in followme show] "
    "steps[second action …] problems[path text]",
    "team add": "changes[]",
    "team set": "changes[]",
    "team remove": "changes[]",
    "team member add": "changes[]",
    "team member set": "changes[]",
    "team member remove": "changes[]",
    "team login": "changes[]",
    "team logout": "changes[]",
    "executive list": "[extension enabled filter alerting assistants[user opted_in divert rings] "
    "rollover{after action}]",
    "executive show": "domain executive name numbers enabled filter before_forwarding "
    "allow_opt_out alerting rings assistant_devices executive_first alert_executive "
    "parallel{mobile other} caller_name caller_number custom_name custom_number caller_prefix "
    "connected_line "
    "rollover{after action} no_assistant push_recall push_ignores_bob push_follows_forward "
    "assistant_breaks_dnd assistant_respects_dnd at origin registrations_known "
    "criteria[as in executive criterion show] "
    "assistants[user name opted_in takes_part divert status rings turn why] "
    "legs[as in followme show] notes[] problems[path text]",
    "executive add": "changes[] notes[]",
    "executive set": "changes[] notes[]",
    "executive remove": "changes[]",
    "executive on": "changes[] notes[]",
    "executive off": "changes[] notes[]",
    "executive filter": "changes[] notes[]",
    "executive criterion list": "[as in executive criterion show]",
    "executive criterion show": "name active filter callers{origin numbers anonymous unavailable "
    "contact} dialled schedule holidays",
    "executive criterion add": "changes[]",
    "executive criterion set": "changes[]",
    "executive criterion remove": "changes[]",
    "executive criterion on": "changes[]",
    "executive criterion off": "changes[]",
    "executive assistant add": "changes[]",
    "executive assistant set": "changes[]",
    "executive assistant remove": "changes[]",
    "assistant list": "[assistant executive name place opted_in may_opt_out takes_part divert "
    "diverts enabled]",
    "assistant show": "as in assistant list, and settings (the keys of the rules file)",
    "assistant login": "changes[] notes[]",
    "assistant logout": "changes[] notes[]",
    "assistant divert": "changes[] notes[]",
    "history list": "[entry at domain by{kind name source} undoes undone_by "
    "changes[path before after reordered]]",
    "history show": "entry at domain by{kind name source} undoes undone_by "
    "changes[path before after reordered]",
    "history purge": "removed",
    "undo": "entry at domain by{kind name source} undoes undone_by "
    "changes[path before after reordered] new_passwords",
    "rights": "[setting writable_by only_if]",
    "workplace list": "[name number user devices]",
    "workplace show": "name user, and the keys of the rules file",
    "workplace add": "changes[]",
    "workplace set": "changes[]",
    "workplace remove": "changes[]",
    "workplace login": "changes[] notes[] place left logged_out",
    "workplace logout": "changes[] notes[] place left logged_out",
    "user pin": "changes[]",
    "features list": "[code digits behind dial does]",
    "calls list": "[uuid started ended dialled result domain caller_number caller_name "
    "caller_account on_behalf callee origin code answered_by answered_at missed mailbox message "
    "attempts[action started legs[device result cause started ended]] "
    "trace[stage fired text] problems]",
    "calls show": "[as in calls list]",
    "calls tail": "as in calls list, a line each",
    "calls missed": "[event domain callee dialled reason caller{number name anonymous} at call "
    "rung[] mailbox message] (with --follow one line for each)",
    "calls purge": "removed",
    "directory write": "path devices reloaded",
    "contact list": "[name numbers source]",
    "contact show": "name numbers source",
    "contact search": "[name numbers source]",
    "contact add": "changes[]",
    "contact set": "changes[]",
    "contact remove": "changes[]",
    "contact import": "changes[] added changed unchanged without_number problems[] written",
    "contact sync": "contacts without_number problems[]",
    "call": "user device number name uuid",
    "doctor": "ok checks[area level text todo]",
}
"""Command -> the keys of what --json prints: ``x[…]`` is a list of objects, ``x{…}`` an object."""

_HEAD = """\
# Command line

<!-- Written by `make docs` from the commands: change esl_router/cli, not this file. -->

`esl-router COMMAND …`, or `python -m esl_router COMMAND …`.

Every command takes the options `--db PATH` (the rule store; else the environment's
`ESL_ROUTER_DB`, else `$XDG_STATE_HOME/esl_router/router.db`, by default below `~/.local/state`) and
`--debug` (show the traceback of an error), before or after the command's name.

| exit code | |
|---|---|
| 0 | done |
| 1 | an expected error: a line for each on standard error, nothing was changed |
| 2 | the command line itself is wrong |
| 3 | a fault of the program; `--debug` shows where |
| 130, 141 | interrupted; the reader of the output went away |

In a terminal tables and pictures have colours (`NO_COLOR=1` turns them off); into a file or a pipe
goes plain text, and ASCII where the terminal knows no more. Where the store holds several domains,
`--domain` says which one is meant.
"""

_TAIL = """\
## JSON

`--json` prints one JSON document (`calls tail`: one a line). Keys are added, never renamed. Here
`x[…]` is a list of objects with these keys, `x{…}` an object. Instants are ISO 8601 with their
zone, durations are seconds, numbers are E.164; what is unknown is `null`.

| command | keys |
|---|---|
"""


def reference() -> str:
    """The text of docs/command-line.md."""
    root = entry.main
    parts = [_HEAD]
    for path, command in walk(root):
        parts.append("\n".join(_command(path, command)) + "\n")
    rows = "".join(f"| `{name}` | {keys} |\n" for name, keys in JSON.items())
    return "\n".join([*parts, _TAIL + rows])


def walk(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command below ``group``, groups before what is in them, with its name in full."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        full = f"{path} {name}".strip()
        yield full, command
        if isinstance(command, click.Group):
            yield from walk(command, full)


def _command(path: str, command: click.Command) -> Iterator[str]:
    group = isinstance(command, click.Group)
    yield f"{'##' if ' ' not in path else '###'} {path}"
    yield ""
    arguments = [each.metavar or _name(each) for each in command.params if _is_argument(each)]
    words = ["COMMAND"] if group else arguments
    yield " ".join([f"`esl-router {path}", *words]) + "`"
    yield ""
    yield from _help(command.help or "")
    listed = [each for each in command.params if isinstance(each, click.Option)]
    if not group and (own := [each for each in listed if each.name not in ("db", "debug")]):
        yield ""
        yield from (_option(each) for each in own)


def _is_argument(param: click.Parameter) -> bool:
    return isinstance(param, click.Argument)


def _name(argument: click.Parameter) -> str:
    name = str(argument.name).upper()
    return name if argument.required else f"[{name}]"


def _help(text: str) -> Iterator[str]:
    """A docstring's paragraphs; what stands after ``\\b`` keeps its lines."""
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield ""
        lines = paragraph.strip("\n").splitlines()
        if lines and lines[0].strip() == "\b":
            yield lines[1].strip()
            yield ""
            yield from (f"    {line.strip()}" for line in lines[2:])
        else:
            yield from (line.strip() for line in lines)


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    if option.secondary_opts:
        names += " / " + ", ".join(f"`{name}`" for name in option.secondary_opts)
    value = "" if option.is_flag else f" {_value(option)}"
    notes = [option.help or ""]
    if option.required:
        notes.append("Required.")
    elif option.show_default and not option.is_flag:
        notes.append(f"Default: `{_default(option.default)}`.")
    return f"- {names}{value}: {' '.join(filter(None, notes))}".replace(":  ", ": ")


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices))
    if isinstance(option.type, click.IntRange) and option.metavar is None:
        return "N"
    return option.metavar or option.type.name.upper()


def _default(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


if __name__ == "__main__":
    print(reference(), end="")
