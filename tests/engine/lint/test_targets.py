from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from esl_router.engine.lint import targets
from esl_router.model.executive import Rollover, RolloverAction
from esl_router.model.people import Origin, Settings, TollPolicy, User
from esl_router.model.presence import (
    Calendar,
    CallForward,
    Messenger,
    OutsideHours,
    Presence,
    Status,
    Target,
)
from esl_router.model.schedule import Schedule
from tests.company import DOMAIN
from tests.engine.lint.offices import (
    ANNA,
    BEN,
    CELL,
    boss,
    forwards,
    found,
    office,
    team,
    whole,
)

PROFILE = "users.1001.presence.profiles.available"
NO_BOX = replace(BEN, voicemail=False)


def every_call(extension, target, enabled=True):
    return {extension: {Origin.EXTERNAL: CallForward(Target.parse(target), enabled)}}


def elsewhere(target):
    """Every place beside the profiles where a status or an axis of it sends calls."""
    to = Target.parse(target)
    hours = OutsideHours(Schedule("office", "Europe/Berlin"), Status.AWAY, to)
    return {
        "1001": Presence(
            outside_hours=hours, calendar=Calendar(forward=to), messenger=Messenger(forward=to)
        )
    }


# -- leads_to_himself -----------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["extension:1001", "external:+493012345101"])
def test_a_status_that_sends_calls_to_himself(target):
    rules = office(statuses=forwards("1001", f"external.always {target}", status=Status.AWAY))
    assert found(targets.leads_to_himself, rules) == [
        "warning users.1001.presence.profiles.away.external.always"
    ]


def test_a_forward_after_ringing_to_himself():
    rules = office(statuses=forwards("1001", "external.no_answer extension:1001"))
    assert found(targets.leads_to_himself, rules) == [f"error {PROFILE}.external.no_answer"]


def test_a_forward_of_every_call_to_himself():
    rules = office(call_forwards=every_call("1001", "extension:1001"))
    assert found(targets.leads_to_himself, rules) == ["warning users.1001.forward.external.to"]


def test_calendar_messenger_and_hours_that_send_calls_to_himself():
    rules = office(statuses=elsewhere("extension:1001"))
    assert found(targets.leads_to_himself, rules) == [
        "warning users.1001.presence.outside_hours.forward",
        "warning users.1001.calendar.forward",
        "warning users.1001.messenger.forward",
    ]


def test_a_team_and_an_executive_that_hand_on_to_themselves():
    rollover = Rollover(30, RolloverAction.TARGET, Target.parse("extension:1001"))
    rules = office(
        teams=(team("1001", overflow={"busy": "extension:2000"}),),
        executives=(boss("1002", rollover=rollover),),
    )
    assert found(targets.leads_to_himself, rules) == [
        "error teams.2000.overflow.busy",
        "error executives.1001.rollover.action",
    ]


def test_a_forward_to_a_colleague_leads_to_nobody_himself():
    rules = office(
        statuses=forwards("1001", "external.no_answer external:+493012345102"),
        call_forwards=every_call("1002", "extension:1003"),
    )
    assert found(targets.leads_to_himself, rules) == []


# -- leads_nowhere --------------------------------------------------------------------------------


def test_a_forward_to_nobody():
    rules = office(statuses=forwards("1001", "external.busy extension:1999"))
    assert found(targets.leads_nowhere, rules) == [f"error {PROFILE}.external.busy"]


def test_a_forward_to_whom_no_call_reaches():
    rules = office(
        {"1002": ()},
        users=(ANNA, NO_BOX),
        statuses=forwards("1001", "external.busy extension:1002"),
    )
    assert found(targets.leads_nowhere, rules) == [f"error {PROFILE}.external.busy"]
    assert found(targets.leads_nowhere, rules, workplaces=True) == []


@pytest.mark.parametrize("target", ["extension:1002", "extension:2000", f"external:{CELL}"])
def test_a_forward_to_somebody(target):
    rules = office(teams=(team("1003"),), statuses=forwards("1001", f"external.busy {target}"))
    assert found(targets.leads_nowhere, rules) == []


# -- no_mailbox -----------------------------------------------------------------------------------


def test_a_mailbox_that_is_not_there():
    rules = office(
        users=(replace(ANNA, voicemail=False), NO_BOX),
        statuses=forwards("1001", "external.always voicemail", "internal.always voicemail:1002"),
        executives=(boss("1002"),),
    )
    assert found(targets.no_mailbox, rules) == [
        f"error {PROFILE}.external.always",
        f"error {PROFILE}.internal.always",
        "error executives.1001.rollover.action",
    ]


def test_mailboxes_that_are_there():
    rules = office(
        statuses=forwards("1001", "external.always voicemail", "internal.always voicemail:1002"),
        teams=(team("1003", overflow={"nobody": "voicemail:1002"}),),
        executives=(boss("1002"),),
    )
    assert found(targets.no_mailbox, rules) == []


