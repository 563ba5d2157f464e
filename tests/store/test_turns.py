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


def turn(extension, team="2000", after=0.0):
    return Turn(DOMAIN, team, extension, after)


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
    assert turns.began(turn("1005"), 10.5)
    assert kept() == {"1005": (10.5, 0.0)}
    turns.talked(turn("1005"), 20.0)
    turns.talked(turn("1006"), 30.0)
    assert kept() == {"1005": (10.5, 20.0), "1006": (0.0, 30.0)}
    assert turns.began(turn("1005", after=10.5), 40.0)
    assert kept() == {"1005": (40.0, 20.0), "1006": (0.0, 30.0)}


def test_each_team_has_turns_of_its_own(path, kept):
    turns = Turns(path)
    assert turns.began(turn("1005"), 1.0)
    assert turns.began(turn("1004", team="2001"), 2.0)
    assert (kept(), kept("2001")) == ({"1005": (1.0, 0.0)}, {"1004": (2.0, 0.0)})


def test_a_turn_that_another_call_took_meanwhile_is_refused_and_nothing_is_written(path, kept):
    turns = Turns(path)
    assert turns.began(turn("1005"), 1.0)
    assert not turns.began(turn("1005"), 2.0)
    assert kept() == {"1005": (1.0, 0.0)}
    assert turns.began(turn("1006", after=1.0), 2.0)


def test_two_turns_at_one_instant_still_come_one_after_the_other(path, kept):
    turns = Turns(path)
    assert turns.began(turn("1005"), 1.0)
    assert turns.began(turn("1006", after=1.0), 1.0)
    assert kept()["1006"][0] > kept()["1005"][0]


def test_another_process_sees_it_and_so_does_the_same_one_after_a_restart(path, kept):
    script = (
        "import sys; from esl_router.model.team import Turn; "
        "from esl_router.store.turns import Turns; "
        f"Turns(sys.argv[1]).began(Turn({DOMAIN!r}, '2000', '1006'), 8.0)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=30)
    assert kept() == {"1006": (8.0, 0.0)}
    Turns(path).talked(turn("1006"), 9.0)
    assert kept() == {"1006": (8.0, 9.0)}


# Takes thirty turns as a router does: looks who is next, and looks again when somebody was quicker.
_ROUTER = """
import sys
from esl_router.model.team import Turn
from esl_router.store.reader import Store
from esl_router.store.turns import Turns

store, turns, taken = Store(sys.argv[1]), Turns(sys.argv[1]), []
print("ready", flush=True)
sys.stdin.readline()
while len(taken) < 30:
    with store.read() as rules:
        last = max(member.began for member in rules.team("pbx.test", "2000").members)
    if turns.began(Turn("pbx.test", "2000", "1005", last), last + 1.0):
        taken.append(last + 1.0)
print(*taken)
"""


def test_two_processes_at_once_never_take_the_same_turn(path, company):
    routers = [
        subprocess.Popen(
            [sys.executable, "-c", _ROUTER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for router in routers:
        assert router.stdout.readline() == "ready\n"
    for router in routers:
        router.stdin.write("go\n")
        router.stdin.flush()
    taken = [
        float(word) for router in routers for word in router.communicate(timeout=40)[0].split()
    ]
    assert sorted(taken) == [float(number) for number in range(1, 61)]


def test_a_store_that_is_written_for_too_long_is_not_waited_for(company, path, kept, monkeypatch):
    monkeypatch.setattr(turns_module, "PATIENCE", 0.05)
    with write(company), pytest.raises(StoreError, match="cannot be written"):
        Turns(path).began(turn("1005"), 1.0)
    assert kept() == {}
    assert Turns(path).began(turn("1005"), 1.0)


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
