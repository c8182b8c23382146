"""Faults of the directory's connections: refused, cut off, hanging, late and dripping."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from ldap3.core.exceptions import LDAPException

from argus_wfm.mocks.ldap.accounts import FIRST_PASSWORD, SERVICE_PASSWORD
from argus_wfm.mocks.ldap.entries import PEOPLE, SERVICE
from tests.support.directories import Served, bind, logins, mocked
from tests.support.polling import until

IVAN, LOGIN = f"cn=Иванов Иван Иванович,{PEOPLE}", "ivan.ivanov"


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
