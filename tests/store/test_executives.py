from __future__ import annotations

import pytest

from esl_router.model.executive import (
    AlertExecutive,
    Alerting,
    Assistant,
    AssistantDevices,
    CallerName,
    CallerNumber,
    ConnectedLine,
    Criterion,
    Executive,
    Filter,
    NoAssistant,
    Rollover,
    RolloverAction,
)
from esl_router.model.people import Origin
from esl_router.model.presence import Target
from esl_router.store.database import write
from esl_router.store.reader import Store
from tests.store.test_reader import DOMAIN, force, said


@pytest.fixture
def store(company, path):
    opened = Store(path)
    yield opened
    opened.close()


def found(store, extension="1001"):
    with store.read() as rules:
        return rules.executive(DOMAIN, extension)


def test_every_field_of_an_executive(store):
    with store.read() as rules:
        anna = rules.executive(DOMAIN, "1001")
        customers, closed, family, fair = anna.criteria
        office = customers.schedule
        assert rules.problems == ()
    assert (office.name, office.timezone, office.holidays) == ("office", "Europe/Berlin", "DE-BE")
    assert len(office.hours) == len(office.closed) == 2
    assert customers == Criterion(
        "customers",
        origin=Origin.EXTERNAL,
        numbers=("+4930*",),
        anonymous=True,
        unavailable=True,
        schedule=office,
    )
    assert closed == Criterion(
        "closed days", origin=Origin.EXTERNAL, dialled=("+493012345101",), holidays=office
    )
    assert family == Criterion("family", filter=False, numbers=("+49171999*",), contact="Dr. Vogel")
    assert fair == Criterion("fair weeks", active=False, origin=Origin.EXTERNAL)
    assert anna == Executive(
        DOMAIN,
        "1001",
        enabled=False,
        filter=Filter.CUSTOM,
        criteria=anna.criteria,
        assistants=(
            Assistant("1002"),
            Assistant("1003", opted_in=False, divert=Target.parse("external:+491715550000")),
        ),
        alerting=Alerting.SEQUENTIAL,
        alert_executive=AlertExecutive.SILENT,
        parallel_mobile=True,
        rollover=Rollover(30, RolloverAction.VOICEMAIL),
        push_ignores_bob=True,
        assistant_breaks_dnd=True,
    )


def test_whoever_has_no_assistants_is_no_executive(store):
    assert found(store, "1002") is None
    with store.read() as rules:
        assert rules.executive("other.test", "1001") is None


def test_what_is_not_the_usual(company, store):
    with write(company):
        company.conn.execute(
            "UPDATE executives SET enabled = 0, filter = 'internal', before_forwarding = 0,"
            " allow_opt_out = 0, alerting = 'simultaneous', rings = 7, alert_executive = 'splash',"
            " parallel_mobile = 0, parallel_other = 1, caller_name = 'caller',"
            " caller_number = 'executive', rollover_after = NULL, no_assistant = 'executive',"
            " push_recall = 33, assistant_devices = 'primary', executive_first = 8,"
            " custom_name = 'Front desk', custom_number = '1009', caller_prefix = 'for Anna, ',"
            " connected_line = 'assistant',"
            " push_ignores_bob = 0, push_follows_forward = 1,"
            " assistant_breaks_dnd = 0, assistant_respects_dnd = 0"
        )
        company.conn.execute("DELETE FROM criteria")
        company.conn.execute("UPDATE assistants SET position = 9 WHERE extension = '1002'")
        company.conn.execute(
            "UPDATE assistants SET divert = '1005', rings = 7 WHERE extension = '1002'"
        )
    assert found(store) == Executive(
        DOMAIN,
        "1001",
        enabled=False,
        filter=Filter.INTERNAL,
        before_forwarding=False,
        assistants=(
            Assistant("1003", opted_in=False, divert=Target.parse("external:+491715550000")),
            Assistant("1002", divert=Target.parse("extension:1005"), rings=7),
        ),
        allow_opt_out=False,
        rings=7,
        alert_executive=AlertExecutive.SPLASH,
        parallel_other=True,
        caller_name=CallerName.CALLER,
        caller_number=CallerNumber.EXECUTIVE,
        rollover=Rollover(None, RolloverAction.VOICEMAIL),
        no_assistant=NoAssistant.EXECUTIVE,
        push_recall=33,
        assistant_devices=AssistantDevices.PRIMARY,
        executive_first=8,
        custom_name="Front desk",
        custom_number="1009",
        caller_prefix="for Anna, ",
        connected_line=ConnectedLine.ASSISTANT,
        push_follows_forward=True,
        assistant_respects_dnd=False,
    )


def test_a_text_of_their_own_that_is_missing(company, store):
    with write(company):
        company.conn.execute(
            "UPDATE executives SET caller_name = 'custom', caller_number = 'custom'"
        )
    with store.read() as rules:
        anna = rules.executive(DOMAIN, "1001")
        assert (anna.caller_name, anna.caller_number) == (
            CallerName.EXECUTIVE_CALLER,
            CallerNumber.CALLER,
        )
        assert said(rules) == [
            (
                "executives.1001.caller_name",
                "'custom without a text' is not known, taken as executive_caller",
            ),
            (
                "executives.1001.caller_number",
                "'custom without a text' is not known, taken as caller",
            ),
        ]


