from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from esl_router.model.actions import BUSY as BUSY_TONE
from esl_router.model.actions import UNAVAILABLE, Ring, Voicemail
from esl_router.model.call import LegOutcome, LegResult, Outcome
from esl_router.model.executive import (
    AlertExecutive,
    Alerting,
    Assistant,
    Criterion,
    Filter,
    NoAssistant,
    Rollover,
    RolloverAction,
)
from esl_router.model.people import (
    CallerAction,
    CallerRule,
    DeclineScope,
    FollowMeRow,
    Origin,
    Settings,
)
from esl_router.model.presence import (
    CallForward,
    Forward,
    Presence,
    Profile,
    Status,
    Target,
)
from esl_router.model.schedule import Hours, Schedule
from esl_router.model.team import Member, Team
from tests.company import DOMAIN, NOW, internal_call, registered, sip, trunk_call
from tests.engine.board import (
    BUSY,
    PEOPLE,
    SILENT,
    away,
    board,
    play,
    said,
    sent_by,
    who,
)

POOL, HERSELF = ["1002", "1003"], ["1001"]
OFFICE = Schedule("office", "Europe/Berlin", (Hours.parse("mon-fri", "08:00", "17:00"),))
ANONYMOUS = trunk_call("1001", "")
ANONYMOUS = replace(ANONYMOUS, caller=replace(ANONYMOUS.caller, anonymous=True))
INSIDE, OUTSIDE = internal_call("1001", "1004-desk", "1004"), trunk_call("1001")


def rings(call, rules, now=NOW):
    return who(play(call, rules, now=now)[0])


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (Filter.ALL, POOL, POOL),
        (Filter.INTERNAL, POOL, HERSELF),
        (Filter.EXTERNAL, HERSELF, POOL),
        (Filter.CUSTOM, HERSELF, HERSELF),
    ],
)
def test_the_kind_of_filter_says_whose_calls_go_to_the_assistants(kind, inside, outside):
    rules = board(filter=kind)
    assert (rings(INSIDE, rules), rings(OUTSIDE, rules)) == (inside, outside)


def test_a_fax_passes_the_filter_whatever_it_says():
    fax = "+493012345199"
    user = replace(PEOPLE[0], numbers=(*PEOPLE[0].numbers, fax), fax_numbers=(fax,))
    rules = board(people=(user, *PEOPLE[1:]))
    for dialled in (fax, "493012345199", "03012345199"):
        call = trunk_call(dialled)
        assert rings(call, rules) == HERSELF
        assert f"The filter of 1001 is passed: {dialled} is his fax number." in said(call, rules)
    assert rings(trunk_call("+493012345101"), rules) == POOL


def test_a_filter_that_is_off_does_nothing():
    assert rings(OUTSIDE, board(enabled=False)) == HERSELF


def test_an_executive_who_never_had_an_assistant_is_rung():
    assert rings(OUTSIDE, board(assistants=())) == HERSELF
    assert "has no assistants" in said(OUTSIDE, board(assistants=()))


@pytest.mark.parametrize(
    ("criterion", "call", "hit"),
    [
        (Criterion("c"), OUTSIDE, True),
        (Criterion("c", active=False), OUTSIDE, False),
        (Criterion("c", origin=Origin.EXTERNAL), OUTSIDE, True),
        (Criterion("c", origin=Origin.EXTERNAL), INSIDE, False),
        (Criterion("c", numbers=("+4930*",)), OUTSIDE, True),
        (Criterion("c", numbers=("+4940*",)), OUTSIDE, False),
        (Criterion("c", numbers=("1004",)), INSIDE, True),
        (Criterion("c", anonymous=True), ANONYMOUS, True),
        (Criterion("c", anonymous=True), OUTSIDE, False),
        (Criterion("c", numbers=("*",)), ANONYMOUS, False),
        (Criterion("c", numbers=("+4940*",), anonymous=True), ANONYMOUS, True),
        (Criterion("c", unavailable=True), trunk_call("1001", ""), True),
        (Criterion("c", unavailable=True), ANONYMOUS, False),
        (Criterion("c", anonymous=True), trunk_call("1001", ""), False),
        (Criterion("c", dialled=("+493012345101",)), trunk_call("+493012345101"), True),
        (Criterion("c", dialled=("+493012345101",)), trunk_call("493012345101"), True),
        (Criterion("c", dialled=("+493012345101",)), OUTSIDE, False),
        (Criterion("c", schedule=OFFICE), OUTSIDE, True),
        (Criterion("c", numbers=("+4930*",), origin=Origin.INTERNAL), OUTSIDE, False),
    ],
)
def test_a_criterion_filters_when_all_that_it_names_holds(criterion, call, hit):
    rules = board(filter=Filter.CUSTOM, criteria=(criterion,))
    assert rings(call, rules) == (POOL if hit else HERSELF)


