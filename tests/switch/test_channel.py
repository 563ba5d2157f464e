from __future__ import annotations

from esl_router.live.channels import Channels
from esl_router.switch.channel import Channel

LEG = "1c881495-93fe-41e9-83dc-4564dadc4173"


def test_a_leg_of_a_pool_says_so_in_its_events_and_in_the_table() -> None:
    """As FreeSWITCH does with ``presence_data``."""
    made = Channel(LEG, False, "sofia/internal/1002-desk", "1", "", "1002", "internal", 1.0)
    made.variables["presence_data"] = "eslr_pool:1001"
    heard, read = Channels(()), Channels(())
    assert heard.callstate(dict(made.call_state()), 1, 1.0)
    assert read.reconcile([made.row()], 0, 1.0) == 0
    assert [known.channels[LEG].pool for known in (heard, read)] == ["1001", "1001"]
