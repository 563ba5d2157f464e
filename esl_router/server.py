"""The router's front door: it accepts the switch's connections and runs one session for each."""

from __future__ import annotations

import errno
import logging
import resource
import socket as sockets
from datetime import UTC, datetime
from typing import Any

import gevent
from gevent import Greenlet
from gevent.server import StreamServer

from esl_router.call.redecide import Redecider
from esl_router.call.seal import Seal
from esl_router.call.session import Services, Session
from esl_router.errors import ListenError, SwitchError, WrongPassword
from esl_router.esl.client import CallSocket, EventLink
from esl_router.lamps.keeper import Keeper
from esl_router.live.feed import Address as SwitchAddress
from esl_router.live.feed import Feed
from esl_router.model.schedule import public_holidays
from esl_router.settings import Address, Settings
from esl_router.store.by_phone import ByPhone
from esl_router.store.journal import Journal
from esl_router.store.pins import Pins
from esl_router.store.reader import Store
from esl_router.store.subscriptions import Subscriptions
from esl_router.store.turns import Turns
from esl_router.store.watch import StoreWatch

logger = logging.getLogger(__name__)

BACKLOG = 1024
"""Connections the kernel holds for us while a burst is being accepted."""

RESERVED = 64
"""Files a router needs besides one for each call."""

FIRST_PICTURE = 3.0
"""Seconds a starting router waits for the switches' live state."""

REPORT_EVERY = 10.0
"""Seconds between two log lines about calls over the limit."""


def bind(address: Address) -> sockets.socket:
    """A listening socket at ``address``; raises ListenError when it cannot be had."""
    family = sockets.AF_INET6 if ":" in address.host else sockets.AF_INET
    listener = sockets.socket(family, sockets.SOCK_STREAM)
    try:
        listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            what = "is taken: another program, maybe another router, listens there"
        else:
            what = f"cannot be used: {error.strerror or error}"
        raise ListenError(f"{address} {what}. Stop it, or choose another --listen.") from error
    listener.setblocking(False)
    return listener


def reserve_files(max_calls: int) -> None:
    """Make room for ``max_calls`` sockets; raises ListenError when the system allows too few."""
    needed = max_calls + RESERVED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ListenError(
            f"{max_calls} calls at once need {needed} open files, and the system allows {hard}: "
            f"raise it (`ulimit -Hn {needed}`, LimitNOFILE= in systemd), or lower --max-calls."
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def open_services(settings: Settings, *, lamps: bool = False) -> Services:
    """What the calls of one process use: the store is open, the event links are being made.

    ``lamps``: this process also lights the lamps of telephones. One of a router's does.

    Raises StoreError where the store cannot be read, and SwitchError where a switch refuses the
    password: nobody would notice later. A switch that cannot be reached is only warned of; the
    router routes without knowing who is registered until it can.
    """
    store = Store(settings.db)
    for address in settings.switches:
        link = EventLink(address.host, address.port, settings.password, timeout=2.0)
        try:
            link.connect()
        except WrongPassword:
            raise
        except SwitchError as error:
            logger.warning("%s: routing without live state until it can", error)
        finally:
            link.stop()
    feed = Feed(
        [
            SwitchAddress(address.host, address.port, settings.password)
            for address in settings.switches
        ],
        internal_contexts=settings.internal_contexts,
    )
    if lamps:
        feed.listen(Keeper(store, Subscriptions(settings.db), StoreWatch(settings.db)))
    feed.start()
    _learn_holidays(store)
    # The first calls should be decided on a picture too; without one they are routed all the same.
    feed.wait(FIRST_PICTURE)
    journal, turns, by_phone = Journal(settings.db), Turns(settings.db), ByPhone(settings.db)
    pins, redecider = Pins(settings.db), Redecider()
    with store.read() as rules:
        seal = Seal(rules.secret("trail"))
    return Services(
        settings,
        store,
        feed,
        journal,
        turns,
        by_phone,
        pins,
        redecider,
        lambda: datetime.now(UTC),
        seal=seal,
    )


def _learn_holidays(store: Store) -> None:
    """Load what the schedules need of public holidays now: a call would wait for it."""
    with store.read() as rules:
        regions = rules.holiday_regions()
    for region in regions:
        try:
            public_holidays(region, datetime.now(UTC).year)
        except NotImplementedError as error:
            logger.warning("the public holidays of %s: %s", region, error)


def close_services(services: Services) -> None:
    """Write the journal's last entries and end the event links."""
    services.feed.stop()
    services.journal.close()
    services.store.close()


class Server:
    """Accepts calls until :meth:`stop`."""

    def __init__(self, settings: Settings, services: Services, listener: sockets.socket) -> None:
        self._settings = settings
        self._services = services
        self._sessions: dict[Session, Greenlet] = {}
        self._refused = 0
        self._reported = 0.0
        self._stream = StreamServer(listener, self._accept)
        # Workers share the listener: each takes one call, and lets the others have the next.
        self._stream.max_accept = 1

    @property
    def address(self) -> Address:
        """Where the server listens; the port that was given where port 0 was asked for."""
        host, port = self._stream.socket.getsockname()[:2]
        return Address(host, port)

    @property
    def calls(self) -> int:
        """How many calls are being handled."""
        return len(self._sessions)

    def start(self) -> None:
        self._stream.start()

    def stop(self) -> None:
        """Take no new calls, let those being decided finish, and leave the others to the switch.

        Phones ring on and conversations go on without us; the dialplan knows what to do when
        such a ring ends unanswered.
        """
        # Closes the listener alone: stop() would kill the sessions too.
        self._stream.close()
        deadline = gevent.get_hub().loop.now() + self._settings.grace
        while any(session.deciding for session in self._sessions):
            if gevent.get_hub().loop.now() >= deadline:
                break
            gevent.sleep(0.02)
        gevent.killall(list(self._sessions.values()), block=True, timeout=1.0)

    def _accept(self, sock: Any, address: Any) -> None:
        if len(self._sessions) >= self._settings.max_calls:
            # Closed at once, without a word: the dialplan's fallback rings the callee's phones.
            sock.close()
            self._refuse()
            return
        sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        session = Session(CallSocket(address, sock), self._services)
        self._sessions[session] = gevent.getcurrent()
        try:
            session.run()
        finally:
            del self._sessions[session]

    def _refuse(self) -> None:
        self._refused += 1
        now = gevent.get_hub().loop.now()
        if now - self._reported >= REPORT_EVERY:
            logger.error(
                "%d calls went back to the dialplan: %d are handled already, and --max-calls is %d",
                self._refused,
                len(self._sessions),
                self._settings.max_calls,
            )
            self._reported, self._refused = now, 0
