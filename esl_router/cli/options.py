"""What every command knows: the options that may stand before or after its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from esl_router.errors import RouterError
from esl_router.settings import DEFAULT_LISTEN, DEFAULT_PASSWORD, DEFAULT_SWITCH, Address

_KEY = "esl_router.common"

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(slots=True)
class Common:
    """The options that all commands share."""

    db: Path | None = None
    json: bool = False
    debug: bool = False
    acting: str | None = None
    """The extension of the user with whose rights a change is made; None: the administrator's."""

    @property
    def path(self) -> Path:
        """The rule store: --db, else ESL_ROUTER_DB, else a place in the user's home."""
        if self.db is not None:
            return self.db
        named = os.environ.get("ESL_ROUTER_DB")
        return Path(named) if named else default_path()


def default_path() -> Path:
    """Where the rule store is when nobody says: below $XDG_STATE_HOME."""
    state = os.environ.get("XDG_STATE_HOME")
    base = Path(state) if state else Path.home() / ".local" / "state"
    return base / "esl_router" / "router.db"


def common(ctx: click.Context | None = None) -> Common:
    """The shared options of the command that runs."""
    ctx = ctx or click.get_current_context()
    found: Common = ctx.meta.setdefault(_KEY, Common())
    return found


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        # An option that is absent here may have been given before the command's name.
        if value not in (None, False):
            setattr(common(ctx), name, value)

    return callback


def _shared(*names: str, keep: str, **settings: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=_keep(keep), **settings)


def _db() -> click.Option:
    return _shared(
        "--db",
        keep="db",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="The rule store (else ESL_ROUTER_DB).",
    )


def _debug() -> click.Option:
    return _shared("--debug", keep="debug", is_flag=True, help="Show the traceback of an error.")


def _json() -> click.Option:
    return _shared("--json", keep="json", is_flag=True, help="Print one JSON document.")


def _acting() -> click.Option:
    return _shared(
        "--as",
        keep="acting",
        metavar="USER",
        help="Act with the rights of this user (an extension).",
    )


class Command(click.Command):
    """A command with the shared options.

    ``prints=False``: it prints nothing that --json could change. ``acts=True``: it can be done
    --as a user.
    """

    def __init__(
        self, *args: Any, prints: bool = True, acts: bool = False, **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.acts = acts
        makers = [_json] * prints + [_acting] * acts + [_db, _debug]
        self.params += [make() for make in makers]

    def invoke(self, ctx: click.Context) -> Any:
        if common(ctx).acting and not self.acts:
            raise click.UsageError("this is the administrator's: it cannot be done --as a user")
        return super().invoke(ctx)


class Group(click.Group):
    """A group with the shared options, of commands that have them too.

    ``acts=False``: none of them can be done --as a user.
    """

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, acts: bool = True, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params += [make() for make in [_json] + [_acting] * acts + [_db, _debug]]

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # as they were defined: list, show, add, set, remove


def of_domain(command: _F) -> _F:
    """The option that says which of several domains is meant."""
    option = click.option(
        "--domain", metavar="NAME", help="The SIP domain; needed when the store holds several."
    )
    return option(command)


def printable(text: str) -> str:
    """``text`` without anything that a terminal would obey."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )


class AddressType(click.ParamType):
    """``HOST:PORT``, the port optional where there is a usual one."""

    name = "host:port"

    def __init__(self, default_port: int) -> None:
        self._default_port = default_port

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        if isinstance(value, Address):
            return value
        try:
            return Address.parse(value, self._default_port)
        except RouterError as error:
            self.fail(str(error), param, ctx)


LISTEN = AddressType(8040)
SWITCH = AddressType(8021)


def of_listener(meaning: str) -> Callable[[_F], _F]:
    """The option that says where the router listens; ``meaning`` is its help text."""
    return click.option(
        "--listen",
        metavar="HOST:PORT",
        type=LISTEN,
        default=DEFAULT_LISTEN,
        show_default=True,
        help=meaning,
    )


at_instant = click.option(
    "--at",
    metavar="ISO",
    help="When (2026-12-24T15:00, in the domain's zone unless it names one). Default: now.",
)
as_if_talking = click.option(
    "--talking",
    multiple=True,
    metavar="DEVICE",
    help="As if it were in a conversation: for busy on busy.",
)
as_if_unregistered = click.option(
    "--unregistered", multiple=True, metavar="DEVICE", help="As if it were not registered."
)
asks_the_switch = click.option(
    "--live", is_flag=True, help="Ask FreeSWITCH who is registered and who talks."
)


def of_switch(several: bool = False) -> Callable[[_F], _F]:
    """The options that say where FreeSWITCH's event socket is, and how to log in to it."""

    def decorate(command: _F) -> _F:
        where = click.option(
            "--freeswitch",
            metavar="HOST:PORT",
            type=SWITCH,
            multiple=several,
            default=[DEFAULT_SWITCH] if several else DEFAULT_SWITCH,
            show_default=True,
            help="FreeSWITCH's event socket" + (", may be repeated." if several else "."),
        )
        password = click.option(
            "--password",
            envvar="ESL_ROUTER_PASSWORD",
            default=DEFAULT_PASSWORD,
            help="Its password (else ESL_ROUTER_PASSWORD, which no process list shows).",
        )
        return where(password(command))

    return decorate
