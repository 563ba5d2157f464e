"""What every test stands on."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests import realtime

# How long an example takes says something of the machine alone; pytest has a limit for each test.
settings.register_profile("here", deadline=None)
settings.load_profile("here")


@pytest.fixture(autouse=True)
def _no_real_store(monkeypatch, tmp_path):
    """The user's own rule store cannot be reached: a test names the one that it means."""
    monkeypatch.setenv("ESL_ROUTER_DB", "/proc/no-test-may-open-this/router.db")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="session")
def real_time():
    """For a test of what runs in real time."""
    if not realtime.allowed():
        pytest.skip("real time is not allowed here: run the tests as root")
