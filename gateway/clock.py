"""The gateway's clock: real time plus an offset, forward only, never frozen (design decision 7).

Production never moves it; controls may, when the gateway was started with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import threading
import time
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")  # by which 1C, Central's reports and the sync's schedule count days

SETTLED_S = 5.0  # real seconds that work which fell due gets to notice
LOOK_S = 0.002
SPARE = dt.timedelta(days=366)  # for what is reckoned from now


class Clock:
    """Read by everything that depends on time; one per process, safe to share between threads and loops."""

    def __init__(self, start: dt.datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._offset = start.astimezone(dt.UTC) - dt.datetime.now(dt.UTC) if start else dt.timedelta(0)
        self._moved_s = 0.0
        self._deadlines: set[_Deadline] = set()

    def now(self) -> dt.datetime:
        """Aware, in UTC."""
        return dt.datetime.now(dt.UTC) + self._offset

    def monotonic(self) -> float:
        """Seconds for measuring spans: never steps back, as now() may when the machine's time is set right."""
        return time.monotonic() + self._moved_s

    def move(self, seconds: float) -> dt.datetime:
        """Move forward and return the new time; deadlines move along. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("the clock moves forward only")
        try:
            step = dt.timedelta(seconds=seconds)
            _ = dt.datetime.now(dt.UTC) + self._offset + step + SPARE
        except OverflowError as error:
            raise ValueError("the clock ends with the year 9999") from error
        with self._lock:
            self._offset += step
            self._moved_s += seconds
            deadlines = list(self._deadlines)
        for deadline in deadlines:
            deadline.look(self.monotonic())
        return self.now()

    @contextlib.asynccontextmanager
    async def deadline(self, seconds: float) -> AsyncIterator[None]:
        """Raises TimeoutError once so much of this clock's time has passed inside, be it real or moved."""
        async with asyncio.timeout(seconds) as timeout:
            deadline = _Deadline(timeout, self.monotonic() + seconds)
            with self._lock:
                self._deadlines.add(deadline)
            try:
                yield
            finally:
                with self._lock:
                    self._deadlines.discard(deadline)

    async def settled(self) -> None:
        """Until everything whose deadline has passed has noticed; gives up after SETTLED_S."""
        until = time.monotonic() + SETTLED_S
        while time.monotonic() < until and any(deadline.due <= self.monotonic() for deadline in list(self._deadlines)):
            await asyncio.sleep(LOOK_S)


class _Deadline:
    """One coroutine's timeout, and when it is due by the clock."""

    def __init__(self, timeout: asyncio.Timeout, due: float) -> None:
        self._loop, self._timeout, self.due = asyncio.get_running_loop(), timeout, due

    def look(self, now: float) -> None:
        """Bring the timeout in line with the clock; from any thread."""
        with contextlib.suppress(RuntimeError):  # its loop is closed
            self._loop.call_soon_threadsafe(self._reschedule, self.due - now)

    def _reschedule(self, left_s: float) -> None:
        with contextlib.suppress(RuntimeError):  # already over
            self._timeout.reschedule(self._loop.time() + max(0.0, left_s))
