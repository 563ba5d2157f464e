import pytest

from esl_router.errors import NotFound, NotPermitted, RulesFileError
from esl_router.store import admin, follow_me, rules_file
from esl_router.store.database import open_store
from esl_router.store.document import read_rules
from esl_router.store.rules_import import export_rules, import_rules
from tests.store.actors import acting

DOMAIN = "pbx.test"


def lines(changes):
    return [change.line() for change in changes]


def refused(call, *values, **named):
    """The lines with which a change is refused; nothing is changed then."""
    db = values[0]
    before = read_rules(db, DOMAIN)
    with pytest.raises(RulesFileError) as caught:
        call(*values, **named)
    assert read_rules(db, DOMAIN) == before
    assert not db.conn.in_transaction
    return caught.value.problems


def test_picking_a_domain(company, tmp_path):
    assert admin.pick_domain(company) == DOMAIN
    assert admin.pick_domain(company, DOMAIN) == DOMAIN
    with pytest.raises(NotFound, match="did you mean"):
        admin.pick_domain(company, "pbx.tst")
    import_rules(company, rules_file.load("domain: other.test"))
    with pytest.raises(NotFound, match=r"other\.test or pbx\.test"):
        admin.pick_domain(company)
    empty = open_store(tmp_path / "empty.db", create=True)
    with pytest.raises(NotFound, match="esl-router import"):
        admin.pick_domain(empty)
    empty.close()


def test_listing_users(company):
    listed = admin.users(company, DOMAIN)
    assert [user["extension"] for user in listed] == [str(n) for n in range(1001, 1011)]
    assert listed[0] == {
        "extension": "1001",
        "name": "Anna Adler",
        "numbers": ["+493012345101"],
        "voicemail": True,
        "devices": ["1001-desk", "1001-mobile"],
    }
    assert admin.user(company, DOMAIN, "1007")["voicemail"] is False
    with pytest.raises(NotFound, match="there is no user '1011', did you mean"):
        admin.user(company, DOMAIN, "1011")


def test_adding_a_user(company):
    changes = admin.add_user(company, DOMAIN, "1020", {"name": "Neu", "numbers": ["030 12345120"]})
    assert lines(changes) == [
        '+ users.1020: {"name": "Neu", "numbers": ["+493012345120"], "voicemail": true}'
    ]
    assert list(read_rules(company, DOMAIN)["users"])[-1] == "1020"
    assert refused(admin.add_user, company, DOMAIN, "1020", {"name": "Neu"}) == [
        "users.1020: there is a user 1020 already"
    ]
    assert refused(admin.add_user, company, DOMAIN, "2000", {"name": "Neu"}) == [
        "users.2000: there is a team 2000 already"
    ]
    assert refused(admin.add_user, company, DOMAIN, "x", {"nmae": "Neu"}) == [
        "users.x: 'x' is no extension: 2 to 8 digits, in quotes",
        "users.x.nmae: unknown key, did you mean 'name'?",
        "users.x.name: is missing",
    ]


def test_changing_a_user_leaves_everything_else_as_it_is(company, company_rules):
    changes = admin.set_user(
        company,
        DOMAIN,
        "1001",
        {
            "name": "Anna Berg",
            "voicemail": False,
            "timezone": None,
            "presence.profiles.available.no_answer_after": 25,
        },
    )
    assert lines(changes) == [
        "~ users.1001.name: Anna Adler → Anna Berg",
        "~ users.1001.voicemail: true → false",
        "+ users.1001.presence.profiles.available.no_answer_after: 25",
        "- users.1001.timezone: Europe/Berlin",
    ]
    rules = read_rules(company, DOMAIN)
    user = rules["users"]["1001"]
    assert user["presence"]["profiles"]["available"].pop("no_answer_after") == 25
    user["presence"]["profiles"]["available"]["no_answer_after"] = None
    user.update(name="Anna Adler", voicemail=True, timezone="Europe/Berlin")
    assert rules == company_rules


def test_what_a_user_cannot_be(company):
    def of(settings):
        return refused(admin.set_user, company, DOMAIN, "1002", settings)

    assert of({"numbers": ["+493012345101"]}) == [
        "users.1002.numbers[0]: +493012345101 is 1001's number already"
    ]
    assert of({"numbers": ["+493012345", "+493012345"]}) == [
        "users.1002.numbers[1]: +493012345 is 1002's number already"
    ]
    assert of({"presence.profiles.away.external.always": "extension:1099"})[0].startswith(
        "users.1002.presence.profiles.away.external.always: there is no user or team '1099'"
    )
    assert of({"presence.profiles.away.external.always": "external:+4990012345"})[0].endswith(
        "settings.toll does not permit calls to +4990012345"
    )
    assert of({"name.first": "x"}) == ["name: has no key 'first'"]
    assert refused(admin.set_user, company, DOMAIN, "1003", {"workplace": "reception"}) == [
        "users.1003.workplace: 1002 is logged in at 'reception' already"
    ]
    with pytest.raises(
        NotPermitted, match="may not change name of user 1002: the administrator may"
    ):
        admin.set_user(company, DOMAIN, "1002", {"name": "x"}, by=acting("1002"))


def test_removing_a_user(company):
    assert refused(admin.remove_user, company, DOMAIN, "1002") == [
        "users.1001.presence.profiles.available.external.no_answer still names 1002: "
        "change that first",
        "users.1001.presence.profiles.available.external.unregistered still names 1002: "
        "change that first",
        "users.1001.presence.profiles.away.external.always still names 1002: change that first",
    ]
    assert lines(admin.remove_user(company, DOMAIN, "1003"))[0].startswith("- users.1003: ")
    rules = read_rules(company, DOMAIN)
    assert "1003" not in rules["users"]
    assert [each["user"] for each in rules["executives"]["1001"]["assistants"]] == ["1002"]
    # What is left is still a right file.
    assert rules_file.load(export_rules(company, DOMAIN)) == rules


