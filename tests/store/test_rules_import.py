import copy
import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esl_router.errors import NotFound, RulesFileError
from esl_router.model.codes import USUAL
from esl_router.store import follow_me, rules_file
from esl_router.store.database import open_store, write
from esl_router.store.document import read_rules
from esl_router.store.rules_import import export_rules, import_rules
from tests.store.actors import acting
from tests.store.conftest import COMPANY

DOMAIN = "pbx.test"


@pytest.fixture
def rules(company_rules):
    return copy.deepcopy(company_rules)


def change(db, sql, *values):
    with write(db):
        db.conn.execute(sql, values)


def test_a_document_comes_back_from_the_store_as_it_was(company, company_rules):
    assert read_rules(company, DOMAIN) == company_rules


def test_export_and_import_change_nothing(company):
    text = export_rules(company, DOMAIN)
    diff = import_rules(company, rules_file.load(text))
    assert not diff
    assert diff.lines() == []
    assert export_rules(company, DOMAIN) == text


def test_an_import_of_the_same_file_writes_nothing(company, company_rules):
    before = company.conn.total_changes
    import_rules(company, company_rules)
    assert company.conn.total_changes == before


def test_an_export_of_an_unknown_domain(company):
    with pytest.raises(NotFound, match=r"pbx.tst.*did you mean 'pbx.test'"):
        export_rules(company, "pbx.tst")


def test_the_difference_of_a_new_domain(db, rules):
    diff = import_rules(db, rules)
    assert diff.new
    assert diff
    lines = diff.lines()
    assert '+ users.1010: {"name": "Bestellungen", "numbers": ["+493012345110"], ' in "\n".join(
        lines
    )
    assert not any("secret" in line for line in lines)
    assert "secret" not in json.dumps(diff.record())


def test_the_difference_of_single_changes(company, rules):
    users = rules["users"]
    users["1001"]["follow_me"]["1001-mobile"]["external"]["delay"] = 15
    users["1002"]["devices"]["1002-desk"]["password"] = "new"
    users["1003"]["presence"]["profiles"] = {}
    users["1007"]["voicemail"] = True
    del users["1010"]
    users["1011"] = {**copy.deepcopy(users["1009"]), "name": "Neu", "numbers": [], "devices": {}}
    rules["teams"]["2000"]["members"].pop(0)
    rules["contacts"].append({"name": "Neu", "numbers": []})
    rules["settings"]["toll"]["deny"].reverse()
    diff = import_rules(company, rules)
    assert diff.lines() == [
        "~ settings.toll.deny: another order",
        '+ contacts[2]: {"name": "Neu", "numbers": []}',
        "~ users.1001.follow_me.1001-mobile.external.delay: 10 → 15",
        "~ users.1002.devices.1002-desk.password: changed",
        "~ users.1007.voicemail: false → true",
        '+ users.1011: {"name": "Neu", "voicemail": true}',
        '- users.1010: {"name": "Bestellungen", "numbers": ["+493012345110"], "voicemail": true, '
        '"presence": {"outside_hours": {"schedule": "office", "status": "away"}}}',
        '- teams.2000.members[0]: {"user": "1005"}',
    ]
    assert read_rules(company, DOMAIN) == rules


def test_the_order_of_the_file_is_kept_and_a_difference(company, rules):
    rules["users"] = dict(reversed(rules["users"].items()))
    diff = import_rules(company, rules)
    assert diff.lines() == ["~ users: another order"]
    assert next(iter(read_rules(company, DOMAIN)["users"])) == "1010"


def test_a_dry_run_says_the_same_and_changes_nothing(company, company_rules, rules):
    rules["users"]["1001"]["name"] = "Anna Berg"
    rules["users"]["1001"]["devices"]["1001-desk"]["dnd"] = True
    dry = import_rules(company, rules, dry_run=True)
    assert read_rules(company, DOMAIN) == company_rules
    assert not company.conn.in_transaction
    assert dry == import_rules(company, rules)
    assert dry.lines() == [
        "~ users.1001.name: Anna Adler → Anna Berg",
        "= users.1001.devices.1001-desk.dnd: stays false (the file: true)",
    ]


