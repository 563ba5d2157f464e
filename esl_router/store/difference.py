"""What is different between two documents, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from esl_router.store.rules.layout import RULES, Document

_SECRETS = ("password", "pin")


@dataclass(frozen=True, slots=True)
class Change:
    """One value that changes.

    ``before`` is None where something is added, ``after`` where it is removed; both may hold
    whole parts of the file. Where ``reordered``, only the order of the entries changes.
    """

    path: str
    before: Any = None
    after: Any = None
    reordered: bool = False

    def line(self) -> str:
        """The change in one line; passwords and PINs are not shown."""
        if self.reordered:
            return f"~ {self.path}: another order"
        if _secret(self.path):
            return f"~ {self.path}: changed"
        if self.before is None:
            return f"+ {self.path}: {_shown(self.after)}"
        if self.after is None:
            return f"- {self.path}: {_shown(self.before)}"
        return f"~ {self.path}: {_shown(self.before)} → {_shown(self.after)}"

    def record(self) -> dict[str, Any]:
        """The change as JSON knows it; passwords and PINs are not shown."""
        if _secret(self.path):
            return {"path": self.path, "before": "…", "after": "…", "reordered": False}
        return {
            "path": self.path,
            "before": _masked(self.before),
            "after": _masked(self.after),
            "reordered": self.reordered,
        }


@dataclass(frozen=True, slots=True)
class Diff:
    """What an import changes, and what it leaves as people switched it."""

    domain: str
    new: bool
    """Whether the store did not have the domain."""

    changes: tuple[Change, ...]
    kept: tuple[Change, ...] = ()
    """``before`` is what stays, ``after`` what the file says."""

    def __bool__(self) -> bool:
        return bool(self.changes)

    def lines(self) -> list[str]:
        """The difference, a line each; empty when nothing changes and nothing was kept."""
        kept = [
            f"= {change.path}: stays {_shown(change.before)} (the file: {_shown(change.after)})"
            for change in self.kept
        ]
        return [change.line() for change in self.changes] + kept

    def record(self) -> dict[str, Any]:
        """The difference as JSON knows it."""
        return {
            "domain": self.domain,
            "new": self.new,
            "changes": [change.record() for change in self.changes],
            "kept": [change.record() for change in self.kept],
        }


def compare(before: Document | None, after: Document) -> Iterator[Change]:
    """Every difference between two documents, in the order of the file."""
    # Written as a file says it, so that a difference reads like one.
    old = {} if before is None else RULES.write(before)
    yield from _mappings("", old, RULES.write(after))


def compare_parts(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    """Every difference between two parts of a file, as written, that stand at ``path``."""
    yield from _mappings(path, old, new)


def _mappings(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for name in [*new, *(name for name in old if name not in new)]:
        inner = f"{path}.{name}" if path else str(name)
        if name not in old:
            yield from _added(inner, new[name])
        elif name not in new:
            yield Change(inner, before=old[name])
        elif old[name] != new[name]:
            yield from _values(inner, old[name], new[name])
        elif isinstance(new[name], dict) and list(old[name]) != list(new[name]):
            yield Change(inner, list(old[name]), list(new[name]), reordered=True)
    if path and (common := [name for name in old if name in new]) != [
        name for name in new if name in old
    ]:
        yield Change(path, common, [name for name in new if name in old], reordered=True)


def _added(path: str, value: Any) -> Iterator[Change]:
    """A new user is one line; a new section has a line for each of its entries."""
    if isinstance(value, dict) and "." not in path:
        for name, entry in value.items():
            yield Change(f"{path}.{name}", after=entry)
    elif isinstance(value, list) and "." not in path:
        for index, entry in enumerate(value):
            yield Change(f"{path}[{index}]", after=entry)
    else:
        yield Change(path, after=value)


def _values(path: str, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _mappings(path, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(path, old, new)
    else:
        yield Change(path, old, new)


def _lists(path: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    gone = _without(old, new)
    come = _without(new, old)
    if not gone and not come:
        yield Change(path, old, new, reordered=True)
    elif len(old) == len(new) and len(gone) == len(come):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            if before != after:
                yield from _values(f"{path}[{index}]", before, after)
    else:
        for item in gone:
            yield Change(f"{path}[{old.index(item)}]", before=item)
        for item in come:
            yield Change(f"{path}[{new.index(item)}]", after=item)


def _without(items: list[Any], others: list[Any]) -> list[Any]:
    known = [_key(other) for other in others]
    left = []
    counted: dict[str, int] = {}
    for key in known:
        counted[key] = counted.get(key, 0) + 1
    for item in items:
        key = _key(item)
        if counted.get(key, 0):
            counted[key] -= 1
        else:
            left.append(item)
    return left


def _key(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "…" if _hides(name, item) else _masked(item)
            for name, item in value.items()
            if name != "user_set"
        }
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return value


def _secret(path: str) -> bool:
    # What wakes an app lets everybody wake it.
    return path.rpartition(".")[2] in _SECRETS or (".devices." in path and ".push" in path)


def _hides(name: str, item: Any) -> bool:
    if name == "push" and isinstance(item, dict):
        return not {"command", "url"} & set(item)  # an app's own, and not the settings' hook
    return name in _SECRETS and item is not None


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return value
    return json.dumps(_masked(value), ensure_ascii=False)