# -- toll, redirections ---------------------------------------------------------------------------


def test_a_target_that_the_toll_policy_forbids():
    config = Settings(DOMAIN, toll=TollPolicy(deny=("+49171",)))
    rules = office(
        config=config,
        statuses=elsewhere(f"external:{CELL}"),
        teams=(team("1001", overflow={"nobody": f"external:{CELL}", "busy": "busy"}),),
    )
    assert found(targets.forbidden_target, rules) == [
        "error users.1001.presence.outside_hours.forward",
        "error users.1001.calendar.forward",
        "error users.1001.messenger.forward",
        "error teams.2000.overflow.nobody",
    ]
    assert found(targets.forbidden_target, replace(rules, config=Settings(DOMAIN))) == []


def test_a_direct_number_of_the_company_is_no_number_outside():
    config = Settings(DOMAIN, toll=TollPolicy(deny=("+49",)))
    statuses = forwards("1001", f"external.busy external:{BEN.numbers[0]}")
    assert found(targets.forbidden_target, office(config=config, statuses=statuses)) == []


def test_forwards_where_none_is_allowed():
    statuses = forwards("1001", "external.busy extension:1002")
    rules = office(config=Settings(DOMAIN, max_redirects=0), statuses=statuses)
    assert found(targets.no_redirects, rules) == ["error settings.max_redirects"]
    assert found(targets.no_redirects, office(statuses=statuses)) == []
    assert found(targets.no_redirects, replace(rules, statuses={})) == []


# -- circle ---------------------------------------------------------------------------------------


def both(condition, first="1001", second="1002"):
    return {
        **forwards(first, f"external.{condition} extension:{second}"),
        **forwards(second, f"external.{condition} extension:{first}"),
    }


@pytest.mark.parametrize("condition", ["no_answer", "busy", "unregistered"])
def test_two_forward_to_each_other_by_the_same_condition(condition):
    (finding,) = targets.circle(whole(office(statuses=both(condition))))
    assert f"{finding.level.value} {finding.path}" == f"warning {PROFILE}.external.{condition}"
    assert "1001 to 1002, 1002 to 1001" in finding.text


def test_two_forward_every_call_to_each_other():
    statuses = forwards("1001", "external.always extension:1002")
    rules = office(statuses=statuses, call_forwards=every_call("1002", "extension:1001"))
    assert found(targets.circle, rules) == [f"error {PROFILE}.external.always"]


def test_a_circle_is_told_once_however_it_is_entered():
    statuses = {**both("busy"), **forwards("1003", "external.busy extension:1001")}
    assert found(targets.circle, office(statuses=statuses)) == [f"warning {PROFILE}.external.busy"]


def test_the_overflow_of_a_team_comes_back_to_it():
    rules = office(
        teams=(team("1003", overflow={"no_answer": "extension:1001"}),),
        statuses=forwards("1001", "internal.no_answer extension:2000"),
    )
    assert found(targets.circle, rules) == [f"warning {PROFILE}.internal.no_answer"]


def test_the_overflow_of_a_team_comes_back_by_a_forward_of_every_call():
    rules = office(
        teams=(team("1003", overflow={"nobody": "extension:1001"}),),
        call_forwards=every_call("1001", "extension:2000"),
    )
    assert found(targets.circle, rules) == ["warning users.1001.forward.external.to"]


@pytest.mark.parametrize(
    "rules",
    [
        office(
            statuses={
                **forwards("1001", "external.no_answer extension:1002"),
                **forwards("1002", "external.busy extension:1001"),
            }
        ),
        office(
            statuses={
                **forwards("1001", "external.no_answer extension:1002"),
                **forwards("1002", "internal.no_answer extension:1001"),
            }
        ),
        office(
            statuses={
                **forwards("1001", "external.no_answer extension:1002"),
                **forwards("1002", "external.no_answer extension:1003"),
            }
        ),
        office(
            statuses=forwards("1001", "external.always extension:1002"),
            call_forwards=every_call("1002", "extension:1001", enabled=False),
        ),
    ],
    ids=["conditions", "origins", "a chain", "switched off"],
)
def test_no_circle(rules):
    assert found(targets.circle, rules) == []


def test_a_long_chain_is_walked_once():
    many = [User(DOMAIN, str(number)) for number in range(10000, 12000)]
    statuses = {}
    for one, other in pairwise(many):
        statuses |= forwards(one.extension, f"external.busy extension:{other.extension}")
    statuses |= forwards("11999", "external.busy extension:11998")
    company = office(users=many, statuses=statuses)
    # Looked up by name: a list would be walked for each of them.
    by_name = {each.extension: each for each in many}
    company.user = lambda domain, extension: by_name.get(extension)
    (finding,) = targets.circle(whole(company))
    assert finding.path == "users.11998.presence.profiles.available.external.busy"
