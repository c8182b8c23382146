"""The mock directory as its callers control it: its people, its faults, and accounts of the cast."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ldap3.core.exceptions import LDAPException

from argus_wfm.mocks import people
from argus_wfm.mocks.ldap.accounts import FIRST_PASSWORD, SERVICE_PASSWORD, LockoutPolicy, Trouble, account, password_of
from argus_wfm.mocks.ldap.entries import GROUPS, PEOPLE, SERVICE
from tests.support.clock import NOW
from tests.support.directories import Served, bind, data, logins, mocked
from tests.support.http_client import Caller
from tests.support.polling import until

IVAN, LOGIN = f"cn=Иванов Иван Иванович,{PEOPLE}", "ivan.ivanov"


@pytest.fixture(scope="module")
def _directory() -> Iterator[Served]:
    with mocked() as served:
        yield served


@pytest.fixture
def directory(_directory: Served) -> Iterator[Served]:
    yield _directory
    _directory.control("/seed", {"seed": 1, "agents": 513})


class TestControls:
    def test_people_change(self, directory: Served) -> None:
        given = {"login": LOGIN, "password": "иной", "groups": ["argus-admins"], "mail": "i@x.ru", "department": None}
        assert directory.control("/people", given) == {"login": LOGIN, "dn": IVAN, "troubles": []}
        assert (data(directory, IVAN), data(directory, IVAN, "иной")) == ("52e", "")
        (held,) = directory.found(f"(sAMAccountName={LOGIN})", attributes=["*"]).values()
        assert (held["memberOf"], held["mail"]) == ([f"cn=argus-admins,{GROUPS}"], ["i@x.ru"])
        assert "department" not in held
        assert logins(directory, f"(member={IVAN})") == {"argus-admins"}
        directory.control("/reset", {})
        assert data(directory, IVAN) == ""

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("/people", {"login": "nobody", "disabled": True}, 404),
            ("/people", {}, 404),
            ("/people", {"login": LOGIN, "disabled": "yes"}, 400),
            ("/people", {"login": LOGIN, "cn": "x"}, 400),
            ("/people", {"login": LOGIN, "groups": ["root"]}, 400),
            ("/people", {"login": LOGIN, "password": ""}, 400),
            ("/people", {"login": LOGIN, "title": 5}, 400),
            ("/lockout", {"threshold": -1}, 400),
            ("/lockout", {"threshold": True}, 400),
            ("/lockout", {"limit": 1}, 400),
            ("/faults", {"fault": "html"}, 400),
            ("/faults", {"fault": "hang", "operation": "getAgents"}, 400),
        ],
    )
    def test_what_is_wrong_changes_nothing(self, directory: Served, path: str, body: Any, status: int) -> None:
        assert directory.controls is not None
        reply = directory.controls.control(path, body)
        assert reply.status_code == status
        assert data(directory, IVAN) == ""

    def test_another_seed_has_other_people(self, directory: Served) -> None:
        before = logins(directory, "(objectClass=user)")
        directory.control("/seed", {"seed": 7, "agents": 20})
        after = logins(directory, "(objectClass=user)")
        assert LOGIN in before & after
        assert after - before
        assert data(directory, IVAN) == ""

    def test_certificate_and_health(self, directory: Served) -> None:
        assert isinstance(directory.controls, Caller)
        assert directory.controls.control("/certificate").content == directory.authority.read_bytes()
        assert directory.controls.root("/health").json()["service"] == "ldap"


class TestFaults:
    @pytest.fixture(autouse=True)
    def _sound_again(self, directory: Served) -> Iterator[None]:
        yield
        assert directory.controls is not None
        directory.controls.delete("/faults")

    def test_refused_and_accepted_again(self, directory: Served) -> None:
        directory.control("/faults", {"fault": "refuse"})
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", directory.port))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", directory.tls_port))
        assert directory.controls is not None
        directory.controls.delete("/faults")
        assert bind(directory, SERVICE, SERVICE_PASSWORD)[0] == 0

    @pytest.mark.parametrize("fault", ["reset", "empty"])
    def test_a_search_is_cut_off_and_a_bind_is_not(self, directory: Served, fault: str) -> None:
        directory.control("/faults", {"fault": fault, "operation": "search", "times": 1})
        with pytest.raises(LDAPException), directory.bound() as connection:
            connection.search(PEOPLE, "(objectClass=*)")
        assert logins(directory, f"(sAMAccountName={LOGIN})") == {LOGIN}

    def test_the_service_is_answered_while_a_person_hangs(self, directory: Served) -> None:
        directory.control("/faults", {"fault": "hang", "operation": "bind"})
        assert logins(directory, f"(sAMAccountName={LOGIN})") == {LOGIN}
        hanging = directory.connection(IVAN, FIRST_PASSWORD)
        hanging.strategy.receive_timeout = hanging.receive_timeout = 1
        with pytest.raises(LDAPException):
            hanging.bind()
        assert directory.control("/state")["arrived"] == {"serviceBind": 1, "search": 1, "bind": 1}

    def test_lifting_a_hang_drops_whom_it_holds(self, directory: Served) -> None:
        directory.control("/faults", {"fault": "hang", "operation": "bind", "applied": True})
        outcome: list[object] = []

        def hang() -> None:
            try:
                outcome.append(bind(directory, IVAN, "wrong"))
            except LDAPException as error:
                outcome.append(error)

        thread = threading.Thread(target=hang)
        thread.start()
        until(lambda: directory.control("/state")["wrong_passwords"] == {LOGIN: 1})  # applied
        assert directory.controls is not None
        directory.controls.delete("/faults")
        thread.join(5)
        assert isinstance(outcome[0], LDAPException)

    def test_latency_passes_with_the_clock_and_spends_the_time_limit(self, directory: Served) -> None:
        with directory.bound() as connection:
            directory.control("/faults", {"fault": "latency", "seconds": 600, "operation": "search"})
            threading.Thread(target=_move_when_struck, args=(directory,)).start()
            connection.search(PEOPLE, f"(sAMAccountName={LOGIN})", time_limit=5)
            assert connection.result["result"] == 3

    def test_a_reply_that_drips_is_whole_in_the_end(self, directory: Served) -> None:
        directory.control("/faults", {"fault": "drip", "operation": "serviceBind", "interval": 0.005})
        begun = time.monotonic()
        assert bind(directory, SERVICE, SERVICE_PASSWORD)[0] == 0
        assert time.monotonic() - begun > 0.03

    def test_a_fault_to_start_with(self) -> None:
        with mocked("refuse", agents=3) as served, pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.port))

    def test_directories_come_and_go_in_one_reactor(self, directory: Served) -> None:
        for _ in range(2):
            with mocked(agents=3) as served, served.bound():
                assert bind(served, SERVICE, SERVICE_PASSWORD)[0] == 0
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", served.port))
        assert bind(directory, SERVICE, SERVICE_PASSWORD)[0] == 0


def _move_when_struck(directory: Served) -> None:
    until(lambda: directory.control("/state")["arrived"].get("search"))
    directory.control("/clock", {"move_seconds": 601})


class TestAccounts:
    def test_who_leaves_has_an_account_until_the_end_of_that_day(self) -> None:
        person = next(one for one in people.cast(20) if one.dismissed)
        assert person.dismissed
        held, lockout = account(person, 1, NOW), LockoutPolicy()
        evening = dt.datetime.combine(person.dismissed, dt.time(20, 59), dt.UTC)
        assert Trouble.EXPIRED not in held.troubles(evening, lockout)
        assert Trouble.EXPIRED in held.troubles(evening + dt.timedelta(minutes=1), lockout)

    def test_every_trouble_is_somebodys_in_each_fifty_people(self) -> None:
        for seed in (1, 2, 3):
            persons = [people.person(number, seed) for number in range(1, 51)]
            troubles = [account(person, seed, NOW).troubles(NOW, LockoutPolicy()) for person in persons]
            assert troubles[0] == []
            assert {trouble for those in troubles for trouble in those} == set(Trouble)

    def test_passwords_differ_by_seed_and_login(self) -> None:
        given = {password_of(login, seed) for login in ("a", "b") for seed in (1, 2)}
        assert len(given) == 4
        assert password_of("a", 1) == password_of("a", 1)
