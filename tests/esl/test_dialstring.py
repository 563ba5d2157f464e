"""Dial strings, read back by a model of FreeSWITCH's own parser."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.errors import Untrusted
from esl_router.esl import untrusted
from esl_router.esl.dialstring import MAX_CONNECTED, MAX_LEGS, build
from esl_router.model.actions import Connected, Diversion, Leg, Outside, Registered, Ring
from esl_router.model.people import DeclineScope
from esl_router.model.trail import Trail

# -- a model of how FreeSWITCH reads a dial string ----------------------------------------------

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "s": " "}
QUOTED_COMMA, COMMA = "\x01", "\x02"


def cleaned(text, delimiter):
    """Quotes and outer spaces off, escapes replaced."""
    text = text.lstrip(" ")
    out, end, quoted, i = [], 0, False, 0
    while i < len(text):
        char, after = text[i], text[i + 1 : i + 2]
        if char == "\\" and after and (after in "'\"\\" or after == delimiter or after in ESCAPES):
            out.append(ESCAPES.get(after, after))
            end, i = len(out), i + 2
            continue
        if char == "'" and (quoted or "'" in text[i + 1 :]):
            quoted = not quoted
            if quoted:
                end = len(out)
        else:
            out.append(char)
            if char != " " or quoted:
                end = len(out)
        i += 1
    return "".join(out[:end])


def separated(text, delimiter, most=1024):
    parts, start, quoted, i = [], 0, False, 0
    while i < len(text) and len(parts) < most - 1:
        char = text[i]
        if char == "\\":
            i += 1
        elif char == "'" and (quoted or "'" in text[i + 1 :]):
            quoted = not quoted
        elif char == delimiter and not quoted:
            parts.append(text[start:i])
            start = i + 1
        i += 1
    if start < len(text):
        parts.append(text[start:])
    return [cleaned(part, delimiter) for part in parts]


def closing(text, opening, close):
    depth = 0
    for i, char in enumerate(text):
        if char == opening:
            depth += 1
        elif char == close:
            depth -= 1
            if not depth:
                return i
    raise AssertionError(f"no {close} in {text!r}")


def variables(text, separator):
    if text.startswith("^^"):
        separator, text = text[2], text[3:]
    found = {}
    for part in separated(text, separator):
        pair = separated(part, "=", most=2)
        if len(pair) == 2:
            assert not pair[1].startswith("ARRAY::")
            assert "[" not in pair[0]
            found[pair[0]] = pair[1]
    return found


def parsed(text):
    """(shared variables, [(leg's variables, endpoint, destination)])."""
    assert ":_:" not in text
    assert "origination_nested_vars=true" not in text.lower()
    assert "\0" not in text
    text = text.lstrip(" ")
    assert not text.startswith("<")
    shared = {}
    while text.startswith("{"):
        end = closing(text, "{", "}")
        shared |= variables(text[1:end], ",")
        text = text[end + 1 :]
    groups = separated(text.lstrip(" "), "|")
    assert len(groups) == 1
    chars, end, alternative, quoted = list(groups[0]), None, False, False
    for i, char in enumerate(chars):
        if end is None and char == "[":
            end = i + closing(groups[0][i:], "[", "]")
            alternative, quoted = groups[0][i + 1 : i + 3] == "^^", False
        if char == "'":
            quoted = not quoted
        if end is not None and i < end and char == "," and chars[i - 1] != "\\":
            chars[i] = QUOTED_COMMA if quoted or alternative else COMMA
        if i == end:
            end = None
    legs = []
    for leg in separated("".join(chars), ","):
        local = {}
        while leg.startswith("["):
            end = closing(leg, "[", "]")
            local |= variables(leg[1:end].replace(QUOTED_COMMA, ","), COMMA)
            leg = leg[end + 1 :]
        endpoint, _, destination = leg.lstrip(" ").partition("/")
        legs.append((local, endpoint, destination))
    return shared, legs


def test_the_model_is_fooled_as_the_switch_is():
    """The model finds what an unguarded builder would let through."""
    # The first pass takes the quotes off, so they do not protect a comma in the last.
    assert parsed("{a=b}[x=1,y='p,q']sofia/i/1,[^^~x=1,2~y=3]sofia/i/2") == (
        {"a": "b"},
        [
            ({"x": "1", "y": "p"}, "sofia", "i/1"),
            ({"x": "1,2", "y": "3"}, "sofia", "i/2"),
        ],
    )
    _, legs = parsed("[name=a],system/x[]sofia/i/1")
    assert len(legs) == 2
    _, ((local, *_),) = parsed(r"[sip_h_X=a\nEvil: 1]sofia/i/1")
    assert local == {"sip_h_X": "a\nEvil: 1"}


# -- tests --------------------------------------------------------------------------------------

DESK = Registered("1001-desk", "pbx.test", ("sofia/internal/sip:1001-desk@127.0.0.1:5070",))
SOFT = Registered("1001-soft", "pbx.test")
MOBILE = Outside("+491711234567", "sofia/gateway/trunk/{number}", "+493012345101")
AWAY = Diversion("+493012345101", "follow-me", 1)


def uuids():
    return map("00000000-0000-4000-8000-{:012x}".format, itertools.count(1)).__next__


def ring(*legs, **changes):
    return Ring("pbx.test", "1001", legs, **changes)


def dial(*legs, **changes):
    return build(ring(*legs, **changes), uuids())


def read(built):
    return parsed(built.text)


def uuid(n):
    return f"00000000-0000-4000-8000-{n:012x}"


def test_a_desk_phone_and_a_delayed_one():
    built = dial(Leg("1001-desk", DESK, ring=20), Leg("1001-soft", SOFT, delay=5, ring=25))
    assert read(built) == (
        {
            "originate_timeout": "33",
            "ignore_early_media": "true",
            "outbound_redirect_fatal": "true",
            "fail_on_single_reject": "CALL_REJECTED",
        },
        [
            (
                {
                    "origination_uuid": uuid(1),
                    "leg_timeout": "20",
                    "presence_id": "1001-desk@pbx.test",
                    "eslr_device": "1001-desk",
                    "eslr_domain": "pbx.test",
                },
                "sofia",
                "internal/sip:1001-desk@127.0.0.1:5070",
            ),
            (
                {
                    "origination_uuid": uuid(2),
                    "leg_timeout": "25",
                    "leg_delay_start": "5",
                    "presence_id": "1001-soft@pbx.test",
                    "eslr_device": "1001-soft",
                    "eslr_domain": "pbx.test",
                },
                "sofia",
                "internal/1001-soft%pbx.test",
            ),
        ],
    )
    assert built.legs == {uuid(1): 0, uuid(2): 1}


def test_a_splash_gets_the_shortest_of_timers():
    _, ((local, *_),) = read(dial(Leg("1001-desk", DESK, ring=20, splash=True)))
    assert local["leg_timeout"] == "1"


CALLER = "c0ffee00-0000-4000-8000-000000000001"
IDENTITY = {
    "origination_caller_id_number",
    "origination_caller_id_name",
    "origination_privacy",
    "sip_h_Privacy",
    "sip_cid_type",
    "sip_from_display",
    "ignore_display_updates",
    "api_on_originate",
}


def identity(local):
    """What a leg says of the caller."""
    return {name: value for name, value in local.items() if name in IDENTITY}


def test_a_way_to_ring_is_said_to_that_phone_alone():
    _, legs = read(
        dial(Leg("d", DESK, alert_info="<http://localhost>;info=silent"), Leg("s", SOFT))
    )
    assert [local.get("alert_info") for local, *_ in legs] == [
        "<http://localhost>;info=silent",
        None,
    ]


@pytest.mark.parametrize("header", ["a b", "x]", "<a>\r\nVia: b", "a~b", "${a}", "'a'"])
def test_a_way_to_ring_that_would_break_out(header):
    with pytest.raises(Untrusted):
        dial(Leg("d", DESK, alert_info=header))


@pytest.mark.parametrize("number", ["Boss", "a]", "+49x", "1,2"])
def test_a_number_to_show_that_is_none(number):
    with pytest.raises(Untrusted):
        dial(Leg("d", DESK, caller_number=number))


@pytest.mark.parametrize("named", [True, False])
def test_a_number_outside_shows_the_ring_s_name_where_it_may(named):
    target = replace(MOBILE, named=named)
    _, ((local, *_),) = read(dial(Leg("m", target), caller_name="Boss"))
    assert ("origination_caller_id_name" in local) is not named
    assert local["origination_caller_id_number"] == MOBILE.caller_number


def test_a_name_that_all_phones_show_stands_in_no_dial_string():
    built = dial(
        Leg("m", MOBILE), Leg("s", SOFT, caller_number="1009"), Leg("d", DESK), caller_name="Boss"
    )
    assert built.exports == "origination_caller_id_name"
    assert "Boss" not in built.text
    shared, legs = read(built)
    assert "local_var_clobber" not in shared
    # What one leg says of the caller must not reach another.
    assert [identity(local) for local, *_ in legs] == [
        {},
        {"origination_caller_id_number": "1009"},
        {
            "origination_caller_id_number": "+493012345101",
            "origination_caller_id_name": "+493012345101",
        },
    ]
    assert list(built.legs.values()) == [2, 1, 0]


def test_a_name_that_some_phones_do_not_show():
    legs = (Leg("m", MOBILE), Leg("s", SOFT), Leg("d", DESK, original_name=True))
    built = dial(*legs, caller_name="Boss")
    assert built.exports == "sip_from_display"
    shared, found = read(built)
    assert shared["local_var_clobber"] == "true"
    of = dict(zip(built.legs.values(), (identity(local) for local, *_ in found), strict=True))
    assert of[1] == {"sip_cid_type": "none", "ignore_display_updates": "true"}
    assert of[0]["sip_from_display"] == "+493012345101"
    name = next(name for name, index in built.legs.items() if index == 2)
    assert of[2] == {"api_on_originate": f"uuid_setvar {name} sip_from_display"}


def test_without_a_name_nothing_is_exported():
    assert dial(Leg("d", DESK, original_name=True)).exports == ""
    assert dial(Leg("d", DESK), caller_name="\u200b").exports == ""


ANONYMOUS = {
    "origination_caller_id_number": "anonymous",
    "origination_caller_id_name": "Anonymous",
    "origination_privacy": "hide_name:hide_number",
    "sip_h_Privacy": "id",
    "sip_cid_type": "none",
}


def test_a_caller_who_withholds_his_number_is_nobody_inside_too():
    legs = (Leg("d", DESK), Leg("s", SOFT, caller_number="1009", original_name=True))
    _, found = read(build(ring(*legs), uuids(), withheld=True))
    assert [identity(local) for local, *_ in found] == [
        ANONYMOUS,
        {**ANONYMOUS, "origination_caller_id_number": "1009"},
    ]
    built = build(ring(*legs, caller_name="Boss"), uuids(), withheld=True)
    assert built.exports == "origination_caller_id_name"
    own, hidden = (identity(local) for local, *_ in read(built)[1])
    assert "origination_caller_id_name" not in own
    assert hidden["origination_caller_id_name"] == "Anonymous"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Anna", "Anna"),
        ("Jörg Groß", "J%C3%B6rg%20Gro%C3%9F"),
        ("100~[a],b", "100%7E%5Ba%5D%2Cb"),
        ("${x} 'a' \r\nVia: b", "%25%7Bx%7D%20%27a%27%20Via%E2%88%B6%20b"),
        ("\U00020000" * 80, "%F0%A0%80%80" * MAX_CONNECTED),
    ],
    ids=["plain", "umlauts", "separators", "hostile", "long"],
)
def test_whom_the_caller_sees_when_a_leg_answers(name, written):
    who = Connected(name, "+493012345101")
    _, ((local, *_), (other, *_), (mobile, *_)) = read(
        dial(Leg("d", DESK, connected=who), Leg("m", MOBILE, connected=who), Leg("s", SOFT))
    )
    for each in (local, mobile):
        assert each["origination_callee_id_name"] == written
        assert each["origination_callee_id_number"] == "+493012345101"
        assert each["sip_ignore_remote_cid"] == "true"
    assert not {"origination_callee_id_name", "sip_ignore_remote_cid"} & set(other)


def test_a_connected_number_that_is_none():
    with pytest.raises(Untrusted):
        dial(Leg("d", DESK, connected=Connected("Anna", "1001@evil")))


def test_whoever_is_nobody_is_so_in_the_language_of_the_company_but_not_outside():
    legs = (Leg("d", DESK), Leg("m", Outside(MOBILE.number, MOBILE.trunk, None)))
    _, found = read(build(ring(*legs, anonymous="Anonym"), uuids(), withheld=True))
    assert [identity(local)["origination_caller_id_name"] for local, *_ in found] == [
        "Anonym",
        "Anonymous",
    ]


def test_the_caller_s_leg_is_told_whose_phone_answers():
    legs = (Leg("d", DESK), Leg("s", SOFT, confirm=True), Leg("m", MOBILE))
    _, found = read(build(ring(*legs), uuids(), caller=CALLER))
    assert [local.get("api_on_answer") for local, *_ in found] == [
        f"uuid_setvar {CALLER} eslr_sent_by {uuid(1)}:1001-desk@pbx.test",
        None,
        None,
    ]
    _, ((local, *_),) = read(dial(Leg("d", DESK)))
    assert "api_on_answer" not in local


def test_each_leg_is_told_who_may_send_it_on_and_for_whom_it_rings():
    legs = (Leg("d", DESK), Leg("m", MOBILE))
    call = ring(*legs, caller_device="1002-desk@pbx.test", pool="1001")
    _, found = read(build(call, uuids(), caller=CALLER))
    for local, *_ in found:
        assert local["eslr_sent_by"] == f"{CALLER}:1002-desk@pbx.test"
        assert (local["eslr_pool"], local["presence_data"]) == ("1001", "eslr_pool:1001")
    _, found = read(build(call, uuids()))
    assert not any("eslr_sent_by" in local for local, *_ in found)


@pytest.mark.parametrize("device", ["1002-desk", "a b@pbx.test", "x@y z", "@pbx.test", "a@b@c"])
def test_a_caller_s_device_that_is_none(device):
    with pytest.raises(Untrusted):
        build(ring(Leg("d", DESK), caller_device=device), uuids(), caller=CALLER)


def test_every_registration_of_a_device_rings():
    contacts = tuple(f"sofia/internal/sip:1001-desk@127.0.0.1:{port}" for port in (5070, 5071))
    built = dial(Leg("s", SOFT), Leg("d", Registered("1001-desk", "pbx.test", contacts), delay=3))
    _, legs = read(built)
    assert [destination for *_, destination in legs[1:]] == [
        "internal/sip:1001-desk@127.0.0.1:5070",
        "internal/sip:1001-desk@127.0.0.1:5071",
    ]
    assert [local.get("leg_delay_start") for local, *_ in legs] == [None, "3", "3"]
    assert list(built.legs.values()) == [0, 1, 1]


def test_unfit_contacts_are_looked_up_once():
    contacts = (
        "sofia/internal/sip:1001@127.0.0.1",
        "sofia/internal/sip:x@127.0.0.1,error/y",
        "sofia/internal/sip:x@127.0.0.1]",
        "sofia/internal/sip:1001@127.0.0.1",
    )
    _, legs = read(dial(Leg("d", Registered("1001-desk", "pbx.test", contacts))))
    assert [destination for *_, destination in legs] == [
        "internal/sip:1001@127.0.0.1",
        "internal/1001-desk%pbx.test",
    ]


def test_a_trunk_leg():
    _, ((local, endpoint, destination),) = read(
        dial(Leg("1001-mobile", MOBILE, ring=25, diversion=AWAY))
    )
    assert (endpoint, destination) == ("sofia", "gateway/trunk/+491711234567")
    assert local == {
        "origination_uuid": uuid(1),
        "leg_timeout": "25",
        "presence_id": "1001-mobile@pbx.test",
        "origination_caller_id_number": "+493012345101",
        "origination_caller_id_name": "+493012345101",
        "sip_h_Diversion": ("<sip:+493012345101@pbx.test>;reason=follow-me;privacy=off;counter=1"),
        "sip_h_History-Info": (
            "<sip:+493012345101@pbx.test>;index=1,"
            "<sip:+491711234567@pbx.test;cause=404>;index=1.1;mp=1"
        ),
    }


def test_a_withheld_number_stays_withheld():
    target = Outside("+491711234567", MOBILE.trunk, None)
    by = Diversion("1001@pbx.test", "no-answer", 3)
    _, ((local, *_),) = read(dial(Leg("m", target, diversion=by)))
    assert local["origination_caller_id_number"] == "anonymous"
    assert local["origination_caller_id_name"] == "Anonymous"
    assert local["origination_privacy"] == "hide_name:hide_number"
    assert local["sip_h_Privacy"] == "id"
    assert local["sip_h_Diversion"] == (
        "<sip:1001@pbx.test>;reason=no-answer;privacy=full;counter=3"
    )


def test_a_leg_without_a_number_tells_with_which_code_it_is_refused():
    hidden, shown, phone = (
        Leg("m", Outside("+491711234567", MOBILE.trunk, None)),
        Leg(MOBILE.number, MOBILE),
        Leg("d", DESK),
    )
    for leg, verbose in ((hidden, "verbose_events"), (shown, None), (phone, None)):
        _, ((local, *_),) = read(dial(leg))
        assert local.get("execute_on_originate") == verbose


def test_what_leaves_carries_its_trail_and_nothing_else_does():
    def headers(**how):
        legs = (Leg("m", replace(MOBILE, trail=trail)), Leg("n", MOBILE), Leg("d", DESK))
        _, found = read(build(ring(*legs), uuids(), **how))
        return sorted(local.get("sip_h_X-ESLR-Trace", "") for local, *_ in found)

    trail = Trail(("1001@pbx.test",), 1)
    assert headers(seal=lambda found: f"sealed-{found.hops}")[-1] == "sealed-1"
    assert len(set(headers(seal=lambda found: "sealed"))) == 2
    assert not any(headers())
    with pytest.raises(Untrusted):
        headers(seal=lambda found: "a]b")


def test_a_number_for_the_carrier_alone_is_its_asserted_identity():
    target = Outside("+491711234567", MOBILE.trunk, "+493012345101", private=True)
    by = Diversion("1001@pbx.test", "no-answer", 3)
    _, ((local, *_),) = read(dial(Leg("m", target, diversion=by)))
    assert local["sip_h_P-Asserted-Identity"] == "<sip:+493012345101@pbx.test>"
    assert local["sip_cid_type"] == "none"
    assert local["origination_caller_id_number"] == "anonymous"
    assert local["origination_caller_id_name"] == "Anonymous"
    assert local["origination_privacy"] == "hide_name:hide_number"
    assert local["sip_h_Privacy"] == "id"
    assert ";privacy=full;" in local["sip_h_Diversion"]
    assert "execute_on_originate" not in local
    with pytest.raises(Untrusted):
        dial(Leg("m", replace(target, caller_number="+49>;x")))


def test_a_number_that_is_no_device_belongs_to_nobody_s_calls():
    _, ((local, *_),) = read(dial(Leg(MOBILE.number, MOBILE)))
    assert "presence_id" not in local


def test_a_phone_inside_is_told_who_diverted_the_call():
    _, ((local, *_),) = read(dial(Leg("d", DESK, diversion=Diversion("1001", "user-busy", 2))))
    assert local["sip_h_Diversion"] == "<sip:1001@pbx.test>;reason=user-busy;privacy=off;counter=2"


@pytest.mark.parametrize("reason", ["", "user busy", "x\r\nVia: y", "a;b"])
def test_a_reason_that_could_write_headers_is_refused(reason):
    with pytest.raises(Untrusted):
        dial(Leg("d", DESK, diversion=Diversion("+493012345101", reason)))


def test_confirmation_survives_the_commas_of_its_prompt():
    built = dial(Leg("d", DESK, ring=20), Leg("m", MOBILE, delay=5, ring=20, confirm=True))
    shared, legs = read(built)
    assert shared["originate_timeout"] == str(25 + 3 + 10)
    assert "group_confirm_key" not in legs[0][0]
    assert legs[1][0]["group_confirm_key"] == "1"
    assert legs[1][0]["group_confirm_timeout"] == "10"
    assert legs[1][0]["group_confirm_file"] == "tone_stream://%(200,100,587);%(200,1500,880)"


@pytest.mark.parametrize(
    ("scope", "causes"),
    [
        (DeclineScope.AUTO, "CALL_REJECTED"),
        (DeclineScope.USER, "CALL_REJECTED:USER_BUSY"),
        (DeclineScope.DEVICE, None),
    ],
)
def test_who_declines_for_whom(scope, causes):
    desk, soft, mobile = Leg("d", DESK), Leg("s", SOFT), Leg("m", MOBILE)
    built = dial(desk, soft, decline=scope)
    assert read(built)[0].get("fail_on_single_reject") == causes
    assert built.rejects == tuple(causes.split(":") if causes else ())
    assert built.enforced
    # Nothing is left to cancel.
    assert "fail_on_single_reject" not in read(dial(desk, decline=scope))[0]
    assert dial(desk, decline=scope).rejects == ()
    # A trunk's 403 looks like a decline: the switch is not told.
    built = dial(desk, mobile, decline=scope)
    assert "fail_on_single_reject" not in read(built)[0]
    assert built.rejects == tuple(causes.split(":") if causes else ())
    assert not built.enforced


def test_early_media_only_for_one_leg_that_needs_no_confirmation():
    def ignored(*legs):
        return "ignore_early_media" in read(dial(*legs, early_media=True))[0]

    assert not ignored(Leg("m", MOBILE))
    assert ignored(Leg("m", MOBILE, confirm=True))
    assert ignored(Leg("m", MOBILE), Leg("d", DESK))


def test_at_most_128_legs_and_every_device_before_any_second_registration():
    contacts = tuple(f"sofia/internal/sip:a@127.0.0.1:{6000 + port}" for port in range(200))
    legs = [Leg("a", Registered("a", "pbx.test", contacts))]
    legs += [Leg(f"d{n}", Registered(f"d{n}", "pbx.test")) for n in range(20)]
    built = dial(*legs)
    assert len(read(built)[1]) == MAX_LEGS
    assert sorted(set(built.legs.values())) == list(range(21))
    assert list(built.legs.values()) == sorted(built.legs.values())


def test_a_ring_without_a_leg():
    with pytest.raises(Untrusted, match="without a leg"):
        dial()


@pytest.mark.parametrize("name", ["nothing", "x" * 36, "uuid]"])
def test_a_uuid_that_is_none(name):
    with pytest.raises(Untrusted):
        build(ring(Leg("d", DESK)), lambda: name)


def test_one_uuid_for_two_legs():
    with pytest.raises(Untrusted, match="two legs"):
        build(ring(Leg("d", DESK), Leg("s", SOFT)), lambda: uuid(1))


@pytest.mark.parametrize(
    "trunk",
    [
        "sofia/gateway/trunk",
        "{number}",
        "sofia/gateway/{number}/{number}",
        "[x=1]sofia/gateway/t/{number}",
        "sofia/gateway/t/{number},error/x",
        "sofia/gateway/t/{number}|error/x",
        "sofia/gateway/:_:/{number}",
        "sofia/gateway/${x}/{number}",
    ],
)
def test_a_trunk_that_is_none(trunk):
    with pytest.raises(Untrusted, match="not a trunk"):
        dial(Leg("m", Outside("+491711234567", trunk)))


@pytest.mark.parametrize("prompt", ["x]", "a b", "it's", "${x}", "a~b", ""])
def test_a_prompt_that_would_break_out(prompt):
    with pytest.raises(Untrusted):
        build(ring(Leg("m", MOBILE, confirm=True)), uuids(), confirm_prompt=prompt)


NASTY = st.text(alphabet=",|'\"{}[]<>^$\\ ~;:=%_/@\n\r\t\0\x01\x02aA1+.-ü", max_size=12)


def mixed(*good):
    """A good value, a bad one, and a good one with something in it."""
    fine = st.sampled_from(good)
    return st.one_of(
        fine,
        fine,
        NASTY,
        st.builds(lambda a, b, n: a[:n] + b + a[n:], fine, NASTY, st.integers(0, 40)),
    )


REGISTERED = st.builds(
    Registered,
    mixed("1001-desk", "a"),
    mixed("pbx.test", "127.0.0.1"),
    st.lists(
        mixed(
            "sofia/internal/sip:1001-desk@127.0.0.1:5070;fs_path=sip%3Ax",
            "sofia/internal/sip:1@[::1]:5070;transport=tcp",
        ),
        max_size=3,
    ).map(tuple),
)
OUTSIDE = st.builds(
    Outside,
    mixed("+491711234567", "112"),
    mixed("sofia/gateway/trunk/{number}", "sofia/external/{number}@127.0.0.1:5090"),
    st.none() | mixed("+493012345101", "1001"),
)
DIVERSION = st.builds(
    Diversion,
    mixed("+493012345101", "1001@pbx.test"),
    mixed("follow-me", "no-answer"),
    st.integers(0, 9),
)
LEGS = st.lists(
    st.builds(
        Leg,
        st.sampled_from(["device", "+491711234567"]),
        st.one_of(REGISTERED, OUTSIDE),
        st.integers(-1, 60),
        st.integers(-1, 60),
        st.booleans(),
        st.none() | DIVERSION,
        st.booleans(),
    ),
    max_size=4,
)


def targets(leg):
    """Where the switch would dial for this leg: what may stand there, unchanged."""
    target = leg.target
    if isinstance(target, Outside):
        return {target.trunk.replace("{number}", target.number)}
    return {f"sofia/internal/{target.account}%{target.domain}", *target.contacts}


@given(
    st.builds(
        Leg,
        st.just("device"),
        st.one_of(REGISTERED, OUTSIDE),
        alert_info=mixed("", "<http://localhost>;info=silent"),
        caller_number=mixed("", "+493012345101"),
        original_name=st.booleans(),
    ),
    mixed("", "1001"),
    mixed("", "1002-desk@pbx.test"),
    mixed("", "Boss - Anna"),
    mixed(CALLER),
    st.booleans(),
)
def test_whatever_is_said_of_a_leg_it_reads_back_or_is_refused(
    leg, pool, device, name, caller, withheld
):
    call = ring(leg, pool=pool, caller_device=device, caller_name=name)
    try:
        built = build(call, uuids(), caller=caller, withheld=withheld)
    except Untrusted:
        return
    shared, found = parsed(built.text)
    assert shared.pop("outbound_redirect_fatal") == "true"
    assert set(shared) <= {"originate_timeout", "ignore_early_media", "fail_on_single_reject"} | {
        "local_var_clobber"
    }
    for (local, endpoint, destination), own in zip(found, built.legs, strict=True):
        assert f"{endpoint}/{destination}" in targets(leg)
        assert local.get("alert_info", "") == leg.alert_info
        assert local.get("eslr_pool", "") == pool
        assert local.get("presence_data", "") == (f"eslr_pool:{pool}" if pool else "")
        assert local.get("eslr_sent_by", f"{caller}:") == f"{caller}:{device}"
        order = local.get("api_on_originate", f"uuid_setvar {own} sip_from_display")
        assert order == f"uuid_setvar {own} sip_from_display"
        number = local.get("origination_caller_id_number", "")
        if isinstance(leg.target, Registered):
            whose = f"{own}:{leg.target.account}@{leg.target.domain}"
            assert local["api_on_answer"] == f"uuid_setvar {caller} eslr_sent_by {whose}"
            hidden = "anonymous" if withheld else ""
            assert number == (untrusted.number(leg.caller_number) or hidden)
        known = {"presence_data"}
        known |= {"alert_info", "eslr_pool", "eslr_sent_by", "api_on_originate", "api_on_answer"}
        known |= {"origination_uuid", "leg_timeout", "presence_id", "eslr_device", "eslr_domain"}
        known |= {"execute_on_originate"} if isinstance(leg.target, Outside) else set()
        assert set(local) <= known | IDENTITY


@given(
    LEGS, st.sampled_from(DeclineScope), st.booleans(), mixed("tone_stream://%(1,2,3)", "/a.wav")
)
def test_whatever_is_written_it_reads_back_or_is_refused(legs, decline, early, prompt):
    call = ring(*legs, decline=decline, early_media=early)
    try:
        built = build(call, uuids(), confirm_prompt=prompt)
    except Untrusted:
        return
    shared, found = parsed(built.text)
    assert shared.pop("outbound_redirect_fatal") == "true"
    assert set(shared) <= {"originate_timeout", "ignore_early_media", "fail_on_single_reject"}
    assert len(found) == len(built.legs)
    assert set(built.legs.values()) == set(range(len(legs)))
    for (local, endpoint, destination), (name, index) in zip(
        found, built.legs.items(), strict=True
    ):
        leg = legs[index]
        assert f"{endpoint}/{destination}" in targets(leg)
        wanted = {"origination_uuid": name, "leg_timeout": str(max(1, leg.ring))}
        if leg.delay > 0:
            wanted["leg_delay_start"] = str(leg.delay)
        outside = isinstance(leg.target, Outside)
        if leg.redirect or (outside and leg.target.caller_number is None):
            wanted["execute_on_originate"] = "verbose_events"
        if leg.confirm:
            wanted["group_confirm_key"] = "1"
            wanted["group_confirm_timeout"] = "10"
            wanted["group_confirm_file"] = prompt
        if isinstance(leg.target, Registered):
            wanted["eslr_device"] = leg.target.account
            wanted["eslr_domain"] = leg.target.domain
            wanted["presence_id"] = f"{leg.target.account}@{leg.target.domain}"
        elif leg.device != leg.target.number:
            wanted["presence_id"] = f"{leg.device}@pbx.test"
        elif leg.diversion is not None:
            wanted["presence_id"] = f"{leg.target.number}@pbx.test"
        ours = {n: v for n, v in local.items() if not n.startswith(("origination_c", "sip_h_"))}
        ours.pop("origination_privacy", None)
        assert ours == wanted
        assert {n for n in local if n.startswith("sip_h_")} <= {
            "sip_h_Privacy",
            "sip_h_Diversion",
            "sip_h_History-Info",
        }
        diversion = local.get("sip_h_Diversion", "")
        assert diversion.isprintable()
        if isinstance(leg.target, Outside):
            assert (leg.target.caller_number is None) == ("origination_privacy" in local)
        assert bool(diversion) == (leg.diversion is not None)


def test_a_phone_may_be_asked_to_pick_up_by_itself():
    ring = Ring("pbx.test", "1001", (Leg("1001-desk", Registered("1001-desk", "pbx.test")),))
    asked, usual = (
        build(ring, lambda: "c0ffee00-0000-4000-8000-000000000001", auto_answer=flag).text
        for flag in (True, False)
    )
    assert "~sip_auto_answer=true" in asked
    assert "auto_answer" not in usual


def test_each_leg_that_is_made_tells_the_callers_own():
    call = ring(Leg("desk", DESK), Leg("soft", SOFT))
    values = {"eslr_routed": "true", "eslr_mailbox": ""}
    built = build(call, uuids(), caller=CALLER, tell=values)
    _, found = parsed(built.text)
    told = [local["api_on_originate_caller"] for local, *_ in found]
    assert told == [f"uuid_setvar_multi {CALLER} eslr_routed=true"] * 2
    assert built.tells
    assert not build(call, uuids(), tell=values).tells
    assert not build(call, uuids(), caller=CALLER).tells
    with pytest.raises(Untrusted):
        build(call, uuids(), caller=CALLER, tell={"eslr_mailbox": "1;eslr_routed=false"})
