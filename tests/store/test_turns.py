from __future__ import annotations

import subprocess
import sys

import pytest

from esl_router.errors import StoreError
from esl_router.model.team import Turn
from esl_router.store import turns as turns_module
from esl_router.store.database import open_store, write
from esl_router.store.reader import Store
from esl_router.store.rules_import import import_rules
from esl_router.store.turns import Turns

DOMAIN = "pbx.test"


def turn(*extensions, team="2000"):
    return [Turn(DOMAIN, team, extension) for extension in extensions]


@pytest.fixture
def kept(company, path):
    """What a decision sees: ``kept("2000")`` is {extension: (began, talked)} of who had a turn."""
    store = Store(path)

    def read(team="2000"):
        with store.read() as rules:
            members = rules.team(DOMAIN, team).members
        return {m.extension: (m.began, m.talked) for m in members if m.began or m.talked}

    yield read
    store.close()


def test_the_beginning_and_the_end_are_kept_apart(path, kept):
    turns = Turns(path)
    turns.began(turn("1005"), 10.5)
    assert kept() == {"1005": (10.5, 0.0)}
    turns.talked(turn("1005"), 20.0)
    turns.talked(turn("1006"), 30.0)
    assert kept() == {"1005": (10.5, 20.0), "1006": (0.0, 30.0)}
    turns.began(turn("1005"), 40.0)
    assert kept() == {"1005": (40.0, 20.0), "1006": (0.0, 30.0)}


def test_several_at_once_and_each_team_for_itself(path, kept):
    turns = Turns(path)
    turns.began(turn("1005", "1006"), 1.0)
    turns.began(turn("1004", team="2001"), 2.0)
    assert kept() == {"1005": (1.0, 0.0), "1006": (1.0, 0.0)}
    assert kept("2001") == {"1004": (2.0, 0.0)}


def test_another_process_sees_it_and_so_does_the_same_one_after_a_restart(path, kept):
    script = (
        "import sys; from esl_router.model.team import Turn; "
        "from esl_router.store.turns import Turns; "
        f"Turns(sys.argv[1]).began([Turn({DOMAIN!r}, '2000', '1006')], 8.0)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=30)
    assert kept() == {"1006": (8.0, 0.0)}
    Turns(path).talked(turn("1006"), 9.0)
    assert kept() == {"1006": (8.0, 9.0)}


# Each process writes the turns of its own team and those of a common one; it begins at a word.
_WRITER = """
import sys
from esl_router.model.team import Turn
from esl_router.store.turns import Turns

turns = Turns(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for each in range(30):
    getattr(turns, sys.argv[2])([Turn("pbx.test", "2000", "1005")], float(each + 1))
    turns.began([Turn("pbx.test", sys.argv[2], str(1000 + each))], 1.0)
"""


def test_two_processes_that_write_at_once_lose_nothing(company, path, kept):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for what in ("began", "talked")
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=40)
        assert writer.returncode == 0
    assert kept() == {"1005": (30.0, 30.0)}
    counts = company.conn.execute("SELECT team, count(*) FROM team_turns GROUP BY team").fetchall()
    assert dict(counts) == {"2000": 1, "began": 30, "talked": 30}


def test_a_store_that_is_written_for_too_long_is_not_waited_for(company, path, kept, monkeypatch):
    monkeypatch.setattr(turns_module, "PATIENCE", 0.05)
    with write(company), pytest.raises(StoreError, match="cannot be written"):
        Turns(path).began(turn("1005"), 1.0)
    assert kept() == {}
    Turns(path).began(turn("1005"), 1.0)
    assert kept() == {"1005": (1.0, 0.0)}


def test_a_store_that_is_gone_is_a_store_error(tmp_path):
    with pytest.raises(StoreError):
        Turns(tmp_path / "none.db").began(turn("1005"), 1.0)


def test_an_import_of_the_same_domain_forgets_nobodys_turn(company, company_rules, path, kept):
    Turns(path).began(turn("1006"), 5.0)
    Turns(path).talked(turn("1006"), 6.0)
    other = {**company_rules, "teams": {}}
    import_rules(company, other)
    import_rules(company, company_rules)
    assert kept() == {"1006": (5.0, 6.0)}


def test_what_is_written_waits_for_no_reader(path, kept):
    db = open_store(path, readonly=True)
    db.conn.execute("BEGIN")
    db.conn.execute("SELECT count(*) FROM team_turns").fetchone()
    Turns(path).began(turn("1005"), 1.0)
    db.close()
    assert kept() == {"1005": (1.0, 0.0)}
