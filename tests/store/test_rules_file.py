"""Every wrong file: one line each, with its path. Every right one: read, written, read again."""

import copy

import pytest

from esl_router.errors import RulesFileError
from esl_router.esl import untrusted
from esl_router.model.codes import USUAL
from esl_router.store import rules_file
from tests.store.conftest import COMPANY

SMALL = """
domain: pbx.test
settings: {country: DE, toll: {deny: ["+49900"]}}
schedules: {office: {open: [{days: mon-fri, from: "08:00", to: "17:00"}]}}
workplaces: {reception: {devices: {desk-reception: {kind: sip, password: secret}}}}
users:
  "1001":
    name: Anna Adler
    numbers: ["+493012345101"]
    workplace: reception
    devices:
      1001-desk: {kind: sip, password: secret}
      1001-mobile: {kind: external, number: "0171 1234567"}
    follow_me:
      1001-desk: {user_configurable: true, external: {delay: 0, ring: 20}}
    presence:
      status: available
      profiles:
        available: {external: {no_answer: "extension:1002"}}
    callers: [{numbers: ["+4930111*"], action: ring}]
  "1002": {name: Berta}
teams:
  "2000":
    name: Hotline
    members: [{user: "1001"}, {user: "1002"}]
    overflow: {no_answer: "voicemail:1001"}
executives:
  "1001":
    criteria: [{name: customers, schedule: office, callers: {numbers: ["+4930*"]}}]
    assistants: [{user: "1002", divert: "+491715550000"}]
    rollover: {after: 30, action: no_answer}
"""


def problems(text):
    with pytest.raises(RulesFileError) as caught:
        rules_file.load(text)
    return caught.value.problems


def test_the_small_file_is_right():
    rules = rules_file.load(SMALL)
    assert rules["users"]["1001"]["devices"]["1001-mobile"]["number"] == "+491711234567"
    assert rules["users"]["1002"]["presence"]["status"] == "available"
    assert rules["users"]["1001"]["follow_me"]["1001-desk"]["team"] == {
        "enabled": True,
        "delay": 0,
        "ring": None,
        "skip_if_busy": False,
    }