def test_a_criterion_holds_within_the_hours_of_its_schedule():
    rules = board(filter=Filter.CUSTOM, criteria=(Criterion("c", schedule=OFFICE),))
    at = datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC)
    assert rings(OUTSIDE, rules, at) == POOL
    assert rings(OUTSIDE, rules, at.replace(hour=16, minute=0, second=0)) == HERSELF


def test_a_criterion_holds_on_the_closed_days_of_its_holidays():
    days = replace(OFFICE, closed=frozenset({NOW.date()}), holidays="DE-BE")
    rules = board(filter=Filter.CUSTOM, criteria=(Criterion("c", holidays=days),))
    assert rings(OUTSIDE, rules) == POOL
    assert rings(OUTSIDE, rules, datetime(2026, 3, 3, 9, tzinfo=UTC)) == HERSELF
    assert rings(OUTSIDE, rules, datetime(2026, 5, 1, 9, tzinfo=UTC)) == POOL


def test_one_criterion_that_holds_is_enough_and_letting_through_always_wins():
    yes, no = Criterion("yes", numbers=("+4930*",)), Criterion("no", numbers=("+4940*",))
    family = Criterion("family", filter=False, numbers=("+493099887766",))
    assert rings(OUTSIDE, board(filter=Filter.CUSTOM, criteria=(no, yes))) == POOL
    for criteria in ((yes, family), (family, yes)):
        assert rings(OUTSIDE, board(filter=Filter.CUSTOM, criteria=criteria)) == HERSELF


def test_the_trace_tells_of_each_criterion():
    criteria = (
        Criterion("colleagues", origin=Origin.INTERNAL),
        Criterion("old", active=False),
        Criterion("Berlin", numbers=("+4930*",)),
    )
    words = said(OUTSIDE, board(filter=Filter.CUSTOM, criteria=criteria))
    assert 'Criterion "colleagues" (filters) does not count: the caller is external.' in words
    assert 'Criterion "old" (filters) does not count: it is not active.' in words
    assert 'Criterion "Berlin" filters the call.' in words


@pytest.mark.parametrize("assistant", [Assistant("1002"), Assistant("1002", opted_in=False)])
def test_an_assistant_reaches_her_opted_in_or_not(assistant):
    call = internal_call("1001", "1002-desk", "1002")
    assert rings(call, board(assistants=(assistant, Assistant("1003")))) == HERSELF


@pytest.mark.parametrize("assistant", [Assistant("1002"), Assistant("1002", opted_in=False)])
def test_an_assistant_gets_through_do_not_disturb_where_she_lets_him(assistant):
    call = internal_call("1001", "1002-desk", "1002")
    disturbing = {"assistants": (assistant,), "assistant_breaks_dnd": True}
    rules = board(statuses={"1001": away(Status.DND)}, **disturbing)
    assert rings(call, rules) == HERSELF
    assert "1002, his assistant, gets through" in said(call, rules)
    # A colleague does not, nor whom he sends on; nor does he where she is away.
    refused = [BUSY_TONE]
    assert (
        play(INSIDE, replace(rules, executives=(replace(rules.executives[0], enabled=False),)))
        == refused
    )
    sent = sent_by(OUTSIDE, "1002")
    assert play(sent, rules) == refused
    assert (
        play(call, board(statuses={"1001": away(Status.DND)}, assistants=(assistant,))) == refused
    )
    rules = board(statuses={"1001": away(Status.AWAY)}, **disturbing)
    assert play(call, rules) == [Voicemail(DOMAIN, "1001")]


