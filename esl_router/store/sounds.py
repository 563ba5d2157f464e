"""Which sound files somebody may name: the administrator any, users those of the switch alone.

FreeSWITCH plays every file that it can read. A user names one below its own folder of sounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from esl_router.errors import NotPermitted
from esl_router.model.actor import Actor
from esl_router.store.objects import Edit, Path, form_of
from esl_router.store.rules.forms import Form, Many, Maybe, Named, Record, Switchable
from esl_router.store.rules.layout import SOUND, WITH_SOUNDS

_KIND = "announcement:"


def check(by: Actor, edits: Iterable[Edit]) -> None:
    """NotPermitted where a user names a file by its whole path; what stood there already may
    stay."""
    if by.extension is None:
        return
    for edit in edits:
        form = _at(form_of(edit.section), edit.path)
        if form is None or edit.reordered:
            continue
        before = {*_named(form, edit.before)}
        for sound in _named(form, edit.after):
            if sound.startswith("/") and sound not in before:
                raise NotPermitted(
                    f"user {by.extension} may not name the sound {sound}: users name one below the "
                    "sounds folder of FreeSWITCH (ivr/away.wav), the administrator any"
                )


def _at(form: Form, path: Path) -> Form | None:
    """What may stand at a path within an object; None where no sound does."""
    for part in path:
        if isinstance(form, Maybe):
            form = form.form
        if isinstance(form, Record):
            if part not in form.keys:
                return None
            form = form.keys[part].form
        elif isinstance(form, Named | Many) or (isinstance(form, Switchable) and part == "to"):
            form = form.form
        else:
            return None
    return form


def _named(form: Form, value: Any) -> Iterator[str]:
    """Every sound file that a value names."""
    if isinstance(form, Maybe):
        form = form.form
    if isinstance(form, Switchable):
        yield from _named(form.form, value.get("to") if isinstance(value, dict) else value)
    elif isinstance(form, Record) and isinstance(value, dict):
        for name, each in value.items():
            if name in form.keys:
                yield from _named(form.keys[name].form, each)
    elif isinstance(form, Named | Many) and isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _named(form.form, each)
    elif isinstance(value, str) and form in WITH_SOUNDS:
        if form == SOUND:
            yield value
        elif value.startswith(_KIND):
            yield value.removeprefix(_KIND)