# What is replaced in SMALL, by what, and the one line that comes of it.
WRONG = [
    (
        "domain: pbx.test",
        "domain: pbx test",
        "domain: 'pbx test' is no host name (pbx.example.com)",
    ),
    ("domain: pbx.test", "", "domain: is missing"),
    ("domain: pbx.test", "domain: -a.b", "domain: '-a.b' is no host name (pbx.example.com)"),
    ("name: Hotline", "nmae: Hotline", "teams.2000.nmae: unknown key, did you mean 'name'?"),
    ("teams:", "teems:", "teems: unknown key, did you mean 'teams'?"),
    ("country: DE", "country: XX", "settings.country: 'XX' is no country code (ISO 3166, like DE)"),
    (
        "country: DE",
        "timezone: Europe/Bärlin",
        "settings.timezone: 'Europe/Bärlin' is no time zone",
    ),
    (
        "country: DE",
        "timezone: ../../etc/passwd",
        "settings.timezone: '../../etc/passwd' is no time",
    ),
    ("country: DE", "ring_cycle: 0", "settings.ring_cycle: must be 1 to 60 seconds, not 0"),
    ("country: DE", "trunk: sofia/gateway/trunk/", "settings.trunk: must contain {number} once"),
    ("country: DE", "caller_id_out: me", "settings.caller_id_out: must be caller, user or fixed:"),
    (
        "country: DE",
        "max_redirects: many",
        "settings.max_redirects: must be a whole number, not 'm",
    ),
    (
        "country: DE",
        "forward_ring: 301",
        "settings.forward_ring: must be 1 to 300 seconds, not 301",
    ),
    (
        "country: DE",
        "dnd_over_cfu: sometimes",
        "settings.dnd_over_cfu: must be true or false, not 's",
    ),
    (
        'deny: ["+49900"]',
        "deny: [49900]",
        "settings.toll.deny[0]: 49900 is no prefix: + and digits",
    ),
    ('deny: ["+49900"]', 'deny: "+49900"', "settings.toll.deny: must be a list, not '+49900'"),
    ("mon-fri", "mon-fry", "schedules.office.open[0].days: 'mon-fry' are no days"),
    (
        '"17:00"',
        '"25:00"',
        "schedules.office.open[0].to: '25:00' is no time of day: 00:00 to 24:00",
    ),
    ('"17:00"', '"17:60"', "schedules.office.open[0].to: '17:60' is no time of day"),
    ('"08:00"', '"24:00"', "schedules.office.open[0].from: '24:00' is no time of day: 00:00 to 23"),
    ('"17:00"', '"08:00"', "schedules.office.open[0]: is empty: from 08:00 to 08:00"),
    ('"17:00"', "17", "schedules.office.open[0].to: 17 is no time of day"),
    ('"0171 1234567"', '"12x"', "users.1001.devices.1001-mobile.number: '12x' is no telephone num"),
    (
        '"0171 1234567"',
        '"+49900111222"',
        "users.1001.devices.1001-mobile.number: settings.toll doe",
    ),
    (', number: "0171 1234567"', "", "users.1001.devices.1001-mobile: a device of kind external n"),
    (
        "1001-desk: {kind: sip, password: secret}",
        "1001-desk: {kind: sip}",
        "users.1001.devices.1001",
    ),
    (
        "{kind: sip, password: secret}\n      1001-m",
        "{kind: fax}\n      1001-m",
        "users.1001.devices.",
    ),
    (
        "{kind: external,",
        "{kind: external, password: x,",
        "users.1001.devices.1001-mobile: password ",
    ),
    (
        "1001-mobile:",
        "1001 mobile:",
        "users.1001.devices.1001 mobile: '1001 mobile' is no device n",
    ),
    (
        "1001-mobile:",
        "desk-reception:",
        "users.1001.devices.desk-reception: workplaces.reception ha",
    ),
    (
        "follow_me:\n      1001-desk",
        "follow_me:\n      1001-dsek",
        "users.1001.follow_me.1001-dsek: ",
    ),
    ("delay: 0", "delay: -5", "users.1001.follow_me.1001-desk.external.delay: must be 0 to 600"),
    ("ring: 20", "ring: 0", "users.1001.follow_me.1001-desk.external.ring: must be 1 to 600"),
    (
        "delay: 0",
        "delay: 1.5",
        "users.1001.follow_me.1001-desk.external.delay: must be a whole num",
    ),
    (
        "delay: 0",
        "delay: true",
        "users.1001.follow_me.1001-desk.external.delay: must be a whole nu",
    ),
    ("user_configurable: true", "user_configurable: 1", "users.1001.follow_me.1001-desk.user_conf"),
    ("status: available", "status: asleep", "users.1001.presence.status: must be available, away"),
    ("status: available", "until: tomorrow", "users.1001.presence.until: 'tomorrow' is no instant"),
    (
        "status: available",
        "until: 2026-12-24T15:00",
        "users.1001.presence.until: '2026-12-24T15:00' ",
    ),
    (
        "available: {ext",
        "asleep: {ext",
        "users.1001.presence.profiles.asleep: must be available, a",
    ),
    (
        '"extension:1002"',
        '"extension:1009"',
        "users.1001.presence.profiles.available.external.no_a",
    ),
    (
        '"extension:1002"',
        '"voicemail:2000"',
        "users.1001.presence.profiles.available.external.no_a",
    ),
    (
        '"extension:1002"',
        '"external:+49900111222"',
        "users.1001.presence.profiles.available.extern",
    ),
    (
        '"extension:1002"',
        "nowhere",
        "users.1001.presence.profiles.available.external.no_answer: 'n",
    ),
    (
        '"extension:1002"',
        "ring",
        "users.1001.presence.profiles.available.external.no_answer: 'ring' ",
    ),
    (
        '"extension:1002"',
        '"announcement:../x"',
        "users.1001.presence.profiles.available.external.no_answer: '../x' is no sound file",
    ),
    (
        '"extension:1002"',
        "announcement",
        "users.1001.presence.profiles.available.external.no_answer: '' is no sound file",
    ),
    (
        '"extension:1002"',
        "'announcement:a,b'",
        "users.1001.presence.profiles.available.external.no_answer: 'a,b' is no sound file",
    ),
    (
        '"voicemail:1001"',
        "'announcement:a'",
        "teams.2000.overflow.no_answer: 'announcement:a' is no target",
    ),
    (
        "name: Hotline",
        "name: Hotline\n    caller_prefix: 7",
        "teams.2000.caller_prefix: must be text in quotes, not 7",
    ),
    (
        "name: Hotline",
        f"name: Hotline\n    caller_prefix: {'x' * 41}",
        "teams.2000.caller_prefix: must be one line of up to 40 characters",
    ),
    (
        "name: Hotline",
        'name: Hotline\n    caller_prefix: "a\\nb"',
        "teams.2000.caller_prefix: must be one line",
    ),
    ("status: available", "message: ''", "users.1001.presence.message: must be one line of 1 to"),
    ("status: available", 'message: "a\\nb"', "users.1001.presence.message: must be one line of"),
    ("status: available", f"message: {'x' * 161}", "users.1001.presence.message: must be one"),
    ("status: available", "message: [a]", "users.1001.presence.message: must be text, not a list"),
    *(
        (
            "available: {external",
            f"available: {{alert_first: {value}, external",
            "users.1001.presence.profiles.available.alert_first: must be 1 to 60 seconds or splash",
        )
        for value in ("0", "61", "true", "ring")
    ),
    (
        "available: {external",
        "available: {announce: ../x.wav, external",
        "users.1001.presence.profiles.available.announce: '../x.wav' is no sound file",
    ),
    ("status: available", "afterwards: asleep", "users.1001.presence.afterwards: must be av"),
    ("+4930111*", "0930*", "users.1001.callers[0].numbers[0]: '0930*' begins with 0"),
    ("+4930111*", "+49x", "users.1001.callers[0].numbers[0]: '+49x' is no number pattern"),
    (
        "action: ring}]",
        "action: ring, schedule: offcie}]",
        "users.1001.callers[0].schedule: there is no schedule 'offcie', did you mean 'office'?",
    ),
    (
        "{name: Berta}",
        '{name: B, forward: {internal: {to: "extension:1009"}}}',
        "users.1002.forward.internal.to: there is no user or team '1009'",
    ),
    (
        "{name: Berta}",
        '{name: B, forward: {external: {to: "external:+49900111222", enabled: false}}}',
        "users.1002.forward.external.to: settings.toll does not permit calls to +49900111222",
    ),
    (
        "{name: Berta}",
        "{name: B, forward: {external: {enabled: true}}}",
        "users.1002.forward.external.to: is missing",
    ),
    (
        "{name: Berta}",
        "{name: B, forward: {team: {to: busy}}}",
        "users.1002.forward.team: unknown key",
    ),
    (
        "{name: Berta}",
        "{name: B, forward: {internal: {to: away}}}",
        "users.1002.forward.internal.to: 'away' is no target",
    ),
    ("action: ring", "action: sing", "users.1001.callers[0].action: must be ring or block, not 's"),
    (
        "workplace: reception",
        "workplace: recepton",
        "users.1001.workplace: there is no workplace 'r",
    ),
    (
        "{name: Berta}",
        "{name: Berta, workplace: reception}",
        "users.1002.workplace: 1001 is logged",
    ),
    (
        "{name: Berta}",
        '{name: B, numbers: ["030 12345101"]}',
        "users.1002.numbers[0]: +493012345101",
    ),
    ("{name: Berta}", "Berta", "users.1002: must be a mapping, not 'Berta'"),
    ("{name: Berta}", "{}", "users.1002.name: is missing"),
    ("{name: Berta}", '{name: "a\\nb"}', "users.1002.name: must be one line of 1 to 80 characters"),
    ('"1002": {', '"10x": {', "users.10x: '10x' is no extension: 2 to 8 digits"),
    ('"2000":', '"1002":', "teams.1002: users.1002 has this extension"),
    (
        "name: Hotline",
        'name: H\n    numbers: ["+493012345101"]',
        "teams.2000.numbers[0]: +493012345",
    ),
    (
        '{user: "1002"}]\n    over',
        '{user: "1009"}]\n    over',
        "teams.2000.members[1].user: there is n",
    ),
    (
        '{user: "1002"}]\n    over',
        '{user: "1001"}]\n    over',
        "teams.2000.members[1].user: 1001 stand",
    ),
    ('"voicemail:1001"', '"voicemail"', "teams.2000.overflow.no_answer: 'voicemail' is no target"),
    ('executives:\n  "1001"', 'executives:\n  "2000"', "executives.2000: there is no user '2000'"),
    (
        "schedule: office",
        "schedule: offcie",
        "executives.1001.criteria[0].schedule: there is no sch",
    ),
    (
        '[{user: "1002", d',
        '[{user: "1001", d',
        "executives.1001.assistants[0].user: nobody is his ow",
    ),
    (
        '"+491715550000"',
        '"+49900111222"',
        "executives.1001.assistants[0].divert: settings.toll does",
    ),
    (
        '"+491715550000"',
        '"1001"',
        "executives.1001.assistants[0].divert: 1001 is the executive himself",
    ),
    ('"+491715550000"', '"1002"', "executives.1001.assistants[0].divert: nobody takes his own p"),
    (
        '"+491715550000"',
        '"2000"',
        "executives.1001.assistants[0].divert: there is no user '2000'",
    ),
    (
        '"+491715550000"',
        '"team:2000"',
        "executives.1001.assistants[0].divert: 'team:2000' is neither an extension",
    ),
    (
        "schedule: office, callers",
        "holidays: offcie, callers",
        "executives.1001.criteria[0].holidays: there is no schedule 'offcie'",
    ),
    (
        "schedule: office, callers",
        "dialled: [abc], callers",
        "executives.1001.criteria[0].dialled[0]: 'abc' is no number pattern",
    ),
    (
        "criteria: [",
        "criteria: [{name: customers}, ",
        "executives.1001.criteria[1].name: 'customers' stands here twice",
    ),
    (
        "country: DE",
        "alert_info: {silent: 'a\"b'}",
        "settings.alert_info.silent: 'a\"b' is no Alert-Info header",
    ),
    (
        "country: DE",
        "alert_info: {silent: <a>; info=silent}",
        "settings.alert_info.silent: '<a>; info=silent' is no Alert-Info header",
    ),
    (
        "country: DE",
        f"alert_info: {{silent: {'a' * 201}}}",
        "settings.alert_info.silent: 'aaaaa",
    ),
    (
        "country: DE",
        "alert_info: {silent: 'a:_:b'}",
        "settings.alert_info.silent: 'a:_:b' is no Alert-Info header",
    ),
    (
        "country: DE",
        'codes: {push: "63"}',
        "settings.codes.push: '63' is no feature code: * or #, then",
    ),
    ("country: DE", 'codes: {push: "*"}', "settings.codes.push: '*' is no feature code: * or #"),
    (
        "country: DE",
        'codes: {push: "*6"}',
        "settings.codes: on_behalf (*64) begins with push (*6)",
    ),
    (
        "country: DE",
        'codes: {on_behalf: "*63"}',
        "settings.codes: on_behalf (*63) begins with push (*63)",
    ),
    ("action: no_answer", "action: dance", "executives.1001.rollover.action: 'dance' is no target"),
    (
        "action: no_answer",
        "action: 'extension:1001'",
        "executives.1001.rollover.action: 1001 is the executive himself: for his own phones, `exec",
    ),
    ("after: 30", "after: 0", "executives.1001.rollover.after: must be 1 to 600 seconds, not"),
]


