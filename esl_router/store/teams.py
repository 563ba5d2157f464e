"""What a decision reads of a team."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

from esl_router.model.presence import Target
from esl_router.model.team import Member, Overflow, Strategy, Team

_TEAM = """
    SELECT name, strategy, ring, max_wait, busy_on_busy, skip_if_busy, caller_prefix,
           overflow_no_answer, overflow_busy, overflow_nobody,
           (SELECT json_group_array(number) FROM
               (SELECT number FROM numbers
                WHERE numbers.domain = teams.domain AND numbers.extension = teams.extension
                ORDER BY position))
    FROM teams WHERE domain = ? AND extension = ?
"""

_MEMBERS = """
    SELECT team_members.extension, delay, logged_in, coalesce(began, 0), coalesce(talked, 0)
    FROM team_members LEFT JOIN team_turns USING (domain, team, extension)
    WHERE domain = ? AND team = ? ORDER BY position
"""

_TEAMS_OF = "SELECT team FROM team_members WHERE domain = ? AND extension = ? ORDER BY team"


def teams_of(conn: sqlite3.Connection, domain: str, member: str) -> tuple[str, ...]:
    """The extensions of the teams whose member a user is, sorted."""
    return tuple(team for (team,) in conn.execute(_TEAMS_OF, (domain, member)))


def team(
    conn: sqlite3.Connection, domain: str, extension: str, report: Callable[[str, str], None]
) -> Team | None:
    """A team with its members; what makes no sense is left out and reported."""
    row = conn.execute(_TEAM, (domain, extension)).fetchone()
    if row is None:
        return None
    name, strategy, ring, max_wait, limit, skip, prefix, no_answer, busy, nobody, numbers = row
    path = f"teams.{extension}"
    overflow = {}
    for why, text in zip(Overflow, (no_answer, busy, nobody), strict=True):
        try:
            if text is not None:
                overflow[why] = Target.parse(text)
        except ValueError:
            report(f"{path}.overflow.{why.value}", f"{text!r} is no target")
    try:
        order = Strategy(strategy)
    except ValueError:
        report(f"{path}.strategy", f"{strategy!r} is not known, taken as parallel")
        order = Strategy.PARALLEL
    return Team(
        domain,
        extension,
        name,
        numbers=tuple(json.loads(numbers)),
        strategy=order,
        ring=max(1, ring),
        max_wait=max(1, max_wait),
        max_calls=limit,
        skip_if_busy=skip != 0,
        caller_prefix=prefix,
        overflow=overflow,
        members=tuple(
            Member(member, max(0, delay), logged_in != 0, began, talked)
            for member, delay, logged_in, began, talked in conn.execute(
                _MEMBERS, (domain, extension)
            )
        ),
    )
