from __future__ import annotations

import pytest

from esl_router.errors import NotFound, NotPermitted
from esl_router.store.assistants import (
    Part,
    add_assistant,
    divert,
    log,
    part,
    parts,
    remove_assistant,
    set_assistant,
)
from esl_router.store.document import read_rules
from esl_router.store.executive_admin import add_executive, executive, set_executive
from tests.store.actors import acting
from tests.store.test_admin import lines, refused

DOMAIN = "pbx.test"

CARLA = Part(
    "1003",
    "1001",
    "Anna Adler",
    place=2,
    opted_in=False,
    may_opt_out=True,
    divert="+491715550000",
    enabled=False,
)


def order(db, extension="1001"):
    return [each["user"] for each in executive(db, DOMAIN, extension)["assistants"]]


@pytest.fixture
def two_pools(company):
    """1003 assists 1001 and 1008; 1008 assists nobody, and is assisted by 1001 too."""
    add_executive(
        company,
        DOMAIN,
        "1008",
        {"assistants": [{"user": "1001"}, {"user": "1003"}]},
    )
    return company


def test_the_parts_of_an_assistant(two_pools):
    assert parts(two_pools, DOMAIN, "1003") == (
        CARLA,
        Part("1003", "1008", "Hakan Holt", 2, True, True, None, enabled=True),
    )
    assert parts(two_pools, DOMAIN, "1005") == ()
    assert part(two_pools, DOMAIN, "1003", "1001") == CARLA
    with pytest.raises(NotFound, match="there is no user '1099'"):
        parts(two_pools, DOMAIN, "1099")
    with pytest.raises(NotFound, match="'1002' is no assistant of 1008"):
        part(two_pools, DOMAIN, "1002", "1008")
    with pytest.raises(NotFound, match="'1005' is no executive"):
        part(two_pools, DOMAIN, "1002", "1005")


def test_every_part_or_those_in_the_pools_of_a_user(two_pools):
    def found(**who):
        return [(each.assistant, each.executive) for each in parts(two_pools, DOMAIN, **who)]

    every = [("1001", "1008"), ("1002", "1001"), ("1003", "1001"), ("1003", "1008")]
    assert found() == every
    assert found(by=acting("1003")) == every
    assert found(by=acting("1001")) == every
    assert found(by=acting("1002")) == [("1002", "1001"), ("1003", "1001")]
    assert found(by=acting("1008")) == [("1001", "1008"), ("1003", "1008")]
    assert found(by=acting("1005")) == []
    assert found(assistant="1003", by=acting("1002")) == [("1003", "1001")]
    assert part(two_pools, DOMAIN, "1003", "1001", by=acting("1002")) == CARLA
    with pytest.raises(NotPermitted, match="user 1002 may not see how the calls of 1008"):
        part(two_pools, DOMAIN, "1003", "1008", by=acting("1002"))


def test_whether_a_part_is_taken_and_diverted(company):
    assert not CARLA.takes_part
    assert not CARLA.diverts
    set_executive(company, DOMAIN, "1001", {"allow_opt_out": False})
    now = part(company, DOMAIN, "1003", "1001")
    assert (now.opted_in, now.takes_part, now.diverts) == (False, True, True)
    bernd = part(company, DOMAIN, "1002", "1001")
    assert (bernd.takes_part, bernd.diverts) == (True, False)


def test_assistants_come_move_and_go(company):
    assert lines(add_assistant(company, DOMAIN, "1001", "1005")) == [
        '+ executives.1001.assistants[2]: {"user": "1005", "opted_in": true}'
    ]
    add_assistant(company, DOMAIN, "1001", "1004", place=1)
    assert order(company) == ["1004", "1002", "1003", "1005"]
    set_assistant(company, DOMAIN, "1001", "1003", {}, place=1)
    assert order(company) == ["1003", "1004", "1002", "1005"]
    assert part(company, DOMAIN, "1003", "1001") == Part(
        **{**{name: getattr(CARLA, name) for name in Part.__slots__}, "place": 1}
    )
    remove_assistant(company, DOMAIN, "1001", "1004")
    assert order(company) == ["1003", "1002", "1005"]


@pytest.mark.parametrize("as_user", [None, "1001", "1002", "1003"])
def test_how_long_one_of_them_rings(company, as_user):
    by = as_user and acting(as_user)
    path = "executives.1001.assistants[1]"
    assert lines(set_assistant(company, DOMAIN, "1001", "1003", {"rings": 5}, by=by)) == [
        f"+ {path}.rings: 5"
    ]
    assert lines(set_assistant(company, DOMAIN, "1001", "1003", {"rings": None}, by=by)) == [
        f"- {path}.rings: 5"
    ]
    [line] = refused(set_assistant, company, DOMAIN, "1001", "1003", {"rings": 21}, by=by)
    assert line.startswith("executives.1001.assistants[1].rings: ")


def test_whose_place_it_is_and_who_rings_is_the_administrator_s(company):
    for who, settings, place in (
        ("1002", {}, 1),
        ("1002", {"rings": 5}, 1),
        ("1005", {"rings": 5}, None),
    ):
        with pytest.raises(NotPermitted):
            set_assistant(company, DOMAIN, "1001", "1003", settings, place=place, by=acting(who))
    assert order(company) == ["1002", "1003"]


