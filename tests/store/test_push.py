"""Apps in the rules: what wakes them, and in which status."""

from __future__ import annotations

import pytest

from esl_router.errors import RulesFileError
from esl_router.model.people import Hook, Origin
from esl_router.model.presence import Status
from esl_router.store import admin, rules_file
from esl_router.store.reader import Store
from esl_router.store.rules_import import export_rules, import_rules
from tests.store.test_admin import lines, refused

DOMAIN = "pbx.test"
RULES = """
domain: pbx.test
settings: {push: {url: "https://push.example/wake?k=1", wait: 12}}
users:
  "1001":
    name: Anna Adler
    devices: {1001-app: {kind: app, password: secret, push: {token: "t 1", platform: apns}}}
    presence: {profiles: {meeting: {push: false}}}
"""


@pytest.fixture
def apps(db):
    import_rules(db, rules_file.load(RULES))
    return db


def read(path, what):
    store = Store(path)
    with store.read() as rules:
        found = what(rules)
        problems = rules.problems
    store.close()
    return found, problems


def test_what_a_decision_reads(apps, path):
    def what(rules):
        [row] = rules.follow_me(DOMAIN, "1001", Origin.INTERNAL)
        profiles = rules.presence(DOMAIN, "1001").profiles
        return rules.settings(DOMAIN).push, row.device.push, profiles[Status.MEETING].push

    found, problems = read(path, what)
    hook = Hook(url="https://push.example/wake?k=1", wait=12)
    assert found == (hook, (("token", "t 1"), ("platform", "apns")), False)
    assert problems == ()


def test_an_export_says_it_again(apps):
    text = export_rules(apps, DOMAIN)
    assert "kind: app" in text
    assert not import_rules(apps, rules_file.load(text), state=True)


def test_a_command(db, path):
    hook = "{command: [/opt/wake, --now, 5], timeout: 3}"
    text = RULES.replace('{url: "https://push.example/wake?k=1", wait: 12}', hook)
    import_rules(db, rules_file.load(text))
    found, _ = read(path, lambda rules: rules.settings(DOMAIN).push)
    assert found == Hook(command=("/opt/wake", "--now", "5"), timeout=3)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('url: "https://push.example/wake?k=1", ', "", "settings.push: needs a command or a url"),
        ("{url:", "{command: [x], url:", "settings.push: needs a command or a url, and not both"),
        ("https://push", "ftp://push", "settings.push.url: must be an address like https://"),
        ("wait: 12", "wait: 0", "settings.push.wait: must be 1 to 60 seconds, not 0"),
        ("kind: app", "kind: sip", "users.1001.devices.1001-app: push is for devices of kind app"),
        ("password: secret, ", "", "users.1001.devices.1001-app: a device of kind app needs a pas"),
        ("token:", "to-ken:", "users.1001.devices.1001-app.push.to-ken: must be letters"),
    ],
)
def test_what_is_wrong(old, new, problem):
    with pytest.raises(RulesFileError) as raised:
        rules_file.load(RULES.replace(old, new, 1))
    assert any(each.startswith(problem) for each in raised.value.problems), raised.value.problems


def test_what_wakes_an_app_is_not_shown(apps):
    changes = admin.add_device(apps, DOMAIN, "x-app", {"push": {"token": "hush"}}, extension="1001")
    assert admin.device(apps, DOMAIN, "x-app")["kind"] == "app"
    again = admin.set_device(apps, DOMAIN, "x-app", {"push": {"token": "hush 2"}})
    said = "".join([*lines(changes), *lines(again), str([each.record() for each in changes])])
    assert lines(again)
    assert "hush" not in said
    assert refused(admin.set_device, apps, DOMAIN, "x-app", {"kind": "sip"})


def test_an_unreadable_hook_wakes_nobody(apps, path):
    apps.conn.execute("UPDATE domains SET push = '[]'")
    apps.conn.execute("UPDATE devices SET push = '3'")

    def what(rules):
        [row] = rules.follow_me(DOMAIN, "1001", Origin.INTERNAL)
        return rules.settings(DOMAIN).push, row.device.push

    found, problems = read(path, what)
    assert found == (None, None)
    assert [each.path for each in problems] == [
        "users.1001.devices.1001-app.push",
        "settings.push",
    ]
