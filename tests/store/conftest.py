from pathlib import Path

import pytest

from esl_router.store import rules_file
from esl_router.store.database import open_store
from esl_router.store.rules_import import import_rules

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
COMPANY = FIXTURES / "rules" / "company.yaml"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rules.db"


@pytest.fixture
def db(path):
    store = open_store(path, create=True)
    yield store
    store.close()


@pytest.fixture(scope="session")
def company_rules():
    return rules_file.load(COMPANY.read_text())


@pytest.fixture
def company(db, company_rules):
    """A store that holds the sample company."""
    import_rules(db, company_rules)
    return db
