"""What tests of any package call a served contract with, and a TCP server that answers with given bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests

USER, PASSWORD = "argus", "argus-dev"
TOKEN_KEY = "a-key-that-tests-sign-their-tokens-with"
BASE = "/services/personnel"
AGENTS = "/agents/2025-07-01/2025-07-31"


class Caller:
    """Requests to one address, with Basic credentials; what the environment says of proxies is not asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (USER, PASSWORD)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self._session.get(f"{self.url}{BASE}{path}", timeout=30, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        return self._session.post(f"{self.url}{BASE}{path}", json=json, timeout=30, **options)

    def control(self, path: str, json: Any = None) -> requests.Response:
        method = "GET" if json is None else "POST"
        return self._session.request(method, f"{self.url}/_control{path}", json=json, timeout=30)

    def delete(self, path: str) -> requests.Response:
        return self._session.delete(f"{self.url}/_control{path}", timeout=30)

    def root(self, path: str) -> requests.Response:
        return self._session.get(f"{self.url}{path}", timeout=30)


@contextlib.contextmanager
def tcp(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server on a free port that reads a request's head and leaves the rest to `answer`."""
    listening = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536) or b"\r\n\r\n"
            answer(connection)

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stopped.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def hangs(connection: socket.socket) -> None:
    """Never answers."""
    connection.recv(1)


def drips(connection: socket.socket) -> None:
    """A body that comes byte by byte and never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def drips_head(connection: socket.socket) -> None:
    """Headers that never end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-A: b\r\n")
        time.sleep(0.02)


def refused(reply: requests.Response, status: int, code: str, field: str | None = None) -> str:
    """The message of a refusal."""
    body = reply.json()
    assert (reply.status_code, body["code"], body["details"].get("field")) == (status, code, field), reply.text
    return str(body["message"])


NOWHERE = "http://127.0.0.1:9"  # 1C is not asked here
