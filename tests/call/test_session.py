from __future__ import annotations

import re
from dataclasses import replace

import gevent
import pytest

from esl_router.call import session
from esl_router.engine.decide import decide as engine_decides
from esl_router.errors import StoreError
from esl_router.model.executive import Assistant, Executive
from esl_router.model.people import FollowMeRow, Greetings, Origin, User
from esl_router.model.presence import Forward, Presence, Profile, Status, Target
from esl_router.model.team import Member, Strategy, Team
from tests.call.switchside import CALLER, OK, HeardFeed, Switchside, snapshot
from tests.company import DOMAIN, Company, mobile, sip

ANNA = User(DOMAIN, "1001", "Anna Adler", ("+493012345101",))
BEN = User(DOMAIN, "1002", "Ben Berg", voicemail=False)
COMPANY = Company(
    (ANNA, BEN),
    {
        "1001": [FollowMeRow(sip("1001-desk"), ring=20)],
        "1002": [FollowMeRow(sip("1002-desk", "1002"))],
    },
)


def leg_uuids(dial_string):
    return re.findall(r"origination_uuid=([0-9a-f-]{36})", dial_string)


def rung(side, **headers):
    """The call up to its first ring: the three orders of one write, static settings first."""
    assert side.order().line == "connect"
    side.say(snapshot(**headers))
    orders = side.orders(3)
    assert [order.app or order.line for order in orders] == ["multiset", "bridge", "connect"]
    return orders


def causes(*pairs):
    value = "ARRAY::" + "|:".join(";".join(pair) for pair in pairs)
    return snapshot(variable_originate_causes=value.replace("|", "%7C").replace(";", "%3B"))


def test_a_busy_phone_gives_the_caller_486_and_the_journal_says_why():
    side = Switchside(COMPANY)
    # The account is what a phone of its own writes into From; the user is who he is.
    settings, bridge, _ = rung(side, Caller_Caller_ID_Number="1002-desk")
    assert settings.arg.startswith("^^;app_disable_expand_variables=true;")
    assert "eslr_routed=true" in settings.arg
    assert "eslr_mailbox=1001" in settings.arg
    (uuid,) = leg_uuids(bridge.arg)
    side.say(OK, OK, causes((uuid, "USER_BUSY")))
    again, hangup = side.orders(2)
    assert (again.app, hangup.cause) == ("multiset", "USER_BUSY")
    side.say(OK, OK)
    assert side.order() is None
    (entry,) = side.journal
    assert (entry.result, entry.code, entry.callee) == ("busy", 486, "1001")
    assert (entry.caller_number, entry.caller_account) == ("1002", "1002-desk")
    assert [attempt.action for attempt in entry.attempts] == ["ring", "reject"]
    assert entry.attempts[0].legs[0].cause == "USER_BUSY"
    assert any("486" in each.text for each in entry.trace)


PREPARED = {
    "variable_app_disable_expand_variables": "true",
    "variable_continue_on_fail": "true",
    "variable_hangup_after_bridge": "true",
    "variable_sip_ignore_remote_cause": "true",
    "variable_preserve_originated_vars": "false",
}
"""What the dialplan sets before it hands a call over."""


def test_what_the_dialplan_has_set_is_not_set_again_before_phones_ring():
    side = Switchside(COMPANY)
    side.order()
    side.say(snapshot(**PREPARED))
    bridge, connect = side.orders(2)
    assert (bridge.app, connect.line) == ("bridge", "connect")
    # A router that dies now leaves a switch that knows whose mailbox it is.
    told = f"~api_on_originate_caller=uuid_setvar_multi {CALLER} eslr_routed=true;eslr_mailbox=1001"
    assert f"{told}]" in bridge.arg or f"{told}~" in bridge.arg
    (uuid,) = leg_uuids(bridge.arg)
    side.say(OK, causes((uuid, "USER_BUSY")))
    again, hangup = side.orders(2)
    assert (again.app, hangup.cause) == ("multiset", "USER_BUSY")
    side.say(OK, OK)
    assert side.order() is None


