from __future__ import annotations

import socket
import threading
from contextlib import closing, contextmanager

import pytest

from esl_router.cli import checks
from esl_router.cli.checks import Level
from esl_router.cli.switch_checks import handover, profiles, sockets
from esl_router.settings import Address
from esl_router.store.database import open_store
from tests.cli.event_socket import PASSWORD, event_socket

STATUS = """\
                     Name\t   Type\t                                      Data\tState
=================================================================================================
                 external\tprofile\t             sip:mod_sofia@127.0.0.1:5080\tRUNNING (0)
          external::trunk\tgateway\t                   sip:pbx@127.0.0.1:5090\tNOREG
                 internal\tprofile\t             sip:mod_sofia@127.0.0.1:5060\tRUNNING (0)
=================================================================================================
2 profiles 0 aliases
"""


def context(name, *actions):
    inner = "".join(f'<action application="{app}" data="{data}"/>' for app, data in actions)
    return (
        f'<context name="{name}"><extension name="router"><condition>{inner}'
        "</condition></extension></context>"
    )


@contextmanager
def listener(say):
    """A port whose first caller gets ``say`` (None: silence) and is then hung up on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = threading.Event()

        def serve():
            caller, _ = server.accept()
            with caller:
                if say is None:
                    done.wait(10)
                else:
                    caller.sendall(say)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Address(*server.getsockname())
        finally:
            done.set()
            thread.join()


@pytest.fixture
def answers(run):
    """What a switch says that knows everything it should, for a router at 127.0.0.1:8040."""
    known = {
        "version": "FreeSWITCH Version 1.10.12-release+git~20240802T210227Z~a88d069d6f~64bit\n",
        "global_getvar core_uuid": "d65345ba-8013-4a41-828a-9c2e41e6b627",
        "strepoch": "not a number",
        "sofia status": STATUS,
        "sofia xmlstatus profile internal": "<profile><context>internal</context></profile>",
        "sofia xmlstatus profile external": "<profile><context>public</context></profile>",
    }
    for module in ("mod_sofia", "mod_dptools", "mod_dialplan_xml", "mod_voicemail"):
        known[f"module_exists {module}"] = "true"
    for name in ("internal", "public"):
        xml = context(name, ("set", "a=b"), ("socket", "127.0.0.1:8040"))
        known[f"xml_locate dialplan context name {name}"] = xml
    for device in run.json("device", "list"):
        if device["kind"] == "sip":
            name = device["name"]
            shown = run.json("device", "show", name, "--show-password")
            known[f"user_exists id {name} pbx.test"] = "true"
            known[f"user_data {name}@pbx.test param password"] = shown["password"]
    return known


def examine(run, answers, *words, router=b"connect\n\n"):
    """The checks of ``doctor`` against a switch and a router."""
    with event_socket(answers) as switch, listener(router) as address:
        # The switch's dialplan names the usual port: the router's own one is put in.
        switch.answers = {
            key: value.replace("127.0.0.1:8040", str(address)) for key, value in answers.items()
        }
        where = ["--freeswitch", switch.address, "--password", PASSWORD, "--listen", str(address)]
        result = run("doctor", "--json", "--max-calls", "10", *where, *words)
    import json

    found = json.loads(result.stdout)
    assert result.exit_code == (0 if found["ok"] else 1)
    return found


def failures(found, level="fail"):
    return [check["text"] for check in found["checks"] if check["level"] == level]


def test_all_is_well(run, answers, tmp_path):
    path = tmp_path / "default.xml"
    run.ok("directory", "write", path)
    found = examine(run, answers, "--directory", path)
    assert failures(found) == failures(found, "warn") == []
    assert any("1.10.12" in check["text"] for check in found["checks"])
    assert {check["area"].split()[0] for check in found["checks"]} == {
        "store",
        "directory",
        "router",
        "switch",
    }


@pytest.mark.parametrize(
    ("asked", "answer", "level", "text"),
    [
        ("sofia status", STATUS.replace("NOREG", "FAIL_WAIT"), "warn", "gateway external::trunk"),
        ("sofia status", "0 profiles 0 aliases\n", "fail", "no SIP profile is loaded"),
        (
            "sofia status",
            STATUS.replace("5060\tRUNNING", "5060\tFAILED"),
            "fail",
            "SIP profile internal is FAILED",
        ),
        ("module_exists mod_voicemail", "false", "fail", "callers find no mailbox"),
        ("strepoch", "1000000000", "warn", "its clock is"),
        (
            "xml_locate dialplan context name internal",
            context("internal", ("bridge", "user/1001")),
            "fail",
            "context internal hands no call to a router",
        ),
        (
            "xml_locate dialplan context name internal",
            context("internal", ("socket", "127.0.0.1:8040 async full")),
            "fail",
            "calls socket with async full",
        ),
        (
            "xml_locate dialplan context name public",
            context("public", ("socket", "10.0.0.1:1")),
            "fail",
            "hands calls to 10.0.0.1:1",
        ),
        (
            "sofia xmlstatus profile internal",
            "<profile><context>default</context></profile>",
            "warn",
            "count as external",
        ),
        ("user_exists id 1001-desk pbx.test", "false", "fail", "it does not know 1001-desk"),
        (
            "user_data 1001-desk@pbx.test param password",
            "older",
            "fail",
            "another password for 1001-desk",
        ),
    ],
)
def test_what_the_switch_lacks(run, answers, asked, answer, level, text):
    found = examine(run, {**answers, asked: answer})
    assert any(text in each for each in failures(found, level)), found
    (check,) = [each for each in found["checks"] if text in each["text"]]
    assert check["todo"]


def test_a_password_that_is_hashed_is_not_compared(run, answers):
    found = examine(run, {**answers, "user_data 1001-desk@pbx.test param password": ""})
    assert found["ok"]


def test_no_switch_and_no_router(run):
    result = run("doctor", "--freeswitch", "127.0.0.1:1", "--listen", "127.0.0.1:1")
    assert result.exit_code == 1
    assert "fail  router: no router at 127.0.0.1:1: Connection refused" in result.stdout
    assert "→ start it: esl-router serve" in result.stdout
    assert "cannot be reached" in result.stdout
    assert "→ start FreeSWITCH" in result.stdout
    assert result.stdout.splitlines()[-1].endswith("2 failed, 0 warnings.")


def test_a_wrong_password(run, answers):
    found = examine(run, answers, "--password", "wrong")
    assert any("does not accept the password" in each for each in failures(found))


@pytest.mark.parametrize(
    ("said", "level", "text"),
    [
        (b"connect\n\n", Level.OK, "a router answers"),
        (b"", Level.FAIL, "takes no more calls"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Level.FAIL, "is no router"),
        (None, Level.FAIL, "says nothing"),
    ],
)
def test_the_router_is_heard(monkeypatch, said, level, text):
    monkeypatch.setattr(checks, "PROBE_TIMEOUT", 0.2)
    with listener(said) as address:
        (check,) = checks.router(address)
    assert check.level is level
    assert text in check.text


def test_a_store_that_is_not_there(tmp_path):
    (check,) = checks.store(tmp_path / "none.db")
    assert check.level is Level.FAIL
    assert "init" in check.text


def test_an_empty_store(empty):
    levels = [check.level for check in checks.store(empty.store)]
    assert levels == [Level.FAIL]


def test_a_rule_that_was_forced_in(run):
    db = open_store(run.store)
    db.conn.execute("PRAGMA ignore_check_constraints = on")
    db.conn.execute("UPDATE devices SET number = '+12' WHERE name = '1001-mobile'")
    db.close()
    texts = [check.text for check in checks.store(run.store) if check.level is Level.FAIL]
    assert len(texts) == 1
    assert texts[0].startswith("users.1001.devices.1001-mobile.number: ")


def test_a_store_that_others_can_read(run):
    run.store.chmod(0o644)
    (warning,) = [check for check in checks.store(run.store) if check.level is Level.WARN]
    assert warning.todo == f"chmod 600 {run.store}"


def test_short_passwords(run):
    run.ok("device", "set", "1001-desk", "--sip-password", "1234")
    (warning,) = [check for check in checks.store(run.store) if check.level is Level.WARN]
    assert "1001-desk" in warning.text
    assert "1234" not in warning.text


def test_a_directory_file_that_is_old(run, tmp_path):
    path = tmp_path / "default.xml"
    run.ok("directory", "write", path)
    assert [check.level for check in checks.directory(path, run.store)] == [Level.OK]
    run.ok("device", "remove", "1001-soft")
    (check,) = checks.directory(path, run.store)
    assert check.level is Level.FAIL
    assert check.todo == f"esl-router directory write {path} --reload"
    (check,) = checks.directory(tmp_path / "none.xml", run.store)
    assert check.level is Level.FAIL


def test_open_files():
    (enough,) = checks.files(1)
    assert enough.level is Level.OK
    (short,) = checks.files(10**9)
    assert short.level in (Level.FAIL, Level.OK)  # where the system sets no limit at all
    if short.level is Level.FAIL:
        assert "LimitNOFILE" in short.todo


def test_profiles():
    found, gateways = profiles(STATUS)
    assert found == {"external": "RUNNING", "internal": "RUNNING"}
    assert gateways == {"external::trunk": "NOREG"}


def test_sockets():
    xml = context("x", ("socket", "a:1"), ("set", "b"), ("socket", "c:2 async"))
    assert sockets(xml) == ["a:1", "c:2 async"]
    assert sockets("-ERR not found") == []


@pytest.mark.parametrize(
    ("data", "level"),
    [
        ("127.0.0.1:8040", Level.OK),
        ("10.0.0.9:8041|10.0.0.5:8040", Level.OK),
        ("127.0.0.1:8040 async", Level.FAIL),
        ("127.0.0.1:8040 full", Level.FAIL),
        ("127.0.0.1:9999", Level.FAIL),
        ("", Level.FAIL),
    ],
)
def test_handover(data, level):
    assert handover("internal", data, Address("127.0.0.1", 8040))[0] is level


def calendars(run):
    return [
        (check["level"], check["text"], check["todo"])
        for check in run.json("doctor", "--no-switch")["checks"]
        if check["area"] == "calendars"
    ]


def test_calendars_that_are_read_and_those_that_are_not(run, tmp_path):
    assert calendars(run) == []
    path = tmp_path / "anna.ics"
    path.write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n")
    run.ok("calendar", "set", "1001", "--source", f"file:{path}")
    ((level, text, todo),) = calendars(run)
    assert (level, "has never been read" in text, "esl-router serve" in todo) == (
        "warn",
        True,
        True,
    )
    run.ok("calendar", "sync")
    assert calendars(run) == [("ok", "1 calendar is read", "")]
    with closing(open_store(run.store)) as db:
        db.conn.execute("UPDATE calendar_feeds SET read = read - 4 * 3600")
    assert "was read last at" in calendars(run)[0][1]
    path.unlink()
    run("calendar", "sync")
    ((level, text, todo),) = calendars(run)
    assert level == "warn"
    assert "cannot be read since" in text
    assert "No such file" in text
    assert "calendar sync 1001" in todo


def test_a_calendar_s_password_is_to_be_kept(run, tmp_path):
    login = tmp_path / "login"
    login.write_text("anna:secret")
    login.chmod(0o644)
    run.ok(
        *("calendar", "set", "1001", "--login", f"file:{login}"),
        *("--source", "caldav:http://127.0.0.1:9/private"),
    )
    texts = [text for _, text, _ in calendars(run)]
    assert any("others may open it" in text for text in texts)
    assert any("without encryption" in text for text in texts)
    assert not any("secret" in text or "private" in text for text in texts)
    login.chmod(0o600)
    run.ok("calendar", "set", "1001", "--source", "caldav:https://127.0.0.1:9/private")
    assert len(calendars(run)) == 1
