"""The judge's client: one deadline for all of an answer, safe by construction, nothing of the environment."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from argus_wfm.conformance.errors import HeldBack
from argus_wfm.conformance.model.findings import Departure, Drift
from argus_wfm.conformance.target import client as client_module
from argus_wfm.conformance.target.client import Client, Policy
from argus_wfm.conformance.target.recorder import Recorder
from argus_wfm.openapi import load
from tests.support.http_client import AGENTS, drips, drips_head, hangs, tcp


def client(url: str, **policy: bool) -> Client:
    return Client(load("personnel"), url, ("argus", "пароль"), Policy(**policy), Recorder())


@pytest.mark.parametrize("slow", [hangs, drips, drips_head])
def test_total_deadline_ends_whatever_is_slow(
    monkeypatch: pytest.MonkeyPatch, slow: Callable[[socket.socket], None]
) -> None:
    monkeypatch.setattr(client_module, "DEADLINE_S", 0.3)
    with tcp(slow) as url, pytest.raises(Departure) as raised:
        client(url).get(AGENTS)
    assert (raised.value.finding.code, raised.value.finding.drift) == ("UNREACHABLE", Drift.UNREACHABLE)
    assert "within 0.3 s" in raised.value.finding.message


def test_nobody_there_is_unreachable_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Departure, match="did not answer"):
        client(f"http://127.0.0.1:{port}").get(AGENTS)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/sendSchedule"), ("DELETE", "/agents"), ("PUT", "/getNormHours")]
)
def test_nothing_that_could_write_leaves_without_leave(method: str, path: str) -> None:
    sent: list[int] = []
    with tcp(lambda connection: sent.append(1)) as url, pytest.raises(HeldBack, match="--allow-writes"):
        client(url).request(method, path, json={})
    assert sent == []


def test_wrong_password_needs_leave_and_unknown_users_do_not() -> None:
    reply = b"HTTP/1.1 401 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with tcp(lambda connection: connection.sendall(reply)) as url:
        with pytest.raises(HeldBack, match="lock the account"):
            client(url).get(AGENTS, auth=("argus", "wrong"))
        assert client(url).get(AGENTS, auth=("nobody", "wrong")).status == 401
        assert client(url, allow_auth_failures=True).get(AGENTS, auth=("argus", "wrong")).status == 401


@pytest.mark.parametrize(("method", "path", "sent"), [("GET", "/jwks", False), ("POST", "/token", True)])
def test_credentials_go_to_operations_that_ask_for_them(method: str, path: str, sent: bool) -> None:
    reply = b"HTTP/1.1 404 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with tcp(lambda connection: connection.sendall(reply)) as url:
        exchange = Client(load("sso"), url, ("argus", "пароль"), Policy(), Recorder()).ask(method, path)
    assert ("authorization" in exchange.request_headers) is sent


def test_proxies_and_netrc_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with tcp(lambda connection: connection.sendall(reply)) as url:
        assert client(url).get(AGENTS).status == 200


def test_curl_line_repeats_the_request_without_the_password() -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with tcp(lambda connection: connection.sendall(reply)) as url:
        exchange = client(url).post("/getNormHours", {"employee_id": "Иванов"})
        line = exchange.curl()
    assert "пароль" not in line
    assert '-u "$ARGUS_TARGET_USER:$ARGUS_TARGET_PASSWORD"' in line
    assert "Иванов" in line
    assert line.endswith(f"{url}/getNormHours")
