from __future__ import annotations

from esl_router.call.starts import Starts


def test_while_somebody_rings_nobody_comes_early() -> None:
    starts = Starts({"a": 0, "b": 0, "c": 20})
    assert starts.ended("a", 2.0) == {}
    assert starts.ended("unknown", 2.0) == {}


def test_when_nobody_rings_the_next_one_starts_and_the_others_keep_their_distance() -> None:
    starts = Starts({"a": 0, "b": 20, "c": 20, "d": 40})
    assert starts.ended("a", 2.0) == {"b": 2.0, "c": 2.0, "d": 20}
    assert starts.ended("b", 3.0) == {}
    assert starts.ended("c", 4.0) == {"d": 4.0}
    assert starts.ended("d", 5.0) == {}


def test_whose_new_time_is_over_starts_now() -> None:
    starts = Starts({"a": 0, "b": 30, "c": 40})
    assert starts.ended("a", 25.0) == {"b": 25.0, "c": 25.0}
