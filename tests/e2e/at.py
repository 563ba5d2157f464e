"""The router at another time: `python -m tests.e2e.at 2026-03-04T16:59+01:00 serve …`.

Its clock goes on from there. A time in the past is best: the registrations of telephones, by the
real clock, last for ever then.
"""

from __future__ import annotations

import sys
from datetime import datetime, tzinfo

from esl_router import server
from esl_router.cli.main import main

_EARLIER = datetime.now().astimezone() - datetime.fromisoformat(sys.argv.pop(1))


class _Then(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) - _EARLIER


server.datetime = _Then  # type: ignore[attr-defined]
main()
