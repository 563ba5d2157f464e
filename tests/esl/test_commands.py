"""The bytes of commands, read back as mod_event_socket reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.errors import Untrusted
from esl_router.esl import commands


def read(data):
    """[(header lines, body)], as the switch splits a stream of commands."""
    found = []
    while data:
        head, _, data = data.partition(b"\n\n")
        lines = head.decode().split("\n")
        body = b""
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name == "content-length":
                body, data = data[: int(value)], data[int(value) :]
        found.append((lines, body))
    return found


def test_plain_commands():
    assert commands.connect() == b"connect\n\n"
    assert commands.exit() == b"exit\n\n"
    assert commands.auth("ClueCon") == b"auth ClueCon\n\n"
    assert commands.api("show channels as json") == b"api show channels as json\n\n"
    assert commands.bgapi("status") == b"bgapi status\n\n"
    assert commands.hangup("USER_BUSY") == (
        b"sendmsg\ncall-command: hangup\nhangup-cause: USER_BUSY\n\n"
    )
    assert commands.event("CHANNEL_CALLSTATE", custom=["sofia::register", "sofia::expire"]) == (
        b"event plain CHANNEL_CALLSTATE CUSTOM sofia::register sofia::expire\n\n"
    )


def test_a_background_job_has_its_own_name():
    job = "7f1de0a2-9a4e-4d3c-8e52-0123456789ab"
    assert commands.bgapi("status", job) == b"bgapi status\nJob-UUID: %b\n\n" % job.encode()
    with pytest.raises(Untrusted):
        commands.bgapi("status", "x\n\napi system id")


def test_the_argument_stands_in_the_body():
    assert commands.execute("bridge", "a\n\nbü") == (
        b"sendmsg\ncall-command: execute\nexecute-app-name: bridge\n"
        b"content-type: text/plain\ncontent-length: 6\n\na\n\nb\xc3\xbc"
    )
    assert commands.execute("answer") == (
        b"sendmsg\ncall-command: execute\nexecute-app-name: answer\n\n"
    )


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_no_argument_reaches_the_header_block(arg):
    data = commands.join(
        commands.execute("bridge", arg), commands.execute("log", arg), commands.connect()
    )
    first, second, last = read(data)
    assert first[1] == second[1] == arg.encode()
    assert last == (["connect"], b"")
    assert first[0][:3] == ["sendmsg", "call-command: execute", "execute-app-name: bridge"]
    assert all(line.startswith("content-") for line in first[0][3:])


def test_an_argument_cannot_unload_the_event_socket():
    """The switch searches a whole header block for these two words, in any case."""
    data = commands.execute("set", "effective_caller_id_name=please UNLOAD mod_event_socket")
    ((lines, body),) = read(data)
    assert "unload" not in "\n".join(lines).lower()
    assert b"UNLOAD mod_event_socket" in body
    for order in (
        "unload mod_event_socket",
        "reload mod_event_socket",
        "x MOD_EVENT_SOCKET reLOAD",
    ):
        with pytest.raises(Untrusted):
            commands.api(order)
        with pytest.raises(Untrusted):
            commands.auth(order)
    assert commands.api("module_exists mod_sofia")


@pytest.mark.parametrize("arg", ["a\0b", "\0"])
def test_a_nul_would_cut_the_argument_off(arg):
    with pytest.raises(Untrusted):
        commands.execute("bridge", arg)


@pytest.mark.parametrize(
    "order",
    [
        lambda text: commands.execute(text),
        lambda text: commands.hangup(text),
        lambda text: commands.event(text),
        lambda text: commands.event("HEARTBEAT", custom=[text]),
        lambda text: commands.export(text, "x"),
        lambda text: commands.set_many({text: "x"}),
        lambda text: commands.api(text),
        lambda text: commands.bgapi(text),
        lambda text: commands.auth(text),
    ],
)
@pytest.mark.parametrize("text", ["", "a\nb", "x\n\napi system id", "é", "a\r", "a\0"])
def test_what_stands_in_a_header_block_is_allow_listed(order, text):
    with pytest.raises(Untrusted):
        order(text)


def test_a_subscription_to_nothing():
    with pytest.raises(Untrusted):
        commands.event()


def test_several_variables_in_one_message():
    ((lines, body),) = read(
        commands.set_many({"continue_on_fail": "true", "eslr_mailbox": "1001@pbx.test", "x": ""})
    )
    assert lines[2] == "execute-app-name: multiset"
    assert body == b"^^;continue_on_fail=true;eslr_mailbox=1001@pbx.test;x="


@pytest.mark.parametrize("value", ["${x}", "$", "a;b=c", "it's", "a b", "a\\nb", "{", "%{x}", "ü"])
def test_only_plain_values_are_set(value):
    with pytest.raises(Untrusted):
        commands.set_many({"x": value})


def test_as_many_variables_as_the_switch_takes():
    assert commands.set_many({f"v{n}": "1" for n in range(256)})
    for values in ({}, {f"v{n}": "1" for n in range(257)}):
        with pytest.raises(Untrusted):
            commands.set_many(values)


def test_an_export_holds_any_one_line():
    ((_, body),) = read(commands.export("sip_h_X-Name", "Jörg, 'der' {Boss}|$"))
    assert body.decode() == "nolocal:sip_h_X-Name=Jörg, 'der' {Boss}|$"


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "${system(id)}", "ARRAY::a|:b", "\u2028"])
def test_what_is_not_exported(value):
    with pytest.raises(Untrusted):
        commands.export("x", value)


def test_an_event_that_is_raised_on_the_switch():
    order = commands.send_event("PRESENCE_IN", {"proto": "code", "from": "lamp@pbx.test"})
    assert order == b"sendevent PRESENCE_IN\nproto: code\nfrom: lamp@pbx.test\n\n"


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("presence in", {}), ("PRESENCE_IN\nx", {}), ("PRESENCE_IN", {"a b": "c"}),
        ("PRESENCE_IN", {"a": "b\nc: d"}), ("PRESENCE_IN", {"a": ""}), ("PRESENCE_IN", {"a": "ü"}),
        ("PRESENCE_IN", {"a": "Unload Mod_Event_Socket"}), ("PRESENCE_IN", {"a:": "b"}),
    ],
)  # fmt: skip
def test_what_stands_in_no_header_of_an_event(name, headers):
    with pytest.raises(Untrusted):
        commands.send_event(name, headers)


DIAL = "{originate_timeout=33}[^^~eslr_device=1001-desk]sofia/internal/sip:a@127.0.0.1:5070"


def test_a_phone_is_called_and_then_sent_on():
    order = commands.originate(DIAL, "030765", "internal", name="Müller & Co.", number="030765")
    line = f"api originate {DIAL} 030765 XML internal 'Müller & Co.' 030765"
    assert order == f"{line}\n\n".encode()


def test_a_name_is_nothing_but_a_name():
    name = "a' b\"c\\d\n\napi x ${e} {f} [g],h|i:_:j\u202e unload mod_event_socket"
    order = commands.originate(DIAL, "1", "internal", name=name, number="1").decode()
    assert order.endswith(" 'a b c d api x e f g h i j unload mod event socket' 1\n\n")
    assert order.count("\n") == 2
    assert commands.originate(DIAL, "1", "internal", name="'", number="1").endswith(b" '1' 1\n\n")


@pytest.mark.parametrize(
    ("dial", "number", "context"),
    [
        ("a b", "1", "internal"),
        ("a'b", "1", "internal"),
        ("a\\b", "1", "internal"),
        ("a\nb", "1", "internal"),
        (DIAL, "&system(x)", "internal"),
        (DIAL, "", "internal"),
        (DIAL, "1 2", "internal"),
        (DIAL, "1", "in ternal"),
        (f"{DIAL};unload+mod_event_socket", "1", "internal"),
    ],
)
def test_what_would_be_another_order_is_refused(dial, number, context):
    with pytest.raises(Untrusted):
        commands.originate(dial, number, context, name="A", number="1")


def test_a_callers_name_is_an_argument_in_the_body():
    order = commands.set_caller_name("Müller\u2236 x")
    [(lines, body)] = read(order)
    assert "execute-app-name: set_profile_var" in lines
    assert body.decode() == "caller_id_name=Müller\u2236 x"
    for name in ("${x}", "a\nb"):
        with pytest.raises(Untrusted):
            commands.set_caller_name(name)
