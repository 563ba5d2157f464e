"""Contacts copied from a real directory server: OpenLDAP's slapd on the loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.diverted import direct, somebody
from tests.e2e.lines import Line
from tests.e2e.sip import wait_until
from tests.e2e.stage import Stage, company, staged
from tests.e2e.switch import HOST, ROOT, FreeSwitch, free_port, socket

SLAPD = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/libexec")
SCHEMA = Path("/etc/ldap/schema")
pytestmark = pytest.mark.skipif(
    SLAPD is None or not SCHEMA.is_dir(), reason="no slapd on this machine (apt install slapd)"
)

PASSWORD = "reader's password"

PEOPLE = {
    "Jörg Müller": ["telephoneNumber: 030 7000001", "mobile: +49 171 7000001"],
    "Ärzte & Söhne": ["telephoneNumber: +49 30 7000002"],
    "Nobody": [],
    "Wrong Number": ["telephoneNumber: 12"],
}


def ldif() -> str:
    entries = [
        "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\n"
        "o: Example\ndc: example\n",
        "dn: cn=reader,dc=example,dc=org\nobjectClass: organizationalRole\n"
        f"objectClass: simpleSecurityObject\ncn: reader\nuserPassword: {PASSWORD}\n",
    ]
    people = dict(PEOPLE) | {
        f"Person {number:04}": [f"telephoneNumber: +49307{number:06}"] for number in range(1200)
    }
    for index, (name, lines) in enumerate(people.items()):
        entries.append(
            f"dn: uid=p{index},dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: p{index}\n"
            f"cn: {name}\nsn: {name}\n" + "".join(f"{line}\n" for line in lines)
        )
    return "\n".join(entries)


class Slapd:
    """A directory server with its data in ``place``."""

    def __init__(self, place: Path, limits: str = "size.soft=500 size.prtotal=unlimited") -> None:
        self.port = free_port(socket.SOCK_STREAM)
        self.url = f"ldap://{HOST}:{self.port}"
        self._conf = place / "slapd.conf"
        self._process: subprocess.Popen[bytes] | None = None
        (place / "data").mkdir()
        modules = next(iter(Path("/usr/lib").glob("**/ldap/back_mdb.so")), None)
        load = f"modulepath {modules.parent}\nmoduleload back_mdb\n" if modules else ""
        self._conf.write_text(
            "".join(
                f"include {SCHEMA}/{name}.schema\n" for name in ("core", "cosine", "inetorgperson")
            )
            + load
            + textwrap.dedent(
                f"""\
                pidfile {place}/slapd.pid
                sizelimit {limits}
                access to attrs=userPassword by anonymous auth by * none
                access to * by users read by anonymous auth by * none
                database mdb
                suffix "dc=example,dc=org"
                rootdn "cn=admin,dc=example,dc=org"
                directory {place}/data
                """
            )
        )
        data = place / "data.ldif"
        data.write_text(ldif(), encoding="utf-8")
        slapadd = shutil.which("slapadd", path=str(Path(SLAPD or "").parent))
        subprocess.run(
            [slapadd or "slapadd", "-f", str(self._conf), "-l", str(data), "-q"],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip

    def start(self) -> None:
        self._process = subprocess.Popen(
            [SLAPD or "slapd", "-f", str(self._conf), "-h", self.url, "-d", "0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

        def answers() -> bool:
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
            except OSError:
                return False
            return True

        wait_until(answers, 10, "slapd listens")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    made = Slapd(tmp_path)
    made.start()
    yield made
    made.stop()


class Store:
    """A store whose directory is that server, and the commands run on it."""

    def __init__(self, place: Path, url: str) -> None:
        self.db = place / "router.db"
        secret = place / "secret"
        secret.write_text(f"{PASSWORD}\n")
        self.rules = place / "rules.yaml"
        self.rules.write_text(
            textwrap.dedent(
                f"""\
                domain: pbx.test
                settings:
                  ldap:
                    url: {url}
                    base: dc=example,dc=org
                    bind_dn: cn=reader,dc=example,dc=org
                    password_file: {secret}
                contacts:
                  - {{name: Own, numbers: ["0307654321"]}}
                """
            )
        )
        self.run("init")
        self.run("import", str(self.rules))

    def run(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "esl_router", "--db", str(self.db), *words],
            cwd=self.db.parent, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout

    def found(self, *words: str) -> dict[str, list[str]]:
        rows = json.loads(self.run("contact", "search", *words, "--json"))
        return {row["name"]: row["numbers"] for row in rows}


@pytest.fixture
def store(slapd: Slapd, tmp_path: Path) -> Store:
    return Store(tmp_path, slapd.url)


def test_a_directory_is_copied_and_stays_when_it_is_gone(store: Store, slapd: Slapd) -> None:
    said = store.run("contact", "sync")
    # More than one page, and more than the server gives at once.
    assert "1202 contacts copied" in said
    assert "'12' is no telephone number" in said
    assert store.found("mül") == {"Jörg Müller": ["+49307000001", "+491717000001"]}
    assert store.found("arz") == {"Ärzte & Söhne": ["+49307000002"]}
    assert "Person" not in store.run("export")

    slapd.stop()
    assert "the 1202 contacts copied at" in store.run("contact", "sync", code=1)
    store.run("import", str(store.rules))
    assert store.found("mül")
    assert store.found("own")


def test_a_name_of_the_directory_is_on_the_phone(
    slapd: Slapd, freeswitch: FreeSwitch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    rules = company(**somebody(1995))
    with staged(freeswitch, tmp_path, rules) as stage:
        line = stage.line("1995-a")
        assert shown(stage, line, 1) != "Jörg Müller"
        rules["settings"]["ldap"] = {
            "url": slapd.url,
            "base": "dc=example,dc=org",
            "bind_dn": "cn=reader,dc=example,dc=org",
            "password_file": str(secret),
        }
        stage.router.load(rules)
        copied = "contacts of pbx.test were copied"
        wait_until(lambda: copied in stage.router.log.read_text(), 10, "the directory is copied")
        assert shown(stage, line, 2) == "Jörg Müller"


def shown(stage: Stage, line: Line, calls: int) -> str:
    """The caller's name on the telephone; ``calls``: how many it has had with this one."""
    call = stage.outside().call(direct(1995), user="+491717000001")
    invite = line.wait_ringing(5, calls=calls).invite
    assert invite.from_user == "+491717000001"
    call.cancel()
    assert call.wait(5) == 487
    return invite.display