def test_he_does_not_get_through_a_forward_of_every_call_that_do_not_disturb_comes_before():
    call = internal_call("1001", "1002-desk", "1002")
    rules = board(assistant_breaks_dnd=True, statuses={"1001": away(Status.DND)})
    rules = replace(rules, config=Settings(DOMAIN, dnd_over_cfu=True))
    assert rings(call, rules) == HERSELF
    dora = Target.parse("extension:1004")
    every = replace(rules, call_forwards={"1001": {Origin.INTERNAL: CallForward(dora)}})
    assert play(call, every) == [BUSY_TONE]
    off = CallForward(dora, enabled=False)
    for idle in ({Origin.INTERNAL: off}, {Origin.EXTERNAL: CallForward(dora)}):
        assert rings(call, replace(rules, call_forwards={"1001": idle})) == HERSELF


def test_whom_an_assistant_sends_on_reaches_her_and_whom_a_colleague_sends_does_not():
    assert rings(sent_by(OUTSIDE, "1002"), board()) == HERSELF
    assert rings(sent_by(OUTSIDE, "1004"), board()) == POOL


def test_she_herself_is_not_filtered():
    call = internal_call("1001", "1001-other", "1001")
    rows = {"1001": [*board().rows["1001"], replace(board().rows["1001"][0])]}
    caller = replace(call.caller, account="1001-cell")
    assert rings(replace(call, caller=caller), board(rows=rows)) == HERSELF


def test_a_caller_who_always_gets_through_passes_and_one_who_is_refused_reaches_nobody():
    through = (CallerRule(("+4930*",), CallerAction.RING),)
    blocked = (CallerRule(("+4930*",), CallerAction.BLOCK),)
    assert rings(OUTSIDE, replace(board(), lists={"1001": through})) == HERSELF
    assert play(OUTSIDE, replace(board(), lists={"1001": blocked})) == [BUSY_TONE]


def test_a_call_of_a_team_rings_her_as_a_member():
    team = Team(DOMAIN, "2000", members=(Member("1001"),))
    rules = replace(board(), teams=(team,))
    assert rings(trunk_call("2000"), rules) == HERSELF


@pytest.mark.parametrize("status", [Status.AWAY, Status.DND, Status.LUNCH])
def test_assistants_ring_whatever_her_status(status):
    assert rings(OUTSIDE, board(statuses={"1001": away(status)})) == POOL


def test_after_forwarding_her_status_comes_first():
    rules = board(statuses={"1001": away()}, before_forwarding=False)
    assert play(OUTSIDE, rules) == [Voicemail(DOMAIN, "1001")]
    assert rings(OUTSIDE, board(before_forwarding=False)) == POOL


DIVERTS = (Assistant("1002", divert=Target.parse("extension:1004")), Assistant("1003"))


@pytest.mark.parametrize(
    "call", [INSIDE, sent_by(OUTSIDE, "1004")], ids=["he calls", "he sends a caller"]
)
def test_who_takes_the_part_of_an_assistant_reaches_her_as_he_would(call):
    assert rings(call, board(assistants=DIVERTS)) == HERSELF
    assert "1004 takes the part of his assistant 1002" in said(call, board(assistants=DIVERTS))
    out = (replace(DIVERTS[0], opted_in=False), DIVERTS[1])
    assert rings(call, board(assistants=out)) == ["1003"]


FORWARDS = {
    "always": Presence(profiles={Status.AVAILABLE: Profile(forwards={
        (Origin.EXTERNAL, Forward.ALWAYS): Target.parse("extension:1001")})}),
    "away": away(Status.AWAY, "extension:1001"),
    "outside": away(Status.AWAY, "external:+493012345101"),
}  # fmt: skip


@pytest.mark.parametrize("presence", FORWARDS.values(), ids=list(FORWARDS))
def test_a_call_that_an_assistant_forwards_to_her_is_not_filtered(presence):
    rules = board(statuses={"1002": presence})
    assert rings(trunk_call("1002"), rules) == HERSELF
    words = "1002 is his assistant, and forwards the call here"
    assert words in said(trunk_call("1002"), rules)


def test_his_own_forward_of_every_call_and_what_his_phone_sends_on_count_too():
    forward = {Origin.EXTERNAL: CallForward(Target.parse("extension:1001"))}
    rules = replace(board(), call_forwards={"1002": forward})
    assert rings(trunk_call("1002"), rules) == HERSELF
    unanswered = Profile(
        forwards={(Origin.EXTERNAL, Forward.NO_ANSWER): Target.parse("extension:1001")}
    )
    ben = {"1002": Presence(profiles={Status.AVAILABLE: unanswered})}
    assert who(play(trunk_call("1002"), board(statuses=ben), SILENT)[1]) == HERSELF
    phone = FollowMeRow(replace(sip("1002-desk", "1002"), redirect=True))
    rules = board(rows={"1002": [phone]})
    ring = play(trunk_call("1002"), rules)[0]
    sent_on = LegOutcome(ring.legs[0], LegResult.REDIRECTED, redirect="1001")
    call = trunk_call("1002").after(ring, Outcome((sent_on,)))
    assert rings(call, rules) == HERSELF


