"""The router as a process: `python -m tests.bench.router STORE PORT [EVENT-SOCKET-PORT]`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from esl_router import supervisor
from esl_router.settings import Address, Settings

HOST = "127.0.0.1"


def main(store: str, port: str, *switches: str) -> int:
    logging.basicConfig(level=logging.INFO)
    settings = Settings(
        Path(store), Address(HOST, int(port)), tuple(Address(HOST, int(at)) for at in switches)
    )
    return supervisor.run(settings, workers=1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
