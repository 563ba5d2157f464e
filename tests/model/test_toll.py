from __future__ import annotations

import pytest

from esl_router.model.people import TollPolicy


@pytest.mark.parametrize(
    ("allow", "deny", "number", "permitted"),
    [
        ((), (), "+1415", True),
        ((), ("+49900",), "+49900123", False),
        ((), ("+49900",), "+4930", True),
        (("+49",), ("+49900",), "+49900123", False),
        (("+49",), ("+49900",), "+4930", True),
        (("+49",), (), "+43", False),
        (("+49900123",), ("+49900",), "+499001234", True),
        (("+49900",), ("+49900",), "+49900123", False),
    ],
)
def test_the_longest_prefix_wins_and_deny_wins_a_tie(allow, deny, number, permitted):
    assert TollPolicy(allow, deny).permits(number) is permitted
