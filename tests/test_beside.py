"""What runs beside the workers."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from esl_router import beside
from esl_router.calendars import sync as calendars
from esl_router.contacts import sync as contacts
from esl_router.notices import delivery as notices
from esl_router.settings import Address, Settings
from esl_router.store.database import open_store
from tests.store.replacing import put_in_its_place

SETTINGS = Settings(Path("rules.db"), Address("127.0.0.1", 0))
NOTHING = replace(SETTINGS, calendars=False, contacts=False, notices=False)


class Over(BaseException):
    """The test has seen enough."""


def test_nothing_runs_that_is_not_wanted():
    assert not beside.wanted(NOTHING)
    for name in ("calendars", "contacts", "notices"):
        assert beside.wanted(replace(NOTHING, **{name: True}))


@pytest.mark.parametrize(
    ("name", "watch"),
    [
        ("contacts", "esl_router.contacts.sync.watch"),
        ("notices", "esl_router.notices.delivery.watch"),
    ],
)
def test_each_runs_and_the_process_beats(name, watch, monkeypatch, caplog):
    """What dies begins anew, and its fault is in the log."""
    began = Event()
    again = Event()

    def die(path):
        assert path == Path("rules.db")
        if began.is_set():
            again.set()
            Event().wait()  # as one that works: for as long as the process lives
        began.set()
        raise RuntimeError("oh")

    monkeypatch.setattr(watch, die)
    monkeypatch.setattr(beside, "AGAIN", 0.01)

    def beat():
        assert again.wait(5)
        raise Over

    with pytest.raises(Over):
        beside.run(replace(NOTHING, **{name: True}), beat)
    assert f"a fault in {name}" in caplog.text


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize(
    ("watch", "table"),
    [(calendars.watch, "calendars"), (contacts.watch, "domains"), (notices.watch, "notices")],
)
def test_a_store_that_is_damaged_meanwhile_is_told_in_a_line(
    watch, table, replaced, tmp_path, monkeypatch, caplog
):
    """Also when it is another one than they began with: the old one is not damaged."""
    path = tmp_path / "rules.db"
    open_store(path, create=True).close()
    rounds = 0

    def sleep(seconds):
        nonlocal rounds
        rounds += 1
        if caplog.records or rounds > 5:
            raise Over
        if rounds == 1 and replaced:
            put_in_its_place(path, tmp_path)
        else:
            damaged = sqlite3.connect(path)
            damaged.execute(f"DROP TABLE IF EXISTS {table}")
            damaged.close()

    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(Over):
        watch(path)
    assert f"{path} cannot be used: no such table: {table}" in caplog.text
    assert "Traceback" not in caplog.text


def test_calendars_are_read_in_the_main_thread(monkeypatch):
    def read(path, beat):
        raise Over

    monkeypatch.setattr("esl_router.calendars.sync.watch", read)
    with pytest.raises(Over):
        beside.run(replace(NOTHING, calendars=True), lambda: None)
