"""Keeps routers alive: starts the workers, and replaces one that died or hangs.

A router that is gone harms no call: the switch goes on with the dialplan at once. One that accepts
calls and never answers keeps each caller in silence for 25 s. So every worker beats from inside
its event loop, and one that stops beating is killed.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket as sockets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import gevent
from gevent.event import Event

from esl_router import beside, scheduling
from esl_router.errors import RouterError
from esl_router.server import Server, bind, close_services, open_services, reserve_files
from esl_router.settings import Settings

logger = logging.getLogger(__name__)

BEAT = 1.0
"""Seconds between two beats of a worker."""

HANGS_AFTER = 5.0
"""Seconds without a beat after which a worker is killed."""

STARTS_WITHIN = 30.0
"""Seconds a worker may take to its first beat."""

PAUSE = 1.0
"""Seconds before a worker that died is replaced."""

BESIDE_HANGS_AFTER = 120.0
"""Seconds without a beat after which the process beside the workers is killed."""

BESIDE_PAUSE = 10.0
"""Seconds before it is started again: no call waits for it."""

_EXPECTED, _FAULT = 1, 3
_ENDING = (signal.SIGTERM, signal.SIGINT)


def run(settings: Settings, workers: int) -> int:
    """Route calls until SIGTERM or SIGINT; the exit code.

    Raises ListenError when the router cannot listen where it was told to.
    """
    reserve_files(settings.max_calls)
    listener = bind(settings.listen)

    def work(listener: sockets.socket, beat: Callable[[], None], first: bool) -> None:
        # The workers alone: whoever has to kill one that hangs must not wait for it, and what is
        # done beside the calls has time.
        if settings.realtime:
            scheduling.realtime()
        services = open_services(settings, lamps=first)
        try:
            serve(Server(settings, services, listener), beat)
        finally:
            close_services(services)

    rest = partial(beside.run, settings) if beside.wanted(settings) else None
    return Supervisor(workers, listener, work, rest).run()


def serve(server: Server, beat: Callable[[], None] | None = None) -> None:
    """Run ``server`` in this process until SIGTERM or SIGINT; ``beat`` is called each second."""
    done = Event()
    # Handlers only say so: what there is to do is done outside the signal.
    handlers = [gevent.signal_handler(number, done.set) for number in _ENDING]
    server.start()
    logger.info("listening at %s", server.address)
    try:
        while not done.wait(BEAT if beat else None):
            if beat:
                beat()
    finally:
        for handler in handlers:
            handler.cancel()
        server.stop()


@dataclass(slots=True)
class _Worker:
    pid: int
    pipe: int
    alive_until: float
    first: bool = False
    beside: bool = False
    """Whether it routes no calls."""

    @property
    def patience(self) -> float:
        """Seconds that it may be silent."""
        return BESIDE_HANGS_AFTER if self.beside else HANGS_AFTER


class Supervisor:
    """Runs ``count`` workers on one listening socket.

    ``work(listener, beat, first)`` is called in each of them, in a process of its own. ``first`` is
    true in one of them, and in whoever replaces that one: what is to be done once is his.
    ``beside(beat)`` is called once, in a process too, for what routes no calls: it has nothing of
    gevent, and however it ends is no reason for the router to.
    """

    def __init__(
        self,
        count: int,
        listener: sockets.socket,
        work: Callable[[sockets.socket, Callable[[], None], bool], None],
        beside: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._count = count
        self._listener = listener
        self._work = work
        self._beside = beside
        self._beside_at: float | None = None
        """When ``beside`` is to be started; None: it runs, or there is none."""
        self._workers: dict[int, _Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._stopping = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT, or until a worker ends with an error it will meet again.

        Returns the exit code of the whole.
        """
        for number in _ENDING:
            signal.signal(number, self._stop)
        for place in range(self._count):
            self._start(first=place == 0)
        if self._beside is not None:
            self._start(beside=True)
        code = 0
        while self._workers:
            for key, _ in self._selector.select(BEAT):
                worker = key.data
                if os.read(worker.pipe, 64):
                    worker.alive_until = time.monotonic() + worker.patience
                else:
                    code = self._ended(worker) or code
            self._kill_hanging()
            if self._beside_at is not None and time.monotonic() >= self._beside_at:
                self._beside_at = None
                self._start(beside=True)
        return code

    def _start(self, *, first: bool = False, beside: bool = False) -> None:
        if self._stopping:
            return
        reading, writing = os.pipe()
        # A signal between the fork and our note of it would miss the new worker.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os._exit(self._child(writing, first, beside))
        os.close(writing)
        worker = _Worker(pid, reading, time.monotonic() + STARTS_WITHIN, first, beside)
        self._workers[pid] = worker
        self._selector.register(reading, selectors.EVENT_READ, worker)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)

    def _child(self, pipe: int, first: bool, beside: bool) -> int:
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        try:
            if beside and self._beside is not None:
                self._listener.close()
                self._beside(lambda: _beat(pipe))
            else:
                gevent.reinit()
                self._work(self._listener, lambda: _beat(pipe), first)
        except RouterError as error:
            print(f"esl-router: {error}", file=sys.stderr)
            return _EXPECTED
        except BaseException:
            logger.exception("a worker died" if not beside else "the process beside died")
            return _FAULT
        finally:
            logging.shutdown()
        return 0

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for pid in self._workers:
            os.kill(pid, signal.SIGTERM)

    def _ended(self, worker: _Worker) -> int:
        """Replace a worker whose pipe was closed; the exit code if nobody is to replace it."""
        _, status = os.waitpid(worker.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._selector.unregister(worker.pipe)
        os.close(worker.pipe)
        del self._workers[worker.pid]
        if worker.beside:
            if not self._stopping:
                logger.error("the process beside, %d, ended with %d", worker.pid, code)
                self._beside_at = time.monotonic() + BESIDE_PAUSE
            return 0
        if self._stopping:
            return max(code, 0)
        if code == _EXPECTED:
            # A wrong setting does not get right by trying again.
            self._stop()
            return code
        logger.error("worker %d ended with %d and is replaced", worker.pid, code)
        time.sleep(PAUSE)
        self._start(first=worker.first)
        return 0

    def _kill_hanging(self) -> None:
        now = time.monotonic()
        for worker in self._workers.values():
            if now > worker.alive_until and not self._stopping:
                logger.error("worker %d hangs and is killed", worker.pid)
                os.kill(worker.pid, signal.SIGKILL)
                worker.alive_until = now + worker.patience


def _beat(pipe: int) -> None:
    try:
        os.write(pipe, b".")
    except BrokenPipeError:
        # The supervisor is gone: nobody would notice a hanging worker any more.
        os.kill(os.getpid(), signal.SIGTERM)
