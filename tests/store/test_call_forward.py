import pytest

from esl_router.errors import NotFound, NotPermitted
from esl_router.store import admin
from esl_router.store.call_forward import (
    clear,
    forwards,
    set_forward,
    set_key,
    set_ring_time,
    switch,
)
from esl_router.store.database import write
from esl_router.store.document import read_rules
from tests.store.actors import acting
from tests.store.test_admin import lines, refused

DOMAIN = "pbx.test"
BOTH = ("internal", "external")


def state(company, extension):
    return [(f["origin"], f["to"], f["enabled"]) for f in forwards(company, DOMAIN, extension)]


def test_set_off_on_and_clear(company):
    assert lines(set_forward(company, DOMAIN, "1002", BOTH, "external:0171 5550")) == [
        '+ users.1002.forward: {"internal": {"to": "external:+491715550", "enabled": true}, '
        '"external": {"to": "external:+491715550", "enabled": true}}'
    ]
    assert lines(switch(company, DOMAIN, "1002", BOTH, False)) == [
        "~ users.1002.forward.internal.enabled: true → false",
        "~ users.1002.forward.external.enabled: true → false",
    ]
    to = "external:+491715550"
    assert state(company, "1002") == [("internal", to, False), ("external", to, False)]
    assert lines(switch(company, DOMAIN, "1002", ("external",), True)) == [
        "~ users.1002.forward.external.enabled: false → true"
    ]
    assert switch(company, DOMAIN, "1002", ("external",), True) == ()
    clear(company, DOMAIN, "1002", ("internal",))
    assert state(company, "1002") == [("internal", None, False), ("external", to, True)]
    clear(company, DOMAIN, "1002", BOTH)
    assert clear(company, DOMAIN, "1002", BOTH) == ()
    assert state(company, "1002") == [("internal", None, False), ("external", None, False)]


def test_a_target_can_be_noted_without_forwarding_to_it(company):
    set_forward(company, DOMAIN, "1002", ("internal",), "busy", enabled=False)
    assert state(company, "1002")[0] == ("internal", "busy", False)


def splashes(company, extension):
    return [f["ring_splash"] for f in forwards(company, DOMAIN, extension)]


def test_a_ring_splash_stays_with_a_new_target_and_is_a_switch_of_its_own(company):
    set_forward(company, DOMAIN, "1002", BOTH, "busy", ring_splash=True)
    set_forward(company, DOMAIN, "1002", ("external",), "extension:1001")
    assert splashes(company, "1002") == [True, True]
    set_forward(company, DOMAIN, "1002", ("external",), "extension:1001", ring_splash=False)
    assert splashes(company, "1002") == [True, False]
    assert lines(set_key(company, DOMAIN, "1002", BOTH, "ring_splash", False)) == [
        "- users.1002.forward.internal.ring_splash: true"
    ]
    assert splashes(company, "1002") == [False, False]
    assert [enabled for *_, enabled in state(company, "1002")] == [True, True]


def test_the_ring_time_of_his_forwards_is_his_own(company):
    assert lines(set_ring_time(company, DOMAIN, "1002", 15, by=acting("1002"))) == [
        "+ users.1002.forward_ring: 15"
    ]
    for seconds, text in ((0, "must be 1 to 300 seconds"), ("5", "must be a whole number")):
        [line] = refused(set_ring_time, company, DOMAIN, "1002", seconds)
        assert line.startswith(f"users.1002.forward_ring: {text}")
    set_ring_time(company, DOMAIN, "1002", None)
    assert read_rules(company, DOMAIN)["users"]["1002"]["forward_ring"] is None


def test_everybodys(company):
    set_forward(company, DOMAIN, "1002", BOTH, "busy")
    found = [(f["user"], f["name"], f["origin"]) for f in forwards(company, DOMAIN)]
    assert found == [
        ("1002", "Bernd Brandt", "internal"),
        ("1002", "Bernd Brandt", "external"),
        ("1003", "Carla Conti", "external"),
    ]
    assert forwards(company, "other.test") == []


def test_nothing_else_of_the_user_is_touched(company, company_rules):
    set_forward(company, DOMAIN, "1001", BOTH, "extension:1003")
    rules = read_rules(company, DOMAIN)
    assert rules["users"]["1001"].pop("forward") != company_rules["users"]["1001"]["forward"]
    rules["users"]["1001"]["forward"] = company_rules["users"]["1001"]["forward"]
    assert rules == company_rules


