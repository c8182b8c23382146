"""Run ASGI applications on sockets of 127.0.0.1: several in one process, or one in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from argus_wfm.openapi.errors import ValidationFailed, render
from argus_wfm.openapi.sockets import SocketProtocol

BACKLOG = 2048
LARGEST_FRAME = 4096  # bytes that a subscriber may send at once; nobody needs to send any
PING_S = 20.0
STOP_S = 3  # seconds that open requests get when the server stops


class PortTaken(Exception):
    """Somebody else listens there; the message says where and what to do."""


class Protocol(H11Protocol):
    """HTTP/1.1 by h11, which lets any method reach the contract (405, not a bare 400), with enveloped refusals."""

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP at all never reaches an application; the answer is the same envelope all the same."""
        body = render(ValidationFailed(f"This is not an HTTP/1.1 request: {msg}"), dt.datetime.now(dt.UTC))
        headers = [("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close")]
        for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class _Server(uvicorn.Server):
    """Several of these share one process, so signals are caught once, by run()."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortTaken, or OSError for a host that is not here."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on: 40 ms
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise PortTaken(f"Cannot listen on {host}:{port} ({error.strerror}). Choose another port.") from error
    bound.setblocking(False)
    return bound


def address(bound: socket.socket) -> str:
    """http://host:port of a socket from bind()."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def run(apps: Sequence[tuple[ASGIApp, socket.socket]], on_ready: Callable[[], None]) -> None:
    """Serve every application until SIGINT or SIGTERM; `on_ready` is called when all accept."""
    servers = [_server(app) for app, _ in apps]
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, _stop, servers)
    serving = [asyncio.ensure_future(server.serve([bound])) for server, (_, bound) in zip(servers, apps, strict=True)]
    while not all(server.started for server in servers) and not any(task.done() for task in serving):
        await asyncio.sleep(0.005)
    if all(server.started for server in servers):
        on_ready()
    await asyncio.gather(*serving)


@contextlib.contextmanager
def background(app: ASGIApp, host: str = "127.0.0.1", bound: socket.socket | None = None) -> Iterator[str]:
    """Serve `app` from a thread, on a free port unless given a socket; yields its address, stops it afterwards."""
    bound = bound or bind(host, 0)
    server = _server(app)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([bound])), daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.002)
        yield address(bound)
    finally:
        server.should_exit = True
        thread.join(STOP_S + 2)
        bound.close()


def _server(app: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=Protocol,
            ws=SocketProtocol,
            ws_max_size=LARGEST_FRAME,
            ws_ping_interval=PING_S,
            ws_ping_timeout=PING_S,
            ws_per_message_deflate=False,  # a frame is the same for everybody
            log_config=None,
            access_log=False,
            date_header=False,  # Date comes from our clock
            proxy_headers=False,  # a caller is who connected, whatever X-Forwarded-For says
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=STOP_S,
            backlog=BACKLOG,
        )
    )


def _stop(servers: Sequence[_Server]) -> None:
    for server in servers:
        server.force_exit = server.should_exit  # a second Ctrl-C does not wait
        server.should_exit = True