STATE = [
    (
        "UPDATE presence SET status = 'away', until = 1798120800,"
        " afterwards = 'lunch', message = 'Ill' WHERE extension = '1001'",
        [
            "= users.1001.presence.status: stays away (the file: available)",
            "= users.1001.presence.message: stays Ill (the file: nothing)",
            "= users.1001.presence.until: stays 2026-12-24T14:00:00Z (the file: nothing)",
            "= users.1001.presence.afterwards: stays lunch (the file: available)",
        ],
    ),
    (
        "UPDATE call_forwards SET target = 'extension:1002'",
        [
            '= users.1003.forward.external: stays {"to": "extension:1002", "enabled": false, '
            '"ring_splash": true, "announce": null} '
            '(the file: {"to": "external:+493098765430", "enabled": false, "ring_splash": true, '
            '"announce": null})',
        ],
    ),
    (
        "DELETE FROM call_forwards",
        [
            "= users.1003.forward.external: stays nothing "
            '(the file: {"to": "external:+493098765430", "enabled": false, "ring_splash": true, '
            '"announce": null})',
        ],
    ),
    (
        "INSERT INTO call_forwards VALUES ('pbx.test', '1003', 'internal', 'busy', 0, 0, NULL)",
        [
            '= users.1003.forward.internal: stays {"to": "busy", "enabled": false, '
            '"ring_splash": false, "announce": null} (the file: nothing)',
        ],
    ),
    (
        "UPDATE devices SET dnd = 1 WHERE name = '1001-desk'",
        ["= users.1001.devices.1001-desk.dnd: stays true (the file: false)"],
    ),
    (
        "UPDATE devices SET dnd = 1 WHERE name = 'desk-reception'",
        ["= workplaces.reception.devices.desk-reception.dnd: stays true (the file: false)"],
    ),
    (
        "UPDATE assistants SET opted_in = 0, divert = '+491711' WHERE extension = '1002'",
        [
            "= executives.1001.assistants[0].opted_in: stays false (the file: true)",
            "= executives.1001.assistants[0].divert: stays +491711 (the file: nothing)",
        ],
    ),
    (
        "UPDATE team_members SET logged_in = 1 WHERE extension = '1001'",
        ["= teams.2000.members[3].logged_in: stays true (the file: false)"],
    ),
    (
        "UPDATE workplace_logins SET extension = '1004'",
        [
            "= users.1002.workplace: stays nothing (the file: reception)",
            "= users.1004.workplace: stays reception (the file: nothing)",
        ],
    ),
    (
        "DELETE FROM workplace_logins",
        ["= users.1002.workplace: stays nothing (the file: reception)"],
    ),
]


@pytest.mark.parametrize(("sql", "kept"), STATE, ids=lambda value: str(value)[:40])
def test_what_people_switch_is_kept(company, rules, sql, kept):
    change(company, sql)
    switched = read_rules(company, DOMAIN)
    rules["users"]["1001"]["name"] = "Anna Berg"
    diff = import_rules(company, copy.deepcopy(rules))
    assert diff.lines() == ["~ users.1001.name: Anna Adler → Anna Berg", *kept]
    switched["users"]["1001"]["name"] = "Anna Berg"
    assert read_rules(company, DOMAIN) == switched

    diff = import_rules(company, rules, state=True)
    assert len(diff.changes) == len(kept)
    assert diff.kept == ()
    assert read_rules(company, DOMAIN) == rules


def test_a_row_that_its_user_changed_is_kept_and_one_that_the_administrator_changed_is_not(
    company, rules
):
    def row(device, **settings):
        follow_me.set_rows(
            company, DOMAIN, "1001", device, settings, origins=["external"], by=acting(who)
        )

    who = "1001"
    row("1001-desk", delay=3)
    who = None
    row("1001-mobile", delay=7)
    diff = import_rules(company, rules)
    assert diff.lines() == [
        "~ users.1001.follow_me.1001-mobile.external.delay: 7 → 10",
        "= users.1001.follow_me.1001-desk.external: stays "
        '{"enabled": true, "delay": 3, "ring": 20, "skip_if_busy": false} '
        '(the file: {"enabled": true, "delay": 0, "ring": 20, "skip_if_busy": false})',
    ]
    # And stays the user's own at the next import too, also after an export.
    text = export_rules(company, DOMAIN)
    assert not import_rules(company, rules_file.load(text))
    assert len(import_rules(company, rules).kept) == 1
    # Until the administrator takes the right away, or asks for the file's state.
    rules["users"]["1001"]["follow_me"]["1001-desk"]["user_configurable"] = False
    assert len(import_rules(company, rules).changes) == 2
    assert read_rules(company, DOMAIN) == rules


@pytest.mark.parametrize("target", ["external:+43123456789", "extension:1010", "voicemail:1010"])
def test_a_forward_that_leads_where_it_no_longer_may_is_not_kept(company, rules, target):
    change(company, f"UPDATE call_forwards SET target = '{target}', enabled = 1")  # noqa: S608
    rules["settings"]["toll"]["allow"].remove("+43")
    del rules["users"]["1010"]
    diff = import_rules(company, rules)
    assert not diff.kept
    assert read_rules(company, DOMAIN) == rules


def test_the_state_of_a_new_user_is_taken_from_the_file(company, rules):
    new = copy.deepcopy(rules["users"]["1008"])
    new.update(numbers=[], devices={}, name="Neu")
    rules["users"]["1020"] = new
    import_rules(company, rules)
    assert read_rules(company, DOMAIN)["users"]["1020"]["presence"]["status"] == "business_trip"