def test_who_has_no_mailbox_names_none_to_a_prepared_call():
    side = Switchside(COMPANY)
    side.order()
    side.say(snapshot(Caller_Destination_Number="1002", variable_user_name="x", **PREPARED))
    bridge, _ = side.orders(2)
    assert f"uuid_setvar_multi {CALLER} eslr_routed=true" in bridge.arg
    assert "eslr_mailbox" not in bridge.arg
    side.close()
    side.wait()


@pytest.mark.parametrize(
    "headers",
    [
        *({name: "no"} for name in PREPARED),
        {"variable_eslr_pool": "1002"},
        {"variable_eslr_routed": "true"},
        {"variable_eslr_mailbox": "1002"},
        {"Unique_ID": "call-1@203.0.113.7"},
    ],
)
def test_a_call_that_is_not_prepared_in_every_way_is_first_set_up(headers):
    side = Switchside(COMPANY)
    settings, bridge, _ = rung(side, **(PREPARED | headers))
    assert "eslr_mailbox=1001" in settings.arg
    assert "uuid_setvar_multi" not in bridge.arg
    side.close()
    side.wait()


def test_nobody_answers_and_the_mailbox_of_the_callee_does():
    side = Switchside(COMPANY)
    _, bridge, _ = rung(side)
    (uuid,) = leg_uuids(bridge.arg)
    side.say(OK, OK, causes((uuid, "ALLOTTED_TIMEOUT")))
    orders = side.orders(5)
    assert [(order.app, order.arg) for order in orders[1:4]] == [
        ("answer", ""),
        ("sleep", "300"),
        ("voicemail", "default pbx.test 1001"),
    ]
    side.close()
    side.wait()
    assert side.journal[0].result == "voicemail"


@pytest.mark.parametrize(
    ("greetings", "said"),
    [
        (Greetings.STANDARD, {"voicemail_greeting_number": "", "eslr_greeting": ""}),
        (
            Greetings.BY_REASON,
            {"voicemail_greeting_number": "1", "eslr_greeting": "unavailable"},
        ),
        (Greetings.NONE, {"voicemail_greeting_number": "", "skip_greeting": "true"}),
    ],
)
def test_a_mailbox_greets_as_its_owner_wants(greetings, said):
    anna = replace(ANNA, greetings=greetings)
    side = Switchside(Company((anna, BEN), COMPANY.rows))
    _, bridge, _ = rung(side)
    (uuid,) = leg_uuids(bridge.arg)
    side.say(OK, OK, causes((uuid, "ALLOTTED_TIMEOUT")))
    settings = dict(each.split("=") for each in side.orders(5)[0].arg.split(";")[1:])
    assert settings | said == settings
    assert ("skip_greeting" in settings) == (greetings is Greetings.NONE)
    side.close()
    side.wait()


