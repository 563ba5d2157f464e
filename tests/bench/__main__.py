"""`python -m tests.bench [--quick]`: every benchmark, one after the other."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import calls, decisions, held, simulated
from tests.bench.report import Report, markdown
from tests.e2e.switch import ROOT, missing


@dataclass(frozen=True)
class Length:
    rates: tuple[int, ...]
    answered: tuple[int, ...]
    """Calls a second that are answered: with many more, FreeSWITCH alone needs two cores."""

    rounds: int
    seconds: int
    sizes: tuple[int, ...]
    held: int
    idle: int
    """Seconds for which held calls are watched: a whole round of the event link's comparison with
    the switch's tables is in it, or a figure goes by whether one happened to be."""

    def words(self) -> str:
        return f"{self.rounds} rounds of {self.seconds} s for each rate and way."


FULL = Length((20, 50, 100), (5, 20), 5, 6, (100, 10_000, 100_000), 1000, 60)
QUICK = Length((20, 50, 100), (5,), 1, 4, (100, 10_000), 300, 3)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true", help="short, and less to be relied on")
    parser.add_argument(
        "--page", type=Path, help="write this file (usual: docs/benchmarks.md; none with --quick)"
    )
    options = parser.parse_args()
    length = QUICK if options.quick else FULL
    page = options.page or (None if options.quick else ROOT / "docs" / "benchmarks.md")
    console = Console()
    on = calls if (reason := missing()) is None else simulated
    if reason:
        console.print(f"{reason}: calls are measured on the simulated switch")
    with tempfile.TemporaryDirectory(prefix="esl-router-bench-") as where:
        place = Path(where)
        console.print("decisions …")
        decided = decisions.measure(place / "decisions", length.sizes, 9)
        console.print("held calls …")
        kept = held.measure(place / "held", length.held, length.idle, length.answered)
        console.print("calls …")
        played = on.measure(
            place / "calls", length.rates, length.answered, length.rounds, length.seconds
        )
    report = Report(played, decided, kept, length.words())
    for title, head, rows in report.tables():
        table = Table(*head, title=title, title_justify="left")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    if page:
        page.write_text(markdown(report, Path(__file__).parent / "benchmarks.md"))
        console.print(f"written: {page.name}")


if __name__ == "__main__":
    main()
