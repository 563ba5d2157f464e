"""Which sound files users may name."""

from __future__ import annotations

import pytest

from esl_router.errors import NotPermitted
from esl_router.store import call_forward, presence
from esl_router.store.undo import undo
from tests.company import NOW
from tests.store.actors import acting

DOMAIN = "pbx.test"
SECRET = "/etc/passwd"
ALWAYS = ("internal", "external")


def announce(db, extension, sound):
    call_forward.set_forward(db, DOMAIN, "1001", ALWAYS, "extension:1002")
    call_forward.set_key(db, DOMAIN, "1001", ALWAYS, "announce", sound, by=acting(extension))


def target(db, extension, sound):
    presence.set_forward(
        db, DOMAIN, "1001", "away", ALWAYS, "busy", f"announcement:{sound}", by=acting(extension)
    )


def forward(db, extension, sound):
    to = f"announcement:{sound}"
    call_forward.set_forward(db, DOMAIN, "1001", ALWAYS, to, by=acting(extension))


def profile(db, extension, sound):
    presence.set_profile(db, DOMAIN, "1001", "dnd", {"announce": sound}, by=acting(extension))


@pytest.mark.parametrize("name", [announce, target, forward, profile])
def test_a_user_names_sounds_of_the_switch_and_the_administrator_any(company, name):
    with pytest.raises(NotPermitted, match="user 1001 may not name the sound /etc/passwd"):
        name(company, "1001", SECRET)
    name(company, "1001", "ivr/away.wav")
    name(company, None, SECRET)


def test_what_the_administrator_has_named_a_user_may_switch_and_bring_back(company):
    target(company, None, SECRET)
    where = (company, DOMAIN, "1001", "away", ALWAYS, "busy")
    presence.switch_forward(*where, False, by=acting("1001"))
    presence.switch_forward(*where, True, by=acting("1001"))
    presence.set_forward(*where, None, by=acting("1001"))
    entry = company.execute("SELECT max(id) FROM history").fetchone()[0]
    undo(company, DOMAIN, entry, acting("1001"))
    assert SECRET in str(company.execute("SELECT target FROM forwards").fetchall())


def test_a_text_that_looks_like_a_sound_is_none(company):
    presence.set_presence(
        company,
        DOMAIN,
        "1001",
        "away",
        message=f"announcement:{SECRET}",
        now=NOW,
        by=acting("1001"),
    )
