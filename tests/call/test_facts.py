"""What is believed of a snapshot."""

from __future__ import annotations

import pytest

from esl_router.call import facts
from esl_router.esl.wire import Reader
from tests.call.switchside import snapshot

PEER = "00000000-0000-4000-8000-000000000002"
OTHER = "00000000-0000-4000-8000-000000000003"


def read(**headers):
    reader = Reader()
    reader.feed(snapshot(**headers))
    return facts.read(reader.next_frame(), {"internal"})


def test_a_leg_says_whose_phone_it_was_connected_with():
    mark = f"{PEER}%3A1002-desk%40pbx.test"
    assert read(variable_eslr_sent_by=mark, variable_last_bridge_to=PEER).sent_by == (
        "1002-desk@pbx.test"
    )


def test_the_mark_of_an_earlier_conversation_is_not_believed():
    mark = f"{PEER}%3A1002-desk%40pbx.test"
    assert read(variable_eslr_sent_by=mark, variable_last_bridge_to=OTHER).sent_by is None
    assert read(variable_eslr_sent_by=mark).sent_by is None


@pytest.mark.parametrize(
    "mark",
    [
        "",
        PEER,
        "1002-desk%40pbx.test",
        f"{PEER}%3A1002-desk",
        f"{PEER}%3A%40pbx.test",
        f"{PEER}%3A1002 desk%40pbx.test",
        f"{PEER}%3A1002-desk%40pbx.test%0A",
        "%3A1002-desk%40pbx.test",
    ],
)
def test_a_mark_of_another_form_is_not_believed(mark):
    assert read(variable_eslr_sent_by=mark, variable_last_bridge_to=PEER).sent_by is None


def test_a_header_of_the_caller_s_says_nothing_of_who_sent_him():
    call = read(
        variable_sip_referred_by="%3Csip%3A1001-desk%40pbx.test%3E", variable_last_bridge_to=PEER
    )
    assert call.sent_by is None


@pytest.mark.parametrize(("pool", "believed"), [("1001", "1001"), ("10 01", ""), ("", "")])
def test_the_executive_of_a_pool_is_an_extension(pool, believed):
    mark = {
        "variable_eslr_sent_by": f"{PEER}%3A1002-desk%40pbx.test",
        "variable_eslr_pool": pool,
    }
    assert read(**mark, variable_last_bridge_to=PEER).pool == believed
    # Of an earlier conversation it says nothing either.
    assert read(**mark, variable_last_bridge_to=OTHER).pool == ""
