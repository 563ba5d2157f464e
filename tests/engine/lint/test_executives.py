from __future__ import annotations

from dataclasses import replace

import pytest

from esl_router.engine.lint import executives
from esl_router.model.executive import (
    Alerting,
    Assistant,
    AssistantDevices,
    Criterion,
    Filter,
    NoAssistant,
    Rollover,
    RolloverAction,
)
from esl_router.model.people import Origin, Settings, TollPolicy
from esl_router.model.presence import Target
from esl_router.model.schedule import Schedule
from tests.company import DOMAIN
from tests.engine.lint.offices import BEN, CELL, boss, cell, desk, found, office, whole

CUSTOM = {"filter": Filter.CUSTOM}
SEQUENTIAL = {"alerting": Alerting.SEQUENTIAL}
OUT = Assistant("1002", opted_in=False)
VOICEMAIL = RolloverAction.VOICEMAIL
OFFICE_HOURS = Schedule("office", "Europe/Berlin")


def led(*assistants, rows=None, config=None, **more):
    found = {} if config is None else {"config": config}
    return office(rows, executives=(boss(*assistants, **more),), **found)


def diverting(to):
    return Assistant("1002", divert=Target.parse(to))


def test_a_filter_without_assistants():
    assert found(executives.no_assistants, led()) == ["error executives.1001.assistants"]
    assert found(executives.no_assistants, led(enabled=False)) == []
    assert found(executives.no_assistants, led("1002")) == []


@pytest.mark.parametrize(
    ("criteria", "faulty"),
    [
        ((), True),
        ((Criterion("off", active=False),), True),
        ((Criterion("through", filter=False),), True),
        ((Criterion("all"),), False),
    ],
)
def test_a_custom_filter_needs_an_active_criterion(criteria, faulty):
    expected = ["warning executives.1001.criteria"] * faulty
    rules = led("1002", criteria=criteria, **CUSTOM)
    assert found(executives.no_active_criterion, rules) == expected
    off = led("1002", criteria=criteria, enabled=False, **CUSTOM)
    assert found(executives.no_active_criterion, off) == []


def test_criteria_that_no_filter_asks():
    criteria = (Criterion("all"),)
    rules = led("1002", criteria=criteria, filter=Filter.EXTERNAL)
    assert found(executives.idle_criteria, rules) == ["warning executives.1001.filter"]
    assert found(executives.idle_criteria, led("1002", criteria=criteria, **CUSTOM)) == []


@pytest.mark.parametrize(
    ("over", "criterion"),
    [
        ({}, {"numbers": ("+4930*",)}),
        ({"numbers": ("+49*",)}, {"numbers": ("+4930*", "+4989*")}),
        ({"numbers": ("+49*",), "anonymous": True}, {"numbers": ("+4930*",), "anonymous": True}),
        ({"origin": Origin.EXTERNAL}, {"origin": Origin.EXTERNAL, "schedule": OFFICE_HOURS}),
        ({"dialled": ("+4930*",)}, {"dialled": ("+493012345101",)}),
    ],
)
def test_a_criterion_whose_calls_another_lets_through(over, criterion):
    through = Criterion("friends", filter=False, **over)
    rules = led("1002", criteria=(Criterion("customers", **criterion), through), **CUSTOM)
    assert found(executives.shadowed_criterion, rules) == ["warning executives.1001.criteria[0]"]


@pytest.mark.parametrize(
    ("over", "criterion"),
    [
        ({"numbers": ("+4930*",)}, {}),
        ({"numbers": ("+4930*",)}, {"numbers": ("+4930*",), "anonymous": True}),
        ({"numbers": ("+49301*",)}, {"numbers": ("+4930*",)}),
        ({"origin": Origin.EXTERNAL}, {}),
        ({"schedule": OFFICE_HOURS}, {}),
        ({"dialled": ("+4930*",)}, {}),
        ({"contact": "Muster"}, {"numbers": ("+4930*",)}),
        ({"numbers": ("+4930*",)}, {"numbers": ("+4930*",), "contact": "Muster"}),
        ({"active": False}, {}),
    ],
)
def test_a_criterion_that_filters_some_call(over, criterion):
    through = Criterion("friends", filter=False, **over)
    rules = led("1002", criteria=(Criterion("customers", **criterion), through), **CUSTOM)
    assert found(executives.shadowed_criterion, rules) == []


