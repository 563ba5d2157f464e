"""A document as rows of the tables: one function a part of the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from esl_router.model import names
from esl_router.store.rules.layout import (
    CALL_ORIGINS,
    CONDITIONS,
    ORIGINS,
    OVERFLOWS,
    USUAL_RING,
    USUAL_ROWS,
    Document,
)

Rows = Iterator[tuple[str, dict[str, Any]]]
"""(table, row), in any order."""

TABLES = (
    "domains",
    "status_names",
    "schedules",
    "schedule_hours",
    "schedule_closed",
    "contacts",
    "contact_numbers",
    "contact_words",
    "extensions",
    "numbers",
    "users",
    "workplaces",
    "workplace_logins",
    "devices",
    "follow_me",
    "presence",
    "profiles",
    "forwards",
    "call_forwards",
    "callers",
    "calendars",
    "messengers",
    "teams",
    "team_members",
    "executives",
    "criteria",
    "assistants",
)
"""The tables of a domain, in the order in which their rows may be inserted."""

_USER = (
    "name",
    "timezone",
    "voicemail",
    "voicemail_greeting",
    "busy_on_busy",
    "bob_cancel_pending",
    "bob_count_outgoing_early",
    "decline",
    "pin",
    "controlled_device",
    "auto_answer",
    "forward_ring",
)
_PROFILE = (
    "no_answer_after",
    "queue_login",
    "ring_group_calls",
    "push",
    "alert_first",
    "announce",
)
_STATE = ("status", "message", "until", "afterwards", "revert")
_TEAM = ("name", "strategy", "ring", "max_wait", "skip_if_busy", "caller_prefix")


def rules_rows(domain: str, rules: Document) -> Rows:
    """The rows of a whole document."""
    settings = dict(rules["settings"])
    toll, alert_info = settings.pop("toll"), settings.pop("alert_info")
    yield (
        "domains",
        {
            "domain": domain,
            **settings,
            "toll_allow": json.dumps(toll["allow"]),
            "toll_deny": json.dumps(toll["deny"]),
            "alert_silent": alert_info["silent"],
            "codes": json.dumps(settings["codes"]),
            "code_sounds": json.dumps(settings["code_sounds"]),
            "remote": settings["remote"]["number"],
            "push": None if settings["push"] is None else json.dumps(settings["push"]),
            "notify": None if settings["notify"] is None else json.dumps(settings["notify"]),
            "ldap": None if settings["ldap"] is None else json.dumps(settings["ldap"]),
        },
    )
    for position, (status, name) in enumerate(rules["statuses"].items()):
        yield (
            "status_names",
            {"domain": domain, "status": status, "position": position, "name": name},
        )
    for position, (name, schedule) in enumerate(rules["schedules"].items()):
        yield from schedule_rows(domain, name, schedule, position)
    for position, contact in enumerate(rules["contacts"]):
        yield from contact_rows(domain, contact, position)
    for position, (name, place) in enumerate(rules["workplaces"].items()):
        yield from workplace_rows(domain, name, place, position)
    for position, (extension, user) in enumerate(rules["users"].items()):
        yield from user_rows(domain, extension, user, position)
    for position, (extension, team) in enumerate(rules["teams"].items()):
        yield from team_rows(domain, extension, team, position)
    for position, (extension, executive) in enumerate(rules["executives"].items()):
        yield from executive_rows(domain, extension, executive, position)


def contact_rows(domain: str, contact: Mapping[str, Any], position: int, source: str = "") -> Rows:
    """The rows of one contact; ``source`` is "" for those of the rules file."""
    name = contact["name"]
    key = {"domain": domain, "source": source}
    yield "contacts", {**key, "position": position, "name": name, "folded": names.fold(name)}
    for index, number in enumerate(contact["numbers"]):
        yield "contact_numbers", {**key, "contact": position, "position": index, "number": number}
    for word in names.search_words(name):
        yield (
            "contact_words",
            {"domain": domain, "word": word, "source": source, "contact": position},
        )


def schedule_rows(domain: str, name: str, schedule: Mapping[str, Any], position: int) -> Rows:
    """The rows of one schedule."""
    row = {"domain": domain, "name": name, "position": position}
    yield (
        "schedules",
        {**row, "timezone": schedule["timezone"], "holidays": schedule["holidays"]},
    )
    for index, hours in enumerate(schedule["open"]):
        key = {"domain": domain, "schedule": name, "position": index}
        times = {"days": hours["days"], "opens": hours["from"], "closes": hours["to"]}
        yield "schedule_hours", {**key, **times}
    for index, day in enumerate(schedule["closed"]):
        key = {"domain": domain, "schedule": name, "position": index}
        yield "schedule_closed", {**key, "day": day}


def workplace_rows(domain: str, name: str, place: Mapping[str, Any], position: int) -> Rows:
    """The rows of one workplace; who is logged in there is the users' own."""
    row = {"domain": domain, "name": name, "position": position}
    yield "workplaces", {**row, "number": place["number"]}
    yield from device_rows(domain, place["devices"], place["follow_me"], workplace=name)


