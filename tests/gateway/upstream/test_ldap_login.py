"""Logins at a directory that is away, slow, broken or not what it says it is: 503 in time, and no password lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from argus_wfm.mocks.ldap.certificates import made
from tests.support.directories import Served
from tests.support.polling import until
from tests.support.scripted_ldap import Scripted, forwarded, scripted
from tests.support.sso_client import DIRECTORIES, RIGHT, Sso, directory_of, is_refused, sso_on

WAIT_S = 10.0
ENTRANCES = ("ldaps", "starttls")


@pytest.fixture
def directory(mock_directory: Served) -> Served:
    """The mock, as new; who is connected is dropped."""
    mock_directory.control("/faults", {"fault": "refuse"})
    mock_directory.control("/reset", {})
    return mock_directory


@pytest.fixture(scope="module")
def _sso(mock_directory: Served) -> Iterator[Sso]:
    with sso_on(mock_directory, ldap_timeout_s=10) as argus:
        yield argus


@pytest.fixture
def sso(_sso: Sso, directory: Served) -> Sso:
    assert _sso.control("/reset", {}).ok
    return _sso


def is_unavailable(reply: Any) -> None:
    is_refused(reply, 503, "LDAP_UNAVAILABLE")
    assert int(reply.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in reply.text
    assert "svc" not in reply.text


def binds(directory: Served) -> int:
    """How many binds have reached the directory."""
    return int(directory.control("/state")["arrived"].get("bind", 0))


def kept_waiting(sso: Sso, directory: Served, operation: str) -> Any:
    """The reply to a login that hangs until the clock is moved past the time limit."""
    arrived = directory.control("/state")["arrived"]
    replies: list[Any] = []
    asking = threading.Thread(target=lambda: replies.append(sso.ask()))
    asking.start()
    until(lambda: directory.control("/state")["arrived"].get(operation, 0) > arrived.get(operation, 0), within_s=WAIT_S)
    assert not replies
    sso.move(10)
    asking.join(WAIT_S)
    return replies[0]


@pytest.mark.parametrize("operation", ["serviceBind", "search", "bind"])
@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_who_waits_for_the_directory_is_told_when_the_time_is_over(
    sso: Sso, directory: Served, fault: str, operation: str
) -> None:
    told = {"interval": 5} if fault == "drip" else {}
    directory.control("/faults", {"fault": fault, "operation": operation, **told})
    is_unavailable(kept_waiting(sso, directory, operation))
    assert sso.upstream()["last_error"] == "the directory did not answer in time"


@pytest.mark.parametrize("operation", ["serviceBind", "search", "bind"])
@pytest.mark.parametrize("fault", ["reset", "empty"])
def test_a_dropped_connection_is_told_at_once(sso: Sso, directory: Served, fault: str, operation: str) -> None:
    directory.control("/faults", {"fault": fault, "operation": operation})
    is_unavailable(sso.ask())
    assert sso.upstream()["last_error"] == "no connection, or a dropped one"


def test_hanging_logins_hold_nobody_up_for_longer(sso: Sso, directory: Served) -> None:
    """More of them than there are threads, each given up by the clock; then the next one gets through."""
    directory.control("/faults", {"fault": "hang", "operation": "bind", "times": 20})
    for arrived in range(4, 21, 4):
        assert sso.control("/reset", {}).ok
        threads = [threading.Thread(target=sso.ask, args=(f"user{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: binds(directory), arrived.__eq__, within_s=WAIT_S)
        sso.move(10)
        for thread in threads:
            thread.join(WAIT_S)
        assert not any(thread.is_alive() for thread in threads)
    assert sso.control("/reset", {}).ok
    assert sso.ask().status_code == 200  # the clock stands still: a login that waited for a place would not end


def test_a_login_that_waits_behind_another_of_its_name_is_sent_away_in_time(sso: Sso, directory: Served) -> None:
    directory.control("/faults", {"fault": "hang", "operation": "bind"})
    replies: list[Any] = []
    threads = [threading.Thread(target=lambda: replies.append(sso.ask())) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: binds(directory), (1).__eq__, within_s=WAIT_S)
    sso.move(10)
    until(lambda: replies, within_s=WAIT_S)
    sso.move(10)
    for thread in threads:
        thread.join(WAIT_S)
    assert {reply.status_code for reply in replies} <= {503, 429}
    assert all(int(reply.headers["Retry-After"]) > 0 for reply in replies)


def test_the_breaker_opens_after_five_and_closes_after_one_that_succeeds(sso: Sso, directory: Served) -> None:
    directory.control("/faults", {"fault": "refuse"})
    for _ in range(5):
        is_unavailable(sso.ask())
    assert sso.upstream()["breaker"]["state"] == "open"
    reply = sso.ask()
    is_refused(reply, 503, "CIRCUIT_OPEN")
    assert 0 < int(reply.headers["Retry-After"]) <= 60
    assert 'argus_breaker_open{upstream="ldap"} 1.0' in sso.root("/metrics").text
    assert sso.root("/health").json()["upstreams"]["zup"]["state"] == "unknown"
    directory.control("/reset", {})
    is_refused(sso.ask(), 503, "CIRCUIT_OPEN")
    sso.move(60)
    assert sso.ask().status_code == 200
    assert (sso.upstream()["state"], sso.upstream()["breaker"]) == ("ok", {"state": "closed", "failures": 0})


def test_wrong_passwords_and_strange_ones_are_no_failures_of_the_directory(sso: Sso) -> None:
    for password in ("", "\0", "\x07bell", "\u202eright to left", "\ufdd0", "אx1", " ", "x" * 9000) * 2:
        is_refused(sso.ask(password=password))
        is_refused(sso.ask("no.such.user", password))
    assert sso.upstream()["breaker"] == {"state": "closed", "failures": 0}
    assert sso.upstream()["state"] == "ok"


def test_a_service_connection_that_has_gone_stale_costs_nobody_a_failure(sso: Sso, directory: Served) -> None:
    for _ in range(3):
        assert sso.ask().status_code == 200
        directory.control("/faults", {"fault": "refuse"})  # drops who is connected
        directory.control("/reset", {})
        assert sso.ask().status_code == 200
    assert sso.upstream()["last_failure"] is None


def test_the_service_connection_is_used_again(sso: Sso, directory: Served) -> None:
    for _ in range(3):
        assert sso.ask().status_code == 200
    calls = directory.control("/state")["arrived"]
    assert calls["serviceBind"] <= 1
    assert (calls["search"], calls["bind"]) == (6, 3)  # who it is, and, once let in, what is known of them


@pytest.mark.parametrize("kind", DIRECTORIES)
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_tls_with_the_right_authority_lets_in(kind: str, entrance: str, tmp_path: Path) -> None:
    with directory_of(kind) as served:
        encrypted: dict[str, Any] = {"ldap_start_tls": True}
        if entrance == "ldaps":
            encrypted = {"ldap_url": served.tls_url}
        with sso_on(served, ldap_ca_file=str(served.authority), **encrypted) as argus:
            assert argus.ask().status_code == 200
            is_refused(argus.ask(password="wrong"))
        other = tmp_path / "other.pem"
        other.write_bytes(made().authority)
        for authority in (str(other), ""):
            with sso_on(served, ldap_ca_file=authority, **encrypted) as argus:
                is_unavailable(argus.ask())
                assert argus.upstream()["last_error"] == "its certificate is not accepted"


def test_a_certificate_for_another_host_is_not_accepted(directory: Served) -> None:
    """It is for 127.0.0.1, ::1 and localhost; Linux answers at 127.0.0.2 as well, and the mock listens at the first."""
    with forwarded("127.0.0.2", directory.tls_port) as port:
        for url, status in ((f"ldaps://localhost:{directory.tls_port}", 200), (f"ldaps://127.0.0.2:{port}", 503)):
            with sso_on(directory, ldap_url=url, ldap_ca_file=str(directory.authority)) as argus:
                assert argus.ask().status_code == status


@pytest.fixture(scope="module")
def _script() -> Iterator[Scripted]:
    with scripted() as script:
        yield script


@pytest.fixture
def script(_script: Scripted) -> Scripted:
    """Answers as it should, as new; who is connected is dropped."""
    _script.reset()
    return _script


def fronting(script: Scripted, **changed: Any) -> Any:
    """A gateway before it."""
    return sso_on(Served(int(script.url.rpartition(":")[2]), 0, Path()), **changed)


@pytest.fixture(scope="module")
def _argus(_script: Scripted) -> Iterator[Sso]:
    with fronting(_script, login_failures=3) as argus:
        yield argus


class TestLies:
    """Directories that are none, or somebody between."""

    @pytest.fixture
    def argus(self, _argus: Sso, script: Scripted) -> Sso:
        assert _argus.control("/reset", {}).ok
        return _argus

    @pytest.mark.parametrize("code", [10, 14, 32, 48, 49, 53])
    def test_nothing_but_success_is_a_login(self, script: Scripted, argus: Sso, code: int) -> None:
        """A referral (10) and a bind to be gone on with (14) raise nothing in ldap3."""
        assert argus.ask().status_code == 200
        script.user_bind = code
        is_refused(argus.ask())
        assert script.binds.count("cn=somebody,ou=employees,dc=company,dc=ru") == 2

    @pytest.mark.parametrize("code", [1, 8, 13, 51, 52, 80])
    def test_a_directory_in_trouble_locks_nobody_out(self, script: Scripted, argus: Sso, code: int) -> None:
        """It says nothing of the password; as wrong ones, these would lock everybody who logs in meanwhile."""
        script.user_bind = code
        for _ in range(4):
            is_unavailable(argus.ask())
        script.user_bind = 0
        assert argus.ask().status_code == 200

    @pytest.mark.parametrize("code", [8, 10, 13, 14, 49, 51, 52])
    def test_a_service_account_that_is_refused_is_no_matter_of_the_user(
        self, script: Scripted, argus: Sso, code: int
    ) -> None:
        script.service_bind = code
        for _ in range(4):
            is_unavailable(argus.ask())
        assert RIGHT.encode() not in script.received
        script.service_bind = 0
        assert argus.ask().status_code == 200

    @pytest.mark.parametrize("code", [1, 10, 32, 50, 51])
    def test_a_search_that_is_refused_is_no_matter_of_the_user(self, script: Scripted, argus: Sso, code: int) -> None:
        script.search = code
        is_unavailable(argus.ask())
        assert RIGHT.encode() not in script.received

    @pytest.mark.parametrize(("entries", "code"), [(0, 0), (2, 0), (2, 4), (1, 4)])
    def test_none_and_several_of_one_name_are_nobody(
        self, script: Scripted, argus: Sso, entries: int, code: int
    ) -> None:
        script.entries, script.search = entries, code
        is_refused(argus.ask())
        assert script.binds[-1].startswith("cn=argus-nobody-")

    def test_another_name_than_was_asked_for_is_nobody(self, script: Scripted, argus: Sso) -> None:
        script.name = "ivan.ivanow"
        is_refused(argus.ask())

    @pytest.mark.parametrize("garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"0\x84\0\0\0\0", b"\x30\x03\x02\x01"])
    def test_what_is_no_ldap_is_no_directory(self, script: Scripted, argus: Sso, garbage: bytes) -> None:
        script.garbage = garbage
        replies = in_vain(argus, lambda: bool(script.received))
        is_unavailable(replies)


@pytest.mark.parametrize("code", [0, 1, 2, 52, 53])
def test_without_starttls_no_password_is_sent(script: Scripted, code: int) -> None:
    """With code 0 it says that TLS may begin, and is silent then."""
    script.start_tls = code
    with fronting(script, ldap_start_tls=True) as argus:
        is_unavailable(in_vain(argus, lambda: code == 0 and b"\x16\x03" in script.received))
        assert not script.binds
        assert RIGHT.encode() not in script.received


def test_who_says_nothing_to_a_tls_handshake_is_given_up(script: Scripted) -> None:
    script.silent = True
    with fronting(script, ldap_url=script.url.replace("ldap:", "ldaps:")) as argus:
        is_unavailable(in_vain(argus, lambda: b"\x16\x03" in script.received))
        assert RIGHT.encode() not in script.received


def in_vain(argus: Sso, arrived: Callable[[], bool]) -> Any:
    """The reply to a login; once it has `arrived`, the clock is moved past the time limit."""
    replies: list[Any] = []
    asking = threading.Thread(target=lambda: replies.append(argus.ask()))
    asking.start()
    until(lambda: arrived() or replies, within_s=WAIT_S)
    argus.move(10)
    asking.join(WAIT_S)
    return replies[0]
