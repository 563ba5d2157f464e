"""``serve`` builds the settings; what it starts is tested where it lives."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from esl_router.cli.main import main
from esl_router.settings import DEFAULT_PASSWORD, Address, Settings


@pytest.fixture
def served(monkeypatch, tmp_path):
    """``served(…)``: the settings and the number of workers that ``serve …`` comes to."""
    found = []

    def run(settings, workers):
        found.append((settings, workers))
        return 0

    monkeypatch.setattr("esl_router.supervisor.run", run)
    monkeypatch.setattr("logging.basicConfig", lambda **settings: None)

    def serve(*words, code=0):
        result = CliRunner().invoke(main, ["--db", str(tmp_path / "r.db"), "serve", *words])
        assert result.exit_code == code, result.output
        return found[-1] if found else None

    return serve


def test_without_options_it_fits_the_shipped_configuration(served, tmp_path):
    assert served() == (
        Settings(
            db=tmp_path / "r.db",
            listen=Address("127.0.0.1", 8040),
            switches=(Address("127.0.0.1", 8021),),
            password=DEFAULT_PASSWORD,
            internal_contexts=frozenset({"internal"}),
            max_calls=2000,
        ),
        1,
    )


def test_options(served):
    settings, workers = served(
        *("--listen", "0.0.0.0:9000", "--freeswitch", "10.0.0.7", "--freeswitch", "10.0.0.8:1"),
        *("--workers", "3", "--max-calls", "9", "--context", "a", "--context", "b"),
        *("--password", "pw", "--confirm-prompt", "press1.wav", "--no-calendars", "--no-notices"),
        "--realtime",
    )
    assert workers == 3
    assert settings.listen == Address("0.0.0.0", 9000)
    assert settings.switches == (Address("10.0.0.7", 8021), Address("10.0.0.8", 1))
    assert settings.internal_contexts == {"a", "b"}
    assert (settings.max_calls, settings.password) == (9, "pw")
    assert settings.confirm_prompt == "press1.wav"
    assert not settings.calendars
    assert settings.contacts
    assert not settings.notices
    assert settings.realtime


def test_the_password_may_come_from_the_environment(served, monkeypatch):
    monkeypatch.setenv("ESL_ROUTER_PASSWORD", "from outside")
    assert served()[0].password == "from outside"


@pytest.mark.parametrize(
    "words",
    [
        ["--listen", "nowhere:port"],
        ["--listen", "127.0.0.1:99999"],
        ["--freeswitch", ":8021"],
        ["--workers", "0"],
        ["--max-calls", "many"],
        ["--log-level", "loud"],
    ],
)
def test_wrong_usage(served, words):
    assert served(*words, code=2) is None
