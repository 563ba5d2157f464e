"""Whether real time is allowed on this machine, which the tests do not take for granted."""

from __future__ import annotations

import subprocess
import sys


def allowed() -> bool:
    """Whether a process may run here as FreeSWITCH does that root has started."""
    # In a process of its own: it does not wear off.
    trial = "from esl_router import scheduling; scheduling.realtime()"
    return subprocess.run([sys.executable, "-c", trial], capture_output=True).returncode == 0
