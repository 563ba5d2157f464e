"""A company of any size: users 100000, 100001, …, each with a desk phone and a mobile."""

from __future__ import annotations

from pathlib import Path

from esl_router.store import rules_file
from esl_router.store.database import open_store, write
from esl_router.store.document import write_rules

DOMAIN = "pbx.test"
FIRST = 100_000
PASSWORD = "secret"


def extension(index: int) -> str:
    return str(FIRST + index)


def account(index: int) -> str:
    return f"{extension(index)}-desk"


def direct_number(index: int) -> str:
    return f"+4930{extension(index)}"


def build(path: Path, users: int) -> Path:
    """A new rule store at ``path`` with that many users."""
    rules = rules_file.check(
        {
            "domain": DOMAIN,
            "settings": {"country": "DE", "trunk": "sofia/gateway/trunk/{number}"},
            "users": {extension(index): _user(index) for index in range(users)},
        }
    )
    db = open_store(path, create=True)
    with write(db):
        write_rules(db, rules)
    db.close()
    return path


def _user(index: int) -> dict[str, object]:
    """Every call rings his desk phone. His mobile's rows are read, and are switched off: what the
    router is compared with rings one phone too."""
    desk, mobile = account(index), f"{extension(index)}-mobile"
    rings, quiet = {"delay": 0, "ring": 30}, {"enabled": False}
    return {
        "name": f"User {extension(index)}",
        "numbers": [direct_number(index)],
        "devices": {
            desk: {"kind": "sip", "password": PASSWORD},
            mobile: {"kind": "external", "number": f"+49170{extension(index)}"},
        },
        "follow_me": {
            desk: {"internal": rings, "external": rings},
            mobile: {"internal": quiet, "external": quiet},
        },
    }
