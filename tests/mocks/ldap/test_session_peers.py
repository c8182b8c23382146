"""The mock directory and a real one agree: what is searched, bound and refused by DN is the same on OpenLDAP."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from typing import Any

import ldap3
import pytest
from ldap3.utils.conv import escape_filter_chars

from argus_wfm.mocks.ldap.accounts import SERVICE_PASSWORD
from argus_wfm.mocks.ldap.entries import GROUPS, PEOPLE, ROOT, SERVICE
from tests.support import directories
from tests.support.directories import Served, mocked, slapd
from tests.support.peers import absent

IVAN = f"cn=Иванов Иван Иванович,{PEOPLE}"
ALL = ["*"]
AGENTS = 120


@pytest.fixture(scope="module", params=["mock", "slapd"])
def server(request: pytest.FixtureRequest) -> Iterator[Served]:
    with mocked(agents=AGENTS) if request.param == "mock" else slapd(agents=AGENTS) as served:
        yield served


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Served, Served]]:
    with mocked(agents=AGENTS) as mock, slapd(agents=AGENTS) as peer:
        yield mock, peer


def entries(server: Served, given: str, base: str = ROOT, **options: Any) -> dict[str, dict[str, list[str]]]:
    """Found entries with their attributes, in an order of their own; what AD has of its own kind left out."""
    found = server.found(given, base, **{"attributes": ALL, **options})
    return {
        dn: {name: sorted(map(str, values)) for name, values in held.items() if name != "distinguishedName"}
        for dn, held in found.items()
    }


FILTERS = [
    "(sAMAccountName=ivan.ivanov)",
    "(samaccountname=IVAN.IVANOV)",
    "(cn=иванов иван иванович)",
    "(cn=  ИВАНОВ   Иван Иванович )",
    "(cn=Иванов*)",
    "(cn=*ов*ев*)",
    "(cn=*ова *вна)",
    "(cn=Иванов *)",
    "(mail=*@company.ru)",
    "(mail=*)",
    "(!(mail=*))",
    "(!(department=Центр продаж))",
    "(!(unheardOf=x))",
    "(unheardOf=*)",
    "(|(unheardOf=x)(sAMAccountName=ivan.ivanov))",
    "(&(objectClass=user)(|(title=Супервизор)(title=аналитик))(!(department=Дирекция)))",
    "(&(objectClass=user)(&(!(!(title=Тренер)))))",
    "(userAccountControl=514)",
    "(userAccountControl>=513)",
    "(userAccountControl<=512)",
    "(userAccountControl=abc)",
    f"(memberOf=CN=argus-admins,{GROUPS})",
    f"(memberOf=cn=argus-admins, {GROUPS})",
    f"(member={IVAN})",
    "(objectClass=group)",
    "(sAMAccountName=*ivan*ivan*)",
    "(sAMAccountName=ivan.ivanov*)",
    "(sAMAccountName=*ivan.ivanov)",
    "(sAMAccountName=ivan.ivanov*ivan.ivanov)",
    "(sAMAccountName=ｉｖａｎ．ivanov)",
    *(f"(sAMAccountName={escape_filter_chars(name)})" for name in ("*", "ivan*", ")(uid=*", "a\\b", "a\0b", "", " ")),
]


@pytest.mark.parametrize("given", FILTERS)
def test_the_same_entries_with_the_same_attributes(both: tuple[Served, Served], given: str) -> None:
    mock, peer = both
    assert entries(mock, given) == entries(peer, given)


@pytest.mark.parametrize(
    ("base", "scope"),
    [
        (ROOT, ldap3.BASE),
        (ROOT, ldap3.LEVEL),
        (PEOPLE, ldap3.LEVEL),
        (PEOPLE, ldap3.BASE),
        (IVAN, ldap3.BASE),
        (IVAN, ldap3.SUBTREE),
        (IVAN.upper(), ldap3.SUBTREE),
        (SERVICE, ldap3.BASE),
    ],
)
def test_the_same_scopes(both: tuple[Served, Served], base: str, scope: Any) -> None:
    mock, peer = both
    found = entries(mock, "(objectClass=*)", base, search_scope=scope)
    assert found == entries(peer, "(objectClass=*)", base, search_scope=scope)
    assert found or base == IVAN


@pytest.mark.parametrize("asked", [["cn", "MAIL"], ["1.1"], ["*"], ["cn", "nothingSuch"], ["title", "department"]])
def test_the_same_attributes_for_the_same_asking(both: tuple[Served, Served], asked: list[str]) -> None:
    mock, peer = both
    given = "(sAMAccountName=ivan.ivanov)"
    assert raw(mock, given, asked) == raw(peer, given, asked)


def raw(server: Served, given: str, asked: list[str]) -> Any:
    with server.bound() as connection:
        connection.search(PEOPLE, given, attributes=asked)
        (entry,) = connection.response
        return {name: values for name, values in entry["raw_attributes"].items() if name != "distinguishedName"}


@pytest.mark.parametrize(
    ("who", "password", "code"),
    [
        (IVAN, "argus-dev", 0),
        (IVAN.upper(), "argus-dev", 0),
        (SERVICE, SERVICE_PASSWORD, 0),
        (IVAN, "wrong", 49),
        (IVAN, "ARGUS-DEV", 49),
        (f"cn=Nobody,{PEOPLE}", "argus-dev", 49),
        ("cn=Nobody,dc=elsewhere", "argus-dev", 49),
    ],
)
def test_the_same_binds_by_name(server: Served, who: str, password: str, code: int) -> None:
    connection = server.connection(who, password)
    connection.bind()
    assert connection.result["result"] == code
    connection.unbind()


@pytest.mark.parametrize(
    ("base", "code", "matched"),
    [
        (f"cn=Nobody,{PEOPLE}", 32, PEOPLE),
        (f"cn=a,cn=b,ou=nowhere,{ROOT}", 32, ROOT),
        ("dc=elsewhere", 32, ""),
        ("no name at all", 34, ""),
        ("cn=a\\", 34, ""),
    ],
)
def test_the_same_refusal_of_a_base(server: Served, base: str, code: int, matched: str) -> None:
    with server.bound() as connection:
        connection.strategy.check_names = connection.check_names = False
        connection.search(base, "(cn=*)")
        assert (connection.result["result"], connection.result["dn"]) == (code, matched)


@pytest.mark.parametrize(("limit", "code", "entries"), [(1, 4, 1), (10, 4, 10), (0, 0, None), (100_000, 0, None)])
def test_the_same_limits(server: Served, limit: int, code: int, entries: int | None) -> None:
    with server.bound() as connection:
        connection.search(PEOPLE, "(objectClass=user)", size_limit=limit, attributes=["cn"])
        assert connection.result["result"] == code
        assert len(connection.entries) == entries or (entries is None and len(connection.entries) >= AGENTS)


def test_an_empty_password_with_a_name_is_unwilling(server: Served) -> None:
    done = tool(server, "ldapwhoami", "-D", IVAN, "-w", "")
    assert (done.returncode, "53" in done.stderr) == (53, True)


def test_nobody_may_write(server: Served) -> None:
    with server.bound() as connection:
        assert not connection.modify(IVAN, {"mail": [(ldap3.MODIFY_REPLACE, ["x@company.ru"])]})
        assert connection.result["result"] == 50
        connection.add(f"cn=new,{PEOPLE}", ["person"], {"cn": "new", "sn": "new"})
        assert connection.result["result"] == 50
        connection.delete(IVAN)
        assert connection.result["result"] == 50
        connection.modify_dn(IVAN, "cn=other")
        assert connection.result["result"] == 50


@pytest.mark.parametrize(
    ("attribute", "value", "result"),
    [("title", "ОПЕРАТОР", True), ("title", "Тренер", False)],
)
def test_compare(server: Served, attribute: str, value: str, result: bool) -> None:
    with server.bound() as connection:
        assert connection.compare(IVAN, attribute, value) is result
        connection.compare(PEOPLE, attribute, value)
        assert connection.result["description"] == "noSuchAttribute"


def test_an_unknown_extended_operation_is_a_protocol_error(server: Served) -> None:
    with server.bound() as connection:
        connection.extended("1.2.3.4.5")
        assert connection.result["result"] == 2


def test_an_unknown_critical_control_is_refused(server: Served) -> None:
    with server.bound() as connection:
        connection.search(PEOPLE, "(cn=Иванов*)", controls=[("1.2.3.4.5", True, None)])
        assert connection.result["result"] == 12
        connection.search(PEOPLE, "(sAMAccountName=ivan.ivanov)", controls=[("1.2.3.4.5", False, None)])
        assert connection.result["result"] == 0
        assert len(connection.entries) == 1


def test_pages_bring_everybody_once(server: Served) -> None:
    with server.bound() as connection:
        pages = connection.extend.standard.paged_search(PEOPLE, "(objectClass=user)", paged_size=50, generator=True)
        dns = [page["dn"] for page in pages]
    assert len(dns) == len(set(dns)) >= AGENTS


def test_ldaps_and_starttls_with_verification(server: Served) -> None:
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(server.authority))
    for port, use_ssl in ((server.tls_port, True), (server.port, False)):
        there = ldap3.Server("127.0.0.1", port, use_ssl=use_ssl, tls=tls, get_info=ldap3.NONE)
        connection = ldap3.Connection(there, SERVICE, SERVICE_PASSWORD, receive_timeout=5)
        connection.open()
        assert use_ssl or connection.start_tls()
        assert connection.bind()
        assert connection.search(PEOPLE, "(sAMAccountName=ivan.ivanov)")
        connection.unbind()


def test_a_certificate_of_somebody_else_is_not_trusted(server: Served) -> None:
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED)
    there = ldap3.Server("127.0.0.1", server.tls_port, use_ssl=True, tls=tls, get_info=ldap3.NONE)
    with pytest.raises(ldap3.core.exceptions.LDAPSocketOpenError):
        ldap3.Connection(there, SERVICE, SERVICE_PASSWORD).open()


def test_ldapsearch_finds_him(server: Served) -> None:
    """Acceptance: with the credentials that are printed, with his Cyrillic cn."""
    given = ("-D", SERVICE, "-w", SERVICE_PASSWORD, "-b", PEOPLE, "(sAMAccountName=ivan.ivanov)", "cn")
    done = tool(server, "ldapsearch", "-LLL", "-o", "ldif-wrap=no", *given)
    assert done.returncode == 0, done.stderr
    assert "0JjQstCw0L3QvtCyINCY0LLQsNC9INCY0LLQsNC90L7QstC40Yc=" in done.stdout  # Иванов Иван Иванович
    starttls = tool(server, "ldapsearch", "-ZZ", "-LLL", *given)
    assert starttls.returncode == 0, starttls.stderr


def tool(server: Served, name: str, *given: str) -> subprocess.CompletedProcess[str]:
    environment = {"LDAPTLS_CACERT": str(server.authority), "PATH": directories.PLACES, "LC_ALL": "C.UTF-8"}
    command = [name, "-x", "-H", server.url, *given]
    try:
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=30)
    except FileNotFoundError:
        absent(f"{name} is not installed (Debian: apt-get install ldap-utils)")
