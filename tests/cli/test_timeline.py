"""The picture itself, drawn for widths and characters."""

from __future__ import annotations

import pytest

from esl_router.cli.timeline import ASCII, BLOCKS, COLOURS, Bar, Scale, colours, draw
from tests.cli.conftest import golden

BARS = [
    Bar("1001-desk", 0, 20, colour="cyan"),
    Bar("1001-mobile", 10, 35, note="+491711234567, press 1", colour="green"),
    Bar("1001-old", skipped="not registered"),
    Bar("blink", 34, 35),
]


def text(lines):
    return "\n".join("".join(span.text for span in line).rstrip() for line in lines) + "\n"


@pytest.mark.parametrize("width", [120, 80, 40])
@pytest.mark.parametrize(("name", "glyphs"), [("blocks", BLOCKS), ("ascii", ASCII)])
def test_picture(name, glyphs, width):
    golden(f"timeline-{name}-{width}.txt", text(draw(BARS, width=width, glyphs=glyphs)))


@pytest.mark.parametrize("width", [50, 64, 80, 100, 132, 200])
@pytest.mark.parametrize("length", [1, 7, 20, 45, 90, 180, 600, 1200])
def test_no_line_is_wider_than_there_is_room(width, length):
    bars = [Bar("a-device", 0, length), Bar("another", length // 2, length, "+491711234567")]
    lines = text(draw(bars, width=width)).splitlines()
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("length", [1, 7, 20, 45, 90, 180, 600, 1200])
def test_every_bar_is_seen_and_in_its_place(length):
    for start in range(0, length, max(1, length // 9)):
        (line, *_) = text(draw([Bar("d", 0, length), Bar("x", start, start + 1)], width=80)).split(
            "\n"
        )[1:]
        scale = Scale.fit(length, 80 - 1 - len(f"{start} – {start + 1} s") - 6)
        assert any(char in line for char in "█▐▌")
        assert abs(line.count("·") - start / scale.per_column) <= 1.5 + (length > 600) * 10


def test_longer_is_longer():
    lines = text(draw([Bar("a", 0, 10), Bar("b", 0, 20)], width=80)).splitlines()
    assert 0 < lines[0].count("█") < lines[1].count("█")


def test_nothing_rings():
    lines = draw([Bar("a", skipped="switched off")], width=80)
    assert text(lines) == "  a  switched off\n"
    assert draw([], width=80) == []


def test_the_scale_ends_where_the_last_bar_ends():
    *_, rule, numbers = text(draw(BARS, width=80)).splitlines()
    assert numbers.endswith("35 s")
    assert len(rule) - 1 == numbers.index("35 s")


def test_a_device_keeps_its_colour():
    assert colours(["a", "b", "a", "c"]) == dict(zip("abc", COLOURS, strict=False))
    (ring,) = [span for span in draw(BARS, width=80)[0] if "█" in span.text]
    assert ring.style == "cyan"
