"""One call, from the connection of the switch to its record in the journal.

Read the snapshot, ask the engine, act, and ask again with what came of it, until the call ends.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

import gevent
from gevent.event import AsyncResult

from esl_router import variables
from esl_router.call import actions, facts
from esl_router.call.hook import Hooks
from esl_router.call.record import Record
from esl_router.call.redecide import Redecider
from esl_router.call.seal import Seal
from esl_router.engine.decide import decide, without_rules
from esl_router.errors import ProtocolError, StoreError, SwitchError
from esl_router.esl import commands, untrusted
from esl_router.esl.client import CallSocket, NotConnectedError, OutboundSessionHasGoneAway
from esl_router.esl.wire import Frame
from esl_router.live.feed import Feed
from esl_router.live.registrations import account_key
from esl_router.live.state import LegTimes, Watch
from esl_router.model.actions import (
    Announce,
    Authenticate,
    Confirm,
    HandBack,
    Intercept,
    Leg,
    Perform,
    Reject,
    Ring,
    Voicemail,
)
from esl_router.model.call import Call, Entered, LegResult, Outcome
from esl_router.model.live import Contact
from esl_router.model.team import Turn
from esl_router.model.trace import Decision
from esl_router.model.trail import Trail
from esl_router.settings import Settings
from esl_router.store.by_phone import ByPhone
from esl_router.store.journal import Journal
from esl_router.store.pins import Pins
from esl_router.store.reader import Reading, Store
from esl_router.store.turns import Turns

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 5.0
"""Seconds the switch gets to send the snapshot."""

PIN_TRIES = 3
"""How often somebody outside may enter who he is in one call."""

MESSAGE_LAG = 1.0
"""Seconds by which the event of a message may come after the mailbox has ended."""

TURN_TRIES = 5
"""How often a team's call is decided anew because another one took the turn meanwhile."""


@dataclass(frozen=True, slots=True)
class Services:
    """What every call of one router uses."""

    settings: Settings
    store: Store
    feed: Feed
    journal: Journal
    turns: Turns
    by_phone: ByPhone
    pins: Pins
    redecider: Redecider
    clock: Callable[[], datetime]
    """The time of day, aware."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds from somewhere; never set back."""

    hooks: Hooks = field(default_factory=Hooks)
    seal: Seal = field(default_factory=Seal)


@dataclass(frozen=True, slots=True)
class _Switch:
    """The switch that a call is on."""

    feed: Feed
    core_uuid: str | None
    now: Callable[[], float] = time.time

    def watch(self, uuids: Iterable[str]) -> Watch:
        return self.feed.watch(uuids, self.core_uuid)

    def catch_up(self) -> None:
        self.feed.catch_up()

    def kill(self, uuids: Iterable[str]) -> None:
        self.feed.kill(uuids, self.core_uuid)

    def command(self, orders: Iterable[str]) -> None:
        self.feed.command(orders, self.core_uuid)

    def contacts(self, domain: str, account: str) -> tuple[Contact, ...] | None:
        return self.feed.view(self.core_uuid, self.now()).contacts(domain, account)

    def on_message(self, uuid: str, heard: Callable[[int], object]) -> Callable[[], object] | None:
        return self.feed.on_message(uuid, heard, self.core_uuid)

    def on_registration(
        self, domain: str, account: str, heard: Callable[[], object]
    ) -> Callable[[], object]:
        return self.feed.on_registration(account_key(account, domain), heard, self.core_uuid)


