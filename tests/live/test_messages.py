from __future__ import annotations

import pytest

from esl_router.live.messages import Messages

LEFT = {"VM-Action": "leave-message", "VM-UUID": "a", "VM-Message-Len": "12"}


def test_who_asked_hears_of_a_message_until_he_does_not_want_to():
    messages, heard = Messages(), []
    deaf = messages.on_message("a", heard.append)
    assert messages.maintenance(LEFT, 1, 0.0)
    assert messages.maintenance(LEFT | {"VM-UUID": "b"}, 2, 0.0)
    assert messages.maintenance(LEFT | {"VM-Action": "mwi-update"}, 3, 0.0)
    deaf()
    assert messages.maintenance(LEFT, 4, 0.0)
    assert heard == [12]


@pytest.mark.parametrize("length", ["", "x", "-1", "1" * 7, "²"])
def test_a_length_that_is_none(length):
    messages, heard = Messages(), []
    messages.on_message("a", heard.append)
    assert not messages.maintenance(LEFT | {"VM-Message-Len": length}, 1, 0.0)
    assert heard == []
