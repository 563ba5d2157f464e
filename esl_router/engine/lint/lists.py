"""Lists of callers: entries that contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from esl_router.engine.lint.company import Company, Finding, warning
from esl_router.model.people import CallerAction, CallerRule
from esl_router.model.schedule import Schedule

_ALPHABET = "+0123456789"


def overlap(company: Company) -> Iterator[Finding]:
    """Numbers that are to be refused and get through: that wins where a number is on both sides.

    A few callers who get through, out of many who are refused, are an exception, and no mistake.
    """
    for person in company.people.values():
        through = [rule for rule in person.callers if rule.action is CallerAction.RING]
        for index, rule in enumerate(person.callers):
            if rule.action is not CallerAction.BLOCK:
                continue
            for place, blocked in enumerate(rule.numbers):
                pattern = _contradicts(blocked, rule.schedule, through)
                if pattern is not None:
                    never = covers(pattern, blocked)
                    which = "" if never else "some of "
                    yield warning(
                        f"{person.path}.callers[{index}].numbers[{place}]",
                        f"{which}{blocked} is not refused: {pattern} gets through, and that wins.",
                        "remove one of them, or give them schedules of their own",
                    )


def _contradicts(blocked: str, hours: Schedule | None, through: list[CallerRule]) -> str | None:
    """The pattern that lets callers through whom ``blocked`` names; None: there is none."""
    for rule in through:
        if rule.schedule is not None and rule.schedule != hours:
            continue  # outside those hours they are refused
        for pattern in rule.numbers:
            exception = covers(blocked, pattern) and not covers(pattern, blocked)
            if not exception and meets(blocked, pattern):
                return pattern
    return None


def covers(wide: str, narrow: str) -> bool:
    """Whether each number that matches the pattern ``narrow`` matches ``wide``."""
    return not _exists(narrow, wide, lambda first, second: first and not second)


def meets(one: str, other: str) -> bool:
    """Whether some number matches both patterns."""
    return _exists(one, other, lambda first, second: first and second)


def _exists(one: str, other: str, wanted: Callable[[bool, bool], bool]) -> bool:
    """Whether there is a number of which ``wanted`` holds: does it match one, does it match the
    other."""
    begin = (_rest(one, {0}), _rest(other, {0}))
    seen, todo = {begin}, [begin]
    while todo:
        first, second = todo.pop()
        if wanted(len(one) in first, len(other) in second):
            return True
        for char in _ALPHABET:
            after = (_step(one, first, char), _step(other, second, char))
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return False


def _step(pattern: str, places: frozenset[int], char: str) -> frozenset[int]:
    """Where in a pattern one may be after one more character of a number."""
    found = set()
    for place in places:
        if place == len(pattern):
            continue
        sign = pattern[place]
        if sign == "*" and (char != "+" or pattern == "*"):
            found.add(place)
        elif sign == char or (sign == "?" and char != "+"):
            found.add(place + 1)
    return _rest(pattern, found)


def _rest(pattern: str, places: set[int]) -> frozenset[int]:
    """The places, and those behind a ``*`` that stands for nothing."""
    found = set(places)
    for place in places:
        while place < len(pattern) and pattern[place] == "*":
            place += 1
            found.add(place)
    return frozenset(found)
