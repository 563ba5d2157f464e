from __future__ import annotations

import pytest

from esl_router.errors import RouterError
from esl_router.settings import Address


@pytest.mark.parametrize(
    ("text", "host", "port", "shown"),
    [
        ("127.0.0.1:8040", "127.0.0.1", 8040, "127.0.0.1:8040"),
        ("switch.example", "switch.example", 8021, "switch.example:8021"),
        ("[::1]:8040", "::1", 8040, "[::1]:8040"),
        ("::1", "::1", 8021, "[::1]:8021"),
    ],
)
def test_addresses(text, host, port, shown):
    address = Address.parse(text, 8021)
    assert (address.host, address.port, str(address)) == (host, port, shown)


@pytest.mark.parametrize("text", ["", ":8040", "host:", "host:port", "host:70000", "host:-1"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(RouterError, match="no address"):
        Address.parse(text)