def test_what_an_assistant_cannot_be(company):
    assert refused(add_assistant, company, DOMAIN, "1001", "1002") == [
        "executives.1001.assistants: 1002 is an assistant of 1001 already"
    ]
    assert refused(add_assistant, company, DOMAIN, "1001", "1001") == [
        "executives.1001.assistants[2].user: nobody is his own assistant"
    ]
    [line] = refused(add_assistant, company, DOMAIN, "1001", "1099")
    assert line.startswith("executives.1001.assistants[2].user: there is no user '1099'")
    for place in (0, 4):
        assert refused(add_assistant, company, DOMAIN, "1001", "1005", place=place) == [
            f"executives.1001.assistants: a place is 1 to 3, not {place}"
        ]
    assert refused(set_assistant, company, DOMAIN, "1001", "1002", {}, place=3) == [
        "executives.1001.assistants: a place is 1 to 2, not 3"
    ]
    for change in (
        lambda: set_assistant(company, DOMAIN, "1001", "1005", {}, place=1),
        lambda: remove_assistant(company, DOMAIN, "1001", "1005"),
        lambda: log(company, DOMAIN, "1005", "1001", True, by=acting("1005")),
        lambda: divert(company, DOMAIN, "1005", "1001", "1009", by=acting("1005")),
    ):
        with pytest.raises(NotFound, match="'1005' is no assistant of 1001"):
            change()


@pytest.mark.parametrize("as_user", [None, "1003"])
def test_an_assistant_logs_in_and_out(company, as_user):
    changes = log(company, DOMAIN, "1003", "1001", True, by=acting(as_user))
    assert lines(changes) == ["~ executives.1001.assistants[1].opted_in: false → true"]
    assert log(company, DOMAIN, "1003", "1001", True, by=acting(as_user)) == ()
    assert log(company, DOMAIN, "1003", "1001", False, by=acting(as_user))
    assert not part(company, DOMAIN, "1003", "1001").opted_in


@pytest.mark.parametrize("as_user", ["1001", "1002", "1005"])
def test_nobody_switches_for_somebody_else(company, company_rules, as_user):
    who = "1003 himself and the administrator may"
    part = "of 1003 as an assistant of 1001"
    for logged_in in (True, False):
        with pytest.raises(NotPermitted, match=f"{as_user} may not change the login {part}: {who}"):
            log(company, DOMAIN, "1003", "1001", logged_in, by=acting(as_user))
    with pytest.raises(NotPermitted, match=f"{as_user} may not change the divert {part}: {who}"):
        divert(company, DOMAIN, "1003", "1001", None, by=acting(as_user))
    assert read_rules(company, DOMAIN) == company_rules


def test_where_nobody_may_opt_out(company):
    set_executive(company, DOMAIN, "1001", {"allow_opt_out": False})
    for logged_in in (True, False):
        with pytest.raises(
            NotPermitted,
            match="may not change the login of 1002 as an assistant of 1001: allow_opt_out is "
            "false there, which the administrator changes",
        ):
            log(company, DOMAIN, "1002", "1001", logged_in, by=acting("1002"))
    assert log(company, DOMAIN, "1002", "1001", False)
    assert divert(company, DOMAIN, "1002", "1001", "1005", by=acting("1002"))


@pytest.mark.parametrize("as_user", [None, "1002"])
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("1005", "1005"),
        ("extension:1005", "1005"),
        ("+493012345105", "1005"),
        ("030 12345105", "1005"),
        ("0171 5551111", "+491715551111"),
        ("external:+43123456789", "+43123456789"),
    ],
)
def test_an_assistant_diverts(company, as_user, written, kept):
    changes = divert(company, DOMAIN, "1002", "1001", written, by=acting(as_user))
    assert lines(changes) == [f"+ executives.1001.assistants[0].divert: {kept}"]
    assert part(company, DOMAIN, "1002", "1001").divert == kept
    assert divert(company, DOMAIN, "1002", "1001", None, by=acting(as_user))
    assert part(company, DOMAIN, "1002", "1001").divert is None


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("+49900111222", "settings.toll does not permit calls to +49900111222"),
        ("+12125551234", "settings.toll does not permit calls to"),
        ("1001", "1001 is the executive himself: his calls would not be filtered"),
        ("+493012345101", "1001 is the executive himself: his calls would not be filtered"),
        ("1002", "nobody takes his own part"),
        ("2000", "there is no user '2000'"),
        ("1099", "there is no user '1099'"),
    ],
)
def test_where_nobody_can_divert_to(company, number, problem):
    [line] = refused(divert, company, DOMAIN, "1002", "1001", number, by=acting("1002"))
    assert line.startswith(f"executives.1001.assistants[0].divert: {problem}")


@pytest.mark.parametrize("number", ["", "off", "voicemail", "sofia/gateway/x", "*63", "5"])
def test_what_is_no_number_to_divert_to(company, number):
    [line] = refused(divert, company, DOMAIN, "1002", "1001", number)
    assert line.startswith("divert: ")