class Listening(HeardFeed):
    """A feed that hears of the messages that a test makes up."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_message(self, uuid, heard, core_uuid=None):
        if uuid == CALLER and self.seconds is not None:
            heard(self.seconds)
        return lambda: None


@pytest.mark.parametrize("seconds", [7, None])
def test_the_journal_knows_of_a_message(seconds, monkeypatch):
    monkeypatch.setattr(session, "MESSAGE_LAG", 0.01)
    side = Switchside(COMPANY, Listening(seconds))
    _, bridge, _ = rung(side)
    (uuid,) = leg_uuids(bridge.arg)
    side.say(OK, OK, causes((uuid, "ALLOTTED_TIMEOUT")))
    side.orders(5)
    side.close()
    side.wait()
    (entry,) = side.journal
    assert (entry.missed, entry.mailbox, entry.message) == ("not_reachable", "1001", seconds)


def test_an_answered_call_is_not_missed():
    side = Switchside(COMPANY)
    _, bridge, _ = rung(side)
    (uuid,) = leg_uuids(bridge.arg)
    side.say(OK, OK, causes((uuid, "NONE")))
    side.close()
    side.wait()
    (entry,) = side.journal
    assert (entry.result, entry.missed, entry.mailbox) == ("answered", None, None)


def test_each_decision_knows_how_long_the_action_before_it_took(monkeypatch):
    asked = []

    def decide(call, *others):
        asked.append(call)
        return engine_decides(call, *others)

    monkeypatch.setattr(session, "decide", decide)
    now = [50.0]
    side = Switchside(COMPANY, monotonic=lambda: now[0])
    _, bridge, _ = rung(side)
    now[0] = 62.5
    (uuid,) = leg_uuids(bridge.arg)
    side.say(OK, OK, causes((uuid, "ALLOTTED_TIMEOUT")))
    side.orders(5)
    side.close()
    side.wait()
    assert [each.outcome.lasted for each in asked[-1].attempts] == [12.5]


def test_a_call_that_somebody_transferred_is_left_alone():
    side = Switchside(COMPANY)
    _, bridge, _ = rung(side)
    (uuid,) = leg_uuids(bridge.arg)
    value = f"{uuid};ORIGINATOR_CANCEL".replace(";", "%3B")
    side.say(OK, OK, snapshot(variable_originate_causes=value, Channel_State_Number="2"))
    assert side.order() is None
    assert side.journal[0].result == "transferred"


def test_who_calls_himself_hears_his_messages_without_a_pin():
    side = Switchside(COMPANY)
    side.order()
    side.say(snapshot(variable_user_name="1001-desk"))
    assert side.orders(4)[3].arg == "check auth default pbx.test 1001"
    side.close()
    side.wait()


def test_a_caller_who_gives_up_leaves_nothing_but_a_record():
    side = Switchside(COMPANY, HeardFeed())
    rung(side)
    side.close()
    side.wait()
    (entry,) = side.journal
    assert (entry.result, entry.code) == ("cancelled", None)
    assert entry.attempts[0].legs[0].result == "cancelled"


def test_an_answered_call_that_has_ended_is_known_by_what_the_link_heard():
    feed = HeardFeed()
    side = Switchside(COMPANY, feed)
    _, bridge, _ = rung(side)
    (uuid,) = leg_uuids(bridge.arg)
    feed.watches[0].legs[uuid].answered = 1772442010.0
    feed.watches[0].legs[CALLER].answered = 1772442010.0
    side.close()
    side.wait()
    (entry,) = side.journal
    assert (entry.result, entry.answered_by) == ("answered", "1001-desk")
    assert entry.answered_at == 1772442010.0


def test_without_a_link_nobody_knows_whether_the_call_was_answered():
    side = Switchside(COMPANY)
    rung(side)
    side.close()
    side.wait()
    assert side.journal[0].result == "ended"


def test_a_caller_who_is_gone_before_he_is_read_leaves_nothing():
    side = Switchside(COMPANY)
    side.close()
    side.wait()
    assert side.journal == []


def test_an_async_socket_is_told_to_go_on_with_the_dialplan(caplog):
    side = Switchside(COMPANY)
    side.order()
    side.say(snapshot(Socket_Mode="async", Control="full"))
    assert [order.line for order in side.orders(2)] == ["resume", "exit"]
    side.say(OK, OK)
    assert side.order() is None
    assert "async full" in caplog.text


def test_a_full_socket_is_closed_and_the_log_says_what_to_change(caplog):
    side = Switchside(COMPANY)
    side.order()
    side.say(snapshot(Control="full"))
    assert side.order() is None
    assert "`full`" in caplog.text
    assert side.journal == []


def test_a_broken_store_hands_a_new_call_back_untouched():
    side = Switchside(COMPANY)
    side.rules.broken = True
    side.order()
    side.say(snapshot())
    assert side.order() is None
    side.wait()
    (entry,) = side.journal
    assert entry.result == "handed_back"
    assert "the disk is gone" in entry.problems[0]


def test_a_store_that_breaks_while_phones_ring_still_leads_to_the_mailbox():
    side = Switchside(COMPANY)
    _, bridge, _ = rung(side)
    side.rules.broken = True
    side.say(OK, OK, causes((leg_uuids(bridge.arg)[0], "ALLOTTED_TIMEOUT")))
    assert side.orders(4)[3].arg == "default pbx.test 1001"
    side.close()
    side.wait()


def test_a_first_decision_is_of_the_rules_read_while_the_switch_was_asked():
    side = Switchside(Company((ANNA, BEN), COMPANY.rows))
    side.order()
    side.rules.company = Company((), {})  # nobody is here any more
    side.say(snapshot())
    _, bridge, _ = side.orders(3)
    assert bridge.app == "bridge"
    (begun,) = side.rules.begun
    assert begun.left
    side.say(OK, OK, causes((leg_uuids(bridge.arg)[0], "ALLOTTED_TIMEOUT")))
    side.orders(1)
    side.close()
    side.wait()
    assert len(side.rules.begun) == 1  # what followed was decided by the rules of then


@pytest.mark.parametrize("told", [b"", snapshot(Control="full")], ids=["gone", "unfit"])
def test_what_was_read_ahead_for_a_call_that_is_not_routed_is_given_back(told):
    side = Switchside(COMPANY)
    side.order()
    side.say(told)
    side.close()
    side.wait()
    (begun,) = side.rules.begun
    assert begun.left


def test_a_fault_in_a_rule_hands_the_call_back(caplog):
    class Faulty(Company):
        def follow_me(self, *_):
            raise ZeroDivisionError

    side = Switchside(Faulty((ANNA, BEN), COMPANY.rows))
    side.order()
    side.say(snapshot())
    assert side.order() is None
    side.wait()
    assert "ZeroDivisionError" in side.journal[0].problems[0]


def test_a_rule_changed_while_phones_ring_holds_for_the_next_step():
    side = Switchside(COMPANY)
    _, bridge, _ = rung(side)
    side.rules.company = Company(
        (User(DOMAIN, "1001", "Anna Adler", voicemail=False), BEN), COMPANY.rows
    )
    side.say(OK, OK, causes((leg_uuids(bridge.arg)[0], "ALLOTTED_TIMEOUT")))
    assert side.orders(2)[1].cause == "NO_ANSWER"
    side.close()
    side.wait()


def test_a_caller_who_is_connected_already_hears_a_ringing_tone():
    side = Switchside(COMPANY)
    side.order()
    side.say(snapshot(Answer_State="answered"))
    orders = side.orders(4)
    assert orders[1].app == "set"
    assert orders[1].arg.startswith("transfer_ringback=%(")
    (uuid,) = leg_uuids(orders[2].arg)
    side.say(OK, OK, OK, causes((uuid, "USER_BUSY")))
    _, tone, hangup = side.orders(3)
    assert (tone.app, tone.arg) == ("playback", "tone_stream://%(480,480,425);loops=5")
    assert hangup.cause == "NORMAL_CLEARING"
    side.close()
    side.wait()


def test_a_mailbox_that_has_ended_is_followed_by_no_tone():
    side = Switchside(COMPANY)
    (uuid,) = leg_uuids(rung(side)[1].arg)
    side.say(OK, OK, causes((uuid, "ALLOTTED_TIMEOUT")))
    assert [order.app or order.line for order in side.orders(5)][3:] == ["voicemail", "connect"]
    side.say(OK, OK, OK, OK, snapshot(Answer_State="answered"))
    _, hangup = side.orders(2)
    assert hangup.cause == "NORMAL_CLEARING"
    side.close()
    side.wait()


def test_a_leg_that_may_not_be_dialled_is_left_out_and_the_rest_rings(caplog):
    broken = mobile("1001-mobile", "+49171 ,{}", "1001")
    rows = {**COMPANY.rows, "1001": [FollowMeRow(sip("1001-desk")), FollowMeRow(broken)]}
    side = Switchside(Company((ANNA, BEN), rows))
    _, bridge, _ = rung(side, Caller_Context="internal")
    assert len(leg_uuids(bridge.arg)) == 1
    assert "1001-mobile is not rung" in caplog.text
    side.say(OK, OK, causes((leg_uuids(bridge.arg)[0], "USER_BUSY")))
    assert side.orders(2)[1].cause == "USER_BUSY"
    side.close()
    side.wait()
    results = {leg.device: leg.result for leg in side.journal[0].attempts[0].legs}
    assert results == {"1001-desk": "busy", "1001-mobile": "unreachable"}


def test_with_no_leg_that_may_be_dialled_the_call_goes_on_to_its_end():
    broken = mobile("1002-mobile", "nonsense", "1002")
    side = Switchside(Company((ANNA, BEN), {"1002": [FollowMeRow(broken)]}))
    side.order()
    side.say(snapshot(Caller_Destination_Number="1002", variable_user_name="1001-desk"))
    assert side.orders(2)[1].cause == "NO_ANSWER"
    side.close()
    side.wait()


@pytest.mark.parametrize(
    "name",
    [
        "Boss%0Avariable_user_name: ceo",
        "Boss%250Avariable_user_name: ceo",
        "${system(id)}",
        "a,b}|'",
    ],
)
def test_what_a_caller_writes_reaches_no_command(name):
    side = Switchside(COMPANY)
    orders = rung(side, Caller_Caller_ID_Name=name, Caller_Caller_ID_Number=name)
    assert not any(
        "Boss" in each.arg or "system" in each.arg or "a,b" in each.arg for each in orders
    )
    side.close()
    side.wait()
    assert side.journal[0].caller_account == "1002-desk"
    assert "\n" not in side.journal[0].caller_name


def test_a_call_on_behalf_is_recorded_with_who_really_called():
    boss = Executive(DOMAIN, "1001", assistants=(Assistant("1002"),))
    side = Switchside(replace(COMPANY, executives=(boss,)))
    side.order()
    side.say(snapshot(Caller_Destination_Number="*640305555555"))
    assert any("name=Anna Adler" in order.arg for order in side.orders(4))
    side.close()
    side.wait()
    (entry,) = side.journal
    assert (entry.caller_number, entry.on_behalf, entry.callee) == ("1002", "1001", "+49305555555")


def hotline(feed=None, refuse=0, **more):
    """A call to a team, up to its ring, and the orders of that write."""
    members = (Member("1001"), Member("1002"))
    team = Team(DOMAIN, "2000", "Hotline", members=members, **more)
    side = Switchside(Company((ANNA, BEN), COMPANY.rows, (team,)), feed)
    side.turns.refuse = refuse
    side.order()
    side.say(
        snapshot(
            Caller_Destination_Number="2000",
            variable_sip_authorized="false",
            Caller_Caller_ID_Number="+493099887766",
        )
    )
    orders = [side.order()]
    while orders[-1].line != "connect":
        orders.append(side.order())
    return side, orders


def test_whose_turn_it_is_is_written_before_his_phone_rings():
    side, orders = hotline(strategy=Strategy.ROUND_ROBIN)
    assert [order.app for order in orders[:2]] == ["multiset", "bridge"]
    # The switch has not answered yet: nothing but the decision lies before the ring.
    assert (side.turns.first, side.turns.last) == (["1001"], [])
    side.close()
    side.wait()
    assert side.turns.last == [], "nobody has talked"


def test_a_turn_that_another_call_was_quicker_to_take_is_decided_anew():
    side, _ = hotline(strategy=Strategy.ROUND_ROBIN, refuse=2)
    assert side.turns.first == ["1001", "1001", "1001"], "asked again until it is his"
    side.close()
    side.wait()


def test_a_conversation_for_the_team_is_written_as_soon_as_it_is_heard_of():
    feed = HeardFeed()
    side, orders = hotline(feed, strategy=Strategy.LONGEST_IDLE)
    uuid = leg_uuids(orders[1].arg)[0]
    watch = feed.watches[0]
    for leg in (uuid, CALLER):
        watch.legs[leg].answered = 1772442010.0
        watch.on_answer(leg)
    with gevent.Timeout(5):
        while not side.turns.last:
            gevent.sleep(0.01)
    assert side.turns.last == ["1001"]
    side.close()
    side.wait()


def test_a_conversation_for_the_team_is_written_when_it_has_ended():
    feed = HeardFeed()
    side, orders = hotline(feed, strategy=Strategy.SEQUENTIAL)
    uuid = leg_uuids(orders[1].arg)[1]
    feed.watches[0].legs[uuid].answered = 1772442010.0
    feed.watches[0].legs[CALLER].answered = 1772442010.0
    side.close()
    side.wait()
    assert side.turns.last == ["1002"]
    assert side.journal[0].answered_by == "1002-desk"


def test_a_team_that_rings_all_at_once_has_a_last_conversation_and_no_first_member():
    feed = HeardFeed()
    side, orders = hotline(feed)
    uuid = leg_uuids(orders[1].arg)[0]
    feed.watches[0].legs[uuid].answered = 1772442010.0
    feed.watches[0].legs[CALLER].answered = 1772442010.0
    side.close()
    side.wait()
    assert (side.turns.first, side.turns.last) == ([], ["1001"])


def test_a_store_that_takes_no_turn_keeps_no_caller_waiting(caplog, monkeypatch):
    def locked(self, turn, now):
        raise StoreError("the rule store cannot be written: database is locked")

    monkeypatch.setattr("tests.call.switchside.Ledger.began", locked)
    side, orders = hotline(strategy=Strategy.ROUND_ROBIN)
    assert orders[1].app == "bridge"
    assert "whose turn it is was not written" in caplog.text
    side.close()
    side.wait()


def test_members_see_whom_the_caller_wanted_before_their_phones_ring():
    side, orders = hotline(caller_prefix="Hotline: ")
    assert [order.app for order in orders[:4]] == ["multiset", "export", "bridge", "export"]
    assert orders[3].arg == "nolocal:origination_caller_id_name="
    assert orders[1].arg == "nolocal:origination_caller_id_name=Hotline\u2236 Ben Berg"
    side.close()
    side.wait()


def announcing(target, **profile):
    """Anna is away."""
    forwards = {(Origin.INTERNAL, Forward.ALWAYS): Target.parse(target)}
    away = Presence(Status.AWAY, profiles={Status.AWAY: Profile(forwards=forwards, **profile)})
    return replace(COMPANY, statuses={"1001": away})


def test_after_an_announcement_the_call_goes_on_with_a_ringing_tone():
    side = Switchside(announcing("extension:1003", announce="a/way.wav"))
    carla = User(DOMAIN, "1003", "Carla")
    side.rules.company = replace(
        side.rules.company,
        users=(ANNA, BEN, carla),
        rows={**COMPANY.rows, "1003": [FollowMeRow(sip("1003-desk", "1003"))]},
    )
    side.order()
    side.say(snapshot())
    settings, early, play, _ = side.orders(4)
    assert "eslr_mailbox=1001" in settings.arg
    assert (early.app, play.app, play.arg) == ("pre_answer", "playback", "a/way.wav")
    side.say(OK, OK, OK, snapshot(Answer_State="early"))
    _, tone, bridge, _ = side.orders(4)
    assert (tone.app, tone.arg.partition("(")[0]) == ("set", "ringback=%")
    (uuid,) = leg_uuids(bridge.arg)
    side.say(OK, OK, OK, causes((uuid, "USER_BUSY")))
    assert side.orders(1)[0].app == "multiset"
    side.close()
    side.wait()
    (entry,) = side.journal
    assert [attempt.action for attempt in entry.attempts][:2] == ["announce", "ring"]


@pytest.mark.parametrize(
    ("target", "result", "code"), [("busy", "busy", 486), ("voicemail", "voicemail", None)]
)
def test_a_call_comes_to_what_follows_its_prelude(target, result, code):
    side = Switchside(announcing(target, announce="away.wav", alert_first=6))
    _, bridge, _ = rung(side)
    assert "leg_timeout=6~" in bridge.arg
    (uuid,) = leg_uuids(bridge.arg)
    side.say(OK, OK, causes((uuid, "ALLOTTED_TIMEOUT")))
    side.orders(4)
    side.say(OK, OK, OK, snapshot())
    if code:
        assert side.orders(2)[1].cause == "USER_BUSY"
        side.say(OK, OK)
    else:
        side.orders(5)
        side.say(OK, OK, OK, OK, snapshot(Answer_State="answered"))
        side.orders(2)
    side.close()
    side.wait()
    (entry,) = side.journal
    assert (entry.result, entry.code) == (result, code)


def test_who_gives_up_while_he_is_told_has_given_up():
    side = Switchside(announcing("busy", announce="away.wav"))
    side.order()
    side.say(snapshot())
    side.orders(4)
    side.close()
    side.wait()
    assert side.journal[0].result == "cancelled"


def test_a_caller_who_withholds_his_number_is_nobody_on_the_company_s_phones():
    side = Switchside(COMPANY)
    _, bridge, _ = rung(side, Caller_Privacy_Hide_Number="true")
    assert "origination_caller_id_number=anonymous" in bridge.arg
    side.close()
    side.wait()


def test_a_call_id_taken_for_a_uuid_stands_in_no_dial_string():
    side = Switchside(COMPANY)
    _, bridge, _ = rung(side, Unique_ID="x]system(id)@evil.test")
    assert leg_uuids(bridge.arg)
    assert "evil" not in bridge.arg
    assert "api_on_answer" not in bridge.arg
    side.close()
    side.wait()


# -- feature codes --------------------------------------------------------------------------------


def code(side, dialled):
    """The orders for somebody who dialled that; the call is over then."""
    assert side.order().line == "connect"
    side.say(snapshot(Caller_Destination_Number=dialled))
    orders = side.orders(5)
    assert [order.app for order in orders] == ["multiset", "answer", "sleep", "playback", ""]
    assert orders[4].cause == "NORMAL_CLEARING"
    side.say(OK, OK, OK, OK, OK)
    assert side.order() is None
    side.wait()
    return orders[3].arg


def test_a_code_changes_one_setting_and_is_confirmed():
    heard = {}
    for dialled in ("*31", "*30"):
        side = Switchside(COMPANY)
        heard[dialled] = code(side, dialled)
        (entry,) = side.journal
        assert (entry.result, entry.code, entry.dialled) == ("feature", None, dialled)
        assert [attempt.action for attempt in entry.attempts] == ["perform", "confirm"]
        assert len(side.desk.performed) == 1
    assert all(each.startswith("tone_stream://") for each in heard.values())
    assert heard["*31"] != heard["*30"]


def test_a_refused_code_sounds_different_and_the_journal_says_why():
    side, done = Switchside(COMPANY), Switchside(COMPANY)
    side.desk.refuse = "user 1002 may not change that."
    assert code(side, "*31") != code(done, "*31")
    (entry,) = side.journal
    assert entry.result == "refused"
    assert "user 1002 may not change that." in entry.trace[-1].text


def test_a_code_that_makes_no_sense_asks_the_store_for_nothing():
    side = Switchside(COMPANY)
    code(side, "*310")
    assert side.desk.performed == []
    assert side.journal[0].result == "refused"


def test_a_fault_while_a_code_is_performed_is_a_refusal(monkeypatch, caplog):
    side = Switchside(COMPANY)
    monkeypatch.setattr(side.desk, "perform", lambda action, now: 1 / 0)
    code(side, "*31")
    assert "A fault in the router: ZeroDivisionError." in side.journal[0].trace[-1].text
    assert "a fault while a code was performed" in caplog.text


# -- codes from outside ---------------------------------------------------------------------------

REMOTE = "+493012345999"


def outside(*entries, known=None):
    """A session with somebody who calls the number for codes and enters that, as far as he is
    asked; None: he hangs up."""
    company = replace(COMPANY, config=replace(COMPANY.config, remote=REMOTE))
    side = Switchside(company)
    side.pins.known = known or {}
    assert side.order().line == "connect"
    side.say(
        snapshot(
            Caller_Destination_Number=REMOTE,
            Caller_Context="public",
            Caller_Caller_ID_Number="+4930111",
            variable_user_name="",
        )
    )
    assert [order.app for order in side.orders(3)] == ["multiset", "answer", "sleep"]
    side.say(OK, OK, OK)
    entries, apps = list(entries), []
    while (order := side.order()) is not None:
        apps.append(order)
        if order.app != "read":
            if order.line.startswith("sendmsg"):
                side.say(OK)
            continue
        side.orders(3)
        entry = entries.pop(0)
        if entry is None:
            side.close()
            break
        side.say(OK, snapshot(variable_eslr_entered=entry.replace("#", "%23")), OK, OK)
    side.wait()
    return side, apps


def test_a_pin_and_then_a_code():
    side, orders = outside("1002", "803417", "#36", known={"1002": "803417"})
    assert [action.user for action in side.desk.performed] == ["1002"]
    (entry,) = side.journal
    assert entry.result == "feature"
    assert [attempt.action for attempt in entry.attempts] == ["authenticate", "perform", "confirm"]
    assert "803417" not in repr(entry)
    prompts = [order.arg.split(" ") for order in orders if order.app == "read"]
    assert [(words[1], words[3], words[5]) for words in prompts] == [
        ("9", "eslr_entered", "#"),
        ("13", "eslr_entered", "#"),
        ("40", "eslr_entered", "none"),
    ]


def test_three_wrong_pins_and_it_is_over():
    wrong = ("1002", "111222") * 3
    side, orders = outside(*wrong, "*31", known={"1002": "803417"})
    assert side.pins.tried == [("1002", "111222")] * 3
    assert side.desk.performed == []
    (entry,) = side.journal
    assert entry.result == "refused"
    assert "A wrong PIN for 1002." in entry.trace[-1].text
    assert [order.cause for order in orders if order.cause] == ["NORMAL_CLEARING"]


def test_what_no_keys_can_enter_is_nothing():
    side, _ = outside("1002;x", "a" * 50, "${x}", "", "1002", "", known={"1002": "803417"})
    assert side.pins.tried == [("", ""), ("", ""), ("1002", "")]


def test_who_hangs_up_before_his_pin_has_tried_nothing():
    side, _ = outside("1002", None)
    assert side.pins.tried == []
    assert side.journal[0].result == "cancelled"


STRANGER = {"variable_sip_authorized": "false", "Caller_Caller_ID_Number": "+493099887766"}


def test_a_contacts_name_stands_in_the_callers_profile_before_phones_ring():
    side = Switchside(replace(COMPANY, contacts={"+493099887766": "Muster: GmbH"}))
    side.order()
    side.say(snapshot(Caller_Caller_ID_Name="", **STRANGER))
    first, name, bridge = side.orders(3)
    assert (first.app, bridge.app) == ("multiset", "bridge")
    assert (name.app, name.arg) == ("set_profile_var", "caller_id_name=Muster\u2236 GmbH")
    side.close()
    side.wait()
    assert side.journal[0].caller_name == "Muster: GmbH"


def test_a_mailbox_hears_of_the_contact_too():
    nobody = replace(COMPANY, rows={}, contacts={"+493099887766": "Muster GmbH"})
    side = Switchside(nobody)
    side.order()
    side.say(snapshot(Caller_Caller_ID_Name="", **STRANGER))
    orders = side.orders(5)
    assert [order.app for order in orders[:3]] == ["multiset", "set_profile_var", "answer"]
    side.close()
    side.wait()


def test_a_caller_with_a_name_keeps_it():
    side = Switchside(replace(COMPANY, contacts={"+493099887766": "Muster GmbH"}))
    side.order()
    side.say(snapshot(**STRANGER))
    assert [order.app for order in side.orders(2)] == ["multiset", "bridge"]
    side.close()
    side.wait()
    assert side.journal[0].caller_name == "Ben Berg"
