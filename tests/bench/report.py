"""The figures as tables: for the terminal, and as docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles

from tests.bench.calls import (
    PLAIN,
    REGISTERED,
    ROUTER,
    STOCK,
    STOLEN,
    USERS,
    WARM,
    Calls,
    Round,
)
from tests.bench.decisions import Decisions
from tests.bench.held import TALK, Held

PERCENTILES = (50, 95, 99)

SHARE = 0.2
"""Of stock greenswitch's processor time."""

_REALTIME = "Both servers ran in real time as FreeSWITCH does: the router by `serve --realtime`."
_USUAL = "Neither server ran in real time: it was not allowed, or there was no FreeSWITCH."

Row = Sequence[str]


@dataclass(frozen=True)
class Target:
    """What was to be reached, and what was."""

    what: str
    limit: str
    measured: str
    reached: bool

    def row(self) -> Row:
        return self.what, self.limit, self.measured, "yes" if self.reached else "**no**"


def percentile(delays: Sequence[float], which: int) -> float:
    return quantiles(delays, n=100, method="inclusive")[which - 1]


def _delay(rounds: Iterable[Round], which: int) -> float:
    """The median over the rounds of a percentile, in milliseconds."""
    return median(percentile(r.delays, which) for r in rounds)


def _ratio(calls: Calls, way: str, other: str, rate: int, which: int) -> float:
    """Of two ways: the median over the pairs of rounds that were played one after the other."""
    pairs = zip(calls.of(way, rate), calls.of(other, rate), strict=True)
    return median(percentile(a.delays, which) / percentile(b.delays, which) for a, b in pairs)


def _kind(rate: int, talks: bool) -> str:
    """What happens to the calls whose processor time is told."""
    if not talks:
        return "ringing alone"
    return f"three minutes of conversation, {rate * TALK:,} at a time"


