"""What users change by dialling a feature code, with their own rights and nobody else's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlite_utils

from esl_router.errors import RouterError
from esl_router.model.actions import Perform
from esl_router.model.actor import Actor, Source
from esl_router.model.feature import (
    LogAssistant,
    LogTeam,
    LogWorkplace,
    SetBusyOnBusy,
    SetConditional,
    SetDeviceDnd,
    SetDivert,
    SetFollowMe,
    SetForward,
    SetStatus,
    SwitchConditional,
    SwitchFilter,
    SwitchForward,
)
from esl_router.model.presence import Status
from esl_router.store import (
    admin,
    assistants,
    call_forward,
    executive_admin,
    follow_me,
    presence,
    team_admin,
    workplaces,
)
from esl_router.store.database import copy_store, open_store

PATIENCE = 2.0
"""Seconds a change waits for another process that writes: a caller waits behind it."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where a change is made, whose it is, and when."""

    db: sqlite_utils.Database
    domain: str
    user: str
    now: datetime

    @property
    def actor(self) -> Actor:
        return Actor.user(self.user, Source.PHONE)


class ByPhone:
    """Makes changes in the store at ``path``."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def refusal(self, action: Perform, now: datetime) -> str:
        """What :meth:`perform` would answer. It is done to a copy of the store: nothing is changed,
        and the copy takes its time where the store is big."""
        with tempfile.TemporaryDirectory(prefix="esl-router-") as place:
            path = Path(place) / "copy.db"
            try:
                copy_store(self._path, path)
            except RouterError as error:
                return _sentence(error)
            return ByPhone(path).perform(action, now)

    def perform(self, action: Perform, now: datetime) -> str:
        """Make one change, all of it or nothing; why it was refused, or "" when it is made.

        ``now`` is aware. Raises nothing for what a user may not do, or a store that cannot be
        written: that is the answer.
        """
        try:
            db = open_store(self._path, timeout=PATIENCE)
        except RouterError as error:
            return _sentence(error)
        try:
            desk = _Desk(db, action.domain, action.user, now)
            _CHANGE[type(action.feature)](desk, action.feature)
        except RouterError as error:
            return _sentence(error)
        finally:
            db.close()
        return ""


def _sentence(error: RouterError) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith(".") else f"{text}."


def _status(desk: _Desk, what: SetStatus) -> None:
    until = None if what.hours is None else desk.now + timedelta(hours=what.hours)
    presence.set_presence(
        desk.db,
        desk.domain,
        desk.user,
        what.status.value,
        until=until,
        now=desk.now,
        by=desk.actor,
    )


def _busy_on_busy(desk: _Desk, what: SetBusyOnBusy) -> None:
    presence.set_busy_on_busy(desk.db, desk.domain, desk.user, what.calls, by=desk.actor)


def _set_forward(desk: _Desk, what: SetForward) -> None:
    origins = [origin.value for origin in what.origins]
    call_forward.set_forward(desk.db, desk.domain, desk.user, origins, what.target, by=desk.actor)


def _switch_forward(desk: _Desk, what: SwitchForward) -> None:
    origins = [origin.value for origin in what.origins]
    call_forward.switch(desk.db, desk.domain, desk.user, origins, what.on, by=desk.actor)


def _conditional(desk: _Desk, what: SetConditional) -> None:
    presence.set_forward(
        desk.db,
        desk.domain,
        desk.user,
        Status.AVAILABLE.value,
        presence.ORIGINS,
        what.condition.value,
        what.target,
        by=desk.actor,
    )


def _switch_conditional(desk: _Desk, what: SwitchConditional) -> None:
    presence.switch_forward(
        desk.db,
        desk.domain,
        desk.user,
        Status.AVAILABLE.value,
        [origin.value for origin in what.origins],
        what.condition.value,
        what.on,
        by=desk.actor,
    )


def _device_dnd(desk: _Desk, what: SetDeviceDnd) -> None:
    admin.set_device(desk.db, desk.domain, what.device, {"dnd": what.on}, by=desk.actor)


def _follow_me(desk: _Desk, what: SetFollowMe) -> None:
    follow_me.set_rows(
        desk.db, desk.domain, desk.user, what.device, {"enabled": what.on}, by=desk.actor
    )


def _log_team(desk: _Desk, what: LogTeam) -> None:
    team_admin.log(desk.db, desk.domain, desk.user, what.team, what.on, now=desk.now, by=desk.actor)


def _log_assistant(desk: _Desk, what: LogAssistant) -> None:
    assistants.log(desk.db, desk.domain, desk.user, what.executive, what.on, by=desk.actor)


def _log_workplace(desk: _Desk, what: LogWorkplace) -> None:
    if what.place is None:
        workplaces.log_out(desk.db, desk.domain, desk.user, by=desk.actor)
    else:
        workplaces.log_in(desk.db, desk.domain, desk.user, what.place, by=desk.actor)


def _divert(desk: _Desk, what: SetDivert) -> None:
    assistants.divert(desk.db, desk.domain, desk.user, what.executive, what.target, by=desk.actor)


def _switch_filter(desk: _Desk, what: SwitchFilter) -> None:
    executive_admin.set_executive(
        desk.db, desk.domain, what.executive, {"enabled": what.on}, by=desk.actor
    )


_CHANGE: Mapping[type, Callable[[_Desk, Any], None]] = {
    SetStatus: _status,
    SetBusyOnBusy: _busy_on_busy,
    SetForward: _set_forward,
    SwitchForward: _switch_forward,
    SetConditional: _conditional,
    SwitchConditional: _switch_conditional,
    SetDeviceDnd: _device_dnd,
    SetFollowMe: _follow_me,
    LogTeam: _log_team,
    LogAssistant: _log_assistant,
    SetDivert: _divert,
    LogWorkplace: _log_workplace,
    SwitchFilter: _switch_filter,
}
