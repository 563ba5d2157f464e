"""A router that says the same to every call, for tests of the switch's side alone."""

from __future__ import annotations

import socket
import threading

from tests.e2e.switch import HOST


class StubRouter:
    """Listens where the switch expects the router; ``say`` is written to every connection.

    An empty ``say`` closes the connection at once; None keeps it open and says nothing.
    """

    def __init__(self, port: int, say: bytes | None = b"") -> None:
        self._listener = socket.create_server((HOST, port))
        self._say = say
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            if self._say:
                connection.sendall(self._say)
            elif self._say is not None:
                connection.close()

    def die(self) -> None:
        if self._listener.fileno() < 0:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            connection.close()


def execute(application: str, argument: str) -> bytes:
    body = argument.encode()
    head = (
        f"sendmsg\ncall-command: execute\nexecute-app-name: {application}\n"
        f"content-type: text/plain\ncontent-length: {len(body)}\n\n"
    )
    return head.encode() + body


def routed(*orders: tuple[str, str], mailbox: str = "") -> bytes:
    """What a router writes that has taken the call and then has ``orders`` executed."""
    taken = [("set", "eslr_routed=true")] + [("set", f"eslr_mailbox={mailbox}")] * bool(mailbox)
    return b"connect\n\n" + b"".join(execute(*order) for order in (*taken, *orders))
