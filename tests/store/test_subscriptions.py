"""What telephones watch, kept over a restart."""

from __future__ import annotations

import pytest

from esl_router.errors import StoreError
from esl_router.store.rules_import import import_rules
from esl_router.store.subscriptions import Subscriptions

ONE = ("a@1", "pbx.test", "1001-desk", "*30", "code", 200.0, "fs:8021")
TWO = ("b@1", "pbx.test", "1002-desk", "1001", "sip", 300.5, "fs:8021")


@pytest.fixture
def kept(db, path):
    made = Subscriptions(path)
    made.save([ONE, TWO], [], 100.0)
    return made


def test_they_are_read_back(kept):
    assert kept.load(100.0) == (ONE, TWO)


def test_the_same_call_id_is_the_same_subscription(kept):
    renewed = ("a@1", "pbx.test", "1003-desk", "*31", "code", 500.0, "two:8021")
    kept.save([renewed], [], 100.0)
    assert kept.load(100.0) == (renewed, TWO)


def test_what_is_over_is_not_read_and_not_kept(kept):
    assert kept.load(200.0) == (TWO,)
    kept.save([], ["b@1"], 200.0)
    assert kept.load(0.0) == ()


def test_an_import_leaves_them_alone(kept, db, company_rules):
    import_rules(db, company_rules)
    assert kept.load(100.0) == (ONE, TWO)


def test_without_a_store_there_is_an_error(tmp_path):
    with pytest.raises(StoreError):
        Subscriptions(tmp_path / "none.db").load(0.0)
    with pytest.raises(StoreError):
        Subscriptions(tmp_path / "none.db").save([ONE], [], 0.0)