@pytest.mark.parametrize(("right", "wrong", "line"), WRONG, ids=lambda text: text[:40])
def test_what_is_wrong_is_one_line_with_its_path(right, wrong, line):
    assert SMALL.count(right) == 1
    [problem] = [p for p in problems(SMALL.replace(right, wrong)) if p.startswith(line)] or [None]
    assert problem is not None, problems(SMALL.replace(right, wrong))
    assert problem.startswith(line)


TRUNKS = [
    "{number}",
    "sofia/gateway/{number}/{number}",
    "sofia/gateway/trunk/{number},loopback/1",
    "sofia/gateway/trunk/{number}|x",
    "sofia/gateway/trunk/{number}:_:x/y",
    "[a=b]sofia/gateway/trunk/{number}",
    "{a=b}sofia/gateway/trunk/{number}",
    "<x>sofia/gateway/trunk/{number}",
    "sofia/gateway/$${x}/{number}",
    "sofia/gateway/t'/{number}",
    'sofia/gateway/t"/{number}',
    "sofia/gateway/t^^/{number}",
    "sofia/gateway/t\\s/{number}",
    "sofia/gateway/a b/{number}",
    "sofia/gateway/trunk/{number}\n",
]


@pytest.mark.parametrize("trunk", TRUNKS)
def test_a_trunk_that_could_split_a_dial_string(trunk):
    [line] = [
        p for p in _problems_of_settings({"trunk": trunk}) if p.startswith("settings.trunk: ")
    ]
    assert line


