"""Frames: whole, byte by byte and in random pieces."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.errors import LimitExceeded, ProtocolError
from esl_router.esl.wire import END, Frame, Reader, split_array

SNAPSHOT = (
    b"Event-Name: CHANNEL_DATA\n"
    b"Core-UUID: 5b3d6a3e-0d3c-4cf5-8bd1-9d3f8f0a2a11\n"
    b"Caller-Caller-ID-Name: Boss%0Avariable_x_forged%3A%201\n"
    b"Caller-Caller-ID-Number: 1002\n"
    b"Caller-Destination-Number: 1001\n"
    b"variable_empty: _undef_\n"
    b"variable_name_utf8: J%C3%B6rg\n"
    b"variable_name_latin1: J%F6rg\n"
    b"variable_percent: 100%\n"
    b"variable_originate_causes: ARRAY%3A%3Aa%3BUSER_BUSY%7C%3Ab%3BNONE\n"
    b"variable_twice: first\n"
    b"variable_twice: second\n"
    b"variable_switch_r_sdp: v%3D0%0D%0Ao%3Dx\n"
    b"this line is malformed\n"
    b" variable_folded: no\n"
    b"Content-Type: command/reply\n"
    b"Reply-Text: %2BOK%0A\n"
    b"Socket-Mode: static\n"
    b"Control: single-channel\n"
    b"\n"
)
REPLY = b"Content-Type: command/reply\nReply-Text: +OK\n\n"
API = b"Content-Type: api/response\nContent-Length: 9\n\n+OK\n\n\nab\n"
INNER = b"Event-Name: CUSTOM\nEvent-Subclass: sofia%3A%3Aregister\nContent-Length: 5\n\nhello"
EVENT = b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(INNER), INNER)
NOTICE = (
    b"Content-Type: text/disconnect-notice\nContent-Disposition: disconnect\n"
    b"Content-Length: 17\n\nDisconnected, bye"
)
CAPTURE = SNAPSHOT + REPLY + API + EVENT + NOTICE


def read(pieces, **limits):
    """All frames of a stream that arrives in these pieces, with its end."""
    reader = Reader(**limits)
    frames = []
    for piece in pieces:
        reader.feed(piece)
        while (frame := reader.next_frame()) is not None:
            frames.append(frame)
    reader.eof()
    while (frame := reader.next_frame()) is not END:
        frames.append(frame)
    return frames


def cut(data, places):
    places = sorted({place % len(data) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


def content(frames):
    return [(dict(frame), frame.body) for frame in frames]


def test_whole_and_byte_by_byte():
    whole = content(read([CAPTURE]))
    assert [body for _, body in whole] == [b"", b"", b"+OK\n\n\nab\n", INNER, b"Disconnected, bye"]
    assert content(read([CAPTURE[i : i + 1] for i in range(len(CAPTURE))])) == whole


@given(st.lists(st.integers(0, 10_000), max_size=40))
def test_random_pieces(places):
    assert content(read(cut(CAPTURE, places))) == content(read([CAPTURE]))


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=10))
def test_noise_reads_the_same_in_any_pieces(data, places):
    def outcome(pieces):
        try:
            return content(read(pieces, max_header=64, max_body=64))
        except ProtocolError as error:
            return type(error)

    whole, pieces = outcome([data]), outcome(cut(data, places) if data else [])
    assert whole == pieces


def test_values_are_decoded_once_and_after_splitting():
    (frame,) = read([SNAPSHOT])
    assert frame["Caller-Caller-ID-Name"] == "Boss\nvariable_x_forged: 1"
    assert "variable_x_forged" not in frame
    assert frame.get("variable_x_forged") is None
    assert frame.raw("Caller-Caller-ID-Name") == b"Boss%0Avariable_x_forged%3A%201"
    assert frame["variable_switch_r_sdp"] == "v=0\r\no=x"
    assert frame["variable_percent"] == "100%"
    (twice,) = read([b"Name: %2541\n\n"])
    assert twice["Name"] == "%41"


def test_names_are_never_decoded():
    (frame,) = read([b"variable_a%3A%20b: 1\n\n"])
    assert list(frame) == ["variable_a%3A%20b"]
    assert "variable_a" not in frame
    assert frame.get("variable_a: b") is None


def test_bytes_that_are_no_utf8():
    (frame,) = read([SNAPSHOT])
    assert frame["variable_name_utf8"] == "Jörg"
    assert frame["variable_name_latin1"] == "J\ufffdrg"


def test_empty_missing_and_default():
    (frame,) = read([SNAPSHOT])
    assert frame["variable_empty"] == ""
    assert "variable_empty" in frame
    assert frame.get("nothing", "default") == "default"
    with pytest.raises(KeyError, match="nothing"):
        frame["nothing"]
    with pytest.raises(KeyError, match="nothing"):
        frame.raw("nothing")


def test_the_first_of_two_lines_counts():
    (frame,) = read([SNAPSHOT])
    assert frame["variable_twice"] == "first"
    assert dict(frame)["variable_twice"] == "first"
    assert len(frame) == len(dict(frame)) == len(set(frame))


def test_malformed_lines_forge_nothing():
    (frame,) = read([SNAPSHOT])
    assert "variable_folded" not in frame
    assert frame["variable_switch_r_sdp"] == "v=0\r\no=x"
    assert "this line is malformed" not in frame


@pytest.mark.parametrize("name", ["Core-UUID\n", "x\nCore-UUID", "Core-UUID: 5b3d", ""])
def test_odd_names_find_nothing(name):
    (frame,) = read([SNAPSHOT])
    assert name not in frame


def test_first_and_last_line_are_found():
    (frame,) = read([SNAPSHOT])
    assert frame["Event-Name"] == "CHANNEL_DATA"
    assert frame["Control"] == "single-channel"
    assert frame.reply_text == "+OK"
    assert frame.content_type == "command/reply"


def test_arrays():
    (frame,) = read([SNAPSHOT])
    assert frame.array("variable_originate_causes") == ("a;USER_BUSY", "b;NONE")
    assert frame.array("Control") == ("single-channel",)
    assert frame.array("variable_empty") == frame.array("nothing") == ()
    assert split_array("ARRAY::x") == ("x",)


def test_event_in_an_event_plain_body():
    (frame,) = read([EVENT])
    event = frame.event()
    assert event["Event-Subclass"] == "sofia::register"
    assert event.body == b"hello"


@pytest.mark.parametrize("body", [b"Event-Name: X\n", b"Content-Length: 9\n\nhello"])
def test_a_broken_event_is_the_other_sides_fault(body):
    with pytest.raises(ProtocolError):
        Frame(b"Content-Type: text/event-plain", body).event()


def test_greenswitch_names():
    reply, api = read([REPLY, API])
    assert reply.headers["Reply-Text"] == "+OK"
    assert (reply.data, api.data) == ("+OK", "+OK\n\n\nab\n")


@pytest.mark.parametrize("length", [b"-1", b"abc", b"1 ", b"0x10", b"", b"9" * 19, "٣".encode()])
def test_garbage_length(length):
    reader = Reader()
    reader.feed(b"Content-Length: %b\n\n" % length)
    with pytest.raises(ProtocolError):
        reader.next_frame()


def test_a_later_length_does_not_override():
    (frame,) = read([b"Content-Length: 1\nContent-Length: 900\n\nx"])
    assert frame.body == b"x"


def test_bounds():
    assert len(read([b"A: %b\n\n" % (b"x" * 7)], max_header=10)) == 1
    for data in (b"A: %b\n\n" % (b"x" * 8), b"A: %b" % (b"x" * 8)):
        reader = Reader(max_header=10)
        reader.feed(data)
        with pytest.raises(LimitExceeded):
            reader.next_frame()
    reader = Reader(max_body=10)
    reader.feed(b"Content-Length: 11\n\n")
    with pytest.raises(LimitExceeded):
        reader.next_frame()


def test_a_broken_stream_stays_broken():
    reader = Reader()
    reader.feed(b"Content-Length: x\n\n")
    with pytest.raises(ProtocolError):
        reader.next_frame()
    reader.feed(REPLY)
    with pytest.raises(ProtocolError):
        reader.next_frame()


@pytest.mark.parametrize("rest", [b"Content-Type: x", b"A: b\n", b"Content-Length: 2\n\nx"])
def test_end_in_mid_frame(rest):
    reader = Reader()
    reader.feed(REPLY + rest)
    assert reader.next_frame().reply_text == "+OK"
    assert reader.next_frame() is None
    reader.eof()
    with pytest.raises(ProtocolError):
        reader.next_frame()


def test_end_between_frames_is_an_event():
    reader = Reader()
    reader.feed(REPLY + b"\n")
    reader.eof()
    assert reader.next_frame().reply_text == "+OK"
    assert reader.next_frame() is END
    assert reader.next_frame() is END
