"""Making the store equal to a rules file, and writing one from the store."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Iterator
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound, RulesFileError
from esl_router.model.actor import Actor, Source
from esl_router.store import rules_file
from esl_router.store.database import write
from esl_router.store.difference import Change, Diff, compare
from esl_router.store.document import read_rules, write_rules
from esl_router.store.recording import administrator
from esl_router.store.rules import references
from esl_router.store.rules.forms import near
from esl_router.store.rules.layout import CALL_ORIGINS, ORIGINS, Document
from esl_router.store.rules.values import instant_text


class _DryRun(Exception):
    """Ends the transaction of an import that is to change nothing."""


def import_rules(
    db: sqlite_utils.Database,
    rules: Document,
    *,
    state: bool = False,
    dry_run: bool = False,
    by: Actor | None = None,
) -> Diff:
    """Replace a domain's configuration by a checked document, in one transaction.

    What people switch in daily life is kept for those who already exist, unless ``state``.
    ``dry_run`` does everything and takes it back. Returns what changed and what was kept; raises
    RulesFileError when a number belongs to another domain of the store, StoreError when the
    store cannot be written; nothing is changed then.
    """
    diff: Diff | None = None
    try:
        with write(db, by or administrator(Source.IMPORT)):
            diff = _replace(db, copy.deepcopy(rules), state)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    assert diff is not None
    return diff


def export_rules(db: sqlite_utils.Database, domain: str) -> str:
    """A domain as the text of a rules file; NotFound when the store has no such domain."""
    rules = read_rules(db, domain)
    if rules is None:
        known = [row["domain"] for row in db.table("domains").rows]
        raise NotFound(f"there is no domain {domain!r} in the store{near(domain, known)}")
    return rules_file.dump(rules)


def _replace(db: sqlite_utils.Database, rules: Document, state: bool) -> Diff:
    domain = rules["domain"]
    before = read_rules(db, domain)
    refuse_foreign(db, rules)
    kept = [] if before is None or state else keep_state(before, rules)
    diff = Diff(domain, before is None, tuple(compare(before, rules)), tuple(kept))
    # A row's mark that its user set it is no difference to see, but has to be written too.
    if diff.changes or before != rules:
        try:
            write_rules(db, rules)
        except sqlite3.IntegrityError as error:
            raise RulesFileError([f"the store refuses these rules: {error}"]) from error
    return diff


def refuse_foreign(db: sqlite_utils.Database, rules: Document) -> None:
    """Numbers that belong to somebody in another domain."""
    rows = db.conn.execute(
        "SELECT number, domain, extension FROM numbers WHERE domain <> ?", (rules["domain"],)
    )
    foreign = {number: f"{extension} of {domain}" for number, domain, extension in rows}
    remotes = db.conn.execute(
        "SELECT remote, domain FROM domains WHERE domain <> ? AND remote IS NOT NULL",
        (rules["domain"],),
    )
    foreign |= {number: f"settings.remote of {domain}" for number, domain in remotes}
    remote = rules["settings"]["remote"]["number"]
    problems = []
    if remote in foreign:
        problems.append(f"settings.remote.number: {remote} belongs to {foreign[remote]}")
    problems += [
        f"{kind}.{extension}.numbers[{index}]: {number} belongs to {foreign[number]}"
        for kind in ("users", "teams")
        for extension, entry in rules[kind].items()
        for index, number in enumerate(entry["numbers"])
        if number in foreign
    ]
    if problems:
        raise RulesFileError(problems)


def keep_state(before: Document, rules: Document) -> list[Change]:
    """Take into ``rules`` what people had switched, for those who are in both.

    Returns each place where the file says something else: ``before`` is what is kept, ``after``
    what the file says.
    """
    kept: list[Change] = []
    known = references.known_in(rules)

    def keep(path: str, new: dict[str, Any], old: dict[str, Any], *names: str) -> None:
        for name in names:
            if new[name] != old[name]:
                shown = instant_text if name == "until" else _same
                kept.append(Change(f"{path}.{name}", shown(old[name]), shown(new[name])))
                new[name] = old[name]

    for owners in ("users", "workplaces"):
        for owner, entry in rules[owners].items():
            devices = before[owners].get(owner, {}).get("devices", {})
            for name, device in entry["devices"].items():
                if name in devices:
                    keep(f"{owners}.{owner}.devices.{name}", device, devices[name], "dnd")
    for extension, user in rules["users"].items():
        if (old := before["users"].get(extension)) is not None:
            path = f"users.{extension}"
            state = ("status", "message", "until", "afterwards")
            # A file without a PIN takes none away: people set their own.
            user["pin"] = user["pin"] or old["pin"]
            keep(f"{path}.presence", user["presence"], old["presence"], *state)
            kept += _keep_forward(path, user, old, known)
            kept += _keep_rows(path, user, old)
    kept += _keep_logins(before, rules)
    known = references.known_in(rules)
    for kind, people, names in (
        ("teams", "members", ("logged_in",)),
        ("executives", "assistants", ("opted_in", "divert")),
    ):
        for extension, entry in rules[kind].items():
            old_entry = before[kind].get(extension, {})
            old_people = {person["user"]: person for person in old_entry.get(people, ())}
            for index, person in enumerate(entry[people]):
                if (old := old_people.get(person["user"])) is not None:
                    path = f"{kind}.{extension}.{people}[{index}]"
                    right = _still_right(old.get("divert"), extension, person["user"], known)
                    keep(path, person, old, *(n for n in names if n != "divert" or right))
    return kept


def _still_right(
    divert: str | None, executive: str, assistant: str, known: references.Known
) -> bool:
    """Whether an assistant's divert may stay under the rules of the new file."""
    if divert is None:
        return True
    return not any(references.check_divert("", divert, executive, assistant, known))


