"""Directories on 127.0.0.1 with the mocks' cast in them: the mock itself, and OpenLDAP's slapd as its peer.

slapd needs no root and no configuration of the machine's; it is skipped where it is not installed, unless
ARGUS_REQUIRE_PEERS=1.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap3

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.parser import from_text
from argus_wfm.mocks.faults.tcp import KINDS
from argus_wfm.mocks.ldap.accounts import FIRST_PASSWORD, SERVICE_PASSWORD, LockoutPolicy
from argus_wfm.mocks.ldap.app import OPERATIONS, ldap
from argus_wfm.mocks.ldap.certificates import made
from argus_wfm.mocks.ldap.directory import DirectoryEntries
from argus_wfm.mocks.ldap.entries import PEOPLE, ROOT, SERVICE
from argus_wfm.openapi.server import background
from argus_wfm.openapi.server import bind as listening
from tests.support.clock import NOW
from tests.support.http_client import Caller
from tests.support.peers import absent

PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"))
MODULES, SCHEMAS = Path("/usr/lib/ldap"), Path("/etc/ldap/schema")  # where Debian has them
START_S, ATTEMPTS = 10.0, 3
TEXT, INTEGER, DN = (f"1.3.6.1.4.1.1466.115.121.1.{number}" for number in (15, 27, 12))
ATTRIBUTES = {  # of AD, that no schema of OpenLDAP has: OID under Microsoft's arc, syntax
    "sAMAccountName": ("4.221", TEXT),
    "userPrincipalName": ("4.656", TEXT),
    "department": ("2.141", TEXT),
    "employeeID": ("4.35", TEXT),
    "memberOf": ("2.102", DN),
    "userAccountControl": ("4.8", INTEGER),
    "accountExpires": ("4.159", INTEGER),
    "pwdLastSet": ("4.96", INTEGER),
    "lockoutTime": ("4.662", INTEGER),
    "badPwdCount": ("4.12", INTEGER),
    "badPasswordTime": ("4.49", INTEGER),
}
MATCHING = {
    TEXT: "EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch ORDERING caseIgnoreOrderingMatch",
    INTEGER: "EQUALITY integerMatch ORDERING integerOrderingMatch",
    DN: "EQUALITY distinguishedNameMatch",
}


@dataclass(frozen=True)
class Served:
    """A directory that runs: its ports, and the file with the authority that signed its certificate."""

    port: int
    tls_port: int
    authority: Path
    controls: Caller | None = None  # of the mock

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    def connection(self, who: str = SERVICE, password: str = SERVICE_PASSWORD, **options: Any) -> Any:
        """Of ldap3, not bound yet."""
        server = ldap3.Server("127.0.0.1", self.port, get_info=ldap3.NONE, connect_timeout=5)
        return ldap3.Connection(server, who or None, password or None, receive_timeout=10, **options)

    @contextlib.contextmanager
    def bound(self, who: str = SERVICE, password: str = SERVICE_PASSWORD) -> Iterator[Any]:
        """A connection of ldap3 that is bound, as the service account unless told otherwise."""
        connection = self.connection(who, password)
        assert connection.bind(), connection.result
        try:
            yield connection
        finally:
            connection.unbind()

    def found(self, given: str, base: str = PEOPLE, **options: Any) -> dict[str, dict[str, Any]]:
        """What a search of the service account finds: attributes by DN."""
        with self.bound() as connection:
            connection.search(base, given, **{"attributes": ["cn"], **options})
            return {str(entry.entry_dn): entry.entry_attributes_as_dict for entry in connection.entries}

    def control(self, path: str, body: Any | None = None) -> Any:
        """Of the mock."""
        assert self.controls is not None
        reply = self.controls.control(path, body)
        assert reply.ok, reply.text
        return reply.json()


@contextlib.contextmanager
def mocked(*faults: str, agents: int = 513, lockout: LockoutPolicy | None = None) -> Iterator[Served]:
    """The mock at the seed's present, with controls; `faults` as on the command line."""
    public, tls, certificate = listening("127.0.0.1", 0), listening("127.0.0.1", 0), made()
    app = ldap(
        public,
        tls,
        agents=agents,
        clock=Clock(NOW),
        certificate=certificate,
        lockout=lockout,
        with_controls=True,
        faults=[from_text(fault, OPERATIONS, "replies", KINDS) for fault in faults],
    )
    ports = public.getsockname()[1], tls.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="argus-ldap-") as folder, background(app) as url:
        authority = Path(folder) / "authority.pem"
        authority.write_bytes(certificate.authority)
        yield Served(*ports, authority, Caller(url))


