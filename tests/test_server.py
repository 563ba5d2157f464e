from __future__ import annotations

import resource
import socket as sockets
from pathlib import Path

import gevent
import pytest
from gevent import socket

from esl_router.call.redecide import Redecider
from esl_router.call.session import Services
from esl_router.errors import ListenError
from esl_router.live.feed import Feed
from esl_router.model.people import FollowMeRow, User
from esl_router.model.schedule import public_holidays
from esl_router.server import Server, bind, close_services, open_services, reserve_files
from esl_router.settings import Address, Settings
from esl_router.store import rules_file
from esl_router.store.database import open_store
from esl_router.store.rules_import import import_rules
from tests.call.switchside import NOW, OK, Desk, Keys, Ledger, Notebook, Rulebook, snapshot
from tests.company import DOMAIN, Company, sip

LOOPBACK = Address("127.0.0.1", 0)
COMPANY = Company(
    (User(DOMAIN, "1001", "Anna Adler"),), {"1001": [FollowMeRow(sip("1001-desk"), ring=20)]}
)


class Router:
    """A server on a free port, and connections of a switch to it."""

    def __init__(self, grace=0.2, **settings):
        self.settings = Settings(Path("unused.db"), LOOPBACK, grace=grace, **settings)
        self.journal = Notebook()
        services = Services(
            self.settings,
            Rulebook(COMPANY),
            Feed(()),
            self.journal,
            Ledger(),
            Desk(),
            Keys(),
            Redecider(),
            lambda: NOW,
        )
        self.server = Server(self.settings, services, bind(LOOPBACK))
        self.server.start()
        self.address = (self.server.address.host, self.server.address.port)
        self.sockets = []

    def connect(self):
        connection = socket.create_connection(self.address, timeout=5)
        self.sockets.append(connection)
        return connection

    def read(self):
        """A connection whose router has read nothing yet but asked for the snapshot."""
        connection = self.connect()
        assert connection.recv(100) == b"connect\n\n"
        return connection

    def close(self):
        self.server.stop()
        for connection in self.sockets:
            connection.close()


@pytest.fixture
def router():
    made = []

    def make(**settings):
        made.append(Router(**settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


def received(connection, what):
    data = b""
    while what not in data:
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


def test_a_call_over_the_limit_is_closed_at_once_without_a_word(router, caplog):
    running = router(max_calls=2)
    held = [running.read(), running.read()]
    assert running.connect().recv(100) == b""
    assert "--max-calls is 2" in caplog.text
    assert running.server.calls == len(held)


def test_the_limit_holds_under_a_burst(router):
    running = router(max_calls=5)
    burst = [running.connect() for _ in range(60)]
    answers = [connection.recv(100) for connection in burst]
    assert answers.count(b"connect\n\n") == 5
    assert answers.count(b"") == 55


def test_a_call_that_ended_makes_room_for_the_next(router):
    running = router(max_calls=1)
    running.read().close()
    gevent.sleep(0)
    while running.server.calls:
        gevent.sleep(0)
    running.read()


def test_a_stopping_router_takes_no_new_call(router):
    running = router()
    running.server.stop()
    with pytest.raises(ConnectionRefusedError):
        running.connect()


def test_a_stopping_router_finishes_the_calls_it_is_deciding(router):
    running = router(grace=5.0)
    deciding = running.read()
    stopping = gevent.spawn(running.server.stop)
    gevent.sleep(0)
    deciding.sendall(snapshot(Caller_Destination_Number="1099"))
    assert b"UNALLOCATED_NUMBER" in received(deciding, b"UNALLOCATED_NUMBER")
    deciding.sendall(OK + OK)
    stopping.get(timeout=5)
    assert running.journal[0].result == "unknown"


def test_a_stopping_router_leaves_a_ringing_call_to_the_switch_and_records_it(router):
    running = router()
    ringing = running.read()
    ringing.sendall(snapshot())
    received(ringing, b"connect\n\n")
    running.server.stop()
    assert ringing.recv(100) == b""
    assert running.journal[0].callee == "1001"


def test_a_stopping_router_does_not_wait_for_ever(router):
    running = router(grace=0.05)
    silent = running.read()
    running.server.stop()
    assert silent.recv(100) == b""


def test_a_taken_port_is_a_clear_error():
    with sockets.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = Address("127.0.0.1", other.getsockname()[1])
        with pytest.raises(ListenError, match=rf"{taken} is taken.*--listen"):
            bind(taken)


def test_an_address_of_another_machine_is_a_clear_error():
    with pytest.raises(ListenError, match=r"192\.0\.2\.1:8040 cannot be used"):
        bind(Address("192.0.2.1", 8040))


def test_too_few_files_are_a_clear_error_before_the_first_call():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with pytest.raises(ListenError, match="ulimit -Hn"):
        reserve_files(hard)


def test_the_soft_limit_of_files_is_raised_as_far_as_needed():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        reserve_files(1000)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 1064
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_holidays_of_the_schedules_are_known_before_a_call_asks(tmp_path, caplog):
    path = tmp_path / "rules.db"
    rules = Path(__file__).parents[1] / "fixtures" / "rules" / "company.yaml"
    db = open_store(path, create=True)
    import_rules(db, rules_file.load(rules.read_text()))
    domain = rules_file.load(rules.read_text())["domain"]
    db["schedules"].insert({"domain": domain, "name": "moon", "position": 99, "holidays": "XX"})
    db.close()
    public_holidays.cache_clear()

    close_services(open_services(Settings(path, LOOPBACK, switches=())))

    assert public_holidays.cache_info().currsize > 0
    assert "the public holidays of XX" in caplog.text