def test_listing_devices(company):
    assert [each["name"] for each in admin.devices(company, DOMAIN, "1001")] == [
        "1001-desk",
        "1001-mobile",
    ]
    assert len(admin.devices(company, DOMAIN)) == 18
    assert admin.device(company, DOMAIN, "desk-reception") == {
        "name": "desk-reception",
        "user": None,
        "workplace": "reception",
        "kind": "sip",
        "password": "secret",
        "number": None,
        "confirm": True,
        "location": "other",
        "dnd": False,
        "redirect": False,
    }
    with pytest.raises(NotFound, match="no device '1001-dsek', did you mean '1001-desk'"):
        admin.device(company, DOMAIN, "1001-dsek")
    with pytest.raises(NotFound, match="no user '1099'"):
        admin.devices(company, DOMAIN, "1099")


def test_adding_devices(company):
    admin.add_device(company, DOMAIN, "1010-desk", {}, extension="1010")
    made = admin.device(company, DOMAIN, "1010-desk")
    assert made["kind"] == "sip"
    assert len(made["password"]) == 20
    admin.add_device(company, DOMAIN, "1010-mobile", {"number": "0171 555"}, extension="1010")
    assert admin.device(company, DOMAIN, "1010-mobile")["number"] == "+49171555"
    changes = admin.add_device(company, DOMAIN, "desk-2", {"password": "x"}, workplace="reception")
    assert lines(changes) == [
        '+ workplaces.reception.devices.desk-2: {"kind": "sip", "password": "…"}'
    ]
    assert refused(
        admin.add_device, company, DOMAIN, "desk-2", {"password": "x"}, extension="1001"
    ) == ["device desk-2: reception has a device of this name already"]
    assert refused(
        admin.add_device, company, DOMAIN, "m", {"number": "+4990012345"}, extension="1001"
    ) == ["users.1001.devices.m.number: settings.toll does not permit calls to +4990012345"]
    assert refused(
        admin.add_device, company, DOMAIN, "m", {"number": "+4990012345"}, workplace="reception"
    ) == [
        "workplaces.reception.devices.m.number: settings.toll does not permit calls to +4990012345"
    ]
    assert refused(admin.add_device, company, DOMAIN, "a b", {}, extension="1001")[0].startswith(
        "users.1001.devices.a b: 'a b' is no device name"
    )
    with pytest.raises(NotFound, match="no workplace 'recepton', did you mean 'reception'"):
        admin.add_device(company, DOMAIN, "x", {}, workplace="recepton")


def test_changing_a_device(company):
    assert lines(admin.set_device(company, DOMAIN, "1001-mobile", {"number": "+491712"})) == [
        "~ users.1001.devices.1001-mobile.number: +491711234567 → +491712"
    ]
    assert lines(admin.set_device(company, DOMAIN, "desk-reception", {"dnd": True})) == [
        "+ workplaces.reception.devices.desk-reception.dnd: true"
    ]
    assert admin.device(company, DOMAIN, "desk-reception")["dnd"] is True


def test_removing_a_device_takes_its_rows_along(company):
    admin.remove_device(company, DOMAIN, "1001-mobile")
    admin.remove_device(company, DOMAIN, "desk-reception")
    rules = read_rules(company, DOMAIN)
    assert list(rules["users"]["1001"]["follow_me"]) == ["1001-desk"]
    assert rules["workplaces"]["reception"]["devices"] == {}
    with pytest.raises(NotFound):
        admin.remove_device(company, DOMAIN, "1001-mobile")


def test_a_user_switches_dnd_of_his_own_devices_alone(company):
    admin.set_device(company, DOMAIN, "1002-desk", {"dnd": True}, by=acting("1002"))
    admin.set_device(company, DOMAIN, "desk-reception", {"dnd": True}, by=acting("1002"))
    for name, user, whose in (("1001-desk", "1002", "1001"), ("desk-reception", "1003", "1002")):
        right = f"do not disturb of {name}: {whose} himself and the administrator may"
        with pytest.raises(NotPermitted, match=right):
            admin.set_device(company, DOMAIN, name, {"dnd": True}, by=acting(user))
    with pytest.raises(NotPermitted, match="password of user 1002: the administrator may"):
        admin.set_device(company, DOMAIN, "1002-desk", {"password": "x"}, by=acting("1002"))
    assert admin.device(company, DOMAIN, "1001-desk")["dnd"] is False
    assert admin.device(company, DOMAIN, "1002-desk")["password"] == "secret"


def plan(db, extension, origin):
    rows = follow_me.rows(db, DOMAIN, extension)
    return {
        name: tuple(entry[origin][key] for key in ("enabled", "delay", "ring"))
        for name, entry in rows.items()
    }


def test_changes_by_admin_keep_the_rows_that_a_user_set(company, company_rules):
    follow_me.set_rows(company, DOMAIN, "1001", "1001-desk", {"delay": 3}, by=acting("1001"))
    admin.set_user(company, DOMAIN, "1001", {"name": "Anna Berg"})
    import_rules(company, company_rules)
    assert plan(company, "1001", "external")["1001-desk"] == (True, 3, 20)


def test_the_number_for_codes_is_no_users_number(company):
    with pytest.raises(RulesFileError, match=r"is settings\.remote already"):
        admin.set_user(company, DOMAIN, "1001", {"numbers": ["+493012345999"]})