@pytest.mark.parametrize(
    ("stored", "rollover"),
    [
        (None, Rollover(30)),
        ("busy", Rollover(30, RolloverAction.BUSY)),
        ("no_answer", Rollover(30, RolloverAction.NO_ANSWER)),
        ("executive", Rollover(30, RolloverAction.EXECUTIVE)),
        ("extension:2000", Rollover(30, RolloverAction.TARGET, Target.parse("extension:2000"))),
        ("voicemail:1005", Rollover(30, RolloverAction.TARGET, Target.parse("voicemail:1005"))),
        ("external:+4930", Rollover(30, RolloverAction.TARGET, Target.parse("external:+4930"))),
    ],
)
def test_what_becomes_of_a_call_that_nobody_answers(company, store, stored, rollover):
    with write(company):
        company.conn.execute("UPDATE executives SET rollover_action = ?", (stored,))
    assert found(store).rollover == rollover


def test_whose_assistant_somebody_is(company, store):
    with write(company):
        [anna] = company["executives"].rows
        for executive in ("1009", "1008"):
            company["executives"].insert({**anna, "extension": executive})
            company["assistants"].insert(
                {
                    "domain": DOMAIN,
                    "executive": executive,
                    "extension": "1003",
                    "position": 0,
                    "opted_in": 0,
                }
            )
    with store.read() as rules:
        assert rules.executives_of(DOMAIN, "1003") == ("1001", "1008", "1009")
        assert rules.executives_of(DOMAIN, "1002") == ("1001",)
        assert rules.executives_of(DOMAIN, "1001") == ()
        assert rules.executives_of("other.test", "1002") == ()


def test_a_filter_that_is_none_filters_nothing(company, store):
    force(company, "UPDATE executives SET filter = 'some'")
    with store.read() as rules:
        anna = rules.executive(DOMAIN, "1001")
        assert not anna.enabled
        assert [each.extension for each in anna.assistants] == ["1002", "1003"]
        assert said(rules) == [
            ("executives.1001.filter", "'some' is not known: no call is filtered")
        ]


def test_settings_that_make_no_sense_are_the_usual_ones(company, store):
    force(
        company,
        "UPDATE executives SET alerting = 'x', rings = 0, alert_executive = 'x', caller_name = 'x',"
        " caller_number = 'x', no_assistant = 'x', push_recall = -1, rollover_after = 0,"
        " assistant_devices = 'x', executive_first = -1, connected_line = 'x',"
        " rollover_action = 'nowhere'",
    )
    with store.read() as rules:
        anna = rules.executive(DOMAIN, "1001")
        usual = Executive(DOMAIN, "1001")
        for key in (
            "alerting",
            "rings",
            "assistant_devices",
            "executive_first",
            "alert_executive",
            "caller_name",
            "caller_number",
            "connected_line",
            "no_assistant",
            "push_recall",
            "rollover",
        ):
            assert getattr(anna, key) == getattr(usual, key), key
        path = "executives.1001"
        assert said(rules) == [
            (f"{path}.alerting", "'x' is not known, taken as simultaneous"),
            (f"{path}.rings", "0 is below 1, taken as 3"),
            (f"{path}.assistant_devices", "'x' is not known, taken as followme"),
            (f"{path}.executive_first", "-1 is below 0, taken as 0"),
            (f"{path}.alert_executive", "'x' is not known, taken as none"),
            (f"{path}.caller_name", "'x' is not known, taken as executive_caller"),
            (f"{path}.caller_number", "'x' is not known, taken as caller"),
            (f"{path}.connected_line", "'x' is not known, taken as device"),
            (f"{path}.rollover.after", "0 is no number of seconds"),
            (f"{path}.rollover.action", "'nowhere' is no target: the executive's phones ring"),
            (f"{path}.no_assistant", "'x' is not known, taken as rollover"),
            (f"{path}.push_recall", "-1 is below 1, taken as 20"),
        ]


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        ("origin = 'moon'", "'moon' is not a valid Origin"),
        ("numbers = '[\"a\"]'", "not all of its numbers are patterns"),
        ("dialled = '3'", "not all of its numbers are patterns"),
        ("holidays = 'gone'", "there is no schedule 'gone'"),
    ],
)
def test_a_criterion_that_makes_no_sense_is_left_out(company, store, broken, text):
    force(company, f"UPDATE criteria SET {broken} WHERE position = 0")  # noqa: S608
    with store.read() as rules:
        names = [each.name for each in rules.executive(DOMAIN, "1001").criteria]
        assert names == ["closed days", "family", "fair weeks"]
        assert said(rules) == [("executives.1001.criteria[0]", text)]


@pytest.mark.parametrize("stored", ["+0", "nobody", "external:+493012345", "*63", ""])
def test_whose_divert_is_none_takes_his_part_himself(company, store, stored):
    with write(company):
        company.conn.execute("UPDATE assistants SET divert = ? WHERE position = 1", (stored,))
    with store.read() as rules:
        assert rules.executive(DOMAIN, "1001").assistants[1] == Assistant("1003", opted_in=False)
        assert said(rules) == [
            (
                "executives.1001.assistants[1].divert",
                f"{stored!r} is no number: he takes his part himself",
            )
        ]


def test_somebody_who_is_no_executive_costs_one_statement(company, store):
    with store.read() as rules:
        statements = []
        rules._conn.set_trace_callback(statements.append)
        assert rules.executive(DOMAIN, "1005") is None
        rules._conn.set_trace_callback(None)
        assert len(statements) == 1
        plan = rules._conn.execute(f"EXPLAIN QUERY PLAN {statements[0]}").fetchall()
        assert all("SEARCH" in row[3] for row in plan)
