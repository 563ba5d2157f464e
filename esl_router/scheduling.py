"""Whose turn it is on the processor.

FreeSWITCH that was started by root runs in real time: each of its threads goes before any process
that does not. A router that shares a busy machine with it then decides when the switch has nothing
else to do, and its callers wait.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

from esl_router.errors import RouterError

PRIORITY: Final = 2
"""One above the threads of FreeSWITCH that carry calls (SWITCH_PRI_LOW in its ``switch_core.c``):
one of them waits for each decision. Its timers and the kernel's own work stay ahead."""


def realtime(pid: int = 0) -> None:
    """Run before everything that is not in real time: the main thread of a process, or 0 for this
    thread, and each that it starts from then on.

    Raises RouterError where the system does not allow it.
    """
    try:
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(PRIORITY))
    except AttributeError:
        raise RouterError(
            "--realtime: this system does not know it. Leave it out, or run the router on Linux."
        ) from None
    except PermissionError:
        raise RouterError(
            f"--realtime is not allowed here: start the router as root, give its user a limit of "
            f"real-time priority (LimitRTPRIO={PRIORITY} in systemd, rtprio in limits.conf), or "
            f"leave it out."
        ) from None


def usual(pid: int) -> None:
    """Let a process that a thread in real time has started run as any other."""
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