def test_a_change_of_something_else_leaves_the_forward(company):
    before = state(company, "1003")
    admin.set_user(company, DOMAIN, "1003", {"name": "Carla Conti-Berg"})
    assert state(company, "1003") == before


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("extension:1099", "there is no user or team '1099'"),
        ("voicemail:1099", "there is no user '1099'"),
        ("external:+4990012345", "settings.toll does not permit calls to +4990012345"),
        ("nowhere", "'nowhere' is no target"),
        ("extension:1001", "1001 cannot forward to himself"),
        ("external:030 12345101", "1001 cannot forward to himself"),
    ],
)
def test_what_a_forward_cannot_be(company, target, text):
    [line] = refused(set_forward, company, DOMAIN, "1001", BOTH, target)
    assert line.startswith("users.1001.forward.internal.to: ")
    assert text in line


def test_an_announcement_stays_with_a_new_target(company):
    set_forward(company, DOMAIN, "1002", BOTH, "busy")
    words = (company, DOMAIN, "1002")
    path = "users.1002.forward"
    assert lines(set_key(*words, BOTH, "announce", "gone.wav", by=acting("1002"))) == [
        f"+ {path}.{origin}.announce: gone.wav" for origin in BOTH
    ]
    set_forward(*words, ("external",), "extension:1001")
    switch(*words, BOTH, False)
    assert [f["announce"] for f in forwards(company, DOMAIN, "1002")] == ["gone.wav"] * 2
    assert lines(set_key(*words, ("internal",), "announce", None)) == [
        f"- {path}.internal.announce: gone.wav"
    ]
    [line] = refused(set_key, *words, BOTH, "announce", "../x.wav")
    assert line.startswith(f"{path}.internal.announce: '../x.wav' is no sound file")
    with pytest.raises(NotPermitted):
        set_key(*words, BOTH, "announce", None, by=acting("1003"))


def test_where_there_is_no_forward_there_is_nothing_to_switch(company):
    [line] = refused(switch, company, DOMAIN, "1002", BOTH, True)
    assert line.startswith("users.1002.forward: there is no forward to switch")
    [line] = refused(switch, company, DOMAIN, "1003", ("internal",), False)
    assert line.startswith("users.1003.forward: there is no internal forward to switch")
    assert switch(company, DOMAIN, "1003", BOTH, True)


def test_a_forward_whose_target_was_forbidden_since_cannot_be_switched_on(company):
    set_forward(company, DOMAIN, "1002", ("external",), "external:+493055", enabled=False)
    with write(company):
        company.conn.execute("UPDATE domains SET toll_deny = '[\"+493055\"]'")
    [line] = refused(switch, company, DOMAIN, "1002", ("external",), True)
    assert line == "users.1002.forward.external.to: settings.toll does not permit calls to +493055"


def test_a_user_changes_his_own_and_nobody_elses(company):
    for change, values in (
        (set_forward, (BOTH, "busy")),
        (switch, (BOTH, False)),
        (set_ring_time, (20,)),
        (clear, (BOTH,)),
    ):
        before = read_rules(company, DOMAIN)
        with pytest.raises(NotPermitted, match=r"1003 may not change the .* of 1002"):
            change(company, DOMAIN, "1002", *values, by=acting("1003"))
        assert read_rules(company, DOMAIN) == before
        assert change(company, DOMAIN, "1002", *values, by=acting("1002"))


def test_nobodys(company):
    for change, values in ((set_forward, (BOTH, "busy")), (switch, (BOTH, True)), (clear, (BOTH,))):
        with pytest.raises(NotFound, match="no user '1099'"):
            change(company, DOMAIN, "1099", *values)
    with pytest.raises(NotFound, match="no user '1099'"):
        forwards(company, DOMAIN, "1099")


@pytest.mark.parametrize("target", ["extension:1010", "voicemail:1010"])
def test_who_is_somebodys_target_cannot_be_removed(company, target):
    set_forward(company, DOMAIN, "1003", ("external",), target, enabled=False)
    assert refused(admin.remove_user, company, DOMAIN, "1010") == [
        "users.1003.forward.external still names 1010: change that first"
    ]
