"""What a process and its children have used, as Linux counts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from esl_router import scheduling

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Process:
    """A Python module of the project running as a process of its own, until :meth:`stop`."""

    def __init__(self, module: str, *arguments: object, log: Path, realtime: bool = False) -> None:
        """``realtime``: as `esl-router serve --realtime` runs, which knows by itself."""
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        if realtime:
            scheduling.realtime(self._process.pid)

    @property
    def pids(self) -> list[int]:
        return family(self._process.pid)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def serve(store: Path, port: int, events: int, log: Path, *more: str) -> Process:
    """The router as its users start it, with ``more`` options."""
    options = ("--listen", f"127.0.0.1:{port}", "--freeswitch", f"127.0.0.1:{events}", *more)
    return Process("esl_router", "--db", store, "serve", *options, log=log)


def serving(log: Path) -> bool:
    """Whether the router that writes this log takes calls and knows who is registered."""
    text = log.read_text()
    return "listening" in text and " is up" in text


def family(pid: int) -> list[int]:
    """The process, its children and theirs."""
    found = [pid]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(entry) == pid:
            found += family(int(entry.name))
    return found


def _stat(process: Path) -> list[str]:
    """The fields of /proc/PID/stat after the command's name."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def _parent(process: Path) -> int | None:
    try:
        return int(_stat(process)[1])
    except OSError:
        return None  # it has ended


def cpu(pids: list[int]) -> float:
    """Seconds of processor time their threads have used so far, in the system's calls too."""
    # The scheduler's own count: that of /proc/PID/stat goes by hundredths of a second.
    threads = (task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir())
    return sum(int((task / "schedstat").read_text().split()[0]) for task in threads) / 1e9


def stolen() -> float:
    """Seconds for which the host of this virtual machine has kept a processor for others so far
    (steal, proc_stat(5)), in the mean of all processors."""
    ticks = Path("/proc/stat").read_text().split(maxsplit=9)[8]
    return int(ticks) / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)


def resident(pids: list[int]) -> int:
    """Bytes of memory."""
    return sum(int(_stat(Path(f"/proc/{pid}"))[21]) for pid in pids) * _PAGE


def wakeups(pids: list[int]) -> int:
    """How often its threads went to sleep so far, which is how often they were woken."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            status = (task / "status").read_text()
            total += int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return total
