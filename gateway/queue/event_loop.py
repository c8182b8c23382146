"""An event loop in a thread of its own, on which work calls 1C; work itself is plain blocking code."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class EventLoopBridge:
    """Start it, run coroutines from any thread, stop it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bridge", daemon=True)
        self._lock = threading.Lock()
        self._running: set[concurrent.futures.Future[Any]] = set()

    def start(self) -> None:
        """Run the loop."""
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result. Raises concurrent.futures.CancelledError when give_up() comes before it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        with self._lock:
            self._running.add(future)
        try:
            return future.result()
        finally:
            with self._lock:
                self._running.discard(future)

    def give_up(self) -> None:
        """Cancel what runs now."""
        with self._lock:
            running = list(self._running)
        for future in running:
            future.cancel()

    def stop(self) -> None:
        """End the loop; nothing may run on it any more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