def _problems_of_settings(settings):
    with pytest.raises(RulesFileError) as caught:
        rules_file.check({"domain": "pbx.test", "settings": settings})
    return caught.value.problems


@pytest.mark.parametrize(
    "trunk", ["sofia/gateway/trunk/{number}", "sofia/external/{number}@10.0.0.1:5060"]
)
def test_a_trunk_that_is_right(trunk):
    rules = rules_file.check({"domain": "pbx.test", "settings": {"trunk": trunk}})
    assert rules["settings"]["trunk"] == trunk


def test_every_fault_is_told_at_once():
    text = SMALL.replace("delay: 0", "delay: -5").replace("name: Hotline", "nmae: Hotline")
    assert [line.split(":")[0] for line in problems(text)] == [
        "users.1001.follow_me.1001-desk.external.delay",
        "teams.2000.nmae",
        "teams.2000.name",
    ]


def test_a_file_full_of_faults_is_told_in_so_many_lines():
    users = "".join(f'  "{1000 + n}": {{nmae: x}}\n' for n in range(300))
    lines = problems(f"domain: pbx.test\nusers:\n{users}")
    assert len(lines) == 201
    assert lines[-1] == "… and 400 more"


@pytest.mark.parametrize("text", ["", "just text", "[1, 2]"])
def test_what_is_no_rules_file(text):
    assert problems(text)[0].startswith("the file must hold a mapping that begins with domain:")


