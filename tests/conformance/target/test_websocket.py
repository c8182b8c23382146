"""Subscribers on real sockets: what comes is kept with its time, a refusal is a value, nothing waits for ever."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure
from argus_wfm.conformance.target import websocket as module
from argus_wfm.conformance.target.recorder import Recorder
from argus_wfm.conformance.target.websocket import Closing, Subscription
from argus_wfm.openapi.server import background
from tests.support.contact_centre import ContactCentre, served, stream
from tests.support.http_client import drips_head, hangs, tcp


def subscribed(url: str) -> Subscription:
    return stream(url).subscribe()


def sends(act: Callable[[WebSocket], object]) -> Starlette:
    """A host that accepts, does this, and then listens."""

    async def endpoint(socket: WebSocket) -> None:
        await socket.accept()
        await act(socket)  # type: ignore[misc]
        await socket.receive()

    return Starlette(routes=[WebSocketRoute("/ws/agent-status", endpoint)])


def test_a_subscription_is_counted_and_its_findings_spoil_it() -> None:
    recorder = Recorder()
    with served(ContactCentre()) as url:
        subscription = stream(url, recorder).subscribe(extended="1")
        assert subscription.wait_for(len, 60) == 1
        subscription.close()
    assert subscription.closing == Closing(1000, "", ours=True)
    recorder.find(subscription.exchange, [])
    seen = recorder.drain()
    assert (seen.requests, seen.matches["agentStatus 101"]) == (1, 1)


def test_refusal_is_a_value_with_status_headers_and_envelope() -> None:
    recorder = Recorder()
    with served(ContactCentre()) as url:
        refusal = stream(url, recorder).upgrade(None)
        assert isinstance(refusal, Exchange)
        with pytest.raises(Departure) as raised:
            stream(url, token="another").subscribe()
    assert refusal.require(401, "UNAUTHORIZED")["error"] is True
    assert refusal.headers["www-authenticate"].startswith("Bearer")
    assert raised.value.finding.code == "AUTH_REFUSED"
    assert "another" not in raised.value.finding.curl
    assert recorder.drain().findings == []


def test_dropped_connection_ends_without_goodbye() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as pool:
        received = pool.submit(all_after_the_upgrade, listening)
        subscription = subscribed(f"http://127.0.0.1:{listening.getsockname()[1]}")
        subscription.drop()
        assert subscription.closing == Closing(1006, "no close frame came", ours=True)
        assert received.result(60) == b""  # no close frame was sent, so there is nothing that it could have waited for
        assert not subscription.answers()


def all_after_the_upgrade(listening: socket.socket) -> bytes:
    """What the first client sends after its upgrade; no close frame is answered."""
    connection, received = upgraded(listening), b""
    with connection, contextlib.suppress(ConnectionError):
        while more := connection.recv(65536):
            received += more
    return received


def test_frames_have_the_time_of_their_arrival_and_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 0.05, 0.2])
    with background(sends(lambda socket: socket.send_text("x"))) as url:
        subscription = subscribed(url)
        assert subscription.answers()
        assert subscription.wait_for(len, 60) == 1
        assert subscription.opened <= subscription.frames[0].at <= time.monotonic()
        with monkeypatch.context() as patch:
            patch.setattr(module, "time", types.SimpleNamespace(monotonic=lambda: next(moments)))
            assert not subscription.wait_for(lambda frames: len(frames) > 1, 0.1)
        assert [*moments] == []  # it waited on while there was time, and ended when there was none
        subscription.close()


@pytest.mark.parametrize(
    ("act", "closing"),
    [
        (lambda socket: socket.close(1011, "defect"), Closing(1011, "defect")),
        (lambda socket: socket.send_text("x" * 2000), Closing(1009, "", refused=True)),
    ],
)
def test_who_ended_it_is_told(
    act: Callable[[WebSocket], object], closing: Closing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    with background(sends(act)) as url:
        subscription = subscribed(url)
        subscription.wait_for(lambda frames: False, 60)
        assert subscription.closing is not None
        assert (subscription.closing.code, subscription.closing.refused) == (closing.code, closing.refused)
        subscription.close()


@pytest.mark.parametrize(("most", "value"), [("MOST", 10), ("MOST_BYTES", 1000)])
def test_a_host_that_tells_without_end_is_heard_for_so_long(
    most: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tells(socket: WebSocket) -> None:
        for _ in range(100):
            await socket.send_text("x" * 100)

    monkeypatch.setattr(module, most, value)
    with background(sends(tells)) as url:
        subscription = subscribed(url)
        subscription.wait_for(lambda frames: False, 60)
        assert len(subscription.frames) == 10
        assert subscription.closing is not None
        assert subscription.closing.refused


def test_a_host_that_pings_and_reads_no_pong_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN_S", 60.0)
    monkeypatch.setattr(module, "CLOSE_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = threading.Thread(target=pings_without_end, args=(listening,), daemon=True)
        host.start()
        before = set(threading.enumerate())
        subscription = subscribed(f"http://127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setattr(module, "OPEN_S", 1.0)
        assert not subscription.answers()
        subscription.close()
        assert subscription.wait_for(lambda frames: subscription.closing is not None, 60)
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
        assert not thread.is_alive()  # when the host's own kernel notices is its own affair


def pings_without_end(listening: socket.socket) -> None:
    """To the first client; reads the upgrade request, and then nothing."""
    connection = upgraded(listening, receive_buffer=4096)
    with connection, contextlib.suppress(OSError):
        while True:
            connection.sendall(Frame(Opcode.PING, b"x" * 125).serialize(mask=False) * 200)


def upgraded(listening: socket.socket, receive_buffer: int = 65536) -> socket.socket:
    """The connection of the first client, after its upgrade was accepted."""
    connection, _ = listening.accept()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    asked, upgrade = ServerProtocol(), list[Any]()
    while not upgrade:
        asked.receive_data(connection.recv(65536))
        upgrade = asked.events_received()
    asked.send_response(asked.accept(upgrade[0]))
    connection.sendall(b"".join(asked.data_to_send()))
    return connection


def says(text: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (hangs, "UNREACHABLE"),
        (drips_head, "UNREACHABLE"),
        (says(b"SSH-2.0-OpenSSH\r\n\r\n"), "WRONG_PROTOCOL"),
        (says(b"HTTP/1.1 101 X\r\n\r\n"), "WRONG_PROTOCOL"),
        (says(b"HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), "STATUS_UNEXPECTED"),
        (says(b"HTTP/1.1 302 X\r\nLocation: https://a.example/\r\nContent-Length: 0\r\n\r\n"), "STATUS_UNEXPECTED"),
        (says(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"), "OPERATION_ABSENT"),
        (says(b"HTTP/1.1 401 X\r\nTransfer-Encoding: gzip\r\n\r\n"), "WRONG_PROTOCOL"),
    ],
)
def test_what_is_no_such_stream_is_named(
    answer: Callable[[socket.socket], None], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OPEN_S", 0.5 if code == "UNREACHABLE" else 60)
    with tcp(answer) as url, pytest.raises(Departure) as raised:
        subscribed(url)
    assert raised.value.finding.code == code


def test_nobody_there_is_unreachable_and_proxies_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY", "ws_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Departure, match="did not answer") as raised:
        subscribed(f"http://127.0.0.1:{port}")
    assert raised.value.finding.code == "UNREACHABLE"
    with served(ContactCentre()) as url:
        subscribed(url).close()