class Report:
    def __init__(self, calls: Calls, decisions: Decisions, held: Held, how: str) -> None:
        self.calls, self.decisions, self.held, self.how = calls, decisions, held, how

    # -- targets ----------------------------------------------------------------------------------

    def targets(self) -> list[Target]:
        found = []
        if PLAIN in self.calls.ways:
            for rate in self._rates(talks=False):
                for which, limit in ((50, 1.15), (95, 1.5)):
                    ratio = _ratio(self.calls, ROUTER, PLAIN, rate, which)
                    what = f"post-dial delay / plain `bridge`, p{which}, {rate} calls/s"
                    found.append(Target(what, f"≤ {limit}", f"{ratio:.2f}", ratio <= limit))
        for talks in (True, False):
            for rate in self._rates(talks):
                share = self._cpu(ROUTER, rate, talks) / self._cpu(STOCK, rate, talks)
                words = f"{_kind(rate, talks)}, {rate} calls/s"
                what = f"processor time / stock greenswitch, {words}"
                found.append(Target(what, f"≤ {SHARE:.2f}", f"{share:.2f}", share <= SHARE))
        rates = self.decisions.store
        slowest = min(rates.values())
        slope = max(rates.values()) / slowest
        flat = f"decisions/s, fastest / slowest, {min(rates):,} to {max(rates):,} users"
        core = "decisions/s a core with store reads"
        return [
            *found,
            Target(flat, "≤ 1.5", f"{slope:.2f}", slope <= 1.5),
            Target(core, "≥ 2,000", f"{slowest:,.0f}", slowest >= 2000),
            Target(
                "memory of a held call", "≤ 60 kB", f"{self.held.bytes_per_call / 1000:.0f} kB",
                self.held.bytes_per_call <= 60_000,
            ),
            Target(
                f"wake-ups in {self.held.seconds} s, {self.held.calls} held calls (none held)",
                "no more", f"{self.held.wakeups_held} ({self.held.wakeups_empty})",
                self.held.wakeups_held <= self.held.wakeups_empty + 0.01 * self.held.calls,
            ),
        ]  # fmt: skip

    # -- figures ----------------------------------------------------------------------------------

    def delays(self) -> list[Row]:
        """Each way at each rate: percentiles, spread over the rounds, ratios, calls that rang."""
        rows: list[Row] = []
        for rate in self._rates(talks=False):
            for way in self.calls.ways:
                rounds = self.calls.of(way, rate)
                medians = [percentile(r.delays, 50) for r in rounds]
                ratios = "1"
                if way != self.calls.ways[0]:
                    ratios = " / ".join(
                        f"{_ratio(self.calls, way, self.calls.ways[0], rate, which):.2f}"
                        for which in PERCENTILES
                    )
                rows.append(
                    (
                        str(rate), way, ratios,
                        " / ".join(f"{_delay(rounds, which):.1f}" for which in PERCENTILES),
                        f"{min(medians):.1f} to {max(medians):.1f}",
                        f"{sum(len(r.delays) for r in rounds)} of {sum(r.placed for r in rounds)}",
                    )
                )  # fmt: skip
        return rows

    def _rates(self, talks: bool) -> list[int]:
        """The rates at which there were calls that are answered, or that are not."""
        return sorted({r.rate for r in self.calls.rounds if (r.talked > 0) == talks})

    def _cpu(self, way: str, rate: int, talks: bool) -> float:
        """Milliseconds for a call that rings alone, or for one that is answered and talks on."""
        rounds = self.calls.of(way, rate, talks=talks)
        spent = median((r.cpu or 0) / r.placed for r in rounds)
        if talks:
            held = self.held.cpu if way == ROUTER else self.held.stock_cpu[rate]
            spent += held * (TALK - rounds[0].talked)
        return spent * 1000

    def processor(self) -> list[Row]:
        rows = []
        for talks in (True, False):
            for rate in self._rates(talks):
                router, stock = (self._cpu(way, rate, talks) for way in (ROUTER, STOCK))
                rows.append(
                    (str(rate), _kind(rate, talks), f"{router / stock:.2f}",
                     f"{router:.2f}", f"{stock:.2f}")
                )  # fmt: skip
        return rows

    def decided(self) -> list[Row]:
        best = max(self.decisions.store.values())
        rows = [
            (f"{users:,} users in the store", f"{rate / best:.2f}", f"{rate:,.0f}")
            for users, rate in self.decisions.store.items()
        ]
        return [("engine alone, rules in memory", "", f"{self.decisions.engine:,.0f}"), *rows]

    def host(self) -> str:
        """What the host of a virtual machine took from the rounds."""
        shares = [each.stolen for each in self.calls.rounds if each.stolen is not None]
        if not shares:
            return "What the machine's host took from the rounds was not looked at."
        return (
            f"The machine's host took at most {max(shares):.1%} of the processors from a round "
            f"that counts. Played again because it took more than {STOLEN:.0%}: all ways, "
            f"{self.calls.repeated} times."
        )

    def tables(self) -> list[tuple[str, Row, list[Row]]]:
        first = self.calls.ways[0]
        return [
            ("Targets", ("what", "to reach", "measured", "reached"),
             [target.row() for target in self.targets()]),
            (f"Post-dial delay on {self.calls.switch}, p50 / p95 / p99",
             ("calls/s", "way", f"times {first}", "ms", "p50 of the rounds, ms", "rang"),
             self.delays()),
            ("Processor time of a call",
             ("calls/s", "what", "router / stock", "router, ms", "stock greenswitch, ms"),
             self.processor()),
            ("Decisions a second on one core", ("rules", "times the fastest", "decisions/s"),
             self.decided()),
        ]  # fmt: skip


def markdown(report: Report, template: Path) -> str:
    """The page: the words of ``template`` with the tables and the machine put in."""
    sections = {
        "tables": "\n".join(_section(*table) for table in report.tables()),
        "machine": machine(report.calls.switch),
        "how": report.how,
        "host": report.host(),
        "scheduling": _REALTIME if report.calls.realtime else _USUAL,
        "users": f"{USERS:,}",
        "registered": str(REGISTERED),
        "warm": str(WARM),
    }
    text = template.read_text()
    for name, value in sections.items():
        text = text.replace("{" + name + "}", value)
    return text


def _section(title: str, head: Row, rows: list[Row]) -> str:
    lines = (f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))
    return f"## {title}\n\n" + "\n".join(lines) + "\n"


def machine(switch: str) -> str:
    """Nothing that would tell whose machine it is."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = (
        f"{date.today()}: {os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB",
        f"Linux {platform.release().partition('-')[0]}",
        f"Python {platform.python_version()}",
        f"gevent {version('gevent')}",
        f"greenswitch {version('greenswitch')}",
        f"SQLite {sqlite3.sqlite_version}",
        switch,
    )
    return ", ".join(parts) + "."
