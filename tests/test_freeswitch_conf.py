"""The shipped FreeSWITCH configuration allows what the router and the dialplans use."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from esl_router.model.codes import USUAL

ROOT = Path(__file__).parent.parent
CODE = "\n".join(path.read_text() for path in sorted((ROOT / "esl_router").rglob("*.py")))
DIALPLANS = "\n".join(path.read_text() for path in sorted((ROOT / "dialplans").glob("*.xml")))

WHOLE_MODULES = {"socket": "mod_event_socket", "voicemail": "mod_voicemail", "sofia": "mod_sofia"}


def allowed():
    tree = ET.parse(ROOT / "freeswitch-conf" / "autoload_configs" / "switch.conf.xml")
    return {entry.get("name") for entry in tree.iter("allow")}


def applications():
    used = re.findall(r'execute\("([a-z_]+)"', CODE)
    used += re.findall(r'application="([a-z_]+)"', DIALPLANS)
    # What somebody hears who answered too late is an inline dialplan: app:argument^app:argument.
    notice = re.search(r'_NOTICE = f"(.+)"', CODE)
    used += [each.split(":")[0] for each in notice[1].split("^")]
    used += re.findall(r" &([a-z_]+)\(", CODE)  # what an originate of ours runs at the answer
    return sorted(set(used))


def api_commands():
    used = re.findall(r'f?"(uuid_[a-z]+) ', CODE)
    used += re.findall(r'\.api\(\s*f?"([a-z_]+)', CODE)
    used += re.findall(r'"(bgapi) (originate) ', CODE)[0]
    return sorted(set(used))


@pytest.mark.parametrize("name", applications())
def test_an_application_that_is_used_is_allowed(name):
    assert WHOLE_MODULES.get(name, f"mod_dptools.{name}.app") in allowed()


@pytest.mark.parametrize("name", api_commands())
def test_an_api_command_that_is_used_is_allowed(name):
    assert WHOLE_MODULES.get(name, f"mod_commands.{name}.api") in allowed()


def test_the_lists_are_not_empty():
    assert {"bridge", "multiset", "voicemail", "playback"} <= set(applications())
    assert {"uuid_kill", "uuid_setvar", "show", "strepoch"} <= set(api_commands())


@pytest.mark.parametrize("name", ["system", "bgsystem", "spawn", "lua"])
def test_nothing_that_runs_a_program_is_allowed(name):
    assert not any(name in entry.split(".") for entry in allowed())


def test_codes_that_are_watched_are_the_routers_alone():
    conf = ROOT / "freeswitch-conf"
    mapped = ET.parse(conf / "autoload_configs" / "presence_map.conf.xml").find(".//exten")
    for digits in USUAL.values():
        assert re.match(mapped.get("regex"), digits)
    assert not re.match(mapped.get("regex"), "1001"), "the switch knows about its own accounts"
    assert mapped.get("proto") != "sip"
    profile = ET.parse(conf / "sip_profiles" / "internal.xml")
    params = {each.get("name"): each.get("value") for each in profile.iter("param")}
    assert params["presence-proto-lookup"] == params["manage-presence"] == "true"
    assert params["auth-subscriptions"] == "true", "a stranger watches nothing"
