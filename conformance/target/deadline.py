"""A total deadline and a most for requests, whose own timeout is per read: a dripping body would never end."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

CONNECT_S = 5.0
LARGEST = 256 * 2**20  # bytes of an answer, unpacked; the largest report is a tenth of it
PIECE = 2**16


@contextlib.contextmanager
def watchdog(seconds: float, bark: Callable[[], None]) -> Iterator[None]:
    """Call `bark`, in another thread, where the block takes longer."""
    timer = threading.Timer(seconds, bark)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Overlong(requests.RequestException):
    """An answer that does not end."""


class DeadlineAdapter(HTTPAdapter):
    """Answers are whole when send() returns. Knows which socket each thread uses, so that a watchdog can shut it."""

    def __init__(self, largest: int = LARGEST) -> None:
        self.using: dict[int, socket.socket] = {}  # by thread
        self._largest = largest
        super().__init__()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send and read all of the answer within `timeout` seconds. Raises requests.Timeout after it, Overlong."""
        total_s = options["timeout"]
        late = requests.Timeout(f"no whole answer within {total_s:g} s", request=request)
        fired, thread = threading.Event(), threading.get_ident()

        def bark() -> None:
            fired.set()
            with contextlib.suppress(KeyError, OSError):
                self.using[thread].shutdown(socket.SHUT_RDWR)

        try:
            with watchdog(total_s, bark):
                response = super().send(request, **{**options, "timeout": (CONNECT_S, total_s), "stream": True})
                self._read(response)
        except requests.RequestException as error:
            if fired.is_set() or isinstance(error, requests.ReadTimeout):
                raise late from error
            raise
        finally:
            self.using.pop(thread, None)
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
        using = self.using

        class BoundedConnection:
            """A connection that knows its socket, which may be used by one thread after the other."""

            opened: socket.socket

            def connect(self) -> None:
                super().connect()  # type: ignore[misc]
                self.opened = using[threading.get_ident()] = self.sock  # type: ignore[attr-defined]

            def request(self, *args: Any, **kwargs: Any) -> None:
                if hasattr(self, "opened"):
                    using[threading.get_ident()] = self.opened
                super().request(*args, **kwargs)  # type: ignore[misc]

        class Plain(BoundedConnection, HTTPConnection):
            pass

        class Tls(BoundedConnection, HTTPSConnection):
            pass

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}


def bounded(session: requests.Session, adapter: DeadlineAdapter) -> requests.Session:
    """One that sends through the adapter alone: neither proxies nor ~/.netrc of the environment, and no redirects.

    requests reads the address that it is redirected to even where it is not to go there, and raises what it likes.
    """
    session.trust_env = False
    session.get_redirect_target = _nowhere  # type: ignore[method-assign]
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session


def _nowhere(resp: requests.Response) -> str | None:
    return None
