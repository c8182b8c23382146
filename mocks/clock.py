"""The mocks' clock: real time plus an offset, forward only, never frozen (design decision 7)."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import threading
import time
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")  # the zone of the 1C base and of its sync schedule
SPARE = dt.timedelta(days=366)  # for what is reckoned from now


class Clock:
    """Real time, or time that runs on from `start`; safe to share between threads."""

    def __init__(self, start: dt.datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._offset = dt.timedelta(0) if start is None else start.astimezone(dt.UTC) - _real()
        self._moved_s = 0.0
        self._sleepers: set[_Sleeper] = set()

    def now(self) -> dt.datetime:
        """Aware, in UTC."""
        return _real() + self._offset

    def today(self) -> dt.date:
        """Moscow's date, by which 1C opens and closes months."""
        return self.now().astimezone(MOSCOW).date()

    def move(self, seconds: float) -> dt.datetime:
        """Move forward, wake who slept until then, and return the new time. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("the clock moves forward only")
        try:
            step = dt.timedelta(seconds=seconds)
            _ = _real() + self._offset + step + SPARE
        except OverflowError as error:
            raise ValueError("the clock ends with the year 9999") from error
        with self._lock:
            self._offset += step
            self._moved_s += seconds
            sleepers = list(self._sleepers)
        for sleeper in sleepers:
            sleeper.look()
        return self.now()

    async def sleep_until(self, due: float) -> None:
        """Until elapsed() says so, be it by real or by moved time."""
        sleeper = _Sleeper()
        with self._lock:
            self._sleepers.add(sleeper)
        try:
            while (left := due - self.elapsed()) > 0:
                await sleeper.wait(left)
        finally:
            with self._lock:
                self._sleepers.discard(sleeper)

    def elapsed(self) -> float:
        """Seconds for measuring spans; where they begin means nothing."""
        return time.monotonic() + self._moved_s


class _Sleeper:
    """One coroutine that waits; looks at the clock again when told."""

    def __init__(self) -> None:
        self._loop, self._looked = asyncio.get_running_loop(), asyncio.Event()

    def look(self) -> None:
        """From any thread."""
        with contextlib.suppress(RuntimeError):  # its loop is closed
            self._loop.call_soon_threadsafe(self._looked.set)

    async def wait(self, seconds: float) -> None:
        self._looked.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._looked.wait()


def _real() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