def test_who_was_at_a_workplace_first_stays_there(company, rules):
    rules["users"]["1020"] = {
        **copy.deepcopy(rules["users"]["1010"]),
        "numbers": [],
        "workplace": "reception",
    }
    rules["users"]["1002"]["workplace"] = None
    diff = import_rules(company, rules)
    assert diff.lines()[-2:] == [
        "= users.1002.workplace: stays reception (the file: nothing)",
        "= users.1020.workplace: stays nothing (the file: reception)",
    ]


def test_a_workplace_that_is_gone_keeps_nobody(company, rules):
    rules["workplaces"] = {}
    rules["users"]["1002"]["workplace"] = None
    import_rules(company, rules)
    assert read_rules(company, DOMAIN) == rules


def test_another_domain_is_left_alone(company, company_rules):
    other = rules_file.load('domain: other.test\nusers: {"1001": {name: Otto}}')
    import_rules(company, other)
    assert read_rules(company, DOMAIN) == company_rules
    assert read_rules(company, "other.test") == other
    import_rules(company, company_rules, state=True)
    assert read_rules(company, "other.test") == other


def test_a_number_of_another_domain_is_refused(company, company_rules):
    text = 'domain: other.test\nusers: {"1001": {name: Otto, numbers: ["+493012345107"]}}'
    with pytest.raises(RulesFileError) as caught:
        import_rules(company, rules_file.load(text))
    assert caught.value.problems == [
        "users.1001.numbers[0]: +493012345107 belongs to 1007 of pbx.test"
    ]
    assert read_rules(company, "other.test") is None
    assert not company.conn.in_transaction


IMPORTER = """
import sys
from esl_router.store import rules_file
from esl_router.store.database import open_store
from esl_router.store.rules_import import import_rules
db = open_store(sys.argv[1])
sys.stdin.readline()
for turn in range(15):
    text = f'domain: {sys.argv[2]}\\nusers: {{"1001": {{name: "N{turn}"}}}}'
    import_rules(db, rules_file.load(text))
"""


def test_two_imports_at_once_lose_nothing(db, path):
    names = ["one.test", "two.test"]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", IMPORTER, str(path), name], stdin=subprocess.PIPE, text=True
        )
        for name in names
    ]
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        process.communicate(timeout=30)
        assert process.returncode == 0
    assert [read_rules(db, name)["users"]["1001"]["name"] for name in names] == ["N14", "N14"]


extensions = st.sampled_from(["1001", "1002", "1003", "1004"])