class Session:
    """One call on one socket. :meth:`run` returns when the router has nothing more to do."""

    __slots__ = (
        "_ahead",
        "_answered",
        "_early",
        "_prepared",
        "_services",
        "_socket",
        "_switch",
        "deciding",
    )

    def __init__(self, socket: CallSocket, services: Services) -> None:
        self._socket = socket
        self._services = services
        self._answered = False
        self._early = False
        self._prepared = False
        self._switch = _Switch(services.feed, None)
        self._ahead: Reading | None = None
        self.deciding = True
        """Whether the call waits for the router; False while the switch rings or connects it."""

    def run(self) -> None:
        """Route the call. Whatever goes wrong, the socket is closed and the dialplan goes on."""
        try:
            snapshot = self._socket.connect(timeout=CONNECT_TIMEOUT, meanwhile=self._get_ready)
            if self._in_sync_mode(snapshot):
                self._route(snapshot)
        except (OutboundSessionHasGoneAway, NotConnectedError):
            logger.debug("a caller was gone before the call was read")
        except (ProtocolError, SwitchError) as error:
            logger.warning("a call goes back to the dialplan: %s", untrusted.log(str(error)))
        except Exception:
            logger.exception("a call goes back to the dialplan after a fault in the router")
        finally:
            self._socket.close()
            if self._ahead is not None:
                self._ahead.close()

    def _get_ready(self) -> None:
        """What the first decision needs in any case, done while the switch writes its snapshot."""
        self._services.feed.catch_up()
        self._ahead = self._services.store.ahead()

    def _in_sync_mode(self, snapshot: Frame) -> bool:
        mode = snapshot.get(variables.SOCKET_MODE, "static")
        control = snapshot.get(variables.CONTROL, "single-channel")
        if mode == "static" and control == "single-channel":
            return True
        logger.error(
            "the dialplan calls `socket` with %s: the call goes back to it. Take the words "
            "`async` and `full` out of the action, see dialplans/internal.xml",
            " ".join(
                word
                for word, here in (("async", mode != "static"), ("full", control == "full"))
                if here
            ),
        )
        if mode != "static":
            # An async socket that just closes leaves the caller parked for ever.
            self._socket.request(b"resume\n\n", commands.exit(), timeout=CONNECT_TIMEOUT)
        return False

    def _route(self, snapshot: Frame) -> None:
        services = self._services
        now = services.clock().timestamp()
        call = facts.read(
            snapshot,
            services.settings.internal_contexts,
            lambda text: services.seal.open(text, now),
        )
        core_uuid = snapshot.get(variables.CORE_UUID)
        self._switch = _Switch(services.feed, core_uuid, lambda: services.clock().timestamp())
        call = services.redecider.resumed(call, core_uuid)
        self._answered = snapshot.get(variables.ANSWER_STATE) == "answered"
        self._early = snapshot.get(variables.ANSWER_STATE) == "early"
        self._prepared = actions.is_prepared(snapshot)
        self._socket.release()
        record = Record(call, services.clock())
        del snapshot
        try:
            self._loop(call, record)
        finally:
            services.journal.record(record.entry(services.clock()))

    def _loop(self, call: Call, record: Record) -> None:
        while True:
            started = self._services.clock()
            decision = self._decide(call)
            tries = TURN_TRIES
            while tries and not self._claimed(decision.effects):
                decision, tries = self._decide(call), tries - 1
            record.decided(decision)
            begun = self._services.monotonic()
            outcome, heard = self._perform(call, decision, record)
            self._prepared = False
            if outcome is not None:
                outcome = replace(outcome, lasted=self._services.monotonic() - begun)
            record.ended(decision.action, started, outcome, heard)
            for turn in _talked(decision, outcome):
                self._write(self._services.turns.talked, turn)
            if outcome is None or outcome.caller_gone:
                return
            call = call.after(decision.action, outcome)
            if outcome.transferred:
                self._services.redecider.keep(call, self._switch.core_uuid)
                return

    def _claimed(self, turns: tuple[Turn, ...]) -> bool:
        """Whether the decision's turns are taken; False: another call was quicker."""
        return all(self._write(self._services.turns.began, turn) for turn in turns)

    def _write(self, write: Callable[[Turn, float], bool | None], turn: Turn) -> bool:
        """Write a turn into the store, beside the event loop: another process may hold it."""
        now = self._services.clock().timestamp()
        try:
            return gevent.get_hub().threadpool.apply(write, (turn, now)) is not False
        except StoreError as error:
            logger.error("whose turn it is was not written: %s", error)
            return True

    def _change(self, action: Perform) -> str:
        """Change a setting, beside the event loop; why it was refused, or "" when it is done."""
        perform, now = self._services.by_phone.perform, self._services.clock()
        try:
            why: str = gevent.get_hub().threadpool.apply(perform, (action, now))
        except Exception as error:
            logger.exception("a fault while a code was performed")
            return f"A fault in the router: {type(error).__name__}."
        if why:
            logger.info("a code of %s was refused: %s", action.user, untrusted.log(why))
        return why

    def _authenticate(self, action: Authenticate) -> Outcome:
        """Let the caller enter who he is, a few times, and then his code."""
        if not actions.answer(self._socket):
            return Outcome(caller_gone=True)
        why = ""
        for _ in range(PIN_TRIES):
            extension = actions.ask(self._socket, actions.EXTENSION)
            pin = None if extension is None else actions.ask(self._socket, actions.PIN)
            if extension is None or pin is None:
                return Outcome(caller_gone=True, refused=why)
            why = self._look_at_pin(action.domain, extension, pin)
            if not why:
                code = actions.ask(self._socket, actions.CODE) if action.code else ""
                return Outcome(caller_gone=code is None, entered=Entered(extension, code or ""))
            logger.warning("codes from outside: %s", untrusted.log(why))
            actions.refuse(self._socket)
        return Outcome(refused=why)

    def _look_at_pin(self, domain: str, extension: str, pin: str) -> str:
        """Why the caller is not let in, beside the event loop; "" when he is."""
        refuse, now = self._services.pins.refuse, self._services.clock().timestamp()
        try:
            why: str = gevent.get_hub().threadpool.apply(refuse, (domain, extension, pin, now))
        except Exception as error:
            logger.exception("a fault while a PIN was looked at")
            return f"A fault in the router: {type(error).__name__}."
        return why

    def _decide(self, call: Call) -> Decision:
        try:
            return self._consult(call)
        except StoreError as error:
            logger.error("%s", error)
            return without_rules(call, str(error))
        except Exception as error:
            logger.exception("a fault while deciding; the caller is not left alone with it")
            return without_rules(call, f"fault in the router: {type(error).__name__}")

    def _consult(self, call: Call) -> Decision:
        """What would be decided for ``call`` now. Raises StoreError."""
        now = self._services.clock()
        live = self._services.feed.view(self._switch.core_uuid, now.timestamp())
        reading, self._ahead = self._ahead or self._services.store.read(), None
        with reading as rules:
            return decide(call, rules, live, now)

    def _ring(
        self, call: Call, action: Ring, record: Record, decision: Decision
    ) -> tuple[Outcome, Mapping[int, LegTimes]]:
        def follow(watch: Watch) -> AbstractContextManager[None]:
            redecider = self._services.redecider
            return redecider.follow(
                call,
                decision,
                self._switch.core_uuid,
                watch,
                self._switch,
                lambda: self._consult(call),
            )

        def connected(leg: Leg) -> None:
            # Now, not only when he hangs up: a router that is gone by then would never know.
            if leg.owner and not action.pool:
                turn = Turn(action.domain, action.callee, leg.owner)
                gevent.spawn(self._write, self._services.turns.talked, turn)

        self.deciding = False
        rung = actions.ring(
            self._socket,
            action,
            self._switch,
            caller=call.uuid,
            answered=self._answered,
            early=self._early,
            prepared=self._prepared,
            withheld=call.caller.anonymous,
            name="" if call.caller.own_leg else decision.caller_name,
            confirm_prompt=self._services.settings.confirm_prompt,
            follow=follow,
            connected=connected,
            hook=self._services.hooks.call,
            seal=self._seal,
        )
        self.deciding = True
        record.noted(rung.notes)
        return rung.outcome, rung.heard

    def _seal(self, trail: Trail) -> str:
        return self._services.seal.close(trail, self._services.clock().timestamp())

    def _voicemail(self, call: Call, action: Voicemail, record: Record, name: str) -> Outcome:
        self.deciding = False
        message = AsyncResult()
        deaf = self._switch.on_message(call.uuid, message.set)
        outcome = actions.voicemail(self._socket, action, name=name)
        if deaf is not None:
            if not action.login:
                message.wait(MESSAGE_LAG)
            deaf()
        self.deciding = True
        self._answered = True
        if not action.login:
            record.left(action.mailbox, message.value)
        return outcome

    def _perform(
        self, call: Call, decision: Decision, record: Record
    ) -> tuple[Outcome | None, Mapping[int, LegTimes]]:
        """What came of the action, and what was heard of each leg.

        No outcome: the router has nothing more to do with the call.
        """
        match decision.action:
            case Ring() as action:
                return self._ring(call, action, record, decision)
            case Voicemail() as action:
                return self._voicemail(call, action, record, decision.caller_name), {}
            case Announce() as action:
                self._early = True
                return actions.announce(self._socket, action), {}
            case Intercept() as action:
                self.deciding = False
                outcome = actions.intercept(self._socket, action)
                self.deciding = True
                self._answered = True
                return outcome, {}
            case Authenticate() as action:
                self.deciding = False
                outcome = self._authenticate(action)
                self.deciding, self._answered = True, True
                return outcome, {}
            case Perform() as action:
                return Outcome(refused=self._change(action)), {}
            case Confirm() as action:
                self.deciding = False
                actions.confirm(self._socket, action)
            case Reject() as action:
                actions.reject(self._socket, action, answered=self._answered)
            case HandBack():
                pass  # closing the socket is all it takes
        return None, {}


def _talked(decision: Decision, outcome: Outcome | None) -> tuple[Turn, ...]:
    """The member whose conversation for a team has just ended."""
    action = decision.action
    if outcome is None or not isinstance(action, Ring) or action.pool:
        return ()
    return tuple(
        Turn(action.domain, action.callee, each.leg.owner)
        for each in outcome.legs
        if each.result is LegResult.ANSWERED and each.leg.owner
    )
