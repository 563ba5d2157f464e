from __future__ import annotations

import pytest


def test_list(run):
    lines = run.ok("device", "list").splitlines()
    assert lines[0].split() == ["device", "kind", "belongs", "to", "number", "press", "1", "dnd"]
    assert [line.split()[0] for line in lines[1:]][:3] == ["1001-desk", "1001-soft", "1001-mobile"]
    assert any("workplace reception" in line for line in lines)
    assert [each["name"] for each in run.json("device", "list", "--user", "1002")] == ["1002.desk"]


def test_no_password_unless_asked_for(run):
    assert "secret" not in run.ok("device", "list", "--json")
    assert "secret" not in run.ok("device", "show", "1001-desk")
    assert "desk-secret" in run.ok("device", "show", "1001-desk", "--show-password")
    assert run.json("device", "show", "1001-desk") == {
        "name": "1001-desk",
        "user": "1001",
        "workplace": None,
        "kind": "sip",
        "dnd": False,
        "redirect": False,
    }


def test_a_new_sip_device_is_given_a_password(run):
    made = run.json("device", "add", "1003-desk", "--user", "1003")
    shown = run.json("device", "show", "1003-desk", "--show-password")
    assert made["password"] == shown["password"]
    assert len(made["password"]) >= 16
    said = run.ok("device", "add", "1003-soft", "--user", "1003")
    assert "Its password: " in said
    assert "directory write" in said


def test_add_a_number_outside(run):
    run.ok("device", "add", "1002-mobile", "--user", "1002", "--number", "0171 7654321")
    shown = run.json("device", "show", "1002-mobile")
    assert (shown["kind"], shown["number"], shown["confirm"]) == ("external", "+491717654321", True)


def test_add_to_a_workplace(run):
    run.ok("device", "add", "second", "--workplace", "reception", "--sip-password", "long-enough")
    shown = run.json("device", "show", "second", "--show-password")
    assert (shown["workplace"], shown["password"]) == ("reception", "long-enough")


def test_set(run):
    run.ok("device", "set", "1001-mobile", "--number", "01719998877", "--no-confirm")
    shown = run.json("device", "show", "1001-mobile")
    assert (shown["number"], shown["confirm"]) == ("+491719998877", False)
    made = run.json("device", "set", "1001-desk", "--new-password")
    shown = run.json("device", "show", "1001-desk", "--show-password")
    assert made["password"] == shown["password"] != "desk-secret"


def test_remove(run):
    run.ok("device", "remove", "1001-soft")
    assert "1001-soft" not in run.exported()


def test_dnd_on_and_off(run):
    run.ok("dnd", "1001-desk", "on")
    assert run.json("device", "show", "1001-desk")["dnd"] is True
    run.ok("device", "set", "1001-desk", "--dnd", "off")
    assert run.json("device", "show", "1001-desk")["dnd"] is False


def test_a_user_switches_his_own(run):
    run.ok("dnd", "1001-desk", "on", "--as", "1001")
    assert run.json("device", "show", "1001-desk")["dnd"] is True
    run.ok("--as", "1002", "dnd", "desk-reception", "on")  # he sits at that workplace
    assert run.json("device", "show", "desk-reception")["dnd"] is True


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["dnd", "1001-desk", "on", "--as", "1002"], "1001 himself and the administrator may"),
        (["device", "set", "1001-desk", "--new-password", "--as", "1001"], "administrator"),
        (["device", "show", "nope"], "there is no device 'nope'"),
        (["device", "show", "1001-dask"], "did you mean '1001-desk'"),
        (["device", "add", "1001-desk", "--user", "1003"], "a device of this name already"),
        (["device", "add", "new", "--user", "1099"], "there is no user '1099'"),
        (["device", "add", "bad name", "--user", "1003"], "no device name"),
        (["device", "add", "m", "--user", "1003", "--number", "0900123456"], "settings.toll"),
        (["device", "add", "m", "--user", "1003", "--number", "123"], "no telephone number"),
        (["device", "add", "d", "--user", "1003", "--sip-password", "with space"], "ASCII"),
        (["device", "add", "d", "--workplace", "nowhere"], "no workplace 'nowhere'"),
        (["device", "set", "1001-desk", "--number", "01717654321"], "number is for devices of"),
        (["device", "remove", "nope"], "there is no device 'nope'"),
    ],
)
def test_a_wrong_word_is_one_line_and_changes_nothing(run, words, text):
    assert text in run.fails(*words)


@pytest.mark.parametrize(
    "words",
    [
        ["device", "add", "x"],
        ["device", "add", "x", "--user", "1001", "--workplace", "reception"],
        ["device", "set", "1001-desk"],
        ["device", "set", "1001-desk", "--new-password", "--sip-password", "x"],
        ["dnd", "1001-desk", "perhaps"],
    ],
)
def test_wrong_usage(run, words):
    run.fails(*words, code=2)


def test_whether_a_phone_may_redirect(run):
    run.ok("device", "set", "1001-desk", "--redirect")
    assert run.json("device", "show", "1001-desk")["redirect"]
    run.ok("device", "set", "1001-desk", "--no-redirect")
    assert not run.json("device", "show", "1001-desk")["redirect"]
    said = run.fails("device", "set", "1001-mobile", "--redirect")
    assert "redirect is for devices of kind sip, this one is external" in said


def test_an_app_keeps_what_wakes_it_to_itself(run):
    said = run.ok("device", "add", "1003-app", "--user", "1003", "--push", "token=hush")
    assert "hush" not in said
    shown = run.json("device", "show", "1003-app", "--show-password")
    assert (shown["kind"], shown["push"]) == ("app", {"token": "hush"})
    assert "hush" not in run.ok("device", "list", "--json") + run.ok("device", "show", "1003-app")
    run.ok("device", "set", "1003-app", "--push", "token=t=2", "--push", "platform=apns")
    shown = run.json("device", "show", "1003-app", "--show-password")
    assert shown["push"] == {"token": "t=2", "platform": "apns"}
    run.fails("device", "set", "1003-app", "--push", "token", code=2)
    run.fails("device", "set", "1001-desk", "--push", "token=x")
