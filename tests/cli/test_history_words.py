"""An entry of the history, in words."""

from __future__ import annotations

import pytest

from esl_router.cli.history_words import record, sentences
from esl_router.model.actor import Actor, Source
from esl_router.store.history import Entry
from esl_router.store.objects import Edit

STATUS = Edit("users", "1001", ("presence", "status"), "away", "lunch")
ANNA = Actor.administrator("anna")


def entry(*edits, by=ANNA, undoes=None):
    return Entry(7, 0.0, "pbx.test", by, edits, undoes)


def said(*edits, **more):
    return sentences(entry(*edits, **more), edits)


@pytest.mark.parametrize(
    ("by", "who"),
    [
        (ANNA, "Administrator anna"),
        (Actor.administrator("anna", Source.IMPORT), "Administrator anna by an import"),
        (Actor.user("1001"), "User 1001"),
        (Actor.user("1001", Source.PHONE), "User 1001 from a phone"),
        (Actor.router(Source.CALENDAR), "The router by a calendar"),
    ],
)
def test_who_and_from_where(by, who):
    line = "presence.status of user 1001 changed from away to lunch."
    assert said(STATUS, by=by) == [f"{who}: {line}"]
    assert said(STATUS, by=by, undoes=3) == [f"{who} took back entry 3: {line}"]


def test_there_are_words_for_every_source():
    for source in Source:
        assert sentences(entry(STATUS, by=Actor.user("1001", source)), [STATUS])


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Edit("users", "1", ("decline",), None, "user"), "decline of user 1 set to user"),
        (
            Edit("users", "1", ("decline",), "user", None),
            "decline of user 1 set back to the default, it was user",
        ),
        (
            Edit("users", "1", ("numbers",), None, ["+4930123", "+4930124"]),
            "numbers of user 1 set to +4930123, +4930124",
        ),
        (Edit("teams", "2", (), None, {"name": "New"}), 'team 2 added: {"name": "New"}'),
        (Edit("teams", "2", (), {"name": "Old"}, None), 'team 2 removed, it was {"name": "Old"}'),
        (
            Edit("teams", "2", ("members",), ["1", "2"], ["2", "1"], reordered=True),
            "members of team 2 in another order: 2, 1",
        ),
        (
            Edit("users", "1", ("devices", "a", "password"), "…", "…"),
            "devices.a.password of user 1 changed",
        ),
        (
            Edit("domain", "", (), None, {"users": 10, "teams": 1, "executives": 0}),
            "domain added, with 10 users, 1 team and 0 executives",
        ),
        (Edit("domain", "", (), {"users": 1}, None), "domain removed"),
        (
            Edit("users", "1", ("name",), None, "x" * 200),
            f"name of user 1 set to {'x' * 119}…",
        ),
    ],
)
def test_what(edit, words):
    assert said(edit) == [f"Administrator anna: {words}."]


def test_what_goes_without_saying_is_not_said():
    row = ("follow_me", "a", "team")
    profile = ("presence", "profiles", "away")
    assert said(
        Edit("users", "1", (*row, "delay"), None, 5),
        Edit("users", "1", (*row, "user_set"), None, True),
        Edit("users", "1", profile, None, {}, 0),
        Edit("users", "1", (*profile, "announce"), None, "a.wav"),
        Edit("users", "1", ("presence", "profiles", "lunch"), None, {}, 1),
    ) == [
        "Administrator anna: 3 changes.",
        "  follow_me.a.team.delay of user 1 set to 5",
        "  presence.profiles.away.announce of user 1 set to a.wav",
        "  presence.profiles.lunch of user 1 added: {}",
    ]


def test_all_of_it_is_in_the_record():
    mark = Edit("users", "1", ("follow_me", "a", "team", "user_set"), None, True)
    found = record(entry(STATUS, mark, undoes=3), (STATUS, mark))
    assert [each["path"] for each in found["changes"]] == [
        "users.1001.presence.status",
        "users.1.follow_me.a.team.user_set",
    ]
    assert found["at"].startswith("19")
    assert (found["entry"], found["undoes"], found["by"]["source"]) == (7, 3, "cli")