@st.composite
def changed_rules(draw):
    """The sample company with some of everything changed."""
    rules = rules_file.load(COMPANY.read_text())
    for extension in draw(st.sets(extensions)):
        user = rules["users"][extension]
        user["name"] = draw(st.sampled_from(["A", "Ä: ö", "- x", "#1", "null", "1e3", "{x}", "'"]))
        user["busy_on_busy"] = draw(st.integers(0, 5))
        user["timezone"] = draw(st.sampled_from([None, "UTC"]))
        user["callers"] = draw(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "numbers": st.just(["*", "112?"]),
                        "action": st.just("block"),
                        "schedule": st.sampled_from([None, "office", "night"]),
                    }
                ),
                max_size=2,
            )
        )
        forward = {
            "to": draw(st.sampled_from(["busy", "voicemail:1005", "announcement:a/b.wav"])),
            "enabled": draw(st.booleans()),
            "ring_splash": draw(st.booleans()),
            "announce": draw(st.sampled_from([None, "a/b.wav"])),
        }
        user["forward_ring"] = draw(st.sampled_from([None, 1, 300]))
        user["forward"] = {
            origin: draw(st.sampled_from([None, forward])) for origin in ("internal", "external")
        }
        user["voicemail_greeting"] = draw(st.sampled_from(["standard", "by_reason", "none"]))
        for rows in user["follow_me"].values():
            rows["external"]["delay"] = draw(st.integers(0, 600))
            rows["internal"]["enabled"] = draw(st.booleans())
        profile = {
            "no_answer_after": draw(st.sampled_from([None, 1, 600])),
            "queue_login": draw(st.sampled_from([None, "true", "false", "keep"])),
            "ring_group_calls": draw(st.sampled_from([None, True, False])),
            "push": draw(st.booleans()),
            "alert_first": draw(st.sampled_from([None, 1, 60, "splash"])),
            "announce": draw(st.sampled_from([None, "a/b.wav"])),
            **{
                o: {
                    "no_answer_after": draw(st.sampled_from([None, 1, 600])),
                    **dict.fromkeys(["always", "no_answer", "busy", "unregistered"]),
                }
                for o in ("internal", "external")
            },
        }
        target = draw(st.sampled_from(["busy", "ring", "voicemail:1005", "announcement:a/b.wav"]))
        switched = {"to": target, "enabled": draw(st.booleans())}
        profile["internal"]["always"] = draw(st.sampled_from([None, switched]))
        user["presence"]["profiles"]["lunch"] = profile
        user["presence"]["message"] = draw(st.sampled_from([None, "# 1", "“Ä”: ö"]))
        user["presence"]["afterwards"] = draw(st.sampled_from(["available", "lunch"]))
        user["presence"]["until"] = draw(st.none() | st.integers(0, 4102444800))
    team = rules["teams"]["2000"]
    team["busy_on_busy"] = draw(st.sampled_from([0, 1, 7, "auto"]))
    team["members"] = draw(st.permutations(team["members"]))
    rules["teams"] = dict(draw(st.permutations(list(rules["teams"].items()))))
    executive = rules["executives"]["1001"]
    executive["filter"] = draw(st.sampled_from(["all", "internal", "external", "custom"]))
    executive["rollover"] = {
        "after": draw(st.sampled_from([None, 1, 600])),
        "action": draw(st.sampled_from([None, "busy", "extension:2000", "external:+4930123"])),
    }
    for criterion in executive["criteria"]:
        criterion["callers"]["unavailable"] = draw(st.booleans())
        criterion["dialled"] = draw(st.sampled_from([[], ["+49*", "1001"]]))
        criterion["holidays"] = draw(st.sampled_from([None, "office"]))
    for assistant in executive["assistants"]:
        assistant["divert"] = draw(st.sampled_from([None, "1005", "+491715550000"]))
    rules["settings"]["codes"] = {**USUAL, "push": draw(st.sampled_from(["*63", "#1*"]))}
    hook = {"command": [], "url": "https://push.example/", "wait": 3, "timeout": 5}
    command = {**hook, "command": ["/bin/wake", "'$x", "ä"], "url": None}
    rules["settings"]["push"] = draw(st.sampled_from([None, hook, command]))
    told = {"command": [], "url": "https://notify.example/", "timeout": 5}
    rules["settings"]["notify"] = draw(st.sampled_from([None, told]))
    app = rules["users"]["1006"]["devices"]["1006-app"]
    app["push"] = draw(st.sampled_from([{}, {"token": "# a: 'b'"}, {"b": "1", "a": "null"}]))
    place = rules["workplaces"]["reception"]
    place["number"] = draw(st.sampled_from([None, "07"]))
    for row in place["follow_me"].values():
        row["internal"]["delay"] = draw(st.integers(0, 600))
    silent = draw(st.sampled_from(["<http://localhost>;info=silent", "Bellcore-dr5"]))
    rules["settings"]["alert_info"] = {"silent": silent}
    for name in draw(st.sets(st.sampled_from(["executives", "contacts", "statuses"]))):
        rules[name] = type(rules[name])()
    return rules


@given(changed_rules())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_import_export_and_import_are_stable(tmp_path_factory, rules):
    db = open_store(tmp_path_factory.mktemp("store") / "rules.db", create=True)
    import_rules(db, rules)
    assert read_rules(db, DOMAIN) == rules
    text = export_rules(db, DOMAIN)
    again = rules_file.load(text)
    assert again == rules
    assert not import_rules(db, again)
    assert export_rules(db, DOMAIN) == text
    db.close()


@pytest.mark.parametrize(
    ("divert", "change"),
    [
        ("1009", lambda rules: rules["users"].pop("1009")),
        ("+43123456", lambda rules: rules["settings"]["toll"].update(deny=["+43"])),
    ],
)
def test_a_divert_that_the_new_file_forbids_is_not_kept(company, company_rules, divert, change):
    with write(company):
        company.conn.execute("UPDATE assistants SET divert = ? WHERE extension = '1002'", (divert,))
    rules = copy.deepcopy(company_rules)
    kept = "= executives.1001.assistants[0].divert: stays"
    assert any(line.startswith(kept) for line in import_rules(company, rules).lines())
    change(rules)
    diff = import_rules(company, rules)
    assert f"- executives.1001.assistants[0].divert: {divert}" in diff.lines()
    assert not any(line.startswith(kept) for line in diff.lines())
    assert read_rules(company, DOMAIN) == rules


def test_the_number_for_codes_is_that_of_one_domain(company):
    other = {"domain": "other.test", "settings": {"remote": {"number": "+493012345999"}}}
    for taken, by in (("+493012345999", "settings.remote"), ("+493012345104", "1004")):
        text = json.dumps(other).replace("+493012345999", taken)
        with pytest.raises(RulesFileError) as refused:
            import_rules(company, rules_file.load(text))
        assert refused.value.problems == [
            f"settings.remote.number: {taken} belongs to {by} of pbx.test"
        ]
