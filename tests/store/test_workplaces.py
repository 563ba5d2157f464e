from __future__ import annotations

import pytest

from esl_router.errors import NotFound, NotPermitted
from esl_router.model.actor import Actor
from esl_router.model.people import Origin
from esl_router.store import admin
from esl_router.store.reader import Store
from esl_router.store.rules_import import export_rules
from esl_router.store.workplaces import (
    add_workplace,
    by_number,
    log_in,
    log_out,
    of_device,
    remove_workplace,
    set_workplace,
    workplace,
    workplaces,
)
from tests.store.test_admin import lines, refused

DOMAIN = "pbx.test"


@pytest.fixture
def window(company):
    """The sample company with a second place, where nobody is."""
    add_workplace(company, DOMAIN, "window", {"number": 8})
    admin.add_device(company, DOMAIN, "desk-window", {"password": "secret"}, workplace="window")
    return company


def there(db):
    return {place["name"]: place["user"] for place in workplaces(db, DOMAIN)}


def rights_of(extension):
    return Actor.user(extension)


# -- the places -------------------------------------------------------------------------------
def test_every_workplace_with_who_is_there(window):
    reception, other = workplaces(window, DOMAIN)
    assert (reception["name"], reception["user"]) == ("reception", "1002")
    assert other == {
        "name": "window",
        "user": None,
        "number": "8",
        "devices": {"desk-window": other["devices"]["desk-window"]},
        "follow_me": {},
    }
    assert workplace(window, DOMAIN, "window") == other
    with pytest.raises(NotFound, match="no workplace 'windwo', did you mean 'window'"):
        workplace(window, DOMAIN, "windwo")


def test_a_number_names_one_place(window):
    assert by_number(window, DOMAIN, "8") == "window"
    assert by_number(window, DOMAIN, "9") is None
    assert by_number(window, "other.test", "8") is None
    assert refused(set_workplace, window, DOMAIN, "reception", {"number": "8"}) == [
        "workplaces.reception.number: 8 is the number of 'window'"
    ]
    assert refused(set_workplace, window, DOMAIN, "window", {"number": "8a"}) == [
        "workplaces.window.number: must be 1 to 8 digits in quotes, not '8a'"
    ]


def test_whose_a_phone_is(window):
    assert of_device(window, DOMAIN, "desk-window") == "window"
    assert of_device(window, DOMAIN, "1001-desk") is None
    assert of_device(window, DOMAIN, "nothing") is None


def test_a_new_workplace_needs_a_name_of_its_own(window):
    assert refused(add_workplace, window, DOMAIN, "window", {}) == [
        "workplaces.window: there is a workplace 'window' already"
    ]
    assert refused(add_workplace, window, DOMAIN, "a/b", {})[0].startswith("workplaces.a/b: ")
    device = {"devices.1001-desk": {"kind": "sip", "password": "secret"}}
    assert refused(add_workplace, window, DOMAIN, "third", device) == [
        "workplaces.third.devices.1001-desk: 1001 has a device of this name already"
    ]


def test_changing_a_place_leaves_who_is_there(window):
    set_workplace(window, DOMAIN, "reception", {"number": "7"})
    assert there(window) == {"reception": "1002", "window": None}


def test_the_rows_of_a_place_ring_its_user(window, path):
    changes = set_workplace(
        window,
        DOMAIN,
        "reception",
        {
            "follow_me.desk-reception.external": {"delay": 5, "ring": 12},
            "follow_me.desk-reception.team.enabled": False,
        },
    )
    assert len(changes) == 1
    store = Store(path)
    with store.read() as rules:
        external, team = (
            rules.follow_me(DOMAIN, "1002", origin)[-1] for origin in (Origin.EXTERNAL, Origin.TEAM)
        )
    store.close()
    assert (external.device.name, external.delay, external.ring) == ("desk-reception", 5, 12)
    assert (team.device.name, team.enabled) == ("desk-reception", False)
    assert refused(
        set_workplace, window, DOMAIN, "reception", {"follow_me.desk.team.delay": 1}
    ) == ["workplaces.reception.follow_me.desk: there is no device of it 'desk'"]


