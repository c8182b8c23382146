"""A TCP server and a relay before it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from argus_wfm.mocks.faults.relay import Relay
from argus_wfm.openapi.server import bind


@contextlib.contextmanager
def party(serve: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """A TCP server that gives each connection to `serve` in a thread."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


@contextlib.contextmanager
def relay(upstream: tuple[str, int], **options: object) -> Iterator[tuple[Relay, asyncio.AbstractEventLoop]]:
    """A relay in a thread of its own."""
    made, loop = Relay(bind("127.0.0.1", 0), upstream, **options), asyncio.new_event_loop()  # type: ignore[arg-type]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(made.__aenter__(), loop).result(5)
    try:
        yield made, loop
    finally:
        asyncio.run_coroutine_threadsafe(made.__aexit__(None, None, None), loop).result(5)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