def test_who_forwarded_it_last_counts_and_no_header_does():
    forward = {Origin.EXTERNAL: CallForward(Target.parse("extension:1004"))}
    onwards = {Origin.EXTERNAL: CallForward(Target.parse("extension:1001"))}
    rules = replace(board(), call_forwards={"1002": forward, "1004": onwards})
    assert rings(trunk_call("1002"), rules) == POOL
    assert rings(replace(OUTSIDE, redirects=1), board()) == POOL


def test_a_forwarded_call_is_filtered_by_its_caller():
    forwards = {(Origin.EXTERNAL, Forward.ALWAYS): Target.parse("extension:1001")}
    dora = Presence(profiles={Status.AVAILABLE: Profile(forwards=forwards)})
    rules = board(statuses={"1004": dora}, filter=Filter.EXTERNAL)
    ring = play(trunk_call("1004"), rules)[0]
    assert who(ring) == POOL
    assert ring.legs[0].diversion.counter == 2


# -- when no assistant answers ------------------------------------------------------------------

ALL_OUT = (Assistant("1002", opted_in=False), Assistant("1003", opted_in=False))


def rolled(action, target=None, statuses=None, people=PEOPLE, result=SILENT, **more):
    target = Target.parse(target) if target else None
    rollover = Rollover(more.pop("after", None), action, target)
    rules = board(rollover=rollover, statuses=statuses, people=people, **more)
    return play(OUTSIDE, rules, result, SILENT)[1]


def test_it_rolls_over_to_her_voicemail_or_480_where_she_has_none():
    assert rolled(RolloverAction.VOICEMAIL) == Voicemail(DOMAIN, "1001")
    people = (replace(PEOPLE[0], voicemail=False), *PEOPLE[1:])
    assert rolled(RolloverAction.VOICEMAIL, people=people) == UNAVAILABLE


def test_it_rolls_over_to_a_busy_tone():
    assert rolled(RolloverAction.BUSY) == BUSY_TONE


def test_it_rolls_over_to_a_colleague_or_a_number_outside():
    assert who(rolled(RolloverAction.TARGET, "extension:1004")) == ["1004"]
    ring = rolled(RolloverAction.TARGET, "external:+493055555")
    assert (ring.callee, ring.legs[0].diversion.reason) == ("+493055555", "no-answer")


def test_an_assistant_as_the_rollover_rings_as_herself_and_comes_round_to_nobody():
    forwards = {(Origin.EXTERNAL, Forward.NO_ANSWER): Target.parse("extension:1001")}
    ben = Presence(profiles={Status.AVAILABLE: Profile(forwards=forwards)})
    rollover = Rollover(None, RolloverAction.TARGET, Target.parse("extension:1002"))
    rules = board(rollover=rollover, statuses={"1002": ben})
    pool, alone, end = play(OUTSIDE, rules, SILENT, SILENT)
    assert (who(pool), who(alone), alone.to_assistants) == (POOL, ["1002"], False)
    assert end == Voicemail(DOMAIN, "1001")


def test_it_rolls_over_to_her_own_no_answer_forward_or_her_mailbox():
    forwards = {(Origin.EXTERNAL, Forward.NO_ANSWER): Target.parse("extension:1004")}
    anna = {"1001": Presence(profiles={Status.AVAILABLE: Profile(forwards=forwards)})}
    assert who(rolled(RolloverAction.NO_ANSWER, statuses=anna)) == ["1004"]
    assert rolled(RolloverAction.NO_ANSWER) == Voicemail(DOMAIN, "1001")


def test_a_status_without_a_no_answer_forward_of_its_own_leaves_the_one_that_is_always_there():
    def profile(target):
        return Profile(forwards={(Origin.EXTERNAL, Forward.NO_ANSWER): Target.parse(target)})

    usual = profile("extension:1004")
    for status in (Status.AWAY, Status.DND, Status.LUNCH):
        anna = {"1001": Presence(status, profiles={Status.AVAILABLE: usual})}
        assert who(rolled(RolloverAction.NO_ANSWER, statuses=anna)) == ["1004"]
    own = {Status.AVAILABLE: usual, Status.AWAY: profile("external:+493055555")}
    anna = {"1001": Presence(Status.AWAY, profiles=own)}
    assert rolled(RolloverAction.NO_ANSWER, statuses=anna).callee == "+493055555"


