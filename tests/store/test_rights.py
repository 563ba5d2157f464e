"""The table of rights."""

from __future__ import annotations

import pytest

from esl_router.errors import NotPermitted
from esl_router.model.actor import Actor, Source
from esl_router.store import admin, rights
from esl_router.store.database import write
from esl_router.store.executive_admin import set_executive
from esl_router.store.rights import RIGHTS, Who, require, right_to, settings
from tests.store.actors import acting

DOMAIN = "pbx.test"


def path(text):
    return tuple(text.split("."))


def test_every_right_is_one_to_settings_that_there_are():
    known = [setting.split(".") for setting, _ in settings()]
    for right in RIGHTS:
        parts = right.setting.split(".")
        assert any(each[: len(parts)] == parts for each in known), right.setting


def test_every_setting_has_who_may_write_it():
    found = dict(settings())
    assert found["settings.toll.allow"] is None
    assert found["users.{user}.devices.{device}.password"] is None
    assert found["teams.{team}.members.{user}.delay"] is None
    assert found["teams.{team}.members.{user}.logged_in"].who == (Who.USER,)
    assert found["executives.{executive}.criteria.{criterion}.callers.numbers"].who == (
        Who.EXECUTIVE,
        Who.ASSISTANT,
    )
    assert found["workplaces.{workplace}.devices.{device}.dnd"].who == (Who.OCCUPANT,)


def test_names_in_a_refusal_are_names_in_the_path():
    for right in RIGHTS:
        names = right.names(tuple(right.setting.split(".")))
        assert "{" not in right.called.format_map(dict.fromkeys(names, "x"))


@pytest.mark.parametrize(
    ("setting", "may", "may_not"),
    [
        ("users.1002.presence.status", "1002", "1001"),
        ("users.1002.presence.revert", "1002", "1001"),
        ("users.1002.presence.profiles.away.queue_login", "1002", "1001"),
        ("users.1002.presence.profiles.away.ring_group_calls", "1002", "1001"),
        ("users.1002.presence.profiles.available.no_answer_after", "1002", "1001"),
        ("users.1002.forward.internal.to", "1002", "1003"),
        ("users.1002.forward_ring", "1002", "1003"),
        ("users.1002.devices.1002-desk.dnd", "1002", "1001"),
        ("workplaces.reception.devices.desk-reception.dnd", "1002", "1001"),
        ("users.1002.follow_me.1002-desk.team.delay", "1002", "1001"),
        ("teams.2000.members.1006.logged_in", "1006", "1005"),
        ("executives.1001.assistants.1002.opted_in", "1002", "1001"),
        ("executives.1001.assistants.1003.divert", "1003", "1002"),
        ("executives.1001.rings", "1001", "1005"),
        ("executives.1001.criteria.family.active", "1003", "1009"),
    ],
)
def test_who_may_and_who_may_not(company, setting, may, may_not):
    for source in Source:
        require(company, DOMAIN, Actor.user(may, source), path(setting))
        with pytest.raises(NotPermitted, match=f"user {may_not} may not change .* may$"):
            require(company, DOMAIN, Actor.user(may_not, source), path(setting))
    require(company, DOMAIN, None, path(setting))
    require(company, DOMAIN, Actor.router(Source.CALENDAR), path(setting))


@pytest.mark.parametrize(
    "setting",
    [
        "users.1002",
        "users.1002.presence",
        "users.1002.name",
        "users.1002.devices.1002-desk",
        "users.1002.follow_me.1002-desk",
        "users.1002.follow_me.1002-desk.user_configurable",
        "teams.2000.members",
        "teams.2000.members.1002",
        "executives.1001.assistants",
        "executives.1001.allow_opt_out",
        "settings.toll",
        "settings.forward_ring",
        "settings.dnd_over_cfu",
        "workplaces.reception",
    ],
)
def test_what_is_the_administrators_alone(company, setting):
    with pytest.raises(NotPermitted, match=r"user 1002 may not change .*: the administrator may$"):
        require(company, DOMAIN, acting("1002"), path(setting))


def test_a_right_that_depends(company):
    configurable = path("users.1001.follow_me.1001-mobile.internal.ring")
    with pytest.raises(NotPermitted) as caught:
        require(company, DOMAIN, acting("1001"), configurable)
    assert str(caught.value) == (
        "user 1001 may not change the follow-me of 1001 at 1001-mobile: user_configurable is false "
        "there, which the administrator changes"
    )
    login = path("executives.1001.assistants.1002.opted_in")
    set_executive(company, DOMAIN, "1001", {"allow_opt_out": False})
    with pytest.raises(NotPermitted, match="allow_opt_out is false there"):
        require(company, DOMAIN, acting("1002"), login)
    with pytest.raises(NotPermitted, match="1003 himself and the administrator may"):
        require(company, DOMAIN, acting("1002"), path("executives.1001.assistants.1003.opted_in"))


def test_what_counts_is_what_was_before(company):
    """Nobody gets a right by a change that needs it."""
    with pytest.raises(NotPermitted, match="user 1003"):
        _sit_down_and_switch(company, acting("1003"))
    assert not admin.device(company, DOMAIN, "desk-reception")["dnd"]
    _sit_down_and_switch(company, None)
    admin.set_device(company, DOMAIN, "desk-reception", {"dnd": False}, by=acting("1003"))


def _sit_down_and_switch(db, by):
    with write(db, by):
        db.conn.execute("UPDATE workplace_logins SET extension = '1003'")
        db.conn.execute("UPDATE devices SET dnd = 1 WHERE name = 'desk-reception'")


def test_all_that_is_asked_for_or_nothing(company):
    before = admin.user(company, DOMAIN, "1002")
    with pytest.raises(NotPermitted, match="may not change name of user 1002"):
        admin.set_user(
            company, DOMAIN, "1002", {"busy_on_busy": True, "name": "Boss"}, by=acting("1002")
        )
    assert admin.user(company, DOMAIN, "1002") == before
    assert admin.set_user(company, DOMAIN, "1002", {"busy_on_busy": True}, by=acting("1002"))


def test_the_first_right_that_fits_is_the_only_one():
    for index, right in enumerate(RIGHTS):
        sample = tuple(right.setting.split("."))
        assert right_to(sample) is right, index
    assert rights.right_to(("users", "1002", "numbers")) is None
