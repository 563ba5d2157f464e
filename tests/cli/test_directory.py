from __future__ import annotations

import stat
from xml.etree import ElementTree as ET

import pytest

from tests.cli.event_socket import PASSWORD, event_socket


def users(path):
    return {user.get("id"): user for user in ET.parse(path).getroot().iter("user")}


def param(user, name):
    return next(p.get("value") for p in user.iter("param") if p.get("name") == name)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "default.xml"


def test_every_sip_device_is_in_it(run, path):
    assert run.ok("directory", "write", path) == f"{path}: 4 SIP devices.\n"
    found = users(path)
    assert {"1001-desk", "1001-soft", "1002.desk", "desk-reception", "1001"} <= found.keys()
    assert param(found["1001-desk"], "password") == "desk-secret"
    assert "1001-mobile" not in found


def test_a_manned_workplace_rings_for_who_sits_there(run, path):
    run.ok("directory", "write", path)
    assert "desk-reception" in param(users(path)["1002"], "dial-string")
    run.ok("user", "set", "1002", "workplace=")
    run.ok("directory", "write", path)
    assert "desk-reception" not in param(users(path)["1002"], "dial-string")
    assert param(users(path)["desk-reception"], "password") == "reception-secret"


def test_several_domains_are_one_file(run, path):
    other = (
        'domain: other.test\nusers: {"1001": {name: Zoe, devices: {z: {kind: sip, password: pw}}}}'
    )
    run.ok("import", "-", text=other)
    run.ok("directory", "write", path)
    domains = [domain.get("name") for domain in ET.parse(path).getroot().iter("domain")]
    assert domains == ["other.test", "pbx.test"]
    run.ok("directory", "write", path, "--domain", "other.test")
    assert len(list(ET.parse(path).getroot().iter("domain"))) == 1


def test_a_new_file_is_not_for_everybody(run, path):
    run.ok("directory", "write", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_standard_output(run, path):
    run.ok("directory", "write", path)
    assert run.ok("directory", "write", "-") == path.read_text()


def test_reload_tells_the_switch(run, path):
    with event_socket({"reloadxml": "+OK [Success]\n"}) as switch:
        words = ["--reload", "--freeswitch", switch.address, "--password", PASSWORD]
        assert run.json("directory", "write", path, *words)["reloaded"] is True
        assert switch.asked == ["reloadxml"]


def test_a_switch_that_cannot_read_it_is_an_error(run, path):
    with event_socket({"reloadxml": "-ERR [unclosed <users>]\n"}) as switch:
        words = ["--reload", "--freeswitch", switch.address, "--password", PASSWORD]
        assert "unclosed <users>" in run.fails("directory", "write", path, *words)


def test_a_wrong_password_is_an_error(run, path):
    with event_socket({}) as switch:
        words = ["--reload", "--freeswitch", switch.address, "--password", "wrong"]
        assert "does not accept the password" in run.fails("directory", "write", path, *words)


@pytest.mark.parametrize("words", [["/proc/x.xml"], ["x.xml", "--domain", "nope"]])
def test_what_cannot_be_written(run, words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run.fails("directory", "write", *words)
    assert not (tmp_path / "x.xml").exists()