@contextlib.contextmanager
def slapd(*, agents: int = 513) -> Iterator[Served]:
    """OpenLDAP with the mock's own cast: the same names, attributes and passwords."""
    server, loader = (shutil.which(name, path=PLACES) for name in ("slapd", "slapadd"))
    if server is None or loader is None or not SCHEMAS.is_dir():
        absent("slapd is not installed (Debian: apt-get install slapd ldap-utils)")
    directory = DirectoryEntries(seed=1, agents=agents, clock=Clock(NOW))
    with tempfile.TemporaryDirectory(prefix="argus-slapd-") as name:
        folder = Path(name)
        _write(folder, directory.ldif())
        load = [loader, "-q", "-f", str(folder / "slapd.conf"), "-l", str(folder / "cast.ldif")]
        loaded = subprocess.run(load, capture_output=True, text=True, encoding="utf-8", timeout=60)
        assert loaded.returncode == 0, loaded.stderr
        child, ports = _started(server, folder)
        try:
            yield Served(*ports, folder / "authority.pem")
        finally:
            child.terminate()
            child.wait(10)


def _write(folder: Path, ldif: str) -> None:
    certificate = made()
    (folder / "authority.pem").write_bytes(certificate.authority)
    (folder / "certificate.pem").write_bytes(certificate.certificate)
    (folder / "key.pem").write_bytes(certificate.key)
    (folder / "cast.ldif").write_text(ldif, encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "slapd.conf").write_text(_configuration(folder), encoding="utf-8")


def _configuration(folder: Path) -> str:
    types = [
        f"attributetype ( 1.2.840.113556.1.{oid} NAME '{name}' {MATCHING[syntax]} SYNTAX {syntax} )"
        for name, (oid, syntax) in ATTRIBUTES.items()
    ]
    may = " $ ".join((*ATTRIBUTES, "givenName", "displayName", "mail"))
    return "\n".join(
        [
            *(f"include {SCHEMAS}/{name}.schema" for name in ("core", "cosine", "inetorgperson")),
            *types,
            f"objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP organizationalPerson STRUCTURAL MAY ( {may} ) )",
            "objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn "
            "MAY ( member $ memberOf $ sAMAccountName ) )",
            f"modulepath {MODULES}",
            "moduleload back_mdb",
            f"TLSCertificateFile {folder}/certificate.pem",
            f"TLSCertificateKeyFile {folder}/key.pem",
            f"TLSCACertificateFile {folder}/authority.pem",
            "sizelimit 1000",
            "access to attrs=userPassword by anonymous auth by * none",
            'access to dn.base="" by * read',
            "access to * by users read by * none",
            "database mdb",
            "maxsize 67108864",
            'suffix "dc=company,dc=ru"',
            'rootdn "cn=root,dc=company,dc=ru"',
            f"directory {folder}/data",
            "index objectClass,sAMAccountName,mail eq",
            "",
        ]
    )


def _started(server: str, folder: Path) -> tuple[subprocess.Popen[bytes], tuple[int, int]]:
    """On ports that were free a moment ago; on others when somebody was quicker."""
    for _ in range(ATTEMPTS):
        ports = _free_port(), _free_port()
        urls = f"ldap://127.0.0.1:{ports[0]} ldaps://127.0.0.1:{ports[1]}"
        with (folder / "slapd.log").open("wb") as log:
            child = subprocess.Popen(
                [server, "-d", "0", "-f", str(folder / "slapd.conf"), "-h", urls], stdout=log, stderr=log
            )
        if _answers(child, ports[1]):
            return child, ports
        child.kill()
        child.wait(10)
    raise AssertionError((folder / "slapd.log").read_text(encoding="utf-8"))


def _answers(child: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + START_S
    while child.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.01)
    return False


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def bind(served: Served, who: str, password: str = FIRST_PASSWORD) -> tuple[int, str]:
    """The result code and AD's message."""
    connection = served.connection(who, password)
    try:
        connection.bind()
        return connection.result["result"], connection.result["message"]
    finally:
        connection.unbind()


def data(served: Served, who: str, password: str = FIRST_PASSWORD) -> str:
    """AD's data code; empty for a bind that succeeds."""
    code, message = bind(served, who, password)
    if not code:
        return ""
    assert (code, message.endswith("\0")) == (49, True)
    assert message.startswith("80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data ")
    return str(message.split("data ")[1].split(",")[0])


def logins(served: Served, given: str, **options: Any) -> set[str]:
    """Whom a search of the service account finds, from the root on unless told otherwise."""
    found = served.found(given, **{"base": ROOT, "attributes": ["sAMAccountName"], **options})
    return {str(held["sAMAccountName"][0]) for held in found.values()}
