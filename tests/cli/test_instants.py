from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from esl_router.cli.instants import duration, instant


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("90m", 90), ("2h30m", 150), ("1d", 1440), ("1d2h3m", 1563), ("90s", 1.5)],
)
def test_a_length_of_time(text, minutes):
    assert duration(text, "--for") == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text", ["", "90", "m", "0m", "-5m", "1h 30m", "30m1h", "soon", "9" * 9 + "d"]
)
def test_no_length_of_time(text):
    with pytest.raises(click.BadParameter, match="90m, 2h30m or 1d"):
        duration(text, "--for")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-24T15:00", datetime(2026, 12, 24, 14, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-12-24T15:00-05:00", datetime(2026, 12, 24, 20, tzinfo=UTC)),
    ],
)
def test_an_instant_is_of_the_zone_unless_it_names_one(text, utc):
    assert instant(text, "Europe/Berlin", "--until") == utc


@pytest.mark.parametrize("text", ["", "tomorrow", "15:00", "1969-12-31", "9999-01-01"])
def test_no_instant(text):
    with pytest.raises(click.BadParameter, match="2026-12-24T15:00"):
        instant(text, "Europe/Berlin", "--until")