ALERTED = {
    "alert_executive": AlertExecutive.RING,
    "rows": {"1001": [FollowMeRow(sip("1001-desk")), FollowMeRow(sip("1001-home"))]},
    "rollover": Rollover(20, RolloverAction.EXECUTIVE),
}


def refusing(people=PEOPLE, **results):
    """What comes of a call that she has refused while her assistants rang."""
    live = registered("1001-desk", "1001-home", "1002-desk", "1003-desk")
    ends = {f"1001-{device}": result for device, result in results.items()}
    return play(OUTSIDE, board(people=people, **ALERTED), ends, live=live)[1]


def test_a_phone_of_hers_that_has_refused_the_call_does_not_ring_for_it_again():
    assert [leg.device for leg in refusing(desk=BUSY).legs] == ["1001-home"]
    assert [leg.device for leg in refusing(desk=SILENT).legs] == ["1001-desk", "1001-home"]
    assert refusing(desk=BUSY, home=BUSY) == BUSY_TONE


def test_once_declined_for_all_her_phones_none_of_them_rings():
    assert refusing(desk=LegResult.DECLINED) == BUSY_TONE
    one_by_one = (replace(PEOPLE[0], decline=DeclineScope.DEVICE), *PEOPLE[1:])
    ring = refusing(one_by_one, desk=LegResult.DECLINED)
    assert [leg.device for leg in ring.legs] == ["1001-home"]


@pytest.mark.parametrize("action", [RolloverAction.EXECUTIVE, None])
def test_it_rolls_over_to_her_phones(action):
    ring = rolled(action)
    assert (who(ring), ring.to_assistants) == (HERSELF, False)
    rules = board(rollover=Rollover(None, action))
    assert play(OUTSIDE, rules, SILENT, SILENT)[2] == Voicemail(DOMAIN, "1001")


def test_the_rollover_s_time_counts_from_the_first_ring():
    rollover = Rollover(40, RolloverAction.BUSY)
    rules = board(rollover=rollover, alerting=Alerting.SEQUENTIAL, rings=4)
    busy = {"1002-desk": BUSY, "1003-desk": LegResult.ELSEWHERE}
    first, second, end = play(OUTSIDE, rules, (busy, 25.4), (SILENT, 15.0))
    assert first.length == 40
    assert (who(second), second.length) == (["1003"], 15)
    assert end == BUSY_TONE


def test_a_ring_that_took_all_the_time_is_the_last():
    rules = board(rollover=Rollover(30, RolloverAction.BUSY), alerting=Alerting.SEQUENTIAL)
    assert play(OUTSIDE, rules, ({"1002-desk": SILENT, "1003-desk": SILENT}, 30.2))[1] == BUSY_TONE


@pytest.mark.parametrize(
    ("setting", "expected"),
    [(NoAssistant.ROLLOVER, "voicemail"), (NoAssistant.EXECUTIVE, "herself")],
)
def test_with_nobody_to_ring_it_goes_on_at_once(setting, expected):
    rollover = Rollover(30, RolloverAction.VOICEMAIL)
    action = play(OUTSIDE, board(assistants=ALL_OUT, rollover=rollover, no_assistant=setting))[0]
    assert isinstance(action, Voicemail if expected == "voicemail" else Ring)


def test_where_nobody_may_opt_out_everybody_is_in():
    assert rings(OUTSIDE, board(assistants=ALL_OUT, allow_opt_out=False)) == POOL


def test_a_call_that_has_gone_to_the_assistants_stays_filtered():
    criteria = (Criterion("c", schedule=OFFICE),)
    rollover = Rollover(None, RolloverAction.BUSY)
    rules = board(filter=Filter.CUSTOM, criteria=criteria, rollover=rollover)
    ring = play(OUTSIDE, rules)[0]
    call = OUTSIDE.after(ring, Outcome(tuple(LegOutcome(leg, SILENT) for leg in ring.legs)))
    assert play(call, rules, now=datetime(2026, 3, 2, 20, tzinfo=UTC)) == [BUSY_TONE]