def test_what_people_write_without_quotes_is_understood():
    text = SMALL.replace('"1001":', "1001:").replace('"08:00"', "8:00").replace('"1002"', "1002")
    assert rules_file.load(text) == rules_file.load(SMALL)


def test_numbers_are_read_by_the_rules_of_the_files_country():
    text = "domain: a.at\nsettings: {country: AT}\nusers: {10: {name: A, numbers: [01 5880]}}"
    assert rules_file.load(text)["users"]["10"]["numbers"] == ["+4315880"]


def test_a_schedule_may_go_past_midnight():
    rules = rules_file.load(SMALL.replace('"17:00"', '"06:00"'))
    assert rules["schedules"]["office"]["open"] == [
        {"days": "mon-fri", "from": "08:00", "to": "06:00"}
    ]


def test_an_instant_is_kept_whatever_its_zone():
    rules = rules_file.load(SMALL.replace("status: available", "until: 2026-12-24T15:00:00+01:00"))
    assert rules["users"]["1001"]["presence"]["until"] == 1798120800
    assert 'until: "2026-12-24T14:00:00Z"' in rules_file.dump(rules)


def test_an_announcement_may_stand_where_busy_may():
    words = "announcement:/srv/sounds/closed_today-1.wav"
    rules = rules_file.load(SMALL.replace("extension:1002", words))
    profile = rules["users"]["1001"]["presence"]["profiles"]["available"]
    assert profile["external"]["no_answer"]["to"] == words
    assert f'no_answer: "{words}"' in rules_file.dump(rules)
    always = SMALL.replace('no_answer: "extension:1002"', "always: 'announcement:closed'")
    assert rules_file.load(always)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0171 5550000", "+491715550000"),
        ("external:0171 5550000", "+491715550000"),
        ("1003", "1003"),
        ("extension:1003", "1003"),
    ],
)
def test_an_assistant_diverts_inside_or_outside(written, kept):
    text = SMALL.replace('"1002": {name: Berta}', '"1002": {name: Berta}\n  "1003": {name: Carl}')
    rules = rules_file.load(text.replace("+491715550000", written))
    assert rules["executives"]["1001"]["assistants"][0]["divert"] == kept
    assert f'divert: "{kept}"' in rules_file.dump(rules)


def test_every_part_of_a_criterion_and_every_code():
    text = SMALL.replace(
        "schedule: office, callers: {",
        'schedule: office, holidays: office, dialled: ["+493012345101"], callers: {'
        "unavailable: true, ",
    ).replace("country: DE", 'codes: {push: "#1"}, alert_info: {silent: "<urn:x>;info=1"}')
    rules = rules_file.load(text)
    [criterion] = rules["executives"]["1001"]["criteria"]
    assert criterion["holidays"] == "office"
    assert criterion["dialled"] == ["+493012345101"]
    assert criterion["callers"]["unavailable"]
    assert rules["settings"]["codes"] == {**USUAL, "push": "#1"}
    assert rules["settings"]["alert_info"] == {"silent": "<urn:x>;info=1"}
    assert rules_file.load(rules_file.dump(rules)) == rules


