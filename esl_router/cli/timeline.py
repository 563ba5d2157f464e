"""The picture of who rings when: one bar a device, on a scale of seconds.

Pure: values in, styled lines out. ``followme show``, ``explain`` and the journal draw with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from esl_router.cli.terminal import Span

# One device keeps its colour through all the pictures of a page.
COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_red", "bright_cyan")

# How many seconds one column may stand for, and how far apart the marks of the scale may be.
_SECONDS_A_COLUMN = (0.25, 0.4, 0.5, 0.625, 0.8, 1, 1.25, 1.6, 2, 2.5, 3, 4, 5, 6, 10, 15, 30, 60)
_MARKS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200)
_COLUMNS_A_MARK = 7
_MOST_COLUMNS = 100
_FEWEST_COLUMNS = 20
_ENOUGH_COLUMNS = 40
"""With fewer than these, what there is to note about a device goes below its bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A device, and when it rings."""

    label: str
    start: int = 0
    """Seconds from the beginning of the picture."""

    end: int = 0
    note: str = ""
    """What there is to know beside: the number outside, that 1 must be pressed."""

    skipped: str = ""
    """Why it does not ring at all, in words; then there is no bar."""

    colour: str = ""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What a picture is drawn with."""

    ring: str
    wait: str
    line: str
    mark: str
    first: str
    last: str
    dash: str
    halves: tuple[str, str] | None = None
    """The right half of a column and the left one, for a bar that begins or ends within it."""


BLOCKS = Glyphs("█", "·", "─", "┴", "└", "┘", "–", ("▐", "▌"))
ASCII = Glyphs("#", ".", "-", "+", "+", "+", "-")


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds to columns."""

    length: int
    """Seconds in the picture."""

    per_column: float
    mark: int
    """Seconds between two marks."""

    @classmethod
    def fit(cls, length: int, columns: int) -> Scale:
        """The most detailed scale on which ``length`` seconds take at most ``columns``."""
        columns = max(_FEWEST_COLUMNS, min(columns, _MOST_COLUMNS))
        per_column = next(
            (each for each in _SECONDS_A_COLUMN if length / each <= columns), _SECONDS_A_COLUMN[-1]
        )
        mark = next((each for each in _MARKS if each / per_column >= _COLUMNS_A_MARK), _MARKS[-1])
        return cls(length, per_column, mark)

    @property
    def columns(self) -> int:
        return self.at(self.length)

    def at(self, second: int) -> int:
        """The column where ``second`` falls."""
        return round(second / self.per_column)

    def halves(self, second: int) -> int:
        """The same in half columns."""
        return round(2 * second / self.per_column)


def draw(
    bars: Sequence[Bar], *, width: int, glyphs: Glyphs = BLOCKS, labels: int = 0
) -> list[list[Span]]:
    """The picture as styled lines: the bars in their order, then the scale.

    ``width`` is what there is of columns, ``labels`` how many the names take at least. Without a
    bar that rings there is no scale.
    """
    labels = max([labels, *(len(bar.label) for bar in bars)])
    times = {bar: _times(bar, glyphs) for bar in bars if not bar.skipped}
    if not times:
        return [_skipped(bar, labels) for bar in bars]
    beside = max(len(text) for text in times.values())
    notes = max((len(bar.note) + 2 for bar in times if bar.note), default=0)
    room = width - labels - beside - 6
    below = room - notes < _ENOUGH_COLUMNS
    scale = Scale.fit(max(bar.end for bar in times), room if below else room - notes)
    lines: list[list[Span]] = []
    for bar in bars:
        if bar.skipped:
            lines.append(_skipped(bar, labels))
            continue
        line = _line(bar, scale, glyphs, labels)
        line.append(Span(times[bar] if below or not bar.note else times[bar].ljust(beside)))
        lines.append(line)
        if bar.note:
            note = Span(f"{' ' * (labels + 4) if below else '  '}{bar.note}", "dim")
            (lines.append([note]) if below else line.append(note))
    return lines + _axis(scale, glyphs, labels)


def colours(labels: Iterable[str]) -> dict[str, str]:
    """A colour for each label, in their order."""
    names = list(dict.fromkeys(labels))
    return {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(names)}


def _times(bar: Bar, glyphs: Glyphs) -> str:
    return f"{bar.start} {glyphs.dash} {bar.end} s"


def _skipped(bar: Bar, labels: int) -> list[Span]:
    return [Span(f"  {bar.label.ljust(labels)}  ", "dim"), Span(bar.skipped, "dim")]


def _line(bar: Bar, scale: Scale, glyphs: Glyphs, labels: int) -> list[Span]:
    ring = _ring(bar, scale, glyphs)
    wait = glyphs.wait * scale.at(bar.start)
    if glyphs.halves:
        wait = glyphs.wait * (scale.halves(bar.start) // 2)
    rest = max(scale.columns - len(wait) - len(ring), 0)
    return [
        Span(f"  {bar.label.ljust(labels)}  ", "bold"),
        Span(wait, "dim"),
        Span(ring, bar.colour),
        Span(" " * (rest + 2)),
    ]


def _ring(bar: Bar, scale: Scale, glyphs: Glyphs) -> str:
    if glyphs.halves is None:
        return glyphs.ring * max(1, scale.at(bar.end) - scale.at(bar.start))
    right, left = glyphs.halves
    start, end = scale.halves(bar.start), scale.halves(bar.end)
    first, last = -(-start // 2), end // 2
    whole = glyphs.ring * (last - first)
    return right * (start % 2) + whole + left * (end % 2) or right


def _axis(scale: Scale, glyphs: Glyphs, labels: int) -> list[list[Span]]:
    marks = [*range(0, scale.length, scale.mark), scale.length]
    # The end is always marked; a mark too near to it makes room.
    if len(marks) > 2 and scale.at(marks[-1]) - scale.at(marks[-2]) < _COLUMNS_A_MARK - 2:
        del marks[-2]
    indent = " " * (labels + 4)
    rule = glyphs.first
    for before, after in pairwise(marks):
        rule += glyphs.line * (scale.at(after) - scale.at(before) - 1)
        rule += glyphs.last if after == marks[-1] else glyphs.mark
    numbers = ""
    for mark in marks:
        text = f"{mark} s" if mark == marks[-1] else str(mark)
        # Each number begins under its mark, the first character below the stroke.
        numbers = numbers.ljust(scale.at(mark)) + text
    return [[Span(indent), Span(rule, "dim")], [Span(indent), Span(numbers, "dim")]]
