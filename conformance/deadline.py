"""A total deadline for requests, whose own timeout is per read: a dripping body would never end."""

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


class DeadlineAdapter(HTTPAdapter):
    """Remembers the sockets it opens, so that a watchdog can shut them."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        sockets = self.sockets

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        class Tls(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}

    def shut(self) -> None:
        """End every connection now; reads on them fail at once."""
        for opened in self.sockets:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        self.sockets.clear()


def send(
    session: requests.Session,
    adapter: DeadlineAdapter,
    prepared: requests.PreparedRequest,
    total_s: float,
    **options: Any,
) -> requests.Response:
    """Send and read all of the answer within `total_s`. Raises requests.Timeout after it."""
    fired = threading.Event()

    def bark() -> None:
        fired.set()
        adapter.shut()

    watchdog = threading.Timer(total_s, bark)
    watchdog.daemon = True
    watchdog.start()
    try:
        response = session.send(prepared, timeout=(CONNECT_S, total_s), stream=True, **options)
        _ = response.content
    except requests.RequestException as error:
        if fired.is_set() or isinstance(error, requests.ReadTimeout):
            raise requests.Timeout(f"no whole answer within {total_s:g} s") from error
        raise
    finally:
        watchdog.cancel()
    if fired.is_set():
        raise requests.Timeout(f"no whole answer within {total_s:g} s")
    return response