@pytest.mark.parametrize(
    "alert",
    [
        "Bellcore-dr1",
        "<urn:alert:service:normal>;source=private",
        "http://www.notused.com/x_y?a=1&b=%20#z;info=alert-autoanswer;delay=0",
    ],
)
def test_an_alert_info_header_fits_a_dial_string(alert):
    rules = rules_file.check(
        {"domain": "pbx.test", "settings": {"alert_info": {"silent": untrusted.dial_value(alert)}}}
    )
    assert rules["settings"]["alert_info"]["silent"] == alert


@pytest.mark.parametrize(
    "alert", ["", "a b", "a~b", "a,b", "{a}", "$x", "a::b", "A:_:B", "Origination_Nested_Vars", "ä"]
)
def test_what_is_no_alert_info_header(alert):
    with pytest.raises(RulesFileError, match="is no Alert-Info header"):
        rules_file.check({"domain": "pbx.test", "settings": {"alert_info": {"silent": alert}}})


def test_what_holds_after_a_temporary_status():
    temporary = "until: 2026-12-24T15:00:00+01:00\n      afterwards: lunch"
    rules = rules_file.load(SMALL.replace("status: available", temporary))
    assert rules["users"]["1001"]["presence"]["afterwards"] == "lunch"
    assert rules["users"]["1002"]["presence"]["afterwards"] == "available"
    assert rules_file.dump(rules).count("afterwards") == 1
    assert rules_file.load(rules_file.dump(rules)) == rules


@pytest.mark.parametrize("text", [SMALL, COMPANY.read_text()], ids=["small", "company"])
def test_what_is_written_is_read_again(text):
    rules = rules_file.load(text)
    before = copy.deepcopy(rules)
    assert rules_file.load(rules_file.dump(rules)) == before
    assert rules == before


def test_the_usual_is_left_out():
    assert rules_file.dump(rules_file.load('domain: pbx.test\nusers: {"1001": {name: A}}')) == (
        "domain: pbx.test\n\n"
        "settings:\n  country: DE\n  timezone: Europe/Berlin\n"
        "  trunk: sofia/gateway/trunk/{number}\n\n"
        'users:\n  "1001":\n    name: A\n    voicemail: true\n'
    )


def test_the_sample_company_shows_every_key():
    """A key that the sample does not use is a key that a newcomer does not meet."""
    text = COMPANY.read_text()
    missing = [key for key in _keys(rules_file.RULES) if f"{key}:" not in text]
    assert missing == []


def _keys(form):
    for name, key in getattr(form, "keys", {}).items():
        yield name
        yield from _keys(key.form)
    if hasattr(form, "form"):
        yield from _keys(form.form)


def test_the_blank_at_the_end_of_a_prefix_is_kept():
    text = SMALL.replace("name: Hotline", 'name: Hotline\n    caller_prefix: "Hotline: "')
    rules = rules_file.load(text)
    assert rules["teams"]["2000"]["caller_prefix"] == "Hotline: "
    assert rules_file.load(rules_file.dump(rules)) == rules


def test_some_other_file_is_refused_in_one_line_that_tells_nothing_of_it():
    with pytest.raises(RulesFileError) as refused:
        rules_file.load("root: x\nshadow: secret\n")
    (line,) = refused.value.problems
    assert line.startswith("domain: is missing")
    assert "shadow" not in line


def test_a_fax_number_is_one_of_his_own():
    text = COMPANY.read_text()
    assert text.count("    fax_numbers: []") == 1
    theirs = text.replace("    fax_numbers: []", '    fax_numbers: ["+493012345102"]')
    with pytest.raises(RulesFileError) as caught:
        rules_file.load(theirs)
    assert caught.value.problems == [
        "users.1001.fax_numbers[0]: +493012345102 is not among the numbers of 1001"
    ]
    his = text.replace("    fax_numbers: []", '    fax_numbers: ["030 12345101"]')
    assert rules_file.load(his)["users"]["1001"]["fax_numbers"] == ["+493012345101"]


def test_the_number_for_codes_is_nobodys_else():
    text = COMPANY.read_text().replace("+493012345999", "+493012345104")
    assert problems(text) == [
        "users.1004.numbers[0]: +493012345104 is settings.remote's number already"
    ]