def test_a_directory_that_gives_only_a_part_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    cut = Slapd(tmp_path, "size.soft=500 size.prtotal=500")
    cut.start()
    try:
        store = Store(tmp_path, cut.url)
        assert "it gives only so many entries" in store.run("contact", "sync", code=1)
        assert store.found("person") == {}
    finally:
        cut.stop()


def test_a_wrong_password_is_said(store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("wrong\n")
    assert "invalidCredentials" in store.run("contact", "sync", code=1)
    checks = json.loads(store.run("doctor", "--no-switch", "--json"))["checks"]
    said = [check["text"] for check in checks if check["area"] == "contacts"]
    assert "invalidCredentials" in said[0]


def test_the_doctor_is_content(store: Store) -> None:
    store.run("contact", "sync")
    checks = json.loads(store.run("doctor", "--no-switch", "--json"))["checks"]
    (check,) = [check for check in checks if check["area"] == "contacts"]
    assert (check["level"], check["text"].partition(" of ")[0]) == ("ok", "pbx.test: 1202 contacts")


def test_it_is_copied_again_and_again(store: Store, slapd: Slapd) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-m", "esl_router", "--db", str(store.db), "contact", "sync", "--watch",
         "--every", "10"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_until(lambda: store.found("mül"), 15, "it is copied")
        slapd.stop()
        assert watching.stderr is not None
        assert "contacts copied at" in watching.stderr.readline(), "it says so, and goes on"
        assert watching.poll() is None
    finally:
        watching.kill()
        watching.communicate()


def test_a_router_copies_it_and_keeps_what_it_knows(store: Store, slapd: Slapd) -> None:
    log = store.db.with_name("serve.log")
    port = free_port(socket.SOCK_STREAM)
    with log.open("wb") as output:
        serving = subprocess.Popen(
            [sys.executable, "-m", "esl_router", "--db", str(store.db), "serve",
             "--listen", f"{HOST}:{port}", "--freeswitch", f"{HOST}:1"],
            cwd=ROOT, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until(lambda: store.found("mül"), 20, "it is copied")
        slapd.stop()
        # Set otherwise it is read at once: nobody waits a quarter of an hour.
        text = store.rules.read_text().replace("filter:", "")
        store.rules.write_text(text.replace("    base:", '    filter: "(mobile=*)"\n    base:'))
        store.run("import", str(store.rules))
        wait_until(lambda: "contacts copied at" in log.read_text(), 20, "it says that it is gone")
        assert store.found("mül")
        slapd.start()
        store.rules.write_text(store.rules.read_text().replace("(mobile=*)", "(mobile=*49*)"))
        store.run("import", str(store.rules))
        wait_until(lambda: not store.found("person"), 20, "it is copied again")
        assert store.found("mül")
    finally:
        os.killpg(serving.pid, signal.SIGKILL)
        serving.wait()


def test_a_router_that_is_not_to_copies_nothing(store: Store) -> None:
    log = store.db.with_name("serve.log")
    port = free_port(socket.SOCK_STREAM)
    with log.open("wb") as output:
        serving = subprocess.Popen(
            [sys.executable, "-m", "esl_router", "--db", str(store.db), "serve", "--no-contacts",
             "--listen", f"{HOST}:{port}", "--freeswitch", f"{HOST}:1"],
            cwd=ROOT, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until(lambda: "listening at" in log.read_text(), 20, "the router runs")
        time.sleep(3)
        assert store.found("mül") == {}
    finally:
        os.killpg(serving.pid, signal.SIGKILL)
        serving.wait()
