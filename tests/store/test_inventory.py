from __future__ import annotations

from pathlib import Path

from esl_router.store import rules_file
from esl_router.store.database import open_store
from esl_router.store.inventory import names
from esl_router.store.rules_import import import_rules

COMPANY = Path(__file__).resolve().parents[2] / "fixtures" / "rules" / "company.yaml"


def test_everything_has_its_name_in_the_order_of_the_file(tmp_path):
    db = open_store(tmp_path / "router.db", create=True)
    rules = rules_file.load(COMPANY.read_text(encoding="utf-8"))
    import_rules(db, rules)
    found = names(db, "pbx.test")
    assert list(found.users) == list(rules["users"])
    assert list(found.teams) == ["2000", "2001"]
    assert list(found.executives) == ["1001"]
    assert list(found.schedules) == ["office", "night"]
    assert found.schedules["office"].holidays == "DE-BE"
    assert found.workplaces
    assert names(db, "elsewhere.test").users == ()
    db.conn.execute("UPDATE schedule_hours SET days = 'noday' WHERE schedule = 'night'")
    assert list(names(db, "pbx.test").schedules) == ["office"]
    db.close()
