"""A connection that stays open although another file may be put in the store's place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from esl_router.errors import StoreMissing
from esl_router.store.connection import Connection, renewed
from tests.store.replacing import put_in_its_place


def test_it_is_kept_while_it_is_the_store_s_and_renewed_when_it_is_not(db, path, tmp_path):
    connection = Connection(path)
    assert renewed(connection, path) is connection
    put_in_its_place(path, tmp_path)
    other = renewed(connection, path)
    assert other is not connection
    assert other.current()
    other.close()


def test_without_a_store_the_old_one_s_log_stays_for_when_it_comes_back(db, path):
    connection, log = Connection(path), path.with_name(f"{path.name}-wal")
    os.rename(path, f"{path}.away")
    with pytest.raises(StoreMissing):
        connection.current()
    connection.close()
    assert log.exists()


def test_a_log_that_cannot_be_removed_is_told_and_stops_nobody(
    db, path, tmp_path, monkeypatch, caplog
):
    def refuse(self, missing_ok=False):
        raise PermissionError(1, "Operation not permitted")

    connection = Connection(path)
    put_in_its_place(path, tmp_path)
    monkeypatch.setattr(Path, "unlink", refuse)
    connection.close()
    assert f"{path}-wal is of the store that was here before: stop the router" in caplog.text
    assert "Operation not permitted" in caplog.text
