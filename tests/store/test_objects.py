"""Objects with settings at paths, and what is different between two of them."""

from __future__ import annotations

import pytest

from esl_router.store.objects import (
    NAMED_SECTIONS,
    SECTIONS,
    called,
    edits,
    form_of,
    mark,
    masked,
    secrets_in,
    tree,
    written,
)
from esl_router.store.rules.layout import CONTACT


def objects(rules):
    for section in SECTIONS:
        if section in NAMED_SECTIONS:
            yield from ((section, name, each) for name, each in rules[section].items())
        else:
            yield section, "", rules[section]


def found(section, old, new):
    return [(".".join(e.path), e.before, e.after) for e in edits(section, "x", old, new)]


def test_a_tree_says_what_the_file_says(company_rules):
    for section, name, document in objects(company_rules):
        assert written(section, tree(section, document)) == form_of(section).write(document), name
        assert list(edits(section, name, *[tree(section, document)] * 2)) == []


def test_marks_are_in_the_tree_and_in_no_file(company_rules):
    user = form_of("users").read(form_of("users").write(company_rules["users"]["1001"]), _nowhere())
    unmarked = tree("users", user)
    user["follow_me"]["1001-desk"]["team"]["user_set"] = True
    marked = tree("users", user)
    assert found("users", unmarked, marked) == [
        ("follow_me.1001-desk.team.user_set", None, True),
    ]
    assert written("users", marked) == written("users", unmarked)
    fresh = form_of("users").read(written("users", marked), _nowhere())
    mark(fresh, marked)
    assert fresh == user


def _nowhere():
    from esl_router.store.rules.forms import Place

    return Place("", "DE", [])


def test_contacts_that_share_a_name():
    people = [{"name": "Müller", "numbers": [f"+49301234{each}"]} for each in (1, 2, 3)]
    contacts = [CONTACT.read(each, _nowhere()) for each in people]
    assert list(tree("contacts", contacts)) == ["Müller", "Müller (2)", "Müller (3)"]
    assert written("contacts", tree("contacts", contacts)) == people


@pytest.mark.parametrize(
    ("old", "new", "different"),
    [
        ({"name": "A"}, {"name": "B"}, [("name", "A", "B")]),
        ({"name": "A"}, {"name": "A", "decline": "user"}, [("decline", None, "user")]),
        ({"presence": {"status": "away"}}, {}, [("presence.status", "away", None)]),
        (
            {},
            {"forward": {"internal": {"to": "busy", "enabled": True}}},
            [("forward.internal", None, {"to": "busy", "enabled": True})],
        ),
        (
            {},
            {"presence": {"profiles": {"away": {"internal": {"busy": "busy"}}}}},
            [
                ("presence.profiles.away", None, {}),
                ("presence.profiles.away.internal.busy", None, "busy"),
            ],
        ),
        (
            {"devices": {"a": {"kind": "sip"}, "b": {"kind": "sip"}}},
            {"devices": {"b": {"kind": "sip"}, "a": {"kind": "sip", "dnd": True}}},
            [("devices", ["a", "b"], ["b", "a"]), ("devices.a.dnd", None, True)],
        ),
        (
            {"devices": {"a": {"kind": "sip"}, "b": {"kind": "sip"}}},
            {"devices": {}},
            [("devices.b", {"kind": "sip"}, None), ("devices.a", {"kind": "sip"}, None)],
        ),
        ({"numbers": ["1"]}, {"numbers": ["1", "2"]}, [("numbers", ["1"], ["1", "2"])]),
        (None, {"name": "A"}, [("", None, {"name": "A"})]),
        ({"name": "A"}, None, [("", {"name": "A"}, None)]),
    ],
)
def test_differences(old, new, different):
    assert found("users", old, new) == different


def test_a_setting_in_a_sentence():
    assert called(("users", "1001", "presence", "status")) == "presence.status of user 1001"
    assert called(("teams", "2000")) == "team 2000"
    assert called(("settings", "toll", "allow")) == "settings.toll.allow"


def test_passwords_are_left_out_wherever_they_stand():
    user = {
        "name": "password",
        "devices": {"password": {"kind": "sip", "password": "s3cret"}},
        "calendar": {"source": "https://calendar.test/s3cret", "status": "meeting"},
    }
    said = masked(user)
    assert "s3cret" not in str(said)
    assert said["name"] == "password"
    assert set(secrets_in(said)) == {("devices", "password", "password"), ("calendar", "source")}
    assert list(secrets_in({"name": "…"})) == []
    assert masked(4711, ("settings", "pin")) == "…"
    file = {"calendar": {"source": "file:/srv/anna.ics"}}
    assert masked(file) == file
    [edit] = edits(
        "users", "1", {"devices": {"a": {"password": "1"}}}, {"devices": {"a": {"password": "2"}}}
    )
    assert (edit.before, edit.after) == ("…", "…")
