"""What the router is measured against: greenswitch's own server, as its README shows it.

`python -m tests.bench.stock PORT DIAL-STRING [sync]` bridges every call to one dial string. With
`sync` it does without events, for a switch whose `socket` is neither `async` nor `full`.
"""

from __future__ import annotations

import sys

from greenswitch import OutboundESLServer
from greenswitch.esl import OutboundSession, OutboundSessionHasGoneAway


class Bridge:
    def __init__(self, session: OutboundSession) -> None:
        self.session = session

    def run(self) -> None:
        try:
            if sys.argv[3:] == ["sync"]:
                self.session.bridge(sys.argv[2], block=False)
                return
            # `bridge` blocks until its end is reported, which takes events.
            self.session.myevents()
            self.session.linger()
            self.session.bridge(sys.argv[2])
            self.session.hangup()
        except OutboundSessionHasGoneAway:
            pass  # the caller has hung up
        finally:
            self.session.stop()


if __name__ == "__main__":
    OutboundESLServer("127.0.0.1", int(sys.argv[1]), Bridge, max_connections=10_000).listen()
