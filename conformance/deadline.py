"""A total deadline and a most for requests, whose own timeout is per read: a dripping body would never end."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

CONNECT_S = 5.0
LARGEST = 256 * 2**20  # bytes of an answer, unpacked; the largest report is a tenth of it
PIECE = 2**16


class Overlong(requests.RequestException):
    """An answer that does not end."""


class DeadlineAdapter(HTTPAdapter):
    """Answers are whole when send() returns. Remembers the sockets it opens, so that a watchdog can shut them."""

    def __init__(self, largest: int = LARGEST) -> None:
        self.sockets: list[socket.socket] = []
        self._largest = largest
        super().__init__()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send and read all of the answer within `timeout` seconds. Raises requests.Timeout after it, Overlong."""
        total_s = options["timeout"]
        late = requests.Timeout(f"no whole answer within {total_s:g} s", request=request)
        fired = threading.Event()

        def bark() -> None:
            fired.set()
            self._shut()

        watchdog = threading.Timer(total_s, bark)
        watchdog.daemon = True
        watchdog.start()
        try:
            response = super().send(request, **{**options, "timeout": (CONNECT_S, total_s), "stream": True})
            self._read(response)
        except requests.RequestException as error:
            if fired.is_set() or isinstance(error, requests.ReadTimeout):
                raise late from error
            raise
        finally:
            watchdog.cancel()
        if fired.is_set():
            raise late
        return response

    def _read(self, response: requests.Response) -> None:
        pieces, size = [], 0
        for piece in response.iter_content(PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > self._largest:
                response.close()
                raise Overlong(f"an answer of more than {self._largest} bytes", request=response.request)
        response._content = b"".join(pieces)  # where requests itself keeps what was read

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        sockets = self.sockets

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                _keep(sockets, self.sock)

        class Tls(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                _keep(sockets, self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}

    def _shut(self) -> None:
        """End every connection now; reads on them fail at once."""
        for opened in self.sockets:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        self.sockets.clear()


def _keep(sockets: list[socket.socket], opened: socket.socket) -> None:
    sockets[:] = [*(one for one in sockets if one.fileno() != -1), opened]