def test_a_contact_that_nobody_knows():
    criteria = (Criterion("any"), Criterion("known", contact="Muster"))
    rules = led("1002", criteria=criteria, **CUSTOM)
    path = "executives.1001.criteria[1].callers.contact"
    assert found(executives.unknown_contact, rules) == [f"warning {path}"]
    company = whole(rules)
    names = replace(company.names, contacts=frozenset({"Muster"}))
    assert list(executives.unknown_contact(replace(company, names=names))) == []


def test_more_than_anybody_can_survey():
    many = [str(number) for number in range(1100, 1121)]
    criteria = tuple(Criterion(f"c{number}") for number in range(21))
    rules = led(*many, criteria=criteria, **CUSTOM)
    assert found(executives.too_many, rules) == [
        "warning executives.1001.assistants",
        "warning executives.1001.criteria",
    ]
    assert found(executives.too_many, led(*many[1:], criteria=criteria[1:], **CUSTOM)) == []


@pytest.mark.parametrize(
    ("to", "level"),
    [
        ("extension:1001", "error"),
        ("external:+493012345101", "error"),
        ("extension:1003", "warning"),
        ("extension:1002", "warning"),
        ("external:+493012345102", "warning"),
        ("external:+49900123456", "error"),
    ],
)
def test_an_assistant_who_diverts_where_nobody_takes_his_part(to, level):
    config = Settings(DOMAIN, toll=TollPolicy(deny=("+49900",)))
    rules = led(diverting(to), "1003", config=config)
    assert found(executives.diverted, rules) == [f"{level} executives.1001.assistants[0].divert"]


@pytest.mark.parametrize("to", ["extension:1003", f"external:{CELL}"])
def test_an_assistant_who_diverts_to_somebody_else(to):
    assert found(executives.diverted, led(diverting(to))) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "rolls over at once"),
        ({"no_assistant": NoAssistant.EXECUTIVE}, "rings him after all"),
        ({"rollover": Rollover()}, "rings him after all"),
    ],
)
def test_every_assistant_is_logged_out(more, words):
    (finding,) = executives.all_logged_out(whole(led(OUT, **more)))
    assert finding.path == "executives.1001.assistants"
    assert words in finding.text


def test_some_assistant_is_logged_in():
    assert found(executives.all_logged_out, led(OUT, "1003")) == []
    assert found(executives.all_logged_out, led(OUT, enabled=False)) == []
    assert found(executives.all_logged_out, led(OUT, allow_opt_out=False)) == []


def test_nobody_may_be_logged_out():
    assert found(executives.opt_out_ignored, led("1003", OUT, allow_opt_out=False)) == [
        "warning executives.1001.assistants[1].opted_in"
    ]
    assert found(executives.opt_out_ignored, led("1003", OUT)) == []


def test_a_filter_without_a_rollover():
    assert found(executives.no_rollover, led("1002", rollover=Rollover(30))) == [
        "warning executives.1001.rollover.action"
    ]
    assert found(executives.no_rollover, led("1002")) == []


def test_an_assistant_whose_turn_comes_after_the_rollover():
    rules = led("1002", "1003", rings=6, **SEQUENTIAL)
    assert found(executives.late_assistant, rules) == ["warning executives.1001.assistants[1]"]
    rules = led(Assistant("1002", rings=6), "1003", rings=3, **SEQUENTIAL)
    assert found(executives.late_assistant, rules) == ["warning executives.1001.assistants[1]"]


@pytest.mark.parametrize(
    "rules",
    [
        led("1002", "1003", rings=3, **SEQUENTIAL),
        led("1002", "1003", rings=6),
        led("1002", "1003", rings=6, rollover=Rollover(None, VOICEMAIL), **SEQUENTIAL),
        led(OUT, "1003", rings=6, **SEQUENTIAL),
    ],
    ids=["in time", "all at once", "no timer", "one is out"],
)
def test_assistants_whose_turn_comes(rules):
    assert found(executives.late_assistant, rules) == []


