"""Upgrades by hand, over sockets that a test holds itself; and what the gateway counts of them."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.support.http_client import Caller
from tests.support.mce_client import STREAM, WAIT_S

UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
)


@contextlib.contextmanager
def raw(url: str, token: str, *, path: str = STREAM.address, buffer: int = 4096) -> Iterator[socket.socket]:
    """An upgrade by hand, whose answer is still to be read."""
    parts = urlsplit(url)
    with contextlib.closing(socket.socket()) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        made.settimeout(WAIT_S)
        made.connect((parts.hostname, parts.port))
        made.sendall(UPGRADE.format(path=path, token=token).encode())
        yield made


def accepted(made: socket.socket) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += made.recv(1)
    assert head.startswith(b"HTTP/1.1 101 "), head


def metric(url: str, name: str) -> float:
    lines = Caller(url).root("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))
