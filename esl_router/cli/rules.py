"""The rule store as the commands open it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from esl_router.cli import terminal
from esl_router.cli.options import common

if TYPE_CHECKING:
    import sqlite_utils

    from esl_router.model.actor import Actor
    from esl_router.store.difference import Change
    from esl_router.store.reader import Reader


@contextmanager
def opened(*, readonly: bool = False) -> Iterator[sqlite_utils.Database]:
    """The store that --db or the environment names."""
    from esl_router.store.database import open_store

    db = open_store(common().path, readonly=readonly)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def of_domain(
    domain: str | None, *, readonly: bool = False
) -> Iterator[tuple[sqlite_utils.Database, str]]:
    """The store and the domain that is meant: the only one, unless --domain names it."""
    from esl_router.store import admin

    with opened(readonly=readonly) as db:
        yield db, admin.pick_domain(db, domain)


def actor() -> Actor:
    """Who changes the rules by this command: the user of --as, else whoever runs it."""
    from esl_router.model.actor import Actor
    from esl_router.store.recording import administrator

    user = common().acting
    return administrator() if user is None else Actor.user(user)


@contextmanager
def routing() -> Iterator[Reader]:
    """The store as a decision sees it."""
    from esl_router.store.reader import Store

    store = Store(common().path)
    try:
        with store.read() as rules:
            yield rules
    finally:
        store.close()


def show_changes(
    changes: Sequence[Change], *, notes: Sequence[str] | None = None, **more: Any
) -> None:
    """Print what a command has changed; ``more`` goes into the JSON beside it.

    ``notes`` are sentences on what that does not do, though it seems to: they stand in both.
    """
    if notes is not None:
        more["notes"] = list(notes)

    def text() -> None:
        for change in changes:
            terminal.say(change.line())
        if not changes:
            terminal.say("Nothing to change: it is so already.")
        for note in notes or ():
            terminal.say(note)

    terminal.show({"changes": [change.record() for change in changes], **more}, text)
