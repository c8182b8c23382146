"""Frames that are made once, and outlets of sockets: what is written comes as it was, and an end is an end."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from argus_wfm.openapi.server import background
from argus_wfm.openapi.sockets import Outlet, frame, outlet

WAIT_S = 10


@dataclass
class Application:
    """Accepts every socket, keeps its outlet, and waits until it is closed."""

    loop: asyncio.AbstractEventLoop | None = None
    outlets: list[Outlet] = field(default_factory=list)
    early: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return
        self.loop = asyncio.get_running_loop()
        socket = WebSocket(scope, receive, send)
        self.early.append(outlet(scope).write(frame(b"too early")))
        await socket.accept()
        self._tell(self.outlets, outlet(scope))
        while (message := await socket.receive())["type"] != "websocket.disconnect":
            pass
        self._tell(self.closed, message["code"])

    def _tell(self, into: list[Any], what: Any) -> None:
        with self.changed:
            into.append(what)
            self.changed.notify_all()

    def wait(self, of: Callable[[], list[Any]]) -> Any:
        with self.changed:
            assert self.changed.wait_for(lambda: of(), WAIT_S)
            return of()[0]

    def act(self, act: Callable[[Outlet], Any]) -> Any:
        """With the outlet of the first socket, in its loop."""
        first = self.wait(lambda: self.outlets)

        async def acting() -> Any:
            return act(first)

        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(acting(), self.loop).result(WAIT_S)


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def socket(application: Application) -> Iterator[ClientConnection]:
    with background(application) as url, connect(f"ws{url.removeprefix('http')}/", proxy=None) as opened:
        yield opened


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 300_000])
def test_a_frame_comes_as_it_was_whatever_its_length(
    application: Application, socket: ClientConnection, size: int
) -> None:
    text = ("Ё" * (size // 2) + "x" * (size % 2)).encode()
    application.act(lambda one: one.write(frame(text)))
    assert socket.recv(timeout=WAIT_S) == text.decode()


def test_nothing_is_written_before_a_socket_is_open_nor_after_its_end(
    application: Application, socket: ClientConnection
) -> None:
    def act(one: Outlet) -> None:
        one.write(frame(b"last"))
        one.end(1013, "почему")
        one.write(frame(b"more"))

    application.act(act)
    assert socket.recv(timeout=WAIT_S) == "last"
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=WAIT_S)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "почему")
    assert application.early == [0]


def test_an_end_is_told_to_the_application_and_a_second_is_none(
    application: Application, socket: ClientConnection
) -> None:
    def act(one: Outlet) -> None:
        one.end(1008, "one")
        one.end(1013, "two")

    application.act(act)
    assert application.wait(lambda: application.closed) == 1008
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=WAIT_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_after_the_other_side_has_gone_an_outlet_takes_anything_in_silence(
    application: Application, socket: ClientConnection
) -> None:
    application.wait(lambda: application.outlets)
    socket.close()
    assert application.wait(lambda: application.closed) == 1000
    assert application.act(lambda one: one.write(frame(b"x"))) == 0
    application.act(lambda one: one.end(1013, ""))


def test_an_outlet_tells_how_much_waits(application: Application, socket: ClientConnection) -> None:
    waits = application.act(lambda one: [one.write(frame(b"x" * 65536)) for _ in range(100)])
    assert waits[0] <= 65546
    assert waits[-1] > 65536 * 20, "nobody reads while the loop does not run"
    assert [len(socket.recv(timeout=WAIT_S)) for _ in range(100)] == [65536] * 100


def test_under_another_server_there_is_no_outlet() -> None:
    others: list[Scope] = [{}, {"extensions": {}}, {"extensions": {"websocket.http.response": {}}}]
    for scope in others:
        with pytest.raises(RuntimeError, match=r"openapi\.server"):
            outlet(scope)


def test_an_application_that_fails_before_it_accepts_is_a_500() -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            raise OSError("the database is away")

    with background(fails) as url, pytest.raises(InvalidStatus) as refused, contextlib.ExitStack() as stack:
        stack.enter_context(connect(f"ws{url.removeprefix('http')}/", proxy=None))
    assert refused.value.response.status_code == 500
