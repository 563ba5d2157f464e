"""Any hook: what it is given, and what is said of one that fails."""

from __future__ import annotations

import sys

from esl_router import hook
from esl_router.model.people import Hook


def program(code, *arguments, **more):
    return Hook(command=(sys.executable, "-c", code, *arguments), **more)


def test_it_is_given_what_there_is_to_tell(tmp_path):
    copy = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read() + sys.argv[2])"
    assert hook.run(program(copy, str(tmp_path / "told"), "$(id)"), b'{"a": 1}') == ""
    assert (tmp_path / "told").read_text() == '{"a": 1}$(id)'


def test_what_it_complains_about_is_said_in_plain_letters():
    failing = program("import sys; sys.exit('no\\x1b mail')")
    said = hook.run(failing, b"{}")
    assert said.startswith(hook.untrusted.log(sys.executable))
    assert "ended with 1" in said
    assert "\x1b" not in said


def test_it_has_so_long_and_no_longer():
    assert "took longer than 1 s" in hook.run(program("import time; time.sleep(9)", timeout=1), b"")
