from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.lint import phones
from esl_router.model.people import Origin, Settings, TollPolicy, User
from esl_router.model.presence import CallForward, Presence, Profile, Status, Target
from tests.company import DOMAIN, Company, sip
from tests.engine.lint.offices import (
    ANNA,
    BEN,
    CELL,
    HOME,
    ROWS,
    FollowMeRow,
    boss,
    cell,
    desk,
    forwards,
    found,
    office,
    on_call,
    team,
    whole,
)

NO_BOX = replace(ANNA, voicemail=False)
ALONE = {"1001": ()}
EXTERNAL = "users.1001.follow_me.1001-cell.external"


def limited(seconds):
    return {"1001": Presence(profiles={Status.AVAILABLE: Profile(no_answer_after=seconds)})}


def external(*rows):
    return on_call(Origin.EXTERNAL, {"1001": rows})


# -- unreachable ----------------------------------------------------------------------------------


def test_nobody_and_nothing_takes_the_calls_of_a_user():
    rules = office(ALONE, users=(NO_BOX,))
    assert found(phones.unreachable, rules) == ["error users.1001"]
    (finding,) = phones.unreachable(whole(rules))
    assert finding.text == (
        "nothing takes internal and external calls of 1001: no device of his rings for them, and "
        "he has no voicemail and no forward."
    )


def test_nobody_takes_the_calls_of_one_origin():
    off = on_call(Origin.INTERNAL, {"1001": (desk(enabled=False),)})
    (finding,) = phones.unreachable(whole(office(users=(NO_BOX,), by_origin=off)))
    assert "nothing takes internal calls" in finding.text


@pytest.mark.parametrize(
    "rules",
    [
        office(ALONE, users=(ANNA,)),
        office(users=(NO_BOX,)),
        office(
            ALONE,
            users=(NO_BOX,),
            call_forwards={
                "1001": {each: CallForward(Target.parse(f"external:{CELL}")) for each in Origin}
            },
        ),
        office(
            ALONE,
            users=(NO_BOX, BEN),
            statuses=forwards(
                "1001", "internal.unregistered extension:1002", "external.always extension:1002"
            ),
        ),
        office(ALONE, users=(NO_BOX, BEN), executives=(boss("1002"),)),
    ],
    ids=["mailbox", "phone", "forward", "presence", "assistants"],
)
def test_something_takes_the_calls_of_a_user(rules):
    assert found(phones.unreachable, rules) == []


def test_who_has_phones_only_where_he_logs_in_is_reached_there():
    rules = office(ALONE, users=(NO_BOX,))
    assert found(phones.unreachable, rules, workplaces=True) == []


def test_a_forward_to_a_busy_tone_takes_no_call():
    rules = office(
        ALONE,
        users=(NO_BOX,),
        statuses=forwards("1001", "internal.always busy", "external.always busy"),
    )
    assert found(phones.unreachable, rules) == ["error users.1001"]


# -- own_phones_silent ----------------------------------------------------------------------------


def test_own_phones_that_ring_for_no_call():
    rows = (desk(enabled=False), cell())
    assert found(phones.own_phones_silent, office({"1001": rows})) == [
        "warning users.1001.follow_me"
    ]


@pytest.mark.parametrize(
    "rules",
    [
        office({"1001": (cell(),)}),
        office(
            {"1001": (desk(enabled=False),)},
            by_origin=on_call(Origin.TEAM, {"1001": (desk(),)}),
        ),
    ],
    ids=["only a mobile", "calls of a team"],
)
def test_own_phones_that_ring_for_some_calls(rules):
    assert found(phones.own_phones_silent, rules) == []


# -- times ----------------------------------------------------------------------------------------


def test_a_row_whose_turn_comes_after_the_ringing_has_ended():
    rows = external(desk(ring=40), cell(delay=30, ring=30))
    rules = office(by_origin=rows, statuses=limited(25))
    assert found(phones.late_row, rules) == [f"warning {EXTERNAL}.delay"]


@pytest.mark.parametrize("limit", [None, 31])
def test_a_row_whose_turn_comes_in_time(limit):
    rows = external(desk(ring=40), cell(delay=30, ring=30))
    assert found(phones.late_row, office(by_origin=rows, statuses=limited(limit))) == []


def test_nobody_waits_for_a_gap():
    rows = external(desk(ring=20), cell(delay=40))
    (finding,) = phones.gap(whole(office(by_origin=rows)))
    assert finding.path == f"{EXTERNAL}.delay"
    assert "rings after 20 s, not after 40 s" in finding.text


def test_a_gap_is_told_once():
    later = FollowMeRow(sip("1001-soft"), delay=50)
    rows = external(desk(ring=20), cell(delay=40), later)
    assert found(phones.gap, office(by_origin=rows)) == [f"warning {EXTERNAL}.delay"]


def test_a_device_of_a_workplace_is_named_where_its_row_stands():
    late = FollowMeRow(sip("lobby", "reception"), delay=40)
    rules = office(by_origin=external(desk(ring=20), late))
    assert found(phones.gap, rules) == [
        "warning workplaces.reception.follow_me.lobby.external.delay"
    ]


