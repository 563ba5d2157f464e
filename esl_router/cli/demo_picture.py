"""How ``demo`` shows a call: who rings when, what the caller got, and why. Values in, lines out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from esl_router.cli.terminal import Span
from esl_router.cli.timeline import BLOCKS, Bar, Glyphs, colours, draw
from esl_router.model.trace import Entry
from esl_router.store.call_log import Entry as Recorded
from esl_router.switch.placed import Note, Placed

_ENDS = {
    "USER_BUSY": "busy",
    "CALL_REJECTED": "declined",
    "REQUESTED_CHAN_UNAVAIL": "redirected",
    "NO_USER_RESPONSE": "refused",
    "LOSE_RACE": "stops: answered elsewhere",
    "ALLOTTED_TIMEOUT": "rang out",
    "NO_ANSWER": "stops",
    "ORIGINATOR_CANCEL": "stops: the caller is gone",
    "NORMAL_CLEARING": "hung up",
}
_CODES = {
    403: "403 Forbidden",
    404: "404 Not Found",
    480: "480 Temporarily Unavailable",
    486: "486 Busy Here",
}
_STAGES = {
    "identify": "who",
    "executive": "filter",
    "followme": "rings",
    "ring": "rang",
    "fallback": "then",
}


@dataclass(slots=True)
class _Rings:
    """One phone's part in a call, in seconds since the call came in."""

    party: str
    start: float
    end: float | None = None
    note: str = ""


def bars(placed: Placed, now: float, names: Mapping[str, str]) -> list[Bar]:
    """A bar for each phone, as long as it has rung by ``now``."""
    rings: list[_Rings] = []
    for note in placed.notes:
        if note.kind == "ring":
            rings.append(_Rings(note.party, note.at, note="rings"))
        elif (ring := _open(rings, note)) is not None:
            _apply(ring, note)
    labels = [names.get(ring.party, ring.party) for ring in rings]
    colour = colours(labels)
    found = []
    for ring, label in zip(rings, labels, strict=True):
        start = round(ring.start)
        end = round(now if ring.end is None else ring.end)
        found.append(Bar(label, start, max(end, start), ring.note, colour=colour[label]))
    return found


def _open(rings: Iterable[_Rings], note: Note) -> _Rings | None:
    return next((r for r in rings if r.party == note.party and r.end is None), None)


def _apply(ring: _Rings, note: Note) -> None:
    if note.kind == "through":
        ring.end, ring.note = note.at, "answers: has the call"
    elif note.kind == "answer":
        ring.note = "answers"
    elif note.kind in ("end", "silent"):
        if ring.note == "answers" and note.cause in ("ALLOTTED_TIMEOUT", "LOSE_RACE"):
            ring.note = "answered, nobody pressed 1"
        else:
            ring.note = _ENDS.get(note.cause, note.cause.lower().replace("_", " "))
        ring.end = note.at


def heading(number: int, title: str, caller: str, callee: str) -> list[list[Span]]:
    """What the call shows, and who calls whom."""
    return [
        [Span(f"{number:>2}  ", "dim"), Span(title, "bold")],
        [Span(f"    {caller} dials {callee}.", "")],
    ]


def ringing(
    placed: Placed, now: float, names: Mapping[str, str], width: int, glyphs: Glyphs = BLOCKS
) -> list[list[Span]]:
    """Who rings when."""
    drawn = bars(placed, now, names)
    if not any(bar.end for bar in drawn):
        return []
    return [[Span("  "), *line] for line in draw(drawn, width=width - 2, glyphs=glyphs)]


def result(placed: Placed, names: Mapping[str, str]) -> list[Span]:
    """What the caller got, in a sentence."""
    at = {note.kind: round(note.at) for note in placed.notes}
    if placed.answered is not None:
        who = names.get(placed.answered, placed.answered)
        return [Span(f"    {who} has the call after {at['through']} s.", "bold green")]
    if placed.mailbox is not None:
        when = f" after {at['mailbox']} s" if at["mailbox"] else " at once"
        return [Span(f"    The mailbox of {placed.mailbox} answers{when}.", "bold yellow")]
    if placed.fallback:
        return [Span("    The call goes back to the switch's dialplan.", "bold yellow")]
    if placed.code == 487:
        return [Span(f"    The caller gives up after {at['over']} s.", "bold yellow")]
    when = f" after {at['over']} s" if at["over"] else " at once"
    return [Span(f"    The caller gets {_CODES.get(placed.code, placed.code)}{when}.", "bold red")]


def reasons(trace: Sequence[Entry], width: int) -> Iterator[list[Span]]:
    """Why, in the router's own sentences."""
    last = ""
    for entry in trace:
        # What the picture above has shown already, second by second.
        if entry.stage == "followme" and entry.fired and " rings from " in entry.text:
            continue
        stage = _STAGES.get(entry.stage, entry.stage)
        label = "" if stage == last else stage
        last = stage
        lines = textwrap.wrap(entry.text, max(20, width - 12)) or [""]
        for index, line in enumerate(lines):
            name = label if index == 0 else ""
            yield [Span(f"    {name:<7} ", "dim"), Span(line, "" if entry.fired else "dim")]


def recorded(entry: Recorded, width: int, glyphs: Glyphs = BLOCKS) -> Iterator[list[Span]]:
    """A call of a real switch, from the journal."""
    who = " ".join(filter(None, (entry.caller_name, entry.caller_number or "(withheld)")))
    yield [Span(f"    {who} dials {entry.dialled}.", "bold")]
    for attempt in entry.attempts:
        found = [
            Bar(
                leg.device,
                max(0, round(leg.started - attempt.started)),
                max(0, round((leg.ended or leg.started) - attempt.started)),
                leg.result.replace("_", " "),
            )
            for leg in attempt.legs
            if leg.started is not None
        ]
        if any(bar.end for bar in found):
            for line in draw(found, width=width - 2, glyphs=glyphs):
                yield [Span("  "), *line]
    words = entry.result.replace("_", " ")
    by = f" by {entry.answered_by}" if entry.answered_by else ""
    code = f" ({entry.code})" if entry.code and not by else ""
    yield [Span(f"    {words}{by}{code}", "bold")]
    yield from reasons(entry.trace, width)