def _same(value: Any) -> Any:
    return value


def _keep_forward(
    path: str, user: Document, old: Document, known: references.Known
) -> Iterator[Change]:
    """The forwards of every call, unless they lead where they no longer may."""
    for origin in CALL_ORIGINS:
        own, where = old["forward"][origin], f"{path}.forward.{origin}"
        if own == user["forward"][origin]:
            continue
        if own is None or not any(references.check_target(where, own["to"], known)):
            yield Change(where, own, user["forward"][origin])
            user["forward"][origin] = own


def _keep_rows(path: str, user: Document, old: Document) -> list[Change]:
    """Follow-me rows that the user set himself, where he may still do so."""
    kept = []
    for device, rows in user["follow_me"].items():
        old_rows = old["follow_me"].get(device)
        if old_rows is None or not rows["user_configurable"]:
            continue
        for origin in ORIGINS:
            own = old_rows[origin]
            if own.get("user_set"):
                if {**own, "user_set": None} != {**rows[origin], "user_set": None}:
                    where = f"{path}.follow_me.{device}.{origin}"
                    kept.append(Change(where, own, rows[origin]))
                rows[origin] = dict(own)
    return kept


def _keep_logins(before: Document, rules: Document) -> list[Change]:
    """Who is logged in at which workplace: one user a place, those who were there first."""
    kept = []
    taken = set()
    for extension, user in rules["users"].items():
        if (old := before["users"].get(extension)) is None:
            continue
        place = old["workplace"] if old["workplace"] in rules["workplaces"] else None
        if user["workplace"] != place:
            kept.append(Change(f"users.{extension}.workplace", place, user["workplace"]))
            user["workplace"] = place
        if place is not None:
            taken.add(place)
    for extension, user in rules["users"].items():
        if extension not in before["users"] and user["workplace"] in taken:
            kept.append(Change(f"users.{extension}.workplace", None, user["workplace"]))
            user["workplace"] = None
    return kept