def test_one_after_the_other_without_a_gap():
    assert found(phones.gap, office({"1001": (desk(ring=20), cell(delay=20))})) == []


@pytest.mark.parametrize(
    ("row", "key"), [(cell(ring=10), "ring"), (cell(delay=15, ring=30), "delay")]
)
def test_a_number_outside_that_rings_too_short(row, key):
    rules = office(by_origin=external(desk(), row), statuses=limited(25))
    assert found(phones.short_ring, rules) == [f"warning {EXTERNAL}.{key}"]


def test_a_number_outside_that_rings_too_short_for_a_team():
    rules = office(by_origin=on_call(Origin.TEAM, {"1001": (cell(ring=10, own_ring=True),)}))
    assert found(phones.short_ring, rules) == ["warning users.1001.follow_me.1001-cell.team.ring"]


@pytest.mark.parametrize("row", [cell(ring=15), cell(ring=5, enabled=False), desk(ring=5)])
def test_what_rings_long_enough(row):
    assert found(phones.short_ring, office({"1001": (row,)})) == []


def test_nobody_waits_longer_than_the_phones_ring():
    path = "users.1001.presence.profiles.available.no_answer_after"
    assert found(phones.ends_sooner, office(statuses=limited(40))) == [f"warning {path}"]
    assert found(phones.ends_sooner, office(statuses=limited(30))) == []
    rows = external(desk(), cell(delay=20, ring=30))
    assert found(phones.ends_sooner, office(by_origin=rows, statuses=limited(40))) == []


def test_each_origin_may_have_its_own_time():
    def times(general=None, **by):
        own = {Origin(origin): seconds for origin, seconds in by.items()}
        profile = Profile(no_answer_after=general, no_answer_after_by_origin=own)
        return {"1001": Presence(profiles={Status.AVAILABLE: profile})}

    path = "users.1001.presence.profiles.available"
    for own, where in (
        ({"external": 40}, ["external."]),
        ({"general": 40, "external": 20}, [""]),
        ({"general": 40, "internal": 25, "external": 20}, []),
        ({"internal": 31, "external": 32}, ["internal.", "external."]),
    ):
        sooner = found(phones.ends_sooner, office(statuses=times(**own)))
        assert sooner == [f"warning {path}.{of}no_answer_after" for of in where]
    rows = external(desk(), cell(delay=20, ring=30))
    for own, late in (({"external": 15}, 1), ({"internal": 15}, 0)):
        rules = office(by_origin=rows, statuses=times(**own))
        assert len(found(phones.late_row, rules)) == late


# -- numbers --------------------------------------------------------------------------------------


def test_a_mailbox_outside_may_take_the_call_from_the_other_phones():
    rows = (desk(), cell(confirm=False))
    assert found(phones.unconfirmed, office({"1001": rows})) == [
        "warning users.1001.devices.1001-cell.confirm"
    ]


@pytest.mark.parametrize(
    "rows",
    [(cell(confirm=False),), (desk(), cell()), (desk(enabled=False), cell(confirm=False))],
    ids=["alone", "confirmed", "the other is off"],
)
def test_no_mailbox_takes_the_call(rows):
    assert found(phones.unconfirmed, office({"1001": rows})) == []


def test_two_devices_with_one_number():
    rules = office({"1001": (cell(),), "1002": (cell("1002"),), "1003": (cell("1003", HOME),)})
    (finding,) = phones.shared_number(whole(rules))
    assert finding.path == "users.1002.devices.1002-cell.number"
    assert f"{CELL} is also the number of 1001-cell of 1001" in finding.text


def test_a_number_of_ones_own_company():
    rules = office({"1001": (cell(number=BEN.numbers[0]),), "1002": (cell("1002"),)})
    assert found(phones.comes_back, rules) == ["error users.1001.devices.1001-cell.number"]


def test_a_number_that_the_toll_policy_forbids():
    config = Settings(DOMAIN, toll=TollPolicy(deny=("+49171",)))
    rules = office({"1001": (cell(),), "1002": (cell("1002", HOME),)}, config=config)
    assert found(phones.forbidden_number, rules) == ["error users.1001.devices.1001-cell.number"]


@pytest.mark.parametrize("kind", ["users", "teams"])
def test_an_extension_that_is_an_emergency_number(kind):
    rules = office(users=(User(DOMAIN, "112"),)) if kind == "users" else office()
    if kind == "teams":
        rules = replace(rules, teams=(team("1001", extension="110"),))
    extension = "112" if kind == "users" else "110"
    assert found(phones.emergency_extension, rules) == [f"error {kind}.{extension}"]


def test_usual_extensions_are_no_emergency_numbers():
    assert found(phones.emergency_extension, office(teams=(team("1001"),))) == []


def test_a_sound_company_has_no_finding_among_its_phones():
    rules = Company((ANNA,), {"1001": (ROWS["1001"][0], cell(delay=10))}, lists={})
    checks = [each for name, each in vars(phones).items() if _is_check(name, each)]
    assert len(checks) == 11
    assert [found(check, rules) for check in checks] == [[]] * len(checks)


def _is_check(name, each):
    return getattr(each, "__annotations__", {}) == {
        "company": "Company",
        "return": "Iterator[Finding]",
    }
