"""What wakes an app: a program, or an address."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.pywsgi import WSGIServer

from esl_router.call.hook import Hooks, message
from esl_router.model.actions import Asleep
from esl_router.model.people import Hook

CALL = "c0ffee00-0000-4000-8000-000000000001"
TARGET = Asleep(
    "1001-app", "pbx.test", "1001", Hook(), (("token", "a'b\"$(c)"),), caller_number="x'; rm"
)
TOLD = {
    "device": "1001-app",
    "domain": "pbx.test",
    "owner": "1001",
    "call": CALL,
    "push": {"token": "a'b\"$(c)"},
    "wait": 10,
}


def asleep(**hook: Any) -> Asleep:
    return replace(TARGET, hook=Hook(**hook))


def program(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


def test_nothing_of_the_caller_is_told() -> None:
    assert json.loads(message(TARGET, CALL)) == TOLD


def test_a_program_is_told_on_standard_input_and_no_shell_reads_its_arguments(
    tmp_path: Path,
) -> None:
    copy = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read() + sys.argv[2])"
    command = program(copy, str(tmp_path / "told"), "$(id); `id`")
    assert Hooks().call(asleep(command=command), CALL) == ""
    told = (tmp_path / "told").read_text()
    assert told.endswith("$(id); `id`")
    assert json.loads(told.removesuffix("$(id); `id`")) == TOLD


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (
            program("import sys; sys.exit('no\\x1b such token')"),
            "ended with 1: no\\x1b such token.",
        ),
        (program("import sys; sys.exit(3)"), "ended with 3."),
        (("/no/such/program",), "/no/such/program cannot be run: No such file or directory."),
    ],
)
def test_a_program_that_fails_says_why(command: tuple[str, ...], says: str) -> None:
    assert Hooks().call(asleep(command=command), CALL).endswith(says)


def test_a_program_has_its_time_and_no_more() -> None:
    hook = asleep(command=program("import time; time.sleep(30)"), timeout=1)
    with gevent.Timeout(5):
        assert Hooks().call(hook, CALL).endswith(" took longer than 1 s.")


def test_an_address_gets_a_post() -> None:
    got = []

    def answer(environ: Any, start: Any) -> list[bytes]:
        got.append(
            (environ["REQUEST_METHOD"], environ["CONTENT_TYPE"], environ["wsgi.input"].read())
        )
        where = [("Location", "/elsewhere")] if environ["PATH_INFO"] == "/moved" else []
        codes = {"/moved": "302 Found", "/gone": "410 Gone"}
        start(codes.get(environ["PATH_INFO"], "204 No Content"), where)
        return []

    server = WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.start()
    base = f"http://127.0.0.1:{server.server_port}"
    hooks = Hooks()
    try:
        assert hooks.call(asleep(url=f"{base}/wake"), CALL) == ""
        method, kind, body = got[0]
        assert (method, kind, json.loads(body)) == ("POST", "application/json", TOLD)
        host = f"127.0.0.1:{server.server_port}"
        assert hooks.call(asleep(url=f"{base}/gone"), CALL) == f"{host} answered 410."
        assert hooks.call(asleep(url=f"{base}/moved"), CALL) == f"{host} answered 302."
        assert len(got) == 3
    finally:
        server.stop()
    said = hooks.call(asleep(url=f"{base}/wake"), CALL)
    assert said == f"{host} cannot be reached: [Errno 111] Connection refused."