def test_a_row_goes_with_its_device(window):
    set_workplace(window, DOMAIN, "window", {"follow_me.desk-window.external.delay": 5})
    admin.remove_device(window, DOMAIN, "desk-window")
    assert workplace(window, DOMAIN, "window")["follow_me"] == {}


def test_a_place_that_is_removed_logs_its_user_out(window):
    changes = remove_workplace(window, DOMAIN, "reception")
    assert lines(changes)[1:] == ["- users.1002.workplace: reception"]
    assert there(window) == {"window": None}
    assert admin.user(window, DOMAIN, "1002")["workplace"] is None
    assert "desk-reception" not in export_rules(window, DOMAIN)


# -- who is where -----------------------------------------------------------------------------
def test_the_last_login_wins_and_says_who_was_there(window):
    login = log_in(window, DOMAIN, "1003", "reception")
    assert (login.place, login.left, login.logged_out) == ("reception", None, "1002")
    assert lines(login.changes) == [
        "- users.1002.workplace: reception",
        "+ users.1003.workplace: reception",
    ]
    assert there(window) == {"reception": "1003", "window": None}


def test_who_logs_in_elsewhere_leaves_where_he_was(window):
    login = log_in(window, DOMAIN, "1002", "window")
    assert (login.place, login.left, login.logged_out) == ("window", "reception", None)
    assert lines(login.changes) == ["~ users.1002.workplace: reception → window"]
    assert there(window) == {"reception": None, "window": "1002"}


def test_where_he_is_already_nothing_changes(window):
    admin.set_device(window, DOMAIN, "desk-reception", {"dnd": True})
    assert log_in(window, DOMAIN, "1002", "reception").changes == ()
    assert admin.device(window, DOMAIN, "desk-reception")["dnd"]


def test_do_not_disturb_of_the_one_before_is_not_the_next_ones(window):
    admin.set_device(window, DOMAIN, "desk-reception", {"dnd": True}, by=rights_of("1002"))
    login = log_in(window, DOMAIN, "1003", "reception", by=rights_of("1003"))
    assert lines(login.changes)[-1] == "- workplaces.reception.devices.desk-reception.dnd: true"
    assert not admin.device(window, DOMAIN, "desk-reception")["dnd"]


@pytest.mark.parametrize("who", ["1002", "reception"])
def test_a_logout_by_person_or_place(window, who):
    logout = log_out(window, DOMAIN, who)
    assert (logout.place, logout.left) == (None, "reception")
    assert lines(logout.changes) == ["- users.1002.workplace: reception"]
    assert there(window) == {"reception": None, "window": None}
    assert log_out(window, DOMAIN, who).changes == ()


def test_who_is_meant_must_be_there(window):
    with pytest.raises(NotFound, match="no user '9999'"):
        log_in(window, DOMAIN, "9999", "reception")
    with pytest.raises(NotFound, match="no workplace 'cellar'"):
        log_in(window, DOMAIN, "1002", "cellar")
    with pytest.raises(NotFound, match="no user 'cellar'"):
        log_out(window, DOMAIN, "cellar")


# -- rights -----------------------------------------------------------------------------------
def test_a_user_logs_himself_in_and_out_and_whoever_was_there_leaves(window):
    log_in(window, DOMAIN, "1003", "reception", by=rights_of("1003"))
    assert there(window)["reception"] == "1003"
    log_out(window, DOMAIN, "reception", by=rights_of("1003"))
    assert there(window)["reception"] is None


def test_nobody_logs_somebody_else_in_or_out(window):
    for act in (
        lambda: log_in(window, DOMAIN, "1003", "window", by=rights_of("1001")),
        lambda: log_out(window, DOMAIN, "1002", by=rights_of("1001")),
        lambda: log_out(window, DOMAIN, "reception", by=rights_of("1001")),
        lambda: admin.set_user(window, DOMAIN, "1002", {"workplace": None}, by=rights_of("1001")),
    ):
        with pytest.raises(NotPermitted, match="user 1001 may not change the workplace of 100"):
            act()
    assert there(window) == {"reception": "1002", "window": None}
