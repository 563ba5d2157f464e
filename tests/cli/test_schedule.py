from __future__ import annotations

from contextlib import closing

import pytest

from esl_router.store.database import open_store, write


@pytest.fixture
def office(run):
    run.ok(
        *(
            "schedule",
            "add",
            "office",
            "--open",
            "mon-thu 08:00-17:00",
            "--open",
            "fri 08:00-13:00",
        ),
        *("--closed", "2026-12-24", "--holidays", "DE-BE"),
    )
    return run


def test_a_schedule_is_added_listed_changed_and_removed(office):
    assert office.json("schedule", "list") == [
        {
            "name": "office",
            "timezone": None,
            "open": [
                {"days": "mon-thu", "from": "08:00", "to": "17:00"},
                {"days": "fri", "from": "08:00", "to": "13:00"},
            ],
            "closed": ["2026-12-24"],
            "holidays": "DE-BE",
        }
    ]
    assert "mon-thu 08:00-17:00" in office.ok("schedule", "list")
    changed = office.ok(
        "schedule", "set", "office", "--open", "mon 09:00-10:00", "--timezone", "UTC", "holidays="
    )
    assert changed.count("\n") >= 3
    (found,) = office.json("schedule", "list")
    assert (len(found["open"]), found["timezone"], found["holidays"]) == (1, "UTC", None)
    assert "so already" in office.ok("schedule", "set", "office", "--timezone", "UTC")
    office.ok("schedule", "add", "night", "--open", "mon-sun 22:00-06:00")
    assert [each["name"] for each in office.json("schedule", "list")] == ["office", "night"]
    office.ok("schedule", "remove", "office")
    assert [each["name"] for each in office.json("schedule", "list")] == ["night"]
    assert "no schedule 'office'" in office.fails("schedule", "show", "office")


@pytest.mark.parametrize(
    ("at", "is_open", "next_change", "line"),
    [
        ("2026-11-23T10:00", True, "2026-11-23T17:00:00+01:00", "It closes Mon"),
        ("2026-11-23T17:00", False, "2026-11-24T08:00:00+01:00", "It opens Tue"),
        ("2026-12-23T18:00", False, "2026-12-28T08:00:00+01:00", "It opens Mon"),
    ],
)  # fmt: skip
def test_open_or_closed_and_when_that_changes(office, at, is_open, next_change, line):
    found = office.json("schedule", "show", "office", "--at", at)
    assert (found["is_open"], found["next_change"]) == (is_open, next_change)
    page = office.ok("schedule", "show", "office", "--at", at)
    assert page.splitlines()[-1] == (f"{line} {next_change[:10]} {next_change[11:16]} CET.")
    assert page.startswith(f"office  {'open' if is_open else 'closed'}  ")


def test_a_closed_day_says_so(office):
    assert office.json("schedule", "show", "office", "--at", "2026-12-24T10:00")["closed_day"]
    assert "is a closed day" in office.ok("schedule", "show", "office", "--at", "2026-12-25T10:00")


def test_a_region_that_is_not_known_any_more_is_an_error_and_no_fault(office):
    with closing(open_store(office.store)) as db, write(db):
        db.conn.execute("UPDATE schedules SET holidays = 'XX'")
    said = office("schedule", "show", "office")
    assert said.exit_code == 1
    assert "schedules.office: the public holidays of 'XX' are not known" in said.stderr


def test_what_never_changes(run):
    run.ok("schedule", "add", "always", "--open", "mon-sun 00:00-24:00")
    run.ok("schedule", "add", "never")
    assert "It is always open." in run.ok("schedule", "show", "always")
    assert "It is always closed." in run.ok("schedule", "show", "never")
    assert run.json("schedule", "show", "always")["next_change"] is None


def test_in_the_night_of_the_clock_change(run):
    run.ok("schedule", "add", "night", "--open", "sun 02:30-05:00")
    found = run.json("schedule", "show", "night", "--at", "2026-03-28T12:00")
    assert found["next_change"] == "2026-03-29T03:00:00+02:00"
    found = run.json("schedule", "show", "night", "--at", "2026-10-24T12:00")
    assert found["next_change"] == "2026-10-25T02:30:00+02:00"


@pytest.mark.parametrize(
    "setting",
    [
        ("user", "set", "1001", "presence.outside_hours.schedule=office"),
        ("user", "set", "1001", "callers=[{numbers: ['+4930*'], action: ring, schedule: office}]"),
    ],
)
def test_a_schedule_that_a_rule_names_stays(office, setting):
    office.ok(*setting)
    assert "still names office" in office.fails("schedule", "remove", "office")


def test_a_schedule_that_a_criterion_names_stays_and_may_change(office):
    office.ok("executive", "add", "1001", "--assistant", "1002")
    office.ok(
        *("executive", "criterion", "add", "1001", "customers", "--schedule", "office"),
    )
    assert "still names office" in office.fails("schedule", "remove", "office")
    office.ok("schedule", "set", "office", "--open", "mon 09:00-10:00")
    refused = office.fails("schedule", "remove", "office", "--as", "1002")
    assert "may not change schedule office: the administrator may" in refused
    assert "still names" not in refused


def test_where_calls_go_outside_the_hours(office):
    hours = "{schedule: office, status: away, forward: busy}"
    office.ok("user", "set", "1001", f"presence.outside_hours={hours}")
    night = office.json("presence", "show", "1001", "--at", "2026-11-23T20:00")
    assert (night["status"], night["calls"]["external"]["steps"][0]["action"]) == ("away", "reject")
    day = office.json("presence", "show", "1001", "--at", "2026-11-23T10:00")
    assert day["status"] == "available"
    office.ok("presence", "set", "1001", "away")
    by_hand = office.json("presence", "show", "1001", "--at", "2026-11-23T20:00")
    assert by_hand["calls"]["external"]["steps"][0]["action"] == "voicemail"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "office"), 1, "there is a schedule 'office' already"),
        (("add", "a/b"), 1, "is no name"),
        (("add", "n", "--open", "monday 08:00-09:00"), 1, "are no days"),
        (("add", "n", "--open", "08:00-17:00"), 2, "is no interval"),
        (("add", "n", "--open", "mon 08:00"), 2, "is no interval"),
        (("add", "n", "--open", "mon 08:00-08:00"), 1, "is empty"),
        (("add", "n", "--closed", "christmas"), 1, "is no date"),
        (("add", "n", "--closed", "2026-02-30"), 1, "is no date"),
        (("add", "n", "--holidays", "DE-XX"), 1, "n.holidays: 'DE-XX' is no region for holidays"),
        (("set", "office", "--holidays", "XX"), 1, "'XX' is no region for holidays"),
        (("set", "office", "--holidays", "de-be"), 1, "'de-be' is no region for holidays"),
        (("set", "office"), 2, "say what to set"),
        (("set", "offic", "--timezone", "UTC"), 1, "did you mean 'office'?"),
        (("show", "offic"), 1, "did you mean 'office'?"),
        (("remove", "office", "--as", "1001"), 1, "may not change"),
        (("add", "office", "--as", "1001"), 1, "may not change schedule office: the admin"),
        (("set", "office", "--open", "x 08:00-09:00", "--as", "1001"), 1, "may not change open of"),
    ],
)
def test_what_is_wrong(office, words, code, said):
    assert said in office.fails("schedule", *words, code=code)
