from __future__ import annotations

import json
import stat

import pytest

from tests.cli.conftest import DATA

RULES = (DATA / "company.yaml").read_text()

WRONG = {
    "broken YAML": (RULES + "\n  - : [", "broken YAML"),
    "unknown key": (RULES.replace("voicemail: false", "voicemale: false"), "users.1002.voicemale"),
    "dangling reference": (RULES.replace('user: "1001"', 'user: "1009"'), "teams.2000.members[0]"),
    "bad number": (RULES.replace("+491711234567", "+49"), "users.1001.devices.1001-mobile.number"),
    "negative delay": (RULES.replace("delay: 10", "delay: -1"), "1001-mobile.external.delay"),
    "two users with one number": (RULES.replace("345102", "345101"), "users.1002.numbers[0]"),
    "a time like 25:00": (
        RULES + '\nschedules: {office: {open: [{days: mon, from: "08:00", to: "25:00"}]}}\n',
        "schedules.office.open[0].to",
    ),
    "no domain": (RULES.replace("domain: pbx.test", ""), "domain"),
    "nothing": ("", "the file must hold"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_bad_file_is_one_clear_line_and_changes_nothing(run, tmp_path, name):
    text, where = WRONG[name]
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    assert where in run.fails("import", path)


def test_a_file_that_is_not_there_is_named(run):
    assert "no-such.yaml" in run("import", "no-such.yaml").stderr


def test_export_and_import_change_nothing(run, tmp_path):
    path = tmp_path / "rules.yaml"
    assert run.ok("export", path) == ""
    assert run.ok("import", path) == "pbx.test: no change.\n"
    assert run.ok("export") == path.read_text()


def test_an_export_that_is_new_is_its_owners_alone(run, tmp_path):
    path = tmp_path / "rules.yaml"
    run.ok("export", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_export_keeps_the_permissions_of_a_file_that_is_there(run, tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("old")
    path.chmod(0o640)
    run.ok("export", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.glob(".rules*")) == []


def test_an_export_that_cannot_be_written_leaves_nothing(run):
    assert "/proc" in run.fails("export", "/proc/rules.yaml")


def test_standard_input_and_output(run):
    text = run.exported().replace("Anna Adler", "Anna Ärmel")
    assert "~ users.1001.name: Anna Adler → Anna Ärmel" in run.ok("import", "-", text=text)
    assert "Anna Ärmel" in run.ok("export", "-")


def test_a_dry_run_says_what_it_would_change(run):
    before = run.exported()
    text = before.replace("Carl Conti", "Carla Conti")
    said = run.ok("import", "-", "--dry-run", text=text)
    assert said.splitlines() == [
        "~ users.1003.name: Carl Conti → Carla Conti",
        "pbx.test: 1 change; nothing was written (--dry-run).",
    ]
    assert run.exported() == before


def test_json_of_an_import(run):
    text = run.exported().replace("Carl Conti", "Carla Conti")
    result = json.loads(run.ok("import", "-", "--json", text=text))
    assert result["written"] is True
    assert [change["path"] for change in result["changes"]] == ["users.1003.name"]
    assert result["kept"] == []


def test_what_people_switched_stays_unless_the_state_is_asked_for(run):
    run.ok("dnd", "1001-desk", "on")
    said = run.ok("import", DATA / "company.yaml")
    assert "= users.1001.devices.1001-desk.dnd: stays true (the file: false)" in said
    assert run.json("device", "show", "1001-desk")["dnd"] is True
    run.ok("import", DATA / "company.yaml", "--state")
    assert run.json("device", "show", "1001-desk")["dnd"] is False


def test_passwords_are_not_printed(empty):
    said = empty.ok("import", DATA / "company.yaml")
    assert "secret" not in said
    assert "secret" in empty.exported()


def test_several_domains_need_a_name(run):
    other = 'domain: other.test\nusers: {"1001": {name: Zoe}}\n'
    run.ok("import", "-", text=other)
    line = run("export").stderr
    assert "pbx.test" in line
    assert "other.test" in line
    assert "Zoe" in run.ok("export", "--domain", "other.test")
    assert "no domain 'nope'" in run("user", "list", "--domain", "nope").stderr


def test_an_empty_store_says_how_to_fill_it(empty):
    assert "esl-router import" in empty("export").stderr