OUTSIDE = {"1002": (cell("1002"),)}


@pytest.mark.parametrize(
    "rules",
    [
        led("1002", rows=OUTSIDE, rings=2, **SEQUENTIAL),
        led(diverting(f"external:{CELL}"), rings=2, **SEQUENTIAL),
    ],
)
def test_an_assistant_outside_in_a_turn_that_is_too_short(rules):
    assert found(executives.short_slot, rules) == ["warning executives.1001.rings"]


def test_a_turn_of_his_own_that_is_too_short():
    rules = led(Assistant("1002", rings=2), rows=OUTSIDE, rings=3, **SEQUENTIAL)
    assert found(executives.short_slot, rules) == ["warning executives.1001.assistants[0].rings"]
    rules = led(Assistant("1002", rings=3), rows=OUTSIDE, rings=2, **SEQUENTIAL)
    assert found(executives.short_slot, rules) == []


@pytest.mark.parametrize(
    "rules",
    [
        led("1002", rows=OUTSIDE, rings=3, **SEQUENTIAL),
        led("1002", rows=OUTSIDE, rings=2),
        led("1002", rows={"1002": (desk("1002"), cell("1002"))}, rings=2, **SEQUENTIAL),
        led(diverting(f"external:{BEN.numbers[0]}"), rings=2, **SEQUENTIAL),
    ],
    ids=["long enough", "all at once", "a desk as well", "a direct number"],
)
def test_turns_that_are_long_enough(rules):
    assert found(executives.short_slot, rules) == []


def test_an_assistant_without_a_telephone_where_that_alone_rings():
    primary = {"rows": OUTSIDE, "assistant_devices": AssistantDevices.PRIMARY}
    assert found(executives.silent_assistant, led("1002", **primary)) == [
        "warning executives.1001.assistants[0]"
    ]
    assert found(executives.silent_assistant, led("1002", rows=OUTSIDE)) == []


def test_an_assistant_without_a_phone():
    off = {"1002": (desk("1002", enabled=False),)}
    path = "executives.1001.assistants[0]"
    assert found(executives.silent_assistant, led("1002", rows=off)) == [f"warning {path}"]
    assert found(executives.silent_assistant, led(OUT, rows=off)) == []
    assert found(executives.silent_assistant, led("1003", rows=off)) == []
    away = diverting(f"external:{CELL}")
    assert found(executives.silent_assistant, led(away, rows=off)) == []
    assert found(executives.silent_assistant, led(diverting("extension:1003"), rows=off)) == []
    assert found(executives.silent_assistant, led("1002", rows={"1002": ()}), workplaces=True) == []


def test_a_recall_before_the_first_ring_is_over():
    assert found(executives.short_recall, led("1002", push_recall=4)) == [
        "warning executives.1001.push_recall"
    ]
    assert found(executives.short_recall, led("1002", push_recall=5)) == []
    slow = replace(Settings(DOMAIN), ring_cycle=6)
    assert found(executives.short_recall, led("1002", push_recall=5, config=slow)) == [
        "warning executives.1001.push_recall"
    ]


def test_nothing_outside_to_ring_along():
    rows = {"1001": (desk(), cell(location="other"))}
    rules = led("1002", rows=rows, parallel_mobile=True, parallel_other=True)
    assert found(executives.nothing_along, rules) == ["warning executives.1001.parallel.mobile"]
    rows = {"1001": (desk(), cell())}
    assert found(executives.nothing_along, led("1002", rows=rows, parallel_mobile=True)) == []


def test_who_is_to_ring_first_and_cannot():
    off = {"1001": (desk("1001", enabled=False),)}
    first = {"rows": off, "executive_first": 8}
    assert found(executives.nobody_first, led("1002", **first)) == [
        "warning executives.1001.executive_first"
    ]
    assert found(executives.nobody_first, led("1002", parallel_mobile=True, **first)) == []
    assert found(executives.nobody_first, led("1002", executive_first=8)) == []
    assert found(executives.nobody_first, led("1002", rows=off)) == []
