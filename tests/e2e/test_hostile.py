"""What callers write: nothing of it is run, believed or shown wrongly."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.endpoint import Caller, Registered
from tests.e2e.lines import Lines
from tests.e2e.router import Router
from tests.e2e.sip import wait_until
from tests.e2e.stage import company, person
from tests.e2e.switch import FreeSwitch

RULES = {
    **company(
        u1900=person("1900", "a"),
        u1050=person(
            "1050", "a", "b", internal={"a": (0, 8)}, external={"b": (0, 8)}, number="+493012345050"
        ),
        u1060=person("1060", "a", number="+493012345060"),
        u1061=person("1061", "a"),
    ),
    # She is alerted: her phone shows the caller's own name, her assistant's one with it inside.
    "executives": {
        "1060": {"assistants": [{"user": "1061"}], "alert_executive": "ring", "push_recall": 1}
    },
}
MARK = Path("/tmp") / "eslr-e2e-injected"
RUN = f"${{system(touch {MARK})}}"
NAMES = {
    "forged variable": "Boss%0Avariable_sip_authorized: true%0Avariable_user_name: 1900-a"
    "%0Avariable_domain_name: pbx.test%0ACaller-Context: internal%0AX: 1",
    "forged command": f"Boss%0A%0Aapi system touch {MARK}%0A%0A",
    "forged sendmsg": "x%0A%0Asendmsg%0Acall-command: execute%0Aexecute-app-name: system"
    f"%0Aexecute-app-arg: touch {MARK}%0A%0A",
    "unload": "unload mod_event_socket reload mod_event_socket",
    "expansion": RUN,
    "expansion in a leg": f"x]{RUN}",
    "brackets": "x}{origination_cancel=true}[a=b]<c>",
    "separators": "a,b|c:_:d",
    "quote": "O'Brien",
    "backslash": "a\\\\nb\\\\r",
    "long": "Z" * 300,
    "percent": "100%25 %41 %zz %",
    "array": "ARRAY::a|:b",
}


@pytest.fixture(scope="module")
def router(freeswitch: FreeSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    made = Router(freeswitch, tmp_path_factory.mktemp("hostile"), RULES)
    made.start()
    yield made
    made.kill()


@pytest.fixture(autouse=True)
def nothing_was_run(router: Router) -> Iterator[None]:
    MARK.unlink(missing_ok=True)
    yield
    assert not MARK.exists(), "a caller's text was run as a command"
    assert router.running


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_display_name_forges_nothing_and_runs_nothing(
    name: str, own_phone: Callable[..., Registered], outside: Caller, switch: FreeSwitch
) -> None:
    for_colleagues, for_strangers = own_phone("1050-a"), own_phone("1050-b")
    call = outside.call("+493012345050", display=name)
    ringing = for_strangers.wait_ringing()
    assert not for_colleagues.invited, "the caller passed for a colleague"
    assert ringing.number == "+4930999"
    call.cancel()
    assert call.wait() == 487
    assert "1050-b" in switch.socket.api("show registrations")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_nor_does_it_on_the_phones_of_an_executive_her_assistant_and_when_it_comes_back(
    name: str, own_phone: Callable[..., Registered], outside: Caller, switch: FreeSwitch
) -> None:
    hers = own_phone("1060-a")
    lines = Lines(switch)
    try:
        assistant = lines.register("1061-a")
        call = outside.call("+493012345060", display=name)
        for invite in (hers.wait_ringing().invite, assistant.wait_ringing().invite):
            assert invite.from_user == "+4930999"
            assert not {"x", "x-forged"} & {header for header, _ in invite.headers}
        assert assistant.ringings[0].invite.display.startswith("User 1060 - ")
        lines.answer(assistant.ringings[0])
        assert call.wait() == 200
        time.sleep(1)
        lines.transfer(assistant.ringings[0], "*63")
        recalled = assistant.wait_ringing(8, calls=2).invite
        assert recalled.display.startswith("Recall")
        assert recalled.from_user == "+4930999"
        call.hang_up()
    finally:
        lines.close()
    assert "1060-a" in switch.socket.api("show registrations")


@pytest.mark.parametrize(
    "name", ["Jürgen Müßig", "O'Brien", "Anna, Berta & Co. (Berlin)", "Łódź 東京"]
)
def test_an_honest_display_name_is_shown_as_it_was_sent(
    name: str, own_phone: Callable[..., Registered], outside: Caller, router: Router
) -> None:
    desk = own_phone("1050-b")
    call = outside.call("+493012345050", display=name)
    assert desk.wait_ringing().display == name
    call.cancel()
    call.wait()


@pytest.mark.parametrize(
    "user",
    [
        "1050%0Avariable_sip_authorized:%20true",
        "1050%0A%0Aapi%20status",
        "%24%7Bsystem(touch%20/tmp/eslr-e2e-injected)%7D",
        *("1050,1900", "1050'", "1050%7D", "1050%7C1900", "9" * 300, "%C3%BC", "1050-a"),
    ],
)
def test_a_dialled_text_that_is_no_number_is_not_found(
    user: str, own_phone: Callable[..., Registered], outside: Caller
) -> None:
    desk = own_phone("1050-a")
    call = outside.call("", uri=f"sip:{user}@pbx.test")
    assert call.wait() in (400, 404)
    assert not desk.invited


@pytest.mark.parametrize(
    ("user", "code"),
    [
        ("1900%0Avariable_user_name:%201900-a%0Avariable_sip_authorized:%20true", 400),
        ("1900%0Avariable_user_name%3A%201900-a%0Avariable_sip_authorized%3A%20true", 487),
        ("%24%7Bsystem(touch%20/tmp/eslr-e2e-injected)%7D", 487),
    ],
)
def test_a_number_in_from_forges_nothing(
    user: str, code: int, own_phone: Callable[..., Registered], outside: Caller
) -> None:
    for_colleagues, for_strangers = own_phone("1050-a"), own_phone("1050-b")
    call = outside.call("+493012345050", user=user)
    if code == 487:
        for_strangers.wait_ringing()
        call.cancel()
    assert call.wait() == code
    assert not for_colleagues.invited


def test_headers_of_the_callers_own_forge_nothing(
    own_phone: Callable[..., Registered], outside: Caller
) -> None:
    for_colleagues, for_strangers = own_phone("1050-a"), own_phone("1050-b")
    call = outside.call(
        "+493012345050",
        headers=(
            "X-Name: a%0Avariable_sip_authorized: true%0Avariable_user_name: 1900-a",
            f"X-Run: {RUN}",
            "User-Agent: x%0AContent-Length: 4%0A%0Aabcd",
            "Subject: s%0AContent-Type: text/disconnect-notice",
        ),
    )
    for_strangers.wait_ringing()
    assert not for_colleagues.invited
    call.cancel()
    call.wait()


def test_the_journal_tells_what_the_caller_wrote_in_one_line(
    own_phone: Callable[..., Registered], outside: Caller, router: Router
) -> None:
    desk = own_phone("1050-b")
    call = outside.call("+493012345050", display="Eve%0AAdam")
    desk.wait_ringing()
    call.cancel()
    call.wait()
    wait_until(
        lambda: "Eve" in router.run("calls", "list", "--json"), 10, "the call is in the journal"
    )
    text = json.dumps(json.loads(router.run("calls", "list", "--json")))
    assert "Eve\\nAdam" not in text
