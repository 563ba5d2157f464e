"""An event socket that knows some answers, in a thread: for commands that ask a switch."""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager

PASSWORD = "sesame"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.send("Content-Type: auth/request\n\n")
        while words := self.command():
            if words[0] == "auth":
                self.reply("+OK accepted" if words[1] == PASSWORD else "-ERR invalid")
                if words[1] != PASSWORD:
                    return
            elif words[0] == "api":
                asked = " ".join(words[1:])
                self.server.asked.append(asked)
                body = self.server.answers.get(asked, "-ERR no such command\n")
                length = len(body.encode())
                self.send(f"Content-Type: api/response\nContent-Length: {length}\n\n{body}")
            else:
                self.reply("+OK")

    def command(self):
        words = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        return words

    def reply(self, text):
        self.send(f"Content-Type: command/reply\nReply-Text: {text}\n\n")

    def send(self, text):
        self.wfile.write(text.encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def event_socket(answers):
    """Serves ``answers`` (API command -> output); yields the server, whose ``asked`` grows."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.answers = answers
        server.asked = []
        server.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
