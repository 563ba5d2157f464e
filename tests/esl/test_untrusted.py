"""What each kind of text may contain where it is going."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.errors import Untrusted
from esl_router.esl import untrusted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Anna Adler", "Anna Adler"),
        ("Jörg Müller-Lüdenscheidt", "Jörg Müller-Lüdenscheidt"),
        ("Boss\nvariable_x_forged: 1", "Boss variable_x_forged: 1"),
        ("a\u2028b\u2029c\r\nd\x00e", "a b c d e"),
        ("\u202egro.lave\u202c", "gro.lave"),
        ("  a \t b  ", "a b"),
        ("100% %0A ${x}", "100% %0A ${x}"),
        ("\u200b\ufeff", ""),
    ],
)
def test_display_name(text, shown):
    assert untrusted.display_name(text) == shown


@given(st.text())
def test_a_display_name_is_one_visible_line(text):
    shown = untrusted.display_name(text)
    assert len(shown) <= 80
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert untrusted.display_name(shown) == shown


def test_a_display_name_is_cut():
    assert untrusted.display_name("x" * 300) == "x" * 80


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1001", "1001"),
        ("+493012345101", "+493012345101"),
        ("+49 (30) 123-45.101", "+493012345101"),
        ("*21*1002#", "*21*1002#"),
        ("anonymous", ""),
        ("1001\nevent", ""),
        ("1001%0aevent", ""),
        ("${system(id)}", ""),
        ("1+1", ""),
        ("١٢٣", ""),
        ("1" * 41, ""),
        (" " * 1000 + "1", ""),
        ("", ""),
    ],
)
def test_number(text, number):
    assert untrusted.number(text) == number


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain ümlaut", "plain ümlaut"),
        ("a\nb\x1b[31m", r"a\nb\x1b[31m"),
        ("\u202ex", r"\u202ex"),
        ("back\\n", r"back\\n"),
    ],
)
def test_log(text, line):
    assert untrusted.log(text) == line


@given(st.text(), st.integers(1, 40))
def test_a_log_text_is_one_short_line(text, limit):
    line = untrusted.log(text, limit)
    assert len(line) <= limit + 1
    assert line.isprintable()


CONTACT = (
    "sofia/internal/sip:1001-desk@127.0.0.1:5070;transport=udp;fs_nat=yes;"
    "fs_path=sip%3A1001-desk%40127.0.0.1%3A5070%3Btransport%3Dudp"
)


@pytest.mark.parametrize(
    "url",
    [
        CONTACT,
        "sofia/internal/sip:1001-desk@127.0.0.1:5070",
        "sofia/internal/sips:a%20b@[2001:db8::1]:5061;transport=tls",
        "sofia/internal/sip:192.0.2.7",
    ],
)
def test_contacts_pass_unchanged(url):
    assert untrusted.contact_url(url) == url


@pytest.mark.parametrize("char", [*",|'\"{}<>^$\\ \n\r\t\0\x7f[]`?#/ü\u2028"])
def test_contacts_with_a_character_that_could_break_out(char):
    assert untrusted.contact_url(CONTACT.replace("1001-desk@", f"10{char}01@")) is None
    assert untrusted.contact_url(f"{CONTACT};x={char}") is None
    assert untrusted.contact_url(CONTACT + char) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sip:1001@127.0.0.1",
        "user/1001",
        "sofia/gateway/sip:1001@127.0.0.1",
        "sofia/internal/1001%pbx.test",
        "sofia/internal/sip:_:_:x@127.0.0.1",
        "sofia/internal/sip:1@127.0.0.1;x=:_:",
        "sofia/internal/sip:1@127.0.0.1;origination_nested_vars=true",
        "sofia/internal/sip:1@[::1",
        "sofia/internal/sip:[1]@127.0.0.1",
        "sofia/internal/sip:1@127.0.0.1;x=" + "y" * 1024,
        "error/user_busy",
    ],
)
def test_what_is_no_contact(url):
    assert untrusted.contact_url(url) is None


@pytest.mark.parametrize(
    ("check", "good"),
    [
        (untrusted.account, "1001-desk"),
        (untrusted.host, "pbx.test"),
        (untrusted.host, "127.0.0.1"),
        (untrusted.uuid, "7f1de0a2-9a4e-4d3c-8e52-0123456789ab"),
        (untrusted.outside_number, "+491711234567"),
        (untrusted.outside_number, "112"),
        (untrusted.dial_value, "<sip:+49301@pbx.test>;reason=follow-me;counter=1"),
        (untrusted.dial_value, "tone_stream://%(200,100,587);%(200,1500,880)"),
    ],
)
def test_fit_text_passes_unchanged(check, good):
    assert check(good) == good
    for bad in (
        "",
        good + "\n",
        good + "'",
        good + "]",
        good + "}",
        good + "${x}",
        good + "|",
        "~",
    ):
        with pytest.raises(Untrusted):
            check(bad)


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (untrusted.account, "1001%pbx.test"),
        (untrusted.account, "-x"),
        (untrusted.account, "a" * 65),
        (untrusted.host, "pbx.test."),
        (untrusted.host, "a" * 254),
        (untrusted.uuid, "7f1de0a2"),
        (untrusted.outside_number, "0171123456789"),
        (untrusted.outside_number, "+0171123456"),
        (untrusted.outside_number, "+49171123456789012"),
        (untrusted.dial_value, "ARRAY::a"),
        (untrusted.dial_value, "a:_:b"),
        (untrusted.dial_value, "a b"),
        (untrusted.dial_value, "x" * 513),
    ],
)
def test_unfit_text(check, bad):
    with pytest.raises(Untrusted):
        check(bad)


def test_a_refusal_is_one_printable_line():
    with pytest.raises(Untrusted) as caught:
        untrusted.account("a\n\x1b[31m" + "x" * 500)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Hotline: Anna", "Hotline\u2236 Anna"),
        ("A/B GmbH", "A\u2215B GmbH"),
        ("anna@evil.test", "anna\uff20evil.test"),
        ('a\\" <b>', "a\u201d <b>"),
        ("Jörg O'Brien", "Jörg O'Brien"),
    ],
)
def test_a_caller_s_name_is_not_cut_off_by_the_switch(name, shown):
    assert untrusted.caller_name(name) == shown


@pytest.mark.parametrize("text", ["a@1", "3c26700d1e5c-zrwhtg@snom300", "~a!b%0A'(c)[d]?{e}"])
def test_a_call_id(text):
    assert untrusted.call_id(text) == text


@pytest.mark.parametrize("text", ["", "a b", "a\nb", "a\x00", "ü", "a;b", "a,b", "a$b", "x" * 201])
def test_what_is_no_call_id(text):
    with pytest.raises(Untrusted):
        untrusted.call_id(text)


def test_a_name_that_would_be_expanded_is_disarmed():
    assert untrusted.caller_name("a ${hostname} b") == "a %{hostname} b"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Müller & Söhne", "Müller & Söhne"),
        ("Jörg Müller-Ost", "Jörg Müller-Ost"),
        ("O'Neil", "O Neil"),
        ("a:b/c@d,e|f", "a b c d e f"),
        ("\u200b\u202e", ""),
        ("x" * 99, "x" * 60),
    ],
)
def test_a_plain_name_has_nothing_that_a_command_would_notice(name, plain):
    assert untrusted.plain_name(name) == plain