def user_rows(domain: str, extension: str, user: Mapping[str, Any], position: int) -> Rows:
    """The rows of one user."""
    key = {"domain": domain, "extension": extension}
    yield "extensions", {**key, "kind": "user"}
    settings = {name: user[name] for name in _USER}
    fax = json.dumps(user["fax_numbers"])
    yield "users", {**key, "position": position, **settings, "fax_numbers": fax}
    for index, number in enumerate(user["numbers"]):
        yield "numbers", {**key, "number": number, "position": index}
    if user["workplace"] is not None:
        yield "workplace_logins", {**key, "workplace": user["workplace"]}
    yield from device_rows(domain, user["devices"], user["follow_me"], extension=extension)
    presence = user["presence"]
    state = {name: presence[name] for name in _STATE}
    hours = presence["outside_hours"] or dict.fromkeys(("schedule", "status", "forward"))
    hours = {f"hours_{name}": value for name, value in hours.items()}
    yield "presence", {**key, **state, **hours}
    for index, (status, profile) in enumerate(presence["profiles"].items()):
        inner = {**key, "status": status}
        settings = {name: profile[name] for name in _PROFILE}
        times = {f"{of}_no_answer_after": profile[of]["no_answer_after"] for of in CALL_ORIGINS}
        yield "profiles", {**inner, "position": index, **settings, **times}
        for origin in CALL_ORIGINS:
            for condition in CONDITIONS:
                if (forward := profile[origin][condition]) is not None:
                    row = {"target": forward["to"], "enabled": forward["enabled"]}
                    yield "forwards", {**inner, "origin": origin, "condition": condition, **row}
    for origin in CALL_ORIGINS:
        if (forward := user["forward"][origin]) is not None:
            row = {name: forward[name] for name in ("enabled", "ring_splash", "announce")}
            yield "call_forwards", {**key, "origin": origin, "target": forward["to"], **row}
    for index, rule in enumerate(user["callers"]):
        numbers = json.dumps(rule["numbers"])
        row = {name: rule[name] for name in ("action", "schedule")}
        yield "callers", {**key, "position": index, "numbers": numbers, **row}
    if user["calendar"] is not None:
        yield "calendars", {**key, **user["calendar"]}
    if user["messenger"] is not None:
        yield "messengers", {**key, **user["messenger"]}


def device_rows(
    domain: str,
    devices: Mapping[str, Any],
    follow_me: Mapping[str, Any],
    extension: str | None = None,
    workplace: str | None = None,
) -> Rows:
    """The rows of the devices of one user or one workplace."""
    listed = list(follow_me)
    for position, (name, device) in enumerate(devices.items()):
        rows = follow_me.get(name)
        yield (
            "devices",
            {
                "domain": domain,
                "name": name,
                "extension": extension,
                "workplace": workplace,
                "position": position,
                **device,
                # An app is a SIP account that something wakes.
                "kind": "sip" if device["kind"] == "app" else device["kind"],
                "push": json.dumps(device["push"]) if device["kind"] == "app" else None,
                "user_configurable": rows is not None and rows.get("user_configurable", False),
                "follow_me_position": None if rows is None else listed.index(name),
            },
        )
        for origin in ORIGINS if rows is not None else ():
            if rows is not None and rows[origin] != USUAL_ROWS[origin]:
                yield (
                    "follow_me",
                    {
                        "domain": domain,
                        "device": name,
                        "origin": origin,
                        **rows[origin],
                        "ring": rows[origin]["ring"] or USUAL_RING,
                        "ring_given": rows[origin]["ring"] is not None,
                        "user_set": rows[origin].get("user_set", False),
                    },
                )


def team_rows(domain: str, extension: str, team: Mapping[str, Any], position: int) -> Rows:
    """The rows of one team."""
    key = {"domain": domain, "extension": extension}
    limit = team["busy_on_busy"]
    yield "extensions", {**key, "kind": "team"}
    yield (
        "teams",
        {
            **key,
            "position": position,
            **{name: team[name] for name in _TEAM},
            "busy_on_busy": None if limit == "auto" else limit,
            **{f"overflow_{name}": team["overflow"][name] for name in OVERFLOWS},
        },
    )
    for index, number in enumerate(team["numbers"]):
        yield "numbers", {**key, "number": number, "position": index}
    for index, member in enumerate(team["members"]):
        yield (
            "team_members",
            {
                "domain": domain,
                "team": extension,
                "extension": member["user"],
                "position": index,
                "delay": member["delay"],
                "logged_in": member["logged_in"],
            },
        )


_EXECUTIVE = (
    "enabled",
    "filter",
    "before_forwarding",
    "allow_opt_out",
    "alerting",
    "rings",
    "assistant_devices",
    "executive_first",
    "alert_executive",
    "caller_name",
    "caller_number",
    "custom_name",
    "custom_number",
    "caller_prefix",
    "connected_line",
    "no_assistant",
    "push_recall",
    "push_ignores_bob",
    "push_follows_forward",
    "assistant_breaks_dnd",
    "assistant_respects_dnd",
)

_CRITERION = ("name", "active", "filter", "schedule", "holidays")


def executive_rows(
    domain: str, extension: str, executive: Mapping[str, Any], position: int
) -> Rows:
    """The rows of one executive."""
    yield (
        "executives",
        {
            "domain": domain,
            "extension": extension,
            "position": position,
            **{name: executive[name] for name in _EXECUTIVE},
            "parallel_mobile": executive["parallel"]["mobile"],
            "parallel_other": executive["parallel"]["other"],
            "rollover_after": executive["rollover"]["after"],
            "rollover_action": executive["rollover"]["action"],
        },
    )
    key = {"domain": domain, "executive": extension}
    for index, criterion in enumerate(executive["criteria"]):
        who = criterion["callers"]
        yield (
            "criteria",
            {
                **key,
                "position": index,
                **{name: criterion[name] for name in _CRITERION},
                **{name: who[name] for name in ("origin", "anonymous", "unavailable", "contact")},
                "numbers": json.dumps(who["numbers"]),
                "dialled": json.dumps(criterion["dialled"]),
            },
        )
    for index, assistant in enumerate(executive["assistants"]):
        row = {"extension": assistant["user"], "position": index}
        part = {name: assistant[name] for name in ("opted_in", "divert", "rings")}
        yield "assistants", {**key, **row, **part}
